"""Drawn panels: the library against the plain computation of flows, windows and age caps."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ossgeo
from tests.oracle import plain

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")

START = dt.date(2024, 1, 10)
IDS = [f"n{place}/m{place}" for place in range(4)]  # distinct names, so that no model is a rename of another
World = tuple[dict[tuple[str, dt.date], int], dict[str, dt.date | None]]
quick = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Counts that rise, fall and are missing, at irregular snapshots; creation days before, on and after them."""
    steps = draw(st.lists(st.integers(1, 40), min_size=1, max_size=5))
    snapshots = [START + dt.timedelta(days=sum(steps[:place])) for place in range(len(steps) + 1)]
    counts = {}
    for model in IDS:
        for day in snapshots:
            if draw(st.integers(0, 4)):
                counts[model, day] = draw(st.integers(0, 60))
    for day in snapshots:
        counts.setdefault((IDS[0], day), 7)
    around = [START + dt.timedelta(days=offset) for offset in (-400, -40, -1)] + snapshots
    around += [day + dt.timedelta(days=1) for day in snapshots]
    born = {model: draw(st.one_of(st.none(), st.sampled_from(around))) for model in IDS}
    return counts, born


def panel(world: World, counter: str) -> ossgeo.Panel:
    counts, born = world
    rows = [(model, day, count) for (model, day), count in counts.items()]
    frame = pl.DataFrame(rows, schema={"model_id": pl.String, "observed_at": pl.Date, counter: pl.Int64}, orient="row")
    models = pl.DataFrame({"model_id": IDS, "created_at": [born[model] for model in IDS]},
                          schema={"model_id": pl.String, "created_at": pl.Date})  # fmt: skip
    return ossgeo.read_panel(frame, models=models)


def measured(table: ossgeo.ShareTable) -> dict[tuple[dt.date, str], float]:
    return {(row["period"], row["model"]): row["value"] for row in table.to_polars().iter_rows(named=True)
            if row["value"]}  # fmt: skip


def same(table: ossgeo.ShareTable, expected: dict[tuple[dt.date, str], Any]) -> None:
    assert measured(table) == pytest.approx({cell: float(value) for cell, value in expected.items() if value})


def between(days: list[dt.date]) -> list[plain.Interval]:
    return list(itertools.pairwise(days))


@given(worlds())
@quick
def test_cumulative_counters(world: World) -> None:
    counts, born = world
    flows, aside = plain.cumulative_flows(counts, born)
    snapshots = sorted({day for _, day in counts})
    table = ossgeo.measure(panel(world, "downloads_all_time"), by="model")
    same(table, plain.windows(flows, between(snapshots)))
    for code, volume in aside.items():
        assert (table.adjustments[code].count if code in table.adjustments else 0) == volume


@given(worlds())
@quick
def test_trailing_counters(world: World) -> None:
    flows = plain.trailing_flows(world[0])
    same(ossgeo.measure(panel(world, "downloads_30d"), by="model"), {(end, model): v for model, _, end, v in flows})


@given(worlds(), st.integers(1, 500))
@quick
def test_age_caps(world: World, cap: int) -> None:
    counts, born = world
    flows = plain.capped(plain.trailing_flows(counts), born, cap)
    table = ossgeo.measure(panel(world, "downloads_30d"), by="model", age_cap=f"{cap}d")
    same(table, {(end, model): volume for model, _, end, volume in flows})
    flows = plain.capped(plain.cumulative_flows(counts, born)[0], born, cap)
    table = ossgeo.measure(panel(world, "downloads_all_time"), by="model", age_cap=f"{cap}d")
    same(table, plain.windows(flows, between(sorted({day for _, day in counts}))))
    assert table == ossgeo.measure(panel(world, "downloads_all_time"), by="model", age_cap=f"{cap}d")


@given(worlds(), st.integers(1, 90))
@quick
def test_windows(world: World, length: int) -> None:
    counts, born = world
    snapshots = sorted({day for _, day in counts})
    flows, _ = plain.cumulative_flows(counts, born)
    first = min((start for _, start, _, _ in flows), default=snapshots[-1])
    last = max((end for _, _, end, _ in flows), default=snapshots[0])
    intervals = [
        (day - plain.days(length), day) for day in snapshots if first <= day - plain.days(length) and day <= last
    ]
    table = ossgeo.measure(panel(world, "downloads_all_time"), by="model", window=f"{length}d")
    same(table, plain.windows(flows, intervals))
