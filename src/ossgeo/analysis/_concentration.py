"""Concentration: how few hold how much."""

from __future__ import annotations

from typing import Final

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import period_of, tabulate
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._table import ShareTable, require_table

TOP: Final = (1, 3, 10)
"""Of how many largest the part is given."""


@attrs.frozen(eq=False)
class Concentration(Pictured):
    """How concentrated a table's groups are.

    Attributes:
        frame: One row for each period and, for a table of two keys, each group of the first: period, the first key,
            groups (how many), hhi, effective, gini, top_1, top_3, top_10, covered (the part of the value that has a
            group, in [0, 1]).
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
        rows = self.frame.filter(pl.col("period") == day)
        outer = list(self.method.by[:-1])
        rows = rows.sort("groups", *outer, descending=[True, *[False] * len(outer)])
        first = rows.row(0, named=True)
        within = f" within {first[outer[0]]}" if outer else ""
        said = (
            f"At {day} the {self.method.unit}{within} are as concentrated as if {first['effective']:.1f} "
            f"{self.method.by[-1]}s shared them equally (HHI {first['hhi']:.3f}, {first['groups']} {self.method.by[-1]}s)."
        )
        return f"{said}\n{tabulate(rows, outer, ['hhi', 'effective', 'gini', 'top_1', 'top_3', 'top_10', 'covered'], shares=False)}"


def concentration(table: ShareTable) -> Concentration:
    """Say how concentrated a table's groups are, over all or within each group of the first key.

    What has no group (the statuses) is left out of the measures, and counted: ``covered`` says how much has one.

    Args:
        table: A table by one key, or by two: the second within the first.

    Returns:
        Herfindahl-Hirschman index (sum of squared parts), effective number (its inverse), Gini coefficient, and the part
        of the largest 1, 3 and 10.

    Raises:
        InvalidArgumentError: The table has more than two keys, or groups were cut from it.

    Source: A. Hirschman, "The paternity of an index", American Economic Review 54 (1964); M. Laakso and R. Taagepera,
        "Effective number of parties", Comparative Political Studies 12 (1979); C. Gini, "Variabilita e mutabilita" (1912),
        as the mean difference of the sorted values.

    Example:
        >>> import ossgeo
        >>> found = concentration(ossgeo.measure(ossgeo.load_sample("hub-2026"), by="organization"))
        >>> found.to_polars()["groups"][0] > 30
        True
    """
    require_table(table, whole=True)
    if len(table.keys) > 2:  # noqa: PLR2004  # one key, or one within another
        raise InvalidArgumentError(
            f"a table by {', '.join(table.keys)} has no concentration: give one key, or one within another"
        )
    *outer, inner = table.keys
    within = ["period", *outer]
    rows = table.to_polars().filter(pl.col("value").is_not_null())
    placed = ~pl.col(inner).is_in(STATUSES)
    covered = rows.group_by(within).agg(covered=pl.col("value").filter(placed).sum() / pl.col("value").sum())
    known = rows.filter(placed & (pl.col("value") > 0))  # a table's values fall within each period
    part = pl.col("value") / pl.col("value").sum()
    count = pl.len()
    rising = pl.int_range(count, 0, -1)
    measures = known.group_by(within, maintain_order=True).agg(
        groups=count,
        hhi=(part**2).sum(),
        effective=1 / (part**2).sum(),
        gini=(2 * (rising * pl.col("value")).sum() / (count * pl.col("value").sum())) - (count + 1) / count,
        **{f"top_{number}": part.head(number).sum() for number in TOP},
    )
    return Concentration(
        measures.sort(within).join(covered, on=within, how="left", maintain_order="left"), table.method
    )
