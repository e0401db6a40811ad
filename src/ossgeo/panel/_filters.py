"""Filters on models: the values of ``where``, and the models that they keep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core.schema import MODELS
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel._openness import COLUMNS, Openness, list_version, openness_column

Where = Mapping[str, Any] | nw.Expr

KEPT: Final = 0
EXCLUDED: Final = -1
UNDECIDED: Final = -2
_LISTED: Final = 8
"""Columns with more values are not listed in errors."""

OPENNESS: Final = "openness"
"""A filter on the class of openness, which is derived from license and access."""


def checked_filter(where: Where, *, what: str) -> Where:
    """Return a filter; raise if it is something else.

    Args:
        where: The filter.
        what: The argument's name, for the error.

    Raises:
        InvalidArgumentError: It is neither a mapping nor a Narwhals expression.
    """
    if not isinstance(where, Mapping | nw.Expr):
        raise InvalidArgumentError(
            f"{what} must be a mapping or a Narwhals expression, got {where!r}; for example {{'license': 'mit'}}"
        )
    return where


def decide(models: pl.DataFrame, where: Where | None, *, check_values: bool = True) -> pl.Series:
    """Return for every model whether a filter keeps it.

    Args:
        models: The models table.
        where: A mapping from columns to a value, a collection of values, or a pair (low, high) with both ends included
            and None for an open end; or a Narwhals expression. ``openness`` takes one or several classes of
            :class:`ossgeo.panel.Openness`.
        check_values: Whether a value of the filter that no model has is an error; False if the table is only a part of all
            models.

    Returns:
        For every model 0 (kept), -1 (excluded) or -2 (undecided, because a value is unknown).

    Raises:
        InvalidArgumentError: The models do not have a column or, in a column of text, a value of the filter; or a value has
            another type than the column.
    """
    if where is None:
        return pl.Series([KEPT], dtype=pl.Int32).new_from_index(0, models.height)
    try:
        if isinstance(where, nw.Expr):
            frame = nw.from_native(models, eager_only=True)
            verdict = frame.select(verdict=where).to_native()["verdict"]
        else:
            require_columns(where, models.columns)
            if OPENNESS in where and not _states_openness(models):
                models = _with_openness(models, where[OPENNESS])
            for column, value in where.items() if check_values else ():
                _require_values(models, column, value)
            verdict = models.select(pl.all_horizontal(_condition(models, *item) for item in where.items()))[:, 0]
    except (pl.exceptions.PolarsError, TypeError, nw.exceptions.NarwhalsError) as error:
        raise InvalidArgumentError(_unusable(where, models, error)) from error
    if verdict.dtype != pl.Boolean or len(verdict) != models.height:
        raise InvalidArgumentError(f"where={describe(where)} must be true or false for every model")
    codes = pl.DataFrame({"verdict": verdict}).select(
        pl.when(pl.col("verdict").is_null())
        .then(UNDECIDED)
        .when("verdict")
        .then(KEPT)
        .otherwise(EXCLUDED)
        .cast(pl.Int32)
    )
    return codes[:, 0]


def _unusable(where: Where, models: pl.DataFrame, error: Exception) -> str:
    """Return why a filter cannot be applied: the column whose values are of another type, or the first line of the error."""
    for column, value in where.items() if isinstance(where, Mapping) else ():
        try:
            models.select(_condition(models, column, value))
        except (pl.exceptions.PolarsError, TypeError):
            return f"where: {column} must be {_type_words(models.schema[column])}, got {value!r}"
    return f"where={describe(where)} cannot be applied to the models: {str(error).splitlines()[0]}"


def _type_words(dtype: pl.DataType) -> str:
    """Return what the values of a column are, in words."""
    if dtype.is_numeric():
        return "a number, a list of numbers or a pair (low, high)"
    return "a date or a pair of dates" if dtype.is_temporal() else f"of the type {dtype}"


def columns_of(where: Where | None) -> frozenset[str]:
    """Return the columns of the models table that a mapping uses."""
    if not isinstance(where, Mapping):
        return frozenset()
    return frozenset({*where} - {OPENNESS}) | (frozenset({*COLUMNS, OPENNESS}) if OPENNESS in where else frozenset())


def of_models(where: Where | None, dimensions: Collection[str]) -> Where | None:
    """Return the part of a filter that is about models."""
    if not isinstance(where, Mapping):
        return where
    return {name: value for name, value in where.items() if name not in dimensions} or None


def require_columns(where: Where | None, columns: Collection[str]) -> None:
    """Raise if a mapping names a column that the models do not have.

    Args:
        where: The filter.
        columns: The columns of the models table.

    Raises:
        InvalidArgumentError: The models do not have the column; with near names if the library does not know it.
    """
    known = {one.name for one in MODELS}
    for column in where if isinstance(where, Mapping) else ():
        if column in columns or column == OPENNESS:
            continue
        if column in known:
            raise InvalidArgumentError(f"where: the models have no column {column!r}; they have {', '.join(columns)}")
        raise InvalidArgumentError(str(UnknownNameError.among(str(column), known, what="where: the models column")))


def _states_openness(models: pl.DataFrame) -> bool:
    """Return whether a source states the openness of at least one model; otherwise it follows from license and access."""
    return OPENNESS in models.columns and models[OPENNESS].count() > 0


def _with_openness(models: pl.DataFrame, wanted: Any) -> pl.DataFrame:
    """Add the class of openness of each model."""
    classes = [one.value for one in Openness]
    for word in [wanted] if isinstance(wanted, str) else wanted:
        if word not in classes:
            raise InvalidArgumentError(f"where: openness must be one of {', '.join(classes)}, got {word!r}")
    if "license" not in models.columns and "tags" not in models.columns:
        raise InvalidArgumentError("where: openness needs the models' license or tags; give models= with them")
    return models.with_columns(openness_column(models).alias(OPENNESS))


def parse_where(words: Iterable[str]) -> dict[str, Any]:
    """Parse filters that are written as text, such as those of the command line.

    Args:
        words: ``column=value``, ``column=value,value`` (any of them) or ``column=low..high`` (either end may be left out).

    Raises:
        InvalidArgumentError: A word has another form, or a column occurs twice.

    Example:
        >>> parse_where(["license=mit,apache-2.0", "parameters=7e9.."])
        {'license': ['mit', 'apache-2.0'], 'parameters': (7000000000.0, None)}
    """
    found: dict[str, Any] = {}
    for word in words:
        column, sign, text = word.partition("=")
        if not (column and sign and text):
            raise InvalidArgumentError(
                f"where must be column=value, column=value,value or column=low..high, got {word!r}"
            )
        if column in found:
            raise InvalidArgumentError(f"where has {column!r} twice; give all its values at once: {column}=a,b")
        low, dots, high = text.partition("..")
        values = [_read(part) for part in text.split(",")]
        found[column] = (_end(low), _end(high)) if dots else values if len(values) > 1 else values[0]
    return found


def _end(text: str) -> Any:
    return _read(text) if text else None


def _read(text: str) -> Any:
    """Return a truth value, a number or, if the text is neither, the text."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    except ValueError:
        return text


def describe(where: Where | None) -> str | None:
    """Return a filter as text, the same for equal filters."""
    if where is None:
        return None
    if isinstance(where, nw.Expr):
        return repr(where)
    text = " and ".join(f"{column}={_described(value)}" for column, value in sorted(where.items()))
    return f"{text} ({list_version()})" if OPENNESS in where else text


def _described(value: Any) -> str:
    if isinstance(value, tuple):
        return "..".join("" if end is None else str(end) for end in value)
    if isinstance(value, Collection) and not isinstance(value, str):
        return "{" + ",".join(sorted(map(str, value))) + "}"
    return str(value)


def _condition(models: pl.DataFrame, column: str, value: Any) -> pl.Expr:
    kind, it = models.schema[column], pl.col(column)
    if isinstance(value, tuple):
        if len(value) != 2:  # noqa: PLR2004  # a pair
            raise InvalidArgumentError(
                f"where: {column} must be a value, a list of values or a pair (low, high), got {value!r}"
            )
        low, high = (_comparable(end, kind, column) for end in value)
        above = it.is_not_null() if low is None else it >= low
        below = it.is_not_null() if high is None else it <= high
        return pl.when(it.is_not_null()).then(above & below)
    if kind == pl.String:
        value = _as_text(value)
    if isinstance(value, Collection) and not isinstance(value, str):
        return it.is_in([_comparable(one, kind, column) for one in value])
    return it.eq(_comparable(value, kind, column))


def _require_values(models: pl.DataFrame, column: str, wanted: Any) -> None:
    """Raise if a column of text does not have one of the values that a filter names."""
    derived = column == OPENNESS and models[column].is_in([one.value for one in Openness]).all()
    if models.schema[column] != pl.String or isinstance(wanted, tuple) or derived:
        return  # the classes of openness are fixed, and a class without models is not an error
    known = models[column]
    values = known.drop_nulls().unique()
    wanted = _as_text(wanted)
    texts = [value for value in ([wanted] if isinstance(wanted, str) else wanted or ()) if isinstance(value, str)]
    for value in pl.Series(texts, dtype=pl.String).filter(~pl.Series(texts, dtype=pl.String).is_in(values.implode())):
        listed = "" if len(values) > _LISTED else f"it has {', '.join(map(repr, values.sort()))}"
        error = UnknownNameError.among(value, values, what=f"where: the {known.name}", remedy=listed)
        raise InvalidArgumentError(str(error))


def _as_text(value: Any) -> Any:
    """Return the text of a value: a column such as ``gated`` holds the word ``false``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Collection) and not isinstance(value, str):
        return [_as_text(one) for one in value]
    return value


def _comparable(value: Any, kind: pl.DataType, column: str) -> Any:
    """Return a value that can be compared with a column; a date or ISO 8601 text becomes an instant in UTC."""
    if not isinstance(kind, pl.Datetime) or value is None:
        return value
    try:
        instant = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        instant = None
    if not isinstance(instant, dt.date):
        raise InvalidArgumentError(
            f"where: {column} must be a date or an ISO 8601 text such as '2025-10-22', got {value!r}"
        )
    if not isinstance(instant, dt.datetime):
        instant = dt.datetime.combine(instant, dt.time())
    return instant.replace(tzinfo=instant.tzinfo or dt.UTC)
