"""The facts of the registry: of one namespace, all of them, and a random sample for a second review."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END, day_or_today
from ossgeo.errors import InvalidArgumentError
from ossgeo.registry._classification import find_roles, get_kind
from ossgeo.registry._facts import Span
from ossgeo.registry._organizations import Evidence, Organization
from ossgeo.registry._registry import Registry

_FACT: Final = {
    "organization": pl.String, "namespaces": pl.String, "kind": pl.String, "basis": pl.String, "country": pl.String,
    "start": pl.Date, "end": pl.Date, "weight": pl.Float64, "shows": pl.String, "url": pl.String, "archive": pl.String,
    "reviewed_on": pl.Date, "confidence": pl.String, "note": pl.String,
}  # fmt: skip


def show(name: str, *, on: dt.date | str | None = None, registry: Registry | None = None) -> str:
    """Show what the registry says of a namespace, an organization or a model, with the evidence.

    Args:
        name: The handle; or an organization's id or name, where no namespace is called so; or the id of a model with lineage
            facts.
        on: Only facts that hold on this day, given as a date or ISO text; by default the whole history of
            organizations, seats and owners, with today's kinds and roles.
        registry: The registry; by default the bundled one.

    Raises:
        InvalidArgumentError: ``on`` is not a date.
        UnknownOrganizationError: The registry does not know the name, or not on that day; with near names.

    Example:
        >>> print(show("Qwen", on=dt.date(2026, 1, 1)).splitlines()[0])
        Qwen is qwen (Qwen, big tech)
    """
    used = registry or Registry.default()
    day = day_or_today(on, what="on")
    if facts := used.lineage.get(name):
        return "\n".join(f"{fact.basis}: {fact}" for fact in facts if on is None or fact.holds(day))
    handle = used.spelling_of(name) or name
    spans = used.namespaces.get(handle)
    if spans is None:
        named = used.find_by_name(name) or used.get(name, on=day)
        spans = (Span(named.id),)
    elif on is not None:
        used.get(name, on=day)  # raises if the namespace has no organization on that day
        spans = tuple(span for span in spans if span.start <= day < span.end)
    lines = []
    for span in spans:
        organization = used.get_organization(span.value)
        kind = get_kind(used, organization.id, on=day)
        spelled = "" if handle == name else f" ({handle} in the registry)"
        lines.append(f"{name}{spelled} is {organization.id} ({organization.name}, {kind}){_span(span.start, span.end)}")
        lines += _lines(organization, on=None if on is None else day)
    lines += [f"  role: {role}" for role in sorted(find_roles(used, name, on=day))]
    return "\n".join(lines)


def facts(registry: Registry | None = None) -> pl.DataFrame:
    """List every seat and alternative seat with its evidence: what an audit goes through.

    Args:
        registry: The registry; by default the bundled one.

    Returns:
        One row for each affiliation, by organization: organization, namespaces (all it ever had, with spaces between), kind (as
        the tables say), basis, country, start, end, weight, shows, url, archive, reviewed_on, confidence, note.

    Example:
        >>> facts().filter(organization="qwen").select("namespaces", "country").row(0)
        ('Qwen', 'CN')
    """
    used = registry or Registry.default()
    handles = _handles(used)
    rows = [
        (one.id, " ".join(sorted(handles[one.id])), str(one.kind), place.basis, str(place.country), place.start, place.end,
         place.weight, *_evidence(place.evidence))
        for one in sorted(used.organizations.values(), key=lambda one: one.id) for place in one.affiliations
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_FACT, orient="row")


def sample(*, rows: int, seed: int, registry: Registry | None = None) -> pl.DataFrame:
    """Draw facts at random, for a review by another person.

    The same registry, number and seed give the same rows on every machine.

    Args:
        rows: How many facts; all of them where there are not so many.
        seed: Where the draw begins; publish it with the result.
        registry: The registry; by default the bundled one.

    Returns:
        Rows of :func:`facts`, in its order.

    Raises:
        InvalidArgumentError: The number is below 1.

    Example:
        >>> sample(rows=60, seed=1).height
        60
    """
    if rows < 1:
        raise InvalidArgumentError(f"rows must be 1 or more, got {rows}")
    known = facts(registry)
    drawn = random.Random(seed).sample(range(known.height), k=min(rows, known.height))  # noqa: S311  # a draw, no secret
    return known[sorted(drawn)]


def find(text: str, *, registry: Registry | None = None) -> pl.DataFrame:
    """Find organizations by a part of an id, a name, a namespace or a note; letter case is ignored.

    Args:
        text: The text, in any script.
        registry: The registry; by default the bundled one.

    Returns:
        One row for each organization: organization, name, namespaces (with spaces between), countries (of its current
        seats), found_in (``id``, ``name``, ``namespace`` or ``note``, the first that applies). The rows are in the order of
        ``found_in`` as listed here, and then of the id.

    Raises:
        InvalidArgumentError: ``text`` is empty.

    Example:
        >>> find("智谱")["organization"].to_list()
        ['zhipu-ai']
    """
    wanted = text.strip().casefold()
    if not wanted:
        raise InvalidArgumentError("text must not be empty")
    used = registry or Registry.default()
    handles = _handles(used)
    rows = []
    for one in sorted(used.organizations.values(), key=lambda one: one.id):
        notes = [place.evidence.note for place in one.affiliations if place.evidence is not None]
        places = {"id": [one.id], "name": [one.name, *one.names], "namespace": handles[one.id], "note": notes}
        where = next((what for what, texts in places.items() if any(wanted in each.casefold() for each in texts)), None)
        if where is not None:
            seats = [str(place.country) for place in one.affiliations if place.basis == "seat" and place.end is None]
            rows.append((one.id, one.name, " ".join(sorted(handles[one.id])), " ".join(seats), where))
    rows.sort(key=lambda row: ("id", "name", "namespace", "note").index(row[-1]))
    columns = ("organization", "name", "namespaces", "countries", "found_in")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _handles(registry: Registry) -> dict[str, set[str]]:
    """Return all namespaces that each organization ever had."""
    handles: dict[str, set[str]] = defaultdict(set)
    for namespace, spans in registry.namespaces.items():
        for span in spans:
            handles[span.value].add(namespace)
    return handles


def _evidence(evidence: Evidence | None) -> tuple[str | dt.date | None, ...]:
    if evidence is None:
        return (None,) * 6
    return evidence.shows, evidence.url, evidence.archive, evidence.reviewed_on, evidence.confidence, evidence.note


def _lines(organization: Organization, *, on: dt.date | None) -> list[str]:
    lines = [f"  homepage: {organization.homepage}"] if organization.homepage else []
    lines += [f"  founded: {organization.founded}"] if organization.founded else []
    if organization.start or organization.end:
        lines.append(f"  exists{_span(organization.start, organization.end)}")
    lines += [f"  names: {', '.join(organization.names)}"] if organization.names else []
    lines += [f"  {name}: {url}" for name, url in organization.identifiers.urls.items()]
    for place in organization.affiliations:
        if on is not None and not place.holds(on):
            continue
        part = f" x {place.weight:g}" if place.weight < 1 else ""
        lines.append(f"  {place.basis}: {place.country}{part}{_span(place.start, place.end)}{_why(place.evidence)}")
    for owner in organization.parents:
        if on is not None and not owner.holds(on):
            continue
        read = f" [{owner.url}]" if owner.url else ""
        lines.append(f"  owner: {owner.parent}{_span(owner.start, owner.end)}{read}")
    return lines


def _span(start: dt.date | None, end: dt.date | None) -> str:
    opened = f" from {start}" if start not in (None, BEGINNING) else ""
    return opened + (f" until {end}" if end not in (None, END) else "")


def _why(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    return f" [{evidence}]" + (f" {evidence.note}" if evidence.note else "")
