"""On real Hub figures, which stay outside the repository: skipped where OSSGEO_REAL_DATA is unset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import ossgeo

PUBLISHED = [4.85, 5.65, 6.83, 7.22, 9.63, 10.02, 15.36, 19.06, 18.21]
WITH_ZHIPU = [5.07, 5.83, 7.05, 7.45, 9.86, 10.24, 15.60, 19.37, 18.58]
SINCE = dt.date(2025, 1, 1)


def monthly(folder: Path) -> ossgeo.Panel:
    return ossgeo.read_panel(folder / "hub_monthly", pattern="*.csv", period_from="file")


def daily(folder: Path) -> ossgeo.Panel:
    return ossgeo.read_panel(folder / "hub_daily", records="models", counter="downloads_30d", period_from="file")


def china(table: ossgeo.ShareTable) -> list[float]:
    return [round(100 * (table.at(day)["CN"] or 0), 2) for day in table.periods if day >= SINCE]


def test_the_constant_laboratories(real_data: Path) -> None:
    constant = monthly(real_data).constant(unit="namespace", start=SINCE)
    names = constant.models.collect()["namespace"].unique().to_list()
    assert len(names) == 34
    assert china(ossgeo.measure(constant)) == PUBLISHED
    with_zhipu = {"namespace": [*names, "THUDM", "zai-org"]}
    assert china(ossgeo.measure(monthly(real_data), where=with_zhipu)) == WITH_ZHIPU


def test_totals_are_those_of_the_files(real_data: Path) -> None:
    totals = {
        dt.date.fromisoformat(file.stem[-10:]): pl.read_csv(file, infer_schema=False)["downloads_last_month"]
        .cast(pl.Int64)
        .sum()
        for file in (real_data / "hub_monthly").glob("*.csv")
    }
    for counting in ("fractional", "primary"):
        table = ossgeo.measure(monthly(real_data), by="organization", counting=counting)
        assert dict(table.to_polars().group_by("period").agg(pl.col("value").sum()).iter_rows()) == totals


def test_the_issues_that_are_in_there(real_data: Path) -> None:
    found = monthly(real_data).check()
    assert found.codes >= {
        "overlapping_window",
        "window_gap",
        "namespace_joined",
        "namespace_left",
        "spike",
        "split_snapshot",
    }
    assert any(example.startswith("microsoft/resnet-50") for example in found["spike"].examples)
    assert found["namespace_left"].examples[0].startswith("THUDM")
    found = daily(real_data).check()
    assert found.codes >= {"stale_snapshot", "tail_churn", "zero_downloads"}
    assert found["stale_snapshot"].examples == ("2026-08-08",)


def test_every_folder_loads_with_one_call(real_data: Path) -> None:
    trending = ossgeo.read_panel(
        real_data / "hub_trending", records="models", counter="downloads_30d", period_from="file"
    )
    assert trending.size == 3000
    assert trending.models.filter(pl.col("base_models").list.len() > 0).collect().height > 500
    top = ossgeo.read_panel(real_data / "hub_top30", counter="downloads_30d")
    assert (top.size, len(top.periods)) == (3690, 123)
    one = ossgeo.read_panel(real_data / "hub_one_org", counter="downloads_30d")
    assert (one.size, len(one.periods)) == (2710, 55)
    assert ossgeo.measure(one).at()["SE"] == 1.0


@pytest.mark.parametrize(
    ("folder", "reading", "reviewed"),
    [
        ("hub_daily", {"records": "models", "period_from": "file"}, 0.998),
        ("hub_top30", {}, 1.0),
        ("hub_trending", {"records": "models", "period_from": "file"}, 0.99),
        ("hub_monthly", {"pattern": "*.csv", "period_from": "file"}, 1.0),
    ],
)
def test_the_registry_reviews_what_matters(
    real_data: Path, folder: str, reading: dict[str, str], reviewed: float
) -> None:
    """In each file; and no namespace with 10,000 downloads is left out."""
    panel = ossgeo.read_panel(real_data / folder, counter="downloads_30d", **reading)  # type: ignore[arg-type]  # words
    gaps = ossgeo.review.gaps(panel)
    least, unknown = gaps.coverage.select(pl.col("reviewed").min(), pl.col("unknown").max()).row(0)
    assert least >= reviewed - 1e-12
    assert unknown <= 0.01
    assert gaps.frame.filter(pl.col("value") >= 10_000).rows() == []


def test_every_namespace_of_the_laboratories_is_known(real_data: Path) -> None:
    known = ossgeo.Registry.default().namespaces
    assert [name for name in monthly(real_data).models.collect()["namespace"].unique() if name not in known] == []


@pytest.mark.parametrize("by", ["country", "organization", ("study", "namespace")])
def test_a_stale_day_can_be_dropped(real_data: Path, by: str | tuple[str, ...]) -> None:
    table = ossgeo.measure(daily(real_data), by=by, cleaning=ossgeo.Cleaning(stale="drop"))
    assert len(table.periods) == 7
    assert table.adjustments["stale_snapshot"].count == 1


@pytest.mark.parametrize("reading", [monthly, daily])
def test_every_claim_has_a_verdict_with_its_reason(real_data: Path, reading: Callable[[Path], ossgeo.Panel]) -> None:
    panel = reading(real_data)
    found = [ossgeo.claims.evaluate(panel, claim) for claim in ossgeo.claims.load()]
    assert {one.verdict.value for one in found} == {"cannot be told from this panel"}, "no folder covers a population"
    assert all(one.why.endswith(".") and "would be decided by" in one.settles for one in found)
    assert any(one.ours is not None for one in found)
