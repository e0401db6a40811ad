"""Changes of a store: each one is complete with the replacement of the manifest, and none removes a snapshot."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs

from ossgeo._core.io import write_files
from ossgeo.errors import InvalidArgumentError, OutputError, StoreError
from ossgeo.sources._hub.parts import ROW_GROUP
from ossgeo.sources._store import facts, layout_1
from ossgeo.sources._store.checks import require_undamaged
from ossgeo.sources._store.encoding import Encoder
from ossgeo.sources._store.layout import (
    COMPLETE,
    DATA,
    FACTS,
    MANIFEST,
    MARK,
    MODELS,
    SNAPSHOTS,
    data_folders,
    inside,
    name_of,
    parse_stem,
    problem_of,
    sha256_of,
    stem_of,
    sync,
    temporary,
)
from ossgeo.sources._store.locking import as_store_errors
from ossgeo.sources._store.manifest import (
    LAYOUT,
    Gap,
    Manifest,
    Snapshot,
    next_revision,
    read_manifest,
    write_manifest,
)
from ossgeo.sources._store.reading import observed
from ossgeo.sources._store.rebuilding import layout_1_of, rebuild
from ossgeo.sources._store.settling import REPLACED, mark, revision_of, settle


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
        undone = () if replaces is None else (replaces.file + MARK, target)
        with as_store_errors(self.folder / target), self._undone(manifest, undone), self._raw(manifest, write) as raw:
            if removed:
                mark(self.folder, target, removed)
            encoder = Encoder(
                self.folder, manifest, raw, observed_at=observed_at, stem=stem, source=source, scope=scope, note=note(),
                replaces=replaces if same else None, removed=removed,
            )  # fmt: skip
            snapshot = encoder.write()
            changed = manifest.with_snapshots([snapshot])
            if replaces is not None:
                shifted = {} if same else self._shifted(changed, replaces)
                mark(self.folder, replaces.file, reason)
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
        with as_store_errors(self.folder / snapshot.file), self._undone(manifest, [snapshot.file + MARK]):
            removed = attrs.evolve(
                snapshot, removed=reason, parts={**snapshot.parts, **self._shifted(manifest, snapshot)}
            )
            mark(self.folder, removed.file, reason)
            write_manifest(self.folder, manifest.with_snapshots([removed]))
        return removed

    def merge(self, folder: Path, other: Manifest) -> tuple[Snapshot, ...]:
        """Add the snapshots of another store that this one does not have, its removals and its gaps.

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
        merged = read_manifest(self.folder)
        if {*other.gaps} - {*merged.gaps}:
            with as_store_errors(self.folder / MANIFEST):
                write_manifest(self.folder, merged.with_gaps(other.gaps))
        return tuple(changed)

    def add_gap(self, gap: Gap) -> None:
        """Note days without an observation.

        Args:
            gap: The days, with the reason.

        Raises:
            InvalidArgumentError: There is a snapshot of one of the days.
        """
        manifest = self.settled()
        if there := [one.date for one in manifest.used if gap.start <= one.date <= gap.end]:
            raise InvalidArgumentError(
                f"a gap must have no observation, got {gap.start} to {gap.end} with that of {there[0]}"
            )
        with as_store_errors(self.folder / MANIFEST):
            write_manifest(self.folder, manifest.with_gaps([gap]))

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files beside the snapshots.

        Args:
            files: The content of each file, by name.
        """
        try:
            write_files({inside(self.folder, name): content for name, content in files.items()})
        except OutputError as error:
            raise StoreError(str(error)) from error

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
        with as_store_errors(path):
            settled = settle(self.folder, manifest)
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
        settled = settle(self.folder, manifest)
        if settled != manifest:
            with as_store_errors(self.folder / MANIFEST):
                write_manifest(self.folder, settled)
        return settled

    @contextmanager
    def _undone(self, manifest: Manifest, names: Iterable[str]) -> Iterator[None]:
        """Remove files, in their order, if the block fails before the manifest changes.

        The next writer completes a correction whose mark or snapshot it finds, as that of a writer that was killed.
        """
        try:
            yield
        except BaseException:
            with suppress(OSError, StoreError):
                if read_manifest(self.folder) == manifest:
                    for name in names:
                        inside(self.folder, name).unlink(missing_ok=True)
            raise

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
        later = mine is not None and revision_of(mine) > parsed[1]
        removed = snapshot.removed or (REPLACED if later else "")
        frame = observed(folder, other, snapshot)
        made = self.add(
            lambda path: frame.write_parquet(path, compression="zstd", row_group_size=ROW_GROUP), snapshot.observed_at,
            source=snapshot.source, scope=snapshot.scope, note=lambda: snapshot.note, revision=parsed[1], removed=removed,
            replaces=None if removed else mine, reason=REPLACED,
        )  # fmt: skip
        return next(one for one in read_manifest(self.folder).snapshots if one.stem == made.stem)
