"""Comparison of the files of a store with the SHA-256 that its manifest states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from ossgeo.errors import Fault, StoreError
from ossgeo.sources._store.layout import inside, problem_of
from ossgeo.sources._store.manifest import Snapshot

PART_REMEDY: Final = "restore it from a backup or another copy of the store"
SNAPSHOT_REMEDY: Final = "restore it from a backup, or remove() it from use"


def faults_of(folder: Path, snapshots: Iterable[Snapshot], *kinds: str, again: bool = False) -> list[Fault]:
    """Return the files that are missing or damaged.

    Args:
        folder: The store.
        snapshots: The snapshots to check: their counters, if no kind is given.
        *kinds: The kinds of their other files to check instead; ``models`` or ``facts``.
        again: Whether to hash files even if nothing about them changed.
    """
    faults = []
    for one in snapshots:
        for name, sha256 in one.files.items():
            wanted = name.split("/")[1] in kinds if kinds else name == one.file
            if wanted and (problem := problem_of(inside(folder, name), sha256, again=again)):
                faults.append(Fault(name, problem, SNAPSHOT_REMEDY if name == one.file else PART_REMEDY))
    return faults


def require_undamaged(folder: Path, snapshots: Sequence[Snapshot], *kinds: str) -> None:
    """Raise if files are missing or damaged.

    Args:
        folder: The store.
        snapshots: See :func:`faults_of`.
        *kinds: See :func:`faults_of`.

    Raises:
        StoreError: With all of them.
    """
    if faults := faults_of(folder, snapshots, *kinds):
        raise StoreError(f"{folder}: {'; '.join(map(str, faults))}")
