"""Supply: models by the day of their publication."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import attrs
import narwhals as nw
import polars as pl

from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._protocol import Gives, credited


@attrs.frozen
class Supply(BuiltInCalculator):
    """Counts models published, whatever their downloads.

    A model counts once, on the day of its creation: with ``every="1mo"`` in that month, with ``window="365d"`` in the year
    that follows, and otherwise at the first observation after it. The first observation holds all that were created before.
    The earliest day of the Hub, 2022-03-02, means this day or an earlier one: such models count before the first observation,
    and are left out of calendar steps and windows (adjustment ``created_at_floor``). ``where`` limits size, task and license. Of
    several organizations see :func:`ossgeo.analysis.publishers`.
    """

    name: ClassVar[str] = "supply"
    unit: ClassVar[str] = "models"
    requires: ClassVar[frozenset[str]] = frozenset({"created_at"})
    gives: ClassVar[Gives] = "events"

    def events(self, models: pl.LazyFrame) -> pl.LazyFrame:
        """Return the day on which each model was published.

        Args:
            models: The models table.

        Returns:
            model_id, period (null where created_at is).
        """
        return models.select("model_id", period=pl.col("created_at").dt.date())

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Count events by period and keys.

        Args:
            flows: model_id, period, downloads (1 for each event).
            credits: model_id, weight and the keys.
            keys: What to group by.

        Returns:
            period, every key, value (models).
        """
        return counted(flows, credits, keys)


def counted(flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], keys: Sequence[str]) -> nw.LazyFrame[Any]:
    """Count the models of events by weight; a model without credit has null keys.

    Args:
        flows: One row for each event: model_id, period.
        credits: model_id, weight and the keys.
        keys: What to group by.
    """
    rows = credited(flows, credits).with_columns(value=nw.col("weight").fill_null(1.0))
    return rows.group_by("period", *keys).agg(nw.col("value").sum())
