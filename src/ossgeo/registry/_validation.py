"""Checking the registry's tables: every fault of every row is reported in one error."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, TypeVar

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.relations import Relation
from ossgeo.errors import Fault, OssgeoWarning, RegistryError, UnknownCountryError
from ossgeo.registry._countries import Country, OriginStatus, parse_place
from ossgeo.registry._facts import HUGGING_FACE, Facts, Span
from ossgeo.registry._identifiers import Identifiers, parse_lei, parse_ror, parse_wikidata
from ossgeo.registry._lineage import COMPONENTS, LINEAGE_BASES, LINEAGE_SHOWN, WHOLE, LineageFact, problems
from ossgeo.registry._organizations import (
    BASES,
    CONFIDENCES,
    SHOWN,
    Affiliation,
    Evidence,
    Organization,
    OrganizationKind,
    Ownership,
)
from ossgeo.registry._tables import REQUIRED, Row, Tables, plain_name

_WEIGHT_TOLERANCE = 1e-6
_FIRST_YEAR = 800  # the oldest universities
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CURRENT = re.compile(r"[^\s/:]+/[^\s/:]+")
_MODEL = re.compile(r"[^\s/:]+(/[^\s/:]+)?")  # old models have no namespace
_SHOWN = 3
_UNKNOWN: Final[Country | OriginStatus] = OriginStatus.UNKNOWN
_KINDS: Final = ", ".join(str(kind) for kind in OrganizationKind if kind is not OrganizationKind.STARTUP)
_IDENTIFIERS: Final[dict[str, tuple[Callable[[str], str | None], str]]] = {
    "ror": (parse_ror, "a ROR id such as 03cve4549 with the right checksum"),
    "wikidata": (parse_wikidata, "a Wikidata item such as Q16955"),
    "lei": (parse_lei, "a Legal Entity Identifier of 20 characters with the right checksum"),
}
_NO_IDENTIFIERS: Final = Identifiers()

T = TypeVar("T")


def check(tables: Tables) -> Facts:
    """Check all rows of all tables and turn them into objects.

    Args:
        tables: The rows.

    Returns:
        The organizations, and what holds for each namespace when.

    Raises:
        RegistryError: With every fault: file, row, column, value.
    """
    return _Checker(tables).facts()


def _year(text: str) -> int | None:
    year = int(text)
    if not _FIRST_YEAR <= year < END.year:
        raise ValueError(text)
    return year


def _kind(text: str) -> OrganizationKind:
    found = OrganizationKind(text)
    if found is OrganizationKind.STARTUP:  # follows from the year of foundation and the owners
        raise ValueError(text)
    return found


def _spellings(namespaces: Iterable[str]) -> dict[str, str]:
    """Return the namespaces by their lower-case form, without those that differ in letter case only."""
    found: dict[str, str] = {}
    several = set()
    for name in namespaces:
        if found.setdefault(name.lower(), name) != name:
            several.add(name.lower())
    return {lower: name for lower, name in found.items() if lower not in several}


def warn_of_single_days(gaps: Sequence[str]) -> None:
    """Warn of single days that rows leave out, if there are any.

    Args:
        gaps: The subject and the day of each, such as ``seat of qwen on 2025-12-31``.
    """
    if gaps:
        more = f" and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
        warnings.warn(
            f"rows leave out one day ({'; '.join(gaps[:_SHOWN])}{more}): end is the first day on which a row no longer"
            " holds; end the earlier row on the day on which the later one starts",
            OssgeoWarning,
            stacklevel=7,
        )


def single_days_between(spans: Iterable[Span]) -> list[dt.date]:
    """Return the days that no span covers although one ends on the day and another starts on the next.

    Args:
        spans: The spans.
    """
    rows = list(spans)
    if not rows[1:]:
        return []
    starts = {row.start for row in rows}
    ends = sorted({row.end for row in rows if row.end + dt.timedelta(days=1) in starts})
    return [day for day in ends if not any(row.start <= day < row.end for row in rows)]


class _Checker:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._faults: list[Fault] = []

    def facts(self) -> Facts:
        for table, columns in REQUIRED.items():
            for row in self._tables[table]:
                for column in columns:
                    if column not in row.cells:
                        self._fault(table, row, column, "is empty")
        organizations = self._organizations()
        platforms = self._namespaces(organizations)
        namespaces = platforms.pop(HUGGING_FACE, {})
        roles = self._spans("roles", self._tables["roles"], "role", None)
        names = self._names(organizations)
        moves = self._moves()
        lineage = self._lineage()
        if self._faults:
            raise RegistryError(f"the registry has {len(self._faults)} fault(s)", self._faults)
        self._warn_of_one_day_gaps(organizations, namespaces)
        moved = {old: new.split("/")[0] for old, new in moves.items() if "/" not in old and old not in namespaces}
        return Facts(
            organizations=MappingProxyType(organizations), namespaces=MappingProxyType(namespaces),
            roles=MappingProxyType(roles), names=names, moves=MappingProxyType(moves), moved_namespaces=moved,
            lineage=MappingProxyType(lineage),
            spellings=_spellings(namespaces), platforms=platforms,
        )  # fmt: skip

    def _moves(self) -> dict[str, str]:
        """Return the current id of each moved model; a move of a moved model is followed."""
        table, found = "moves", dict[str, str]()
        for row in self._tables[table]:
            self._dates(table, row)
            if row["model_id"] in found:
                self._fault(table, row, "model_id", f"{row['model_id']!r} stands here twice")
            self._model_id(table, row, "model_id")
            if not _CURRENT.fullmatch(row["current"]):
                self._fault(table, row, "current", f"{row['current']!r} is not namespace/name")
            found[row["model_id"]] = row["current"]
        for row in self._tables[table]:
            seen = {row["model_id"]}
            while (current := found[row["model_id"]]) in found and current not in seen:
                seen.add(current)
                found[row["model_id"]] = found[current]
            if current in seen:
                self._fault(table, row, "current", f"{row['model_id']!r} would move to itself")
        return found

    def _lineage(self) -> dict[str, tuple[LineageFact, ...]]:
        """Return the lineage facts about each model."""
        table = "lineage"
        found: dict[str, list[tuple[Row, LineageFact]]] = defaultdict(list)
        relations = {str(relation): relation for relation in Relation}
        for row in self._tables[table]:
            start, _ = self._dates(table, row)
            self._model_id(table, row, "model")
            self._model_id(table, row, "base")
            relation = self._word(table, row, "relation", tuple(relations), "unspecified")
            component = self._word(table, row, "component", (WHOLE, *COMPONENTS), WHOLE)
            basis = self._word(table, row, "basis", LINEAGE_BASES, "fact")
            evidence = self._evidence(row, table, "evidence", LINEAGE_SHOWN, "own table") or Evidence("own table")
            fact = LineageFact(row["model"], row.get("base") or None, relations.get(relation, Relation.UNSPECIFIED),
                               component, start, basis, evidence)  # fmt: skip
            found[fact.model].append((row, fact))
        for rows in found.values():
            for place, column, problem, remedy in problems(tuple(fact for _, fact in rows)):
                self._fault(table, rows[place][0], column, problem, remedy)
        return {model: tuple(fact for _, fact in rows) for model, rows in found.items()}

    def _warn_of_one_day_gaps(
        self, organizations: Mapping[str, Organization], namespaces: Mapping[str, tuple[Span, ...]]
    ) -> None:
        """Warn of single days without a row between two rows: the habit of inclusive ends."""
        spans = {f"namespace {name}": rows for name, rows in namespaces.items() if len(rows) > 1}
        several = {name: found for name, found in organizations.items() if len(found.affiliations) > 1}
        for name, found in several.items():
            for basis in BASES:
                places = [place for place in found.affiliations if place.basis == basis]
                spans[f"{basis} of {name}"] = tuple(
                    Span(basis, place.start or BEGINNING, place.end or END) for place in places
                )
        warn_of_single_days([f"{what} on {day}" for what, rows in spans.items() for day in single_days_between(rows)])

    def _fault(self, table: str, row: Row, column: str, problem: str, remedy: str = "") -> None:
        self._faults.append(Fault(f"{table}.csv, row {row.line}, column {column}", problem, remedy))

    def _parse(self, table: str, row: Row, column: str, parse: Callable[[str], T], default: T, wanted: str) -> T:
        text = row.cells.get(column)
        if text is None:
            return default
        try:
            return parse(text)
        except UnknownCountryError:
            self._fault(table, row, column, f"{text!r} is not {wanted}", _code_of(text))
        except ValueError:
            self._fault(table, row, column, f"{text!r} is not {wanted}")
        return default

    def _word(self, table: str, row: Row, column: str, words: tuple[str, ...], default: str) -> Any:
        text = row.get(column, default)
        if text not in words:
            self._fault(table, row, column, f"{text!r} is not one of {', '.join(words)}")
        return text

    def _model_id(self, table: str, row: Row, column: str) -> None:
        text = row.get(column)
        if text and not _MODEL.fullmatch(text):
            self._fault(table, row, column, f"{text!r} is not a model id such as 'Qwen/Qwen3-8B'")

    def _dates(self, table: str, row: Row) -> tuple[dt.date | None, dt.date | None]:
        if "start" not in row.cells and "end" not in row.cells:
            return None, None
        start = self._parse(table, row, "start", dt.date.fromisoformat, None, "a date such as 2025-10-22")
        end = self._parse(table, row, "end", dt.date.fromisoformat, None, "a date such as 2025-10-22")
        if start is not None and end is not None and start >= end:
            self._fault(table, row, "end", f"{end} is not after the start {start}", "end is the first day after")
        for column, day in (("start", start), ("end", end)):
            if day is not None and not BEGINNING < day < END:
                self._fault(table, row, column, f"{day} is out of range", "leave it empty if it is open")
        return start, end

    def _organizations(self) -> dict[str, Organization]:
        kinds: dict[str, OrganizationKind] = {}
        for row in self._tables["organizations"]:
            name = row["organization"]
            if not _SLUG.fullmatch(name):
                self._fault("organizations", row, "organization", f"{name!r} is not a lower-case-slug")
            if name in kinds:
                self._fault("organizations", row, "organization", f"{name!r} stands here twice")
            kinds[name] = self._parse("organizations", row, "kind", _kind, OrganizationKind.COMPANY, f"one of {_KINDS}")
        affiliations = self._affiliations(kinds)
        parents = self._parents(kinds)
        names: dict[str, list[str]] = defaultdict(list)
        for row in self._tables["names"]:
            names[row["organization"]].append(row["name"])
        found: dict[str, Organization] = {}
        for row in self._tables["organizations"]:
            name, (start, end) = row["organization"], self._dates("organizations", row)
            found[name] = Organization(
                id=name, name=row.get("name", name), kind=kinds[name], homepage=row.get("homepage") or None,
                affiliations=tuple(affiliations.get(name, ())), parents=tuple(parents.get(name, ())),
                founded=self._parse("organizations", row, "founded", _year, None, "a year such as 2019"),
                identifiers=self._identifiers(row), names=tuple(names.get(name, ())), start=start, end=end,
            )  # fmt: skip
        return found

    def _identifiers(self, row: Row) -> Identifiers:
        if _IDENTIFIERS.keys().isdisjoint(row.cells):
            return _NO_IDENTIFIERS
        return Identifiers(**{
            name: self._parse("organizations", row, name, parse, None, wanted)
            for name, (parse, wanted) in _IDENTIFIERS.items()
        })  # fmt: skip

    def _names(self, organizations: Mapping[str, Organization]) -> dict[str, str]:
        """Names as others write them; each means one organization."""
        found: dict[str, str] = {}
        for row in self._tables["names"]:
            self._known("names", row, "organization", organizations)
            name = plain_name(row["name"])
            if found.get(name, row["organization"]) != row["organization"]:
                self._fault("names", row, "name", f"{row['name']!r} stands here for two organizations")
            found[name] = row["organization"]
        return found

    def _known(self, table: str, row: Row, column: str, organizations: Mapping[str, Any]) -> None:
        name = row[column]
        if name and name not in organizations:
            remedy = "add it to organizations.csv, or read with base=Registry.default() to amend the bundled registry"
            self._fault(table, row, column, f"organization {name!r} is not in this registry", remedy)

    def _affiliations(self, kinds: Mapping[str, OrganizationKind]) -> dict[str, list[Affiliation]]:
        table = "affiliations"
        found: dict[str, list[Affiliation]] = defaultdict(list)
        last: dict[tuple[str, str], Row] = {}
        broken: set[str] = set()
        for row in self._tables[table]:
            name, before = row["organization"], len(self._faults)
            self._known(table, row, "organization", kinds)
            start, end = self._dates(table, row)
            place = self._parse(table, row, "country", parse_place, _UNKNOWN, "an ISO 3166 code or a status")
            weight = self._parse(table, row, "weight", float, 1.0, "a number")
            if not 0 < weight <= 1:
                self._fault(table, row, "weight", f"{weight} is not in (0, 1]")
            if kinds.get(name) is OrganizationKind.INDIVIDUAL and place is not OriginStatus.INDIVIDUAL:
                self._fault(table, row, "country", f"{name!r} is a person, who has no country here", "use individual")
            basis = self._word(table, row, "basis", BASES, "seat")
            evidence = self._evidence(row)
            if len(self._faults) > before:  # the sums of its organization would only repeat that
                broken.add(name)
            found[name].append(Affiliation(place, start, end, weight, basis, evidence))
            last[name, basis] = row
        for (name, basis), row in last.items():
            if name in broken:
                continue
            self._weights([place for place in found[name] if place.basis == basis], row)
        return found

    def _evidence(
        self,
        row: Row,
        table: str = "affiliations",
        column: str = "shows",
        words: tuple[str, ...] = SHOWN,
        default: str = "press",
    ) -> Evidence | None:
        url, archive = row.cells.get("url"), row.cells.get("archive")
        for page, address in (("url", url), ("archive", archive)):
            if address and not address.startswith(("https://", "http://")):
                self._fault(table, row, page, f"{address!r} is not a web address")
        if archive and not url:
            self._fault(table, row, "archive", "is the copy of a page that is not named", "give the page as url")
        reviewed = self._parse(table, row, "reviewed_on", dt.date.fromisoformat, None, "a date")
        confidence = self._word(table, row, "confidence", CONFIDENCES, "likely")
        if not (row.get(column) or url):
            return None
        shows = self._word(table, row, column, words, default)
        return Evidence(shows, url, reviewed, confidence, row.get("note", ""), archive)

    def _weights(self, places: list[Affiliation], row: Row) -> None:
        if len(places) == 1 and places[0].weight == 1:
            return
        cuts = sorted({place.start or BEGINNING for place in places} | {place.end or END for place in places})
        for day in cuts[:-1]:
            there = [place for place in places if place.holds(day)]
            countries = [place.country for place in there]
            if len(set(countries)) < len(countries):
                self._fault("affiliations", row, "start", f"{row['organization']!r} is twice in one country on {day}")
            elif there and abs(sum(place.weight for place in there) - 1) > _WEIGHT_TOLERANCE:
                total = sum(place.weight for place in there)
                problem = f"the {there[0].basis} weights of {row['organization']!r} sum to {total:g} on {day}, not to 1"
                self._fault("affiliations", row, "weight", problem, "dates may overlap only where weights share them")

    def _parents(self, kinds: Mapping[str, OrganizationKind]) -> dict[str, list[Ownership]]:
        found: dict[str, list[Ownership]] = defaultdict(list)
        for row in self._tables["parents"]:
            self._known("parents", row, "organization", kinds)
            self._known("parents", row, "parent", kinds)
            start, end = self._dates("parents", row)
            if self._reaches(found, row["parent"], row["organization"], start or BEGINNING, end or END):
                self._fault("parents", row, "parent", f"{row['organization']!r} would own itself")
            owner = Ownership(row["parent"], start, end, row.get("url") or None, row.get("note"))
            found[row["organization"]].append(owner)
        return found

    def _reaches(
        self, owners: Mapping[str, list[Ownership]], name: str, goal: str, start: dt.date, end: dt.date
    ) -> bool:
        """Return whether an organization or an owner at any level within the dates is the goal."""
        seen = {(name, start, end)}
        waiting = [(name, start, end)]
        while waiting:
            now, since, until = waiting.pop()
            if now == goal:
                return True
            for owner in owners.get(now, ()):
                up = owner.parent, max(since, owner.start or BEGINNING), min(until, owner.end or END)
                if up[1] < up[2] and up not in seen:
                    seen.add(up)
                    waiting.append(up)
        return False

    def _namespaces(self, organizations: Mapping[str, Organization]) -> dict[str, dict[str, tuple[Span, ...]]]:
        """Return the namespaces of each platform."""
        rows: dict[str, list[Row]] = defaultdict(list)
        for row in self._tables["namespaces"]:
            platform = row.get("platform", HUGGING_FACE)
            if not _SLUG.fullmatch(platform):
                self._fault("namespaces", row, "platform", f"{platform!r} is not a lower-case-slug")
            name = row["namespace"]
            if not name.isprintable() or not {" ", "/"}.isdisjoint(name):
                self._fault("namespaces", row, "namespace", f"{name!r} is not a namespace such as 'Qwen'")
            rows[platform].append(row)
        return {name: self._spans("namespaces", found, "organization", organizations) for name, found in rows.items()}

    def _spans(
        self, table: str, rows: Iterable[Row], column: str, organizations: Mapping[str, Organization] | None
    ) -> dict[str, tuple[Span, ...]]:
        found: dict[str, list[Span]] = defaultdict(list)
        for row in rows:
            if organizations is not None:
                self._known(table, row, column, organizations)
            start, end = self._dates(table, row)
            span = Span(row[column], start or BEGINNING, end or END)
            for other in found[row["namespace"]]:
                clash = organizations is not None or other.value == span.value
                if clash and span.start < other.end and other.start < span.end:
                    problem = f"{row['namespace']!r} is {other.value!r} and {span.value!r} at the same time"
                    self._fault(table, row, "start", problem, "end the earlier row on the day the later one starts")
            found[row["namespace"]].append(span)
        return {
            name: tuple(sorted(spans, key=lambda span: span.start) if len(spans) > 1 else spans)
            for name, spans in found.items()
        }


def _code_of(text: str) -> str:
    """Return the remedy for a cell that is not a code: the code of the country that it names, or near codes."""
    try:
        return f"give {Country.parse(text).alpha_2}"
    except UnknownCountryError as error:
        return f"did you mean {' or '.join(map(repr, error.suggestions))}?" if error.suggestions else ""
