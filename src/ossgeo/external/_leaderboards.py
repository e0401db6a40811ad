"""Leaderboards of others: whose models stand how high, by country, with the board's own intervals."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Coverage, Covered, Method
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, SourceUnavailableError
from ossgeo.panel._openness import normalized_license, openness_of
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import ATTRIBUTED, STATUSES
from ossgeo.shares._table import ShareTable

Weighting = Literal["models", "rank", "rating"]
"""What a model counts: 1; one over its rank; or its strength, 10^(rating / 400) relative to the best (the odds of Elo and
Bradley-Terry ratings)."""

_UNITS: Final = {"models": "models", "rank": "models over rank", "rating": "strength (best = 1)"}
_NAMES: Final = {
    "model": ("model", "model_name", "name", "key"),
    "organization": ("organization", "org", "provider", "developer"),
    "rank": ("rank", "rank_ub", "rank (ub)"),
    "rating": ("arena_score", "rating", "score", "elo", "model_average_score"),
    "interval": ("95_pct_ci", "ci", "interval"),
    "low": ("rating_low", "rating_q025", "lower"),
    "high": ("rating_high", "rating_q975", "upper"),
    "license": ("license", "metadata_hub_license"),
}
_INTERVAL = re.compile(r"\+?(?P<up>\d+(?:\.\d+)?)\s*/\s*[-−](?P<down>\d+(?:\.\d+)?)")
_EACH: Final = re.compile(r"\s*[/,;&+]\s*")


@attrs.frozen(eq=False)
class Leaderboard(Plottable):
    """A leaderboard whose models are matched to organizations and countries.

    Attributes:
        on: The day of the board; the registry is asked for it.
        frame: One row for each model and credit: model, rank, rank_from and rank_to (where the intervals of ratings
            overlap the rank could be any between), rating, low, high, license (as the Hub writes it), openness, written
            (the organization as it stands on the board), organization, country (or a status), weight.
        source: What the board is.
        registry: Version of the registry.
        adjustments: What was not matched, tied, or had no interval.
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
        """Return what no organization was found for, the most frequent first.

        Returns:
            One row for each name: written (the namespace where the board names none), models.
        """
        missed = self.frame.filter(pl.col("organization").is_null())
        namespace = pl.col("model").str.split("/").list.first()
        return missed.group_by(written=pl.coalesce("written", namespace)).agg(models=pl.len()).sort(
            "models", "written", descending=[True, False]
        )  # fmt: skip

    def by_country(self, *, top: int | None = None) -> pl.DataFrame:
        """Say how high each country stands.

        Args:
            top: How many of the first ranks are looked at; all where absent.

        Returns:
            One row for each country or status, the best first: country, models, top_models, surely (models that are in
            the top whatever the intervals allow), possibly (that may be), best (a model), best_rank, rank_from, rank_to,
            rating, low, high.
        """
        limit = top or int(self.frame["rank"].max() or 0)  # type: ignore[arg-type]
        weight = pl.col("weight")
        rows = self.frame.sort("rank", "rating", "model", descending=[False, True, False], nulls_last=True)
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
            top: How many of the first ranks count; ties at the last one are in. All where absent.
            weighting: What a model counts: ``models``, ``rank`` or ``rating``.

        Raises:
            InvalidArgumentError: ``top`` is no number of ranks, or there is no such weighting, or the board has no ratings.
        """
        if weighting not in _UNITS:
            raise InvalidArgumentError(f"weighting={weighting!r} is not one of {', '.join(_UNITS)}")
        if top is not None and top < 1:
            raise InvalidArgumentError(f"top={top!r} is no number of ranks")
        rows = self.frame if top is None else self.frame.filter(pl.col("rank") <= top)
        if weighting == "rating" and rows["rating"].null_count():
            raise InvalidArgumentError(f"{rows['rating'].null_count()} models have no rating: weigh by models or rank")
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
        found = (*self.adjustments.items_, *([ties] if tied else []))
        return table_of(values, self.on, ("country",), method, found)

    def __str__(self) -> str:
        """Return the best of each country."""
        rows = self.by_country()
        lines = [f"{self.source}, {self.on}: {self.frame['model'].n_unique()} models"]
        for row in rows.head(15).iter_rows(named=True):
            span = f", rank {row['rank_from']} to {row['rank_to']}" if row["rank_from"] != row["rank_to"] else ""
            lines.append(
                f"{row['country']:<14} {row['models']:6.1f} models; best {row['best']} at {row['best_rank']}{span}"
            )
        return "\n".join([*lines, str(self.adjustments)])


def table_of(
    values: pl.DataFrame, day: dt.date, keys: tuple[str, ...], method: Method, adjusted: tuple[Adjustment, ...]
) -> ShareTable:
    """Make a share table of one period from values by country.

    Args:
        values: The key columns and value; the last key is a country or a status.
        day: The period.
        keys: The key columns.
        method: How the values were made.
        adjusted: What was adjusted.
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


def read_leaderboard(
    table: Any, *, on: dt.date, registry: Registry | None = None, source: str | None = None
) -> Leaderboard:
    """Read a leaderboard, and match its models to organizations.

    Known are the columns of LMArena and of the Open LLM Leaderboard. An organization is found by its name or, where a
    model is written ``namespace/model``, by its namespace; of several that are written together (``A/B``) each is credited
    with a part. What is not found is ``unreviewed``, and listed in the board's ``misses``.

    Args:
        table: A dataframe, or the path of a CSV.
        on: The day of the board.
        registry: The registry; the bundled one where absent.
        source: What the board is; the file's name where absent.

    Raises:
        SourceUnavailableError: There is no such file.
        PanelError: There is no column of models, or neither ranks nor ratings, or a cell cannot be read.

    Example:
        >>> board = read_leaderboard(pl.DataFrame({"model": ["Qwen3", "Phi-4"], "organization": ["Alibaba", "Microsoft"],
        ...                          "rating": [1420, 1300]}), on=dt.date(2025, 8, 4))
        >>> board.shares(top=1).at()["CN"]
        1.0
    """
    used = registry or Registry.default()
    frame, title = _read(table)
    board, notes = _normalized(frame, source or title)
    rows = [{**row, **credit} for row in board.iter_rows(named=True) for credit in _credits(row, used, on)]
    kinds = {"organization": pl.String, "country": pl.String, "weight": pl.Float64}
    credited = pl.DataFrame(rows, schema={**board.schema, **kinds}, orient="row")
    missed = credited.filter(pl.col("organization").is_null())["model"].n_unique()
    notes = (*notes, Adjustment("not_matched", missed, "models", "of no organization in the registry; unreviewed"))
    kept = Adjustments(tuple(note for note in notes if note.count))
    return Leaderboard(on, credited, source or title, used.version, kept)


def leaderboard_shares(
    table: Any,
    *,
    on: dt.date,
    top: int | None = None,
    weighting: Weighting = "models",
    registry: Registry | None = None,
    source: str | None = None,
) -> ShareTable:
    """Return the countries' shares of a leaderboard; see :func:`read_leaderboard` for all that it holds.

    Args:
        table: A dataframe, or the path of a CSV.
        on: The day of the board.
        top: How many of the first ranks count; ties at the last one are in. All where absent.
        weighting: What a model counts: ``models``, ``rank`` or ``rating``.
        registry: The registry; the bundled one where absent.
        source: What the board is; the file's name where absent.

    Raises:
        SourceUnavailableError: There is no such file.
        PanelError: The table cannot be read.
        InvalidArgumentError: The choices do not fit.
    """
    board = read_leaderboard(table, on=on, registry=registry, source=source)
    return board.shares(top=top, weighting=weighting)


def _read(table: Any) -> tuple[pl.DataFrame, str]:
    if not isinstance(table, str | Path):
        return engines.collect(engines.lazy(table)), "a dataframe"
    try:
        return pl.read_csv(table, infer_schema_length=None, null_values=[""]), Path(table).name
    except OSError as error:
        raise SourceUnavailableError(f"{table} cannot be read: {error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise PanelError.of(str(table), f"is no CSV: {error}") from error


def _normalized(frame: pl.DataFrame, source: str) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Name the columns, read the intervals, and say between which ranks each model could be."""
    chosen = {ours: next((name for name in names if name in frame.columns), None) for ours, names in _NAMES.items()}
    faults = []
    if chosen["model"] is None:
        faults.append(Fault(source, f"has no column of models; it has {', '.join(frame.columns)}", "name it 'model'"))
    if chosen["rank"] is None and chosen["rating"] is None:
        faults.append(
            Fault(source, f"has neither ranks nor ratings; it has {', '.join(frame.columns)}", "name one 'rating'")
        )
    if faults:
        raise PanelError(f"{source} is no leaderboard", faults)
    kinds = {"model": pl.String, "organization": pl.String, "rank": pl.Int64, "rating": pl.Float64, "interval": pl.String,
             "low": pl.Float64, "high": pl.Float64, "license": pl.String}  # fmt: skip
    try:
        board = frame.select(
            (pl.col(chosen[ours]) if chosen[ours] is not None else pl.lit(None)).cast(kind).alias(ours)  # type: ignore[arg-type]
            for ours, kind in kinds.items()
        )
    except pl.exceptions.PolarsError as error:
        raise PanelError.of(source, f"has a cell that cannot be read: {str(error).splitlines()[0]}") from error
    nameless = board["model"].null_count()
    board = board.drop_nulls("model").with_columns(_intervals(board.drop_nulls("model")))
    without = board.filter(pl.col("low").is_null()).height if chosen["rating"] else board.height
    if chosen["rank"] is None:
        board = board.with_columns(rank=pl.col("rating").rank("min", descending=True).cast(pl.Int64))
    rankless = board["rank"].null_count()
    board = board.drop_nulls("rank").sort("rank", "rating", "model", descending=[False, True, False])
    board = board.with_columns(_possible_ranks(board))
    said = [openness_of(word).value for word in board["license"]]
    plain = [normalized_license(word) or None for word in board["license"]]
    board = board.with_columns(license=pl.Series(plain, dtype=pl.String), openness=pl.Series(said, dtype=pl.String))
    notes = (
        Adjustment("nameless", nameless, "models", "left out: no name"),
        Adjustment("no_rank", rankless, "models", "left out: neither rank nor rating"),
        Adjustment("no_interval", without, "models", "without interval: taken at their rating"),
    )
    columns = ("model", "rank", "rank_from", "rank_to", "rating", "low", "high", "license", "openness")
    return board.select(*columns, written="organization"), notes


def _intervals(board: pl.DataFrame) -> list[pl.Series]:
    low, high = [], []
    for row in board.iter_rows(named=True):
        found = _INTERVAL.search(row["interval"] or "")
        rating = row["rating"]
        known = found is not None and rating is not None
        low.append(rating - float(found["down"]) if known and found else row["low"])
        high.append(rating + float(found["up"]) if known and found else row["high"])
    return [pl.Series("low", low, dtype=pl.Float64), pl.Series("high", high, dtype=pl.Float64)]


def _possible_ranks(board: pl.DataFrame) -> list[pl.Series]:
    """A model could be behind all whose interval reaches above it, and before all whose interval reaches below it."""
    if board["rating"].null_count():
        return [board["rank"].alias("rank_from"), board["rank"].alias("rank_to")]
    low = board["low"].fill_null(board["rating"]) if board["low"].null_count() else board["low"]
    high = board["high"].fill_null(board["rating"]) if board["high"].null_count() else board["high"]
    lows, highs = low.sort(), high.sort()
    number = board.height
    surely_better = number - lows.search_sorted(high, side="right")
    possibly_better = number - highs.search_sorted(low, side="right")
    itself = (high > low).cast(pl.Int64)
    best = (surely_better.cast(pl.Int64) + 1).alias("rank_from")
    worst = (possibly_better.cast(pl.Int64) + 1 - itself).alias("rank_to")
    rank = board["rank"]
    return [
        pl.DataFrame([best, rank]).min_horizontal().alias("rank_from"),
        pl.DataFrame([worst, rank]).max_horizontal().alias("rank_to"),
    ]


def _credits(row: dict[str, Any], registry: Registry, on: dt.date) -> Iterator[dict[str, Any]]:
    """Who stands behind a model of the board."""
    found = _organizations(row["written"], row["model"], registry, on)
    if not found:
        yield {"organization": None, "country": OriginStatus.UNREVIEWED.value, "weight": 1.0}
        return
    for organization in found:
        part = 1 / len(found)
        seats = organization.seats(on=on)
        if not seats:
            yield {"organization": organization.id, "country": OriginStatus.UNREVIEWED.value, "weight": part}
        for seat in seats:
            yield {"organization": organization.id, "country": str(seat.country), "weight": part * seat.weight}


def _organizations(written: str | None, model: str, registry: Registry, on: dt.date) -> list[Organization]:
    if written:
        whole = registry.find_named(written) or registry.find(written, on=on)
        if whole is not None:
            return [whole]
        parts = [registry.find_named(part) for part in _EACH.split(written)]
        if len(parts) > 1 and all(part is not None for part in parts):
            return [part for part in dict.fromkeys(parts) if part is not None]
        return []
    namespace, slash, _ = model.partition("/")
    owner = registry.find(namespace, on=on) if slash else None
    return [] if owner is None else [owner]
