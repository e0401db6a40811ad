"""Relative adoption: downloads beside those of the leading models of the same size at the same age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import attrs
import narwhals as nw

from ossgeo.panel._flows import BORN, FLOW, day_number
from ossgeo.shares._protocol import credited

SIZES: Final = (1e9, 10e9, 100e9)
"""Borders of the size classes, in parameters: up to each, and above the last."""

LEADERS: Final = 10
"""A class's yardstick is the median of this many most downloaded."""

_MONTH: Final = 30
_STEPS: Final = 2**20


@attrs.frozen
class RelativeAdoption:
    """Measures each model's downloads in units of a leading model of its size and age.

    The yardstick of a size class (up to 1, 10 and 100 billion parameters, and above) and an age (in months of 30 days at
    the end of the flow) is the median downloads of the ten most downloaded flows of that class at that age, over all
    periods of the panel. A value of 3 says: as much as three typical leading models of the same size at the same age. Models
    whose size or day of creation is unknown, and flows that end before the creation, count nothing.

    Source: the idea of a "relative adoption metric" is that of the ATOM report (arXiv 2604.07190); here every model of a
        class counts, and periods add up.
    """

    name: str = attrs.field(default="relative-adoption", init=False)
    unit: str = attrs.field(default="typical leading models", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"created_at", "parameters"}), init=False)
    whole_panel: bool = attrs.field(default=True, init=False)  # the yardsticks are of all periods

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum relative downloads by period and keys.

        Args:
            flows: model_id, period, downloads and some of the keys.
            credits: model_id, weight, created_at, parameters and the rest of the keys.
            keys: What to group by.

        Returns:
            period, every key, value (in typical leading models).
        """
        rows = credited(flows, credits)
        size = nw.lit(len(SIZES))
        for place in reversed(range(len(SIZES))):
            size = nw.when(nw.col("parameters") <= SIZES[place]).then(nw.lit(place)).otherwise(size)
        days = day_number("period") - day_number("created_at")
        known = ~nw.col("parameters").is_null() & ~nw.col("created_at").is_null() & (days >= 0)
        if "event" in flows.collect_schema().names():  # a first count or a fall is no flow, and no yardstick
            known = known & nw.col("event").is_in([FLOW, BORN])
        rows = rows.with_columns(
            size=nw.when(known).then(size), age=nw.when(known).then(days // _MONTH),
            downloads=nw.col("downloads").cast(nw.Float64), weight=nw.col("weight").fill_null(1.0),
        )  # fmt: skip
        cell = ("size", "age")
        flow = rows.filter(~nw.col("size").is_null() & (nw.col("downloads") > 0))
        flow = flow.group_by(*cell, "model_id", "period").agg(nw.col("downloads").max())
        order = ["smaller", "model_id", "period"]
        flow = flow.with_columns(smaller=0 - nw.col("downloads"), one=nw.lit(1))
        leading = flow.with_columns(place=nw.col("one").cum_sum().over(*cell, order_by=order))
        leading = leading.filter(nw.col("place") <= LEADERS)
        yardstick = leading.group_by(*cell).agg(typical=nw.col("downloads").median())
        rows = rows.join(yardstick, on=list(cell), how="left")
        value = (nw.col("downloads") / nw.col("typical") * nw.col("weight")).fill_null(0.0)
        counted = nw.when(nw.col("downloads") > 0).then(value).otherwise(nw.lit(0.0))
        exact = (counted * _STEPS + 0.5).floor() / _STEPS  # binary fractions add up to the same in any order
        return rows.with_columns(value=exact).group_by("period", *keys).agg(nw.col("value").sum())
