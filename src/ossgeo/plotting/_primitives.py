"""The parts that pictures share: harmless data, colors, date axes, bars, and the frame of title, scope and sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import attrs
import polars as pl

from ossgeo._core.text import plain
from ossgeo.errors import InvalidArgumentError
from ossgeo.plotting._style import LARGEST, PADDING, Look, dashes, is_status, scale_of, shades

if TYPE_CHECKING:
    import altair as alt

HEIGHT: Final = 360
"""Height of a picture over time, by default."""

_ROW: Final = 26
_TALL_ROW: Final = 42
_LABEL: Final = 11
_FOOT: Final = 10
_AXIS_ROOM: Final = 44
_DAY_SPAN: Final = 130
_YEAR_SPAN: Final = 366 * 6
_LEAST_PLOT: Final = 110
_NAME_GAP: Final = 14
_MOST_PIXELS: Final = 64_000_000
"""Pixels of a plotting area. A PNG of twice the width and height, as the shell writes it, needs 20 bytes of memory for each."""


@attrs.frozen
class Area:
    """The plotting area of a picture in pixels.

    Attributes:
        width: Its width.
        height: Its height.
        left: The width of the axis left of it.
    """

    width: float
    height: float
    left: float = 0.0


def data_of(frame: pl.DataFrame) -> alt.Data:
    """Return rows as the data of a picture; dates are text, and text is harmless."""
    import altair as alt

    rows = [{name: _harmless(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _harmless(value: Any) -> Any:
    """Return a value without control characters: data goes into titles for screen readers and into tooltips, too."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return "\n".join(plain(line, 200) for line in value.split("\n")) if isinstance(value, str) else value


def hinted(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return rows with the column hint, which screen readers and the tooltips of pages read: name and text by default."""
    hint = pl.concat_str(columns or ("name", "text"), separator=": ", ignore_nulls=True)
    return rows.with_columns(hint=hint)


def color_by(groups: Sequence[str], look: Look, *, text: bool = False) -> alt.Color:
    """Return the colors of groups, the largest first; for text with enough contrast."""
    import altair as alt

    chosen = {group: look.text_color(color) if text else color for group, color in shades(groups).items()}
    domain, colors = scale_of({group: chosen[group] for group in groups})
    return alt.Color("group:N", scale=alt.Scale(domain=domain, range=colors), legend=None)


def dash_by(groups: Sequence[str]) -> alt.StrokeDash:
    """Return the line styles of groups."""
    import altair as alt

    domain, styles = scale_of(dashes(groups))
    return alt.StrokeDash("group:N", scale=alt.Scale(domain=domain, range=styles), legend=None)


def share_axis(look: Look, *, grid: bool = True, points: bool = False) -> alt.Axis:
    """Return the axis of shares in percent, or of differences of shares in points."""
    import altair as alt

    words: Any = {"labelExpr": "format(100 * datum.value, '+d') + ' pt'"} if points else {"format": "%"}
    return alt.Axis(title=None, grid=grid, labelFontSize=look.font(_LABEL), tickCount=3 if look.narrow else 5, **words)


def distinct(names: Iterable[str]) -> list[str]:
    """Return names for rows of a picture, of which equal ones are numbered: each row has a place of its own.

    Args:
        names: The names, in the order of the rows.

    Example:
        >>> distinct(["a", "b", "a"])
        ['a', 'b', 'a (2)']
    """
    found: dict[str, None] = {}
    for name in names:
        numbered = (name, *(f"{name} ({number})" for number in range(2, len(found) + 2)))
        found[next(one for one in numbered if one not in found)] = None
    return list(found)


def name_axis(look: Look, names: Sequence[str]) -> alt.Y:
    """Return the vertical scale of names in their order; narrow pictures write the names above the bars."""
    import altair as alt

    axis = None if look.narrow else alt.Axis(
        title=None, ticks=False, domain=False, labelLimit=0, labelPadding=_NAME_GAP - 4, labelFontSize=look.font(_LABEL)
    )  # fmt: skip
    return alt.Y("name:N", sort=list(names), axis=axis)


def names_above(data: Any, look: Look, height: Any) -> list[Any]:
    """Return the layer with the names above the bars of a narrow picture."""
    import altair as alt

    if not look.narrow:
        return []
    mark = alt.Chart(data).mark_text(
        align="left", dy=-0.42 * _TALL_ROW, fontSize=look.font(_LABEL), color=look.colors.ink
    )
    return [mark.encode(x=alt.value(0), y=height, text="name:N")]


def rows_height(look: Look, count: int) -> float:
    """Return the height of a picture with horizontal bars."""
    row = (_TALL_ROW if look.narrow else _ROW) * max(look.font_scale, 1)
    return look.height or max(row * count, 2 * row)


def margin(look: Look, names: Sequence[str] = ()) -> float:
    """Return the width of the axis left of the plotting area: of names, or of shares if there are none."""
    return 0.0 if names and look.narrow else look.room(names) + _NAME_GAP if names else _AXIS_ROOM * look.font_scale


def plot_width(look: Look, left: float, right: Sequence[str] = ()) -> float:
    """Return the width of the plotting area, so that the picture with the texts beside it has the width of the look.

    Args:
        look: The look.
        left: The width of the axis left of the area.
        right: The texts right of it.
    """
    return round(max(look.width - 2 * PADDING - left - look.room(right) - 12, _LEAST_PLOT))


def day_axis(periods: Sequence[dt.date], look: Look, width: float) -> alt.X:
    """Return the horizontal scale of days: days for short spans, months, or years; no label twice.

    Args:
        periods: The periods, in order.
        look: The look.
        width: The width of the plotting area in pixels.
    """
    import altair as alt

    most = max(int(width / (75 * look.font_scale)), 1)
    ticks, form = _ticks(periods, most)
    values = [alt.DateTime(year=day.year, month=day.month, date=day.day, utc=True) for day in ticks]
    axis = alt.Axis(title=None, values=values, format=form, labelFontSize=look.font(_LABEL), labelFlush=False)
    return alt.X("period:T", scale=alt.Scale(type="utc"), axis=axis)


def _ticks(periods: Sequence[dt.date], most: int) -> tuple[list[dt.date], str]:
    """Return the days of the ticks and their format."""
    first, last = periods[0], periods[-1]
    span = (last - first).days
    if span <= _DAY_SPAN:
        step = -(-len(periods) // most)
        return list(periods[::step]), "%-d %b" if first.year == last.year else "%-d %b %Y"
    starts = [dt.date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    inside = [day for day in starts if first <= day <= last]
    if span > _YEAR_SPAN:
        years = [day for day in inside if day.month == 1]
        return years[:: -(-len(years) // most)], "%Y"
    step = next(
        step
        for step in (1, 2, 3, 6, 12, 24, 48)
        if sum((day.month - 1 + 12 * day.year) % step == 0 for day in inside) <= most
    )
    return [day for day in inside if (day.month - 1 + 12 * day.year) % step == 0], "%b %Y"


def end_labels(rows: pl.DataFrame, look: Look, groups: Sequence[str], *, colored: bool) -> alt.Chart:
    """Return texts beside the last points: group, period, at (the height), text."""
    import altair as alt

    mark = alt.Chart(data_of(rows)).mark_text(
        aria=False, align="left", dx=8, fontSize=look.font(_LABEL), lineBreak="\n"
    )
    color = color_by(groups, look, text=True) if colored else alt.value(look.colors.ink)
    texts: alt.Chart = mark.encode(
        x=alt.X("period:T", scale=alt.Scale(type="utc")), y="at:Q", text="text:N", color=color
    )
    return texts


def bar_layers(rows: pl.DataFrame, look: Look, *, points: bool = False) -> tuple[list[Any], Area]:
    """Return horizontal bars in the order of the rows: group, name, figure, text; and their size."""
    import altair as alt

    names = distinct(look.name(one) for one in rows["name"])
    rows = rows.with_columns(name=pl.Series(names, dtype=pl.String))
    left = margin(look, names)
    width = plot_width(look, left)
    height = rows_height(look, rows.height)
    vertical = name_axis(look, names)
    data = data_of(hinted(rows.select("group", "name", "figure", "text")))
    room = look.room(rows["text"].to_list()) + 20
    scale = alt.Scale(domain=_roomy(rows["figure"], room / width), nice=False)
    colored = color_by(_largest_first(rows["group"].to_list()), look)
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("figure:Q", axis=share_axis(look, grid=False, points=points), scale=scale), y=vertical, color=colored,
        tooltip=["name:N", "text:N"], description="hint:N",
    )  # fmt: skip
    words: Any = {"aria": False, "fontSize": look.font(_LABEL), "color": look.colors.ink}
    positive = alt.Chart(data).transform_filter("datum.figure >= 0").mark_text(align="left", dx=4, **words)
    negative = alt.Chart(data).transform_filter("datum.figure < 0").mark_text(align="right", dx=-4, **words)
    texts = [mark.encode(x="figure:Q", y=vertical, text="text:N") for mark in (positive, negative)]
    return [bars, *texts, *names_above(data, look, vertical)], Area(width, height, left)


def _largest_first(groups: Sequence[str]) -> list[str]:
    return [*(one for one in groups if not is_status(one)), *(one for one in groups if is_status(one))]


def _roomy(figures: pl.Series, part: float) -> list[float]:
    """Return a range with room for the texts, which take a part of the width, at the ends that have bars."""
    low, high = min(float(figures.min() or 0), 0.0), max(float(figures.max() or 0), 0.0)  # type: ignore[arg-type]
    sides = (low < 0) + (high > 0)
    room = (high - low or 1.0) * part / max(1 - sides * part, 0.2)
    return [low - room if low < 0 else 0.0, high + room if high > 0 or low == 0 else 0.0]


def framed(
    layers: Sequence[Any], look: Look, area: Area, *, title: str, subtitle: Sequence[str],
    foot: Sequence[str], below: float = 34, map_of: Literal["equalEarth"] | None = None,
) -> alt.LayerChart:  # fmt: skip
    """Return layers as one chart with title, subtitle and footer.

    Args:
        layers: The layers.
        look: The look; its title and subtitle take precedence.
        area: The plotting area.
        title: The finding.
        subtitle: The measured quantity, then the scope and remarks, one text for each.
        foot: Coverage, source, method, one text for each.
        below: Distance of the footer from the plotting area.
        map_of: The projection of a map; None for other charts.

    Raises:
        InvalidArgumentError: The picture is larger than a renderer can draw in the memory of a small machine.
    """
    import altair as alt

    if max(area.width, area.height) > LARGEST or area.width * area.height > _MOST_PIXELS:
        raise InvalidArgumentError(
            f"a picture of {area.width:,.0f} x {area.height:,.0f} pixels cannot be drawn, only one of at most {LARGEST:,} "
            f"in each direction and {_MOST_PIXELS:,} in all; give a smaller width or height, or fewer groups with top"
        )

    colors = look.colors
    head = [look.subtitle or subtitle[0], *subtitle[1:]]
    notes = [line for text in foot for line in look.lines(text, _FOOT)]
    written = alt.Chart(data_of(pl.DataFrame({"foot": [""]}))).mark_text(
        aria=False, align="left", baseline="top", fontSize=look.font(_FOOT), color=colors.faint, text=notes,
        lineHeight=look.font(_FOOT) * 1.35,
    )  # fmt: skip
    layer = alt.layer(*layers, written.encode(x=alt.value(-area.left), y=alt.value(area.height + below)))
    layer = layer.resolve_scale(color="independent") if map_of is None else layer.project(type=map_of)
    named = look.title or title
    words = alt.TitleParams(
        look.lines(named, 17), subtitle=[line for text in head for line in look.lines(text, 12)], anchor="start",
        frame="bounds", color=colors.ink, subtitleColor=colors.faint, fontSize=look.font(16), subtitleFontSize=look.font(12),
        subtitleLineHeight=look.font(12) * 1.3, offset=14,
    )  # fmt: skip
    settings: Mapping[str, Any] = {
        "labelColor": colors.ink, "titleColor": colors.ink, "gridColor": colors.faint, "gridOpacity": 0.25,
        "domainColor": colors.faint, "tickColor": colors.faint, "titleFontWeight": "normal", "titleFontSize": look.font(_LABEL),
        "labelFontSize": look.font(_LABEL),
    }  # fmt: skip
    description = plain(". ".join([named, *head]), 600)
    chart: alt.LayerChart = (
        layer.properties(title=words, width=area.width, height=area.height, description=description)
        .configure(background=colors.paper, padding=PADDING, font="DejaVu Sans, Noto Sans, Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(**settings)
    )
    return chart
