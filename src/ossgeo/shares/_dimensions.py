"""Dimensions: columns of a panel's rows, such as the user's country, as keys and filters of a table.

They pass through the aggregate as keys. Afterwards each combination of a group of models and values of the dimensions becomes
a group of its own; only small tables are used.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import polars as pl

from ossgeo.panel._filters import KEPT, Where, decide
from ossgeo.registry._countries import Country
from ossgeo.shares._aggregates import coded
from ossgeo.shares._grouping import ATTRIBUTED, STATUSES, Key
from ossgeo.shares._model_groups import GROUP

_COUNTRY: Final = "country"


def dimensions_used(keys: Sequence[Key], where: Where | None, dimensions: Collection[str]) -> tuple[str, ...]:
    """Return the dimensions that the keys or the filter name."""
    names = {key.name for key in keys if key.dimension} | ({*where} if isinstance(where, Mapping) else set())
    return tuple(name for name in dimensions if name in names)


def with_dimensions(
    rows: pl.DataFrame, groups: pl.DataFrame, keys: Sequence[Key], where: Where | None, used: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return an aggregate whose groups are those of models, split by dimensions.

    Args:
        rows: One row for each interval, group, event and value of the dimensions: since, period, group, event, the
            dimensions, value.
        groups: One row for each group of models: group, the keys of models, status, basis, fraction, outside.
        keys: The keys of the table.
        where: The filter; its conditions on dimensions apply here.
        used: The dimensions in the rows.

    Returns:
        The rows (since, period, group, event, value) and the groups, with every key.

    Raises:
        InvalidArgumentError: A value of the filter does not occur.
    """
    names = [key.name for key in keys]
    values = rows.select(used).unique().sort(used)
    verdict = decide(values, {name: _codes(name, where[name]) for name in used if name in where} or None) if isinstance(where, Mapping) else None  # fmt: skip
    places = [key.name for key in keys if key.dimension and key.name.endswith(_COUNTRY)]
    statuses = [pl.when(pl.col(name).is_in(STATUSES)).then(name) for name in places]
    values = values.with_columns(
        _verdict=pl.lit(KEPT) if verdict is None else verdict, _status=pl.coalesce(*statuses, pl.lit(None, pl.String))
    )
    cells = rows.select(GROUP, *used).unique().join(groups, on=GROUP).join(values, on=used)
    inside = pl.col("outside").is_null() & (pl.col("_verdict") == KEPT)
    attributed = pl.col("status") == ATTRIBUTED
    cells = cells.with_columns(
        outside=pl.coalesce("outside", pl.when(pl.col("_verdict") != KEPT).then("_verdict")),
        status=pl.when(attributed).then(pl.coalesce("_status", "status")).otherwise("status"),
    )
    cells = cells.with_columns(
        *(pl.when(inside).then(name).alias(f"_{name}") for name in (*names, "status", "basis")),
        fraction=pl.when(inside).then("fraction").otherwise(1.0),
    )
    split = (*names, "status", "basis")
    whole = (pl.col(f"_{name}").alias(name) for name in split)
    old = cells.select(GROUP, *used, pl.struct(*whole, "fraction", "outside").alias("_cell"))
    made = coded(old.select(pl.col("_cell").struct.unnest()), names)
    code = made.select(pl.struct(*split, "fraction", "outside").alias("_cell"), code=GROUP)
    codes = old.select(GROUP, *used, "_cell").join(code, on="_cell", nulls_equal=True).select(GROUP, *used, "code")
    moved = rows.join(codes, on=[GROUP, *used], maintain_order="left")
    same = ["since", "period", GROUP, "event"]
    summed = moved.with_columns(pl.col("code").alias(GROUP)).group_by(same, maintain_order=True)
    return summed.agg(pl.col("value").sum()), made


def _codes(name: str, value: Any) -> Any:
    """Return the values of a filter on a country as codes."""
    if not name.endswith(_COUNTRY):
        return value
    if isinstance(value, str):
        return value if value in STATUSES else str(Country.parse(value))
    return [_codes(name, one) for one in value] if isinstance(value, Collection) else value
