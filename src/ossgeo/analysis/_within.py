"""Shares within each group of one key of a table: the row and column shares of a table of two keys."""

from __future__ import annotations

import attrs
import polars as pl

from ossgeo._core.proportions import wilson
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._table import ShareTable, require_table


def shares_within(table: ShareTable, key: str, *, confidence: float | None = None) -> ShareTable:
    """Return the shares of a table within each group of one of its keys.

    In a table by user country and country, ``key="user_country"`` gives the part of each country's models in the use of each
    user country, and ``key="country"`` the part of each user country in the use of each country's models.

    Args:
        table: A table by two or more keys.
        key: The key whose groups each sum to 1.
        confidence: Confidence level of Wilson's intervals, between 0 and 1, if the values count independent observations,
            such as the answers of a survey; by default there are no intervals.

    Returns:
        The table with other shares, and with further columns: total (the value of the group of ``key``) and, with
        ``confidence``, lower and upper. A share is null where the total is 0, and where the table's is null.

    Raises:
        InvalidArgumentError: The table does not have the key, or has only one; groups were cut from it, or overlap; the
            confidence is not between 0 and 1.

    Source: E. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22 (1927).

    Example:
        >>> import ossgeo
        >>> rows = pl.DataFrame({"model_id": ["Qwen/a", "google/b", "Qwen/a"], "user_country": ["IN", "IN", "DE"],
        ...                      "date": "2026-01-05", "requests": [30, 90, 10]})
        >>> panel = ossgeo.read_panel(rows, counter="requests_per_1d", dimensions=["user_country"])
        >>> table = shares_within(ossgeo.measure(panel, by=("user_country", "country")), "user_country")
        >>> table.at()["India", "China"], table.at()["Germany", "China"]
        (0.25, 1.0)
    """
    require_table(table, whole=True)
    if key not in table.keys or len(table.keys) == 1:
        raise InvalidArgumentError(
            f"key must be one of two or more keys of the table, got {key!r}; it has {', '.join(table.keys)}"
        )
    if table.overlapping or table.method.counting == "full":
        raise InvalidArgumentError(
            "the groups of the table overlap, so that they have no total; measure with counting='fractional'"
        )
    if confidence is not None and not 0 < confidence < 1:
        raise InvalidArgumentError(f"confidence must be between 0 and 1, got {confidence!r}")
    counted = pl.when(pl.col("share").is_not_null()).then("value")
    total = counted.sum().over("period", key)
    frame = table.to_polars().with_columns(total=total, share=pl.when(total > 0).then(counted / total))
    words = key.replace("_", " ").replace("-", " ")
    calculator = f"{table.method.calculator} within {words}"
    if confidence is not None:
        ends = [
            (None, None) if share is None else wilson(value, whole, confidence)
            for share, value, whole in frame.select("share", "value", "total").iter_rows()
        ]
        frame = frame.with_columns(
            pl.Series("lower", [low for low, _ in ends], dtype=pl.Float64),
            pl.Series("upper", [high for _, high in ends], dtype=pl.Float64),
        )
        calculator += f" ({confidence:.0%} Wilson)"
    method = attrs.evolve(table.method, calculator=calculator, unit=f"{table.method.unit} of each {words}")
    return attrs.evolve(table, frame=frame, method=method)
