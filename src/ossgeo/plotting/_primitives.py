"""What pictures are made of: harmless data, colors, footers, bars."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl

from ossgeo.plotting._style import WIDTH, color_of, colors, footer, plain
from ossgeo.shares._table import ShareTable

ROW: Final = 26
"""Height of a bar with its gap."""

HEIGHT: Final = 360
"""Height of a picture over time."""


def data_of(frame: pl.DataFrame) -> Any:
    """Return rows as the data of a picture; dates are text, and text is harmless."""
    import altair as alt

    rows = [{name: _harmless(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _harmless(value: Any) -> Any:
    """Data goes into titles for screen readers and into tooltips, too."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return plain(value, 200) if isinstance(value, str) else value


def color_by(groups: list[str]) -> Any:
    """Return the colors of groups."""
    import altair as alt

    return alt.Color(
        "group:N",
        scale=alt.Scale(domain=[plain(group, 200) for group in groups], range=[color_of(group) for group in groups]),
        legend=None,
    )


def footer_of(table: ShareTable | Any) -> Any:
    """Return the footer of a result, which is placed below the axis."""
    import altair as alt

    coverage = str(table.coverage) if isinstance(table, ShareTable) else ""
    return {"title": footer(table.method, coverage), "titleAlign": "left", "titleAnchor": "start", "titlePadding": 14,
            "titleColor": alt.Undefined}  # fmt: skip


def bar_chart(rows: pl.DataFrame, foot: Any, theme: str) -> Any:
    """Horizontal bars in the order of the rows: group, name, figure (a share), text."""
    import altair as alt

    names = rows["name"].to_list()
    height = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False))
    data = data_of(rows.select("group", "name", "figure", "text"))
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("figure:Q", axis=alt.Axis(format="%", **foot), scale=alt.Scale(domain=_roomy(rows["figure"]), nice=False)),
        y=height, color=color_by(rows["group"].to_list()),
        tooltip=["name:N", "text:N"],
    )  # fmt: skip
    positive = alt.Chart(data).transform_filter("datum.figure >= 0")
    negative = alt.Chart(data).transform_filter("datum.figure < 0")
    words: Any = {"fontSize": 11, "color": colors(theme).ink}
    right = positive.mark_text(align="left", dx=4, **words).encode(x="figure:Q", y=height, text="text:N")
    left = negative.mark_text(align="right", dx=-4, **words).encode(x="figure:Q", y=height, text="text:N")
    return alt.layer(bars, right, left).properties(width=WIDTH, height=max(ROW * rows.height, 2 * ROW))


def _roomy(figures: pl.Series) -> list[float]:
    """Return a range with room for the labels at both ends."""
    low, high = min(float(figures.min() or 0), 0.0), max(float(figures.max() or 0), 0.0)  # type: ignore[arg-type]
    room = (high - low or 1.0) * 0.12
    return [low - room if low < 0 else 0.0, high + room if high > 0 else 0.0]
