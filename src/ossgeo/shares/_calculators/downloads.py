"""Shares of what the counter counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import narwhals as nw

from ossgeo.shares._protocol import credited


@attrs.frozen
class Downloads:
    """The sum of what the counter counts, such as downloads or tokens, each flow multiplied by the credit's weight.

    Weights are multiples of 2^-20, so the products and sums are exact in double precision up to 8 billion downloads in a
    group (whole weights: 9 * 10^15), whatever the engine and the order of the rows.
    """

    name: str = attrs.field(default="downloads", init=False)
    unit: str = attrs.field(default="", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset(), init=False)

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
