"""A store of snapshots: a folder of dated Parquet files that never loses one."""

from __future__ import annotations

import datetime as dt
import functools
import re
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import day_of
from ossgeo._core.schema import COUNTERS, Counter
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, StoreError
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.panel._quality import find_issues
from ossgeo.sources._hub.checkpoint import Checkpoint
from ossgeo.sources._hub.parsing import SCHEMA
from ossgeo.sources._store.manifest import (
    LAYOUT,
    MANIFEST,
    Entry,
    Facts,
    difference,
    inside,
    is_models,
    observed_at_of,
    read_manifest,
    sha256_of,
    snapshot_name,
    sync,
    write_manifest,
)

if TYPE_CHECKING:
    from ossgeo.sources._hub.client import Hub

_LOCK: Final = ".lock"
_UNLISTED: Final = "is not in the manifest"
_TEMPORARY: Final = re.compile(r"\.(\d{8}T\d{12}Z\.parquet|manifest\.json)\.[0-9a-f]{32}")
"""Names of files that a writer was killed over; nothing else is ever removed from a folder of snapshots."""
_CHECKPOINT: Final = ".collecting"


_AGAIN: Final = "the next add() or collect() makes it again from the snapshots"


class SnapshotStore:
    """A folder of dated snapshots, hive style (``date=2026-11-24/...parquet``), with a manifest.

    ``add`` either stores a whole snapshot or changes nothing, whatever kills it; two writers wait for each other.

    Example:
        >>> SnapshotStore("my-history").name
        'the store my-history'
    """

    def __init__(self, path: str | Path) -> None:
        """Name the folder; it is made when the first snapshot is added.

        Args:
            path: The folder.
        """
        self.path: Path = Path(path)

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        return f"the store {self.path}"

    def __repr__(self) -> str:
        """Return the folder."""
        return f"<SnapshotStore {self.path}>"

    @staticmethod
    def is_store(path: str | Path) -> bool:
        """Return whether a folder is a store."""
        return (Path(path) / MANIFEST).is_file()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Every snapshot, by date and time of observation.

        Raises:
            StoreError: The manifest cannot be read.
        """
        return read_manifest(self.path)[0]

    def collect(self, hub: Hub, *, top: int | None = None, namespaces: Iterable[str] | None = None,
                ids: Iterable[str] | None = None, members: bool = False, cards: bool = False,
                wait: float = 60.0) -> Entry:  # fmt: skip
        """Observe the Hub now, and add the snapshot; an attempt that was cut off a short while ago is continued.

        Args:
            hub: The Hub.
            top: As ``Hub.snapshot`` has it.
            namespaces: As ``Hub.snapshot`` has it.
            ids: As ``Hub.snapshot`` has it.
            members: As ``Hub.snapshot`` has it.
            cards: As ``Hub.snapshot`` has it.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshot.

        Raises:
            StoreError: The store cannot be written, or another process writes to it.
            SourceUnavailableError: The Hub cannot be reached; what was collected is continued next time.
            SourceFormatError: The Hub answered something else, or has no model.
            InvalidArgumentError: The choice makes no sense, or no model is in it; or ``wait`` is negative.
        """
        with self._locked(wait):
            self._forget_stored(self.path / _CHECKPOINT)
            checkpoint = hub.collect(
                self.path / _CHECKPOINT, top=top, namespaces=namespaces, ids=ids, members=members, cards=cards
            )
            entry = self._add(checkpoint.write, checkpoint.observed_at, hub.name, checkpoint.note)
            checkpoint.discard()
        return entry

    def add(self, snapshot: Panel | pl.DataFrame | pl.LazyFrame, *, observed_at: dt.datetime | None = None,
            source: str | None = None, note: str = "", wait: float = 60.0) -> Entry:  # fmt: skip
        """Add a snapshot: one observation of many models.

        Args:
            snapshot: A panel with one period, or a frame with model_id and at least one counter.
            observed_at: When the counters were read; the frame's or the panel's own where absent.
            source: Where it came from.
            note: What it covers.
            wait: Seconds to wait for another writer.

        Returns:
            The snapshot.

        Raises:
            StoreError: The store cannot be written, or another process writes to it.
            PanelError: The snapshot is no single observation.
            InvalidArgumentError: ``observed_at`` is no instant, or ``wait`` is negative.
        """
        if isinstance(snapshot, Panel):
            source, note = source or snapshot.source, note or snapshot.note
        frame = _normalized(snapshot, observed_at)
        if "private" in frame.columns:
            public = frame.filter(~pl.col("private").fill_null(False))
            if not public.height:
                raise PanelError.of(
                    "snapshot", "holds private models only", "a store holds models that everyone can see"
                )
            if left_out := frame.height - public.height:
                note = "; ".join(filter(None, [note, f"{left_out:,} private models are left out"]))
            frame = public
        with self._locked(wait):
            return self._add(lambda path: frame.write_parquet(path, compression="zstd", row_group_size=100_000),
                             frame["observed_at"][0], source or "a dataframe", note)  # fmt: skip

    def panel(
        self, start: dt.date | str | None = None, end: dt.date | str | None = None, *,
        counter: Counter = "downloads_30d",
    ) -> Panel:  # fmt: skip
        """Return the snapshots of a range as a panel; the files are scanned when it is measured.

        Of several observations of one date the last is taken.

        Args:
            start: First date, or text such as ``2026-01-31``; the store's first where absent.
            end: Last date; the store's last where absent.
            counter: Which counter.

        Raises:
            StoreError: The store is empty, or has no snapshot or not the counter in the range, or a file is missing or
                damaged.
            PanelError: There is no such counter, or a query failed.
            InvalidArgumentError: ``start`` or ``end`` names no day.
        """
        if counter not in COUNTERS:
            raise PanelError.of("counter", f"{counter!r} is no counter", f"use {' or '.join(map(repr, COUNTERS))}")
        first, last = (
            None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end))
        )
        entries, facts = read_manifest(self.path)
        within = [
            entry
            for entry in entries
            if (first is None or entry.date >= first) and (last is None or entry.date <= last)
        ]
        if not within:
            span = f"{entries[0].date} .. {entries[-1].date}" if entries else "nothing"
            raise StoreError(f"{self.path} has no snapshot between {first} and {last}; it has {span}")
        counted = [entry for entry in within if counter in entry.totals]
        if not counted:
            there = " and ".join(sorted({name for entry in within for name in entry.totals}))
            raise StoreError(
                f"no snapshot of {self.path} in the range holds {counter}; they hold {there}: say counter="
            )
        chosen = list({entry.date: entry for entry in counted}.values())
        files = [inside(self.path, entry.file) for entry in chosen]
        if missing := [file for file in files if not file.is_file()]:
            raise StoreError(f"{missing[0]} is missing; verify() tells what else is, and a backup has to give it back")
        if problem := facts.problem(self.path):
            raise StoreError(f"{self.path / facts.file}: {problem}; {_AGAIN}")
        period = pl.col("observed_at").dt.date()
        rows = _scan(files).select("model_id", counter, "observed_at", period=period)
        rows = rows.filter(pl.col(counter).is_not_null())
        identity = ",".join(entry.sha256 for entry in chosen)
        table = normalized_models(pl.scan_parquet(self.path / facts.file))
        try:
            panel = Panel.of(engines.wrap(rows), table, counter=counter, identity=identity, source=self.name)
        except PanelError as error:
            damaged = [one.file for one in chosen if difference(self.path / one.file, one.sha256)]
            if not damaged:
                raise
            raise StoreError(f"{self.path}: {', '.join(damaged)} is damaged; restore it from a backup") from error
        left_out = {
            "earlier observations of a date are not used": len(counted) - len(chosen),
            f"snapshots without {counter} are left out": len(within) - len(counted),
            f"observations of models without {counter} are left out": sum(one.models for one in chosen) - panel.size,
        }
        note = "; ".join(
            [f"{len(chosen)} snapshots", *(f"{number:,} {what}" for what, number in left_out.items() if number)]
        )
        return panel.described(note=note)

    def verify(self) -> tuple[Fault, ...]:
        """Compare every file with the manifest, byte by byte.

        Returns:
            What is missing, changed, or there without an entry; empty where all is well.

        Raises:
            StoreError: The manifest cannot be read.
        """
        faults = []
        entries, facts = read_manifest(self.path)
        for entry in entries:
            file = inside(self.path, entry.file)
            problem = difference(file, entry.sha256) if file.is_file() else "is missing"
            if problem:
                faults.append(Fault(entry.file, problem, "restore it from a backup"))
        if facts.file and (problem := facts.problem(self.path)):
            faults.append(Fault(facts.file, problem, _AGAIN))
        faults.extend(
            Fault(name, _UNLISTED, "recover() adds it if it is a snapshot") for name in self._unlisted(entries)
        )
        return tuple(faults)

    def recover(self, *, wait: float = 60.0) -> tuple[Entry, ...]:
        """Add snapshots to the manifest that are in the folder and not in the manifest.

        Use it when the manifest was lost, damaged, or restored from a backup that is older than the snapshots, or after
        snapshots of another store were copied in. Snapshots are never changed or removed; a damaged manifest is kept as
        ``manifest.json.damaged-...``. Source and note of a recovered snapshot are unknown.

        Args:
            wait: Seconds to wait for another writer.

        Returns:
            The snapshots that were added; :meth:`verify` lists the files that are not whole snapshots.

        Raises:
            StoreError: The store cannot be written, or another process writes to it.
            InvalidArgumentError: ``wait`` is negative.
        """
        with self._locked(wait):
            manifest = self.path / MANIFEST
            try:
                entries, facts = read_manifest(self.path)
            except StoreError:
                entries, facts = (), Facts()
                if manifest.is_file():
                    manifest.rename(self.path / f"{MANIFEST}.damaged-{uuid.uuid4().hex}")
            found = tuple(entry for name in self._unlisted(entries) if (entry := self._adopted(name)) is not None)
            if found or not manifest.is_file():
                every = (*entries, *found)
                self._publish(every, facts, self._undamaged(every))
            return found

    def _unlisted(self, entries: tuple[Entry, ...]) -> list[str]:
        """Return the Parquet files in folders of snapshots that the manifest does not name."""
        known = {entry.file for entry in entries}
        names = (file.relative_to(self.path).as_posix() for file in sorted(self.path.glob("date=*/*.parquet")))
        return [name for name in names if name not in known]

    def _adopted(self, name: str) -> Entry | None:
        """Return the entry for a finished snapshot; None if the file is not one."""
        observed_at = observed_at_of(name)
        if observed_at is None:
            return None
        file = inside(self.path, name)
        try:
            instants = pl.scan_parquet(file, glob=False).select(pl.col("observed_at").unique()).collect()
            if instants["observed_at"].to_list() != [observed_at]:
                return None
            return self._described(file, observed_at, "recovered", "", {})
        except (pl.exceptions.PolarsError, OSError):
            return None

    def _forget_stored(self, checkpoint: Path) -> None:
        """Discard the pages of an attempt whose snapshot was stored before the process was killed."""
        observed_at = Checkpoint.began_at(checkpoint)
        if observed_at is not None and (self.path / snapshot_name(observed_at)).exists():
            Checkpoint.remove(checkpoint)

    def _add(self, write: Any, observed_at: dt.datetime, source: str, note: str) -> Entry:
        """Write a snapshot under a temporary name, rename it, and then let the manifest name it."""
        entries, facts = read_manifest(self.path)
        self._sweep(facts.file)
        name = snapshot_name(observed_at)
        if any(entry.file == name for entry in entries):
            raise StoreError(f"{self.path} has an observation of {observed_at:%Y-%m-%d %H:%M:%S} UTC already")
        target = inside(self.path, name)
        if target.exists():
            raise StoreError(f"{target} exists and {_UNLISTED}; recover() adds it")
        with _telling(target):
            target.parent.mkdir(exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
            write(partial)
            sync(partial)
            entry = self._described(partial, observed_at, source, note, self._issues(partial, observed_at, entries))
            partial.replace(target)
            sync(target.parent)
            self._publish((*entries, entry), facts, self._sources(entries, facts, entry))
        return entry

    def _described(self, file: Path, observed_at: dt.datetime, source: str, note: str, issues: dict[str, int]) -> Entry:
        """Return the manifest's entry for the file of a snapshot."""
        frame = pl.scan_parquet(file, glob=False)
        there = [counter for counter in COUNTERS if counter in frame.collect_schema().names()]
        sums = frame.select(pl.len(), *(pl.col(one).sum() for one in there)).collect(engine="streaming")
        models, *totals = sums.row(0)
        return Entry(observed_at.date(), observed_at, snapshot_name(observed_at), source, int(models),
                     {one: int(total) for one, total in zip(there, totals, strict=True)}, sha256_of(file), LAYOUT, issues,
                     note, version("ossgeo"))  # fmt: skip

    def _publish(self, entries: tuple[Entry, ...], facts: Facts, sources: list[Path]) -> None:
        """Write the facts about all models and then the manifest, which makes new snapshots part of the store."""
        fresh = self.path / f"models-{uuid.uuid4().hex}.parquet"
        self._merge_models(sources, fresh)
        sync(self.path)
        write_manifest(self.path, entries, Facts(fresh.name, sha256_of(fresh)))
        if facts.file:
            (self.path / facts.file).unlink(missing_ok=True)

    def _issues(self, partial: Path, observed_at: dt.datetime, entries: tuple[Entry, ...]) -> dict[str, int]:
        """What is strange about a new snapshot, beside the one before; a damaged file does not keep a new one out."""
        try:
            return self._compare(partial, observed_at, entries)
        except (StoreError, PanelError, pl.exceptions.PolarsError):
            return {"previous_unreadable": 1}

    def _compare(self, partial: Path, observed_at: dt.datetime, entries: tuple[Entry, ...]) -> dict[str, int]:
        found: dict[str, int] = {}
        before = [entry for entry in entries if entry.observed_at < observed_at]
        if len(before) < len(entries):
            found["clock_stepped"] = 1
        if any(entry.date == observed_at.date() for entry in entries):
            found["same_date"] = 1
        files = [self.path / before[-1].file] if before and (self.path / before[-1].file).is_file() else []
        scan = _scan([partial, *files])
        names = scan.collect_schema().names()
        counter = next(one for one in COUNTERS if one in names)
        instant = pl.col("observed_at")
        days = [entry.date for entry in before[-1:]] if files else []
        if days and days[0] == observed_at.date():
            return found
        rows = scan.select("model_id", counter, "observed_at", period=instant.dt.date())
        rows = rows.filter(pl.col(counter).is_not_null())
        models = normalized_models(scan.select("model_id").unique())
        issues = find_issues(engines.wrap(rows), models, counter=counter, periods=[*days, observed_at.date()])
        return found | {issue.code: int(issue.count) for issue in issues}

    def _sources(self, entries: tuple[Entry, ...], facts: Facts, new: Entry) -> list[Path]:
        """Return the files that hold facts about models, the latest last.

        They are the table of models and the new snapshot, or all undamaged snapshots if the table is missing or damaged.
        """
        if facts.file and facts.problem(self.path) is None:
            both = [inside(self.path, facts.file), self.path / new.file]
            return both if new.observed_at >= max(entry.observed_at for entry in entries) else both[::-1]
        return self._undamaged((*entries, new))

    def _undamaged(self, entries: Iterable[Entry]) -> list[Path]:
        """Return the files of the snapshots that are as the manifest states, by time of observation."""
        files = ((inside(self.path, one.file), one.sha256) for one in sorted(entries, key=lambda one: one.observed_at))
        return [file for file, sha256 in files if file.is_file() and difference(file, sha256) is None]

    def _merge_models(self, sources: list[Path], target: Path) -> None:
        """Write, for every model ever seen, the latest known value of each column.

        Args:
            sources: Earlier facts, then snapshots by time of observation.
            target: The file to write.
        """
        tables = [
            _scan([file]).drop(*COUNTERS, "observed_at", strict=False).unique("model_id", keep="last")
            for file in sources
        ]
        facts = functools.reduce(_merged, tables)
        facts.collect(engine="streaming").write_parquet(target, compression="zstd")
        sync(target)

    def _sweep(self, models: str) -> None:
        """Remove the temporary files of a writer that was killed, and tables of models that the manifest does not name.

        Those tables are derived from the snapshots. A finished snapshot is never removed, whatever the manifest says.
        """
        for file in (*self.path.glob("date=*/.*"), *self.path.glob(f".{MANIFEST}.*")):
            if _TEMPORARY.fullmatch(file.name) and not file.is_symlink() and not file.parent.is_symlink():
                file.unlink(missing_ok=True)
        for file in self.path.glob("models-*.parquet"):
            if is_models(file.name) and file.name != models and not file.is_symlink():
                file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, wait: float) -> Iterator[None]:
        """Let one writer in at a time; the system frees the lock of a process that dies."""
        from filelock import FileLock, Timeout

        if not isinstance(wait, int | float) or not wait >= 0:  # the lock's -1 is for ever
            raise InvalidArgumentError(f"wait={wait!r} is no number of seconds; give 0 or more")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / _LOCK, timeout=wait)
            lock.acquire()
        except Timeout as error:
            raise StoreError(f"{self.path} is being written by another process; waited {wait:.0f} s") from error
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error.strerror or error}") from error
        try:
            yield
        finally:
            lock.release()


@contextmanager
def _telling(target: Path) -> Iterator[None]:
    """Say what could not be written; a full disk or a read-only folder loses nothing that was stored."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise StoreError(f"{target} cannot be written: {reason}; what was stored before is unchanged") from error
    finally:
        for rest in target.parent.glob(f".{target.name}.*"):
            rest.unlink(missing_ok=True)


def _normalized(snapshot: Any, observed_at: Any) -> pl.DataFrame:
    """One observation with the columns of a snapshot."""
    if isinstance(snapshot, Panel):
        if len(snapshot.periods) != 1:
            raise PanelError.of(snapshot.source, f"holds {len(snapshot.periods)} periods", "add them one by one")
        rows = engines.collect(snapshot.rows)
        day = dt.datetime.combine(snapshot.periods[0], dt.time(), dt.UTC)
        if "observed_at" not in rows.columns:
            rows = rows.with_columns(observed_at=pl.lit(day))
        models = snapshot.models.collect()
        frame = rows.drop("period").join(models, on="model_id", how="left", maintain_order="left")
    elif isinstance(snapshot, pl.DataFrame | pl.LazyFrame):
        frame = snapshot.lazy().collect()
    else:
        problem = f"is a {type(snapshot).__name__}, no Panel and no Polars frame"
        raise PanelError.of("snapshot", problem, "files and other frames are read by ossgeo.read_panel")
    if "model_id" not in frame.columns or not {*COUNTERS} & {*frame.columns}:
        there = ", ".join(frame.columns)
        raise PanelError.of("snapshot", f"has no model_id or no counter; it has {there}", "rename its columns")
    if observed_at is not None and not isinstance(observed_at, dt.datetime):
        raise InvalidArgumentError(f"observed_at={observed_at!r} is no instant; give a datetime.datetime in UTC")
    if observed_at is not None:
        instant = observed_at if observed_at.tzinfo else observed_at.replace(tzinfo=dt.UTC)
        frame = frame.with_columns(observed_at=pl.lit(instant.astimezone(dt.UTC)))
    if "observed_at" not in frame.columns:
        raise PanelError.of("snapshot", "does not say when it was observed", "give observed_at=")
    if not frame.height:
        raise PanelError.of("snapshot", "holds no model", "there is nothing to store")
    frame = frame.with_columns(pl.col("observed_at").cast(pl.Datetime("us", "UTC")))
    days = frame["observed_at"].dt.date().unique()
    if frame["observed_at"].null_count() or len(days) != 1:
        raise PanelError.of("snapshot", f"was observed on {len(days)} days", "add each day by itself")
    kinds = {name: SCHEMA[name] for name in frame.columns if name in SCHEMA}
    return frame.select(pl.col(name).cast(kind) for name, kind in kinds.items()).with_columns(
        pl.col("observed_at").max()
    )


def _merged(earlier: pl.LazyFrame, later: pl.LazyFrame) -> pl.LazyFrame:
    """Return the models of both tables, each column with the later value, or the earlier one where the later is null."""
    before, after = (table.collect_schema().names() for table in (earlier, later))
    joined = earlier.join(later, on="model_id", how="full", coalesce=True, suffix="_later")
    both = [name for name in before if name in after and name != "model_id"]
    names = [name for name in SCHEMA if name in {*before, *after}]
    return joined.with_columns(pl.coalesce(f"{name}_later", name).alias(name) for name in both).select(names)


def _scan(files: list[Path]) -> pl.LazyFrame:
    """Scan snapshots whose columns may differ: every column of the schema that any of them has."""
    names: set[str] = set()
    for file in files:
        try:
            names.update(pl.read_parquet_schema(file))
        except (pl.exceptions.PolarsError, OSError) as error:
            problem = f"{file} cannot be read: {error}"
            raise StoreError(f"{problem}; verify() tells what else is damaged, a backup has to give it back") from error
    kinds = {name: kind for name, kind in SCHEMA.items() if name in names}
    return pl.scan_parquet(files, schema=kinds, missing_columns="insert", extra_columns="ignore")
