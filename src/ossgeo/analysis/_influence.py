"""Influence: the shares without each model, organization or other unit, and intervals over the choice of units."""

from __future__ import annotations

import datetime as dt
import math
import random
import statistics
import warnings
from collections.abc import Mapping
from typing import Final, Unpack

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, percent, plural
from ossgeo.analysis._contributions import Unit, unit_name, values_at
from ossgeo.analysis._ratio_intervals import FEW_UNITS, effective_number, share_intervals
from ossgeo.errors import InvalidArgumentError, LowCoverageWarning
from ossgeo.panel._panel import Panel
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._names import day_text, sentence_label
from ossgeo.shares._options import MeasureOptionsDict

UNITS: Final = 1_000
"""For how many units, by default, every group's share without the unit is given."""

_LOST: Final = 0.05
_INTERVAL: Final[dict[str, Format]] = {
    "group": "text",
    "share": "share",
    "lower": "share",
    "upper": "share",
    "effective": "number",
}


@attrs.frozen(eq=False)
class Influence(Result):
    """The effect of each unit on each group's share.

    Attributes:
        frame: One row for each unit and group, the largest effect first: unit, group, value (of the unit in the group),
            share (of the group with all units), without (of the group without the unit), effect (without minus share, a
            difference of fractions). Every group has a row, since the total changes for all of them.
        method: How the shares were made.
        unit: The unit that was left out.
        period: The period.
        intervals: One row for each group: group, share, lower, upper, units, effective; see
            :func:`ossgeo.analysis.bootstrap` for the columns. Intervals over the choice of units: errors of counters and
            of attribution are not part of them.
        omitted: How many smaller units have no row in ``frame``.
    """

    unit: str
    period: dt.date
    intervals: pl.DataFrame
    omitted: int = 0

    def sentence(self) -> str:
        """Return the largest effect, on a group with a known origin if there is one."""
        named = self.frame.filter(~pl.col("group").is_in(STATUSES))
        top = (named if named.height else self.frame).row(0, named=True)
        return (
            f"On {day_text(self.period)} no {self.unit} moves a share more than {sentence_label(self.method, top['unit'], self.unit)}: "
            f"without it {sentence_label(self.method, top['group'])} would have "
            f"{percent(top['without'])} instead of {percent(top['share'])}."
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        return self.frame, {"unit": "text", "group": "text", "share": "share", "without": "share", "effect": "points"}


def influence(
    panel: Panel,
    *,
    unit: Unit = "model",
    period: dt.date | str | None = None,
    n: int = UNITS,
    **options: Unpack[MeasureOptionsDict],
) -> Influence:
    """Leave out each unit in turn, and return every group's share without it.

    Computed from one measurement by group and unit; the panel is read once.

    Args:
        panel: The panel.
        unit: The unit that is left out: ``model``, ``organization``, ``namespace`` or any other key of a table.
        period: The period; by default the latest one.
        n: The number of units in the frame, those with the largest values; leaving out a unit with the part q of the
            total moves no share by more than q / (1 - q).
        **options: Options of :func:`ossgeo.measure`; ``by`` is what the shares are grouped by.

    Returns:
        The effects, and an interval for each group.

    Raises:
        InvalidArgumentError: The panel does not have the period, or the options do not fit.

    Warns:
        LowCoverageWarning: The effective number of units is below 10.

    Source: leave-one-out values as in the jackknife of B. Efron and C. Stein, "The jackknife estimate of variance", Annals
        of Statistics 9 (1981).

    Example:
        >>> import ossgeo, warnings
        >>> warnings.simplefilter("ignore", ossgeo.errors.LowCoverageWarning)  # hugging-face alone holds 30 %
        >>> found = influence(ossgeo.load_sample("hub-2026"), unit="organization")
        >>> found.frame.row(0, named=True)["unit"]
        'hugging-face'
        >>> effect = found.frame.filter(unit="hugging-face", group="CN")["effect"][0]
        >>> round(100 * effect, 1)  # points: the total is smaller without it
        9.0
    """
    if not isinstance(n, int) or n < 1:
        raise InvalidArgumentError(f"n must be a positive number of units, got {n!r}")
    day, rows, method = values_at(panel, unit, options, period, function=influence)
    counted = rows.filter("counted")
    units = counted.group_by("unit").agg(own=pl.col("value").sum()).sort("own", "unit", descending=[True, False])
    total = _total(units, day)
    _warn_of_few_units(units, unit_name(unit))
    groups = counted.group_by("group").agg(sum=pl.col("value").sum())
    pairs = counted.group_by("unit", "group").agg(pl.col("value").sum())
    grid = units.head(n).join(groups, how="cross").join(pairs, on=["unit", "group"], how="left")
    left = total - pl.col("own")
    grid = grid.with_columns(pl.col("value").fill_null(0.0), share=pl.col("sum") / total)
    grid = grid.with_columns(without=pl.when(left > 0).then((pl.col("sum") - pl.col("value")) / left))
    frame = grid.with_columns(effect=pl.col("without") - pl.col("share")).sort(
        pl.col("effect").abs(), "value", "unit", "group", descending=[True, True, False, False], nulls_last=True
    )
    shown = frame.select("unit", "group", "value", "share", "without", "effect")
    return Influence(shown, method, unit_name(unit), day, share_intervals(counted), max(units.height - n, 0))


@attrs.frozen(eq=False)
class Bootstrap(Result):
    """Intervals of the shares over panels that are drawn from this one.

    Attributes:
        frame: One row for each group, the largest first: group, share, lower, upper (a nominal 95 % interval; null where a
            group is represented in too few draws), units (the number of units), effective (the effective number of units of the
            group or of all others, whichever is smaller). Intervals over the choice of units: errors of counters and of
            attribution are not part of them.
        method: How the shares were made.
        unit: The unit that was drawn.
        period: The period.
        draws: How many panels were drawn.
        seed: The seed of the draws.
    """

    unit: str
    period: dt.date
    draws: int
    seed: int

    def sentence(self) -> str:
        """Return the interval of the largest group."""
        top = self.frame.row(0, named=True)
        name = sentence_label(self.method, top["group"])
        if top["lower"] is None:
            return f"On {day_text(self.period)} {name} has {percent(top['share'])}; too few {plural(self.unit)} for an interval."
        return (
            f"On {day_text(self.period)} {name} has {percent(top['share'])}; over the choice of {plural(self.unit)}, from {self.draws:,} "
            f"draws, the nominal 95% interval is {percent(top['lower'])} to {percent(top['upper'])}."
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        return self.frame, _INTERVAL


def bootstrap(
    panel: Panel,
    *,
    unit: Unit = "model",
    period: dt.date | str | None = None,
    draws: int = 1000,
    seed: int = 0,
    **options: Unpack[MeasureOptionsDict],
) -> Bootstrap:
    """Draw the panel's units again, with replacement, and return an interval for each share.

    The standard error of each log-ratio log(p / (1 - p)) is that of the draws; the interval is Student's with one degree
    of freedom less than the effective number of units. The measured coverage for even and for very uneven panels is in
    the documentation, under "Intervals".

    Args:
        panel: The panel.
        unit: The unit that is drawn: ``model``, ``organization``, ``namespace`` or any other key of a table.
        period: The period; by default the latest one.
        draws: How many panels are drawn, 2 or more.
        seed: The seed of the draws; the same seed gives the same result.
        **options: Options of :func:`ossgeo.measure`; ``by`` is what the shares are grouped by.

    Returns:
        A nominal 95 % interval for each group.

    Raises:
        InvalidArgumentError: The panel does not have the period, or the options do not fit.

    Warns:
        LowCoverageWarning: The effective number of units is below 10.

    Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7 (1979); the effective
        number of units of L. Kish, "Survey sampling" (1965), as degrees of freedom.
    """
    if not isinstance(draws, int) or draws < 2:  # noqa: PLR2004  # a standard deviation needs two
        raise InvalidArgumentError(f"draws must be 2 or more, got {draws!r}")
    day, rows, method = values_at(panel, unit, options, period, function=bootstrap)
    counted = rows.filter("counted")
    units = counted.group_by("unit").agg(own=pl.col("value").sum())
    _total(units, day)
    _warn_of_few_units(units, unit_name(unit))
    frame = share_intervals(counted, errors=_drawn_errors(counted, draws, seed))
    return Bootstrap(frame, method, unit_name(unit), day, draws, seed)


def _drawn_errors(counted: pl.DataFrame, draws: int, seed: int) -> dict[str, float]:
    """Return the standard deviation of each group's log-ratio; NaN if it is undefined in more than 5 % of the draws."""
    wide = counted.pivot(on="group", index="unit", values="value", aggregate_function="sum").fill_null(0.0).sort("unit")
    names = [name for name in wide.columns if name != "unit"]
    figures, source = wide.select(names), random.Random(seed)  # noqa: S311  # not for secrets
    ratios: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(draws):
        sums = figures.sample(n=wide.height, with_replacement=True, seed=source.randrange(2**32)).sum().row(0)
        whole = sum(sums)
        for name, value in zip(names, sums, strict=True):
            if 0 < value < whole:
                ratios[name].append(math.log(value / (whole - value)))
    return {
        name: statistics.stdev(found) if len(found) >= max((1 - _LOST) * draws, 2) else math.nan
        for name, found in ratios.items()
    }


def _total(units: pl.DataFrame, day: dt.date) -> float:
    total = float(units["own"].sum())
    if total == 0:
        raise InvalidArgumentError(f"the total at {day} is 0: the shares are not defined")
    return total


def _warn_of_few_units(units: pl.DataFrame, unit: str) -> None:
    effective = units.select(effective_number(pl.col("own"))).item()
    if effective < FEW_UNITS:
        largest = units.sort("own", "unit", descending=[True, False]).row(0, named=True)
        part = largest["own"] / units["own"].sum()
        warnings.warn(
            f"{units.height} {unit}s are as concentrated as {effective:.1f} equal ones ({largest['unit']} holds {part:.1%} of "
            "the total): intervals are wide, and their coverage is uncertain",
            LowCoverageWarning,
            stacklevel=3,
        )
