"""Parquet files whose snapshots list the same models in the same order: the key of a model is its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

import attrs
import polars as pl

STEP: Final = 2**20
"""Rows that are looked at together."""

Span = tuple[dt.date, int]
"""The date and the number of rows of a snapshot."""


@attrs.frozen(eq=False)
class FilePart:
    """Consecutive snapshots in one file.

    Attributes:
        rows: The counter.
        spans: The snapshots in the order of the rows.
    """

    rows: pl.LazyFrame
    spans: tuple[Span, ...]

    def __iter__(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day of each snapshot and its counter."""
        table, place = self.rows.collect(), 0
        for day, size in self.spans:
            yield day, table.slice(place, size)
            place += size

    def snapshots(self) -> Iterator[FilePart]:
        """Yield each snapshot as a part of its own."""
        place = 0
        for day, size in self.spans:
            yield FilePart(self.rows.slice(place, size), ((day, size),))
            place += size

    def counts(self) -> pl.DataFrame:
        """Return number of rows, number of counts, total, minimum and maximum of each snapshot; see ``Panel._counts``."""
        return pl.concat([
            rows.select(
                period=pl.lit(day), n=pl.len().cast(pl.Int64), known=pl.first().count().cast(pl.Int64),
                total=pl.first().cast(pl.Float64).sum(), low=pl.first().min(), high=pl.first().max(),
            ) for day, rows in self
        ])  # fmt: skip


@attrs.frozen(eq=False)
class FileRows:
    """The rows of the files of a source by key.

    Attributes:
        parts: The snapshots.
        counts: Those of the parts, by period.
    """

    parts: tuple[FilePart, ...]
    counts: pl.DataFrame
    _ids: pl.Series

    @classmethod
    def of(cls, ids: pl.Series, parts: Sequence[FilePart], counts: Sequence[pl.DataFrame]) -> FileRows:
        """Return the rows of several parts.

        Args:
            ids: The ids of all models; the snapshots list them in this order.
            parts: The parts.
            counts: The counts of each.
        """
        table = pl.concat(counts).group_by("period").agg(
            pl.col("n", "known", "total").sum(), pl.col("low").min(), pl.col("high").max()
        )  # fmt: skip
        return cls(tuple(parts), table.sort("period"), ids)

    def ids(self) -> pl.Series:
        """Return the id of each key."""
        return self._ids

    @property
    def levels(self) -> None:
        """None: every observation is in the rows."""
        return

    def in_order(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day of each snapshot, by date, and its counter; a file is read for each of its snapshots if they are not by date."""
        ordered = sorted(self.parts, key=lambda part: part.spans[0][0])
        days = [day for part in ordered for day, _ in part.spans]
        if days == sorted(days):
            yield from (snapshot for part in ordered for snapshot in part)
        else:
            single = [one for part in self.parts for one in part.snapshots()]
            yield from (snapshot for part in sorted(single, key=lambda part: part.spans[0][0]) for snapshot in part)


def spans_of(dates: pl.Series) -> tuple[Span, ...] | None:
    """Return the snapshots of rows, or None if the rows of a date are not consecutive.

    Args:
        dates: The date of each row; at least one.
    """
    if dates.min() == dates.max():
        return ((dates[0], len(dates)),)
    if (dates != dates.shift(1)).sum() >= dates.n_unique():
        return None
    return tuple(dates.rle().struct.unnest().select("value", "len").rows())


def parts_of(spans: Sequence[Span]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    """Yield the first row and the snapshots of consecutive parts of at most :data:`STEP` rows, or of one snapshot.

    Args:
        spans: The snapshots.
    """
    first, number, held = 0, 0, list[Span]()
    for span in spans:
        if held and number + span[1] > STEP:
            yield first, tuple(held)
            first, number, held = first + number, 0, []
        held.append(span)
        number += span[1]
    if held:
        yield first, tuple(held)
