"""The strategy ``headquarters``: the ultimate owner of the publisher at the date."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import ClassVar

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context, Credit
from ossgeo.attribution._strategies.built_in import BuiltInStrategy
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry

_SEATS = {"namespace": pl.String, "start": pl.Date, "end": pl.Date, "organization": pl.String, "country": pl.String,
          "weight": pl.Float64}  # fmt: skip


@attrs.frozen
class Headquarters(BuiltInStrategy):
    """Credits a model to the countries of the ultimate owner of its publisher, with the owners and countries of the date."""

    name: ClassVar[str] = "headquarters"
    requires: ClassVar[frozenset[str]] = frozenset[str]()
    by_namespace: ClassVar[bool] = True

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the countries of the ultimate owner of the publisher on a day.

        Args:
            model: The model.
            on: The day.
            context: The registry.

        Returns:
            A credit for each country, or None if the registry does not know the namespace.
        """
        organization = context.registry.find(model.namespace, on=on)
        if organization is None:
            return None
        credits, evidence = [], []
        for top, part in owners_of(organization, on, context.registry).items():
            seats = top.seats(on=on)
            credits += [Credit(seat.country, top.id, seat.weight * part) for seat in seats]
            credits += [] if seats else [Credit(OriginStatus.UNREVIEWED, top.id, part)]
            evidence += [seat.evidence for seat in seats if seat.evidence is not None]
        return Attribution(self.name, tuple(credits), tuple(evidence))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id and namespace are used.
            context: The registry.
        """
        registry = context.registry
        rows = context.models.once(("headquarters", registry.version), lambda: list(_iter_seats(registry)))
        seats = pl.DataFrame(rows, schema=_SEATS, orient="row")
        found = models.select("model_id", "namespace").join(seats.lazy(), on="namespace")
        return found.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace, its owner or its country changes."""
        registry = context.registry
        days = {day for organization in registry.organizations.values() for day in _days(organization)}
        spans = (span for found in registry.namespaces.values() for span in found)
        return frozenset(days | {day for span in spans for day in (span.start, span.end)}) - {BEGINNING, END}


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
        owners = [
            registry.get_organization(owner.parent)
            for owner in one.parents
            if (owner.start is None or owner.start <= on) and (owner.end is None or on < owner.end)
        ]
        if not owners:
            found[one] = found.get(one, 0.0) + part
        waiting += [(owner, part / len(owners)) for owner in owners]
    return found


def _iter_seats(registry: Registry) -> Iterator[tuple[str, dt.date, dt.date, str, str, float]]:
    for namespace, spans in registry.namespaces.items():
        for span in spans:
            above = _all_owners(registry.get_organization(span.value), registry)
            days = {day for organization in above for day in _days(organization)}
            cuts = [span.start, *sorted(day for day in days if span.start < day < span.end), span.end]
            for start, end in itertools.pairwise(cuts):
                for top, part in owners_of(registry.get_organization(span.value), start, registry).items():
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
