"""A strategy whose results are cached."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import evaluate_model, evaluate_models, shown
from ossgeo.attribution._protocol import Attribution, Context
from ossgeo.attribution._strategies.built_in import CompositeStrategy
from ossgeo.panel._models import Model


@attrs.frozen(eq=False)
class Memoized(CompositeStrategy):
    """Caches the results of a strategy for one models table, by registry and day.

    Attributes:
        strategy: The strategy.
    """

    by_namespace: ClassVar[bool] = False  # the cache is that of the models of one table
    strategy: Any
    _credits: dict[Any, pl.DataFrame] = attrs.field(factory=dict, repr=False)
    _notes: dict[str, tuple[Adjustment, ...]] = attrs.field(factory=dict, repr=False)

    @property
    def name(self) -> str:
        """The strategy's name."""
        return str(self.strategy.name)

    @property
    def _inner(self) -> tuple[Any, ...]:
        """The strategy."""
        return (self.strategy,)

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
        if key not in self._credits:
            self._credits[key] = evaluate_models(self.strategy, context.models.frame, context=context)
        return self._credits[key].lazy().join(models.select("model_id"), on="model_id", how="semi")

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the strategy left out or estimated."""
        if context.registry.version not in self._notes:
            self._notes[context.registry.version] = super().adjustments(context)
        return self._notes[context.registry.version]
