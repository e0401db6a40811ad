"""Choices whose effect is computed by hand: counting, dates of group schemes, comparisons, small shares."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import ossgeo
from ossgeo._core.text import percent, plural, points
from ossgeo.errors import InvalidArgumentError


def panel(counts: dict[str, int], day: str = "2026-01-31") -> ossgeo.Panel:
    return ossgeo.read_panel(pl.DataFrame({
        "model_id": list(counts), "date": [dt.date.fromisoformat(day)] * len(counts), "downloads_30d": list(counts.values()),
    }))  # fmt: skip


def test_primary_counting_credits_the_largest_group() -> None:
    registry = ossgeo.Registry.from_rows(
        organizations=[{"organization": "joint", "name": "Joint"}],
        namespaces=[{"namespace": "joint", "organization": "joint"}],
        affiliations=[
            {"organization": "joint", "country": "US", "weight": "0.4"},
            {"organization": "joint", "country": "FR", "weight": "0.3"},
            {"organization": "joint", "country": "DE", "weight": "0.3"},
        ],
    )
    made = panel({"joint/x": 10})
    assert ossgeo.measure(made, registry=registry, counting="primary").at()["US"] == 1
    union = ossgeo.measure(made, registry=registry, by="eu", counting="primary")
    assert union.frame["eu"].to_list() == ["EU"], "France and Germany together have 60 %"


def test_as_of_fixes_the_membership_of_group_schemes() -> None:
    registry = ossgeo.Registry.from_rows(
        organizations=[{"organization": "uk", "name": "UK"}],
        namespaces=[{"namespace": "uk", "organization": "uk"}],
        affiliations=[{"organization": "uk", "country": "GB"}],
    )
    made = panel({"uk/x": 10})
    groups = {
        str(as_of): ossgeo.measure(made, registry=registry, by="eu", as_of=as_of).frame["eu"].to_list()
        for as_of in ("flow", "2019-01-01", "2021-01-01")
    }
    assert groups["2019-01-01"] == ["EU"]
    assert groups["flow"] == groups["2021-01-01"] != ["EU"]


def test_compare_is_this_table_minus_the_other_and_absent_groups_have_nothing() -> None:
    one = ossgeo.measure(panel({"Qwen/a": 60, "google/b": 40}))
    other = ossgeo.measure(panel({"Qwen/a": 100}))
    both = one.compare(other, names=("january", "february"))
    assert both.columns == ["period", "country", "share_january", "share_february", "difference"]
    assert both.filter(country="US").row(0)[2:] == (0.4, 0.0, 0.4)
    assert both.filter(country="CN").row(0)[2:] == (0.6, 1.0, -0.4)
    later = ossgeo.measure(panel({"Qwen/a": 1}, "2026-02-28"))
    assert one.compare(later)["difference"].null_count() == 3, "no period in common"
    assert other.compare(one.top(1))["share_other"].to_list() == [0.6]
    assert one.compare(one.top(1))["share_other"].to_list() == [0.6, None], "top() removed groups"
    with pytest.raises(InvalidArgumentError, match="two different names"):
        one.compare(other, names=("x", "x"))


def test_a_share_above_zero_never_reads_as_zero() -> None:
    table = ossgeo.measure(panel({"Qwen/a": 1_000_000, "google/b": 1}))
    assert "<0.01%" in str(table)
    assert "&lt;0.01%" in table._repr_html_()
    assert [percent(one, 2) for one in (0.0, 1e-9, 0.00005, 0.9999999)] == ["0.00%", "<0.01%", "0.01%", "100.00%"]
    assert (points(0.118), plural("country"), plural("kind")) == ("+11.8 points", "countries", "kinds")
