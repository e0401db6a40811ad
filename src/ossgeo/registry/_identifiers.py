"""Identifiers of organizations in other registers: ROR, Wikidata and LEI, checked by form and checksum."""

from __future__ import annotations

import re
from typing import Final

import attrs

_ROR_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_ROR: Final = re.compile(rf"0[{_ROR_ALPHABET}]{{6}}[0-9]{{2}}")
_WIKIDATA: Final = re.compile(r"Q[1-9][0-9]*")
_LEI: Final = re.compile(r"[0-9A-Z]{18}[0-9]{2}")


@attrs.frozen
class Identifiers:
    """The ids of an organization in other registers.

    Attributes:
        ror: Id in the Research Organization Registry, such as ``03cve4549``. A part of an institution that has no record of
            its own, such as a laboratory, has the id of the institution, as ROR recommends.
        wikidata: Id of the organization's own item in Wikidata, such as ``Q16955``.
        lei: Legal Entity Identifier (ISO 17442) of the company.

    Example:
        >>> Identifiers(ror="03cve4549", wikidata="Q16955").urls
        {'ror': 'https://ror.org/03cve4549', 'wikidata': 'https://www.wikidata.org/wiki/Q16955'}
    """

    ror: str | None = None
    wikidata: str | None = None
    lei: str | None = None

    @property
    def urls(self) -> dict[str, str]:
        """The address of the record in each register that has one."""
        bases = {
            "ror": "https://ror.org/",
            "wikidata": "https://www.wikidata.org/wiki/",
            "lei": "https://search.gleif.org/#/record/",
        }
        return {name: base + value for name, base in bases.items() if (value := getattr(self, name))}

    def __bool__(self) -> bool:
        """Return whether there is any id."""
        return bool(self.ror or self.wikidata or self.lei)


def parse_ror(text: str) -> str:
    """Return the nine characters of a ROR id, from the id or its address.

    Raises:
        ValueError: The form or the checksum (ISO 7064, mod 97-10) is wrong.

    Source: https://ror.readme.io/docs/identifier
    """
    found = text.removeprefix("https://ror.org/").lower()
    if not _ROR.fullmatch(found):
        raise ValueError(text)
    number = 0
    for sign in found[:7]:
        number = number * 32 + _ROR_ALPHABET.index(sign)
    if 98 - number * 100 % 97 != int(found[7:]):
        raise ValueError(text)
    return found


def parse_wikidata(text: str) -> str:
    """Return the id of a Wikidata item, from the id or its address.

    Raises:
        ValueError: The form is wrong.
    """
    found = text.rsplit("/", 1)[-1]
    if not _WIKIDATA.fullmatch(found):
        raise ValueError(text)
    return found


def parse_lei(text: str) -> str:
    """Return a Legal Entity Identifier.

    Raises:
        ValueError: The form or the checksum (ISO 17442: the digits modulo 97 are 1) is wrong.
    """
    if not _LEI.fullmatch(text) or int("".join(str(int(sign, 36)) for sign in text)) % 97 != 1:
        raise ValueError(text)
    return text
