"""CSV, JSON and JSON Lines as raw records: the names of the columns, the rows, and the number of the first row."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo.errors import Fault, PanelError
from ossgeo.sources._files.normalization import shown

_LINE_LIMIT = 64 * 2**20


def column_of(rows: pl.DataFrame | list[dict[str, Any]], name: str) -> pl.Series | list[Any]:
    """Return one column of raw rows."""
    return rows[name] if isinstance(rows, pl.DataFrame) else [row.get(name) for row in rows]


def read_csv(file: Path) -> tuple[Sequence[str], pl.DataFrame | list[dict[str, Any]], int]:
    """Read a CSV as text: names, rows, number of the first row."""
    try:
        frame = pl.read_csv(file, infer_schema=False)
    except pl.exceptions.PolarsError:
        return _csv_row_by_row(file)
    short = frame.width > 0 and frame[:, -1].null_count() > 0  # perhaps a row with too few cells
    if short or any("_duplicated_" in name for name in frame.columns):
        return _csv_row_by_row(file)
    return frame.columns, frame, 2


def _csv_row_by_row(file: Path) -> tuple[Sequence[str], list[dict[str, Any]], int]:
    """Read a CSV that is not well-formed, to say where and why."""
    csv.field_size_limit(min(sys.maxsize, _LINE_LIMIT))
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = next(reader, [])
            rows = []
            faults = []
            for cells in reader:
                if len(cells) == len(header):
                    rows.append(dict(zip(header, cells, strict=True)))
                elif cells:
                    problem = f"has {len(cells)} cells where the header has {len(header)}"
                    faults.append(Fault(f"{file.name}, row {reader.line_num}", problem, "quote cells that hold commas"))
        except csv.Error as error:
            raise PanelError.of(
                f"{file.name}, row {reader.line_num + 1}", f"is no CSV: {error}", "see RFC 4180"
            ) from error
    if len(set(header)) < len(header):
        twice = sorted({name for name in header if header.count(name) > 1})
        faults.append(Fault(f"{file.name}, row 1", f"names the column {', '.join(twice)} twice", "rename one"))
    if faults:
        raise PanelError(f"{file.name} cannot be read", faults)
    return header, rows, 2


def read_json(file: Path, key: str | None) -> tuple[Sequence[str], list[dict[str, Any]], int]:
    """Read JSON or JSON Lines: names, rows, number of the first row."""
    text = file.read_text(encoding="utf-8-sig")
    if not text.strip():
        return (), [], 1
    if file.suffix.lower() != ".json":
        rows = [_parsed(line, file, number) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    else:
        rows = _records(_parsed(text, file, None), file, key)
    faults = [
        Fault(f"{file.name}, row {number}", f"is {shown(row)}, not an object")
        for number, row in enumerate(rows, start=1)
        if not isinstance(row, dict)
    ]
    if faults:
        raise PanelError(f"{file.name} cannot be read", faults)
    return tuple(dict.fromkeys(name for row in rows for name in row)), rows, 1


def _parsed(text: str, file: Path, row: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{file.name}, row {row or error.lineno}, character {error.colno}"
        raise PanelError.of(place, f"is no JSON: {error.msg}", "the file may be cut off; fetch it again") from error
    except RecursionError as error:
        raise PanelError.of(file.name, "nests too deeply to be a list of rows", "fetch it again") from error


def _records(document: Any, file: Path, key: str | None) -> list[Any]:
    if key is None and isinstance(document, list):
        return document
    if key is not None and isinstance(document, dict) and isinstance(document.get(key), list):
        return list(document[key])
    lists: Iterable[str] = (
        (name for name, value in document.items() if isinstance(value, list)) if isinstance(document, dict) else ()
    )
    where = (
        f"the rows may be under {', '.join(map(repr, lists))}"
        if isinstance(document, dict)
        else "it is one list: leave records= out"
    )
    raise PanelError.of(
        file.name, "has no list of rows" + (f" under {key!r}" if key else ""), f"{where}; say records='...'"
    )
