"""The manifest of a store: its snapshots, and the hash of every file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ossgeo.errors import StoreError
from ossgeo.sources._store.layout import MANIFEST, is_models_name, parse_snapshot_name, problem_of, write_atomically

LAYOUT: Final = 1
"""Version of the layout of a store."""

_KEYS: Final = frozenset({"layout", "models", "models_sha256", "snapshots"})


@attrs.frozen
class Snapshot:
    """A snapshot in a store.

    Attributes:
        date: The day of the observation (UTC).
        observed_at: When the counters were read (UTC).
        file: Its path within the store.
        source: Where it came from.
        models: Number of models.
        totals: Sum of each counter.
        sha256: Of the file.
        schema: Version of the columns.
        issues: Code and count of each quality issue, compared with the snapshot before.
        note: Models and fields that were left out, renamed or refused.
        ossgeo: The version of ossgeo that wrote it.
        scope: The models that it covers, in words; empty if unknown.
        removed: The reason for which it is no longer used; empty for a snapshot in use.
    """

    date: dt.date
    observed_at: dt.datetime
    file: str
    source: str
    models: int
    totals: Mapping[str, int]
    sha256: str
    schema: int
    issues: Mapping[str, int]
    note: str
    ossgeo: str
    scope: str = ""
    removed: str = ""


@attrs.frozen
class ModelsFile:
    """The table with the latest known facts about every model.

    Attributes:
        name: The name of the file; empty if the store has no snapshot in use.
        sha256: Of the file; empty if an older version of ossgeo wrote it.
    """

    name: str = ""
    sha256: str = ""

    def problem(self, folder: Path, *, again: bool = False) -> str | None:
        """Return the fault of the file; None if there is none.

        Args:
            folder: The store.
            again: Whether to hash the file even if nothing about it changed.
        """
        if not self.sha256:
            return "has no SHA-256 in the manifest" if (folder / self.name).is_file() else "is missing"
        return problem_of(folder / self.name, self.sha256, again=again)


def _by_time(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    return tuple(sorted(snapshots, key=lambda one: (one.observed_at, len(one.file), one.file)))


@attrs.frozen
class Manifest:
    """The content of a manifest.

    Attributes:
        snapshots: Every snapshot, by date and time, with those that were removed.
        models: The table of models.
    """

    snapshots: tuple[Snapshot, ...] = attrs.field(default=(), converter=_by_time)
    models: ModelsFile = ModelsFile()

    @property
    def used(self) -> tuple[Snapshot, ...]:
        """The snapshots that were not removed, by date and time."""
        return tuple(one for one in self.snapshots if not one.removed)

    @property
    def removed(self) -> tuple[Snapshot, ...]:
        """The snapshots that were removed, by date and time."""
        return tuple(one for one in self.snapshots if one.removed)

    def with_snapshots(self, changed: Iterable[Snapshot]) -> Manifest:
        """Return a copy with snapshots added, or changed if their file is there already.

        Args:
            changed: The snapshots.
        """
        return attrs.evolve(self, snapshots=({one.file: one for one in (*self.snapshots, *changed)}).values())


def read_manifest(folder: Path) -> Manifest:
    """Return the content of the manifest; an empty one for a folder without manifest and snapshots.

    Args:
        folder: The store.

    Raises:
        StoreError: The manifest is missing, damaged, or names a file that is not a store's.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if any(folder.glob("date=*")):
            raise StoreError(
                f"{folder} has folders of snapshots and no {MANIFEST}: if it is a store, recover() writes the manifest "
                "again from the snapshots; if it is not, choose another folder"
            ) from None
        return Manifest()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        raw = json.loads(text)
        signed = raw.pop("sha256", None)  # the first manifests had none
        if (signed is not None and signed != _checksum(raw)) or (signed is None and not set(raw) <= _KEYS):
            raise StoreError(f"{path} was changed or damaged; restore it from a backup, or call recover()")
        if raw["layout"] > LAYOUT:
            raise StoreError(f"{path} has layout {raw['layout']}; this ossgeo reads up to {LAYOUT}: upgrade it")
        snapshots = tuple(_snapshot(one) for one in raw["snapshots"])
        models = ModelsFile(str(raw["models"]), str(raw.get("models_sha256", "")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"{path} must be the manifest of a store: {error}; restore it, or call recover()") from error
    wrong = [one.file for one in snapshots if (parse_snapshot_name(one.file) or (None,))[0] != one.observed_at]
    if models.name and not is_models_name(models.name):
        wrong.append(models.name)
    if wrong:
        raise StoreError(f"{path} names {wrong[0]!r}, which is not a file of a store; call recover()")
    return Manifest(snapshots, models)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest at once: before it the store is the old one, after it the new one.

    Args:
        folder: The store.
        manifest: The content.
    """
    models = manifest.models
    plain: dict[str, Any] = {"layout": LAYOUT, "models": models.name, "models_sha256": models.sha256,
                             "snapshots": [_plain(one) for one in manifest.snapshots]}  # fmt: skip
    write_atomically(folder / MANIFEST, json.dumps({**plain, "sha256": _checksum(plain)}, indent=1))


def _checksum(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the manifest's own content."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _plain(snapshot: Snapshot) -> dict[str, Any]:
    return {**attrs.asdict(snapshot), "date": snapshot.date.isoformat(),
            "observed_at": snapshot.observed_at.isoformat(), "totals": dict(snapshot.totals),
            "issues": dict(snapshot.issues)}  # fmt: skip


def _snapshot(raw: dict[str, Any]) -> Snapshot:
    return Snapshot(**{**raw, "date": dt.date.fromisoformat(raw["date"]),
                       "observed_at": dt.datetime.fromisoformat(raw["observed_at"])})  # fmt: skip
