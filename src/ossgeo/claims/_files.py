"""Claims of one's own: a CSV with the columns of the bundled table."""

from __future__ import annotations

import datetime as dt
import difflib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

from ossgeo._core.boundary import reads_data
from ossgeo._core.csv_rows import read_rows
from ossgeo._core.tabular import Listing
from ossgeo.claims._facts import Claim, Kind, Population, Topic, claim_of
from ossgeo.errors import Fault, OssgeoError, PanelError, SourceUnavailableError, UnknownCountryError
from ossgeo.panel._filters import parse_where
from ossgeo.registry._countries import parse_origin

_REQUIRED: Final = ("claim", "statement", "group", "value", "start", "end")
_DEFAULTS: Final[Mapping[str, str]] = {
    "topic": "downloads", "quantity": "", "kind": "share", "unit": "share", "counts": "downloads", "population": "hub", "scope": "",
    "calculator": "downloads", "by": "country", "attribution": "publisher", "denominator": "all", "age_cap": "", "where": "",
    "needs": "", "reference": "", "url": "", "read": "first hand", "read_on": "", "said_on": "", "certainty": "stated", "note": "",
}  # fmt: skip
"""The columns that may be missing, or empty in a row, and what they then hold."""
_SCOPES: Final[Mapping[str, str]] = {"hub": "every public model on the Hub", "openrouter": "every model on OpenRouter"}
"""The scope of a claim that gives none, by its population; by default the population itself."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "topic": get_args(Topic),
    "kind": get_args(Kind),
    "population": tuple(one.value for one in Population),
    "read": ("first hand", "second hand"),
    "certainty": ("stated", "inferred"),
}


@reads_data
def read(path: str | Path) -> Listing[Claim]:
    r"""Read claims from a file, to evaluate them like the bundled ones.

    Args:
        path: A CSV in UTF-8 with the columns ``claim`` (an id), ``statement``, ``group`` (a country by any of its names and codes, or
            what :class:`ossgeo.claims.Claim` says), ``value`` (as published; a share as a part of 1, such as 0.41), ``start`` and
            ``end`` (the days of the period, both included). Any other column of the bundled table may follow; by default a claim is
            about the share of a country in all downloads of the Hub, by publisher.

    Returns:
        The claims, in the order of the file.

    Raises:
        SourceUnavailableError: The file does not exist or cannot be read.
        PanelError: With every fault: row, column, value and remedy.

    Example:
        >>> import tempfile
        >>> text = "claim,statement,group,value,start,end\nours,China had 18 %,China,0.18,2025-08-09,2025-09-07"
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder) / "ours.csv"
        ...     _ = file.write_text(text)
        ...     [(one.id, one.group, one.value) for one in read(file)]
        [('ours', 'CN', 0.18)]
    """
    file = Path(path)
    if not file.is_file():
        raise SourceUnavailableError(f"{path} {'is not a file' if file.exists() else 'does not exist'}")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PanelError.of(f"{file.name}, byte {error.start}", "is not UTF-8", "save the file as UTF-8") from error
    table = read_rows(text, place=file.name)
    faults = [*table.faults, *_column_faults(table.header, file.name)]
    claims: list[Claim] = []
    seen: set[str] = set()
    for line, cells in table.rows if not faults else ():
        given = {name: cell.strip() for name, cell in zip(table.header, cells, strict=True)}
        row = {**_DEFAULTS, **{name: cell for name, cell in given.items() if cell or name in _REQUIRED}}
        found = list(_row_faults(row, f"{file.name}, row {line}", seen))
        faults += found
        if not found:
            scope = row["scope"] or _SCOPES.get(row["population"], row["population"])
            quantity = row["quantity"] or row["statement"]
            claims.append(claim_of({**row, "group": _group(row), "quantity": quantity, "scope": scope}))
    if not (claims or faults):
        faults.append(Fault(file.name, "holds no claim", f"the first line names the columns: {','.join(_REQUIRED)}"))
    if faults:
        raise PanelError(f"{path} cannot be read", faults)
    return Listing(claims)


def _column_faults(header: tuple[str, ...], place: str) -> Iterator[Fault]:
    known = [*_REQUIRED, *_DEFAULTS]
    if missing := [name for name in _REQUIRED if name not in header]:
        yield Fault(f"{place}, row 1", f"has no column {', '.join(missing)}", f"it has {', '.join(header) or 'none'}")
    for name in header:
        near = difflib.get_close_matches(name, known, n=1)
        if name not in known and (near or not missing):
            remedy = f"did you mean {near[0]}?" if near else f"the columns are {', '.join(known)}"
            yield Fault(f"{place}, row 1", f"has an unknown column {name!r}", remedy)


def _row_faults(row: Mapping[str, str], place: str, seen: set[str]) -> Iterator[Fault]:
    """Yield the faults of a row; ``seen`` holds the ids of the rows before it, and gets its own."""
    for name in _REQUIRED:
        if not row[name] and not (name == "group" and row["kind"] in ("value", "other")):
            yield Fault(f"{place}, column {name}", "is empty", "give it")
    if row["claim"] in seen:
        yield Fault(
            f"{place}, column claim", f"{row['claim']!r} occurs twice in the file", "give each claim its own id"
        )
    seen.add(row["claim"])
    for name, words in _WORDS.items():
        if row[name] not in words:
            yield Fault(f"{place}, column {name}", f"{row[name]!r} is not one of {', '.join(words)}")
    yield from _value_faults(row, place)
    days = {}
    for name in ("start", "end", "read_on", "said_on"):
        if row[name]:
            try:
                days[name] = dt.date.fromisoformat(row[name])
            except ValueError:
                yield Fault(f"{place}, column {name}", f"{row[name]!r} is not a date such as 2025-09-07")
    if {"start", "end"} <= days.keys() and days["start"] > days["end"]:
        yield Fault(f"{place}, column end", f"{days['end']} is before the start {days['start']}")
    try:
        _group(row)
        parse_where([row["where"]] if row["where"] else [])
    except OssgeoError as error:
        column = "group" if isinstance(error, UnknownCountryError) else "where"
        yield Fault(f"{place}, column {column}", str(error))


def _value_faults(row: Mapping[str, str], place: str) -> Iterator[Fault]:
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    if row["value"] and not math.isfinite(value):
        yield Fault(f"{place}, column value", f"{row['value']!r} is not a number", "write 41 % as 0.41")
    elif row["unit"] == "share" and row["kind"] in ("share", "top") and not 0 <= value <= 1:
        yield Fault(f"{place}, column value", f"{row['value']} is not a part of 1", "write 41 % as 0.41")


def _group(row: Mapping[str, str]) -> str:
    """Return the group of a claim; countries are read by any of their names and codes."""
    if row["by"] != "country" or row["kind"] in ("top", "other") or not row["group"]:
        return row["group"]
    return ">".join(str(parse_origin(text.strip())) for text in row["group"].split(">"))
