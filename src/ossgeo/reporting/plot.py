"""The picture of each result, as an Altair chart that users can go on from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import polars as pl

from ossgeo import engines
from ossgeo.analysis import Bounds, Concentration, Drivers, Growth, Influence, Sensitivity
from ossgeo.analysis.results import percent, period_of
from ossgeo.errors import MeasureError
from ossgeo.method import Method
from ossgeo.reporting.look import OTHERS, WIDTH, colour_of, colours, dash_of, dressed, footer, label, plain, spaced
from ossgeo.shares.keys import STANDINGS
from ossgeo.shares.leaderboards import Leaderboard
from ossgeo.shares.table import ShareTable

_ROW: Final = 26
_HEIGHT: Final = 360
_LINE: Final = 15
_MANY: Final = 12
_GAP: Final = 0.045


def plot(result: Any, **options: Any) -> Any:
    """Draw a result: a share table, or what an analysis returned.

    Args:
        result: A share table, or the result of bounds, concentration, drivers, growth, influence or sensitivity, or a
            leaderboard.
        **options: ``theme``: ``light`` or ``dark``; ``top``: how many groups are drawn by themselves (the others are one
            group, so that totals are kept). For share tables also ``kind``: ``line``, ``stacked``, ``ranks``, ``bars`` (one
            period) or ``matrix`` (two keys), the one that fits where absent; ``bounds``: the result of
            ``ossgeo.analysis.bounds``, drawn as a band; ``crossovers``: the result of ``ossgeo.analysis.crossovers``,
            drawn as marks.

    Returns:
        An Altair chart.

    Raises:
        MeasureError: There is no picture of it, or an option does not fit.
        EngineError: Altair is not installed.
    """
    for kind, draw in _DRAWN.items():
        if isinstance(result, kind):
            with engines.needs_extra("plot"):
                import altair  # noqa: F401  # told apart from faults of a picture
            return draw(result, **options)
    raise MeasureError(
        f"there is no picture of {type(result).__name__}; there are {', '.join(kind.__name__ for kind in _DRAWN)}"
    )


def _table(table: ShareTable, *, kind: str | None = None, top: int = 8, theme: str = "light", **more: Any) -> Any:
    if not table.periods:
        raise MeasureError("the table is empty: there is nothing to draw")
    single = len(table.periods) == 1
    chosen = kind or ("matrix" if len(table.keys) == 2 else "bars" if single else "line")  # noqa: PLR2004  # two keys
    kinds: dict[str, Callable[..., Any]] = {
        "line": _lines, "stacked": _stacked, "ranks": _ranks, "bars": _bars, "matrix": _matrix,
    }  # fmt: skip
    if chosen not in kinds:
        raise MeasureError(f"kind={chosen!r} is not one of {', '.join(kinds)}")
    if (chosen == "matrix") != (len(table.keys) == 2):  # noqa: PLR2004
        raise MeasureError(f"kind={chosen!r} does not fit a table by {', '.join(table.keys)}")
    if strange := sorted(set(more) - ({"bounds", "crossovers"} if chosen == "line" else set())):
        raise MeasureError(f"{', '.join(strange)}: no such option of kind={chosen!r}")
    return kinds[chosen](table, top=top, theme=theme, **more)


def _said(method: Method) -> str:
    what = "share of all" if method.denominator == "all" else "share of what has a country:"
    over = f", sums over {method.window} days" if method.window else ""
    return f"{what} {method.unit} by {' and '.join(method.by)}{over}"


def _folded(table: ShareTable, top: int) -> pl.DataFrame:
    """The largest groups of the last period, every standing, and the rest as one: period, group, name, value, share."""
    key = table.keys[0]
    rows = table.to_polars().select("period", "value", "share", group=key)
    last = rows.filter(pl.col("period") == table.periods[-1]).drop_nulls("value")
    kept = [*last.filter(~pl.col("group").is_in(STANDINGS))["group"].head(top), *STANDINGS]
    group = pl.when(pl.col("group").is_in(kept)).then("group").otherwise(pl.lit(OTHERS))
    found = rows.with_columns(group=group).group_by("period", "group").agg(
        pl.col("value").sum(), pl.when(pl.col("share").is_null().all()).then(None).otherwise(pl.col("share").sum()).alias("share")
    )  # fmt: skip
    names = {one: label(one) for one in found["group"].unique()}
    drawn = found.filter((pl.col("value") > 0) | ~pl.col("group").is_in([*STANDINGS, OTHERS]))
    return drawn.with_columns(name=pl.col("group").replace_strict(names, return_dtype=pl.String)).sort(
        "period", "group"
    )


def _data(frame: pl.DataFrame) -> Any:
    import altair as alt

    rows = [{name: _harmless(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]
    return alt.Data(values=rows)  # type: ignore[no-untyped-call]


def _harmless(value: Any) -> Any:
    """Data goes into titles for screen readers and into tooltips, too."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return plain(value, 200) if isinstance(value, str) else value


def _colour(groups: list[str]) -> Any:
    import altair as alt

    return alt.Color(
        "group:N",
        scale=alt.Scale(domain=[plain(group, 200) for group in groups], range=[colour_of(group) for group in groups]),
        legend=None,
    )


def _foot(table: ShareTable | Any) -> Any:
    import altair as alt

    coverage = str(table.coverage) if isinstance(table, ShareTable) else ""
    return {"title": footer(table.method, coverage), "titleAlign": "left", "titleAnchor": "start", "titlePadding": 14,
            "titleColor": alt.Undefined}  # fmt: skip


def _lines(table: ShareTable, *, top: int, theme: str, bounds: Bounds | None = None, crossovers: Any = None) -> Any:
    import altair as alt

    rows = _folded(table, top).drop_nulls("share")
    groups = rows["group"].unique().sort().to_list()
    highest = max(float(rows["share"].max() or 0), 0.01) * 1.05  # type: ignore[arg-type]
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **_foot(table)))
    height = alt.Y("share:Q", axis=alt.Axis(format="%", title=None), scale=alt.Scale(domain=[0, highest]))
    dashes = alt.StrokeDash(
        "group:N",
        scale=alt.Scale(domain=[plain(group, 200) for group in groups], range=[dash_of(group) for group in groups]),
        legend=None,
    )
    data = _data(rows)
    layers = []
    if bounds is not None:
        band = (
            bounds.to_polars()
            .rename({table.keys[0]: "group"})
            .filter(pl.col("group").is_in(groups))
            .drop_nulls("lower")
        )
        area = alt.Chart(_data(band.select("period", "group", "lower", "upper"))).mark_area(opacity=0.18)
        layers.append(area.encode(x="period:T", y="lower:Q", y2="upper:Q", color=_colour(groups)))
    line = alt.Chart(data).mark_line(strokeWidth=2.2, point={"size": 18, "filled": True})
    hints = ["name:N", "period:T", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("value:Q", format=",.0f")]
    layers.append(line.encode(x=days, y=height, color=_colour(groups), strokeDash=dashes, tooltip=hints))
    ends = rows.filter(pl.col("period") == rows["period"].max()).sort("share")
    tall = max(_HEIGHT, _LINE * ends.height)
    at = spaced(ends["share"].to_list(), highest * _LINE / tall, highest * 0.01, highest)
    names = [f"{name} {percent(share)}" for name, share in ends.select("name", "share").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(names, dtype=pl.String))
    text = alt.Chart(_data(labels)).mark_text(align="left", dx=8, fontSize=11)
    ink = _colour(groups) if len(groups) <= _MANY else alt.value(colours(theme).ink)
    layers.append(text.encode(x="period:T", y="at:Q", text="text:N", color=ink))
    if crossovers is not None and crossovers.frame.height:
        taken = rows.filter(pl.col("group") == crossovers.one).join(crossovers.frame.select("period"), on="period")
        mark = alt.Chart(_data(taken)).mark_point(size=130, shape="diamond", strokeWidth=2, color=colours(theme).ink)
        layers.append(mark.encode(x="period:T", y="share:Q"))
    chart = alt.layer(*layers).properties(width=WIDTH, height=tall)
    return dressed(chart, theme, _headline(table), _said(table.method))


def _headline(table: ShareTable) -> str:
    rows = table.to_polars().filter(period=table.periods[-1]).drop_nulls("share")
    named = rows.filter(~pl.col(table.keys[0]).is_in(STANDINGS)).head(2)
    parts = [f"{label(group)} {percent(share)}" for group, share in named.select(table.keys[0], "share").iter_rows()]
    return f"{', '.join(parts) or 'No country'} at {table.periods[-1]}"


def _stacked(table: ShareTable, *, top: int, theme: str) -> Any:
    import altair as alt

    rows = _folded(table, top).drop_nulls("share")
    total = rows.group_by("group").agg(pl.col("value").sum()).sort("value", descending=True)["group"].to_list()
    order = [one for one in total if one not in (*STANDINGS, OTHERS)] + [
        one for one in (OTHERS, *STANDINGS) if one in total
    ]
    places = {group: place for place, group in enumerate(order)}
    rows = rows.with_columns(place=pl.col("group").replace_strict(places, return_dtype=pl.Int64)).sort(
        "period", "place"
    )
    rows = rows.with_columns(upper=pl.col("share").cum_sum().over("period")).with_columns(
        lower=pl.col("upper") - pl.col("share")
    )
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **_foot(table)))
    area = alt.Chart(_data(rows)).mark_area(stroke=colours(theme).paper, strokeWidth=0.8)
    area = area.encode(
        x=days, y=alt.Y("lower:Q", axis=alt.Axis(format="%", title=None)), y2="upper:Q", color=_colour(order),
        tooltip=["name:N", "period:T", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    ends = rows.filter(pl.col("period") == rows["period"].max())
    middle = ((ends["lower"] + ends["upper"]) / 2).to_list()
    high = float(ends["upper"].max() or 1)  # type: ignore[arg-type]
    tall = max(_HEIGHT, _LINE * ends.height)
    at = spaced(middle, high * _LINE / tall, high * 0.01, high)
    names = [f"{name} {percent(share)}" for name, share in ends.select("name", "share").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(names, dtype=pl.String))
    text = alt.Chart(_data(labels)).mark_text(align="left", dx=8, fontSize=11, color=colours(theme).ink)
    chart = alt.layer(area, text.encode(x="period:T", y="at:Q", text="text:N")).properties(width=WIDTH, height=tall)
    return dressed(chart, theme, _headline(table), _said(table.method))


def _ranks(table: ShareTable, *, top: int, theme: str) -> Any:
    import altair as alt

    key = table.keys[0]
    rows = (
        table.to_polars()
        .filter(~pl.col(key).is_in(STANDINGS) & (pl.col("value") > 0))
        .select("period", "value", group=key)
    )
    rows = rows.with_columns(rank=pl.col("value").rank("ordinal", descending=True).over("period").cast(pl.Int64))
    last = rows.filter(pl.col("period") == table.periods[-1]).filter(pl.col("rank") <= top)
    rows = rows.filter(pl.col("group").is_in(last["group"].implode()) & (pl.col("rank") <= 2 * top))
    groups = last.sort("rank")["group"].to_list()
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **_foot(table)))
    deepest = int(rows["rank"].max() or top)  # type: ignore[arg-type]
    height = alt.Y(
        "rank:Q",
        axis=alt.Axis(title=None, tickMinStep=1, format="d"),
        scale=alt.Scale(reverse=True, domain=[0.5, deepest + 0.5], nice=False),
    )
    dashes = alt.StrokeDash(
        "group:N",
        scale=alt.Scale(domain=[plain(group, 200) for group in groups], range=[dash_of(group) for group in groups]),
        legend=None,
    )
    line = alt.Chart(_data(rows)).mark_line(strokeWidth=2.5, point={"size": 60, "filled": True})
    lines = line.encode(
        x=days, y=height, color=_colour(groups), strokeDash=dashes, tooltip=["group:N", "period:T", "rank:Q"]
    )
    ends = last.with_columns(text=pl.Series([label(group) for group in last["group"]], dtype=pl.String))
    text = alt.Chart(_data(ends)).mark_text(align="left", dx=10, fontSize=11)
    text = text.encode(x="period:T", y=alt.Y("rank:Q"), text="text:N", color=_colour(groups))
    chart = alt.layer(lines, text).properties(width=WIDTH, height=_HEIGHT)
    return dressed(
        chart, theme, f"Ranks by {table.method.unit} at {table.periods[-1]}", f"rank of each {key}, standings left out"
    )


def _bars(table: ShareTable, *, top: int, theme: str) -> Any:
    day = table.periods[-1]
    rows = _folded(table, top).filter(pl.col("period") == day)
    rows = rows.with_columns(last=pl.col("group").is_in([*STANDINGS, OTHERS])).sort(
        "last", "value", descending=[False, True]
    )
    texts = [
        f"{percent(share)}" if share is not None else f"{value:,.0f} (no share)"
        for share, value in rows.select("share", "value").iter_rows()
    ]
    shown = rows.with_columns(text=pl.Series(texts, dtype=pl.String), figure=pl.col("share").fill_null(0.0))
    return dressed(_barred(shown, _foot(table), theme), theme, _headline(table), _said(table.method))


def _barred(rows: pl.DataFrame, foot: Any, theme: str) -> Any:
    """Horizontal bars in the order of the rows: group, name, figure (a share), text."""
    import altair as alt

    names = rows["name"].to_list()
    height = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False))
    data = _data(rows.select("group", "name", "figure", "text"))
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("figure:Q", axis=alt.Axis(format="%", **foot), scale=alt.Scale(domain=_roomy(rows["figure"]), nice=False)),
        y=height, color=_colour(rows["group"].to_list()),
        tooltip=["name:N", "text:N"],
    )  # fmt: skip
    positive = alt.Chart(data).transform_filter("datum.figure >= 0")
    negative = alt.Chart(data).transform_filter("datum.figure < 0")
    words: Any = {"fontSize": 11, "color": colours(theme).ink}
    right = positive.mark_text(align="left", dx=4, **words).encode(x="figure:Q", y=height, text="text:N")
    left = negative.mark_text(align="right", dx=-4, **words).encode(x="figure:Q", y=height, text="text:N")
    return alt.layer(bars, right, left).properties(width=WIDTH, height=max(_ROW * rows.height, 2 * _ROW))


def _roomy(figures: pl.Series) -> list[float]:
    """Return a range with room for the labels at both ends."""
    low, high = min(float(figures.min() or 0), 0.0), max(float(figures.max() or 0), 0.0)  # type: ignore[arg-type]
    room = (high - low or 1.0) * 0.12
    return [low - room if low < 0 else 0.0, high + room if high > 0 else 0.0]


def _matrix(table: ShareTable, *, top: int, theme: str) -> Any:
    import altair as alt

    day, (across, down) = table.periods[-1], (table.keys[1], table.keys[0])
    rows = table.to_polars().filter(pl.col("period") == day, pl.col("value") > 0)

    def folded(key: str) -> pl.Expr:
        kept = rows.group_by(key).agg(pl.col("value").sum()).sort("value", key, descending=[True, False])[key].head(top)
        return pl.when(pl.col(key).is_in(kept.implode())).then(key).otherwise(pl.lit(OTHERS)).alias(key)

    cells = (
        rows.select(folded(down), folded(across), "value", "share")
        .group_by(down, across)
        .agg(pl.col("value").sum(), pl.col("share").sum())
    )
    orders = {
        key: [
            label(one)
            for one in cells.group_by(key).agg(pl.col("value").sum()).sort("value", key, descending=[True, False])[key]
        ]
        for key in (down, across)
    }
    named = cells.with_columns(
        pl.Series("down", [label(one) for one in cells[down]], dtype=pl.String),
        pl.Series("across", [label(one) for one in cells[across]], dtype=pl.String),
        pl.Series("text", [percent(one) if one is not None else "-" for one in cells["share"]], dtype=pl.String),
    )
    data = _data(named.select("down", "across", "value", "share", "text"))
    x = alt.X(
        "across:N",
        sort=orders[across],
        axis=alt.Axis(labelAngle=-40, orient="top", title=across.replace("_", " "), titleAnchor="start"),
    )
    y = alt.Y("down:N", sort=orders[down], axis=alt.Axis(title=down.replace("_", " ")))
    highest = float(named["share"].max() or 1)  # type: ignore[arg-type]
    shade = alt.Color(
        "share:Q",
        scale=alt.Scale(scheme="blues" if theme == "light" else "tealblues", domain=[0, highest]),
        legend=None,
    )
    size = {"width": max(60 * named["across"].n_unique(), 240), "height": max(_ROW * named["down"].n_unique(), 80)}
    squares = (
        alt.Chart(data).mark_rect().encode(x=x, y=y, color=shade, tooltip=["down:N", "across:N", "value:Q", "text:N"])
    )
    ink = alt.condition(f"datum.share > {highest * 0.55}", alt.value("#FFFFFF"), alt.value("#1A1A1A"))
    text = alt.Chart(data).mark_text(fontSize=10).encode(x=x, y=y, text="text:N", color=ink)
    title = f"Who builds on whom at {day}" if "base_country" in table.keys else f"{down} and {across} at {day}"
    return dressed(
        alt.layer(squares, text).properties(**size),
        theme,
        title,
        [_said(table.method), *footer(table.method)],
    )


def _bounds(found: Bounds, *, top: int = 12, theme: str = "light") -> Any:
    import altair as alt

    key = found.method.by[0]
    day = period_of(found.frame, None)
    rows = found.frame.filter(pl.col("period") == day).rename({key: "group"}).drop_nulls("lower")
    rows = rows.sort("share", "group", descending=[True, False], nulls_last=True).head(top)
    rows = rows.with_columns(name=pl.Series([label(one) for one in rows["group"]], dtype=pl.String)).with_columns(
        text=pl.Series(
            [f"{percent(low)} to {percent(high)}" for low, high in rows.select("lower", "upper").iter_rows()],
            dtype=pl.String,
        )
    )
    height = alt.Y("name:N", sort=rows["name"].to_list(), axis=alt.Axis(title=None, ticks=False, domain=False))
    data = _data(rows.select("group", "name", "share", "lower", "upper", "text"))
    colour = _colour(rows["group"].to_list())
    bars = alt.Chart(data).mark_bar(height=10, opacity=0.55).encode(
        x=alt.X("lower:Q", axis=alt.Axis(format="%", **_foot(found))), x2="upper:Q", y=height, color=colour, tooltip=["name:N", "text:N"]
    )  # fmt: skip
    points = alt.Chart(data).mark_point(filled=True, size=70, opacity=1).encode(x="share:Q", y=height, color=colour)
    text = alt.Chart(data).mark_text(align="left", dx=8, fontSize=11, color=colours(theme).ink)
    words = text.encode(x="upper:Q", y=height, text="text:N")
    chart = alt.layer(bars, points, words).properties(width=WIDTH, height=max(_ROW * rows.height, 2 * _ROW))
    first = rows.row(0, named=True)
    return dressed(chart, theme, f"{first['name']}: between {first['text'].replace(' to ', ' and ')} at {day}",
                   "points: the shares as measured; bars: whatever the downloads without a place turn out to be")  # fmt: skip


def _sensitivity(found: Sensitivity, *, top: int = 6, theme: str = "light") -> Any:
    import altair as alt

    ranges = (
        found.ranges.filter(~pl.col("group").is_in(STANDINGS))
        .sort("highest", "group", descending=[True, False])
        .head(top)
    )
    names = [label(one) for one in ranges["group"]]
    texts = [f"{percent(low)} to {percent(high)}" for low, high in ranges.select("lowest", "highest").iter_rows()]
    why = []
    for group in ranges["group"]:
        parts = found.effects.filter((pl.col("group") == group) & (pl.col("choice") != "interactions")).drop_nulls(
            "part"
        )
        top_part = parts.sort("part", descending=True).row(0) if parts.height else None
        why.append(f"{top_part[1]} explains {percent(top_part[2])}" if top_part is not None else "no choice moves it")
    rows = ranges.with_columns(
        pl.Series("name", names), pl.Series("text", [f"{a}; {b}" for a, b in zip(texts, why, strict=True)])
    )
    height = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False))
    data = _data(rows.select("group", "name", "lowest", "highest", "text"))
    colour = _colour(rows["group"].to_list())
    foot: Any = {"title": footer(found.methods[0]), "titleAlign": "left", "titleAnchor": "start", "titlePadding": 14}
    bars = alt.Chart(data).mark_bar(height=12, opacity=0.8).encode(
        x=alt.X("lowest:Q", axis=alt.Axis(format="%", **foot)), x2="highest:Q", y=height, color=colour, tooltip=["name:N", "text:N"]
    )  # fmt: skip
    shown = (
        found.frame.filter(pl.col("group").is_in(ranges["group"].implode()))
        .drop_nulls("share")
        .select("group", "share")
    )
    shown = shown.join(rows.select("group", "name"), on="group")
    ticks = (
        alt.Chart(_data(shown))
        .mark_tick(thickness=1, size=18, color=colours(theme).ink, opacity=0.5)
        .encode(x="share:Q", y=height)
    )
    text = alt.Chart(data).mark_text(align="left", dx=8, fontSize=11, color=colours(theme).ink)
    words = text.encode(x="highest:Q", y=height, text="text:N")
    chart = alt.layer(bars, ticks, words).properties(width=WIDTH, height=max(_ROW * rows.height, 2 * _ROW))
    return dressed(chart, theme, f"{len(found.methods)} combinations of choices, one panel, {found.period}",
                   "each tick is one combination; the bar spans all of them")  # fmt: skip


def _drivers(found: Drivers, *, top: int = 10, theme: str = "light") -> Any:
    import altair as alt

    units = found.frame.sort(pl.col("effect").abs(), "unit", descending=[True, False])
    largest, rest = units.head(top), units.tail(max(units.height - top, 0))
    steps = [(f"{found.start}", 0.0, found.before, "total")]
    at = found.before
    parts = [*largest.select("unit", "effect").iter_rows()]
    if rest.height:
        parts.append((OTHERS, float(rest["effect"].sum())))
    for name, effect in parts:
        steps.append((plain(name), at, at + effect, "more" if effect >= 0 else "less"))
        at += effect
    steps.append((f"{found.end}", 0.0, found.after, "total"))
    schema = {"name": pl.String, "low": pl.Float64, "high": pl.Float64, "sign": pl.String}
    rows = pl.DataFrame(steps, schema=schema, orient="row")
    texts = [percent(high) if sign == "total" else f"{high - low:+.1%}" for _, low, high, sign in steps]
    rows = rows.with_columns(text=pl.Series(texts), end=pl.max_horizontal("low", "high"))
    order = rows["name"].to_list()
    scale = alt.Scale(domain=["total", "more", "less"], range=[colour_of(found.group), "#0072B2", "#D55E00"])
    height = alt.Y("name:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
    data = _data(rows)
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("low:Q", axis=alt.Axis(format="%", **_foot(found))), x2="high:Q", y=height,
        color=alt.Color("sign:N", scale=scale, legend=None), tooltip=["name:N", "text:N"],
    )  # fmt: skip
    text = alt.Chart(data).mark_text(align="left", dx=4, fontSize=11, color=colours(theme).ink)
    chart = alt.layer(bars, text.encode(x="end:Q", y=height, text="text:N")).properties(
        width=WIDTH, height=_ROW * rows.height
    )
    title = f"{label(found.group)}: from {percent(found.before)} to {percent(found.after)}"
    return dressed(
        chart, theme, title, f"what moved its share between {found.start} and {found.end}; blue adds, orange takes away"
    )


def _influence(found: Influence, *, top: int = 12, theme: str = "light") -> Any:
    rows = found.frame.drop_nulls("effect").head(top)
    names = [f"{plain(unit, 28)} ({group})" for unit, group in rows.select("unit", "group").iter_rows()]
    texts = [f"{effect:+.1%}" for effect in rows["effect"]]
    shown = rows.with_columns(
        pl.Series("name", names, dtype=pl.String), pl.Series("text", texts, dtype=pl.String), figure="effect"
    )
    chart = _barred(shown, _foot(found), theme)
    return dressed(chart, theme, f"What each {found.by} does to a share at {found.period}",
                   f"change of the country's share without the {found.by}, in points")  # fmt: skip


def _growth(found: Growth, *, top: int = 12, theme: str = "light") -> Any:
    key, day = found.method.by[0], period_of(found.frame, None)
    rows = (
        found.frame.filter(pl.col("period") == day)
        .drop_nulls("growth")
        .sort("value", key, descending=[True, False])
        .head(top)
    )
    names = [label(one) for one in rows[key]]
    shown = rows.with_columns(
        pl.Series("name", names, dtype=pl.String), group=key, figure="growth",
    ).with_columns(pl.Series("text", [f"{one:+.0%}" for one in rows["growth"]], dtype=pl.String))  # fmt: skip
    chart = _barred(shown, _foot(found), theme)
    return dressed(
        chart,
        theme,
        f"Growth of the {found.method.unit} at {day}",
        "against the period before; the largest groups first",
    )


def _concentration(found: Concentration, *, top: int = 0, theme: str = "light") -> Any:
    import altair as alt

    del top
    day = period_of(found.frame, None)
    outer = list(found.method.by[:-1])
    rows = found.frame.filter(pl.col("period") == day)
    told = rows.filter(pl.col("groups") > 3) if outer else rows  # noqa: PLR2004  # three are always all of three
    rows = told if told.height else rows
    rows = rows.sort("groups", *outer, descending=[True, *[False] * len(outer)]).head(6)
    points = [
        (row[outer[0]] if outer else "all", number, row[f"top_{number}"] if number else 0.0)
        for row in rows.iter_rows(named=True)
        for number in (0, 1, 3, 10)
    ]
    schema = {"group": pl.String, "number": pl.Int64, "part": pl.Float64}
    curve = pl.DataFrame(points, schema=schema, orient="row")
    curve = curve.with_columns(name=pl.Series([label(one) for one in curve["group"]], dtype=pl.String))
    foot = _foot(found)
    foot["title"] = [f"the largest … {found.method.by[-1]}s", *foot["title"]]
    line = alt.Chart(_data(curve)).mark_line(point=True, strokeWidth=2.2).encode(
        x=alt.X("number:Q", axis=alt.Axis(values=[1, 3, 10], **foot)),
        y=alt.Y("part:Q", axis=alt.Axis(format="%", title=None), scale=alt.Scale(domain=[0, 1])),
        color=_colour(curve["group"].unique(maintain_order=True).to_list()), tooltip=["name:N", "number:Q", alt.Tooltip("part:Q", format=".1%")],
    )  # fmt: skip
    ends = curve.filter(pl.col("number") == 10)  # noqa: PLR2004  # the last point of the curve
    at = spaced(ends["part"].to_list(), _GAP, 0.02, 1.0)
    texts = [f"{name} {percent(part)}" for name, part in ends.select("name", "part").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    text = alt.Chart(_data(labels)).mark_text(align="left", dx=8, fontSize=11, color=colours(theme).ink)
    chart = alt.layer(line, text.encode(x="number:Q", y="at:Q", text="text:N")).properties(width=WIDTH, height=_HEIGHT)
    first = rows.row(0, named=True)
    return dressed(chart, theme, f"How few hold how much at {day}",
                   f"part of the largest 1, 3 and 10; as if {first['effective']:.1f} shared equally (HHI {first['hhi']:.3f})")  # fmt: skip


def _leaderboard(board: Leaderboard, *, top: int = 25, theme: str = "light") -> Any:
    import altair as alt

    rows = (
        board.frame.drop_nulls("rating")
        .sort("rank", "model")
        .unique("model", keep="first", maintain_order=True)
        .head(top)
    )
    if not rows.height:
        raise MeasureError("the board has no ratings to draw")
    names = [plain(one, 34) for one in rows["model"]]
    low, high = (pl.col(name).fill_null(pl.col("rating")).alias(name) for name in ("low", "high"))
    rows = rows.with_columns(pl.Series("name", names, dtype=pl.String), low, high, group="country")
    texts = [f"{label(country)}" for country in rows["country"]]
    data = _data(
        rows.select("group", "name", "rating", "low", "high").with_columns(text=pl.Series(texts, dtype=pl.String))
    )
    height = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False))
    span = alt.Scale(zero=False)
    source = [f"Source: {plain(board.source, 90)}, {board.on}; registry {board.registry}"]
    axis = alt.Axis(title=source, titleAlign="left", titleAnchor="start", titlePadding=14)
    colour = _colour(rows["group"].unique(maintain_order=True).to_list())
    lines = (
        alt.Chart(data)
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=span, axis=axis), x2="high:Q", y=height, color=colour)
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=60)
        .encode(x=alt.X("rating:Q", scale=span), y=height, color=colour, tooltip=["name:N", "rating:Q", "text:N"])
    )
    words = (
        alt.Chart(data)
        .mark_text(align="left", dx=8, fontSize=10)
        .encode(x=alt.X("high:Q", scale=span), y=height, text="text:N", color=colour)
    )
    chart = alt.layer(lines, points, words).properties(width=WIDTH, height=20 * rows.height)
    return dressed(
        chart,
        theme,
        f"The first {rows.height} of the board at {board.on}",
        "rating with the board's own interval; colour: country",
    )


_DRAWN: Final[dict[type, Callable[..., Any]]] = {
    ShareTable: _table,
    Bounds: _bounds,
    Concentration: _concentration,
    Drivers: _drivers,
    Growth: _growth,
    Influence: _influence,
    Sensitivity: _sensitivity,
    Leaderboard: _leaderboard,
}
