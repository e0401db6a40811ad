"""Resampling: the part of each observed interval that belongs to each period of the result.

Only the small aggregate is used. An interval is (since, period] in days. The result is a table of factors, so that every
case (single observations, calendar steps, rolling windows) is one join, one product and one sum.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING
from ossgeo._core.method import Adjustment, Incomplete, MeasuredKind
from ossgeo.errors import InvalidArgumentError

Interval = tuple[dt.date, dt.date]

COMPLETE: Final = 0.9
"""A period is complete if at least this part of its days is observed: 30-day counters do not cover a month of 31 days."""

_BOUNDED: Final = ("trailing", "interval")
"""Kinds whose counts cover days that are known beforehand, so that days may be without any count."""

_STEP = re.compile(r"(\d{1,4})(d|w|mo|q|y)")
_SCHEMA = {"since": pl.Date, "period": pl.Date, "target": pl.Date, "factor": pl.Float64}


@attrs.frozen(eq=False)
class Resampling:
    """The factors by which intervals become periods.

    Attributes:
        factors: since, period, target (the period of the result), factor.
        targets: Every period of the result, in order.
        unobserved: Periods of the result without a figure, because they are not fully observed.
        adjustments: The observations that were left out and the days that were estimated.
        as_observed: Whether every interval is a period of its own.
        observed: The part of the days of each period that was observed; 1 if it is not named.
    """

    factors: pl.DataFrame
    targets: tuple[dt.date, ...]
    unobserved: frozenset[dt.date] = frozenset()
    adjustments: tuple[Adjustment, ...] = ()
    as_observed: bool = False
    observed: Mapping[dt.date, float] = attrs.field(factory=dict)


def resample(
    intervals: Sequence[Interval],
    observations: Sequence[dt.date],
    *,
    kind: MeasuredKind,
    every: str | None,
    window: int | None,
    estimate: bool,
    dipped: Collection[dt.date] = (),
    missing: Collection[Interval] = (),
    incomplete: Incomplete = "mark",
) -> Resampling:
    """Return the part of each interval that belongs to each period.

    Args:
        intervals: The (since, period] of the aggregate.
        observations: The panel's observation dates, in order.
        kind: Observations of trailing counters overlap and are thinned before they are summed; intervals, differences and
            events are not thinned. Events are known from the beginning, whenever the panel was first observed.
        every: Calendar step, such as ``1mo``; None for one period for each observation.
        window: Length of a rolling sum in days; None for no window.
        estimate: Whether inner gaps between trailing counters, or intervals, are estimated pro rata.
        dipped: Observations whose counters dipped; sums of trailing counters are made of the others.
        missing: Intervals whose flows are left out; a period that overlaps one has no figure.
        incomplete: The policy for periods that are observed in part.

    Returns:
        The factors.

    Raises:
        InvalidArgumentError: ``every`` is longer than the calendar allows.
    """
    known = [*intervals, *missing]
    if not known or not observations:
        return Resampling(pl.DataFrame(schema=_SCHEMA), ())
    if kind in _BOUNDED and every is None and window is None:
        same = [(since, period, period, 1.0) for since, period in intervals]
        ends = tuple(sorted({period for _, period in intervals}))
        return Resampling(_table(same), ends, as_observed=len(ends) == len(intervals))
    first = min(since for since, _ in known)
    last = max(*(period for _, period in known), observations[-1])
    targets = _targets(every, observations, first, last, kind)
    first = BEGINNING if kind == "events" else first
    windows = _Windows(
        intervals, targets, first=first, last=last, kind=kind, window=window, estimate=estimate, dipped=frozenset(dipped),
        missing=tuple(missing), incomplete=incomplete,
    )  # fmt: skip
    return windows.resampling(observations)


def _targets(
    every: str | None, observations: Sequence[dt.date], first: dt.date, last: dt.date, kind: MeasuredKind
) -> list[Interval]:
    """Return the basic periods as (start, end]."""
    if every is not None:
        return list(_steps(every, first, last))
    if kind in _BOUNDED:  # the start of a rolling sum is that of its window
        return [(day - dt.timedelta(days=1), day) for day in observations]
    if kind == "events":
        return list(itertools.pairwise([BEGINNING, *observations]))
    return list(itertools.pairwise(observations))


def calendar_step(every: str | None) -> str | None:
    """Return a calendar step of whole days, weeks, months, quarters or years, such as ``1mo``; None stays None.

    Raises:
        InvalidArgumentError: The step is shorter than a day, or not a step.
    """
    if every is None or (isinstance(every, str) and (found := _STEP.fullmatch(every)) and int(found[1]) > 0):
        return every
    months = isinstance(every, str) and re.fullmatch(r"\d+(m|M|months?)", every)
    remedy = f"; use {re.sub('[^0-9]', '', every)}mo for months" if months else ""
    raise InvalidArgumentError(
        f"every must be a calendar step such as '1d', '1w', '1mo', '1q' or '1y', got {every!r}{remedy}"
    )


def _steps(every: str, first: dt.date, last: dt.date) -> Iterator[Interval]:
    try:
        start = pl.Series([first]).dt.offset_by("1d").dt.truncate(every)[0]
        while start <= last:
            following = pl.Series([start]).dt.offset_by(every)[0]
            yield start - dt.timedelta(days=1), following - dt.timedelta(days=1)
            start = following
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError, OverflowError) as error:
        raise InvalidArgumentError(f"every={every!r} is longer than the calendar allows") from error


def thinned(
    days: Iterable[dt.date], anchor: dt.date, dipped: Collection[dt.date] = (), *, length: int
) -> list[dt.date]:
    """Return observations of a trailing counter whose windows do not overlap, backwards from a day.

    Args:
        days: The observations.
        anchor: The latest observation that may be used.
        dipped: Observations that are not used.
        length: The length of each window in days.
    """
    kept: list[dt.date] = []
    for day in sorted((day for day in days if day <= anchor and day not in dipped), reverse=True):
        if not kept or (kept[-1] - day).days >= length:
            kept.append(day)
    return kept


@attrs.frozen(eq=False)
class _Windows:
    intervals: Sequence[Interval]
    targets: Sequence[Interval]
    first: dt.date
    last: dt.date
    kind: MeasuredKind
    window: int | None
    estimate: bool
    dipped: frozenset[dt.date]
    missing: tuple[Interval, ...]
    incomplete: Incomplete

    def resampling(self, observations: Sequence[dt.date]) -> Resampling:
        rows: list[tuple[dt.date, dt.date, dt.date, float]] = []
        unobserved: set[dt.date] = set()
        observed: dict[dt.date, float] = {}
        estimated = partial = 0
        used: set[Interval] = set()
        for start, step_end in self.targets:
            end = min(step_end, self.last)  # a period is not named by a day after the last observation
            since = start if self.window is None else end - dt.timedelta(days=self.window)
            length = (step_end - start).days if self.window is None else self.window
            parts = [
                (interval, days)
                for interval in self._within(end, observations)
                if (days := _overlap(interval, since, end)) > 0
            ]
            used.update(interval for interval, _ in parts)
            inside = (end - max(since, self.first)).days
            covered = self._covered(since, end, parts)
            beyond = inside < length
            partial += beyond and self.window is None
            if self.incomplete == "drop" and self.window is None and covered < COMPLETE * length:
                continue
            observed[end] = covered / length
            scale = length / inside if self.incomplete == "scale" and self.window is None else 1.0
            lacking = any(_overlap(interval, since, end) > 0 for interval in self.missing)
            if lacking or (beyond and self.window is not None) or not (parts or self.kind == "events"):
                unobserved.add(end)
            elif self.kind in _BOUNDED and covered < inside:
                if self.estimate:
                    scale *= inside / covered
                    estimated += inside - covered
                else:
                    unobserved.add(end)
            rows.extend((*interval, end, scale * days / _length(interval)) for interval, days in parts)
        return Resampling(
            _table(rows),
            tuple(observed),
            frozenset(unobserved),
            tuple(self._adjustments(len(used), estimated, partial, len(unobserved))),
            observed=observed,
        )

    def _covered(self, since: dt.date, end: dt.date, parts: Sequence[tuple[Interval, int]]) -> int:
        """Return the number of observed days of a period; intervals and differences may overlap each other."""
        if self.kind == "trailing":
            return sum(days for _, days in parts)
        if self.kind == "interval":
            return _days_in_union((max(start, since), min(stop, end)) for (start, stop), _ in parts)
        missing = sum(max(0, _overlap(interval, since, end)) for interval in set(self.missing))
        return max(0, (end - max(since, self.first)).days - missing)

    def _within(self, end: dt.date, observations: Sequence[dt.date]) -> list[Interval]:
        """Return the intervals that may be summed."""
        if self.kind != "trailing":
            return list(self.intervals)
        anchor = end if end in set(observations) else self.last
        length = _length(self.intervals[0])
        kept = set(thinned((period for _, period in self.intervals), anchor, self.dipped, length=length))
        return [interval for interval in self.intervals if interval[1] in kept]

    def _adjustments(self, used: int, estimated: int, partial: int, unobserved: int) -> Iterator[Adjustment]:
        periods = {period for _, period in self.intervals}
        dipped = len(self.dipped & periods)
        left_out = len(self.intervals) - used - dipped
        if self.kind == "trailing" and left_out:
            days = _length(self.intervals[0])
            note = f"left out: their {days} days overlap others, or lie outside every period"
            yield Adjustment("overlapping_window", left_out, "observations", note)
        if self.kind == "trailing" and dipped:
            note = "not summed: the total fell by more than a third and came back within a week"
            yield Adjustment("counters_dipped", dipped, "observations", note)
        if estimated:
            between = "windows of the counter" if self.kind == "trailing" else "intervals"
            note = f"days between {between}, estimated pro rata; summed over the periods"
            yield Adjustment("window_gap", estimated, "days", note)
        if partial:
            done = {
                "mark": "not scaled up",
                "scale": "scaled up",
                "drop": "left out if less than nine tenths is observed",
            }
            note = f"observed in part, at an edge; {done[self.incomplete]}"
            yield Adjustment("partial_period", partial, "periods", note)
        if unobserved:
            yield Adjustment("not_observed", unobserved, "periods", "without a figure: not fully observed")


def _overlap(interval: Interval, since: dt.date, end: dt.date) -> int:
    return (min(interval[1], end) - max(interval[0], since)).days


def _days_in_union(intervals: Iterable[Interval]) -> int:
    """Return the number of days that at least one interval covers."""
    days, reached = 0, dt.date.min
    for start, end in sorted(intervals):
        days += max(0, (end - max(start, reached)).days)
        reached = max(reached, end)
    return days


def _length(interval: Interval) -> int:
    return (interval[1] - interval[0]).days


def _table(rows: list[tuple[dt.date, dt.date, dt.date, float]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")
