"""Merging and comparing the tables of registries, row by row and by date."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final

import attrs

from ossgeo._core.dates import END
from ossgeo.errors import InvalidArgumentError, UnknownOrganizationError
from ossgeo.registry._lineage import WHOLE
from ossgeo.registry._tables import TABLES, Row, Tables, plain_name

_KEYS: Final = {
    "namespaces": ("platform", "namespace"),
    "affiliations": ("organization", "basis"),
    "parents": ("organization",),
    "roles": ("namespace", "role"),
}
"""The columns that identify the subject of a dated row: at one time, the rows of an overlay replace those of the base."""

_SUBJECTS: Final = {"namespaces": "namespace {1}", "affiliations": "{1} of {0}"}
"""How the subject of a row is named in a warning."""

_DEFAULTS: Final = {"basis": "seat", "platform": "huggingface"}
"""The meaning of an empty cell of a column."""

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@attrs.frozen
class RegistryDiff:
    """The difference between two registries, as rows of their tables.

    Attributes:
        added: Table and cells of each row that only the newer registry has.
        removed: Table and cells of each row that only the older registry has.
    """

    added: tuple[tuple[str, ...], ...]
    removed: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        """Return whether there is any difference."""
        return bool(self.added or self.removed)

    def __str__(self) -> str:
        """Return one line for each changed row."""
        lines = [f"- {' '.join(row)}" for row in self.removed] + [f"+ {' '.join(row)}" for row in self.added]
        return "\n".join(lines) or "no difference"


def iter_facts(tables: Tables) -> Iterator[tuple[str, ...]]:
    """Yield the table and the filled cells of each row."""
    for table in TABLES:
        for row in tables[table]:
            yield (table, *row.canonical())


def difference(old: Tables, new: Tables) -> RegistryDiff:
    """Return the rows to add and to remove to get from the old tables to the new ones."""
    before, after = set(iter_facts(old)), set(iter_facts(new))
    return RegistryDiff(added=tuple(sorted(after - before)), removed=tuple(sorted(before - after)))


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
        "lineage": _replaced(kept["lineage"], over["lineage"], _lineage_subject),
    }


def single_days_of_base(over: Tables, whole: Tables) -> list[str]:
    """Return the single days between rows of an overlay for which a row of the base holds, with their subjects.

    Args:
        over: The rows of the overlay.
        whole: The tables of the base with the rows of the overlay.
    """
    found = []
    for table, wording in _SUBJECTS.items():
        columns, own = _KEYS[table], {id(row) for row in over[table]}
        ends = {(*_subject(row, columns), row.get("end")) for row in over[table]}
        starts = {(*_subject(row, columns), row.get("start")) for row in over[table]}
        for row in whole[table]:
            subject, start, end = _subject(row, columns), row.get("start"), row.get("end")
            between = id(row) not in own and (*subject, start) in ends and (*subject, end) in starts
            if between and _is_day_before(start, end):
                found.append(f"{wording.format(*subject)} on {start}")
    return found


def _is_day_before(day: str, other: str) -> bool:
    try:
        return dt.date.fromisoformat(day) + dt.timedelta(days=1) == dt.date.fromisoformat(other)
    except ValueError:  # an open start or end, or a fault of the overlay
        return False


def _extended(base: tuple[Row, ...], over: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return rows of organizations; filled cells of the overlay replace those of the base."""
    before = {row["organization"]: row.cells for row in base}
    amended = [row.with_defaults(before.get(row["organization"], {})) for row in over]
    names = {row["organization"] for row in over}
    return (*(row for row in base if row["organization"] not in names), *amended)


def _replaced(base: tuple[Row, ...], over: tuple[Row, ...], name: Callable[[Row], str]) -> tuple[Row, ...]:
    names = {name(row) for row in over}
    return (*(row for row in base if name(row) not in names), *over)


def _lineage_subject(row: Row) -> str:
    """Return model, component and basis: the rows of an overlay about them replace those of the base."""
    return "\t".join((row["model"], row.get("component", WHOLE), row.get("basis", "fact")))


def _laid_over(base: Iterable[Row], over: tuple[Row, ...], columns: tuple[str, ...]) -> Iterator[Row]:
    spans: dict[tuple[str, ...], set[tuple[str, str]]] = defaultdict(set)
    for row in over:
        if all(_DAY.fullmatch(day) for day in (row.get("start"), row.get("end")) if day):
            spans[_subject(row, columns)].add(span_of(row))
    for row in base:
        yield from outside(row, spans.get(_subject(row, columns), ()))
    yield from over


def _subject(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row.get(column, _DEFAULTS.get(column, "")) for column in columns)


def span_of(row: Row) -> tuple[str, str]:
    """Return start and end of a row as ISO dates, which are in order as text; an open start is empty."""
    return row.get("start"), row.get("end", str(END))


def outside(row: Row, spans: Iterable[tuple[str, str]]) -> Iterator[Row]:
    """Yield a row for each part of its validity that lies outside spans.

    Args:
        row: A dated row.
        spans: Start and end of each span.
    """
    start, end = span_of(row)
    for since, until in sorted(spans):
        if start < min(end, since):
            yield row.with_cells(start=start, end=open_end(min(end, since)))
        start = max(start, min(until, end))
    if start < end:
        yield row.with_cells(start=start, end=open_end(end))


def open_end(day: str) -> str:
    """Return the text of an end; empty if it is open."""
    return "" if day == str(END) else day
