"""From the aggregate to shares: what is no flow is set aside and counted, the rest is spread over periods and divided.

Works on small Polars tables only; the panel is never seen here.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable
from typing import Final

import polars as pl

from ossgeo.errors import LowCoverageWarning
from ossgeo.flows import AGELESS, BASE, BORN, FELL
from ossgeo.method import Adjustment, Counting, Coverage, Covered, Denominator
from ossgeo.shares.keys import ATTRIBUTED, STANDINGS
from ossgeo.shares.periods import Spread

_MOSTLY: Final = 0.5


def predecessors(periods: Iterable[dt.date]) -> dict[dt.date, dt.date]:
    """Return the period before each period."""
    ordered = list(periods)
    return dict(zip(ordered[1:], ordered, strict=False))


def is_aside(aggregate: pl.DataFrame, periods: Iterable[dt.date]) -> pl.Series:
    """Tell which rows are no flow: bases, falls, models of unknown age, and births that are long past."""
    before = pl.col("period").replace_strict(predecessors(periods), default=None, return_dtype=pl.Date)
    late = (pl.col("event") == BORN) & (pl.col("since") != before)
    return aggregate.select(pl.col("event").is_in([BASE, FELL, AGELESS]) | late.fill_null(False))[:, 0]


def what_was_set_aside(aggregate: pl.DataFrame, periods: Iterable[dt.date]) -> tuple[Adjustment, ...]:
    """Count what was no flow."""
    aside = aggregate.filter(is_aside(aggregate, periods))
    sums = dict(aside.group_by("event").agg(pl.col("value").sum()).iter_rows())
    base = sums.get(BASE, 0.0) + sums.get(BORN, 0.0)
    return (
        Adjustment(
            "first_count_is_base", base, "downloads", "counted before the first observation of a model: a base, no flow"
        ),
        Adjustment(
            "counter_fell", -sums.get(FELL, 0.0), "downloads", "falls of all-time counters, clipped to no downloads"
        ),
        Adjustment("age_unknown", sums.get(AGELESS, 0.0), "downloads", "left out under the age cap: no created_at"),
    )


def spread_out(values: pl.DataFrame, plan: Spread, what: list[str]) -> pl.DataFrame:
    """Apply the factors: from intervals to periods."""
    joined = values.join(plan.factors, on=["since", "period"])
    moved = joined.with_columns(value=pl.col("value") * pl.col("factor"), period="target")
    return moved.group_by("period", *what).agg(pl.col("value").sum())


def shares_of(
    values: pl.DataFrame, plan: Spread, names: list[str], counting: Counting, denominator: Denominator
) -> tuple[pl.DataFrame, Coverage]:
    """Turn values into shares, and say what each standing holds."""
    known = pl.col("standing") == ATTRIBUTED
    # under full counting a group's value is the whole model's; its fraction of it makes the totals
    part = pl.col("value") * pl.col("fraction") if counting == "full" else pl.col("value")
    values = values.with_columns(part=part).sort("period", *names, "standing", "fraction")
    totals = values.group_by("period").agg(all=pl.col("part").sum(), attributed=pl.col("part").filter(known).sum())
    groups = values.group_by("period", *names).agg(
        pl.col("value").sum(), counted=pl.col("value").filter(known).sum() if denominator == "attributed" else pl.col("value").sum(),
        standing=(~known).all() if denominator == "attributed" else pl.lit(False).first(),
    )  # fmt: skip
    unobserved = pl.col("period").is_in(list(plan.unobserved)) if plan.unobserved else pl.lit(False)
    missing = unobserved | pl.col("standing") | (pl.col(denominator) == 0)
    frame = (
        groups.join(totals, on="period")
        .with_columns(
            share=pl.when(~missing).then(pl.col("counted") / pl.col(denominator)),
            value=pl.when(~unobserved).then("value"),
        )
        .select("period", *names, "value", "share")
        .sort("period", "value", *names, descending=[False, True, *[False] * len(names)], nulls_last=True)
    )
    standings = values.group_by("period", "standing").agg(pl.col("part").sum()).join(totals, on="period")
    order = {name: place for place, name in enumerate((ATTRIBUTED, *STANDINGS))}
    rows = sorted(
        (Covered(period, standing, part, part / total if total else None)
         for period, standing, part, total, _ in standings.rows() if period not in plan.unobserved),
        key=lambda row: (row.period, order[row.standing]),
    )  # fmt: skip
    return frame, Coverage(tuple(rows))


def warn_of_low_coverage(coverage: Coverage, unit: str) -> None:
    """Warn where a total is zero, and where most of the last one is unreviewed."""
    empty = sorted({row.period for row in coverage.rows if row.share is None})
    if empty:
        message = f"the total is 0 {unit} in {len(empty)} period(s), such as {empty[0]}: their shares are null"
        warnings.warn(message, LowCoverageWarning, stacklevel=5)
    if coverage.rows:
        last = coverage.at(coverage.rows[-1].period)
        unreviewed = last.get("unreviewed") or 0.0
        if unreviewed > _MOSTLY:
            message = f"{unreviewed:.1%} of the {unit} at {coverage.rows[-1].period} are of unreviewed namespaces"
            warnings.warn(message, LowCoverageWarning, stacklevel=5)
