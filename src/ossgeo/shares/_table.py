"""The share table: the result of a measurement, with the choices that made it."""

from __future__ import annotations

import datetime as dt
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import day_of
from ossgeo._core.display import Plottable
from ossgeo._core.io import writing
from ossgeo._core.method import Adjustments, Coverage, Method
from ossgeo.errors import (
    InvalidArgumentError,
    MethodMismatchError,
    SourceFormatError,
    SourceUnavailableError,
)
from ossgeo.shares._period_shares import KnownGroups, Shares

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_META = "ossgeo"
_BAR = 24
_SHOWN = 15
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def require_table(table: Any, *, whole: bool = False) -> None:
    """Tell that something is no share table, or not a whole one.

    Args:
        table: What was given.
        whole: Whether all groups of each period are needed.

    Raises:
        InvalidArgumentError: It is none, or groups were cut from it.
    """
    if not isinstance(table, ShareTable):
        raise InvalidArgumentError(
            f"a ShareTable is needed, not {type(table).__name__}; ossgeo.measure(panel) makes one"
        )
    if whole and table.cut:
        raise InvalidArgumentError("groups were cut from this table by top() or filter(); give the whole one")


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.equals(other)


@attrs.frozen(hash=False)
class ShareTable(Plottable):
    """Shares by period and group.

    Attributes:
        frame: One row for each period and group, sorted by period, falling value, keys: period, a column for each key,
            value (in the Method's unit), share (fraction of the denominator, null where not defined).
        method: The choices that made it.
        coverage: The part of each status.
        adjustments: What was clipped, estimated or left out.
        note: What the figures cover, in one sentence.
        cut: Whether :meth:`top` or :meth:`filter` took groups out of a period that is still there.
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

    def to_polars(self) -> pl.DataFrame:
        """Return the table: period, the keys, value, share; one row for each period and group."""
        return self.frame

    def to_pandas(self) -> pd.DataFrame:
        """Return the table as a pandas frame; the method is in ``attrs["ossgeo"]``. Needs pandas and PyArrow."""
        with engines.needs_extra("pandas"):
            frame = self.frame.to_pandas()
        frame.attrs[_META] = self._meta()
        return frame

    def to_arrow(self) -> pa.Table:
        """Return the table as a PyArrow table; the method is in the schema's metadata. Needs PyArrow."""
        with engines.needs_extra("pandas"):
            table = self.frame.to_arrow()
        return table.replace_schema_metadata({_META: json.dumps(self._meta())})

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the table over as an Arrow stream, without a copy."""
        return self.frame.__arrow_c_stream__(requested_schema)

    def at(self, period: dt.date | str | None = None) -> Shares:
        """Return the shares of one period.

        Args:
            period: One of :attr:`periods`, as a date or ISO text; the latest where absent.

        Raises:
            InvalidArgumentError: There is no such period.

        Example:
            >>> import ossgeo
            >>> round(ossgeo.measure(ossgeo.load_sample()).at()["CN"], 4)
            0.1821
        """
        if not self.periods:
            raise InvalidArgumentError("the table is empty: the panel has no flow under this method")
        day = self.periods[-1] if period is None else day_of(period, what="period")
        if day not in self.periods:
            raise InvalidArgumentError(
                f"the table has no period {day}; it has {', '.join(map(str, self.periods[-5:]))} and before"
            )
        rows = self.frame.filter(pl.col("period") == day)
        groups = rows.select(self.keys).rows()
        names = [group if len(self.keys) > 1 else group[0] for group in groups]
        known = KnownGroups.of(self.frame, self.keys, cut=self.cut)
        return Shares(day, dict(zip(names, rows["share"].to_list(), strict=True)), known)

    def top(self, n: int = 10) -> ShareTable:
        """Return the table with the n largest groups of each period; the shares stay those of the whole.

        Args:
            n: How many.

        Raises:
            InvalidArgumentError: n is no positive number.
        """
        if not isinstance(n, int) or n < 1:
            raise InvalidArgumentError(f"top({n!r}) is no number of groups")
        return self._with(self.frame.group_by("period", maintain_order=True).head(n))

    def filter(self, *predicates: pl.Expr, **equal: Any) -> ShareTable:
        """Return the table with the rows that fulfil all conditions; the shares stay those of the whole.

        Args:
            *predicates: Polars expressions.
            **equal: Columns and the value they must have.

        Raises:
            InvalidArgumentError: There is no such column, or the condition cannot be told.
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
            raise InvalidArgumentError(f"values={values!r} is neither 'share' nor 'value'")
        return self.frame.pivot(on=list(self.keys), index="period", values=values).sort("period")

    def compare(self, other: ShareTable, *, allow: tuple[str, ...] = ()) -> pl.DataFrame:
        """Put two tables side by side.

        Args:
            other: The other table.
            allow: Choices of the Method that may differ, such as ``("attribution",)``.

        Returns:
            One row for each period and group of either table: period, the keys, share, share_other, difference.

        Raises:
            MethodMismatchError: The methods differ in another choice.
        """
        apart = {name: pair for name, pair in self.method.differences(other.method).items() if name not in allow}
        if apart or self.keys != other.keys:
            said = "; ".join(f"{name}: {ours!r} and {theirs!r}" for name, (ours, theirs) in apart.items())
            raise MethodMismatchError(
                f"the tables were made in different ways ({said}); name what may differ in allow="
            )
        ours = self.frame.select("period", *self.keys, "share")
        theirs = other.frame.select("period", *self.keys, share_other="share")
        both = ours.join(theirs, on=["period", *self.keys], how="full", coalesce=True)
        return both.with_columns(difference=pl.col("share_other") - pl.col("share")).sort("period", *self.keys)

    def write_csv(self, path: str | Path, *, neutralize: bool = True) -> None:
        """Write the table as CSV, and the method beside it as ``NAME.method.json``.

        Args:
            path: Where to.
            neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.

        Raises:
            OutputError: It cannot be written.
        """
        meta = json.dumps({**self._meta(), "neutralized": neutralize}, indent=2, ensure_ascii=False)
        with writing(path):
            Path(path).write_text(self.to_csv(neutralize=neutralize), encoding="utf-8", newline="")
            _sidecar(Path(path)).write_text(meta, encoding="utf-8")

    def to_csv(self, *, neutralize: bool = True) -> str:
        """Return the rows as CSV, without the method.

        Args:
            neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.
        """
        frame = self.frame.with_columns(_neutral(key) for key in self.keys) if neutralize else self.frame
        return frame.write_csv()

    def write_parquet(self, path: str | Path) -> None:
        """Write the table as Parquet; the method is in the file's metadata.

        Args:
            path: Where to.

        Raises:
            OutputError: It cannot be written.
        """
        with writing(path):
            self.frame.write_parquet(path, metadata={_META: json.dumps(self._meta())})

    def write_json(self, path: str | Path) -> None:
        """Write method, coverage, adjustments and rows as one JSON document.

        Args:
            path: Where to.

        Raises:
            OutputError: It cannot be written.
        """
        with writing(path):
            Path(path).write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        """Return method, coverage, adjustments and rows as one JSON document."""
        rows = [{**row, "period": row["period"].isoformat()} for row in self.frame.to_dicts()]
        return json.dumps({**self._meta(), "rows": rows}, indent=1, ensure_ascii=False)

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Read a table that was written as CSV, Parquet or JSON.

        Args:
            path: The file.

        Raises:
            SourceUnavailableError: There is no such file, or no method beside a CSV.
            SourceFormatError: It was not written by ossgeo.
        """
        file = Path(path)
        try:
            meta, frame = _read(file)
            plain = Method.from_dict(meta["method"])
            coverage = Coverage.from_dict(meta["coverage"])
            adjustments = Adjustments.from_dicts(meta["adjustments"])
            schema = {"period": pl.Date, **dict.fromkeys(plain.by, pl.String), "value": pl.Float64, "share": pl.Float64}
            more = dict.fromkeys((name for name in frame.columns if name not in schema), pl.Float64)  # intervals
            typed = frame.select(pl.col(name).cast(kind) for name, kind in (schema | more).items())
            return cls(typed, plain, coverage, adjustments, meta.get("note", ""), meta.get("cut", False))
        except OSError as error:
            raise SourceUnavailableError(
                f"{error.filename or file} cannot be read: {error.strerror or error}"
            ) from error
        except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise SourceFormatError(f"{file} is no share table of ossgeo: {error}") from error

    def _meta(self) -> dict[str, Any]:
        return {
            "method": self.method.to_dict(),
            "coverage": self.coverage.to_dict(),
            "adjustments": self.adjustments.to_dicts(),
            "note": self.note,
            "cut": self.cut,
        }

    def __str__(self) -> str:
        """Return the latest period as a table with bars, and how it was made."""
        if not self.periods:
            return f"no period\n{self._footer()}"
        day = self.periods[-1]
        rows = self.frame.filter(pl.col("period") == day)
        shown = [(" x ".join(map(_printable, row[: len(self.keys)])), *row[len(self.keys) :]) for row in
                 rows.head(_SHOWN).select(*self.keys, "value", "share").iter_rows()]  # fmt: skip
        width = max([len(name) for name, _, _ in shown] + [len(" x ".join(self.keys))])
        lines = [f"{' x '.join(self.keys):<{width}} {self.method.unit:>16}   share"]
        for name, value, share in shown:
            percent = "      -" if share is None else f"{share:7.2%}"
            bar = "" if share is None else "█" * round(min(share, 1) * _BAR)
            number = "-" if value is None else f"{value:,.0f}"
            lines.append(f"{name:<{width}} {number:>16} {percent}  {bar}".rstrip())
        if rows.height > _SHOWN:
            lines.append(f"... and {rows.height - _SHOWN} more")
        title = f"{day}, the last of {len(self.periods)} periods" if len(self.periods) > 1 else str(day)
        return "\n".join([title, *lines, "", self._footer()])

    def _footer(self) -> str:
        lines = [f"note      {self.note}"] if self.note else []
        lines += [f"method    {self.method}", f"coverage  {self.coverage}"]
        lines += [f"adjusted  {item}" for item in self.adjustments.items_] or ["adjusted  nothing"]
        return "\n".join(lines)

    def __repr__(self) -> str:
        """Return size, keys and method."""
        return f"<ShareTable {self.frame.height} rows, {len(self.periods)} periods; {self.method}>"

    def _repr_html_(self) -> str:
        """Return the latest period for a notebook; every text is escaped."""
        rows = self.frame.filter(pl.col("period") == self.periods[-1]).head(_SHOWN) if self.periods else self.frame
        head = "".join(f"<th>{html.escape(name)}</th>" for name in rows.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_cell(name, value))}</td>" for name, value in row.items()) + "</tr>"
            for row in rows.iter_rows(named=True)
        )
        footer = html.escape(self._footer()).replace("\n", "<br>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><small>{footer}</small>"


def _cell(column: str, value: Any) -> str:
    if value is None:
        return "-"
    if column == "share":
        return f"{value:.2%}"
    return f"{value:,.0f}" if column == "value" else _printable(str(value))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def _neutral(key: str) -> pl.Expr:
    runs = pl.any_horizontal(pl.col(key).str.starts_with(sign) for sign in _FORMULA)
    return pl.when(runs).then(pl.lit("'") + pl.col(key)).otherwise(pl.col(key)).alias(key)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".method.json")


def _read(file: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    if file.suffix == ".parquet":
        with file.open("rb"):
            pass
        text = pl.read_parquet_metadata(file).get(_META)
        if text is None:
            raise SourceFormatError("its metadata has no method")
        return json.loads(text), pl.read_parquet(file)
    if file.suffix == ".json":
        meta = json.loads(file.read_text(encoding="utf-8"))
        names = [*(meta["rows"][0] if meta["rows"] else ()), "value", "share"]
        keys = ("period", *meta["method"]["by"])
        schema = {**dict.fromkeys(keys, pl.String), **{name: pl.Float64 for name in names if name not in keys}}
        return meta, pl.DataFrame(meta["rows"], schema=schema).with_columns(pl.col("period").str.to_date())
    meta = json.loads(_sidecar(file).read_text(encoding="utf-8"))
    frame = pl.read_csv(file, infer_schema=False)
    if meta["neutralized"]:
        frame = frame.with_columns(pl.col(meta["method"]["by"]).str.replace(r"^'([=+\-@\t\r'])", "$1"))
    return meta, frame.with_columns(pl.col("period").str.to_date(), pl.col("value", "share").cast(pl.Float64))
