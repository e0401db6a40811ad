"""The number of models in the top by dimension on Spark: the figures of Polars."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.shares.test_every_calculator import CASES, check_engine

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_number_of_models_in_the_top(spark: Any) -> None:
    check_engine("spark", "count-in-top", "own intervals", spark, CASES[:2])
