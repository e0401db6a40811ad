"""The words of pictures and pages: names of groups, days, the measured quantity, its scope and its sources."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ossgeo._core.method import Method
from ossgeo._core.text import percent, plain, plain_id, plural
from ossgeo.errors import UnknownCountryError
from ossgeo.registry._countries import Country
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import MODEL_KEYS

if TYPE_CHECKING:
    from ossgeo.shares._table_data import ShareData

STATUS_NAMES: Final = {
    "unreviewed": "not reviewed",
    "unknown": "country unknown",
    "individual": "individuals",
    "international": "international",
    "residual": "not broken down",
    "individual_by_account": "individuals by the type of their account, not reviewed",
}
"""What pictures and pages call the origin statuses, and those of a coverage."""

_STEPS: Final = {"d": "day", "w": "week", "mo": "month", "q": "quarter", "y": "year"}
_WITH_ARTICLE: Final = frozenset("AE BS CD CF CG DO EU FK FO GB GM KM KY MH MP MV NL PH SB SC TC US VG VI".split())  # noqa: SIM905
"""Codes of countries whose name has an article in a sentence."""
_IDS: Final = ("namespace", "model", *MODEL_KEYS)


def label(group: str, key: str = "country", registry: Registry | None = None) -> str:
    """Return the name of a group for readers: of a country or an organization its name.

    Args:
        group: The group.
        key: The key of the table that it belongs to; a group of a scheme may be the code of a country.
        registry: The registry with the names of organizations; by default the bundled one.
    """
    if key in _IDS:
        return plain_id(group)
    if group in STATUS_NAMES:
        return STATUS_NAMES[group]
    if key == "organization":
        found = (registry or Registry.default()).organizations.get(group)
        return plain(found.name if found else group)
    try:
        return plain(Country(group).name)
    except UnknownCountryError:
        return plain(group)


def group_label(method: Method, group: str, key: str | None = None) -> str:
    """Return the name of a group of a result; groups of several keys are joined by `` x ``.

    Args:
        method: The method of the result.
        group: The group.
        key: The key that it belongs to; by default those of the method.
    """
    registry = method.choices.get("registry")
    known = registry if isinstance(registry, Registry) else None
    keys = (key,) if key is not None else method.by
    parts = group.split(" x ") if len(keys) > 1 else [group]
    if len(parts) != len(keys):  # a group of a dimension has the separator in its own name
        return plain(group)
    return " x ".join(label(part, one, known) for part, one in zip(parts, keys, strict=True))


def sentence_label(method: Method, group: str, key: str | None = None) -> str:
    """Return the name of a group within a sentence, such as ``the United States``; see :func:`group_label`."""
    name = group_label(method, group, key)
    return f"the {name}" if group in _WITH_ARTICLE else name


def capitalized(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def day_text(day: dt.date) -> str:
    """Return a day in words.

    Example:
        >>> day_text(dt.date(2025, 9, 7))
        '7 September 2025'
    """
    return f"{day.day} {day:%B %Y}"


def step_text(every: str) -> str:
    """Return a calendar step in words.

    Example:
        >>> step_text("1mo"), step_text("2w")
        ('month', '2 weeks')
    """
    found = re.fullmatch(r"(\d+)([a-z]+)", every)
    if found is None:
        return every
    number, unit = int(found[1]), _STEPS.get(found[2], found[2])
    return unit if number == 1 else f"{number} {unit}s"


_SCHEMES: Final = {
    "eu": "European Union and country", "g7": "membership of the G7", "g20": "membership of the G20", "oecd": "membership of the OECD",
    "asean": "membership of ASEAN", "brics": "membership of BRICS", "study": "group of the study", "continents": "continent",
    "nato": "NATO and country", "african-union": "African Union and country", "gcc": "Gulf Cooperation Council and country",
    "mercosur": "Mercosur and country", "subregions": "subregion of the UN", "world-bank-income": "World Bank income group",
    "world-bank-regions": "World Bank region",
}  # fmt: skip
"""The bundled group schemes in words, after ``by``; a test compares the names."""


def quantity(method: Method) -> str:
    """Return the measured quantity: the numerator, the denominator and the keys."""
    keys = " and ".join(_SCHEMES.get(key, key.replace("_", " ").replace("-", " ")) for key in method.by)
    if method.denominator == "attributed":
        return f"share of the {method.unit} with a known country, by {keys}"
    return f"share of all {method.unit} by {keys}"


def span(method: Method, periods: Sequence[dt.date]) -> str:
    """Return the days that the figures cover, such as ``in the 30 days to 7 September 2025``."""
    first, last = periods[0], periods[-1]
    if method.gives == "stock":
        return f"up to {day_text(last)}" if first == last else f"{day_text(first)} to {day_text(last)}"
    days = method.days
    if first == last:
        if days == 1:
            return f"on {day_text(last)}"
        return f"in the {days} days to {day_text(last)}" if days else f"in the period to {day_text(last)}"
    each = (
        ", by day"
        if days == 1
        else f", each in the {days} days before"
        if days
        else f", each over a {step_text(method.every)}"
        if method.every
        else ""
    )
    return f"{day_text(first)} to {day_text(last)}{each}"


_PLATFORMS: Final = {
    "huggingface": "Hugging Face",
    "openrouter": "OpenRouter",
    "modelscope": "ModelScope",
    "github": "GitHub",
}
"""The names of platforms for readers."""


def scope_text(method: Method, note: str = "") -> str:
    """Return the population that the panel covers, and its platform.

    Args:
        method: The method.
        note: What to state if the method has no scope.
    """
    platform = f" ({_PLATFORMS.get(method.platform, method.platform)})" if method.platform else ""
    return f"Scope{platform}: {(method.scope or note).rstrip('.') or 'not stated by the source'}."


_BASES: Final = {
    "reviewed": "lineage reviewed for",
    "declared": "lineage declared for",
    "disputed": "lineage disputed for",
    "absent": "no base model declared or reviewed for",
}
"""What an attribution rests on, for readers; the share follows."""


def coverage_text(table: ShareData) -> str:
    """Return the part of the last period whose country is known, the parts of the statuses, and what they rest on, as sentences."""
    last = max((row.period for row in table.coverage.rows), default=None)
    shares = {row.status: row.share for row in table.coverage.rows if row.period == last}
    if last is None or all(share is None for share in shares.values()):
        return ""
    rest = [
        f"{STATUS_NAMES[status]} {percent(share)}"
        for status, share in shares.items()
        if status in STATUS_NAMES and share
    ]
    known = f"Country known for {percent(shares.get('attributed') or 0.0)} of these {table.method.unit}"
    sentence = f"{known}; {', '.join(rest)}." if rest else f"{known}."
    bases = [f"{_BASES[name]} {percent(share)}" for name, share in table.coverage.rests_on(last).items() if share]
    return f"{sentence} Of these {table.method.unit}: {', '.join(bases)}." if bases else sentence


def footer(method: Method, coverage: str = "") -> list[str]:
    """Return source, method and coverage, one text for each."""
    options = {
        f"{method.counting} counting": method.counting != "fractional",
        f"uses within {method.age_cap} days of a model's creation": method.age_cap is not None,
        f"registry as of {method.as_of}": method.as_of != "flow",
        f"only models with {method.where}": method.where is not None,
        f"without effect: {'; '.join(method.void)}": bool(method.void),
    }
    chosen = "".join(f"; {text}" for text, given in options.items() if given)
    return [text for text in (
        coverage,
        f"Source: {plain(method.source, 90)}; ossgeo {method.version}, registry {method.registry}.",
        f"Method: {method.calculator}; credited by {method.attribution}{chosen}.",
    ) if text]  # fmt: skip


def plural_key(key: str) -> str:
    """Return the plural of a key for readers."""
    return plural(key.replace("_", " "))
