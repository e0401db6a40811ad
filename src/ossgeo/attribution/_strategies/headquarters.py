"""The strategy ``headquarters``: the ultimate owner of the publisher at the date."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from threading import Lock
from typing import ClassVar

import attrs
import polars as pl
from cachetools import LRUCache, cached

from ossgeo.attribution._strategies.built_in import NamespaceStrategy
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry

_REGISTRIES = 8  # recently used registries whose tables are kept
_SEATS = {"namespace": pl.String, "start": pl.Date, "end": pl.Date, "organization": pl.String, "country": pl.String,
          "weight": pl.Float64}  # fmt: skip


@attrs.frozen
class Headquarters(NamespaceStrategy):
    """Credits a model to the countries of the ultimate owner of its publisher, with the owners and countries of the date."""

    name: ClassVar[str] = "headquarters"

    def _credits_of_namespaces(self, registry: Registry) -> pl.DataFrame:
        """Return the countries of the ultimate owners of the organization behind each namespace, by date.

        Args:
            registry: The registry.
        """
        return _owner_seats(registry)


def owners_of(organization: Organization, on: dt.date, registry: Registry) -> dict[Organization, float]:
    """Return the ultimate owners of an organization, as far as the registry knows them.

    Args:
        organization: The organization to start from.
        on: The day.
        registry: The registry; its ownership is acyclic.

    Returns:
        The ultimate owners, each with its part; several owners of one organization have equal parts.

    Example:
        >>> reg = Registry.default()
        >>> [(owner.name, part) for owner, part in owners_of(reg.get("Qwen"), dt.date(2026, 1, 1), reg).items()]
        [('Alibaba Group', 1.0)]
    """
    found: dict[Organization, float] = {}
    waiting = [(organization, 1.0)]
    while waiting:
        one, part = waiting.pop()
        owners = [registry.get_organization(name) for name in one.owners(on=on)]
        if not owners:
            found[one] = found.get(one, 0.0) + part
        waiting += [(owner, part / len(owners)) for owner in owners]
    return found


@cached(LRUCache(_REGISTRIES), lock=Lock())
def _owner_seats(registry: Registry) -> pl.DataFrame:
    """Return namespace, start, end, organization, country and weight of the ultimate owners."""
    return pl.DataFrame(list(_iter_seats(registry)), schema=_SEATS, orient="row")


def _iter_seats(registry: Registry) -> Iterator[tuple[str, dt.date, dt.date, str, str, float]]:
    publishers = namespace_seats(registry).select("namespace", "start", "end", "organization").drop_nulls()
    for namespace, since, until, name in publishers.unique(maintain_order=True).iter_rows():
        publisher = registry.get_organization(name)
        days = {day for organization in _all_owners(publisher, registry) for day in _days(organization)}
        for start, end in itertools.pairwise([since, *sorted(day for day in days if since < day < until), until]):
            for top, part in owners_of(publisher, start, registry).items():
                seats = top.seats(on=start)
                for seat in seats:
                    yield namespace, start, end, top.id, str(seat.country), seat.weight * part
                if not seats:
                    yield namespace, start, end, top.id, OriginStatus.UNREVIEWED.value, part


def _all_owners(organization: Organization, registry: Registry) -> list[Organization]:
    found = {organization.id: organization}
    waiting = [organization]
    while waiting:
        for owner in waiting.pop().parents:
            if owner.parent not in found:
                found[owner.parent] = registry.get_organization(owner.parent)
                waiting.append(found[owner.parent])
    return list(found.values())


def _days(organization: Organization) -> set[dt.date]:
    seats = [place for place in organization.affiliations if place.basis == "seat"]
    days = [(span.start, span.end) for span in organization.parents] + [(place.start, place.end) for place in seats]
    return {day for pair in days for day in pair if day is not None}
