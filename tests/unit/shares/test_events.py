"""Supply, derivatives and relative adoption, by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._models import Relation
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


@pytest.mark.parametrize("name", ["supply", "derivatives", "relative-adoption"])
def test_the_kit(name: str) -> None:
    for check in calculator_checks(name):
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
    table = ossgeo.measure(ossgeo.read_panel(rows, models=models), calculator="relative-adoption", registry=registry())
    found = values(table, DAY(2025, 1, 31))
    assert found["CN"] == pytest.approx((100 + 50) / 75, abs=1e-5)
    assert found["GB"] == pytest.approx(1)
    assert found["DE"] == pytest.approx(1 / 3, abs=1e-5)
    assert found["unreviewed"] == 0


def test_a_first_count_is_no_yardstick() -> None:
    last = DAY(2025, 4, 1)
    rows = pl.DataFrame(
        [*(("Mover/b", last - dt.timedelta(days=30 * step), 100 - 10 * step) for step in range(3)), ("Qin/a", last, 10**6)],
        schema=["model_id", "observed_at", "downloads_all_time"], orient="row",
    )  # fmt: skip
    born = dt.datetime(2024, 12, 1)
    models = pl.DataFrame({"model_id": ["Qin/a", "Mover/b"], "created_at": [born] * 2, "parameters": [10**9] * 2})
    table = ossgeo.measure(ossgeo.read_panel(rows, models=models), calculator="relative-adoption", registry=registry())
    assert values(table, last)["US"] == 1


def test_figures_that_look_beyond_a_period_are_not_made_from_a_part() -> None:
    whole = ossgeo.measure(PANEL, calculator="supply", registry=registry()).at()
    found = ossgeo.analysis.sensitivity(PANEL, {"counting": ["fractional"]}, calculator="supply", registry=registry())
    shares = dict(found.to_polars().select("group", "share").iter_rows())
    assert shares == pytest.approx({group: whole[group] for group in shares})
    moved = ossgeo.analysis.influence(PANEL, unit="model", calculator="supply", registry=registry())
    assert set(moved.to_polars()["unit"]) == {"Trio/c", "Mover/d", "who/e"}
    models = pl.DataFrame({"model_id": ["Qin/a"], "created_at": [dt.datetime(2024, 5, 1)], "parameters": [10**9]})
    with pytest.raises(InvalidArgumentError, match="relative-adoption looks at more than one observation"):
        ossgeo.IncrementalAggregate.of(PANEL, calculator="relative-adoption", models=models)
