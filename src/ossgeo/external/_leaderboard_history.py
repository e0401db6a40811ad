"""Leaderboards over time."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import attrs
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core.boundary import reads_data
from ossgeo._core.display import Plottable
from ossgeo._core.method import Adjustment, Adjustments, Coverage
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._leaderboards import BoardOptions, BoardTable, Leaderboard, Weighting
from ossgeo.shares._table import ShareTable


@attrs.frozen(eq=False)
class LeaderboardHistory(Plottable):
    """The boards of several dates, each with the registry of its date.

    Attributes:
        boards: The boards by date.
        source: What the boards are.
        adjustments: The rows that were left out of the whole table.
    """

    boards: tuple[Leaderboard, ...]
    source: str
    adjustments: Adjustments

    def to_polars(self) -> pl.DataFrame:
        """Return the rows of all boards, with their date in ``on``."""
        return pl.concat(board.to_polars().select(pl.lit(board.on).alias("on"), pl.all()) for board in self.boards)

    def by_country(self, *, top: int | None = None) -> pl.DataFrame:
        """Return the place of each country at each date; see :meth:`Leaderboard.by_country`.

        Args:
            top: The number of first ranks that count as the top; by default all ranks.

        Returns:
            One row for each date (``on``) and country or status.
        """
        return pl.concat(
            board.by_country(top=top).select(pl.lit(board.on).alias("on"), pl.all()) for board in self.boards
        )

    def shares(self, *, top: int | None = None, weighting: Weighting = "models") -> ShareTable:
        """Return the countries' shares of each board; see :meth:`Leaderboard.shares`.

        Args:
            top: The number of first ranks that count; by default all ranks.
            weighting: The weight of a model: ``models`` (1), ``rank`` or ``rating``.
        """
        tables = [board.shares(top=top, weighting=weighting) for board in self.boards]
        method = attrs.evolve(tables[-1].method, as_of="the date of each board")
        covered = tuple(row for table in tables for row in table.coverage.rows)
        counts: dict[tuple[str, str, str], int] = {}
        for note in (*self.adjustments.items_, *(note for table in tables for note in table.adjustments.items_)):
            key = (note.code, note.unit, note.note)
            counts[key] = counts.get(key, 0) + int(note.count)
        notes = tuple(Adjustment(code, count, unit, text) for (code, unit, text), count in counts.items())
        frame = pl.concat(table.to_polars() for table in tables)
        return ShareTable(frame, method, Coverage(covered), Adjustments(notes))

    def __str__(self) -> str:
        """Return the number of boards, and the last one."""
        return f"{counted(len(self.boards), 'boards')}, {self.boards[0].on} to {self.boards[-1].on}; the last one:\n{self.boards[-1]}"


@reads_data
def read_leaderboards(table: str | Path | IntoFrame, **options: Unpack[BoardOptions]) -> LeaderboardHistory:
    """Read a table that holds the boards of several dates.

    Args:
        table: A dataframe, or the path or address of a file.
        options: See :func:`read_leaderboard`.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: The table cannot be read.
        InvalidArgumentError: The table has no dates.

    Example:
        >>> wide = pl.DataFrame({"date": ["2025-01-01", "2025-02-01"], "qwen2.5": [1300, 1290], "gpt-4o": [1290, 1310]})
        >>> read_leaderboards(wide, wide="*").by_country()["best"].to_list()
        ['qwen2.5', 'gpt-4o', 'gpt-4o', 'qwen2.5']
    """
    found = BoardTable.read(table, options)
    days = found.rows["date"].drop_nulls().unique().sort().to_list()
    if not days:
        raise InvalidArgumentError(
            f"{found.source} must have a column of dates; read_leaderboard(on=...) reads one board"
        )
    notes = Adjustments(tuple(note for note in found.notes if note.count))
    return LeaderboardHistory(tuple(found.board(day) for day in days), found.source, notes)
