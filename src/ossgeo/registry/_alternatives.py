"""Alternative countries of organizations whose country is disputed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ossgeo.errors import UnknownOrganizationError
from ossgeo.registry._merge import open_end, outside, span_of
from ossgeo.registry._registry import Registry
from ossgeo.registry._tables import Row


def disputed_organizations(registry: Registry) -> tuple[str, ...]:
    """Return the ids of the organizations with a disputed country, for which an alternative is recorded.

    Args:
        registry: The registry.

    Example:
        >>> "hugging-face" in disputed_organizations(Registry.default())
        True
    """
    rows = registry._tables["affiliations"]
    return tuple(sorted({row["organization"] for row in rows if row.get("basis") == "alternative"}))


def with_alternatives(registry: Registry, *organizations: str) -> Registry:
    """Return a registry that uses the alternative countries of disputed organizations.

    Outside the dates of an alternative the country is unchanged; the replaced country becomes the alternative. Calling it
    again for the same organization has no effect.

    Args:
        registry: The registry.
        *organizations: Ids; see :func:`disputed_organizations`.

    Raises:
        UnknownOrganizationError: An organization has no alternative country; with near ids and all ids that have one.

    Example:
        >>> import datetime as dt
        >>> registry, day = with_alternatives(Registry.default(), "hugging-face"), dt.date(2026, 8, 14)
        >>> [str(seat.country) for seat in registry.get("HuggingFaceTB", on=day).seats(on=day)]
        ['FR']
    """
    disputed = disputed_organizations(registry)
    name: Any  # a list, if the caller forgot the asterisk
    for name in organizations:
        if not isinstance(name, str):
            message = f"organizations must be ids, got {name!r}; give each id as an argument, as in with_alternatives(registry, *ids)"
            raise UnknownOrganizationError(message, value=name)
        if name not in disputed:
            what = "among those with an alternative seat, organization"
            raise UnknownOrganizationError.among(name, disputed, what=what, remedy=f"they are {', '.join(disputed)}")
    rows = registry._tables["affiliations"]
    wanted = set(organizations) - {row["organization"] for row in rows if row.swapped}
    kept = [row for row in rows if row["organization"] not in wanted]
    return Registry({**registry._tables, "affiliations": (*kept, *_swapped(rows, sorted(wanted)))})


def _swapped(rows: Iterable[Row], organizations: Iterable[str]) -> Iterator[Row]:
    """Yield the rows of organizations with alternatives and seats exchanged within the dates of the alternatives."""
    for name in organizations:
        own = [row for row in rows if row["organization"] == name]
        alternatives = [row for row in own if row.get("basis") == "alternative"]
        yield from (attrs.evolve(row.with_cells(basis="seat"), swapped=True) for row in alternatives)
        spans = sorted({span_of(row) for row in alternatives})
        for row in own:
            if row.get("basis") == "alternative":
                continue
            start, end = span_of(row)
            for since, until in spans:
                first, last = max(start, since), min(end, until)
                if first < last:
                    yield row.with_cells(basis="alternative", start=first, end=open_end(last))
            yield from outside(row, spans)
