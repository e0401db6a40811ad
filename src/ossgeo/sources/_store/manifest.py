"""The manifest of a store: its snapshots, its gaps, and the hash of every file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ossgeo.errors import StoreError
from ossgeo.sources._store import layout_1
from ossgeo.sources._store.layout import (
    DATA,
    FACTS,
    MANIFEST,
    MODELS,
    SNAPSHOTS,
    data_folders,
    files_of,
    is_data,
    is_file_of,
    parse_stem,
    stem_in,
    write_atomically,
)

LAYOUT: Final = 2
"""Version of the layout of a store that is written; layout 1 is read."""


@attrs.frozen
class Snapshot:
    """A snapshot in a store.

    Attributes:
        date: The day of the observation (UTC).
        observed_at: When the counters were read (UTC).
        file: The path of its counters within the store.
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
        parts: The paths of its other files, new models and changed facts, with their SHA-256.
        chain: The name of the full snapshot from which changes of its all-time counter count.
        keys: Number of models in the dictionary after it.
        digest: Of the files of the dictionary up to it.
        columns: The columns of facts that it states.
        counts: For each counter the number of models with a count (``known``), and the smallest and largest count.
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
    parts: Mapping[str, str] = attrs.field(factory=dict)
    chain: str = ""
    keys: int = 0
    digest: str = ""
    columns: tuple[str, ...] = ()
    counts: Mapping[str, Mapping[str, int]] = attrs.field(factory=dict)

    @property
    def stem(self) -> str:
        """The name of its files, without folder and ending."""
        return stem_in(self.file)

    @property
    def files(self) -> Mapping[str, str]:
        """The paths of all of its files, with their SHA-256."""
        return {self.file: self.sha256, **self.parts}

    def parts_of(self, kind: str) -> list[str]:
        """Return the paths of its other files of one kind.

        Args:
            kind: ``models`` or ``facts``.
        """
        return [name for name in self.parts if name.split("/")[1] == kind]


@attrs.frozen
class Gap:
    """Days without an observation, with the reason.

    Attributes:
        start: The first day.
        end: The last day.
        reason: Why nothing was observed.
    """

    start: dt.date
    end: dt.date
    reason: str

    def without(self, days: Iterable[dt.date]) -> tuple[Gap, ...]:
        """Return the parts that remain if some days were observed.

        Args:
            days: The days.
        """
        one = dt.timedelta(days=1)
        observed = sorted({day for day in days if self.start <= day <= self.end})
        starts = [self.start, *(day + one for day in observed)]
        ends = [*(day - one for day in observed), self.end]
        return tuple(Gap(*part, self.reason) for part in zip(starts, ends, strict=True) if part[0] <= part[1])


def _by_time(snapshots: Iterable[Snapshot]) -> tuple[Snapshot, ...]:
    return tuple(sorted(snapshots, key=lambda one: (one.observed_at, len(one.file), one.file)))


@attrs.frozen
class Manifest:
    """The content of a manifest.

    Attributes:
        snapshots: Every snapshot, by date and time, with those that were removed.
        gaps: Days without an observation, by date, as they were noted.
        data: The folder of the files.
        layout: The version of the layout.
        models: In layout 1, the name of the table of models and its SHA-256.
    """

    snapshots: tuple[Snapshot, ...] = attrs.field(default=(), converter=_by_time)
    gaps: tuple[Gap, ...] = ()
    data: str = DATA
    layout: int = LAYOUT
    models: tuple[str, str] = ("", "")

    @property
    def used(self) -> tuple[Snapshot, ...]:
        """The snapshots that were not removed, by date and time."""
        return tuple(one for one in self.snapshots if not one.removed)

    @property
    def removed(self) -> tuple[Snapshot, ...]:
        """The snapshots that were removed, by date and time."""
        return tuple(one for one in self.snapshots if one.removed)

    @property
    def unobserved(self) -> tuple[Gap, ...]:
        """The gaps without the days that were observed after they had been noted."""
        days = [one.date for one in self.used]
        return tuple(part for gap in self.gaps for part in gap.without(days))

    def with_gaps(self, more: Iterable[Gap]) -> Manifest:
        """Return a copy with gaps added, or changed if there is one of the same days.

        Args:
            more: The gaps.
        """
        gaps = {(one.start, one.end): one for one in (*self.gaps, *more)}
        return attrs.evolve(self, gaps=tuple(gaps[key] for key in sorted(gaps)))

    @property
    def dictionary(self) -> tuple[Snapshot, ...]:
        """The snapshots that brought new models, in the order of their keys."""
        return tuple(sorted((one for one in self.snapshots if one.parts_of(MODELS)), key=lambda one: one.keys))

    @property
    def keys(self) -> int:
        """Number of models in the dictionary."""
        return max((one.keys for one in self.snapshots), default=0)

    @property
    def digest(self) -> str:
        """The digest of the whole dictionary."""
        return max(self.snapshots, key=lambda one: one.keys).digest if self.snapshots else ""

    def chain_of(self, snapshot: Snapshot) -> tuple[Snapshot, ...]:
        """Return the snapshots of the same chain, by time, with those that were removed.

        Args:
            snapshot: The snapshot.
        """
        return tuple(one for one in self.snapshots if one.chain == snapshot.chain)

    def with_snapshots(self, changed: Iterable[Snapshot]) -> Manifest:
        """Return a copy with snapshots added, or changed if their file is there already.

        Args:
            changed: The snapshots.
        """
        return attrs.evolve(self, snapshots={one.file: one for one in (*self.snapshots, *changed)}.values())


def has_snapshots(folder: Path) -> bool:
    """Return whether a folder has files or folders of snapshots.

    Args:
        folder: The folder.
    """
    return any(folder.glob("date=*")) or any(files_of(folder, data, SNAPSHOTS) for data in data_folders(folder))


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
        if has_snapshots(folder):
            raise StoreError(
                f"{folder} has folders of snapshots and no {MANIFEST}: if it is a store, recover() writes the manifest "
                "again from the snapshots; if it is not, choose another folder"
            ) from None
        return Manifest()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        raw = json.loads(text)
        layout = raw["layout"]
        if layout > LAYOUT:
            raise StoreError(
                f"{path} has layout {layout}, which a newer ossgeo wrote; this one reads up to {LAYOUT}: upgrade ossgeo"
            )
        signed = raw.pop("sha256", None)
        unsigned = signed is None and layout == 1 and layout_1.may_be_unsigned(raw)
        if not unsigned and signed != _checksum(raw):
            raise StoreError(f"{path} was changed or damaged; restore it from a backup, or call recover()")
        manifest = _manifest(raw)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(f"{path} must be the manifest of a store: {error}; restore it, or call recover()") from error
    if wrong := _wrong_names(manifest):
        raise StoreError(f"{path} names {wrong[0]!r}, which is not a file of a store; call recover()")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest at once: before it the store is the old one, after it the new one.

    Args:
        folder: The store.
        manifest: The content.
    """
    plain: dict[str, Any] = {
        "layout": LAYOUT, "data": manifest.data, "snapshots": [plain_of(one) for one in manifest.snapshots],
        "gaps": [[gap.start.isoformat(), gap.end.isoformat(), gap.reason] for gap in manifest.gaps],
    }  # fmt: skip
    write_atomically(folder / MANIFEST, json.dumps({**plain, "sha256": _checksum(plain)}, indent=1))


def next_revision(folder: Path, manifest: Manifest, observed_at: dt.datetime) -> int:
    """Return the first revision of a time that is higher than those of all snapshots and files.

    Args:
        folder: The store.
        manifest: The content of the manifest.
        observed_at: The time of the observation (UTC).
    """
    names = {*files_of(folder, manifest.data, SNAPSHOTS), *(one.file for one in manifest.snapshots)}
    there = (parse_stem(stem_in(name)) for name in names)
    return max((found[1] for found in there if found is not None and found[0] == observed_at), default=0) + 1


def plain_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as the manifest states it.

    Args:
        snapshot: The snapshot.
    """
    return {
        **attrs.asdict(snapshot),
        "date": snapshot.date.isoformat(),
        "observed_at": snapshot.observed_at.isoformat(),
    }


def snapshot_of(raw: Mapping[str, Any]) -> Snapshot:
    """Return the snapshot that a manifest states.

    Args:
        raw: What :func:`plain_of` returns.

    Raises:
        ValueError: A value cannot be read; also TypeError and KeyError.
    """
    return Snapshot(**{**raw, "date": dt.date.fromisoformat(raw["date"]), "columns": tuple(raw.get("columns", ())),
                       "observed_at": dt.datetime.fromisoformat(raw["observed_at"])})  # fmt: skip


def _manifest(raw: Mapping[str, Any]) -> Manifest:
    if raw["layout"] == 1:
        snapshots = tuple(snapshot_of(layout_1.entry_of(one)) for one in raw["snapshots"])
        return Manifest(snapshots, data="", layout=1, models=(str(raw["models"]), str(raw.get("models_sha256", ""))))
    snapshots = tuple(snapshot_of(one) for one in raw["snapshots"])
    gaps = (Gap(dt.date.fromisoformat(start), dt.date.fromisoformat(end), str(why)) for start, end, why in raw["gaps"])
    return Manifest(snapshots, tuple(gaps), str(raw["data"]))


def _wrong_names(manifest: Manifest) -> list[str]:
    """Return the names in a manifest that are not those of files of a store."""
    if manifest.layout == 1:
        return layout_1.wrong_names([(one.file, one.observed_at) for one in manifest.snapshots], manifest.models[0])
    if not is_data(manifest.data):
        return [manifest.data]
    wrong = [one.file for one in manifest.snapshots if not is_file_of(one.file, SNAPSHOTS, manifest.data)]
    wrong += [one.file for one in manifest.snapshots if (parse_stem(one.stem) or (None,))[0] != one.observed_at]
    parts = [name for one in manifest.snapshots for name in one.parts]
    return wrong + [
        name for name in parts if not any(is_file_of(name, kind, manifest.data) for kind in (MODELS, FACTS))
    ]


def _checksum(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the manifest's own content."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
