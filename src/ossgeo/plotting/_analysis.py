"""Pictures of what an analysis found."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from ossgeo._core.text import percent, period_of
from ossgeo.analysis import Bootstrap, Bounds, Concentration, Crossovers, Drivers, Growth, Influence, Sensitivity
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._leaderboards import Leaderboard
from ossgeo.plotting._primitives import HEIGHT, ROW, bar_chart, color_by, data_of, footer_of
from ossgeo.plotting._style import OTHERS, WIDTH, color_of, colors, dash_of, footer, label, plain, spaced, styled
from ossgeo.shares._grouping import STATUSES

_GAP: Final = 0.045


def draw_bounds(found: Bounds, *, top: int = 12, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    day = period_of(found.frame, None)
    rows = found.frame.filter(pl.col("period") == day).rename({found.method.by[0]: "group"})
    first, chart = _ranges(rows, footer_of(found), top, theme)
    return styled(chart, theme, f"{first['name']}: between {first['text'].replace(' to ', ' and ')} at {day}",
                   "points: the shares as measured; bars: whatever the downloads without a place turn out to be")  # fmt: skip


def draw_bootstrap(found: Bootstrap, *, top: int = 12, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    first, chart = _ranges(found.frame, footer_of(found), top, theme)
    title = f"{first['name']}: between {first['text'].replace(' to ', ' and ')} with other {found.unit}s drawn"
    said = f"points: the shares at {found.period}; bars: the middle 95 % of {found.draws} draws from the same panel"
    return styled(chart, theme, title, said)


def _ranges(rows: pl.DataFrame, foot: Any, top: int, theme: str) -> tuple[dict[str, Any], Any]:
    """A bar from lower to upper and a point at the share for each group; the first row, too."""
    import altair as alt

    rows = rows.drop_nulls("lower").sort("share", "group", descending=[True, False], nulls_last=True).head(top)
    if not rows.height:
        raise InvalidArgumentError("no group has a share: there is nothing to draw")
    rows = rows.with_columns(name=pl.Series([label(one) for one in rows["group"]], dtype=pl.String)).with_columns(
        text=pl.Series(
            [f"{percent(low)} to {percent(high)}" for low, high in rows.select("lower", "upper").iter_rows()],
            dtype=pl.String,
        )
    )
    height = alt.Y("name:N", sort=rows["name"].to_list(), axis=alt.Axis(title=None, ticks=False, domain=False))
    data = data_of(rows.select("group", "name", "share", "lower", "upper", "text"))
    color = color_by(rows["group"].to_list())
    bars = alt.Chart(data).mark_bar(height=10, opacity=0.55).encode(
        x=alt.X("lower:Q", axis=alt.Axis(format="%", **foot)), x2="upper:Q", y=height, color=color, tooltip=["name:N", "text:N"]
    )  # fmt: skip
    points = alt.Chart(data).mark_point(filled=True, size=70, opacity=1).encode(x="share:Q", y=height, color=color)
    text = alt.Chart(data).mark_text(align="left", dx=8, fontSize=11, color=colors(theme).ink)
    words = text.encode(x="upper:Q", y=height, text="text:N")
    chart = alt.layer(bars, points, words).properties(width=WIDTH, height=max(ROW * rows.height, 2 * ROW))
    return rows.row(0, named=True), chart


def draw_crossovers(found: Crossovers, *, top: int = 2, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    import altair as alt

    del top
    if not found.shares.height:
        raise InvalidArgumentError(f"{found.one} and {found.other} never both have a share: there is nothing to draw")
    names = {"one": label(found.one), "other": label(found.other)}
    rows = found.shares.unpivot(index="period", variable_name="side", value_name="share")
    rows = rows.with_columns(
        group=pl.col("side").replace_strict({"one": found.one, "other": found.other}, return_dtype=pl.String),
        name=pl.col("side").replace_strict(names, return_dtype=pl.String),
    )
    ink = colors(theme).ink
    pair = [color_of(found.one), color_of(found.other)]
    shades = pair if pair[0] != pair[1] else [pair[0], ink]
    domain = [plain(found.one, 200), plain(found.other, 200)]
    color = alt.Color("group:N", scale=alt.Scale(domain=domain, range=shades), legend=None)
    height = alt.Y("share:Q", axis=alt.Axis(format="%", title=None))
    dashes = alt.StrokeDash("group:N", legend=None, scale=alt.Scale(
        domain=domain, range=[dash_of(found.one), dash_of(found.other)],
    ))  # fmt: skip
    line = alt.Chart(data_of(rows)).mark_line(strokeWidth=2.2, point={"size": 18, "filled": True})
    lines = line.encode(
        x=alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **footer_of(found))), y=height, color=color,
        strokeDash=dashes, tooltip=["name:N", "period:T", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    ends = rows.filter(pl.col("period") == rows["period"].max())
    span = float(rows["share"].max() or 1.0)  # type: ignore[arg-type]
    at = spaced(ends["share"].to_list(), span * _GAP, 0.0, span)
    texts = [f"{name} {percent(share)}" for name, share in ends.select("name", "share").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    text = alt.Chart(data_of(labels)).mark_text(align="left", dx=8, fontSize=11).encode(
        x="period:T", y="at:Q", text="text:N", color=color
    )  # fmt: skip
    taken = found.frame.join(found.shares, on="period").with_columns(
        text=pl.format("{}: {}, {}", pl.col("period").cast(pl.String), "bounds", pl.when("lasting").then(
            pl.lit("lasting")).otherwise(pl.lit("lost again"))),
    )  # fmt: skip
    marks = alt.Chart(data_of(taken)).encode(x="period:T", y="one:Q")
    diamonds = marks.mark_point(size=130, shape="diamond", strokeWidth=2, color=ink)
    half = found.shares["period"][found.shares.height // 2]
    early, late = (alt.Chart(data_of(part)).encode(x="period:T", y="one:Q", text="text:N") for part in (
        taken.filter(pl.col("period") < half), taken.filter(pl.col("period") >= half)))  # fmt: skip
    words: Any = {"fontSize": 10, "dy": -10, "color": ink}
    said = [early.mark_text(align="left", dx=10, **words), late.mark_text(align="right", dx=-10, **words)]
    chart = alt.layer(lines, text, diamonds, *said).properties(width=WIDTH, height=HEIGHT)
    title = str(found).splitlines()[0] if not found.frame.height else (
        f"{names['one']} overtook {names['other']} {found.frame.height} time(s)")  # fmt: skip
    how = "diamonds: overtakes; certain, where no placing of the downloads without a place could undo it"
    return styled(chart, theme, title, how)


def draw_sensitivity(found: Sensitivity, *, top: int = 6, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    import altair as alt

    ranges = (
        found.ranges.filter(~pl.col("group").is_in(STATUSES))
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
    data = data_of(rows.select("group", "name", "lowest", "highest", "text"))
    color = color_by(rows["group"].to_list())
    foot: Any = {"title": footer(found.methods[0]), "titleAlign": "left", "titleAnchor": "start", "titlePadding": 14}
    bars = alt.Chart(data).mark_bar(height=12, opacity=0.8).encode(
        x=alt.X("lowest:Q", axis=alt.Axis(format="%", **foot)), x2="highest:Q", y=height, color=color, tooltip=["name:N", "text:N"]
    )  # fmt: skip
    shown = (
        found.frame.filter(pl.col("group").is_in(ranges["group"].implode()))
        .drop_nulls("share")
        .select("group", "share")
    )
    shown = shown.join(rows.select("group", "name"), on="group")
    ticks = (
        alt.Chart(data_of(shown))
        .mark_tick(thickness=1, size=18, color=colors(theme).ink, opacity=0.5)
        .encode(x="share:Q", y=height)
    )
    text = alt.Chart(data).mark_text(align="left", dx=8, fontSize=11, color=colors(theme).ink)
    words = text.encode(x="highest:Q", y=height, text="text:N")
    chart = alt.layer(bars, ticks, words).properties(width=WIDTH, height=max(ROW * rows.height, 2 * ROW))
    return styled(chart, theme, f"{len(found.methods)} combinations of choices, one panel, {found.period}",
                   "each tick is one combination; the bar spans all of them")  # fmt: skip


def draw_drivers(found: Drivers, *, top: int = 10, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
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
    scale = alt.Scale(domain=["total", "more", "less"], range=[color_of(found.group), "#0072B2", "#D55E00"])
    height = alt.Y("name:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
    data = data_of(rows)
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("low:Q", axis=alt.Axis(format="%", **footer_of(found))), x2="high:Q", y=height,
        color=alt.Color("sign:N", scale=scale, legend=None), tooltip=["name:N", "text:N"],
    )  # fmt: skip
    text = alt.Chart(data).mark_text(align="left", dx=4, fontSize=11, color=colors(theme).ink)
    chart = alt.layer(bars, text.encode(x="end:Q", y=height, text="text:N")).properties(
        width=WIDTH, height=ROW * rows.height
    )
    title = f"{label(found.group)}: from {percent(found.before)} to {percent(found.after)}"
    return styled(
        chart, theme, title, f"what moved its share between {found.start} and {found.end}; blue adds, orange takes away"
    )


def draw_influence(found: Influence, *, top: int = 12, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    rows = found.frame.drop_nulls("effect").head(top)
    names = [f"{plain(unit, 28)} ({group})" for unit, group in rows.select("unit", "group").iter_rows()]
    texts = [f"{effect:+.1%}" for effect in rows["effect"]]
    shown = rows.with_columns(
        pl.Series("name", names, dtype=pl.String), pl.Series("text", texts, dtype=pl.String), figure="effect"
    )
    chart = bar_chart(shown, footer_of(found), theme)
    return styled(chart, theme, f"What each {found.unit} does to a share at {found.period}",
                   f"change of the country's share without the {found.unit}, in points")  # fmt: skip


def draw_growth(found: Growth, *, top: int = 12, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
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
    chart = bar_chart(shown, footer_of(found), theme)
    return styled(
        chart,
        theme,
        f"Growth of the {found.method.unit} at {day}",
        "against the period before; the largest groups first",
    )


def draw_concentration(found: Concentration, *, top: int = 0, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
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
    foot = footer_of(found)
    foot["title"] = [f"the largest … {found.method.by[-1]}s", *foot["title"]]
    line = alt.Chart(data_of(curve)).mark_line(point=True, strokeWidth=2.2).encode(
        x=alt.X("number:Q", axis=alt.Axis(values=[1, 3, 10], **foot)),
        y=alt.Y("part:Q", axis=alt.Axis(format="%", title=None), scale=alt.Scale(domain=[0, 1])),
        color=color_by(curve["group"].unique(maintain_order=True).to_list()), tooltip=["name:N", "number:Q", alt.Tooltip("part:Q", format=".1%")],
    )  # fmt: skip
    ends = curve.filter(pl.col("number") == 10)  # noqa: PLR2004  # the last point of the curve
    at = spaced(ends["part"].to_list(), _GAP, 0.02, 1.0)
    texts = [f"{name} {percent(part)}" for name, part in ends.select("name", "part").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    text = alt.Chart(data_of(labels)).mark_text(align="left", dx=8, fontSize=11, color=colors(theme).ink)
    chart = alt.layer(line, text.encode(x="number:Q", y="at:Q", text="text:N")).properties(width=WIDTH, height=HEIGHT)
    first = rows.row(0, named=True)
    return styled(chart, theme, f"How few hold how much at {day}",
                   f"part of the largest 1, 3 and 10; as if {first['effective']:.1f} shared equally (HHI {first['hhi']:.3f})")  # fmt: skip


def draw_leaderboard(board: Leaderboard, *, top: int = 25, theme: str = "light") -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    import altair as alt

    rows = (
        board.frame.drop_nulls("rating")
        .sort("rank", "model")
        .unique("model", keep="first", maintain_order=True)
        .head(top)
    )
    if not rows.height:
        raise InvalidArgumentError("the board has no ratings to draw")
    names = [plain(one, 34) for one in rows["model"]]
    low, high = (pl.col(name).fill_null(pl.col("rating")).alias(name) for name in ("low", "high"))
    rows = rows.with_columns(pl.Series("name", names, dtype=pl.String), low, high, group="country")
    texts = [f"{label(country)}" for country in rows["country"]]
    data = data_of(
        rows.select("group", "name", "rating", "low", "high").with_columns(text=pl.Series(texts, dtype=pl.String))
    )
    height = alt.Y("name:N", sort=names, axis=alt.Axis(title=None, ticks=False, domain=False))
    span = alt.Scale(zero=False)
    source = [f"Source: {plain(board.source, 90)}, {board.on}; registry {board.registry}"]
    axis = alt.Axis(title=source, titleAlign="left", titleAnchor="start", titlePadding=14)
    color = color_by(rows["group"].unique(maintain_order=True).to_list())
    lines = (
        alt.Chart(data)
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=span, axis=axis), x2="high:Q", y=height, color=color)
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=60)
        .encode(x=alt.X("rating:Q", scale=span), y=height, color=color, tooltip=["name:N", "rating:Q", "text:N"])
    )
    words = (
        alt.Chart(data)
        .mark_text(align="left", dx=8, fontSize=10)
        .encode(x=alt.X("high:Q", scale=span), y=height, text="text:N", color=color)
    )
    chart = alt.layer(lines, points, words).properties(width=WIDTH, height=20 * rows.height)
    return styled(
        chart,
        theme,
        f"The first {rows.height} of the board at {board.on}",
        "rating with the board's own interval; color: country",
    )
