"""Organizations, their affiliations, and the evidence."""

from __future__ import annotations

import datetime as dt
import enum
from html import escape
from typing import TYPE_CHECKING, Literal, get_args

import attrs

from ossgeo._core.dates import Day, day_of
from ossgeo._core.tabular import Tabular
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._identifiers import Identifiers

if TYPE_CHECKING:
    import polars as pl

Basis = Literal["seat", "alternative"]
"""``seat`` is the answer that is used; ``alternative`` is another defensible one, for disputed cases."""

Confidence = Literal["certain", "likely", "disputed"]
"""How sure a reviewer is of a fact."""

Shown = Literal[
    "registered office",
    "research register",
    "filing",
    "own statement",
    "paper affiliation",
    "encyclopedia",
    "press",
    "hub profile",
    "common knowledge",
    "own table",
]
"""What kind of thing a piece of evidence shows; ``common knowledge`` has no URL, and neither has a
user's ``own table``."""

LineageShown = Literal["declared", "configuration", "weights", "vendor statement", "press", "retracted", "own table"]
"""What a lineage fact rests on: ``declared`` (a model card), ``configuration`` (architecture and sizes are equal), ``weights``
(a comparison of the weights), ``vendor statement`` (paper, page or announcement of the publisher), ``press``, ``retracted`` (a
claim that its author withdrew; it is kept and never used) or a user's ``own table``."""

BASES = get_args(Basis)
CONFIDENCES = get_args(Confidence)
SHOWN = get_args(Shown)


class OrganizationKind(enum.Enum):
    """What an organization is.

    The tables say ``company``; which companies are start-ups, or belong to big tech, depends on the day and follows from the
    rule of :func:`ossgeo.registry.get_kind`.
    """

    COMPANY = "company"
    STARTUP = "startup"
    """A company without an owner, until ten calendar years after the year of its foundation."""
    BIG_TECH = "big tech"
    """One of the largest technology groups, or a company that it owns. The groups are those that the Wikipedia article "Big Tech"
    lists (Alphabet, Amazon, Apple, Meta, Microsoft; Nvidia, Tesla; Baidu, Alibaba, Tencent, Xiaomi)."""
    UNIVERSITY = "university"
    RESEARCH_INSTITUTE = "research institute"
    NONPROFIT = "nonprofit"
    GOVERNMENT = "government"
    COLLECTIVE = "collective"
    INDIVIDUAL = "individual"
    """A person who publishes under a handle. A person never has a country here."""

    def __str__(self) -> str:
        """Return the value that the tables contain."""
        return self.value


@attrs.frozen
class Evidence:
    """Why a fact is believed.

    Attributes:
        shows: What the source is.
        url: The page that was read; None for common knowledge.
        reviewed_on: The day on which the source was read.
        confidence: How sure the reviewer was.
        note: Summary of the page.
        archive: A copy of the page in an archive of the web.
    """

    shows: Shown | LineageShown
    url: str | None = None
    reviewed_on: dt.date | None = None
    confidence: Confidence = "likely"
    note: str = ""
    archive: str | None = None

    def __str__(self) -> str:
        """Return the evidence in one line."""
        when = f", read on {self.reviewed_on}" if self.reviewed_on else ""
        page = f": {self.url}" if self.url else ""
        return f"{self.shows}{when}, {self.confidence}{page}" + (f" (copy: {self.archive})" if self.archive else "")


def _holds(start: dt.date | None, end: dt.date | None, on: Day) -> bool:
    day = day_of(on, what="on")
    return (start is None or start <= day) and (end is None or day < end)


@attrs.frozen
class Affiliation:
    """The country of an organization during an interval.

    Attributes:
        country: The country, or the origin status of an organization without one.
        start: First day on which it holds; None if open.
        end: First day on which it no longer holds; None if open.
        weight: Part of the organization in the country, in (0, 1].
        basis: ``seat`` or ``alternative``.
        evidence: The evidence for the country.
    """

    country: Country | OriginStatus
    start: dt.date | None = None
    end: dt.date | None = None
    weight: float = 1.0
    basis: Basis = "seat"
    evidence: Evidence | None = None

    def holds(self, on: Day) -> bool:
        """Return whether the affiliation holds on a day."""
        return _holds(self.start, self.end, on)


@attrs.frozen
class Ownership:
    """An owner of an organization during an interval.

    Attributes:
        parent: Id of the owner.
        start: First day on which it holds; None if open.
        end: First day on which it no longer holds; None if open.
        url: The page that was read; None for common knowledge.
        note: Summary of the page or of another source.
    """

    parent: str
    start: dt.date | None = None
    end: dt.date | None = None
    url: str | None = None
    note: str = ""

    def holds(self, on: Day) -> bool:
        """Return whether the ownership holds on a day."""
        return _holds(self.start, self.end, on)


@attrs.frozen
class Organization(Tabular):
    """The legal or social entity behind one or more namespaces.

    Attributes:
        id: Lower-case name in the registry, such as ``zhipu-ai``.
        name: Its common name.
        kind: The kind of organization.
        homepage: Its homepage; None if unknown.
        affiliations: Its current and earlier countries, by basis and start.
        parents: Its current and earlier owners.
        founded: Year of its foundation; None if not reviewed.
        identifiers: Its ids in other registers.
        names: Other spellings of its name, in its own script and others.
        start: First day on which it exists; None if not reviewed.
        end: First day on which it no longer exists, as after a shutdown or a merger; None if it exists, as far as known.

    Example:
        >>> Organization("acme", "Acme", affiliations=(Affiliation(Country("FR")),)).seats(on=dt.date(2026, 1, 1))
        (Affiliation(country=Country('FR'), start=None, end=None, weight=1.0, basis='seat', evidence=None),)
    """

    id: str
    name: str
    kind: OrganizationKind = OrganizationKind.COMPANY
    homepage: str | None = None
    affiliations: tuple[Affiliation, ...] = ()
    parents: tuple[Ownership, ...] = ()
    founded: int | None = None
    identifiers: Identifiers = attrs.field(factory=Identifiers)
    names: tuple[str, ...] = ()
    start: dt.date | None = None
    end: dt.date | None = None

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each affiliation and owner: fact, value, weight, start, end, evidence."""
        import polars as pl

        seats = [
            (one.basis, str(one.country), one.weight, one.start, one.end, str(one.evidence or ""))
            for one in self.affiliations
        ]
        owners = [("owner", one.parent, None, one.start, one.end, one.url or "") for one in self.parents]
        schema = {
            "fact": pl.String,
            "value": pl.String,
            "weight": pl.Float64,
            "start": pl.Date,
            "end": pl.Date,
            "evidence": pl.String,
        }
        return pl.DataFrame([*seats, *owners], schema=schema, orient="row")

    def _repr_html_(self) -> str:
        """Return name, kind and the affiliations for a notebook; every text is escaped."""
        return f"<p>{escape(self.name)} ({escape(self.id)}), {escape(str(self.kind))}</p>{super()._repr_html_()}"

    def owners(self, *, on: Day) -> tuple[str, ...]:
        """Return the ids of those who own it on a day."""
        day = day_of(on, what="on")
        return tuple(owner.parent for owner in self.parents if owner.holds(day))

    def seats(self, *, on: Day) -> tuple[Affiliation, ...]:
        """Return the affiliations of basis ``seat`` that hold on a day; their weights sum to 1, or there is none."""
        day = day_of(on, what="on")
        return tuple(place for place in self.affiliations if place.basis == "seat" and place.holds(day))
