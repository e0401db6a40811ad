"""Bounds: what each share could be, whatever the downloads without a place turn out to be."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import percent, period_of, tabulate
from ossgeo.errors import InvalidArgumentError
from ossgeo.registry._countries import OriginStatus
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._period_shares import KnownGroups
from ossgeo.shares._table import ShareTable, require_table

FLOATING: Final = (OriginStatus.UNREVIEWED, OriginStatus.UNKNOWN, OriginStatus.INDIVIDUAL)
"""The statuses that could turn out to be any group's. What is international is known to be no single country's."""

Verdict = Literal["certain", "possible", "impossible"]
"""What can be said of "one group has more than another"."""

_PLACED: Final = ("namespace", "model")


@attrs.frozen(eq=False)
class Bounds(Pictured):
    """The lowest and highest share of each group.

    Attributes:
        frame: One row for each period and group: period, the keys, value, share, lower, upper (fractions of the
            denominator, in [0, 1]); null where the period's share is not defined.
        floating: For each period what has no place: period, value, share (of everything).
        method: How the table was made.
    """

    frame: pl.DataFrame
    floating: pl.DataFrame
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: period, the keys, value, share, lower, upper."""
        return self.frame

    def compare(
        self, one: str | tuple[str, ...], other: str | tuple[str, ...], period: dt.date | str | None = None
    ) -> Verdict:
        """Say whether one group has more than another, whatever the floating downloads turn out to be.

        Args:
            one: A group.
            other: Another group.
            period: The period; the latest one where absent.

        Returns:
            ``certain`` if one has more even where all that floats is the other's; ``impossible`` if it has not even where
            all of it is its own; else ``possible``.

        Raises:
            InvalidArgumentError: There is no such period.
            UnknownCountryError: A group is none.

        Example:
            >>> import ossgeo
            >>> found = bounds(ossgeo.measure(ossgeo.load_sample("hub-2026")))
            >>> found.compare("US", "CN"), found.compare("CN", "US")
            ('certain', 'impossible')
        """
        day = period_of(self.frame, period)
        for group in (one, other):
            KnownGroups.of(self.frame, self.method.by).check(group)
        mine, theirs = self._value(one, day), self._value(other, day)
        loose = float(self.floating.filter(pl.col("period") == day)["value"].sum())
        if mine > theirs + loose:
            return "certain"
        return "impossible" if mine + loose <= theirs else "possible"

    def __str__(self) -> str:
        """Return a sentence and the latest period's rows."""
        day = period_of(self.frame, None)
        loose = float(self.floating.filter(pl.col("period") == day)["share"].sum())
        rows = self.frame.filter(pl.col("period") == day).sort("value", descending=True, nulls_last=True)
        first = rows.row(0, named=True)
        if first["lower"] is None:
            return f"At {day} no share is defined: the total is 0, or not all of it was observed."
        name = " ".join(first[key] for key in self.method.by)
        said = (
            f"At {day} {percent(loose)} of the {self.method.unit} have no place: {name} holds between "
            f"{percent(first['lower'])} and {percent(first['upper'])}, whatever they turn out to be"
        )
        return f"{said}.\n{tabulate(rows, [*self.method.by], ['share', 'lower', 'upper'])}"

    def _value(self, group: str | tuple[str, ...], day: dt.date) -> float:
        wanted = group if isinstance(group, tuple) else (group,)
        same = [pl.col(key) == str(part) for key, part in zip(self.method.by, wanted, strict=True)]
        return float(self.frame.filter(pl.col("period") == day, *same)["value"].sum())


def bounds(table: ShareTable) -> Bounds:
    """Say what each group's share could be.

    Unreviewed, unknown and individual downloads float: any part of them may be any group's. Under the denominator ``all``
    they are in the total already; under ``attributed`` what turns out to be a country's enters the total, too.

    Args:
        table: A share table by country, organization or group scheme.

    Returns:
        For each period and group, floating statuses apart, the lowest and the highest share.

    Raises:
        InvalidArgumentError: The table is by namespace or model alone, which are always known.

    Source: worst-case bounds of C. Manski, "Nonparametric bounds on treatment effects", American Economic Review 80 (1990),
        for data that are missing for any reason.

    Example:
        >>> import ossgeo
        >>> found = bounds(ossgeo.measure(ossgeo.load_sample("hub-2026")))
        >>> [(round(low, 2), round(high, 2)) for code, low, high in found.to_polars().select("country", "lower", "upper").iter_rows() if code == "CN"]
        [(0.24, 0.33)]
    """
    require_table(table)
    if all(key in _PLACED for key in table.keys):
        raise InvalidArgumentError(
            f"a table by {', '.join(table.keys)} has no bounds: these are known; measure by country"
        )
    words = [status.value for status in FLOATING]
    covered = table.coverage.to_polars()
    loose = covered.group_by("period").agg(
        floating=pl.col("value").filter(pl.col("status").is_in(words)).sum(),
        attributed=pl.col("value").filter(pl.col("status") == "attributed").sum(),
        everything=pl.col("value").sum(),
    )
    total = pl.col("everything") if table.method.denominator == "all" else pl.col("attributed") + pl.col("floating")
    frame = table.to_polars().join(loose, on="period", how="left")
    floats = pl.any_horizontal(pl.col(key).is_in(words) for key in table.keys if key not in _PLACED)
    fixed = pl.any_horizontal(pl.col(key).is_in(STATUSES) for key in table.keys if key not in _PLACED)
    upper = pl.when(fixed).then(pl.col("value")).otherwise(pl.col("value") + pl.col("floating"))
    defined = pl.col("share").is_not_null() & (total > 0)
    frame = frame.filter(~floats).with_columns(
        lower=pl.when(defined).then(pl.col("value") / total),
        upper=pl.when(defined).then(pl.min_horizontal(upper / total, pl.lit(1.0))),
    )
    shown = frame.select("period", *table.keys, "value", "share", "lower", "upper")
    return Bounds(
        shown,
        loose.sort("period").select(
            "period",
            value="floating",
            share=pl.when(pl.col("everything") > 0).then(pl.col("floating") / pl.col("everything")),
        ),
        table.method,
    )
