"""The parts of a report page: sections with texts, pictures and tables."""

from __future__ import annotations

import base64
import re
from typing import Final, Unpack

import attrs
import polars as pl

from ossgeo._core.display import PlotOptions, Plottable
from ossgeo._core.text import percent, plain, value_text
from ossgeo.plotting._style import dark_colors
from ossgeo.shares._names import label

_SHARES: Final = frozenset(
    {"share", "lower", "upper", "lowest", "highest", "spread", "cumulative", "alternative", "without"}
)
_POINTS: Final = frozenset({"effect", "spread"})
_LONGEST: Final = 200
_NARROW: Final = 344
_ADAPTED: Final = (
    (re.compile(r"(\d\.\d\d)\d+"), r"\1"),  # half the size
    (re.compile(r' (role="graphics-\w+"|aria-roledescription="[^"]*"|aria-hidden="true")'), ""),
    (re.compile(r' aria-label="'), ' data-tip="'),  # the figure has the description
    (re.compile(r"^<svg "), '<svg aria-hidden="true" '),
)
"""What changes in a picture that is part of a page: patterns and replacements."""
_COLOR: Final = re.compile(r"\"(#[0-9A-F]{6})\"")


ADDRESS: Final = re.compile(r"https?://[^\s<>|\\…]+")
"""A web address, which pages and Markdown show as a link; a shortened one is none."""


@attrs.frozen
class Cell:
    """One cell of a table: its text, and the number to sort by; None for text."""

    text: str
    number: float | None = None

    @property
    def is_address(self) -> bool:
        """Whether the whole text is a web address."""
        return ADDRESS.fullmatch(self.text) is not None


@attrs.frozen
class Sheet:
    """One table of the page."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()

    @property
    def numeric(self) -> frozenset[int]:
        """The places of the columns with numbers."""
        return frozenset(place for row in self.rows for place, cell in enumerate(row) if cell.number is not None)


@attrs.frozen
class Picture:
    """One picture as SVG, for wide and for narrow screens, and its description in words."""

    wide: str
    narrow: str
    alt: str


@attrs.frozen
class Download:
    """A file that the page offers, as a data URL."""

    name: str
    url: str


@attrs.frozen
class Section:
    """One part of the page.

    Attributes:
        id: Its anchor.
        title: Its title.
        texts: Paragraphs.
        pictures: Pictures, below the paragraphs.
        tables: Tables, below the pictures.
        downloads: Files that the page offers.
        code: A block of code.
        caveat: What readers must know about the headline; empty for none.
        weight: How many points of a share the caveat concerns, as a fraction.
    """

    id: str
    title: str
    texts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Sheet, ...] = ()
    downloads: tuple[Download, ...] = ()
    code: str = ""
    caveat: str = ""
    weight: float = 0.0


def sheet(caption: str, rows: pl.DataFrame, *, total: bool = False, longest: int = 80) -> Sheet:
    """Return rows as a table of the page; the caption counts the rows that are not shown.

    Args:
        caption: The title of the table.
        rows: The rows; columns of shares are shown as percent, differences of shares as points.
        total: Whether a last row has the sums of value and share.
        longest: The largest number of characters of a text.
    """
    shown = rows.head(_LONGEST)
    rest = rows.height - shown.height
    cells = [tuple(_cell(name, value, longest) for name, value in row.items()) for row in shown.iter_rows(named=True)]
    last: tuple[Cell, ...] = ()
    if total:
        sums = [rows[name].sum() if rows[name].dtype.is_numeric() else None for name in rows.columns]
        others = [_cell(name, value) for name, value in zip(rows.columns, sums, strict=True)][1:]
        last = (Cell("total"), *others)
    names = tuple(f"{name.replace('_', ' ')}{' (points)' if name in _POINTS else ''}" for name in rows.columns)
    return Sheet(f"{caption} ({rest:,} more rows are not shown)" if rest else caption, names, tuple(cells), last)


def _cell(name: str, value: object, longest: int = 80) -> Cell:
    if isinstance(value, bool) or value is None or not isinstance(value, int | float):
        known = name if name in ("country", "organization") else "country" if name.endswith("country") else None
        text = (
            "-" if value is None else label(value, known) if known and isinstance(value, str) else plain(value, longest)
        )
        return Cell(text)
    if name in _POINTS:
        return Cell(f"{100 * value:+.1f}" if name == "effect" else f"{100 * value:.1f}", float(value))
    return Cell(percent(value, 2) if name in _SHARES else value_text(value), float(value))


def picture(result: Plottable, words: str, **options: Unpack[PlotOptions]) -> Picture:
    """Return the chart of a result for wide and for narrow screens; the colors follow the theme of the page.

    Args:
        result: A result with a chart.
        words: The description for readers who do not see the picture.
        **options: Those of the picture.
    """
    wide, narrow = (_svg(result, options | {"width": width}) for width in (800, _NARROW))
    return Picture(wide, narrow, words)


def _svg(result: Plottable, options: PlotOptions) -> str:
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(result.plot(**options).to_dict(validate=False))
    for pattern, text in _ADAPTED:
        drawn = pattern.sub(text, drawn)
    dark = dark_colors()
    return _COLOR.sub(lambda found: f'"var(--{found[1][1:]})"' if found[1] in dark else found[0], drawn)


def download(name: str, text: str, kind: str = "text/csv;charset=utf-8") -> Download:
    """Return a file that the page offers.

    Args:
        name: The name of the file.
        text: Its content.
        kind: Its media type.
    """
    return Download(name, f"data:{kind};base64,{base64.b64encode(text.encode()).decode()}")
