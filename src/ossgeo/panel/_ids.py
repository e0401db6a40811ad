"""The distinct ids and namespaces of a panel's rows, found without holding all rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines

ROWS_AT_ONCE: Final = 5_000_000
"""Ids are compared in groups of periods of up to this many rows, so that memory depends on one snapshot only."""


def period_ranges(sizes: Mapping[dt.date, int]) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield ranges of consecutive periods of up to :data:`ROWS_AT_ONCE` rows, or of a single period.

    Args:
        sizes: Number of rows of each period.
    """
    held: list[dt.date] = []
    number = 0
    for period in sorted(sizes):
        if held and number + sizes[period] > ROWS_AT_ONCE:
            yield held[0], held[-1]
            held, number = [], 0
        held.append(period)
        number += sizes[period]
    if held:
        yield held[0], held[-1]


def distinct_ids(rows: nw.LazyFrame[Any], sizes: Mapping[dt.date, int], known: pl.DataFrame) -> pl.DataFrame:
    """Return the ids of rows that are not known yet, one range of periods after the other.

    Args:
        rows: The panel's rows.
        sizes: Number of rows of each period; rows without a date are looked at last.
        known: A table with model_id.

    Returns:
        model_id, each once, null included if rows have no id; known ids are left out.
    """
    known = known.select("model_id")
    first = known.height
    parts = [nw.col("period").is_between(nw.lit(low), nw.lit(high)) for low, high in period_ranges(sizes)]
    for part in (*parts, nw.col("period").is_null()):
        ids = rows.filter(part).select("model_id")
        native = ids.to_native()
        if isinstance(native, pl.LazyFrame):
            fresh = native.join(known.lazy(), on="model_id", how="anti", nulls_equal=True).unique()
            found = fresh.collect(engine="streaming")
        else:
            found = engines.collect(ids.unique()).join(known, on="model_id", how="anti", nulls_equal=True)
        known = pl.concat([known, found])
    return known.slice(first)


def distinct_namespaces(rows: nw.LazyFrame[Any]) -> pl.DataFrame:
    """Return the distinct namespaces of the ids of rows.

    Args:
        rows: The panel's rows.

    Returns:
        A models table, sorted: model_id, which is ``Qwen/`` for all models of a namespace, and namespace; null first if rows
        have no id.
    """
    found = engines.collect(engines.with_namespaces(rows.select("model_id")).unique())
    return as_models(found["model_id"])


def as_models(cut: pl.Series) -> pl.DataFrame:
    """Return a models table in which each namespace is one model; see ``ossgeo._core.engines.with_namespaces``."""
    return pl.DataFrame({"model_id": cut, "namespace": cut.str.strip_suffix("/")}).sort("model_id")
