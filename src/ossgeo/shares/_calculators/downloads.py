"""Shares of what the counter counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import narwhals as nw

from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._protocol import Gives, credited


@attrs.frozen
class Downloads(BuiltInCalculator):
    """The sum of what the counter counts, such as downloads or tokens, each flow multiplied by the credit's weight.

    Weights are multiples of 2^-20, so the products and sums are exact in double precision up to 8 billion downloads in a
    group (whole weights: 9 * 10^15), whatever the engine and the order of the rows.
    """

    name: ClassVar[str] = "downloads"
    unit: ClassVar[str] = ""
    requires: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[Gives] = "flow"
    by_namespace: ClassVar[bool] = True

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum flows by period and keys.

        Args:
            flows: model_id, period, downloads and some of the keys.
            credits: model_id, weight and the rest of the keys.
            keys: What to group by.

        Returns:
            period, every key, value (in the unit of the counter).
        """
        weighted = nw.col("downloads").cast(nw.Float64) * nw.col("weight").fill_null(1.0)
        rows = credited(flows, credits).with_columns(value=weighted)
        return rows.group_by("period", *keys).agg(nw.col("value").sum())
