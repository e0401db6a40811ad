"""Strategies that credit the base models of a model: ``direct-base``, ``root`` and ``lineage``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import adjustments_of, changes_of, resolve, shown
from ossgeo.attribution._lineage.graph import Graph, Shares, propagate, walk
from ossgeo.attribution._lineage.propagation import Delegation, delegations_to_sources, propagate_all, propagate_credits
from ossgeo.attribution._protocol import Attribution, AttributionStrategy, Context
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel._models import Model, Relation

CONVENTION: Final[Mapping[Relation, float]] = {
    Relation.QUANTIZED: 1.0,
    Relation.MERGE: 1.0,
    Relation.ADAPTER: 0.5,
    Relation.FINETUNE: 0.5,
    Relation.UNSPECIFIED: 0.5,
}
"""Default parts that are passed on to the base model, a convention of ossgeo: all of a model that only converts or combines
weights (quantized, merge), half of a model that was trained or whose relation is unspecified."""

_ALL: Final[Shares] = dict.fromkeys(Relation, 1.0)


@attrs.frozen
class DirectBase:
    """Credits a model to the publishers of its direct base models, in equal parts.

    Attributes:
        over: The strategy that attributes a base model, or a model without base models, to its publisher.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: str = attrs.field(default="direct-base", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"base_models"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return _said(self.name, over=self.over)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the publishers of the base models.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return propagate_credits(self.name, self._sources(model, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        links = Graph.of(context).links.select(model_id="child", source="parent", weight="part")
        return propagate_all(self.name, links, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of the inner strategy changes."""
        return changes_of([self.over], context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the corrections of declared base models and the links that were left out."""
        return (*Graph.of(context).found, *adjustments_of([self.over], context))

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated, each with its model."""
        del on
        return delegations_to_sources(self._sources(model, context), self.over, model, context)

    def _sources(self, model: Model, context: Context) -> Mapping[str, float]:
        bases = Graph.of(context).bases(model, context=context)
        return {base.model_id: base.part for base in bases} or {model.id: 1.0}


@attrs.frozen
class Lineage:
    """Credits a model in part to its publisher and in part to its base models, whose parts are divided in the same way.

    Attributes:
        shares: For each relation the part of a model that is passed on to its base models.
        over: The strategy that attributes each model of the lineage to its publisher.
    """

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(CONVENTION.items()))
    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: str = attrs.field(default="lineage", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"base_models"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        if len(same := {share for _, share in self.shares}) == 1:
            return _said(self.name, share_to_base=same.pop(), over=self.over)
        parts = {str(relation): share for relation, share in self.shares if share != CONVENTION[relation]}
        return _said(self.name, by_relation=parts or None, over=self.over)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of the lineage of a model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return propagate_credits(self.name, self._sources(model, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        sources = propagate(Graph.of(context).links, dict(self.shares))
        return propagate_all(self.name, sources, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of the inner strategy changes."""
        return changes_of([self.over], context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the corrections of declared base models and the links that were left out."""
        return (*Graph.of(context).found, *adjustments_of([self.over], context))

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated, each with its model."""
        del on
        return delegations_to_sources(self._sources(model, context), self.over, model, context)

    def _sources(self, model: Model, context: Context) -> Mapping[str, float]:
        graph, shares = Graph.of(context), dict(self.shares)

        def onward(one: Model) -> Mapping[str, float]:
            return {base.model_id: base.part * shares[base.relation] for base in graph.bases(one, context=context)}

        return walk(model, onward, context=context)


@attrs.frozen
class Root(Lineage):
    """Credits a model to the publishers of its root models; merges divide the credit equally among their base models."""

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(_ALL.items()), init=False, repr=False)
    name: str = attrs.field(default="root", init=False)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return _said(self.name, over=self.over)


def direct_base(*, over: str | AttributionStrategy = "publisher") -> DirectBase:
    """Credit a model to the publishers of its direct base models, in equal parts; without base models, to its own publisher.

    Args:
        over: The strategy that attributes a model to its publisher.

    Example:
        >>> print(direct_base())
        direct-base
    """
    return DirectBase(over)


def root(*, over: str | AttributionStrategy = "publisher") -> Root:
    """Credit a model to the publishers of its root models; without base models, to its own publisher.

    Args:
        over: The strategy that attributes a model to its publisher.

    Example:
        >>> print(root(over=direct_base()))
        root(over=direct-base)
    """
    return Root(over=over)


def lineage(
    *,
    share_to_base: float | None = None,
    by_relation: Mapping[str | Relation, float] | None = None,
    over: str | AttributionStrategy = "publisher",
) -> Lineage:
    """Divide the credit of a model between its publisher and its lineage.

    The part of a base model is divided again by its own lineage. Base models of one model have equal parts.

    Args:
        share_to_base: Part in [0, 1] that is passed on for every relation; by default a convention of ossgeo: 1 for
            quantizations and merges, 0.5 for finetunes, adapters and bases of unspecified relation.
        by_relation: Part by relation; takes precedence over ``share_to_base``.
        over: The strategy that attributes a model to its publisher.

    Raises:
        InvalidArgumentError: A part does not lie in [0, 1], or a relation is not known.

    Example:
        >>> print(lineage(by_relation={"adapter": 1.0}))
        lineage(by_relation={'adapter': 1.0})
    """
    shares = dict(CONVENTION) if share_to_base is None else dict.fromkeys(Relation, share_to_base)
    words: dict[Any, Relation] = {relation.value: relation for relation in Relation}
    for key, share in (by_relation or {}).items():
        relation = words.get(key.value if isinstance(key, Relation) else key)
        if relation is None:
            raise InvalidArgumentError(str(UnknownNameError.among(str(key), words, what="by_relation: the relation")))
        shares[relation] = share
    for relation, share in shares.items():
        if not (isinstance(share, int | float) and 0 <= share <= 1):
            raise InvalidArgumentError(f"the part of a {relation} that is passed on must lie in [0, 1], got {share!r}")
    return Lineage(tuple((relation, float(share)) for relation, share in shares.items()), over)


def _said(name: str, **given: Any) -> str:
    over = given.pop("over")
    words = {key: value for key, value in given.items() if value is not None}
    if shown(over) != "publisher":
        words["over"] = over
    inner = ", ".join(f"{key}={shown(value) if key == 'over' else value}" for key, value in words.items())
    return f"{name}({inner})" if inner else name
