from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.errors import EngineError, PanelError
from tests.worlds import registry, two_dates


def frame() -> pl.DataFrame:
    rows: pl.LazyFrame = two_dates().rows.to_native()
    return rows.collect()


@pytest.mark.parametrize(
    "make",
    [
        lambda f: f,
        lambda f: f.lazy(),
        lambda f: f.to_pandas(),
        lambda f: f.to_arrow(),
        nw.from_native,
        lambda f: duckdb.from_arrow(f.to_arrow()),
        lambda f: duckdb.connect().from_arrow(f.to_arrow()),
    ],
    ids=["polars", "lazy", "pandas", "arrow", "narwhals", "duckdb", "duckdb of another connection"],
)
def test_the_same_figures_on_every_engine(make: Any) -> None:
    ours = ossgeo.measure(two_dates(), registry=registry(), by=("country", "organization"))
    theirs = ossgeo.measure(ossgeo.read_panel(make(frame())), registry=registry(), by=("country", "organization"))
    assert theirs.to_polars().equals(ours.to_polars())


@pytest.mark.parametrize(
    "choices", [{"age_cap": "40d"}, {"window": "45d"}, {"counting": "full"}, {"where": {"namespace": "Qin"}}]
)
def test_all_time_counters_and_choices_on_duckdb(choices: dict[str, Any]) -> None:
    rows = frame().rename({"downloads_30d": "downloads_all_time"})
    created = pl.lit(dt.datetime(2025, 1, 15, tzinfo=dt.UTC))
    models = pl.DataFrame({"model_id": rows["model_id"].unique().sort()}).with_columns(created_at=created)
    sources: list[Any] = [rows, duckdb.connect().from_arrow(rows.to_arrow())]
    tables = [ossgeo.measure(ossgeo.read_panel(one, models=models), registry=registry(), **choices) for one in sources]
    assert tables[0].method.engine == "polars"
    assert tables[1].method.engine == "duckdb"
    assert tables[0].to_polars().equals(tables[1].to_polars())
    assert tables[0].adjustments == tables[1].adjustments


def test_parquet_through_duckdb(tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "p.parquet")
    ours = ossgeo.read_panel(tmp_path)
    theirs = ossgeo.read_panel(tmp_path, engine="duckdb")
    assert theirs.engine == "duckdb"
    assert {issue.code for issue in theirs.check()} == {issue.code for issue in ours.check()}
    one, other = ossgeo.measure(ours, registry=registry()), ossgeo.measure(theirs, registry=registry())
    assert one.to_polars().equals(other.to_polars())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    frame().write_parquet(tmp_path / "p.parquet")
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    with pytest.raises(EngineError, match=r"ossgeo\[duckdb\]"):
        ossgeo.read_panel(tmp_path, engine="duckdb")


def test_what_is_no_dataframe() -> None:
    with pytest.raises(EngineError, match="source must be a dataframe or a path, got int"):
        engines.lazy(5)


def test_an_engine_that_nothing_is_known_of_is_refused_before_it_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "name_of", lambda _: "sqlframe")
    with pytest.raises(EngineError, match="a panel on sqlframe cannot be measured"):
        ossgeo.read_panel(frame().lazy())


def test_an_engines_own_error_is_chained() -> None:
    broken = pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64))
    with pytest.raises(PanelError, match="engine polars") as caught:
        engines.collect(nw.from_native(broken))
    assert isinstance(caught.value.__cause__, pl.exceptions.PolarsError)


def test_ossgeos_own_errors_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise EngineError("ours")

    monkeypatch.setattr(pl.LazyFrame, "collect", fail)
    with pytest.raises(EngineError, match="ours"):
        engines.collect(nw.from_native(pl.LazyFrame({"a": [1]})))


def test_what_needs_pyarrow_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")

    table = ossgeo.measure(two_dates(), registry=registry())
    pandas = frame().to_pandas()
    for method in ("to_pandas", "to_arrow"):
        monkeypatch.setattr(pl.DataFrame, method, missing)
        with pytest.raises(EngineError, match=r"pyarrow is not installed; .*ossgeo\[pandas\]"):
            getattr(table, method)()
    monkeypatch.setattr(nw.DataFrame, "to_polars", missing)
    with pytest.raises(EngineError, match="pyarrow"):
        ossgeo.read_panel(pandas)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Los_Angeles"])
def test_the_zone_of_a_duckdb_connection_does_not_matter(zone: str) -> None:
    times = [dt.datetime(2026, 8, day, 15, tzinfo=dt.UTC) for day in (14, 15)]
    rows = pl.DataFrame({"model_id": ["Qwen/a"] * 2, "observed_at": times, "downloads_30d": [5, 6]}).to_arrow()
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone='{zone}'")
        connection.register("rows", rows)
        panel = ossgeo.read_panel(connection.sql("select * from rows"))
        assert panel.periods == (dt.date(2026, 8, 14), dt.date(2026, 8, 15))
        assert panel.check()["zoned_midnight"].count == 2
