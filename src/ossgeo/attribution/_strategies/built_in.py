"""The base classes of the built-in strategies: each is written once, and both forms are derived from it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import ClassVar

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import (
    PLACE,
    adjustments_of,
    changes_of,
    evaluate_models,
    is_by_namespace,
    required_columns,
    shown,
)
from ossgeo.attribution._protocol import (
    CREDIT_SCHEMA,
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    StrategyBase,
    frame_of,
)
from ossgeo.panel._models import Model
from ossgeo.plugins import API_VERSION
from ossgeo.registry._countries import parse_place
from ossgeo.registry._organizations import Evidence
from ossgeo.registry._registry import Registry

DatedCredit = tuple[dt.date, dt.date, str | None, str, float]
"""start, end, organization, country, weight."""


class BuiltInStrategy(StrategyBase):
    """A strategy of this library, which follows the current version of the contract and prints as its name."""

    __slots__ = ()

    api_version: ClassVar[int] = API_VERSION

    @property
    def name(self) -> str:
        """The name under which results record the strategy."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Return the name."""
        return self.name


class CompositeStrategy(BuiltInStrategy):
    """A strategy that evaluates others: it uses their columns, changes when they change, and reports their adjustments."""

    __slots__ = ()

    _own_columns: ClassVar[frozenset[str]] = frozenset()
    """The models columns that the strategy uses itself."""

    @property
    def _inner(self) -> Sequence[AttributionStrategy]:
        """The strategies that are evaluated."""
        raise NotImplementedError

    @property
    def requires(self) -> frozenset[str] | None:
        """The models columns that the strategy and the inner strategies use; None if one may use all."""
        columns = [required_columns(strategy) for strategy in self._inner]
        return None if None in columns else self._own_columns.union(*(some or () for some in columns))

    @property
    def by_namespace(self) -> bool:
        """Whether the results of all inner strategies depend on the namespace only."""
        return not self._own_columns and all(map(is_by_namespace, self._inner))

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of any inner strategy changes.

        Args:
            context: The registry and the models.
        """
        return changes_of(self._inner, context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the inner strategies left out or estimated.

        Args:
            context: The registry and the models.
        """
        return adjustments_of(self._inner, context)


class BaseModelStrategy(CompositeStrategy):
    """A strategy that depends on the base models of a model, and evaluates one other strategy, ``over``."""

    __slots__ = ()

    over: AttributionStrategy
    _own_columns: ClassVar[frozenset[str]] = frozenset({"base_models"})

    @property
    def _inner(self) -> Sequence[AttributionStrategy]:
        """The strategy that attributes models to their publishers."""
        return (self.over,)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return self.name if shown(self.over) == "publisher" else f"{self.name}(over={shown(self.over)})"


class FrameStrategy(BuiltInStrategy):
    """A strategy that is written as :meth:`attribute_frame`; the credits of one model are looked up in its result."""

    __slots__ = ()

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of a model on a day, or None to abstain.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        credits = credits_on(self._credits_of(model, context), on)
        return Attribution(self.name, credits, self._evidence(model)) if credits else None

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the evidence behind the credits of a model.

        Args:
            model: The model.
        """
        raise NotImplementedError

    def _credits_of(self, model: Model, context: Context) -> Sequence[DatedCredit]:
        if context.models.get(model.id) != model:
            return self._credits(frame_of([model]), context).get(model.id, ())
        key = (self, context.registry.version)
        return context.models.once(key, lambda: self._credits(context.models.frame, context)).get(model.id, ())

    def _credits(self, models: pl.DataFrame, context: Context) -> Mapping[str, Sequence[DatedCredit]]:
        found = evaluate_models(self, models, context=context)
        return _by(found.sort("model_id", "start", "organization", "country", nulls_last=True), "model_id")


class NamespaceStrategy(BuiltInStrategy):
    """A strategy that is written as a table of credits by namespace and date, from which both forms are read."""

    __slots__ = ()

    requires: ClassVar[frozenset[str]] = frozenset()
    by_namespace: ClassVar[bool] = True

    def _credits_of_namespaces(self, registry: Registry) -> pl.DataFrame:
        """Return namespace, start, end, organization, country, weight; namespaces and dates without a row abstain.

        Args:
            registry: The registry.
        """
        raise NotImplementedError

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of the namespace of a model on a day, or None if the registry does not know it then.

        Args:
            model: The model.
            on: The day.
            context: The registry.
        """
        registry = context.registry
        table = context.models.once(
            (self.name, registry.version), lambda: _by(self._credits_of_namespaces(registry), "namespace")
        )
        namespace = model.namespace if model.namespace in table else registry.spelling_of(model.namespace)
        credits = credits_on(table.get(namespace or "", ()), on)
        if not credits:
            return None
        names = dict.fromkeys(credit.organization for credit in credits if credit.organization is not None)
        seats = [seat for name in names for seat in registry.organizations[name].seats(on=on)]
        return Attribution(self.name, credits, tuple(seat.evidence for seat in seats if seat.evidence is not None))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id and namespace are used.
            context: The registry.

        Returns:
            The credits table; models without an attribution have no row.
        """
        table = self._credits_of_namespaces(context.registry).lazy()
        found = models.select("model_id", "namespace").with_row_index(PLACE).join(table, on="namespace")
        return found.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA, PLACE)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace, its owner or its country changes.

        Args:
            context: The registry.
        """
        table = self._credits_of_namespaces(context.registry)
        return frozenset({*table["start"].unique(), *table["end"].unique()} - {BEGINNING, END})


def credits_on(rows: Sequence[DatedCredit], on: dt.date) -> tuple[Credit, ...]:
    """Return the credits that hold on a day.

    Args:
        rows: The credits of a model with their validity.
        on: The day.
    """
    return tuple(
        Credit(parse_place(country), organization, weight)
        for start, end, organization, country, weight in rows
        if start <= on < end
    )


def _by(credits: pl.DataFrame, column: str) -> Mapping[str, Sequence[DatedCredit]]:
    """Return the credits by a column."""
    found: dict[str, list[DatedCredit]] = defaultdict(list)
    columns = credits.select(column, "start", "end", "organization", "country", "weight")
    for name, *row in columns.iter_rows():
        found[name].append((row[0], row[1], row[2], row[3], row[4]))
    return dict(found)
