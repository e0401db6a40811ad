"""The share table: the result of a measurement, with the options that made it."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import day_of
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustments, Coverage, Method
from ossgeo.errors import InvalidArgumentError, MethodMismatchError, SourceFormatError, SourceUnavailableError
from ossgeo.shares import _table_io as io
from ossgeo.shares import _table_text as text
from ossgeo.shares._period_shares import Group, GroupNames, PeriodShares
from ossgeo.shares._resampling import COMPLETE

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def require_table(table: Any, *, whole: bool = False) -> None:
    """Raise if something is not a share table, or not a whole one.

    Args:
        table: The object to check.
        whole: Whether all groups of each period are needed.

    Raises:
        InvalidArgumentError: It is not a share table, or groups were cut from it.
    """
    if not isinstance(table, ShareTable):
        raise InvalidArgumentError(
            f"table must be a ShareTable, got {type(table).__name__}; ossgeo.measure(panel) makes one"
        )
    if whole and table.cut:
        raise InvalidArgumentError("table must be whole, but groups were cut from it by top() or filter()")


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.equals(other)


@attrs.frozen(hash=False)
class ShareTable(Plottable):
    """Shares by period and group.

    Attributes:
        frame: One row for each period and group, sorted by period, falling value, keys: period, a column for each key,
            value (in the Method's unit), share (fraction of the denominator, null if not defined), observed (the part of
            the period's days that was observed); tables of other sources may have further columns instead.
        method: The options that made it.
        coverage: The value and the share of each status.
        adjustments: The volumes that were clipped, estimated or left out.
        note: The scope of the figures, in one sentence.
        cut: Whether :meth:`top` or :meth:`filter` removed groups from a period that remains.
    """

    frame: pl.DataFrame = attrs.field(eq=attrs.cmp_using(eq=_same))
    method: Method
    coverage: Coverage = attrs.field(factory=Coverage)
    adjustments: Adjustments = attrs.field(factory=Adjustments)
    note: str = ""
    cut: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The key columns, outermost first."""
        return self.method.by

    @property
    def periods(self) -> tuple[dt.date, ...]:
        """The periods, in order."""
        return tuple(self.frame["period"].unique().sort())

    @property
    def complete_periods(self) -> tuple[dt.date, ...]:
        """The periods with figures of which at least nine tenths of the days are observed, in order.

        Values of ``incomplete="scale"`` are those of whole periods: then all periods with figures are complete.
        """
        rows = self.frame.filter(pl.col("value").is_not_null())
        if "observed" in rows.columns and self.method.incomplete != "scale":
            rows = rows.filter(pl.col("observed") >= COMPLETE)
        return tuple(rows["period"].unique().sort())

    @property
    def latest(self) -> dt.date:
        """The latest complete period, or the latest period if none is complete.

        Raises:
            InvalidArgumentError: The table is empty.
        """
        return self.complete_periods[-1] if self.complete_periods else self._period(None)

    @property
    def overlapping(self) -> bool:
        """Whether a model counts fully in each of its groups, so that shares do not sum to 1."""
        return self.method.counting == "full"

    def observed(self, period: dt.date | str | None = None) -> float:
        """Return the part of a period's days that was observed.

        Args:
            period: The period; by default the latest.
        """
        if "observed" not in self.frame.columns:
            return 1.0
        return float(self.frame.filter(pl.col("period") == self._period(period))["observed"][0])

    @property
    def checksum(self) -> str:
        """A checksum of the rows and of how they were made, the same in every format."""
        return str(io.meta_of(self)["checksum"])

    def at(self, period: dt.date | str | None = None) -> PeriodShares:
        """Return the shares of one period.

        Args:
            period: One of :attr:`periods`, as a date or ISO text; by default the latest.

        Raises:
            InvalidArgumentError: The table does not have the period.

        Example:
            >>> import ossgeo
            >>> round(ossgeo.measure(ossgeo.load_sample()).at()["CN"], 4)
            0.1821
        """
        day = self._period(period)
        rows = self.frame.filter(pl.col("period") == day)
        groups = rows.select(self.keys).rows()
        names = [group if len(self.keys) > 1 else group[0] for group in groups]
        known = GroupNames.of(self.frame, self.keys, cut=self.cut)
        return PeriodShares(day, dict(zip(names, rows["share"].to_list(), strict=True)), known)

    def _period(self, period: dt.date | str | None) -> dt.date:
        periods = self.periods
        if not periods:
            raise InvalidArgumentError("the table is empty: the panel has no flow under this method")
        day = periods[-1] if period is None else day_of(period, what="period")
        if day not in periods:
            latest = ", ".join(map(str, periods[-5:]))
            raise InvalidArgumentError(f"period must be one of the table's periods ({latest} and earlier), got {day}")
        return day

    def top(self, n: int = 10) -> ShareTable:
        """Return the table with the n largest groups of each period; the shares stay those of the whole.

        Printed, the table has a line for the rest and one for the total.

        Args:
            n: The number of groups.

        Raises:
            InvalidArgumentError: n is not a positive integer.
        """
        if not isinstance(n, int) or n < 1:
            raise InvalidArgumentError(f"n must be a positive number of groups, got {n!r}")
        return self._with(self.frame.group_by("period", maintain_order=True).head(n))

    def filter(self, *predicates: pl.Expr, **equal: str | float | dt.date) -> ShareTable:
        """Return the table with the rows that fulfil all conditions; the shares stay those of the whole.

        Args:
            *predicates: Polars expressions.
            **equal: Columns and the value that each must have.

        Raises:
            InvalidArgumentError: A column does not exist, or a condition cannot be evaluated.
        """
        try:
            return self._with(self.frame.filter(*predicates, **equal))
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise InvalidArgumentError(f"the rows cannot be filtered: {str(error).splitlines()[0]}") from error

    def _with(self, frame: pl.DataFrame) -> ShareTable:
        """Return the table with some of its rows."""
        left = frame.group_by("period").len().join(self.frame.group_by("period").len(), on="period")
        return attrs.evolve(self, frame=frame, cut=self.cut or bool((left["len"] < left["len_right"]).any()))

    def pivot(self, values: str = "share") -> pl.DataFrame:
        """Return a wide table: a row for each period, a column for each group.

        Args:
            values: ``share`` or ``value``.

        Raises:
            InvalidArgumentError: ``values`` is neither.
        """
        if values not in ("share", "value"):
            raise InvalidArgumentError(f"values must be 'share' or 'value', got {values!r}")
        return self.frame.pivot(on=list(self.keys), index="period", values=values).sort("period")

    def compare(
        self, other: ShareTable, *, allow: tuple[str, ...] = (), names: tuple[str, str] = ("self", "other")
    ) -> pl.DataFrame:
        """Subtract the shares of another table from those of this one.

        Args:
            other: The other table.
            allow: Options of the Method that may differ, such as ``("attribution",)``.
            names: What the two tables are called in the columns.

        Returns:
            One row for each period and group of either table, sorted by period and keys: period, the keys, and with the
            default names ``share_self``, ``share_other`` and ``difference`` (self minus other). A group that a table does not have in
            a period has the share that :meth:`at` gives: 0, or null if the table lacks the period, has no share in it,
            or is cut.

        Raises:
            MethodMismatchError: The methods differ in another option.
            InvalidArgumentError: The names are equal.
        """
        require_table(other)
        if len(set(names)) < 2:  # noqa: PLR2004  # two tables
            raise InvalidArgumentError(f"names must be two different names, got {names!r}")
        differences = self.method.differences(other.method)
        apart = {name: pair for name, pair in differences.items() if name not in allow}
        if apart or self.keys != other.keys:
            pairs = "; ".join(f"{name}: {ours!r} and {theirs!r}" for name, (ours, theirs) in apart.items())
            raise MethodMismatchError(
                f"the tables must have equal methods, but they differ ({pairs}); name what may differ in allow="
            )
        one, two = (f"share_{name}" for name in names)
        both = self._shares(one).join(other._shares(two), on=["period", *self.keys], how="full", coalesce=True)
        for column, table in ((one, self), (two, other)):
            both = both.with_columns(pl.col(column).fill_null(table._absent()))
        both = both.select("period", *self.keys, pl.col(one).fill_nan(None), pl.col(two).fill_nan(None))
        return both.with_columns(difference=pl.col(one) - pl.col(two)).sort("period", *self.keys)

    def _shares(self, name: str) -> pl.DataFrame:
        """Return the shares under another name; a share that is not defined is NaN, to differ from an absent group."""
        return self.frame.select("period", *self.keys, pl.col("share").fill_null(float("nan")).alias(name))

    def _absent(self) -> pl.Expr:
        """Return the share of a group that the table does not have in a period."""
        defined = self.frame.filter(pl.col("share").is_not_null())["period"].unique()
        zero = pl.when(pl.col("period").is_in(defined.implode())).then(pl.lit(0.0))
        return pl.lit(None, pl.Float64) if self.cut else zero

    def sentence(self, group: Group, period: dt.date | str | None = None) -> str:
        """Return the share of one group as a sentence, with population, span, denominator and change.

        Args:
            group: The group; a tuple if the table has several keys.
            period: The period; by default the latest.

        Raises:
            InvalidArgumentError: The table does not have the period.
            UnknownCountryError: The group does not exist.

        Example:
            >>> import ossgeo
            >>> ossgeo.measure(ossgeo.load_sample()).sentence("CN").split(",")[0]
            'China accounted for 18.2% of all downloads in the 30 days to 7 September 2025'
        """
        return text.sentence(self, group, self._period(period))

    def cite(self) -> str:
        """Return a citation: source, periods, software, registry, method and checksum."""
        return text.citation(self)

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: period, the keys, value, share, observed; one row for each period and group."""
        return self.frame

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame; the method is in ``attrs["ossgeo"]``. Needs pandas and PyArrow."""
        with engines.needs_extra("pandas"):
            frame = self.frame.to_pandas()
        frame.attrs[io.META] = io.meta_of(self)
        return frame

    def to_arrow(self) -> pa.Table:
        """Return the rows as a PyArrow table; the method is in the schema's metadata. Needs PyArrow."""
        with engines.needs_extra("pandas"):
            table = self.frame.to_arrow()
        return table.replace_schema_metadata({io.META: json.dumps(io.meta_of(self))})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as an Arrow stream, without a copy."""
        return self.frame.__arrow_c_stream__(requested_schema)

    def to_csv(self, *, neutralize: bool = True) -> str:
        """Return the rows as CSV, without the method.

        Args:
            neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.
        """
        return io.csv_text(self, neutralize=neutralize)

    def to_json(self) -> str:
        """Return method, coverage, adjustments and rows as one JSON document."""
        return io.json_text(self)

    def write_csv(self, path: str | Path, *, neutralize: bool = True) -> None:
        """Write the table as CSV, and the method beside it as ``NAME.method.json``.

        Args:
            path: The file.
            neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.

        Raises:
            OutputError: The file cannot be written.
        """
        io.write_csv(self, path, neutralize=neutralize)

    def write_parquet(self, path: str | Path) -> None:
        """Write the table as Parquet; the method is in the file's metadata.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        io.write_parquet(self, path)

    def write_json(self, path: str | Path) -> None:
        """Write method, coverage, adjustments and rows as one JSON document.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        io.write_json(self, path)

    def write_owid(self, path: str | Path) -> None:
        """Write ``NAME.csv`` and ``NAME.metadata.json`` in the form of the charts of Our World in Data.

        The CSV has the columns Entity (the name of the country or group), Code (ISO 3166-1 alpha-3, empty if the group is
        not a country), Day, share (in percent) and value.

        Args:
            path: The CSV file.

        Raises:
            InvalidArgumentError: The table has several keys.
            OutputError: A file cannot be written.
        """
        io.write_owid(self, path)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a table that was written as CSV, Parquet or JSON, and check it against its checksum.

        Args:
            path: The file.

        Raises:
            SourceUnavailableError: The file, or the method beside a CSV, does not exist.
            SourceFormatError: The file was not written by ossgeo, or rows are missing or changed.
        """
        file = Path(path)
        try:
            return cls(*io.read_parts(file))
        except OSError as error:
            raise SourceUnavailableError(
                f"{error.filename or file} cannot be read: {error.strerror or error}"
            ) from error
        except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise SourceFormatError(f"{file} is not a complete share table of ossgeo: {error}") from error

    def __str__(self) -> str:
        """Return the latest period as a table with bars, and how it was made."""
        return text.table_text(self)

    def __repr__(self) -> str:
        """Return size, keys and method."""
        return f"<ShareTable {self.frame.height} rows, {len(self.periods)} periods; {self.method}>"

    def _repr_html_(self) -> str:
        """Return the latest period for a notebook; every text is escaped."""
        return text.table_html(self)
