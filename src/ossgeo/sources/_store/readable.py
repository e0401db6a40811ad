"""The reading half of a store of snapshots: what it holds, its panels and facts, and its checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path
from typing import ClassVar

import polars as pl

from ossgeo._core.counter import Counter
from ossgeo._core.dates import day_of
from ossgeo._core.io import require_place
from ossgeo.errors import Fault, InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.sources._store.checks import faults_of
from ossgeo.sources._store.layout import FACTS, MANIFEST, MODELS
from ossgeo.sources._store.locking import locked
from ossgeo.sources._store.manifest import Gap, Snapshot, read_manifest
from ossgeo.sources._store.reading import facts_of, models_on, read_store, write_rows
from ossgeo.sources._store.remote import Needed, RemoteStore, every_file, for_models, for_snapshots
from ossgeo.sources._store.settling import unlisted
from ossgeo.sources._store.validation import faults_in

WAIT = 60.0
"""Seconds to wait for another writer, by default."""

_HUB = "hf://"


class ReadableStore:
    """A store of snapshots as far as it is read; see :class:`ossgeo.sources.SnapshotStore`."""

    api_version: ClassVar[int] = API_VERSION

    def __init__(self, path: str | Path, *, endpoint: str | None = None, token: str | bool | None = None) -> None:
        """Name the folder; it is created when the first snapshot is added.

        Args:
            path: The folder; ``~`` is the home folder. A relative path keeps its meaning if the working directory
                changes later. Or ``hf://datasets/OWNER/NAME``, a dataset that exists.
            endpoint: For a dataset: scheme and host of the Hub.
            token: For a dataset: see ``Hub``; writing needs one with the right to write.

        Raises:
            InvalidArgumentError: The path is empty or another web address, or a folder has an endpoint or token.
        """
        if not isinstance(path, str | Path):
            raise InvalidArgumentError(f"path must be a folder, got {path!r}")
        given = str(path)
        remote = given.startswith(_HUB)
        if not given.strip() or ("://" in given and not remote):
            remedy = "or hf://datasets/OWNER/NAME" if "://" in given else "use '.' for the current folder"
            raise InvalidArgumentError(f"path must be a folder, got {given!r}; {remedy}")
        if not remote and (endpoint is not None or token is not None):
            raise InvalidArgumentError("endpoint and token must be None for a folder; they belong to hf://datasets/...")
        self._given = given
        self._remote = RemoteStore.of(given, endpoint=endpoint, token=token) if remote else None
        self.path: Path = self._remote.folder if self._remote else Path(path).expanduser().absolute()

    @property
    def name(self) -> str:
        """The name under which panels record the source, with the path as given."""
        return f"the store {self._given}"

    def __repr__(self) -> str:
        """Return the folder as it was given."""
        return f"<SnapshotStore {self._given}>"

    @property
    def address(self) -> str:
        """The address of a dataset, ``hf://datasets/OWNER/NAME``; empty for a folder."""
        return "" if self._remote is None else self._given

    @staticmethod
    def is_store(path: str | Path) -> bool:
        """Return whether a folder is a store; an address ``hf://...`` is taken as one without a request.

        Args:
            path: The folder.
        """
        return str(path).startswith(_HUB) or (Path(path).expanduser() / MANIFEST).is_file()

    @property
    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots in use, by date and time of observation.

        Raises:
            StoreError: The manifest cannot be read.
        """
        return read_manifest(self._folder()).used

    @property
    def removed(self) -> tuple[Snapshot, ...]:
        """The snapshots that were removed or replaced, by date and time; their files are still in the folder.

        Raises:
            StoreError: The manifest cannot be read.
        """
        return read_manifest(self._folder()).removed

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Days without an observation, with the reason that :meth:`gap` noted, by date.

        Raises:
            StoreError: The manifest cannot be read.
        """
        return read_manifest(self._folder()).unobserved

    def panel(
        self,
        start: dt.date | str | None = None,
        end: dt.date | str | None = None,
        *,
        counter: Counter | str = "downloads_30d",
    ) -> Panel:
        """Return the snapshots of a range as a panel; the files are scanned when it is measured.

        Of several observations of one date the last is used. Every file is compared with its SHA-256 when a process
        reads it for the first time, and again if it changed. The models have their latest known facts, whatever the
        range: an older snapshot, or one without a column, does not replace a value that is known.

        Args:
            start: First date, or text such as ``2026-01-31``; default: the first snapshot.
            end: Last date; default: the last snapshot.
            counter: The counter.

        Returns:
            The panel. Its scope states the models that the snapshots cover, their notes, and the observations that are left out.

        Raises:
            StoreError: The store has no snapshot or not the counter in the range, or a file is missing or damaged.
            PanelError: The counter is not known.
            InvalidArgumentError: ``start`` or ``end`` is not a day.
        """
        first, last = (
            None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end))
        )
        folder = self._folder(
            for_snapshots(
                lambda manifest: [one for one in manifest.used if (first or one.date) <= one.date <= (last or one.date)]
            )
        )
        return read_store(folder, first, last, counter=counter, source=self.name)

    def models(self, on: dt.date | str | None = None) -> pl.DataFrame:
        """Return the facts about every model as they were known at the end of a day.

        Licenses, base models and other facts change. A measurement of the past that should not know what came later takes
        this table: ``ossgeo.measure(store.panel(), models=store.models("2026-03-31"))``.

        Args:
            on: The day, or text such as ``2026-03-31``; default: the latest known facts, which :meth:`panel` uses.

        Returns:
            One row for each model that was observed by then: model_id, and for each column of the models table the latest
            value that was not null.

        Raises:
            StoreError: No snapshot is stored on or before the day, or a file is missing or damaged.
            InvalidArgumentError: ``on`` is not a day.
        """
        return models_on(self._folder(for_models), on)

    def facts(self, model_ids: Collection[str]) -> pl.DataFrame:
        """Return the facts about some models with their validity.

        Args:
            model_ids: The models.

        Returns:
            One row for each model and change: model_id, since (the day of the snapshot that first had the facts), until
            (the day of the snapshot that changed them; null if they still hold), and the columns of the models table. A
            snapshot without a column does not change it. Models that were never observed have no row.

        Raises:
            StoreError: The store has no snapshot, or a file is missing or damaged.
            InvalidArgumentError: ``model_ids`` is not a collection of ids.
        """
        return facts_of(self._folder(every_file), model_ids)

    def verify(self) -> tuple[Fault, ...]:
        """Compare every file with its SHA-256, byte by byte; of a dataset, the hashes that the Hub keeps.

        Returns:
            The files that are missing or changed, or that the manifest does not name; empty if the store is in order.

        Raises:
            StoreError: The manifest cannot be read.
        """
        if self._remote is not None:
            with locked(self.path, WAIT):
                return self._remote.verify()
        manifest = read_manifest(self.path)
        return (
            *faults_of(self.path, manifest.snapshots, again=True),
            *faults_of(self.path, manifest.snapshots, MODELS, FACTS, again=True),
            *(
                Fault(name, "is not in the manifest", "recover() adds it if it is a snapshot of this store")
                for name in unlisted(self.path, manifest)
            ),
        )

    def validate(self, since: dt.date | str | None = None) -> tuple[Fault, ...]:
        """Check the content of snapshots, for example of a contribution by others before it is merged.

        Each snapshot is compared with the manifest (checksum, number of models, totals), with the columns of a store, and with
        the snapshot before if that has the same scope: at least half of the models are in both, a 30-day total changes by
        less than a factor of 3, and at most 1 % of the all-time counters fall.

        Args:
            since: The first date to check; default: all snapshots. The snapshot before it is read for the comparison.

        Returns:
            What is wrong or implausible; empty if nothing is.

        Raises:
            StoreError: The manifest cannot be read.
            InvalidArgumentError: ``since`` is not a day, or no snapshot is of this day or later.
        """
        first = None if since is None else day_of(since, what="since")
        folder = self._folder(every_file)
        manifest = read_manifest(folder)
        if first is not None and not any(one.date >= first for one in manifest.used):
            last = manifest.used[-1].date if manifest.used else "none"
            raise InvalidArgumentError(
                f"since must be the date of a snapshot or earlier, got {first}; the last one: {last}"
            )
        early = 0 if first is None else sum(one.date < first for one in manifest.used)
        snapshots = manifest.used[max(early - 1, 0) :]
        damaged = faults_of(folder, manifest.snapshots if manifest.layout > 1 else snapshots, again=True)
        damaged += faults_of(folder, manifest.snapshots, MODELS, FACTS, again=True)
        return tuple(damaged) or tuple(faults_in(folder, manifest, snapshots))

    def export(
        self, path: str | Path, start: dt.date | str | None = None, end: dt.date | str | None = None, *,
        counter: Counter | str = "downloads_30d",
    ) -> Path:  # fmt: skip
        """Write the snapshots of a range to one Parquet file with text ids, which :func:`ossgeo.read_panel` reads.

        Args:
            path: The file, which ends in ``.parquet``; it is replaced if it exists.
            start: See :meth:`panel`.
            end: See :meth:`panel`.
            counter: See :meth:`panel`.

        Returns:
            The file.

        Raises:
            StoreError: See :meth:`panel`.
            PanelError: See :meth:`panel`.
            OutputError: The file cannot be written.
            InvalidArgumentError: See :meth:`panel`; or the path does not end in ``.parquet``.
        """
        if Path(path).suffix.lower() != ".parquet":
            raise InvalidArgumentError(f"path must end in .parquet, got {str(path)!r}")
        require_place(path)
        return write_rows(self.panel(start, end, counter=counter), Path(path))

    def _folder(self, needed: Needed = lambda _: ()) -> Path:
        """Return the folder, for a dataset with the files that are needed, of its latest revision."""
        if self._remote is not None:
            with locked(self.path, WAIT):
                self._remote.pull(needed)
        return self.path
