"""Columns of raw values become typed columns; a value that cannot be read is a fault with file, row and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.schema import COUNTERS, MODEL_SCHEMA, MODELS, ROWS
from ossgeo.errors import Fault, SourceFormatError
from ossgeo.sources._files import values

INSTANT: Final = pl.Datetime("us", "UTC")
TYPES: Final[dict[str, Any]] = {
    **MODEL_SCHEMA,
    "observed_at": INSTANT,
    "period": pl.Date,
    **dict.fromkeys(COUNTERS, pl.Int64),
}
"""Name and type of every column that a source may have."""

KNOWN: Final = (*ROWS, *(column for column in MODELS if column.name != "model_id"))
"""Every column that a source may have."""

OPTIONAL: Final = frozenset(
    {"hub_id", "license", "task", "library", "likes", "parameters", "gated", "private", "disabled"}
)
"""Columns of models whose unreadable values become null and are counted, unless ``columns`` names them."""

FAULTS_A_COLUMN: Final = 5
"""The number of faults of one column that are listed; further ones are counted."""

FAULTS_IN_ALL: Final = 100
_SHOWN = 60
_NAMES = 30


@attrs.frozen
class Origin:
    """The place of records, for messages.

    Attributes:
        file: Name of the file.
        first: Row number of the first record in the file.
        names: The source's name of each column.
    """

    file: str
    first: int
    names: Mapping[str, str]

    def place(self, column: str, index: int) -> str:
        """Return file, row and column of a value."""
        return f"{self.file}, row {self.first + index}, column {self.names.get(column, column)}"


def shown(value: Any) -> str:
    """Return a value for a message: quoted, in one line, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def listed(names: Iterable[str]) -> str:
    """Return names for a message, at most thirty."""
    every = list(names)
    rest = f" and {len(every) - _NAMES} more" if len(every) > _NAMES else ""
    return ", ".join(name[:_SHOWN] for name in every[:_NAMES]) + rest


def limited(faults: Sequence[Fault]) -> list[Fault]:
    """Return the first hundred faults, and one that counts the others."""
    rest = len(faults) - FAULTS_IN_ALL
    return [*faults[:FAULTS_IN_ALL], *([Fault("the source", f"has {rest:,} more faults")] if rest > 0 else [])]


def parser(name: str, date_format: str | None, column: Iterable[Any] = (), kind: Any = None) -> Callable[[Any], Any]:
    """Return the parser of the values of a column.

    Args:
        name: The library's name of the column.
        date_format: The pattern of dates; a ``created_at`` may also be in ISO 8601.
        column: The values, which show the thousands separator.
        kind: The type of the column; by default that of every source.
    """
    kind = kind or TYPES[name]
    if kind == pl.Int64:
        return partial(values.count, thousands=values.thousands_separator(column))
    if kind == pl.Float64:
        return values.number
    if kind == pl.Date:
        return lambda value: values.instant(value, date_format).date()
    if name == "observed_at":
        return lambda value: values.instant(value, date_format)
    if name == "created_at":
        return lambda value: _creation(value, date_format)
    return _PARSERS.get(name, values.text)


def _creation(value: Any, date_format: str | None) -> Any:
    try:
        return values.instant(value)
    except ValueError:
        if date_format is None:
            raise
        return values.instant(value, date_format)


_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "model_id": values.model_id,
    "private": values.flag,
    "disabled": values.flag,
    "tags": values.words,
    "member_of": values.words,
    "base_models": values.bases,
    "labels": values.items,
}


def typed(
    columns: Mapping[str, Sequence[Any] | pl.Series],
    origin: Origin,
    faults: list[Fault],
    *,
    date_format: str | None = None,
    optional: frozenset[str] = frozenset(),
    unread: dict[str, int] | None = None,
    types: Mapping[str, Any] = TYPES,
    ids: Callable[[Any], str] = values.model_id,
) -> pl.DataFrame:
    """Convert columns of raw values to typed columns.

    Args:
        columns: The library's names and the values, of any type.
        origin: The place of the values.
        faults: Receives the values that cannot be read.
        date_format: The pattern of dates; ISO 8601 by default.
        optional: Columns whose unreadable values are counted in ``unread`` instead.
        unread: Receives the number of unreadable values of each optional column.
        types: The type of each column.
        ids: The parser of ids.

    Returns:
        The typed columns; a value that is missing or cannot be read is null.
    """
    found: dict[str, pl.Series] = {}
    for name, column in columns.items():
        kind = types[name]
        series = _without_loop(name, column, date_format, kind) if isinstance(column, pl.Series) else None
        if series is None:
            wrong: list[Fault] = []
            parse = ids if name == "model_id" else parser(name, date_format, column, kind)
            series, bad = _one_by_one(name, column, origin, wrong, parse, kind)
            if bad and name in optional and unread is not None:
                unread[name] = unread.get(name, 0) + bad
            else:
                faults.extend(wrong)
        found[name] = series.alias(name)
    return pl.DataFrame(found)


def _one_by_one(
    name: str,
    column: Sequence[Any] | pl.Series,
    origin: Origin,
    faults: list[Fault],
    parse: Callable[[Any], Any],
    kind: Any,
) -> tuple[pl.Series, int]:
    """Return a column whose values are parsed one by one, and the number of values that cannot be read."""
    known: dict[str, Any] = {}
    found: list[Any] = []
    bad = 0
    for index, value in enumerate(_items_of(column)):
        if values.is_missing(value, name):
            found.append(None)
            continue
        try:
            if isinstance(value, str):
                if value not in known:
                    known[value] = parse(value)
                found.append(known[value])
            else:
                found.append(parse(value))
        except (ValueError, TypeError, OverflowError, SourceFormatError) as error:
            found.append(None)
            bad += 1
            if bad <= FAULTS_A_COLUMN:
                reason = "has no id in a base model" if isinstance(error, SourceFormatError) else str(error)
                faults.append(Fault(origin.place(name, index), f"{shown(value)} {reason}", _remedy(name, origin)))
    if bad > FAULTS_A_COLUMN:
        faults.append(
            Fault(
                f"{origin.file}, column {origin.names.get(name, name)}",
                f"{bad - FAULTS_A_COLUMN} more values like these",
            )
        )
    try:
        return pl.Series(name, found, dtype=kind), bad
    except (pl.exceptions.PolarsError, TypeError, UnicodeError, OverflowError):
        faults.append(Fault(f"{origin.file}, column {name}", f"has values that are not {kind}"))
        return pl.Series(name, [None] * len(found), dtype=kind), len(found)


def _items_of(column: Sequence[Any] | pl.Series) -> Sequence[Any]:
    """Return the values of a column; dates in years that Python does not have are text."""
    if not isinstance(column, pl.Series):
        return column
    if column.dtype in (pl.Date, pl.Datetime) and not column.dt.year().is_between(1, 9999).all():
        column = column.cast(pl.String)
    return column.to_list()


def _remedy(name: str, origin: Origin) -> str:
    if name == "model_id" or name not in MODEL_SCHEMA:  # figures depend on it
        return ""
    return f"correct it, or leave the column out: ignore=[{origin.names.get(name, name)!r}]"


def _without_loop(name: str, column: pl.Series, date_format: str | None, wanted: Any) -> pl.Series | None:
    """Return a column converted at once; None if a value has to be parsed by itself.

    This is the fast path for text and typed columns: a CSV of 100,000 rows takes a tenth of the time.
    """
    kind = column.dtype
    if isinstance(kind, pl.Categorical | pl.Enum):
        column, kind = column.cast(pl.String), pl.String()
    if kind == pl.Null:
        return pl.Series(name, [None] * len(column), dtype=wanted)
    if kind == pl.String:
        return _from_text(name, column, date_format, wanted)
    if kind.is_float() and wanted in (pl.Int64, pl.Float64):
        column = column.fill_nan(None)
    if wanted == pl.Float64 and kind.is_numeric():
        column = column.cast(pl.Float64)
        return column if column.is_finite().fill_null(value=True).all() else None
    if wanted == pl.Int64 and kind.is_numeric():
        found = column.cast(pl.Int64, strict=False)
        return found if (found.cast(kind) == column).fill_null(column.is_null()).all() else None
    if wanted in (pl.Date, INSTANT) and kind.is_temporal():
        return _from_dates(column, wanted)
    return column if kind == wanted and name not in ("base_models", "tags", "member_of") else None


def _from_dates(column: pl.Series, wanted: Any) -> pl.Series | None:
    if column.dtype not in (pl.Date, pl.Datetime) or not column.dt.year().is_between(1, 9999).all():
        return None
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        return column.dt.convert_time_zone("UTC").cast(INSTANT).cast(wanted)
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").cast(wanted)


def _from_text(name: str, column: pl.Series, date_format: str | None, wanted: Any) -> pl.Series | None:
    text = column.str.strip_chars()
    missing = text.is_null() | (text.str.to_lowercase().is_in(list(values.MISSING)))
    if name.endswith("country"):
        missing &= text.ne_missing("NA")
    text = pl.select(pl.when(~missing).then(text)).to_series()
    if name == "model_id":
        right = text.str.contains(values.ID) & ~text.str.contains(values.NOT_IN_ID)
        return text if right.fill_null(True).all() else None
    if wanted in (pl.Int64, pl.Float64):
        found = text.cast(wanted, strict=False)
        right = found.is_not_null() & found.is_finite() | text.is_null()
        return found if right.all() else None
    if wanted in (pl.Date, INSTANT):
        known = dict.fromkeys(text.unique().drop_nulls())
        try:
            parse = parser(name, date_format, (), wanted)
            known = {word: parse(word) for word in known}
        except (ValueError, OverflowError):
            return None
        return text.replace_strict(list(known), list(known.values()), default=None, return_dtype=wanted)
    if wanted == pl.String:
        return text if not text.str.contains(r"^[\[{]").any() else None
    return None
