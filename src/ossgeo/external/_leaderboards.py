"""Leaderboards: the countries of their models and their places, with the board's own intervals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, get_args

import attrs
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core.boundary import reads_data
from ossgeo._core.dates import day_of
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Coverage, Covered, Method
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._board_rows import board_rows, distinct_names, read_table
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import ATTRIBUTED, STATUSES
from ossgeo.shares._table import ShareTable
from ossgeo.shares._table_text import value_text

Weighting = Literal["models", "rank", "rating"]
"""What a model counts: 1; one over its rank; or its strength, 10^(rating / 400) relative to the best (the odds of Elo and
Bradley-Terry ratings)."""

_UNITS: Final = {"models": "models", "rank": "models over rank", "rating": "strength (best = 1)"}


@attrs.frozen(eq=False)
class Leaderboard(Plottable):
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
    covered = sorted((Covered(day, *row) for row in parts.iter_rows()), key=lambda one: order[one.status])
    ordered = frame.sort("value", *keys, descending=[True, *[False] * len(keys)])
    return ShareTable(ordered, method, Coverage(tuple(covered)), Adjustments(adjusted))


@reads_data
def read_leaderboard(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str | None = None,
    columns: Mapping[str, str] | None = None,
    organizations: Mapping[str, str] | None = None,
    countries: Mapping[str, str | Country] | None = None,
    registry: Registry | None = None,
    source: str | None = None,
) -> Leaderboard:
    """Read a leaderboard and match its models to organizations.

    The columns of LMArena and of the Open LLM Leaderboard are known, and intervals such as ``+5/-4``, ``±4`` and
    ``[1390, 1410]``. An organization is found by its name or, if the board names none and the model is written
    ``namespace/model``, by its namespace. Of several organizations in one cell (``A/B``, ``A, B``) each is credited with
    an equal part; ``A (B)`` is one organization under two names. What is not found is ``unreviewed`` and listed in
    ``Leaderboard.misses``.

    Args:
        table: A dataframe, or the path of a CSV.
        on: The date of the board; it selects the rows of that date if the table has a column of dates. By default the
            only date of that column.
        columns: The table's name of a column to one of model, organization, date, rank, rating, interval, low, high and
            license.
        organizations: The board's name of a model or of an organization to the id of an organization in the registry.
        countries: The board's name of a model or of an organization that the registry does not have, to its country.
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
    used = registry or Registry.default()
    frame, title = read_table(table)
    day = None if on is None else day_of(on, what="on")
    board, day, notes = board_rows(frame, source or title, columns, day)
    matcher = _Matcher(
        used, day, dict(organizations or {}), {name: Country.parse(code) for name, code in (countries or {}).items()}
    )
    rows = [
        {**row, **credit}
        for row in board.iter_rows(named=True)
        for credit in matcher.credits(row["model"], row["written"])
    ]
    kinds = {"organization": pl.String, "country": pl.String, "weight": pl.Float64}
    credited = pl.DataFrame(rows, schema={**board.schema, **kinds}, orient="row")
    missed = credited.filter(pl.col("organization").is_null() & (pl.col("country") == OriginStatus.UNREVIEWED.value))[
        "model"
    ].n_unique()
    notes = (
        *notes,
        Adjustment("not_matched", missed, "models", "of an organization that is not in the registry: unreviewed"),
    )
    kept = Adjustments(tuple(note for note in notes if note.count))
    return Leaderboard(day, credited, source or title, used.version, kept)


@attrs.frozen(eq=False)
class _Matcher:
    """Matches models of a board to organizations and countries at one date."""

    registry: Registry
    on: dt.date
    organizations: Mapping[str, str]
    countries: Mapping[str, Country]

    def credits(self, model: str, written: str | None) -> list[dict[str, Any]]:
        """Return the credits of a model; their weights sum to 1."""
        parties = self._parties(model, written)
        return [
            {"organization": name, "country": country, "weight": weight / len(parties)}
            for party in parties
            for name, country, weight in self._places(party)
        ]

    def _parties(self, model: str, written: str | None) -> list[Organization | Country | None]:
        """Return the organizations of a model, or countries for those that only ``countries`` knows; None if unknown."""
        namespace, slash, _ = model.partition("/")
        whole = self._given(model)
        if whole is None and written is not None:
            whole = self._party((written,)) or self.registry.find(written, on=self.on)
        if whole is not None:
            return [whole]
        if written is None:
            return [self.registry.find(namespace, on=self.on) if slash else None]
        return list(dict.fromkeys(map(self._party, distinct_names(written)))) or [None]

    def _party(self, names: tuple[str, ...]) -> Organization | Country | None:
        """Return the organization or country of the first name that is known."""
        found = (self._given(name) or self.registry.find_by_name(name) for name in names)
        return next((one for one in found if one is not None), None)

    def _given(self, name: str) -> Organization | Country | None:
        """Return the organization or country that the caller gave for a name."""
        if name in self.organizations:
            return self.registry.get_organization(self.organizations[name])
        return self.countries.get(name)

    def _places(self, party: Organization | Country | None) -> list[tuple[str | None, str, float]]:
        """Return organization, country and weight of each seat."""
        if isinstance(party, Country):
            return [(None, str(party), 1.0)]
        if party is None:
            return [(None, OriginStatus.UNREVIEWED.value, 1.0)]
        seats = party.seats(on=self.on)
        if not seats:
            return [(party.id, OriginStatus.UNREVIEWED.value, 1.0)]
        return [(party.id, str(seat.country), seat.weight) for seat in seats]


@reads_data
def leaderboard_shares(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str | None = None,
    top: int | None = None,
    weighting: Weighting = "models",
    columns: Mapping[str, str] | None = None,
    organizations: Mapping[str, str] | None = None,
    countries: Mapping[str, str | Country] | None = None,
    registry: Registry | None = None,
    source: str | None = None,
) -> ShareTable:
    """Return the countries' shares of a leaderboard; :func:`read_leaderboard` returns the whole board.

    Args:
        table: A dataframe, or the path of a CSV.
        on: The date of the board.
        top: The number of first ranks that count, with all models that share the last one; by default all ranks.
        weighting: The weight of a model: ``models`` (1), ``rank`` or ``rating``.
        columns: See :func:`read_leaderboard`.
        organizations: See :func:`read_leaderboard`.
        countries: See :func:`read_leaderboard`.
        registry: The registry; by default the bundled one.
        source: What the board is; by default the file's name.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: The table cannot be read.
        InvalidArgumentError: The options do not fit.
    """
    board = read_leaderboard(
        table,
        on=on,
        columns=columns,
        organizations=organizations,
        countries=countries,
        registry=registry,
        source=source,
    )
    return board.shares(top=top, weighting=weighting)
