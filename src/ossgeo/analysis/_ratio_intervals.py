"""Confidence intervals of shares: Student intervals of the log-ratio, with effective numbers of units."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import polars as pl

LEVEL: Final = 0.95
"""The nominal level of the intervals."""

FEW_UNITS: Final = 10
"""Below this effective number of units, measured coverage and width depend strongly on the distribution."""

_STEPS: Final = 400
_HALVINGS: Final = 50


def effective_number(values: pl.Expr) -> pl.Expr:
    """Return (sum of values)^2 / sum of squares: the number of equal units with the same concentration."""
    return values.sum() ** 2 / (values**2).sum()


def share_intervals(values: pl.DataFrame, *, errors: dict[str, float] | None = None) -> pl.DataFrame:
    """Return an interval for each group's share of a total.

    The share p of a group is written as log(p / (1 - p)), whose standard error is that of a ratio of sums over independent
    units (linearized). The quantile is Student's, with one degree of freedom less than the smaller of the effective
    numbers of units of the group and of all others: with heavy tails, a sum depends on few units.

    Args:
        values: unit, group, value; the rows of one period that are in the denominator.
        errors: The standard error of each group's log-ratio, if it was estimated otherwise.

    Returns:
        group, share, lower, upper, units (all units with a value), effective (the smaller effective number); sorted by
        falling share. A group that holds everything or nothing, or that holds one unit only, has no interval (null).
    """
    totals = values.group_by("unit").agg(total=pl.col("value").sum()).filter(pl.col("total") > 0)
    number, total = totals.height, float(totals["total"].sum())
    rows = []
    for (group,), part in values.group_by("group"):
        own = part.group_by("unit").agg(own=pl.col("value").sum())
        both = totals.join(own, on="unit", how="left").select(
            pl.col("own").fill_null(0.0), other=pl.col("total") - pl.col("own").fill_null(0.0)
        )
        inside, outside = float(both["own"].sum()), float(both["other"].sum())
        share = inside / total
        lower = upper = effective = None
        if inside > 0 and outside > 0:
            effective = min(
                both.select(effective_number(pl.col("own"))).item(),
                both.select(effective_number(pl.col("other"))).item(),
            )
            linear = both.select(((pl.col("own") / inside - pl.col("other") / outside) ** 2).sum()).item()
            error = math.sqrt(linear) if errors is None else errors.get(str(group), math.nan)
            if (both["own"] > 0).sum() > 1 and (both["other"] > 0).sum() > 1 and not math.isnan(error):
                margin = student_quantile(max(effective - 1, 1.0)) * error
                middle = math.log(inside / outside)
                lower, upper = (
                    1 / (1 + math.exp(-max(min(one, 700), -700))) for one in (middle - margin, middle + margin)
                )
        rows.append((group, share, lower, upper, number, effective))
    schema = {"group": pl.String, "share": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "units": pl.Int64,
              "effective": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sort("share", "group", descending=[True, False])


@lru_cache(maxsize=1024)
def student_quantile(freedom: float, level: float = LEVEL) -> float:
    """Return the two-sided quantile of Student's t distribution, for any real number of degrees of freedom.

    With t = sqrt(f) tan(a) the density is proportional to cos(a)^(f - 1): its integral (Simpson's rule) is bisected.

    Args:
        freedom: Degrees of freedom, 1 or more.
        level: The probability between minus and plus the quantile.

    Example:
        >>> round(student_quantile(1), 2), round(student_quantile(10), 3), round(student_quantile(1e6), 3)
        (12.71, 2.228, 1.96)
    """

    def integral(end: float) -> float:
        heights = [max(math.cos(end * n / _STEPS), 0.0) ** (freedom - 1) for n in range(_STEPS + 1)]
        inner = math.fsum((4 if n % 2 else 2) * heights[n] for n in range(1, _STEPS))
        return float(heights[0] + inner + heights[-1]) * end / _STEPS / 3

    reach = min(math.pi / 2, 40 / math.sqrt(freedom))  # the density is below 1e-300 beyond
    wanted, low, high = level * integral(reach), 0.0, reach
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if integral(middle) < wanted else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)
