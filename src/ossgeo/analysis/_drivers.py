"""Drivers: the units that moved a share between two periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Unpack

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, counted, percent, period_of, plural, points
from ossgeo.analysis._contributions import SEPARATOR, Unit, unit_name, values_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.shares._names import capitalized, day_text, sentence_label
from ossgeo.shares._options import MeasureOptionsDict
from ossgeo.shares._period_shares import GroupNames

PARTS: Final = ("growth", "entry", "exit", "denominator")
"""The parts of a change: units in both periods, in the second only, in the first only, and the change of the total."""

_NAMED: Final = 3
"""How many units the sentence names."""
_LEAST: Final = 0.0005
"""A smaller effect prints as zero."""


@attrs.frozen(eq=False)
class Drivers(Result):
    """The change of a share, split by units.

    Attributes:
        frame: One row for each unit and one for the denominator, the largest effect first: unit, part (``growth``,
            ``entry``, ``exit`` or ``denominator``), before, after (values), effect (on the share, a difference of fractions;
            the effects sum to the change).
        method: How the shares were made.
        group: The group.
        start: The first period.
        end: The last period.
        before: The share at the start, a fraction.
        after: The share at the end, a fraction.
        unit: The unit that the change is split by.
        scaled: The observed part of each of the two periods whose values were scaled to its whole length.
    """

    group: str
    start: dt.date
    end: dt.date
    before: float
    after: float
    unit: str = "organization"
    scaled: tuple[tuple[dt.date, float], ...] = ()

    @property
    def change(self) -> float:
        """The change of the share, a difference of fractions."""
        return self.after - self.before

    def sentence(self) -> str:
        """Return the shares at both periods, the change, and what the largest units and the total added to it."""
        units, total = self.frame.filter(pl.col("part") != "denominator"), self.frame.filter(part="denominator")
        named = units.head(_NAMED).filter(pl.col("effect").abs() >= _LEAST)
        parts = [
            f"{sentence_label(self.method, unit, self.unit)} {points(effect)}"
            for unit, effect in named.select("unit", "effect").iter_rows()
        ]
        if (rest := units.height - named.height) > 0 and named.height:
            others = float(units["effect"].sum()) - float(named["effect"].sum())
            parts.append(f"{rest:,} other {self.unit if rest == 1 else plural(self.unit)} {points(others)}")
        for before, after, effect in total.select("before", "after", "effect").iter_rows():
            parts.append(
                f"a {'larger' if after > before else 'smaller' if after < before else 'constant'} total {points(effect)}"
            )
        scaled = "".join(
            f" The values of {day}, of which {percent(part, 0)} was observed, are scaled to the whole period."
            for day, part in self.scaled
        )
        return (
            f"{capitalized(sentence_label(self.method, self.group))} went from {percent(self.before)} to {percent(self.after)} ({points(self.change)}) between "
            f"{day_text(self.start)} and {day_text(self.end)}: {', '.join(parts)}.{scaled}"
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        return self.frame, {"unit": "text", "part": "text", "effect": "points"}


def drivers(
    panel: Panel,
    group: str | tuple[str, ...],
    *,
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    unit: Unit = "organization",
    **options: Unpack[MeasureOptionsDict],
) -> Drivers:
    """Split the change of a group's share between two periods by units.

    With values v of the group and totals T, the change of v/T is the change of v at the mean of 1/T, plus the change of 1/T
    at the mean of v. The first is split over the units, the second is the denominator's part; they sum to the change.

    Args:
        panel: The panel.
        group: The group, such as ``CN``; with several keys in ``by``, a tuple.
        start: The first period; by default the first complete one of the measurement.
        end: The last period; by default the last complete one of the measurement. Values of a period that is observed in
            part, and was chosen or is needed because fewer than two are complete, are scaled to its whole length.
        unit: The units: ``organization``, ``model``, ``namespace`` or any other key of a table.
        **options: Options of :func:`ossgeo.measure`; ``by`` is what the shares are grouped by.

    Raises:
        InvalidArgumentError: The measurement does not have the period, or a total is 0.
        UnknownCountryError: The group is not a country.

    Source: T. Bennet, "The theory of measurement of changes in cost of living", Journal of the Royal Statistical Society 83
        (1920): differences at mean weights; for two factors the Shapley decomposition.

    Example:
        >>> import ossgeo
        >>> found = drivers(ossgeo.load_sample(), "CN")
        >>> abs(found.frame["effect"].sum() - found.change) < 1e-12
        True
    """
    rows, method = values_of(panel, unit, options, function=drivers)
    name = _known_group(group, rows, method.by)
    complete = rows.filter("complete")
    usual = complete if complete["period"].n_unique() > 1 else rows
    first = min(usual["period"].to_list(), default=None) if start is None else start
    days = [period_of(rows, first), period_of(usual, None) if end is None else period_of(rows, end)]
    if days[0] >= days[1]:
        known = rows["period"].unique().sort()
        raise InvalidArgumentError(
            f"start must be before end, got {days[0]} and {days[1]}; the measurement has {counted(len(known), 'periods')}, "
            f"{known[0]} .. {known[-1]}"
        )
    part = rows.filter(pl.col("period").is_in(days) & ~pl.col("complete")).select("period", "observed").unique()
    if part.height:
        rows, method = values_of(panel, unit, {**options, "incomplete": "scale"}, function=drivers)
    totals = [float(rows.filter(pl.col("counted") & (pl.col("period") == day))["value"].sum()) for day in days]
    if not all(totals):
        raise InvalidArgumentError(
            f"the total at {days[0] if not totals[0] else days[1]} is 0: the shares are not defined; give another period"
        )
    moved = _unit_effects(rows.filter(pl.col("group") == name), days, (1 / totals[0] + 1 / totals[1]) / 2)
    values = [float(moved[side].sum()) for side in ("before", "after")]
    denominator = pl.DataFrame(
        {"unit": ["change of the total"], "part": ["denominator"], "before": [totals[0]], "after": [totals[1]],
         "effect": [(values[0] + values[1]) / 2 * (1 / totals[1] - 1 / totals[0])]}
    )  # fmt: skip
    frame = pl.concat([moved, denominator]).sort(pl.col("effect").abs(), "unit", descending=[True, False])
    scaled = tuple(part.sort("period").rows())
    return Drivers(
        frame, method, group=name, start=days[0], end=days[1], before=values[0] / totals[0], after=values[1] / totals[1],
        unit=unit_name(unit), scaled=scaled,
    )  # fmt: skip


def _known_group(group: str | tuple[str, ...], rows: pl.DataFrame, keys: tuple[str, ...]) -> str:
    """Return the group's name in the rows."""
    known = rows["group"].unique().to_list()
    joined = SEPARATOR.join(map(str, group)) if isinstance(group, tuple) else str(group)
    if joined in known and isinstance(group, tuple) == (len(keys) > 1):
        return joined
    split = [one.split(SEPARATOR) if len(keys) > 1 else [one] for one in known]
    seen = tuple(map(frozenset, zip(*(parts for parts in split if len(parts) == len(keys)), strict=True)))
    parsed = GroupNames(keys, seen or (frozenset(),) * len(keys)).parse(group)
    return SEPARATOR.join(map(str, parsed)) if isinstance(parsed, tuple) else str(parsed)


def _unit_effects(mine: pl.DataFrame, days: list[dt.date], weight: float) -> pl.DataFrame:
    """Return unit, part, before, after and effect of the units of one group."""
    before, after = (
        mine.filter(pl.col("period") == day).group_by("unit").agg(pl.col("value").sum().alias(side))
        for day, side in zip(days, ("before", "after"), strict=True)
    )
    both = before.join(after, on="unit", how="full", coalesce=True).with_columns(
        pl.col("before", "after").fill_null(0.0)
    )
    part = pl.when(pl.col("before") == 0).then(pl.lit("entry")).when(pl.col("after") == 0).then(pl.lit("exit"))
    effect = (pl.col("after") - pl.col("before")) * weight
    present = both.filter((pl.col("before") > 0) | (pl.col("after") > 0))
    return present.select("unit", part.otherwise(pl.lit("growth")).alias("part"), "before", "after", effect=effect)
