"""Parsers of single values: ids, instants, counts, flags and lists. Every source of data uses them."""

from __future__ import annotations

import ast
import datetime as dt
import decimal
import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final

from ossgeo.panel._models import base_models_from_hub

HUB_URL: Final = r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?"
"""The part of a web address of the Hub that precedes a model id."""

OTHER_REPOSITORY: Final = r"(?i)^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:datasets|spaces)/"
"""The start of the address of a dataset or a space, which is not a model."""

URL_END: Final = r"[?#].*$|/(?:tree|blob|resolve|commits?|discussions)(?:/.*)?$|/+$"
"""The part of a web address that follows a model id."""

_NAME = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
ID: Final = rf"^(?:{_NAME}/)?{_NAME}$|^{_NAME}/[*]$"
"""The grammar of model ids, together with :data:`NOT_IN_ID`: that of ``huggingface_hub.utils.validate_repo_id``.

``namespace/*`` is the stated remainder of a namespace, as in the sample ``labs-2025``."""

VARIANT_ID: Final = rf"^(?:{_NAME}/)?{_NAME}(?::[A-Za-z0-9_.-]+)?$"
"""The grammar of ids of other platforms, which may name a variant, such as ``z-ai/glm-4.5-air:free``."""

NOT_IN_ID: Final = r"--|\.\.|\.git$|^[0-9]+$"
"""Texts that a model id cannot contain; digits alone are the number of a row."""

MISSING: Final = frozenset({"", "-", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none"})
"""Words for a missing value, in lower case."""

UNIX: Final = {"unix": 1, "unix_ms": 1000}
"""Values of ``date_format`` that are not patterns: seconds and milliseconds since 1970."""

_INT64 = 2**63
TOO_LARGE: Final = "is above 2^63, more than any counter"
_LONGEST_NUMBER = 40
_FLAGS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
_GROUPED: Final = re.compile(
    r"\d{1,3}(?P<sign>[,.'\u2019 \u00a0\u202f])\d{3}(?P<more>(?:(?P=sign)\d{3})+)?(?P<zeros>(?!(?P=sign))[.,]0+)?"
)
"""Digits in groups of three, with the sign between them; perhaps decimals that are zero."""
_DECIMAL_COMMA: Final = re.compile(r"(\d+),0{1,2}")
_ADJACENT = re.compile(r"""['"]\s+['"]""")
_LIST_OF_WORDS: Final = re.compile(r"\[[^\[\]]*,[^\[\]]*\]")
"""A list as YAML writes it: ``[mit, apache-2.0]``."""
_MONTH: Final = re.compile(r"\d{4}-\d{2}")
_INSTANT_PROBLEM = "is not an ISO 8601 date or time, such as 2026-08-14T11:00:25Z"


def is_missing(value: Any, column: str = "") -> bool:
    """Return whether a value is empty, NaN or a word for a missing value; in a column of countries, ``NA`` is Namibia.

    Args:
        value: The value.
        column: The library's name of the column.
    """
    if isinstance(value, str):
        word = value.strip()
        return word.lower() in MISSING and not (column.endswith("country") and word == "NA")
    return value is None or (isinstance(value, float) and math.isnan(value))


def model_id(value: Any) -> str:
    """Return a model id; web addresses of the Hub are cut to it.

    Raises:
        ValueError: The Hub cannot have such an id.
    """
    text = value.strip() if isinstance(value, str) else ""
    if re.match(HUB_URL, text, re.IGNORECASE):
        text = re.sub(HUB_URL, "", text, count=1, flags=re.IGNORECASE)
        text = re.sub(URL_END, "", re.sub(r"[?#].*$", "", text))
    if not re.fullmatch(ID, text) or re.search(NOT_IN_ID, text):
        raise ValueError("is not a model id such as 'Qwen/Qwen3-8B'")
    return text


def variant_id(value: Any) -> str:
    """Return the id of a model on a platform other than the Hub, which may name a variant.

    Raises:
        ValueError: The value is not such an id.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(VARIANT_ID, text):
        raise ValueError("is not a model id such as 'z-ai/glm-4.5-air:free'")
    return text


def number(value: Any) -> float:
    """Return a number, which may be a fraction.

    Raises:
        ValueError: The value is not a finite number.
    """
    try:
        found = math.nan if isinstance(value, bool | list | dict) else float(str(value).strip())
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError("is not a number")
    return found


def any_id(value: Any) -> str:
    """Return an id of any list of models; web addresses of the Hub are cut to the Hub's id.

    Raises:
        ValueError: The value is not text.
    """
    if not isinstance(value, str):
        raise ValueError("is not text")
    return model_id(value) if re.match(HUB_URL, value.strip(), re.IGNORECASE) else value.strip()


def instant(value: Any, date_format: str | None = None) -> dt.datetime:
    """Return an instant in UTC; a value without a time zone is in UTC.

    Args:
        value: A date, a datetime, or text in ISO 8601 or in ``date_format``.
        date_format: A strptime pattern, ``unix`` or ``unix_ms``; by default ISO 8601.

    Raises:
        ValueError: The value has another form.
        OverflowError: The instant lies before the year 1 or after 9999 in UTC.
    """
    found = value if isinstance(value, dt.datetime) else _instant_of(value, date_format)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _instant_of(value: Any, date_format: str | None) -> dt.datetime:
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    if date_format is not None and not isinstance(value, bool) and isinstance(value, str | int | float):
        text = str(value).strip().removesuffix(".0")
        try:
            if date_format in UNIX:
                return dt.datetime.fromtimestamp(float(text) / UNIX[date_format], dt.UTC)
            return dt.datetime.strptime(text, date_format)  # noqa: DTZ007  # instant() sets the time zone
        except (ValueError, OverflowError, OSError):
            raise ValueError(
                f"does not match date_format={date_format!r}; correct the format, or write all dates in one form"
            ) from None
    if not isinstance(value, str):
        argument = "date_format='unix' for seconds since 1970" if isinstance(value, int) else "date_format="
        raise ValueError(f"{_INSTANT_PROBLEM}; give {argument}")
    try:
        return dt.datetime.fromisoformat(value.strip())
    except ValueError:
        if _MONTH.fullmatch(month := value.strip()):
            raise ValueError(
                f"is a month and not a day; write the day of observation, such as {month}-01, or give "
                "date_format='%Y-%m' for the first day if all dates are months"
            ) from None
        raise ValueError(f"{_INSTANT_PROBLEM}; give date_format=") from None


def thousands_separator(column: Iterable[Any]) -> str:
    """Return the sign that a value of a column has between two groups of three digits: ``,`` or ``.``; empty if none or both.

    Args:
        column: The values.
    """
    texts = (value for value in column if isinstance(value, str))
    found = {match["sign"] for text in texts if (match := _GROUPED.fullmatch(text.strip())) and match["more"]}
    signs = found & {",", "."}
    return signs.pop() if len(signs) == 1 else ""


def count(value: Any, thousands: str = "") -> int:
    """Return a whole number. ``9E+06``, ``12.0``, ``12,0``, ``1,234,567``, ``1 234`` and ``1.234,0`` are whole.

    A number such as ``1,234`` may be a fraction, unless other numbers of the column have this sign between groups of digits.

    Args:
        value: The value.
        thousands: The sign between groups of three digits in the column; see :func:`thousands_separator`.

    Raises:
        ValueError: The value is not a whole number of at most 63 bits.
    """
    text = "" if isinstance(value, bool | list | dict) else str(value).strip()
    if grouped := _GROUPED.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None:
        clear = grouped["more"] or grouped["zeros"] or grouped["sign"] not in ",." or grouped["sign"] == thousands
        if clear:
            text = text.removesuffix(grouped["zeros"] or "").replace(grouped["sign"], "")
        elif grouped["sign"] == ",":
            raise ValueError("is not a whole number; remove the thousands separators")
    elif whole := _DECIMAL_COMMA.fullmatch(text):
        text = whole[1]
    try:
        number = decimal.Decimal(text) if len(text) <= _LONGEST_NUMBER and "_" not in text else decimal.Decimal("nan")
    except decimal.InvalidOperation:
        number = decimal.Decimal("nan")
    if not number.is_finite() or (number.adjusted() < _LONGEST_NUMBER and number != number.to_integral_value()):
        raise ValueError("is not a whole number")
    if not -_INT64 <= number < _INT64:
        raise ValueError(TOO_LARGE)
    return int(number)


def flag(value: Any) -> bool:
    """Return a truth value.

    Raises:
        ValueError: The value is neither true nor false.
    """
    word = str(value).strip().lower()
    if word not in _FLAGS:
        raise ValueError("is neither true nor false")
    return _FLAGS[word]


def items(value: Any) -> list[Any]:
    """Return the items of a list, or of text that writes one: JSON, Python, or items between ``|`` or ``;``.

    Raises:
        ValueError: The text is a list that cannot be read, or has commas, which may separate items or belong to one.
        TypeError: The value is neither a list nor text.
    """
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        raise TypeError("is not a list")
    text = value.strip()
    if text[:1] in ("[", "("):
        return _literal_list(text)
    separator = "|" if "|" in text else ";"
    if separator not in text and "," in text:
        raise ValueError("is not a list; write JSON, or separate the items with | or ;")
    return [part for part in (part.strip() for part in text.split(separator)) if part]


def _literal_list(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = None if _ADJACENT.search(text) else ast.literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            found = None
    if not isinstance(found, list | tuple):
        raise ValueError("is not a list in JSON or Python form")
    return list(found)


def words(value: Any) -> list[str]:
    """Return the items of a list of text; missing items are left out.

    Raises:
        ValueError: It is not a list of text.
    """
    found = [item for item in items(value) if item is not None]
    if not all(isinstance(item, str) for item in found):
        raise ValueError("is not a list of text")
    return found


def bases(value: Any) -> list[dict[str, str]]:
    """Return base models from ids, from the Hub's ``{relation, models}`` or from ``{relation, model_id}`` items.

    Raises:
        ValueError: The value has none of these shapes.
        SourceFormatError: A base model has no id.
    """
    raw = value
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            raw = json.loads(value)
        except ValueError:
            raise ValueError("is not JSON") from None
    if not isinstance(raw, dict):
        raw = items(raw)
        if raw and all(isinstance(item, dict) and "model_id" in item for item in raw):
            return [{"relation": item.get("relation") or "unspecified", "model_id": item["model_id"]} for item in raw]
    return [{"relation": base.relation.value, "model_id": base.model_id} for base in base_models_from_hub(raw)]


def text(value: Any) -> str:
    """Return text; a list of one text is that text.

    Raises:
        ValueError: The value is a list or an object, as it is or as text.
    """
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = _literal_list(value.strip())
        except ValueError:
            if _LIST_OF_WORDS.fullmatch(value.strip()):
                raise ValueError("is a list") from None
            return str(value).strip()
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str):
        return value[0]
    if isinstance(value, list | dict | tuple):
        raise ValueError("is not text")
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
