"""A page that stands alone: what a panel says, how sure it is, and how it was made."""

from __future__ import annotations

import base64
import hashlib
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.io import require_place, writing
from ossgeo._core.text import percent
from ossgeo.analysis import bounds, concentration, crossovers, drivers, sensitivity
from ossgeo.errors import InvalidArgumentError, OssgeoError, OssgeoWarning
from ossgeo.panel._panel import Panel
from ossgeo.plotting._map import MAPPED
from ossgeo.plotting._style import label, plain
from ossgeo.registry._registry import Registry
from ossgeo.review import gaps
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._options import MeasureOptions
from ossgeo.shares._pipeline import plan_of
from ossgeo.shares._table import ShareTable

_HERE: Final = Path(__file__).parent
_SHOWN: Final = 30


@attrs.frozen
class Cell:
    """One cell of a table: what it shows, and the number to sort by; None for text."""

    text: str
    number: float | None = None


@attrs.frozen
class Sheet:
    """One table of the page."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@attrs.frozen
class Picture:
    """One picture, as data URLs for light and dark, and what it says in words."""

    light: str
    dark: str
    alt: str


@attrs.frozen
class Section:
    """One part of the page."""

    id: str
    title: str
    texts: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Sheet, ...] = ()
    code: str = ""


def report(panel: Panel, *, path: str | Path, title: str | None = None, **choices: Any) -> Path:
    """Write a report as one HTML page, which needs no network.

    Args:
        panel: The panel.
        path: Where to.
        title: The page's title; made from the panel where absent.
        **choices: Choices of :func:`ossgeo.measure`; ``by`` is one key.

    Returns:
        The path.

    Raises:
        InvalidArgumentError: The choices do not fit, or there is no flow.
        OutputError: The page cannot be written there.
        EngineError: A package of the extra ``plot`` is not installed.
    """
    with engines.needs_extra("plot"):
        import jinja2
        import markupsafe
        import vl_convert  # noqa: F401  # told apart from faults of a picture
    if isinstance(choices.get("by", "country"), tuple):
        raise InvalidArgumentError(f"by={choices['by']!r}: a report has one key")
    target = Path(path)
    require_place(target)
    plan_of(panel, function="report", **choices)  # a wrong choice is told before anything is computed
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        check = panel.check()
        table = measure(panel, **choices)
        if not table.to_polars()["share"].count():
            raise InvalidArgumentError(
                "there is nothing to report, since no share is defined: the panel has no flow under this method (all-time "
                "counters need two observations), or its total is 0, or the window was not all observed"
            )
        sections = tuple(_sections(panel, table, check, choices))
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))
    text = template.render(
        title=plain(title or f"Whose open models? {panel.source or 'A panel'}", 200),
        summary=_summary(table),
        sections=sections,
        style=markupsafe.Markup(style),  # noqa: S704  # our own file
        script=markupsafe.Markup(script),  # noqa: S704  # our own file
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=version("ossgeo"),
        registry=table.method.registry,
    )
    with writing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target


def _sections(panel: Panel, table: ShareTable, check: Any, choices: dict[str, Any]) -> Iterator[Section]:
    key, last = table.keys[0], table.periods[-1]
    many = len(table.periods) > 1
    rows = table.filter(period=last).to_polars().select(key, "value", "share")
    pictures = [_picture(table, f"Shares by {key}; the table below has the figures of {last}.")]
    if many:
        pictures.append(
            _picture(table, f"The same, stacked to the whole, {table.periods[0]} to {last}.", kind="stacked")
        )
    if key in MAPPED:
        pictures.append(_picture(table, f"The shares of {last} on a map.", kind="map"))
    note = (panel.scope,) if panel.scope else ()
    yield Section("shares", "Shares", note, tuple(pictures), (_sheet(f"{table.method.unit} at {last}", rows),))
    yield _limits(table, key)
    yield from _choices(panel, table, choices)
    if many:
        yield from _changes(panel, table, choices)
    yield _few(measure(panel, **{**choices, "by": "organization"}))
    open_ = gaps(panel, registry=choices.get("registry")).to_polars().head(_SHOWN)
    yield Section("coverage", "What is covered", (str(table.coverage), str(table.adjustments)),
                  tables=(_sheet("Unreviewed namespaces, those that matter most first", open_),))  # fmt: skip
    issues = tuple(
        f"{issue.code}: {issue.count:,}, such as {', '.join(map(str, issue.examples[:3]))}" for issue in check
    )
    yield Section("issues", "Issues found in the counters", issues or ("None was found.",))
    yield Section(
        "method", "How it was made", (f"Method: {table.method}.", _citation(panel, table)), code=_code(panel, choices)
    )


def _few(table: ShareTable) -> Section:
    title = "How few hold how much?"
    try:
        found = concentration(table)
        said, picture = str(found).splitlines()[0], _picture(found, "Part of the largest 1, 3 and 10 organizations.")
    except InvalidArgumentError as error:
        return Section("concentration", title, (f"There is no concentration here: {error}.",))
    return Section("concentration", title, (said,), (picture,))


def _limits(table: ShareTable, key: str) -> Section:
    try:
        found = bounds(table)
        picture = _picture(found, "For each group the lowest and the highest share it could have.")
    except InvalidArgumentError as error:
        return Section("bounds", "How sure is it?", (f"There are no bounds here: {error}.",))
    limits = found.to_polars().filter(pl.col("period") == table.periods[-1]).select(key, "share", "lower", "upper")
    sheet = _sheet("Lowest and highest share, whatever has no place turns out to be", limits)
    return Section("bounds", "How sure is it?", (str(found).splitlines()[0],), (picture,), (sheet,))


def _choices(panel: Panel, table: ShareTable, choices: dict[str, Any]) -> Iterator[Section]:
    columns = panel.models.collect_schema().names()
    grid: dict[str, list[Any]] = {"denominator": ["all", "attributed"], "counting": ["fractional", "primary"]}
    if "created_at" in columns:
        grid["age_cap"] = [None, "365d"]
    if "base_models" in columns:
        grid["attribution"] = ["publisher", "root"]
    rest = {name: value for name, value in choices.items() if name not in (*grid, "every")}
    if table.method.counter == "events" or table.method.every is not None:
        return
    found = sensitivity(panel, grid, **rest)
    ranges = found.ranges.filter(~pl.col("group").is_in(STATUSES)).select("group", "lowest", "highest", "spread")
    yield Section(
        "sensitivity", "Which choice decides?", (str(found).splitlines()[0],),
        (_picture(found, "The range of each share over all combinations of choices."),),
        (_sheet(f"Shares over {len(found.methods)} combinations", ranges),),
    )  # fmt: skip


def _changes(panel: Panel, table: ShareTable, choices: dict[str, Any]) -> Iterator[Section]:
    key, last = table.keys[0], table.periods[-1]
    named = table.filter(period=last).to_polars().filter(~pl.col(key).is_in(STATUSES)).drop_nulls("share")[key].head(2)
    if len(named) == 2:  # noqa: PLR2004  # a pair
        one, other = named
        said = [str(crossovers(table, *pair)).splitlines()[0] for pair in ((one, other), (other, one))]
        yield Section(
            "crossovers", "Who overtook whom?", tuple(said), (_picture(table, "Ranks over time.", kind="ranks"),)
        )
    pictures, texts = [], []
    for group in named if key == "country" else ():  # drivers are those of a country
        try:
            found = drivers(panel, group, start=table.periods[0], end=last, **choices)
        except OssgeoError as error:
            texts.append(f"{label(group)}: {error}")
            continue
        texts.append(str(found).splitlines()[0])
        pictures.append(_picture(found, f"What moved the share of {label(group)}, step by step."))
    if texts:
        yield Section("drivers", "Who moved it?", tuple(texts), tuple(pictures))


def _summary(table: ShareTable) -> str:
    last = table.periods[-1]
    rows = table.filter(period=last).to_polars().drop_nulls("share").head(3)
    parts = [f"{label(group)} {percent(share)}" for group, share in rows.select(table.keys[0], "share").iter_rows()]
    return f"At {last}: {', '.join(parts)} of the {table.method.unit}. {len(table.periods)} period(s) from {table.periods[0]}."


def _sheet(caption: str, rows: pl.DataFrame) -> Sheet:
    names = tuple(name.replace("_", " ") for name in rows.columns)
    shares = {"share", "lower", "upper", "lowest", "highest", "spread", "cumulative"}
    cells = tuple(
        tuple(_cell(value, share=name in shares) for name, value in row.items())
        for row in rows.head(200).iter_rows(named=True)
    )
    return Sheet(caption, names, cells)


def _cell(value: Any, *, share: bool) -> Cell:
    if isinstance(value, bool) or value is None or not isinstance(value, int | float):
        return Cell("-" if value is None else plain(value, 80))
    return Cell(f"{value:.2%}" if share else f"{value:,.0f}", float(value))


def _picture(result: Any, words: str, **options: Any) -> Picture:
    import vl_convert

    urls = []
    for theme in ("light", "dark"):
        svg = vl_convert.vegalite_to_svg(result.plot(theme=theme, **options).to_dict())
        urls.append(f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}")
    return Picture(urls[0], urls[1], words)


def _citation(panel: Panel, table: ShareTable) -> str:
    return (
        f"Cite as: {panel.source or 'a panel'} (fingerprint {panel.fingerprint}, {table.periods[0]} to {table.periods[-1]}), "
        f"measured with ossgeo {version('ossgeo')}, registry {table.method.registry}."
    )


def _code(panel: Panel, choices: dict[str, Any]) -> str:
    if panel.source.startswith("sample "):
        source = f"ossgeo.load_sample({panel.source.removeprefix('sample ')!r})"
    elif panel.source and Path(panel.source).exists():
        source = f"ossgeo.read_panel({panel.source!r})  # and the arguments that it was read with"
    else:
        source = f"...  # {plain(panel.source, 80)}"
    told = {name: value for name, value in choices.items() if not _untold(name, value)}
    said = "".join(f", {name}={value!r}" for name, value in told.items())
    return f"import ossgeo\n\npanel = {source}\ntable = ossgeo.measure(panel{said})\nossgeo.report(panel, path='report.html'{said})\n"


def _untold(name: str, value: Any) -> bool:
    """Tell whether a choice need not be told: a default, or the bundled registry."""
    if name == "registry":
        return value is None or value is Registry.default()
    return name == "models" or not MeasureOptions(**{name: value}).changed()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
