"""Stocks: cumulative totals."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ossgeo.shares._calculators.built_in import SumCalculator
from ossgeo.shares._protocol import Gives


@attrs.frozen
class Stock(SumCalculator):
    """The sum of cumulative counters at each observation ("1.15 billion downloads so far"), each times the credit's weight.

    A stock is a level and not a flow: it needs a panel of cumulative counters, is not summed over a window, and with
    ``every`` is that of the last observation of each step. A single snapshot is enough.
    """

    name: ClassVar[str] = "stock"
    gives: ClassVar[Gives] = "stock"
