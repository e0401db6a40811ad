"""Tables in Markdown: rows between pipes, below a header and a line of dashes."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from ossgeo.errors import Fault, PanelError
from ossgeo.sources._files.csv_files import Columns

_DASHES: Final = re.compile(r"\|?(\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?")
_CELLS: Final = re.compile(r"(?<!\\)\|")
_LINK: Final = re.compile(r"\[([^\]]+)\]\([^)\s]*\)")
_MARKS: Final = re.compile(r"\*\*|__|`")


def markdown_columns(text: str, place: str) -> Columns:
    """Return the cells of the only table of a Markdown text as text; of a link the shown text is kept.

    Args:
        text: The text.
        place: Name of the file, for messages.

    Raises:
        PanelError: The text has no table or several, or rows have more cells than the header.
    """
    lines = text.splitlines() if "\n" in text else [text]
    heads = [
        n
        for n in range(1, len(lines))
        if "|" in lines[n] and _DASHES.fullmatch(lines[n].strip()) and "|" in lines[n - 1]
    ]
    if len(heads) != 1:
        number = f"{len(heads)} tables" if heads else "no table"
        raise PanelError.of(
            place, f"holds {number} in Markdown", "keep one table, with a line of dashes below its header"
        )
    start = heads[0] + 1
    header = _cells(lines[start - 2])
    end = next((n for n in range(start, len(lines)) if "|" not in lines[n]), len(lines))
    rows = [_cells(line) for line in lines[start:end]]
    wide = [n for n, row in enumerate(rows) if len(row) > len(header)]
    if wide or len({*header}) < len(header):
        problem = f"has {len(rows[wide[0]])} cells, the header has {len(header)}" if wide else "has a column twice"
        where = start + wide[0] + 1 if wide else start - 1
        raise PanelError(
            f"{place} cannot be read", [Fault(f"{place}, row {where}", problem, "write \\| for a pipe in a cell")]
        )
    filled = [row + [""] * (len(header) - len(row)) for row in rows]
    columns = {name: pl.Series([row[n] for row in filled], dtype=pl.String) for n, name in enumerate(header)}
    return columns, len(rows), start + 1


def _cells(line: str) -> list[str]:
    """Return the cells of a line, without marks of emphasis and code."""
    inside = line.strip().removeprefix("|")
    parts = _CELLS.split(inside[:-1] if inside.endswith("|") and not inside.endswith("\\|") else inside)
    return [_MARKS.sub("", _LINK.sub(r"\1", part)).replace("\\|", "|").strip() for part in parts]
