"""Influence: how much a share hangs on single models, organizations or namespaces."""

from __future__ import annotations

import datetime as dt
import math
import random
import warnings
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import percent, tabulate
from ossgeo.analysis._contributions import Unit, values_at
from ossgeo.errors import InvalidArgumentError, LowCoverageWarning
from ossgeo.panel._panel import Panel

_FEW: Final = 10
_HEAVY: Final = 0.25
_NORMAL: Final = 1.959963984540054


@attrs.frozen(eq=False)
class Influence(Pictured):
    """What each unit does to the shares.

    Attributes:
        by: What was left out.
        period: The period.
        frame: One row for each unit and group that it moves, the largest effect first: unit, group, value (of the unit in
            the group), share (of the group with all units), without (of the group without the unit), effect.
        intervals: One row for each group: group, share, lower, upper, units; 95 % jackknife intervals. They cover which
            units happen to be in the panel, and nothing else: not the counters, not the attribution.
        method: How the shares were made.
    """

    by: Unit
    period: dt.date
    frame: pl.DataFrame
    intervals: pl.DataFrame
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: unit, group, value, share, without, effect."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence and the largest effects."""
        top = self.frame.row(0, named=True)
        said = (
            f"At {self.period} no {self.by} moves a share more than {top['unit']}: without it {top['group']} would have "
            f"{percent(top['without'])} instead of {percent(top['share'])}."
        )
        return f"{said}\n{tabulate(self.frame, ['unit', 'group'], ['share', 'without', 'effect'])}"


def influence(panel: Panel, *, by: Unit = "model", period: dt.date | None = None, **choices: Any) -> Influence:
    """Leave each unit out in turn, and see what that does to every group's share.

    Made from one measurement by group and unit: a share without a unit needs no second look at the panel.

    Args:
        panel: The panel.
        by: What is left out: ``model``, ``organization`` or ``namespace``.
        period: The period; the latest one where absent.
        **choices: Choices of :func:`ossgeo.measure`; ``by`` of the table is ``country``.

    Returns:
        The effects, and a jackknife interval for each group.

    Raises:
        InvalidArgumentError: There is no such period, or the choices do not fit.

    Warns:
        LowCoverageWarning: There are few units, or a single one holds much of the total.

    Source: the jackknife of J. Tukey (1958), as B. Efron and C. Stein, "The jackknife estimate of variance", Annals of
        Statistics 9 (1981), have it; intervals are normal.

    Example:
        >>> import ossgeo, warnings
        >>> warnings.simplefilter("ignore", ossgeo.errors.LowCoverageWarning)  # hugging-face alone holds 30 %
        >>> found = influence(ossgeo.load_sample("hub-2026"), by="organization")
        >>> found.frame.row(0, named=True)["unit"]
        'hugging-face'
    """
    day, rows, method = values_at(panel, by, choices, period)
    units = rows.group_by("unit").agg(own=pl.col("value").filter("counted").sum())
    total = float(units["own"].sum())
    if total == 0:
        raise InvalidArgumentError(f"the total at {day} is 0: there is no share")
    _warn(units, total, by)
    groups = rows.filter("counted").group_by("group").agg(sum=pl.col("value").sum())
    pairs = rows.filter("counted").group_by("unit", "group").agg(pl.col("value").sum()).join(units, on="unit")
    pairs = pairs.join(groups, on="group").with_columns(share=pl.col("sum") / total)
    left = total - pl.col("own")
    pairs = pairs.with_columns(without=pl.when(left > 0).then((pl.col("sum") - pl.col("value")) / left))
    frame = pairs.with_columns(effect=pl.col("without") - pl.col("share")).sort(
        pl.col("effect").abs(), "unit", "group", descending=[True, False, False], nulls_last=True
    )
    shown = frame.select("unit", "group", "value", "share", "without", "effect")
    return Influence(by, day, shown, _jackknife(groups, pairs, units, total), method)


def _jackknife(groups: pl.DataFrame, pairs: pl.DataFrame, units: pl.DataFrame, total: float) -> pl.DataFrame:
    """Variance over all leave-one-out shares; a unit outside a group moves it through the total only."""
    left = units.filter(pl.col("own") < total).with_columns(rest=total - pl.col("own"))
    number = left.height
    outside = left.select(inverse=(1 / pl.col("rest")).sum(), squares=(1 / pl.col("rest") ** 2).sum()).row(0)
    rows = []
    for group, value in groups.sort("group").iter_rows():
        mine = pairs.filter((pl.col("group") == group) & (pl.col("own") < total))
        rest = total - pl.col("own")
        inverse, squares, sums, sums2 = mine.select(
            inverse=(1 / rest).sum(), squares=(1 / rest**2).sum(), sums=((value - pl.col("value")) / rest).sum(),
            sums2=(((value - pl.col("value")) / rest) ** 2).sum(),
        ).row(0)  # fmt: skip
        first = sums + value * (outside[0] - inverse)
        second = sums2 + value**2 * (outside[1] - squares)
        spread = max(second - first**2 / number, 0.0) * (number - 1) / number if number else 0.0
        share, margin = value / total, _NORMAL * math.sqrt(spread)
        rows.append((group, share, max(share - margin, 0.0), min(share + margin, 1.0), number))
    schema = {"group": pl.String, "share": pl.Float64, "lower": pl.Float64, "upper": pl.Float64, "units": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("share", "group", descending=[True, False])


@attrs.frozen(eq=False)
class Bootstrap(Pictured):
    """How shares scatter over panels that are drawn from this one.

    Attributes:
        by: What was drawn.
        period: The period.
        frame: One row for each group: group, share, lower, upper (the middle 95 % of the draws). They cover which units
            happen to be in the panel, and nothing else.
        draws: How many panels were drawn.
        seed: Of the draws.
        method: How the shares were made.
    """

    by: Unit
    period: dt.date
    frame: pl.DataFrame
    draws: int
    seed: int
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: group, share, lower, upper."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence and the largest groups."""
        top = self.frame.row(0, named=True)
        said = (
            f"At {self.period} {top['group']} has {percent(top['share'])}; with other {self.by}s drawn from the same panel "
            f"95 % of {self.draws} draws lie between {percent(top['lower'])} and {percent(top['upper'])}."
        )
        return f"{said}\n{tabulate(self.frame, ['group'], ['share', 'lower', 'upper'])}"


def bootstrap(
    panel: Panel, *, by: Unit = "model", period: dt.date | None = None, draws: int = 1000, seed: int = 0, **choices: Any
) -> Bootstrap:
    """Draw the panel's units anew, with replacement, and see how the shares scatter.

    Args:
        panel: The panel.
        by: What is drawn: ``model``, ``organization`` or ``namespace``.
        period: The period; the latest one where absent.
        draws: How many panels are drawn.
        seed: Of the draws; the same seed gives the same result.
        **choices: Choices of :func:`ossgeo.measure`; ``by`` of the table is ``country``.

    Returns:
        The middle 95 % of the draws for each group.

    Raises:
        InvalidArgumentError: There is no such period, or the choices do not fit.

    Warns:
        LowCoverageWarning: There are few units, or a single one holds much of the total.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979); percentile
        intervals.
    """
    if draws < 1:
        raise InvalidArgumentError(f"draws={draws!r} is no number of draws")
    day, rows, method = values_at(panel, by, choices, period)
    counted = rows.filter("counted")
    wide = counted.pivot(on="group", index="unit", values="value", aggregate_function="sum").fill_null(0.0).sort("unit")
    groups = [name for name in wide.columns if name != "unit"]
    sums = {name: float(wide[name].sum()) for name in groups}
    total = sum(sums.values())
    if total == 0:
        raise InvalidArgumentError(f"the total at {day} is 0: there is no share")
    units = wide.select("unit", own=pl.sum_horizontal(groups))
    _warn(units, total, by)
    figures, source = wide.select(groups), random.Random(seed)  # noqa: S311  # no secret
    drawn = [
        figures.sample(n=wide.height, with_replacement=True, seed=source.randrange(2**32)).sum().row(0)
        for _ in range(draws)
    ]
    shares = [[value / whole for value in row] for row in drawn if (whole := sum(row))]
    table = pl.DataFrame(shares, schema=groups, orient="row")
    found = [
        (name, sums[name] / total, table[name].quantile(0.025, "linear"), table[name].quantile(0.975, "linear"))
        for name in groups
    ]
    schema = {"group": pl.String, "share": pl.Float64, "lower": pl.Float64, "upper": pl.Float64}
    frame = pl.DataFrame(found, schema=schema, orient="row").sort("share", "group", descending=[True, False])
    return Bootstrap(by, day, frame, draws, seed, method)


def _warn(units: pl.DataFrame, total: float, by: str) -> None:
    largest = units.sort("own", "unit", descending=[True, False]).row(0, named=True)
    if units.height < _FEW:
        warnings.warn(
            f"there are only {units.height} {by}s: their scatter says little", LowCoverageWarning, stacklevel=3
        )
    elif largest["own"] > _HEAVY * total:
        message = f"{largest['unit']} alone holds {largest['own'] / total:.1%} of the total"
        warnings.warn(message, LowCoverageWarning, stacklevel=3)
