"""The values of single units (models, organizations, ...) within groups, from one measurement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.method import Method
from ossgeo._core.text import period_of
from ossgeo.analysis._panel_subset import observations_for
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.registry._groups import GroupScheme
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._grouping import STATUSES, resolve
from ossgeo.shares._measure import measure
from ossgeo.shares._options import INPUTS, OPTIONS, MeasureOptionsDict, require_options
from ossgeo.shares._pipeline import require_panel
from ossgeo.shares._protocol import needs_whole_panel

Unit = str | GroupScheme
"""What is left out, drawn or credited: ``model``, ``organization``, ``namespace``, or any other single key of a table."""

SEPARATOR = " x "
"""Between the parts of a group of several keys."""


def unit_name(unit: Unit) -> str:
    """Return the name of a unit."""
    return unit.name if isinstance(unit, GroupScheme) else unit


def values_at(
    panel: Panel,
    unit: Unit,
    options: MeasureOptionsDict,
    period: dt.date | str | None,
    *,
    function: Callable[..., object],
) -> tuple[dt.date, pl.DataFrame, Method]:
    """Return :func:`values_of` for one period, from the observations that the period needs.

    Args:
        panel: The panel.
        unit: The unit.
        options: Options of ``measure``.
        period: The period; by default the latest one.
        function: The function that the user called, for errors.

    Returns:
        The period, its rows, and the method.

    Raises:
        InvalidArgumentError: The panel does not have the period, or the options do not fit.
    """
    require_panel(panel)
    day = day_of(period, what="period") if period is not None else panel.periods[-1] if panel.periods else None
    calculator = resolve_calculator(options.get("calculator") or "downloads")
    if needs_whole_panel(calculator) or options.get("every") is not None or day not in panel.periods:
        part = panel  # the calculator needs the whole panel, or the periods are not those of the panel
    else:
        part = observations_for(panel, day, windows=[options.get("window")], cleanings=[options.get("cleaning")])
    rows, method = values_of(part, unit, options, function=function)
    found = period_of(rows, period)
    return found, rows.filter(pl.col("period") == found), attrs.evolve(method, panel=panel.fingerprint)


def values_of(
    panel: Panel, unit: Unit, options: MeasureOptionsDict, *, function: Callable[..., object]
) -> tuple[pl.DataFrame, Method]:
    """Measure a panel once, by group and unit.

    Args:
        panel: The panel.
        unit: The unit.
        options: Options of ``measure``; ``by`` is the group.
        function: The function that the user called, for errors.

    Returns:
        period, group (the keys, joined by `` x ``), unit, value, counted (whether the row is in the denominator), observed
        (the part of the period's days) and complete (whether it is large enough, see
        :attr:`ossgeo.ShareTable.complete_periods`); and the method of the shares by group. A window that was not observed
        has no rows.

    Raises:
        InvalidArgumentError: The options do not fit.
    """
    require_panel(panel)
    require_options(function, options, allowed=(*OPTIONS, *INPUTS))
    if not isinstance(unit, str | GroupScheme):
        raise InvalidArgumentError(f"unit must be one key, got {unit!r}; for example unit='organization'")
    if options.get("counting") == "full":
        raise InvalidArgumentError(
            "counting must be 'fractional' or 'primary', got 'full', which counts a model several times"
        )
    rest: dict[str, Any] = {name: value for name, value in options.items() if name != "by"}
    groups = resolve(options.get("by", "country"), panel.dimensions)
    (one,) = resolve(unit, panel.dimensions, what="unit")
    keys = [key.scheme or key.name for key in groups]
    inside = one.name in {key.name for key in groups}
    table = measure(panel, by=tuple(keys if inside else [*keys, one.scheme or one.name]), **rest)
    names = [key.name for key in groups]
    attributed = table.method.denominator == "attributed"
    known = ~pl.any_horizontal(pl.col(name).is_in(STATUSES) for name in names) if attributed else pl.lit(True)
    rows = table.to_polars().filter(pl.col("value").is_not_null())
    group = pl.concat_str(names, separator=SEPARATOR)
    complete = pl.col("period").is_in(list(table.complete_periods))
    shown = rows.select(
        "period",
        "observed",
        group=group,
        unit=pl.col(one.name),
        value=pl.col("value"),
        counted=known,
        complete=complete,
    )
    method = attrs.evolve(table.method, by=tuple(names), choices={**table.method.choices, "by": tuple(keys)})
    return shown, method
