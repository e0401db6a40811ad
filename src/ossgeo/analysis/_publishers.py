"""Publishers: the number of organizations of each group."""

from __future__ import annotations

import polars as pl

from ossgeo._core.text import period_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._table import ShareTable, require_table


def publishers(table: ShareTable) -> pl.DataFrame:
    """Count the organizations that have a value, within each group of the first key.

    With ``calculator="supply"`` these are the organizations that published in each period.

    Args:
        table: A table by two keys, the second of which is ``organization``, such as ``by=("country", "organization")``.

    Returns:
        One row for each period and group, the largest first: period, the first key, organizations, share (of all
        organizations of the period; models without an organization are not counted).

    Raises:
        InvalidArgumentError: It is not a share table, has other keys, or is empty.

    Example:
        >>> import ossgeo
        >>> panel = ossgeo.load_sample("trending-2026")
        >>> table = ossgeo.measure(panel, calculator="supply", by=("country", "organization"))
        >>> publishers(table)["organizations"].sum() > 40
        True
    """
    require_table(table)
    if len(table.keys) != 2 or table.keys[1] != "organization":  # noqa: PLR2004  # a group, and the organizations in it
        raise InvalidArgumentError(
            f"table must be by a key and 'organization', got {', '.join(table.keys)}; measure by=('country', 'organization')"
        )
    outer = table.keys[0]
    rows = table.to_polars()
    period_of(rows, None)
    there = rows.filter((pl.col("value") > 0) & ~pl.col("organization").is_in(STATUSES))
    counted = there.group_by("period", outer).agg(organizations=pl.col("organization").n_unique())
    share = pl.col("organizations") / pl.col("organizations").sum().over("period")
    return counted.with_columns(share=share).sort("period", "organizations", outer, descending=[False, True, False])
