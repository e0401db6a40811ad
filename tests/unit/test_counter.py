"""Counters of every kind, length and unit: how they are named, read and summed."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo import Counter
from ossgeo.errors import InvalidArgumentError, PanelError

TOKENS = Counter("tokens", kind="interval", days=7)
WEEKS = ("2026-01-04", "2026-01-11", "2026-01-18", "2026-01-25", "2026-02-01", "2026-02-08")


def weekly() -> pl.DataFrame:
    """Weekly totals of three models: 70, 140 and 210 tokens a week."""
    rows = [
        (model, dt.date.fromisoformat(day), tokens)
        for day in WEEKS
        for model, tokens in (("Qwen/a", 70), ("google/b", 140), ("mistralai/c:free", 210))
    ]
    return pl.DataFrame(rows, schema=["model", "date", "total_tokens"], orient="row")


def measured(panel: ossgeo.Panel, **options: Any) -> ossgeo.ShareTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ossgeo.measure(panel, **options)


def totals(table: ossgeo.ShareTable) -> dict[str, float]:
    sums = table.to_polars().group_by("period").agg(pl.col("value").sum()).sort("period")
    return {str(day): value for day, value in sums.iter_rows()}


@pytest.mark.parametrize(
    ("counter", "text"),
    [
        (Counter("downloads", kind="trailing", days=30), "downloads_30d"),
        (Counter("downloads", kind="cumulative"), "downloads_all_time"),
        (TOKENS, "tokens_per_7d"),
        (Counter("tokens", kind="interval"), "tokens_per_interval"),
        (Counter("spend", kind="interval", days=1, unit="US dollars"), "spend_per_1d (US dollars)"),
    ],
)
def test_names_are_read_back(counter: Counter, text: str) -> None:
    assert str(counter) == text
    assert Counter.parse(text) == counter
    assert pickle.loads(pickle.dumps(counter)) == counter


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "Tokens", "kind": "cumulative"}, "name must be lowercase"),
        ({"name": "tokens", "kind": "daily"}, "kind must be one of"),
        ({"name": "tokens", "kind": "trailing"}, "days must be given"),
        ({"name": "tokens", "kind": "cumulative", "days": 7}, "days must be None"),
        ({"name": "tokens", "kind": "interval", "days": 0}, "days must be a whole number"),
        ({"name": "tokens", "kind": "interval", "unit": ""}, "unit must be text"),
    ],
)
def test_a_counter_that_is_not_valid(arguments: Any, message: str) -> None:
    name = arguments.pop("name")
    with pytest.raises(InvalidArgumentError, match=message):
        Counter(name, **arguments)


def test_a_name_that_states_no_kind() -> None:
    with pytest.raises(InvalidArgumentError, match="tokens_per_7d"):
        ossgeo.read_panel(weekly(), counter="tokens")


def test_weekly_totals_are_flows_of_seven_days() -> None:
    panel = ossgeo.read_panel(weekly(), counter=TOKENS)
    assert panel.counter == TOKENS
    assert totals(measured(panel)) == dict.fromkeys(WEEKS, 420.0)
    month = measured(panel, every="1mo")
    assert totals(month) == {"2025-12-31": 180.0, "2026-01-31": 240 + 420 * 3 + 360, "2026-02-08": 60 + 420}
    assert month.observed(dt.date(2026, 1, 31)) == 1.0
    assert totals(measured(panel, window="14d"))["2026-02-08"] == 840.0


def test_the_unit_is_named_everywhere() -> None:
    table = measured(ossgeo.read_panel(weekly(), counter=TOKENS))
    assert table.method.unit == "tokens"
    assert "tokens" in str(table)
    assert "downloads" not in str(table)
    assert "all tokens in the 7 days to 8 February 2026" in table.sentence("CN")
    assert "downloads" not in table.cite()
    assert str(table.method).startswith("flow (tokens_per_7d)")
    assert table.method.from_dict(json.loads(json.dumps(table.method.to_dict()))) == table.method
    assert "downloads" not in json.dumps(table.plot().to_dict())


def test_a_missing_week_is_estimated_and_counted() -> None:
    panel = ossgeo.read_panel(weekly().filter(pl.col("date") != dt.date(2026, 1, 18)), counter=TOKENS)
    month = measured(panel, every="1mo")
    assert totals(month)["2026-01-31"] == pytest.approx(1860)
    assert month.adjustments["window_gap"].count == 7
    assert month.observed(dt.date(2026, 1, 31)) == pytest.approx(24 / 31)
    strict = measured(panel, every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert strict.at("2026-01-31")["CN"] is None
    assert "window_gap" in panel.check()


def test_trailing_windows_of_any_length_are_thinned() -> None:
    days = [dt.date(2024, 1, 8) + dt.timedelta(days=14 * n) for n in range(40)]
    rows = pl.DataFrame({"package": ["vllm"] * 40, "date": days, "downloads": [180] * 40})
    panel = ossgeo.read_panel(
        rows, columns={"package": "model_id"}, counter=Counter("downloads", kind="trailing", days=180)
    )
    year = measured(panel, every="1y", by="model")
    used = 40 - year.adjustments["overlapping_window"].count
    assert used == 4
    assert totals(year)["2024-12-31"] == pytest.approx(366 - 7 + 180 - 180, abs=7)
    assert "in the 180 days to" in measured(panel, by="model").sentence("vllm")


def faults_of(action: Any) -> str:
    with pytest.raises(PanelError) as found:
        action()
    return "; ".join(map(str, found.value.faults))


def intervals() -> pl.DataFrame:
    """A month and its following two weeks; ``start`` and ``end`` are both included."""
    rows = [
        ("Qwen/a", "2026-01-01", "2026-01-31", 310),
        ("Qwen/a", "2026-02-01", "2026-02-14", 140),
        ("google/b", "2026-01-25", "2026-02-07", 140),
    ]
    return pl.DataFrame(rows, schema=["model_id", "start", "end", "tokens"], orient="row")


@pytest.mark.parametrize("form", ["polars", "text", "lazy", "pandas", "pyarrow", "duckdb"])
def test_intervals_of_any_length(form: str, tmp_path: Path) -> None:
    frame = intervals()
    if form != "text":
        frame = frame.with_columns(pl.col("start", "end").str.to_date())
    source: Any = frame
    if form == "text":
        source = tmp_path / "intervals.csv"
        frame.write_csv(source)
    elif form == "lazy":
        source = frame.lazy()
    elif form == "pandas":
        source = frame.to_pandas()
    elif form == "pyarrow":
        source = frame.to_arrow()
    elif form == "duckdb":
        table = frame.to_arrow()  # noqa: F841  # DuckDB reads local variables
        source = duckdb.sql('select * from "table"')
    panel = ossgeo.read_panel(source, counter="tokens_per_interval")
    assert [str(day) for day in panel.periods] == ["2026-01-31", "2026-02-07", "2026-02-14"]
    month = measured(panel, every="1mo")
    assert totals(month) == {"2026-01-31": 310 + 70, "2026-02-14": 140 + 70}
    assert month.at("2026-01-31")["CN"] == pytest.approx(310 / 380)


def test_the_length_takes_the_place_of_the_last_day() -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a"], "start": [dt.date(2026, 1, 5)], "tokens": [7]})
    assert ossgeo.read_panel(frame, counter=TOKENS).periods == (dt.date(2026, 1, 11),)


@pytest.mark.parametrize("lazy", [False, True])
def test_intervals_that_do_not_fit(lazy: bool) -> None:
    def read(frame: pl.DataFrame, counter: str) -> ossgeo.Panel:
        return ossgeo.read_panel(frame.lazy() if lazy else frame, counter=counter)

    frame = intervals().with_columns(pl.col("start", "end").str.to_date())
    assert "2026-01-01 to 2026-01-31 is 31 days, not 7" in faults_of(lambda: read(frame, "tokens_per_7d"))
    assert "no column of the first days" in faults_of(lambda: read(frame.drop("start"), "tokens_per_interval"))
    back = frame.with_columns(start=pl.col("end"), end=pl.col("start"))
    assert "starts on 2026-01-31 and ends on 2026-01-01" in faults_of(lambda: read(back, "tokens_per_interval"))


def test_intervals_of_one_model_that_overlap() -> None:
    daily = pl.DataFrame({"model_id": ["Qwen/a"] * 2, "date": ["2026-01-07", "2026-01-08"], "tokens": [7, 7]})
    panel = ossgeo.read_panel(daily, counter=TOKENS)
    with pytest.raises(PanelError, match="kind='trailing'"):
        ossgeo.measure(panel)
    apart = daily.with_columns(model_id=pl.Series(["Qwen/a", "Qwen/b"]))
    assert totals(measured(ossgeo.read_panel(apart, counter=TOKENS), every="1y")) == {"2026-01-08": 14.0}


def test_counts_above_the_limit_of_downloads() -> None:
    large = weekly().with_columns(total_tokens=pl.col("total_tokens") * 10**12)
    assert totals(measured(ossgeo.read_panel(large, counter=TOKENS)))["2026-01-04"] == 420e12


def test_fractions_of_units_that_are_not_whole() -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-04"] * 2, "spend": [0.25, 0.75]})
    dollars = Counter("spend", kind="interval", days=7, unit="US dollars")
    table = measured(ossgeo.read_panel(frame, counter=dollars))
    assert table.at()["CN"] == 0.25
    assert "US dollars" in table.sentence("CN")
    tokens: Any = {"counter": "tokens_per_7d", "columns": {"spend": "tokens"}}
    assert "whole number" in faults_of(lambda: ossgeo.read_panel(frame, **tokens))


def test_an_age_cap_of_intervals() -> None:
    models = pl.DataFrame({"model_id": ["Qwen/a"], "created_at": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)]})
    frame = intervals().filter(pl.col("model_id") == "Qwen/a")
    panel = ossgeo.read_panel(frame, counter="tokens_per_interval", models=models)
    assert totals(measured(panel, age_cap="38d")) == {"2026-01-31": 310.0, "2026-02-14": 70.0}


def test_incremental_intervals() -> None:
    whole = ossgeo.read_panel(weekly(), counter=TOKENS)
    first = ossgeo.read_panel(weekly().head(9), counter=TOKENS)
    rest = ossgeo.read_panel(weekly().tail(9), counter=TOKENS)
    saved = ossgeo.IncrementalAggregate.of(first, every="1mo").extend(rest)
    assert saved.table().to_polars().equals(measured(whole, every="1mo").to_polars())


def test_the_stock_of_another_unit() -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a"], "date": ["2026-01-04"], "likes": [5]})
    table = measured(ossgeo.read_panel(frame, counter="stars_all_time", columns={"likes": "stars"}), calculator="stock")
    assert table.method.unit == "stars"
    with pytest.raises(InvalidArgumentError, match="cumulative"):
        ossgeo.measure(ossgeo.read_panel(weekly(), counter=TOKENS), calculator="stock")


def test_an_id_of_residual_rows_that_no_row_has_is_stated() -> None:
    rows = pl.DataFrame({"model_id": ["Qwen/a", "other"], "date": ["2026-02-01"] * 2, "tokens": [3, 1]})
    read = partial(ossgeo.read_panel, rows, counter="tokens_per_7d", scope="a test")
    assert read(residual="other").scope == "a test"
    assert read(residual=["other", "othr"]).scope == "a test; no row has the id 'othr' of residual="
