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

_STEPS: Final = 128
_HALVINGS: Final = 40
_FARTHEST: Final = 700.0
_REACH: Final = 9.0


def effective_number(values: pl.Expr) -> pl.Expr:
    """Return (sum of values)^2 / sum of squares: the number of equal units with the same concentration."""
    return values.sum() ** 2 / (values**2).sum()


def share_intervals(values: pl.DataFrame, *, errors: dict[str, float] | None = None) -> pl.DataFrame:
    """Return an interval for each group's share of a total; see :func:`share_interval`.

    Args:
        values: unit, group, value; the rows of one period that are in the denominator.
        errors: The standard error of each group's log-ratio, if it was estimated otherwise.

    Returns:
        group, share, lower, upper, units (all units with a value), effective (the smaller effective number of units, of the
        group or of all others); sorted by falling share. A group that holds everything or nothing, or one unit only, has no
        interval (null).
    """
    totals = values.group_by("unit").agg(total=pl.col("value").sum()).filter(pl.col("total") > 0)
    rows = []
    for (group,), part in values.group_by("group"):
        own = part.group_by("unit").agg(own=pl.col("value").sum())
        both = totals.join(own, on="unit", how="left").select(pl.col("own").fill_null(0.0), "total")
        both = both.with_columns(other=pl.col("total") - pl.col("own"))
        inside, outside = float(both["own"].sum()), float(both["other"].sum())
        lower = upper = effective = None
        if inside > 0 and outside > 0:
            effective = float(min(both.select(effective_number(pl.col(side))).item() for side in ("own", "other")))
            linear = both.select(((pl.col("own") / inside - pl.col("other") / outside) ** 2).sum()).item()
            error = math.sqrt(linear) if errors is None else errors.get(str(group), math.nan)
            alone = (both["own"] > 0).sum() == 1 or (both["other"] > 0).sum() == 1
            if not alone and not math.isnan(error):
                lower, upper = share_interval(inside, outside, error, effective)
        rows.append((group, inside / (inside + outside), lower, upper, totals.height, effective))
    schema = {"group": pl.String, "share": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "units": pl.Int64,
              "effective": pl.Float64}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").sort("share", "group", descending=[True, False])


def share_interval(inside: float, outside: float, error: float, effective: float) -> tuple[float, float]:
    """Return the interval of a share p from the interval of log(p / (1 - p)), the log-ratio of two sums over units.

    The quantile is Student's, with one degree of freedom less than the effective number of units: with heavy tails, a sum
    depends on few units, and its standard error is as uncertain as that of a mean of so few.

    Args:
        inside: The value of the group.
        outside: The value of all others.
        error: The standard error of the log-ratio.
        effective: The smaller effective number of units, of the group or of all others.

    Example:
        >>> [round(end, 3) for end in share_interval(50, 50, 0.2, 1000)]
        [0.403, 0.597]
    """
    margin = student_quantile(round(max(effective - 1, 1.0), 2)) * error
    ends = (math.log(inside / outside) + sign * margin for sign in (-1, 1))
    lower, upper = (1 / (1 + math.exp(-max(min(end, _FARTHEST), -_FARTHEST))) for end in ends)
    return lower, upper


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

    reach = min(math.pi / 2, _REACH / math.sqrt(freedom))  # the density is below 1e-17 beyond
    wanted, low, high = level * integral(reach), 0.0, reach
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if integral(middle) < wanted else (low, middle)
    return math.sqrt(freedom) * math.tan((low + high) / 2)
