"""The aggregate of a panel: sums by interval and group, and the table that they become."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment, Adjustments, Method
from ossgeo.panel._flow_rows import FELL, RECOVERED
from ossgeo.panel._steps import dipped_totals
from ossgeo.shares._levels import level_factors
from ossgeo.shares._normalization import (
    excluded_volumes,
    is_excluded,
    predecessors,
    resampled,
    shares_of,
    warn_of_low_coverage,
)
from ossgeo.shares._resampling import Interval, resample
from ossgeo.shares._table import ShareTable

PARTS: Final = ("status", "basis", "fraction", "outside")
"""Columns of a group beside its keys: its status, what its attribution rests on (null if the strategy does not say), its part of
a model, and the verdict of ``where``."""


@attrs.frozen(eq=False)
class Aggregate:
    """Sums by interval and group. It holds no model, and is as small as the result.

    Attributes:
        rows: One row for each interval, group and event: since, period, group (a code), event, value.
        groups: One row for each code: group, the keys, status, basis, fraction, outside; sorted by keys, codes rising.
        method: The options that made it.
        periods: The panel's observations, in order.
        adjustments: The adjustments made before the table.
        namespaces: The number of namespaces of each status.
        note: The scope of the panel.
    """

    rows: pl.DataFrame
    groups: pl.DataFrame
    method: Method
    periods: tuple[dt.date, ...]
    adjustments: tuple[Adjustment, ...]
    namespaces: tuple[tuple[str, int], ...]
    note: str = ""

    def table(self) -> ShareTable:
        """Return the share table.

        Warns:
            LowCoverageWarning: A period's total is zero, or less than half of the last one's value is reviewed.
        """
        method = self.method
        proper, missing, gaps = self._proper_flows()
        inside, outside = self._parted(proper)
        fallen = self.rows.filter(pl.col("event").is_in([FELL, RECOVERED]))  # observed, without a flow
        spans = pl.concat([some.select("since", "period") for some in (proper, fallen)])
        intervals = spans.unique().sort("period", "since").rows()
        if method.gives == "stock":
            plan = level_factors(intervals, method.every)
        else:
            plan = resample(intervals, self.periods, kind=method.kind, every=method.every, window=method.window,
                          estimate=method.cleaning.gaps == "spread", dipped=self._dipped(), missing=missing,
                          incomplete=method.incomplete)  # fmt: skip
        values = resampled(inside, plan)
        frame, coverage = shares_of(values, self.groups, plan, method)
        warn_of_low_coverage(coverage, method.unit)
        aside = excluded_volumes(self.rows, self.periods, method.unit)
        found = (*self.adjustments, *aside, *gaps, *outside, *plan.adjustments)
        kept = Adjustments(tuple(item for item in found if item.count))
        return ShareTable(frame, method, attrs.evolve(coverage, namespaces=self.namespaces), kept, self.note)

    def _parted(self, flows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
        """Split the flows into those that ``where`` keeps, and the volume of those that it leaves out."""
        left = self._outside()
        if not len(left):
            return flows, ()
        out = flows.filter(pl.col("group").is_in(left.implode()))
        inside = flows.filter(~pl.col("group").is_in(left.implode()))
        note = "of models that where leaves out"
        return inside, (Adjustment("where_excluded", math.fsum(out["value"]), self.method.unit, note),)

    def _outside(self) -> pl.Series:
        """Return the codes of the groups that ``where`` leaves out."""
        return self.groups.filter(pl.col("outside").is_not_null())["group"]

    def _proper_flows(self) -> tuple[pl.DataFrame, list[Interval], tuple[Adjustment, ...]]:
        """Return the flows without bases and falls, and the intervals and volume of differences over missing observations.

        The intervals are those whose flows are left out, since they are not to be spread.
        """
        columns = ("since", "period", "group", "value")
        if not (self.rows["event"] != 0).any():
            flows = self.rows.select(columns)
        else:
            proper = self.rows.filter(~is_excluded(self.rows, self.periods))
            flows = proper.group_by("since", "period", "group").agg(pl.col("value").sum()).select(columns)
        if self.method.kind != "cumulative" or self.method.gives == "stock":
            return flows, [], ()
        over_gap = pl.col("since") != pl.col("period").replace_strict(
            predecessors(self.periods), default=None, return_dtype=pl.Date
        )
        gaps = flows.filter(over_gap)
        volume = math.fsum(gaps["value"])  # independent of the order of the rows
        if self.method.cleaning.gaps == "gap":
            counted = gaps.filter((pl.col("value") != 0) & ~pl.col("group").is_in(self._outside().implode()))
            missing = counted.select("since", "period").unique().rows()
            note = "left out, with the periods: differences over a missing observation"
            return flows.filter(~over_gap), missing, (Adjustment("window_gap", volume, self.method.unit, note),)
        note = "differences over a missing observation, spread by days"
        return flows, [], (Adjustment("window_gap", volume, self.method.unit, note),)

    def _dipped(self) -> frozenset[dt.date]:
        """Return the observations of 30-day counters whose total dips."""
        if self.method.kind != "trailing" or self.method.gives == "stock":
            return frozenset()
        return dipped_totals(self.rows.group_by("period").agg(pl.col("value").sum()).sort("period").iter_rows())

    def recoded(self, groups: pl.DataFrame) -> pl.DataFrame:
        """Return the rows under the codes of another table of groups.

        Args:
            groups: Has every group of this one.
        """
        what = [name for name in self.groups.columns if name != "group"]
        codes = self.groups.join(groups.rename({"group": "code"}), on=what, nulls_equal=True, how="left")
        moved = self.rows.join(codes.select("group", "code"), on="group", how="left", maintain_order="left")
        return moved.with_columns(group="code").select(self.rows.columns)


def coded(groups: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Give every group a code, in the order of the keys.

    Args:
        groups: Has the keys, status, basis, fraction and outside, each combination once or more.
        keys: The key columns.

    Returns:
        group (an integer), the keys, status, basis, fraction, outside.
    """
    what = [*keys, *PARTS]
    ordered = groups.select(what).unique().sort(what, nulls_last=True)
    return ordered.with_row_index("group").with_columns(pl.col("group").cast(pl.Int32))


def concatenated(parts: Sequence[Aggregate], keys: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Concatenate the rows of several aggregates under common codes.

    Args:
        parts: The aggregates.
        keys: Their key columns.

    Returns:
        The rows, summed over equal intervals and groups, and the groups.
    """
    groups = coded(pl.concat([part.groups for part in parts]), keys)
    rows = pl.concat([part.recoded(groups) for part in parts])
    same = ("since", "period", "group", "event")
    summed = rows.group_by(same).agg(pl.col("value").sum()).select(parts[0].rows.columns)
    return summed.sort(same), groups
