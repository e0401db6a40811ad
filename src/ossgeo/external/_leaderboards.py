"""Leaderboards: the countries of their models and their places, with the board's own intervals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, TypedDict, Unpack, get_args

import attrs
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core.boundary import reads_data
from ossgeo._core.dates import day_of
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Coverage, Method, StatusVolume
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import value_text
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._board_rows import KNOWN, board_rows, on_date, read_table, renamed, selected_rows
from ossgeo.external._board_shapes import long_board, with_mean
from ossgeo.external._matching import Matcher
from ossgeo.registry._countries import Country, OriginStatus, parse_origin
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import ATTRIBUTED, STATUSES
from ossgeo.shares._options import require_options
from ossgeo.shares._table import ShareTable

Weighting = Literal["models", "rank", "rating"]
"""What a model counts: 1; one over its rank; or its strength, 10^(rating / 400) relative to the best (the odds of Elo and
Bradley-Terry ratings)."""

_UNITS: Final = {"models": "models", "rank": "models over rank", "rating": "strength (best = 1)"}


@attrs.frozen(eq=False)
class Leaderboard(Plottable, Tabular):
    """A leaderboard whose models are matched to organizations and countries.

    Attributes:
        on: The date of the board, and of the registry.
        frame: One row for each model and credit, by rank: model, rank, rank_from and rank_to (the ranks between which the
            model could be, since intervals of ratings overlap), rating, low, high, license (normalized), openness,
            written (the organization in the board's words), organization, country (or a status), weight.
        source: What the board is.
        registry: Version of the registry.
        adjustments: Rows that were not matched, left out, tied, or without interval.
    """

    on: dt.date
    frame: pl.DataFrame
    source: str
    registry: str
    adjustments: Adjustments

    def to_polars(self) -> pl.DataFrame:
        """Return the rows."""
        return self.frame

    @property
    def misses(self) -> pl.DataFrame:
        """The models without an organization, the most frequent name first.

        Returns:
            One row for each name: written (the namespace if the board names no organization), models.
        """
        missed = self.frame.filter(
            pl.col("organization").is_null() & (pl.col("country") == OriginStatus.UNREVIEWED.value)
        )
        namespace = pl.col("model").str.split("/").list.first()
        counts = missed.group_by(written=pl.coalesce("written", namespace)).agg(models=pl.col("model").n_unique())
        return counts.sort("models", "written", descending=[True, False])

    def by_country(self, *, top: int | None = None) -> pl.DataFrame:
        """Return the place of each country.

        Args:
            top: The number of first ranks that count as the top; by default all ranks.

        Returns:
            One row for each country or status, the best first: country, models, top_models, surely (models that are in
            the top wherever they are within their intervals), possibly (models that may be), best (a model), best_rank,
            rank_from, rank_to, rating, low, high.

        Raises:
            InvalidArgumentError: ``top`` is not a positive integer.
        """
        rows = self.frame.sort("rank", "rating", "model", descending=[False, True, False], nulls_last=True)
        weight, limit = pl.col("weight"), _limit(top)
        found = rows.group_by("country", maintain_order=True).agg(
            models=weight.sum(),
            top_models=weight.filter(pl.col("rank") <= limit).sum(),
            surely=weight.filter(pl.col("rank_to") <= limit).sum(),
            possibly=weight.filter(pl.col("rank_from") <= limit).sum(),
            best=pl.col("model").first(),
            best_rank=pl.col("rank").first(),
            **{name: pl.col(name).first() for name in ("rank_from", "rank_to", "rating", "low", "high")},
        )
        return found.sort("best_rank", "country")

    def shares(self, *, top: int | None = None, weighting: Weighting = "models") -> ShareTable:
        """Return the countries' shares of the board.

        Args:
            top: The number of first ranks that count, with all models that share the last one; by default all ranks.
            weighting: The weight of a model: ``models`` (1), ``rank`` or ``rating``.

        Raises:
            InvalidArgumentError: ``top`` is not a positive integer, the weighting does not exist, or a model has no rating.
        """
        if weighting not in get_args(Weighting):
            raise InvalidArgumentError(f"weighting must be one of {', '.join(_UNITS)}, got {weighting!r}")
        rows = self.frame.filter(pl.col("rank") <= _limit(top))
        if weighting == "rating" and (missing := rows.filter(pl.col("rating").is_null())["model"].n_unique()):
            raise InvalidArgumentError(f"{missing} models have no rating; use weighting='models' or 'rank'")
        counts = {
            "models": pl.lit(1.0),
            "rank": 1 / pl.col("rank"),
            "rating": 10 ** ((pl.col("rating") - pl.col("rating").max()) / 400),
        }
        values = rows.with_columns(value=counts[weighting] * pl.col("weight"))
        chosen = "all ranks" if top is None else f"top {top}"
        method = Method(
            calculator=f"leaderboard ({chosen}, by {weighting})", unit=_UNITS[weighting], counter="events",
            by=("country",), attribution="publisher", counting="fractional", denominator="all", every=None, window=None,
            age_cap=None, as_of=str(self.on), where=None, cleaning=Cleaning(), registry=self.registry, panel="",
            source=self.source, checked=False, engine="polars", version=version("ossgeo"),
        )  # fmt: skip
        tied = rows.select("model", "rank").unique().filter(pl.col("rank").is_duplicated()).height
        ties = Adjustment("tie", tied, "models", "share their rank; all at the last rank are in")
        adjusted = (*self.adjustments.items_, *([ties] if tied else []))
        return table_of(values, self.on, ("country",), method, adjusted)

    def __str__(self) -> str:
        """Return the best of each country."""
        lines = [f"{self.source}, {self.on}: {self.frame['model'].n_unique()} models"]
        for row in self.by_country().head(15).iter_rows(named=True):
            span = f", rank {row['rank_from']} to {row['rank_to']}" if row["rank_from"] != row["rank_to"] else ""
            number = f"{value_text(round(row['models'], 2)):>6} {'model' if row['models'] == 1 else 'models'}"
            lines.append(f"{row['country']:<14} {number}; best {row['best']} at {row['best_rank']}{span}")
        return "\n".join([*lines, str(self.adjustments)])


def _limit(top: int | None) -> int:
    """Return the last rank that counts."""
    if top is None:
        return 10**9
    if not isinstance(top, int) or top < 1:
        raise InvalidArgumentError(f"top must be a positive number of ranks, got {top!r}")
    return top


def table_of(
    values: pl.DataFrame, day: dt.date, keys: tuple[str, ...], method: Method, adjusted: tuple[Adjustment, ...]
) -> ShareTable:
    """Make a share table of one period from values by country.

    Args:
        values: The key columns and value; the last key is a country or a status.
        day: The period.
        keys: The key columns.
        method: How the values were made.
        adjusted: The adjustments.
    """
    groups = values.group_by(*keys).agg(pl.col("value").sum())
    total = float(groups["value"].sum())
    share = pl.col("value") / total if total else pl.lit(None, pl.Float64)
    frame = groups.select(pl.lit(day).alias("period"), *keys, "value", share=share)
    place = pl.col(keys[-1])
    status = pl.when(place.is_in(STATUSES)).then(place).otherwise(pl.lit(ATTRIBUTED))
    parts = frame.group_by(status=status).agg(pl.col("value").sum(), pl.col("share").sum())
    order = {name: at for at, name in enumerate((ATTRIBUTED, *STATUSES))}
    covered = sorted((StatusVolume(day, *row) for row in parts.iter_rows()), key=lambda one: order[one.status])
    ordered = frame.sort("value", *keys, descending=[True, *[False] * len(keys)])
    return ShareTable(ordered, method, Coverage(tuple(covered)), Adjustments(adjusted))


class BoardOptions(TypedDict, total=False):
    """How the table of a leaderboard is read; see :func:`ossgeo.read_leaderboard`."""

    columns: Mapping[str, str] | None
    organizations: Mapping[str, str] | None
    countries: Mapping[str, str | Country | OriginStatus] | None
    wide: str | Sequence[str] | None
    mean_of: str | Sequence[str] | None
    date_format: str | None
    registry: Registry | None
    source: str | None


@attrs.frozen
class BoardTable:
    """The rows of one or several boards, with the options that matter after they are read."""

    rows: pl.DataFrame
    source: str
    options: BoardOptions
    notes: tuple[Adjustment, ...]

    @classmethod
    def read(cls, table: Any, options: BoardOptions) -> BoardTable:
        """Read the rows of all dates."""
        frame, title = read_table(table)
        source = options.get("source") or title
        frame = renamed(frame, options.get("columns"), KNOWN)
        notes: tuple[Adjustment, ...] = ()
        if (wide := options.get("wide")) is not None:
            frame, notes = long_board(frame, wide, KNOWN)
        if (mean_of := options.get("mean_of")) is not None:
            frame, more = with_mean(frame, mean_of, KNOWN)
            notes += more
        return cls(selected_rows(frame, source, options.get("date_format")), source, options, notes)

    def board(self, on: dt.date | None, notes: tuple[Adjustment, ...] = ()) -> Leaderboard:
        """Return the board of one date, with notes that concern the table."""
        raw, day = on_date(self.rows, self.source, on)
        used = self.options.get("registry") or Registry.default()
        board, more = board_rows(raw, self.source)
        places = {name: parse_origin(place) for name, place in (self.options.get("countries") or {}).items()}
        matcher = Matcher(used, day, dict(self.options.get("organizations") or {}), places)
        rows = [
            {**row, **credit}
            for row in board.iter_rows(named=True)
            for credit in matcher.credits(row["model"], row["written"])
        ]
        kinds = {"organization": pl.String, "country": pl.String, "weight": pl.Float64}
        credited = pl.DataFrame(rows, schema={**board.schema, **kinds}, orient="row")
        unreviewed = pl.col("organization").is_null() & (pl.col("country") == OriginStatus.UNREVIEWED.value)
        missed = credited.filter(unreviewed)["model"].n_unique()
        families = len(matcher.by_family)
        notes = (
            *notes, *more,
            Adjustment("by_family", families, "models", "matched by the family of their name: no organization is named"),
            Adjustment("not_matched", missed, "models", "of an organization that is not in the registry: unreviewed"),
        )  # fmt: skip
        kept = Adjustments(tuple(note for note in notes if note.count))
        return Leaderboard(day, credited, self.source, used.version, kept)


@reads_data
def read_leaderboard(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str | None = None,
    columns: Mapping[str, str] | None = None,
    organizations: Mapping[str, str] | None = None,
    countries: Mapping[str, str | Country | OriginStatus] | None = None,
    wide: str | Sequence[str] | None = None,
    mean_of: str | Sequence[str] | None = None,
    date_format: str | None = None,
    registry: Registry | None = None,
    source: str | None = None,
) -> Leaderboard:
    """Read a leaderboard and match its models to organizations.

    The columns of LMArena and of the Open LLM Leaderboard are known, and intervals such as ``+5/-4``, ``±4`` and
    ``[1390, 1410]``. An organization is found by its name or, if the board names none, by the namespace of a model that is
    written ``namespace/model``, otherwise by the family of the model's name (``gpt``, ``qwen``). Of several organizations in
    one cell (``A/B``, ``A, B``) each is credited with an equal part; ``A (B)`` is one organization under two names. What is
    not found is ``unreviewed`` and listed in ``Leaderboard.misses``.

    Args:
        table: A dataframe, or the path or address of a file.
        on: The date of the board; it selects the rows of that date if the table has a column of dates. By default the
            only date of that column; :func:`ossgeo.read_leaderboards` reads all dates.
        columns: The table's name of a column to one of model, organization, date, rank, rating, interval, low, high and
            license.
        organizations: The board's name of a model or of an organization to the id of an organization in the registry.
        countries: The board's name of a model or of an organization that the registry does not have, to its country or
            status (``international``).
        wide: For a table with one column of ratings for each model: these columns, or a pattern such as ``*``. An empty cell
            or a rating of 0 is not a rating.
        mean_of: For a table of scores: the columns whose mean is the rating, or a pattern such as ``*``, which leaves the
            known columns out. A model without one of the scores has no rating.
        date_format: The strptime pattern of dates; ISO 8601 by default.
        registry: The registry; by default the bundled one.
        source: What the board is; by default the file's name.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: Columns are missing, or a cell cannot be read; with every fault.
        InvalidArgumentError: The table does not have the date, or several dates and ``on`` is not given.
        UnknownOrganizationError: ``organizations`` names an id that the registry does not have.

    Example:
        >>> board = read_leaderboard(pl.DataFrame({"model": ["Qwen3", "Phi-4"], "organization": ["Alibaba", "Microsoft"],
        ...                          "rating": [1420, 1300]}), on="2025-08-04")
        >>> board.shares(top=1).at()["CN"]
        1.0
    """
    options: BoardOptions = {
        "columns": columns, "organizations": organizations, "countries": countries, "wide": wide, "mean_of": mean_of,
        "date_format": date_format, "registry": registry, "source": source,
    }  # fmt: skip
    found = BoardTable.read(table, options)
    return found.board(None if on is None else day_of(on, what="on"), found.notes)


def leaderboard_shares(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str | None = None,
    top: int | None = None,
    weighting: Weighting = "models",
    **options: Unpack[BoardOptions],
) -> ShareTable:
    """Return the countries' shares of a leaderboard; :func:`read_leaderboard` returns the whole board.

    Args:
        table: A dataframe, or the path or address of a file.
        on: The date of the board.
        top: The number of first ranks that count, with all models that share the last one; by default all ranks.
        weighting: The weight of a model: ``models`` (1), ``rank`` or ``rating``.
        options: See :func:`read_leaderboard`.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: The table cannot be read.
        InvalidArgumentError: The options do not fit.
    """
    require_options(leaderboard_shares, options, allowed=tuple(BoardOptions.__annotations__))
    return read_leaderboard(table, on=on, **options).shares(top=top, weighting=weighting)
