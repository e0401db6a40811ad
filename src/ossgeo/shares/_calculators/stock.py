"""Stocks: cumulative totals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import narwhals as nw

from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._calculators.downloads import Downloads
from ossgeo.shares._protocol import Gives


@attrs.frozen
class Stock(BuiltInCalculator):
    """The sum of cumulative counters at each observation ("1.15 billion downloads so far"), each times the credit's weight.

    A stock is a level and not a flow: it needs a panel of cumulative counters, is not summed over a window, and with
    ``every`` is that of the last observation of each step. A single snapshot is enough.
    """

    name: ClassVar[str] = "stock"
    unit: ClassVar[str] = ""
    requires: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[Gives] = "stock"
    by_namespace: ClassVar[bool] = True

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum levels by period and keys.

        Args:
            flows: model_id, period, downloads (the level) and some of the keys.
            credits: model_id, weight and the rest of the keys.
            keys: The columns to group by.

        Returns:
            period, every key, value (in the unit of the counter).
        """
        return Downloads().aggregate(flows, credits, keys=keys)
