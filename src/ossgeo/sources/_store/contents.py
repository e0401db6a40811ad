"""What a store of layout 2 states: models as of a day, facts with their validity, and snapshots as they were observed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo.sources._hub.parsing import SCHEMA as OBSERVED
from ossgeo.sources._store import facts
from ossgeo.sources._store.counters import ALL_TIME, TRAILING, iter_chain, read_columns
from ossgeo.sources._store.dictionary import read_ids, scan_dictionary
from ossgeo.sources._store.manifest import Manifest, Snapshot


def models_of(folder: Path, manifest: Manifest, used: Sequence[Snapshot]) -> pl.LazyFrame:
    """Return one row for each model of some snapshots: model_id, and the latest known value of each column.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        used: The snapshots.
    """
    named = scan_dictionary(folder, manifest).select("key", "model_id")
    absent = _absent_keys(folder, manifest, used)
    if len(absent):
        named = named.filter(~pl.col("key").is_in(absent.implode()))
    names = facts.columns_of(used)
    if not names:
        return named.select("model_id")
    known = facts.latest(folder, manifest, used)
    return named.join(known, on="key", how="left", maintain_order="left").select("model_id", *names)


def facts_of(folder: Path, manifest: Manifest, used: Sequence[Snapshot], ids: Sequence[str]) -> pl.DataFrame:
    """Return the facts of some models with their validity; see ``SnapshotStore.facts``.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        used: The snapshots whose facts count.
        ids: The models.
    """
    named = (
        scan_dictionary(folder, manifest)
        .filter(pl.col("model_id").is_in(list(ids)))
        .select("key", "model_id")
        .collect()
    )
    names = facts.columns_of(used)
    rows = facts.events(folder, manifest, used, named["key"]).select("key", "observed_at", *names).collect()
    first = _first_observed(folder, used, named["key"])
    known = pl.concat([first, rows], how="diagonal").join(named, on="key").drop("key")
    known = known.sort("model_id", "observed_at", maintain_order=True)
    known = known.with_columns(pl.col(names).forward_fill().over("model_id"))
    known = known.group_by("model_id", "observed_at", maintain_order=True).last()  # of one observation, the last row
    changes = [pl.col(name).ne_missing(pl.col(name).shift().over("model_id")) for name in names]
    kept = known.filter(pl.any_horizontal(pl.col("model_id").is_first_distinct(), *changes))
    since = pl.col("observed_at").dt.date()
    dated = kept.with_columns(since=since, until=since.shift(-1).over("model_id"))
    return dated.select("model_id", "since", "until", *names)


def observed(folder: Path, manifest: Manifest, snapshot: Snapshot) -> pl.DataFrame:
    """Return a snapshot as it was observed: model_id, observed_at, its counters and its facts.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        snapshot: The snapshot.
    """
    rows = read_columns(folder, snapshot, "key", TRAILING)
    if ALL_TIME in snapshot.totals:
        chain = [one for one in manifest.chain_of(snapshot) if one.observed_at <= snapshot.observed_at]
        *_, (_, counts) = iter_chain(folder, chain, manifest.keys)
        rows = rows.join(counts, on="key", how="left", maintain_order="left")
    if snapshot.columns:
        stated = facts.as_observed(folder, manifest, snapshot).select("key", *snapshot.columns)
        rows = rows.join(stated, on="key", how="left", maintain_order="left")
    ids = read_ids(folder, manifest).gather(rows["key"])
    whole = rows.with_columns(ids.alias("model_id"), observed_at=pl.lit(snapshot.observed_at, OBSERVED["observed_at"]))
    return whole.select(
        name for name in OBSERVED if name in whole.columns and (name not in COUNTERS or name in snapshot.totals)
    )


def _absent_keys(folder: Path, manifest: Manifest, used: Sequence[Snapshot]) -> pl.Series:
    """Return the keys that no snapshot of a choice contains: models of snapshots that were removed, or came later."""
    chosen = {one.file for one in used}
    absent = []
    before = 0
    for one in manifest.dictionary:
        if one.file not in chosen:
            absent.append(pl.int_range(before, one.keys, dtype=pl.Int32, eager=True))
        before = one.keys
    keys = pl.concat(absent) if absent else pl.Series(dtype=pl.Int32)
    for one in used:
        if not len(keys):
            break
        if one.keys > keys[0]:  # it was added after one of them had entered the dictionary
            keys = keys.filter(~keys.is_in(read_columns(folder, one, "key")["key"].implode()))
    return keys


def _first_observed(folder: Path, used: Sequence[Snapshot], keys: pl.Series) -> pl.DataFrame:
    """Return when each of some models was observed first, in the snapshots of a choice."""
    found: list[tuple[int, dt.datetime]] = []
    left = keys
    for one in used:
        if not len(left):
            break
        if one.keys > left.min():  # type: ignore[operator]  # keys are integers
            there = read_columns(folder, one, "key").filter(pl.col("key").is_in(left.implode()))["key"]
            found += [(key, one.observed_at) for key in there]
            left = left.filter(~left.is_in(there.implode()))
    return pl.DataFrame(found, schema={"key": pl.Int32, "observed_at": OBSERVED["observed_at"]}, orient="row")
