"""Changes of the shape of a raw table: columns of JSON are expanded, wide tables become long, other repositories go."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ossgeo.errors import Fault
from ossgeo.sources._files import values
from ossgeo.sources._files.columns import SYNONYMS
from ossgeo.sources._files.formats import RawTable
from ossgeo.sources._files.normalization import FAULTS_A_COLUMN, listed, shown
from ossgeo.sources._files.repositories import ADDRESSES, KINDS, OTHERS


def expanded(table: RawTable, column: str, faults: list[Fault]) -> RawTable:
    """Return a table with the keys of a column of JSON objects as columns; columns beside it win.

    Args:
        table: The table.
        column: The column that holds objects, or JSON text of objects.
        faults: Receives cells that are not objects.
    """
    if column not in table.columns:
        faults.append(Fault(table.place, f"has no column {column!r} to expand", f"it has {listed(table.columns)}"))
        return table
    found: list[dict[str, Any]] = []
    wrong: list[Fault] = []
    for index, cell in enumerate(table.columns[column]):
        value = cell
        if isinstance(cell, str) and not values.is_missing(cell):
            try:
                value = json.loads(cell)
            except (ValueError, RecursionError):
                value = cell
        if not isinstance(value, dict) and not values.is_missing(value):
            place = f"{table.place}, row {table.first + index}, column {column}"
            wrong.append(Fault(place, f"{shown(cell)} is not a JSON object", "leave expand= out, or correct it"))
        found.append(value if isinstance(value, dict) else {})
    faults.extend(wrong[:FAULTS_A_COLUMN])
    if len(wrong) > FAULTS_A_COLUMN:
        faults.append(Fault(f"{table.place}, column {column}", f"{len(wrong) - FAULTS_A_COLUMN} more cells like these"))
    inner = RawTable.of_rows(found, table.place).columns
    outer = {name: cells for name, cells in table.columns.items() if name != column}
    return RawTable(table.place, {**inner, **outer}, table.height, table.first)


def unpivoted(
    table: RawTable, wide: str | Sequence[str], columns: Mapping[str, str], counter: str | None, faults: list[Fault]
) -> RawTable:
    """Return a long table of a wide one; an empty cell is a model that was not observed.

    Args:
        table: A table with one column for each date, and a column of ids; or one for each model, and one of dates.
        wide: The names of these columns, or a pattern such as ``*``, which leaves the known columns out.
        columns: The source's names and the library's.
        counter: The counter that the cells hold.
        faults: Receives what is wrong.
    """
    ours = {name: columns.get(name, SYNONYMS.get(name)) for name in table.columns}
    if isinstance(wide, str):
        cells = [name for name in table.columns if fnmatch.fnmatchcase(name, wide) and ours[name] is None]
    else:
        cells = list(wide)
    missing = [name for name in cells if name not in table.columns]
    rest = {name: known for name, known in ours.items() if name not in cells and known is not None}
    ids = "model_id" in rest.values()
    dates = bool({"observed_at", "period"} & set(rest.values()))
    if missing or not cells:
        problem = f"has no column {listed(missing) if missing else wide!r} for wide="
        faults.append(Fault(table.place, problem, f"it has {listed(table.columns)}"))
    elif ids == dates:
        remedy = "name one of them: columns={'...': 'model_id'} or columns={'...': 'observed_at'}"
        problem = (
            f"is wide and has {'both' if ids else 'neither'} a column of ids {'and' if ids else 'nor'} one of dates"
        )
        faults.append(Fault(table.place, problem, remedy))
    elif counter is None:
        faults.append(Fault(table.place, "is wide: its cells have no name", "say counter='downloads_30d' or another"))
    else:
        return _long(table, cells, list(rest), "observed_at" if ids else "model_id", counter)
    return table


def _long(table: RawTable, cells: Sequence[str], rest: Sequence[str], heading: str, counter: str) -> RawTable:
    found: dict[str, list[Any]] = {name: [] for name in (*rest, heading, counter)}
    kept = {name: list(table.columns[name]) for name in rest}
    for name in cells:
        for index, value in enumerate(table.columns[name]):
            if not values.is_missing(value):
                for other in rest:
                    found[other].append(kept[other][index])
                found[heading].append(name)
                found[counter].append(value)
    return RawTable(table.place, found, len(found[counter]), table.first)


def without_other_repositories(table: RawTable, ids: str) -> tuple[RawTable, int]:
    """Return a table without the rows that the source says are datasets or spaces, and their number.

    Args:
        table: The table.
        ids: The column of ids, which may be web addresses.
    """
    addresses = [name for name in (ids, *ADDRESSES) if name in table.columns]
    kinds = [name for name in KINDS if name in table.columns]
    other = pl.repeat(False, table.height, eager=True)
    for name in addresses:
        other |= _texts(table.columns[name]).str.contains(values.OTHER_REPOSITORY).fill_null(False)
    for name in kinds:
        words = _texts(table.columns[name]).str.strip_chars().str.to_lowercase()
        other |= words.is_in(list(OTHERS)).fill_null(False)
    number = int(other.sum())
    if not number:
        return table, 0
    keep = (~other).arg_true().to_list()
    columns: dict[str, pl.Series | Sequence[Any]] = {
        name: cells.gather(keep) if isinstance(cells, pl.Series) else [cells[index] for index in keep]
        for name, cells in table.columns.items()
    }
    return RawTable(table.place, columns, len(keep), table.first), number


def _texts(cells: pl.Series | Sequence[Any]) -> pl.Series:
    """Return the texts of a column; a value that is not text is null."""
    if isinstance(cells, pl.Series):
        if isinstance(cells.dtype, pl.Categorical | pl.Enum):
            return cells.cast(pl.String)
        return cells if cells.dtype == pl.String else pl.Series([None] * len(cells), dtype=pl.String)
    texts = [cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else None for cell in cells]
    return pl.Series(texts, dtype=pl.String)
