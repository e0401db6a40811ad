"""Rows of a panel by integer keys of models, without a text id in each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, Self

import attrs
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

    @property
    def levels(self) -> Levels | None:
        """The last observation of each model before these rows, if there is one."""
        ...

    def ids(self) -> pl.Series:
        """Return the id of each model: the one at position 0 has key 0."""
        ...

    def in_order(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day and the rows of each snapshot, by date; see :class:`KeyedPart`."""
        ...


@attrs.frozen
class Levels:
    """The last observation of each model.

    Attributes:
        frame: One row for each key, null for a model that was not observed: first and last (dates), downloads (the last
            count), top (the largest one).
    """

    frame: pl.DataFrame

    @classmethod
    def empty(cls, keys: int) -> Self:
        """Return the levels without an observation.

        Args:
            keys: Number of models.
        """
        kinds = {"first": pl.Date, "last": pl.Date, "downloads": pl.Int64, "top": pl.Int64}
        return cls(
            pl.DataFrame([pl.repeat(None, keys, dtype=kind, eager=True).alias(name) for name, kind in kinds.items()])
        )

    def at(self, keys: pl.Series) -> list[pl.Series]:
        """Return last, before (the last count) and top of some models.

        Args:
            keys: The models.
        """
        return [
            self.frame[name].gather(keys).alias(alias)
            for name, alias in (("last", "last"), ("downloads", "before"), ("top", "top"))
        ]

    def after(self, keys: pl.Series, counts: pl.Series, day: dt.date) -> Self:
        """Return the levels after an observation.

        Args:
            keys: The models.
            counts: The count of each.
            day: The date.
        """
        before = pl.DataFrame(
            [self.frame["first"].gather(keys), self.frame["top"].gather(keys), counts.alias("downloads")]
        )
        first, top = pl.col("first").fill_null(day), pl.max_horizontal("top", "downloads")
        return self.with_rows(keys, before.select(first, pl.lit(day).alias("last"), "downloads", top.alias("top")))

    def with_rows(self, keys: pl.Series, rows: pl.DataFrame) -> Self:
        """Return the levels with other rows of some models.

        Args:
            keys: The models.
            rows: Their rows.
        """
        return type(self)(
            pl.DataFrame([self.frame[name].clone().scatter(keys, rows[name]) for name in self.frame.columns])
        )


@attrs.frozen
class Continued:
    """Rows by key after earlier observations.

    Attributes:
        rows: The rows.
        levels: The last observation of each model before them.
    """

    rows: KeyedRows
    levels: Levels

    @property
    def parts(self) -> Sequence[KeyedPart]:
        """The snapshots, in independent parts, by date."""
        return self.rows.parts

    def ids(self) -> pl.Series:
        """Return the id of each model."""
        return self.rows.ids()

    def in_order(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day and the rows of each snapshot, by date."""
        return self.rows.in_order()


def keys_of(rows: pl.DataFrame) -> pl.Series:
    """Return the keys of rows; see :class:`KeyedPart`.

    Args:
        rows: The rows of a snapshot.
    """
    return rows["key"] if "key" in rows.columns else pl.int_range(rows.height, dtype=pl.Int32, eager=True)


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
