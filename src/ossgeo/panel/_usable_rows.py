"""Rows that cannot be used: without id, date or a valid count."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import attrs
import narwhals as nw

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING
from ossgeo.errors import Fault, PanelError


def last_valid_day() -> dt.date:
    """Return the last day that is not in the future, anywhere on earth."""
    return dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)


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


def unusable_rows_error(rows: nw.LazyFrame[Any], counter: Counter, source: str) -> PanelError:
    """Return the error that lists every kind of row that cannot be used.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        source: The name of the panel.
    """
    faults = row_faults(rows, counter, last_valid_day())
    return PanelError(f"{source or 'the panel'} cannot be used", faults or [Fault("panel", "a row cannot be used")])
