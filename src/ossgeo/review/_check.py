"""Rules of the contributor's guide that a registry must keep beyond the form of its rows."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END, day_or_today
from ossgeo.errors import SourceFormatError, SourceUnavailableError
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._facts import Span
from ossgeo.registry._identifiers import parse_ror
from ossgeo.registry._organizations import OrganizationKind
from ossgeo.registry._registry import Registry
from ossgeo.registry._tables import Row, plain_name

_LETTERBOX: Final = re.compile(r"\b(Delaware|Cayman|British Virgin|Lewes|Wilmington|registered agent)\b")
_NO_PLACE: Final = re.compile(
    r"\b(names? no (place|seat)|no (place|seat|city) (named|stated|given|found)|gives? no (city|address|place)"
    r"|no (city|address)\b|(itself )?not (itself )?(read|named|stated)\b)",
    re.IGNORECASE,
)
_STATUSES: Final = frozenset(status.value for status in OriginStatus)
_SHARED_HOSTS: Final = frozenset({"github.com", "github.io", "huggingface.co", "sites.google.com"})


@attrs.frozen
class Finding:
    """A row that breaks a rule of the contributor's guide, or that a reviewer should look at.

    Attributes:
        rule: Code of the rule, such as ``seized-namespace``.
        severity: ``error`` (the row must not be accepted) or ``warning``.
        subject: Namespace or id of the organization.
        message: The fault and the remedy.
    """

    rule: str
    severity: str
    subject: str
    message: str

    def __str__(self) -> str:
        """Return the finding in one line."""
        return f"{self.severity} {self.rule}: {self.message}"


def check(
    registry: Registry, *, base: Registry | None = None, today: dt.date | str | None = None
) -> tuple[Finding, ...]:
    """Check the rules of the contributor's guide that the form of the rows does not hold.

    Errors: a namespace that is taken from another organization without ending its row, an organization without a seat, a
    review in the future, an identifier that two organizations have. Warnings: a namespace that differs from another in
    case only, organizations with one name or homepage, a ``certain`` seat without a page or whose note says that the page
    names no place, and a seat whose note names only the place of incorporation.

    Args:
        registry: The registry, or the base with its amendments.
        base: The registry before the amendments; without it, history is not compared.
        today: The day after which a review lies in the future, as a date or ISO text; by default today.

    Returns:
        The findings: errors first, then by rule and subject. With a base, only those that the base does not have.

    Raises:
        InvalidArgumentError: ``today`` is not a date.

    Example:
        >>> mine = Registry.from_rows(namespaces=[{"namespace": "Qwen", "organization": "google"}], base=Registry.default())
        >>> print(check(mine, base=Registry.default())[0].rule)
        seized-namespace
    """
    day = day_or_today(today, what="today")
    found = set(_iter_findings(registry, day))
    if base is not None:
        found -= set(_iter_findings(base, day))
        found |= set(_seized(registry, base))
    return tuple(sorted(found, key=lambda one: (one.severity, one.rule, one.subject)))


def _iter_findings(registry: Registry, day: dt.date) -> Iterator[Finding]:
    yield from _seatless(registry)
    yield from _case_variants(registry.namespaces)
    yield from _duplicates(registry)
    yield from _shared_identifiers(registry)
    for row in registry.tables["affiliations"]:
        yield from _evidence(row, day)


def _seatless(registry: Registry) -> Iterator[Finding]:
    for name, one in registry.organizations.items():
        if not any(place.basis == "seat" for place in one.affiliations):
            yield Finding(
                "no-seat", "error", name, f"{name} has no seat; add a row to affiliations.csv, or end the namespace"
            )


def _case_variants(namespaces: Mapping[str, tuple[Span, ...]]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for name in sorted(namespaces):
        other = first.setdefault(name.casefold(), name)
        if other != name:
            yield Finding(
                "case-variant", "warning", name,
                f"namespace {name} differs from {other} in letter case only; on the Hub they are one, so keep one row",
            )  # fmt: skip


def _duplicates(registry: Registry) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, one in sorted(registry.organizations.items()):
        if one.kind is OrganizationKind.INDIVIDUAL:
            continue
        for what, key in (("name", plain_name(one.name)), ("homepage", _host(one.homepage))):
            other = seen.setdefault(f"{what} {key}", name) if key else name
            if other != name and other not in {owner.parent for owner in one.parents}:
                yield Finding(
                    "duplicate", "warning", name,
                    f"{name} has the {what} of {other} ({key}); use one organization, or say in `parents` how they belong together",
                )  # fmt: skip


def _host(homepage: str | None) -> str:
    """Return the host and path that identify a homepage; empty for a page on a host of many."""
    parts = urlsplit(homepage or "")
    host = parts.netloc.lower().removeprefix("www.")
    return "" if host in _SHARED_HOSTS else host + parts.path.rstrip("/")


def _shared_identifiers(registry: Registry) -> Iterator[Finding]:
    holders: dict[str, list[str]] = defaultdict(list)
    for name, one in registry.organizations.items():
        for value in (one.identifiers.wikidata, one.identifiers.lei):
            if value:
                holders[value].append(name)
    for value, names in holders.items():
        if len(names) > 1:
            yield Finding(
                "shared-identifier",
                "error",
                names[-1],
                f"{value} identifies {' and '.join(names)}; an id is of one organization",
            )


def _evidence(row: Row, day: dt.date) -> Iterator[Finding]:
    name, note = row["organization"], row.get("note", "")
    if (reviewed := row.get("reviewed_on")) and dt.date.fromisoformat(reviewed) > day:
        yield Finding("future-review", "error", name, f"{name} is reviewed on {reviewed}, after {day}")
    certain = row.get("confidence") == "certain"
    if certain and row.get("country") != "individual":
        if not row.get("url"):
            yield Finding(
                "certain-without-page", "warning", name, f"{name} is certain without a page; cite one, or write likely"
            )
        elif _NO_PLACE.search(note):
            yield Finding(
                "certain-without-place", "warning", name, f"{name} is certain, but its note says {note!r}; write likely"
            )
    placed = row["country"] not in _STATUSES and row.get("basis", "seat") == "seat"
    if placed and _LETTERBOX.search(note) and not _elsewhere(note):
        yield Finding(
            "letterbox",
            "warning",
            name,
            f"{name} has a place of incorporation as evidence ({note!r}), which does not establish a seat",
        )


def _elsewhere(note: str) -> bool:
    """Return whether a note names an address besides the place of incorporation."""
    named = re.search(r"\b(offices?|headquarters|headquartered|address|campus|record of)\b", note, re.IGNORECASE)
    return named is not None and not re.search(r"\bno (office|\w+ address)\b", note)


def _seized(registry: Registry, base: Registry) -> Iterator[Finding]:
    """Namespaces whose past belongs to another organization than in the base."""
    for name, spans in registry.namespaces.items():
        for before in base.namespaces.get(name, ()):
            for now in spans:
                lost = max(before.start, now.start), min(before.end, now.end)
                if now.value == before.value or lost[0] >= lost[1]:
                    continue
                handed_over = now.start > BEGINNING and before.end == END and before.start < now.start
                if not handed_over:
                    yield Finding(
                        "seized-namespace", "error", name,
                        f"namespace {name} belongs to {before.value}; to hand it over to {now.value}, give its row a start,"
                        f" and end the row of {before.value} on that day",
                    )  # fmt: skip


def read_ror(path: str | Path) -> dict[str, str]:
    """Read the country of each record from a file of the Research Organization Registry.

    Args:
        path: A dump of ROR as JSON (schema 1 or 2), or a table as CSV or Parquet with the columns ``ror`` and ``country``.

    Returns:
        ISO alpha-2 code of the (first) country by ROR id.

    Raises:
        SourceFormatError: The file has no ids and countries.
        SourceUnavailableError: The file cannot be read.
    """
    file = Path(path)
    if not file.is_file():
        raise SourceUnavailableError(f"{path} {'is not a file' if file.exists() else 'does not exist'}")
    try:
        if file.suffix == ".json":
            pairs = [_from_record(record) for record in json.loads(file.read_text(encoding="utf-8"))]
        else:
            frame = pl.read_parquet(file) if file.suffix == ".parquet" else pl.read_csv(file, glob=False)
            pairs = list(frame.select("ror", "country").drop_nulls().iter_rows())
        return {parse_ror(ror): str(country) for ror, country in pairs}
    except OSError as error:
        raise SourceUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, IndexError, TypeError, pl.exceptions.PolarsError) as error:
        raise SourceFormatError(
            f"{path} must be a dump of ROR (JSON), or a table with the columns ror and country (CSV, Parquet)"
        ) from error


def _from_record(record: Any) -> tuple[str, str]:
    place = record["locations"][0]["geonames_details"] if "locations" in record else record["country"]
    return record["id"], place["country_code"]


def compare_with_ror(registry: Registry, records: Mapping[str, str]) -> tuple[Finding, ...]:
    """Compare the countries of current seats with those of ROR.

    Args:
        registry: The registry.
        records: ISO alpha-2 code of the country by ROR id, as :func:`read_ror` returns it.

    Returns:
        A warning for each organization whose current seat is in another country than its ROR record, with the registry's
        reasons, and for each id that the records do not have.
    """
    found = []
    for name, one in registry.organizations.items():
        ror = one.identifiers.ror
        if ror is None:
            continue
        seats = [place for place in one.affiliations if place.basis == "seat" and place.end is None]
        countries = {str(place.country) for place in seats if isinstance(place.country, Country)}
        if ror not in records:
            found.append(Finding("ror-unknown", "warning", name, f"{name}: the file has no record {ror}"))
        elif countries and records[ror] not in countries:
            why = "; ".join(place.evidence.note for place in seats if place.evidence is not None)
            here = ", ".join(sorted(countries))
            message = f"{name}: {here} here, {records[ror]} in ROR ({ror}); here because: {why or 'no note'}"
            found.append(Finding("ror-country", "warning", name, message))
    return tuple(found)
