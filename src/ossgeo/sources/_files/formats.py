"""Files as raw tables: CSV, JSON, JSON Lines and Excel, also compressed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.csv_rows import read_rows
from ossgeo.errors import PanelError, SourceUnavailableError
from ossgeo.sources._files.json_shapes import rows_of_json

FORMATS: Final = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".xlsx": "excel",
}
"""Endings of file names and their formats; ``.gz`` and ``.zst`` may follow, except for Parquet."""

COMPRESSED: Final = (".gz", ".zst")


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
        return cls(place, {name: [row.get(name) for row in rows] for name in names}, len(rows), first)


def format_of(file: Path) -> str | None:
    """Return the format of a file by the ending of its name, or None."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        found = FORMATS.get(suffixes[-2]) if len(suffixes) > 1 else None
        return None if found == "parquet" else found
    return FORMATS.get(suffixes[-1]) if suffixes else None


def read_table(file: Path, records: str | None) -> RawTable:
    """Read a file that is not Parquet.

    Args:
        file: The file.
        records: For JSON: the key of the rows.

    Raises:
        SourceUnavailableError: The file cannot be read.
        PanelError: The file is damaged, with every fault.
    """
    try:
        content = _content(file)
    except OSError as error:
        raise SourceUnavailableError(f"{file} cannot be read: {error.strerror or 'it is damaged'}") from error
    except EOFError as error:
        raise PanelError.of(file.name, "ends within its compressed data", "fetch or write it again") from error
    kind = format_of(file)
    if kind == "excel":
        return _excel(content, file.name)
    text = _text(content, file.name)
    if kind == "json":
        rows = rows_of_json(text, file.name, records)
        return RawTable.of_rows(rows, file.name)
    return _csv(text, file.name)


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


def _text(content: bytes, place: str) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise PanelError.of(f"{place}, byte {error.start}", "is not UTF-8", "save the file as UTF-8") from error


def _excel(content: bytes, place: str) -> RawTable:
    with engines.needs_extra("excel"):
        import fastexcel  # noqa: F401  # the engine of pl.read_excel
    try:
        frame = pl.read_excel(io.BytesIO(content), infer_schema_length=None, raise_if_empty=False)
    except Exception as error:  # the engine has exceptions of its own
        raise PanelError.of(place, "is not an Excel workbook", "save it as .xlsx again") from error
    return RawTable.of_frame(frame, place, 2)


def _csv(text: str, place: str) -> RawTable:
    """Return the cells of a CSV as text; the separator is the one that the header has most of."""
    first = 2
    if text[:4].lower() == "sep=":
        text, first = text.partition("\n")[2], 3
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    try:
        frame = pl.read_csv(io.BytesIO(text.encode()), separator=separator, infer_schema=False)
    except pl.exceptions.NoDataError:
        return RawTable(place, {}, 0)
    except pl.exceptions.PolarsError:
        return _csv_row_by_row(text, separator, place, first)
    short = frame.width > 0 and frame[:, -1].null_count() > 0  # perhaps a row with too few cells
    if short or any("_duplicated_" in name for name in frame.columns):
        return _csv_row_by_row(text, separator, place, first)
    return RawTable.of_frame(frame, place, first)


def _csv_row_by_row(text: str, separator: str, place: str, first: int) -> RawTable:
    """Return the cells of a CSV that is not well-formed, or raise every fault with its row."""
    found = read_rows(text, place=place, separator=separator, skipped=first - 2)
    if found.faults:
        raise PanelError(f"{place} cannot be read", found.faults)
    columns = {
        name: pl.Series([cells[n] for _, cells in found.rows], dtype=pl.String) for n, name in enumerate(found.header)
    }
    return RawTable(place, columns, len(found.rows), first)
