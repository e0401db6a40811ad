"""The world map of a share table's last period."""

from __future__ import annotations

from bisect import bisect_right
from functools import cache
from typing import Any, Final

import polars as pl

from ossgeo._core import DATA
from ossgeo._core.text import percent
from ossgeo.errors import InvalidArgumentError
from ossgeo.plotting._primitives import data_of, footer_of
from ossgeo.plotting._style import WIDTH, colors, label, styled
from ossgeo.registry._countries import Country
from ossgeo.shares._grouping import RULES, STATUSES
from ossgeo.shares._table import ShareTable

MAPPED: Final = ("country", *RULES)
"""Keys whose groups are countries."""

_FOLDER: Final = DATA / "world"
_STEPS: Final = (0.001, 0.01, 0.05, 0.2)
_WORDS: Final = ("under 0.1 %", "0.1 to 1 %", "1 to 5 %", "5 to 20 %", "20 % and more")
# One hue, from light to dark (dark to light on dark paper): the order is told in black and white, too.
_SHADES: Final = {
    "light": ("#D6E6F4", "#9CC5E3", "#5A9BCB", "#2468A8", "#0B3268"),
    "dark": ("#1F3A55", "#2E628F", "#4A93C6", "#8CC3E8", "#DDEFFB"),
}
_EMPTY: Final = {"light": "#E9E9E9", "dark": "#33383E"}
_NO_CODE: Final = {"light": "#B9B9B9", "dark": "#5A6068"}
_ANTARCTICA: Final = "010"
_ROOM: Final = (26.0, 9.0)
_TALL: Final = 300
_ABOVE: Final = 6.0
_LEAST: Final = 0.0005
_NOTE: Final = (
    "Shapes: Natural Earth, by de facto control, without a position on claims. Middle gray: areas without a "
    "code of ISO 3166; light gray: countries without a share. Dots: countries too small to be seen."
)


@cache
def _shapes() -> str:
    """Return the shapes as TopoJSON text: Altair copies lists several times for each chart, which takes seconds."""
    return (_FOLDER / "countries-110m.json").read_text(encoding="utf-8")


@cache
def places() -> pl.DataFrame:
    """Return where countries lie: country, longitude, latitude (degrees), dot (whether it is too small for its shape)."""
    return pl.read_csv(_FOLDER / "places.csv")


def draw_world(table: ShareTable, *, top: int, theme: str) -> Any:
    """Draw the shares of the last period on a map; the largest are labeled if there is room.

    Raises:
        InvalidArgumentError: The groups are not countries.
    """
    import altair as alt

    key, day = table.keys[0], table.periods[-1]
    if key not in MAPPED:
        raise InvalidArgumentError(f"kind='map' does not fit a table by {key}: it draws countries")
    shares = table.to_polars().filter(pl.col("period") == day, pl.col("share") > 0).select("share", country=key)
    named = shares.filter(~pl.col("country").is_in(STATUSES)).sort("share", "country", descending=[True, False])
    rows = named.join(places(), on="country", how="left", maintain_order="left").with_columns(
        pl.Series("name", [label(one) for one in named["country"]], dtype=pl.String),
        pl.Series("numeric", [Country(one).numeric for one in named["country"]], dtype=pl.String),
        pl.Series("text", [percent(one) for one in named["share"]], dtype=pl.String),
        pl.Series("step", [_WORDS[bisect_right(_STEPS, one)] for one in named["share"]], dtype=pl.String),
    )
    ink, paper = colors(theme).ink, colors(theme).paper
    shade = alt.Color(
        "step:N",
        scale=alt.Scale(domain=list(_WORDS), range=list(_SHADES[theme])),
        legend=alt.Legend(title=None, orient="bottom", direction="horizontal", symbolType="square", labelColor=ink),
    )
    shape = alt.Data(values=_shapes(), format=alt.TopoDataFormat(type="topojson", feature="countries"))  # type: ignore[no-untyped-call]
    land = alt.Chart(shape).transform_filter(f"datum.id !== '{_ANTARCTICA}'")
    fields = ["step", "name", "text"]
    looked_up = alt.LookupData(data=data_of(rows.select("numeric", *fields)), key="numeric", fields=fields)
    line: Any = {"stroke": paper, "strokeWidth": 0.5}
    ground = land.mark_geoshape(**line).encode(
        color=alt.condition("isValid(datum.id)", alt.value(_EMPTY[theme]), alt.value(_NO_CODE[theme]))
    )
    filled = land.transform_lookup(lookup="id", from_=looked_up).transform_filter("isValid(datum.step)")
    filled = filled.mark_geoshape(**line).encode(color=shade, tooltip=["name:N", "text:N"])
    seat: Any = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    small = data_of(rows.filter("dot").select("longitude", "latitude", *fields))
    dots = alt.Chart(small).mark_circle(size=42, opacity=1, stroke=ink, strokeWidth=0.6)
    dots = dots.encode(**seat, color=shade, tooltip=["name:N", "text:N"])
    said = _labeled(rows, top).with_columns(words=pl.concat_str("country", "text", separator=" "))
    words = alt.Chart(data_of(said.select("longitude", "words", latitude=pl.col("latitude") + _ABOVE * pl.col("dot"))))
    halo: Any = {"fontSize": 11, "fontWeight": "bold"}
    behind = words.mark_text(**halo, stroke=paper, strokeWidth=3, color=paper).encode(**seat, text="words:N")
    before = words.mark_text(**halo, color=ink).encode(**seat, text="words:N")
    layers = alt.layer(ground, filled, dots, behind, before).project(type="equalEarth")
    chart = layers.properties(width=WIDTH, height=_TALL)
    foot = footer_of(table)["title"]
    unplaced = rows.filter(pl.col("longitude").is_null())["country"].to_list()
    rest = shares.filter(pl.col("country").is_in([*STATUSES, *unplaced])).sort("share", descending=True)
    away = ", ".join(f"{label(one)} {percent(share)}" for share, one in rest.iter_rows())
    told = [f"Not on the map: {away}." if away else "", _NOTE, *foot]
    return styled(chart, theme, _title(rows, day), [text for text in told if text])


def _labeled(rows: pl.DataFrame, top: int) -> pl.DataFrame:
    """The largest that have room: no label may lie over that of a larger one."""
    kept: list[tuple[str, float, float]] = []
    wide, high = _ROOM
    placed = rows.drop_nulls("longitude").filter(pl.col("share") >= _LEAST).select("country", "longitude", "latitude")
    for country, east, north in placed.iter_rows():
        near = any(abs(east - x) < wide and abs(north - y) < high for _, x, y in kept)
        if len(kept) < top and not near:
            kept.append((country, east, north))
    return rows.filter(pl.col("country").is_in([country for country, _, _ in kept]))


def _title(rows: pl.DataFrame, day: Any) -> str:
    parts = [f"{name} {text}" for name, text in rows.select("name", "text").head(2).iter_rows()]
    return f"{', '.join(parts) or 'No country'} at {day}"
