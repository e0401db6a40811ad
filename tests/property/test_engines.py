"""The same panel gives the same table on Polars, DuckDB, pandas and PyArrow."""

from __future__ import annotations

from typing import Any

import attrs
import duckdb
import pytest
from hypothesis import HealthCheck, given, settings

import ossgeo
from tests.property.test_incremental import worlds
from tests.worlds import registry

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
@given(world=worlds())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_drawn_panels_on_every_engine(counter: str, world: tuple[Any, ...]) -> None:
    rows, models, _, choices = world
    frame = rows.rename({"count": counter})
    ours = ossgeo.measure(ossgeo.read_panel(frame, models=models), registry=registry(), **choices)
    with duckdb.connect() as connection:
        connection.register("rows", frame.to_arrow())
        for other in (connection.sql("select * from rows"), frame.to_pandas(), frame.to_arrow()):
            theirs = ossgeo.measure(ossgeo.read_panel(other, models=models), registry=registry(), **choices)
            keys = ["period", *ours.keys]
            left, right = ours.to_polars().sort(keys), theirs.to_polars().sort(keys)
            assert left.select(keys).equals(right.select(keys))
            for column in ("value", "share"):
                assert left[column].is_null().equals(right[column].is_null())
                pairs = left[column].drop_nulls().to_list(), right[column].drop_nulls().to_list()
                assert pairs[0] == pytest.approx(pairs[1], rel=1e-9)
            for mine, other_one in zip(ours.adjustments.items_, theirs.adjustments.items_, strict=True):
                assert attrs.evolve(other_one, count=mine.count) == mine
                assert other_one.count == pytest.approx(mine.count, rel=1e-9), "engines add up in an order of their own"
