"""A store of snapshots: a folder of dated Parquet files that never loses one."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import polars as pl

from ossgeo import engines
from ossgeo.columns import COUNTERS, Counter
from ossgeo.days import day_of
from ossgeo.errors import Fault, MeasureError, PanelError, StoreError
from ossgeo.hazards import find_hazards
from ossgeo.panel import Panel, normalised_models
from ossgeo.sources.entries import SCHEMA
from ossgeo.sources.manifest import (
    LAYOUT,
    MANIFEST,
    Entry,
    Facts,
    difference,
    read_manifest,
    sha256_of,
    sync,
    write_manifest,
)

if TYPE_CHECKING:
    from ossgeo.sources.hub import Hub

_LOCK: Final = ".lock"
_SPOOL: Final = ".collecting"


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
            MeasureError: The choice makes no sense, or no model is in it; or ``wait`` is negative.
        """
        with self._locked(wait):
            spool = hub.collect(
                self.path / _SPOOL, top=top, namespaces=namespaces, ids=ids, members=members, cards=cards
            )
            entry = self._add(spool.write, spool.observed_at, hub.name, spool.note)
            spool.discard()
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
            MeasureError: ``observed_at`` is no instant, or ``wait`` is negative.
        """
        if isinstance(snapshot, Panel):
            source, note = source or snapshot.source, note or snapshot.note
        frame = _normalised(snapshot, observed_at)
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
            MeasureError: ``start`` or ``end`` names no day.
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
        files = [self.path / entry.file for entry in chosen]
        if missing := [file for file in files if not file.is_file()]:
            raise StoreError(f"{missing[0]} is missing; verify() tells what else is, and a backup has to give it back")
        if problem := facts.problem(self.path):
            raise StoreError(f"{self.path / facts.file}: {problem}; {_AGAIN}")
        period = pl.col("observed_at").dt.date()
        rows = _scan(files).select("model_id", counter, "observed_at", period=period)
        rows = rows.filter(pl.col(counter).is_not_null())
        identity = ",".join(entry.sha256 for entry in chosen)
        table = normalised_models(pl.scan_parquet(self.path / facts.file))
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
        return attrs.evolve(panel, note=note)

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
            file = self.path / entry.file
            problem = difference(file, entry.sha256) if file.is_file() else "is missing"
            if problem:
                faults.append(Fault(entry.file, problem, "restore it from a backup"))
        if facts.file and (problem := facts.problem(self.path)):
            faults.append(Fault(facts.file, problem, _AGAIN))
        known = {entry.file for entry in entries}
        for file in sorted(self.path.glob("date=*/*.parquet")):
            name = file.relative_to(self.path).as_posix()
            if name not in known:
                faults.append(Fault(name, "is not in the manifest", "the next add() removes it"))
        return tuple(faults)

    def _add(self, write: Any, observed_at: dt.datetime, source: str, note: str) -> Entry:
        """Write a snapshot under a temporary name, rename it, and then let the manifest name it."""
        entries, facts = read_manifest(self.path)
        self._sweep({entry.file for entry in entries}, facts.file)
        date = observed_at.date()
        name = f"date={date}/{observed_at:%Y%m%dT%H%M%S%f}Z.parquet"
        if any(entry.file == name for entry in entries):
            raise StoreError(f"{self.path} has an observation of {observed_at:%Y-%m-%d %H:%M:%S} UTC already")
        target = self.path / name
        with _telling(target):
            target.parent.mkdir(exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
            write(partial)
            frame = pl.scan_parquet(partial)
            there = [counter for counter in COUNTERS if counter in frame.collect_schema().names()]
            sums = frame.select(pl.len(), *there).select(pl.col("len").first(), *(pl.col(one).sum() for one in there))
            counted = sums.collect(engine="streaming").row(0, named=True)
            sync(partial)
            hazards = self._hazards(partial, observed_at, entries)
            entry = Entry(date, observed_at, name, source, int(counted["len"]),
                          {one: int(counted[one]) for one in there}, sha256_of(partial), LAYOUT, hazards, note,
                          version("ossgeo"))  # fmt: skip
            fresh = self.path / f"models-{uuid.uuid4().hex}.parquet"
            self._merge_models(partial, self._earlier(entries, facts), fresh)
            partial.replace(target)
            sync(target.parent)
            sync(self.path)
            write_manifest(self.path, (*entries, entry), Facts(fresh.name, sha256_of(fresh)))
            if facts.file:
                (self.path / facts.file).unlink(missing_ok=True)
        return entry

    def _hazards(self, partial: Path, observed_at: dt.datetime, entries: tuple[Entry, ...]) -> dict[str, int]:
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
        models = normalised_models(scan.select("model_id").unique())
        hazards = find_hazards(engines.wrap(rows), models, counter=counter, periods=[*days, observed_at.date()])
        return found | {hazard.code: int(hazard.count) for hazard in hazards}

    def _earlier(self, entries: tuple[Entry, ...], facts: Facts) -> list[Path]:
        """Where earlier facts about models are; where their file is missing or damaged, the snapshots that are whole."""
        if facts.file and facts.problem(self.path) is None:
            return [self.path / facts.file]
        files = {self.path / entry.file: entry.sha256 for entry in entries}
        return [file for file, sha256 in files.items() if file.is_file() and difference(file, sha256) is None]

    def _merge_models(self, partial: Path, earlier: list[Path], target: Path) -> None:
        """The latest facts about every model ever seen: those of the new snapshot, and the old ones of all others."""
        facts = pl.scan_parquet(partial).drop(*COUNTERS, "observed_at", strict=False).unique("model_id", keep="last")
        if earlier:
            old = _scan(earlier).drop(*COUNTERS, "observed_at", strict=False).unique("model_id", keep="last")
            facts = pl.concat([old.join(facts.select("model_id"), on="model_id", how="anti"), facts], how="diagonal")
        facts.collect(engine="streaming").write_parquet(target, compression="zstd")
        sync(target)

    def _sweep(self, known: set[str], models: str) -> None:
        """Remove what a writer left that was killed before the manifest named it."""
        for file in self.path.glob("date=*/*.parquet*"):
            if file.relative_to(self.path).as_posix() not in known:
                file.unlink(missing_ok=True)
        for file in (*self.path.glob("date=*/.*.parquet.*"), *self.path.glob(f".{MANIFEST}.*")):
            file.unlink(missing_ok=True)
        for file in self.path.glob("models-*.parquet"):
            if file.name != models:
                file.unlink(missing_ok=True)

    @contextmanager
    def _locked(self, wait: float) -> Iterator[None]:
        """Let one writer in at a time; the system frees the lock of a process that dies."""
        from filelock import FileLock, Timeout

        if not isinstance(wait, int | float) or not wait >= 0:  # the lock's -1 is for ever
            raise MeasureError(f"wait={wait!r} is no number of seconds; give 0 or more")
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


def _normalised(snapshot: Any, observed_at: Any) -> pl.DataFrame:
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
        raise MeasureError(f"observed_at={observed_at!r} is no instant; give a datetime.datetime in UTC")
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
