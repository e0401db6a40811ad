"""Residual rows: the part of each total that the rows do not break down, stated or, for counters of unit ``share``, computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo.errors import Fault, PanelError

SHARE: Final = "share"
"""The unit of counts that are parts of a total of 1."""

RESIDUAL: Final = "other"
_ROUNDING: Final = 1e-6
_SHOWN: Final = 5


def absent_residuals(rows: nw.LazyFrame[Any], residual: Sequence[str]) -> list[str]:
    """Return a note on each id of residual rows that no row has, such as a misspelled one.

    Args:
        rows: The rows of a panel.
        residual: The ids of residual rows that the caller named.
    """
    if not residual:
        return []
    named = rows.filter(nw.col("model_id").is_in(list(residual))).select("model_id").unique()
    found = engines.collect(named)["model_id"].to_list()
    return [f"no row has the id {one!r} of residual=" for one in residual if one not in found]


def with_remainder(
    rows: nw.LazyFrame[Any], counter: Counter, dimensions: Sequence[str], residual: tuple[str, ...], place: str
) -> tuple[nw.LazyFrame[Any], tuple[str, ...]]:
    """Return rows whose shares sum to 1 in each period, and the ids of residual rows.

    Args:
        rows: The rows of a panel.
        counter: Its counter; rows of another unit are returned as they are.
        dimensions: Further columns; the shares of each combination of their values sum to 1.
        residual: The ids of residual rows that the source has.
        place: The source, for messages.

    Raises:
        PanelError: The shares of a period sum to more than 1.
    """
    if counter.unit != SHARE:
        return rows, residual
    column = counter.column
    names = rows.collect_schema().names()
    keys = [name for name in ("period", "since", *dimensions) if name in names]
    sums = engines.collect(rows.group_by(*keys).agg(nw.col(column).sum())).sort(keys)
    above = sums.filter(pl.col(column) > 1 + _ROUNDING)
    if above.height:
        remedy = "correct the shares; divide percentages by 100"
        faults = [
            Fault(f"{place}, period {row['period']}", f"its shares sum to {row[column]:g}, more than 1", remedy)
            for row in above.head(_SHOWN).iter_rows(named=True)
        ]
        raise PanelError(f"{place} cannot be used", faults)
    rest = sums.filter(pl.col(column) < 1 - _ROUNDING).with_columns(
        (1 - pl.col(column)).alias(column), model_id=pl.lit(RESIDUAL)
    )
    if not rest.height:
        return rows, residual
    if residual:
        raise PanelError.of(place, "has residual rows, and shares that sum to less than 1", "leave residual= out")
    kept = ["model_id", *keys, column]
    return engines.concat([rows.select(*kept), engines.send(rest.select(kept), rows)]), (RESIDUAL,)
