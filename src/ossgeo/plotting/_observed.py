"""What was observed, in pictures over time: lines break where nothing was, and are dashed where a part was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

import polars as pl

from ossgeo.plotting._primitives import color_by, data_of
from ossgeo.plotting._style import Look

PARTLY: Final = "Thin and dotted, or pale: periods observed in part."
"""The words for what :func:`dotted` and :func:`veil` draw."""

_DOTS: Final = [1, 4]


def with_runs(rows: pl.DataFrame, periods: Sequence[dt.date], complete: Collection[dt.date]) -> pl.DataFrame:
    """Add the runs of periods that a line may connect.

    Args:
        rows: One row for each group and period with a figure: period, group and others.
        periods: All periods in order, also those without a figure.
        complete: The periods that are complete.

    Returns:
        The rows, with ``stretch`` (a number that rises at each period without a figure), ``run`` (one that also rises
        before and after each period that is not complete) and ``whole`` (whether the period is complete).
    """
    drawn = set(rows["period"])
    stretch = run = 0
    before = True
    found = []
    for period in periods:
        if period not in drawn:
            stretch, run, before = stretch + 1, run + 1, True
            continue
        whole = period in complete
        run += not (whole and before)
        before = whole
        found.append((period, stretch, run, whole))
    schema = {"period": pl.Date, "stretch": pl.Int64, "run": pl.Int64, "whole": pl.Boolean}
    return rows.join(pl.DataFrame(found, schema=schema, orient="row"), on="period", maintain_order="left")


def dotted(rows: pl.DataFrame, groups: Sequence[str], look: Look, days: Any, figure: str) -> list[Any]:
    """Return a layer with the lines from and to periods that are observed in part; none if all periods are complete.

    Args:
        rows: The rows of :func:`with_runs`.
        groups: The groups, the largest first.
        look: The look.
        days: The horizontal scale.
        figure: The column on the vertical axis.
    """
    import altair as alt

    same: dict[str, Any] = {"partition_by": ["group", "stretch"], "order_by": "period"}
    names = ("period", figure, "whole")
    steps = rows.with_columns(pl.col(name).shift(1).over(**same).alias(f"{name}_before") for name in names)
    steps = steps.drop_nulls("period_before").filter(~(pl.col("whole") & pl.col("whole_before"))).with_row_index("step")
    if not steps.height:
        return []
    ends = (steps.select("group", "step", "period", figure),
            steps.select("group", "step", period="period_before", **{figure: f"{figure}_before"}))  # fmt: skip
    line = alt.Chart(data_of(pl.concat(ends).sort("step", "period"))).mark_line(strokeWidth=1.5, strokeDash=_DOTS)
    return [line.encode(x=days, y=f"{figure}:Q", color=color_by(groups, look), detail="step:N")]


def veil(rows: pl.DataFrame, look: Look, top: float) -> list[Any]:
    """Return a layer that makes areas pale around periods that are observed in part; none if all periods are complete.

    Args:
        rows: The rows of :func:`with_runs`.
        look: The look.
        top: The upper end of the areas.
    """
    import altair as alt

    days = rows.select("period", "stretch", "whole").unique().sort("period")
    before = [
        pl.col(name).shift(1).over("stretch", order_by="period").alias(f"{name}_before") for name in ("period", "whole")
    ]
    spans = days.with_columns(before).drop_nulls("period_before").filter(~(pl.col("whole") & pl.col("whole_before")))
    if not spans.height:
        return []
    data = data_of(spans.select("period", "period_before", low=pl.lit(0.0), high=pl.lit(top)))
    return [alt.Chart(data).mark_rect(color=look.colors.paper, opacity=0.6).encode(
        x=alt.X("period_before:T", scale=alt.Scale(type="utc")), x2="period:T", y="low:Q", y2="high:Q",
    )]  # fmt: skip


def remarks_on(rows: pl.DataFrame) -> list[str]:
    """Return the words that explain what is drawn of periods that are observed in part, if there are any.

    Args:
        rows: The rows of :func:`with_runs`.
    """
    return [] if rows["whole"].all() else [PARTLY]
