"""Files as raw tables: CSV, JSON, JSON Lines, Markdown, Excel and SQLite, the text formats also compressed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo.errors import PanelError, SourceUnavailableError
from ossgeo.sources._files import values
from ossgeo.sources._files.csv_files import MOST_COLUMNS, csv_columns
from ossgeo.sources._files.decoding import text_of
from ossgeo.sources._files.json_shapes import rows_of_json
from ossgeo.sources._files.markdown_files import markdown_columns
from ossgeo.sources._files.sqlite_files import sqlite_columns

FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".xlsx": "excel",
    ".db": "sqlite",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".md": "markdown",
}
"""Endings of file names and their formats; ``.gz`` and ``.zst`` may follow those of text."""

COMPRESSED: Final = (".gz", ".zst")
_TEXT: Final = ("csv", "json", "markdown")
_MAGIC: Final = (
    (b"SQLite format 3\0", "is a SQLite database", "name it .sqlite"),
    (b"PAR1", "is a Parquet file", "name it .parquet"),
    (b"PK\x03\x04", "is a ZIP archive or a workbook", "unpack it, or name a workbook .xlsx"),
    (b"\x1f\x8b", "is compressed by gzip", "let its name end in .gz"),
    (b"\x28\xb5\x2f\xfd", "is compressed by Zstandard", "let its name end in .zst"),
)
"""First bytes of files of other formats than their names say."""
_WEB_PAGE: Final = (b"<!doctype html", b"<html")


@attrs.frozen
class RawTable:
    """Rows as a source has them.

    Attributes:
        place: Name of the source, for messages.
        columns: Name and values of each column.
        height: Number of rows.
        first: Row number of the first record, for messages.
    """

    place: str
    columns: Mapping[str, pl.Series | Sequence[Any]]
    height: int
    first: int = 1

    @classmethod
    def of_frame(cls, frame: pl.DataFrame, place: str, first: int = 1) -> RawTable:
        """Return the raw table of a Polars frame."""
        return cls(place, {name: frame[name] for name in frame.columns}, frame.height, first)

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], place: str, first: int = 1) -> RawTable:
        """Return the raw table of rows; a name that a row does not have is null."""
        names = dict.fromkeys(name for row in rows for name in row)
        return cls(place, {name: _cells([row.get(name) for row in rows]) for name in names}, len(rows), first)

    def frame(self) -> pl.DataFrame:
        """Return the table as a Polars frame; a column of values of several types is text."""
        return pl.DataFrame({name: _series(name, cells) for name, cells in self.columns.items()})


def _cells(values: list[Any]) -> pl.Series | list[Any]:
    """Return values as a series if all are of one simple type: it is parsed at once, in a third of the time."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) == 1 and kinds <= {str, int, float}:
        try:
            return pl.Series(values=values, strict=True)
        except (OverflowError, UnicodeError, TypeError, pl.exceptions.PolarsError):
            return values
    return values


def _series(name: str, cells: pl.Series | Sequence[Any]) -> pl.Series:
    if isinstance(cells, pl.Series):
        return cells.alias(name)
    try:
        return pl.Series(name, cells, strict=True)
    except (TypeError, pl.exceptions.PolarsError, OverflowError):
        return pl.Series(name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)


def format_of(file: Path) -> str | None:
    """Return the format of a file by the ending of its name, or None."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        found = FORMATS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return found if found in _TEXT else None
    return FORMATS.get(suffixes[-1]) if suffixes else None


def read_table(file: Path, records: str | None, encoding: str | None = None, *, short_rows: bool = False) -> RawTable:
    """Read a file that is not Parquet.

    Args:
        file: The file.
        records: For JSON: the key of the rows; for SQLite: the table.
        encoding: For text: the name of its encoding; by default UTF-8, or that of a byte order mark.
        short_rows: Whether rows of a CSV may have fewer cells than the header.

    Raises:
        SourceUnavailableError: The file cannot be read.
        PanelError: The file is damaged, with every fault.
    """
    kind = format_of(file)
    if records is not None and kind not in ("json", "sqlite"):
        raise PanelError.of(file.name, f"is neither JSON nor SQLite, and has no {records!r}", "leave records= out")
    if kind == "sqlite":
        return RawTable(file.name, *sqlite_columns(file, records))
    try:
        content = _content(file)
    except OSError as error:
        raise SourceUnavailableError(f"{file} cannot be read: {error.strerror or 'it is damaged'}") from error
    except EOFError as error:
        raise PanelError.of(file.name, "ends within its compressed data", "fetch or write it again") from error
    if kind == "excel":
        return _excel(content, file.name)
    _check_magic(content, file.name)
    text = text_of(content, file.name, encoding)
    if kind == "json":
        rows = rows_of_json(text, file.name, records)
        if (width := max(map(len, rows), default=0)) > MOST_COLUMNS:
            raise PanelError.of(file.name, f"has a row with {width:,} keys, more than {MOST_COLUMNS:,}", "see records=")
        return RawTable.of_rows(rows, file.name)
    if kind == "markdown":
        return RawTable(file.name, *markdown_columns(text, file.name))
    columns, height, first = csv_columns(text, file.name, short_rows=short_rows)
    return RawTable(file.name, columns, height, first)


def _content(file: Path) -> bytes:
    ending = file.suffix.lower()
    if ending == ".zst":
        with engines.needs_extra("pandas"):
            import pyarrow as pa
        with pa.input_stream(str(file), compression="zstd") as stream:
            return bytes(stream.read())
    if ending == ".gz":
        return gzip.decompress(file.read_bytes())
    return file.read_bytes()


def _check_magic(content: bytes, place: str) -> None:
    """Raise the error for content of another format than the name says."""
    for start, problem, remedy in _MAGIC:
        if content.startswith(start):
            raise PanelError.of(place, problem, remedy)
    if content[:100].lstrip().lower().startswith(_WEB_PAGE):
        raise PanelError.of(place, "is a web page, not data", "fetch the file itself; a service may want a login")


def _excel(content: bytes, place: str) -> RawTable:
    with engines.needs_extra("excel"):
        import fastexcel  # noqa: F401  # the engine of pl.read_excel
    try:
        frame = pl.read_excel(io.BytesIO(content), infer_schema_length=None, raise_if_empty=False)
    except pl.exceptions.InvalidOperationError as error:  # Polars converts whole numbers to 64 bits
        raise PanelError.of(place, f"holds a number that {values.TOO_LARGE}", "correct it") from error
    except Exception as error:  # the engine has exceptions of its own
        raise PanelError.of(place, "is not an Excel workbook", "save it as .xlsx again") from error
    return RawTable.of_frame(frame, place, 2)
