"""Facts about models with their validity: those of a day, and the days on which they changed."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Collection
from pathlib import Path

import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.schema import COUNTERS
from ossgeo.errors import InvalidArgumentError, StoreError
from ossgeo.sources._store.layout import inside
from ossgeo.sources._store.manifest import Manifest, Snapshot, read_manifest
from ossgeo.sources._store.models import scan_snapshots, write_models
from ossgeo.sources._store.reading import faults_of

_NOT_FACTS = ("model_id", "observed_at", *COUNTERS)


def models_on(folder: Path, on: dt.date | str | None) -> pl.DataFrame:
    """Return the facts that were known at the end of a day; see ``SnapshotStore.models``.

    Args:
        folder: The store.
        on: The day; None for the latest.
    """
    manifest = read_manifest(folder)
    day = None if on is None else day_of(on, what="on")
    chosen = _undamaged(folder, manifest, [one for one in manifest.used if day is None or one.date <= day])
    if not chosen:
        raise StoreError(f"{folder} has no snapshot on or before {day}" if day else f"{folder} has no snapshot")
    if chosen == list(manifest.used):
        return pl.read_parquet(inside(folder, manifest.models.name), glob=False)
    with tempfile.TemporaryDirectory(prefix="ossgeo-") as scratch:
        write_models([inside(folder, one.file) for one in chosen], Path(scratch) / "models.parquet")
        return pl.read_parquet(Path(scratch) / "models.parquet", memory_map=False)


def facts_of(folder: Path, model_ids: Collection[str]) -> pl.DataFrame:
    """Return the facts of some models with their validity; see ``SnapshotStore.facts``.

    Args:
        folder: The store.
        model_ids: The models.
    """
    if isinstance(model_ids, str) or not model_ids or not all(isinstance(one, str) for one in model_ids):
        raise InvalidArgumentError(f"model_ids must be a list of ids such as ['Qwen/Qwen3-8B'], got {model_ids!r}")
    manifest = read_manifest(folder)
    chosen = _undamaged(folder, manifest, list(manifest.used))
    if not chosen:
        raise StoreError(f"{folder} has no snapshot")
    scan = scan_snapshots([inside(folder, one.file) for one in chosen])
    names = [name for name in scan.collect_schema().names() if name not in _NOT_FACTS]
    rows = scan.filter(pl.col("model_id").is_in(list(model_ids))).select("model_id", "observed_at", *names).collect()
    known = rows.sort("model_id", "observed_at").with_columns(pl.col(names).forward_fill().over("model_id"))
    changes = [pl.col(name).ne_missing(pl.col(name).shift().over("model_id")) for name in names]
    kept = known.filter(pl.any_horizontal(pl.col("model_id").is_first_distinct(), *changes))
    since = pl.col("observed_at").dt.date()
    dated = kept.with_columns(since=since, until=since.shift(-1).over("model_id"))
    return dated.select("model_id", "since", "until", *names)


def _undamaged(folder: Path, manifest: Manifest, chosen: list[Snapshot]) -> list[Snapshot]:
    """Return snapshots that were compared with their SHA-256.

    Raises:
        StoreError: A file is missing or was changed.
    """
    if faults := faults_of(folder, chosen, manifest):
        raise StoreError(f"{folder}: {'; '.join(map(str, faults))}")
    return chosen
