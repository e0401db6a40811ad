"""Analyses compare complete periods: what is observed in part is left out, or scaled and named."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable

import polars as pl
import pytest

import ossgeo
from ossgeo.analysis import concentration, crossovers, drivers, growth

DAY = dt.date
ENDS = [DAY(2025, 1, 31) + dt.timedelta(days=30 * place) for place in range(16)]
"""Thirty-day observations from 2025-01-31 to 2026-04-26: 2025 whole, of 2026 only 116 days."""


def panel(count: Callable[[str, int], int], days: list[DAY] = ENDS) -> ossgeo.Panel:
    rows = [(model, day, count(model, place)) for place, day in enumerate(days) for model in ("Qwen/a", "google/b")]
    return ossgeo.read_panel(pl.DataFrame(rows, schema=["model_id", "date", "downloads_30d"], orient="row"))


CONSTANT = panel(lambda model, _: 100 if model == "Qwen/a" else 50)


def test_a_year_that_has_just_begun_is_not_compared_with_a_whole_one() -> None:
    table = ossgeo.measure(CONSTANT, every="1y")
    assert table.periods == (DAY(2025, 12, 31), DAY(2026, 4, 26))
    assert table.complete_periods == (DAY(2025, 12, 31),)
    assert table.latest == DAY(2025, 12, 31)
    found = growth(table)
    assert found.frame["growth"].null_count() == found.frame.height
    assert found.frame["rank_change"].null_count() == found.frame.height
    assert found.frame["complete"].to_list() == [True, True, False, False]
    assert found.sentence() == "On 31 December 2025 no group gained a place."
    scaled = growth(ossgeo.measure(CONSTANT, every="1y", incomplete="scale"))
    assert scaled.frame.filter(period=DAY(2026, 4, 26))["growth"].to_list() == pytest.approx([0, 0], abs=0.01)
    none = growth(ossgeo.measure(panel(lambda *_: 1, ENDS[:3]), every="1y"))
    assert none.sentence().startswith("No period is complete: no growth is defined; measure with incomplete='scale'")


def test_growth_passes_over_nothing() -> None:
    """March and a day of April are not observed: neither their own growth nor that of May is defined."""
    days = [DAY(2025, 1, 31), DAY(2025, 3, 2), DAY(2025, 5, 1), DAY(2025, 5, 31), DAY(2025, 6, 30)]
    source = panel(lambda model, place: (100 if model == "Qwen/a" else 50) * 2**place, days)
    table = ossgeo.measure(source, every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"))
    found = growth(table).frame.filter(country="CN").sort("period")
    figures = dict(found.select("period", "growth").iter_rows())
    defined = [day for day, one in figures.items() if one is not None]
    assert table.complete_periods == (DAY(2025, 1, 31), DAY(2025, 2, 28), DAY(2025, 5, 31), DAY(2025, 6, 30))
    assert defined == [DAY(2025, 2, 28), DAY(2025, 6, 30)], "not May against April"


def test_drivers_compare_complete_periods() -> None:
    found = drivers(CONSTANT, "CN", every="1mo")
    assert (found.start, found.end, found.scaled) == (DAY(2025, 1, 31), DAY(2026, 3, 31), ())
    months = ossgeo.measure(CONSTANT, every="1mo")
    assert months.complete_periods[-1] == DAY(2026, 3, 31)
    assert months.observed("2026-04-26") == pytest.approx(26 / 30)


def test_drivers_scale_a_period_that_was_chosen_or_is_needed() -> None:
    for found in (drivers(CONSTANT, "CN", every="1y"), drivers(CONSTANT, "CN", every="1y", end="2026-04-26")):
        ((day, observed),) = found.scaled
        assert day == DAY(2026, 4, 26)
        assert observed == pytest.approx(116 / 365)
        effects = dict(found.frame.group_by("part").agg(pl.col("effect").sum()).iter_rows())
        assert effects["growth"] == pytest.approx(0, abs=0.001)
        assert effects["denominator"] == pytest.approx(0, abs=0.001)
        assert "The values of 2026-04-26, of which 32% was observed, are scaled to the whole period." in str(found)
    assert found.method.incomplete == "scale"
    chosen = drivers(CONSTANT, "CN", every="1y", incomplete="scale")
    assert (chosen.start, chosen.end, chosen.scaled) == (DAY(2025, 12, 31), DAY(2026, 4, 26), ())


def test_a_crossover_within_unobserved_time_has_the_interval() -> None:
    days = [day for place, day in enumerate(ENDS) if place not in (4, 5, 6)]
    source = panel(lambda model, place: 100 if (model == "Qwen/a") == (place > 3) else 50, days)
    table = ossgeo.measure(source, every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"))
    found = crossovers(table, "CN", "US")
    (row,) = found.frame.iter_rows(named=True)
    assert (row["since"], row["period"]) == (DAY(2025, 4, 30), DAY(2025, 8, 31))
    assert "last between 30 April 2025 and 31 August 2025" in found.sentence()
    empty = found.shares.filter(pl.col("one").is_null())["period"].to_list()
    assert empty == [DAY(2025, 5, 31), DAY(2025, 6, 30), DAY(2025, 7, 31), DAY(2026, 4, 26)]


def test_an_incomplete_period_decides_no_crossover() -> None:
    source = panel(lambda model, place: 100 if (model == "Qwen/a") == (place == 15) else 50)
    months = ossgeo.measure(source, every="1mo")
    assert (months.at()["CN"] or 0) > 0.5
    found = crossovers(months, "CN", "US")
    assert (found.frame.height, found.ahead) == (0, "US")
    scaled = crossovers(ossgeo.measure(source, every="1mo", incomplete="scale"), "CN", "US")
    assert (scaled.frame.height, scaled.ahead) == (1, "CN")
    nothing = crossovers(ossgeo.measure(panel(lambda *_: 1, ENDS[:3]), every="1y"), "CN", "US")
    assert "have shares in no complete period" in nothing.sentence()


def test_the_sentence_on_concentration_is_of_the_latest_complete_period() -> None:
    source = panel(lambda model, place: 10**9 if place == 15 and model == "Qwen/a" else 50)
    found = concentration(ossgeo.measure(source, every="1mo"))
    assert found.sentence().startswith("On 31 March 2026 the downloads are as concentrated as if ")
    whole = concentration(ossgeo.measure(source))
    assert "26 April 2026" in whole.sentence()


def test_concentration_of_overlapping_groups_says_so() -> None:
    full = concentration(ossgeo.measure(CONSTANT, counting="full")).sentence()
    assert full.endswith(
        "The groups overlap: each is taken as a part of the sum over all groups, which counts a model several times."
    )
    assert "overlap" not in concentration(ossgeo.measure(CONSTANT)).sentence()


def test_every_policy_for_incomplete_periods() -> None:
    marked, dropped, scaled = (
        ossgeo.measure(CONSTANT, every="1y", incomplete=policy).to_polars().filter(country="CN")
        for policy in ("mark", "drop", "scale")
    )
    assert dropped["period"].to_list() == [DAY(2025, 12, 31)]
    assert (
        marked["observed"].to_list()
        == scaled["observed"].to_list()
        == [pytest.approx(364 / 365), pytest.approx(116 / 365)]
    )
    ratio = [after / before for before, after in itertools.pairwise(scaled["value"])]
    assert ratio == [pytest.approx(1, abs=0.01)]
    assert [value / 100 * 30 for value in marked["value"]] == pytest.approx([364, 116])
