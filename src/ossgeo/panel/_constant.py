"""Constant panels: the models whose unit is present in every period of a range."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END
from ossgeo.errors import InvalidArgumentError
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._registry import Registry

_UNITS = ("organization", "namespace", "model")


def constant_units(
    rows: nw.LazyFrame[Any], models: pl.LazyFrame, unit: str, periods: Sequence[dt.date], registry: Registry | None
) -> pl.DataFrame:
    """Return the models of the units that are present in every period.

    Args:
        rows: The rows of a panel.
        models: Its models table.
        unit: ``organization``, ``namespace`` or ``model``.
        periods: Consecutive periods of the panel.
        registry: The registry; by default the bundled one.

    Returns:
        model_id, unit, start, end: the models and the half-open intervals in which they belong to a constant unit.

    Raises:
        InvalidArgumentError: ``unit`` is something else, or no unit is present in every period.
    """
    units = _units_of_models(models, unit, registry)
    within = rows.filter(nw.col("period").is_between(nw.lit(periods[0]), nw.lit(periods[-1])))
    dated = within_validity(within.join(engines.send(units, within), on="model_id"))
    present = engines.collect(dated.select("unit", "period").unique()).group_by("unit").len()
    constant = present.filter(pl.col("len") == len(periods)).select("unit")
    if not constant.height:
        raise InvalidArgumentError(
            f"no {unit} is present in all {len(periods)} periods of {periods[0]} .. {periods[-1]}; choose a shorter range"
        )
    return units.join(constant, on="unit")


def within_validity(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep the rows whose period lies in their half-open interval [start, end)."""
    return rows.filter((nw.col("start") <= nw.col("period")) & (nw.col("period") < nw.col("end")))


def _units_of_models(models: pl.LazyFrame, unit: str, registry: Registry | None) -> pl.DataFrame:
    """Return the unit of each model with their validity: model_id, unit, start, end."""
    if unit not in _UNITS:
        raise InvalidArgumentError(f"unit must be one of {', '.join(map(repr, _UNITS))}, got {unit!r}")
    seats = namespace_seats(registry or Registry.default()).select("namespace", "start", "end", "organization").unique()
    if unit != "organization":
        seats = seats.clear()
    found = models.select("model_id", "namespace").collect().join(seats, on="namespace", how="left")
    name = pl.col("model_id") if unit == "model" else pl.coalesce("organization", "namespace")
    start, end = pl.col("start").fill_null(BEGINNING), pl.col("end").fill_null(END)
    return found.select("model_id", unit=name, start=start, end=end)
