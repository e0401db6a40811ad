"""Tables of SQLite databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from ossgeo.errors import PanelError
from ossgeo.sources._files.normalization import listed


def sqlite_columns(file: Path, table: str | None) -> tuple[Mapping[str, list[Any]], int]:
    """Return the columns and the number of rows of a table.

    Args:
        file: The database, which is opened for reading only.
        table: The table or view; by default the only one.

    Raises:
        PanelError: The file is not a database, or has no such table, or several and none was chosen.
    """
    address = f"{file.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            query = "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%'"
            names = sorted(name for (name,) in database.execute(query))
            chosen = _chosen(names, table, file.name)
            rows = database.execute(f"select * from {_quoted(chosen)}")  # noqa: S608  # the name is one of the database's
            heads = [column[0] for column in rows.description]
            values = rows.fetchall()
    except sqlite3.Error as error:
        raise PanelError.of(file.name, "is not a SQLite database that can be read", "export the table again") from error
    if twice := sorted({name for name in heads if heads.count(name) > 1}):
        raise PanelError.of(file.name, f"has the column {listed(twice)} twice", "rename one")
    cells = zip(*values, strict=True) if values else [()] * len(heads)
    return {name: list(column) for name, column in zip(heads, cells, strict=True)}, len(values)


def _chosen(names: list[str], table: str | None, place: str) -> str:
    if table is None and len(names) == 1:
        return names[0]
    if table is not None and table in names:
        return table
    problem = f"has no table {table!r}" if table is not None else f"has {len(names) or 'no'} tables"
    raise PanelError.of(place, problem, f"choose with records=: it has {listed(names)}" if names else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
