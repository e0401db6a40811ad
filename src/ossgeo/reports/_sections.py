"""The sections of a report page; a section without a finding is left out and named in the last section."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from typing import Any, Final

import polars as pl

from ossgeo._core.text import percent, plain
from ossgeo.analysis import bootstrap, bounds, concentration, crossovers, drivers, influence, sensitivity
from ossgeo.errors import InvalidArgumentError, PanelError, UnknownNameError
from ossgeo.panel._panel import Panel
from ossgeo.plotting._map import MAPPED
from ossgeo.reports._code import code_of
from ossgeo.reports._content import Section, download, picture, sheet
from ossgeo.review import alternatives, gaps
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._names import label
from ossgeo.shares._options import MeasureOptionsDict
from ossgeo.shares._table import ShareTable

_SHOWN: Final = 30
_SMALL: Final = 0.0005
"""Differences of shares below this print as zero."""


def sections_of(panel: Panel, table: ShareTable, options: MeasureOptionsDict) -> Iterator[Section]:
    """Return the sections of a page in order.

    Args:
        panel: The panel.
        table: Its share table by one key.
        options: The options of the table that differ from their defaults.
    """
    key = table.keys[0]
    candidates: list[tuple[str, bool, Callable[[], Section | None]]] = [
        ("How certain are the shares?", key not in ("namespace", "model"), partial(_bounds, table)),
        ("Which model matters most?", True, partial(_influence, panel, options)),
        ("How much depends on single models?", True, partial(_bootstrap, panel, options)),
        ("Which disputed affiliations matter?", key == "country", partial(_disputed, panel, options)),
        ("Which option changes the result?", table.method.every is None, partial(_options, panel, options)),
        ("Which group overtook which?", len(table.periods) > 1, partial(_crossovers, table)),
        ("What changed the shares?", key == "country" and len(table.periods) > 1, partial(_drivers, panel, table, options)),
        ("How concentrated are the organizations?", True, partial(_concentration, panel, options)),
    ]  # fmt: skip
    yield _shares(table)
    omitted = []
    for title, applies, make in candidates:
        if not applies:
            omitted.append(title)
            continue
        try:
            section = make()
        except (InvalidArgumentError, PanelError, UnknownNameError) as error:
            omitted.append(f"{title} ({plain(error, 200)})")
            continue
        if section is None:
            omitted.append(title)
        else:
            yield section
    yield _coverage(panel, table, options)
    yield _issues(panel)
    yield _method(panel, table, options, omitted)


def _shares(table: ShareTable) -> Section:
    key, last = table.keys[0], table.latest
    rows = table.filter(period=last).to_polars().select(key, "value", "share").rename({"value": table.method.unit})
    pictures = [picture(table, f"Shares by {key}; the table below has the figures of {last}.")]
    if len(table.periods) > 1 and not table.overlapping:
        words = f"The shares stacked to the total, {table.periods[0]} to {table.periods[-1]}."
        pictures.append(picture(table, words, kind="stacked"))
    if key in MAPPED:
        pictures.append(picture(table, f"The shares of {last} on a map.", kind="map"))
    scope = (f"Scope: {table.note}",) if table.note else ()
    file = download(f"shares-by-{key}.csv", table.to_csv())
    return Section(
        "shares", "Shares", scope, tuple(pictures), (sheet(f"{table.method.unit} at {last}", rows),), (file,)
    )


def _bounds(table: ShareTable) -> Section | None:
    found, key = bounds(table), table.keys[0]
    limits = found.to_polars().filter(pl.col("period") == table.periods[-1]).select(key, "share", "lower", "upper")
    if not limits.drop_nulls("upper").filter(pl.col("upper") - pl.col("lower") >= _SMALL).height:
        return None
    words = "For each group the lowest and the highest share that the unattributed part allows."
    caption = "Lowest and highest share, whatever the origin of the unattributed part"
    return Section(
        "bounds",
        "How certain are the shares?",
        (found.sentence(),),
        (picture(found, words),),
        (sheet(caption, limits),),
    )


def _influence(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = influence(panel, unit="model", **options)
    if not found.frame.drop_nulls("effect").filter(pl.col("effect").abs() >= _SMALL).height:
        return None
    words = "Change of a share, in points, if the model is left out."
    return Section("influence", "Which model matters most?", (found.sentence(),), (picture(found, words),))


def _bootstrap(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = bootstrap(panel, unit="model", **options)
    if not found.frame.drop_nulls("lower").height:
        return None
    words = "For each share the interval over random draws of the models."
    return Section("bootstrap", "How much depends on single models?", (found.sentence(),), (picture(found, words),))


def _disputed(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    found = alternatives(panel, registry=options.get("registry"))
    rows = found.filter(pl.col("effect").abs() >= _SMALL)
    if not rows.height:
        return None
    name, country, share, other, effect = rows.row(0)
    text = (
        f"If the alternative country of {plain(name)} counted, the share of {label(country)} would be {percent(other)} "
        f"instead of {percent(share)} ({100 * effect:+.1f} points; by country, under the default options)."
    )
    caption = "Shares if the alternative affiliation of one organization counted; effect in points"
    return Section("disputed", "Which disputed affiliations matter?", (text,), tables=(sheet(caption, rows),))


def _options(panel: Panel, options: MeasureOptionsDict) -> Section | None:
    columns = panel.models.collect_schema().names()
    grid: dict[str, list[Any]] = {"denominator": ["all", "attributed"], "counting": ["fractional", "primary"]}
    if "created_at" in columns:
        grid["age_cap"] = [None, "365d"]
    if "base_models" in columns:
        grid["attribution"] = ["publisher", "root"]
    rest: MeasureOptionsDict = {name: value for name, value in options.items() if name not in grid}  # type: ignore[assignment]
    found = sensitivity(panel, grid, **rest)
    ranges = found.ranges.filter(~pl.col("group").is_in(STATUSES)).select("group", "lowest", "highest", "spread")
    if not ranges.drop_nulls("spread").filter(pl.col("spread") >= _SMALL).height:
        return None
    words = "The range of each share over all combinations of options."
    caption = f"Shares over {len(found.methods)} combinations"
    return Section(
        "sensitivity", "Which option changes the result?", (found.sentence(),), (picture(found, words),),
        (sheet(caption, ranges),),
    )  # fmt: skip


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
    found = [drivers(panel, group, **options) for group in _largest(table)]
    if not found:
        return None
    pictures = tuple(picture(one, f"What changed the share of {label(str(one.group))}, step by step.") for one in found)
    return Section("drivers", "What changed the shares?", tuple(one.sentence() for one in found), pictures)


def _concentration(panel: Panel, options: MeasureOptionsDict) -> Section:
    rest: MeasureOptionsDict = {**options, "by": "organization"}
    found = concentration(measure(panel, **rest))
    words = "Parts of the largest 1, 3 and 10 organizations."
    return Section(
        "concentration", "How concentrated are the organizations?", (found.sentence(),), (picture(found, words),)
    )


def _coverage(panel: Panel, table: ShareTable, options: MeasureOptionsDict) -> Section:
    open_ = gaps(panel, registry=options.get("registry")).to_polars()
    tables = (sheet("Unreviewed namespaces, the largest first", open_.head(_SHOWN)),) if open_.height else ()
    rest = open_.height - _SHOWN
    more = (f"{rest:,} further unreviewed namespaces are not listed.",) if rest > 0 else ()
    return Section("coverage", "Coverage", (str(table.coverage), str(table.adjustments), *more), tables=tables)


def _issues(panel: Panel) -> Section:
    issues = tuple(
        f"{issue.code}: {issue.count:,}, such as {', '.join(map(str, issue.examples[:3]))}" for issue in panel.check()
    )
    return Section("issues", "Quality issues of the counters", issues or ("No issue was found.",))


def _method(panel: Panel, table: ShareTable, options: MeasureOptionsDict, omitted: list[str]) -> Section:
    cited = (
        f"Cite as: {panel.source or 'a panel'} (fingerprint {panel.fingerprint}, {table.periods[0]} to "
        f"{table.periods[-1]}), measured with ossgeo {version('ossgeo')}, registry {table.method.registry}."
    )
    left = f"Sections left out because they do not apply or have no finding: {'; '.join(omitted)}." if omitted else ""
    texts = tuple(text for text in (f"Method: {table.method}.", cited, left) if text)
    return Section("method", "Method", texts, code=code_of(panel, options))
