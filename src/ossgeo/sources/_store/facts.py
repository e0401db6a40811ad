"""Facts about models as rows that are written when they change: those of a day, of some models, and of a new snapshot."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl
from polars.io.plugins import register_io_source

from ossgeo._core.schema import COUNTERS
from ossgeo.sources._hub.parsing import SCHEMA as OBSERVED
from ossgeo.sources._store.checks import faults_of, require_undamaged
from ossgeo.sources._store.counters import read_columns
from ossgeo.sources._store.layout import FACTS, inside
from ossgeo.sources._store.manifest import Manifest, Snapshot

COLUMNS: Final[dict[str, Any]] = {
    name: kind for name, kind in OBSERVED.items() if name not in ("model_id", "observed_at", *COUNTERS)
}
SCHEMA: Final[dict[str, Any]] = {
    "snapshot": pl.String, "observed_at": pl.Datetime("us", "UTC"), "key": pl.Int32, "complete": pl.Boolean,
    "facts_hash": pl.Int64, **COLUMNS,
}  # fmt: skip

_BATCH: Final = 20_000
_HASHED_AT_ONCE: Final = 4_000
_ROW_GROUP: Final = 20_000
_HASHED: Final = [name for name in COLUMNS if name != "likes"]


def hashes_of(frame: pl.DataFrame) -> pl.Series:
    """Return a hash of all facts but likes, which change often, for each row.

    If Polars wrote JSON in another way, the facts of all models would count as changed once; nothing would be lost.

    Args:
        frame: Columns of facts; those that are absent count as null.
    """
    absent = {name: pl.lit(None, COLUMNS[name]) for name in _HASHED if name not in frame.columns}
    lines = frame.with_columns(**absent).select(_HASHED).write_ndjson().encode().split(b"\n")[: frame.height]
    digests = b"".join([hashlib.blake2b(line, digest_size=8).digest() for line in lines])
    return pl.Series("facts_hash", memoryview(digests).cast("q"), pl.Int64)


@attrs.frozen
class State:
    """What was known last about every model, as far as changes need it.

    Attributes:
        hashes: The hash of its facts, by key; null if nothing is known.
        likes: Its likes, by key.
    """

    hashes: pl.Series
    likes: pl.Series

    @classmethod
    def empty(cls, keys: int) -> State:
        """Return the state in which nothing is known.

        Args:
            keys: Number of models.
        """
        nothing = pl.repeat(None, keys, dtype=pl.Int64, eager=True)
        return cls(nothing, nothing.clone())

    def after(self, rows: pl.DataFrame) -> State:
        """Return the state after some rows.

        Args:
            rows: key, facts_hash (null if only likes changed) and likes, by time.
        """
        complete = rows.drop_nulls("facts_hash")
        hashes = self.hashes.scatter(complete["key"], complete["facts_hash"])
        return State(hashes, self.likes.scatter(rows["key"], rows["likes"]))


def state_before(folder: Path, manifest: Manifest, observed_at: dt.datetime, keys: int) -> State:
    """Return the state before an observation.

    If the last full snapshot contains hashes, only the changes since then are read.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        observed_at: The time of the observation (UTC).
        keys: Number of models, with those of the observation.
    """
    before = [one for one in manifest.used if one.observed_at < observed_at]
    state = State.empty(keys)
    if not before:
        return state
    files = list(manifest.snapshots)
    if before[-1] == manifest.used[-1]:
        full = manifest.chain_of(before[-1])[0]
        sound = not full.removed and not faults_of(folder, [full])
        rows = read_columns(folder, full, "key", "facts_hash", "likes") if sound else pl.DataFrame()
        if "facts_hash" in rows.columns:
            state = state.after(rows if "likes" in rows.columns else rows.with_columns(likes=pl.lit(None, pl.Int64)))
            files = [one for one in files if one.observed_at > full.observed_at]
    require_undamaged(folder, files, FACTS)
    names = ["snapshot", "key", "facts_hash", "likes"]
    used = {one.stem for one in before}
    scans = [_scan([inside(folder, name)]) for one in files for name in one.parts_of(FACTS)]
    if _have_later_rows(folder, files):
        scans = [pl.concat(scans).sort("observed_at", maintain_order=True)]
    for scan in scans:
        state = state.after(scan.filter(pl.col("snapshot").is_in(used)).select(names).collect())
    return state


def stated(raw: Path) -> pl.DataFrame:
    """Return facts_hash and, if it is stated, likes of each row of an observation.

    Args:
        raw: The observation: one row for each model.
    """
    names = columns_in(raw)
    scan = pl.scan_parquet(raw, glob=False, hive_partitioning=False)
    rows = scan.select(pl.len()).collect().item()
    batches = (scan.select(names).slice(start, _BATCH).collect() for start in range(0, rows, _BATCH))
    liked = ["likes"] if "likes" in names else []
    parts = (part for batch in batches for part in batch.iter_slices(_HASHED_AT_ONCE))
    return pl.concat([part.select(hashes_of(part), *liked) for part in parts])


def write_changed(
    raw: Path, rows: pl.DataFrame, state: State, path: Path, *, stem: str, observed_at: dt.datetime
) -> pl.Series:
    """Write the facts of an observation that differ from a state, as rows of facts, in batches.

    Args:
        raw: The observation: one row for each model.
        rows: Key, facts_hash and likes of each row; see :func:`stated`.
        state: The state before.
        path: The file.
        stem: The name of the snapshot.
        observed_at: The time of the observation (UTC).

    Returns:
        The keys of the models that changed; nothing is written if there are none.
    """
    complete = rows["facts_hash"].ne_missing(state.hashes.gather(rows["key"])).alias("complete")
    changed = complete
    if "likes" in rows.columns:
        changed = complete | rows["likes"].ne_missing(state.likes.gather(rows["key"]))
    if not changed.any():
        return pl.Series("key", dtype=pl.Int32)
    names = [name for name in columns_in(raw) if name != "likes"]
    known = rows.with_columns(complete)
    scan = pl.scan_parquet(raw, glob=False, hive_partitioning=False).select(names)
    schema = {name: kind for name, kind in SCHEMA.items() if name not in COLUMNS or name in {*names, *rows.columns}}

    def batches(*_: object) -> Iterator[pl.DataFrame]:
        for start in range(0, rows.height, _BATCH):
            kept = changed.slice(start, _BATCH)
            if kept.any():
                batch = pl.concat([known.slice(start, _BATCH), scan.slice(start, _BATCH).collect()], how="horizontal")
                hidden = [pl.when("complete").then(name).alias(name) for name in ("facts_hash", *names)]
                dated = batch.filter(kept).with_columns(
                    *hidden, snapshot=pl.lit(stem), observed_at=pl.lit(observed_at, SCHEMA["observed_at"])
                )
                yield dated.select(*schema)

    register_io_source(batches, schema=schema).sink_parquet(path, compression="zstd", row_group_size=_ROW_GROUP)
    return rows["key"].filter(changed)


def columns_in(raw: Path) -> list[str]:
    """Return the columns of facts of an observation.

    Args:
        raw: The observation: one row for each model.
    """
    there = pl.scan_parquet(raw, glob=False, hive_partitioning=False).collect_schema()
    return [name for name in COLUMNS if name in there]


def latest(folder: Path, manifest: Manifest, used: Sequence[Snapshot], keys: pl.Series | None = None) -> pl.LazyFrame:
    """Return key and the latest known value of each column, for models with facts.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        used: The snapshots whose facts count.
        keys: The models; None for all.
    """
    names = columns_of(used)
    rows = events(folder, manifest, used, keys)
    return rows.group_by("key").agg(pl.col(names).last(ignore_nulls=True))


def events(folder: Path, manifest: Manifest, used: Sequence[Snapshot], keys: pl.Series | None = None) -> pl.LazyFrame:
    """Return the rows of facts that count; those of one model are in the order in which they hold.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        used: The snapshots whose facts count.
        keys: The models; None for all.
    """
    stems = {one.stem for one in used}
    files = [inside(folder, name) for one in manifest.snapshots for name in one.parts_of(FACTS)]
    if not files or not stems:
        return pl.LazyFrame(schema=SCHEMA)
    rows = _scan(files).filter(pl.col("snapshot").is_in(stems))
    if _have_later_rows(folder, manifest.snapshots):
        rows = rows.sort("observed_at", maintain_order=True)
    return rows if keys is None else rows.filter(pl.col("key").is_in(keys.implode()))


def _have_later_rows(folder: Path, snapshots: Sequence[Snapshot]) -> bool:
    """Return whether a file holds facts of later snapshots, so that the files are not in the order of time.

    Only files of snapshots that were added between others, or removed, do; see :func:`shifted_rows`. A sort of all rows costs
    time and memory that a store without such files does not need.
    """
    last = pl.col("observed_at").max()
    pairs = [
        (one.observed_at, _scan([inside(folder, name)]).select(last))
        for one in snapshots
        for name in one.parts_of(FACTS)
    ]
    latest = pl.collect_all([scan for _, scan in pairs])
    return any(found.item() > own for (own, _), found in zip(pairs, latest, strict=True) if found.item() is not None)


def columns_of(used: Sequence[Snapshot]) -> list[str]:
    """Return the columns of facts that some snapshots state.

    Args:
        used: The snapshots.
    """
    stated = {name for one in used for name in one.columns}
    return [name for name in COLUMNS if name in stated]


def shifted_rows(folder: Path, manifest: Manifest, changed: pl.Series, after: dt.datetime) -> pl.DataFrame:
    """Return the facts of models at the next snapshot with each of them, as rows of that snapshot.

    They keep later snapshots as they are if an earlier one is added or removed, whose rows the later ones build upon.

    Args:
        folder: The store.
        manifest: The content of the manifest before the change.
        changed: The models, by key.
        after: The time of the snapshot that is added or removed (UTC).
    """
    found = []
    left = changed.unique()
    for one in (one for one in manifest.used if one.observed_at > after and one.columns):
        if not len(left):
            break
        there = read_columns(folder, one, "key").filter(pl.col("key").is_in(left.implode()))["key"]
        if not len(there):
            continue
        left = left.filter(~left.is_in(there.implode()))
        rows = as_observed(folder, manifest, one, there)
        found.append(rows.with_columns(snapshot=pl.lit(one.stem), observed_at=pl.lit(one.observed_at, SCHEMA["observed_at"]),
                                       complete=pl.lit(value=True)).select(*SCHEMA))  # fmt: skip
    return pl.concat(found) if found else pl.DataFrame(schema=SCHEMA)


def as_observed(folder: Path, manifest: Manifest, snapshot: Snapshot, keys: pl.Series | None = None) -> pl.DataFrame:
    """Return the facts that a snapshot stated: key, facts_hash and the columns; null for a fact that it did not state.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        snapshot: The snapshot.
        keys: The models, of those in the snapshot; None for all that have facts.
    """
    until = [one for one in manifest.used if one.observed_at < snapshot.observed_at]
    rows = events(folder, manifest, [*until, snapshot], keys)
    stated = [name for name in COLUMNS if name in snapshot.columns and name != "likes"]
    whole = [pl.col("facts_hash", *stated).filter(pl.col("complete")).last()]
    liked = [pl.col("likes").last()] if "likes" in snapshot.columns else []
    return rows.group_by("key").agg(*whole, *liked).with_columns(
        **{name: pl.lit(None, kind) for name, kind in COLUMNS.items() if name not in snapshot.columns}
    ).collect()  # fmt: skip


def _scan(files: Sequence[Path]) -> pl.LazyFrame:
    return pl.scan_parquet(
        list(files),
        schema=SCHEMA,
        missing_columns="insert",
        extra_columns="ignore",
        glob=False,
        hive_partitioning=False,
    )


def keys_changed_by(folder: Path, manifest: Manifest, snapshot: Snapshot) -> pl.Series:
    """Return the models whose facts changed with a snapshot.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        snapshot: The snapshot.
    """
    return events(folder, manifest, [snapshot]).select("key").unique().collect()["key"]
