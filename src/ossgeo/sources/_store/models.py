"""The table of models of a store: for every model ever observed, the latest known value of each column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo.errors import StoreError
from ossgeo.sources._hub.parsing import SCHEMA
from ossgeo.sources._store.layout import sync, temporary

_ROW_GROUP: Final = 100_000
_BUCKET: Final = 100_000
"""Models that are joined at a time. A collect of 600,000 models peaks at 370 to 390 MB; with 250,000 at a time at 450 MB."""


def scan_snapshots(files: Sequence[Path]) -> pl.LazyFrame:
    """Scan snapshots whose columns may differ: every column of the schema that any of them has.

    Args:
        files: The snapshots, or tables of models.

    Raises:
        StoreError: A file cannot be read.
    """
    names: set[str] = set()
    for file in files:
        try:
            names.update(pl.scan_parquet(file, glob=False, hive_partitioning=False).collect_schema().names())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(
                f"{file} cannot be read: {error}; restore it from a backup, verify() lists other damage"
            ) from error
    kinds = {name: kind for name, kind in SCHEMA.items() if name in names}
    return pl.scan_parquet(
        list(files), schema=kinds, missing_columns="insert", extra_columns="ignore", glob=False, hive_partitioning=False
    )


def write_models(sources: Sequence[Path], target: Path) -> None:
    """Write, for every model, the latest known value of each column.

    Args:
        sources: Tables with one row for each model, by time: an earlier table of models, then snapshots.
        target: The file to write.
    """
    if len(sources) == 1:
        _facts(sources[0]).sink_parquet(target, compression="zstd", row_group_size=_ROW_GROUP)
    merged = sources[0]
    for number, later in enumerate(sources[1:], 2):
        step = target if number == len(sources) else temporary(target)
        _merge(merged, later, step)
        if merged not in sources:
            merged.unlink()
        merged = step
    sync(target)


def _facts(file: Path) -> pl.LazyFrame:
    """Scan what a table states of models, without counters."""
    scan = scan_snapshots([file])
    return scan.select(name for name in scan.collect_schema().names() if name not in (*COUNTERS, "observed_at"))


def _merge(earlier: Path, later: Path, target: Path) -> None:
    """Write the models of two tables: each column has the later value, or the earlier one if the later is null."""
    tables = [_facts(file) for file in (earlier, later)]
    rows = sum(int(table.select(pl.len()).collect().item()) for table in tables)
    buckets = -(-rows // (2 * _BUCKET)) or 1
    parts = [target] if buckets == 1 else [temporary(target) for _ in range(buckets)]
    try:
        for bucket, part in enumerate(parts):
            within = pl.col("model_id").hash() % buckets == bucket
            both = tables if buckets == 1 else [table.filter(within) for table in tables]
            _joined(both[0], both[1]).sink_parquet(part, compression="zstd")
        if buckets > 1:
            pl.scan_parquet(parts, glob=False).sink_parquet(target, compression="zstd", row_group_size=_ROW_GROUP)
    finally:
        for part in parts:
            if part != target:
                part.unlink(missing_ok=True)


def _joined(earlier: pl.LazyFrame, later: pl.LazyFrame) -> pl.LazyFrame:
    before, after = (table.collect_schema().names() for table in (earlier, later))
    joined = earlier.join(later, on="model_id", how="full", coalesce=True, suffix="_later")
    both = [name for name in before if name in after and name != "model_id"]
    names = [name for name in SCHEMA if name in {*before, *after}]
    return joined.with_columns(pl.coalesce(f"{name}_later", name).alias(name) for name in both).select(names)
