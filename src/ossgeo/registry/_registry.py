"""The registry: organizations behind namespaces and their countries, by date."""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import hashlib
import itertools
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self

import attrs

from ossgeo._core import DATA
from ossgeo._core.dates import BEGINNING, END, day_of
from ossgeo.errors import InvalidArgumentError, OssgeoWarning, UnknownOrganizationError
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._merge import merged, switched
from ossgeo.registry._organizations import Organization, OrganizationKind
from ossgeo.registry._tables import (
    SWITCHED,
    TABLES,
    Span,
    Tables,
    canonical,
    check,
    plain_name,
    read_tables,
    rows_from,
)

if TYPE_CHECKING:
    import polars as pl

_YOUNG = 10  # calendar years after the year of founding in which a company is a start-up


@attrs.frozen
class RegistryDiff:
    """The difference between two registries, as rows of their tables.

    Attributes:
        added: Table and cells of each row that only the newer registry has.
        removed: Table and cells of each row that only the older registry has.
    """

    added: tuple[tuple[str, ...], ...]
    removed: tuple[tuple[str, ...], ...]

    def __bool__(self) -> bool:
        """Return whether there is any difference."""
        return bool(self.added or self.removed)

    def __str__(self) -> str:
        """Return one line for each changed row."""
        lines = [f"- {' '.join(row)}" for row in self.removed] + [f"+ {' '.join(row)}" for row in self.added]
        return "\n".join(lines) or "no difference"


class Registry:
    """Organizations, their namespaces and their countries, with dates and evidence.

    Example:
        >>> import datetime as dt
        >>> Registry.default().get("zai-org", on=dt.date(2026, 8, 22)).name
        'Zhipu AI (Z.ai)'
    """

    __slots__ = ("__dict__", "_facts", "_tables")

    def __init__(self, tables: Tables) -> None:
        """Check and store the rows; use :meth:`default`, :meth:`read` or :meth:`from_rows` instead."""
        self._tables = tables
        self._facts = check(tables)

    @classmethod
    def default(cls) -> Registry:
        """Return the bundled registry; it is loaded once, on first use."""
        return _default()

    @classmethod
    def read(cls, folder: str | Path, *, base: Registry | None = None, replace: Collection[str] = ()) -> Self:
        """Read tables from a folder.

        Args:
            folder: Contains ``organizations.csv``, ``namespaces.csv``, ``affiliations.csv`` and optionally
                ``parents.csv``, ``roles.csv`` and ``names.csv``.
            base: A registry that the folder amends, as in :meth:`overlay`.
            replace: Ids of organizations that are replaced as a whole: row, countries and owners in ``base`` are dropped.

        Raises:
            SourceUnavailableError: A table is missing.
            RegistryError: Tables have faults; all of them are listed.
            InvalidArgumentError: ``base`` is not a Registry, or ``replace`` is given without it.
            UnknownOrganizationError: The base does not have an organization of ``replace``.

        Warns:
            OssgeoWarning: A row starts one day after another ends, or a replaced organization has no country any more.
        """
        return cls(_amended(base, read_tables(Path(folder)), replace))

    @classmethod
    def from_rows(
        cls,
        *,
        organizations: Iterable[Mapping[str, Any]] = (),
        namespaces: Iterable[Mapping[str, Any]] = (),
        affiliations: Iterable[Mapping[str, Any]] = (),
        parents: Iterable[Mapping[str, Any]] = (),
        roles: Iterable[Mapping[str, Any]] = (),
        names: Iterable[Mapping[str, Any]] = (),
        moves: Iterable[Mapping[str, Any]] = (),
        base: Registry | None = None,
        replace: Collection[str] = (),
    ) -> Self:
        """Return a registry from mappings with the columns of the tables.

        Args:
            organizations: Rows (organization, name, kind, homepage, founded).
            namespaces: Rows (namespace, organization, start, end).
            affiliations: Rows (organization, basis, country, weight, start, end, url, shows, ...).
            parents: Rows (organization, parent, start, end, url).
            roles: Rows (namespace, role, start, end, url).
            names: Rows (name, organization): other spellings of the names of organizations.
            moves: Rows (model_id, current, start, url): ids of models that moved to another id.
            base: A registry that the rows amend, as in :meth:`overlay`.
            replace: Ids of organizations that are replaced as a whole: row, countries and owners in ``base`` are dropped.

        Raises:
            RegistryError: Tables have faults; all of them are listed.
            InvalidArgumentError: ``base`` is not a Registry, or ``replace`` is given without it.
            UnknownOrganizationError: The base does not have an organization of ``replace``.

        Warns:
            OssgeoWarning: A row starts one day after another ends, or a replaced organization has no country any more.

        Example:
            >>> mine = Registry.from_rows(
            ...     organizations=[{"organization": "acme", "name": "Acme"}],
            ...     namespaces=[{"namespace": "AcmeAI", "organization": "acme"}],
            ...     affiliations=[{"organization": "acme", "country": "FR"}],
            ... )
            >>> mine.get("AcmeAI").name
            'Acme'
        """
        given = {"organizations": organizations, "namespaces": namespaces, "affiliations": affiliations,
                 "parents": parents, "roles": roles, "names": names, "moves": moves}  # fmt: skip
        return cls(_amended(base, {table: rows_from(table, rows) for table, rows in given.items()}, replace))

    @property
    def organizations(self) -> Mapping[str, Organization]:
        """The organizations by id."""
        return MappingProxyType(dict(self._facts.organizations))

    @property
    def namespaces(self) -> Mapping[str, tuple[Span, ...]]:
        """The organizations behind each namespace, with dates."""
        return MappingProxyType(dict(self._facts.namespaces))

    @property
    def moves(self) -> Mapping[str, str]:
        """The current id of each model that moved, such as ``openai-community/gpt2`` for ``gpt2``, by its earlier id."""
        return MappingProxyType(dict(self._facts.moves))

    @functools.cached_property
    def version(self) -> str:
        """A fingerprint of twelve hexadecimal digits, which changes with every fact and only with facts."""
        text = "\n".join(sorted("\t".join(row) for row in self._iter_rows()))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def find(self, namespace: str, *, on: dt.date | str | None = None) -> Organization | None:
        """Return the organization behind a namespace, or None.

        Args:
            namespace: The namespace, in the letter case of the Hub; an id without a namespace, such as ``gpt2``, has that
                of the id to which it moved (see :attr:`moves`).
            on: The day, as a date or ISO text; by default today.

        Raises:
            InvalidArgumentError: ``on`` is not a date.
        """
        spans = self._facts.namespaces.get(self._facts.owners.get(namespace, namespace))
        if spans is None:
            return None
        day = _day(on)
        for span in spans:
            if span.start <= day < span.end:
                return self._facts.organizations[span.value]
        return None

    def get(self, namespace: str, *, on: dt.date | str | None = None) -> Organization:
        """Return the organization behind a namespace.

        Args:
            namespace: The namespace, in the letter case of the Hub.
            on: The day, as a date or ISO text; by default today.

        Raises:
            InvalidArgumentError: ``on`` is not a date.
            UnknownOrganizationError: The registry knows no organization for the namespace on that day; with near names, other
                letter cases first.
        """
        day = _day(on)
        found = self.find(namespace, on=day)
        if found is not None:
            return found
        if namespace in self._facts.namespaces:
            spans = ", ".join(
                f"{span.value} from {span.start} to {span.end}" for span in self._facts.namespaces[namespace]
            )
            raise UnknownOrganizationError(
                f"namespace {namespace!r} has no organization on {day}; it has {spans}", value=namespace
            )
        same = [name for name in self._facts.namespaces if name.casefold() == namespace.casefold()]
        near = same or difflib.get_close_matches(namespace, self._facts.namespaces, n=3, cutoff=0.7)
        message = f"namespace {namespace!r} is not in the registry (case matters on the Hub)"
        raise UnknownOrganizationError(message, value=namespace, suggestions=near)

    def organization(self, name: str) -> Organization:
        """Return an organization by its id.

        Raises:
            UnknownOrganizationError: The registry does not have the organization; with near ids.
        """
        found = self._facts.organizations.get(name)
        if found is None:
            raise UnknownOrganizationError.among(name, self._facts.organizations, what="organization")
        return found

    def kind(self, name: str, *, on: dt.date | str | None = None) -> OrganizationKind:
        """Return the kind of an organization on a day; start-ups and big tech are distinguished from other companies.

        A company is ``big tech`` if the tables mark it or one of its direct or indirect owners on that day. Otherwise it is a
        ``startup`` until ten calendar years after the year of its foundation, unless it has an owner. Otherwise, or if the year
        is unknown, it is a ``company``. All other kinds are taken from the tables.

        Args:
            name: Id of the organization.
            on: The day, as a date or ISO text; by default today.

        Raises:
            InvalidArgumentError: ``on`` is not a date.
            UnknownOrganizationError: The registry does not have the organization; with near ids.

        Example:
            >>> import datetime as dt
            >>> registry = Registry.default()
            >>> [str(registry.kind("jina-ai", on=dt.date(year, 12, 1))) for year in (2024, 2025)]
            ['startup', 'company']
        """
        found = self.organization(name)
        day = _day(on)
        if found.kind is not OrganizationKind.COMPANY:
            return found.kind
        owners = found.owners(on=day)
        if any(self.kind(owner, on=day) is OrganizationKind.BIG_TECH for owner in owners):
            return OrganizationKind.BIG_TECH
        young = found.founded is not None and found.founded <= day.year <= found.founded + _YOUNG
        return OrganizationKind.STARTUP if young and not owners else OrganizationKind.COMPANY

    def find_named(self, name: str) -> Organization | None:
        """Return the organization with a name, or None; letter case, spaces and punctuation are ignored.

        Args:
            name: Name or id of the organization, or a spelling in the table of names.

        Example:
            >>> Registry.default().find_named("Z.ai").id
            'zhipu-ai'
        """
        found = self._facts.names.get(plain_name(name))
        return None if found is None else self._facts.organizations[found]

    def roles(self, namespace: str, *, on: dt.date | str | None = None) -> frozenset[str]:
        """Return the roles of a namespace on a day, such as ``repackager``, ``archive`` or ``testing``.

        Args:
            namespace: The namespace, in the letter case of the Hub.
            on: The day, as a date or ISO text; by default today.

        Raises:
            InvalidArgumentError: ``on`` is not a date.
        """
        day = _day(on)
        spans = self._facts.roles.get(self._facts.owners.get(namespace, namespace), ())
        return frozenset(span.value for span in spans if span.start <= day < span.end)

    def with_role(self, role: str) -> Mapping[str, tuple[Span, ...]]:
        """Return the namespaces with a role, with dates.

        Args:
            role: The role, such as ``repackager``, ``archive`` or ``testing``.
        """
        found = {
            namespace: tuple(span for span in spans if span.value == role)
            for namespace, spans in self._facts.roles.items()
        }
        return MappingProxyType({namespace: spans for namespace, spans in found.items() if spans})

    def overlay(self, other: Registry, *, replace: Collection[str] = ()) -> Registry:
        """Return a registry in which the rows of another registry take precedence, table by table.

        A dated row (a namespace, country, owner or role) replaces the rows here about the same subject within its own
        dates; outside of them those here remain. Of an organization's row the filled cells replace those here. An
        organization as a whole is only replaced if ``replace`` names it.

        Args:
            other: The registry that takes precedence.
            replace: Ids of organizations that are replaced as a whole: row, countries and owners here are dropped.

        Raises:
            InvalidArgumentError: ``other`` is not a Registry.
            UnknownOrganizationError: This registry does not have an organization of ``replace``.

        Warns:
            OssgeoWarning: A row starts one day after another ends, or a replaced organization has no country any more.

        Example:
            >>> later = Registry.from_rows(
            ...     affiliations=[{"organization": "qwen", "country": "SG", "start": "2027-01-01"}], base=Registry.default()
            ... )
            >>> [str(later.get("Qwen", on=day).seats(on=day)[0].country) for day in ("2026-12-31", "2027-01-01")]
            ['CN', 'SG']
        """
        return Registry(_amended(self, _checked("other", other)._tables, replace))

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Ids of the organizations with a disputed country, for which an alternative is recorded."""
        there = {row["organization"] for row in self._tables["affiliations"] if row.get("basis") == "alternative"}
        return tuple(sorted(there))

    def with_alternatives(self, *organizations: str) -> Registry:
        """Return a registry that uses the alternative countries of disputed organizations.

        Outside the dates of an alternative the country is unchanged; the replaced country becomes the alternative. Calling it
        again for the same organization has no effect.

        Args:
            *organizations: Ids; see :attr:`alternatives`.

        Raises:
            UnknownOrganizationError: An organization has no alternative country; with near ids and all ids that have one.

        Example:
            >>> registry, day = Registry.default().with_alternatives("hugging-face"), dt.date(2026, 8, 14)
            >>> [str(seat.country) for seat in registry.get("HuggingFaceTB", on=day).seats(on=day)]
            ['FR']
        """
        there = self.alternatives
        name: Any  # a list, if the caller forgot the asterisk
        for name in organizations:
            if not isinstance(name, str):
                message = f"organizations must be ids, got {name!r}; give each id as an argument, as in with_alternatives(*ids)"
                raise UnknownOrganizationError(message, value=name)
            if name not in there:
                what = "among those with an alternative seat, organization"
                raise UnknownOrganizationError.among(name, there, what=what, remedy=f"they are {', '.join(there)}")
        rows = self._tables["affiliations"]
        wanted = set(organizations) - {row["organization"] for row in rows if SWITCHED in row}
        kept = [row for row in rows if row["organization"] not in wanted]
        return Registry({**self._tables, "affiliations": (*kept, *switched(rows, sorted(wanted)))})

    def diff(self, other: Registry) -> RegistryDiff:
        """Return the rows to add and to remove to get from this registry to the other.

        Args:
            other: The newer registry.

        Raises:
            InvalidArgumentError: ``other`` is not a Registry.
        """
        ours, theirs = set(self._iter_rows()), set(_checked("other", other)._iter_rows())
        return RegistryDiff(added=tuple(sorted(theirs - ours)), removed=tuple(sorted(ours - theirs)))

    @functools.cached_property
    def seats(self) -> pl.DataFrame:
        """Where each namespace is, as a table.

        Returns:
            One row for each namespace, validity and seat: namespace, start, end (half-open), organization, country (ISO
            code or status), weight. For each namespace the validities cover all time: where no organization or seat
            is known, the country is ``unreviewed``.
        """
        import polars as pl

        schema = {"namespace": pl.String, "start": pl.Date, "end": pl.Date, "organization": pl.String,
                  "country": pl.String, "weight": pl.Float64}  # fmt: skip
        return pl.DataFrame(list(self._iter_seats()), schema=schema, orient="row")

    @functools.cached_property
    def kinds(self) -> pl.DataFrame:
        """What each organization is, as a table.

        Returns:
            One row for each organization and span in which :meth:`kind` does not change: organization, start, end (half-open;
            those of an organization cover all time), kind.
        """
        import polars as pl

        schema = {"organization": pl.String, "start": pl.Date, "end": pl.Date, "kind": pl.String}
        return pl.DataFrame(list(self._iter_kinds()), schema=schema, orient="row")

    def __repr__(self) -> str:
        """Return the size and the version."""
        facts = self._facts
        return (
            f"<Registry {self.version}: {len(facts.organizations)} organizations, {len(facts.namespaces)} namespaces>"
        )

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same facts."""
        return self.version == other.version if isinstance(other, Registry) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of the version."""
        return hash(self.version)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the rows; they are checked again when loaded."""
        return (Registry, (self._tables,))

    def _iter_rows(self) -> Iterator[tuple[str, ...]]:
        for table in TABLES:
            for row in self._tables[table]:
                yield (table, *canonical(row))

    def _iter_seats(self) -> Iterator[tuple[str, dt.date, dt.date, str | None, str, float]]:
        unreviewed = OriginStatus.UNREVIEWED.value
        facts = self._facts
        moved = ((name, facts.namespaces[to]) for name, to in facts.owners.items() if to in facts.namespaces)
        for namespace, spans in itertools.chain(facts.namespaces.items(), moved):
            since = BEGINNING
            for span in spans:
                if since < span.start:
                    yield namespace, since, span.start, None, unreviewed, 1.0
                organization = self._facts.organizations[span.value]
                for start, end in _segments(organization, span):
                    places = organization.seats(on=start)
                    for place in places:
                        yield namespace, start, end, organization.id, str(place.country), place.weight
                    if not places:
                        yield namespace, start, end, organization.id, unreviewed, 1.0
                since = span.end
            if since < END:
                yield namespace, since, END, None, unreviewed, 1.0

    def _iter_kinds(self) -> Iterator[tuple[str, dt.date, dt.date, str]]:
        for name in self._facts.organizations:
            cuts = [BEGINNING, *sorted(self._turns(name)), END]
            spans = [(start, end, str(self.kind(name, on=start))) for start, end in itertools.pairwise(cuts)]
            for kind, run in itertools.groupby(spans, key=lambda span: span[2]):
                same = list(run)
                yield name, same[0][0], same[-1][1], kind

    def _turns(self, name: str) -> set[dt.date]:
        """Return the days on which the kind of an organization may change: its own, and those of its direct and indirect owners."""
        days: set[dt.date] = set()
        seen, waiting = {name}, [name]
        while waiting:
            found = self._facts.organizations[waiting.pop()]
            days |= {day for owner in found.parents for day in (owner.start, owner.end) if day is not None}
            if found.founded is not None:
                days |= {dt.date(found.founded, 1, 1), dt.date(found.founded + _YOUNG + 1, 1, 1)}
            owners = {owner.parent for owner in found.parents} - seen
            seen |= owners
            waiting += owners
        return {day for day in days if BEGINNING < day < END}


def _day(on: dt.date | str | None) -> dt.date:
    return dt.date.today() if on is None else day_of(on, what="on")  # noqa: DTZ011  # a calendar day where the user is


def _checked(what: str, registry: Any) -> Registry:
    if not isinstance(registry, Registry):
        raise InvalidArgumentError(
            f"{what} must be a Registry, got {registry!r}; Registry.read(folder) reads a folder of tables"
        )
    return registry


def _segments(organization: Organization, span: Span) -> Iterator[tuple[dt.date, dt.date]]:
    seats = [place for place in organization.affiliations if place.basis == "seat"]
    days = {day for place in seats for day in (place.start, place.end) if day is not None}
    cuts = [span.start, *sorted(day for day in days if span.start < day < span.end), span.end]
    yield from itertools.pairwise(cuts)


def _amended(base: Registry | None, tables: Tables, replace: Collection[str]) -> Tables:
    """Return the tables laid over those of a base.

    Raises:
        InvalidArgumentError: ``base`` is not a Registry, or ``replace`` is given without it.
        UnknownOrganizationError: The base does not have an organization of ``replace``.

    Warns:
        OssgeoWarning: An organization that is replaced has no country any more.
    """
    if base is None:
        if replace:
            raise InvalidArgumentError(f"replace must be empty without base, got {replace!r}; give base=")
        return tables
    over = merged(_checked("base", base)._tables, tables, replace=replace)
    seated, before = ({row["organization"] for row in some["affiliations"]} for some in (over, base._tables))
    if lost := sorted({*replace} & before - seated):
        warnings.warn(
            f"organizations: {', '.join(lost)} is replaced as a whole, and no country is given; add rows to affiliations",
            OssgeoWarning,
            stacklevel=3,
        )
    return over


@functools.cache
def _default() -> Registry:
    return Registry(read_tables(DATA))
