"""A store of snapshots: dated Parquet files in a folder or in a dataset of the Hub, none of which is ever lost."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from ossgeo._core.dates import day_of
from ossgeo.errors import InvalidArgumentError, SourceFormatError, StoreError
from ossgeo.panel._panel import Panel
from ossgeo.panel._usable_rows import last_valid_day
from ossgeo.sources._hub.checkpoint import Checkpoint
from ossgeo.sources._hub.parts import ROW_GROUP
from ossgeo.sources._store.layout import CHECKPOINT, MANIFEST, is_data
from ossgeo.sources._store.locking import locked
from ossgeo.sources._store.manifest import Gap, Snapshot, has_snapshots, read_manifest
from ossgeo.sources._store.observations import Observation, observation_of
from ossgeo.sources._store.readable import WAIT, ReadableStore
from ossgeo.sources._store.remote import Needed, every_file, for_adding
from ossgeo.sources._store.writing import Writer

if TYPE_CHECKING:
    from ossgeo.sources._hub.client import Hub

T = TypeVar("T")


class SnapshotStore(ReadableStore):
    """A folder of dated snapshots with a manifest, a dictionary of models, and the facts about models that changed.

    Every change is complete or absent, whenever the process is killed. Two writers wait for each other; readers need not
    wait, and panels that were opened before ``compact()`` stay readable for a week. No snapshot is ever deleted.

    The folder may be a dataset of the Hub, ``hf://datasets/OWNER/NAME``. Only the files that an operation needs are fetched, into
    the Hub's cache on this machine. A change is one commit whose parent is the revision that was read; if another writer
    committed in between, the change is repeated on the new revision. ``@REVISION`` reads a fixed revision.

    Example:
        >>> SnapshotStore("my-history").name
        'the store my-history'
    """

    def collect(
        self,
        hub: Hub,
        *,
        top: int | None = None,
        namespaces: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        members: bool = False,
        cards: bool = False,
        wait: float = WAIT,
    ) -> Snapshot:
        """Observe the Hub now, and add the snapshot; an attempt interrupted within the last six hours is continued.

        Args:
            hub: The Hub.
            top: See ``Hub.snapshot``.
            namespaces: See ``Hub.snapshot``.
            ids: See ``Hub.snapshot``.
            members: See ``Hub.snapshot``.
            cards: See ``Hub.snapshot``.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshot.

        Raises:
            StoreError: The store cannot be written, or another process writes to it.
            SourceUnavailableError: The Hub cannot be reached; the next attempt continues this one.
            SourceFormatError: The response does not have the Hub's form, or the list is empty, endless or without downloads.
            InvalidArgumentError: The choice cannot name models, or has none; or ``wait`` is negative.
        """
        folder = self.path / CHECKPOINT

        def observed(writer: Writer) -> tuple[Checkpoint, Snapshot]:
            writer.settled()  # a damaged store is an error before hours of requests
            began = Checkpoint.began_at(folder)
            if began is not None and self._has(began):
                Checkpoint.remove(folder)  # the process was killed after the snapshot was complete
            checkpoint = hub.collect(folder, top=top, namespaces=namespaces, ids=ids, members=members, cards=cards)
            if not checkpoint.has_counts():
                checkpoint.discard()
                raise SourceFormatError(f"{hub.name} states no downloads of any model; check the endpoint")
            snapshot = writer.add(checkpoint.write, checkpoint.observed_at, source=hub.name, scope=checkpoint.scope,
                                  note=lambda: checkpoint.note)  # fmt: skip
            return checkpoint, snapshot

        with locked(self.path, wait):
            checkpoint, snapshot = self._change(observed, for_adding(None))
            checkpoint.discard()
        return snapshot

    def add(
        self,
        snapshot: Panel | pl.DataFrame | pl.LazyFrame,
        *,
        observed_at: dt.datetime | None = None,
        source: str | None = None,
        scope: str = "",
        note: str = "",
        wait: float = WAIT,
    ) -> Snapshot:
        """Add a snapshot: one observation of many models.

        Args:
            snapshot: A panel with one period, or a frame with model_id and at least one counter. A count may be null; the
                columns of the models table are kept, others are left out.
            observed_at: When the counters were read; default: as the frame or panel states.
            source: Where it came from; default: the panel's source.
            scope: The models that it covers, such as ``"all models"``; snapshots of different scopes are told apart.
            note: A remark; default: the panel's scope. Private models are left out, and counted here.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshot.

        Raises:
            StoreError: The store cannot be written, has a snapshot of the same time, or another process writes to it.
            PanelError: The snapshot is not one usable observation: an id that is missing, malformed or repeated, a count
                that is negative, absurd or not whole, a date in the future, no count at all; with every fault.
            InvalidArgumentError: ``observed_at`` is not an instant, or ``wait`` is negative.
        """
        observation = observation_of(snapshot, observed_at)
        return self._add(observation, snapshot, None, source=source, scope=scope, note=note, wait=wait)

    def replace(
        self,
        old: Snapshot,
        snapshot: Panel | pl.DataFrame | pl.LazyFrame,
        *,
        reason: str,
        source: str | None = None,
        scope: str | None = None,
        note: str = "",
        wait: float = WAIT,
    ) -> Snapshot:
        """Add a corrected snapshot in place of one, which is kept in the folder and marked with the reason.

        Args:
            old: One of :attr:`snapshots`.
            snapshot: The corrected observation; it is of the same time unless it states another.
            reason: Why it is replaced.
            source: Where the new one came from; default: the panel's source.
            scope: The models that the new one covers; default: those of the old one.
            note: A remark.
            wait: Seconds to wait for another writer.

        Returns:
            The new snapshot.

        Raises:
            StoreError: The old snapshot is not in use, or see :meth:`add`.
            PanelError: See :meth:`add`.
            InvalidArgumentError: The reason is empty, ``old`` is not a snapshot, or see :meth:`add`.
        """
        observation = observation_of(snapshot, None, default=_snapshot(old, "old").observed_at)
        return self._add(
            observation, snapshot, old, source=source, scope=old.scope if scope is None else scope, note=note, wait=wait,
            reason=_reason(reason),
        )  # fmt: skip

    def remove(self, snapshot: Snapshot, *, reason: str, wait: float = WAIT) -> Snapshot:
        """Take a snapshot out of use; its file stays in the folder, with a mark that keeps the reason.

        Args:
            snapshot: One of :attr:`snapshots`.
            reason: Why it is removed.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshot with its reason, as in :attr:`removed`.

        Raises:
            StoreError: The snapshot is not in use, the store cannot be written, or another process writes to it.
            InvalidArgumentError: The reason is empty, or ``wait`` is negative.
        """
        text = _reason(reason)
        with locked(self.path, wait):
            return self._change(lambda writer: writer.remove(self._used(snapshot), text), every_file)

    def merge(self, other: SnapshotStore | str | Path, *, wait: float = WAIT) -> tuple[Snapshot, ...]:
        """Copy the snapshots that another store has and this one has not; the other store is only read.

        A snapshot that was removed or replaced in one of the stores is so in the result.

        Args:
            other: The other store.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshots that were added or marked as removed; empty if there was nothing to do.

        Raises:
            StoreError: The other folder is not a store or is damaged, both have different snapshots of the same time, the
                store cannot be written, or another process writes to it. Nothing is changed then.
            InvalidArgumentError: ``wait`` is negative, or ``other`` cannot be a folder.
        """
        folder = (other if isinstance(other, SnapshotStore) else SnapshotStore(other))._folder(every_file)
        if not SnapshotStore.is_store(folder):
            raise StoreError(f"{folder} has no {MANIFEST}; give the folder of a store, or call recover() on it")
        manifest = read_manifest(folder)
        with locked(self.path, wait):
            return self._change(lambda writer: writer.merge(folder, manifest), every_file)

    def recover(self, *, wait: float = WAIT) -> tuple[Snapshot, ...]:
        """Add the snapshots of the folder that the manifest does not name.

        Use it if the manifest was lost, damaged, or restored from a backup that is older than the snapshots. Files of
        snapshots are never changed or removed, and removals are found again by their marks. A damaged manifest is kept as
        ``manifest.json.damaged-...``.

        Args:
            wait: Seconds to wait for another writer.

        Returns:
            The snapshots that were added or marked as removed; :meth:`verify` lists files that are not whole snapshots.

        Raises:
            StoreError: The folder is not a store, cannot be written, or another process writes to it.
            InvalidArgumentError: ``wait`` is negative.
        """
        self._require_there()
        with locked(self.path, wait):
            return self._change(lambda writer: writer.recover(), every_file)

    def gap(self, start: dt.date | str, end: dt.date | str, *, reason: str, wait: float = WAIT) -> Gap:
        """Note days without an observation, with the reason: panels of these days and :meth:`validate` state it.

        A day that is observed later, by an older file or by :meth:`merge`, is not stated any more.

        Args:
            start: The first day.
            end: The last day.
            reason: Why nothing was observed, such as ``"the Hub was not reachable"``.
            wait: Seconds to wait for another writer.

        Returns:
            The gap, as in :attr:`gaps`.

        Raises:
            StoreError: The store cannot be written, or another process writes to it.
            InvalidArgumentError: The reason is empty, a day is not a day, the end is before the start or in the future, there
                is a snapshot of one of the days, or ``wait`` is negative.
        """
        made = Gap(day_of(start, what="start"), day_of(end, what="end"), _reason(reason))
        if made.end < made.start:
            raise InvalidArgumentError(f"end must be {made.start} or later, got {made.end}")
        if made.end > last_valid_day():
            raise InvalidArgumentError(f"end must not be in the future, got {made.end}")
        with locked(self.path, wait):
            self._change(lambda writer: writer.add_gap(made), lambda _: ())
        return made

    def upgrade(self, *, wait: float = WAIT) -> tuple[Snapshot, ...]:
        """Convert a store of layout 1, also one whose manifest is lost; a store of layout 2 stays as it is.

        Every snapshot is written again and compared with the old one, value by value, before the old files are removed. A process
        that is killed at any time leaves the old store, or the new one.

        Args:
            wait: Seconds to wait for another writer.

        Returns:
            The snapshots in use.

        Raises:
            StoreError: The folder is not a store, a file is missing or damaged, the store cannot be written, or another
                process writes to it. The old store is unchanged then.
            InvalidArgumentError: ``wait`` is negative.
        """
        self._require_there()
        with locked(self.path, wait):
            return self._change(lambda writer: writer.upgrade(), every_file).used

    def compact(self, *, wait: float = WAIT) -> tuple[Snapshot, ...]:
        """Write the files again, in the order of the observations, and compare them before the manifest names them.

        A snapshot that was added out of order, corrected, or written without pyarrow takes more space than one in a series. The
        old files are kept for a week, because panels that were opened before read them.

        Args:
            wait: Seconds to wait for another writer.

        Returns:
            The snapshots in use.

        Raises:
            StoreError: A file is missing or damaged, the store has layout 1, cannot be written, or another process writes to
                it. The store is unchanged then.
            InvalidArgumentError: ``wait`` is negative.
        """
        self._require_there()
        with locked(self.path, wait):
            return self._change(lambda writer: writer.compact(), every_file).used

    def put(self, files: Mapping[str, bytes], *, wait: float = WAIT) -> None:
        """Write files beside the snapshots, such as a card; :func:`ossgeo.reports.publish` makes them.

        Args:
            files: The content of each file, by its name without folders; an older file of that name is replaced.
            wait: Seconds to wait for another writer.

        Raises:
            StoreError: They cannot be written, or another process writes to the store.
            InvalidArgumentError: A name is not that of a file beside the snapshots, or ``wait`` is negative.
        """
        for name in files:
            if name == MANIFEST or not re.fullmatch(r"\w[\w.-]*", name) or is_data(name):
                raise InvalidArgumentError(f"files must have names such as 'README.md', got {name!r}")
        with locked(self.path, wait):
            if self._remote is not None:
                self._remote.put(files)
            else:
                Writer(self.path).put(files)

    def _add(
        self, observation: Observation, snapshot: object, old: Snapshot | None, *, source: str | None, scope: str,
        note: str, wait: float, reason: str = "",
    ) -> Snapshot:  # fmt: skip
        if isinstance(snapshot, Panel):
            source, note = source or snapshot.source, note or snapshot.scope
        if observation.left_out:
            note = "; ".join(filter(None, [note, f"private models left out: {observation.left_out:,}"]))
        frame = observation.frame

        def added(writer: Writer) -> Snapshot:
            return writer.add(
                lambda path: frame.write_parquet(path, compression="zstd", row_group_size=ROW_GROUP),
                observation.observed_at, source=source or "a dataframe", scope=scope, note=lambda: note,
                replaces=None if old is None else self._used(old), reason=reason,
            )  # fmt: skip

        with locked(self.path, wait):
            return self._change(added, every_file if old else for_adding(observation.observed_at))

    def _change(self, action: Callable[[Writer], T], needed: Needed) -> T:
        """Change the folder, or the dataset by a commit."""
        writer = Writer(self.path)
        return action(writer) if self._remote is None else self._remote.change(lambda: action(writer), needed)

    def _require_there(self) -> None:
        """Raise if a folder is not a store, so that a misspelt one is not made."""
        if self._remote is None and not ((self.path / MANIFEST).exists() or has_snapshots(self.path)):
            raise StoreError(f"{self.path} has no {MANIFEST} and no snapshot; give the folder of a store")

    def _has(self, observed_at: dt.datetime) -> bool:
        return any(one.observed_at == observed_at for one in read_manifest(self.path).snapshots)

    def _used(self, snapshot: Snapshot) -> Snapshot:
        wanted = _snapshot(snapshot, "snapshot").file
        for one in read_manifest(self.path).used:
            if one.file == wanted:
                return one
        raise StoreError(f"{self.path} has no snapshot {wanted} in use; see store.snapshots")


def _snapshot(value: Snapshot, name: str) -> Snapshot:
    if not isinstance(value, Snapshot):
        raise InvalidArgumentError(f"{name} must be one of store.snapshots, got {value!r}")
    return value


def _reason(reason: str) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise InvalidArgumentError(f"reason must be a text that is not empty, got {reason!r}")
    return reason.strip()
