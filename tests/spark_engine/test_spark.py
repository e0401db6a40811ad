"""The same figures on Spark, and the plan that Spark makes of them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.testing._fixtures import hard_world
from tests.spark_engine.comparison import close
from tests.worlds import registry, two_dates

pytestmark = pytest.mark.filterwarnings("ignore")


def there(spark: Any, panel: ossgeo.Panel) -> ossgeo.Panel:
    rows = panel.rows.to_native().collect()
    return ossgeo.read_panel(spark.createDataFrame(rows.to_arrow()), models=panel.models.collect())


def all_time(panel: ossgeo.Panel, models: pl.DataFrame | None = None) -> ossgeo.Panel:
    rows = panel.rows.to_native().collect().rename({"downloads_30d": "downloads_all_time"})
    return ossgeo.read_panel(rows, models=panel.models.collect() if models is None else models)


def hard() -> ossgeo.Panel:
    return hard_world().panel


PANELS: dict[str, tuple[Any, dict[str, Any]]] = {
    "two dates": (two_dates, {"registry": registry()}),
    "labs": (lambda: ossgeo.load_sample("labs-2025"), {}),
    "hub by organization": (lambda: ossgeo.load_sample("hub-2026"), {"by": ("country", "organization")}),
    "trending, capped": (lambda: ossgeo.load_sample("trending-2026"), {"age_cap": "365d"}),
    "lineage in parts": (lambda: ossgeo.load_sample("trending-2026"), {"attribution": "lineage"}),
    "hard world": (hard, {"registry": hard_world().registry}),
    "full counting": (hard, {"registry": hard_world().registry, "counting": "full"}),
    "all-time, window": (lambda: all_time(ossgeo.load_sample("labs-2025")), {"window": "120d"}),
    "all-time by month": (lambda: all_time(ossgeo.load_sample("labs-2025")), {"every": "1mo"}),
    "all-time, births and cap": (
        lambda: all_time(hard(), hard_world().models), {"registry": hard_world().registry, "age_cap": "40d"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(PANELS))
def test_ten_hard_panels(spark: Any, name: str) -> None:
    make, choices = PANELS[name]
    ours = make()
    theirs = there(spark, ours)
    assert theirs.engine == "spark"
    close(ossgeo.measure(theirs, **choices), ossgeo.measure(ours, **choices))


def test_issues_and_constant_panels(spark: Any) -> None:
    ours = ossgeo.load_sample("labs-2025")
    theirs = there(spark, ours)
    assert {issue.code: issue.count for issue in theirs.check()} == {issue.code: issue.count for issue in ours.check()}
    close(ossgeo.measure(theirs.constant()), ossgeo.measure(ours.constant()))


@pytest.mark.parametrize("calculator", ["downloads", ossgeo.shares.RelativeAdoption(cumulative=False)])
def test_calculators_run_there(spark: Any, calculator: Any) -> None:
    world = hard_world()
    choices: dict[str, Any] = {"calculator": calculator, "registry": world.registry, "models": world.models}
    close(ossgeo.measure(there(spark, world.panel), **choices), ossgeo.measure(world.panel, **choices))


def test_days_are_cut_in_utc(spark: Any, tmp_path: Path) -> None:
    late = dt.datetime(2025, 3, 10, 1, 30, tzinfo=dt.UTC)  # still the ninth in New York
    rows = pl.DataFrame(
        {"model_id": ["Qin/a"] * 2, "downloads_30d": [1, 2], "observed_at": [late, late + dt.timedelta(days=7)]}
    )
    rows.write_parquet(tmp_path / "p.parquet")
    panel = ossgeo.read_panel(tmp_path, engine="spark")
    assert panel.periods == (dt.date(2025, 3, 10), dt.date(2025, 3, 17))
    assert ossgeo.read_panel(tmp_path, engine="spark", start=dt.date(2025, 3, 11)).periods == (dt.date(2025, 3, 17),)


def test_partitioned_files_and_the_plan(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [dt.date(2025, 1, 5) + dt.timedelta(weeks=week) for week in range(8)]
    ids = [f"Qin/m{number}" for number in range(50)]
    for month in (1, 2):
        for day in (day for day in days if day.month == month):
            folder = tmp_path / f"month={month}"
            folder.mkdir(exist_ok=True)
            frame = pl.DataFrame({"model_id": ids, "downloads_30d": range(50), "junk": ["x" * 20] * 50})
            frame.with_columns(observed_at=pl.lit(day)).write_parquet(folder / f"{day}.parquet")
    panel = ossgeo.read_panel(tmp_path, engine="spark", start=days[2], models=pl.DataFrame({"model_id": ids}))
    plans: list[str] = []
    collect = engines.collect

    def watched(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
        native: Any = frame.to_native()
        if engines.name_of(frame) == "spark":
            plans.append(native._jdf.queryExecution().executedPlan().toString())
        return collect(frame)

    monkeypatch.setattr(engines, "collect", watched)
    ossgeo.measure(panel, registry=registry())
    plan = plans[-1]
    assert "BroadcastHashJoin" in plan
    assert "SortMergeJoin" not in plan
    assert plan.count("Exchange hashpartitioning") == 1  # that of the aggregate
    assert "junk" not in plan
    assert "PushedFilters" in plan
    assert "GreaterThanOrEqual(observed_at,2025-01-19)" in plan


def test_saved_aggregates_are_extended_there(spark: Any) -> None:
    for panel in (ossgeo.load_sample("labs-2025"), all_time(ossgeo.load_sample("labs-2025"))):
        rows = panel.rows.to_native().collect()
        cut = panel.periods[-1]

        def part(keep: pl.Expr, rows: pl.DataFrame = rows, models: Any = panel.models) -> ossgeo.Panel:
            return ossgeo.read_panel(spark.createDataFrame(rows.filter(keep).to_arrow()), models=models.collect())

        saved = ossgeo.IncrementalAggregate.of(part(pl.col("period") < cut)).extend(part(pl.col("period") == cut))
        close(saved.table(), ossgeo.measure(panel))
