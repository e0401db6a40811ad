"""Countries and origin statuses.

Codes are ISO 3166-1 alpha-2, and XK for Kosovo, which ISO leaves to its users. Every code is a place of its own: Hong
Kong, Macao and Taiwan are not joined to China, nor Réunion to France; a :class:`GroupScheme` joins codes where a user
asks for it. Codes and short names come from a bundled table; pycountry is imported only for official names and for
other codes.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import attrs

from ossgeo._core.csv_rows import bundled_rows
from ossgeo.errors import UnknownCountryError

if TYPE_CHECKING:
    from pycountry.db import Country as IsoCountry

_SHORT_NUMBER = re.compile(r"(\d{1,3})(?:\.0)?")

_LONGEST_CODE = 3
_REMEDY = "give an ISO 3166 code or a common name; a group such as the EU is not a country"


@cache
def country_names() -> Mapping[str, str]:
    """Return the short English name of each country, by alpha-2 code."""
    return MappingProxyType({row["alpha_2"]: row["name"] for row in bundled_rows("countries.csv")})


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


def _three_digits(text: str) -> str:
    """Return the remedy for a number such as ``36`` or ``36.0``, which lost its zeros; empty for other text."""
    number = _SHORT_NUMBER.fullmatch(text)
    return f"an ISO 3166 number is text of three digits: '{number[1]:0>3}'" if number else ""


def _code(text: str) -> str:
    """Return text as a code: in capitals and of usual width, with its accents (``Áo`` is not AO)."""
    return unicodedata.normalize("NFKC", text).strip().upper()


@cache
def _known_names() -> Mapping[str, str]:
    """Return the alpha-2 code of each bundled name and alias, by key."""
    found = {_key(name): code for code, name in country_names().items()}
    found.update((_key(row["alias"]), row["alpha_2"]) for row in bundled_rows("country_aliases.csv"))
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
    rows = bundled_rows("cldr/country_names.csv")
    return MappingProxyType({name: row["alpha_2"] for row in rows for name in row["names"].split("|")})


def _iso(alpha_2: str) -> IsoCountry | None:
    import pycountry

    return pycountry.countries.get(alpha_2=alpha_2)


def _known_code(_: object, __: attrs.Attribute[str], value: str) -> None:
    if not isinstance(value, str) or value not in country_names():
        remedy = "give two capital letters; Country.parse takes names too"
        raise UnknownCountryError.among(str(value), _same_letters(value), what="country code", remedy=remedy)


def _same_letters(value: object) -> list[str]:
    """Return the code that differs in case only; by likeness, any code of two letters would be near any other."""
    return [code for code in country_names() if code == str(value).strip().upper()]


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
            raise UnknownCountryError(
                f"country {text!r} is not text ({_three_digits(str(text)) or _REMEDY})", value=text
            )
        key, code = _key(text), _code(text)
        found = code if code in country_names() else _known_names().get(key) or _iso_codes().get(code)
        found = found or _iso_names().get(key) or _native_names().get(key)
        if found is None:
            if remedy := _three_digits(code):
                raise UnknownCountryError(f"country {text!r} is not known ({remedy})", value=text)
            aliases = (row["alias"] for row in bundled_rows("country_aliases.csv"))
            near = () if len(key) <= _LONGEST_CODE else (*country_names().values(), *aliases)
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
        return country_names()[self.alpha_2]

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
    """What is known of a model's origin where no country is; they never merge."""

    UNREVIEWED = "unreviewed"
    """Not reviewed yet."""

    UNKNOWN = "unknown"
    """Reviewed; no country can be established."""

    INDIVIDUAL = "individual"
    """A person, who gets no country here."""

    INTERNATIONAL = "international"
    """A collective across borders."""

    RESIDUAL = "residual"
    """Part of a published total that was not broken down, such as the row of all other models."""

    def __str__(self) -> str:
        """Return the value, which is the key in every table."""
        return self.value


_BETWEEN = re.compile(r"\s*[;|\n]\s*")
_INTERNATIONAL = frozenset({"international", "multinational"})


def parse_places(text: str) -> tuple[Country | OriginStatus, ...] | None:
    """Return the countries that a text names, in its order without repetition; None if a part of it is not a country.

    Countries are separated by ``;``, ``|``, a line break, or a comma. A comma may also belong to a name (``Korea, Rep.``): the
    whole text is tried first, then its parts, and parts that are not countries are joined with the parts that follow.
    ``International`` and ``Multinational`` are the status ``international``.

    Example:
        >>> [str(place) for place in parse_places("China, Hong Kong, Korea, Rep.") or ()], parse_places("China, Atlantis")
        (['CN', 'HK', 'KR'], None)
    """
    found: list[Country | OriginStatus] = []
    for part in _BETWEEN.split(text.strip()):
        places = [_place(part)] if _place(part) is not None else _joined_places(part.split(","))
        if not places or None in places:
            return None
        found += [place for place in places if place is not None]
    return tuple(dict.fromkeys(found))


def _joined_places(parts: list[str]) -> list[Country | OriginStatus | None]:
    """Return the places of parts between commas, the shortest readings first."""
    if not parts:
        return []
    for size in range(1, len(parts) + 1):
        place = _place(",".join(parts[:size]))
        if place is not None:
            rest = _joined_places(parts[size:])
            if None not in rest:
                return [place, *rest]
    return [None]


def _place(text: str) -> Country | OriginStatus | None:
    if text.strip().casefold() in _INTERNATIONAL:
        return OriginStatus.INTERNATIONAL
    try:
        return Country.parse(text)
    except UnknownCountryError:
        return None


def parse_origin(text: str | Country | OriginStatus) -> Country | OriginStatus:
    """Return a status by its value, or a country by any of its codes and names.

    Args:
        text: What a caller gave for a text that is not a country, such as ``international`` for "Multinational".

    Raises:
        UnknownCountryError: It is neither.
    """
    if isinstance(text, OriginStatus):
        return text
    if isinstance(text, str) and text in {status.value for status in OriginStatus}:
        return OriginStatus(text)
    return Country.parse(text)


_CELLS: Final = tuple(status.value for status in OriginStatus if status is not OriginStatus.RESIDUAL)
"""The statuses that a registry may state; ``residual`` is one of rows of a panel."""


@cache
def _places() -> Mapping[str, Country | OriginStatus]:
    statuses = {status.value: status for status in OriginStatus if status is not OriginStatus.RESIDUAL}
    return MappingProxyType({**{code: Country(code) for code in country_names()}, **statuses})


def parse_place(text: str) -> Country | OriginStatus:
    """Return the country or status of a registry's cell.

    Args:
        text: An alpha-2 code in capitals or a status's value; names and other codes do not belong in a table.

    Raises:
        UnknownCountryError: It is neither.
    """
    found = _places().get(text) if isinstance(text, str) else None
    if found is not None:
        return found
    known = [*_same_letters(text), *_CELLS]
    remedy = "give an alpha-2 code such as CN, or a status"
    raise UnknownCountryError.among(str(text), known, what="place", remedy=remedy)
