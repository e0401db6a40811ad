"""The progress of one observation in a folder: each page is kept when it is complete, so that none is requested twice."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, Final, Self

import attrs
import msgspec
import polars as pl

from ossgeo._core.schema import COUNTERS
from ossgeo._core.text import counted
from ossgeo.errors import SourceFormatError, StoreError
from ossgeo.sources._hub.parts import UNCHANGED, Account, Part, convert, scan_parts, write_part, write_snapshot
from ossgeo.sources._hub.query import Query

FRESH: Final = dt.timedelta(hours=6)
"""An older attempt is not continued, because its counters would be of another observation."""

MOST_REPEATED: Final = 10
"""So many consecutive pages without a model that was not listed before are an error: the list would never end."""

_STATE: Final = "state.json"
_MEMBERS: Final = "members.jsonl"
_BATCH: Final = 10
_SHOWN: Final = 5


@attrs.frozen
class _Conversion:
    """Pages that a thread is converting.

    Attributes:
        end: The number of the first page after them.
        names: Their files.
        path: The part that is written.
        part: The result.
    """

    end: int
    names: Sequence[str]
    path: Path
    part: Future[Part]


@attrs.define
class Checkpoint:
    """The pages of one observation.

    Attributes:
        folder: Contains the pages, the parts made from them, and the state.
        query: The choice of models.
        observed_at: The time at which the observation began (UTC); all of its models carry it.
        start: The place in the query's starts to which the next page belongs.
        next_page: Address of the next page; None for the first page of a start.
        pages: Number of pages that were kept.
        converted: How many of them are in parts already.
        models: Number of models in the parts.
        left_out: Private models that were left out.
        parts: The files of columns, in order.
        hashes: SHA-256 of every page and part.
        notes: Models that are absent or renamed, namespaces without models, refused fields.
        accounts: Type of the account and organizations of its user, by namespace.
        resumed: Whether an earlier attempt is continued.
    """

    folder: Path
    query: Query
    observed_at: dt.datetime
    start: int = 0
    next_page: str | None = None
    pages: int = 0
    converted: int = 0
    models: int = 0
    left_out: int = 0
    parts: list[str] = attrs.field(factory=list)
    hashes: dict[str, str] = attrs.field(factory=dict)
    notes: dict[str, list[str]] = attrs.field(factory=dict)
    accounts: dict[str, Account] = attrs.field(factory=dict, init=False)
    resumed: bool = attrs.field(default=False, init=False)
    _conversion: _Conversion | None = attrs.field(default=None, init=False)
    _last_pages: set[int] = attrs.field(factory=set, init=False)
    _digests: set[str | None] = attrs.field(factory=lambda: {None}, init=False)
    _repeated: int = attrs.field(default=0, init=False)

    @classmethod
    def open(cls, folder: Path, query: Query) -> Self:
        """Continue a fresh and undamaged attempt at the same query, or begin a new one.

        Args:
            folder: The folder of pages.
            query: The choice of models.

        Raises:
            StoreError: The folder cannot be written.
        """
        now = dt.datetime.now(dt.UTC)
        state = _read_state(folder)
        if state is not None and state["query"] == query.to_plain():
            began = dt.datetime.fromisoformat(state["observed_at"])
            if dt.timedelta() <= now - began < FRESH and _is_undamaged(folder, state["hashes"]):
                found = cls(folder, query, began, **{name: state[name] for name in _COUNTED})
                found.accounts, found.resumed = _read_accounts(folder), True
                return found
        try:
            cls.remove(folder)
            folder.mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror}") from error
        return cls(folder, query, now)

    @staticmethod
    def began_at(folder: Path) -> dt.datetime | None:
        """Return the time at which the attempt in a folder began (UTC); None if there is none that can be read.

        Args:
            folder: The folder of pages.
        """
        state = _read_state(folder)
        return None if state is None else dt.datetime.fromisoformat(state["observed_at"])

    @staticmethod
    def remove(folder: Path) -> None:
        """Remove the pages of an attempt, the state first: the rest after a kill is not an attempt to continue.

        Args:
            folder: The folder of pages.
        """
        if folder.is_dir():
            (folder / _STATE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def has_counts(self) -> bool:
        """Return whether a model has a count."""
        return any(self._scan().select(pl.col(COUNTERS).count()).collect().row(0))

    def discard(self) -> None:
        """Remove the folder."""
        self.remove(self.folder)

    def __enter__(self) -> Self:
        """Return the checkpoint; a thread may convert pages until the end of the ``with`` block."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Wait for the thread; its pages are converted again by the next attempt."""
        if self._conversion is not None:
            wait([self._conversion.part])

    def add_models(self, frame: pl.DataFrame, start: int, next_page: str | None) -> None:
        """Keep decoded models.

        Args:
            frame: The models.
            start: The place in the query's starts to which the next page belongs.
            next_page: Its address.

        Raises:
            StoreError: They cannot be written.
        """
        path = self._part()
        self._count(path, write_part(frame, path, private=self.query.private))
        self.pages += 1
        self.converted = self.pages
        self.start, self.next_page = start, next_page
        self._save()

    def add_page(self, page: bytes, start: int, next_page: str | None) -> None:
        """Keep a page as the Hub sent it; every ten pages a thread converts them.

        Args:
            page: The body.
            start: The place in the query's starts to which the next page belongs.
            next_page: Its address.

        Raises:
            StoreError: It cannot be written.
            SourceFormatError: A page does not have the form of the Hub's list, or the list does not end.
        """
        path = self._page(self.pages)
        try:
            path.write_bytes(page)
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}; {UNCHANGED}") from error
        self.hashes[path.name] = hashlib.sha256(page).hexdigest()
        if next_page is None:
            self._last_pages.add(self.pages)
        self.pages += 1
        self.start, self.next_page = start, next_page
        self._save()
        if self.query.top is not None:
            self.convert_pages()
        elif self.pages - max(self.converted, self._conversion.end if self._conversion else 0) >= _BATCH:
            self._finish_conversion()
            self._start_conversion()

    def convert_pages(self) -> None:
        """Convert all pages that are not in parts yet.

        Raises:
            StoreError: They cannot be written.
            SourceFormatError: A page does not have the form of the Hub's list, or the list does not end.
        """
        self._finish_conversion()
        if self.converted < self.pages:
            self._start_conversion()
            self._finish_conversion()

    def add_note(self, kind: str, text: str, start: int | None) -> None:
        """Keep a remark.

        Args:
            kind: ``absent``, ``renamed``, ``without models`` or ``fields that the Hub refused``.
            text: The model, namespace or field.
            start: The place in the query's starts to continue at; None to stay.
        """
        texts = self.notes.setdefault(kind, [])
        if text not in texts:
            texts.append(text)
        if start is not None:
            self.start = start
        self._save()

    def add_account(self, namespace: str, account: Account) -> None:
        """Keep the type of an account and the organizations of its user, so that they are not requested again.

        Args:
            namespace: The handle.
            account: Type and handles of organizations.

        Raises:
            StoreError: They cannot be written.
        """
        self.accounts[namespace] = account
        path = self.folder / _MEMBERS
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([namespace, account.organizations, account.type]) + "\n")
        except OSError as error:
            raise StoreError(f"{path} cannot be written: {error.strerror}; {UNCHANGED}") from error

    def namespaces(self) -> list[str]:
        """Return the namespaces of all models."""
        self.convert_pages()
        return self._scan().select(pl.col("namespace").unique(maintain_order=True)).collect()["namespace"].to_list()

    def finish(self) -> None:
        """Keep that the observation is complete.

        Raises:
            StoreError: The state cannot be written.
            SourceFormatError: A page does not have the form of the Hub's list, or the list does not end.
        """
        self.convert_pages()
        self.start, self.next_page = len(self.query.starts), None
        self._save()

    def write(self, path: Path) -> None:
        """Write the snapshot.

        Args:
            path: The file to write.

        Raises:
            StoreError: It cannot be written.
        """
        repeated = write_snapshot(self._scan(), path, accounts=self.accounts)
        if repeated:
            self.notes["repeated"] = [f"{counted(repeated, 'models')} on two pages"]

    @property
    def scope(self) -> str:
        """The models that the observation covers, in words."""
        return self.query.scope

    @property
    def note(self) -> str:
        """What was left out, renamed or refused; empty if nothing was."""
        remarks = [f"private models left out: {self.left_out:,}"] if self.left_out else []
        for kind, texts in self.notes.items():
            remarks.append(f"{kind}: {', '.join(texts[:_SHOWN])}{' ...' if len(texts) > _SHOWN else ''}")
        return "; ".join(remarks)

    def _start_conversion(self) -> None:
        """Begin to convert pages in a thread, while the next ones are requested."""
        numbers = range(self.converted, self.pages)
        pages = {f"page {number + 1} of {self.query.endpoint}/api/models": self._page(number) for number in numbers}
        limit = None if self.query.top is None else self.query.top - self.models
        path = self._part()
        pool = ThreadPoolExecutor(1)
        part = pool.submit(convert, pages, path, observed_at=self.observed_at, private=self.query.private, limit=limit)
        pool.shutdown(wait=False)
        self._conversion = _Conversion(self.pages, [file.name for file in pages.values()], path, part)

    def _finish_conversion(self) -> None:
        """Wait for the pages that are being converted, and keep their part."""
        conversion = self._conversion
        if conversion is None:
            return
        try:
            part = conversion.part.result()
            self._require_new_models(part)
        except SourceFormatError:
            self.discard()  # the next attempt would fail in the same way
            raise
        self._conversion = None
        self._count(conversion.path, part)
        self.converted = conversion.end
        for name in conversion.names:
            del self.hashes[name]
        self._save()
        for name in conversion.names:
            (self.folder / name).unlink(missing_ok=True)

    def _require_new_models(self, part: Part) -> None:
        """Raise if pages with a successor have contained no new models for long."""
        for number, digest in enumerate(part.pages, self.converted):
            repeats = digest in self._digests and number not in self._last_pages
            self._repeated = self._repeated + 1 if repeats else 0
            self._digests.add(digest)
            if self._repeated >= MOST_REPEATED:
                raise SourceFormatError(
                    f"{self.query.endpoint}/api/models: {MOST_REPEATED} pages in a row list no new model, and each links "
                    "to a next page; check the endpoint"
                )

    def _count(self, path: Path, part: Part) -> None:
        self.parts.append(path.name)
        self.hashes[path.name] = part.sha256
        self.models += part.rows
        self.left_out += part.left_out

    def _page(self, number: int) -> Path:
        return self.folder / f"page-{number:07d}.json"

    def _part(self) -> Path:
        return self.folder / f"part-{self.converted:07d}.parquet"

    def _scan(self) -> pl.LazyFrame:
        return scan_parts([self.folder / name for name in self.parts])

    def _save(self) -> None:
        state = {"query": self.query.to_plain(), "observed_at": self.observed_at.isoformat(),
                 **{name: getattr(self, name) for name in _COUNTED}}  # fmt: skip
        written = self.folder / f"{_STATE}.new"
        try:
            written.write_bytes(msgspec.json.encode({**state, "sha256": _checksum(state)}))
            os.replace(written, self.folder / _STATE)
        except OSError as error:
            raise StoreError(f"{written} cannot be written: {error.strerror}; {UNCHANGED}") from error


_COUNTED: Final = ("start", "next_page", "pages", "converted", "models", "left_out", "parts", "hashes", "notes")


def _checksum(state: Mapping[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(state, order="sorted")).hexdigest()


def _read_state(folder: Path) -> dict[str, Any] | None:
    """Return the state in a folder; None if there is none, or one that was changed."""
    try:
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        return state if state.pop("sha256", None) == _checksum(state) else None
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def _is_undamaged(folder: Path, hashes: Mapping[str, str]) -> bool:
    """Return whether every page and part is as it was written."""
    try:
        return all(
            hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256 for name, sha256 in hashes.items()
        )
    except OSError:
        return False


def _read_accounts(folder: Path) -> dict[str, Account]:
    """Return the accounts that were requested already, without a last line that was cut off."""
    path = folder / _MEMBERS
    try:
        text = path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        rows = [json.loads(line) for line in whole.splitlines()]
        return {namespace: Account(tuple(organizations), kind) for namespace, organizations, kind in rows}
    except (OSError, ValueError, TypeError):
        path.unlink(missing_ok=True)
        return {}
