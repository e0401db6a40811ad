"""Every registered calculator and dimension on Spark: the figures of Polars, or the same error."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.shares.test_every_calculator import CALCULATORS, check_engine

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("counter", ["own intervals", "cumulative"])
@pytest.mark.parametrize("calculator", CALCULATORS)
def test_spark_gives_the_figures_of_polars(spark: Any, calculator: str, counter: str) -> None:
    check_engine("spark", calculator, counter, spark)
