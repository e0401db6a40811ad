"""The data card of the registry: how much it holds, of what kind and where, from which evidence, how old."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import polars as pl

from ossgeo._core.dates import day_or_today
from ossgeo._core.text import markdown_table
from ossgeo.registry._alternatives import disputed_organizations
from ossgeo.registry._classification import get_kind
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._organizations import Affiliation, Organization, OrganizationKind
from ossgeo.registry._registry import Registry

_AGES: Final = (30, 90, 365, 730)

_COLUMNS: Final = {
    "big tech": {OrganizationKind.BIG_TECH},
    "startups": {OrganizationKind.STARTUP},
    "other companies": {OrganizationKind.COMPANY},
    "universities": {OrganizationKind.UNIVERSITY},
    "institutes, government": {OrganizationKind.RESEARCH_INSTITUTE, OrganizationKind.GOVERNMENT},
    "nonprofits, collectives": {OrganizationKind.NONPROFIT, OrganizationKind.COLLECTIVE},
}
"""The columns of the data card's table of countries, and the kinds that each holds."""


def card(registry: Registry | None = None, *, today: dt.date | str | None = None) -> str:
    """Describe the registry: how much it holds, of what kind and where, from which evidence, how old.

    Args:
        registry: The registry; by default the bundled one.
        today: The day for kinds and ages, as a date or ISO text; by default today.

    Returns:
        Markdown.

    Raises:
        InvalidArgumentError: ``today`` names no day.
    """
    used = registry or Registry.default()
    day = day_or_today(today, what="today")
    seats = [(one, place) for one in used.organizations.values() for place in one.affiliations if place.basis == "seat"]
    known = [place.evidence for _, place in seats if place.evidence is not None]
    countries = {str(place.country) for _, place in seats if isinstance(place.country, Country)}
    dated = sum(place.start is not None or place.end is not None for _, place in seats)
    lines = [
        f"Registry `{used.version}`: {_namespaces(used)} of {len(used.organizations)} organizations with "
        f"{len(seats)} seats in {len(countries)} countries; {sum(item.url is not None for item in known)} seats cite a page, "
        f"{dated} have a start or an end, {len(disputed_organizations(used))} are disputed and have an alternative.",
        "",
        _table("kind of organization", Counter(str(get_kind(used, name, on=day)) for name in used.organizations)),
        _by_country(used, seats, day),
        _identified(used),
        _table("evidence of a seat", Counter(item.shows for item in known)),
        _table("confidence", Counter(item.confidence for item in known)),
        _table("age of the review", Counter(_age((day - item.reviewed_on).days) for item in known if item.reviewed_on)),
    ]
    return "\n".join(lines)


def _namespaces(used: Registry) -> str:
    """Return the number of namespaces, with those of other platforms."""
    others = ", ".join(f"{len(found)} on {name}" for name, found in sorted(used.platforms.items()))
    return f"{len(used.namespaces)} namespaces{f' ({others} besides)' if others else ''}"


def identified(registry: Registry | None = None) -> pl.DataFrame:
    """Count the organizations that have an id in other registers, by kind; persons are left out.

    Args:
        registry: The registry; by default the bundled one.

    Returns:
        One row for each kind in the tables, the most frequent first: kind, organizations, ror, wikidata, lei (how many have an
        id there), and known (how many have one of ROR or Wikidata).

    Example:
        >>> found = identified()
        >>> found.columns
        ['kind', 'organizations', 'ror', 'wikidata', 'lei', 'known']
    """
    rows = [
        (str(one.kind), 1, bool(ids.ror), bool(ids.wikidata), bool(ids.lei), bool(ids.ror or ids.wikidata))
        for one in (registry or Registry.default()).organizations.values()
        if one.kind is not OrganizationKind.INDIVIDUAL and (ids := one.identifiers) is not None
    ]
    counts = ("organizations", "ror", "wikidata", "lei", "known")
    frame = pl.DataFrame(rows, schema={"kind": pl.String, **dict.fromkeys(counts, pl.Int64)}, orient="row")
    summed = frame.group_by("kind").agg(pl.col(counts).sum())
    return summed.sort("organizations", "kind", descending=[True, False])


def _identified(used: Registry) -> str:
    """Return the table of :func:`identified` with the part that has an id of ROR or Wikidata."""
    head = ["kind in the tables", "organizations", "ROR", "Wikidata", "LEI", "ROR or Wikidata", "part"]
    cells = [
        (kind, *(str(count or "") for count in (number, *rest)), f"{rest[-1] / number:.0%}")
        for kind, number, *rest in identified(used).iter_rows()
    ]
    return "\n".join([*markdown_table(head, cells), ""])


def _age(days: int) -> str:
    return next((f"within {within} days" for within in _AGES if days <= within), "older")


def _by_country(used: Registry, seats: Sequence[tuple[Organization, Affiliation]], day: dt.date) -> str:
    """Rows for each country or status: seats, how many cite a page, and of what kind their organizations are; no persons."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * (2 + len(_COLUMNS)))
    for one, place in seats:
        if place.country is OriginStatus.INDIVIDUAL:
            continue
        row = rows[str(place.country)]
        row[0] += 1
        row[1] += place.evidence is not None and place.evidence.url is not None
        kind = get_kind(used, one.id, on=day)
        row[2 + next(at for at, kinds in enumerate(_COLUMNS.values()) if kind in kinds)] += 1
    head = ["seat in", "seats", "with a page", *_COLUMNS]
    order = sorted(rows.items(), key=lambda item: (-item[1][0], item[0]))
    return "\n".join(
        [*markdown_table(head, [(name, *(str(count or "") for count in counts)) for name, counts in order]), ""]
    )


def _table(title: str, counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join([*markdown_table((title, "rows"), [(name, str(count)) for name, count in ordered]), ""])
