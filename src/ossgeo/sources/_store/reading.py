"""Reading of a store: panels, models and facts, from files that were compared with their SHA-256."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter, column_of
from ossgeo._core.dates import day_of
from ossgeo._core.io import writing
from ossgeo._core.schema import COUNTERS
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, PanelError, StoreError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.sources._store import contents, layout_1
from ossgeo.sources._store.checks import require_undamaged
from ossgeo.sources._store.keyed import StoreRows
from ossgeo.sources._store.layout import FACTS, MODELS, inside
from ossgeo.sources._store.manifest import Manifest, Snapshot, read_manifest

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
    if first is not None and last is not None and first > last:
        raise InvalidArgumentError(f"start must not be after end, got {first} and {last}")
    manifest = read_manifest(folder)
    within = _within(folder, manifest, first, last)
    with_counter = [one for one in within if counter in one.totals]
    if not with_counter:
        there = " and ".join(sorted({name for one in within for name in one.totals}))
        raise StoreError(f"no snapshot of {folder} in the range holds {counter}; they hold {there}: give counter=")
    chosen = list({one.date: one for one in with_counter}.values())
    panel = _panel(folder, manifest, chosen, counter, source)
    left_out = {
        "observations of a date before its last one": len(with_counter) - len(chosen),
        f"snapshots without {counter}": len(within) - len(with_counter),
        f"observations of models without {counter}": sum(one.models for one in chosen) - panel.size,
    }
    remarks = [f"left out: {counted(number, what)}" for what, number in left_out.items() if number]
    gaps = [
        f"no observation from {gap.start} to {gap.end}: {gap.reason}" for gap in manifest.unobserved
        if gap.start <= (last or chosen[-1].date) and gap.end >= (first or chosen[0].date)
    ]  # fmt: skip
    return panel.described(scope="; ".join([_scope(chosen), *remarks, *gaps, *_notes(chosen)]))


def write_rows(panel: Panel, path: Path) -> Path:
    """Write the rows of a panel to one Parquet file; see ``SnapshotStore.export``.

    Args:
        panel: The panel.
        path: The file.
    """
    with writing(path) as partial:
        panel.rows.to_native().sink_parquet(partial, compression="zstd")
    return path


def models_on(folder: Path, on: dt.date | str | None) -> pl.DataFrame:
    """Return the facts that were known at the end of a day; see ``SnapshotStore.models``.

    Args:
        folder: The store.
        on: The day; None for the latest.
    """
    manifest = read_manifest(folder)
    day = None if on is None else day_of(on, what="on")
    used = [one for one in manifest.used if day is None or one.date <= day]
    if not used:
        raise StoreError(f"{folder} has no snapshot on or before {day}" if day else f"{folder} has no snapshot")
    _require_models(folder, manifest, used)
    return _models(folder, manifest, used).collect(engine="streaming")


def facts_of(folder: Path, model_ids: Collection[str]) -> pl.DataFrame:
    """Return the facts of some models with their validity; see ``SnapshotStore.facts``.

    Args:
        folder: The store.
        model_ids: The models.
    """
    if isinstance(model_ids, str) or not model_ids or not all(isinstance(one, str) for one in model_ids):
        raise InvalidArgumentError(f"model_ids must be a list of ids such as ['Qwen/Qwen3-8B'], got {model_ids!r}")
    manifest = read_manifest(folder)
    if not manifest.used:
        raise StoreError(f"{folder} has no snapshot")
    _require_models(folder, manifest, manifest.used)
    if manifest.layout == 1:
        return layout_1.facts_of([inside(folder, one.file) for one in manifest.used], list(model_ids))
    return contents.facts_of(folder, manifest, manifest.used, list(model_ids))


def observed(folder: Path, manifest: Manifest, snapshot: Snapshot) -> pl.DataFrame:
    """Return a snapshot as it was observed.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        snapshot: The snapshot.
    """
    if manifest.layout == 1:
        return layout_1.scan_snapshots([inside(folder, snapshot.file)]).collect()
    return contents.observed(folder, manifest, snapshot)


def _panel(folder: Path, manifest: Manifest, chosen: Sequence[Snapshot], counter: str, source: str) -> Panel:
    identity = ",".join(one.sha256 for one in chosen)
    _require_models(folder, manifest, manifest.used)
    if manifest.layout == 1:
        rows = engines.wrap(layout_1.rows_of([inside(folder, one.file) for one in chosen], counter))
        models = normalized_models(_models(folder, manifest, manifest.used))
        return Panel.of(rows, models, counter=counter, identity=identity, source=source)
    keyed = StoreRows.of(folder, manifest, chosen, counter)
    require_undamaged(folder, keyed.read)
    counts = pl.DataFrame(
        [(one.date, one.counts[counter]["known"], one.counts[counter]["known"], float(one.totals[counter]),
          one.counts[counter]["low"], one.counts[counter]["high"]) for one in chosen],
        schema={"period": pl.Date, "n": pl.UInt32, "known": pl.UInt32, "total": pl.Float64, "low": pl.Int64, "high": pl.Int64},
        orient="row",
    )  # fmt: skip
    panel = Panel.of(
        engines.wrap(keyed.scan()), normalized_models(_models(folder, manifest, manifest.used)), counter=counter,
        identity=identity, source=source, keyed=keyed, counts=counts,
    )  # fmt: skip
    panel._answers["duplicates"] = 0  # a key is in a snapshot once
    return panel


def _require_models(folder: Path, manifest: Manifest, used: Sequence[Snapshot]) -> None:
    """Raise if a file that states models or facts is missing or damaged."""
    if manifest.layout == 1:
        require_undamaged(folder, used)
    else:
        require_undamaged(folder, manifest.snapshots, MODELS, FACTS)


def _models(folder: Path, manifest: Manifest, used: Sequence[Snapshot]) -> pl.LazyFrame:
    if manifest.layout == 1:
        return layout_1.models_of([inside(folder, one.file) for one in used])
    return contents.models_of(folder, manifest, used)


def _within(folder: Path, manifest: Manifest, first: dt.date | None, last: dt.date | None) -> list[Snapshot]:
    used = manifest.used
    within = [one for one in used if (first is None or one.date >= first) and (last is None or one.date <= last)]
    if not within:
        span = f"its snapshots are of {used[0].date} .. {used[-1].date}" if used else "collect() or add() adds one"
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
    return f"{counted(len(chosen), 'snapshots')}{f' of {scope}' if scope else ''}"


def _notes(chosen: Sequence[Snapshot]) -> list[str]:
    """Return the notes of the snapshots: the first few, and the number of the others."""
    noted = [one for one in chosen if one.note]
    shown = [f"{one.date}: {one.note}" for one in noted[:_NOTES]]
    return [*shown, f"notes of {len(noted) - _NOTES} more snapshots"] if len(noted) > _NOTES else shown
