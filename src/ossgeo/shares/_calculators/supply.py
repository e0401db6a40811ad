"""Supply: models by the day of their publication."""

from __future__ import annotations

from typing import ClassVar

import attrs
import polars as pl

from ossgeo.shares._calculators.built_in import EventCounter


@attrs.frozen
class Supply(EventCounter):
    """Counts models published, whatever their downloads.

    A model counts once, on the day of its creation: with ``every="1mo"`` in that month, with ``window="365d"`` in the year
    that follows, and otherwise at the first observation after it. The first observation holds all that were created before.
    The earliest day of the Hub, 2022-03-02, means this day or an earlier one: such models count before the first observation,
    and are left out of calendar steps and windows (adjustment ``created_at_floor``). ``where`` limits size, task and license.
    :func:`ossgeo.analysis.publishers` counts the organizations that published.
    """

    name: ClassVar[str] = "supply"
    unit: ClassVar[str] = "models"
    requires: ClassVar[frozenset[str]] = frozenset({"created_at"})

    def events(self, models: pl.LazyFrame) -> pl.LazyFrame:
        """Return the day on which each model was published.

        Args:
            models: The models table.

        Returns:
            model_id, period (null if created_at is).
        """
        return models.select("model_id", period=pl.col("created_at").dt.date())
