"""The registry's tables: their columns, and reading them from files and from mappings."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs

from ossgeo._core.boundary import reads_registry
from ossgeo._core.csv_rows import read_rows
from ossgeo.errors import Fault, RegistryError, SourceUnavailableError
from ossgeo.registry._lineage import COMPONENTS, LINEAGE_SHOWN

_SIGNS: Final = re.compile(r"[\W_]+")

_START = "first day on which the row holds; empty: open"
_END = "first day on which the row no longer holds; empty: open"
_URL = "address of the page that was read"
_ARCHIVE = "address of a copy of the page in an archive of the web, where one is known"

TABLES: Final[dict[str, dict[str, str]]] = {
    "organizations": {
        "organization": "id: lower-case words with hyphens; never changes",
        "name": "common name",
        "kind": "company, big tech (the groups that the rule names), university, research institute, nonprofit, government, "
        "collective or individual",
        "homepage": "homepage of the organization",
        "founded": "year of foundation, for companies: decides which of them are start-ups",
        "start": "first day on which the organization exists; empty: not reviewed",
        "end": "first day on which the organization no longer exists; empty: it exists, as far as known",
        "ror": "id in the Research Organization Registry; a part without a record has that of its institution",
        "wikidata": "id of the organization's own item in Wikidata",
        "lei": "Legal Entity Identifier (ISO 17442)",
    },
    "namespaces": {
        "namespace": "the namespace, exactly as on the Hub",
        "organization": "id of the organization behind it",
        "start": _START,
        "end": _END,
        "platform": "the platform of the namespace, such as openrouter or modelscope; empty: huggingface",
    },
    "affiliations": {
        "organization": "id of the organization",
        "basis": "seat (the answer that is used) or alternative (the other side of a dispute); empty: seat",
        "country": "ISO 3166 code, or unknown, individual, international",
        "weight": "part of the organization in the country, in (0, 1]; empty: 1",
        "start": _START,
        "end": _END,
        "url": _URL,
        "archive": _ARCHIVE,
        "shows": "kind of the page",
        "reviewed_on": "date of the review",
        "confidence": "certain, likely or disputed",
        "note": "summary of the page by the reviewer",
    },
    "parents": {
        "organization": "id of the organization that is owned",
        "parent": "id of its direct owner",
        "start": _START,
        "end": _END,
        "url": _URL,
        "note": "summary of the page, or of the source if it has no address",
    },
    "roles": {
        "namespace": "the namespace, exactly as on the Hub",
        "role": "repackager, archive or testing",
        "start": _START,
        "end": _END,
        "url": _URL,
    },
    "names": {
        "name": "another spelling of the name of an organization, as leaderboards use it",
        "organization": "id of the organization",
    },
    "moves": {
        "model_id": "the earlier id of a model",
        "current": "its id today",
        "start": "day on which the move was announced; the move itself may be later",
        "url": _URL,
    },
    "lineage": {
        "model": "id of the model, exactly as on the Hub",
        "base": "id of the model that it was made from; empty: it was not made from another one",
        "basis": "fact (the answer that is used) or alternative (the other side of a dispute); empty: fact",
        "relation": "finetune, adapter, quantized, merge or unspecified; empty: unspecified",
        "component": f"whole, or the part that comes from the base: {', '.join(COMPONENTS)}; empty: whole",
        "start": "first day on which the row holds; empty: open",
        "evidence": f"what shows it: {', '.join(LINEAGE_SHOWN)}; empty: own table",
        "url": _URL,
        "archive": _ARCHIVE,
        "reviewed_on": "date of the review",
        "confidence": "certain, likely or disputed",
        "note": "summary of the page by the reviewer",
    },
}
"""The tables, their columns and what these mean. One row is one fact; dates are half-open [start, end)."""

REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "organizations": ("organization",),
    "namespaces": ("namespace", "organization"),
    "affiliations": ("organization", "country"),
    "parents": ("organization", "parent"),
    "roles": ("namespace", "role"),
    "names": ("name", "organization"),
    "moves": ("model_id", "current"),
    "lineage": ("model",),
}
"""The columns that no row may leave empty."""


@attrs.define  # a frozen class takes twice as long to make, and there are 7,500 rows
class Row:
    """A row of a table.

    Attributes:
        cells: The text of each filled cell, by column.
        line: The number of the row in its file.
        swapped: Whether the row is a seat that was an alternative in the tables as they were read.
    """

    cells: Mapping[str, str]
    line: int = 0
    swapped: bool = False

    def __getitem__(self, column: str) -> str:
        """Return the text of a cell; an empty one is empty text."""
        return self.cells.get(column, "")

    def get(self, column: str, default: str = "") -> str:
        """Return the text of a cell, or the default if the cell is empty or missing."""
        return self.cells.get(column, default)

    def with_cells(self, **cells: str) -> Row:
        """Return a copy with other cells."""
        return attrs.evolve(self, cells=_filled({**self.cells, **cells}.items()))

    def with_defaults(self, defaults: Mapping[str, str]) -> Row:
        """Return a copy whose empty cells have the text of other cells."""
        return attrs.evolve(self, cells={**defaults, **self.cells})

    def canonical(self) -> tuple[str, ...]:
        """Return the filled cells in a form that does not depend on the order of columns."""
        return tuple(f"{name}={value}" for name, value in sorted(self.cells.items()))


Tables = Mapping[str, tuple[Row, ...]]
"""The rows of each table, by the name of the table."""


@reads_registry
def read_tables(folder: Path) -> Tables:
    """Read the tables of a folder; a table whose file is absent is empty.

    Args:
        folder: Contains ``organizations.csv``, ``namespaces.csv`` and so on.

    Raises:
        SourceUnavailableError: The folder has none of the tables.
        RegistryError: A file has other columns, a broken row or bytes that are not UTF-8.
    """
    if not folder.is_dir():
        raise SourceUnavailableError(f"{folder} {'is not a folder' if folder.exists() else 'does not exist'}")
    faults: list[Fault] = []
    tables: dict[str, tuple[Row, ...]] = {}
    for table in TABLES:
        file = folder / f"{table}.csv"
        if file.is_file():
            tables[table] = _read_table(table, file, faults)
    if not tables:
        raise SourceUnavailableError(f"{folder} holds none of {', '.join(f'{table}.csv' for table in TABLES)}")
    if faults:
        raise RegistryError(f"the registry in {folder} cannot be read", faults)
    return {table: tables.get(table, ()) for table in TABLES}


def require_known_files(folder: Path) -> None:
    """Raise an error if a CSV file of a folder is not a table, since its rows would be ignored.

    Raises:
        RegistryError: With every such file, and the near names.
    """
    faults = []
    for file in sorted(folder.glob("*.csv")):
        if file.stem not in TABLES:
            near = difflib.get_close_matches(file.stem, TABLES, n=1)
            remedy = (
                f"rename it to {near[0]}.csv"
                if near
                else f"the tables are {', '.join(f'{name}.csv' for name in TABLES)}"
            )
            faults.append(Fault(file.name, "is not a table of the registry", remedy))
    if faults:
        raise RegistryError(f"the registry in {folder} cannot be read", faults)


def _read_table(table: str, file: Path, faults: list[Fault]) -> tuple[Row, ...]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(Fault(f"{table}.csv, byte {error.start}", "is not UTF-8", "save the file as UTF-8"))
        return ()
    found, columns = read_rows(text, place=f"{table}.csv"), TABLES[table]
    if any(name not in columns for name in found.header) or any(name not in found.header for name in REQUIRED[table]):
        problem = f"has the columns {list(found.header)}; expected are {', '.join(columns)}"
        faults.append(Fault(f"{table}.csv, row 1", problem, "see the contributor's guide for the schema"))
        return ()
    faults += found.faults
    return tuple(Row(_filled(zip(found.header, cells, strict=True)), line) for line, cells in found.rows)


def rows_from(table: str, rows: Iterable[Any]) -> tuple[Row, ...]:
    """Convert a user's mappings to rows of text, as if they had been read from a file.

    Args:
        table: Which of the tables.
        rows: Mappings with the table's columns; dates, numbers, countries and statuses may be objects.

    Raises:
        RegistryError: A row is not a mapping, or has a key that is not a column.
    """
    faults: list[Fault] = []
    found: list[Row] = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            problem = f"the row must be a mapping from columns to values, got {row!r}"
            faults.append(Fault(f"{table}, row {number}", problem))
            continue
        if wrong := [name for name in row if name not in TABLES[table]]:
            faults.append(Fault(f"{table}, row {number}", f"has no column {', '.join(map(repr, wrong))}"))
        found.append(Row(_filled((name, str(value)) for name, value in row.items() if value is not None), number))
    if faults:
        raise RegistryError("the rows do not fit the registry's tables", faults)
    return tuple(found)


def _filled(cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the cells that have text, without the space around it."""
    return {name: text for name, cell in cells if cell and (text := cell.strip())}


def plain_name(name: str) -> str:
    """Return a name as it is compared: letters and digits, without case."""
    text = name.casefold()
    return text if text.isalnum() else _SIGNS.sub("", text)
