"""Rows of a panel by integer keys of models, without a text id in each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final, Protocol

import polars as pl

_WIDEST: Final = 2**62
"""Sums of counts below this are exact in 64 bits."""


class KeyedPart(Protocol):
    """Snapshots that are read one after the other; parts are independent of each other."""

    def __iter__(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield, in order, the day of each snapshot and its rows: the counter, without null, and ``key`` (Int32, ascending).

        Without ``key`` the key of a row is its place.
        """
        ...


class KeyedRows(Protocol):
    """The rows of a panel by key.

    Attributes:
        parts: The snapshots, by date: each of a 30-day counter by itself, those of an all-time counter by chain.
    """

    @property
    def parts(self) -> Sequence[KeyedPart]:
        """The snapshots, in independent parts, by date."""
        ...

    def ids(self) -> pl.Series:
        """Return the id of each model: the one at position 0 has key 0."""
        ...


def sums_by_code(keyed: KeyedRows, codes: pl.Series, counter: str) -> pl.DataFrame:
    """Sum counts by period and code, one snapshot after the other: memory depends on the largest one only.

    Args:
        keyed: The rows by key.
        codes: An integer for each key.
        counter: The column of the counter.

    Returns:
        period, code, downloads (the sum of the counter).
    """
    found = [
        pl.DataFrame({
            "downloads": rows[counter],
            "code": codes.gather(rows["key"]) if "key" in rows.columns else codes.head(rows.height),
        }).group_by("code").agg(pl.col("downloads").sum()).with_columns(period=pl.lit(day))
        for part in keyed.parts for day, rows in part
    ]  # fmt: skip
    return pl.concat(found).group_by("period", "code").agg(pl.col("downloads").sum())


def sums_are_exact(counts: pl.DataFrame) -> bool:
    """Return whether every sum of counts is exact in 64 bits.

    Args:
        counts: See ``Panel._counts``; the counts are whole numbers.
    """
    largest = counts.select(pl.max_horizontal("high", -pl.col("low")).max()).item() or 0
    return int(largest) * int(counts["n"].cast(pl.Int64).sum()) < _WIDEST
