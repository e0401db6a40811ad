"""The intervals of counts: their first days become the column ``since``, and are checked against the counter's length."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo.errors import Fault
from ossgeo.panel._age_cap import day_number
from ossgeo.sources._files.columns import START
from ossgeo.sources._files.normalization import FAULTS_A_COLUMN


def with_since(frame: nw.LazyFrame[Any], counter: Counter, place: str, faults: list[Fault]) -> nw.LazyFrame[Any]:
    """Replace ``start``, the first day of each interval, by ``since``, the day before it.

    Without ``period`` the last day follows from the counter's length. Intervals of the counter's length need no ``since``.

    Args:
        frame: Has ``start`` and, optionally, ``period``, the last day.
        counter: The counter.
        place: The source and column, for messages.
        faults: Receives intervals without a first day, that end before they start, or of another length than the counter.
    """
    if "period" not in frame.collect_schema().names():
        end = nw.col(START).dt.offset_by(f"{(counter.days or 1) - 1}d").cast(nw.Date)
        return frame.with_columns(period=end).drop(START)
    length = day_number("period") - day_number(START) + 1
    right = length >= 1 if counter.days is None else length == counter.days
    wrong = engines.collect(frame.filter(~right).select(START, "period").unique().head(FAULTS_A_COLUMN))
    for start, end in sorted(wrong.iter_rows()):
        days = (end - start).days + 1
        if days < 1:
            faults.append(Fault(place, f"an interval starts on {start} and ends on {end}", "correct the dates"))
        else:
            remedy = "leave days= out to take each interval's own length"
            faults.append(Fault(place, f"{start} to {end} is {days} days, not {counter.days}", remedy))
    if counter.days is not None:
        return frame.drop(START)
    if without := int(engines.collect(frame.filter(nw.col(START).is_null()).select(nw.len()))[:, 0].item()):
        faults.append(Fault(place, f"has no date in {without:,} row(s)", "give the first day of each interval"))
    return frame.with_columns(since=nw.col(START).dt.offset_by("-1d").cast(nw.Date)).drop(START)
