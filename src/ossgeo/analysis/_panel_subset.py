"""The observations that a period needs; the others are not read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw

from ossgeo._core.dates import days_of
from ossgeo._core.method import Cleaning
from ossgeo.panel._panel import Panel
from ossgeo.panel._steps import dipped_totals
from ossgeo.shares._resampling import thinned


def observations_for(
    panel: Panel, day: dt.date, *, windows: Sequence[Any] = (), cleanings: Sequence[Cleaning | None] = ()
) -> Panel:
    """Return a panel with the observations that one of its own periods needs.

    Args:
        panel: The panel.
        day: The period.
        windows: The windows over which it is measured.
        cleanings: The policies under which it is measured.

    Returns:
        The period, earlier observations if differences need them, and those that the longest window sums; measured at
        the period the panel gives the same result as the whole one. Its models are collected once.
    """
    reach = max((days_of(window, what="window") or 0 for window in windows), default=0)
    length = panel.counter.days or 0
    earliest = day - dt.timedelta(days=reach + 3 * length)
    before = [one for one in panel.periods if one < day]
    within = [one for one in panel.periods if earliest <= one <= day]
    stale = any(cleaning is not None and cleaning.stale == "drop" for cleaning in cleanings)
    dipped = dipped_totals(panel._counts().drop_nulls("period").select("period", "total").iter_rows())
    if (day in dipped and panel.counter.kind == "trailing") or any(
        cleaning is not None and cleaning.dips == "drop" for cleaning in cleanings
    ):
        return panel  # a dip depends on the observations after it
    if stale or not length:
        kept = [*before, day]  # a stale observation repeats the one before; a flow depends on the maximum of all before
    elif not reach:
        kept = [day]
    elif panel.counter.kind == "interval":
        kept = within
    else:
        kept = sorted({within[0], *thinned(within, day, dipped, length=length)})
    rows = panel.rows.filter(nw.col("period").is_in(kept))
    models = panel.models.collect(engine="streaming").lazy()
    return panel._part(rows, models, f"{kept[0]}..{day}")
