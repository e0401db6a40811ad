from __future__ import annotations

import polars as pl

import ossgeo
from tests.worlds import JANUARY, MARCH, panel, registry


def values(some: ossgeo.Panel) -> list[tuple[str, float]]:
    table = ossgeo.measure(some, registry=registry(), by="model")
    return sorted(table.to_polars().select("model", "value").iter_rows())


def test_the_same_name_in_another_namespace_of_the_organization() -> None:
    moved = panel([("Gone/a", JANUARY, 10), ("Qin/a", MARCH, 25), ("Qin/new", MARCH, 5)], counter="downloads_all_time")
    assert values(moved) == [("Qin/a", 15)]


def test_two_models_that_live_at_the_same_time_are_two() -> None:
    rows = [("Gone/a", JANUARY, 10), ("Gone/a", MARCH, 11), ("Qin/a", JANUARY, 20), ("Qin/a", MARCH, 25)]
    assert values(panel(rows, counter="downloads_all_time")) == [("Gone/a", 1), ("Qin/a", 5)]


def test_the_same_name_elsewhere_is_another_model() -> None:
    moved = panel([("Mover/a", JANUARY, 10), ("Qin/a", MARCH, 25)], counter="downloads_all_time")
    assert values(moved) == []


def test_hub_ids_that_are_unknown_join_nothing() -> None:
    models = pl.DataFrame({"model_id": ["Mover/a", "Qin/b"], "hub_id": pl.Series([None, None], dtype=pl.String)})
    moved = panel([("Mover/a", JANUARY, 10), ("Qin/b", MARCH, 25)], models=models, counter="downloads_all_time")
    assert values(moved) == []


def test_ids_of_the_hubs_first_years_are_followed_to_their_owners() -> None:
    rows = [("gpt2", JANUARY, 100), ("Qwen/x", JANUARY, 1), ("openai-community/gpt2", MARCH, 160), ("Qwen/x", MARCH, 3)]
    table = ossgeo.measure(panel(rows, counter="downloads_all_time"))
    assert (table.at()["US"], table.to_polars()["value"].to_list()) == (60 / 62, [60, 2])
    assert table.adjustments["renamed"].count == 1
    before = ossgeo.measure(panel([("gpt2", JANUARY, 3), ("bert-base-uncased", JANUARY, 1)]), by="organization")
    assert (before.at()["openai"], before.at()["google"]) == (0.75, 0.25)
