"""Pictures of share tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import polars as pl

from ossgeo._core.text import percent, value_text
from ossgeo.analysis import Bounds, Crossovers
from ossgeo.errors import InvalidArgumentError
from ossgeo.plotting._map import draw_world, mapped_key
from ossgeo.plotting._observed import dotted, remarks_on, veil, with_runs
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
    plot_width,
    share_axis,
)
from ossgeo.plotting._style import OTHERS, PALETTE, Look, is_status, spaced
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._names import coverage_text, day_text, footer, group_label, quantity, scope_text, span
from ossgeo.shares._table import ShareTable
from ossgeo.shares._table_data import with_zeros

if TYPE_CHECKING:
    import altair as alt

_FEW: Final = 5
KINDS: Final = ("line", "stacked", "ranks", "bars", "map", "matrix")


def draw_table(table: ShareTable, look: Look, *, kind: str | None = None, top: int = len(PALETTE), **more: Any) -> Any:
    """Return the chart of a share table; see :func:`ossgeo.plotting.plot`."""
    if not table.periods:
        raise InvalidArgumentError("the table is empty: there is nothing to draw")
    paired = len(table.keys) == 2  # noqa: PLR2004  # two keys
    chosen = kind or ("matrix" if paired else "bars" if len(table.periods) == 1 else "line")
    if chosen not in KINDS:
        raise InvalidArgumentError(f"kind must be one of {', '.join(KINDS)}, got {chosen!r}")
    if chosen == "map" and paired and mapped_key(table) is None:
        raise InvalidArgumentError(
            "kind='map' of two keys needs one group of the other: table.filter(country='CN') first"
        )
    if (chosen == "matrix") != paired and not (chosen == "map" and paired):
        raise InvalidArgumentError(f"kind={chosen!r} does not fit a table by {', '.join(table.keys)}")
    if strange := sorted(set(more) - ({"bounds", "crossovers"} if chosen == "line" else set())):
        raise InvalidArgumentError(f"{', '.join(strange)}: no such option of kind={chosen!r}")
    for name, result in (("bounds", Bounds), ("crossovers", Crossovers)):
        if not isinstance(more.get(name), result | None):
            raise InvalidArgumentError(f"{name} must be the result of ossgeo.analysis.{name}, got {more[name]!r}")
    if not table.to_polars()["share"].count():
        raise InvalidArgumentError("no group has a share: there is nothing to draw")
    if look.narrow and chosen not in ("bars", "map"):
        top = min(top, _FEW)
    drawn: dict[str, Callable[..., Any]] = {
        "line": _lines, "stacked": _stacked, "ranks": _ranks, "bars": _bars, "map": draw_world, "matrix": _matrix,
    }  # fmt: skip
    return drawn[chosen](table, look, top=top, **more)


def _texts(table: ShareTable, *remarks: str) -> dict[str, Any]:
    """Return the title, the subtitle and the footer of a table."""
    method = table.method
    said = f"{quantity(method)}, {span(method, table.periods)}"
    scope = scope_text(method, table.note)
    overlap = ["Groups overlap, so that the shares sum to more than 100%."] if table.overlapping else []
    return {
        "title": _headline(table),
        "subtitle": [said[0].upper() + said[1:], scope, *overlap, *remarks],
        "foot": footer(method, coverage_text(table)),
    }


def _headline(table: ShareTable) -> str:
    rows = table.to_polars().filter(period=table.latest).drop_nulls("share")
    named = rows.filter(~pl.any_horizontal(pl.col(key).is_in(STATUSES) for key in table.keys)).head(2)
    groups = named.select(pl.concat_str(table.keys, separator=" x "), "share").iter_rows()
    only = table.keys[0] if len(table.keys) == 1 else None
    parts = [f"{group_label(table.method, group, only)} {percent(share)}" for group, share in groups]
    return f"{', '.join(parts) or 'No group with a share'} at {day_text(table.latest)}"


def _folded(table: ShareTable, top: int) -> pl.DataFrame:
    """Return the largest groups of the latest complete period, every status, and the rest as one.

    Columns: period, group, name, day, value, share, hint; see :func:`with_zeros` for groups without a row in a period.
    """
    key = table.keys[0]
    rows = with_zeros(table).rename({key: "group"})
    last = table.to_polars().rename({key: "group"}).filter(pl.col("period") == table.latest).drop_nulls("value")
    kept = [*last.filter(~pl.col("group").is_in(STATUSES))["group"].head(top), *STATUSES]
    group = pl.when(pl.col("group").is_in(kept)).then("group").otherwise(pl.lit(OTHERS))
    found = rows.with_columns(group=group).group_by("period", "group").agg(
        pl.col("value").sum(), pl.when(pl.col("share").is_null().all()).then(None).otherwise(pl.col("share").sum()).alias("share")
    )  # fmt: skip
    names = {one: OTHERS if one == OTHERS else group_label(table.method, one, key) for one in found["group"].unique()}
    has_value = (pl.col("value") > 0).any().over("group")
    drawn = found.filter(has_value | ~pl.col("group").is_in([*STATUSES, OTHERS]))
    if table.overlapping:  # the sum of groups that share models is not the share of the rest
        drawn = drawn.filter(pl.col("group") != OTHERS)
    named = drawn.with_columns(
        name=pl.col("group").replace_strict(names, return_dtype=pl.String), day=pl.col("period").cast(pl.String)
    )
    text = pl.Series([percent(share) for share in named["share"]], dtype=pl.String)
    return hinted(named.with_columns(text=text), "name", "day", "text").drop("text").sort("period", "group")


def _order(rows: pl.DataFrame) -> list[str]:
    """Return the groups, the largest first, then all others and the statuses."""
    last = rows.filter(pl.col("period") == rows["period"].max())
    sizes = pl.concat([last, rows]).group_by("group", maintain_order=True).agg(pl.col("value").first())
    ordered = sizes.sort("value", "group", descending=[True, False])["group"].to_list()
    return [one for one in ordered if not is_status(one)] + [one for one in (OTHERS, *STATUSES) if one in ordered]


def _hints() -> list[Any]:
    import altair as alt

    return ["name:N", "day:N", alt.Tooltip("share:Q", format=".1%"), alt.Tooltip("value:Q", format=",.2~f")]


def _lines(
    table: ShareTable, look: Look, *, top: int, bounds: Bounds | None = None, crossovers: Crossovers | None = None
) -> alt.LayerChart:
    import altair as alt

    shared = [pl.col("share").is_not_null().any().over(name) for name in ("period", "group")]
    rows = with_runs(_folded(table, top).filter(shared), table.periods, table.complete_periods)
    groups = _order(rows)
    ends = rows.filter(pl.col("period") == rows["period"].max()).drop_nulls("share").sort("share")
    texts = [look.wrapped(f"{name} {percent(share)}") for name, share in ends.select("name", "share").iter_rows()]
    left = margin(look)
    width, tall = plot_width(look, left, texts), look.height or max(HEIGHT, look.label_gap(texts) * ends.height)
    days = day_axis(table.periods, look, width)
    highest = max(float(rows["share"].max() or 0), 0.01)  # type: ignore[arg-type]
    layers = []
    if bounds is not None:
        band = bounds.to_polars().rename({table.keys[0]: "group"}).select("period", "group", "lower", "upper")
        band = rows.select("period", "group", "stretch").join(band, on=["period", "group"], how="left")
        highest = max(highest, float(band["upper"].max() or 0))  # type: ignore[arg-type]
        area = alt.Chart(data_of(band)).mark_area(opacity=0.18)
        layers.append(area.encode(x=days, y="lower:Q", y2="upper:Q", color=color_by(groups, look), detail="stretch:N"))
    highest *= 1.05
    height = alt.Y("share:Q", axis=share_axis(look), scale=alt.Scale(domain=[0, highest]))
    line = alt.Chart(data_of(rows)).mark_line(strokeWidth=2.2, point={"size": 22, "filled": True})
    drawn: dict[str, Any] = {"color": color_by(groups, look), "strokeDash": dash_by(groups), "detail": "run:N"}
    lines = line.encode(x=days, y=height, tooltip=_hints(), description="hint:N", **drawn)
    layers += [lines, *dotted(rows, groups, look, days, "share")]
    at = spaced(ends["share"].to_list(), highest * look.label_gap(texts) / tall, highest * 0.01, highest)
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    layers.append(end_labels(labels, look, groups, colored=True))
    if crossovers is not None and crossovers.frame.height:
        taken = rows.filter(pl.col("group") == crossovers.one).join(crossovers.frame.select("period"), on="period")
        mark = alt.Chart(data_of(taken)).mark_point(size=130, shape="diamond", strokeWidth=2, color=look.colors.ink)
        layers.append(mark.encode(x=days, y="share:Q"))
    remark = ["Bands: lowest and highest share, whatever the origin of the unattributed part."] if bounds else []
    return framed(layers, look, Area(width, tall, left), **_texts(table, *remark, *remarks_on(rows)))


def _stacked(table: ShareTable, look: Look, *, top: int) -> alt.LayerChart:
    import altair as alt

    if table.overlapping:
        raise InvalidArgumentError(
            "kind='stacked' does not fit counting='full', whose groups overlap; use kind='line', or counting='fractional'"
        )
    rows = with_runs(_folded(table, top).drop_nulls("share"), table.periods, table.complete_periods)
    groups = _order(rows)
    places = {group: place for place, group in enumerate(groups)}
    rows = rows.with_columns(place=pl.col("group").replace_strict(places, return_dtype=pl.Int64)).sort(
        "period", "place"
    )
    rows = rows.with_columns(upper=pl.col("share").cum_sum().over("period"))
    rows = rows.with_columns(lower=pl.col("upper") - pl.col("share"))
    ends = rows.filter(pl.col("period") == rows["period"].max())
    texts = [look.wrapped(f"{name} {percent(share)}") for name, share in ends.select("name", "share").iter_rows()]
    left = margin(look)
    width, tall = plot_width(look, left, texts), look.height or max(HEIGHT, look.label_gap(texts) * ends.height)
    area = alt.Chart(data_of(rows)).mark_area(stroke=look.colors.paper, strokeWidth=0.8).encode(
        x=day_axis(table.periods, look, width), y=alt.Y("lower:Q", axis=share_axis(look)), y2="upper:Q",
        color=color_by(groups, look), detail="stretch:N", tooltip=_hints(), description="name:N",
    )  # fmt: skip
    high = float(ends["upper"].max() or 1)  # type: ignore[arg-type]
    middle = ((ends["lower"] + ends["upper"]) / 2).to_list()
    at = spaced(middle, high * look.label_gap(texts) / tall, high * 0.01, high)
    labels = ends.with_columns(at=pl.Series(at, dtype=pl.Float64), text=pl.Series(texts, dtype=pl.String))
    pale = veil(rows, look, float(rows["upper"].max() or 1))  # type: ignore[arg-type]
    layers = [area, *pale, end_labels(labels, look, groups, colored=True)]
    return framed(layers, look, Area(width, tall, left), **_texts(table, *remarks_on(rows)))


def _ranks(table: ShareTable, look: Look, *, top: int) -> alt.LayerChart:
    import altair as alt

    key = table.keys[0]
    rows = (
        table.to_polars()
        .filter(~pl.col(key).is_in(STATUSES) & (pl.col("value") > 0))
        .select("period", "value", group=key)
    )
    rank = pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64)
    rows = rows.with_columns(rank=rank)
    last = rows.filter(pl.col("period") == table.latest).sort("rank", "group").head(top)
    names = {group: look.wrapped(group_label(table.method, group, key)) for group in last["group"]}
    # A group without a rank in a measured period, or with one that is too low to draw, has a gap in its line there.
    grid = rows.select("period").unique().join(last.select("group"), how="cross").sort("period", "group")
    rows = grid.join(rows.filter(pl.col("rank") <= 2 * top), on=["period", "group"], how="left", maintain_order="left")
    rows = rows.with_columns(
        day=pl.col("period").cast(pl.String), name=pl.col("group").replace_strict(names, return_dtype=pl.String)
    )
    rows = with_runs(rows, table.periods, table.complete_periods)
    groups = last["group"].to_list()
    left = margin(look)
    width, tall = plot_width(look, left, list(names.values())), look.height or HEIGHT
    deepest = int(rows["rank"].max() or top)  # type: ignore[arg-type]
    axis = alt.Axis(title=None, tickMinStep=1, format="d")
    height = alt.Y("rank:Q", axis=axis, scale=alt.Scale(reverse=True, domain=[0.5, deepest + 0.5], nice=False))
    days = day_axis(table.periods, look, width)
    line = alt.Chart(data_of(rows)).mark_line(strokeWidth=2.5, point={"size": 60, "filled": True}).encode(
        x=days, y=height, color=color_by(groups, look), strokeDash=dash_by(groups), detail="run:N",
        tooltip=["name:N", "day:N", "rank:Q"], description="name:N",
    )  # fmt: skip
    ends = (
        rows.drop_nulls("rank")
        .sort("period")
        .group_by("group")
        .agg(pl.col("rank", "name").last())
        .sort("rank", "group")
    )
    gap = deepest * look.label_gap(names.values()) / tall
    ends = ends.with_columns(
        period=rows["period"].max(),
        text="name",
        at=pl.Series(spaced(ends["rank"].to_list(), gap, 1, deepest), dtype=pl.Float64),
    )
    words = _texts(
        table,
        f"Rank of each {key.replace('_', ' ')} by {table.method.unit}, equal values share one; models without a known {key} left out.",
        *remarks_on(rows),
    )
    words["title"] = f"Ranks by {table.method.unit} at {day_text(table.latest)}"
    layers = [line, *dotted(rows, groups, look, days, "rank"), end_labels(ends, look, groups, colored=True)]
    return framed(layers, look, Area(width, tall, left), **words)


def _bars(table: ShareTable, look: Look, *, top: int) -> alt.LayerChart:
    last = pl.col("group").is_in([*STATUSES, OTHERS])
    rows = _folded(table, top).filter(pl.col("period") == table.latest, (pl.col("value") > 0) | ~last)
    rows = rows.with_columns(last=last).sort("last", "value", descending=[False, True])
    texts = [
        percent(share) if share is not None else f"{value_text(value)} (no share)"
        for share, value in rows.select("share", "value").iter_rows()
    ]
    shown = rows.with_columns(text=pl.Series(texts, dtype=pl.String), figure=pl.col("share").fill_null(0.0))
    layers, size = bar_layers(shown, look)
    return framed(layers, look, size, **_texts(table.filter(period=table.latest)))


def _matrix(table: ShareTable, look: Look, *, top: int) -> alt.LayerChart:
    import altair as alt

    day, (down, across) = table.latest, table.keys
    rows = table.to_polars().filter(pl.col("period") == day, pl.col("value") > 0)

    def folded(key: str) -> pl.Expr:
        kept = rows.group_by(key).agg(pl.col("value").sum()).sort("value", key, descending=[True, False])[key].head(top)
        return pl.when(pl.col(key).is_in(kept.implode())).then(key).otherwise(pl.lit(OTHERS)).alias(key)

    def named(key: str) -> dict[str, str]:
        sizes = cells.group_by(key).agg(pl.col("value").sum()).sort("value", key, descending=[True, False])[key]
        labels = (OTHERS if one == OTHERS else group_label(table.method, one, key) for one in sizes)
        return dict(zip(sizes, distinct(look.name(one, 0.25 if look.narrow else 0.35) for one in labels), strict=True))

    folds = rows.select(folded(down), folded(across), "value", "share")
    summed = pl.when(pl.col("share").is_not_null().any()).then(pl.col("share").sum())
    cells = folds.group_by(down, across).agg(pl.col("value").sum(), summed)
    others = pl.any_horizontal(pl.col(key) == OTHERS for key in table.keys)
    if table.overlapping:  # the sum of groups that share models is not the share of the rest
        cells = cells.filter(~others)
    if within := _within(table):  # shares of several groups are of the sum of their totals
        wholes = rows.select(within, "total").unique().select(folded(within), "total").group_by(within).sum()
        part = pl.when(pl.col("share").is_not_null()).then(pl.col("value") / pl.col("total"))
        cells = cells.join(wholes, on=within).with_columns(share=pl.when(others).then(part).otherwise("share"))
    names = {key: named(key) for key in (down, across)}
    orders = {key: list(names[key].values()) for key in (down, across)}
    shown = cells.with_columns(
        pl.Series("down", [names[down][one] for one in cells[down]], dtype=pl.String),
        pl.Series("across", [names[across][one] for one in cells[across]], dtype=pl.String),
        pl.Series("text", [percent(one) if one is not None else "-" for one in cells["share"]], dtype=pl.String),
    )
    data = data_of(shown.select("down", "across", "value", "share", "text"))
    words: Any = {"labelLimit": 0, "labelFontSize": look.font(11), "titleAnchor": "start"}
    x = alt.X(
        "across:N",
        sort=orders[across],
        axis=alt.Axis(labelAngle=-40, orient="top", title=across.replace("_", " "), **words),
    )
    y = alt.Y("down:N", sort=orders[down], axis=alt.Axis(title=down.replace("_", " "), **words))
    highest = float(shown["share"].max() or 1)  # type: ignore[arg-type]
    scheme: Literal["blues", "tealblues"] = "blues" if look.theme == "light" else "tealblues"
    shade = alt.Color("share:Q", scale=alt.Scale(scheme=scheme, domain=[0, highest]), legend=None)
    left = margin(Look(font_scale=look.font_scale), [*orders[down], "x" * 12])
    width = _matrix_width(look, left, orders[across])
    height = look.height or max(26 * look.font_scale * len(orders[down]), 80)
    tip = ["down:N", "across:N", "value:Q", "text:N"]
    squares = alt.Chart(data).mark_rect().encode(x=x, y=y, color=shade, tooltip=tip)
    ink: Any = {"condition": [{"test": "datum.share === null", "value": look.colors.ink},
                              {"test": f"datum.share > {highest * 0.55}", "value": "#FFFFFF"}], "value": "#1A1A1A"}  # fmt: skip
    text = alt.Chart(data).mark_text(fontSize=look.font(10)).encode(x=x, y=y, text="text:N", color=ink)
    said = _texts(table.filter(period=day))
    built = "base_country" in table.keys
    said["title"] = f"{'Countries that build on models of other countries' if built else _headline(table)}"
    return framed([squares, text], look, Area(width, height, left), below=14, **said)


def _within(table: ShareTable) -> str | None:
    """Return the key within whose groups the shares sum to 1, after ``shares_within``; None for other tables."""
    if "total" not in table.to_polars().columns:
        return None
    found = [
        key for key in table.keys if f" within {key.replace('_', ' ').replace('-', ' ')}" in table.method.calculator
    ]
    return found[0] if found else None


def _matrix_width(look: Look, left: float, names: Sequence[str]) -> float:
    """Return the width of a matrix whose slanted column names end within the picture, if its figures have room.

    Args:
        look: The look.
        left: The width of the axis left of it.
        names: The names of the columns.
    """
    room, count = plot_width(look, left), len(names)
    widths = [(room - 0.77 * look.room([name])) * count / (place + 0.5) for place, name in enumerate(names)]
    return max(min(room, *widths), 34 * look.font_scale * count)
