"""The dictionary of a store: one integer key for each model, in append-only parts."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Final

import polars as pl

from ossgeo._core.places import places_in
from ossgeo.sources._store.layout import MODELS, inside
from ossgeo.sources._store.manifest import Manifest

SCHEMA: Final[dict[str, Any]] = {
    "key": pl.Int32, "model_id": pl.String, "hub_id": pl.String, "first_seen": pl.Datetime("us", "UTC"),
}  # fmt: skip


def scan_dictionary(folder: Path, manifest: Manifest) -> pl.LazyFrame:
    """Scan the dictionary, by key.

    Args:
        folder: The store.
        manifest: The content of the manifest.
    """
    files = [inside(folder, name) for one in manifest.dictionary for name in one.parts_of(MODELS)]
    if not files:
        return pl.LazyFrame(schema=SCHEMA)
    return pl.scan_parquet(files, schema=SCHEMA, glob=False, hive_partitioning=False)


def read_ids(folder: Path, manifest: Manifest) -> pl.Series:
    """Return the ids of all models; the position of each is its key.

    Args:
        folder: The store.
        manifest: The content of the manifest.
    """
    return scan_dictionary(folder, manifest).select("model_id").collect()["model_id"].rechunk()


def keys_of(ids: pl.Series, known: pl.Series, hub_ids: pl.Series | None) -> tuple[pl.Series, pl.DataFrame]:
    """Return the key of each id, and the models that are new.

    Args:
        ids: Ids of models.
        known: The ids of the dictionary, by key.
        hub_ids: The Hub's ids of the models, in the order of ``ids``.

    Returns:
        The keys, in the order of ``ids``; and key, model_id and hub_id of new models, by key.
    """
    found = places_in(known, ids).cast(pl.Int32).alias("key")
    if not found.null_count():
        return found, pl.DataFrame(schema=SCHEMA).drop("first_seen")
    hub = pl.lit(None, pl.String) if hub_ids is None else hub_ids
    given = pl.DataFrame({"model_id": ids}).with_columns(hub.alias("hub_id")).filter(found.is_null())
    new = given.sort("model_id").with_row_index("key", len(known))
    new = new.select(pl.col("key").cast(pl.Int32), "model_id", "hub_id")
    later = places_in(new["model_id"], ids).cast(pl.Int32) + len(known)
    return found.fill_null(later), new


def write_part(new: pl.DataFrame, path: Path, observed_at: dt.datetime) -> None:
    """Write the models that an observation brought.

    Args:
        new: Their key, model_id and hub_id, by key.
        path: The file.
        observed_at: The time of the observation (UTC).
    """
    whole = new.with_columns(first_seen=pl.lit(observed_at, SCHEMA["first_seen"])).select(*SCHEMA)
    whole.write_parquet(path, compression="zstd", row_group_size=1 << 18)


def digest_after(digest: str, sha256: str) -> str:
    """Return the digest of a dictionary with one more part.

    Args:
        digest: Of the parts before; empty for none.
        sha256: Of the new part.
    """
    return hashlib.sha256(f"{digest}{sha256}".encode()).hexdigest()
