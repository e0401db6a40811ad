"""What writers that were killed left behind: complete snapshots are adopted, marks count, and the rest is removed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from ossgeo.sources._store.counters import read_entry
from ossgeo.sources._store.dictionary import digest_after
from ossgeo.sources._store.layout import (
    COMPLETE,
    FACTS,
    MANIFEST,
    MARK,
    MODELS,
    SNAPSHOTS,
    data_folders,
    files_of,
    inside,
    parse_stem,
    problem_of,
    remove_temporary_files,
    sha256_of,
    stem_in,
    write_atomically,
)
from ossgeo.sources._store.manifest import Manifest, Snapshot, snapshot_of
from ossgeo.sources._store.rebuilding import remove_replaced

KEPT_FOR: Final = 7 * 24 * 60 * 60
"""Seconds for which files that ``upgrade()`` or ``compact()`` replaced are kept: panels that were opened before read them."""

REPLACED: Final = "replaced by a later revision"


def settle(folder: Path, manifest: Manifest) -> Manifest:
    """Return the manifest with what complete files and marks add; remove the rest of writers that were killed.

    Args:
        folder: The store.
        manifest: The content of the manifest.
    """
    remove_temporary_files(folder)
    _remove_old_data(folder, manifest)
    remove_replaced(folder, manifest.data)
    progress = True
    while progress:
        progress = False
        for name in unlisted(folder, manifest):
            if (found := _adopted(folder, manifest, name)) is not None:
                manifest, progress = manifest.with_snapshots([found]), True
    marked = [_as_marked(folder, one, reason) for one in manifest.used if (reason := _marked(folder, one.file))]
    whole = manifest.with_snapshots(marked)
    replaced = [one for one in _one_revision(whole.used) if one.removed]
    for one in replaced:
        mark(folder, one.file, one.removed)
    whole = whole.with_snapshots(replaced)
    _remove_orphans(folder, whole)
    return whole


def unlisted(folder: Path, manifest: Manifest) -> list[str]:
    """Return the files of snapshots that the manifest does not name.

    Args:
        folder: The store.
        manifest: The content of the manifest.
    """
    known = {one.file for one in manifest.snapshots}
    return [name for name in files_of(folder, manifest.data, SNAPSHOTS) if name not in known]


def _adopted(folder: Path, manifest: Manifest, name: str) -> Snapshot | None:
    """Return the entry for a complete snapshot of this store's dictionary; None if the file is not one."""
    path = inside(folder, name)
    entry = read_entry(path)
    try:
        if entry is None or entry["file"] != name:
            return None
        snapshot = attrs.evolve(snapshot_of(entry), sha256=sha256_of(path))
        for part in snapshot.parts:
            if problem_of(inside(folder, part), snapshot.parts[part]):
                return None
        rows = (
            pl.scan_parquet(path, glob=False, hive_partitioning=False)
            .select(pl.len(), pl.col("key").max())
            .collect()
            .row(0)
        )
    except (KeyError, ValueError, TypeError, OSError, pl.exceptions.PolarsError):
        return None
    new = [snapshot.parts[part] for part in snapshot.parts_of(MODELS)]
    digests = [digest_after(manifest.digest, new[0])] if new else [one.digest for one in manifest.snapshots]
    chained = snapshot.chain in {snapshot.stem, *(one.stem for one in manifest.snapshots)}
    fits = chained and snapshot.digest in digests and rows[0] == snapshot.models and rows[1] < snapshot.keys
    return snapshot if fits else None


def _as_marked(folder: Path, snapshot: Snapshot, reason: str) -> Snapshot:
    """Return a snapshot as its mark says, with the rows that its removal shifted."""
    name = f"{_data_of(snapshot)}/{FACTS}/{snapshot.stem}.shifted.parquet"
    path = inside(folder, name)
    parts = {**snapshot.parts, name: sha256_of(path)} if path.is_file() else snapshot.parts
    return attrs.evolve(snapshot, removed=reason, parts=parts)


def _data_of(snapshot: Snapshot) -> str:
    return snapshot.file.partition("/")[0]


def mark(folder: Path, name: str, reason: str) -> None:
    path = inside(folder, name + MARK)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, reason)


def _marked(folder: Path, name: str) -> str:
    """Return the reason in the mark beside a snapshot; empty without a mark."""
    try:
        return inside(folder, name + MARK).read_text(encoding="utf-8") or "removed"
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        return "removed"


def _remove_orphans(folder: Path, manifest: Manifest) -> None:
    """Remove models and facts whose snapshot was never complete. A complete snapshot is never removed."""
    listed = {name for one in manifest.snapshots for name in one.parts}
    complete = {stem_in(name) for name in files_of(folder, manifest.data, SNAPSHOTS)}
    marked = {one.stem for one in manifest.removed}
    for kind in (MODELS, FACTS):
        for name in files_of(folder, manifest.data, kind):
            shifted = ".shifted." in name and stem_in(name) not in marked
            if name not in listed and parse_stem(stem_in(name)) and (shifted or stem_in(name) not in complete):
                inside(folder, name).unlink(missing_ok=True)


def _remove_old_data(folder: Path, manifest: Manifest) -> None:
    """Remove folders of data that were not completed, or were replaced a week ago or earlier."""
    there = data_folders(folder)
    if manifest.data not in there or not (folder / MANIFEST).is_file():
        return
    mark = folder / manifest.data / COMPLETE
    old = mark.is_file() and time.time() - mark.stat().st_mtime > KEPT_FOR
    place = there.index(manifest.data)
    for name in [*there[place + 1 :], *(there[:place] if old else ())]:
        shutil.rmtree(folder / name, ignore_errors=True)


def _one_revision(used: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshots, with all but the last revision of a time marked as replaced."""
    last = {one.observed_at: one.file for one in sorted(used, key=revision_of) if not one.removed}
    return [
        one if one.removed or last[one.observed_at] == one.file else attrs.evolve(one, removed=REPLACED) for one in used
    ]


def revision_of(snapshot: Snapshot) -> int:
    found = parse_stem(snapshot.stem)
    return 0 if found is None else found[1]
