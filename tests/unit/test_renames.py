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
