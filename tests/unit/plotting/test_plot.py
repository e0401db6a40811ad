"""Pictures: what they show, and what they keep out."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest
import vl_convert

import ossgeo
from ossgeo._core import engines
from ossgeo._core.text import percent, plain
from ossgeo.errors import EngineError, InvalidArgumentError
from ossgeo.plotting._dispatch import plot
from ossgeo.plotting._map import places
from ossgeo.plotting._primitives import _ticks
from ossgeo.plotting._style import OTHERS, PALETTE, Look, contrast, dashes, readable, shades, spaced
from ossgeo.shares._names import _SCHEMES, label, quantity
from tests.worlds import registry, two_dates

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")
ANALYSIS = ossgeo.analysis


def labs(**choices: Any) -> ossgeo.ShareTable:
    return ossgeo.measure(ossgeo.load_sample("labs-2025"), **choices)


def many() -> ossgeo.ShareTable:
    """A table of 900 namespaces."""
    names = [f"lab{number}/m" for number in range(900)]
    rows = pl.DataFrame({"model_id": names, "date": ["2025-01-01"] * 900, "downloads_30d": range(1, 901)})
    return ossgeo.measure(ossgeo.read_panel(rows), by="namespace")


def trending(**choices: Any) -> ossgeo.ShareTable:
    return ossgeo.measure(ossgeo.load_sample("trending-2026"), **choices)


def board() -> Any:
    rows = pl.DataFrame(
        {"model": ["a", "b"], "organization": ["Qwen", "Google"], "rating": [1400, 1390], "ci": ["+5/-5", None]}
    )
    return ossgeo.read_leaderboard(rows, on=dt.date(2025, 8, 4))


RESULTS: dict[str, Any] = {
    "lines": lambda: labs(),
    "bars": lambda: trending(),
    "bars without statuses": lambda: trending(denominator="attributed"),
    "matrix": lambda: trending(calculator="derivatives", by=("builder_country", "base_country")),
    "bounds": lambda: ANALYSIS.bounds(trending()),
    "bootstrap": lambda: ANALYSIS.bootstrap(ossgeo.load_sample("trending-2026"), draws=20),
    "crossovers": lambda: ANALYSIS.crossovers(labs(), "CN", "US"),
    "concentration": lambda: ANALYSIS.concentration(labs(by="organization")),
    "concentration within": lambda: ANALYSIS.concentration(labs(by=("country", "organization"))),
    "drivers": lambda: ANALYSIS.drivers(ossgeo.load_sample("labs-2025"), "CN", start=dt.date(2025, 1, 14), end=dt.date(2025, 9, 7)),
    "growth": lambda: ANALYSIS.growth(labs()),
    "influence": lambda: ANALYSIS.influence(ossgeo.load_sample("labs-2025"), unit="organization"),
    "sensitivity": lambda: ANALYSIS.sensitivity(ossgeo.load_sample("trending-2026"), {"age_cap": [None, "365d"]}),
    "leaderboard": board,
}  # fmt: skip


def svg_of(chart: Any) -> str:
    return vl_convert.vegalite_to_svg(chart.to_dict())


def texts(svg: str) -> str:
    root = ET.fromstring(svg)
    return "\n".join(" ".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text"))


@pytest.mark.parametrize("name", list(RESULTS))
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_result_has_a_picture(name: str, theme: str) -> None:
    svg = svg_of(RESULTS[name]().plot(theme=theme))
    said = texts(svg)
    assert "Source: " in said
    assert "registry " in said
    assert "<script" not in svg
    assert ("#15181C" in svg) == (theme == "dark")


@pytest.mark.parametrize("kind", ["line", "stacked", "ranks", "bars"])
def test_kinds_of_tables(kind: Any) -> None:
    said = texts(svg_of(labs().plot(kind=kind)))
    assert "China" in said
    assert "United States" in said


def values(chart: Any, layer: int = 0) -> list[dict[str, Any]]:
    spec = chart.to_dict()
    data = spec["layer"][layer].get("data") or spec["data"]  # one that all layers share stands at the top
    found: list[dict[str, Any]] = data["values"]
    return found


def test_the_picture_has_the_tables_numbers() -> None:
    table = labs()
    drawn = {(row["period"], row["group"]): row["share"] for row in values(table.plot())}
    for period, country, share in table.to_polars().select("period", "country", "share").iter_rows():
        assert drawn[period.isoformat(), country] == pytest.approx(share)


@pytest.mark.parametrize("kind", ["line", "stacked", "bars"])
def test_totals_are_kept_and_statuses_are_shown(kind: Any) -> None:
    table = ossgeo.measure(two_dates(), registry=registry())
    rows = values(table.plot(kind=kind, top=1))
    last = [row for row in rows if row.get("period", "2025-03-02") == "2025-03-02"]
    groups = {row["group"] for row in last}
    assert {OTHERS, "individual", "unreviewed"} <= groups
    assert sum(float(row.get("share", row.get("figure")) or 0) for row in last) == pytest.approx(1)


def test_bands_and_marks() -> None:
    table = ossgeo.measure(two_dates(), registry=registry())
    crossed = ANALYSIS.crossovers(table, "US", "GB")
    chart = table.plot(kind="line", bounds=ANALYSIS.bounds(table), crossovers=crossed)
    kinds = [layer["mark"]["type"] for layer in chart.to_dict()["layer"]]
    assert kinds == ["area", "line", "text", *(["point"] if crossed.frame.height else []), "text"]


def test_the_waterfall_ends_where_the_share_does() -> None:
    found = RESULTS["drivers"]()
    rows = values(found.plot(top=3))
    assert rows[0]["name"] == "14 January 2025"
    assert rows[-1]["high"] == pytest.approx(found.after)
    assert rows[-2]["high"] == pytest.approx(found.after)
    assert rows[-2]["name"] == OTHERS


def test_many_groups_and_long_names() -> None:
    said = texts(svg_of(labs(by="organization").plot(top=30)))
    assert said.count("%") > 30


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script>", "javascript:alert(1)", "=1+1", "\u202eevil\u200b", "x" * 10_000, "通义千问", "نموذج"],
)
def test_hostile_names(name: str) -> None:
    rows = pl.LazyFrame(
        {"model_id": [f"{name}/m", "Qin/a"], "period": [dt.date(2025, 1, 31)] * 2, "downloads_30d": [5, 7]}
    )  # read_panel refuses such ids; plugins may still pass them
    hostile = ossgeo.Panel.of(engines.wrap(rows), None, counter="downloads_30d")
    svg = svg_of(ossgeo.measure(hostile, by="namespace").plot())
    assert "<script" not in svg
    assert "\u202e" not in svg
    assert all(len(line) < 600 for line in texts(svg).splitlines())
    assert plain(name)[:5] in texts(svg)


def test_groups_of_one_picture_have_distinct_colors_and_lines() -> None:
    groups = ["google", "CN", "baai", "US", "qwen", "meta", "nvidia", "openai", OTHERS, "unreviewed"]
    colors = shades(groups)
    assert len(set(colors.values())) == len(groups)
    assert set(colors.values()) - {colors[OTHERS], colors["unreviewed"]} == set(PALETTE)
    assert (colors["US"], colors["CN"]) == (PALETTE[0], PALETTE[1])  # the same in every picture
    assert colors["unreviewed"][1:3] == colors["unreviewed"][3:5]  # a gray
    assert len({tuple(line) for line in dashes(groups[:8]).values()}) == 8
    assert label("CN") == "China"
    assert label("unknown") == "country unknown"
    assert label("ukp-lab", "organization") != "ukp-lab"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_contrast(theme: Any) -> None:
    look = Look(theme=theme)
    for color in (*PALETTE, *shades([OTHERS, "unknown", "individual", "residual", "international"]).values()):
        assert contrast(readable(color, look.colors), look.colors.paper) >= 4.5
    assert contrast(look.colors.faint, look.colors.paper) >= 4.5
    said = svg_of(labs(by="organization").plot(theme=theme))
    words = re.findall(r'<text[^>]*fill="(#[0-9A-Fa-f]{6})"', said)
    assert len(words) > 20
    assert all(contrast(color.upper(), look.colors.paper) >= 4.5 for color in words)


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        ([dt.date(2026, 8, day) for day in range(7, 15)], "%-d %b"),
        ([dt.date(2025, 12, 28) + dt.timedelta(days=7 * week) for week in range(6)], "%-d %b %Y"),
        ([dt.date(2024, month, 28) for month in range(1, 13)], "%b %Y"),
        ([dt.date(2016 + year, 3, 1) for year in range(10)], "%Y"),
    ],
)
def test_the_dates_of_an_axis_differ(days: list[dt.date], labels: str) -> None:
    ticks, form = _ticks(days, 6)
    assert form == labels
    shown = [tick.strftime(form) for tick in ticks]
    assert 1 < len(shown) <= 6
    assert len(set(shown)) == len(shown)


def test_titles_size_and_scope() -> None:
    chart = labs().plot(title="Mine", subtitle="My words", width=600, height=200, font_scale=1.5).to_dict()
    assert chart["title"]["text"] == ["Mine"]
    assert chart["title"]["subtitle"][0] == "My words"
    assert "34 chosen laboratories" in " ".join(chart["title"]["subtitle"])
    assert chart["height"] == 200
    for width in (360, 600, 900):
        drawn = re.search(r'<svg[^>]* width="(\d+)', svg_of(labs().plot(width=width)))
        assert drawn is not None
        assert int(drawn[1]) == pytest.approx(width, abs=30)


@pytest.mark.parametrize("name", list(RESULTS))
def test_every_picture_has_its_scope_and_its_days(name: str) -> None:
    said = texts(svg_of(RESULTS[name]().plot(width=900)))
    assert re.search(r"Scope( \(Hugging Face\))?: ", said)
    assert re.search(r"\d+ (April 2026|September 2025|August 2025)|2025-08-04", said)


def test_differences_are_points_and_names_are_names() -> None:
    said = texts(svg_of(RESULTS["influence"]().plot())) + texts(svg_of(RESULTS["drivers"]().plot()))
    assert "points" in said
    assert "UKP Lab (Germany)" in said
    assert "Beijing Academy of Artificial Intelligence" in said
    assert "+13.4%" not in said


def test_a_map_of_groups() -> None:
    table = ossgeo.measure(ossgeo.load_sample("trending-2026"), by="eu")
    rows = table.plot(kind="map").to_dict()["layer"][1]["transform"][1]["from"]["data"]["values"]
    shown = {row["numeric"]: row["text"] for row in rows}
    assert shown[ossgeo.Country("FR").numeric] == shown[ossgeo.Country("PL").numeric] == percent(table.at()["EU"])


def test_labels_do_not_cover_each_other() -> None:
    found = spaced([0.5, 0.5, 0.51, 0.0], 0.1, 0.0, 1.0)
    ordered = sorted(found)
    assert all(after - before >= 0.1 - 1e-9 for before, after in itertools.pairwise(ordered))
    assert spaced([0.99, 1.0], 0.1, 0.0, 1.0) == pytest.approx([0.9, 1.0])


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plot(5), "int cannot be drawn"),  # type: ignore[arg-type]
        (lambda: labs().plot(width=0), "width must be a number from 100 to 20000, got 0"),
        (lambda: labs().plot(width=math.nan), "width must be a number from 100 to 20000, got nan"),
        (lambda: labs().plot(font_scale=1e-9), "font_scale must be a number from 0.1 to 10, got 1e-09"),
        (lambda: labs().plot(height=math.inf), "height must be a number from 10 to 20000, got inf"),
        (lambda: labs().plot(width=9_000, height=8_000), r"of 8,\d{3} x 8,000 pixels cannot be drawn, .* 64,000,000 in all; give"),
        (lambda: many().plot(kind="bars", top=900), "x 23,400 pixels cannot be drawn, only one of at most 20,000 in each"),
        (lambda: labs().plot(title=5), "title must be text"),  # type: ignore[arg-type]
        (lambda: RESULTS["crossovers"]().plot(top=3), "top: no such option for Crossovers"),
        (lambda: labs().plot(kind="pie"), "kind must be one of"),  # type: ignore[arg-type]
        (lambda: labs().plot(kind="matrix"), "does not fit"),
        (lambda: labs(by="organization").plot(kind="map"), "does not fit a table by organization"),
        (lambda: ANALYSIS.crossovers(labs(denominator="attributed").filter(country="VA"), "CN", "US").plot(), "nothing to draw"),
        (lambda: labs().plot(theme="pink"), "theme must be"),  # type: ignore[arg-type]
        (lambda: labs().plot(kind="ranks", bounds=1), "bounds: no such option"),  # type: ignore[arg-type]
        (lambda: labs().filter(country="VA").plot(), "nothing to draw"),
        (lambda: ossgeo.read_leaderboard(pl.DataFrame({"model": ["a"], "rank": [1]}), on=dt.date(2025, 1, 1)).plot(), "no ratings"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(draw: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        draw()


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(EngineError, match=r"ossgeo\[plot\]"):
        labs().plot()


def test_the_map_has_every_country_of_the_table() -> None:
    table = trending()
    layers = table.plot(kind="map").to_dict()["layer"]
    drawn = {row["numeric"]: row["text"] for row in layers[1]["transform"][1]["from"]["data"]["values"]}
    shares = {country: share for country, share in table.at().items() if len(country) == 2 and share}
    assert drawn == {ossgeo.Country(str(country)).numeric: percent(share) for country, share in shares.items()}
    shown = {row["name"] for row in layers[2]["data"]["values"]}
    assert "Israel" in shown  # too small for its shape
    assert "France" not in shown


def test_what_is_on_no_map_stands_above_it() -> None:
    rows = pl.DataFrame(
        {"model_id": ["a/m", "b/m"], "observed_at": [dt.date(2025, 1, 31)] * 2, "downloads_30d": [6, 4]}
    )
    said = texts(svg_of(ossgeo.measure(ossgeo.read_panel(rows)).plot(kind="map")))
    assert "Not on the map: not reviewed 100.0%" in said
    assert "without a position on claims" in said
    assert "No country with a share" in said


def test_every_place_is_a_country_on_the_globe() -> None:
    for country, east, north, dot in places().iter_rows():
        assert ossgeo.Country(country).alpha_2 == country
        assert -180 <= east <= 180
        assert -90 <= north <= 90
        assert isinstance(dot, bool)
    assert places().filter(country="SG")["dot"].item()


def test_labels_of_the_map_have_room() -> None:
    chart = ossgeo.measure(ossgeo.load_sample("trending-2026")).plot(kind="map", top=30).to_dict()
    said = [row["words"][:2] for row in chart["layer"][-2]["data"]["values"]]
    assert {"US", "CN"} <= set(said)
    assert not {"FR", "DE", "GB", "CH"} <= set(said)  # they would lie over each other


def test_overtakes_are_marked_and_judged() -> None:
    table = ossgeo.measure(two_dates(), registry=registry())
    pairs = [(str(one), str(other)) for one in table.at() for other in table.at() if one != other]
    crossed = [found for found in (ANALYSIS.crossovers(table, *pair) for pair in pairs) if found.frame.height]
    assert crossed
    said = texts(svg_of(crossed[0].plot()))
    assert f"{crossed[0].frame['period'][0]}: {crossed[0].frame['bounds'][0]}" in said
    assert "overtook" in said


def test_bundled_schemes_are_named_in_words() -> None:
    assert set(_SCHEMES) == set(ossgeo.GroupScheme.names())
    assert quantity(trending(by="world-bank-income").method) == "share of all downloads by World Bank income group"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_of_the_readme_is_what_the_library_draws(theme: Literal["light", "dark"]) -> None:
    """To draw it again: ``ossgeo plot labs-2025 -o docs/pictures/labs-2025.svg``, and with ``--theme dark``."""
    name = "labs-2025.svg" if theme == "light" else "labs-2025-dark.svg"
    kept = Path(__file__).parents[3] / "docs" / "pictures" / name
    drawn = vl_convert.vegalite_to_svg(labs().plot(top=8, theme=theme).to_dict())
    assert _words(kept.read_text(encoding="utf-8")) == _words(drawn)


def _words(svg: str) -> list[str]:
    """Return the texts of a picture, without the version of the registry."""
    texts = ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    return [re.sub(r"(registry|ossgeo) [0-9a-f.]+", r"\1", text) for text in texts]
