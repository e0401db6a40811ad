"""How pictures look: one color a country, greys for statuses, text that cannot break out."""

from __future__ import annotations

import textwrap
import unicodedata
import zlib
from collections.abc import Sequence
from typing import Any, Final, Literal

import attrs

from ossgeo._core.method import Method
from ossgeo.errors import InvalidArgumentError, UnknownCountryError
from ossgeo.registry._countries import Country
from ossgeo.shares._grouping import STATUSES

Theme = Literal["light", "dark"]

WIDTH: Final = 640
OTHERS: Final = "all others"
"""The group that holds what is not drawn by itself."""

# Colors that people with any color vision can tell apart (M. Okabe and K. Ito, "Color Universal Design", 2008), and that
# differ in lightness, so that they stay apart in black and white.
_FIXED: Final = {
    "US": "#0072B2", "CN": "#D55E00", "FR": "#56B4E9", "DE": "#E69F00", "GB": "#009E73", "JP": "#CC79A7", "KR": "#8C6D1F",
    "CA": "#B22222", "IL": "#5B4FA2", "AE": "#2F8F8F", "CH": "#A65628", "IN": "#F0A3C0", "SG": "#4D7C0F",
}  # fmt: skip
_MORE: Final = (
    "#7A5195",
    "#3B8686",
    "#BC5090",
    "#6B8E23",
    "#CD853F",
    "#4682B4",
    "#9A7D0A",
    "#C0504D",
    "#4F6228",
    "#7F6084",
)
_GREYS: Final = {
    "unreviewed": "#8A8A8A", "unknown": "#A8A8A8", "individual": "#6E6E6E", "international": "#BDBDBD", OTHERS: "#D6D6D6",
}  # fmt: skip
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])
_LONGEST: Final = 40


@attrs.frozen
class Colors:
    """The colors of a theme.

    Attributes:
        paper: Background.
        ink: Text and the zero line.
        faint: Grid and footer.
    """

    paper: str
    ink: str
    faint: str


_THEMES: Final = {"light": Colors("#FFFFFF", "#1A1A1A", "#6B6B6B"), "dark": Colors("#15181C", "#F0F0F0", "#A6ADB5")}


def colors(theme: str) -> Colors:
    """Return a theme's colors.

    Args:
        theme: ``light`` or ``dark``.

    Raises:
        InvalidArgumentError: The theme is unknown.
    """
    if theme not in _THEMES:
        raise InvalidArgumentError(f"theme={theme!r} is neither 'light' nor 'dark'")
    return _THEMES[theme]


def color_of(group: str) -> str:
    """Return a group's color, the same in every picture."""
    if group in _GREYS:
        return _GREYS[group]
    return _FIXED.get(group) or _MORE[zlib.crc32(group.encode()) % len(_MORE)]


def dash_of(group: str) -> list[int]:
    """Return a group's kind of line, so that lines can be told apart without color."""
    place = list(_FIXED).index(group) if group in _FIXED else zlib.crc32(group.encode())
    return list(_DASHES[place % len(_DASHES)])


def plain(text: object, longest: int = _LONGEST) -> str:
    """Return text that is safe in a chart: shortened, without control characters and direction marks.

    Args:
        text: Any text, also a hostile one.
        longest: How many signs at most.
    """
    kept = "".join(sign for sign in str(text) if unicodedata.category(sign)[0] != "C")
    return kept if len(kept) <= longest else f"{kept[: longest - 1]}…"


def label(group: str) -> str:
    """Return the label of a group: the name of a country, or the group itself."""
    if group in STATUSES or group == OTHERS:
        return group
    try:
        return plain(Country(group).name)
    except UnknownCountryError:
        return plain(group)


def footer(method: Method, coverage: str = "") -> list[str]:
    """Return source, method and coverage as short lines."""
    said = [
        f"Source: {plain(method.source, 90)}" if method.source else "",
        f"Method: {method.calculator}, attribution {method.attribution}, {method.counting} counting, denominator "
        f"{method.denominator}{f', window {method.window}d' if method.window else ''}"
        f"{f', age cap {method.age_cap}d' if method.age_cap else ''}"
        f"{f', where {method.where}' if method.where else ''}; registry {method.registry}, ossgeo {method.version}",
        f"Coverage: {coverage}" if coverage else "",
    ]
    return [line for text in said if text for line in textwrap.wrap(plain(text, 400), 118)]


def spaced(values: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Move label positions apart so that none covers another, as little as possible, within a range.

    Args:
        values: Where the labels belong.
        least: The least distance.
        low: The lowest position allowed.
        high: The highest.
    """
    order = sorted(range(len(values)), key=lambda place: values[place])
    found = list(values)
    for before, place in zip([None, *order], order, strict=False):
        found[place] = max(found[place], low if before is None else found[before] + least)
    for after, place in zip([None, *reversed(order)], reversed(order), strict=False):
        found[place] = min(found[place], high if after is None else found[after] - least)
    return found


def styled(chart: Any, theme: str, title: str, subtitle: str | Sequence[str]) -> Any:
    """Give a chart its title and the theme's colors.

    Args:
        chart: An Altair chart.
        theme: ``light`` or ``dark``.
        title: The title.
        subtitle: What the figures are; several lines where given.
    """
    import altair as alt

    ink = colors(theme)
    said = [subtitle] if isinstance(subtitle, str) else subtitle
    lines = [line for text in said for line in textwrap.wrap(plain(text, 300), 118)]
    words = alt.TitleParams(
        plain(title, 90), subtitle=lines, anchor="start", color=ink.ink,
        subtitleColor=ink.faint, fontSize=16, subtitleFontSize=12, offset=12,
    )  # fmt: skip
    return (
        chart.properties(title=words)
        .configure(background=ink.paper, padding=16, font="DejaVu Sans, Noto Sans, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink.ink, titleColor=ink.faint, gridColor=ink.faint, gridOpacity=0.25, domainColor=ink.faint,
            tickColor=ink.faint, titleFontWeight="normal", titleFontSize=10, labelFontSize=11, labelLimit=220,
        )
    )  # fmt: skip
