"""Weights of models, such as prices, and the count of models in the top."""

from __future__ import annotations

import datetime as dt
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, OssgeoError
from ossgeo.shares import CountInTop, Weighted

pytestmark = pytest.mark.filterwarnings("ignore")
DAYS = ("2026-01-05", "2026-01-06")
ROWS = [
    ("Qwen/a-20260101", DAYS[0], 100), ("google/b", DAYS[0], 100), ("mistralai/c:free", DAYS[0], 50), ("other", DAYS[0], 500),
    ("Qwen/a-20260101", DAYS[1], 100), ("google/b", DAYS[1], 300), ("mistralai/c:free", DAYS[1], 50),
]  # fmt: skip


def panel(engine: str = "polars", **arguments: Any) -> ossgeo.Panel:
    table = pl.DataFrame(ROWS, schema=["model_id", "date", "tokens"], orient="row").with_columns(
        pl.col("date").str.to_date()
    )
    source: Any = table
    if engine == "duckdb":
        sent = table.to_arrow()  # noqa: F841  # DuckDB reads local variables
        source = duckdb.sql("select * from sent")
    return ossgeo.read_panel(source, counter="tokens_per_1d", residual="other", **arguments)


def prices() -> pl.DataFrame:
    rows = [
        ("Qwen/a", 0.01, None, dt.date(2026, 1, 6)), ("Qwen/a", 0.03, dt.date(2026, 1, 6), None),
        ("google/b", 0.02, None, None), ("mistralai/c:free", 0.0, None, None),
    ]  # fmt: skip
    schema = {"model_id": pl.String, "weight": pl.Float64, "start": pl.Date, "end": pl.Date}
    return pl.DataFrame(rows, schema=schema, orient="row")


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_dollars_at_dated_prices(engine: str) -> None:
    table = ossgeo.measure(panel(engine), calculator=ossgeo.Weighted(prices(), unit="US dollars"))
    assert table.method.unit == "US dollars"
    assert {day: table.at(day)["CN"] for day in DAYS} == {
        DAYS[0]: pytest.approx(1 / 3), DAYS[1]: pytest.approx(3 / 9),
    }  # fmt: skip
    assert float(table.to_polars()["value"].sum()) == pytest.approx(1 + 2 + 3 + 6)
    lost = table.adjustments["weight_unknown"]
    assert (lost.count, lost.unit) == (500, "tokens")
    assert "at most 15 US dollars" in lost.note
    assert "weighted (table" in str(table.method)
    assert "US dollars" in table.sentence("CN")
    assert ossgeo.measure(panel(engine), method=table.method).to_polars().equals(table.to_polars())


def test_prices_by_the_id_of_the_platform() -> None:
    models = pl.DataFrame({"model_id": ["Qwen/a-20260101"], "platform_id": ["Qwen/other-name"]})
    table = pl.DataFrame({"model_id": ["Qwen/other-name", "google/b"], "weight": [1.0, 1.0]})
    found = ossgeo.measure(panel(models=models), calculator=Weighted(table, unit="US dollars"))
    assert found.at(DAYS[0])["CN"] == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": [1.0, -1.0]}, "must have a weight of 0 or more"),
        ({"weight": [1.0, None]}, "must have a weight of 0 or more"),
        ({"model_id": ["google/b", "google/b"]}, "overlaps another span"),
        ({"model_id": ["google/b", None]}, "has no model_id"),
        ({"start": [dt.date(2026, 2, 1)] * 2, "end": [dt.date(2026, 1, 1)] * 2}, "ends before it starts"),
    ],
)
def test_prices_that_cannot_be_used(change: Any, message: str) -> None:
    table = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "weight": [1.0, 2.0]} | change)
    with pytest.raises(OssgeoError) as found:
        Weighted(table, unit="US dollars")
    assert message in "; ".join(map(str, found.value.faults))  # type: ignore[attr-defined]


def test_arguments_that_are_not_valid() -> None:
    with pytest.raises(InvalidArgumentError, match="unit must be text"):
        Weighted(prices(), unit="")
    with pytest.raises(InvalidArgumentError, match="a dataframe, got str"):
        Weighted("prices.csv", unit="US dollars")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="a column 'weight'"):
        Weighted(prices().drop("weight"), unit="US dollars")
    with pytest.raises(InvalidArgumentError, match="from 0 to 1"):
        Weighted.prices(input_share=75)
    with pytest.raises(InvalidArgumentError, match="n must be"):
        CountInTop(n=0)


def test_list_prices_of_openrouter() -> None:
    pytest.importorskip("genai_prices")
    half, all_ = Weighted.prices(input_share=0.5), Weighted.prices(input_share=1)
    assert half.unit == "US dollars"
    assert "genai-prices" in half.name
    assert half.weights.height > 500
    both = half.weights.join(all_.weights, on=["model_id", "start"])
    assert (both["weight"] >= both["weight_right"] * 0.49).all()
    assert half.weights["weight"].max() < 0.01  # type: ignore[operator]  # a number


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_the_number_of_models_in_the_top(engine: str) -> None:
    two = ossgeo.measure(panel(engine), calculator=CountInTop(n=2))
    assert two.method.unit == "models in the top 2"
    assert (two.at(DAYS[0])["CN"], two.at(DAYS[0])["US"]) == (0.5, 0.5)
    one = ossgeo.measure(panel(engine), calculator=CountInTop(n=1))
    assert float(one.filter(period=dt.date(2026, 1, 5)).to_polars()["value"].sum()) == 2.0, (
        "both tie for the first place"
    )
    assert one.at(DAYS[1])["US"] == 1.0
    every = ossgeo.measure(panel(engine), calculator="count-in-top")
    assert float(every.filter(period=dt.date(2026, 1, 5)).to_polars()["value"].sum()) == 3.0, "without the residual row"


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
@pytest.mark.parametrize("counter", ["tokens_per_7d", "tokens_per_interval"])
def test_a_price_that_changes_within_a_week_is_split_by_days(engine: str, counter: str) -> None:
    table = pl.DataFrame(
        {
            "model_id": ["Qwen/a", "google/b"],
            "end": [dt.date(2026, 1, 8)] * 2,
            "start": [dt.date(2026, 1, 2)] * 2,
            "tokens": [70, 70],
        }
    )
    sent = table.to_arrow()  # noqa: F841  # DuckDB reads local variables
    given: Any = duckdb.sql("select * from sent") if engine == "duckdb" else table
    found = ossgeo.read_panel(given, counter=counter)
    dollars = ossgeo.measure(found, calculator=Weighted(prices(), unit="US dollars"))
    values = dict(dollars.to_polars().select("country", "value").rows())
    assert values == {"CN": pytest.approx(40 * 0.01 + 30 * 0.03), "US": pytest.approx(1.4)}, (
        "4 days to 5 January, 3 after"
    )
    assert "weight_unknown" not in dollars.adjustments
    ended = prices().with_columns(end=pl.lit(dt.date(2026, 1, 4))).filter(pl.col("start").is_null())
    part = ossgeo.measure(found, calculator=Weighted(ended, unit="US dollars"))
    assert part.adjustments["weight_unknown"].count == pytest.approx(100), "5 of 7 days of each model have no price"


def test_a_price_of_zero_counts_and_is_not_unknown() -> None:
    free = ossgeo.measure(panel(), calculator=Weighted(prices(), unit="US dollars"), by="model")
    assert free.at(DAYS[0])["mistralai/c:free"] == 0.0
    assert free.adjustments["weight_unknown"].count == 500, "only the residual row has no price"
