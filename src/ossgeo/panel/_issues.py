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


def find_issues_by_key(
    rows: nw.LazyFrame[Any], ids: pl.Series, *, counter: Counter, periods: Sequence[dt.date], known: int
) -> tuple[QualityIssue, ...]:
    """Return the issues of a new observation and the one before, whose models are integers: joins of text take eight times as long.

    Args:
        rows: The rows; model_id is the place of the model in ``ids``.
        ids: The ids of the models.
        counter: The counter that the rows hold.
        periods: The periods, in order.
        known: Number of models that were checked before: the ids of the others are checked now.
    """
    steps = Steps(rows, counter, tuple(periods), ())
    steps.keep()
    new = ids.slice(known).to_frame("model_id").lazy()
    name = pl.col("namespace")
    handle = pl.coalesce(name.cast(pl.Binary).bin.head(name.str.find("/", literal=True)).cast(pl.String), name)
    models = (
        pl.LazyFrame({"namespace": ids}).with_row_index("model_id").select(pl.col("model_id").cast(pl.Int32), handle)
    )
    found = (*_time_issues.find(steps, models), *_row_issues.find(steps, new))
    return tuple(issue for issue in found if issue.count)
