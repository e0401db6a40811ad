"""The number of a group's models among the most used ones of each observation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import narwhals as nw

from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._protocol import Gives, credited


def _positive(_: Any, __: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentError(f"n must be a whole number from 1, got {value!r}")


@attrs.frozen
class CountInTop(BuiltInCalculator):
    """Counts the models among the ``n`` with the largest counters of each observation, each by the weight of its credit.

    A model is in the top if fewer than ``n`` models have more: models that tie for the last place are all in it, so that the
    total may exceed ``n``. Models with a count of 0, and rows that represent all other models (``residual=``), are not in it.
    The top is that of the whole panel, whatever ``where`` keeps; with a dimension in ``by`` or ``where``, that of each of its values.

    Attributes:
        n: The length of the list.

    Source: Our World in Data counts the models of each country among the most used ones of a day.

    Example:
        >>> import ossgeo
        >>> table = ossgeo.measure(ossgeo.load_sample("hub-2026"), calculator=CountInTop(n=10))
        >>> float(table.to_polars()["value"].sum())
        10.0
    """

    name: ClassVar[str] = "count-in-top"
    requires: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[Gives] = "stock"
    n: int = attrs.field(default=100, validator=_positive)

    @property
    def unit(self) -> str:
        """The unit, with the length of the list."""
        return f"models in the top {self.n}"

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Count the models in the top by period and keys.

        Args:
            flows: model_id, period, downloads (the level) and some of the keys.
            credits: model_id, weight and the rest of the keys.
            keys: What to group by.

        Returns:
            period, every key, value (models).
        """
        names = flows.collect_schema().names()
        cell = ["period", *(key for key in keys if key in names)]
        counts = flows.group_by("model_id", *cell).agg(nw.col("downloads").sum()).filter(nw.col("downloads") > 0)
        sizes = counts.group_by(*cell, "downloads").agg(n=nw.len())
        sizes = sizes.with_columns(n=nw.col("n").cast(nw.Int64), smaller=0 - nw.col("downloads").cast(nw.Float64))
        above = nw.col("n").cum_sum().over(*cell, order_by=["smaller"]) - nw.col("n")
        border = sizes.with_columns(above=above).filter(nw.col("above") < self.n)
        border = border.group_by(*cell).agg(border=nw.col("downloads").min())
        top = counts.join(border, on=cell).filter(nw.col("downloads") >= nw.col("border"))
        rows = credited(top.select("model_id", *cell), credits).with_columns(value=nw.col("weight").fill_null(1.0))
        return rows.group_by("period", *keys).agg(nw.col("value").sum())
