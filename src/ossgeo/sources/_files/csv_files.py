"""CSV and its relatives: separators, comments, and rows with another number of cells."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Final

import polars as pl

from ossgeo._core.csv_rows import read_rows
from ossgeo.errors import PanelError

Columns = tuple[Mapping[str, pl.Series], int, int]
"""The columns, the number of rows, and the row number of the first record."""

MOST_COLUMNS: Final = 50_000
"""Columns of a file; more of them take minutes."""
_SEPARATORS: Final = ",;\t|"
_QUOTED: Final = re.compile(r'"[^"\n]*"')


def csv_columns(text: str, place: str, *, short_rows: bool = False) -> Columns:
    """Return the cells of a CSV as text.

    The separator is the one that the header has most of, or that a first line ``sep=;`` names. Comments, lines before the
    header that begin with ``#`` and have another number of cells than the next line, are left out.

    Args:
        text: The text.
        place: Name of the file, for messages.
        short_rows: Whether rows may have fewer cells than the header; the others are null then.

    Raises:
        PanelError: Rows have another number of cells than the header, with every fault.
    """
    separator, first = None, 2
    if found := re.match(r"(?i)sep=(.)[^\S\n]*\r?\n", text):
        separator, text, first = found[1], text[found.end() :], 3
    while text.startswith("#"):
        line, _, rest = text.partition("\n")
        if not rest or _cells(line, _separator_of(rest)) == _cells(rest.partition("\n")[0], _separator_of(rest)):
            break
        text, first = rest, first + 1
    separator = separator or _separator_of(text)
    if (width := _cells(text.partition("\n")[0], separator) + 1) > MOST_COLUMNS:
        raise PanelError.of(
            place, f"has {width:,} columns, more than {MOST_COLUMNS:,}", "drop columns that are not needed"
        )
    try:
        frame = pl.read_csv(io.BytesIO(text.encode()), separator=separator, infer_schema=False)
    except pl.exceptions.NoDataError:
        return {}, 0, first
    except (pl.exceptions.PolarsError, UnicodeError):
        return _row_by_row(text, separator, place, first)
    short = not short_rows and frame.width > 0 and frame[:, -1].null_count() > 0  # perhaps a row with too few cells
    if short or any("_duplicated_" in name for name in frame.columns):
        return _row_by_row(text, separator, place, first)
    return {name: frame[name] for name in frame.columns}, frame.height, first


def _separator_of(text: str) -> str:
    header = _QUOTED.sub("", text.partition("\n")[0])
    return max(_SEPARATORS, key=header.count)


def _cells(line: str, separator: str) -> int:
    return _QUOTED.sub("", line).count(separator)


def _row_by_row(text: str, separator: str, place: str, first: int) -> Columns:
    """Return the cells of a CSV that is not well-formed, or raise every fault with its row."""
    found = read_rows(text, place=place, separator=separator, skipped=first - 2)
    if found.faults:
        raise PanelError(f"{place} cannot be read", found.faults)
    columns = {
        name: pl.Series([cells[n] for _, cells in found.rows], dtype=pl.String) for n, name in enumerate(found.header)
    }
    return columns, len(found.rows), first
