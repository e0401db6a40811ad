"""Nothing is lost: for every period the groups add up to the flows, whatever the choices and the order of the rows."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ossgeo
from ossgeo.testing import generators
from tests.worlds import panel, registry

WORLD = registry()
DAYS = [dt.date(2025, 1, 10) + dt.timedelta(days=n) for n in (0, 7, 30, 31, 75)]
IDS = [
    f"{namespace}/{name}" for namespace in ("Qin", "Mover", "Trio", "ann", "Nowhere", "Gone", "who") for name in "ab"
]

rows = st.dictionaries(
    st.tuples(st.sampled_from(IDS), st.sampled_from(DAYS)), st.integers(0, 10**9), min_size=1, max_size=40
).map(lambda found: [(model, day, count) for (model, day), count in found.items()])
pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")


def totals(table: ossgeo.ShareTable) -> dict[dt.date, float]:
    return dict(table.to_polars().group_by("period").agg(pl.col("value").sum()).iter_rows())


@given(rows, st.sampled_from(["country", "organization", "model", "eu", ("study", "organization")]))
def test_thirty_day_counters(found: list[tuple[str, dt.date, int]], by: Any) -> None:
    expected: dict[dt.date, int] = defaultdict(int)
    for _, day, count in found:
        expected[day] += count
    assert totals(ossgeo.measure(panel(found), registry=WORLD, by=by, counting="primary")) == expected
    table = ossgeo.measure(panel(found), registry=WORLD, by=by)
    for day, value in totals(table).items():
        assert math.isclose(value, expected[day], rel_tol=1e-9)
        if expected[day]:
            assert math.isclose(sum(filter(None, table.at(day).values())), 1, rel_tol=1e-9)


@given(generators.panels(), generators.registries())
def test_any_panel_and_registry(found: ossgeo.Panel, known: ossgeo.Registry) -> None:
    expected = dict(found.rows.to_native().group_by("period").agg(pl.col("downloads_30d").sum()).collect().iter_rows())
    for rule in ("publisher", "lineage"):
        assert totals(ossgeo.measure(found, registry=known, attribution=rule)) == pytest.approx(expected, rel=1e-9)


@given(rows)
def test_all_time_counters(found: list[tuple[str, dt.date, int]]) -> None:
    """The flow of a model is the rise of its running maximum; bases, falls and recoveries are counted as adjustments."""
    as_they_are = ossgeo.Cleaning(renames="keep")  # Gone and Qin are one organization
    table = ossgeo.measure(panel(found, counter="downloads_all_time"), registry=WORLD, cleaning=as_they_are)
    by_model: dict[str, list[tuple[dt.date, int]]] = defaultdict(list)
    for model, day, count in found:
        by_model[model].append((day, count))
    flows = base = fell = 0
    for counts in by_model.values():
        ordered = [count for _, count in sorted(counts)]
        base += ordered[0]
        steps = [later - earlier for earlier, later in itertools.pairwise(ordered)]
        flows += max(ordered) - ordered[0]
        fell -= sum(step for step in steps if step < 0)
    assert math.isclose(sum(totals(table).values()), flows, rel_tol=1e-9, abs_tol=1e-6)
    for code, volume in (("first_count_is_base", base), ("counter_fell", fell)):
        assert (table.adjustments[code].count if code in table.adjustments else 0) == volume


@given(
    rows,
    st.randoms(use_true_random=False),
    st.sampled_from([{}, {"window": "45d"}, {"every": "1mo"}, {"counting": "full"}]),
)
def test_the_order_of_the_rows_changes_nothing(
    found: list[tuple[str, dt.date, int]], random: Any, choices: Any
) -> None:
    turned = list(found)
    random.shuffle(turned)
    one, other = (ossgeo.measure(panel(some), registry=WORLD, **choices) for some in (found, turned))
    assert one.to_polars().equals(other.to_polars())
    assert one.coverage == other.coverage


@given(rows)
def test_months_lose_nothing_that_they_do_not_count(found: list[tuple[str, dt.date, int]]) -> None:
    """With the gaps left out, what a month has is what was observed in it."""
    table = ossgeo.measure(panel(found), registry=WORLD, every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert sum(value or 0 for value in totals(table).values()) <= sum(count for *_, count in found) * (1 + 1e-9)
