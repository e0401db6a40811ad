"""Reading CSV row by row: every fault is reported with the number of its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from threading import Lock

import attrs

from ossgeo._core import DATA
from ossgeo.errors import Fault

_MOST_FAULTS = 5
_LIMIT = Lock()


@attrs.frozen
class CsvRows:
    """The cells of a CSV, as text.

    Attributes:
        header: The names of the columns.
        rows: Number of the line and cells of each row; all rows have as many cells as the header.
        faults: The faults; rows with another number of cells are left out of ``rows``.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    faults: tuple[Fault, ...]


def read_rows(text: str, *, place: str, separator: str = ",", skipped: int = 0) -> CsvRows:
    """Return the cells of a CSV; empty lines are passed over.

    Args:
        text: The content.
        place: Name of the file, for faults.
        separator: The character between cells.
        skipped: Number of lines that were removed in front of the text.
    """
    with _LIMIT:  # the limit belongs to the process
        return _read_rows(text, place, separator, skipped)


def _read_rows(text: str, place: str, separator: str, skipped: int) -> CsvRows:
    before = csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
    faults: list[Fault] = []
    rows = []
    wrong = 0
    header: list[str] = []
    try:
        header = next(reader, [])
        for cells in reader:
            line = reader.line_num + skipped
            if len(cells) == len(header):
                rows.append((line, tuple(cells)))
            elif cells:
                wrong += 1
                if wrong <= _MOST_FAULTS:
                    problem = f"has {len(cells)} cells, the header has {len(header)}"
                    faults.append(Fault(f"{place}, row {line}", problem, f"quote cells that hold {separator!r}"))
    except csv.Error:
        line = reader.line_num + skipped
        faults.append(Fault(f"{place}, row {line}", "is not CSV: a quote is not closed", "see RFC 4180"))
    finally:
        csv.field_size_limit(before)
    if wrong > _MOST_FAULTS:
        faults.append(Fault(place, f"{wrong - _MOST_FAULTS} more rows with another number of cells"))
    if twice := sorted({name for name in header if header.count(name) > 1}):
        faults.append(Fault(f"{place}, row {1 + skipped}", f"has the column {', '.join(twice)} twice", "rename one"))
    return CsvRows(tuple(header), tuple(rows), tuple(faults))


def bundled_rows(name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a table that comes with the library, by column.

    Args:
        name: Name of the file in the folder of bundled data.
    """
    table = read_rows((DATA / name).read_text(encoding="utf-8"), place=name)
    for _, cells in table.rows:
        yield dict(zip(table.header, cells, strict=True))
