"""The library checks what a calculator or strategy returns before it computes shares."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any

import attrs
import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo.attribution import Attribution, Credit
from ossgeo.attribution._evaluation import evaluate_models
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.errors import AttributionContractError, CalculatorContractError
from ossgeo.shares import Gives
from ossgeo.shares._protocol import credited


@attrs.frozen
class Changed:
    """A correct calculator of flows with one change of its result."""

    change: Callable[[pl.LazyFrame], pl.LazyFrame]
    name: str = "changed"
    api_version: int = 1
    gives: Gives = "flow"
    unit: str = "downloads"
    requires: frozenset[str] = frozenset()

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        value = (nw.col("downloads") * nw.col("weight")).cast(nw.Float64).sum().alias("value")
        sums = credited(flows, credits).group_by("period", *keys).agg(value)
        return nw.from_native(self.change(sums.to_native()))


def first_value(value: float | None) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    first = pl.int_range(pl.len()) == 0
    return lambda rows: rows.with_columns(value=pl.when(first).then(pl.lit(value, pl.Float64)).otherwise("value"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: pl.concat([rows, rows]), "each period and key once"),
        (first_value(math.nan), "finite values"),
        (first_value(math.inf), "finite values"),
        (first_value(None), "finite values"),
        (first_value(-1.0), "values of zero or more"),
        (lambda rows: rows.with_columns(period=pl.lit(dt.date(1999, 1, 1))).unique("group"), "periods of the flows"),
        (lambda rows: rows.with_columns(group=pl.col("group") + 10_000), "groups of the credits"),
    ],
)
def test_invalid_rows_of_a_calculator(change: Callable[[pl.LazyFrame], pl.LazyFrame], message: str) -> None:
    panel = ossgeo.load_sample("hub-2026")
    assert ossgeo.measure(panel, calculator=Changed(lambda rows: rows)).at() == ossgeo.measure(panel).at()
    with pytest.raises(CalculatorContractError, match=rf"'changed' must return {message}, got \{{'period'"):
        ossgeo.measure(panel, calculator=Changed(change))


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0, 0.0])
def test_weights_are_numbers_in_a_row(weight: float) -> None:
    with pytest.raises(AttributionContractError, match="must sum to 1"):
        Attribution("x", (Credit(ossgeo.Country.parse("FR"), weight=weight),))


@pytest.mark.parametrize("weight", [math.nan, math.inf, -1.0, 0.0, None])
def test_weights_are_numbers_in_a_frame(weight: float | None) -> None:
    class Frames:
        name = "frames"
        api_version = 1

        def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
            return None

        def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
            row = ("a/b", dt.date(1900, 1, 1), dt.date(9999, 12, 31), None, "FR", weight, "frames")
            return pl.LazyFrame([row], schema=dict(CREDIT_SCHEMA), orient="row")

    models = pl.DataFrame({"model_id": ["a/b"], "namespace": ["a"]})
    with pytest.raises(AttributionContractError, match=r"weights in \(0, 1\]"):
        evaluate_models(Frames(), models, context=Context(ossgeo.Registry.default(), models))


def test_a_filter_of_when_may_name_a_value_that_the_evaluated_models_do_not_have() -> None:
    rule = ossgeo.attribution.when({"library": "onnx"}, ossgeo.attribution.table({"a": "FR"}))
    models = pl.DataFrame({"model_id": ["Qwen/x"], "namespace": ["Qwen"], "library": ["gguf"]})
    assert ossgeo.explain("Qwen/x", attribution=rule, models=models).credits[0].country == ossgeo.Country.parse("CN")
