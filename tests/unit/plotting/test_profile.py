from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.errors import UnknownCountryError
from tests.worlds import registry, two_dates


def test_by_hand(tmp_path: Path) -> None:
    found = ossgeo.profile(two_dates(), "China", registry=registry())
    assert found.country.alpha_2 == "CN"
    table = ossgeo.measure(two_dates(), registry=registry())
    assert found.to_polars()["share"].to_list() == [table.at(day)["CN"] for day in table.periods]
    assert found.organizations["share"].sum() == pytest.approx(1)
    assert found.builds_on is None
    text = found.to_markdown()
    assert "# China (CN)" in text
    assert "does not say what models were made from" in text
    assert "belong to unreviewed namespaces" in text
    found.write_markdown(tmp_path / "p.md")
    assert (tmp_path / "p.md").read_text(encoding="utf-8") == text == str(found)


def test_a_country_that_is_not_there() -> None:
    found = ossgeo.profile(two_dates(), "Iceland", registry=registry())
    assert found.shares["value"].sum() == 0
    assert "Iceland: none of the downloads in the 30 days to 2 March 2025 are of models credited to it." in str(found)
    with pytest.raises(UnknownCountryError):
        ossgeo.profile(two_dates(), "Atlantis")


def test_who_builds_on_whom_and_hostile_names() -> None:
    models = pl.DataFrame({
        "model_id": ["Qin/a", "Mover/<script>|x", *(f"Mover/m{n}" for n in range(12))],
        "created_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)] * 14,
        "base_models": [[], *[[{"relation": "finetune", "model_id": "Qin/a"}]] * 13],
    })  # fmt: skip
    rows = models.lazy().select("model_id", period=pl.lit(dt.date(2025, 1, 31)), downloads_30d=pl.lit(7))
    models = models.with_columns(namespace=pl.col("model_id").str.split("/").list.first())
    panel = ossgeo.Panel.of(engines.wrap(rows), models.lazy(), counter="downloads_30d")
    china, britain = (ossgeo.profile(panel, code, registry=registry()) for code in ("CN", "GB"))
    assert china.built_on_by is not None
    assert britain.builds_on is not None
    assert china.built_on_by.rows() == [("GB", 13.0)]
    assert britain.builds_on.rows() == [("CN", 13.0)]
    assert "\\<script\\>\\|x" in str(britain)
    assert "and 3 more" in str(britain)


def test_a_window_that_was_not_observed_has_no_figure() -> None:
    found = ossgeo.profile(ossgeo.load_sample("labs-2025"), "CN", window="180d")
    assert found.shares["share"][0] is None
    assert found.shares["share"][-1] == pytest.approx(0.1306, abs=1e-4)
    assert "0.0%" not in found.to_markdown().split("## Organizations")[0]


def test_peers_licenses_claims_and_small_numbers(tmp_path: Path) -> None:
    panel = ossgeo.load_sample("trending-2026")
    korea, china = (ossgeo.profile(panel, code) for code in ("South Korea", "CN"))
    assert "(n = " in korea.sentence()
    assert "(n = " not in china.sentence()
    assert "KR" in korea.peers["country"]
    assert china.peers["country"].to_list() == ["US", "CN", "FR", "DE"]
    assert china.claims.height > 5
    if china.openness is not None:
        assert china.openness["share"].sum() == pytest.approx(1)
        assert china.openness["models"].sum() == china.models.height
    china.write_html(tmp_path / "p.html")
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "Scope (Hugging Face): 200 models that were trending" in page
    assert "Published claims about it" in page
    assert "<script>alert" not in page


def test_sizes_are_classes_of_parameters() -> None:
    models = pl.DataFrame(
        {"model_id": ["Qwen/a", "Qwen/b", "Qwen/c"], "parameters": [600_000_000, 1_000_000_000, None]}
    )
    rows = models.select("model_id", period=pl.lit("2026-07-31"), downloads_30d=pl.lit(10))
    found = ossgeo.profile(ossgeo.read_panel(rows, models=models), "CN")
    assert found.sizes is not None
    assert found.sizes.select("size", "models").rows() == [
        ("below 1 billion", 1),
        ("1 to 10 billion", 1),
        ("unknown", 1),
    ]
    assert "## Sizes" in str(found)
    assert ossgeo.profile(ossgeo.load_sample("labs-2025"), "CN").sizes is None


def test_claims_that_name_a_country_are_on_its_page() -> None:
    korea = ossgeo.profile(ossgeo.load_sample("trending-2026"), "KR")
    assert korea.claims["claim"].to_list() == ["index-kr-2025", "ai-users-kr-2026"]
