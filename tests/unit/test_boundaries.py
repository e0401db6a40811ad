"""Boundaries and conventions: the last value that counts, and the first that does not."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable
from typing import Any, cast

import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING
from ossgeo._core.method import Adjustment
from ossgeo.analysis import publishers
from ossgeo.errors import CalculatorContractError, PanelError
from ossgeo.panel._age_cap import day_number
from ossgeo.panel._steps import dipped_totals, excursions
from ossgeo.panel._usable_rows import last_valid_day
from ossgeo.shares._incremental import _added
from ossgeo.shares._resampling import calendar_step, thinned

DAY = dt.date


def panel(rows: Iterable[tuple[str, DAY, int]], counter: str = "downloads_30d", **more: Any) -> ossgeo.Panel:
    frame = pl.LazyFrame(list(rows), schema={"model_id": pl.String, "period": pl.Date, counter: pl.Int64}, orient="row")
    return ossgeo.Panel.of(engines.wrap(frame), None, counter=counter, **more)


def test_days_are_numbered_across_leap_years() -> None:
    days = [DAY(year, month, day) for year in (1900, 1999, 2000, 2001, 2023, 2024, 2025, 2100, 2101)
            for month, day in ((1, 1), (2, 28), (3, 1), (12, 31))]  # fmt: skip
    frame = engines.wrap(pl.LazyFrame({"at": days}))
    numbers = engines.collect(frame.select(number=day_number("at")))["number"].to_list()
    assert numbers == [day.toordinal() for day in days]


def test_tomorrow_may_have_begun_elsewhere_on_earth() -> None:
    last = last_valid_day()
    assert (last - dt.datetime.now(dt.UTC).date()).days in (0, 1)  # 0 if midnight passed since
    assert ossgeo.measure(panel([("Qwen/a", last, 5)])).at()["CN"] == 1
    with pytest.raises(PanelError, match="lies in the future in 1 row"):
        ossgeo.measure(panel([("Qwen/a", last, 5), ("Qwen/a", last + dt.timedelta(days=1), 5)]))


def test_the_first_possible_day_and_the_day_before() -> None:
    assert ossgeo.measure(panel([("Qwen/a", BEGINNING, 5)])).periods == (BEGINNING,)
    with pytest.raises(PanelError, match="lies before 1900 in 1 row"):
        ossgeo.measure(panel([("Qwen/a", BEGINNING - dt.timedelta(days=1), 5)]))


def test_the_largest_possible_count_and_the_one_above() -> None:
    day = DAY(2025, 1, 31)
    assert ossgeo.measure(panel([("Qwen/a", day, 10**12)])).frame["value"][0] == 10**12
    with pytest.raises(PanelError, match="is above 1,000,000,000,000 in 1 row"):
        ossgeo.measure(panel([("Qwen/a", day, 10**12 + 1)]))
    with pytest.raises(PanelError, match="is negative in 1 row"):
        ossgeo.measure(panel([("Qwen/a", day, 0), ("Qwen/b", day, -1)]))


def test_a_dip_is_a_fall_by_more_than_a_third_for_at_most_a_week() -> None:
    days = [DAY(2025, 1, day) for day in (1, 8, 15, 22)]

    def dipped(*totals: float) -> list[DAY]:
        return sorted(dipped_totals(zip(days, totals, strict=True)))

    assert dipped(90, 59, 90, 90) == [days[1]]
    assert dipped(90, 60, 90, 90) == [], "a third is not more than a third"
    assert dipped(90, 50, 50, 90) == [days[1], days[2]], "seven days are a week"
    moves: dict[DAY, int | None] = {DAY(2025, 1, 2): -1, DAY(2025, 1, 10): 1}
    late = [DAY(2025, 1, day) for day in (1, 2, 9, 10)]
    assert list(excursions(late, moves, -1, 7)) == [(late[1], late[2])]
    assert list(excursions(late, moves, -1, 6)) == []


def test_thirty_days_do_not_overlap_and_twenty_nine_do() -> None:
    last = DAY(2025, 3, 31)
    days = [last - dt.timedelta(days=days) for days in (60, 31, 30, 29, 0)]
    assert thinned(days, last, length=30) == [last, last - dt.timedelta(days=30), last - dt.timedelta(days=60)]
    assert thinned(days, last - dt.timedelta(days=1), length=30)[0] == last - dt.timedelta(days=29)
    assert last - dt.timedelta(days=30) not in thinned(days, last, {last - dt.timedelta(days=30)}, length=30)


def test_steps_of_one_day_and_more() -> None:
    assert [calendar_step(step) for step in ("1d", "9999y", None)] == ["1d", "9999y", None]
    for wrong in ("0d", "10000y", "d", "1.5d", "-1d", 1):
        with pytest.raises(ossgeo.errors.InvalidArgumentError, match="every must be a calendar step"):
            calendar_step(wrong)  # type: ignore[arg-type]


def relative(counts: dict[str, int], born: dict[str, DAY], parameters: dict[str, int]) -> dict[str, float]:
    day = DAY(2025, 1, 31)
    models = pl.DataFrame({
        "model_id": list(counts), "created_at": [dt.datetime.combine(born[name], dt.time()) for name in counts],
        "parameters": [parameters[name] for name in counts],
    })  # fmt: skip
    rows = pl.DataFrame({"model_id": list(counts), "date": [day] * len(counts), "downloads_30d": list(counts.values())})
    calculator = ossgeo.shares.RelativeAdoption(cumulative=False)
    table = ossgeo.measure(ossgeo.read_panel(rows, models=models), by="model", calculator=calculator)
    return dict(table.to_polars().select("model", "value").iter_rows())


def test_relative_adoption_has_no_models_that_are_not_yet_created() -> None:
    born = {"Qwen/today": DAY(2025, 1, 31), "Qwen/tomorrow": DAY(2025, 2, 1), "Qwen/month": DAY(2025, 1, 1)}
    found = relative(dict.fromkeys(born, 10), born, dict.fromkeys(born, 5))
    assert found == {"Qwen/today": 1, "Qwen/month": 1, "Qwen/tomorrow": 0}


def test_relative_adoption_has_no_models_of_the_hubs_earliest_date() -> None:
    born = {"Qwen/floor": DAY(2022, 3, 2), "Qwen/next": DAY(2022, 3, 3)}
    assert relative(dict.fromkeys(born, 10), born, dict.fromkeys(born, 5)) == {"Qwen/next": 1, "Qwen/floor": 0}


def test_size_classes_and_months_of_age() -> None:
    born = dict.fromkeys(("Qwen/a", "Qwen/b", "Qwen/c", "Qwen/d"), DAY(2025, 1, 1))
    counts = {"Qwen/a": 10, "Qwen/b": 30, "Qwen/c": 50, "Qwen/d": 7}
    sizes = {"Qwen/a": 10**9, "Qwen/b": 10**9 + 1, "Qwen/c": 10 * 10**9, "Qwen/d": 1}
    # up to 10^9: 10 and 7, typical 8.5; above, up to 10^10: 30 and 50, typical 40
    expected = {"Qwen/a": 10 / 8.5, "Qwen/b": 0.75, "Qwen/c": 1.25, "Qwen/d": 7 / 8.5}
    assert relative(counts, born, sizes) == pytest.approx(expected, abs=1e-5)
    ages = {
        "Qwen/a": DAY(2025, 1, 2),
        "Qwen/b": DAY(2025, 1, 1),
        "Qwen/c": DAY(2024, 12, 3),
        "Qwen/d": DAY(2024, 12, 2),
    }
    found = relative(counts, ages, dict.fromkeys(ages, 5))  # 29, 30, 59 and 60 days: months 0, 1, 1 and 2
    assert found == pytest.approx({"Qwen/a": 1, "Qwen/b": 0.75, "Qwen/c": 1.25, "Qwen/d": 1}, abs=1e-5)


@pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
@pytest.mark.parametrize("denominator", ["all", "attributed"])
def test_bounds_of_nothing_are_not_defined(denominator: Any) -> None:
    day = DAY(2025, 1, 31)
    table = ossgeo.measure(panel([("Qwen/a", day, 0), ("who/b", day, 0)]), denominator=denominator)
    found = ossgeo.analysis.bounds(table)
    assert found.frame.select("share", "lower", "upper").null_count().row(0) == (2, 2, 2)
    assert found.floating["share"].to_list() == [None]
    assert "no share is defined" in found.sentence()


@pytest.mark.parametrize(("number", "more"), [(3, ""), (4, ", ...")])
def test_three_idle_names_are_shown(number: int, more: str) -> None:
    rule = ossgeo.attribution.table({f"zz{place}": "FR" for place in range(number)})
    (note,) = rule.adjustments(ossgeo.attribution.Context(
        ossgeo.Registry.from_rows(), ossgeo.attribution.ModelTable(pl.DataFrame({"model_id": ["a/b"], "namespace": ["a"]}))
    ))  # fmt: skip
    assert note.note.endswith(f"namespace: 'zz0', 'zz1', 'zz2'{more}")


class Negative:
    """A calculator that breaks its contract: values below zero."""

    name, unit, requires, gives, api_version = "negative", "downloads", frozenset[str](), "flow", 1

    def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
        rows = flows.join(credits, on="model_id", how="left").group_by("period", *keys)
        return (
            rows.agg(nw.col("downloads").sum())
            .with_columns(value=0 - nw.col("downloads"))
            .select("period", *keys, "value")
        )


def test_an_invalid_row_of_a_calculator_is_shown_with_its_columns() -> None:
    day = DAY(2025, 1, 31)
    with pytest.raises(
        CalculatorContractError, match=r"values of zero or more, got \{'period': .*'value': -5.*\}; 1 such"
    ):
        ossgeo.measure(panel([("Qwen/a", day, 5)]), calculator=cast("Any", Negative()))


def test_options_are_given_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        ossgeo.MeasureOptions("country")  # type: ignore[call-arg]


def test_a_sentence_names_the_window_before_the_step() -> None:
    days = [DAY(2025, month, 1) for month in (1, 2, 3, 4, 5, 6, 7)]
    of = panel([("Qwen/a", day, 10 * number) for number, day in enumerate(days)], "downloads_all_time")
    assert "in the month to 30 June 2025" in ossgeo.measure(of, every="1mo", incomplete="drop").sentence("CN")
    assert "in the 90 days to 1 July 2025" in ossgeo.measure(of, every="1mo", window="90d").sentence("CN")


def test_publishers_of_each_group_are_counted_once() -> None:
    day = DAY(2025, 6, 1)
    of = panel(
        [("Qwen/a", day, 5), ("Qwen/b", day, 5), ("deepseek-ai/a", day, 1), ("google/a", day, 9), ("google/b", day, 0)]
    )
    found = publishers(ossgeo.measure(of, by=("country", "organization")))
    assert found.select("country", "organizations", "share").rows() == [("CN", 2, 2 / 3), ("US", 1, 1 / 3)]


def test_models_of_two_parts_count_once_and_rows_of_both() -> None:
    before = (Adjustment("a", 3, "models", ""), Adjustment("b", 3, "rows", ""), Adjustment("c", 1, "rows", ""))
    now = (Adjustment("a", 2, "models", ""), Adjustment("b", 2, "rows", ""), Adjustment("d", 4, "models", ""))
    counts = {one.code: one.count for one in _added(before, now)}
    assert counts == {"a": 3, "b": 5, "d": 4, "c": 1}
    assert {one.code: one.count for one in _added(before, now, disjoint=True)}["a"] == 5


@pytest.mark.parametrize(("last", "found"), [(15, False), (16, True)])
def test_a_gap_is_longer_than_one_and_a_half_usual_steps(last: int, found: bool) -> None:
    days = [DAY(2025, 1, 1) + dt.timedelta(days=number) for number in (0, 10, 20, 30, 30 + last)]
    of = panel([("Qwen/a", day, 5 + number) for number, day in enumerate(days)], "downloads_all_time")
    assert ("window_gap" in of.check().codes) is found


def test_warnings_name_the_line_of_the_caller() -> None:
    day = DAY(2025, 6, 1)
    unknown = panel([("who/a", day, 5)])
    repeated = panel([(f"Qwen/{number}", DAY(2025, month, 1), 5) for number in range(20) for month in (6, 7)])
    repeated.check()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ossgeo.measure(unknown)
        ossgeo.measure(
            panel([("Qwen/a", day, 5)]), attribution="declared", models=pl.DataFrame({"model_id": ["Qwen/a"]})
        )
        ossgeo.measure(repeated)
    assert {one.category.__name__ for one in caught} == {"LowCoverageWarning", "VoidOptionWarning", "StaleDataWarning"}
    assert {one.filename for one in caught} == {__file__}
