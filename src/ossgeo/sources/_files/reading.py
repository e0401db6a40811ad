"""One normalization behind every source: raw tables and lazy frames become rows and models."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.schema import COUNTERS, MODELS
from ossgeo.errors import EngineError, Fault, PanelError
from ossgeo.panel._declared_bases import with_bases
from ossgeo.panel._models_table import normalized_models
from ossgeo.sources._files import values
from ossgeo.sources._files.columns import BARE, START, SYNONYMS, Choice
from ossgeo.sources._files.dimensions import known_dimensions, lazily_known_dimensions
from ossgeo.sources._files.file_dates import date_of_file, warn_of_split_files
from ossgeo.sources._files.formats import RawTable, format_of, read_table
from ossgeo.sources._files.ids import FileIds, IdScan
from ossgeo.sources._files.intervals import with_since
from ossgeo.sources._files.lazy_frames import LazyNormalization, LazyRows, joined, parquet_groups
from ossgeo.sources._files.normalization import INSTANT, OPTIONAL, Origin, limited, typed
from ossgeo.sources._files.shapes import expanded, unpivoted, without_other_repositories

Found = tuple[nw.LazyFrame[Any], pl.LazyFrame | None, list[str]]
"""Rows, models, and notes on what was left out."""

_DATAFRAME = "the dataframe"
_FILES_SHOWN = 2
_COUNTED = (*COUNTERS, BARE)


@attrs.frozen
class Reading:
    """How sources are read; see :func:`ossgeo.read_panel` for the arguments."""

    choice: Choice
    records: str | None = None
    wide: str | Sequence[str] | None = None
    expand: str | None = None
    by_file: bool = False
    day: dt.date | None = None
    date_format: str | None = None
    engine: str = "polars"
    start: dt.date | None = None
    end: dt.date | None = None
    encoding: str | None = None
    unread: dict[str, int] = attrs.field(factory=dict, init=False)
    others: list[int] = attrs.field(factory=list, init=False)
    scan: IdScan = attrs.field(factory=IdScan, init=False)
    described: set[str] = attrs.field(factory=set, init=False)

    @property
    def ids(self) -> FileIds | None:
        """What the ids of Parquet files are, if all rows are read."""
        return self.scan.result() if self.start is None and self.end is None else None

    @property
    def optional(self) -> frozenset[str]:
        """Columns whose unreadable values are counted: those that only describe models, unless they were named."""
        return OPTIONAL - set(self.choice.columns.values())

    def files(self, files: Sequence[Path], source: Path, title: str) -> Found:
        """Read files of one format; ``title`` names the source in messages."""
        root = source if source.is_dir() else source.parent
        if format_of(files[0]) == "parquet" and self.wide is None and self.expand is None:
            return self._lazy(self._parquet(files, root))
        if self.engine != "polars":
            raise EngineError(f"engine={self.engine!r} reads Parquet files; leave engine out to read {files[0].name}")
        faults: list[Fault] = []
        parts = [part for file in files if (part := self._file(file, root, faults)) is not None]
        if faults:
            raise PanelError(f"{title} cannot be read", limited(faults))
        if not self.by_file and self.day is None and self.wide is None:
            warn_of_split_files(files, [_days_of(part) for part in parts], root, self.date_format)
        return self._eager(pl.concat(parts, how="diagonal"))

    def _file(self, file: Path, root: Path, faults: list[Fault]) -> pl.DataFrame | None:
        """Return the typed rows of a file; None with faults."""
        day = date_of_file(file, root, faults, self.date_format) if self.by_file else self.day
        table = raw_file(file, self.records, self.encoding, faults)
        return None if table is None else self._typed(table, faults, day)

    def files_with(self, files: Sequence[Path], source: Path, model: str, period: dt.date) -> list[str]:
        """Return the names of the files that have a model and period; they are read again, for a message only."""
        root = source if source.is_dir() else source.parent
        again = attrs.evolve(self, start=period, end=period)
        found = []
        for file in files:
            rows = again.files([file], root, file.name)[0]
            if engines.collect(rows.filter(nw.col("model_id") == model).head(1)).height:
                found.append(file.relative_to(root).as_posix())
            if len(found) == _FILES_SHOWN:
                break
        return found

    def frame(self, source: Any) -> Found:
        """Read a dataframe, or an object with ``__arrow_c_stream__``."""
        eager = _eager_frame(source)
        if eager is None:
            frame = engines.lazy(source)
            if self.wide is not None or self.expand is not None:
                raise EngineError(
                    "wide= and expand= need a dataframe in memory or a file; collect the lazy frame first"
                )
            return self._lazy([self._normalization(self.day).of(frame, _DATAFRAME)])
        faults: list[Fault] = []
        table = self._typed(RawTable.of_frame(eager, _DATAFRAME), faults, self.day)
        if faults or table is None:
            raise PanelError(f"{_DATAFRAME} cannot be used", limited([*faults, *_index_faults(source)]))
        return self._eager(table)

    def models(self, files: Sequence[Path]) -> pl.DataFrame:
        """Read files as a models table."""
        faults: list[Fault] = []
        tables = [table for file in files if (table := raw_file(file, self.records, self.encoding, faults)) is not None]
        return self._models(tables, faults, str(files[0]))

    def models_of_frame(self, source: Any) -> pl.DataFrame:
        """Read a dataframe as a models table."""
        return self._models([raw_frame(source, "models")], [], "models")

    def _models(self, tables: Sequence[RawTable], faults: list[Fault], place: str) -> pl.DataFrame:
        parts = [part for table in tables if (part := self._typed(table, faults, None)) is not None]
        if faults:
            raise PanelError(f"{place} cannot be read", limited(faults))
        return normalized_models(with_bases(pl.concat(parts, how="diagonal"))).collect()

    def _typed(self, table: RawTable, faults: list[Fault], day: dt.date | None) -> pl.DataFrame | None:
        """Return the typed columns of a raw table; None if its columns cannot be chosen."""
        before = len(faults)
        if self.expand is not None:
            table = expanded(table, self.expand, faults)
        if self.wide is not None:
            table = unpivoted(table, self.wide, self.choice.columns, self._wide_counter(), faults)
        if len(faults) > before:
            return None
        names = list(table.columns)
        choice = self.choice
        if self.wide is not None:
            kept = {theirs: ours for theirs, ours in choice.columns.items() if theirs in names}
            choice = attrs.evolve(choice, columns=kept)
        chosen = choice.of(names, table.place, faults, empty=list(_empty_columns(table)))
        if chosen is None:
            if self.expand is None and (nested := _nested_column(table)) is not None:
                problem, remedy = (
                    f"column {nested} holds JSON objects",
                    f"expand={nested!r} makes columns of their keys",
                )
                faults.append(Fault(table.place, problem, remedy))
            return None
        table, others = without_other_repositories(table, chosen["model_id"])
        self.others.append(others)
        origin = Origin(table.place, table.first, chosen)
        raw = {ours: table.columns[theirs] for ours, theirs in chosen.items()}
        if day is not None or (self.by_file and self.choice.rows):
            raw = {ours: cells for ours, cells in raw.items() if ours != "period"}
        made = typed(
            raw,
            origin,
            faults,
            date_format=self.date_format,
            optional=self.optional,
            unread=self.unread,
            types=self.choice.types,
            ids=self.choice.ids,
        )
        if len(faults) == before and made["model_id"].null_count():
            place = origin.place("model_id", int(made["model_id"].is_null().arg_max() or 0))
            problem = f"has no model id ({made['model_id'].null_count()} row(s) in all)"
            faults.append(Fault(place, problem, "drop the row or give its id"))
        return self._dated(made, origin, day, faults) if self.choice.rows else made

    def _wide_counter(self) -> str | None:
        return None if self.choice.counter is None else self.choice.counter.column

    def _dated(self, table: pl.DataFrame, origin: Origin, day: dt.date | None, faults: list[Fault]) -> pl.DataFrame:
        """Return rows with a period; a row without a date keeps a null, which is a fault of the panel."""
        if self.choice.dated_outside:
            table = table.with_columns(period=pl.lit(day, pl.Date))
            if "observed_at" not in table.columns and day is not None:
                midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
                table = table.with_columns(observed_at=pl.lit(midnight, INSTANT))
        elif "period" not in table.columns and START not in table.columns:
            table = table.with_columns(period=pl.col("observed_at").dt.date())
        if START in table.columns and not faults:
            place = f"{origin.file}, column {origin.names.get(START, START)}"
            measured = self.choice.measured(table.columns)
            lazy = with_since(engines.wrap(table.lazy()), measured, place, faults)
            table = engines.collect(lazy)
        if not table.height:
            faults.append(Fault(origin.file, "holds no row of a model", "an empty source is not a snapshot"))
        elif not faults and table["period"].null_count() == table.height:
            name = "period" if "period" in origin.names else "observed_at"
            faults.append(Fault(origin.place(name, 0), f"has no date ({table.height} row(s) in all)", "give a date"))
        return table

    def _eager(self, table: pl.DataFrame) -> Found:
        """Return the rows and the models of a table in memory; the latest observation of a model wins."""
        which = self.choice.measured(table.columns).column
        around = ("model_id", *self.choice.dimensions, "observed_at", "since", "period", which)
        kept = [name for name in around if name in table.columns]
        table = known_dimensions(table, self.choice.dimensions)
        about = [column.name for column in MODELS if column.name in table.columns and column.name != "model_id"]
        self.described.update(about)
        period = pl.col("period")
        if self.start is not None:
            table = table.filter((period >= self.start) | period.is_null())
        if self.end is not None:
            table = table.filter((period <= self.end) | period.is_null())
        models = None
        if about:
            latest = [pl.col(name).drop_nulls().last() for name in about]
            grouped = table.sort("period").group_by("model_id", maintain_order=True).agg(latest)
            models = normalized_models(with_bases(grouped))
        return engines.wrap(table.select(kept).lazy()), models, self.notes()

    def _parquet(self, files: Sequence[Path], root: Path) -> list[LazyRows]:
        """Return the rows of Parquet files: one part for each date, or for each schema."""
        groups = parquet_groups(files, self.engine)
        faults: list[Fault] = []
        if not self.by_file:
            dated = [(group, self.day) for group in groups]
        else:
            days = [(file, date_of_file(file, root, faults, self.date_format)) for file in files]
            if faults:
                raise PanelError(f"{root} cannot be read", limited(faults))
            within = [(file, day) for file, day in days if day is not None and self._within(day)]
            dated = [([file], day) for file, day in within or days[:1]]
        frames = engines.scan_parquet([group for group, _ in dated], engine=self.engine, root=root)
        return [
            self._normalization(day).of(frame, group[0].name, group if self.engine == "polars" else ())
            for frame, (group, day) in zip(frames, dated, strict=True)
        ]

    def _within(self, day: dt.date) -> bool:
        return (self.start or day) <= day <= (self.end or day)

    def _normalization(self, day: dt.date | None) -> LazyNormalization:
        return LazyNormalization(self.choice, day, self.start, self.end, self.date_format, self.optional, self.scan)

    def _lazy(self, parts: Sequence[LazyRows]) -> Found:
        found = joined(parts)
        found = attrs.evolve(found, rows=lazily_known_dimensions(found.rows, self.choice.dimensions))
        self.others.append(found.others)
        self.unread.update(found.unread)
        self.described.update(found.described)
        return found.rows, found.models, self.notes()

    def notes(self) -> list[str]:
        """Return in words how many rows and values were left out."""
        notes = []
        if number := sum(self.others):
            notes.append(f"{number:,} row(s) of datasets or spaces were left out")
        notes += [f"{number:,} unreadable value(s) of {name} are null" for name, number in sorted(self.unread.items())]
        return notes


def _days_of(part: pl.DataFrame) -> list[dt.date]:
    """Return the dates of typed rows."""
    name = next((name for name in ("period", "observed_at") if name in part.columns), None)
    return [] if name is None else part[name].cast(pl.Date).drop_nulls().unique().sort().to_list()


def raw_file(
    file: Path, records: str | None, encoding: str | None, faults: list[Fault], *, short_rows: bool = False
) -> RawTable | None:
    """Return the rows of a file as it has them; None with faults.

    Args:
        file: The file.
        records: For JSON: the key of the rows; for SQLite: the table.
        encoding: The encoding of text; UTF-8 by default.
        faults: Receives what is wrong.
        short_rows: Whether rows of a CSV may have fewer cells than the header.
    """
    try:
        if format_of(file) == "parquet":
            parquet_groups([file])
            return RawTable.of_frame(pl.read_parquet(file.read_bytes()), file.name)
        table = read_table(file, records, encoding, short_rows=short_rows)
    except PanelError as error:
        faults.extend(error.faults)
        return None
    if not table.height:
        faults.append(Fault(file.name, "holds no row", "an empty file is not a snapshot"))
        return None
    return table


def raw_frame(source: Any, place: str) -> RawTable:
    """Return the rows of a dataframe, also a lazy one, as it has them.

    Args:
        source: The dataframe.
        place: Its name, for messages.
    """
    eager = _eager_frame(source)
    return RawTable.of_frame(engines.collect(engines.lazy(source)) if eager is None else eager, place)


def _eager_frame(source: Any) -> pl.DataFrame | None:
    """Return a dataframe in memory as a Polars frame; None if it is lazy.

    Raises:
        EngineError: The source is not a dataframe.
    """
    try:
        frame = nw.from_native(source, pass_through=False)
    except TypeError:
        if hasattr(source, "to_frame"):  # a column, such as the sums of a groupby of pandas
            message = f"source must be a dataframe or a path, got {type(source).__name__}; give source.to_frame()"
            raise EngineError(message) from None
        if not hasattr(source, "__arrow_c_stream__"):
            engines.lazy(source)  # raises, and names the type
        return pl.DataFrame(source)
    except Exception as error:  # Narwhals has exceptions of its own, such as for two columns of one name
        raise PanelError.of(_DATAFRAME, "has two columns of the same name", "rename one") from error
    if isinstance(frame, nw.LazyFrame):
        return None
    if periods := [str(name) for name, kind in frame.schema.items() if kind == nw.Unknown and _is_period(source, name)]:
        remedy = f"convert it: frame[{periods[0]!r}].dt.to_timestamp()"
        raise PanelError.of(f"{_DATAFRAME}, column {periods[0]}", "holds periods of pandas, not dates", remedy)
    with engines.needs_extra("pandas"):
        try:
            converted: pl.DataFrame = frame.to_polars()
            return converted
        except ImportError:
            raise
        except Exception as error:  # PyArrow and pandas have exceptions of their own
            remedy = "convert columns of mixed types or of periods to text; make an index a column with reset_index()"
            raise PanelError.of(_DATAFRAME, "has columns that cannot be converted to Arrow", remedy) from error


def _is_period(source: Any, name: str) -> bool:
    """Return whether a column of a pandas frame holds periods; the types of other frames are a list."""
    kinds: Any = getattr(source, "dtypes", None)
    return hasattr(kinds, "items") and str(kinds[name]).startswith("period")


def _index_faults(source: Any) -> Iterator[Fault]:
    """Yield the named index of a pandas frame, which is not a column."""
    for name in getattr(getattr(source, "index", None), "names", None) or ():
        if name is not None:
            yield Fault(_DATAFRAME, f"has the index {name!r}, which is not a column", "give frame.reset_index()")


def _nested_column(table: RawTable) -> str | None:
    """Return the column whose cells are JSON objects with a known counter; None if there is none."""
    for name, cells in table.columns.items():
        cell = next((cell for cell in cells if not values.is_missing(cell)), None)
        if isinstance(cell, str) and cell.lstrip().startswith("{"):
            try:
                cell = json.loads(cell)
            except ValueError:
                continue
        if isinstance(cell, dict) and any(SYNONYMS.get(key) in _COUNTED for key in cell):
            return name
    return None


def _empty_columns(table: RawTable) -> Iterator[str]:
    """Yield the columns of counters that hold no value."""
    for name, cells in table.columns.items():
        if SYNONYMS.get(name) in (*COUNTERS, BARE) and all(values.is_missing(value) for value in cells):
            yield name
