"""Checks of a store that others contributed to: columns, totals, and how each snapshot compares with the one before."""

from __future__ import annotations

import datetime as dt
import itertools
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo._core.text import counted
from ossgeo.errors import Fault
from ossgeo.sources._hub.parsing import SCHEMA as OBSERVED
from ossgeo.sources._store import counters, facts
from ossgeo.sources._store.keyed import StoreRows
from ossgeo.sources._store.layout import FACTS, inside
from ossgeo.sources._store.manifest import Manifest, Snapshot

_LEAST_SHARED: Final = 0.5
"""Fraction of the models of the smaller of two snapshots of one scope that both contain."""

_LARGEST_STEP: Final = 3.0
"""Factor by which the total of a 30-day counter changes between two snapshots of one scope."""

_FALLING: Final = 0.01
"""Fraction of the models whose all-time counter falls between two snapshots."""

_USUAL: Final = 2.5
"""Multiple of the usual distance between two snapshots from which days without an observation need a reason."""

_REMEDY: Final = "compare it with its source, and remove() or replace() it if it is wrong"


def faults_in(folder: Path, manifest: Manifest, snapshots: Sequence[Snapshot]) -> list[Fault]:
    """Return the faults of the contents of snapshots whose files are undamaged.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        snapshots: The snapshots, by time.
    """
    sound = []
    found: list[tuple[int, Fault]] = []
    for number, one in enumerate(snapshots):
        problems = list(_column_faults(folder, manifest, one))
        found += [(number, fault) for fault in problems or _own_faults(folder, manifest, one)]
        sound += [] if problems else [one]
    numbers = {one.file: number for number, one in enumerate(snapshots)}
    for counter in COUNTERS:
        counted = [one for one in sound if counter in one.totals]
        found += [(numbers[name], fault) for name, fault in _count_faults(folder, manifest, counted, counter)]
    found += [(numbers[name], fault) for name, fault in _shared_faults(folder, manifest, sound)]
    return [fault for _, fault in sorted(found, key=lambda pair: pair[0])] + _gap_faults(manifest, snapshots)


def _key(manifest: Manifest) -> str:
    return "model_id" if manifest.layout == 1 else "key"


def _scan(folder: Path, name: str) -> pl.LazyFrame:
    return pl.scan_parquet(inside(folder, name), glob=False, hive_partitioning=False)


def _column_faults(folder: Path, manifest: Manifest, snapshot: Snapshot) -> Iterator[Fault]:
    """Yield columns that a store does not have, and keys that the dictionary does not have."""
    kinds = {snapshot.file: OBSERVED if manifest.layout == 1 else counters.SCHEMA}
    kinds |= dict.fromkeys(snapshot.parts_of(FACTS), facts.SCHEMA)
    for name, expected in kinds.items():
        schema = _scan(folder, name).collect_schema()
        unknown = sorted({*schema.names()} - {*expected})
        other = sorted(column for column, kind in schema.items() if column in expected and kind != expected[column])
        if unknown or other:
            problem = f"has columns that a store does not have: {', '.join([*unknown, *other])}"
            yield Fault(name, problem, "add() writes the columns of a store")
            return
    last = 0 if manifest.layout == 1 else _scan(folder, snapshot.file).select(pl.col("key").max()).collect().item()
    if last > snapshot.keys - 1 and manifest.layout > 1:
        yield Fault(snapshot.file, f"has key {last}; the dictionary ends at {snapshot.keys - 1}", _REMEDY)


def _own_faults(folder: Path, manifest: Manifest, snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what the models and the time of one snapshot have wrong."""
    key = _key(manifest)
    scan = _scan(folder, snapshot.file)
    found = scan.select(
        models=pl.len(), ids=pl.col(key).n_unique(), instants=pl.col("observed_at").n_unique(),
        observed=pl.col("observed_at").min(),
    ).collect(engine="streaming").row(0, named=True)  # fmt: skip
    if found["models"] != snapshot.models:
        yield _differs(snapshot, "models", found["models"], snapshot.models)
    if found["ids"] != found["models"]:
        yield Fault(snapshot.file, f"repeats {counted(found['models'] - found['ids'], 'models')}", _REMEDY)
    if found["instants"] != 1 or found["observed"] != snapshot.observed_at:
        yield Fault(snapshot.file, "has another time of observation than its name", _REMEDY)
    for name in (snapshot.file,) if manifest.layout == 1 else snapshot.parts_of(FACTS):
        rows = _scan(folder, name)
        private = rows.select(pl.col("private").sum()).collect().item() if "private" in rows.collect_schema() else 0
        if private:
            yield Fault(name, f"holds {private:,} private models", "replace() it without them")


def _count_faults(
    folder: Path, manifest: Manifest, snapshots: Sequence[Snapshot], counter: str
) -> Iterator[tuple[str, Fault]]:
    """Yield the faults of one counter, alone and after the snapshot before."""
    key = _key(manifest)
    before: tuple[Snapshot, pl.DataFrame] | None = None
    for one, rows in _rows(folder, manifest, snapshots, counter):
        total = int(rows[counter].cast(pl.Int128).sum())
        if total != one.totals[counter]:
            yield one.file, _differs(one, counter, total, one.totals[counter])
        if rows[counter].min() is not None and rows[counter].min() < 0:  # type: ignore[operator]  # counts are integers
            yield one.file, Fault(one.file, "has a count below zero", _REMEDY)
        if before is not None and before[0].scope == one.scope:
            both = before[1].join(rows, on=key, suffix="_later")
            fallen = int((both[f"{counter}_later"] < both[counter]).sum())
            totals = before[0].totals[counter], one.totals[counter]
            if counter == counters.ALL_TIME:
                if fallen > _FALLING * max(both.height, 1):
                    yield one.file, Fault(one.file, f"has {fallen:,} all-time counters that fell", _REMEDY)
            elif min(totals) * _LARGEST_STEP < max(totals):
                yield one.file, Fault(one.file, f"has a total of {totals[1]:,} {counter} after {totals[0]:,}", _REMEDY)
        before = (one, rows)


def _rows(
    folder: Path, manifest: Manifest, snapshots: Sequence[Snapshot], counter: str
) -> Iterator[tuple[Snapshot, pl.DataFrame]]:
    """Yield each snapshot with key and counter of its models, by time."""
    if manifest.layout == 1:
        for one in snapshots:
            yield one, _scan(folder, one.file).select("model_id", counter).drop_nulls().collect()
        return
    yield from StoreRows.of(folder, manifest, snapshots, counter).snapshots()


def _shared_faults(folder: Path, manifest: Manifest, snapshots: Sequence[Snapshot]) -> Iterator[tuple[str, Fault]]:
    """Yield snapshots that have few models in common with the one before."""
    key = _key(manifest)
    models = ((one, _scan(folder, one.file).select(key).collect()) for one in snapshots)
    for (before, earlier), (after, later) in itertools.pairwise(models):
        shared = earlier.join(later, on=key).height
        smaller = min(before.models, after.models)
        if before.scope == after.scope and shared < _LEAST_SHARED * smaller:
            problem = f"shares {shared:,} of {smaller:,} models with the snapshot before"
            yield after.file, Fault(after.file, problem, _REMEDY)


def _gap_faults(manifest: Manifest, snapshots: Sequence[Snapshot]) -> list[Fault]:
    """Return the days without an observation that no reason explains."""
    days = sorted({one.date for one in snapshots})
    steps = [(later - earlier).days for earlier, later in itertools.pairwise(days)]
    usual = statistics.median(steps) if steps else 0
    return [
        Fault(
            f"{earlier} .. {later}",
            f"has no observation for {(later - earlier).days - 1} days",
            "gap() notes the reason",
        )
        for earlier, later in itertools.pairwise(days)
        if (later - earlier).days > _USUAL * usual and not _is_explained(manifest, earlier, later)
    ]


def _is_explained(manifest: Manifest, earlier: dt.date, later: dt.date) -> bool:
    return any(gap.start < later and gap.end > earlier for gap in manifest.gaps)


def _differs(snapshot: Snapshot, name: str, found: int, stated: int) -> Fault:
    problem = f"has {name} {found:,}, and the manifest states {stated:,}"
    return Fault(snapshot.file, problem, "restore the file or the manifest from a backup")
