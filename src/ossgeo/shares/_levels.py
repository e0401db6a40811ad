"""Levels: the observations of a stock that become periods of a table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.shares._resampling import Interval, Resampling


def level_factors(intervals: Sequence[Interval], every: str | None) -> Resampling:
    """Return the observations that become periods: all of them, or the last one of each calendar step.

    Args:
        intervals: The intervals of the aggregate; the end of each is an observation.
        every: Calendar step, such as ``1mo``; None for every observation.
    """
    days = pl.DataFrame(intervals, schema={"since": pl.Date, "period": pl.Date}, orient="row")
    period = pl.col("period")
    last = days if every is None else days.filter(period == period.max().over(period.dt.truncate(every)))
    left_out = days["period"].n_unique() - last["period"].n_unique()
    note = "left out: a stock is that of the last observation of each step"
    notes = (Adjustment("earlier_level", left_out, "observations", note),)
    return Resampling(
        last.select("since", "period", target="period", factor=pl.lit(1.0)),
        tuple(last["period"].unique().sort()),
        adjustments=notes,
        as_observed=not left_out,
    )
