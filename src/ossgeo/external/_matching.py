"""Matching the models of a leaderboard to organizations and countries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

from ossgeo.external._board_rows import distinct_names
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._families import organization_of_family
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry

Party = Organization | Country | OriginStatus | None
"""The organization of a model, or the country or status of one that only the caller knows; None if unknown."""


@attrs.frozen(eq=False)
class Matcher:
    """Matches models of a board to organizations and countries at one date.

    Attributes:
        registry: The registry.
        on: The date.
        organizations: The board's name of a model or organization to the id of an organization.
        countries: The board's name of a model or organization to its country or status.
        by_family: The models that were matched by the family of their name.
    """

    registry: Registry
    on: dt.date
    organizations: Mapping[str, str]
    countries: Mapping[str, Country | OriginStatus]
    by_family: set[str] = attrs.field(factory=set, init=False)

    def credits(self, model: str, written: str | None) -> list[dict[str, Any]]:
        """Return the credits of a model; their weights sum to 1."""
        parties = self._parties(model, written)
        return [
            {"organization": name, "country": country, "weight": weight / len(parties)}
            for party in parties
            for name, country, weight in self._places(party)
        ]

    def _parties(self, model: str, written: str | None) -> list[Party]:
        """Return the organizations of a model, or countries for those that only ``countries`` knows; None if unknown."""
        namespace, slash, _ = model.partition("/")
        whole = self._given(model)
        if whole is None and written is not None:
            whole = self._party((written,)) or self.registry.find(written, on=self.on)
        if whole is not None:
            return [whole]
        if written is None:
            return [self.registry.find(namespace, on=self.on) if slash else self._family(model)]
        return list(dict.fromkeys(map(self._party, distinct_names(written)))) or [None]

    def _family(self, model: str) -> Organization | None:
        """Return the organization behind the family of a model."""
        found = organization_of_family(model, self.registry)
        if found is not None:
            self.by_family.add(model)
        return found

    def _party(self, names: tuple[str, ...]) -> Party:
        """Return the organization or country of the first name that is known."""
        found = (self._given(name) or self.registry.find_by_name(name) for name in names)
        return next((one for one in found if one is not None), None)

    def _given(self, name: str) -> Party:
        """Return the organization or country that the caller gave for a name."""
        if name in self.organizations:
            return self.registry.get_organization(self.organizations[name])
        return self.countries.get(name)

    def _places(self, party: Party) -> list[tuple[str | None, str, float]]:
        """Return organization, country and weight of each seat."""
        if isinstance(party, Country | OriginStatus):
            return [(None, str(party), 1.0)]
        if party is None:
            return [(None, OriginStatus.UNREVIEWED.value, 1.0)]
        seats = party.seats(on=self.on)
        if not seats:
            return [(party.id, OriginStatus.UNREVIEWED.value, 1.0)]
        return [(party.id, str(seat.country), seat.weight) for seat in seats]
