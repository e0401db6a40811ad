"""Counters of other kinds, dimensions and residual rows on Spark: the same figures as on Polars."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import ossgeo
from tests.spark_engine.comparison import close
from tests.unit.shares.test_dimensions import frame
from tests.unit.test_counter import intervals

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("options", [
    {"by": ("user_country", "country")}, {"where": {"app": "chat"}, "every": "1mo"}, {"by": "app", "denominator": "attributed"},
])  # fmt: skip
def test_dimensions_and_residual_rows(spark: Any, options: Any) -> None:
    arguments: Any = {"counter": "tokens_per_1d", "dimensions": ["user_country", "app"], "residual": "other"}
    here = ossgeo.read_panel(frame(), **arguments)
    there = ossgeo.read_panel(spark.createDataFrame(frame().to_arrow()), **arguments)
    assert there.engine == "spark"
    close(ossgeo.measure(here, **options), ossgeo.measure(there, **options))
    assert here.check().codes == there.check().codes


def test_intervals_of_any_length(spark: Any) -> None:
    rows = intervals().with_columns(pl.col("start", "end").str.to_date())
    here = ossgeo.read_panel(rows, counter="tokens_per_interval")
    there = ossgeo.read_panel(spark.createDataFrame(rows.to_arrow()), counter="tokens_per_interval")
    options: Any
    for options in ({}, {"every": "1mo"}, {"window": "14d"}):
        close(ossgeo.measure(here, **options), ossgeo.measure(there, **options))
