"""The parts of a report page: sections with texts, pictures and tables."""

from __future__ import annotations

import base64
from typing import Any, Final, Literal

import attrs
import polars as pl

from ossgeo._core.display import Plottable
from ossgeo._core.text import percent, plain
from ossgeo.shares._names import label

_SHARES: Final = frozenset({"share", "lower", "upper", "lowest", "highest", "spread", "cumulative", "alternative"})
_LONGEST: Final = 200


@attrs.frozen
class Cell:
    """One cell of a table: its text, and the number to sort by; None for text."""

    text: str
    number: float | None = None


@attrs.frozen
class Sheet:
    """One table of the page."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@attrs.frozen
class Picture:
    """One picture as data URLs for light and dark, and its description in words."""

    light: str
    dark: str
    alt: str


@attrs.frozen
class Download:
    """A file that the page offers, as a data URL."""

    name: str
    url: str


@attrs.frozen
class Section:
    """One part of the page."""

    id: str
    title: str
    texts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Sheet, ...] = ()
    downloads: tuple[Download, ...] = ()
    code: str = ""


def sheet(caption: str, rows: pl.DataFrame) -> Sheet:
    """Return rows as a table of the page; the caption counts the rows that are not shown.

    Args:
        caption: The title of the table.
        rows: The rows; columns of shares are shown as percent.
    """
    shown = rows.head(_LONGEST)
    rest = rows.height - shown.height
    cells = tuple(tuple(_cell(name, value) for name, value in row.items()) for row in shown.iter_rows(named=True))
    names = tuple(name.replace("_", " ") for name in rows.columns)
    return Sheet(f"{caption} ({rest:,} more rows are not shown)" if rest else caption, names, cells)


def _cell(name: str, value: object) -> Cell:
    if isinstance(value, bool) or value is None or not isinstance(value, int | float):
        text = (
            "-" if value is None else label(value) if name == "country" and isinstance(value, str) else plain(value, 80)
        )
        return Cell(text)
    if name == "effect":
        return Cell(f"{100 * value:+.1f}", float(value))
    return Cell(percent(value, 2) if name in _SHARES else f"{value:,.0f}", float(value))


def picture(result: Plottable, words: str, *, kind: Literal["stacked", "map", "ranks"] | None = None) -> Picture:
    """Return the chart of a result in both themes.

    Args:
        result: A result with a chart.
        words: The description for readers who do not see the picture.
        kind: The kind of chart of a share table; None for the default.
    """
    import vl_convert

    options: dict[str, Any] = {} if kind is None else {"kind": kind}
    light, dark = (
        _data_url("image/svg+xml", vl_convert.vegalite_to_svg(result.plot(theme=theme, **options).to_dict()))
        for theme in ("light", "dark")
    )
    return Picture(light, dark, words)


def download(name: str, text: str) -> Download:
    """Return a CSV file that the page offers.

    Args:
        name: The name of the file.
        text: Its content.
    """
    return Download(name, _data_url("text/csv;charset=utf-8", text))


def _data_url(kind: str, text: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}"
