"""An attribution rule and a calculator for ossgeo, as an example."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import attrs
import narwhals as nw

from ossgeo import Country, Evidence, Model
from ossgeo.attribution import Attribution, Context, StrategyBase
from ossgeo.errors import UnknownCountryError
from ossgeo.shares import Gives, credited

__all__ = ["AcademicDomain", "ModelsInUse", "country_of"]

_ACADEMIC = ("edu", "ac")
_OTHER_CODES = {"UK": "GB"}


def country_of(homepage: str | None) -> Country | None:
    """Return the country of an academic web address; None if it is not academic.

    Example:
        >>> str(country_of("https://www.cam.ac.uk/research")), str(country_of("https://mit.edu"))
        ('GB', 'US')
    """
    host = (urlsplit(homepage or "").hostname or "").lower().split(".")
    if host[-1:] == ["edu"]:
        return Country("US")
    if len(host) < 3 or host[-2] not in _ACADEMIC:
        return None
    code = host[-1].upper()
    try:
        return Country.parse(_OTHER_CODES.get(code, code))
    except UnknownCountryError:
        return None


@attrs.frozen
class AcademicDomain(StrategyBase):
    """Credits an organization with an academic homepage to the country of its domain; abstains on all others."""

    name: ClassVar[str] = "academic-domain"
    api_version: ClassVar[int] = 1
    requires: ClassVar[frozenset[str]] = frozenset()  # the namespace is always there
    by_namespace: ClassVar[bool] = True

    def __str__(self) -> str:
        return self.name

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        organization = context.registry.find(model.namespace, on=on)
        country = country_of(organization.homepage) if organization is not None else None
        if organization is None or country is None:
            return None
        homepage = Evidence("own statement", organization.homepage, note="the domain of its homepage")
        return Attribution.to(country, rule=self.name, organization=organization.id, evidence=[homepage])

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace changes."""
        spans = (span for found in context.registry.namespaces.values() for span in found)
        return frozenset(day for span in spans for day in (span.start, span.end))


@attrs.frozen
class ModelsInUse:
    """Counts the models with at least one download; the parts of a model sum to one."""

    name: ClassVar[str] = "models-in-use"
    unit: ClassVar[str] = "models"
    requires: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[Gives] = "flow"
    api_version: ClassVar[int] = 1

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        used = credited(flows.filter(nw.col("downloads") > 0), credits)
        return used.group_by("period", *keys).agg(value=nw.col("weight").sum())
