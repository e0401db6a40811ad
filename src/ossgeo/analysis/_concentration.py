"""Concentration: the parts of the largest groups, and the effective number of groups."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, period_of, plural
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._names import day_text, sentence_label
from ossgeo.shares._table import ShareTable, require_table

TOP: Final = (1, 3, 10)
"""The numbers of largest groups whose part is given."""

_FORMATS: Final[dict[str, Format]] = {
    "hhi": "number",
    "effective": "number",
    "gini": "number",
    "top_1": "share",
    "top_3": "share",
    "top_10": "share",
    "covered": "share",
}


@attrs.frozen(eq=False)
class Concentration(Result):
    """The concentration of a table's groups.

    Attributes:
        frame: One row for each period and, for a table of two keys, each group of the first: period, the first key,
            groups (the number of groups), hhi, effective, gini, top_1, top_3, top_10, covered (the part of the value that
            has a group, in [0, 1]).
        method: How the table was made.
        complete: The complete periods of the table.
    """

    complete: tuple[dt.date, ...] = ()

    @property
    def period(self) -> dt.date:
        """The latest complete period, or the latest period if none is complete."""
        known = self.frame.filter(pl.col("period").is_in(list(self.complete)))
        return period_of(known if known.height else self.frame, None)

    def sentence(self) -> str:
        """Return the effective number of groups at the latest complete period."""
        *outer, inner = self.method.by
        rows, _ = self._printed()
        first = rows.row(0, named=True)
        within = f" of {sentence_label(self.method, first[outer[0]], outer[0])}" if outer else ""
        overlap = ""
        if self.method.counting == "full":
            overlap = " The groups overlap: each is taken as a part of the sum over all groups, which counts a model several times."
        return (
            f"On {day_text(first['period'])} the {self.method.unit}{within} are as concentrated as if {first['effective']:.1f} "
            f"{plural(inner)} shared them equally (HHI {first['hhi']:.3f}, {first['groups']} {plural(inner)}).{overlap}"
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        outer = list(self.method.by[:-1])
        rows = self.frame.filter(pl.col("period") == self.period)
        rows = rows.sort("groups", *outer, descending=[True, *[False] * len(outer)])
        return rows, {**dict.fromkeys(outer, "text"), **_FORMATS}


def concentration(table: ShareTable) -> Concentration:
    """Return the concentration of a table's groups, over all or within each group of the first key.

    The statuses are left out of the measures; ``covered`` is the part of the value that is not of a status.

    Args:
        table: A table by one key, or by two: the second within the first.

    Returns:
        Herfindahl-Hirschman index (sum of squared parts), effective number (its inverse), Gini coefficient, and the parts
        of the 1, 3 and 10 largest groups.

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
            f"table must have one key, or one within another, got {', '.join(table.keys)}; measure by fewer keys"
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
        measures.sort(within).join(covered, on=within, how="left", maintain_order="left"),
        table.method,
        table.complete_periods,
    )
