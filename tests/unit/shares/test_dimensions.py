"""Residual rows, and dimensions of rows: the user's country, apps and tasks as keys and filters."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo.analysis import bootstrap, bounds, drivers, influence, sensitivity, shares_within
from ossgeo.errors import InvalidArgumentError, OssgeoError, PanelError
from ossgeo.external import wilson

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = [
    ("Qwen/a", "2026-01-05", "India", "chat", 30),
    ("Qwen/a", "2026-01-05", "DEU", "chat", 10),
    ("google/b", "2026-01-05", "India", "code", 40),
    ("google/b", "2026-01-05", None, "code", 20),
    ("other", "2026-01-05", "India", "chat", 100),
    ("Qwen/a", "2026-01-06", "India", "chat", 60),
    ("google/b", "2026-01-06", "Germany", "chat", 40),
]


def frame() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=["model_id", "date", "user_country", "app", "tokens"], orient="row")


def source(form: str, folder: Path) -> Any:
    table = frame()
    if form == "csv":
        table.write_csv(folder / "rows.csv")
        return folder / "rows.csv"
    if form in ("parquet", "duckdb-file"):
        table.write_parquet(folder / "rows.parquet")
        return folder / "rows.parquet"
    if form == "duckdb":
        sent = table.to_arrow()  # noqa: F841  # DuckDB reads local variables
        return duckdb.sql("select * from sent")
    return {"polars": table, "lazy": table.lazy(), "pandas": table.to_pandas(), "pyarrow": table.to_arrow()}[form]


def panel(form: str = "polars", folder: Path = Path(), **arguments: Any) -> ossgeo.Panel:
    engine: Any = {"engine": "duckdb"} if form == "duckdb-file" else {}
    given = {"counter": "tokens_per_1d", "dimensions": ["user_country", "app"], "residual": "other"} | arguments
    return ossgeo.read_panel(source(form, folder), **given, **engine)


FORMS = ("polars", "lazy", "csv", "parquet", "pandas", "pyarrow", "duckdb", "duckdb-file")


@pytest.mark.parametrize("form", FORMS)
def test_every_engine_gives_the_same_cells(form: str, tmp_path: Path) -> None:
    found = panel(form, tmp_path)
    table = ossgeo.measure(found, by=["user_country", "country"])
    first = {
        row[:2]: row[2]
        for row in table.filter(period=dt.date(2026, 1, 5))
        .to_polars()
        .select("user_country", "country", "value")
        .rows()
    }
    assert first == {
        ("IN", "residual"): 100.0, ("IN", "US"): 40.0, ("IN", "CN"): 30.0, ("unknown", "US"): 20.0, ("DE", "CN"): 10.0,
    }  # fmt: skip
    assert table.coverage.at(table.periods[0]) == {"attributed": 0.4, "unknown": 0.1, "residual": 0.5}
    assert table.at("2026-01-06")["India", "China"] == 0.6
    only = ossgeo.measure(found, by="country", where={"user_country": "India"})
    assert only.at("2026-01-05")["CN"] == 30 / 170
    assert only.adjustments["where_excluded"].count == 20 + 10 + 40


def test_totals_are_conserved_over_every_key() -> None:
    for by in ("country", "user_country", "app", ("app", "user_country", "model"), ("country", "app")):
        table = ossgeo.measure(panel(), by=by)
        sums = table.to_polars().group_by("period").agg(pl.col("value").sum()).sort("period")
        assert sums["value"].to_list() == [200.0, 100.0], by


def test_a_residual_row_belongs_to_the_total_and_to_no_country() -> None:
    table = ossgeo.measure(panel())
    assert table.at("2026-01-05")["residual"] == 0.5
    assert table.at("2026-01-05")["CN"] == 0.2
    found = bounds(table).frame.filter(pl.col("period") == table.periods[0], country="CN").row(0, named=True)
    assert (found["lower"], round(found["upper"], 9)) == (0.2, 0.7)
    known = ossgeo.measure(panel(), denominator="attributed")
    assert known.at("2026-01-05")["CN"] == 0.4
    assert known.at("2026-01-05")["residual"] is None
    assert ossgeo.measure(panel(), by="organization").at("2026-01-05")["residual"] == 0.5
    root = ossgeo.measure(panel(models=pl.DataFrame({"model_id": ["other"]})), attribution="publisher")
    assert root.at("2026-01-05")["residual"] == 0.5


def test_two_filters_on_models_and_on_rows() -> None:
    models = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "license": ["mit", "apache-2.0"]})
    found = panel(models=models)
    table = ossgeo.measure(found, by="app", where={"license": "mit", "user_country": ["IN", "Germany"]})
    assert table.at("2026-01-05")["chat"] == 1.0
    assert float(table.to_polars()["value"].sum()) == 100.0
    assert ossgeo.measure(found, method=table.method).to_polars().equals(table.to_polars())
    with pytest.raises(InvalidArgumentError, match="user_country"):
        ossgeo.measure(found, where={"user_country": "France"})
    with pytest.raises(OssgeoError, match="app"):
        ossgeo.measure(found, by="apps")


def test_duplicates_are_those_of_all_dimensions() -> None:
    assert "duplicate" not in panel().check()
    twice = pl.concat([frame(), frame().head(1)])
    again = ossgeo.read_panel(twice, counter="tokens_per_1d", dimensions=["user_country", "app"])
    with pytest.raises(PanelError, match="repeat a model"):
        ossgeo.measure(again)
    assert again.check()["duplicate"].count == 1
    kept = ossgeo.measure(again, cleaning=ossgeo.Cleaning(duplicates="max"), by="user_country")
    assert kept.at("2026-01-05")["DE"] == 0.05


def test_cumulative_counters_by_dimension() -> None:
    rows = [("Qwen/a", day, place, count) for day, place, count in (
        ("2026-01-01", "IN", 10), ("2026-01-01", "DE", 5), ("2026-01-31", "IN", 40), ("2026-01-31", "DE", 3),
        ("2026-03-02", "IN", 60), ("2026-03-02", "DE", 8),
    )]  # fmt: skip
    table = pl.DataFrame(rows, schema=["model_id", "date", "user_country", "downloads_all_time"], orient="row")
    found = ossgeo.read_panel(table, dimensions=["user_country"])
    flows = ossgeo.measure(found, by="user_country")
    assert flows.to_polars().select("value").to_series().to_list() == [30.0, 20.0, 3.0]
    stock = ossgeo.measure(found, calculator="stock", by="user_country")
    assert stock.at("2026-03-02")["India"] == 60 / 68
    assert ossgeo.measure(found, calculator="stock").at("2026-03-02")["CN"] == 1.0


def test_analyses_take_dimensions_or_refuse() -> None:
    found = panel()
    assert influence(found, unit="user_country").frame.height
    assert influence(found, unit="model", by="app").frame.height
    moved = drivers(found, ("IN", "CN"), unit="model", by=("user_country", "country"))
    assert moved.frame["effect"].sum() == pytest.approx(moved.change)
    assert bootstrap(found, unit="model", by="user_country").frame.height
    assert sensitivity(found, {"where": [{"user_country": "IN"}, {"app": "chat"}]}).frame.height
    assert "IN" in str(ossgeo.explain_cell(found, ossgeo.measure(found, by=("user_country", "country")), ("IN", "CN")))
    with pytest.raises(InvalidArgumentError, match="no dimensions"):
        ossgeo.IncrementalAggregate.of(found)
    with pytest.raises(InvalidArgumentError, match="user_country"):
        ossgeo.measure(found, calculator="supply", by="user_country", models=_dated())
    with pytest.raises(InvalidArgumentError, match="one row for each model and period"):
        ossgeo.measure(found, calculator="relative-adoption", models=_dated())
    assert ossgeo.measure(found, calculator="supply", models=_dated()).at()["CN"] is not None


def _dated() -> pl.DataFrame:
    born = pl.Series(["2025-01-01"] * 3).str.to_datetime(time_zone="UTC")
    return pl.DataFrame({"model_id": ["Qwen/a", "google/b", "other"], "created_at": born, "parameters": [1, 2, 3]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dimensions": "app"}, "must be a list"),
        ({"dimensions": ["country"]}, "'country'"),
        ({"dimensions": ["app", "app"]}, "'app'"),
        ({"dimensions": ["region"]}, "has no column 'region'"),
    ],
)
def test_dimensions_that_do_not_fit(arguments: Any, message: str) -> None:
    with pytest.raises(OssgeoError) as found:
        panel(**arguments)
    assert message in f"{found.value}; {'; '.join(map(str, getattr(found.value, 'faults', ())))}"


@pytest.mark.parametrize("lazy", [False, True])
def test_all_places_that_are_not_countries_are_in_one_error(lazy: bool) -> None:
    wrong = frame().with_columns(user_country=pl.Series(["Atlantis", "Narnia", *["IN"] * 5]))
    with pytest.raises(PanelError) as found:
        ossgeo.read_panel(wrong.lazy() if lazy else wrong, counter="tokens_per_1d", dimensions=["user_country"])
    assert [fault.problem.split("'")[1] for fault in found.value.faults] == ["Atlantis", "Narnia"]


def test_a_dimension_as_a_whole_table() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = ossgeo.measure(panel(), by="user_country", every="1mo")
    assert table.at()["IN"] == pytest.approx(230 / 300)
    assert "India" in table.sentence("IN")
    assert table.plot() is not None
    assert ossgeo.ShareTable.read is not None


def test_row_and_column_shares_with_intervals() -> None:
    table = ossgeo.measure(panel(), by=("user_country", "country"))
    rows = shares_within(table, "user_country", confidence=0.95)
    first = rows.at("2026-01-05")
    assert [first["IN", "US"], first["DE", "CN"]] == pytest.approx([40 / 170, 1.0])
    cell = rows.to_polars().filter(user_country="IN", country="US").row(0, named=True)
    assert (cell["lower"], cell["upper"], cell["total"]) == (*wilson(40, 170), 170.0)
    columns = shares_within(table, "country")
    assert columns.at("2026-01-05")["IN", "CN"] == 30 / 40
    assert "lower" not in columns.to_polars().columns
    for found, key in ((rows, "user_country"), (columns, "country")):
        sums = found.to_polars().group_by("period", key).agg(pl.col("share").sum())["share"]
        assert sums.to_list() == pytest.approx([1.0] * len(sums)), "each group of the key sums to 1"
    assert "of each user country" in rows.sentence(("IN", "CN"))
    assert rows.method != table.method
    known = ossgeo.measure(panel(), by=("user_country", "country"), denominator="attributed")
    within = shares_within(known, "user_country").at("2026-01-05")
    assert within["IN", "US"] == pytest.approx(40 / 70)
    assert within["IN", "residual"] is None


@pytest.mark.parametrize(
    ("by", "key", "options", "message"),
    [
        ("user_country", "user_country", {}, "one of two or more keys"),
        (("user_country", "app"), "country", {}, "got 'country'; it has user_country, app"),
        (("user_country", "country"), "country", {"counting": "full"}, "overlap"),
    ],
)
def test_tables_without_row_shares(by: Any, key: str, options: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        shares_within(ossgeo.measure(panel(), by=by, **options), key)
    table = ossgeo.measure(panel(), by=("user_country", "country"))
    with pytest.raises(InvalidArgumentError, match="confidence must be between 0 and 1"):
        shares_within(table, "country", confidence=95)
    with pytest.raises(InvalidArgumentError):
        shares_within(table.top(1), "country")


def test_maps_of_either_side() -> None:
    table = shares_within(ossgeo.measure(panel(), by=("user_country", "country")), "user_country")
    users = table.filter(country="CN").plot(kind="map").to_dict()
    assert ", China, on 6 January 2026" in users["title"]["subtitle"][0]
    assert "India 100.0%" in users["title"]["text"][0]
    models = table.filter(user_country="IN").plot(kind="map").to_dict()
    assert "China 100.0%" in models["title"]["text"][0]
    assert ossgeo.measure(panel(), by="user_country").plot(kind="map") is not None
    assert table.plot() is not None
    with pytest.raises(InvalidArgumentError, match="needs one group of the other"):
        table.plot(kind="map")
