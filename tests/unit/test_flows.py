"""Flows of cumulative counters by hand: births, dips, resets, age caps, and panels that are derived from others."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo.errors import PanelError

DAYS = [dt.date(2025, 1, 1), dt.date(2025, 1, 8), dt.date(2025, 1, 15), dt.date(2025, 1, 22)]


def panel(counts: dict[str, list[int | None]], born: dict[str, dt.datetime] | None = None) -> ossgeo.Panel:
    rows = [
        (model, day, count)
        for model, counted in counts.items()
        for day, count in zip(DAYS, counted, strict=False)
        if count is not None
    ]
    frame = pl.DataFrame(rows, schema=["model_id", "date", "downloads_all_time"], orient="row")
    models = pl.DataFrame({"model_id": list(counts), "created_at": [(born or {}).get(model) for model in counts]},
                          schema_overrides={"created_at": pl.Datetime("us")})  # fmt: skip
    return ossgeo.read_panel(frame, models=models)


def flows(table: ossgeo.ShareTable) -> dict[tuple[dt.date, str], float]:
    return {(row["period"], row["model"]): row["value"] for row in table.to_polars().iter_rows(named=True)}


def test_a_model_created_on_the_day_of_a_snapshot_is_counted_once() -> None:
    born = {"Qwen/a": dt.datetime(2025, 1, 8, 1), "Qwen/b": dt.datetime(2025, 1, 9)}
    made = panel({"Qwen/a": [None, 5_000, 12_000], "Qwen/b": [None, None, 7], "Qwen/c": [1, 1, 1]}, born)
    table = ossgeo.measure(made, by="model")
    found = flows(table)
    assert (found[DAYS[1], "Qwen/a"], found[DAYS[2], "Qwen/a"]) == (5_000, 7_000)
    assert found[DAYS[2], "Qwen/b"] == 7
    assert table.adjustments["first_count_is_base"].count == 1, "the model of unknown age only"


def test_a_dip_and_its_recovery_are_no_flow() -> None:
    billion = 10**9
    table = ossgeo.measure(panel({"Qwen/a": [billion, 0, billion + 10], "Qwen/b": [1, 2, 3]}), by="model")
    found = flows(table)
    assert found[DAYS[2], "Qwen/a"] == 10
    assert table.adjustments["counter_fell"].count == billion
    slow = ossgeo.measure(panel({"Qwen/a": [100, 40, 70, 130]}), by="model")
    assert [value for value in flows(slow).values() if value] == [30]
    assert slow.adjustments["counter_fell"].count == 60
    assert slow.adjustments["counter_recovered"].count == 60, "30 to 70, and 30 of the rise to 130"


@pytest.mark.parametrize(
    ("policy", "expected"), [("clip", [0, 0, 30]), ("reset", [0, 30, 60]), ("keep", [-60, 30, 60])]
)
def test_policies_for_a_counter_that_falls(policy: Any, expected: list[int]) -> None:
    made = panel({"Qwen/a": [100, 40, 70, 130], "Qwen/b": [0, 1000, 2000, 3000]})
    found = flows(ossgeo.measure(made, by="model", cleaning=ossgeo.Cleaning(decreases=policy)))
    assert [found.get((day, "Qwen/a"), 0) for day in DAYS[1:]] == expected


def test_equal_measurements_with_an_age_cap_are_equal() -> None:
    labs = ossgeo.load_sample("hub-2026")
    tables = [ossgeo.measure(labs, age_cap="365d") for _ in range(6)]
    assert all(table == tables[0] for table in tables)
    made = panel({"Qwen/a": [None, 700, 1400], "Qwen/b": [1, 1, 1]}, {"Qwen/a": dt.datetime(2025, 1, 2)})
    found = flows(ossgeo.measure(made, by="model", age_cap="10d"))
    assert found[DAYS[1], "Qwen/a"] == 700
    assert found[DAYS[2], "Qwen/a"] == 700 * 3 / 7, "9 to 11 January of the seven days"


def test_a_panel_made_from_another_has_answers_of_its_own() -> None:
    made = panel({"Qwen/a": [0, 3]})
    assert flows(ossgeo.measure(made, by="model"))[DAYS[1], "Qwen/a"] == 3
    made.check()
    doubled = attrs.evolve(made, rows=nw.concat([made.rows, made.rows]))
    assert not doubled.checked
    with pytest.raises(PanelError, match="repeat a model and period"):
        ossgeo.measure(doubled)
    negative = attrs.evolve(made, rows=made.rows.with_columns(downloads_all_time=-nw.col("downloads_all_time")))
    with pytest.raises(PanelError, match="cannot be used"):
        ossgeo.measure(negative)


def test_a_model_created_on_the_day_of_a_snapshot_that_does_not_list_it_starts_from_zero_there() -> None:
    born = {"Qwen/a": dt.datetime(2025, 1, 8, 18)}
    table = ossgeo.measure(panel({"Qwen/a": [None, None, 12_000], "Qwen/c": [1, 2, 3]}, born), by="model")
    assert flows(table)[DAYS[2], "Qwen/a"] == 12_000
    assert table.adjustments["first_count_is_base"].count == 1


@pytest.mark.parametrize("policy", ["clip", "reset", "keep"])
def test_a_creation_date_after_the_first_observation_adds_no_flow(policy: Any) -> None:
    born = {"Qwen/a": dt.datetime(2025, 1, 10)}
    made = panel({"Qwen/a": [100, 110, 130], "Qwen/b": [0, 1, 2]}, born)
    found = flows(ossgeo.measure(made, by="model", cleaning=ossgeo.Cleaning(decreases=policy)))
    assert [found[day, "Qwen/a"] for day in DAYS[1:3]] == [10, 20]


def test_a_dropped_row_changes_no_other_flow() -> None:
    made = panel({"Qwen/a": [100, 10**13, 130], "Qwen/b": [0, -1, 2], "Qwen/c": [5, 6, 7]})
    with pytest.raises(PanelError) as caught:
        ossgeo.measure(made)
    assert [str(fault).split(" in ")[0][-32:] for fault in caught.value.faults][1].endswith("above 1,000,000,000,000")
    table = ossgeo.measure(made, by="model", cleaning=ossgeo.Cleaning(invalid="drop"))
    assert sum(value for (_, model), value in flows(table).items() if model == "Qwen/a") == pytest.approx(30)
    dropped = table.adjustments["invalid_count"]
    assert (dropped.count, dropped.note) == (2, "dropped: 1 negative, 1 above 1,000,000,000,000")


def test_a_missing_observation_leaves_its_periods_without_a_share() -> None:
    made = panel({"Qwen/a": [0, 10, 20, 30], "google/b": [0, None, 20, 30]})
    table = ossgeo.measure(made, by="model", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert [table.at(day).get("Qwen/a") for day in DAYS[1:]] == [None, None, 0.5]
    assert table.adjustments["window_gap"].count == 20
    assert table.adjustments["not_observed"].count == 2
    still = panel({"Qwen/a": [0, 10, 20, 30], "google/b": [20, None, 20, 30]})
    table = ossgeo.measure(still, by="model", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert table.at(DAYS[1])["Qwen/a"] == 1, "an equal count over the gap is observed: no downloads"


def test_the_earliest_creation_date_of_the_hub_means_at_least_this_old() -> None:
    floor = dt.datetime(2022, 3, 2, 23, 29, 4)
    born = {"Qwen/a": floor, "google/b": dt.datetime(2025, 1, 2), "meta/c": dt.datetime(1970, 1, 1)}
    made = panel({"Qwen/a": [0, 10, 20], "google/b": [None, 10, 20], "meta/c": [0, 1, 3]}, born)
    table = ossgeo.measure(made, by="model", age_cap="9999d")
    found = flows(table)
    assert found[DAYS[1], "google/b"] == 10
    assert (DAYS[1], "Qwen/a") not in found
    adjusted = {code: table.adjustments[code].count for code in ("created_at_floor", "age_at_least", "age_unknown")}
    assert adjusted == {"created_at_floor": 1, "age_at_least": 20, "age_unknown": 3}
    assert {"created_at_floor", "impossible_creation"} <= made.check().codes
    assert made.check()["impossible_creation"].examples == ("meta/c (1970-01-01)",)


def test_the_earliest_creation_date_is_a_day() -> None:
    hub = ossgeo.load_sample("hub-2026")
    issue = hub.check()["created_at_floor"]
    assert issue.count == 43  # at 23:29:04 and at 23:29:05
    assert "44.8% of the counts" in issue.meaning
    caps = [ossgeo.measure(hub, age_cap=cap) for cap in ("1596d", "1626d")]
    assert [round(100 * (cap.at()["CN"] or 0), 1) for cap in caps] == [43.9, 43.8]  # no cap makes them young
    assert caps[0].adjustments["created_at_floor"].count == 43
    for options in ({"as_of": "creation"}, {"calculator": "supply", "every": "1mo"}):
        note = ossgeo.measure(hub, **options).adjustments["created_at_floor"]  # type: ignore[arg-type]
        assert note.count == 43
    assert (
        "created_at_floor" not in ossgeo.measure(hub, calculator="supply").adjustments
    )  # before the first observation
    months = ossgeo.measure(hub, calculator="supply", every="1mo").to_polars()
    assert (months["value"].sum(), months.filter(period=dt.date(2022, 3, 31))["value"].sum()) == (157, 1)
    assert ossgeo.measure(hub, calculator="supply", by="kind").to_polars()["value"].sum() == 200


def test_creation_dates_that_are_not_possible_have_the_latest_state() -> None:
    registry = ossgeo.Registry.from_rows(
        organizations=[{"organization": "m"}],
        namespaces=[{"namespace": "m", "organization": "m"}],
        affiliations=[
            {"organization": "m", "country": "GB", "end": "2022-03-02"},
            {"organization": "m", "country": "US", "start": "2022-03-02", "end": "2024-01-01"},
            {"organization": "m", "country": "FR", "start": "2024-01-01"},
        ],
    )
    born = {"m/floor": dt.datetime(2022, 3, 2, 23, 29, 5), "m/never": dt.datetime(1970, 1, 1),
            "m/first": dt.datetime(2016, 1, 1)}  # fmt: skip
    made = panel({"m/floor": [0, 1, 2], "m/never": [0, 1, 3], "m/first": [0, 1, 5]}, born)
    table = ossgeo.measure(made, registry=registry, as_of="creation")
    assert dict(table.at()) == {"US": 1 / 7, "FR": 2 / 7, "GB": 4 / 7}
    adjusted = {code: table.adjustments[code].count for code in ("created_at_floor", "creation_unknown")}
    assert adjusted == {"created_at_floor": 1, "creation_unknown": 1}


@pytest.mark.parametrize("cap", [None, "3650d"])
def test_a_recovery_that_goes_above_the_earlier_maximum_is_split(cap: str | None) -> None:
    born = dict.fromkeys(("Qwen/a", "google/b"), dt.datetime(2024, 12, 1))
    made = panel({"Qwen/a": [10**9, 0, 10**9 + 10], "google/b": [5, 3, 4]}, born)
    table = ossgeo.measure(made, by="model", age_cap=cap)
    assert flows(table)[DAYS[2], "Qwen/a"] == 10
    assert (DAYS[2], "google/b") not in flows(table)
    assert table.adjustments["counter_fell"].count == 10**9 + 2
    assert table.adjustments["counter_recovered"].count == 10**9 + 1
    # the first count, the flows, falls and recoveries add up to the last count
    assert 10**9 + 10 + 4 == (10**9 + 5) + 10 - (10**9 + 2) + (10**9 + 1)
