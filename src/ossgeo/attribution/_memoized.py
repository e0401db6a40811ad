"""A strategy whose results are cached."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import (
    adjustments_of,
    changes_of,
    evaluate_model,
    evaluate_models,
    required_columns,
    shown,
)
from ossgeo.attribution._protocol import Attribution, Context
from ossgeo.attribution._strategies.built_in import BuiltInStrategy
from ossgeo.panel._models import Model


@attrs.frozen(eq=False)
class Memoized(BuiltInStrategy):
    """Caches the results of a strategy for one models table, by registry and day.

    Attributes:
        strategy: The strategy.
    """

    strategy: Any
    _said: dict[Any, pl.DataFrame] = attrs.field(factory=dict, repr=False)
    _told: dict[str, tuple[Adjustment, ...]] = attrs.field(factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The strategy's name."""
        return str(self.strategy.name)

    @property
    def requires(self) -> frozenset[str] | None:
        """The models columns that the strategy uses."""
        return required_columns(self.strategy)

    def __str__(self) -> str:
        """Return the strategy as it prints."""
        return shown(self.strategy)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Evaluate the strategy on one model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return evaluate_model(self.strategy, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Evaluate the strategy on all models of the context on first use.

        Args:
            models: The models that are evaluated.
            context: The registry and the models.
        """
        key = (context.registry.version, context.on)
        if key not in self._said:
            self._said[key] = evaluate_models(self.strategy, context.models.frame, context=context)
        return self._said[key].lazy().join(models.select("model_id"), on="model_id", how="semi")

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of the strategy changes."""
        return changes_of([self.strategy], context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the strategy left out or estimated."""
        if context.registry.version not in self._told:
            self._told[context.registry.version] = adjustments_of([self.strategy], context)
        return self._told[context.registry.version]
