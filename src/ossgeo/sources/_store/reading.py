"""The snapshots of a store as a panel."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter, column_of
from ossgeo._core.dates import day_of
from ossgeo._core.schema import COUNTERS
from ossgeo.errors import Fault, PanelError, StoreError
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.sources._store.layout import inside, problem_of
from ossgeo.sources._store.manifest import Manifest, Snapshot, read_manifest
from ossgeo.sources._store.models import scan_snapshots

MODELS_REMEDY: Final = "recover() or the next add() or collect() makes it again from the snapshots"
SNAPSHOT_REMEDY: Final = "restore it from a backup, or remove() it from use"
_NOTES: Final = 3


def read_store(
    folder: Path, start: dt.date | str | None, end: dt.date | str | None, *, counter: Counter | str, source: str
) -> Panel:
    """Return the snapshots of a range as a panel; see ``SnapshotStore.panel``.

    Args:
        folder: The store.
        start: First date.
        end: Last date.
        counter: The counter.
        source: The name of the store.

    Raises:
        StoreError: See ``SnapshotStore.panel``.
        PanelError: See ``SnapshotStore.panel``.
        InvalidArgumentError: See ``SnapshotStore.panel``.
    """
    counter = column_of(counter)
    if counter not in COUNTERS:
        raise PanelError.of(
            "counter", f"must be {' or '.join(map(repr, COUNTERS))}, got {counter!r}", "choose one of them"
        )
    first, last = (None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end)))
    manifest = read_manifest(folder)
    within = _within(folder, manifest, first, last)
    counted = [one for one in within if counter in one.totals]
    if not counted:
        there = " and ".join(sorted({name for one in within for name in one.totals}))
        raise StoreError(f"no snapshot of {folder} in the range holds {counter}; they hold {there}: give counter=")
    chosen = list({one.date: one for one in counted}.values())
    faults = faults_of(folder, chosen, manifest)
    if faults:
        raise StoreError(f"{folder}: {'; '.join(map(str, faults))}")
    rows = scan_snapshots([inside(folder, one.file) for one in chosen])
    rows = rows.select("model_id", counter, "observed_at", period=pl.col("observed_at").dt.date())
    rows = rows.filter(pl.col(counter).is_not_null())
    models = pl.scan_parquet(inside(folder, manifest.models.name), glob=False)
    panel = Panel.of(
        engines.wrap(rows), normalized_models(models), counter=counter,
        identity=",".join(one.sha256 for one in chosen), source=source,
    )  # fmt: skip
    left_out = {
        "earlier observations of a date are not used": len(counted) - len(chosen),
        f"snapshots without {counter} are left out": len(within) - len(counted),
        f"observations of models without {counter} are left out": sum(one.models for one in chosen) - panel.size,
    }
    remarks = [f"{number:,} {what}" for what, number in left_out.items() if number]
    return panel.described(scope="; ".join([_scope(chosen), *remarks, *_notes(chosen)]))


def faults_of(folder: Path, snapshots: Sequence[Snapshot], manifest: Manifest, *, again: bool = False) -> list[Fault]:
    """Return the files that are missing or damaged.

    Args:
        folder: The store.
        snapshots: The snapshots to check.
        manifest: The content of the manifest, whose table of models is checked.
        again: Whether to hash files even if nothing about them changed.
    """
    faults = [
        Fault(one.file, problem, SNAPSHOT_REMEDY)
        for one in snapshots
        if (problem := problem_of(inside(folder, one.file), one.sha256, again=again))
    ]
    if manifest.used and (problem := manifest.models.problem(folder, again=again)):
        faults.append(Fault(manifest.models.name or "the table of models", problem, MODELS_REMEDY))
    return faults


def _within(folder: Path, manifest: Manifest, first: dt.date | None, last: dt.date | None) -> list[Snapshot]:
    used = manifest.used
    within = [one for one in used if (first is None or one.date >= first) and (last is None or one.date <= last)]
    if not within:
        span = f"its snapshots are of {used[0].date} .. {used[-1].date}" if used else "it has none"
        limits = f" between {first or 'the first'} and {last or 'the last'}" if first or last else ""
        raise StoreError(f"{folder} has no snapshot{limits}; {span}")
    return within


def _scope(chosen: Sequence[Snapshot]) -> str:
    """Return what the snapshots cover; snapshots of different choices of models are named as such."""
    scopes = collections.Counter(one.scope for one in chosen)
    if len(scopes) > 1:
        named = ", ".join(f"{scope or 'unknown'} ({number})" for scope, number in scopes.items())
        return f"{len(chosen)} snapshots of different scopes, whose counts do not compare: {named}"
    scope = chosen[0].scope
    return f"{len(chosen)} snapshots of {scope}" if scope else f"{len(chosen)} snapshots"


def _notes(chosen: Sequence[Snapshot]) -> list[str]:
    """Return the notes of the snapshots: the first few, and the number of the others."""
    noted = [one for one in chosen if one.note]
    shown = [f"{one.date}: {one.note}" for one in noted[:_NOTES]]
    return [*shown, f"notes of {len(noted) - _NOTES} more snapshots"] if len(noted) > _NOTES else shown
