"""Flows: use within an interval, derived from a panel's counters by lazy expressions.

A trailing or interval counter gives one flow for each observation: over the days before it, or over its interval. A
cumulative counter gives one flow for each pair of consecutive observations of a model. Counts that are not flows are passed on
under an *event* code (a key of the aggregate), so that one pass yields the flows and the exact volume of everything that is
excluded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING
from ossgeo._core.method import Adjustment, Cleaning
from ossgeo.panel._age_cap import capped
from ossgeo.panel._differences import differences_of
from ossgeo.panel._flow_rows import Differences, Flows

FLOOR: Final = dt.date(2022, 3, 2)
"""The Hub's earliest creation date (23:29:04 or 23:29:05 UTC); it means "created then or before".

Source: https://github.com/huggingface/huggingface_hub/issues/1816
"""

HUB_START: Final = dt.date(2016, 1, 1)
"""The year in which Hugging Face was founded; earlier creation dates are errors."""


def make_flows(
    rows: nw.LazyFrame[Any],
    *,
    counter: Counter,
    periods: Sequence[dt.date],
    cleaning: Cleaning,
    births: pl.DataFrame | None,
    renames: pl.DataFrame | None,
    age_cap: int | None,
    horizon: dt.date | None,
    dimensions: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
) -> Flows:
    """Return the flows of a panel's rows; nothing is collected.

    Rows that cannot be used (no count, negative, above the limit, without date or in the future) are left out with
    ``Cleaning(invalid="drop")``. Otherwise they get a null period, and the aggregate that has one raises.

    Args:
        rows: model_id, period, the counter and, for intervals of different lengths, since.
        counter: The counter that the rows hold.
        periods: The panel's observation periods, in order.
        cleaning: ``decreases``, ``duplicates`` and ``invalid`` apply here.
        births: model_id and born (the day of creation, null if unknown), see :func:`births_of`; needed for cumulative
            counters and caps.
        renames: model_id and entity, for the models that continue under a new id; cumulative counters only.
        age_cap: Days from its creation in which a model's downloads count.
        horizon: The last day that is not in the future; None if the panel is known to have usable rows only.
        dimensions: Columns of the rows of which a model has one row for each value.
        kept: Those of them that are keys of the flows.

    Returns:
        The flows.
    """
    counts = usable_counts(rows, counter=counter, cleaning=cleaning, horizon=horizon, dimensions=dimensions)
    if counter.kind == "cumulative":
        whole = counts.frame.collect_schema()["downloads"].is_integer()
        number = nw.col("downloads").cast(nw.Int64 if whole else nw.Float64)
        levels = counts.frame.select("model_id", "period", *dimensions, number)
        flows = differences_of(levels, periods, cleaning, births, renames, dimensions)
        if age_cap is None and not dimensions:
            flows = attrs.evolve(flows, differences=Differences(periods, cleaning, births, renames))
    else:  # a count of a window or an interval is a flow already
        flows = counts
    flows = flows.without({*dimensions} - {*kept})
    return flows if age_cap is None else capped(flows, births, age_cap, days=counter.days)


def usable_counts(
    rows: nw.LazyFrame[Any],
    *,
    counter: Counter,
    cleaning: Cleaning,
    horizon: dt.date | None,
    dimensions: tuple[str, ...] = (),
) -> Flows:
    """Return the counts themselves, in the form of flows: each model's once for each period and values of dimensions.

    Args:
        rows: model_id, period, the counter and, optionally, observed_at and since.
        counter: The counter that the rows hold.
        cleaning: ``duplicates`` and ``invalid`` apply here.
        horizon: The last day that is not in the future; None if the panel is known to have usable rows only.
        dimensions: Columns of the rows of which a model has one row for each value; all become keys.
    """
    names = rows.collect_schema().names()
    keys = (*(name for name in ("since",) if name in names), *dimensions)
    rows = rows.select("model_id", "period", *keys, *_observed_at(rows), downloads=nw.col(counter.column))
    if horizon is not None:
        usable = is_usable("downloads", counter.limit, horizon)
        if cleaning.invalid == "drop":
            rows = rows.filter(usable)
        else:
            rows = rows.with_columns(period=nw.when(usable).then(nw.col("period")))
    rows = _without_duplicates(rows, cleaning, keys)
    return Flows(rows.select("model_id", "period", *keys, "downloads"), keys)


def is_usable(column: str, limit: int | None, horizon: dt.date) -> nw.Expr:
    """Return whether a row has a possible date that is not in the future, and a finite count from 0 to the limit.

    Args:
        column: The column of counts.
        limit: The largest possible count.
        horizon: The last day that is not in the future.
    """
    count = nw.col(column)
    usable = (
        (count >= 0)
        & count.cast(nw.Float64).is_finite()
        & (nw.col("period") <= nw.lit(horizon))
        & (nw.col("period") >= nw.lit(BEGINNING))
    )
    return usable if limit is None else usable & (count <= limit)


def births_of(models: pl.DataFrame) -> pl.DataFrame | None:
    """Return the day of creation of each model, or None if the models table has no ``created_at``.

    A model at the Hub's earliest creation date (:data:`FLOOR`) is at least that old: its day is the beginning of all
    intervals, so that it is older than any age cap. A day before :data:`HUB_START` is an error and becomes null.

    Args:
        models: The models table.

    Returns:
        model_id and born.
    """
    if "created_at" not in models.columns:
        return None
    day = pl.col("created_at").dt.date()
    born = pl.when(day == FLOOR).then(pl.lit(BEGINNING)).when(day >= HUB_START).then(day)
    return models.select("model_id", born=born)


def floor_note(models: pl.DataFrame, note: str) -> Adjustment:
    """Return the adjustment with the number of models at the Hub's earliest creation date.

    Args:
        models: The models table.
        note: How their age is taken.
    """
    number = models.select((pl.col("created_at").dt.date() == FLOOR).sum()).item()
    return Adjustment(
        "created_at_floor", number, "models", f"created on {FLOOR} or before, the Hub's earliest date: {note}"
    )


def _observed_at(rows: nw.LazyFrame[Any]) -> list[str]:
    return ["observed_at"] if "observed_at" in rows.collect_schema().names() else []


def _without_duplicates(rows: nw.LazyFrame[Any], cleaning: Cleaning, keys: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Keep one row of each model, period and, if they have one, interval, unless duplicates raise."""
    if cleaning.duplicates == "error":
        return rows
    grain = ("model_id", "period", *keys)
    if cleaning.duplicates == "last" and "observed_at" in rows.collect_schema().names():
        latest = rows.with_columns(_latest=nw.col("observed_at").max().over(*grain))
        rows = latest.filter(nw.col("observed_at") == nw.col("_latest"))
    return rows.group_by(*grain).agg(nw.col("downloads").max())
