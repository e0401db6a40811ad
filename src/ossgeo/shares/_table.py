"""The share table: the result of a measurement, with the options that made it."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.boundary import is_panic
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, MethodMismatchError, SourceFormatError, SourceUnavailableError
from ossgeo.registry._countries import Country
from ossgeo.shares import _table_io as io
from ossgeo.shares import _table_text as text
from ossgeo.shares._period_shares import Group, GroupNames
from ossgeo.shares._table_data import ShareData, meta_of, with_zeros

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


Cell = str | float | dt.date | Country
"""A value of a column; a country may also be given by its name."""


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


@attrs.frozen(hash=False)
class ShareTable(ShareData):
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

    def filter(self, *predicates: pl.Expr, **equal: Cell | Sequence[Cell]) -> ShareTable:
        """Return the table with the rows that fulfil all conditions; the shares stay those of the whole.

        Args:
            *predicates: Polars expressions.
            **equal: Columns and the value that each must have, or a list of these; a country may be given by its name.

        Raises:
            UnknownCountryError: No country has the code or name.
            UnknownNameError: The table does not have the organization, namespace, model or group.
            InvalidArgumentError: A column does not exist, or a condition cannot be evaluated.

        Example:
            >>> import ossgeo
            >>> two = ossgeo.measure(ossgeo.load_sample()).filter(country=["China", "Germany"])
            >>> {country: f"{share:.1%}" for country, share in two.at().items()}
            {'DE': '21.2%', 'CN': '18.2%'}
        """
        for name in equal:
            if name not in self.frame.columns:
                near = difflib.get_close_matches(name, self.frame.columns, n=1)
                hint = f"; did you mean {near[0]!r}?" if near else ""
                raise InvalidArgumentError(
                    f"the table has no column {name!r}, but {', '.join(self.frame.columns)}{hint}"
                )
        conditions = [pl.col(name).is_in(self._values(name, value)) for name, value in equal.items()]
        try:
            return self._with(self.frame.filter(*predicates, *conditions))
        except (pl.exceptions.PolarsError, TypeError) as error:
            raise InvalidArgumentError(f"the rows cannot be filtered: {str(error).splitlines()[0]}") from error

    def _values(self, name: str, value: Any) -> list[Any]:
        """Return the values of a column that are given by one or several; groups in the table's own words."""
        values = [value] if isinstance(value, str) or not isinstance(value, Sequence) else list(value)
        if name not in self.keys:
            return values
        known = GroupNames.of(self.frame, (name,))
        return [known.parse(str(one)) for one in values]

    def _with(self, frame: pl.DataFrame) -> ShareTable:
        """Return the table with some of its rows."""
        left = frame.group_by("period").len().join(self.frame.group_by("period").len(), on="period")
        return attrs.evolve(self, frame=frame, cut=self.cut or bool((left["len"] < left["len_right"]).any()))

    def pivot(self, values: str = "share") -> pl.DataFrame:
        """Return a wide table: a row for each period, a column for each group.

        A group without a row in a period has 0 there, as in :meth:`at`; or null if groups were cut from the table.

        Args:
            values: ``share`` or ``value``.

        Raises:
            InvalidArgumentError: ``values`` is neither.
        """
        if values not in ("share", "value"):
            raise InvalidArgumentError(f"values must be 'share' or 'value', got {values!r}")
        return with_zeros(self).pivot(on=list(self.keys), index="period", values=values).sort("period")

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
                f"the tables must have equal methods, but they differ ({pairs}); name what may differ in allow={tuple(apart)!r}"
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
        frame.attrs[io.META] = meta_of(self)
        return frame

    def to_arrow(self) -> pa.Table:
        """Return the rows as a PyArrow table; the method is in the schema's metadata. Needs PyArrow."""
        with engines.needs_extra("pandas"):
            table = self.frame.to_arrow()
        return table.replace_schema_metadata({io.META: json.dumps(meta_of(self))})

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

    def write_csv(self, path: str | Path, *, neutralize: bool = True, excel: bool = False) -> None:
        """Write the table as CSV, and the method beside it as ``NAME.method.json``.

        Args:
            path: The file.
            neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.
            excel: Write what Excel opens by a click where the comma is the decimal sign: semicolons, decimal commas and a byte
                order mark.

        Raises:
            OutputError: The file cannot be written.
        """
        io.write_csv(self, path, neutralize=neutralize, excel=excel)

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
        not a country), Day, share (in percent) and value; a group without a row in a period has 0 there, as in :meth:`at`.

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
        except BaseException as error:
            if not is_panic(error):
                raise
            raise SourceFormatError(f"{file} is damaged; take the original file") from error

    def __str__(self) -> str:
        """Return the latest period as a table with bars, and how it was made."""
        return text.table_text(self)

    def __repr__(self) -> str:
        """Return size, keys and method."""
        return (
            f"<ShareTable {counted(self.frame.height, 'rows')}, {counted(len(self.periods), 'periods')}; {self.method}>"
        )

    def _repr_html_(self) -> str:
        """Return the latest period for a notebook; every text is escaped."""
        return text.table_html(self)
