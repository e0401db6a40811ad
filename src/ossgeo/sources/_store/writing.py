"""Changes of a store: each one is complete with the replacement of the manifest, and none removes a snapshot."""

from __future__ import annotations

import datetime as dt
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from ossgeo.errors import InvalidArgumentError, StoreError
from ossgeo.sources._hub.parts import ROW_GROUP, UNCHANGED
from ossgeo.sources._store import facts, layout_1
from ossgeo.sources._store.checks import require_undamaged
from ossgeo.sources._store.counters import read_entry
from ossgeo.sources._store.dictionary import digest_after
from ossgeo.sources._store.encoding import Encoder
from ossgeo.sources._store.layout import (
    COMPLETE,
    DATA,
    FACTS,
    LOCK,
    MANIFEST,
    MARK,
    MODELS,
    SNAPSHOTS,
    data_folders,
    files_of,
    inside,
    name_of,
    parse_stem,
    problem_of,
    remove_temporary_files,
    sha256_of,
    stem_in,
    stem_of,
    sync,
    temporary,
    write_atomically,
)
from ossgeo.sources._store.manifest import (
    LAYOUT,
    Gap,
    Manifest,
    Snapshot,
    next_revision,
    read_manifest,
    snapshot_of,
    write_manifest,
)
from ossgeo.sources._store.reading import observed
from ossgeo.sources._store.rebuilding import layout_1_of, rebuild, remove_replaced

KEPT_FOR: Final = 7 * 24 * 60 * 60
"""Seconds for which files that ``upgrade()`` or ``compact()`` replaced are kept: panels that were opened before read them."""

REPLACED: Final = "replaced by a later revision"


@contextmanager
def locked(folder: Path, wait: float) -> Iterator[None]:
    """Let one writer in at a time; the system frees the lock of a process that dies.

    Args:
        folder: The store.
        wait: Seconds to wait for another writer.

    Raises:
        StoreError: The folder cannot be written, or another process writes to it for longer.
        InvalidArgumentError: ``wait`` is negative.
    """
    from filelock import FileLock, Timeout

    if not isinstance(wait, int | float) or not wait >= 0:  # the lock's -1 is without limit
        raise InvalidArgumentError(f"wait must be a number of seconds from 0 on, got {wait!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=wait)
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"{folder} is being written by another process; waited {wait:.0f} s: try again, or give more wait="
        ) from error
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


@attrs.frozen
class Writer:
    """Changes one store; the caller holds its lock.

    Attributes:
        folder: The store.
    """

    folder: Path

    def add(
        self,
        write: Callable[[Path], object],
        observed_at: dt.datetime,
        *,
        source: str,
        scope: str,
        note: Callable[[], str],
        replaces: Snapshot | None = None,
        reason: str = "",
        revision: int | None = None,
        removed: str = "",
    ) -> Snapshot:
        """Write the files of a snapshot, and then let the manifest name them.

        Args:
            write: Writes the observation to a path: a Parquet file with one row for each model.
            observed_at: When the counters were read (UTC).
            source: Where it came from.
            scope: The models that it covers.
            note: Returns the remark, after the observation was written.
            replaces: The snapshot that is removed at the same time.
            reason: Why it is removed.
            revision: The revision; default: the next one of this time.
            removed: The reason for which it is not used from the outset; empty to use it.

        Raises:
            StoreError: There is a snapshot of the same time, or the store cannot be written.
        """
        manifest = self.settled()
        if not removed and any(one.observed_at == observed_at and one != replaces for one in manifest.used):
            raise StoreError(
                f"{self.folder} has a snapshot of {observed_at:%Y-%m-%d %H:%M:%S} UTC already; replace() corrects it"
            )
        stem = stem_of(observed_at, revision or next_revision(self.folder, manifest, observed_at))
        target = name_of(manifest.data, SNAPSHOTS, stem)
        same = replaces is not None and replaces.observed_at == observed_at
        with _as_store_errors(self.folder / target), self._raw(manifest, write) as raw:
            if removed:
                self._mark(target, removed)
            encoder = Encoder(
                self.folder,
                manifest,
                raw,
                observed_at,
                stem,
                source,
                scope,
                note(),
                replaces if same else None,
                removed,
            )
            snapshot = encoder.write()
            changed = manifest.with_snapshots([snapshot])
            if replaces is not None:
                shifted = {} if same else self._shifted(changed, replaces)
                self._mark(replaces.file, reason)
                gone = attrs.evolve(replaces, removed=reason, parts={**replaces.parts, **shifted})
                changed = changed.with_snapshots([gone])
            write_manifest(self.folder, changed)
        return snapshot

    def remove(self, snapshot: Snapshot, reason: str) -> Snapshot:
        """Mark a snapshot as no longer used; its files stay.

        Args:
            snapshot: The snapshot.
            reason: Why it is removed.
        """
        manifest = self.settled()
        with _as_store_errors(self.folder / snapshot.file):
            removed = attrs.evolve(
                snapshot, removed=reason, parts={**snapshot.parts, **self._shifted(manifest, snapshot)}
            )
            self._mark(removed.file, reason)
            write_manifest(self.folder, manifest.with_snapshots([removed]))
        return removed

    def merge(self, folder: Path, other: Manifest) -> tuple[Snapshot, ...]:
        """Add the snapshots of another store that this one does not have, and its removals.

        Args:
            folder: The other store.
            other: Its manifest.

        Returns:
            The snapshots that were added or removed.
        """
        manifest = self.settled()
        known = {one.stem: one for one in manifest.snapshots}
        require_undamaged(folder, other.snapshots)
        require_undamaged(folder, other.snapshots, MODELS, FACTS)
        differing = [
            one.file for one in other.snapshots
            if one.stem in known and not self._is_equal(manifest, known[one.stem], folder, other, one)
        ]  # fmt: skip
        if differing:
            raise StoreError(
                f"{self.folder} and {folder} have different snapshots of the same time: {', '.join(differing[:3])}; "
                "remove() one of them"
            )
        changed = []
        for one in other.snapshots:
            if one.stem not in known:
                changed.append(self._copied(folder, other, one))
            elif one.removed and not known[one.stem].removed:
                changed.append(self.remove(known[one.stem], one.removed))
        return tuple(changed)

    def add_gap(self, gap: Gap) -> None:
        """Note days without an observation.

        Args:
            gap: The days, with the reason.
        """
        manifest = self.settled()
        gaps = {(one.start, one.end): one for one in (*manifest.gaps, gap)}
        with _as_store_errors(self.folder / MANIFEST):
            write_manifest(self.folder, attrs.evolve(manifest, gaps=tuple(gaps[key] for key in sorted(gaps))))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files beside the snapshots.

        Args:
            files: The content of each file, by name.
        """
        for name, content in files.items():
            path = inside(self.folder, name)
            with _as_store_errors(path):
                write_atomically(path, content)

    def recover(self) -> tuple[Snapshot, ...]:
        """Add every complete snapshot of the folder to the manifest, and every removal that is marked in it.

        Returns:
            The snapshots that were added, or marked as removed.
        """
        path = self.folder / MANIFEST
        try:
            manifest = read_manifest(self.folder)
        except StoreError:
            old = bool(layout_1.files(self.folder))
            there = [
                name for name in data_folders(self.folder)
                if (name == DATA and not old) or (self.folder / name / COMPLETE).is_file()
            ]  # fmt: skip
            manifest = Manifest(data=there[-1] if there else DATA)
            if path.is_file():
                path.rename(self.folder / f"{MANIFEST}.damaged-{uuid.uuid4().hex}")
            if old and not there:
                raise StoreError(
                    f"{self.folder} has snapshots of layout 1; upgrade() converts them, also without a manifest"
                ) from None
        before = {one.file: one for one in manifest.snapshots}
        with _as_store_errors(path):
            settled = self._settled(manifest)
            if settled != manifest or not path.is_file():
                write_manifest(self.folder, settled)
        return tuple(one for one in settled.snapshots if before.get(one.file) != one)

    def upgrade(self) -> Manifest:
        """Convert layout 1; nothing is done in a store of layout 2.

        Returns:
            The content of the manifest afterwards.
        """
        lost = not (self.folder / MANIFEST).is_file() and not data_folders(self.folder)
        manifest = layout_1_of(self.folder) if lost else read_manifest(self.folder)
        return self.settled() if manifest.layout == LAYOUT else rebuild(self.folder, manifest)

    def compact(self) -> Manifest:
        """Write every file again, in the order of the observations.

        Returns:
            The content of the manifest afterwards.
        """
        return rebuild(self.folder, self.settled())

    def settled(self) -> Manifest:
        """Return the manifest, with complete snapshots that it does not name yet: a writer was killed before it could.

        Raises:
            StoreError: The manifest cannot be read, or has layout 1.
        """
        manifest = read_manifest(self.folder)
        if manifest.layout < LAYOUT:
            raise StoreError(
                f"{self.folder} has layout {manifest.layout}, which is only read; upgrade() converts it without loss, "
                "in the shell 'ossgeo history upgrade'"
            )
        settled = self._settled(manifest)
        if settled != manifest:
            with _as_store_errors(self.folder / MANIFEST):
                write_manifest(self.folder, settled)
        return settled

    def _settled(self, manifest: Manifest) -> Manifest:
        """Return the manifest with what complete files and marks add; remove the rest of writers that were killed."""
        remove_temporary_files(self.folder)
        self._remove_old_data(manifest)
        remove_replaced(self.folder, manifest.data)
        progress = True
        while progress:
            progress = False
            for name in self.unlisted(manifest):
                if (found := self._adopted(manifest, name)) is not None:
                    manifest, progress = manifest.with_snapshots([found]), True
        marked = [self._as_marked(one, reason) for one in manifest.used if (reason := self._marked(one.file))]
        whole = manifest.with_snapshots(marked)
        replaced = [one for one in _one_revision(whole.used) if one.removed]
        for one in replaced:
            self._mark(one.file, one.removed)
        whole = whole.with_snapshots(replaced)
        self._remove_orphans(whole)
        return whole

    def unlisted(self, manifest: Manifest) -> list[str]:
        """Return the files of snapshots that the manifest does not name.

        Args:
            manifest: The content of the manifest.
        """
        known = {one.file for one in manifest.snapshots}
        return [name for name in files_of(self.folder, manifest.data, SNAPSHOTS) if name not in known]

    @contextmanager
    def _raw(self, manifest: Manifest, write: Callable[[Path], object]) -> Iterator[Path]:
        place = self.folder / manifest.data
        place.mkdir(parents=True, exist_ok=True)
        path = temporary(place / "raw.parquet")
        try:
            write(path)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _shifted(self, manifest: Manifest, snapshot: Snapshot) -> dict[str, str]:
        """Write the facts of later snapshots that build upon one that is removed; return the file with its SHA-256."""
        require_undamaged(self.folder, [one for one in manifest.snapshots if one.file != snapshot.file], FACTS)
        if any(problem_of(inside(self.folder, name), snapshot.parts[name]) for name in snapshot.parts_of(FACTS)):
            return {}
        keys = facts.keys_changed_by(self.folder, manifest, snapshot)
        rows = facts.shifted_rows(self.folder, manifest, keys, snapshot.observed_at)
        if not rows.height:
            return {}
        name = name_of(manifest.data, FACTS, f"{snapshot.stem}.shifted")
        path = inside(self.folder, name)
        partial = temporary(path)
        rows.write_parquet(partial, compression="zstd")
        sync(partial)
        sha256 = sha256_of(partial)
        partial.replace(path)
        sync(path.parent)
        return {name: sha256}

    def _is_equal(self, manifest: Manifest, mine: Snapshot, folder: Path, other: Manifest, theirs: Snapshot) -> bool:
        """Return whether two stores have the same observation under one name."""
        if (mine.sha256, mine.digest) == (theirs.sha256, theirs.digest):
            return True
        if (mine.models, mine.totals) != (theirs.models, theirs.totals):
            return False
        both = [observed(self.folder, manifest, mine), observed(folder, other, theirs)]
        return both[0].sort("model_id").equals(both[1].sort("model_id").select(both[0].columns))

    def _copied(self, folder: Path, other: Manifest, snapshot: Snapshot) -> Snapshot:
        """Add a snapshot of another store under its own name."""
        parsed = parse_stem(snapshot.stem)
        if parsed is None:
            raise AssertionError("a snapshot is named after its time")
        mine = next((one for one in self.settled().used if one.observed_at == snapshot.observed_at), None)
        later = mine is not None and _revision_of(mine) > parsed[1]
        removed = snapshot.removed or (REPLACED if later else "")
        frame = observed(folder, other, snapshot)
        made = self.add(
            lambda path: frame.write_parquet(path, compression="zstd", row_group_size=ROW_GROUP), snapshot.observed_at,
            source=snapshot.source, scope=snapshot.scope, note=lambda: snapshot.note, revision=parsed[1], removed=removed,
            replaces=None if removed else mine, reason=REPLACED,
        )  # fmt: skip
        return next(one for one in read_manifest(self.folder).snapshots if one.stem == made.stem)

    def _adopted(self, manifest: Manifest, name: str) -> Snapshot | None:
        """Return the entry for a complete snapshot of this store's dictionary; None if the file is not one."""
        path = inside(self.folder, name)
        entry = read_entry(path)
        try:
            if entry is None or entry["file"] != name:
                return None
            snapshot = attrs.evolve(snapshot_of(entry), sha256=sha256_of(path))
            for part in snapshot.parts:
                if problem_of(inside(self.folder, part), snapshot.parts[part]):
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

    def _as_marked(self, snapshot: Snapshot, reason: str) -> Snapshot:
        """Return a snapshot as its mark says, with the rows that its removal shifted."""
        name = f"{self._data_of(snapshot)}/{FACTS}/{snapshot.stem}.shifted.parquet"
        path = inside(self.folder, name)
        parts = {**snapshot.parts, name: sha256_of(path)} if path.is_file() else snapshot.parts
        return attrs.evolve(snapshot, removed=reason, parts=parts)

    @staticmethod
    def _data_of(snapshot: Snapshot) -> str:
        return snapshot.file.partition("/")[0]

    def _mark(self, name: str, reason: str) -> None:
        path = inside(self.folder, name + MARK)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, reason)

    def _marked(self, name: str) -> str:
        """Return the reason in the mark beside a snapshot; empty without a mark."""
        try:
            return inside(self.folder, name + MARK).read_text(encoding="utf-8") or "removed"
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            return "removed"

    def _remove_orphans(self, manifest: Manifest) -> None:
        """Remove models and facts whose snapshot was never complete. A complete snapshot is never removed."""
        listed = {name for one in manifest.snapshots for name in one.parts}
        complete = {stem_in(name) for name in files_of(self.folder, manifest.data, SNAPSHOTS)}
        marked = {one.stem for one in manifest.removed}
        for kind in (MODELS, FACTS):
            for name in files_of(self.folder, manifest.data, kind):
                shifted = ".shifted." in name and stem_in(name) not in marked
                if name not in listed and parse_stem(stem_in(name)) and (shifted or stem_in(name) not in complete):
                    inside(self.folder, name).unlink(missing_ok=True)

    def _remove_old_data(self, manifest: Manifest) -> None:
        """Remove folders of data that were not completed, or were replaced a week ago or earlier."""
        there = data_folders(self.folder)
        if manifest.data not in there or not (self.folder / MANIFEST).is_file():
            return
        mark = self.folder / manifest.data / COMPLETE
        old = mark.is_file() and time.time() - mark.stat().st_mtime > KEPT_FOR
        place = there.index(manifest.data)
        for name in [*there[place + 1 :], *(there[:place] if old else ())]:
            shutil.rmtree(self.folder / name, ignore_errors=True)


def _one_revision(used: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshots, with all but the last revision of a time marked as replaced."""
    last = {one.observed_at: one.file for one in sorted(used, key=_revision_of) if not one.removed}
    return [
        one if one.removed or last[one.observed_at] == one.file else attrs.evolve(one, removed=REPLACED) for one in used
    ]


def _revision_of(snapshot: Snapshot) -> int:
    found = parse_stem(snapshot.stem)
    return 0 if found is None else found[1]


@contextmanager
def _as_store_errors(target: Path) -> Iterator[None]:
    """Raise a StoreError for what cannot be written: a full disk or a read-only folder loses nothing."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"{target} cannot be written: {reason}; {UNCHANGED}") from error
