"""Dimensions of rows: their names, and their values as text without gaps; names of countries become codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.schema import COUNTERS, KEYS, MODELS, ROWS
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, UnknownCountryError
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._groups import GroupScheme
from ossgeo.sources._files import values
from ossgeo.sources._files.normalization import limited, shown

_TAKEN: Final = frozenset(
    {
        *COUNTERS,
        *KEYS,
        *(column.name for column in (*ROWS, *MODELS)),
        "since",
        "start",
        "end",
        "value",
        "share",
        "group",
    }
)
_STATUSES: Final = {status.value: status.value for status in OriginStatus}


def checked_dimensions(dimensions: Any) -> tuple[str, ...]:
    """Return the names of dimensions.

    Raises:
        InvalidArgumentError: It is not a list of names, or a name has another meaning in the library.
    """
    if isinstance(dimensions, str) or not isinstance(dimensions, Sequence | None):
        raise InvalidArgumentError(f"dimensions must be a list of names of columns, got {dimensions!r}")
    names = tuple(dimensions or ())
    taken = [name for name in names if name in _TAKEN or name in GroupScheme.names()]
    if taken or len(set(names)) < len(names):
        raise InvalidArgumentError(
            f"dimensions must have names that differ from each other and from the library's own, got {(taken or names)[0]!r}; "
            "rename the column, for example to 'user_country'"
        )
    return names


def known_dimensions(table: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """Return a table whose dimensions hold text: codes of countries, and ``unknown`` for missing values.

    Raises:
        PanelError: With every name that is not a country, in a column of countries.
    """
    for name in dimensions:
        words = _words(name, table[name].unique().to_list())
        table = table.with_columns(pl.col(name).replace_strict(words, default=None, return_dtype=pl.String))
    return table


def lazily_known_dimensions(rows: nw.LazyFrame[Any], dimensions: Sequence[str]) -> nw.LazyFrame[Any]:
    """Return :func:`known_dimensions` of a lazy frame; only the distinct values are collected.

    Raises:
        PanelError: With every name that is not a country, in a column of countries.
    """
    for name in dimensions:
        words = _words(name, engines.collect(rows.select(name).unique())[name].to_list())
        changed = {word: known for word, known in words.items() if word != known and word is not None}
        if changed:
            table = pl.DataFrame(
                {name: list(changed), "_known": list(changed.values())}, schema_overrides={name: pl.String}
            )
            rows = rows.join(engines.send(table, rows), on=name, how="left")
            rows = rows.with_columns(nw.coalesce("_known", name).alias(name)).drop("_known")
        rows = rows.with_columns(nw.col(name).fill_null(OriginStatus.UNKNOWN.value))
    return rows


def _words(name: str, found: Sequence[Any]) -> dict[Any, str]:
    """Return the known form of each value of a dimension."""
    words: dict[Any, str] = {}
    wrong: list[Fault] = []
    for value in sorted(found, key=str):
        text = str(value).strip()
        if values.is_missing(value, name):
            words[value] = OriginStatus.UNKNOWN.value
        elif not name.endswith("country") or text in _STATUSES:
            words[value] = text
        else:
            try:
                words[value] = str(Country.parse(text))
            except UnknownCountryError:
                remedy = "use a name or code of a country, or a status such as 'unknown' or 'international'"
                wrong.append(Fault(f"column {name}", f"{shown(value)} is not a country", remedy))
    if wrong:
        raise PanelError(f"dimension {name} cannot be used", limited(wrong))
    return words
