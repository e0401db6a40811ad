"""Checks of a store that others contributed to: schema, totals, and how each snapshot compares with the one before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo.errors import Fault
from ossgeo.sources._hub.parsing import SCHEMA
from ossgeo.sources._store.layout import inside
from ossgeo.sources._store.manifest import Snapshot

_LEAST_SHARED: Final = 0.5
"""Fraction of the models of the smaller of two snapshots of one scope that both contain."""

_LARGEST_STEP: Final = 3.0
"""Factor by which the total of a 30-day counter changes between two snapshots of one scope."""

_FALLING: Final = 0.01
"""Fraction of the models whose all-time counter falls between two snapshots."""

_REMEDY: Final = "compare it with its source, and remove() or replace() it if it is wrong"


def faults_in(folder: Path, snapshots: tuple[Snapshot, ...]) -> Iterator[Fault]:
    """Yield the faults of the contents of snapshots whose files are undamaged.

    Args:
        folder: The store.
        snapshots: The snapshots, by time.
    """
    before: Snapshot | None = None
    for one in snapshots:
        yield from _own_faults(folder, one)
        if before is not None and before.scope == one.scope:
            yield from _steps(folder, before, one)
        before = one


def _scan(folder: Path, snapshot: Snapshot) -> pl.LazyFrame:
    return pl.scan_parquet(inside(folder, snapshot.file), glob=False, hive_partitioning=False)


def _own_faults(folder: Path, snapshot: Snapshot) -> Iterator[Fault]:
    """Yield what the schema, the totals and the ids of one snapshot have wrong."""
    scan = _scan(folder, snapshot)
    schema = scan.collect_schema()
    unknown = sorted({*schema.names()} - {*SCHEMA})
    other = sorted(name for name, kind in schema.items() if name in SCHEMA and kind != SCHEMA[name])
    if unknown or other:
        problem = f"has columns that a store does not have: {', '.join([*unknown, *other])}"
        yield Fault(snapshot.file, problem, "add() writes the columns of a store")
        return
    counters = [name for name in COUNTERS if name in schema]
    sums = [pl.col(name).cast(pl.Int128).sum().alias(name) for name in counters]
    low = [pl.col(name).min().alias(f"{name}_low") for name in counters]
    facts = scan.select(
        *sums, *low, models=pl.len(), ids=pl.col("model_id").n_unique(), instants=pl.col("observed_at").n_unique(),
        observed=pl.col("observed_at").min(), private=pl.col("private").sum() if "private" in schema else pl.lit(0),
    ).collect(engine="streaming").row(0, named=True)  # fmt: skip
    stated = {"models": snapshot.models, **snapshot.totals}
    found: Mapping[str, int] = {"models": facts["models"], **{name: int(facts[name]) for name in counters}}
    for name in sorted({*stated, *found}):
        if stated.get(name) != found.get(name):
            problem = f"has {name} {found.get(name, 0):,}, and the manifest states {stated.get(name, 0):,}"
            yield Fault(snapshot.file, problem, "recover() describes a snapshot again")
    if facts["ids"] != facts["models"]:
        yield Fault(snapshot.file, f"repeats {facts['models'] - facts['ids']:,} models", _REMEDY)
    if any((facts[f"{name}_low"] or 0) < 0 for name in counters):
        yield Fault(snapshot.file, "has a count below zero", _REMEDY)
    if facts["instants"] != 1 or facts["observed"] != snapshot.observed_at:
        yield Fault(snapshot.file, "has another time of observation than its name", _REMEDY)
    if facts["private"]:
        yield Fault(snapshot.file, f"holds {facts['private']:,} private models", "replace() it without them")


def _steps(folder: Path, before: Snapshot, after: Snapshot) -> Iterator[Fault]:
    """Yield what is implausible between two consecutive snapshots of one scope."""
    scans = [_scan(folder, one) for one in (before, after)]
    counters = [name for name in COUNTERS if all(name in scan.collect_schema() for scan in scans)]
    earlier, later = (scan.select("model_id", *counters) for scan in scans)
    both = earlier.join(later, on="model_id", suffix="_later")
    falls = [(pl.col(f"{name}_later") < pl.col(name)).sum().alias(name) for name in counters]
    shared, *fallen = both.select(pl.len(), *falls).collect(engine="streaming").row(0)
    smaller = min(before.models, after.models)
    if shared < _LEAST_SHARED * smaller:
        yield Fault(after.file, f"shares {shared:,} of {smaller:,} models with the snapshot before", _REMEDY)
    for name, number in zip(counters, fallen, strict=True):
        totals = before.totals.get(name, 0), after.totals.get(name, 0)
        if name == "downloads_all_time":
            if number > _FALLING * max(shared, 1):
                yield Fault(after.file, f"has {number:,} all-time counters that fell", _REMEDY)
        elif min(totals) * _LARGEST_STEP < max(totals):
            yield Fault(after.file, f"has a total of {totals[1]:,} {name} after {totals[0]:,}", _REMEDY)
