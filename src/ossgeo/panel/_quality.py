"""Quality issues: known artefacts of counters, each with a code, a count and examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING
from ossgeo.errors import Fault

ROWS_AT_ONCE: Final = 20_000_000
"""Duplicates are counted in groups of periods of up to this many rows, so that memory stays flat (about 0.7 GB)."""


@attrs.frozen
class QualityIssue:
    """One kind of artefact in a panel.

    Attributes:
        code: The name of the issue, such as ``stale_snapshot``.
        count: How often it occurs.
        unit: The unit of the count: ``rows``, ``models``, ``namespaces``, ``periods`` or ``steps`` between periods.
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
        issues: The issues that occur.
    """

    issues: tuple[QualityIssue, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes that occur."""
        return frozenset(issue.code for issue in self.issues)

    def __getitem__(self, code: str) -> QualityIssue:
        """Return the issue with a code; raise KeyError if it does not occur."""
        return {issue.code: issue for issue in self.issues}[code]

    def __contains__(self, code: object) -> bool:
        """Return whether an issue occurs."""
        return code in self.codes

    def __iter__(self) -> Iterator[QualityIssue]:
        """Iterate over the issues."""
        return iter(self.issues)

    def __len__(self) -> int:
        """Return how many kinds of issue occur."""
        return len(self.issues)

    def __str__(self) -> str:
        """Return one line for each issue."""
        return "\n".join(map(str, self.issues)) or "no issue found"

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each issue: code, count, unit, meaning, examples (a list)."""
        schema: dict[str, Any] = {"code": pl.String, "count": pl.Int64, "unit": pl.String, "meaning": pl.String,
                  "examples": pl.List(pl.String)}  # fmt: skip
        return pl.DataFrame([attrs.asdict(issue) for issue in self.issues], schema=schema)


def find_issues(
    rows: nw.LazyFrame[Any], models: pl.LazyFrame, *, counter: Counter, periods: Sequence[dt.date]
) -> tuple[QualityIssue, ...]:
    """Return the issues of a panel.

    Args:
        rows: The panel's rows.
        models: The models table.
        counter: The counter that the rows hold.
        periods: The panel's periods, in order.
    """
    from ossgeo.panel import _row_issues, _time_issues
    from ossgeo.panel._steps import Steps

    steps = Steps(rows, counter, tuple(periods))
    found = (*_time_issues.find(steps, models), *_row_issues.find(steps, models))
    return tuple(issue for issue in found if issue.count)


@attrs.frozen
class UnusableRows:
    """One kind of row that cannot be used.

    Attributes:
        column: The column at fault.
        condition: True for these rows.
        name: The kind in a few words.
        problem: The fault, as a predicate.
        remedy: How to correct it.
    """

    column: str
    condition: nw.Expr
    name: str
    problem: str
    remedy: str


def unusable_rows(counter: Counter, horizon: dt.date) -> Iterator[UnusableRows]:
    """Yield every kind of row that cannot be used.

    Args:
        counter: The counter that the rows hold.
        horizon: The last day that is not in the future.
    """
    count, period = nw.col(counter.column), nw.col("period")
    drop = "drop the row, or Cleaning(invalid='drop')"
    yield UnusableRows(
        "model_id", nw.col("model_id").is_null(), "without id", "has no model id", "drop the row or give its id"
    )
    unknown = count.is_null() | ~count.cast(nw.Float64).is_finite()
    yield UnusableRows(counter.column, unknown, "without a number", "has no number", drop)
    yield UnusableRows(counter.column, count < 0, "negative", "is negative", drop)
    if (limit := counter.limit) is not None:
        remedy = "correct the count, or Cleaning(invalid='drop')"
        yield UnusableRows(counter.column, count > limit, f"above {limit:,}", f"is above {limit:,}", remedy)
    yield UnusableRows(
        "period", period.is_null(), "without date", "has no date", "give observed_at, or period_from='file'"
    )
    before = f"before {BEGINNING.year}"
    yield UnusableRows("period", period < nw.lit(BEGINNING), before, f"lies {before}", "check the date's format")
    yield UnusableRows(
        "period",
        period > nw.lit(horizon),
        "in the future",
        "lies in the future",
        "check the clock and the date's format",
    )


def row_faults(rows: nw.LazyFrame[Any], counter: Counter, horizon: dt.date) -> list[Fault]:
    """Return a fault for each kind of row that cannot be used, with a count and an example.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        horizon: The last day that is not in the future.
    """
    faults = []
    for kind in unusable_rows(counter, horizon):
        bad = rows.filter(kind.condition)
        number = int(engines.collect(bad.select(nw.len()))[:, 0].item())
        if number:
            example = engines.collect(bad.select("model_id", "period", counter.column).head(1)).row(0, named=True)
            shown = ", ".join(f"{name}={value}" for name, value in example.items())
            problem = f"{kind.problem} in {number:,} row(s), for example {shown}"
            faults.append(Fault(f"column {kind.column}", problem, kind.remedy))
    return faults


def number_of_duplicates(rows: nw.LazyFrame[Any], sizes: Mapping[dt.date, int]) -> int:
    """Return how many rows repeat the model and period of another row.

    Args:
        rows: The panel's rows.
        sizes: Number of rows of each period.
    """
    total = 0
    for first, last in _ranges(sizes):
        part = rows.filter(nw.col("period").is_between(nw.lit(first), nw.lit(last)) & ~nw.col("model_id").is_null())
        per = part.group_by("period").agg(n=nw.len(), models=nw.col("model_id").n_unique())
        table = engines.collect(per).select(pl.col("n", "models").cast(pl.Int64).sum())
        total += int(table["n"].item()) - int(table["models"].item())
    return total


def _ranges(sizes: Mapping[dt.date, int]) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield ranges of consecutive periods of up to :data:`ROWS_AT_ONCE` rows, or of a single period."""
    held: list[dt.date] = []
    rows = 0
    for period in sorted(sizes):
        if held and rows + sizes[period] > ROWS_AT_ONCE:
            yield held[0], held[-1]
            held, rows = [], 0
        held.append(period)
        rows += sizes[period]
    if held:
        yield held[0], held[-1]


def stale_periods(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods whose counters repeat those of the period before.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        periods: The panel's periods, in order.
    """
    from ossgeo.panel._steps import Steps

    return Steps(rows, counter, tuple(periods)).stale()


def dipped_periods(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods of trailing counters that fall by more than a third and come back within a week.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        periods: The panel's periods, in order.
    """
    from ossgeo.panel._steps import Steps

    return Steps(rows, counter, tuple(periods)).dipped()
