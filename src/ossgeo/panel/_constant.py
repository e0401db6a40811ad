"""Constant panels: the models whose group is present in every period of a range."""

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

_GROUPS = ("organization", "namespace", "model")


def constant_groups(
    rows: nw.LazyFrame[Any], models: pl.LazyFrame, by: str, periods: Sequence[dt.date], registry: Registry | None
) -> pl.DataFrame:
    """Return the models of the groups that are present in every period.

    Args:
        rows: The rows of a panel.
        models: Its models table.
        by: ``organization``, ``namespace`` or ``model``.
        periods: Consecutive periods of the panel.
        registry: The registry; by default the bundled one.

    Returns:
        model_id, group, start, end: the models and the half-open intervals in which they belong to a constant group.

    Raises:
        InvalidArgumentError: ``by`` is something else, or no group is present in every period.
    """
    groups = _groups_of_models(models, by, registry)
    within = rows.filter(nw.col("period").is_between(nw.lit(periods[0]), nw.lit(periods[-1])))
    dated = within_validity(within.join(engines.send(groups, within), on="model_id"))
    present = engines.collect(dated.select("group", "period").unique()).group_by("group").len()
    constant = present.filter(pl.col("len") == len(periods)).select("group")
    if not constant.height:
        raise InvalidArgumentError(
            f"no {by} is present in all {len(periods)} periods of {periods[0]} .. {periods[-1]}; choose a shorter range"
        )
    return groups.join(constant, on="group")


def within_validity(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Keep the rows whose period lies in their half-open interval [start, end)."""
    return rows.filter((nw.col("start") <= nw.col("period")) & (nw.col("period") < nw.col("end")))


def _groups_of_models(models: pl.LazyFrame, by: str, registry: Registry | None) -> pl.DataFrame:
    """Return the groups of each model with their validity: model_id, group, start, end."""
    if by not in _GROUPS:
        raise InvalidArgumentError(f"by must be one of {', '.join(map(repr, _GROUPS))}, got {by!r}")
    seats = namespace_seats(registry or Registry.default()).select("namespace", "start", "end", "organization").unique()
    if by != "organization":
        seats = seats.clear()
    found = models.select("model_id", "namespace").collect().join(seats, on="namespace", how="left")
    group = pl.col("model_id") if by == "model" else pl.coalesce("organization", "namespace")
    start, end = pl.col("start").fill_null(BEGINNING), pl.col("end").fill_null(END)
    return found.select("model_id", group=group, start=start, end=end)
