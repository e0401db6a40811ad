"""Text records become typed columns; what cannot be read is a fault with file, row, column and value."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.schema import COUNTERS, MODELS, ROWS
from ossgeo.errors import Fault, SourceFormatError
from ossgeo.panel._models import base_models_from_hub, base_models_from_tags

INSTANT: Final = pl.Datetime("us", "UTC")
BASES: Final = pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))
TYPES: Final[dict[str, pl.DataType]] = {
    "observed_at": INSTANT,
    "period": pl.Date(),
    **{counter: pl.Int64() for counter in COUNTERS},
    "created_at": INSTANT,
    "likes": pl.Int64(),
    "parameters": pl.Int64(),
    "private": pl.Boolean(),
    "disabled": pl.Boolean(),
    "tags": pl.List(pl.String),
    "base_models": BASES,
}
"""The type of every column that is not text."""

_SHOWN = 60
_LONGEST_ID = 200
FAULTS_A_COLUMN: Final = 5
"""How many faults of one column are told; the others are counted."""

HUB_URL: Final = r"^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:models/)?"
"""What stands before a model id in a web address of the Hub."""

_URL = re.compile(HUB_URL, re.IGNORECASE)
_ID = re.compile(r"[^\s/\x00-\x1f\x7f]+(/[^\s/\x00-\x1f\x7f]+)?")
_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")
_WORDS = {"true": True, "false": False, "1": True, "0": False}
_INT64 = 2**63


@attrs.frozen
class Origin:
    """Where records come from, for messages.

    Attributes:
        file: Name of the file.
        first: Number of the first record, as a person counts rows.
        names: The source's name of each of our columns.
    """

    file: str
    first: int
    names: dict[str, str]

    def place(self, column: str, index: int) -> str:
        """Return file, row and column of a value."""
        return f"{self.file}, row {self.first + index}, column {self.names.get(column, column)}"


def typed(columns: Mapping[str, Sequence[Any] | pl.Series], origin: Origin, faults: list[Fault]) -> pl.DataFrame:
    """Turn columns of raw values into typed columns.

    Args:
        columns: Our column names and the values, text or whatever JSON has.
        origin: Where they come from.
        faults: Gets what cannot be read.

    Returns:
        The typed columns; a value that cannot be read is null.
    """
    made = {}
    for name, column in columns.items():
        if isinstance(column, pl.Series):
            quick = _at_once(name, column)
            if quick is not None:
                made[name] = quick
                continue
        parse = _PARSERS.get(name, _text)
        cache: dict[Any, Any] = {}
        found: list[Any] = []
        bad = 0
        for index, value in enumerate(column):
            if value is None or value == "":
                found.append(None)
                continue
            try:
                found.append(_remembered(parse, value, cache))
            except (ValueError, TypeError, SourceFormatError) as error:
                found.append(None)
                bad += 1
                if bad <= FAULTS_A_COLUMN:
                    faults.append(Fault(origin.place(name, index), f"{shown(value)} {error}"))
        if bad > FAULTS_A_COLUMN:
            faults.append(Fault(f"{origin.file}, column {name}", f"{bad - FAULTS_A_COLUMN} more values like these"))
        made[name] = pl.Series(name, found, dtype=TYPES.get(name, pl.String()))
    return pl.DataFrame(made)


def _at_once(name: str, values: pl.Series) -> pl.Series | None:
    """Read a whole column of text; None where a value needs a closer look."""
    frame = pl.DataFrame({name: values})
    text = pl.when(pl.col(name) != "").then(pl.col(name).str.strip_chars())
    if name == "model_id":
        cut = text.str.replace(f"(?i){HUB_URL}", "").str.strip_chars_end("/")
        found = frame.select(cut.alias(name))[name]
        fine = found.str.contains(f"^(?:{_ID.pattern})$") & (found.str.len_chars() <= _LONGEST_ID)
    elif isinstance(TYPES.get(name), pl.Int64):
        found = frame.select(text.cast(pl.Int64, strict=False).alias(name))[name]
        fine = found.is_not_null()
    elif name in ("observed_at", "created_at", "period"):
        try:
            instants = {word: _PARSERS[name](word) for word in values.unique() if word}
        except ValueError:
            return None
        words = pl.DataFrame(
            {name: list(instants), "at": list(instants.values())}, schema={name: pl.String, "at": TYPES[name]}
        )
        return frame.join(words, on=name, how="left", maintain_order="left")["at"].alias(name)
    elif name in TYPES:
        return None
    else:
        return frame.select(text.alias(name))[name]
    empty = values.is_null() | (values == "")
    return found if (fine.fill_null(False) | empty).all() else None


def shown(value: Any) -> str:
    """Return a value as it can stand in a message: quoted, one line, not long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def _remembered(parse: Callable[[Any], Any], value: Any, cache: dict[Any, Any]) -> Any:
    if not isinstance(value, str):
        return parse(value)
    if value not in cache:
        cache[value] = parse(value)
    return cache[value]


def model_id(value: Any) -> str:
    """Return a model id; Hub URLs are cut to it.

    Raises:
        ValueError: It is neither ``name`` nor ``namespace/name``.
    """
    text = _URL.sub("", str(value).strip(), count=1).rstrip("/")
    if not isinstance(value, str) or len(text) > _LONGEST_ID or not _ID.fullmatch(text):
        raise ValueError("is no model id such as 'Qwen/Qwen3-8B'")
    return text


def instant(value: Any) -> dt.datetime:
    """Return an instant; without zone it is UTC.

    Raises:
        ValueError: It is no ISO 8601 date or time.
    """
    if isinstance(value, bool) or not isinstance(value, str):
        raise ValueError("is no ISO 8601 date or time, such as 2026-08-14T11:00:25Z")
    try:
        found = dt.datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("is no ISO 8601 date or time, such as 2026-08-14T11:00:25Z") from None
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def _count(value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool | list | dict) or not _WHOLE.fullmatch(text):
        raise ValueError("is no whole number")
    number = int(text.partition(".")[0])
    if not -_INT64 <= number < _INT64:
        raise ValueError("is above 2^63: no counter is that large")
    return number


def _flag(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ValueError("is neither true nor false")
    return _WORDS[word]


def _tags(value: Any) -> list[str]:
    if isinstance(value, str):
        return [tag for tag in (part.strip() for part in value.split("|")) if tag]
    if not isinstance(value, list):
        raise TypeError("is no list of tags")
    return [str(tag) for tag in value]


def _bases(value: Any) -> list[dict[str, str]]:
    raw = json.loads(value) if isinstance(value, str) and value.lstrip()[:1] in ("[", "{") else value
    if isinstance(raw, str):
        raw = _tags(raw)
    return [{"relation": base.relation.value, "model_id": base.model_id} for base in base_models_from_hub(raw)]


def _text(value: Any) -> str:
    if isinstance(value, list | dict):
        raise TypeError("is no text")
    return str(value).lower() if isinstance(value, bool) else str(value)


_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "model_id": model_id,
    "observed_at": instant,
    "period": lambda value: instant(value).date(),
    **dict.fromkeys((*COUNTERS, "likes", "parameters"), _count),
    "created_at": instant,
    "private": _flag,
    "disabled": _flag,
    "tags": _tags,
    "base_models": _bases,
}


def with_bases(models: pl.DataFrame) -> pl.DataFrame:
    """Fill base models from ``base_model:`` tags where there is no such column."""
    if "base_models" in models.columns or "tags" not in models.columns:
        return models
    found = [
        [{"relation": base.relation.value, "model_id": base.model_id} for base in base_models_from_tags(tags or ())]
        for tags in models["tags"].to_list()
    ]
    return models.with_columns(base_models=pl.Series(found, dtype=BASES))


KNOWN: Final = (*ROWS, *(column for column in MODELS if column.name != "model_id"))
"""Every column that a source may have."""
