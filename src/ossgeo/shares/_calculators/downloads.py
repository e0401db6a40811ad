"""Shares of what the counter counts."""

from __future__ import annotations

from typing import ClassVar

import attrs

from ossgeo.shares._calculators.built_in import SumCalculator
from ossgeo.shares._protocol import Gives


@attrs.frozen
class Downloads(SumCalculator):
    """The sum of what the counter counts, such as downloads or tokens, each flow multiplied by the credit's weight.

    Weights are multiples of 2^-20, so the products and sums are exact in double precision up to 8 billion downloads in a
    group (whole weights: 9 * 10^15), whatever the engine and the order of the rows.
    """

    name: ClassVar[str] = "downloads"
    gives: ClassVar[Gives] = "flow"
