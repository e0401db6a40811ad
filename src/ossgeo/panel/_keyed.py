"""Rows of a panel by integer keys of models: what a store can give without a text id in each row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl


class KeyedPart(Protocol):
    """Snapshots that are read one after the other; parts are independent of each other."""

    def __iter__(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield, in order, the day of each snapshot and its rows: ``key`` (Int32, ascending) and the counter, without null."""
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
