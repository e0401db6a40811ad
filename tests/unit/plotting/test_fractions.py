"""Figures on pages and in profiles: fractions of models, units, and addresses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import ossgeo

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")


def test_a_third_of_a_model_is_not_printed_as_none(tmp_path: Path) -> None:
    page = ossgeo.report(ossgeo.load_sample("trending-2026"), path=tmp_path / "page.html").read_text(encoding="utf-8")
    cells = re.findall(r">([\d.]+)</td>\s*<td[^>]*>0\.35%", page)
    assert set(cells) == {"0.33"}


def test_a_cell_of_a_third_of_a_model() -> None:
    panel = ossgeo.load_sample("trending-2026")
    options = {"calculator": "derivatives", "by": ("builder_country", "base_country")}
    table = ossgeo.measure(panel, **options)  # type: ignore[arg-type]
    cell = ossgeo.explain_cell(panel, table, ("unreviewed", "KR"), table.latest)
    assert "0.33 derived models of" in str(cell)


def test_a_profile_states_the_unit_of_values_and_the_base_of_shares() -> None:
    text = ossgeo.profile(ossgeo.load_sample("trending-2026"), "France").to_markdown()
    assert "Values are downloads; a share is a part of those of France." in text
    assert "Values are downloads; a share is a part of the whole." in text


def test_addresses_in_a_profile_are_links() -> None:
    text = ossgeo.profile(ossgeo.load_sample("trending-2026"), "France").to_markdown()
    assert "<https://github.com/lbourdois/blog/blob/master/_posts/2025-10-13-HF_stats_models.md>" in text


def test_addresses_on_the_page_of_a_profile_are_links() -> None:
    page = ossgeo.profile(ossgeo.load_sample("trending-2026"), "France").to_html()
    address = "https://github.com/microsoft/ai-diffusion-report"
    assert f'<a href="{address}">{address}</a>' in page
    assert "javascript:" not in page
