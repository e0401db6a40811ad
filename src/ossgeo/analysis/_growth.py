"""Growth and ranks, from period to period."""

from __future__ import annotations

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import period_of, tabulate
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class Growth(Pictured):
    """How each group moved.

    Attributes:
        frame: One row for each period and group that is no status: period, the keys, value, share, change (of the
            value since the period before), growth (change over the value before; null where that is 0 or absent), rank
            (1 is the largest) and rank_change (places gained).
        method: How the table was made.
    """

    frame: pl.DataFrame
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the rows."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence and the latest period's rows."""
        day = period_of(self.frame, None)
        rows = self.frame.filter(pl.col("period") == day).sort("rank")
        climbers = rows.filter(pl.col("rank_change") > 0).sort("rank_change", descending=True)
        said = f"At {day} nobody gained a place."
        if climbers.height:
            best = climbers.row(0, named=True)
            name = " ".join(best[key] for key in self.method.by)
            said = f"At {day} {name} gained most places: {best['rank_change']}, to rank {best['rank']}."
        return f"{said}\n{tabulate(rows, [*self.method.by], ['share', 'growth'])}"


def growth(table: ShareTable) -> Growth:
    """Say how each group's value and rank moved from period to period.

    Args:
        table: A share table with several periods.

    Returns:
        Changes, growth and ranks; a group that is absent from a period has the value 0 there.

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
    rows = table.to_polars().filter(~status)
    grid = rows.select(pl.col("period").unique()).join(rows.select(keys).unique(), how="cross")
    full = grid.join(rows, on=["period", *keys], how="left").with_columns(pl.col("value").fill_null(0.0))
    before = pl.col("value").shift(1).over(keys, order_by="period")
    full = full.with_columns(
        change=pl.col("value") - before,
        growth=pl.when(before > 0).then(pl.col("value") / before - 1),
        rank=pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64),
    )
    full = full.with_columns(rank_change=pl.col("rank").shift(1).over(keys, order_by="period") - pl.col("rank"))
    return Growth(full.sort("period", "rank", *keys), table.method)
