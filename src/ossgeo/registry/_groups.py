"""Groups of countries with dated members."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations
from types import MappingProxyType
from typing import Literal, Self, get_args

import attrs

from ossgeo._core.csv_rows import bundled_rows
from ossgeo._core.dates import Day, day_of
from ossgeo.errors import Fault, InvalidArgumentError, RegistryError, UnknownNameError, UnknownSchemeError
from ossgeo.registry._countries import Country, OriginStatus, country_names

Rest = Literal["country", "other"]
"""What becomes of a country in none of a scheme's groups: its own code, or the word ``other``."""


def _country(place: str | Country) -> Country:
    return Country.parse(place)


@attrs.frozen
class GroupMember:
    """A country's membership in a group, for a span of time.

    Attributes:
        group: The group's name.
        country: The member; text is parsed.
        start: First day of membership; None if open.
        end: First day after it; None if open.
        url: A page that shows the membership; may be empty.
    """

    group: str
    country: Country = attrs.field(converter=_country)
    start: dt.date | None = None
    end: dt.date | None = None
    url: str = ""

    def holds(self, on: Day) -> bool:
        """Return whether the country is a member on a day."""
        day = day_of(on, what="on")
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def overlaps(self, other: GroupMember) -> bool:
        """Return whether both hold on some day."""
        starts = max(self.start or dt.date.min, other.start or dt.date.min)
        return starts < min(self.end or dt.date.max, other.end or dt.date.max)


def _tuple(members: Iterable[GroupMember]) -> tuple[GroupMember, ...]:
    return tuple(members)


@attrs.frozen
class GroupScheme:
    """A partition of the world, at every date, into named groups of countries and a rest.

    Attributes:
        name: The scheme's name.
        rest: The key of a country in no group: ``country`` for its own code, ``other`` for that word.
        members: Who is in which group, and when.
        title: What the scheme is, what it leaves out, in one line.

    Raises:
        RegistryError: The groups overlap, or a group has the name of a country code, an origin status or the rest. All
            faults are in the one error, which is a ValueError too.

    Examples:
        >>> eu = GroupScheme.named("eu")
        >>> eu.group_of(Country("GB"), dt.date(2020, 1, 31)), eu.group_of(Country("GB"), dt.date(2020, 2, 1))
        ('EU', 'GB')
    """

    name: str
    rest: Rest
    members: tuple[GroupMember, ...] = attrs.field(converter=_tuple, repr=lambda members: f"<{len(members)}>")
    title: str = ""

    def __attrs_post_init__(self) -> None:
        """Check that the groups are a partition."""
        if faults := list(self._faults()):
            raise RegistryError(f"the groups of scheme {self.name!r} must not overlap", faults)

    def _faults(self) -> Iterator[Fault]:
        if not self.name:
            yield Fault("scheme", "has no name")
        if self.rest not in get_args(Rest):
            yield Fault("rest", f"{self.rest!r} is not one of {', '.join(get_args(Rest))}")
        taken = {
            word.casefold() for word in (*country_names(), *(status.value for status in OriginStatus), "other", "")
        }
        for group in self.groups:
            if group.casefold() in taken:
                remedy = "codes, statuses and 'other' are keys already"
                yield Fault(f"group {group!r}", "is a name that a group cannot have", remedy)
        by_country: dict[Country, list[GroupMember]] = {}
        for member in self.members:
            if member.start is not None and member.end is not None and member.start >= member.end:
                place = f"group {member.group!r}, {member.country}"
                yield Fault(place, f"ends on {member.end}, not after its start on {member.start}")
            else:
                by_country.setdefault(member.country, []).append(member)
        for country, memberships in by_country.items():
            for one, two in combinations(memberships, 2):
                if one.overlaps(two):
                    problem = f"is in {one.group!r} and in {two.group!r} at one time"
                    yield Fault(f"country {country}", problem, "a country is in one group at most")

    @classmethod
    def named(cls, name: str) -> GroupScheme:
        """Return a scheme that comes with the library.

        Args:
            name: One of :meth:`names`.

        Raises:
            UnknownSchemeError: There is none of this name.
        """
        if name not in cls.names():
            remedy = f"there are {', '.join(cls.names())}"
            raise UnknownSchemeError.among(str(name), cls.names(), what="group scheme", remedy=remedy)
        return _bundled(name)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the schemes that come with the library."""
        return tuple(_scheme_rows())

    @classmethod
    def of(
        cls, name: str, groups: Mapping[str, Iterable[str | Country]], *, rest: Rest = "country", title: str = ""
    ) -> Self:
        """Make a scheme whose groups do not change over time.

        Args:
            name: The scheme's name.
            groups: The countries of each group, as :meth:`Country.parse` takes them.
            rest: The key of a country in no group: ``country`` for its own code, ``other`` for that word.
            title: What the scheme is, in one line.

        Raises:
            InvalidArgumentError: ``name`` is not text, or ``groups`` is not a mapping.
            UnknownCountryError: A country is not known.
            RegistryError: The groups overlap, or a group has no country.

        Examples:
            >>> ours = GroupScheme.of("ours", {"Greater China": ["CN", "HK", "MO", "Taiwan"]}, rest="other")
            >>> ours.group_of(Country("TW"), dt.date(2026, 1, 1)), ours.group_of(Country("SG"), dt.date(2026, 1, 1))
            ('Greater China', 'other')
        """
        if not isinstance(name, str) or not isinstance(groups, Mapping):
            raise InvalidArgumentError(
                f"a scheme needs a name and a mapping of groups, such as GroupScheme.of('mine', {{'Nordic': ['DK', 'SE']}}), "
                f"got {name!r} and {groups!r}"
            )
        members = {group: () if isinstance(places, str) else tuple(places) for group, places in groups.items()}
        bare = [group for group, places in members.items() if not places]
        if bare:
            faults = [Fault(f"group {group!r}", "has no countries", "give a list of codes or names") for group in bare]
            raise RegistryError(f"the scheme {name!r} cannot be made", faults)
        pairs = [GroupMember(group, Country.parse(place)) for group, places in members.items() for place in places]
        return cls(name, rest, tuple(pairs), title)

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the groups, in the order of their first members."""
        return tuple(dict.fromkeys(member.group for member in self.members))

    @property
    def changes(self) -> tuple[dt.date, ...]:
        """The days on which a membership starts or has ended, in order."""
        days = {day for member in self.members for day in (member.start, member.end) if day is not None}
        return tuple(sorted(days))

    def group_of(self, country: Country | str, on: Day) -> str:
        """Return the key of a country's part of the world.

        Args:
            country: A country; text is parsed.
            on: The day whose membership counts, as a date or ISO text.

        Returns:
            The group's name; for a country in no group its alpha-2 code, or ``other``, as the scheme's rest says.

        Raises:
            UnknownCountryError: The text names no country.
            InvalidArgumentError: ``on`` is not a date.
        """
        found, day = _country(country), day_of(on, what="on")
        for member in self.members:
            if member.country == found and member.holds(day):
                return member.group
        return found.alpha_2 if self.rest == "country" else "other"

    def members_of(self, group: str, on: Day) -> tuple[Country, ...]:
        """Return the countries of a group on a day, by code.

        Args:
            group: One of :attr:`groups`.
            on: The day whose membership counts.

        Raises:
            UnknownNameError: The scheme has no such group.
        """
        if group not in self.groups:
            raise UnknownNameError.among(str(group), self.groups, what=f"group of the scheme {self.name!r}")
        return tuple(sorted(member.country for member in self.members if member.group == group and member.holds(on)))


@cache
def _scheme_rows() -> Mapping[str, tuple[Mapping[str, str], ...]]:
    found: dict[str, list[Mapping[str, str]]] = {}
    for row in bundled_rows("groups.csv"):
        found.setdefault(row["scheme"], []).append(row)
    return MappingProxyType({name: tuple(rows) for name, rows in found.items()})


@cache
def _bundled(name: str) -> GroupScheme:
    rows = _scheme_rows()[name]
    members = [
        GroupMember(row["group"], Country(row["country"]), _day(row["start"]), _day(row["end"]), row["url"])
        for row in rows
    ]
    rest: Rest = "country" if rows[0]["rest"] == "country" else "other"
    return GroupScheme(name, rest, tuple(members), rows[0]["title"])


def _day(cell: str) -> dt.date | None:
    return dt.date.fromisoformat(cell) if cell else None
