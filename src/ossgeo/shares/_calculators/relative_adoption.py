"""Relative adoption: downloads since release, beside those of the leading models of the same size at the same age."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import attrs
import narwhals as nw

from ossgeo.panel._age_cap import day_number
from ossgeo.panel._flows import FLOOR
from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._protocol import Gives, credited

SIZES: Final = (1e9, 10e9, 100e9)
"""Borders of the size classes, in parameters: up to each, and above the last."""

LEADERS: Final = 10
"""The yardstick of a class is the median of this many leading models."""

_MONTH: Final = 30
_STEPS: Final = 2**20


@attrs.frozen
class RelativeAdoption(BuiltInCalculator):
    """Measures each model's downloads since release in units of a leading model of its size and age.

    At each observation a model has one value: its downloads since release, per day of its age. The yardstick of a size
    class (up to 1, 10 and 100 billion parameters, and above) and an age (in months of 30 days) is the median of the ten
    models of that class with the largest values at that age; each model enters it once, with its last observation in that
    month. A value of 3 says: as many downloads as three typical leading models of the same size at the same age.

    Models of unknown size or age (no creation date, or the Hub's earliest one, which means "then or before"), and
    observations before the creation, count 0. The values are levels: they are not summed over time.

    Args:
        cumulative: Whether the counters are cumulative. False compares trailing counters as they are: the downloads of the
            last 30 days, beside those of the leading models at the same age.

    Source: the relative adoption metric of the ATOM report (arXiv 2604.07190): downloads since release over the median of
        the ten leading models of a size class at the same age; here for every model of a class.

    Example:
        >>> RelativeAdoption().unit
        'typical leading models'
    """

    cumulative: bool = True
    name: ClassVar[str] = "relative-adoption"
    unit: ClassVar[str] = "typical leading models"
    requires: ClassVar[frozenset[str]] = frozenset({"created_at", "parameters"})
    gives: ClassVar[Gives] = "stock"
    whole_panel: ClassVar[bool] = True  # the median of leading models is taken over all observations

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum relative downloads by period and keys.

        Args:
            flows: model_id, period, downloads (the level) and some of the keys.
            credits: model_id, weight, created_at, parameters and the rest of the keys.
            keys: The columns to group by.

        Returns:
            period, every key, value (in typical leading models).
        """
        rows = self._rated(credited(flows, credits))
        rows = rows.join(_yardsticks(rows), on=["size", "age"], how="left")
        value = (nw.col("rate") / nw.col("typical") * nw.col("weight")).fill_null(0.0)
        counted = nw.when(nw.col("rate") > 0).then(value).otherwise(nw.lit(0.0))
        exact = (counted * _STEPS + 0.5).floor() / _STEPS  # binary fractions have the same sum in any order
        return rows.with_columns(value=exact).group_by("period", *keys).agg(nw.col("value").sum())

    def _rated(self, rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        """Add size class, age in months and downloads per day; size and age are null if either is unknown."""
        size = nw.lit(len(SIZES))
        for place in reversed(range(len(SIZES))):
            size = nw.when(nw.col("parameters") <= SIZES[place]).then(nw.lit(place)).otherwise(size)
        days = day_number("period") - day_number("created_at")
        dated = ~nw.col("created_at").is_null() & (nw.col("created_at") > nw.lit(FLOOR))
        known = ~nw.col("parameters").is_null() & dated & (days >= 0)
        length = nw.when(days > 1).then(days).otherwise(nw.lit(1)) if self.cumulative else nw.lit(1)
        return rows.with_columns(
            size=nw.when(known).then(size), age=nw.when(known).then(days // _MONTH),
            rate=nw.col("downloads").cast(nw.Float64) / length, weight=nw.col("weight").fill_null(1.0),
        )  # fmt: skip


def _yardsticks(rows: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return size, age and typical: the median rate of the leading models, each with its last observation of the month."""
    cell = ("size", "age")
    seen = rows.filter(~nw.col("size").is_null() & (nw.col("rate") > 0))
    seen = seen.group_by(*cell, "model_id", "period").agg(nw.col("rate").max())
    last = seen.group_by(*cell, "model_id").agg(last=nw.col("period").max())
    models = seen.join(last, on=[*cell, "model_id"], how="left").filter(nw.col("period") == nw.col("last"))
    ordered = models.with_columns(smaller=0 - nw.col("rate"), one=nw.lit(1))
    place = nw.col("one").cum_sum().over(*cell, order_by=["smaller", "model_id"])
    leading = ordered.with_columns(place=place).filter(nw.col("place") <= LEADERS)
    return leading.group_by(*cell).agg(typical=nw.col("rate").median())
