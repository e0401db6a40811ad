"""The table of countries' names in all languages, made from Unicode's CLDR through Babel.

``python -m tests.unit.country_names`` writes it.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from pathlib import Path

from ossgeo.registry import _countries

TABLE = Path(_countries.__file__).parents[1] / "data" / "cldr" / "country_names.csv"
SHORTEST = 4
"""Shorter names in Latin letters may be codes or words of other languages."""
AMBIGUOUS = frozenset({"guiana", "naija"})
"""Names that other languages use for another country, or for a region."""
_NEAR = 0.85


def _is_nearer_to_another(key: str, code: str, english: dict[str, list[str]]) -> bool:
    """Return whether a name looks more like the English name of another country, so that it may be a misspelling of it."""
    near = difflib.get_close_matches(key, english, n=1, cutoff=_NEAR)
    if not near or code in english[near[0]]:
        return False
    own = max(difflib.SequenceMatcher(None, name, key).ratio() for name, codes in english.items() if code in codes)
    return difflib.SequenceMatcher(None, near[0], key).ratio() > own


def names() -> dict[str, list[str]]:
    """Return the folded names of each country that no other country has in any language, and that are not known otherwise."""
    from babel import Locale, localedata

    found: dict[str, set[str]] = defaultdict(set)
    codes = set(_countries.country_names())
    for identifier in localedata.locale_identifiers():
        for code, name in Locale.parse(identifier).territories.items():
            found[_countries._key(name)].add(code)  # regions too, such as America
    known = {**_countries._iso_names(), **_countries._known_names()}
    english: dict[str, list[str]] = {_countries._key(name): [code] for code, name in _countries.country_names().items()}
    table: dict[str, list[str]] = defaultdict(list)
    for key, places in sorted(found.items()):
        if len(places) > 1 or not places <= codes or key in known or key in AMBIGUOUS:
            continue
        (code,) = places
        short = key.isascii() and len(key) < SHORTEST
        if not short and not (key.isascii() and _is_nearer_to_another(key, code, english)):
            table[code].append(key)
    return table


def main() -> None:
    """Write the table."""
    rows = [f"{code},{'|'.join(keys)}" for code, keys in sorted(names().items())]
    TABLE.write_text("\n".join(["alpha_2,names", *rows, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
