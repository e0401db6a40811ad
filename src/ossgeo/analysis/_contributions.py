"""The values of single models, organizations or namespaces within a group, from one measurement."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.method import Method
from ossgeo._core.text import period_of
from ossgeo.analysis._panel_subset import observations_for
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._pipeline import require_panel
from ossgeo.shares._protocol import looks_beyond

Unit = Literal["model", "organization", "namespace"]
"""What can be taken out or looked at one by one."""


def values_at(
    panel: Panel, by: Unit, choices: dict[str, Any], period: dt.date | str | None
) -> tuple[dt.date, pl.DataFrame, Method]:
    """Do :func:`values_of` for one period, from the observations that it needs.

    Args:
        panel: The panel.
        by: The unit.
        choices: Choices of ``measure``.
        period: The period; the latest one where absent.

    Returns:
        The period, its rows, and the method.

    Raises:
        InvalidArgumentError: There is no such period, or the choices do not fit.
    """
    require_panel(panel)
    day = day_of(period, what="period") if period is not None else panel.periods[-1] if panel.periods else None
    if looks_beyond(resolve_calculator(choices.get("calculator", "downloads"))):
        part = panel
    elif choices.get("every") is not None or choices.get("method") is not None or day not in panel.periods:
        part = panel  # its periods are not those of the panel
    else:
        part = observations_for(panel, day, windows=[choices.get("window")], cleanings=[choices.get("cleaning")])
    rows, method = values_of(part, by, choices)
    found = period_of(rows, period)
    return found, rows.filter(pl.col("period") == found), attrs.evolve(method, panel=panel.fingerprint)


def values_of(panel: Panel, by: Unit, choices: dict[str, Any]) -> tuple[pl.DataFrame, Method]:
    """Measure a panel once, by group and unit.

    Args:
        panel: The panel.
        by: The unit.
        choices: Choices of ``measure``; its own ``by`` is the group, and is one key.

    Returns:
        period, group, unit, value, counted (whether the row is in the denominator); and the method.

    Raises:
        InvalidArgumentError: The choices do not fit.
    """
    rest = dict(choices)
    group = rest.pop("by", "country")
    if isinstance(group, tuple) or group == by:
        raise InvalidArgumentError(f"by={group!r}: groups are looked at by one key other than {by!r}")
    if by not in ("model", "organization", "namespace"):
        raise InvalidArgumentError(f"by={by!r} is neither 'model', 'organization' nor 'namespace'")
    if rest.get("counting", "fractional") == "full":
        raise InvalidArgumentError("full counting counts a model several times; use fractional or primary")
    table = measure(panel, by=(group, by), **rest)
    counted = ~pl.col("group").is_in(STATUSES) if table.method.denominator == "attributed" else pl.lit(True)
    rows = table.to_polars().select("period", "value", group=table.keys[0], unit=by).with_columns(counted=counted)
    return rows.filter(pl.col("value").is_not_null()).select(
        "period", "group", "unit", "value", "counted"
    ), table.method
