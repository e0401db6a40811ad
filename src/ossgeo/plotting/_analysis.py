"""Pictures of the results of analyses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import counted, percent, period_of, plain, plain_id, points, times
from ossgeo.analysis import Bootstrap, Bounds, Concentration, Crossovers, Drivers, Growth, Influence, Sensitivity
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._leaderboards import Leaderboard
from ossgeo.plotting._observed import with_runs
from ossgeo.plotting._primitives import (
    HEIGHT,
    Area,
    bar_layers,
    color_by,
    dash_by,
    data_of,
    day_axis,
    distinct,
    end_labels,
    framed,
    hinted,
    margin,
    name_axis,
    names_above,
    plot_width,
    rows_height,
    share_axis,
)
from ossgeo.plotting._style import OTHERS, Look, spaced
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._names import day_text, footer, group_label, label, plural_key, quantity, scope_text, span

if TYPE_CHECKING:
    import altair as alt

_ADDS, _TAKES, _TOTAL = "#0072B2", "#D55E00", "#8A8A8A"


def _texts(found: Result, days: Sequence[dt.date], title: str, remark: str) -> dict[str, Any]:
    """Return the title, the subtitle and the footer of a result."""
    said = f"{quantity(found.method)}, {span(found.method, days)}"
    head = [said[0].upper() + said[1:], scope_text(found.method), remark]
    return {"title": title, "subtitle": head, "foot": footer(found.method)}


def draw_bounds(found: Bounds, look: Look, *, top: int = 12) -> alt.LayerChart:
    """Return the chart of bounds; see :func:`ossgeo.plotting.plot`."""
    day = period_of(found.frame, None)
    rows = found.frame.filter(pl.col("period") == day).with_columns(group=_joined(found))
    first, layers, size, rest = _ranges(rows, found, look, top)
    title = f"{first['name']}: between {first['text'].replace(' to ', ' and ')} at {day_text(day)}"
    remark = "Points: shares as measured; bars: every origin that the unattributed part may have."
    return framed(layers, look, size, **_texts(found, [day], title, remark + rest))


def draw_bootstrap(found: Bootstrap, look: Look, *, top: int = 12) -> alt.LayerChart:
    """Return the chart of intervals; see :func:`ossgeo.plotting.plot`."""
    first, layers, size, rest = _ranges(found.frame, found, look, top)
    title = f"{first['name']}: {first['text']} over the choice of {plural_key(found.unit)}"
    remark = f"Points: shares as measured; bars: nominal 95% intervals from {found.draws:,} draws of {plural_key(found.unit)}."
    return framed(layers, look, size, **_texts(found, [found.period], title, remark + rest))


def _joined(found: Result) -> pl.Expr:
    """Return the group of each row of a result: its keys, joined if there are several."""
    return pl.concat_str(found.method.by, separator=" x ")


def _is_status() -> pl.Expr:
    """Return whether the group of a row is an origin status, or one of several keys has one."""
    return pl.col("group").str.split(" x ").list.eval(pl.element().is_in(STATUSES)).list.any()


def _rest(count: int, top: int, noun: str = "groups") -> str:
    """Return the remark on what a picture of the first rows leaves out; empty if it leaves nothing out."""
    return f" Not drawn: {counted(count - top, f'further {noun}')}." if count > top else ""


def _ranges(rows: pl.DataFrame, found: Result, look: Look, top: int) -> tuple[dict[str, Any], list[Any], Area, str]:
    """Return the row that the title names, a bar from lower to upper and a point at the share for each group, the size, and the rest."""
    import altair as alt

    rows = rows.drop_nulls("lower").sort("share", "group", descending=[True, False], nulls_last=True)
    rest = _rest(rows.height, top)
    rows = rows.head(top)
    if not rows.height:
        raise InvalidArgumentError("no group has a lower and an upper share: there is nothing to draw")
    texts = [f"{percent(low)} to {percent(high)}" for low, high in rows.select("lower", "upper").iter_rows()]
    names = distinct(look.name(group_label(found.method, one)) for one in rows["group"])
    rows = rows.with_columns(name=pl.Series(names, dtype=pl.String), text=pl.Series(texts, dtype=pl.String))
    left = margin(look, names)
    width, height = plot_width(look, left, texts), rows_height(look, rows.height)
    vertical = name_axis(look, names)
    data = data_of(hinted(rows.select("group", "name", "share", "lower", "upper", "text")))
    color = color_by(rows["group"].to_list(), look)
    bars = alt.Chart(data).mark_bar(height=10, opacity=0.55).encode(
        x=alt.X("lower:Q", axis=share_axis(look, grid=False)), x2="upper:Q", y=vertical, color=color, tooltip=["name:N", "text:N"], description="hint:N"
    )  # fmt: skip
    dots = (
        alt.Chart(data)
        .mark_point(aria=False, filled=True, size=70, opacity=1)
        .encode(x="share:Q", y=vertical, color=color)
    )
    words = alt.Chart(data).mark_text(aria=False, align="left", dx=8, fontSize=look.font(11), color=look.colors.ink)
    layers = [bars, dots, words.encode(x="upper:Q", y=vertical, text="text:N"), *names_above(data, look, vertical)]
    known = rows.filter(~_is_status())
    first = (known if known.height else rows).row(0, named=True)
    return first, layers, Area(width, height, left), rest


def draw_crossovers(found: Crossovers, look: Look) -> alt.LayerChart:
    """Return the chart of crossovers; see :func:`ossgeo.plotting.plot`."""
    import altair as alt

    known = found.shares.drop_nulls()
    if not known.height:
        raise InvalidArgumentError(f"{found.one} and {found.other} never both have a share: there is nothing to draw")
    sides = {"one": found.one, "other": found.other}
    names = {side: group_label(found.method, group) for side, group in sides.items()}
    rows = known.unpivot(index="period", variable_name="side", value_name="share").with_columns(
        group=pl.col("side").replace_strict(sides, return_dtype=pl.String),
        name=pl.col("side").replace_strict(names, return_dtype=pl.String),
        day=pl.col("period").cast(pl.String),
    )
    groups, periods = [found.one, found.other], found.shares["period"].sort().to_list()
    rows = with_runs(rows, periods, known["period"].to_list())
    ends = rows.filter(pl.col("period") == rows["period"].max())
    texts = [look.wrapped(f"{name} {percent(share)}") for name, share in ends.select("name", "share").iter_rows()]
    left = margin(look)
    width, tall = plot_width(look, left, texts), look.height or HEIGHT
    days = day_axis(periods, look, width)
    line = alt.Chart(data_of(rows)).mark_line(strokeWidth=2.2, point={"size": 22, "filled": True}).encode(
        x=days, y=alt.Y("share:Q", axis=share_axis(look)), color=color_by(groups, look), strokeDash=dash_by(groups),
        detail="run:N", tooltip=["name:N", "day:N", alt.Tooltip("share:Q", format=".1%")], description="name:N",
    )  # fmt: skip
    highest = float(rows["share"].max() or 1.0)  # type: ignore[arg-type]
    at = spaced(ends["share"].to_list(), highest * look.label_gap(texts) / tall, 0.0, highest)
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    ink = look.colors.ink
    judged = pl.when("lasting").then(pl.lit("lasting")).otherwise(pl.lit("lost again"))
    taken = found.frame.join(found.shares, on="period").with_columns(
        text=pl.format("{}: {}, {}", pl.col("period").cast(pl.String), "bounds", judged)
    )
    marks = alt.Chart(data_of(taken)).encode(x=days, y="one:Q")
    diamonds = marks.mark_point(size=130, shape="diamond", strokeWidth=2, color=ink)
    half = periods[len(periods) // 2]
    parts = (taken.filter(pl.col("period") < half), taken.filter(pl.col("period") >= half))
    early, late = (alt.Chart(data_of(part)).encode(x=days, y="one:Q", text="text:N") for part in parts)
    words: Any = {"fontSize": look.font(10), "dy": -10, "color": ink}
    said = [
        early.mark_text(aria=False, align="left", dx=10, **words),
        late.mark_text(aria=False, align="right", dx=-10, **words),
    ]
    layers = [line, end_labels(labels, look, groups, colored=True), diamonds, *([] if look.narrow else said)]
    count = found.frame.height
    verb = "never overtook" if not count else "overtook"
    title = f"{names['one']} {verb} {names['other']}{f' {times(count)}' if count > 1 else ''}"
    remark = "Diamonds: overtakes; certain if they hold whatever the origin of the unattributed part."
    return framed(layers, look, Area(width, tall, left), **_texts(found, periods, title, remark))


def draw_sensitivity(found: Sensitivity, look: Look, *, top: int = 6) -> alt.LayerChart:
    """Return the chart of a sensitivity analysis; see :func:`ossgeo.plotting.plot`."""
    import altair as alt

    ranges = found.ranges.filter(~pl.col("group").is_in(STATUSES)).drop_nulls("highest")
    rest = _rest(ranges.height, top)
    ranges = ranges.sort("highest", "group", descending=[True, False]).head(top)
    if not ranges.height:
        raise InvalidArgumentError("no group has a share: there is nothing to draw")
    names = distinct(look.name(group_label(found.method, one)) for one in ranges["group"])
    texts = [f"{percent(low)} to {percent(high)}{'' if look.narrow else _reason(found, group)}"
             for group, low, high in ranges.select("group", "lowest", "highest").iter_rows()]  # fmt: skip
    rows = ranges.with_columns(pl.Series("name", names, dtype=pl.String), pl.Series("text", texts, dtype=pl.String))
    left = margin(look, names)
    width, height = plot_width(look, left, texts), rows_height(look, rows.height)
    vertical = name_axis(look, names)
    data = data_of(hinted(rows.select("group", "name", "lowest", "highest", "text")))
    bars = alt.Chart(data).mark_bar(height=12, opacity=0.8).encode(
        x=alt.X("lowest:Q", axis=share_axis(look, grid=False)), x2="highest:Q", y=vertical,
        color=color_by(rows["group"].to_list(), look), tooltip=["name:N", "text:N"], description="hint:N",
    )  # fmt: skip
    shown = found.frame.drop_nulls("share").select("group", "share").join(rows.select("group", "name"), on="group")
    ticks = alt.Chart(data_of(shown)).mark_tick(aria=False, thickness=1, size=18, color=look.colors.ink, opacity=0.5)
    words = alt.Chart(data).mark_text(aria=False, align="left", dx=8, fontSize=look.font(11), color=look.colors.ink)
    layers = [
        bars,
        ticks.encode(x="share:Q", y=vertical),
        words.encode(x="highest:Q", y=vertical, text="text:N"),
        *names_above(data, look, vertical),
    ]
    title = f"Shares under {len(found.methods)} combinations of options at {day_text(found.period)}"
    remark = f"Each tick is one combination of options; the bar spans all of them.{rest}"
    return framed(layers, look, Area(width, height, left), **_texts(found, [found.period], title, remark))


def _reason(found: Sensitivity, group: str) -> str:
    """Return the option that explains most of a group's range."""
    mine = found.effects.filter((pl.col("group") == group) & (pl.col("choice") != "interactions")).drop_nulls("part")
    if not mine.height:
        return "; no option changes it"
    _, choice, part = mine.sort("part", descending=True).row(0)
    return f"; {choice.replace('_', ' ')} explains {percent(part, 0)}"


def draw_drivers(found: Drivers, look: Look, *, top: int = 10) -> alt.LayerChart:
    """Return the chart of drivers; see :func:`ossgeo.plotting.plot`."""
    import altair as alt

    units = found.frame.sort(pl.col("effect").abs(), "unit", descending=[True, False])
    largest, rest = units.head(top), units.tail(max(units.height - top, 0))
    steps = [(day_text(found.start), 0.0, found.before, "total")]
    at = found.before
    for unit, part, effect in largest.select("unit", "part", "effect").iter_rows():
        name = unit if part == "denominator" else group_label(found.method, unit, found.unit)
        steps.append((name, at, at + effect, "more" if effect >= 0 else "less"))
        at += effect
    if rest.height:
        effect = float(rest["effect"].sum())
        steps.append((OTHERS, at, at + effect, "more" if effect >= 0 else "less"))
    steps.append((day_text(found.end), 0.0, found.after, "total"))
    schema = {"name": pl.String, "low": pl.Float64, "high": pl.Float64, "sign": pl.String}
    texts = [percent(high) if sign == "total" else points(high - low) for _, low, high, sign in steps]
    rows = pl.DataFrame(steps, schema=schema, orient="row")
    order = distinct(look.name(one) for one in rows["name"])
    rows = rows.with_columns(
        name=pl.Series(order, dtype=pl.String),
        text=pl.Series(texts, dtype=pl.String),
        end=pl.max_horizontal("low", "high"),
    )
    left = margin(look, order)
    width, height = plot_width(look, left, [f"{points(0.1)}  "]), rows_height(look, rows.height)
    scale = alt.Scale(domain=["total", "more", "less"], range=[_TOTAL, _ADDS, _TAKES])
    vertical = name_axis(look, order)
    data = data_of(hinted(rows))
    bars = alt.Chart(data).mark_bar(height=16).encode(
        x=alt.X("low:Q", axis=share_axis(look, grid=False)), x2="high:Q", y=vertical,
        color=alt.Color("sign:N", scale=scale, legend=None), tooltip=["name:N", "text:N"], description="hint:N",
    )  # fmt: skip
    words = alt.Chart(data).mark_text(aria=False, align="left", dx=4, fontSize=look.font(11), color=look.colors.ink)
    layers = [bars, words.encode(x="end:Q", y=vertical, text="text:N"), *names_above(data, look, vertical)]
    title = f"{group_label(found.method, found.group)}: from {percent(found.before)} to {percent(found.after)}"
    remark = "Blue adds to the share, orange takes from it, in points; gray: the share at both ends."
    for day, part in found.scaled:
        remark += (
            f" The values of {day_text(day)} are scaled to the whole period, of which {percent(part, 0)} was observed."
        )
    return framed(layers, look, Area(width, height, left), **_texts(found, [found.start, found.end], title, remark))


def draw_influence(found: Influence, look: Look, *, top: int = 12) -> alt.LayerChart:
    """Return the chart of an influence analysis; see :func:`ossgeo.plotting.plot`."""
    rows = found.frame.drop_nulls("effect")
    rest = _rest(rows.height, top, "effects, which are smaller")
    rows = rows.head(top)
    if not rows.height:
        raise InvalidArgumentError("no unit changes a share: there is nothing to draw")
    names = [
        f"{group_label(found.method, unit, found.unit)} ({group_label(found.method, group)})"
        for unit, group in rows.select("unit", "group").iter_rows()
    ]
    texts = [points(effect) for effect in rows["effect"]]
    named = rows.with_columns(
        pl.Series("name", names, dtype=pl.String), pl.Series("text", texts, dtype=pl.String), figure="effect"
    )
    layers, size = bar_layers(named, look, points=True)
    first = rows.row(0, named=True)
    title = (
        f"Without {group_label(found.method, first['unit'], found.unit)}, {group_label(found.method, first['group'])} has "
        f"{percent(first['without'])} instead of {percent(first['share'])}"
    )
    remark = f"Change of a share, in points, if one {found.unit} is left out; in brackets whose share.{rest}"
    return framed(layers, look, size, **_texts(found, [found.period], title, remark))


def draw_growth(found: Growth, look: Look, *, top: int = 12) -> alt.LayerChart:
    """Return the chart of growth; see :func:`ossgeo.plotting.plot`."""
    day = found.period
    rows = found.frame.filter(pl.col("period") == day).drop_nulls("growth").with_columns(group=_joined(found))
    rest = _rest(rows.height, top)
    rows = rows.sort("value", "group", descending=[True, False]).head(top)
    if not rows.height:
        raise InvalidArgumentError("no group has a growth at the last period: there is nothing to draw")
    names = [group_label(found.method, one) for one in rows["group"]]
    shown = rows.select(
        pl.Series("name", names, dtype=pl.String), pl.Series("text", [f"{one:+.0%}" for one in rows["growth"]], dtype=pl.String),
        "group", figure="growth",
    )  # fmt: skip
    layers, size = bar_layers(shown, look)
    remark = f"Change against the period before, the largest groups first.{rest}"
    words = _texts(found, [day], f"Growth of the {found.method.unit} at {day_text(day)}", remark)
    return framed(layers, look, size, **words)


def draw_concentration(found: Concentration, look: Look, *, top: int = 6) -> alt.LayerChart:
    """Return the chart of concentration; see :func:`ossgeo.plotting.plot`."""
    import altair as alt

    day = found.period
    *outer, inner = found.method.by
    rows = found.frame.filter(pl.col("period") == day)
    distinct = rows.filter(pl.col("groups") > 3) if outer else rows  # noqa: PLR2004  # three are always all of three
    rows = distinct if distinct.height else rows
    left_out = _rest(rows.height, top)
    rows = rows.sort("groups", *outer, descending=[True, *[False] * len(outer)]).head(top)
    curve = pl.DataFrame(
        [(row[outer[0]] if outer else "all", number, row[f"top_{number}"] if number else 0.0)
         for row in rows.iter_rows(named=True) for number in (0, 1, 3, 10)],
        schema={"group": pl.String, "number": pl.Int64, "part": pl.Float64}, orient="row",
    )  # fmt: skip
    names = [group_label(found.method, one, outer[0]) if outer else "" for one in curve["group"]]
    curve = curve.with_columns(name=pl.Series(names, dtype=pl.String))
    ends = curve.filter(pl.col("number") == 10)  # noqa: PLR2004  # the last point of the curve
    texts = [look.wrapped(f"{name} {percent(part)}".strip()) for name, part in ends.select("name", "part").iter_rows()]
    groups = curve["group"].unique(maintain_order=True).to_list()
    left = margin(look)
    width, tall = plot_width(look, left, texts), look.height or HEIGHT
    axis = alt.Axis(values=[1, 3, 10], format="d", grid=False, title=f"number of the largest {plural_key(inner)}")
    line = alt.Chart(data_of(curve)).mark_line(point=True, strokeWidth=2.2).encode(
        x=alt.X("number:Q", axis=axis), y=alt.Y("part:Q", axis=share_axis(look), scale=alt.Scale(domain=[0, 1])),
        color=color_by(groups, look), strokeDash=dash_by(groups),
        tooltip=["name:N", "number:Q", alt.Tooltip("part:Q", format=".1%")],
    )  # fmt: skip
    at = spaced(ends["part"].to_list(), look.label_gap(texts) / tall, 0.02, 1.0)
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    mark = alt.Chart(data_of(labels)).mark_text(aria=False, align="left", dx=8, fontSize=look.font(11), lineBreak="\n")
    words = mark.encode(x="number:Q", y="at:Q", text="text:N", color=color_by(groups, look, text=True))
    first = rows.row(0, named=True)
    within = f" of {group_label(found.method, first[outer[0]], outer[0])}" if outer else ""
    title = f"The {min(10, first['groups'])} largest {plural_key(inner)}{within} have {percent(first['top_10'])} of {'its' if outer else 'the'} {found.method.unit}"
    remark = f"Part of the largest 1, 3 and 10 {plural_key(inner)}; as concentrated as {first['effective']:.1f} equal ones{within}.{left_out}"
    said = _texts(found, [day], title, remark)
    return framed([line, words], look, Area(width, tall, left), below=52, **said)


def draw_leaderboard(board: Leaderboard, look: Look, *, top: int = 25) -> alt.LayerChart:
    """Return the chart of a leaderboard; see :func:`ossgeo.plotting.plot`."""
    import altair as alt

    rows = (
        board.frame.drop_nulls("rating")
        .sort("rank", "model")
        .unique("model", keep="first", maintain_order=True)
        .head(top)
    )
    if not rows.height:
        raise InvalidArgumentError("the board has no ratings to draw")
    names = distinct(plain_id(one, 34) for one in rows["model"])
    texts = [label(country) for country in rows["country"]]
    low, high = (pl.col(name).fill_null(pl.col("rating")).alias(name) for name in ("low", "high"))
    rows = rows.with_columns(pl.Series("name", names, dtype=pl.String), low, high, group="country")
    data = data_of(
        rows.select("group", "name", "rating", "low", "high").with_columns(text=pl.Series(texts, dtype=pl.String))
    )
    left = margin(look, names)
    width, height = plot_width(look, left, texts), rows_height(look, rows.height)
    vertical = name_axis(look, names)
    scale = alt.Scale(zero=False)
    groups = rows["group"].unique(maintain_order=True).to_list()
    color = color_by(groups, look)
    axis = alt.Axis(title=None, labelFontSize=look.font(11), grid=False)
    lines = (
        alt.Chart(data)
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("low:Q", scale=scale, axis=axis), x2="high:Q", y=vertical, color=color)
    )
    dots = alt.Chart(data).mark_point(filled=True, size=60).encode(
        x=alt.X("rating:Q", scale=scale), y=vertical, color=color, tooltip=["name:N", "rating:Q", "text:N"]
    )  # fmt: skip
    mark = alt.Chart(data).mark_text(aria=False, align="left", dx=8, fontSize=look.font(10))
    words = mark.encode(
        x=alt.X("high:Q", scale=scale), y=vertical, text="text:N", color=color_by(groups, look, text=True)
    )
    return framed(
        [lines, dots, words, *names_above(data, look, vertical)], look, Area(width, height, left),
        title=f"The first {rows.height} models of the board at {day_text(board.on)}",
        subtitle=["Rating with the board's own interval; color: country of the organization.", f"Scope: {plain(board.source, 200)}."],
        foot=[f"Source: {plain(board.source, 90)}, {board.on}; registry {board.registry}."],
    )  # fmt: skip
