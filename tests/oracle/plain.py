"""Flows, windows and age caps in plain Python: dictionaries and fractions, without code of the library."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

Counts = Mapping[tuple[str, dt.date], int]
Interval = tuple[dt.date, dt.date]
Flow = tuple[str, dt.date, dt.date, Fraction]
"""Model, start (excluded), end (included), volume."""


def days(length: int) -> dt.timedelta:
    return dt.timedelta(days=length)


def trailing_flows(counts: Counts) -> list[Flow]:
    """Every observation is the flow of the 30 days before it."""
    return [(model, day - days(30), day, Fraction(count)) for (model, day), count in counts.items()]


def cumulative_flows(counts: Counts, born: Mapping[str, dt.date | None]) -> tuple[list[Flow], dict[str, int]]:
    """The rise of the running maximum between consecutive observations of a model; and what is not a flow.

    A model that was created after the snapshot before its first observation, up to the day of the observation, starts from
    0. The first count of any other model is a base.
    """
    snapshots = sorted({day for _, day in counts})
    observed: dict[str, list[dt.date]] = defaultdict(list)
    for model, day in sorted(counts):
        observed[model].append(day)
    flows: list[Flow] = []
    aside = {"first_count_is_base": 0, "counter_fell": 0, "counter_recovered": 0}
    for model, seen in observed.items():
        first = seen[0]
        earlier = [day for day in snapshots if day < first]
        birth = born.get(model)
        top = counts[model, first]
        if birth is not None and earlier and earlier[-1] <= birth <= first:
            flows.append((model, earlier[-1], first, Fraction(top)))
        else:
            aside["first_count_is_base"] += top
        for before, day in itertools.pairwise(seen):
            count = counts[model, day]
            aside["counter_fell"] += max(counts[model, before] - count, 0)
            aside["counter_recovered"] += max(min(count, top) - counts[model, before], 0)
            flows.append((model, before, day, Fraction(max(count - top, 0))))
            top = max(top, count)
    return flows, aside


def capped(flows: Sequence[Flow], born: Mapping[str, dt.date | None], cap: int) -> list[Flow]:
    """The days of each flow before the model's creation + cap, of its days since the creation."""
    found = []
    for model, start, end, volume in flows:
        birth = born.get(model)
        if birth is None or birth > end:
            continue
        first = max(start, birth - days(1))
        last = min(end, birth + days(cap - 1))
        young = max((last - first).days, 0)
        found.append((model, start, end, volume * Fraction(young, (end - first).days)))
    return found


def by_period(flows: Sequence[Flow]) -> dict[tuple[dt.date, str], Fraction]:
    """The flows of each model within each interval between consecutive snapshots, by days, under the end of the interval."""
    ends = sorted({day for _, start, end, _ in flows for day in (start, end)})
    return windows(flows, [(start, end) for start, end in itertools.pairwise(ends)])


def windows(flows: Sequence[Flow], intervals: Sequence[Interval]) -> dict[tuple[dt.date, str], Fraction]:
    """The part of the flows within each interval, by days of overlap, under the end of the interval."""
    found: dict[tuple[dt.date, str], Fraction] = defaultdict(Fraction)
    for first, last in intervals:
        for model, start, end, volume in flows:
            overlap = (min(end, last) - max(start, first)).days
            if overlap > 0:
                found[last, model] += volume * Fraction(overlap, (end - start).days)
    return found
