"""The registry: organizations behind namespaces and their countries, by date."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import threading
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from ossgeo._core import DATA
from ossgeo._core.dates import day_or_today
from ossgeo.errors import InvalidArgumentError, OssgeoWarning, UnknownOrganizationError
from ossgeo.registry._facts import HUGGING_FACE, Span
from ossgeo.registry._lineage import LineageFact
from ossgeo.registry._merge import RegistryDiff, difference, iter_facts, merged, single_days_of_base
from ossgeo.registry._organizations import Organization
from ossgeo.registry._tables import Tables, plain_name, read_tables, require_known_files, rows_from
from ossgeo.registry._validation import check, warn_of_single_days


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
        with _LOADING:
            return _default()

    @classmethod
    def read(cls, folder: str | Path, *, base: Registry | None = None, replace: Collection[str] = ()) -> Self:
        """Read tables from a folder.

        Args:
            folder: Contains one or several of ``organizations.csv``, ``namespaces.csv``, ``affiliations.csv``,
                ``parents.csv``, ``roles.csv``, ``names.csv``, ``moves.csv`` and ``lineage.csv``; an absent table is empty.
            base: A registry that the folder amends, as in :meth:`overlay`.
            replace: Ids of organizations that are replaced as a whole: row, countries and owners in ``base`` are dropped.

        Raises:
            SourceUnavailableError: The folder has none of the tables.
            RegistryError: Tables have faults, or the folder has a CSV file that is not a table; all of them are listed.
            InvalidArgumentError: ``base`` is not a Registry, or ``replace`` is given without it.
            UnknownOrganizationError: The base does not have an organization of ``replace``.

        Warns:
            OssgeoWarning: A row starts one day after another ends, or a replaced organization has no country any more.
        """
        require_known_files(Path(folder))
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
        lineage: Iterable[Mapping[str, Any]] = (),
        base: Registry | None = None,
        replace: Collection[str] = (),
    ) -> Self:
        """Return a registry from mappings with the columns of the tables.

        Args:
            organizations: Rows (organization, name, kind, homepage, founded, start, end, ror, wikidata, lei).
            namespaces: Rows (namespace, organization, start, end, platform).
            affiliations: Rows (organization, basis, country, weight, start, end, url, shows, ...).
            parents: Rows (organization, parent, start, end, url, note).
            roles: Rows (namespace, role, start, end, url).
            names: Rows (name, organization): other spellings of the names of organizations.
            moves: Rows (model_id, current, start, url): ids of models that moved to another id.
            lineage: Rows (model, base, relation, component, start, evidence, url, ...): base models established by review.
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
                 "parents": parents, "roles": roles, "names": names, "moves": moves, "lineage": lineage}  # fmt: skip
        return cls(_amended(base, {table: rows_from(table, rows) for table, rows in given.items()}, replace))

    @property
    def organizations(self) -> Mapping[str, Organization]:
        """The organizations by id."""
        return self._facts.organizations

    @property
    def namespaces(self) -> Mapping[str, tuple[Span, ...]]:
        """The organizations behind each namespace of Hugging Face, with dates."""
        return self._facts.namespaces

    @property
    def platforms(self) -> Mapping[str, Mapping[str, tuple[Span, ...]]]:
        """The organizations behind each namespace of other platforms, with dates, by platform."""
        return self._facts.platforms

    @property
    def tables(self) -> Tables:
        """The rows of each table as text, by the name of the table."""
        return MappingProxyType(dict(self._tables))

    @property
    def roles(self) -> Mapping[str, tuple[Span, ...]]:
        """The roles of each namespace that has any, with dates."""
        return self._facts.roles

    @property
    def moves(self) -> Mapping[str, str]:
        """The current id of each model that moved, such as ``openai-community/gpt2`` for ``gpt2``, by its earlier id."""
        return self._facts.moves

    @property
    def lineage(self) -> Mapping[str, tuple[LineageFact, ...]]:
        """The lineage facts about each model, by its id, which are base models that were established by review.

        Example:
            >>> (fact,) = Registry.default().lineage["Rakuten/RakutenAI-3.0"]
            >>> fact.base, fact.evidence.shows, fact.evidence.confidence
            ('deepseek-ai/DeepSeek-V3', 'configuration', 'likely')
        """
        return self._facts.lineage

    @functools.cached_property
    def version(self) -> str:
        """A fingerprint of twelve hexadecimal digits, which changes with every fact and only with facts."""
        text = "\n".join(sorted("\t".join(row) for row in iter_facts(self._tables)))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @functools.cached_property
    def _names(self) -> Mapping[str, str]:
        """Ids of organizations by the letters and digits of each name; one that means several means none."""
        own: dict[str, set[str]] = defaultdict(set)
        for organization in self._facts.organizations.values():
            for text in (organization.id, organization.name):
                own[plain_name(text)].add(organization.id)
        return {name: ids.pop() for name, ids in own.items() if len(ids) == 1} | dict(self._facts.names)

    def find(
        self, namespace: str, *, on: dt.date | str | None = None, platform: str = HUGGING_FACE
    ) -> Organization | None:
        """Return the organization behind a namespace, or None.

        Args:
            namespace: The namespace. One that differs in letter case only is found if there is only one such (see
                :meth:`spelling_of`); an id without a namespace, such as ``gpt2``, has that of the id to which it moved (see
                :attr:`moves`).
            on: The day, as a date or ISO text; by default today.
            platform: The platform of the namespace, such as ``openrouter``.

        Raises:
            InvalidArgumentError: ``on`` is not a date, or the registry has no namespaces of the platform.

        Example:
            >>> registry = Registry.default()
            >>> registry.find("z-ai"), registry.find("z-ai", platform="openrouter").id
            (None, 'zhipu-ai')
        """
        facts = self._facts
        if platform == HUGGING_FACE:
            spans = facts.namespaces.get(facts.moved_namespaces.get(namespace, namespace))
            if spans is None:
                spans = facts.namespaces.get(facts.spellings.get(namespace.lower(), ""))
        elif platform in facts.platforms:
            spans = facts.platforms[platform].get(namespace)
        else:
            known = ", ".join((HUGGING_FACE, *sorted(facts.platforms)))
            raise InvalidArgumentError(f"platform must be one of {known}, got {platform!r}")
        if spans is None:
            return None
        day = day_or_today(on, what="on")
        for span in spans:
            if span.start <= day < span.end:
                return self._facts.organizations[span.value]
        return None

    def get(self, namespace: str, *, on: dt.date | str | None = None, platform: str = HUGGING_FACE) -> Organization:
        """Return the organization behind a namespace.

        Args:
            namespace: The namespace, as for :meth:`find`.
            on: The day, as a date or ISO text; by default today.
            platform: The platform of the namespace, such as ``openrouter``.

        Raises:
            InvalidArgumentError: ``on`` is not a date, or the registry has no namespaces of the platform.
            UnknownOrganizationError: The registry knows no organization for the namespace on that day; with near names, other
                letter cases first.
        """
        day = day_or_today(on, what="on")
        found = self.find(namespace, on=day, platform=platform)
        if found is not None:
            return found
        known = self._facts.namespaces if platform == HUGGING_FACE else self._facts.platforms[platform]
        if spans := known.get(self.spelling_of(namespace) or namespace):
            held = ", ".join(f"{span.value} from {span.start} to {span.end}" for span in spans)
            raise UnknownOrganizationError(
                f"namespace {namespace!r} has no organization on {day}; it has {held}", value=namespace
            )
        same = [name for name in known if name.casefold() == namespace.casefold()]
        near = same or UnknownOrganizationError.among(namespace, known, what="namespace").suggestions
        message = f"namespace {namespace!r} is not in the registry"
        raise UnknownOrganizationError(message, value=namespace, suggestions=near)

    def spelling_of(self, namespace: str) -> str | None:
        """Return a namespace of Hugging Face as the registry spells it, or None.

        Args:
            namespace: The namespace, in any letter case.

        Returns:
            The namespace itself if the registry has it; otherwise the only one that differs from it in letter case only.

        Example:
            >>> Registry.default().spelling_of("qwen")
            'Qwen'
        """
        facts = self._facts
        return namespace if namespace in facts.namespaces else facts.spellings.get(namespace.lower())

    def for_platform(self, platform: str) -> Registry:
        """Return a registry with the namespaces of another platform and, where none of them has the name, those of Hugging Face.

        :func:`ossgeo.measure` takes it for a panel of the platform (``read_panel(..., platform="openrouter")``); the base models
        of its models are on Hugging Face.

        Args:
            platform: The platform, such as ``openrouter``.

        Raises:
            InvalidArgumentError: The registry has no namespaces of the platform.

        Example:
            >>> Registry.default().for_platform("openrouter").get("x-ai").name
            'xAI'
        """
        if platform not in self._facts.platforms:
            known = ", ".join(sorted(self._facts.platforms)) or "no other platform"
            raise InvalidArgumentError(f"platform must be one of {known}, got {platform!r}")
        rows = self._tables["namespaces"]
        own = [row.with_cells(platform="") for row in rows if row.get("platform") == platform]
        taken = {row["namespace"].casefold() for row in own}
        hub = [row for row in rows if not row.get("platform") and row["namespace"].casefold() not in taken]
        kept = {row["namespace"] for row in hub}
        roles = tuple(row for row in self._tables["roles"] if row["namespace"] in kept)
        return Registry({**self._tables, "namespaces": (*own, *hub), "roles": roles})

    def get_organization(self, name: str) -> Organization:
        """Return an organization by its id.

        Raises:
            UnknownOrganizationError: The registry does not have the organization; with near ids.
        """
        found = self._facts.organizations.get(name)
        if found is None:
            raise UnknownOrganizationError.among(name, self._facts.organizations, what="organization")
        return found

    def find_by_name(self, name: str) -> Organization | None:
        """Return the organization with a name, or None; letter case, spaces and punctuation are ignored.

        Args:
            name: Name or id of the organization, or a spelling in the table of names, in any script.

        Example:
            >>> Registry.default().find_by_name("Z.ai").id
            'zhipu-ai'
        """
        found = self._names.get(plain_name(name))
        return None if found is None else self._facts.organizations[found]

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

    def diff(self, other: Registry) -> RegistryDiff:
        """Return the rows to add and to remove to get from this registry to the other.

        Args:
            other: The newer registry.

        Raises:
            InvalidArgumentError: ``other`` is not a Registry.
        """
        return difference(self._tables, _checked("other", other)._tables)

    def __repr__(self) -> str:
        """Return the size and the version."""
        from ossgeo._core.text import counted  # imports Polars, which a look-up does not need

        facts = self._facts
        return f"<Registry {self.version}: {counted(len(facts.organizations), 'organizations')}, {counted(len(facts.namespaces), 'namespaces')}>"

    def __eq__(self, other: object) -> bool:
        """Return whether both hold the same facts."""
        return self.version == other.version if isinstance(other, Registry) else NotImplemented

    def __hash__(self) -> int:
        """Return the hash of the version."""
        return hash(self.version)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the rows; they are checked again when loaded."""
        return (Registry, (self._tables,))


def _checked(what: str, registry: Any) -> Registry:
    if not isinstance(registry, Registry):
        raise InvalidArgumentError(
            f"{what} must be a Registry, got {registry!r}; Registry.read(folder) reads a folder of tables"
        )
    return registry


def _amended(base: Registry | None, tables: Tables, replace: Collection[str]) -> Tables:
    """Return the tables laid over those of a base.

    Raises:
        InvalidArgumentError: ``base`` is not a Registry, or ``replace`` is given without it.
        UnknownOrganizationError: The base does not have an organization of ``replace``.

    Warns:
        OssgeoWarning: An organization that is replaced has no country any more, or rows leave out a single day.
    """
    if base is None:
        if replace:
            raise InvalidArgumentError(f"replace must be empty without base, got {replace!r}; give base=")
        return tables
    over = merged(_checked("base", base)._tables, tables, replace=replace)
    warn_of_single_days(single_days_of_base(tables, over))
    seated, before = ({row["organization"] for row in some["affiliations"]} for some in (over, base._tables))
    if lost := sorted({*replace} & before - seated):
        warnings.warn(
            f"organizations: {', '.join(lost)} is replaced as a whole, and no country is given; add rows to affiliations",
            OssgeoWarning,
            stacklevel=3,
        )
    return over


_LOADING = threading.Lock()  # threads that begin together share one registry


@functools.cache
def _default() -> Registry:
    return Registry(read_tables(DATA))
