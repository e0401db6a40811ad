"""What can be wrong with a panel: issues with a code, a count and examples. Each is found by its own small query."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.schema import Counter
from ossgeo.errors import Fault
from ossgeo.panel._flows import ABSURD, WINDOW_DAYS

STALE_SHARE: Final = 0.98
"""Two observations with this share of equal counters are one observation."""

SPIKE_FACTOR: Final = 10
"""A 30-day counter that is this many times its neighbor is a spike."""

SPIKE_MINIMUM: Final = 1_000_000
"""Smaller counts are not reported as spikes."""

_ID = r"^[^\s/:]+(/[^\s/]+)?$"
_STALE_MINIMUM = 10
_CHURN_SIZE = 0.02
_SPLIT_DAYS = 3
_SPLIT_COMMON = 0.1
_EXAMPLES = 3


@attrs.frozen
class QualityIssue:
    """One kind of trouble in a panel.

    Attributes:
        code: Its name, such as ``stale_snapshot``.
        count: How often.
        unit: What is counted: ``rows``, ``models``, ``namespaces``, ``periods`` or ``steps`` between periods.
        meaning: One sentence.
        examples: Up to three.
    """

    code: str
    count: int
    unit: str
    meaning: str
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the issue in one line."""
        shown = f"; for example {'; '.join(self.examples)}" if self.examples else ""
        return f"{self.code}: {self.count:,} {self.unit}: {self.meaning}{shown}"


@attrs.frozen
class QualityReport:
    """Every issue that was found in a panel.

    Attributes:
        issues: Those that occur, by code.
    """

    issues: tuple[QualityIssue, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes that occur."""
        return frozenset(issue.code for issue in self.issues)

    def __getitem__(self, code: str) -> QualityIssue:
        """Return the issue with a code; KeyError where it does not occur."""
        return {issue.code: issue for issue in self.issues}[code]

    def __contains__(self, code: object) -> bool:
        """Return whether a issue occurs."""
        return code in self.codes

    def __iter__(self) -> Iterator[QualityIssue]:
        """Iterate over the issues."""
        return iter(self.issues)

    def __len__(self) -> int:
        """Return how many kinds of issue occur."""
        return len(self.issues)

    def __str__(self) -> str:
        """Return a line for each issue."""
        return "\n".join(map(str, self.issues)) or "no issue found"

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each issue: code, count, unit, meaning, examples (a list)."""
        schema: dict[str, Any] = {"code": pl.String, "count": pl.Int64, "unit": pl.String, "meaning": pl.String,
                  "examples": pl.List(pl.String)}  # fmt: skip
        return pl.DataFrame([attrs.asdict(issue) for issue in self.issues], schema=schema)


def find_issues(
    rows: nw.LazyFrame[Any], models: pl.LazyFrame, *, counter: Counter, periods: Sequence[dt.date]
) -> tuple[QualityIssue, ...]:
    """Look for every issue.

    Args:
        rows: The panel's rows.
        models: The models table.
        counter: Which counter the rows hold.
        periods: The panel's periods, in order.

    Returns:
        The issues that occur.
    """
    search = _Search(rows, models, counter, tuple(periods))
    found = (
        *search.windows(),
        *search.rows_(),
        *search.steps(),
        search.split(),
        *search.namespaces(),
        *search.renamed(),
        search.ids(),
    )
    return tuple(issue for issue in found if issue.count)


def row_faults(rows: nw.LazyFrame[Any], counter: Counter, horizon: dt.date) -> list[Fault]:
    """Return what makes rows unusable: no id, no date, a date in the future, a count that is missing, negative or absurd.

    Args:
        rows: The panel's rows.
        counter: Which counter they hold.
        horizon: The last day that is not in the future.
    """
    count, period = nw.col(counter), nw.col("period")
    kinds = (
        ("model_id", nw.col("model_id").is_null(), "has no model id", "drop the row or give its id"),
        (
            counter,
            count.is_null() | ~count.cast(nw.Float64).is_finite(),
            "has no number",
            "drop the row, or Cleaning(invalid='drop')",
        ),
        (counter, count < 0, "is negative", "drop the row, or Cleaning(invalid='drop')"),
        (counter, count > ABSURD, f"is above {ABSURD:,}", "no repository has that many; or Cleaning(invalid='drop')"),
        ("period", period.is_null(), "has no date", "give observed_at, or period_from='file'"),
        ("period", period > nw.lit(horizon), "lies in the future", "check the clock and the date's format"),
    )
    faults = []
    for column, condition, problem, remedy in kinds:
        bad = rows.filter(condition)
        number = int(engines.collect(bad.select(nw.len()))[:, 0].item())
        if number:
            example = engines.collect(bad.select("model_id", "period", counter).head(1)).row(0, named=True)
            shown = ", ".join(f"{name}={value}" for name, value in example.items())
            faults.append(Fault(f"column {column}", f"{problem} in {number:,} row(s), for example {shown}", remedy))
    return faults


def count_duplicates(rows: nw.LazyFrame[Any]) -> int:
    """Return how many rows repeat the model and period of another row."""
    per = rows.group_by("period").agg(n=nw.len(), models=nw.col("model_id").n_unique())
    return int(engines.collect(per).select((pl.col("n").cast(pl.Int64) - pl.col("models").cast(pl.Int64)).sum()).item())


def stale_periods(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods whose counters repeat those of the period before.

    Args:
        rows: The panel's rows.
        counter: Which counter they hold.
        periods: The panel's periods, in order.
    """
    compared = (
        _steps(rows, counter, periods)
        .group_by("period")
        .agg(
            compared=nw.len(),
            same=(nw.col("count") == nw.col("before")).cast(nw.Int64).sum(),
            total=nw.col("count").sum(),
        )
    )
    table = engines.collect(compared).filter(
        (pl.col("compared") >= _STALE_MINIMUM)
        & (pl.col("total").cast(pl.Float64) > 0)
        & (pl.col("same").cast(pl.Float64) >= STALE_SHARE * pl.col("compared"))
    )
    return sorted(table["period"].to_list())


def _steps(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> nw.LazyFrame[Any]:
    """Each model's count beside its count at the period before: model_id, period, count, before."""
    pairs = pl.DataFrame({"earlier": list(periods[:-1]), "period": list(periods[1:])},
                         schema={"earlier": pl.Date, "period": pl.Date})  # fmt: skip
    later = rows.select("model_id", "period", count=nw.col(counter)).join(engines.send(pairs, rows), on="period")
    earlier = rows.select("model_id", earlier=nw.col("period"), before=nw.col(counter))
    return later.join(earlier, on=["model_id", "earlier"])


@attrs.frozen(eq=False)
class _Search:
    rows: nw.LazyFrame[Any]
    models: pl.LazyFrame
    counter: Counter
    periods: tuple[dt.date, ...]

    def windows(self) -> Iterator[QualityIssue]:
        gaps = [(later - earlier).days for earlier, later in zip(self.periods, self.periods[1:], strict=False)]
        if self.counter == "downloads_30d":
            near = [day for day, gap in zip(self.periods[1:], gaps, strict=True) if gap < WINDOW_DAYS]
            far = [day for day, gap in zip(self.periods[1:], gaps, strict=True) if gap > WINDOW_DAYS]
            yield QualityIssue(
                "overlapping_window",
                len(near),
                "steps",
                "shorter than the counter's 30 days: do not add these up",
                _days(near),
            )
            yield QualityIssue(
                "window_gap",
                len(far),
                "steps",
                "longer than the counter's 30 days: the days between are not counted",
                _days(far),
            )
        elif gaps:
            usual = sorted(gaps)[len(gaps) // 2]
            far = [day for day, gap in zip(self.periods[1:], gaps, strict=True) if gap > 1.5 * usual]
            yield QualityIssue(
                "window_gap",
                len(far),
                "steps",
                f"longer than the usual {usual} days: an observation is missing",
                _days(far),
            )

    def rows_(self) -> Iterator[QualityIssue]:
        yield QualityIssue(
            "duplicate", count_duplicates(self.rows), "rows", "repeat the model and period of another row"
        )
        zero = self.rows.filter(nw.col(self.counter) == 0)
        yield QualityIssue(
            "zero_downloads", self._number(zero), "rows", "models without a download", self._examples(zero)
        )
        if self.counter == "downloads_all_time":
            fell = _steps(self.rows, self.counter, self.periods).filter(nw.col("count") < nw.col("before"))
            yield QualityIssue(
                "counter_fell",
                self._number(fell),
                "rows",
                "all-time counters below the observation before",
                self._moves(fell),
            )

    def steps(self) -> Iterator[QualityIssue]:
        stale = stale_periods(self.rows, self.counter, self.periods)
        yield QualityIssue(
            "stale_snapshot", len(stale), "periods", "repeat the counters of the period before", _days(stale)
        )
        if self.counter == "downloads_30d":
            count, before = nw.col("count"), nw.col("before")
            jumps = _steps(self.rows, self.counter, self.periods).filter(
                ((count >= SPIKE_MINIMUM) & (count > before * SPIKE_FACTOR))
                | ((before >= SPIKE_MINIMUM) & (before > count * SPIKE_FACTOR))
            )
            yield QualityIssue(
                "spike",
                self._number(jumps),
                "steps",
                f"a counter above a million that is {SPIKE_FACTOR} times its neighbor",
                self._moves(jumps),
            )
        yield self._churn()

    def _churn(self) -> QualityIssue:
        """Lists of fixed length, such as a top 500, exchange their tail: models are missing, not without downloads."""
        sizes = self._sizes()
        common = dict(
            engines.collect(
                _steps(self.rows, self.counter, self.periods).group_by("period").agg(n=nw.len())
            ).iter_rows()
        )
        exchanged, where = 0, []
        for earlier, later in zip(self.periods, self.periods[1:], strict=False):
            gone = sizes[earlier] - int(common.get(later, 0))
            alike = abs(sizes[later] - sizes[earlier]) <= _CHURN_SIZE * sizes[earlier]
            if alike and gone > 0:
                exchanged += gone
                where.append(f"{gone} models at {later}")
        return QualityIssue(
            "tail_churn",
            exchanged,
            "models",
            "left a list of fixed length, which others joined",
            tuple(where[:_EXAMPLES]),
        )

    def split(self) -> QualityIssue:
        meaning = "hold observations of more than one day, or are parts of one snapshot"
        named = ()
        if "observed_at" in self.rows.collect_schema().names():
            days = self.rows.select("period", day=nw.col("observed_at").cast(nw.Date)).unique()
            table = engines.collect(days.group_by("period").agg(n=nw.len())).filter(pl.col("n") > 1)
            named = tuple(sorted(table["period"].to_list()))
        sizes = self._sizes()
        common = dict(
            engines.collect(
                _steps(self.rows, self.counter, self.periods).group_by("period").agg(n=nw.len())
            ).iter_rows()
        )
        parts = [
            later
            for earlier, later in zip(self.periods, self.periods[1:], strict=False)
            if (later - earlier).days <= _SPLIT_DAYS
            and int(common.get(later, 0)) < _SPLIT_COMMON * min(sizes[earlier], sizes[later])
        ]
        found = sorted({*named, *parts})
        return QualityIssue("split_snapshot", len(found), "periods", meaning, _days(found))

    def namespaces(self) -> Iterator[QualityIssue]:
        small = self.models.select("model_id", "namespace").collect()
        seen = (
            self.rows.join(engines.send(small, self.rows), on="model_id")
            .group_by("namespace")
            .agg(first=nw.col("period").min(), last=nw.col("period").max())
        )
        table = engines.collect(seen)
        if self.periods:
            joined = table.filter(pl.col("first") > self.periods[0]).sort("first", "namespace")
            left = table.filter(pl.col("last") < self.periods[-1]).sort("last", "namespace")
            yield QualityIssue("namespace_joined", joined.height, "namespaces", "first appear after the first period: take constant(...)",
                         _pairs(joined, "first"))  # fmt: skip
            yield QualityIssue(
                "namespace_left", left.height, "namespaces", "are gone before the last period", _pairs(left, "last")
            )

    def ids(self) -> QualityIssue:
        odd = self.models.select("model_id").filter(~pl.col("model_id").str.contains(_ID)).collect()["model_id"].sort()
        meaning = "have an id that is not namespace/name, such as a web address: they are models of their own"
        return QualityIssue("odd_id", len(odd), "models", meaning, tuple(map(repr, odd.head(_EXAMPLES))))

    def renamed(self) -> Iterator[QualityIssue]:
        if "hub_id" in self.models.collect_schema().names():
            same = (
                self.models.drop_nulls("hub_id")
                .group_by("hub_id")
                .agg("model_id")
                .filter(pl.col("model_id").list.len() > 1)
            )
            names = [" -> ".join(sorted(ids)) for ids in same.collect()["model_id"].to_list()]
            yield QualityIssue(
                "renamed",
                len(names),
                "models",
                "have more than one id for one hub_id",
                tuple(sorted(names)[:_EXAMPLES]),
            )

    def _sizes(self) -> dict[dt.date, int]:
        table = engines.collect(self.rows.group_by("period").agg(n=nw.len()))
        return {period: int(number) for period, number in table.iter_rows()}

    def _number(self, frame: nw.LazyFrame[Any]) -> int:
        return int(engines.collect(frame.select(nw.len()))[:, 0].item())

    def _examples(self, frame: nw.LazyFrame[Any]) -> tuple[str, ...]:
        table = engines.collect(frame.select("model_id", "period").sort("period", "model_id").head(_EXAMPLES))
        return tuple(f"{model} at {period}" for model, period in table.iter_rows())

    def _moves(self, frame: nw.LazyFrame[Any]) -> tuple[str, ...]:
        size = (nw.col("count") - nw.col("before")).abs()
        top = frame.with_columns(size=size).sort("size", descending=True).head(_EXAMPLES)
        table = engines.collect(top.select("model_id", "period", "before", "count"))
        return tuple(
            f"{model} {int(before):,} -> {int(count):,} at {period}"
            for model, period, before, count in table.iter_rows()
        )


def _days(days: Sequence[dt.date]) -> tuple[str, ...]:
    return tuple(map(str, days[:_EXAMPLES]))


def _pairs(table: pl.DataFrame, column: str) -> tuple[str, ...]:
    return tuple(f"{name} ({day})" for name, day in table.select("namespace", column).head(_EXAMPLES).iter_rows())
