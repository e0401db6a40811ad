"""The issues of a panel, and the periods that two of them concern."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core.counter import Counter
from ossgeo.panel import _row_issues, _time_issues
from ossgeo.panel._quality import QualityIssue
from ossgeo.panel._steps import Steps


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
    steps = Steps(rows, counter, tuple(periods))
    found = (*_time_issues.find(steps, models), *_row_issues.find(steps, models))
    return tuple(issue for issue in found if issue.count)


def stale_periods(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods whose counters repeat those of the period before.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        periods: The panel's periods, in order.
    """
    return Steps(rows, counter, tuple(periods)).stale()


def dipped_periods(rows: nw.LazyFrame[Any], counter: Counter, periods: Sequence[dt.date]) -> list[dt.date]:
    """Return the periods of trailing counters that fall by more than a third and come back within a week.

    Args:
        rows: The panel's rows.
        counter: The counter that they hold.
        periods: The panel's periods, in order.
    """
    return Steps(rows, counter, tuple(periods)).dipped()
