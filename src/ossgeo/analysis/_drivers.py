"""Drivers: who moved a share between two dates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import percent, period_of, tabulate
from ossgeo.analysis._contributions import Unit, values_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.shares._period_shares import KnownGroups


@attrs.frozen(eq=False)
class Drivers(Pictured):
    """A share's change, taken apart.

    Attributes:
        group: The group.
        start: The first period.
        end: The last period.
        before: Its share at the start.
        after: Its share at the end.
        frame: One row for each unit and one for the denominator, the largest effect first: unit, part (``growth``,
            ``entry``, ``exit`` or ``denominator``), before, after (values), effect (on the share; sums to its change).
        method: How the shares were made.
    """

    group: str
    start: dt.date
    end: dt.date
    before: float
    after: float
    frame: pl.DataFrame
    method: Method

    @property
    def change(self) -> float:
        """The share's change, as a fraction."""
        return self.after - self.before

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: unit, part, before, after, effect."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence and the largest effects."""
        parts = dict(self.frame.group_by("part").agg(pl.col("effect").sum()).iter_rows())
        said = ", ".join(
            f"{name} {parts[name]:+.1%}" for name in ("growth", "entry", "exit", "denominator") if name in parts
        )
        head = f"{self.group} went from {percent(self.before)} to {percent(self.after)} between {self.start} and {self.end}: {said}."
        return f"{head}\n{tabulate(self.frame, ['unit', 'part'], ['effect'])}"


def drivers(
    panel: Panel,
    group: str,
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    *,
    by: Unit = "organization",
    **choices: Any,
) -> Drivers:
    """Take the change of a group's share between two periods apart.

    With values v of the group and totals T, the change of v/T is the change of v at the mean of 1/T, plus the change of 1/T
    at the mean of v. The first is split over the units, the second is the denominator's part; they sum to the change.

    Args:
        panel: The panel.
        group: The group, such as ``CN``.
        start: The first period; the panel's first where absent.
        end: The last period; the panel's last where absent.
        by: The units: ``organization``, ``model`` or ``namespace``.
        **choices: Choices of :func:`ossgeo.measure`; ``by`` of the table is ``country``.

    Raises:
        InvalidArgumentError: There is no such period, or a total is 0.
        UnknownCountryError: The group is no country.

    Source: T. Bennet, "The theory of measurement of changes in cost of living", Journal of the Royal Statistical Society 83
        (1920): differences at mean weights; for two factors the Shapley decomposition.

    Example:
        >>> import ossgeo
        >>> found = drivers(ossgeo.load_sample(), "CN")
        >>> abs(found.frame["effect"].sum() - found.change) < 1e-12
        True
    """
    rows, method = values_of(panel, by, choices)
    KnownGroups((method.by[0],), (frozenset(rows["group"].to_list()),)).check(str(group))
    first = start or (rows["period"].min() if rows.height else None)
    days = [period_of(rows, first), period_of(rows, end)]  # type: ignore[arg-type]  # a date
    if days[0] >= days[1]:
        raise InvalidArgumentError(f"the start {days[0]} is not before the end {days[1]}")
    totals = [float(rows.filter(pl.col("counted") & (pl.col("period") == day))["value"].sum()) for day in days]
    if not all(totals):
        raise InvalidArgumentError(f"the total at {days[0] if not totals[0] else days[1]} is 0: there is no share")
    mine = rows.filter(pl.col("group") == str(group))
    sides = [mine.filter(pl.col("period") == day).group_by("unit").agg(pl.col("value").sum()) for day in days]
    both = (
        sides[0]
        .rename({"value": "before"})
        .join(sides[1].rename({"value": "after"}), on="unit", how="full", coalesce=True)
    )
    both = both.with_columns(pl.col("before", "after").fill_null(0.0)).filter(
        (pl.col("before") > 0) | (pl.col("after") > 0)
    )
    weight = (1 / totals[0] + 1 / totals[1]) / 2
    values = [float(both[side].sum()) for side in ("before", "after")]
    part = pl.when(pl.col("before") == 0).then(pl.lit("entry")).when(pl.col("after") == 0).then(pl.lit("exit"))
    moved = both.with_columns(
        part=part.otherwise(pl.lit("growth")), effect=(pl.col("after") - pl.col("before")) * weight
    )
    denominator = pl.DataFrame(
        {"unit": ["all others and this group's own weight in the total"], "before": [totals[0]], "after": [totals[1]],
         "part": ["denominator"], "effect": [(values[0] + values[1]) / 2 * (1 / totals[1] - 1 / totals[0])]}
    )  # fmt: skip
    frame = pl.concat([moved, denominator.select(moved.columns)])
    frame = frame.sort(pl.col("effect").abs(), "unit", descending=[True, False])
    return Drivers(
        str(group), days[0], days[1], values[0] / totals[0], values[1] / totals[1],
        frame.select("unit", "part", "before", "after", "effect"), method,
    )  # fmt: skip
