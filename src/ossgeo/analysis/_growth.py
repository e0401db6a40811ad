"""Growth and ranks, from period to period."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, period_of
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class Growth(Result):
    """The growth and the rank of each group.

    Attributes:
        frame: One row for each period and group, without the statuses: period, the keys, value, share, change (of the
            value since the previous period), growth (change over the previous value; null if that is 0), rank (1 is the
            largest) and rank_change (places gained). A period whose window was not observed has nulls, and so have the
            changes to the next period.
        method: How the table was made.
    """

    def sentence(self) -> str:
        """Return the group that gained most places."""
        day = period_of(self.frame, None)
        rows = self.frame.filter(pl.col("period") == day)
        if not rows["value"].count():
            return f"At {day} the window was not observed: no growth is defined."
        climbers = rows.filter(pl.col("rank_change") > 0).sort("rank_change", "rank", descending=[True, False])
        if not climbers.height:
            return f"At {day} no group gained a place."
        best = climbers.row(0, named=True)
        name = " ".join(best[key] for key in self.method.by)
        return f"At {day} {name} gained most places: {best['rank_change']}, to rank {best['rank']}."

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        rows = self.frame.filter(pl.col("period") == period_of(self.frame, None)).sort("rank", nulls_last=True)
        return rows, {**dict.fromkeys(self.method.by, "text"), "share": "share", "growth": "change"}


def growth(table: ShareTable) -> Growth:
    """Return the change of each group's value and rank from period to period.

    Args:
        table: A share table with several periods.

    Returns:
        Changes, growth and ranks. A group without a row in an observed period has the value 0 there; in a period that
        was not observed every value is null.

    Raises:
        InvalidArgumentError: Groups were cut from the table.

    Example:
        >>> import ossgeo
        >>> found = growth(ossgeo.measure(ossgeo.load_sample())).to_polars()
        >>> found.filter(country="CN")["rank"].to_list()[-1]
        3
    """
    require_table(table, whole=True)
    keys = list(table.keys)
    status = pl.any_horizontal(pl.col(key).is_in(STATUSES) for key in keys)
    observed = table.to_polars().group_by("period").agg(observed=pl.col("value").is_not_null().any())
    rows = table.to_polars().filter(~status)
    grid = observed.join(rows.select(keys).unique(), how="cross")
    full = grid.join(rows, on=["period", *keys], how="left").with_columns(
        value=pl.when("observed").then(pl.col("value").fill_null(0.0))
    )
    before = pl.col("value").shift(1).over(keys, order_by="period")
    full = full.with_columns(
        change=pl.col("value") - before,
        growth=pl.when(before > 0).then(pl.col("value") / before - 1),
        rank=pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64),
    )
    full = full.with_columns(rank_change=pl.col("rank").shift(1).over(keys, order_by="period") - pl.col("rank"))
    return Growth(full.drop("observed").sort("period", "rank", *keys, nulls_last=True), table.method)
