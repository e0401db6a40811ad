"""The look of pictures: size, theme, distinct colors, and text that fits and cannot break out."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, get_args

import attrs

from ossgeo._core.text import plain, plain_id
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._grouping import STATUSES

Theme = Literal["light", "dark"]

WIDTH: Final = 800
"""Width of a picture in pixels, by default."""

PADDING: Final = 16
"""Empty space around a picture, in pixels."""

OTHERS: Final = "all others"
"""The group that holds the groups that are not drawn separately."""

# Eight colors after M. Okabe and K. Ito, "Color Universal Design" (2008), which people with any color vision can tell
# apart; orange and pink are darkened to a contrast of 3:1 on white (WCAG 2.2, 1.4.11).
PALETTE: Final = ("#0072B2", "#D55E00", "#009E73", "#B5628F", "#B8860B", "#4BA3D9", "#5B4FA2", "#7A4A2B")
_FIXED: Final = dict(zip(("US", "CN", "FR", "DE", "GB", "JP", "KR", "CA"), PALETTE, strict=True))
_GRAYS: Final = {
    "unreviewed": "#8A8A8A", "unknown": "#9E9E9E", "individual": "#6E6E6E", "international": "#B0B0B0",
    "residual": "#7C7C7C", OTHERS: "#C2C2C2",
}  # fmt: skip
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 4], [1, 3], [10, 4], [3, 1])
# One hue, from light to dark (dark to light on dark paper): the order is visible in black and white, too. The last two are
# countries without a share and areas without a code.
MAP_SHADES: Final = {
    "light": ("#D6E6F4", "#A9CDE7", "#74AED6", "#3F86BF", "#1B5A9A", "#0A2A5C", "#E9E9E9", "#B9B9B9"),
    "dark": ("#1F3A55", "#2E628F", "#4389BE", "#75B3DF", "#A9D4F0", "#E8F5FD", "#33383E", "#5A6068"),
}
_NARROW: Final = 520
_SHORT: Final = 18
_LINE: Final = 15
_LETTER: Final = 0.56
"""Mean width of a letter, as a part of the font size."""
_READABLE: Final = 4.5
"""Least contrast of text (WCAG 2.2, 1.4.3)."""


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


LARGEST: Final = 20_000
"""Pixels of a width or height; renderers fail on more."""


def _within(low: float, high: float) -> Any:
    """Return a validator of a finite number within a range."""

    def check(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
        if value is None:
            return
        if not isinstance(value, int | float) or isinstance(value, bool) or not low <= value <= high:
            raise InvalidArgumentError(f"{attribute.name} must be a number from {low:g} to {high:g}, got {value!r}")

    return check


def _text(_: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidArgumentError(f"{attribute.name} must be text, got {value!r}")


@attrs.frozen
class Look:
    """The options that every picture has; see :class:`ossgeo.plotting.PlotOptions`.

    Attributes:
        theme: ``light`` or ``dark``.
        title: The title; None for the finding.
        subtitle: The first line below the title; None for the measured quantity. The scope always follows it.
        width: Width of the picture in pixels, from 100 to 20,000.
        height: Height of the plotting area in pixels, from 10 to 20,000; None for the height that fits the data.
        font_scale: Factor on all font sizes, from 0.1 to 10.
    """

    theme: Theme = "light"
    title: str | None = attrs.field(default=None, validator=_text)
    subtitle: str | None = attrs.field(default=None, validator=_text)
    width: float = attrs.field(default=WIDTH, validator=_within(100, LARGEST))
    height: float | None = attrs.field(default=None, validator=_within(10, LARGEST))
    font_scale: float = attrs.field(default=1.0, validator=_within(0.1, 10))

    def __attrs_post_init__(self) -> None:
        """Check the theme."""
        if self.theme not in get_args(Theme):
            raise InvalidArgumentError(f"theme must be 'light' or 'dark', got {self.theme!r}")

    @property
    def colors(self) -> Colors:
        """The colors of the theme."""
        return _THEMES[self.theme]

    @property
    def narrow(self) -> bool:
        """Whether names stand above bars instead of beside them."""
        return self.width < _NARROW

    def font(self, size: float) -> float:
        """Return a font size in pixels."""
        return round(size * self.font_scale, 1)

    def lines(self, text: object, size: float) -> list[str]:
        """Return text in lines that fit the width of the picture.

        Args:
            text: Any text.
            size: The font size before scaling.
        """
        letters = int((self.width - 2 * PADDING) / (_LETTER * self.font(size)))
        return textwrap.wrap(plain(text, 600), max(letters, 20))

    def room(self, texts: Iterable[str], size: float = 11) -> float:
        """Return the width of the longest text in pixels."""
        return max((text_width(line) for text in texts for line in text.split("\n")), default=0.0) * self.font(size)

    def wrapped(self, text: str) -> str:
        """Return a label with line breaks in a narrow picture."""
        return "\n".join(textwrap.wrap(text, _SHORT, break_long_words=False)) if self.narrow else text

    def name(self, text: str, part: float | None = None) -> str:
        """Return a name that fits into a part of the width, shortened in its middle.

        Args:
            text: The name.
            part: The part of the width; by default all of it for names above bars, and half of it for those beside bars.
        """
        room = (self.width - 2 * PADDING) * (part or (1 if self.narrow else 0.5))
        return plain_id(text, max(int(room / (_LETTER * self.font(11))), 12))

    def label_gap(self, texts: Iterable[str]) -> float:
        """Return the distance in pixels at which labels do not cover each other."""
        return self.font(_LINE) * max((text.count("\n") + 1 for text in texts), default=1)

    def text_color(self, color: str) -> str:
        """Return a color of the same hue that text can have on the paper."""
        return readable(color, self.colors)


def text_width(text: str) -> float:
    """Return the width of a text as a multiple of the font size; East Asian letters are twice as wide."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WF" else _LETTER for letter in text)


def shades(groups: Sequence[str]) -> dict[str, str]:
    """Return a color for each group: countries with a fixed color have it, the others take the free ones in order.

    Of nine groups and more, colors repeat; line styles then tell them apart.

    Args:
        groups: The groups, the largest first.
    """
    found = {group: _GRAYS[group] for group in groups if group in _GRAYS}
    found |= {group: _FIXED[group] for group in groups if group in _FIXED}
    rest = [group for group in groups if group not in found]
    free = [color for color in PALETTE if color not in found.values()] or list(PALETTE)
    cycle = [*free, *PALETTE]
    return found | {group: cycle[at % len(cycle)] for at, group in enumerate(rest)}


def dashes(groups: Sequence[str]) -> dict[str, list[int]]:
    """Return a line style for each group, so that lines differ without color.

    Args:
        groups: The groups, the largest first.
    """
    return {group: list(_DASHES[at % len(_DASHES)]) for at, group in enumerate(groups)}


def is_status(group: str) -> bool:
    """Return whether a group is an origin status or holds all others."""
    return group in STATUSES or group == OTHERS


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors, 1 to 21.

    Source: Web Content Accessibility Guidelines 2.2, "contrast ratio".

    Example:
        >>> round(contrast("#000000", "#FFFFFF")), round(contrast("#6B6B6B", "#FFFFFF"), 1)
        (21, 5.3)
    """
    low, high = sorted(_luminance(color) for color in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]  # noqa: PLR2004
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def readable(color: str, theme: Colors) -> str:
    """Return a color mixed with the ink until text in it has a contrast of 4.5:1 on the paper.

    Args:
        color: The color, as ``#RRGGBB``.
        theme: The colors of the theme.
    """
    for step in range(11):
        pairs = [(int(color[at : at + 2], 16), int(theme.ink[at : at + 2], 16)) for at in (1, 3, 5)]
        mixed = "#" + "".join(f"{round(own + (ink - own) * step / 10):02X}" for own, ink in pairs)
        if contrast(mixed, theme.paper) >= _READABLE:
            return mixed
    return theme.ink


def spaced(values: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Move label positions apart so that none covers another, as little as possible, within a range.

    Args:
        values: The positions of the labeled points.
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


def scale_of(values: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
    """Return the domain and the range of a scale by group."""
    return [plain(group, 200) for group in values], list(values.values())


def dark_colors() -> dict[str, str]:
    """Return the color on dark paper for each color of a picture on light paper that differs there."""
    light, dark = _THEMES["light"], _THEMES["dark"]
    fixed = {getattr(light, name): getattr(dark, name) for name in ("paper", "ink", "faint")}
    texts = {readable(color, light): readable(color, dark) for color in (*PALETTE, *_GRAYS.values())}
    shapes = dict(zip(MAP_SHADES["light"], MAP_SHADES["dark"], strict=True))
    return texts | shapes | fixed
