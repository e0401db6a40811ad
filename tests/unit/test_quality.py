from __future__ import annotations

import datetime as dt
import itertools

import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.errors import PanelError
from tests.worlds import panel

START = dt.date(2025, 1, 1)


def days(*after: int) -> list[dt.date]:
    return [START + dt.timedelta(days=n) for n in after]


def codes(some: ossgeo.Panel) -> dict[str, int]:
    return {issue.code: issue.count for issue in some.check()}


def test_a_quiet_panel_has_no_issue() -> None:
    some = panel([("Qwen/a", day, n + 1) for n, day in enumerate(days(0, 30, 60))])
    assert codes(some) == {}
    assert str(some.check()) == "no issue found"
    assert some.check().to_polars().height == 0


def test_windows() -> None:
    assert codes(panel([("Qwen/a", day, day.toordinal()) for day in days(0, 29, 59, 90)])) == {
        "overlapping_window": 1, "window_gap": 1,
    }  # fmt: skip
    all_time = panel([("Qwen/a", day, day.toordinal()) for day in days(0, 7, 14, 28)], counter="downloads_all_time")
    assert codes(all_time) == {"window_gap": 1}
    assert codes(panel([("Qwen/a", START, 1)], counter="downloads_all_time")) == {}


def test_rows() -> None:
    some = panel([("Qwen/a", START, 0), ("Qwen/b", START, 5), ("Qwen/b", START, 6)])
    assert codes(some) == {"duplicate": 1, "zero_downloads": 1}
    assert some.check()["zero_downloads"].examples == ("Qwen/a at 2025-01-01",)
    assert "duplicate" in some.check()
    assert len(some.check()) == 2
    assert some.check().to_polars()["code"].to_list() == ["duplicate", "zero_downloads"]


def test_counters_that_fall() -> None:
    one, two = days(0, 30)
    some = panel([("Qwen/a", one, 50), ("Qwen/a", two, 40)], counter="downloads_all_time")
    assert some.check()["counter_fell"].examples == ("Qwen/a 50 -> 40 at 2025-01-31",)


@pytest.mark.parametrize(
    ("before", "after", "found"), [(10**6, 10**5 - 1, 1), (10**5, 10**6 + 1, 1), (10**6, 10**5, 0), (99, 1, 0)]
)
def test_spikes(before: int, after: int, found: int) -> None:
    one, two = days(0, 30)
    assert codes(panel([("Qwen/a", one, before), ("Qwen/a", two, after)])).get("spike", 0) == found


def test_a_stale_snapshot_may_have_a_few_corrected_rows() -> None:
    first, second, third = days(0, 30, 60)
    rows = [(f"Qwen/{n}", first, n + 1) for n in range(100)]
    rows += [(f"Qwen/{n}", second, n + 1 + (n < 2)) for n in range(100)]
    rows += [(f"Qwen/{n}", third, n + 2 + (n < 3)) for n in range(100)]
    assert panel(rows).check()["stale_snapshot"].examples == (str(second),)
    few = [(f"Qwen/{n}", day, 1) for n, day in itertools.product(range(5), (first, second))]
    assert codes(panel(few)) == {}, "five equal counters say nothing"


def test_the_tail_of_a_list_of_fixed_length() -> None:
    first, second, third = days(0, 30, 60)
    rows = [(f"Qwen/{n}", first, n + 1) for n in range(50)] + [(f"Qwen/{n}", second, n + 9) for n in range(3, 53)]
    rows += [(f"Qwen/{n}", third, n + 19) for n in range(3, 13)]
    assert codes(panel(rows)) == {"tail_churn": 3}, "a list that shrinks is no list of fixed length"


def test_split_snapshots() -> None:
    one, two, three = days(0, 30, 31)
    halves = [(f"Qwen/{n}", day, n + 1 + (day != one)) for n in range(20) for day in (one, two if n % 2 else three)]
    assert "split_snapshot" in codes(panel(halves))
    frame = pl.DataFrame({
        "model_id": ["Qwen/a", "Qwen/b"], "observed_at": [two, three], "period": [two, two], "downloads_30d": [1, 2],
    })  # fmt: skip
    assert codes(ossgeo.read_panel(frame)) == {"split_snapshot": 1}
    labeled = ossgeo.read_panel(frame.drop("observed_at"))
    assert codes(labeled) == {}


def test_namespaces_that_join_and_leave() -> None:
    one, two = days(0, 30)
    some = panel([("Qwen/a", one, 5), ("Qwen/a", two, 6), ("google/b", two, 5), ("meta/c", one, 5)])
    assert some.check()["namespace_joined"].examples == ("google (2025-01-31)",)
    assert some.check()["namespace_left"].examples == ("meta (2025-01-01)",)


def test_renames() -> None:
    models = pl.DataFrame({"model_id": ["Qwen/a", "Qwen/b", "Qwen/c"], "hub_id": ["x", "x", None]})
    some = panel([("Qwen/a", START, 5), ("Qwen/b", START, 6), ("Qwen/c", START, 7)], models=models)
    assert some.check()["renamed"].examples == ("Qwen/a -> Qwen/b",)


def test_a_check_prints_a_line_for_each_issue() -> None:
    some = panel([("Qwen/a", START, 0)])
    assert (
        str(some.check())
        == "zero_downloads: 1 row: a count of 0: without a download, or not tracked by the source; for example Qwen/a at 2025-01-01"
    )


def weekly(*totals: int, model: str = "Qwen/a") -> list[tuple[str, dt.date, int]]:
    return [(model, START + dt.timedelta(days=7 * place), total) for place, total in enumerate(totals)]


def many(*factors: float, namespace: str = "Qwen") -> list[tuple[str, dt.date, int]]:
    return [
        row for n in range(12) for row in weekly(*(int(200_000 * f) + n for f in factors), model=f"{namespace}/{n}")
    ]


def test_counters_that_dip_and_come_back() -> None:
    some = panel(many(1, 1.01, 0.5, 1.02, 1.03))
    assert some.check()["counters_dipped"].examples == ("2025-01-15",)
    assert "counters_dipped" not in panel(many(1, 1.01, 0.5, 0.51, 0.52)).check(), "a fall that stays is a fall"
    assert "counters_dipped" not in panel(many(1, 0.5, 0.51, 0.52, 1.1)).check(), "three weeks"
    big = weekly(*(10**9 + n for n in range(5)), model="google/big")
    median = panel([*big, *many(1, 1.01, 0.5, 1.02, 1.03)])
    assert median.check()["counters_dipped"].count == 1, "most models dipped, and the total did not"


def test_one_namespace_that_dips_or_jumps_and_comes_back() -> None:
    others = many(1, 1.01, 1.02, 1.03, 1.04, namespace="google")
    dipped = panel([*others, *many(1, 1.01, 0.5, 1.02, 1.03)])
    assert dipped.check()["namespace_dipped"].examples == ("Qwen (2025-01-15)",)
    jumped = panel([*others, *many(1, 8, 8.1, 8.2, 1)])
    assert jumped.check()["namespace_jumped"].examples == ("Qwen (2025-01-08)",)


def test_sums_do_not_prefer_a_dipped_observation() -> None:
    totals = [1000] * 12
    totals[8] = 500
    some = panel(weekly(*totals))
    end = START + dt.timedelta(days=7 * 8)
    table = ossgeo.measure(some, window="30d", by="model")
    assert table.filter(period=end).to_polars()["value"].to_list() == [pytest.approx(1000)]
    assert table.adjustments["counters_dipped"].count == 1
    assert ossgeo.measure(some, by="model").filter(period=end).to_polars()["value"].to_list() == [500]


def test_dipped_observations_can_be_left_out() -> None:
    some = panel(many(1, 1.01, 0.5, 1.02, 1.03))
    table = ossgeo.measure(some, cleaning=ossgeo.Cleaning(dips="drop"))
    assert dt.date(2025, 1, 15) not in table.periods
    assert table.adjustments["counters_dipped"].count == 1


def test_total_rows() -> None:
    some = panel([("Qwen/a", START, 100), ("google/b", START, 300), ("Total", START, 400)])
    assert some.check()["total_row"].examples == ("Total at 2025-01-01",)


def test_fractions_and_percentages() -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": [START, START], "downloads_30d": [60.5, 18.0]})
    with pytest.raises(PanelError, match="the dataframe cannot be used"):
        ossgeo.read_panel(frame)
    rows = engines.wrap(frame.rename({"date": "period"}).lazy())
    assert ossgeo.Panel.of(rows, None, counter="downloads_30d").check()["non_integer_counts"].examples == (
        "Qwen/a at 2025-01-01",
    )
    some = panel([("Qwen/a", START, 60), ("google/b", START, 30), ("meta/c", START, 10)])
    assert some.check()["non_integer_counts"].count == 3


def test_midnights_of_a_zone_to_the_east() -> None:
    zone = dt.timezone(dt.timedelta(hours=9))
    times = [dt.datetime(2026, 8, day, tzinfo=zone) for day in (14, 15)]
    frame = pl.DataFrame({"model_id": ["Qwen/a"] * 2, "observed_at": times, "downloads_30d": [60, 70]})
    issue = ossgeo.read_panel(frame).check()["zoned_midnight"]
    assert issue.examples == ("2026-08-13", "2026-08-14")
    assert "15:00 UTC" in issue.meaning
    evening = frame.with_columns(pl.col("observed_at") + pl.duration(seconds=17))
    assert "zoned_midnight" not in ossgeo.read_panel(evening).check()
