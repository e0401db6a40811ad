"""Every registered calculator and dimension on Spark: the figures of Polars, or the same error."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.shares.test_every_calculator import CALCULATORS, CASES, check_engine

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("calculator", CALCULATORS)
def test_spark_gives_the_figures_of_polars(spark: Any, calculator: str) -> None:
    check_engine("spark", calculator, "own intervals", spark, CASES[:2])
