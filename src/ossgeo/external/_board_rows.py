"""The rows of a leaderboard: columns, dates, ranks and intervals in one form, with every fault and remainder counted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.errors import Fault, InvalidArgumentError, PanelError
from ossgeo.panel._openness import normalized_license, openness_of
from ossgeo.sources._files import values
from ossgeo.sources._files.normalization import limited, listed, shown
from ossgeo.sources._files.reader import raw_table

_ALIASES: Final = {
    "model": ("model", "model_name", "name", "key"),
    "organization": ("organization", "org", "provider", "developer"),
    "date": ("date", "period", "snapshot_date", "leaderboard_date", "leaderboard_publish_date"),
    "rank": ("rank", "rank_ub", "rank (ub)"),
    "rating": ("arena_score", "rating", "score", "elo", "model_average_score"),
    "interval": ("95_pct_ci", "ci", "ci95", "ci_95", "95% ci", "interval", "confidence_interval", "margin"),
    "low": ("rating_low", "rating_q025", "lower"),
    "high": ("rating_high", "rating_q975", "upper"),
    "license": ("license", "metadata_hub_license"),
}
KNOWN: Final = tuple(dict.fromkeys(name for ours, names in _ALIASES.items() for name in (ours, *names)))
"""Names of columns that are known."""
_NUMBER: Final = r"(\d+(?:\.\d+)?)"
_FORMS: Final = (
    (re.compile(rf"\+\s*{_NUMBER}\s*[/,]?\s*[-−–]\s*{_NUMBER}"), (2, 1)),
    (re.compile(rf"[-−–]\s*{_NUMBER}\s*[/,]?\s*\+\s*{_NUMBER}"), (1, 2)),
    (re.compile(rf"{_NUMBER}\s*/\s*[-−–]\s*{_NUMBER}"), (2, 1)),
    (re.compile(rf"(?:±|\+\s*/?\s*[-−–])?\s*{_NUMBER}"), (1, 1)),
)
"""Forms of an interval as distances from the rating: `+5/-4`, `-4/+5`, `5/-4`, and `±4`, `+/-4` or `4`; then the groups of
the lower and the upper distance."""
_ENDS: Final = re.compile(rf"[\[(]\s*{_NUMBER}\s*[,;]\s*{_NUMBER}\s*[\])]")
"""An interval by its ends: `[1390, 1410]`."""
_MOST_FAULTS: Final = 20


def read_table(table: Any) -> tuple[pl.DataFrame, str]:
    """Return a table and its title; the columns of text formats are text.

    Args:
        table: A dataframe, or the path or address of a file that :func:`ossgeo.read_panel` takes.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: The file cannot be read.
    """
    raw, title = raw_table(table)
    return raw.frame(), title


def renamed(frame: pl.DataFrame, columns: Mapping[str, str] | None, ours: Iterable[str]) -> pl.DataFrame:
    """Return a frame under our names.

    Args:
        frame: The frame.
        columns: Their name of a column to ours.
        ours: Our names.

    Raises:
        InvalidArgumentError: A column does not exist, or a name is not one of ours.
    """
    for theirs, name in (columns or {}).items():
        if theirs not in frame.columns:
            raise InvalidArgumentError(
                f"columns must name columns of the table ({listed(frame.columns)}), got {theirs!r}"
            )
        if name not in ours:
            raise InvalidArgumentError(f"columns must map to {', '.join(ours)}, got {name!r}")
    kept = frame.drop(
        [name for name in (columns or {}).values() if name in frame.columns and name not in (columns or {})]
    )
    return kept.rename(dict(columns or {}))


def selected_rows(frame: pl.DataFrame, source: str, date_format: str | None) -> pl.DataFrame:
    """Return the known columns of boards as text, null if they are absent; ``date`` holds dates.

    Args:
        frame: The table.
        source: What the board is, for errors.
        date_format: The strptime pattern of dates; ISO 8601 by default.

    Raises:
        PanelError: Columns are missing, or a date cannot be read.
    """
    raw = _selected(frame, source)
    known: dict[str, dt.date] = {}
    faults = []
    for text in raw["date"].drop_nulls().unique(maintain_order=True):
        try:
            known[text] = values.instant(text, date_format).date()
        except (ValueError, OverflowError) as error:
            faults.append(Fault(f"{source}, column date", f"{shown(text)} {error}"))
    if faults:
        raise PanelError(f"{source} cannot be read as a leaderboard", limited(faults))
    return raw.with_columns(date=pl.col("date").replace_strict(known, default=None, return_dtype=pl.Date))


def board_rows(raw: pl.DataFrame, source: str) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return the rows of one board.

    Args:
        raw: The rows of one date; see :func:`selected_rows`.
        source: What the board is, for errors.

    Returns:
        model, rank, rank_from, rank_to, rating, low, high, license, openness, written (the organization in the board's
        words); and the adjustments.
    """
    nameless = raw["model"].null_count()
    raw = raw.drop_nulls("model")
    board = raw.with_columns(_numbers(raw, source))
    board = board.with_columns(_interval_ends(board))
    unread = board.filter(pl.col("interval").is_not_null() & pl.col("low").is_null()).height
    rated = raw["rating"].null_count() < raw.height
    without = board.filter(pl.col("low").is_null()).height if rated else board.height
    if raw["rank"].null_count() == raw.height:
        board = board.with_columns(rank=pl.col("rating").rank("min", descending=True).cast(pl.Int64))
    rankless = board["rank"].null_count()
    board = board.drop_nulls("rank").sort("rank", "rating", "model", descending=[False, True, False], nulls_last=True)
    once = board.unique("model", keep="first", maintain_order=True)
    repeated = board.height - once.height
    board = once.with_columns(possible_ranks(once))
    licenses = [normalized_license(word) or None for word in board["license"]]
    openness = [openness_of(word).value for word in board["license"]]
    board = board.with_columns(
        license=pl.Series(licenses, dtype=pl.String), openness=pl.Series(openness, dtype=pl.String)
    )
    notes = (
        Adjustment("nameless", nameless, "models", "left out: no name"),
        Adjustment("no_rank", rankless, "models", "left out: neither rank nor rating"),
        Adjustment("repeated", repeated, "rows", "left out: further rows of a model, whose best rank counts"),
        Adjustment("interval_unread", unread, "models", "an interval in a form that is not known"),
        Adjustment("no_interval", without, "models", "without interval: taken at their rating"),
    )
    names = ("model", "rank", "rank_from", "rank_to", "rating", "low", "high", "license", "openness")
    return board.select(*names, written="organization"), notes


def _selected(frame: pl.DataFrame, source: str) -> pl.DataFrame:
    """Return the known columns as text, null if they are absent."""
    by_name = {name.casefold(): name for name in reversed(frame.columns)}
    chosen = {
        ours: next((by_name[one] for one in (ours, *names) if one in by_name), None) for ours, names in _ALIASES.items()
    }
    there = listed(frame.columns)
    faults = []
    if chosen["model"] is None:
        faults.append(
            Fault(source, f"has no column of models; it has {there}", "name it in columns={'theirs': 'model'}")
        )
    if chosen["rank"] is None and chosen["rating"] is None:
        remedy = "name one in columns={'theirs': 'rating'}"
        faults.append(Fault(source, f"has neither ranks nor ratings; it has {there}", remedy))
    if faults:
        raise PanelError(f"{source} cannot be read as a leaderboard", faults)
    texts = frame.select(
        (pl.lit(None) if name is None else pl.col(name)).cast(pl.String).str.strip_chars().alias(ours)
        for ours, name in chosen.items()
    )
    return texts.with_columns(pl.when(pl.all() != "").then(pl.all()))


def on_date(rows: pl.DataFrame, source: str, on: dt.date | None) -> tuple[pl.DataFrame, dt.date]:
    """Return the rows of one date, and the date; a board without dates takes the given one.

    Args:
        rows: See :func:`selected_rows`.
        source: What the board is, for errors.
        on: The date of the board; None for the only one of its date column.

    Raises:
        InvalidArgumentError: The date is missing or ambiguous.
    """
    known = rows["date"].drop_nulls().unique().sort()
    if not len(known):
        if on is None:
            raise InvalidArgumentError(f"on must be given: {source} has no column of dates; give the date of the board")
        return rows, on
    if undated := rows["date"].null_count():
        raise PanelError.of(f"{source}, column date", f"is empty in {undated} row(s)", "give a date or drop the rows")
    if on is None and len(known) == 1:
        on = known[0]
    if on is None or on not in known:
        listed = ", ".join(map(str, known[-5:]))
        remedy = "read_leaderboards reads all of them"
        raise InvalidArgumentError(
            f"on must be one of the {len(known)} dates of {source} ({listed}), got {on}; {remedy}"
        )
    return rows.filter(pl.col("date") == on), on


def _numbers(rows: pl.DataFrame, source: str) -> list[pl.Series]:
    """Return rank, rating, low and high as numbers; a rank is whole and positive, a rating is finite."""
    found = {
        name: rows[name].str.replace_all(",", "").cast(pl.Float64, strict=False)
        for name in ("rank", "rating", "low", "high")
    }
    wrong = {name: rows[name].is_not_null() & (found[name].is_null() | ~found[name].is_finite()) for name in found}
    rank = found["rank"]
    wrong["rank"] = (wrong["rank"] | (rank < 1) | (rank != rank.floor())).fill_null(False)
    rules = {"rank": "a whole number of 1 or more"}
    faults = [
        Fault(f"{source}, {rows['model'][place]!r}, column {name}", f"{name} must be {rules.get(name, 'a number')}, got {rows[name][place]!r}")
        for name, mask in wrong.items()
        for place in mask.fill_null(False).arg_true().to_list()[:_MOST_FAULTS]
    ]  # fmt: skip
    if faults:
        raise PanelError(f"{source} has a cell that cannot be read", faults)
    return [rank.cast(pl.Int64), *(found[name] for name in ("rating", "low", "high"))]


def _interval_ends(board: pl.DataFrame) -> list[pl.Series]:
    """Return the ends of the ratings' intervals, by their own columns or read from the text."""
    ends = [
        (row["low"], row["high"]) if row["interval"] is None else _ends_of(row["interval"], row["rating"])
        for row in board.iter_rows(named=True)
    ]
    return [
        pl.Series("low", [low for low, _ in ends], dtype=pl.Float64),
        pl.Series("high", [high for _, high in ends], dtype=pl.Float64),
    ]


def _ends_of(text: str, rating: float | None) -> tuple[float | None, float | None]:
    if found := _ENDS.fullmatch(text):
        return float(found[1]), float(found[2])
    for form, (down, up) in _FORMS:
        if rating is not None and (found := form.fullmatch(text)):
            return rating - float(found[down]), rating + float(found[up])
    return None, None


def possible_ranks(board: pl.DataFrame) -> list[pl.Series]:
    """Return between which ranks each model could be: it may be behind all whose interval reaches above its own.

    Args:
        board: rank, rating, low, high; without ratings a model has its own rank only.
    """
    rank = board["rank"]
    if board["rating"].null_count():
        return [rank.alias("rank_from"), rank.alias("rank_to")]
    low, high = board["low"].fill_null(board["rating"]), board["high"].fill_null(board["rating"])
    certainly_better = board.height - low.sort().search_sorted(high, side="right")
    possibly_better = board.height - high.sort().search_sorted(low, side="right")
    itself = (high > low).cast(pl.Int64)
    best = (certainly_better.cast(pl.Int64) + 1).alias("best")
    worst = (possibly_better.cast(pl.Int64) + 1 - itself).alias("worst")
    return [
        pl.DataFrame([best, rank]).min_horizontal().alias("rank_from"),
        pl.DataFrame([worst, rank]).max_horizontal().alias("rank_to"),
    ]


def distinct_names(written: str) -> Iterator[tuple[str, ...]]:
    """Yield the organizations of a cell, each as the names that it may have: ``Z.ai (Zhipu AI)`` is one under two names.

    Args:
        written: The cell.

    Example:
        >>> list(distinct_names("Nvidia, Nanjing University")), list(distinct_names("Z.ai (Zhipu AI)"))
        ([('Nvidia',), ('Nanjing University',)], [('Z.ai (Zhipu AI)', 'Z.ai', 'Zhipu AI')])
    """
    for part in re.split(r"(?:\s*[/,;&+|]\s*|\s+(?:and|x)\s+)(?![^()]*\))", written):
        found = re.fullmatch(r"(.+?)\s*\((.+)\)", part)
        if part:
            yield (part, found[1], *re.split(r"\s*[/,;|]\s*", found[2])) if found else (part,)
