"""Shapes of leaderboards: one column for each model, or one column for each task."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Sequence

import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.errors import InvalidArgumentError
from ossgeo.sources._files.normalization import listed

Columns = str | Sequence[str]
"""Names of columns, or a pattern such as ``*``."""


def long_board(
    frame: pl.DataFrame, wide: Columns, known: Collection[str]
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return the rows of a table with one column for each model; empty cells and ratings of 0 are not ratings.

    Args:
        frame: The table.
        wide: The columns of models.
        known: Names of columns that a pattern leaves out.
    """
    cells = chosen(frame, wide, known, "wide")
    rest = [name for name in frame.columns if name not in cells]
    long = frame.unpivot(cells, index=rest, variable_name="model", value_name="rating")
    zero = long["rating"].cast(pl.Float64, strict=False) == 0
    unrated = int(zero.sum())
    long = long.filter(~zero.fill_null(False) & pl.col("rating").is_not_null())
    return long, (Adjustment("not_rated", unrated, "ratings", "left out: a rating of 0 in a wide board"),)


def with_mean(
    frame: pl.DataFrame, mean_of: Columns, known: Collection[str]
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return a table with the mean of columns as ``rating``; a model without one of the scores has no rating.

    Args:
        frame: The table.
        mean_of: The columns.
        known: Names of columns that a pattern leaves out.
    """
    names = chosen(frame, mean_of, known, "mean_of")
    scores = frame.select(pl.col(name).cast(pl.Float64, strict=False) for name in names)
    whole = pl.all_horizontal(pl.all().is_not_null() & pl.all().is_finite())
    mean = scores.select(pl.when(whole).then(pl.mean_horizontal(pl.all()))).to_series()
    note = f"without one of {len(names)} scores: no rating"
    return frame.with_columns(rating=mean), (Adjustment("no_score", mean.null_count(), "models", note),)


def chosen(frame: pl.DataFrame, given: Columns, known: Collection[str], what: str) -> list[str]:
    """Return the columns that a caller named, or that a pattern matches.

    Args:
        frame: The table.
        given: Names, or a pattern.
        known: Names that a pattern leaves out.
        what: Name of the argument, for messages.

    Raises:
        InvalidArgumentError: There are none.
    """
    if isinstance(given, str):
        left_out = {name.casefold() for name in known}
        found = [name for name in frame.columns if fnmatch.fnmatchcase(name, given) and name.casefold() not in left_out]
    else:
        found = list(given)
    missing = [name for name in found if name not in frame.columns]
    if missing or not found:
        raise InvalidArgumentError(
            f"{what} must name columns of the table ({listed(frame.columns)}), got {listed(missing) if missing else repr(given)}"
        )
    return found
