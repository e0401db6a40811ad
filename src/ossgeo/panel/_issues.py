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
    rows: nw.LazyFrame[Any],
    models: pl.LazyFrame,
    *,
    counter: Counter,
    periods: Sequence[dt.date],
    dimensions: Sequence[str] = (),
) -> tuple[QualityIssue, ...]:
    """Return the issues of a panel.

    Args:
        rows: The panel's rows.
        models: The models table.
        counter: The counter that the rows hold.
        periods: The panel's periods, in order.
        dimensions: Columns of the rows of which a model has one row for each value.
    """
    steps = Steps(rows, counter, tuple(periods), tuple(dimensions))
    found = (*_time_issues.find(steps, models), *_row_issues.find(steps, models))
    return tuple(issue for issue in found if issue.count)
