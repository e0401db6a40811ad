"""How results print: a sentence, and a small table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from ossgeo._core.dates import day_of
from ossgeo.errors import InvalidArgumentError

_SHOWN = 10


def percent(share: float | None) -> str:
    """Return a fraction as people read it."""
    return "-" if share is None else f"{share:.1%}"


def period_of(frame: pl.DataFrame, period: dt.date | str | None) -> dt.date:
    """Return the period that is asked for; the latest where none is.

    Args:
        frame: Has the column period.
        period: The period, as a date or ISO text, or None.

    Raises:
        InvalidArgumentError: There is no such period, or none at all.
    """
    known = frame["period"].unique().sort()
    if not len(known):
        raise InvalidArgumentError(
            "the result is empty: under this method the panel has no flow, or none that has a group"
        )
    if period is None:
        latest: dt.date = known[-1]
        return latest
    day = day_of(period, what="period")
    if day not in known:
        raise InvalidArgumentError(f"there is no period {day}; there are {known[0]} .. {known[-1]}")
    return day


def tabulate(rows: pl.DataFrame, names: Sequence[str], figures: Sequence[str], *, shares: bool = True) -> str:
    """Return the first rows as text.

    Args:
        rows: The rows.
        names: Columns of text.
        figures: Columns of numbers.
        shares: Whether the numbers are fractions, which print as percent.
    """
    head = rows.head(_SHOWN).select(*names, *figures)
    cells = [[*names, *figures]]
    for row in head.iter_rows():
        texts = [str(value) for value in row[: len(names)]]
        cells.append(texts + [percent(value) if shares else _number(value) for value in row[len(names) :]])
    widths = [max(len(line[place]) for line in cells) for place in range(len(cells[0]))]
    lines = [
        "  ".join(
            text.ljust(width) if place < len(names) else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    rest = rows.height - head.height
    return "\n".join([*lines, *([f"and {rest:,} more"] if rest else [])])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}" if abs(value) < 100 else f"{value:,.0f}"  # noqa: PLR2004  # three digits are enough
