"""Places of names in a table: integers in the place of text, so that tables are joined by indices."""

from __future__ import annotations

import polars as pl


def places_in(table: pl.Series, names: pl.Series) -> pl.Series:
    """Return the place of each name in a table, null if it is not there.

    Names in the order of the table need no join: for 3.7 million names 0.06 s instead of 1.4 s. Otherwise hashes are joined, and
    the names of the places are compared then: two thirds of the time and half of the memory of a join of text, which is the way
    if two names have one hash.

    Args:
        table: The names of the table, each once.
        names: The names.
    """
    if names.equals(table.head(len(names))):
        return pl.int_range(len(names), dtype=pl.UInt32, eager=True)
    if not (table.null_count() or names.null_count()):
        found = _joined(table.hash(), names.hash())
        if len(found) == len(names) and (table.gather(found) == names).all():
            return found
    return _joined(table, names)


def _joined(table: pl.Series, names: pl.Series) -> pl.Series:
    numbered = table.to_frame("name").with_row_index("place")
    return names.to_frame("name").join(numbered, on="name", how="left", maintain_order="left")["place"]


def among(places: pl.Series, size: int) -> pl.Series:
    """Return for each place of a table whether it is among some places.

    Args:
        places: The places.
        size: The number of rows of the table.
    """
    return pl.repeat(value=False, n=size, eager=True).scatter(places, values=True)
