"""Tables as text, Markdown and HTML: one format for each kind of figure, and one line for the rows that are not shown."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final, Literal

import polars as pl

from ossgeo._core.dates import day_of
from ossgeo.errors import InvalidArgumentError

Format = Literal["text", "share", "change", "points", "width", "number", "count"]
"""How a column prints: text; a fraction as percent; a relative change as signed percent; a difference of shares as signed
points; a range of shares as points; a number with three decimals; a number without decimals."""

_LONGEST: Final = 60
_SMALL: Final = 100
_HUNDREDTH: Final = 0.01
_BAR: Final = re.compile(r"(?<!\\)\|")
"""A bar that is not escaped."""
SHOWN: Final = 10
"""How many rows of a result are printed."""
_SPACED: Final = "padding:2px 12px 2px 0;vertical-align:top;text-align:"
"""The style of a cell, up to its alignment."""
_UNBROKEN: Final = ";white-space:nowrap"
_BROKEN: Final = ";overflow-wrap:anywhere"
_SHORT: Final = 14
"""A cell of fewer characters, such as a date, is not broken into lines."""
_LONG_WORD: Final = 40
"""A cell with a longer word, such as an address, may be broken anywhere, so that it leaves room to the others."""


def percent(share: float | None, digits: int = 1) -> str:
    """Return a fraction as percent; one that is above zero never reads as zero.

    Args:
        share: The fraction; None if unknown.
        digits: Decimal places.

    Example:
        >>> percent(0.1821), percent(0.00001), percent(0.0), percent(None)
        ('18.2%', '<0.1%', '0.0%', '-')
    """
    if share is None:
        return "-"
    text = f"{share:.{digits}%}"
    least = 10.0**-digits
    return f"<{least:.{digits}f}%" if share > 0 and float(text.rstrip("%")) == 0 else text


def plural(noun: str) -> str:
    """Return the plural of a noun such as a key of a table.

    Example:
        >>> plural("country"), plural("model")
        ('countries', 'models')
    """
    return f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"


def counted(number: float, noun: str) -> str:
    """Return a number with its noun, in the singular for one.

    Args:
        number: The number.
        noun: The noun in the plural; words may follow it.

    Example:
        >>> counted(1, "rows"), counted(1234, "rows"), counted(1, "countries"), counted(1, "rows of a model")
        ('1 row', '1,234 rows', '1 country', '1 row of a model')
    """
    first, space, rest = noun.partition(" ")
    if number == 1:
        first = f"{first[:-3]}y" if first.endswith("ies") and first != "series" else first.removesuffix("s")
    return f"{number:,.0f} {first}{space}{rest}"


def times(number: int) -> str:
    """Return a number of times in words.

    Example:
        >>> times(1), times(2), times(7)
        ('once', 'twice', '7 times')
    """
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def points(difference: float | None) -> str:
    """Return a difference of shares as signed points, ``-`` for None.

    Example:
        >>> points(0.118), points(-0.02)
        ('+11.8 points', '-2.0 points')
    """
    return "-" if difference is None else f"{100 * difference:+.1f} points"


def printable(value: object) -> str:
    """Return a value as text, with a replacement character for each control character."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in str(value))


def plain(text: object, longest: int = _LONGEST) -> str:
    """Return text that is safe in charts and pages: shortened, without control characters and direction marks.

    Args:
        text: Any text, also a hostile one.
        longest: The largest number of characters.
    """
    kept = "".join(sign for sign in str(text) if unicodedata.category(sign)[0] != "C")
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def plain_id(text: object, longest: int = _LONGEST) -> str:
    """Return an id as :func:`plain` text, shortened in its middle: ids of one family differ at their end.

    Args:
        text: The id.
        longest: The largest number of characters.

    Example:
        >>> plain_id("lab/a-long-name-7B-GGUF", 16)
        'lab/a-lo…7B-GGUF'
    """
    kept = plain(text, 10_000)
    half = longest // 2
    return kept if len(kept) <= longest else f"{kept[:half]}…{kept[half + 1 - longest :]}"


def value_text(value: float | None) -> str:
    """Return a value: whole numbers and large ones without decimals, small fractions with two.

    Example:
        >>> value_text(1234.0), value_text(0.55), value_text(0.001), value_text(None)
        ('1,234', '0.55', '<0.01', '-')
    """
    if value is None:
        return "-"
    if value == round(value) or abs(value) >= _SMALL:
        return f"{value:,.0f}"
    return f"<{_HUNDREDTH}" if 0 < value < _HUNDREDTH / 2 else f"{value:,.2f}"


_FORMATS: Final[Mapping[Format, Callable[[Any], str]]] = {
    "text": printable,
    "share": percent,
    "change": lambda value: f"{value:+.1%}",
    "points": lambda value: f"{100 * value:+.1f}",
    "width": lambda value: f"{100 * value:.1f}",
    "number": lambda value: f"{value:,.3f}",
    "count": value_text,
}


def period_of(frame: pl.DataFrame, period: dt.date | str | None) -> dt.date:
    """Return a period of a frame; the latest one by default.

    Args:
        frame: Has the column period.
        period: The period, as a date or ISO text, or None.

    Raises:
        InvalidArgumentError: The frame does not have the period, or has none.
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
        raise InvalidArgumentError(f"period must be one of {known[0]} .. {known[-1]}, got {day}")
    return day


def text_table(rows: pl.DataFrame, formats: Mapping[str, Format]) -> str:
    """Return the first rows as aligned text, and how many more there are.

    Args:
        rows: The rows.
        formats: The columns that are shown, in order, each with its format.
    """
    header, body = _header(formats), _body(rows, formats)
    widths = [max(len(line[place]) for line in [header, *body]) for place in range(len(header))]
    left = [form == "text" for form in formats.values()]
    lines = [
        "  ".join(
            cell.ljust(width) if at_left else cell.rjust(width)
            for cell, width, at_left in zip(line, widths, left, strict=True)
        ).rstrip()
        for line in [header, *body]
    ]
    return "\n".join([*lines, *_remainder(rows)])


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table; bars and line breaks within cells are escaped.

    Args:
        header: The names of the columns.
        rows: The text of each cell.
    """
    return [_markdown_row(header), f"|{'---|' * len(header)}", *map(_markdown_row, rows)]


def _markdown_row(cells: Sequence[str]) -> str:
    plain = (_BAR.sub(r"\\|", cell.replace("\n", " ")) for cell in cells)
    return f"| {' | '.join(plain)} |"


def html_cells(header: Sequence[str], body: Iterable[Sequence[str]], *, left: Sequence[bool] | None = None) -> str:
    """Return texts as an HTML table; every text is escaped.

    It has its own spacing, since not every notebook gives tables one, follows the colors of the page, and scrolls if it is wide.

    Args:
        header: The names of the columns.
        body: The texts of each row.
        left: Whether each column is aligned at the left; by default all are.
    """
    sides = ["left" if at_left else "right" for at_left in left or [True] * len(header)]

    def row(tag: str, cells: Sequence[str], style: str = "") -> str:
        styled = zip(cells, sides, strict=True)
        return "".join(
            f'<{tag} style="{_SPACED}{side}{style}{_breaks(cell)}">{escape(cell)}</{tag}>' for cell, side in styled
        )

    head = row("th", header, ";border-bottom:1px solid")
    lines = "".join(f"<tr>{row('td', cells)}</tr>" for cells in body)
    table = f'<table style="border-collapse:collapse"><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>'
    return f'<div style="max-width:100%;overflow-x:auto">{table}</div>'


def _breaks(cell: str) -> str:
    """Return the style that determines where a cell may be broken into lines."""
    if len(cell) < _SHORT:
        return _UNBROKEN
    return _BROKEN if max(map(len, cell.split()), default=0) > _LONG_WORD else ""


def html_table(rows: pl.DataFrame, formats: Mapping[str, Format]) -> str:
    """Return the first rows as an HTML table, and how many more there are; every text is escaped.

    Args:
        rows: The rows.
        formats: The columns that are shown, in order, each with its format.
    """
    left = [form == "text" for form in formats.values()]
    remainder = "".join(f"<p>{line}</p>" for line in _remainder(rows))
    return html_cells(_header(formats), _body(rows, formats), left=left) + remainder


def html_frame(rows: pl.DataFrame) -> str:
    """Return the first rows of any frame as an HTML table, with formats by the names and types of the columns.

    Args:
        rows: The rows.
    """
    return html_table(
        rows.with_columns(pl.col(pl.List(pl.String)).list.join(", ")),
        {name: _format_of(name, dtype) for name, dtype in rows.schema.items()},
    )


def _format_of(name: str, dtype: pl.DataType) -> Format:
    if not dtype.is_numeric():
        return "text"
    return "share" if name == "share" else "count" if dtype.is_integer() or name == "value" else "number"


def _header(formats: Mapping[str, Format]) -> list[str]:
    return [f"{name} (points)" if form in ("points", "width") else name for name, form in formats.items()]


def _body(rows: pl.DataFrame, formats: Mapping[str, Format]) -> list[list[str]]:
    return [
        ["-" if value is None else _FORMATS[form](value) for value, form in zip(row, formats.values(), strict=True)]
        for row in rows.head(SHOWN).select(list(formats)).iter_rows()
    ]


def _remainder(rows: pl.DataFrame) -> list[str]:
    return [f"and {rows.height - SHOWN:,} more"] if rows.height > SHOWN else []
