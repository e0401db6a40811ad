"""Reading of layout 1: a wide Parquet file with text ids for each snapshot, and one table of models. It is not written."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo.errors import StoreError
from ossgeo.sources._hub.parsing import SCHEMA

_SNAPSHOT: Final = re.compile(r"date=(\d{4}-\d{2}-\d{2})/(\d{8}T\d{12})Z(?:-[1-9]\d{0,5})?\.parquet")
_MODELS: Final = re.compile(r"models-[0-9a-f]{32}\.parquet")
_KEYS: Final = frozenset({"layout", "models", "models_sha256", "snapshots"})


def may_be_unsigned(raw: Mapping[str, Any]) -> bool:
    """Return whether a manifest has only what the first manifests had, which had no SHA-256 of themselves.

    Args:
        raw: The content.
    """
    return set(raw) <= _KEYS


def entry_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a snapshot in today's words; the first manifests called issues hazards.

    Args:
        raw: The entry.
    """
    return {"issues" if name == "hazards" else name: value for name, value in raw.items()}


def wrong_names(snapshots: Iterable[tuple[str, dt.datetime]], models: str) -> list[str]:
    """Return the names that are not those of files of layout 1.

    Args:
        snapshots: Name and time of each snapshot.
        models: The name of the table of models; empty for none.
    """
    wrong = [name for name, observed_at in snapshots if _instant_of(name) != observed_at]
    return wrong if not models or _MODELS.fullmatch(models) else [*wrong, models]


def files(folder: Path) -> list[Path]:
    """Return the snapshots, marks of removal and tables of models of layout 1 in a folder.

    Args:
        folder: The store.
    """
    dated = [
        file
        for file in folder.glob("date=*/*")
        if _instant_of(f"{file.parent.name}/{file.name.removesuffix('.removed')}")
    ]
    return [*dated, *(file for file in folder.glob("models-*") if _MODELS.fullmatch(file.name))]


def _instant_of(name: str) -> dt.datetime | None:
    found = _SNAPSHOT.fullmatch(name)
    try:
        instant = None if found is None else dt.datetime.strptime(found[2], "%Y%m%dT%H%M%S%f").replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return instant if instant is not None and found is not None and found[1] == instant.date().isoformat() else None


def scan_snapshots(paths: Sequence[Path]) -> pl.LazyFrame:
    """Scan snapshots whose columns may differ: every column of the schema that any of them has.

    Args:
        paths: The snapshots.

    Raises:
        StoreError: A file cannot be read.
    """
    names: set[str] = set()
    for file in paths:
        try:
            names.update(pl.scan_parquet(file, glob=False, hive_partitioning=False).collect_schema().names())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"{file} cannot be read: {error}; restore it from a backup") from error
    kinds = {name: kind for name, kind in SCHEMA.items() if name in names}
    return pl.scan_parquet(
        list(paths), schema=kinds, missing_columns="insert", extra_columns="ignore", glob=False, hive_partitioning=False
    )


def models_of(paths: Sequence[Path]) -> pl.LazyFrame:
    """Return one row for each model: model_id, and the latest known value of each column.

    Args:
        paths: The snapshots, by time.
    """
    rows = scan_snapshots(paths)
    names = _facts(rows)
    return rows.group_by("model_id").agg(pl.col(names).last(ignore_nulls=True))


def facts_of(paths: Sequence[Path], ids: Sequence[str]) -> pl.DataFrame:
    """Return the facts of some models with their validity; see ``SnapshotStore.facts``.

    Args:
        paths: The snapshots, by time.
        ids: The models.
    """
    scan = scan_snapshots(paths)
    names = _facts(scan)
    rows = scan.filter(pl.col("model_id").is_in(list(ids))).select("model_id", "observed_at", *names).collect()
    known = rows.sort("model_id", "observed_at").with_columns(pl.col(names).forward_fill().over("model_id"))
    changes = [pl.col(name).ne_missing(pl.col(name).shift().over("model_id")) for name in names]
    kept = known.filter(pl.any_horizontal(pl.col("model_id").is_first_distinct(), *changes))
    since = pl.col("observed_at").dt.date()
    dated = kept.with_columns(since=since, until=since.shift(-1).over("model_id"))
    return dated.select("model_id", "since", "until", *names)


def rows_of(paths: Sequence[Path], counter: str) -> pl.LazyFrame:
    """Return the rows of a panel.

    Args:
        paths: The snapshots, by time.
        counter: The counter.
    """
    rows = scan_snapshots(paths).select("model_id", counter, "observed_at", period=pl.col("observed_at").dt.date())
    return rows.filter(pl.col(counter).is_not_null())


def _facts(rows: pl.LazyFrame) -> list[str]:
    return [name for name in rows.collect_schema().names() if name not in ("model_id", "observed_at", *COUNTERS)]
