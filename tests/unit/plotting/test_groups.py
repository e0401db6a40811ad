"""What pictures say of each group: zeros, gaps, ties, several keys, long names, and what is not drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.plotting._primitives import distinct
from ossgeo.plotting._style import OTHERS
from tests.unit.plotting.test_observed import layers, subtitle
from tests.unit.plotting.test_plot import labs, svg_of, texts, trending

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")


def title(chart: Any) -> str:
    return " ".join(chart.to_dict()["title"]["text"])


def yearly() -> ossgeo.ShareTable:
    """France has models of 2023 and 2025, and none of 2024; all four countries of 2023 have one."""
    return trending(calculator="supply", every="1y")


@pytest.mark.parametrize(("kind", "figure"), [("line", "share"), ("stacked", "share")])
def test_a_group_without_a_row_is_drawn_at_zero(kind: Any, figure: str) -> None:
    _, rows = layers(yearly().plot(kind=kind))[0]
    of_france = {row["period"]: row[figure] for row in rows if row["group"] == "FR"}
    assert of_france["2024-12-31"] == 0
    assert of_france["2025-12-31"] == pytest.approx(2 / 12)
    for period in ("2023-12-31", "2024-12-31", "2025-12-31"):
        assert sum(row[figure] for row in rows if row["period"] == period) == pytest.approx(1)


def test_statuses_without_a_share_are_not_drawn_at_zero() -> None:
    _, rows = layers(trending(calculator="supply", every="1y", denominator="attributed").plot(kind="line"))[0]
    assert not {"individual", "unknown"} & {row["group"] for row in rows}


def test_bars_have_no_status_without_downloads() -> None:
    _, rows = layers(yearly().plot(kind="bars"))[0]
    assert "unreviewed" not in {row["group"] for row in rows}


def test_equal_values_have_the_same_rank_and_no_rank_is_a_gap() -> None:
    (_, rows), *_ = layers(yearly().plot(kind="ranks"))
    ranks = {(row["period"], row["group"]): row["rank"] for row in rows}
    assert {ranks["2023-12-31", one] for one in ("US", "FR", "DE")} == {1}
    assert ranks["2024-12-31", "FR"] is None


def test_names_of_ranks_are_beside_the_last_points() -> None:
    *_, (_, labels) = [one for one in layers(yearly().plot(kind="ranks")) if "at" in (one[1] or [{}])[0]]
    assert {row["period"] for row in labels} == {"2026-04-30"}


def test_a_matrix_names_both_keys_and_the_day_that_it_shows() -> None:
    chart = labs(by=("country", "organization")).plot()
    assert title(chart) == "United States x Google 21.4%, Germany x UKP Lab 21.2% at 7 September 2025"
    assert "January" not in subtitle(chart)


def test_a_matrix_has_no_share_where_the_table_has_none() -> None:
    table = trending(by=("country", "kind"), denominator="attributed")
    (_, cells), *_ = layers(table.plot())
    assert {row["text"] for row in cells if row["down"] == "individuals"} == {"-"}


@pytest.mark.parametrize("width", [600, 800, 1200])
def test_a_matrix_has_the_width_that_was_asked_for(width: int) -> None:
    svg = svg_of(labs(by=("country", "organization")).plot(width=width))
    assert float(svg.split('width="')[1].split('"')[0]) <= width


@pytest.mark.parametrize("analysis", ["bounds", "growth"])
def test_results_by_two_keys_have_a_row_for_each_pair(analysis: str) -> None:
    chart = getattr(ossgeo.analysis, analysis)(labs(by=("country", "organization"))).plot()
    _, rows = layers(chart)[0]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names) == 12
    assert names[0] == "United States x Google"
    assert "Not drawn: " in subtitle(chart)


def long_names() -> ossgeo.Panel:
    names = [f"Qwen/{'a-very-long-name-' * 4}{number}" for number in range(3)]
    rows = pl.DataFrame({"model_id": names * 2, "date": ["2026-01-01"] * 3 + ["2026-02-01"] * 3,
                         "downloads_30d": [1, 2, 3, 30, 20, 11]})  # fmt: skip
    return ossgeo.read_panel(rows)


PICTURES: dict[str, Any] = {
    "bars": lambda panel: ossgeo.measure(panel, by="model").plot(kind="bars"),
    "growth": lambda panel: ossgeo.analysis.growth(ossgeo.measure(panel, by="model")).plot(),
    "drivers": lambda panel: ossgeo.analysis.drivers(panel, "Qwen", by="namespace", unit="model").plot(),
}


@pytest.mark.parametrize("name", ["bars", "growth", "drivers"])
def test_long_names_that_differ_at_their_end_stay_apart(name: str) -> None:
    _, rows = layers(PICTURES[name](long_names()))[0]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    assert {one[-1] for one in names if one.startswith("Qwen/")} == {"0", "1", "2"}


def test_equal_names_are_numbered() -> None:
    assert distinct(["a", "a (2)", "a", "b"]) == ["a", "a (2)", "a (3)", "b"]


def test_a_map_names_its_grays_in_both_themes() -> None:
    for theme in ("light", "dark"):
        said = " ".join(texts(svg_of(trending().plot(kind="map", theme=theme))).split())
        assert "Faint gray: countries without a share" in said


@pytest.mark.parametrize(("analysis", "said"), [
    (lambda: ossgeo.analysis.bounds(trending()), "groups."),
    (lambda: ossgeo.analysis.influence(ossgeo.load_sample("labs-2025")), "effects, which are smaller."),
])  # fmt: skip
def test_pictures_count_what_they_do_not_draw(analysis: Any, said: str) -> None:
    chart = analysis().plot()
    assert "Not drawn: " in subtitle(chart)
    assert said in subtitle(chart)


def test_a_wide_table_has_zeros_where_a_group_has_no_row() -> None:
    wide = yearly().pivot()
    assert wide["FR"].to_list()[:3] == [0.25, 0.0, pytest.approx(2 / 12)]
    assert yearly().pivot("value")["FR"].to_list()[:3] == [1, 0, 2]
    assert yearly().filter(country="France").pivot()["FR"].to_list()[:2] == [0.25, pytest.approx(2 / 12)]
    statuses = trending(calculator="supply", every="1y", denominator="attributed").pivot()
    assert statuses["individual"].null_count() == statuses.height


def test_a_file_for_owid_has_zeros_where_a_group_has_no_row(tmp_path: Path) -> None:
    yearly().write_owid(tmp_path / "shares.csv")
    assert "France,FRA,2024-12-31,0.0,0.0\n" in (tmp_path / "shares.csv").read_text(encoding="utf-8")


def test_the_line_of_a_cut_table_has_gaps() -> None:
    table = yearly()
    _, rows = layers(table.filter((pl.col("country") != "DE") | (pl.col("value") != 2)).plot(kind="line"))[0]
    assert {row["share"] for row in rows if (row["group"], row["period"]) == ("DE", "2024-12-31")} == {None}


def test_bands_are_within_the_axis_and_have_gaps() -> None:
    table = yearly()
    (_, band), (line, _), *_ = layers(table.plot(kind="line", bounds=ossgeo.analysis.bounds(table)))
    assert max(row["upper"] or 0 for row in band) < line["encoding"]["y"]["scale"]["domain"][1]
    assert {row["lower"] for row in band if (row["group"], row["period"]) == ("FR", "2024-12-31")} == {None}


def test_shares_within_a_key_are_not_added_up() -> None:
    table = ossgeo.analysis.shares_within(trending(by=("country", "organization")), "country")
    (_, cells), *_ = layers(table.plot())
    of_rows: dict[str, float] = {}
    for cell in cells:
        of_rows[cell["down"]] = of_rows.get(cell["down"], 0) + cell["share"]
    assert of_rows == pytest.approx(dict.fromkeys(of_rows, 1.0))


def test_shares_of_groups_that_overlap_are_not_added_up() -> None:
    (_, cells), *_ = layers(labs(by=("country", "organization"), counting="full").plot())
    assert OTHERS not in {cell["across"] for cell in cells}


def of_apps() -> ossgeo.Panel:
    rows = [{"model_id": model, "app": app, "date": day, "tokens": (place + 1) * weight}
            for place, app in enumerate(["plain", "A x B"]) for day in ("2026-01-05", "2026-01-12")
            for model, weight in (("Qwen/a", 1), ("google/b", 2), ("nobody-here/c", 9))]  # fmt: skip
    return ossgeo.read_panel(pl.DataFrame(rows), counter="tokens_per_7d", dimensions=["app"])


def test_the_name_of_a_dimension_may_have_the_separator_of_keys() -> None:
    drivers = ossgeo.analysis.drivers
    assert drivers(of_apps(), "A x B", by="app", unit="app").before == pytest.approx(2 / 3)
    pair = drivers(of_apps(), ("A x B", "CN"), by=("app", "country"))
    assert pair.after == pytest.approx(2 / 36)
    assert "A x B x CN" in pair.sentence()
    assert drivers(of_apps(), ("plain", "China"), by=("app", "country")).after == pytest.approx(1 / 36)
    assert "A x B x US" in title(ossgeo.measure(of_apps(), by=("app", "country")).plot())


@pytest.mark.parametrize("by", ["country", ("app", "country")])
def test_the_title_of_bounds_names_a_group_and_not_a_status(by: Any) -> None:
    assert "United States: between" in title(ossgeo.analysis.bounds(ossgeo.measure(of_apps())).plot())
    assert "reviewed" not in title(ossgeo.analysis.bounds(ossgeo.measure(of_apps(), by=by)).plot())


@pytest.mark.parametrize("width", [340, 600, 800])
def test_long_names_are_shortened_so_that_a_picture_keeps_its_width(width: int) -> None:
    hub = ossgeo.load_sample("hub-2026")
    for chart in (
        ossgeo.analysis.influence(hub).plot(width=width),
        ossgeo.measure(hub, by=("organization", "kind")).plot(width=width),
        ossgeo.measure(hub, by="model").plot(width=width),
        ossgeo.analysis.sensitivity(hub).plot(width=width),
    ):
        drawn = float(svg_of(chart).split('width="')[1].split('"')[0])
        assert drawn <= max(1.03 * width, width + 30)
