"""Pages on their way to a snapshot: each is kept as soon as it is whole, so that nothing is fetched twice."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final, Self

import attrs
import polars as pl

from ossgeo.errors import SourceFormatError, StoreError
from ossgeo.sources._hub.parsing import SCHEMA, read_page

FRESH: Final = dt.timedelta(hours=6)
"""An attempt that began longer ago is begun anew: its counters would be of another observation."""

_STATE: Final = "state.json"
_BATCH: Final = 10
_SAFE: Final = "nothing that was stored before is lost"
_SHOWN: Final = 5


@attrs.frozen
class Query:
    """What is collected.

    Attributes:
        endpoint: Scheme and host of the Hub.
        top: How many models at most; None for no limit.
        chosen: Namespaces or ids.
        kind: ``all``, ``top``, ``namespaces`` or ``ids``.
        fields: What the Hub is asked for.
        page: Models on a page.
        members: Whether users' organizations are asked for.
        private: Whether private models that the token may see are part of the observation.
    """

    endpoint: str
    top: int | None
    chosen: tuple[str, ...]
    kind: str
    fields: tuple[str, ...]
    page: int
    members: bool
    private: bool = False

    @property
    def by_id(self) -> bool:
        """Whether models are asked for one by one."""
        return self.kind == "ids"

    @property
    def starts(self) -> tuple[str, ...]:
        """Each namespace, each id, or everything, in the order in which they are asked for."""
        return self.chosen or ("",)

    def params(self, start: str) -> list[tuple[str, Any]]:
        """Return the query of the first page.

        Args:
            start: One of :attr:`starts`.
        """
        fields = [("expand[]", field) for field in self.fields]
        if self.by_id:
            return fields
        limit = self.page if self.top is None else min(self.page, self.top)
        narrow = [("author", start)] if self.kind == "namespaces" else [("sort", "downloads")]
        return [*narrow, ("limit", limit), *fields]


@attrs.frozen
class _Reading:
    """Pages that are being turned into columns: up to which one, their files, where to, and the numbers of models that are kept and left out."""

    end: int
    files: Sequence[Path]
    path: Path
    counts: Future[tuple[int, int]]


@attrs.define
class Checkpoint:
    """The pages of one observation, in a folder.

    Attributes:
        folder: Holds a file for each page, and the state.
        query: What is collected.
        observed_at: When the observation began (UTC); all of its pages carry this time.
        start: The place in the query's starts at which the next page belongs.
        next_page: Address of the next page; None for the first one of a start.
        pages: How many pages were kept.
        read: How many of them are columns already.
        parts: The files of columns.
        models: How many models they hold.
        notes: What was absent, renamed or without models.
        members: Organizations of users.
        left_out: Private models that were left out.
    """

    folder: Path
    query: Query
    observed_at: dt.datetime
    start: int = 0
    next_page: str | None = None
    pages: int = 0
    read: int = 0
    parts: list[str] = attrs.field(factory=list)
    models: int = 0
    notes: dict[str, list[str]] = attrs.field(factory=dict)
    members: dict[str, list[str]] = attrs.field(factory=dict)
    left_out: int = 0
    _reading: _Reading | None = attrs.field(default=None, init=False)

    @classmethod
    def open(cls, folder: Path, query: Query) -> Self:
        """Open a folder: go on with a fresh attempt at the same query, or begin anew.

        Args:
            folder: Where pages are kept.
            query: What is collected.

        Raises:
            StoreError: The folder cannot be written.
        """
        now = dt.datetime.now(dt.UTC)
        try:
            state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
            began = dt.datetime.fromisoformat(state["observed_at"])
            if state["query"] == _plain(query) and dt.timedelta() <= now - began < FRESH:
                return cls(folder, query, began, *(state[name] for name in _COUNTED))
        except (OSError, ValueError, KeyError, TypeError):  # no earlier attempt, or one that cannot be read
            pass
        try:
            _remove(folder)
            folder.mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
        return cls(folder, query, now)

    @staticmethod
    def began(folder: Path) -> dt.datetime | None:
        """Return when the attempt in a folder began (UTC); None if there is none that can be read.

        Args:
            folder: Where pages are kept.
        """
        try:
            state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
            return dt.datetime.fromisoformat(state["observed_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove the pages of an attempt.

        Args:
            folder: Where pages are kept.
        """
        _remove(folder)

    def __enter__(self) -> Self:
        """Return the checkpoint: within a ``with`` block pages may be read in a thread, which has come to rest after it."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Wait for the pages that are being read; what they held is read again by the next attempt."""
        if self._reading is not None:
            wait([self._reading.counts])

    def add(self, frame: pl.DataFrame, start: int, next_page: str | None) -> None:
        """Keep a page, and remember what comes next.

        Args:
            frame: The page.
            start: The place in the query's starts at which the next page belongs.
            next_page: Its address.

        Raises:
            StoreError: It cannot be written.
        """
        path = self.folder / f"part-{self.read:07d}.parquet"
        public = self._public(frame)
        self._remember(path, _write(public, path))
        self.left_out += frame.height - public.height
        self.pages += 1
        self.read = self.pages
        self.start, self.next_page = start, next_page
        self._save()

    def keep(self, page: bytes, start: int, next_page: str | None) -> None:
        """Keep a page as the Hub gave it, and remember what comes next; every so often pages become columns.

        Args:
            page: The body.
            start: The place in the query's starts at which the next page belongs.
            next_page: Its address.

        Raises:
            StoreError: It cannot be written.
            SourceFormatError: A page is not as it should be.
        """
        path = self._page(self.pages)
        try:
            path.write_bytes(page)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}; {_SAFE}") from error
        self.pages += 1
        self.start, self.next_page = start, next_page
        self._save()
        if self.query.top is not None:
            self.convert()
        elif self.pages - max(self.read, self._reading.end if self._reading else 0) >= _BATCH:
            self._take()
            self._read_on()

    def convert(self) -> None:
        """Turn the pages that are still as the Hub gave them into columns.

        Raises:
            StoreError: They cannot be written.
            SourceFormatError: A page is not as it should be.
        """
        self._take()
        if self.read < self.pages:
            self._read_on()
            self._take()

    def _read_on(self) -> None:
        """Begin to turn pages into columns, in a thread: the next ones can be asked for meanwhile."""
        numbers = range(self.read, self.pages)
        path = self.folder / f"part-{self.read:07d}.parquet"
        limit = None if self.query.top is None else self.query.top - self.models
        where = [f"page {number + 1} of {self.query.endpoint}/api/models" for number in numbers]
        pool = ThreadPoolExecutor(1)
        files = [self._page(number) for number in numbers]
        counts = pool.submit(self._read, files, where, path, limit)
        pool.shutdown(wait=False)
        self._reading = _Reading(self.pages, files, path, counts)

    def _read(self, files: Sequence[Path], where: Sequence[str], path: Path, limit: int | None) -> tuple[int, int]:
        try:
            bodies = [file.read_bytes() for file in files]
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be read: {error.strerror}") from error
        pages = zip(bodies, where, strict=True)
        frame = pl.concat([read_page(body, observed_at=self.observed_at, where=name) for body, name in pages])
        public = self._public(frame)
        return _write(public if limit is None else public.head(limit), path), frame.height - public.height

    def _public(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the models that everyone can see. With a token the Hub also lists the private models of its owner."""
        return frame if self.query.private else frame.filter(~pl.col("private").fill_null(False))

    def _take(self) -> None:
        """Remember the pages that were begun to be read, once they are columns."""
        reading = self._reading
        if reading is None:
            return
        try:
            kept, left_out = reading.counts.result()
        except SourceFormatError:
            self.discard()  # what is wrong would be wrong again
            raise
        self._reading = None
        self._remember(reading.path, kept)
        self.left_out += left_out
        self.read = reading.end
        self._save()
        for file in reading.files:
            file.unlink(missing_ok=True)

    def add_note(self, kind: str, text: str, start: int | None) -> None:
        """Remember what was absent, renamed or without models.

        Args:
            kind: ``absent``, ``renamed`` or ``without models``.
            text: What it is.
            start: The place in the query's starts to go on at; None to stay.
        """
        self.notes.setdefault(kind, []).append(text)
        if start is not None:
            self.start = start
        self._save()

    def add_members(self, namespace: str, organizations: Sequence[str]) -> None:
        """Remember the organizations of a user.

        Args:
            namespace: The user.
            organizations: Their handles.
        """
        self.members[namespace] = list(organizations)

    def namespaces(self) -> list[str]:
        """Return the namespaces of all models."""
        self.convert()
        return self._scan().select(pl.col("namespace").unique(maintain_order=True)).collect()["namespace"].to_list()

    def finish(self) -> None:
        """Remember that the observation is complete.

        Raises:
            SourceFormatError: A page is not as it should be.
        """
        self.convert()
        self.start, self.next_page = len(self.query.starts), None
        self._save()

    def write(self, path: Path) -> None:
        """Write the snapshot: one row for each model, the last one where a model moved from page to page meanwhile.

        Args:
            path: Where to.

        Raises:
            StoreError: It cannot be written.
        """
        scan = self._scan()
        if self.members:
            table = pl.LazyFrame(
                {"namespace": list(self.members), "known": list(self.members.values())},
                schema={"namespace": pl.String, "known": pl.List(pl.String)},
            )
            joined = scan.join(table, on="namespace", how="left", maintain_order="left")
            scan = joined.with_columns(member_of=pl.coalesce("known", "member_of")).drop("known")
        twice = self._scan().select(pl.col("model_id").is_duplicated().any()).collect(engine="streaming").item()
        if twice:
            before = self.models
            frame = scan.collect(engine="streaming").unique("model_id", keep="last", maintain_order=True)
            self.notes["repeated"] = [f"{before - frame.height} models stood on two pages"]
            scan = frame.lazy()
        try:
            scan.sink_parquet(path, compression="zstd", row_group_size=100_000)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{path} cannot be written: {error}; nothing that was stored before is lost") from error

    def discard(self) -> None:
        """Remove the folder, the state first: what a kill leaves of it is then no attempt that could be continued."""
        _remove(self.folder)

    @property
    def note(self) -> str:
        """What the observation covers, in one sentence."""
        chosen = self.query.chosen
        named = ", ".join(chosen[:_SHOWN]) + (" ..." if len(chosen) > _SHOWN else "")
        what = {"all": "all models", "top": f"the {self.query.top} most downloaded models",
                "namespaces": f"the models of {named}", "ids": f"{len(chosen)} models by id"}[self.query.kind]  # fmt: skip
        parts = [f"{what} at {self.observed_at:%Y-%m-%d %H:%M} UTC"]
        if self.left_out:
            parts.append(f"{self.left_out:,} private models are left out")
        for kind, texts in self.notes.items():
            parts.append(f"{kind}: {', '.join(texts[:_SHOWN])}{' ...' if len(texts) > _SHOWN else ''}")
        return "; ".join(parts)

    def _page(self, number: int) -> Path:
        return self.folder / f"page-{number:07d}.json"

    def _remember(self, path: Path, height: int) -> None:
        self.parts.append(path.name)
        self.models += height

    def _scan(self) -> pl.LazyFrame:
        files = [self.folder / name for name in dict.fromkeys(self.parts)]
        return pl.scan_parquet(files) if files else pl.LazyFrame(schema=SCHEMA)

    def _save(self) -> None:
        state = {"query": _plain(self.query), "observed_at": self.observed_at.isoformat(),
                 **{name: getattr(self, name) for name in _COUNTED}}  # fmt: skip
        written = self.folder / f"{_STATE}.new"
        try:
            written.write_text(json.dumps(state), encoding="utf-8")
            os.replace(written, self.folder / _STATE)
        except OSError as error:
            raise StoreError(f"{written} cannot be written: {error.strerror}") from error


_COUNTED: Final = ("start", "next_page", "pages", "read", "parts", "models", "notes", "members", "left_out")


def _write(frame: pl.DataFrame, path: Path) -> int:
    try:
        frame.write_parquet(path, compression="lz4", statistics=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{path} cannot be written: {error}; {_SAFE}") from error
    return frame.height


def _remove(folder: Path) -> None:
    if folder.is_dir():
        (folder / _STATE).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _plain(query: Query) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(attrs.asdict(query)))
    return plain
