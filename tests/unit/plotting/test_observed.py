"""Pictures over time: no line runs through time in which nothing was observed, and what is partial looks partial."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import ossgeo
from ossgeo.analysis import bounds, crossovers
from ossgeo.errors import InvalidArgumentError
from tests.unit.analysis.test_complete_periods import CONSTANT, ENDS, panel

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")

MONTHS = ossgeo.measure(
    panel(lambda model, place: 100 if (model == "Qwen/a") == (place > 3) else 50,
          [day for place, day in enumerate(ENDS) if place not in (4, 5, 6)]),
    every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"),
)  # fmt: skip
"""Months without a figure from May to July 2025, and April 2026 observed in part."""


def layers(chart: Any) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    spec = chart.to_dict()
    return [(layer, layer.get("data", spec.get("data", {})).get("values", [])) for layer in spec["layer"]]


def subtitle(chart: Any) -> str:
    return " ".join(chart.to_dict()["title"]["subtitle"])


@pytest.mark.parametrize("kind", ["line", "ranks"])
def test_lines_break_and_are_dotted(kind: Any) -> None:
    (line, rows), (dots, parts), *_ = layers(MONTHS.plot(kind=kind))
    assert line["encoding"]["detail"]["field"] == "run"
    runs = {row["period"]: row["run"] for row in rows}
    assert "2025-05-31" not in runs
    assert runs["2025-01-31"] == runs["2025-04-30"] < runs["2025-08-31"] == runs["2026-03-31"] < runs["2026-04-26"]
    assert dots["mark"]["strokeDash"] == [1, 4]
    assert dots["encoding"]["detail"]["field"] == "step"
    steps = {(row["group"], row["step"], row["period"]) for row in parts}
    assert {day for *_, day in steps} == {"2026-03-31", "2026-04-26"}
    assert len({step for _, step, _ in steps}) == 2, "one for each group"
    assert "Thin and dotted, or pale: periods observed in part." in subtitle(MONTHS.plot(kind=kind))


def test_areas_break_and_are_pale() -> None:
    (area, rows), (pale, spans), *_ = layers(MONTHS.plot(kind="stacked"))
    assert area["encoding"]["detail"]["field"] == "stretch"
    stretches = {row["period"]: row["stretch"] for row in rows}
    assert stretches["2025-04-30"] < stretches["2025-08-31"] == stretches["2026-04-26"]
    assert pale["mark"]["type"] == "rect"
    assert [(row["period_before"], row["period"]) for row in spans] == [("2026-03-31", "2026-04-26")]


def test_a_whole_series_is_drawn_whole() -> None:
    table = ossgeo.measure(CONSTANT)
    kinds: Any = ("line", "ranks", "stacked")
    for kind in kinds:
        assert len(layers(table.plot(kind=kind))) == 3, kind
        assert "observed in part" not in subtitle(table.plot(kind=kind))
    (_, rows), *_ = layers(table.plot())
    assert {row["run"] for row in rows} == {0}


def test_the_first_period_may_be_the_partial_one() -> None:
    days = [ENDS[0] - dt.timedelta(days=20), *(ENDS[0] + dt.timedelta(days=30 * n - 20) for n in range(1, 5))]
    table = ossgeo.measure(panel(lambda *_: 1, days), every="1mo")
    assert table.complete_periods[0] > table.periods[0]
    (_, rows), (_, parts), *_ = layers(table.plot())
    runs = {row["period"]: row["run"] for row in rows}
    first, second = sorted(runs)[:2]
    assert runs[first] < runs[second]
    assert {first, second} <= {row["period"] for row in parts}


def test_bands_break_too() -> None:
    (band, rows), *_ = layers(MONTHS.plot(bounds=bounds(MONTHS)))
    assert band["encoding"]["detail"]["field"] == "stretch"
    assert {row["stretch"] for row in rows} == {0, 3}


def test_crossovers_break_where_nothing_is_complete() -> None:
    (line, rows), *_ = layers(crossovers(MONTHS, "CN", "US").plot())
    assert line["encoding"]["detail"]["field"] == "run"
    assert len({row["run"] for row in rows}) == 2


def test_headlines_have_the_latest_complete_period() -> None:
    for kind in ("line", "stacked", "bars", "map"):
        assert "at 31 March 2026" in str(MONTHS.plot(kind=kind).to_dict()["title"]["text"]), kind
    assert MONTHS.plot(kind="ranks").to_dict()["title"]["text"] == ["Ranks by downloads at 31 March 2026"]


def test_groups_that_overlap_are_not_stacked() -> None:
    full = ossgeo.measure(CONSTANT, counting="full")
    with pytest.raises(InvalidArgumentError, match="kind='stacked' does not fit counting='full', whose groups overlap"):
        full.plot(kind="stacked")
    assert "Groups overlap, so that the shares sum to more than 100%." in subtitle(full.plot())
    assert not any(row["group"] == "all others" for row in layers(full.plot(top=1))[0][1])


def test_a_strategy_without_effect_is_named_below_the_picture() -> None:
    void = ossgeo.measure(CONSTANT, attribution="root")
    foot = " ".join(layers(void.plot())[-1][0]["mark"]["text"])
    assert "without effect: root (no column base_models" in foot
