"""Countries, origin statuses, and groups of countries with dated members.

Codes are ISO 3166-1 alpha-2, and XK for Kosovo, which ISO leaves to its users. Every code is a place of its own: Hong
Kong, Macao and Taiwan are not joined to China, nor Réunion to France; a :class:`GroupScheme` joins codes where a user
asks for it. Codes and short names come from a bundled table; pycountry is imported only for official names and for
other codes.
"""

from __future__ import annotations

import csv
import datetime as dt
import enum
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, Self, get_args

import attrs

from ossgeo._core import DATA
from ossgeo._core.dates import Day, day_of
from ossgeo.errors import Fault, RegistryError, UnknownCountryError, UnknownNameError, UnknownSchemeError

if TYPE_CHECKING:
    from pycountry.db import Country as IsoCountry

Rest = Literal["country", "other"]
"""What becomes of a country in none of a scheme's groups: its own code, or the word ``other``."""

_SHORT_NUMBER = re.compile(r"(\d{1,3})(?:\.0)?")

_REMEDY = "give an ISO 3166 code or a common name; a group such as the EU is not a country"


def _rows(table: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader((DATA / table).read_text(encoding="utf-8").splitlines())


@cache
def _names() -> Mapping[str, str]:
    return MappingProxyType({row["alpha_2"]: row["name"] for row in _rows("countries.csv")})


_REMOVED = frozenset(".'\u2018\u2019\u201b\u02bc\u02bb`\u00b4\u2032")
"""Periods and apostrophes, which a name may have or not: ``St.``, ``U.S.``, ``Côte d'Ivoire``."""


def _key(text: str) -> str:
    """Fold case, width, accents of Latin letters, ``&``, punctuation, invisible characters, white space and a leading "the"."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = unicodedata.normalize("NFC", "".join(char for char in folded if not "\u0300" <= char <= "\u036f"))
    words = "".join(
        "" if char in _REMOVED or unicodedata.category(char) == "Cf"
        else " " if unicodedata.category(char)[0] == "P" else char
        for char in plain.replace("&", " and ")
    )  # fmt: skip
    return " ".join(words.split()).removeprefix("the ")


def _code(text: str) -> str:
    """Return text as a code: in capitals and of usual width, with its accents (``Áo`` is not AO)."""
    return unicodedata.normalize("NFKC", text).strip().upper()


@cache
def _known_names() -> Mapping[str, str]:
    """Return the alpha-2 code of each bundled name and alias, by key."""
    found = {_key(name): code for code, name in _names().items()}
    found.update((_key(row["alias"]), row["alpha_2"]) for row in _rows("country_aliases.csv"))
    return MappingProxyType(found)


@cache
def _iso_names() -> Mapping[str, str]:
    """Return the alpha-2 code of each name that pycountry has, by key."""
    return _by_field(_key, "name", "official_name", "common_name")


@cache
def _iso_codes() -> Mapping[str, str]:
    """Return the alpha-2 code of each alpha-3 code and number that pycountry has."""
    return _by_field(str, "alpha_3", "numeric")


def _by_field(key: Callable[[str], str], *fields: str) -> Mapping[str, str]:
    import pycountry  # 0.12 s that most programs never need

    return MappingProxyType(
        {
            key(getattr(entry, field)): entry.alpha_2
            for entry in pycountry.countries
            for field in fields
            if hasattr(entry, field)
        }
    )


@cache
def _native_names() -> Mapping[str, str]:
    """Return the alpha-2 code of each name in the languages of Unicode's CLDR, by key."""
    rows = _rows("cldr/country_names.csv")
    return MappingProxyType({name: row["alpha_2"] for row in rows for name in row["names"].split("|")})


def _iso(alpha_2: str) -> IsoCountry | None:
    import pycountry

    return pycountry.countries.get(alpha_2=alpha_2)


def _known_code(_: object, __: attrs.Attribute[str], value: str) -> None:
    if not isinstance(value, str) or value not in _names():
        remedy = "give two capital letters; Country.parse takes names too"
        raise UnknownCountryError.among(str(value), _same_letters(value), what="country code", remedy=remedy)


def _same_letters(value: object) -> list[str]:
    """Return the code that differs in case only; by likeness, any code of two letters would be near any other."""
    return [code for code in _names() if code == str(value).strip().upper()]


@attrs.frozen(order=True, repr=False)
class Country:
    """A country or area with an ISO 3166-1 code, or Kosovo.

    Two countries are equal when their codes are; they sort by code.

    Attributes:
        alpha_2: The code of two capital letters.

    Raises:
        UnknownCountryError: The code is not known.

    Examples:
        >>> Country.parse("South Korea")
        Country('KR')
        >>> Country("KR").alpha_3, Country("KR").numeric, Country("KR").name
        ('KOR', '410', 'South Korea')
    """

    alpha_2: str = attrs.field(validator=_known_code)

    @classmethod
    def parse(cls, text: str | Country) -> Country:
        """Return the country of a code or a name; nothing is guessed.

        Known are alpha-2, alpha-3 and three-digit numeric codes, UK and EL of the EU, official and common names in
        English, the forms of the World Bank, the United Nations, Web of Science and Natural Earth, usual other names
        (Burma, Holland, England), and the names in every language of Unicode's CLDR. Case, accents, width, punctuation
        and extra white space do not matter. "Korea" is South Korea, as in the lists of the OECD and the G20. A name that
        means one country in one language and another in another language is refused.

        Args:
            text: A code, a name, or a country, which is returned as it is.

        Raises:
            UnknownCountryError: No country has this code or name; ``suggestions`` holds the names near it.
        """
        if isinstance(text, Country):
            return text
        if not isinstance(text, str):
            raise UnknownCountryError(f"country {text!r} is not text ({_REMEDY})", value=text)
        key, code = _key(text), _code(text)
        found = code if code in _names() else _known_names().get(key) or _iso_codes().get(code)
        found = found or _iso_names().get(key) or _native_names().get(key)
        if found is None:
            if number := _SHORT_NUMBER.fullmatch(code):
                remedy = f"an ISO 3166 number has three digits: {number[1]:0>3}"
                raise UnknownCountryError(f"country {text!r} is not known ({remedy})", value=text)
            near = (*_names().values(), *(row["alias"] for row in _rows("country_aliases.csv"))) if len(key) > 3 else ()  # noqa: PLR2004  # short words are codes
            raise UnknownCountryError.among(text, near, what="country", remedy=_REMEDY)
        return cls(found)

    @property
    def alpha_3(self) -> str:
        """The code of three letters; XKX for Kosovo."""
        entry = _iso(self.alpha_2)
        return "XKX" if entry is None else entry.alpha_3

    @property
    def numeric(self) -> str | None:
        """The code of three digits; None for Kosovo, which alone has no such code."""
        entry = _iso(self.alpha_2)
        return None if entry is None else entry.numeric

    @property
    def name(self) -> str:
        """The short name in English, for people to read."""
        return _names()[self.alpha_2]

    @property
    def official_name(self) -> str:
        """The name in ISO 3166-1, in the long form if there is one."""
        entry = _iso(self.alpha_2)
        return "Republic of Kosovo" if entry is None else getattr(entry, "official_name", entry.name)

    def __str__(self) -> str:
        """Return the alpha-2 code."""
        return self.alpha_2

    def __repr__(self) -> str:
        """Return the call that makes this country."""
        return f"Country({self.alpha_2!r})"


class OriginStatus(enum.Enum):
    """What is known of a model's origin where no country is; the four never merge."""

    UNREVIEWED = "unreviewed"
    """Not reviewed yet."""

    UNKNOWN = "unknown"
    """Reviewed; no country can be established."""

    INDIVIDUAL = "individual"
    """A person, who gets no country here."""

    INTERNATIONAL = "international"
    """A collective across borders."""

    def __str__(self) -> str:
        """Return the value, which is the key in every table."""
        return self.value


def parse_place(text: str) -> Country | OriginStatus:
    """Return the country or status of a registry's cell.

    Args:
        text: An alpha-2 code in capitals or a status's value; names and other codes do not belong in a table.

    Raises:
        UnknownCountryError: It is neither.
    """
    if isinstance(text, str):
        if text in _names():
            return Country(text)
        if text in {status.value for status in OriginStatus}:
            return OriginStatus(text)
    known = [*_same_letters(text), *(status.value for status in OriginStatus)]
    remedy = "give an alpha-2 code such as CN, or a status"
    raise UnknownCountryError.among(str(text), known, what="place", remedy=remedy)


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
        taken = {word.casefold() for word in (*_names(), *(status.value for status in OriginStatus), "other", "")}
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
            UnknownCountryError: A country is not known.
            RegistryError: The groups overlap, or a group has no country.

        Examples:
            >>> ours = GroupScheme.of("ours", {"Greater China": ["CN", "HK", "MO", "Taiwan"]}, rest="other")
            >>> ours.group_of(Country("TW"), dt.date(2026, 1, 1)), ours.group_of(Country("SG"), dt.date(2026, 1, 1))
            ('Greater China', 'other')
        """
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
    for row in _rows("groups.csv"):
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
