"""Every registered calculator, kind of counter, dimension and filter on each engine: equal figures, or the same error."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo.errors import OssgeoError
from tests.spark_engine.comparison import close

pytestmark = pytest.mark.filterwarnings("ignore")

MODELS = ("Qwen/a", "google/b", "mistralai/c", "nobody/d", "other")
DAYS = tuple(dt.date(2026, 1, 4) + dt.timedelta(days=14 * n) for n in range(4))
COUNTERS: dict[str, Any] = {
    "daily flow": "tokens_per_1d",
    "weekly flow": "tokens_per_7d",
    "own intervals": "tokens_per_interval",
    "trailing": "tokens_30d",
    "cumulative": "tokens_all_time",
    "weekly shares": ossgeo.Counter("tokens", kind="interval", days=7, unit="share"),
}
FOUND = {one.target: one.name for one in ossgeo.plugins.available("shares") if one.distribution == "ossgeo"}
CALCULATORS = (*sorted(FOUND.values()), "weighted")
"""One name of each registered calculator."""
PRICES = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "weight": [0.5, 3.0]})
KEYS: tuple[Any, ...] = ("country", ("user_country", "country"), "app", ("app", "organization"))


def rows(counter: Any) -> pl.DataFrame:
    """Return counts of five models in three places and two apps; growing, so that each kind of counter can have them."""
    found = [
        {
            "model_id": model,
            "date": day,
            "user_country": place,
            "app": app,
            "tokens": (n + 1) * (m + 2) * (p + 1) * 10 + 7 * a,
        }
        for n, day in enumerate(DAYS)
        for m, model in enumerate(MODELS)
        for p, place in enumerate(("IN", "DE", None))
        for a, app in enumerate(("chat", "code"))
        if (m + n + p) % 4
    ]
    table = pl.DataFrame(found)
    if isinstance(counter, ossgeo.Counter):  # shares: what they lack of 1 becomes the residual
        shares = pl.col("tokens") / (2 * pl.col("tokens").sum().over("date"))
        return table.filter(pl.col("model_id") != "other").with_columns(tokens=shares)
    if counter == "tokens_per_interval":
        starts = pl.col("date") - pl.duration(days=pl.col("date").dt.day() % 9)
        return table.with_columns(start=starts.cast(pl.Date), end=pl.col("date")).drop("date")
    return table


def models() -> pl.DataFrame:
    born = [dt.datetime(2025, 12, 1 + 7 * n, tzinfo=dt.UTC) for n in range(4)]
    bases = [[], [], [{"relation": "finetune", "model_id": "Qwen/a"}], []]
    return pl.DataFrame(
        {
            "model_id": MODELS[:4],
            "created_at": born,
            "base_models": bases,
            "parameters": [8, 70, 8, 1],
            "license": ["apache-2.0", "gemma", "mit", None],
            "openness": ["open weights", "closed", "open weights", None],
            "likes": [1, 2, 3, 4],
        }
    )


@cache
def panel(engine: str, counter: Any, dimensions: tuple[str, ...], spark: Any = None) -> ossgeo.Panel:
    table = rows(counter)
    if not dimensions:
        sums = [name for name in table.columns if name not in ("user_country", "app", "tokens")]
        table = table.group_by(sums, maintain_order=True).agg(pl.col("tokens").sum())
    if engine == "duckdb":
        sent = table.to_arrow()  # noqa: F841  # DuckDB reads local variables
        given: Any = duckdb.sql("select * from sent")
    else:
        given = spark.createDataFrame(table.to_arrow()) if engine == "spark" else table
    residual: Any = {} if isinstance(counter, ossgeo.Counter) else {"residual": "other"}
    return ossgeo.read_panel(given, counter=counter, dimensions=list(dimensions), models=models(), **residual)


def result(given: ossgeo.Panel, calculator: Any, by: Any, **options: Any) -> Any:
    try:
        return ossgeo.measure(given, calculator=calculator, by=by, **options)
    except OssgeoError as error:
        return type(error).__name__, str(error).replace(given.source, "the panel")


def compare(one: Any, other: Any) -> None:
    if isinstance(one, ossgeo.ShareTable) and isinstance(other, ossgeo.ShareTable):
        close(one, other)
    else:
        assert one == other


CASES: tuple[tuple[tuple[str, ...], Any, dict[str, Any]], ...] = (
    ((), "country", {}),
    (("user_country", "app"), ("user_country", "country"), {}),
    (("user_country", "app"), "app", {"every": "1mo", "incomplete": "mark"}),
    (("user_country", "app"), ("app", "organization"), {"denominator": "attributed"}),
    (("user_country", "app"), "user_country", {"where": {"openness": "open weights"}}),
    (("user_country", "app"), "country", {"where": {"user_country": "IN", "license": ["mit", "apache-2.0"]}}),
)


def check_engine(engine: str, calculator: str, counter: str, spark: Any = None, cases: Any = CASES) -> int:
    """Compare an engine with Polars in each case; return how many tables there were: the other results are errors."""
    chosen = ossgeo.Weighted(PRICES, unit="US dollars") if calculator == "weighted" else calculator
    tables = 0
    for dimensions, by, options in cases:
        here, there = (panel(name, COUNTERS[counter], dimensions, spark) for name in ("polars", engine))
        assert there.engine == engine
        found = result(here, chosen, by, **options)
        compare(found, result(there, chosen, by, **options))
        tables += isinstance(found, ossgeo.ShareTable)
    return tables


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("calculator", CALCULATORS)
def test_duckdb_gives_the_figures_of_polars(calculator: str, counter: str) -> None:
    tables = check_engine("duckdb", calculator, counter)
    if calculator in ("flow", "weighted", "supply"):
        assert tables >= 1 if calculator == "supply" else tables == len(CASES)


@pytest.mark.parametrize("counter", COUNTERS)
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_no_dimension_changes_a_total(engine: str, counter: str) -> None:
    calculators = ("flow", "stock") if counter == "cumulative" else ("flow",)
    given = panel(engine, COUNTERS[counter], ("user_country", "app"))
    options: Any
    for calculator in calculators:
        for options in ({}, {"every": "1mo", "incomplete": "mark"}) if engine == "polars" else ({},):
            check_totals(given, calculator, KEYS, **options)


def check_totals(given: ossgeo.Panel, calculator: Any, keys: tuple[Any, ...], **options: Any) -> None:
    """Compare the total of each grouping with that of the models; residual rows are a part of it."""
    whole = totals(ossgeo.measure(given, calculator=calculator, by="model", **options))
    for by in keys:
        assert totals(ossgeo.measure(given, calculator=calculator, by=by, **options)) == pytest.approx(whole)
    residual = ossgeo.measure(given, calculator=calculator, **options).to_polars().filter(country="residual")
    assert residual["value"].sum() > 0


def totals(table: ossgeo.ShareTable) -> dict[Any, float]:
    return dict(table.to_polars().group_by("period").agg(pl.col("value").sum()).drop_nulls().rows())
