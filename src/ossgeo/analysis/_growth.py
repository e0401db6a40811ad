"""Growth and ranks, from period to period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, period_of
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._names import day_text, sentence_label
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class Growth(Result):
    """The growth and the rank of each group.

    Attributes:
        frame: One row for each period and group, without the statuses: period, the keys, value, share, change (of the
            value since the previous period), growth (change over the previous value; null if that is 0), rank (1 is the
            largest), rank_change (places gained) and complete (whether enough of the period was observed, see
            :attr:`ossgeo.ShareTable.complete_periods`). A period that was not observed has nulls. Changes from or to a period
            that is not complete are null.
        method: How the table was made.
    """

    @property
    def period(self) -> dt.date:
        """The latest complete period, or the latest period if none is complete."""
        complete = self.frame.filter("complete")
        return period_of(complete if complete.height else self.frame, None)

    def sentence(self) -> str:
        """Return the group that gained most places, at the latest complete period."""
        day = self.period
        rows = self.frame.filter(pl.col("period") == day)
        if not rows["value"].count():
            return f"On {day_text(day)} the window was not observed: no growth is defined."
        if not rows["complete"].any():
            return "No period is complete: no growth is defined; measure with incomplete='scale' to scale the values."
        climbers = rows.filter(pl.col("rank_change") > 0).sort("rank_change", "rank", descending=[True, False])
        if not climbers.height:
            return f"On {day_text(day)} no group gained a place."
        best = climbers.row(0, named=True)
        name = " ".join(sentence_label(self.method, best[key], key) for key in self.method.by)
        return f"On {day_text(day)} {name} gained most places: {best['rank_change']}, to rank {best['rank']}."

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        rows = self.frame.filter(pl.col("period") == self.period).sort("rank", nulls_last=True)
        return rows, {**dict.fromkeys(self.method.by, "text"), "share": "share", "growth": "change"}


def growth(table: ShareTable) -> Growth:
    """Return the change of each group's value and rank from period to period.

    Args:
        table: A share table with several periods.

    Returns:
        Changes, growth and ranks. A group without a row in an observed period has the value 0 there; in a period that
        was not observed every value is null. Nothing is compared with a period that is observed in part, unless the table
        was measured with ``incomplete="scale"``.

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
    full = full.with_columns(complete=pl.col("period").is_in(list(table.complete_periods)))
    whole = pl.when("complete")
    before = whole.then("value").shift(1).over(keys, order_by="period")
    ranks = whole.then("rank")
    full = full.with_columns(
        change=whole.then("value") - before,
        growth=whole.then(pl.when(before > 0).then(pl.col("value") / before - 1)),
        rank=pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64),
    )
    full = full.with_columns(rank_change=ranks.shift(1).over(keys, order_by="period") - ranks)
    columns = ("period", *keys, "value", "share", "change", "growth", "rank", "rank_change", "complete")
    return Growth(full.select(columns).sort("period", "rank", *keys, nulls_last=True), table.method)
