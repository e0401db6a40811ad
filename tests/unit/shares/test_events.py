"""Supply, derivatives and relative adoption, by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo import Relation
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares import RelativeAdoption
from ossgeo.shares._calculators.derivatives import Derivatives
from ossgeo.testing import calculator_checks
from tests.worlds import registry

DAY = dt.date
MODELS = pl.DataFrame(
    {
        "model_id": ["Qin/a", "Qin/b", "Trio/c", "Mover/d", "who/e", "Qin/f", "Qin/g"],
        "created_at": [dt.datetime(2024, 12, 1), dt.datetime(2025, 1, 10), dt.datetime(2025, 2, 1), dt.datetime(2025, 2, 20),
                       dt.datetime(2025, 2, 21), None, dt.datetime(2026, 1, 1)],
        "base_models": [
            [], [{"relation": "finetune", "model_id": "Qin/a"}], [{"relation": "quantized", "model_id": "Qin/b"}],
            [{"relation": "merge", "model_id": "Qin/a"}, {"relation": "merge", "model_id": "Mover/d"}],
            [{"relation": None, "model_id": "who/e"}], [{"relation": "finetune", "model_id": "Qin/a"}], [],
        ],
    },
    schema_overrides={"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))},
)  # fmt: skip
PANEL = ossgeo.read_panel(
    pl.DataFrame(
        {"model_id": ["Qin/a", "Qin/a"], "observed_at": [DAY(2025, 1, 31), DAY(2025, 3, 2)], "downloads_30d": [1, 1]}
    ),
    models=MODELS,
)
pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")


def values(table: ossgeo.ShareTable, day: dt.date) -> dict[str, float]:
    return dict(table.filter(period=day).to_polars().select(table.keys[0], "value").iter_rows())


@pytest.mark.parametrize("calculator", ["supply", "derivatives", RelativeAdoption(cumulative=False)])
def test_the_kit(calculator: Any) -> None:
    for check in calculator_checks(calculator):
        check()


def test_supply_by_observation() -> None:
    table = ossgeo.measure(PANEL, calculator="supply", registry=registry())
    assert values(table, DAY(2025, 1, 31)) == {"CN": 2}
    assert values(table, DAY(2025, 3, 2)) == pytest.approx(
        {"unreviewed": 1, "US": 1, "DE": 1 / 3, "FR": 1 / 3, "JP": 1 / 3}, abs=1e-5
    )
    assert table.method.counter == "events"
    assert {item.code: item.count for item in table.adjustments.items_} == {"creation_unknown": 1, "created_later": 1}


def test_supply_by_month_and_over_a_window() -> None:
    months = ossgeo.measure(
        PANEL, calculator="supply", registry=registry(), every="1mo", where={"namespace": ["Qin", "Mover"]}
    )
    assert values(months, DAY(2024, 12, 31)) == {"CN": 1}
    assert values(months, DAY(2025, 1, 31)) == {"CN": 1}
    assert values(months, DAY(2025, 2, 28)) == {"US": 1}
    year = ossgeo.measure(PANEL, calculator="supply", registry=registry(), window="60d")
    assert values(year, DAY(2025, 1, 31)) == {"CN": 1}
    with pytest.raises(InvalidArgumentError, match="events without an age"):
        ossgeo.measure(PANEL, calculator="supply", registry=registry(), age_cap="30d")


def test_publishers() -> None:
    table = ossgeo.measure(PANEL, calculator="supply", by=("country", "organization"), registry=registry())
    counted = ossgeo.analysis.publishers(table)
    assert dict(counted.filter(period=DAY(2025, 1, 31)).select("country", "organizations").iter_rows()) == {"CN": 1}
    with pytest.raises(InvalidArgumentError, match=r"by=\('country', 'organization'\)"):
        ossgeo.analysis.publishers(ossgeo.measure(PANEL, calculator="supply", registry=registry()))


def test_derivatives_and_the_matrix() -> None:
    table = ossgeo.measure(PANEL, calculator="derivatives", attribution="root", registry=registry(), window="365d")
    last = DAY(2025, 3, 2)
    assert values(table, last) == {"CN": 3}  # b, c (through b) and d; e names only itself, f has no date
    matrix = ossgeo.measure(
        PANEL, calculator="derivatives", by=("builder_country", "base_country"), registry=registry(), window="365d"
    )
    rows = {
        row[:2]: row[2]
        for row in matrix.filter(period=last).to_polars().select("builder_country", "base_country", "value").iter_rows()
    }
    third = pytest.approx(1 / 3, abs=1e-5)
    assert rows == {("CN", "CN"): 1, ("US", "CN"): 1, ("DE", "CN"): third, ("FR", "CN"): third, ("JP", "CN"): third}
    assert matrix.coverage.at(last) == {"attributed": 1.0}


def test_only_some_relations() -> None:
    only = Derivatives(["quantized", Relation.MERGE])
    assert only.name == "derivatives(quantized, merge)"
    table = ossgeo.measure(PANEL, calculator=only, registry=registry(), window="365d")
    assert sum(values(table, DAY(2025, 3, 2)).values()) == pytest.approx(2)
    assert Derivatives("finetune").relations == ("finetune",)
    assert Derivatives().name == "derivatives"
    for wrong in (["distilled"], []):
        with pytest.raises(InvalidArgumentError, match="relations"):
            Derivatives(wrong)


def test_relative_adoption_by_hand() -> None:
    born = dt.datetime(2025, 1, 1)
    counts = {"Qin/a": 100, "Qin/b": 50, "Trio/c": 10, "Mover/d": 70, "who/e": 5}
    models = pl.DataFrame(
        {
            "model_id": list(counts),
            "created_at": [born] * 4 + [None],
            "parameters": [7_000_000_000, 3_000_000_000, 500_000_000, 70_000_000_000, 1],
        }
    )
    rows = pl.DataFrame(
        {"model_id": list(counts), "observed_at": [DAY(2025, 1, 31)] * 5, "downloads_30d": list(counts.values())}
    )
    panel = ossgeo.read_panel(rows, models=models)
    table = ossgeo.measure(panel, calculator=RelativeAdoption(cumulative=False), registry=registry())
    found = values(table, DAY(2025, 1, 31))
    assert found["CN"] == pytest.approx((100 + 50) / 75, abs=1e-5)
    assert found["GB"] == pytest.approx(1)
    assert found["DE"] == pytest.approx(1 / 3, abs=1e-5)
    assert found["unreviewed"] == 0
    with pytest.raises(InvalidArgumentError, match="cumulative counters, got downloads_30d; use calculator=Relative"):
        ossgeo.measure(panel, calculator="relative-adoption", registry=registry())


def twelve(first: list[dt.date], days: list[dt.date], rates: list[int]) -> ossgeo.Panel:
    """Models of constant rates, with all-time counters; the first belongs to Qin, the others to Mover."""
    names = ["Qin/a", *(f"Mover/m{number}" for number in range(1, len(rates)))]
    rows = [(name, day, rate * (day - born).days) for name, born, rate in zip(names, first, rates, strict=True)
            for day in days if day > born]  # fmt: skip
    models = {"model_id": names, "created_at": [dt.datetime(one.year, one.month, one.day) for one in first],
              "parameters": [7_000_000_000] * len(names)}  # fmt: skip
    frame = pl.DataFrame(rows, schema=["model_id", "observed_at", "downloads_all_time"], orient="row")
    return ossgeo.read_panel(frame, models=pl.DataFrame(models))


RATES = [100, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]
"""The ten leaders are 100 and 12 to 4: their median is 8.5, and the first has 100 / 8.5 = 11.76 of it."""


@pytest.mark.parametrize("spread", [0, 5])
def test_relative_adoption_is_that_of_the_atom_report(spread: int) -> None:
    """Constant rates have one value at every age, whenever the models were released."""
    start = DAY(2025, 1, 1)
    first = [start + dt.timedelta(days=spread * place) for place in range(12)]
    days = [start + dt.timedelta(days=7 * week) for week in range(12, 40)]
    table = ossgeo.measure(twelve(first, days, RATES), calculator="relative-adoption", registry=registry())
    assert table.method.gives == "stock"
    whole_months = days[5:-12]  # every model has reached each of these ages
    for day in whole_months:
        assert values(table, day)["CN"] == pytest.approx(100 / 8.5, abs=1e-5), day


def test_a_model_that_enters_the_panel_late_moves_no_yardstick_but_its_own() -> None:
    """The first count of a late entry is its downloads since release: one value of one model, at its own age."""
    start, days = DAY(2025, 1, 1), [DAY(2025, 1, 1) + dt.timedelta(days=30 * month) for month in range(1, 9)]
    before = ossgeo.measure(twelve([start] * 12, days, RATES), calculator="relative-adoption", registry=registry())
    rows = twelve([start] * 12, days, RATES).to_polars().select("model_id", "period", "downloads_all_time")
    rows = rows.rename({"period": "observed_at"})
    entry = pl.DataFrame({"model_id": ["who/huge"], "observed_at": [days[-1]], "downloads_all_time": [10**9]})
    models = pl.concat([twelve([start] * 12, days, RATES).models.collect(), pl.DataFrame(
        {"model_id": ["who/huge"], "created_at": [dt.datetime(2023, 1, 1, tzinfo=dt.UTC)], "parameters": [7_000_000_000]})], how="diagonal")  # fmt: skip
    panel = ossgeo.read_panel(pl.concat([rows, entry], how="vertical_relaxed"), models=models)
    after = ossgeo.measure(panel, calculator="relative-adoption", registry=registry())
    assert [values(after, day)["CN"] for day in days] == [values(before, day)["CN"] for day in days]
    assert values(after, days[-1])["unreviewed"] == 1, "alone at its age"


def test_models_at_the_hubs_earliest_date_have_no_age() -> None:
    floor = dt.datetime(2022, 3, 2, 23, 29, 4)
    models = pl.DataFrame({"model_id": ["Qin/a", "Mover/b"], "created_at": [floor, dt.datetime(2022, 4, 1)],
                           "parameters": [10**9] * 2})  # fmt: skip
    rows = pl.DataFrame({"model_id": ["Qin/a", "Mover/b"], "observed_at": [DAY(2025, 4, 1)] * 2,
                         "downloads_all_time": [10**6, 10]})  # fmt: skip
    table = ossgeo.measure(ossgeo.read_panel(rows, models=models), calculator="relative-adoption", registry=registry())
    assert values(table, DAY(2025, 4, 1)) == {"US": 1, "CN": 0}


def test_figures_that_look_beyond_a_period_are_not_made_from_a_part() -> None:
    whole = ossgeo.measure(PANEL, calculator="supply", registry=registry()).at()
    found = ossgeo.analysis.sensitivity(PANEL, {"counting": ["fractional"]}, calculator="supply", registry=registry())
    shares = dict(found.to_polars().select("group", "share").iter_rows())
    assert shares == pytest.approx({group: whole[group] for group in shares})
    moved = ossgeo.analysis.influence(PANEL, unit="model", calculator="supply", registry=registry())
    assert set(moved.to_polars()["unit"]) == {"Trio/c", "Mover/d", "who/e"}
    models = pl.DataFrame({"model_id": ["Qin/a"], "created_at": [dt.datetime(2024, 5, 1)], "parameters": [10**9]})
    with pytest.raises(InvalidArgumentError, match="relative-adoption needs more than one observation"):
        ossgeo.IncrementalAggregate.of(PANEL, calculator="relative-adoption", models=models)
