"""The world map of a share table's last period."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from ossgeo._core import DATA
from ossgeo._core.text import percent
from ossgeo.errors import InvalidArgumentError
from ossgeo.plotting._primitives import Area, data_of, framed, hinted
from ossgeo.plotting._style import MAP_SHADES, PADDING, WIDTH, Look
from ossgeo.registry._countries import Country
from ossgeo.registry._groups import GroupScheme
from ossgeo.shares._grouping import RULES, STATUSES
from ossgeo.shares._names import coverage_text, day_text, footer, group_label, quantity, scope_text, span
from ossgeo.shares._table import ShareTable

if TYPE_CHECKING:
    import altair as alt


def is_mapped(key: str) -> bool:
    """Return whether the groups of a key are countries: those of models, or those of a dimension such as ``user_country``."""
    return key.endswith("country") or key in RULES


def mapped_key(table: ShareTable) -> str | None:
    """Return the key that a map draws: the only one, or that of two whose other has one group; None if there is none."""
    first, *more = table.keys
    if not more:
        return first
    sizes = {key: table.to_polars()[key].n_unique() for key in table.keys}
    fixed = [key for key, size in sizes.items() if size == 1]
    free = [key for key in table.keys if key != fixed[-1]] if fixed else []
    return free[0] if len(free) == 1 else None


_FOLDER: Final = DATA / "world"
_STEPS: Final = (0.001, 0.01, 0.05, 0.2, 0.5)
_WORDS: Final = ("under 0.1%", "0.1 to 1%", "1 to 5%", "5 to 20%", "20 to 50%", "50% and more")
_ANTARCTICA: Final = "010"
_ROOM: Final = (26.0, 9.0)
_RATIO: Final = 0.47
_ABOVE: Final = 6.0
_LEAST: Final = 0.0005
_NOTE: Final = (
    "Shapes: Natural Earth, by de facto control, without a position on claims. Faint gray: "
    "countries without a share; stronger gray: areas without a code of ISO 3166. Dots: countries too small to be seen."
)


@cache
def _shapes() -> str:
    """Return the shapes as TopoJSON text: Altair copies lists several times for each chart, which takes seconds."""
    return (_FOLDER / "countries-110m.json").read_text(encoding="utf-8")


@cache
def places() -> pl.DataFrame:
    """Return where countries lie: country, longitude, latitude (degrees), dot (whether it is too small for its shape)."""
    return pl.read_csv(_FOLDER / "places.csv")


def draw_world(table: ShareTable, look: Look, *, top: int) -> alt.LayerChart:
    """Draw the shares of the latest complete period on a map; the largest are labeled if there is room.

    Raises:
        InvalidArgumentError: The groups are neither countries nor groups of countries.
    """
    import altair as alt

    day, key = table.latest, mapped_key(table) or table.keys[0]
    shares = table.to_polars().filter(pl.col("period") == day, pl.col("share") > 0).select("share", group=key)
    rows = _rows(table, key, shares, day)
    colors = look.colors
    *shades, empty, no_code = MAP_SHADES[look.theme]
    shade = alt.Color("step:N", scale=alt.Scale(domain=list(_WORDS), range=list(shades)), legend=alt.Legend(
        title=None, orient="top", direction="horizontal", columns=3 if look.narrow else 0, symbolType="square",
        labelColor=colors.ink, labelFontSize=look.font(11),
    ))  # fmt: skip
    shape = alt.Data(values=_shapes(), format=alt.TopoDataFormat(type="topojson", feature="countries"))  # type: ignore[no-untyped-call]
    land = alt.Chart(shape).transform_filter(f"datum.id !== '{_ANTARCTICA}'")
    rows = hinted(rows)
    fields = ["step", "name", "text", "hint"]
    looked_up = alt.LookupData(data=data_of(rows.select("numeric", *fields)), key="numeric", fields=fields)
    line: Any = {"stroke": colors.paper, "strokeWidth": 0.5}
    ground = land.mark_geoshape(**line, aria=False).encode(
        color=alt.condition("isValid(datum.id)", alt.value(empty), alt.value(no_code))
    )
    filled = land.transform_lookup(lookup="id", from_=looked_up).transform_filter("isValid(datum.step)")
    filled = filled.mark_geoshape(**line).encode(color=shade, tooltip=["name:N", "text:N"], description="hint:N")
    seat: Any = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    small = data_of(rows.filter("dot").select("longitude", "latitude", *fields))
    dots = alt.Chart(small).mark_circle(size=42, opacity=1, stroke=colors.ink, strokeWidth=0.6)
    dots = dots.encode(**seat, color=shade, tooltip=["name:N", "text:N"], description="hint:N")
    words = alt.Chart(data_of(_labeled(rows, min(top, 4) if look.narrow else top, scale=max(1.0, WIDTH / look.width))))
    halo: Any = {"fontSize": look.font(11), "fontWeight": "bold"}
    behind = words.mark_text(**halo, aria=False, stroke=colors.paper, strokeWidth=3, color=colors.paper).encode(
        **seat, text="words:N"
    )
    before = words.mark_text(**halo, aria=False, color=colors.ink).encode(**seat, text="words:N")
    named = {str(one) for one in rows["group"]}
    rest = shares.filter(~pl.col("group").is_in(named)).sort("share", descending=True)
    names = ((group_label(table.method, group, key), share) for share, group in rest.iter_rows())
    away = ", ".join(f"{name} {percent(share)}" for name, share in names)
    width = look.width - 2 * PADDING
    rest_of = [one for one in table.keys if one != key]
    of = "".join(f", {group_label(table.method, table.to_polars()[one][0], one)}" for one in rest_of)
    said = f"{quantity(table.method)}{of}, {span(table.method, [day])}"
    return framed(
        [ground, filled, dots, behind, before], look, Area(width, look.height or round(width * _RATIO)),
        title=_title(rows, day), below=8, map_of="equalEarth",
        subtitle=[said[0].upper() + said[1:], scope_text(table.method), *([f"Not on the map: {away}."] if away else [])],
        foot=[*footer(table.method, coverage_text(table)), _NOTE],
    )  # fmt: skip


def _rows(table: ShareTable, key: str, shares: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Return one row for each country that is drawn: group, share, country, the place, numeric, name, text, step."""
    on_map = places()
    if is_mapped(key):
        countries = shares.filter(~pl.col("group").is_in(STATUSES)).with_columns(country="group")
        joined = countries.join(on_map, on="country", maintain_order="left")
    else:
        scheme = _scheme(table, key)
        groups = [scheme.group_of(Country(code), day) for code in on_map["country"]]
        joined = on_map.with_columns(pl.Series("group", groups, dtype=pl.String)).join(shares, on="group")
    codes = joined["country"]
    return joined.with_columns(
        pl.Series("name", [group_label(table.method, one, key) for one in joined["group"]], dtype=pl.String),
        pl.Series("numeric", [Country(one).numeric for one in codes], dtype=pl.String),
        pl.Series("text", [percent(one) for one in joined["share"]], dtype=pl.String),
        pl.Series("step", [_WORDS[bisect_right(_STEPS, one)] for one in joined["share"]], dtype=pl.String),
    ).sort("share", "group", "country", descending=[True, False, False])


def _scheme(table: ShareTable, key: str) -> GroupScheme:
    """Return the group scheme of a key of a table."""
    given = table.method.choices.get("by")
    for one in given if isinstance(given, tuple) else (given,):
        if isinstance(one, GroupScheme) and one.name == key:
            return one
    if key in GroupScheme.names():
        return GroupScheme.named(key)
    raise InvalidArgumentError(f"kind='map' does not fit a table by {key}: it draws countries and groups of countries")


def _labeled(rows: pl.DataFrame, top: int, *, scale: float) -> pl.DataFrame:
    """Return the labels of the largest groups that have room: no label may cover that of a larger one.

    Args:
        rows: One row for each country.
        top: How many labels at most.
        scale: How many times larger letters are, in comparison with the map, than at the default width.
    """
    kept: list[tuple[str, float, float]] = []
    wide, high = (scale * room for room in _ROOM)
    middle = rows.filter(pl.col("share") >= _LEAST).with_columns(
        away=(pl.col("longitude") - pl.col("longitude").mean().over("group")).abs()
        + (pl.col("latitude") - pl.col("latitude").mean().over("group")).abs()
    )
    first = middle.sort("away").unique("group", keep="first", maintain_order=True)
    first = first.sort("share", "group", descending=[True, False])
    for group, east, north in first.select("group", "longitude", "latitude").iter_rows():
        near = any(abs(east - x) < wide and abs(north - y) < high for _, x, y in kept)
        if len(kept) < top and not near:
            kept.append((group, east, north))
    chosen = first.filter(pl.col("group").is_in([group for group, _, _ in kept]))
    words = pl.concat_str("group", "text", separator=" ")
    return chosen.select("longitude", words=words, latitude=pl.col("latitude") + _ABOVE * pl.col("dot"))


def _title(rows: pl.DataFrame, day: dt.date) -> str:
    largest = rows.unique("group", keep="first", maintain_order=True).select("name", "text").head(2)
    parts = [f"{name} {text}" for name, text in largest.iter_rows()]
    return f"{', '.join(parts) or 'No country with a share'} at {day_text(day)}"
