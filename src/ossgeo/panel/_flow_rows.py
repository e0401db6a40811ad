"""Flows as rows: use within an interval, with an event code for counts that are not flows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core.method import Cleaning

FLOW: Final = 0
"""Event: a flow."""
BASE: Final = 1
"""Event: the first count of a model of unknown history; a base, not a flow."""
FELL: Final = 2
"""Event: the fall of a cumulative counter."""
BORN: Final = 3
"""Event: the first flow of a model that is counted from its creation."""
AGELESS: Final = 4
"""Event: a flow of a model without a possible creation date, under an age cap."""
RECOVERED: Final = 5
"""Event: the rise of a cumulative counter that fell earlier and is not above its earlier maximum."""
AT_FLOOR: Final = 6
"""Event: a flow of a model that was created at the Hub's earliest date or before, under an age cap."""


@attrs.frozen
class Differences:
    """What the differences of consecutive observations depend on beside the rows; see :func:`ossgeo.panel._flows.make_flows`.

    Attributes:
        periods: The panel's observation periods, in order.
        cleaning: ``decreases`` applies.
        births: model_id and born.
        renames: model_id and entity.
    """

    periods: Sequence[dt.date]
    cleaning: Cleaning
    births: pl.DataFrame | None
    renames: pl.DataFrame | None


@attrs.frozen
class Flows:
    """Flows and the keys that a calculator carries through its aggregate.

    Attributes:
        frame: One row for each model and interval: model_id, period, downloads, and the columns named in ``keys``.
        keys: Dimensions of the panel, and of ``since`` (the start of the interval, if it is not the same for all of a
            period), ``event`` and ``divisor``: under an age cap ``downloads`` is downloads times days, and each sum is
            divided by ``divisor`` days afterwards, because sums of integers do not depend on the order of the rows.
        crossing: Further rows of the same columns: the part below the earlier maximum of a rise that goes above it. There are
            none unless a counter fell.
        differences: What they were made from beside the rows, if they are differences of whole counts of models without dimensions.
    """

    frame: nw.LazyFrame[Any]
    keys: tuple[str, ...] = ()
    crossing: nw.LazyFrame[Any] | None = None
    differences: Differences | None = None

    def without(self, keys: Collection[str]) -> Flows:
        """Return the flows without some of their keys."""
        if not keys:
            return self
        crossing = None if self.crossing is None else self.crossing.drop(*keys)
        return Flows(self.frame.drop(*keys), tuple(key for key in self.keys if key not in keys), crossing)
