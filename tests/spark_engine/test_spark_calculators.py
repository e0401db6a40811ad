"""Each registered calculator with each kind of counter on Spark: the figures of Polars, over all keys and filters in turn."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.unit.shares.test_every_calculator import (
    CALCULATORS,
    CASES,
    COUNTERS,
    KEYS,
    check_engine,
    check_totals,
    panel,
)

pytestmark = pytest.mark.filterwarnings("ignore")
EVERY_CASE = os.environ.get("OSSGEO_STRESS") == "1"
"""Whether each pair runs in all cases; otherwise each calculator and each counter meets every case, not every pair."""


@pytest.mark.parametrize("number", range(len(CALCULATORS)), ids=CALCULATORS)
def test_spark_gives_the_figures_of_polars(spark: Any, number: int) -> None:
    for place, counter in enumerate(COUNTERS):
        turn = (number + place) % len(CASES)
        check_engine("spark", CALCULATORS[number], counter, spark, CASES if EVERY_CASE else CASES[turn : turn + 1])


@pytest.mark.parametrize("counter", ["own intervals", "weekly shares"])
def test_no_dimension_changes_a_total_on_spark(spark: Any, counter: str) -> None:
    check_totals(panel("spark", COUNTERS[counter], ("user_country", "app"), spark), "flow", KEYS[1:])
