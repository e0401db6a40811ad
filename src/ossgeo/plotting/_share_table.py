"""Pictures of share tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from ossgeo._core.method import Method
from ossgeo._core.text import percent
from ossgeo.analysis import Bounds
from ossgeo.errors import InvalidArgumentError
from ossgeo.plotting._map import draw_world
from ossgeo.plotting._primitives import HEIGHT, ROW, bar_chart, color_by, data_of, footer_of
from ossgeo.plotting._style import OTHERS, WIDTH, colors, dash_of, footer, label, plain, spaced, styled
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._table import ShareTable

_LINE: Final = 15
_MANY: Final = 12


def draw_table(table: ShareTable, *, kind: str | None = None, top: int = 8, theme: str = "light", **more: Any) -> Any:
    """Draw it; see :func:`ossgeo.plotting._dispatch.plot`."""
    if not table.periods:
        raise InvalidArgumentError("the table is empty: there is nothing to draw")
    single = len(table.periods) == 1
    chosen = kind or ("matrix" if len(table.keys) == 2 else "bars" if single else "line")  # noqa: PLR2004  # two keys
    kinds: dict[str, Callable[..., Any]] = {
        "line": _lines, "stacked": _stacked, "ranks": _ranks, "bars": _bars, "map": draw_world, "matrix": _matrix,
    }  # fmt: skip
    if chosen not in kinds:
        raise InvalidArgumentError(f"kind={chosen!r} is not one of {', '.join(kinds)}")
    if (chosen == "matrix") != (len(table.keys) == 2):  # noqa: PLR2004
        raise InvalidArgumentError(f"kind={chosen!r} does not fit a table by {', '.join(table.keys)}")
    if strange := sorted(set(more) - ({"bounds", "crossovers"} if chosen == "line" else set())):
        raise InvalidArgumentError(f"{', '.join(strange)}: no such option of kind={chosen!r}")
    return kinds[chosen](table, top=top, theme=theme, **more)


def _said(method: Method) -> str:
    what = "share of all" if method.denominator == "all" else "share of models with a known country:"
    over = f", sums over {method.window} days" if method.window else ""
    return f"{what} {method.unit} by {' and '.join(method.by)}{over}"


def _folded(table: ShareTable, top: int) -> pl.DataFrame:
    """The largest groups of the last period, every status, and the rest as one: period, group, name, value, share."""
    key = table.keys[0]
    rows = table.to_polars().select("period", "value", "share", group=key)
    last = rows.filter(pl.col("period") == table.periods[-1]).drop_nulls("value")
    kept = [*last.filter(~pl.col("group").is_in(STATUSES))["group"].head(top), *STATUSES]
    group = pl.when(pl.col("group").is_in(kept)).then("group").otherwise(pl.lit(OTHERS))
    found = rows.with_columns(group=group).group_by("period", "group").agg(
        pl.col("value").sum(), pl.when(pl.col("share").is_null().all()).then(None).otherwise(pl.col("share").sum()).alias("share")
    )  # fmt: skip
    names = {one: label(one) for one in found["group"].unique()}
    drawn = found.filter((pl.col("value") > 0) | ~pl.col("group").is_in([*STATUSES, OTHERS]))
    return drawn.with_columns(name=pl.col("group").replace_strict(names, return_dtype=pl.String)).sort(
        "period", "group"
    )


def _lines(table: ShareTable, *, top: int, theme: str, bounds: Bounds | None = None, crossovers: Any = None) -> Any:
    import altair as alt

    rows = _folded(table, top).drop_nulls("share")
    if not rows.height:
        raise InvalidArgumentError("no group has a share: there is nothing to draw")
    groups = rows["group"].unique().sort().to_list()
    highest = max(float(rows["share"].max() or 0), 0.01) * 1.05  # type: ignore[arg-type]
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **footer_of(table)))
    height = alt.Y("share:Q", axis=alt.Axis(format="%", title=None), scale=alt.Scale(domain=[0, highest]))
    dashes = alt.StrokeDash(
        "group:N",
        scale=alt.Scale(domain=[plain(group, 200) for group in groups], range=[dash_of(group) for group in groups]),
        legend=None,
    )
    data = data_of(rows)
    layers = []
    if bounds is not None:
        band = (
            bounds.to_polars()
            .rename({table.keys[0]: "group"})
            .filter(pl.col("group").is_in(groups))
            .drop_nulls("lower")
        )
        area = alt.Chart(data_of(band.select("period", "group", "lower", "upper"))).mark_area(opacity=0.18)
        layers.append(area.encode(x="period:T", y="lower:Q", y2="upper:Q", color=color_by(groups)))
    line = alt.Chart(data).mark_line(strokeWidth=2.2, point={"size": 18, "filled": True})
    hints = ["name:N", "period:T", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("value:Q", format=",.0f")]
    layers.append(line.encode(x=days, y=height, color=color_by(groups), strokeDash=dashes, tooltip=hints))
    ends = rows.filter(pl.col("period") == rows["period"].max()).sort("share")
    tall = max(HEIGHT, _LINE * ends.height)
    at = spaced(ends["share"].to_list(), highest * _LINE / tall, highest * 0.01, highest)
    names = [f"{name} {percent(share)}" for name, share in ends.select("name", "share").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(names, dtype=pl.String))
    text = alt.Chart(data_of(labels)).mark_text(align="left", dx=8, fontSize=11)
    ink = color_by(groups) if len(groups) <= _MANY else alt.value(colors(theme).ink)
    layers.append(text.encode(x="period:T", y="at:Q", text="text:N", color=ink))
    if crossovers is not None and crossovers.frame.height:
        taken = rows.filter(pl.col("group") == crossovers.one).join(crossovers.frame.select("period"), on="period")
        mark = alt.Chart(data_of(taken)).mark_point(size=130, shape="diamond", strokeWidth=2, color=colors(theme).ink)
        layers.append(mark.encode(x="period:T", y="share:Q"))
    chart = alt.layer(*layers).properties(width=WIDTH, height=tall)
    return styled(chart, theme, _headline(table), _said(table.method))


def _headline(table: ShareTable) -> str:
    rows = table.to_polars().filter(period=table.periods[-1]).drop_nulls("share")
    named = rows.filter(~pl.col(table.keys[0]).is_in(STATUSES)).head(2)
    parts = [f"{label(group)} {percent(share)}" for group, share in named.select(table.keys[0], "share").iter_rows()]
    return f"{', '.join(parts) or 'No country'} at {table.periods[-1]}"


def _stacked(table: ShareTable, *, top: int, theme: str) -> Any:
    import altair as alt

    rows = _folded(table, top).drop_nulls("share")
    total = rows.group_by("group").agg(pl.col("value").sum()).sort("value", descending=True)["group"].to_list()
    order = [one for one in total if one not in (*STATUSES, OTHERS)] + [
        one for one in (OTHERS, *STATUSES) if one in total
    ]
    places = {group: place for place, group in enumerate(order)}
    rows = rows.with_columns(place=pl.col("group").replace_strict(places, return_dtype=pl.Int64)).sort(
        "period", "place"
    )
    rows = rows.with_columns(upper=pl.col("share").cum_sum().over("period")).with_columns(
        lower=pl.col("upper") - pl.col("share")
    )
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **footer_of(table)))
    area = alt.Chart(data_of(rows)).mark_area(stroke=colors(theme).paper, strokeWidth=0.8)
    area = area.encode(
        x=days, y=alt.Y("lower:Q", axis=alt.Axis(format="%", title=None)), y2="upper:Q", color=color_by(order),
        tooltip=["name:N", "period:T", alt.Tooltip("share:Q", format=".1%")],
    )  # fmt: skip
    ends = rows.filter(pl.col("period") == rows["period"].max())
    middle = ((ends["lower"] + ends["upper"]) / 2).to_list()
    high = float(ends["upper"].max() or 1)  # type: ignore[arg-type]
    tall = max(HEIGHT, _LINE * ends.height)
    at = spaced(middle, high * _LINE / tall, high * 0.01, high)
    names = [f"{name} {percent(share)}" for name, share in ends.select("name", "share").iter_rows()]
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(names, dtype=pl.String))
    text = alt.Chart(data_of(labels)).mark_text(align="left", dx=8, fontSize=11, color=colors(theme).ink)
    chart = alt.layer(area, text.encode(x="period:T", y="at:Q", text="text:N")).properties(width=WIDTH, height=tall)
    return styled(chart, theme, _headline(table), _said(table.method))


def _ranks(table: ShareTable, *, top: int, theme: str) -> Any:
    import altair as alt

    key = table.keys[0]
    rows = (
        table.to_polars()
        .filter(~pl.col(key).is_in(STATUSES) & (pl.col("value") > 0))
        .select("period", "value", group=key)
    )
    rows = rows.with_columns(rank=pl.col("value").rank("ordinal", descending=True).over("period").cast(pl.Int64))
    last = rows.filter(pl.col("period") == table.periods[-1]).filter(pl.col("rank") <= top)
    rows = rows.filter(pl.col("group").is_in(last["group"].implode()) & (pl.col("rank") <= 2 * top))
    groups = last.sort("rank")["group"].to_list()
    days = alt.X("period:T", axis=alt.Axis(format="%b %Y", tickCount=6, **footer_of(table)))
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
    line = alt.Chart(data_of(rows)).mark_line(strokeWidth=2.5, point={"size": 60, "filled": True})
    lines = line.encode(
        x=days, y=height, color=color_by(groups), strokeDash=dashes, tooltip=["group:N", "period:T", "rank:Q"]
    )
    ends = last.with_columns(text=pl.Series([label(group) for group in last["group"]], dtype=pl.String))
    text = alt.Chart(data_of(ends)).mark_text(align="left", dx=10, fontSize=11)
    text = text.encode(x="period:T", y=alt.Y("rank:Q"), text="text:N", color=color_by(groups))
    chart = alt.layer(lines, text).properties(width=WIDTH, height=HEIGHT)
    return styled(
        chart, theme, f"Ranks by {table.method.unit} at {table.periods[-1]}", f"rank of each {key}, statuses left out"
    )


def _bars(table: ShareTable, *, top: int, theme: str) -> Any:
    day = table.periods[-1]
    rows = _folded(table, top).filter(pl.col("period") == day)
    rows = rows.with_columns(last=pl.col("group").is_in([*STATUSES, OTHERS])).sort(
        "last", "value", descending=[False, True]
    )
    texts = [
        f"{percent(share)}" if share is not None else f"{value:,.0f} (no share)"
        for share, value in rows.select("share", "value").iter_rows()
    ]
    shown = rows.with_columns(text=pl.Series(texts, dtype=pl.String), figure=pl.col("share").fill_null(0.0))
    return styled(bar_chart(shown, footer_of(table), theme), theme, _headline(table), _said(table.method))


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
    data = data_of(named.select("down", "across", "value", "share", "text"))
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
    size = {"width": max(60 * named["across"].n_unique(), 240), "height": max(ROW * named["down"].n_unique(), 80)}
    squares = (
        alt.Chart(data).mark_rect().encode(x=x, y=y, color=shade, tooltip=["down:N", "across:N", "value:Q", "text:N"])
    )
    ink = alt.condition(f"datum.share > {highest * 0.55}", alt.value("#FFFFFF"), alt.value("#1A1A1A"))
    text = alt.Chart(data).mark_text(fontSize=10).encode(x=x, y=y, text="text:N", color=ink)
    title = f"Who builds on whom at {day}" if "base_country" in table.keys else f"{down} and {across} at {day}"
    return styled(
        alt.layer(squares, text).properties(**size),
        theme,
        title,
        [_said(table.method), *footer(table.method)],
    )
