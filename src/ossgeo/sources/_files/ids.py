"""The ids of Parquet files, looked at once: their grammar, their namespaces, and whether a file repeats one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._ids import ROWS_AT_ONCE, as_models
from ossgeo.sources._files.keyed import STEP, FilePart, FileRows, Span, parts_of, spans_of

_NAME: Final = r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*"
_PLAIN: Final = rf"^{_NAME}/{_NAME}$"
_SHORTEST: Final = 4
_LONGEST: Final = 96


def is_odd(name: str) -> nw.Expr:
    """Return whether ids need the full checks: all but the plain ones, which every check accepts as they are.

    Args:
        name: The column of ids.
    """
    ids = nw.col(name)
    plain = ids.str.contains(_PLAIN) & ids.str.len_chars().is_between(_SHORTEST, _LONGEST) & ~ids.str.ends_with(".git")
    return ~plain | ids.is_null()


@attrs.frozen
class FileIds:
    """What the ids of the files of a source are.

    Attributes:
        snapshots: Number of snapshots if each is one date and has no id twice; None if one may repeat an id.
        namespaces: The distinct namespaces, as a models table.
        keyed: The rows by integer keys, if each snapshot lists the same models in the same order, or more after them.
    """

    snapshots: int | None
    namespaces: pl.DataFrame
    keyed: FileRows | None


@attrs.frozen
class Columns:
    """The columns of a file that are looked at.

    Attributes:
        ids: The ids.
        date: The dates; None if ``day`` is the date of all rows.
        counter: The counts; None if rows may not be summed by model and date.
        name: The name of the counter in the panel.
        day: The date of all rows, if it does not come from a column.
    """

    ids: str
    date: str | None
    counter: str | None
    name: str
    day: dt.date | None


@attrs.frozen
class _File:
    """A Parquet file: its ids, and the snapshots in it.

    Attributes:
        ids: The column of ids.
        counts: The counter under the name that it has in the panel; None if it is not of whole numbers.
        size: Number of rows.
        spans: Date and number of rows of each snapshot in the order of the rows; None if the rows of a date are not consecutive or
            a date is not known.
        single: Whether no row is of another date than the first.
    """

    ids: pl.LazyFrame
    counts: pl.LazyFrame | None
    size: int
    spans: tuple[Span, ...] | None
    single: bool

    @classmethod
    def of(cls, path: Path, columns: Columns) -> _File | None:
        lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        schema, date, day = lazy.collect_schema(), columns.date, columns.day
        if schema.get(columns.ids) != pl.String:
            return None
        size = int(lazy.select(pl.len()).collect().item())
        ids = lazy.select(model_id=columns.ids)
        kind = schema.get(columns.counter or "")
        whole = kind is not None and kind.is_integer() and kind != pl.UInt64
        counts = lazy.select(pl.col(str(columns.counter)).cast(pl.Int64).alias(columns.name)) if whole else None
        if date is None or date not in schema:  # one date for all rows, or that in the name of a folder
            return cls(ids, counts, size, None if day is None or not size else ((day, size),), single=True)
        dates = lazy.select(date).collect().to_series()
        kind = schema[date]
        if isinstance(kind, pl.Datetime) and kind.time_zone in (None, "UTC"):
            dates = dates.cast(pl.Date)
        spans = spans_of(dates) if dates.dtype == pl.Date and size and not dates.null_count() else None
        return cls(ids, counts, size, spans, single=dates.min() == dates.max())


@attrs.define
class IdScan:
    """A look at the ids of the files of a source, one file at a time; ids of the file before are compared only.

    27 files of the same 3.7 million models, read and measured: half of the time of reading the ids of each.
    """

    _before: pl.Series = attrs.field(factory=lambda: pl.Series("model_id", [], pl.String))
    """The ids of the file before; of all files while they are aligned."""
    _namespaces: pl.DataFrame = attrs.field(factory=lambda: pl.DataFrame(schema={"model_id": pl.String}))
    _parts: list[FilePart] = attrs.field(factory=list)
    _counts: list[pl.DataFrame] = attrs.field(factory=list)
    _snapshots: int | None = 0
    _aligned: bool = True
    """Whether each snapshot so far has the ids of the one before, in the same order, and maybe more after them."""
    _known: bool = True

    def add(self, files: Sequence[Path], columns: Columns) -> bool:
        """Look at the ids of files.

        Args:
            files: Parquet files.
            columns: Their columns.

        Returns:
            Whether every id is plain; False also if the files cannot be looked at (a large file, a column that is not text).
        """
        self._known = self._known and all(self._add(path, columns) for path in files)
        return self._known

    def give_up(self) -> None:
        """Note that some rows are not looked at."""
        self._known = False

    def result(self) -> FileIds | None:
        """Return what the ids are; None if they were not looked at, or one is not plain."""
        if not self._known or not len(self._before):
            return None
        keyed = None
        if self._aligned and self._snapshots is not None:
            keyed = FileRows.of(self._before, self._parts, self._counts)
        return FileIds(self._snapshots, as_models(self._namespaces["model_id"]), keyed)

    def _add(self, path: Path, columns: Columns) -> bool:
        file = _File.of(path, columns)
        if file is None:
            return False
        if self._aligned:
            looked = self._align(file)
            if looked is not None:
                return looked
            self._aligned = False
        return self._look(file)

    def _align(self, file: _File) -> bool | None:
        """Add a file whose snapshots have the known ids in their order; None if it is another."""
        if file.spans is None or file.counts is None:
            return None
        for first, spans in parts_of(file.spans):
            place = first
            for _, size in spans:
                if size > len(self._before):
                    start = len(self._before)
                    more = file.ids.slice(place + start, size - start).collect().to_series()
                    if not self._admit(more):
                        return False
                    if self._snapshots is None:
                        return None
                place += size
            if not self._repeats(file, first, spans):
                return None
            part = FilePart(file.counts.slice(first, place - first), spans)
            self._parts.append(part)
            self._counts.append(part.counts())
        self._snapshots = (self._snapshots or 0) + len(file.spans)
        return True

    def _repeats(self, file: _File, first: int, spans: Sequence[Span]) -> bool:
        """Return whether the ids of snapshots are the known ones."""
        number = sum(size for _, size in spans)
        if len(spans) == 1:
            steps = [(start, min(STEP, number - start)) for start in range(0, number, STEP)]
            return all(
                file.ids.slice(first + start, size).collect().to_series().equals(self._before.slice(start, size))
                for start, size in steps
            )
        ids = file.ids.slice(first, number).collect().to_series()
        place = 0
        for _, size in spans:
            if not ids.slice(place, size).equals(self._before.head(size)):
                return False
            place += size
        return True

    def _look(self, file: _File) -> bool:
        """Look at all ids of a file, unless they are those of the file before, in any order."""
        if file.size > ROWS_AT_ONCE:
            return False
        ids = file.ids.collect().to_series()
        self._count(1 if file.single else None)
        if _fingerprint(ids) == _fingerprint(self._before):
            return True
        self._before = ids.clear()
        return self._admit(ids)

    def _admit(self, more: pl.Series) -> bool:
        """Add ids after the known ones; False if one is not plain."""
        frame = more.to_frame()
        if nw.from_native(frame).select(is_odd("model_id").any()).item():
            return False
        self._before = self._before.append(more).rechunk() if len(self._before) else more
        if not self._before.to_frame().select(pl.col("model_id").hash().n_unique() == pl.len()).item():
            self._count(None)
        cut = engines.with_namespaces(engines.wrap(frame.lazy())).to_native()
        new = cut.join(self._namespaces.lazy(), on="model_id", how="anti").unique()
        self._namespaces = pl.concat([self._namespaces, new.collect(engine="streaming")])
        return True

    def _count(self, snapshots: int | None) -> None:
        """Count snapshots; None if one may repeat an id."""
        self._snapshots = None if snapshots is None or self._snapshots is None else self._snapshots + snapshots


def _fingerprint(ids: pl.Series) -> tuple[int, int]:
    """Return 128 bits that depend on the ids and not on their order; those of other ids differ, but for one case in 2^128."""
    return int(ids.hash(seed=0).sum()), int(ids.hash(seed=1).sum())
