"""The panel: counters over time, with the models that they belong to."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING, END, day_of
from ossgeo._core.text import counted, html_cells, printable
from ossgeo.errors import InvalidArgumentError, PanelError
from ossgeo.panel._constant import constant_units, within_validity
from ossgeo.panel._ids import distinct_ids, distinct_namespaces
from ossgeo.panel._issues import find_issues
from ossgeo.panel._keyed import KeyedRows
from ossgeo.panel._models_table import has_namespace_of_id, normalized_models
from ossgeo.panel._quality import QualityReport, first_duplicate, number_of_duplicates
from ossgeo.panel._usable_rows import last_valid_day, row_faults, unusable_rows_error
from ossgeo.registry._facts import HUGGING_FACE
from ossgeo.registry._registry import Registry

if TYPE_CHECKING:
    import pandas as pd


def _parsed(counter: Counter | str) -> Counter:
    return Counter.parse(counter)


@attrs.frozen(eq=False)
class Panel:
    """Counters over time. :func:`ossgeo.read_panel` and :func:`ossgeo.load_sample` return one.

    Attributes:
        rows: Narwhals lazy frame, one row for each model and observation: model_id, period (the day of the observation,
            the label of the snapshot, or the last day of an interval), the counter under the name ``counter.column``
            and, if known, observed_at and since (the day before an interval's first).
        models: Polars lazy frame, one row for each model; see ``ossgeo._core.schema.MODELS``.
        counter: The counter that the rows hold: name, kind, unit and length.
        periods: The observation periods, in order.
        size: Number of rows.
        fingerprint: Twelve hexadecimal digits that identify the panel.
        source: The origin of the rows, in words.
        scope: The coverage of the panel, in words; printed with every result.
        dimensions: Further columns of the rows that results may be grouped by, such as ``user_country``: a model has one
            row for each period and combination of their values.
        residual: Ids of rows that represent all models that the source does not list, such as ``other``; their origin
            status is ``residual``.
        platform: The platform of the model ids, such as ``openrouter``; the registry has namespaces for each.
    """

    rows: nw.LazyFrame[Any]
    models: pl.LazyFrame
    counter: Counter = attrs.field(converter=_parsed)
    periods: tuple[dt.date, ...]
    size: int
    fingerprint: str
    source: str = attrs.field(default="", converter=printable)
    scope: str = attrs.field(default="", converter=printable)
    dimensions: tuple[str, ...] = ()
    residual: tuple[str, ...] = ()
    platform: str = HUGGING_FACE
    _kept: object = attrs.field(default=None, repr=False)
    _own_models: bool = attrs.field(default=False, repr=False)  # models has every id of rows, with the namespace in it
    _answers: dict[str, Any] = attrs.field(factory=dict, repr=False, init=False)  # of these rows; never copied

    @classmethod
    def of(
        cls,
        rows: nw.LazyFrame[Any],
        models: pl.LazyFrame | None,
        *,
        counter: Counter | str,
        identity: str | None = None,
        source: str = "",
        scope: str = "",
        dimensions: Collection[str] = (),
        residual: Collection[str] = (),
        platform: str = HUGGING_FACE,
        kept: object = None,
        own_models: bool = False,
        keyed: KeyedRows | None = None,
        counts: pl.DataFrame | None = None,
    ) -> Self:
        """Return a panel of normalized rows.

        Args:
            rows: model_id, period, the counter and, optionally, observed_at.
            models: The models table; by default one with the ids of the rows.
            counter: The counter that the rows hold.
            identity: The text that the fingerprint is computed from, such as file sizes and times; by default the number
                of rows and the total.
            source: The origin of the rows.
            scope: The coverage of the panel.
            dimensions: Columns of the rows that results may be grouped by.
            residual: Ids of rows that represent all models that the source does not list.
            platform: The platform of the model ids.
            kept: An object that must live as long as the panel, such as the temporary folder of its files.
            own_models: Whether the models table was made from the rows, with the namespaces of the ids.
            keyed: The same rows by integer keys, if the source has them.
            counts: Number of rows, number of counts, total, minimum and maximum of each period, if the source knows them.

        Raises:
            PanelError: The rows cannot be read.
        """
        counter = Counter.parse(counter)
        counts = _counts_by_period(rows, counter) if counts is None else counts
        possible = pl.col("period").is_between(dt.date.min, dt.date.max)
        if number := counts.filter(~possible)["n"].sum():  # DuckDB's infinity, and years that Python does not have
            remedy = "correct the dates or leave the rows out"
            raise PanelError.of(
                f"{source or 'panel'}, column period", f"lies outside the years 1 to 9999 in {number:,} row(s)", remedy
            )
        own = own_models or models is None
        if models is None and keyed is not None:
            models = normalized_models(keyed.ids().to_frame("model_id"))
        elif models is None:
            sizes = dict(counts.drop_nulls("period").select("period", "n").rows())
            models = normalized_models(pl.defer(lambda: _ids_of(rows, sizes), schema={"model_id": pl.String}))
        size = int(counts["n"].sum())
        schema = ",".join(f"{name}:{kind}" for name, kind in rows.collect_schema().items())
        identity = identity or f"{size},{counts['total'].sum()},{counts['period'].to_list()}"
        digest = hashlib.sha256(f"{schema};{counter};{identity}".encode()).hexdigest()[:12]
        periods = tuple(counts["period"].drop_nulls().to_list())
        panel = cls(
            rows=rows, models=models, counter=counter, periods=periods, size=size, fingerprint=digest, source=source,
            scope=scope, dimensions=tuple(dimensions), residual=tuple(residual), platform=platform, kept=kept, own_models=own,
        )  # fmt: skip
        panel._answers.update(counts=counts, keyed=keyed)
        return panel

    def _with_known_ids(self, snapshots: int | None, namespaces: pl.DataFrame) -> Panel:
        """Keep what the source found out about the ids: see ``ossgeo.sources._files.ids.FileIds``."""
        self._answers["namespaces"] = namespaces
        if snapshots == len(self.periods) and self._counts()["period"].null_count() == 0:
            self._answers["duplicates"] = 0  # as many files as periods, each of one date and without an id twice
        return self

    def _with_files(self, files: Callable[[str, dt.date], Sequence[str]]) -> None:
        """Keep the function that returns the names of the files that have a model and period."""
        self._answers["files"] = files

    def _keep_answers(self, other: Panel, *, same_rows: bool) -> None:
        """Keep what another panel knows of the rows, which are its own, or its own after one row of each model and period."""
        names = ("counts", "keyed", "ids", "duplicates") if same_rows else ("duplicates",)
        if "duplicates" in other._answers:
            self._answers.update({name: other._answers[name] for name in names if name in other._answers})

    def _continue(self, other: Panel, keyed: KeyedRows, earlier: nw.LazyFrame[Any]) -> None:
        """Keep the rows of another panel by key, to which this one adds earlier rows, and the counts of both."""
        known = [_counts_by_period(earlier, self.counter), other._counts()]
        counts = pl.concat([some.with_columns(pl.col("n", "known").cast(pl.Int64)) for some in known])
        self._answers.update(keyed=keyed, ids=other._key_ids(), counts=counts)

    def described(self, *, source: str | None = None, scope: str | None = None) -> Panel:
        """Return the same panel with another source or scope.

        Args:
            source: The origin of the rows; unchanged by default.
            scope: The coverage of the panel; unchanged by default.
        """
        panel = attrs.evolve(self, source=self.source if source is None else source,
                             scope=self.scope if scope is None else scope)  # fmt: skip
        panel._answers.update(self._answers)
        return panel

    @property
    def engine(self) -> str:
        """The dataframe engine of the rows, such as ``polars``."""
        return engines.name_of(self.rows)

    @property
    def checked(self) -> bool:
        """Whether :meth:`check` has searched the panel for issues."""
        return "check" in self._answers

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.size

    def head(self, n: int = 5) -> pl.DataFrame:
        """Return the first rows.

        Args:
            n: The number of rows.

        Returns:
            model_id, period, the counter and, if known, observed_at; in the order of the engine.

        Raises:
            InvalidArgumentError: n is negative, or not a whole number.
        """
        if not isinstance(n, int) or n < 0:
            raise InvalidArgumentError(f"n must be a number of rows from 0 on, got {n!r}")
        return engines.collect(self.rows.head(n))

    def to_polars(self) -> pl.DataFrame:
        """Return all rows as a Polars frame in memory: model_id, period, the counter and, if known, observed_at."""
        return engines.collect(self.rows)

    def to_pandas(self) -> pd.DataFrame:
        """Return all rows as a pandas frame in memory. Needs pandas and PyArrow."""
        with engines.needs_extra("pandas"):
            return self.to_polars().to_pandas()

    def check(self) -> QualityReport:
        """Search for every quality issue, by separate passes over the panel; a second call returns the same report.

        Returns:
            The issues that occur, each with a code, a count and examples.

        Raises:
            PanelError: Rows cannot be used; with every fault.

        Example:
            >>> import ossgeo
            >>> ossgeo.load_sample("labs-2025").check()["spike"].count > 0
            True
        """
        if "check" not in self._answers:
            if row_faults(self.rows, self.counter, last_valid_day()):
                raise unusable_rows_error(self.rows, self.counter, self.source)
            issues = find_issues(
                self.rows, self.models, counter=self.counter, periods=self.periods, dimensions=self.dimensions
            )
            self._answers["check"] = QualityReport(issues)
        report: QualityReport = self._answers["check"]
        return report

    def constant(
        self,
        *,
        unit: Literal["organization", "namespace", "model"] = "organization",
        start: dt.date | str | None = None,
        end: dt.date | str | None = None,
        registry: Registry | None = None,
    ) -> Panel:
        """Keep the units that are present in every period of a range, so that joiners and leavers do not move a share.

        The panel can then be measured by any group.

        Args:
            unit: The units: organizations (the registry joins their namespaces; a namespace that is not in the registry is
                a unit of its own), namespaces or models.
            start: First day of the range, as a date or ISO 8601 text; by default the first period of the panel.
            end: Last day of the range, included; by default the last period of the panel.
            registry: The registry; by default the bundled one.

        Returns:
            A panel with the periods of the range and the rows of the constant units.

        Raises:
            InvalidArgumentError: No unit is constant, or the range has no period.
        """
        first = BEGINNING if start is None else day_of(start, what="start")
        last = END if end is None else day_of(end, what="end")
        periods = [day for day in self.periods if first <= day <= last]
        if not periods:
            raise InvalidArgumentError(
                f"no period lies between {start} and {end}; the panel has {range_text(self.periods)}"
            )
        units = constant_units(self.rows, self.models, unit, periods, registry)
        rows = self.rows.filter(nw.col("period").is_between(nw.lit(periods[0]), nw.lit(periods[-1])))
        dated = engines.send(units.select("model_id", "start", "end"), rows)
        kept = within_validity(rows.join(dated, on="model_id")).select(*rows.collect_schema().names())
        models = self.models.join(units.lazy().select("model_id").unique(), on="model_id", how="semi")
        text = f"constant {unit}s ({units['unit'].n_unique()}) of {range_text(periods)}"
        return self._part(kept, models, text).described(source=f"{self.source}; {text}")

    def _part(self, rows: nw.LazyFrame[Any], models: pl.LazyFrame, text: str) -> Panel:
        """Return a panel with some of the rows of this one; the text tells which."""
        return Panel.of(
            rows, models, counter=self.counter, identity=f"{self.fingerprint},{text}", source=self.source,
            scope=self.scope, dimensions=self.dimensions, residual=self.residual, platform=self.platform, kept=self,
        )  # fmt: skip

    def _without(self, days: Collection[dt.date]) -> Panel:
        """Return the panel without observations; it counts as checked if this one is."""
        if not days:
            return self
        rows = self.rows.filter(~nw.col("period").is_in(sorted(days)))
        panel = attrs.evolve(self, rows=rows, periods=tuple(day for day in self.periods if day not in days))
        counts = self._counts().filter(~pl.col("period").is_in(sorted(days)))
        panel._answers.update(self._answers, counts=counts, keyed=None)
        return panel

    def _counts(self) -> pl.DataFrame:
        """Return number of rows, number of counts, total, minimum and maximum of each period."""
        if "counts" not in self._answers:
            self._answers["counts"] = _counts_by_period(self.rows, self.counter)
        counts: pl.DataFrame = self._answers["counts"]
        return counts

    def _namespaces(self) -> pl.DataFrame:
        """Return the distinct namespaces of the rows as a models table."""
        if "namespaces" not in self._answers:
            keyed = self._keyed
            ids = self.rows if keyed is None else engines.wrap(self._key_ids().to_frame("model_id").lazy())
            self._answers["namespaces"] = distinct_namespaces(ids)
        namespaces: pl.DataFrame = self._answers["namespaces"]
        return namespaces

    def _unknown_ids(self, known: pl.DataFrame) -> pl.DataFrame:
        """Return the ids of the rows that are not in a table with model_id, each once, null included if rows have no id."""
        if self._keyed is not None:
            return self._key_ids().to_frame("model_id").join(known.select("model_id"), on="model_id", how="anti")
        return distinct_ids(self.rows, dict(self._counts().drop_nulls("period").select("period", "n").rows()), known)

    @property
    def _keyed(self) -> KeyedRows | None:
        """The rows by integer keys, if the source has them."""
        keyed: KeyedRows | None = self._answers.get("keyed")
        return keyed

    def _key_ids(self) -> pl.Series:
        """Return the id of each key of the rows by key; it is read once."""
        if "ids" not in self._answers:
            self._answers["ids"] = pl.Series(dtype=pl.String) if self._keyed is None else self._keyed.ids()
        ids: pl.Series = self._answers["ids"]
        return ids

    def _has_namespaces_of_ids(self) -> bool:
        """Return whether the models table has every id of the rows, and the namespace in the id as that of each model."""
        if self._own_models or self._keyed is None:
            return self._own_models
        if "namespaces_of_ids" not in self._answers:
            table = self.models.select("model_id", own=has_namespace_of_id()).collect()
            same = table["model_id"].equals(self._key_ids()) and table["own"].all(ignore_nulls=False)
            self._answers["namespaces_of_ids"] = same
        return bool(self._answers["namespaces_of_ids"])

    def _duplicates(self) -> int:
        """Return how many rows repeat the model and period of another row."""
        if "duplicates" not in self._answers:
            sizes = self._counts().drop_nulls("period").select("period", "n").rows()
            self._answers["duplicates"] = number_of_duplicates(self.rows, dict(sizes), self.dimensions)
        return int(self._answers["duplicates"])

    def _first_duplicate(self) -> str:
        """Return a model and period that are repeated, in words, with the files that have them."""
        sizes = dict(self._counts().drop_nulls("period").select("period", "n").rows())
        found = first_duplicate(self.rows, sizes, self.dimensions)
        if found is None:
            return ""
        files = " and ".join(self._answers["files"](*found)) if "files" in self._answers else ""
        return f"{found[0]} at {found[1]}{f' in {files}' if files else ''}"

    def _repr_html_(self) -> str:
        """Return the size, range, counter and source for a notebook; every text is escaped."""
        facts = {
            "source": self.source, "scope": self.scope, "rows": f"{self.size:,}", "periods": f"{len(self.periods)}, {range_text(self.periods)}",
            "counter": str(self.counter), "dimensions": ", ".join(self.dimensions), "engine": self.engine, "fingerprint": self.fingerprint,
            "checked": "yes" if self.checked else "no; panel.check() looks for issues",
        }  # fmt: skip
        return html_cells(("panel", ""), [pair for pair in facts.items() if pair[1]])

    def __repr__(self) -> str:
        """Return size, range and source."""
        return f"<Panel {counted(self.size, 'rows')}, {counted(len(self.periods), 'periods')} {range_text(self.periods)}, {self.counter}; {self.source}>"


def _ids_of(rows: nw.LazyFrame[Any], sizes: dict[dt.date, int]) -> pl.DataFrame:
    return distinct_ids(rows, sizes, pl.DataFrame(schema={"model_id": pl.String})).drop_nulls()


def range_text(periods: Collection[dt.date]) -> str:
    """Return the first and the last of some periods."""
    return f"{min(periods)} .. {max(periods)}" if periods else "none"


def _counts_by_period(rows: nw.LazyFrame[Any], counter: Counter) -> pl.DataFrame:
    """Return number of rows, number of counts, total, minimum and maximum of each period."""
    count = nw.col(counter.column)
    per = rows.group_by("period").agg(
        n=nw.len(), known=count.count(), total=count.cast(nw.Float64).sum(), low=count.min(), high=count.max()
    )
    return engines.collect(per).sort("period")
