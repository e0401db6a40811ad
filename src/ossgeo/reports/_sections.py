"""The sections of a report page; a section without a finding is left out and named in the last section."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import polars as pl

from ossgeo._core.text import counted, percent, plain, points
from ossgeo.analysis import bootstrap, bounds, concentration, crossovers, drivers, influence, sensitivity
from ossgeo.analysis._sensitivity import usual_grid
from ossgeo.errors import InvalidArgumentError, PanelError, UnknownNameError
from ossgeo.panel._panel import Panel
from ossgeo.plotting._map import is_mapped
from ossgeo.reports._code import code_of, method_texts
from ossgeo.reports._content import Section, download, picture, sheet
from ossgeo.review import alternatives, gaps
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._names import coverage_text, day_text, group_label, label, sentence_label
from ossgeo.shares._names import span as span_text
from ossgeo.shares._options import MeasureOptionsDict
from ossgeo.shares._table import ShareTable

_SHOWN: Final = 30
_MOST: Final = 500
_SMALL: Final = 0.0005
"""Differences of shares below this print as zero."""


def sections_of(panel: Panel, table: ShareTable, options: MeasureOptionsDict) -> Iterator[Section]:
    """Return the sections of a page in order.

    Args:
        panel: The panel.
        table: Its share table by one key.
        options: The options of the table that differ from their defaults.
    """
    key, several = table.keys[0], len(table.periods) > 1
    based = "base_models" in panel.models.collect_schema().names() or options.get("models") is not None
    candidates: list[tuple[str, bool, Callable[[], Section | None]]] = [
        ("What changed the shares?", several, partial(_drivers, panel, table, options)),
        ("Which group overtook which?", several, partial(_crossovers, table)),
        ("How certain are the shares?", key not in ("namespace", "model"), partial(_bounds, table)),
        ("Which model matters most?", True, partial(_influence, panel, options)),
        ("How much depends on single models?", True, partial(_bootstrap, panel, options)),
        ("Which disputed affiliations matter?", key == "country", partial(_disputed, panel, options)),
        ("Which option changes the result?", table.method.every is None, partial(_options, panel, options)),
        ("Who builds on whose models?", key == "country" and based, partial(_lineage, panel, options)),
        ("How concentrated are the organizations?", True, partial(_concentration, panel, options)),
    ]  # fmt: skip
    yield _shares(table)
    omitted = []
    for title, applies, make in candidates:
        if not applies:
            omitted.append(f'"{title}"')
            continue
        try:
            section = make()
        except (InvalidArgumentError, PanelError, UnknownNameError) as error:
            omitted.append(f'"{title}" ({plain(error, 200)})')
            continue
        if section is None:
            omitted.append(f'"{title}"')
        else:
            yield section
    yield _coverage(panel, table, options)
    yield _issues(panel)
    yield _method(panel, table, options, omitted)


def _shares(table: ShareTable) -> Section:
    key, last = table.keys[0], table.latest
    rows = table.filter(period=last).to_polars().select(key, "value", "share").rename({"value": table.method.unit})
    pictures = [picture(table, f"Shares by {key}; the table below has the figures of {day_text(last)}.")]
    if len(table.periods) > 1 and not table.overlapping:
        span = f"{day_text(table.periods[0])} to {day_text(table.periods[-1])}"
        pictures.append(picture(table, f"The shares stacked to the total, {span}.", kind="stacked"))
    if is_mapped(key):
        pictures.append(picture(table, f"The shares of {day_text(last)} on a map.", kind="map"))
    files = (
        download(f"shares-by-{key}.csv", table.to_csv()),
        download(f"shares-by-{key}.json", table.to_json(), "application/json"),
    )
    whole = not table.overlapping and rows["share"].null_count() < rows.height
    shown = sheet(f"{table.method.unit} {span_text(table.method, [last])}", rows, total=whole)
    return Section("shares", "Shares", (), tuple(pictures), (shown,), files)


def _bounds(table: ShareTable) -> Section | None:
    found, key = bounds(table), table.keys[0]
    limits = found.to_polars().filter(pl.col("period") == table.periods[-1]).select(key, "share", "lower", "upper")
    width = _largest_number(limits.drop_nulls("upper").select(pl.col("upper") - pl.col("lower")))
    if width < _SMALL:
        return None
    words = "For each group the lowest and the highest share that the unattributed part allows."
    caption = "Lowest and highest share, whatever the origin of the unattributed part"
    said = found.sentence()
    return Section(
        "bounds", "How certain are the shares?", (said,), (picture(found, words),), (sheet(caption, limits),),
        caveat=said, weight=width,
    )  # fmt: skip


def _influence(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = influence(panel, unit="model", **options)
    largest = _largest_number(found.frame.drop_nulls("effect").select(pl.col("effect").abs()))
    if largest < _SMALL:
        return None
    words = "Change of a share, in points, if the model is left out."
    rows = found.frame.head(_SHOWN).select("unit", "group", "share", "without", "effect").rename({"unit": "model"})
    key = found.method.by[0]
    file = download("influence.csv", found.frame.head(_MOST).write_csv())
    shown = sheet("The largest effects of leaving out one model", rows.rename({"group": key} if key != "model" else {}))
    said = found.sentence()
    return Section(
        "influence", "Which model matters most?", (said,), (picture(found, words),), (shown,), (file,),
        caveat=said, weight=largest,
    )  # fmt: skip


def _bootstrap(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = bootstrap(panel, unit="model", **options)
    if not found.frame.drop_nulls("lower").height:
        return None
    words = "For each share the interval over random draws of the models."
    texts = (
        found.sentence(),
        "In panels generated with a known share, intervals of this kind held the true share in 94 to 100% of the cases if "
        "values are even, and in 90 to 100% if they are as uneven as downloads. Errors of counters, of attribution and of the "
        "choice of the panel are not part of the interval.",
    )
    return Section("bootstrap", "How much depends on single models?", texts, (picture(found, words),))


def _disputed(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = alternatives(panel, registry=options.get("registry"))
    rows = found.filter(pl.col("effect").abs() >= _SMALL)
    if not rows.height:
        return None
    name, country, share, other, effect = rows.row(0)
    organization = label(name, "organization", options.get("registry"))
    text = (
        f"If the alternative country of {organization} counted, the share of {label(country)} would be {percent(other)} "
        f"instead of {percent(share)} ({points(effect)}; by country, under the default options)."
    )
    caption = "Shares if the alternative affiliation of one organization counted"
    return Section(
        "disputed", "Which disputed affiliations matter?", (text,), tables=(sheet(caption, rows),), caveat=text,
        weight=abs(effect),
    )  # fmt: skip


def _options(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    grid = usual_grid(panel)
    rest: MeasureOptionsDict = {name: value for name, value in options.items() if name not in grid}  # type: ignore[assignment]
    found = sensitivity(panel, grid, **rest)
    ranges = found.ranges.filter(~pl.col("group").is_in(STATUSES)).select("group", "lowest", "highest", "spread")
    largest = _largest_number(ranges.select("spread"))
    if largest < _SMALL:
        return None
    words = "The range of each share over all combinations of options."
    caption = f"Shares over {len(found.methods)} combinations of {', '.join(name.replace('_', ' ') for name in grid)}"
    shown = sheet(caption, ranges.rename({"group": found.method.by[0]}))
    said = found.sentence()
    return Section(
        "sensitivity", "Which option changes the result?", (said,), (picture(found, words),), (shown,),
        (download("options.csv", found.frame.sort(found.frame.columns).write_csv()),), caveat=said, weight=largest,
    )  # fmt: skip


def _largest_number(column: pl.DataFrame) -> float:
    found = column.to_series().max() if column.height else None
    return float(found) if isinstance(found, int | float) else 0.0


def _largest(table: ShareTable) -> list[str]:
    """Return the two largest groups of the latest complete period."""
    key = table.keys[0]
    rows = table.filter(period=table.latest).to_polars()
    return rows.filter(~pl.col(key).is_in(STATUSES) & (pl.col("share") > 0))[key].head(2).to_list()


def _crossovers(table: ShareTable) -> Section | None:
    largest = _largest(table)
    if len(largest) < 2:  # noqa: PLR2004  # a pair
        return None
    found = [crossovers(table, *pair) for pair in (largest, largest[::-1])]
    texts = tuple(one.sentence() for one in found if one.frame.height)
    if not texts:
        return None
    return Section(
        "crossovers", "Which group overtook which?", texts, (picture(table, "Ranks over time.", kind="ranks"),)
    )


def _drivers(panel: Panel, table: ShareTable, options: MeasureOptionsDict) -> Section | None:
    unit = "organization" if table.keys[0] not in ("organization", "namespace", "model") else "model"
    found = [drivers(panel, group, unit=unit, **options) for group in _largest(table)]
    moved = [one for one in found if one.frame.height and abs(one.change) >= _SMALL]
    if not moved:
        return None
    pictures = tuple(
        picture(one, f"What changed the share of {group_label(one.method, one.group)}, step by step.") for one in moved
    )
    files = tuple(download(f"drivers-{one.group}.csv", one.frame.sort(one.frame.columns).write_csv()) for one in moved)
    return Section("drivers", "What changed the shares?", tuple(one.sentence() for one in moved), pictures, (), files)


def _lineage(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    """Return who builds on whose models, counted in derived models at the last period."""
    kept: MeasureOptionsDict = {"calculator": "derivatives", "by": ("builder_country", "base_country")}
    for name in ("registry", "models", "where", "as_of"):
        if name in options:
            kept[name] = options[name]
    table = measure(panel, **kept)
    rows = table.filter(period=table.periods[-1]).to_polars().drop_nulls("share").filter(pl.col("value") > 0)
    if not rows.height:
        return None
    by_base = (
        rows.group_by("base_country").agg(pl.col("share").sum()).sort("share", "base_country", descending=[True, False])
    )
    base, share = by_base.filter(~pl.col("base_country").is_in(STATUSES)).row(0) if by_base.height else ("", 0.0)
    total = float(rows["value"].sum())
    text = (
        f"{percent(share)} of the {total:,.0f} derived models of the panel that declare a base go back to models from "
        f"{sentence_label(table.method, base, 'base_country')}."
    )
    shown = sheet(
        "Derived models by the country of the developer and of the base",
        rows.select("builder_country", "base_country", "value", "share").rename({"value": "models"}),
    )
    words = "Derived models by the country of the developer (rows) and of the base model (columns)."
    return Section("lineage", "Who builds on whose models?", (text,), (picture(table, words),), (shown,))


def _concentration(panel: Panel, options: MeasureOptionsDict) -> Section:
    rest: MeasureOptionsDict = {**options, "by": "organization"}
    found = concentration(measure(panel, **rest))
    words = "Parts of the largest 1, 3 and 10 organizations."
    return Section(
        "concentration", "How concentrated are the organizations?", (found.sentence(),), (picture(found, words),)
    )


def _coverage(panel: Panel, table: ShareTable, options: MeasureOptionsDict) -> Section:
    open_ = gaps(panel, registry=options.get("registry")).to_polars()
    tables = (
        (sheet("Namespaces that were not reviewed, the largest first", open_.head(_SHOWN)),) if open_.height else ()
    )
    rest = open_.height - _SHOWN
    more = f"{rest:,} further namespaces that were not reviewed are not listed." if rest > 0 else ""
    changed = [f"{item.code.replace('_', ' ').capitalize()}: {counted(item.count, item.unit)}" + (f" ({item.note})." if item.note else ".")
               for item in table.adjustments.items_ if item.count]  # fmt: skip
    texts = (coverage_text(table), *(changed or ["Nothing was clipped, estimated or left out."]), more)
    return Section(
        "coverage", "For how much is the country known?", tuple(text for text in texts if text), tables=tables
    )


def _issues(panel: Panel) -> Section:
    issues = tuple(
        f"{counted(issue.count, issue.unit)}: {issue.meaning} ({issue.code})"
        + (f"; for example {', '.join(map(str, issue.examples[:3]))}." if issue.examples else ".")
        for issue in panel.check()
    )
    return Section("issues", "Quality issues of the counters", issues or ("No issue was found.",))


def _method(panel: Panel, table: ShareTable, options: MeasureOptionsDict, omitted: list[str]) -> Section:
    left = f"Sections left out because they do not apply or have no finding: {'; '.join(omitted)}." if omitted else ""
    texts = (*method_texts(table), f"In full: {table.method}.", f"Cite as: {table.cite()}", left)
    return Section("method", "Method", tuple(text for text in texts if text), code=code_of(panel, options))
