"""The content of a share table: rows, method, coverage and adjustments, and what follows from them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustments, Coverage, Method
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._period_shares import GroupNames, PeriodShares
from ossgeo.shares._resampling import COMPLETE


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.equals(other)


@attrs.frozen(hash=False)
class ShareData(Plottable):
    """The rows of a share table and the options that made it; see :class:`ossgeo.ShareTable` for the attributes."""

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
        return str(meta_of(self)["checksum"])

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


def meta_of(table: ShareData) -> dict[str, Any]:
    """Return everything but the rows as plain values, with the number of rows and the checksum."""
    plain = {
        "method": table.method.to_dict(),
        "coverage": table.coverage.to_dict(),
        "adjustments": table.adjustments.to_dicts(),
        "note": table.note,
        "cut": table.cut,
        "row_count": table.frame.height,
    }
    return {**plain, "checksum": checksum_of(plain, table.frame)}


def checksum_of(plain: Mapping[str, Any], frame: pl.DataFrame) -> str:
    """Return a checksum of the rows and of how they were made; figures count with all their digits."""
    text = json.dumps(plain, sort_keys=True, ensure_ascii=False)
    typed = typed_columns(frame, tuple(plain["method"]["by"]))
    return hashlib.sha256(f"{text}\n{typed.write_csv()}".encode()).hexdigest()[:16]


def typed_columns(frame: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    """Return the columns with the types of a share table; further columns are numbers."""
    schema = {"period": pl.Date, **dict.fromkeys(keys, pl.String)}
    return frame.select(pl.col(name).cast(schema.get(name, pl.Float64)) for name in frame.columns)


def with_zeros(table: ShareData) -> pl.DataFrame:
    """Return a row for each group in each period, also where the table has none.

    Returns:
        period, the keys, value and share, sorted by period and falling value. As in :meth:`ShareData.at`, a group without a
        row in a period has 0 there; it has nulls if the period has no figures, if the group never has a share (a status
        under the denominator ``attributed``), and if groups were cut from the table.
    """
    keys, rows = list(table.keys), table.frame.select("period", *table.keys, "value", "share")
    groups = rows.group_by(keys).agg(shared=pl.col("share").is_not_null().any())
    periods = rows.group_by("period").agg(
        valued=pl.col("value").is_not_null().any(), defined=pl.col("share").is_not_null().any()
    )
    grid = periods.join(groups, how="cross").join(rows.select("period", *keys), on=["period", *keys], how="anti")
    value, share = ("valued", pl.col("defined") & pl.col("shared")) if not table.cut else (pl.lit(False), pl.lit(False))
    zero = pl.lit(0.0)
    missing = grid.select("period", *keys, value=pl.when(value).then(zero), share=pl.when(share).then(zero))
    return pl.concat([rows, missing]).sort(
        "period", "value", *keys, descending=[False, True, *[False] * len(keys)], nulls_last=True
    )
