"""The base classes of the built-in calculators."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import narwhals as nw

from ossgeo.plugins import API_VERSION
from ossgeo.shares._protocol import CalculatorBase, Gives, credited


class BuiltInCalculator(CalculatorBase):
    """A calculator of this library, which follows the current version of the contract."""

    __slots__ = ()

    api_version: ClassVar[int] = API_VERSION


class SumCalculator(BuiltInCalculator):
    """A calculator of sums of what the counter counts, each times the weight of its credit."""

    __slots__ = ()

    unit: ClassVar[str] = ""
    requires: ClassVar[frozenset[str]] = frozenset()
    by_namespace: ClassVar[bool] = True

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum flows or levels by period and keys.

        Args:
            flows: model_id, period, downloads (the flow or the level) and some of the keys.
            credits: model_id, weight and the rest of the keys.
            keys: What to group by.

        Returns:
            period, every key, value (in the unit of the counter).
        """
        weighted = nw.col("downloads").cast(nw.Float64) * nw.col("weight").fill_null(1.0)
        rows = credited(flows, credits).with_columns(value=weighted)
        return rows.group_by("period", *keys).agg(nw.col("value").sum())


class EventCounter(BuiltInCalculator):
    """A calculator that counts the models of its events by the weight of their credits; without a credit, keys are null."""

    __slots__ = ()

    gives: ClassVar[Gives] = "events"

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Count events by period and keys.

        Args:
            flows: model_id, period, downloads (1 for each event).
            credits: model_id, weight and the keys.
            keys: What to group by.

        Returns:
            period, every key, value (in the unit of the calculator).
        """
        rows = credited(flows, credits).with_columns(value=nw.col("weight").fill_null(1.0))
        return rows.group_by("period", *keys).agg(nw.col("value").sum())
