"""From the aggregate to shares: rows that are not flows are counted, the flows are spread over periods and divided.

Only small Polars tables are used, never the panel.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable
from typing import Final

import polars as pl

from ossgeo._core.method import Adjustment, Coverage, Method, StatusVolume
from ossgeo.errors import LowCoverageWarning
from ossgeo.panel._flow_rows import AGELESS, AT_FLOOR, BASE, BORN, FELL, RECOVERED
from ossgeo.shares._grouping import ATTRIBUTED, COVERED
from ossgeo.shares._resampling import Resampling

_MOSTLY: Final = 0.5


def predecessors(periods: Iterable[dt.date]) -> dict[dt.date, dt.date]:
    """Return the period before each period."""
    ordered = list(periods)
    return dict(zip(ordered[1:], ordered, strict=False))


def is_excluded(aggregate: pl.DataFrame, periods: Iterable[dt.date]) -> pl.Series:
    """Return which rows are not flows: bases, falls, models of unknown age, and births before the last observation."""
    before = pl.col("period").replace_strict(predecessors(periods), default=None, return_dtype=pl.Date)
    late = (pl.col("event") == BORN) & (pl.col("since") != before)
    return aggregate.select(pl.col("event").is_in([BASE, FELL, AGELESS, AT_FLOOR, RECOVERED]) | late.fill_null(False))[
        :, 0
    ]


def excluded_volumes(aggregate: pl.DataFrame, periods: Iterable[dt.date], unit: str) -> tuple[Adjustment, ...]:
    """Return the volumes of the rows that are not flows.

    Args:
        aggregate: One row for each interval, group and event.
        periods: The panel's observations.
        unit: The unit of the values.
    """
    aside = aggregate.filter(is_excluded(aggregate, periods))
    sums = dict(aside.group_by("event").agg(pl.col("value").sum()).iter_rows())
    base = sums.get(BASE, 0.0) + sums.get(BORN, 0.0)
    return (
        Adjustment(
            "first_count_is_base",
            base,
            unit,
            "counted before the first observation of a model: a base, not a flow",
        ),
        Adjustment("counter_fell", -sums.get(FELL, 0.0), unit, f"falls of cumulative counters, clipped to no {unit}"),
        Adjustment(
            "counter_recovered",
            sums.get(RECOVERED, 0.0),
            unit,
            "rises of counters below their earlier maximum: not a flow",
        ),
        Adjustment(
            "age_unknown",
            sums.get(AGELESS, 0.0),
            unit,
            "left out under the age cap: no created_at, or one that is not possible",
        ),
        Adjustment(
            "age_at_least",
            sums.get(AT_FLOOR, 0.0),
            unit,
            "of models at the Hub's earliest creation date: taken as older than the age cap",
        ),
    )


def resampled(values: pl.DataFrame, plan: Resampling) -> pl.DataFrame:
    """Apply the factors: from intervals to periods.

    Args:
        values: since, period, group, value.
        plan: The part of each interval that belongs to each period.

    Returns:
        One row for each period and group: period, group, value.
    """
    if plan.as_observed:
        return values.select("period", "group", "value")
    joined = values.sort("since", "period", "group").join(plan.factors, on=["since", "period"], maintain_order="left")
    moved = joined.with_columns(value=pl.col("value") * pl.col("factor"), period="target")
    return moved.group_by("period", "group", maintain_order=True).agg(pl.col("value").sum())


def shares_of(
    values: pl.DataFrame, groups: pl.DataFrame, plan: Resampling, method: Method
) -> tuple[pl.DataFrame, Coverage]:
    """Turn values into shares, and return the volume of each status.

    Rows are integer codes in the order of the keys; the names are added last.

    Args:
        values: One row for each period and group: period, group, value.
        groups: The group of each code, sorted by keys: group, the keys, status, fraction.
        plan: Names the periods without a figure.
        method: Holds the counting and the denominator.

    Returns:
        The table, and the parts of the statuses.
    """
    names = list(method.by)
    first = groups.select(pl.struct(names).rle_id().alias("key"))["key"]  # codes rise with the keys
    known = groups["status"] == ATTRIBUTED
    values = _sorted_within_periods(values, "group")
    code = values["group"]
    values = values.select("period", "value", key=first.gather(code), known=known.gather(code), code=code)
    # under full counting a group's value is the whole model's; its fraction of it makes the totals
    full = method.counting == "full"
    part = pl.col("value") * groups["fraction"].gather(code) if full else pl.col("value")
    values = values.with_columns(part=part)
    totals = values.group_by("period").agg(all=pl.col("part").sum(), attributed=pl.col("part").filter("known").sum())
    unobserved = pl.col("period").is_in(list(plan.unobserved)) if plan.unobserved else pl.lit(False)
    missing = unobserved | pl.col("status") | (pl.col(method.denominator) == 0)
    shared = _by_key(values, several=first.n_unique() < len(first), attributed=method.denominator == "attributed")
    shared = shared.join(totals, on="period", maintain_order="left").select(
        "period",
        "key",
        value=pl.when(~unobserved).then("value"),
        share=pl.when(~missing).then(pl.col("counted") / pl.col(method.denominator)),
    )
    shared = _sorted_within_periods(shared, "value", descending=True)
    shared = _with_unobserved(shared, plan)
    keys = groups.select(names).unique(maintain_order=True)
    observed = pl.col("period").replace_strict(dict(plan.observed), default=1.0, return_dtype=pl.Float64)
    named = (keys[name].gather(shared["key"]).alias(name) for name in names)
    frame = shared.select("period", *named, "value", "share", observed=observed)
    return frame, _coverage(values, groups, totals, plan)


def _with_unobserved(shared: pl.DataFrame, plan: Resampling) -> pl.DataFrame:
    """Add a row with null value and share for every key and every unobserved period without any row."""
    absent = sorted(plan.unobserved - set(shared["period"].unique()))
    if not absent:
        return shared
    periods = pl.DataFrame({"period": absent}, schema={"period": pl.Date})
    empty = periods.join(shared.select("key").unique().sort("key"), how="cross")
    return pl.concat([shared, empty], how="diagonal").sort("period", maintain_order=True)


def _sorted_within_periods(frame: pl.DataFrame, column: str, *, descending: bool = False) -> pl.DataFrame:
    """Sort by period and a column, stably: within each period by itself, several times as fast as by both together."""
    ordered = pl.all().sort_by(column, descending=descending, nulls_last=True, maintain_order=True)
    return frame.sort("period", maintain_order=True).select(ordered.over("period", mapping_strategy="explode"))


def _by_key(values: pl.DataFrame, *, several: bool, attributed: bool) -> pl.DataFrame:
    """Sum the codes of each key: period, key, value, counted, status; unchanged if each key has one code."""
    counted = pl.when("known").then("value").otherwise(0.0) if attributed else pl.col("value")
    status = ~pl.col("known") if attributed else pl.lit(False)
    rows = values.select("period", "key", "value", counted=counted, status=status)
    if not several:
        return rows
    return rows.group_by("period", "key", maintain_order=True).agg(
        pl.col("value").sum(), pl.col("counted").sum(), pl.col("status").all()
    )


def _coverage(values: pl.DataFrame, groups: pl.DataFrame, totals: pl.DataFrame, plan: Resampling) -> Coverage:
    order = {name: place for place, name in enumerate(COVERED)}
    rows = _volumes(values, groups["status"].cast(pl.Enum(list(order))), totals, plan)
    bases = _volumes(values, groups["basis"], totals, plan)
    return Coverage(
        tuple(sorted(rows, key=lambda row: (row.period, order[row.status]))),
        bases=tuple(sorted(bases, key=lambda row: (row.period, -row.value, row.status))),
    )


def _volumes(values: pl.DataFrame, names: pl.Series, totals: pl.DataFrame, plan: Resampling) -> list[StatusVolume]:
    """Return the volume of each period and name; ``names`` has the name of each group, or null."""
    named = values.with_columns(name=names.gather(values["code"])).drop_nulls("name")
    sums = named.group_by("period", "name").agg(pl.col("part").sum()).join(totals, on="period")
    return [
        StatusVolume(period, name, part, part / total if total else None)
        for period, name, part, total, _ in sums.rows()
        if period not in plan.unobserved
    ]


def warn_of_low_coverage(coverage: Coverage, unit: str) -> None:
    """Warn if a total is zero, or if most of the last total is unreviewed."""
    empty = sorted({row.period for row in coverage.rows if row.share is None})
    if empty:
        message = f"the total is 0 {unit} in {len(empty)} period(s), such as {empty[0]}: their shares are null"
        warnings.warn(message, LowCoverageWarning, stacklevel=4)
    if coverage.rows:
        last = coverage.at(coverage.rows[-1].period)
        unreviewed = last.get("unreviewed") or 0.0
        if unreviewed > _MOSTLY:
            message = f"{unreviewed:.1%} of the {unit} at {coverage.rows[-1].period} are of unreviewed namespaces"
            warnings.warn(message, LowCoverageWarning, stacklevel=4)
