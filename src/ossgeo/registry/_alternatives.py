"""Alternatives of disputed facts: countries of organizations, and the lineage of models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from ossgeo.errors import UnknownOrganizationError
from ossgeo.registry._lineage import RETRACTED
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


def disputed_models(registry: Registry) -> tuple[str, ...]:
    """Return the ids of the models with a disputed lineage, for which an alternative is recorded.

    Args:
        registry: The registry.

    Example:
        >>> disputed_models(Registry.default())
        ('ascend-tribe/pangu-pro-moe',)
    """
    return tuple(sorted({row["model"] for row in registry._tables["lineage"] if row.get("basis") == "alternative"}))


def with_alternatives(registry: Registry, *names: str) -> Registry:
    """Return a registry that uses the alternative countries of disputed organizations, or the alternative lineage of models.

    Outside the dates of an alternative the country is unchanged; what is replaced becomes the alternative. Calling it again for
    the same organization or model has no effect.

    Args:
        registry: The registry.
        *names: Ids; see :func:`disputed_organizations` and :func:`disputed_models`.

    Raises:
        UnknownOrganizationError: An organization or model has no alternative; with near ids and all ids that have one.

    Example:
        >>> import datetime as dt
        >>> registry, day = with_alternatives(Registry.default(), "hugging-face"), dt.date(2026, 8, 14)
        >>> [str(seat.country) for seat in registry.get("HuggingFaceTB", on=day).seats(on=day)]
        ['FR']
    """
    disputed = (*disputed_organizations(registry), *disputed_models(registry))
    name: Any  # a list, if the caller forgot the asterisk
    for name in names:
        if not isinstance(name, str):
            message = (
                f"names must be ids, got {name!r}; give each id as an argument, as in with_alternatives(registry, *ids)"
            )
            raise UnknownOrganizationError(message, value=name)
        if name not in disputed:
            what = "among those with an alternative, organization or model"
            raise UnknownOrganizationError.among(name, disputed, what=what, remedy=f"they are {', '.join(disputed)}")
    seats, lineage = registry._tables["affiliations"], registry._tables["lineage"]
    done = {row["organization"] for row in seats if row.swapped} | {row["model"] for row in lineage if row.swapped}
    wanted = set(names) - done
    kept = [row for row in seats if row["organization"] not in wanted]
    swapped = _swapped(seats, sorted(wanted & {row["organization"] for row in seats}))
    facts = tuple(_swapped_fact(row) if row["model"] in wanted else row for row in lineage)
    return Registry({**registry._tables, "affiliations": (*kept, *swapped), "lineage": facts})


def _swapped_fact(row: Row) -> Row:
    """Return a lineage row with fact and alternative exchanged; a retracted claim is never used."""
    if row.get("evidence") == RETRACTED:
        return row
    if row.get("basis") == "alternative":
        return attrs.evolve(row.with_cells(basis="fact"), swapped=True)
    return row.with_cells(basis="alternative")


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
