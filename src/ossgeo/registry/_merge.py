"""Amending the tables of a registry: rows of an overlay, and alternative countries, within their dates."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

from ossgeo._core.dates import END
from ossgeo.errors import InvalidArgumentError, UnknownOrganizationError
from ossgeo.registry._tables import SWITCHED, Row, Tables, plain_name

_KEYS: Final = {
    "namespaces": ("namespace",),
    "affiliations": ("organization", "basis"),
    "parents": ("organization",),
    "roles": ("namespace", "role"),
}
"""The columns that identify the subject of a dated row: at one time, the rows of an overlay replace those of the base."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_Span = tuple[str, str]
"""Start and end as ISO dates, which are in order as text; an open start is empty."""


def merged(base: Tables, over: Tables, *, replace: Collection[str] = ()) -> Tables:
    """Return the tables of a base with the rows of an overlay.

    A dated row of the overlay replaces the rows of the base about the same subject within its dates; the cells of an
    organization's row that are filled replace those of the base; a name or a move replaces that of the base.

    Args:
        base: The tables of the base.
        over: The rows that take precedence.
        replace: Ids of organizations that are replaced as a whole: their own row in the base, their countries and owners
            are dropped first; namespaces and names remain.

    Raises:
        UnknownOrganizationError: The base does not have an organization to replace; with near ids.
    """
    if isinstance(replace, str):
        raise InvalidArgumentError(
            f"replace must be a collection of organization ids, got {replace!r}; write ({replace!r},)"
        )
    known = [row["organization"] for row in base["organizations"]]
    for name in replace:
        if name not in known:
            raise UnknownOrganizationError.among(name, known, what="replace: organization")
    kept = dict(base)
    for table in ("organizations", "affiliations", "parents"):
        kept[table] = tuple(row for row in base[table] if row["organization"] not in replace)
    return {
        "organizations": _extended(kept["organizations"], over["organizations"]),
        **{table: tuple(_laid_over(kept[table], over[table], columns)) for table, columns in _KEYS.items()},
        "names": _replaced(kept["names"], over["names"], lambda row: plain_name(row["name"])),
        "moves": _replaced(kept["moves"], over["moves"], lambda row: row["model_id"]),
    }


def _extended(base: tuple[Row, ...], over: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return rows of organizations; filled cells of the overlay replace those of the base."""
    before = {row["organization"]: row for row in base}
    amended = [
        {**before.get(row["organization"], {}), **{name: cell for name, cell in row.items() if cell}} for row in over
    ]
    names = {row["organization"] for row in over}
    return (*(row for row in base if row["organization"] not in names), *amended)


def _replaced(base: tuple[Row, ...], over: tuple[Row, ...], name: Callable[[Row], str]) -> tuple[Row, ...]:
    names = {name(row) for row in over}
    return (*(row for row in base if name(row) not in names), *over)


def _laid_over(base: Iterable[Row], over: tuple[Row, ...], columns: tuple[str, ...]) -> Iterator[Row]:
    spans: dict[tuple[str, ...], set[_Span]] = defaultdict(set)
    for row in over:
        if all(_DAY.fullmatch(day) for day in (row.get("start"), row.get("end")) if day):
            spans[_subject(row, columns)].add(_span_of(row))
    for row in base:
        yield from outside(row, spans.get(_subject(row, columns), ()))
    yield from over


def _subject(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row.get(column) or ("seat" if column == "basis" else "") for column in columns)


def _span_of(row: Row) -> _Span:
    return row.get("start") or "", row.get("end") or str(END)


def outside(row: Row, spans: Iterable[_Span]) -> Iterator[Row]:
    """Yield a row for each part of its validity that lies outside spans.

    Args:
        row: A dated row.
        spans: Start and end of each span.
    """
    start, end = _span_of(row)
    for since, until in sorted(spans):
        if start < min(end, since):
            yield {**row, "start": start, "end": _open(min(end, since))}
        start = max(start, min(until, end))
    if start < end:
        yield {**row, "start": start, "end": _open(end)}


def switched(rows: Iterable[Row], organizations: Iterable[str]) -> Iterator[Row]:
    """Let alternatives and seats change places, within the dates of the alternatives.

    Args:
        rows: The affiliations.
        organizations: The organizations with an alternative that is to be used.
    """
    for name in organizations:
        mine = [row for row in rows if row["organization"] == name]
        others = [row for row in mine if row.get("basis") == "alternative"]
        yield from ({**row, "basis": "seat", SWITCHED: "yes"} for row in others)
        spans = sorted({_span_of(row) for row in others})
        for row in mine:
            if row.get("basis") == "alternative":
                continue
            start, end = _span_of(row)
            for since, until in spans:
                inside = max(start, since), min(end, until)
                if inside[0] < inside[1]:
                    yield {**row, "basis": "alternative", "start": inside[0], "end": _open(inside[1])}
            yield from outside(row, spans)


def _open(day: str) -> str:
    return "" if day == str(END) else day
