"""What the registry says of organizations and namespaces by date: kinds, seats and roles."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Mapping
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING

from cachetools import LRUCache, cached

from ossgeo._core.dates import BEGINNING, END, day_or_today
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._facts import Span
from ossgeo.registry._organizations import Organization, OrganizationKind
from ossgeo.registry._registry import Registry

if TYPE_CHECKING:
    import polars as pl

_YOUNG = 10  # calendar years after the year of founding in which a company is a start-up
_REGISTRIES = 8  # recently used registries whose tables are kept


def get_kind(registry: Registry, organization: str, *, on: dt.date | str | None = None) -> OrganizationKind:
    """Return the kind of an organization on a day; start-ups and big tech are distinguished from other companies.

    A company is ``big tech`` if the tables mark it or one of its direct or indirect owners on that day. Otherwise it is a
    ``startup`` until ten calendar years after the year of its foundation, unless it has an owner or has ended. Otherwise, or if
    the year is unknown, it is a ``company``. All other kinds are taken from the tables.

    Args:
        registry: The registry.
        organization: Id of the organization.
        on: The day, as a date or ISO text; by default today.

    Raises:
        InvalidArgumentError: ``on`` is not a date.
        UnknownOrganizationError: The registry does not have the organization; with near ids.

    Example:
        >>> registry = Registry.default()
        >>> [str(get_kind(registry, "jina-ai", on=f"{year}-12-01")) for year in (2024, 2025)]
        ['startup', 'company']
    """
    found = registry.get_organization(organization)
    day = day_or_today(on, what="on")
    if found.kind is not OrganizationKind.COMPANY:
        return found.kind
    if any(
        registry.organizations[owner].kind is OrganizationKind.BIG_TECH for owner in _owners_above(registry, found, day)
    ):
        return OrganizationKind.BIG_TECH
    young = found.founded is not None and found.founded <= day.year <= found.founded + _YOUNG
    ended = found.end is not None and found.end <= day
    return OrganizationKind.STARTUP if young and not ended and not found.owners(on=day) else OrganizationKind.COMPANY


def _owners_above(registry: Registry, organization: Organization, day: dt.date) -> set[str]:
    """Return the direct and indirect owners of an organization on a day, above companies only."""
    seen: set[str] = set()
    waiting = [organization]
    while waiting:
        now = waiting.pop()
        above = set(now.owners(on=day)) - seen if now.kind is OrganizationKind.COMPANY else set()
        seen |= above
        waiting += [registry.organizations[name] for name in above]
    return seen


def find_roles(registry: Registry, namespace: str, *, on: dt.date | str | None = None) -> frozenset[str]:
    """Return the roles of a namespace on a day, such as ``repackager``, ``archive`` or ``testing``.

    Args:
        registry: The registry.
        namespace: The namespace, in the letter case of the Hub.
        on: The day, as a date or ISO text; by default today.

    Raises:
        InvalidArgumentError: ``on`` is not a date.
    """
    day = day_or_today(on, what="on")
    moved = registry._facts.moved_namespaces.get(namespace, namespace)
    spans = registry.roles.get(moved) or registry.roles.get(registry.spelling_of(moved) or moved, ())
    return frozenset(span.value for span in spans if span.start <= day < span.end)


def namespaces_with_role(registry: Registry, role: str) -> Mapping[str, tuple[Span, ...]]:
    """Return the namespaces with a role, with dates.

    Args:
        registry: The registry.
        role: The role, such as ``repackager``, ``archive`` or ``testing``.
    """
    found = {name: tuple(span for span in spans if span.value == role) for name, spans in registry.roles.items()}
    return MappingProxyType({name: spans for name, spans in found.items() if spans})


@cached(LRUCache(_REGISTRIES), lock=Lock())
def namespace_seats(registry: Registry) -> pl.DataFrame:
    """Return the countries of each namespace by date, as a table.

    Args:
        registry: The registry.

    Returns:
        One row for each namespace, validity and seat: namespace, start, end (half-open), organization, country (ISO
        code or status), weight. For each namespace the validities cover all time: where no organization or seat
        is known, the country is ``unreviewed``.
    """
    import polars as pl

    schema = {"namespace": pl.String, "start": pl.Date, "end": pl.Date, "organization": pl.String,
              "country": pl.String, "weight": pl.Float64}  # fmt: skip
    return pl.DataFrame(list(_iter_seats(registry)), schema=schema, orient="row")


@cached(LRUCache(_REGISTRIES), lock=Lock())
def organization_kinds(registry: Registry) -> pl.DataFrame:
    """Return the kind of each organization by date, as a table.

    Args:
        registry: The registry.

    Returns:
        One row for each organization and span in which :func:`get_kind` does not change: organization, start, end (half-open;
        those of an organization cover all time), kind.
    """
    import polars as pl

    schema = {"organization": pl.String, "start": pl.Date, "end": pl.Date, "kind": pl.String}
    return pl.DataFrame(list(_iter_kinds(registry)), schema=schema, orient="row")


def _iter_seats(registry: Registry) -> Iterator[tuple[str, dt.date, dt.date, str | None, str, float]]:
    unreviewed = OriginStatus.UNREVIEWED.value
    known, moved = registry.namespaces, registry._facts.moved_namespaces
    for namespace, spans in [*known.items(), *((name, known[to]) for name, to in moved.items() if to in known)]:
        since = BEGINNING
        for span in spans:
            if since < span.start:
                yield namespace, since, span.start, None, unreviewed, 1.0
            organization = registry.organizations[span.value]
            for start, end in _segments(organization, span):
                places = organization.seats(on=start)
                for place in places:
                    yield namespace, start, end, organization.id, str(place.country), place.weight
                if not places:
                    yield namespace, start, end, organization.id, unreviewed, 1.0
            since = span.end
        if since < END:
            yield namespace, since, END, None, unreviewed, 1.0


def _segments(organization: Organization, span: Span) -> Iterator[tuple[dt.date, dt.date]]:
    seats = [place for place in organization.affiliations if place.basis == "seat"]
    days = {day for place in seats for day in (place.start, place.end) if day is not None}
    cuts = [span.start, *sorted(day for day in days if span.start < day < span.end), span.end]
    yield from itertools.pairwise(cuts)


def _iter_kinds(registry: Registry) -> Iterator[tuple[str, dt.date, dt.date, str]]:
    for name in registry.organizations:
        cuts = [BEGINNING, *sorted(_change_days(registry, name)), END]
        spans = [(start, end, str(get_kind(registry, name, on=start))) for start, end in itertools.pairwise(cuts)]
        for kind, run in itertools.groupby(spans, key=lambda span: span[2]):
            same = list(run)
            yield name, same[0][0], same[-1][1], kind


def _change_days(registry: Registry, name: str) -> set[dt.date]:
    """Return the days on which the kind of an organization may change: its own, and those of its direct and indirect owners."""
    days: set[dt.date] = set()
    seen, waiting = {name}, [name]
    while waiting:
        found = registry.organizations[waiting.pop()]
        days |= {day for owner in found.parents for day in (owner.start, owner.end) if day is not None}
        if found.founded is not None:
            days |= {dt.date(found.founded, 1, 1), dt.date(found.founded + _YOUNG + 1, 1, 1)}
        days |= {found.end} if found.end is not None else set()
        owners = {owner.parent for owner in found.parents} - seen
        seen |= owners
        waiting += owners
    return {day for day in days if BEGINNING < day < END}
