"""The strategy ``table``: credits from a user's table."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo._core.text import counted
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.attribution._strategies.built_in import FrameStrategy
from ossgeo.errors import Fault, RegistryError, UnknownCountryError
from ossgeo.panel._models import Model
from ossgeo.registry._countries import Country, OriginStatus, parse_place
from ossgeo.registry._organizations import Evidence

_COLUMNS: Final = {"name": pl.String, "start": pl.Date, "end": pl.Date, "organization": pl.String,
                   "country": pl.String, "weight": pl.Float64}  # fmt: skip
_TOLERANCE: Final = 1e-6
_SHOWN: Final = 3
_Row = tuple[str, dt.date, dt.date, str | None, str, float]


@attrs.frozen(cache_hash=True)  # a key of cached credits; a table may have many rows
class Table(FrameStrategy):
    """Credits models and namespaces as a table states; rows of a model take precedence over rows of its namespace.

    Attributes:
        rows: name (a model id or a namespace), start, end, organization, country, weight.
    """

    rows: tuple[_Row, ...]
    name: ClassVar[str] = "table"
    requires: ClassVar[frozenset[str]] = frozenset[str]()

    def __str__(self) -> str:
        """Return the number of rows and a fingerprint of twelve digits."""
        digest = hashlib.sha256(repr(self.rows).encode()).hexdigest()[:12]
        return f"table({counted(len(self.rows), 'rows')} {digest})"

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the table.

        Args:
            model: Not used.
        """
        del model
        return (Evidence("own table", note=str(self)),)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id and namespace are used.
            context: Not used.
        """
        del context
        table = pl.LazyFrame(self.rows, schema=_COLUMNS, orient="row")
        ids = models.select("model_id", "namespace")
        own = ids.join(table, left_on="model_id", right_on="name").select(pl.exclude("namespace"))
        rest = ids.join(table.select("name").unique(), left_on="model_id", right_on="name", how="anti")
        shared = rest.join(table, left_on="namespace", right_on="name").select(pl.exclude("namespace"))
        both = pl.concat([own, shared])
        return both.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which rows start or end."""
        del context
        return frozenset(day for row in self.rows for day in row[1:3]) - {BEGINNING, END}

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the number of names in the table that match neither a model nor a namespace.

        Args:
            context: The models, and the registry, which provides near names.
        """
        names = {row[0] for row in self.rows}
        models = context.models.frame.select("model_id", "namespace")
        for column in models:
            names -= set(column.filter(column.is_in(list(names))))
        if not names:
            return ()
        known = context.registry.namespaces
        shown = [_with_near(name, known) for name in sorted(names)[:_SHOWN]] + ["..."] * (len(names) > _SHOWN)
        note = f"of the table that match neither a model nor a namespace: {', '.join(shown)}"
        return (Adjustment("own_rows_idle", len(names), "names", note),)


def _with_near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
    return f"{name!r} (did you mean {near[0]!r}?)" if near and near[0] != name else repr(name)


def table(rows: Any) -> Table:
    """Return a strategy that uses a table.

    Args:
        rows: A mapping from model ids or namespaces to a country (any code or name) or status, or to a mapping of countries to weights;
            or a dataframe with ``model_id`` or ``namespace``, ``country`` and optionally ``organization``,
            ``weight``, ``start`` and ``end``.

    Raises:
        RegistryError: The table has faults; all of them are listed.

    Example:
        >>> print(table({"my-lab": "FR", "my-lab/one-model": {"FR": 0.5, "DE": 0.5}}))
        table(3 rows 9f298538e8c9)
    """
    given = _from_mapping(rows) if isinstance(rows, Mapping) else _from_frame(rows)
    given = [(*row[:4], _code(row[4]), row[5]) for row in given]
    faults = list(_faults(given))
    if faults:
        raise RegistryError("the attribution table has faults", faults)
    return Table(tuple(sorted(given, key=lambda row: (row[0], row[1], row[4], row[3] or ""))))


def _code(place: str) -> str:
    """Return the alpha-2 code of a country with another code or name; other texts as they are."""
    if place in {status.value for status in OriginStatus}:
        return place
    try:
        return Country.parse(place).alpha_2
    except UnknownCountryError:
        return place


def _from_mapping(table: Mapping[Any, Any]) -> list[_Row]:
    rows: list[_Row] = []
    for name, results in table.items():
        parts = results if isinstance(results, Mapping) else {results: 1.0}
        rows += [
            (str(name), BEGINNING, END, None, str(place), _weight(name, weight)) for place, weight in parts.items()
        ]
    return rows


def _weight(name: Any, weight: Any) -> float:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        fault = Fault(f"{name}, weight", f"must be a number, got {weight!r}", "give the part of the country, in (0, 1]")
        raise RegistryError("the attribution table has faults", [fault])
    return float(weight)


def _from_frame(table: Any) -> list[_Row]:
    frame = engines.collect(engines.lazy(table))
    if missing := [
        word
        for word, there in (
            ("model_id or namespace", {"model_id", "namespace"} & set(frame.columns)),
            ("country", "country" in frame.columns),
        )
        if not there
    ]:
        problem = f"the column {', '.join(missing)} is missing; the columns are {', '.join(frame.columns)}"
        raise RegistryError("the attribution table has faults", [Fault("columns", problem, "rename the column")])
    names = pl.coalesce(name for name in ("model_id", "namespace") if name in frame.columns)
    absent = {name: pl.lit(None, kind).alias(name) for name, kind in _COLUMNS.items() if name not in frame.columns}
    absent.pop("name")
    full = frame.with_columns(names.alias("name"), *absent.values()).select(
        *(pl.col(name).cast(kind) for name, kind in _COLUMNS.items())
    )
    full = full.with_columns(
        pl.col("start").fill_null(BEGINNING), pl.col("end").fill_null(END), pl.col("weight").fill_null(1.0)
    )
    return full.rows()


def _faults(rows: Iterable[_Row]) -> Iterator[Fault]:
    mine: dict[str, list[_Row]] = defaultdict(list)
    for place, row in enumerate(rows, 1):
        name, start, end, _, country, weight = row
        mine[name].append(row)
        try:
            parse_place(country or "")
        except UnknownCountryError as error:
            yield Fault(f"row {place}, column country", f"{name}: {error}", "use an ISO alpha-2 code or a status")
        if not name:
            yield Fault(f"row {place}", "the model id or namespace is empty")
        if not 0 < weight <= 1:
            yield Fault(f"row {place}, column weight", f"{name}: weight must lie in (0, 1], got {weight!r}")
        if start >= end:
            yield Fault(
                f"row {place}, columns start and end", f"{name}: start must be before end, got {start} and {end}"
            )
    for name, found in mine.items():
        for day in sorted({row[1] for row in found}):
            total = sum(row[5] for row in found if row[1] <= day < row[2])
            if abs(total - 1) > _TOLERANCE:
                yield Fault(f"{name} on {day}", f"the weights must sum to 1, got {total:g}", "end the older row first")
