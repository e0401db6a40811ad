"""Changes of a store: each one is complete with the replacement of the manifest, and none removes a snapshot."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.schema import COUNTERS
from ossgeo.errors import InvalidArgumentError, PanelError, StoreError
from ossgeo.panel._issues import find_issues
from ossgeo.panel._panel import normalized_models
from ossgeo.sources._hub.parts import UNCHANGED
from ossgeo.sources._store.layout import (
    LOCK,
    MANIFEST,
    MARK,
    inside,
    is_models_name,
    new_models_name,
    next_revision,
    parse_snapshot_name,
    problem_of,
    remove_temporary_files,
    sha256_of,
    snapshot_files,
    snapshot_name,
    sync,
    temporary,
    write_atomically,
)
from ossgeo.sources._store.manifest import LAYOUT, Manifest, ModelsFile, Snapshot, read_manifest, write_manifest
from ossgeo.sources._store.models import scan_snapshots, write_models

KEPT_FOR: Final = 7 * 24 * 60 * 60
"""Seconds for which a table of models is kept after a newer one: panels that were opened before still read it."""

RECOVERED: Final = "recovered"
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
    ) -> Snapshot:
        """Write a snapshot under a temporary name, rename it, and then let the manifest name it.

        Args:
            write: Writes the snapshot to a path.
            observed_at: When the counters were read (UTC).
            source: Where it came from.
            scope: The models that it covers.
            note: Returns the remark, after the snapshot was written.
            replaces: The snapshot that is removed at the same time.
            reason: Why it is removed.

        Raises:
            StoreError: There is a snapshot of the same time, or the store cannot be written.
        """
        manifest = read_manifest(self.folder)
        self._sweep(manifest)
        if any(one.observed_at == observed_at and one != replaces for one in manifest.used):
            raise StoreError(
                f"{self.folder} has a snapshot of {observed_at:%Y-%m-%d %H:%M:%S} UTC already; replace() corrects it"
            )
        revision = next_revision(self.folder, observed_at)
        target = inside(self.folder, snapshot_name(observed_at, revision))
        if unlisted := [name for name in self.unlisted(manifest) if _time_of(name) == observed_at]:
            raise StoreError(f"{self.folder / unlisted[0]} is not in the manifest; call recover(), which adds it")
        before = [one for one in manifest.used if one != replaces]
        with _as_store_errors(target):
            target.parent.mkdir(exist_ok=True)
            partial = temporary(target)
            write(partial)
            sync(partial)
            remark = note()
            snapshot = attrs.evolve(
                self._described(partial, target, source=source, scope=scope, note=remark),
                issues=self._issues(partial, observed_at, scope, before),
            )
            partial.replace(target)
            sync(target.parent)
            removed = [] if replaces is None else [attrs.evolve(replaces, removed=reason)]
            for one in removed:
                self._mark(one)
            self.publish(manifest, manifest.with_snapshots([*removed, snapshot]))
        return snapshot

    def remove(self, snapshot: Snapshot, reason: str) -> Snapshot:
        """Mark a snapshot as no longer used; its file stays.

        Args:
            snapshot: The snapshot.
            reason: Why it is removed.
        """
        removed = attrs.evolve(snapshot, removed=reason)
        manifest = read_manifest(self.folder)
        with _as_store_errors(self.folder / snapshot.file):
            self._mark(removed)
            self.publish(manifest, manifest.with_snapshots([removed]))
        return removed

    def merge(self, folder: Path, other: Manifest) -> tuple[Snapshot, ...]:
        """Copy the snapshots of another store that this one does not have, and its removals.

        Args:
            folder: The other store.
            other: Its manifest.

        Returns:
            The snapshots that were added or removed.
        """
        manifest = read_manifest(self.folder)
        self._sweep(manifest)
        known = {one.file: one for one in manifest.snapshots}
        differing = [one.file for one in other.snapshots if one.file in known and known[one.file].sha256 != one.sha256]
        if differing:
            raise StoreError(
                f"{self.folder} and {folder} have different snapshots of the same time: {', '.join(differing[:3])}; "
                "remove() one of them"
            )
        for one in other.snapshots:
            if problem := problem_of(inside(folder, one.file), one.sha256):
                raise StoreError(f"{folder / one.file} {problem}; restore it from a backup before merging")
        unlisted = {*self.unlisted(manifest)}
        for one in other.snapshots:  # a merge that was killed may have copied some of them
            if one.file in unlisted and problem_of(inside(self.folder, one.file), one.sha256):
                raise StoreError(f"{self.folder / one.file} is not in the manifest; call recover(), which adds it")
        changed = [
            one for one in other.snapshots if one.file not in known or (one.removed and not known[one.file].removed)
        ]
        for one in changed:
            target = inside(self.folder, one.file)
            with _as_store_errors(target):
                if one.file not in known and one.file not in unlisted:
                    target.parent.mkdir(exist_ok=True)
                    partial = temporary(target)
                    shutil.copyfile(inside(folder, one.file), partial)
                    sync(partial)
                    partial.replace(target)
                    sync(target.parent)
                if one.removed:
                    self._mark(one)
        if changed:
            with _as_store_errors(self.folder / MANIFEST):
                self.publish(manifest, manifest.with_snapshots(_one_revision([*manifest.used, *changed])))
        return tuple(changed)

    def recover(self) -> tuple[Snapshot, ...]:
        """Add every complete snapshot of the folder to the manifest, and every removal that is marked in it.

        Returns:
            The snapshots that were added, or marked as removed.
        """
        path = self.folder / MANIFEST
        try:
            manifest = read_manifest(self.folder)
        except StoreError:
            manifest = Manifest()
            if path.is_file():
                path.rename(self.folder / f"{MANIFEST}.damaged-{uuid.uuid4().hex}")
        with _as_store_errors(path):
            found = [one for name in self.unlisted(manifest) if (one := self._adopted(name)) is not None]
            marked = [
                attrs.evolve(one, removed=reason)
                for one in (*manifest.used, *found)
                if (reason := self._marked(one.file))
            ]
            whole = manifest.with_snapshots([*found, *marked])
            whole = whole.with_snapshots(_one_revision(whole.used))
            changed = tuple(one for one in whole.snapshots if one not in manifest.snapshots)
            for one in changed:
                if one.removed:
                    self._mark(one)
            if changed or not path.is_file() or (manifest.used and manifest.models.problem(self.folder, again=True)):
                self.publish(manifest, whole)
        return changed

    def adopt(self, observed_at: dt.datetime) -> Snapshot | None:
        """Add the snapshot of one time, if a writer was killed after it was complete and before the manifest.

        Args:
            observed_at: When the counters were read (UTC).
        """
        manifest = read_manifest(self.folder)
        names = [name for name in self.unlisted(manifest) if _time_of(name) == observed_at]
        found = self._adopted(names[-1]) if names else None
        if found is not None and not any(one.observed_at == observed_at for one in manifest.used):
            self.publish(manifest, manifest.with_snapshots([found]))
        return found

    def unlisted(self, manifest: Manifest) -> list[str]:
        """Return the Parquet files in folders of dates that the manifest does not name.

        Args:
            manifest: The content of the manifest.
        """
        known = {one.file for one in manifest.snapshots}
        return [name for name in snapshot_files(self.folder) if name not in known]

    def publish(self, old: Manifest, new: Manifest) -> None:
        """Write the table of models and then the manifest, which makes the change part of the store.

        Args:
            old: The manifest before.
            new: The manifest after; its table of models is replaced.
        """
        models = old.models
        if not new.used:
            models = ModelsFile()
        elif new.used != old.used or models.problem(self.folder):
            sources = self._sources(old, new)
            if not sources:
                raise StoreError(f"{self.folder}: no snapshot is undamaged; restore one from a backup")
            path = self.folder / new_models_name()
            write_models(sources, path)
            sync(self.folder)
            models = ModelsFile(path.name, sha256_of(path))
        write_manifest(self.folder, attrs.evolve(new, models=models))

    def _sources(self, old: Manifest, new: Manifest) -> list[Path]:
        """Return the files that state facts about models, the latest last.

        They are the table of models and the new snapshots if these are later than all others; otherwise all undamaged
        snapshots, so that each column has the latest known value by the time of observation.
        """
        files = {one.file for one in old.used}
        added = [one for one in new.used if one.file not in files]
        later = not files or all(one.observed_at > old.used[-1].observed_at for one in added)
        kept = files <= {one.file for one in new.used}
        if old.models.name and later and kept and old.models.problem(self.folder) is None:
            return [inside(self.folder, name) for name in (old.models.name, *(one.file for one in added))]
        usable = [(inside(self.folder, one.file), one.sha256) for one in new.used]
        return [file for file, sha256 in usable if problem_of(file, sha256) is None]

    def _described(self, file: Path, target: Path, *, source: str, scope: str = "", note: str = "") -> Snapshot:
        """Return the manifest's entry for a file of a snapshot."""
        frame = pl.scan_parquet(file, glob=False, hive_partitioning=False)
        counters = [counter for counter in COUNTERS if counter in frame.collect_schema().names()]
        sums = (pl.col(counter).cast(pl.Int128).sum() for counter in counters)
        models, *totals = frame.select(pl.len(), *sums).collect(engine="streaming").row(0)
        name = target.relative_to(self.folder).as_posix()
        observed_at = _time_of(name)
        if observed_at is None:
            raise AssertionError("a snapshot has a name with its time")
        return Snapshot(
            date=observed_at.date(), observed_at=observed_at, file=name, source=source, models=int(models),
            totals={name: int(total) for name, total in zip(counters, totals, strict=True)}, sha256=sha256_of(file),
            schema=LAYOUT, issues={}, note=note, ossgeo=version("ossgeo"), scope=scope,
        )  # fmt: skip

    def _adopted(self, name: str) -> Snapshot | None:
        """Return the entry for a complete snapshot; None if the file is not one."""
        file = inside(self.folder, name)
        try:
            instants = pl.scan_parquet(file, glob=False, hive_partitioning=False).select(pl.col("observed_at").unique())
            if instants.collect()["observed_at"].to_list() != [_time_of(name)]:
                return None
            return self._described(file, file, source=RECOVERED)
        except (pl.exceptions.PolarsError, OSError):
            return None

    def _mark(self, removed: Snapshot) -> None:
        write_atomically(inside(self.folder, removed.file + MARK), removed.removed)

    def _marked(self, name: str) -> str:
        """Return the reason in the mark beside a snapshot; empty without a mark."""
        try:
            return inside(self.folder, name + MARK).read_text(encoding="utf-8") or "removed"
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError:
            return "removed"

    def _issues(
        self, partial: Path, observed_at: dt.datetime, scope: str, before: Sequence[Snapshot]
    ) -> dict[str, int]:
        """Return the quality issues of a new snapshot; a damaged file does not keep a new one out."""
        try:
            return self._compared(partial, observed_at, scope, before)
        except (StoreError, PanelError, pl.exceptions.PolarsError):
            return {"previous_unreadable": 1}

    def _compared(
        self, partial: Path, observed_at: dt.datetime, scope: str, used: Sequence[Snapshot]
    ) -> dict[str, int]:
        found: dict[str, int] = {}
        before = [one for one in used if one.observed_at < observed_at]
        if len(before) < len(used):
            found["clock_stepped"] = 1
        if any(one.date == observed_at.date() for one in used):
            found["same_date"] = 1
        if before and scope and before[-1].scope and before[-1].scope != scope:
            found["scope_changed"] = 1
        if before and before[-1].date == observed_at.date():
            return found
        files = [file for one in before[-1:] if (file := inside(self.folder, one.file)).is_file()]
        scan = scan_snapshots([partial, *files])
        counter = next(one for one in COUNTERS if one in scan.collect_schema().names())
        rows = scan.select("model_id", counter, "observed_at", period=pl.col("observed_at").dt.date())
        rows = rows.filter(pl.col(counter).is_not_null())
        models = normalized_models(scan.select("model_id").unique())
        periods = [*(one.date for one in before[-1:] if files), observed_at.date()]
        issues = find_issues(engines.wrap(rows), models, counter=Counter.parse(counter), periods=periods)
        return found | {issue.code: int(issue.count) for issue in issues}

    def _sweep(self, manifest: Manifest) -> None:
        """Remove temporary files, and tables of models that were replaced a week ago or earlier.

        A table of models is derived from the snapshots. A complete snapshot is never removed.
        """
        remove_temporary_files(self.folder)
        tables = [
            (file.stat().st_mtime, file)
            for file in self.folder.glob("models-*.parquet")
            if is_models_name(file.name) and not file.is_symlink()
        ]
        tables.sort()
        for (_, file), (replaced_at, _) in itertools.pairwise(tables):
            if file.name != manifest.models.name and time.time() - replaced_at > KEPT_FOR:
                file.unlink(missing_ok=True)


def _one_revision(used: Sequence[Snapshot]) -> list[Snapshot]:
    """Return the snapshots, with all but the last revision of a time marked as replaced."""
    last = {one.observed_at: one.file for one in sorted(used, key=_revision_of) if not one.removed}
    return [
        one if one.removed or last[one.observed_at] == one.file else attrs.evolve(one, removed=REPLACED) for one in used
    ]


def _revision_of(snapshot: Snapshot) -> int:
    found = parse_snapshot_name(snapshot.file)
    return 0 if found is None else found[1]


def _time_of(name: str) -> dt.datetime | None:
    found = parse_snapshot_name(name)
    return None if found is None else found[0]


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
    finally:
        for rest in target.parent.glob(f".{target.name}.*"):
            rest.unlink(missing_ok=True)
