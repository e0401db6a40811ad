"""Lineage: credit goes up from a model to what it was made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import adjustments_of, changes_of, resolve, shown
from ossgeo.attribution._lineage.graph import Graph, Shares, trickle, walk
from ossgeo.attribution._lineage.propagation import Question, inherit, inherit_all, questions_about
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
"""ossgeo's convention, nobody's law: what only rewrites weights (a quantization, a merge) is all the base's; what was
trained, and what does not say, is half and half."""

_ALL: Final[Shares] = dict.fromkeys(Relation, 1.0)


@attrs.frozen
class DirectBase:
    """A model belongs to whoever published what it was directly made from; several bases share.

    Attributes:
        over: The rule that says who published a base, or a model without one.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: str = attrs.field(default="direct-base", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"base_models"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return _said(self.name, over=self.over)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Say who published a model's bases.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return inherit(self.name, self._sources(model, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        links = Graph.of(context).links.select(model_id="child", source="parent", weight="part")
        return inherit_all(self.name, links, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the inner rule's answers change."""
        return changes_of([self.over], context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what was mended or left out of the declared bases."""
        return (*Graph.of(context).found, *adjustments_of([self.over], context))

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked about which model."""
        del on
        return questions_about(self._sources(model, context), self.over, model, context)

    def _sources(self, model: Model, context: Context) -> Mapping[str, float]:
        bases = Graph.of(context).bases(model, context=context)
        return {base.model_id: base.part for base in bases} or {model.id: 1.0}


@attrs.frozen
class Lineage:
    """A model belongs in part to its publisher and in part to its base, which belongs in part to *its* base, and so on.

    Attributes:
        shares: For each relation, which part of a model goes on to its base.
        over: The rule that says who published each model on the way.
    """

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(CONVENTION.items()))
    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: str = attrs.field(default="lineage", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"base_models"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        if len(same := {share for _, share in self.shares}) == 1:
            return _said(self.name, share_to_base=same.pop(), over=self.over)
        parts = {str(relation): share for relation, share in self.shares if share != CONVENTION[relation]}
        return _said(self.name, by_relation=parts or None, over=self.over)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Follow a model's lineage.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return inherit(self.name, self._sources(model, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        sources = trickle(Graph.of(context).links, dict(self.shares))
        return inherit_all(self.name, sources, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the inner rule's answers change."""
        return changes_of([self.over], context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what was mended or left out of the declared bases."""
        return (*Graph.of(context).found, *adjustments_of([self.over], context))

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked about which model."""
        del on
        return questions_about(self._sources(model, context), self.over, model, context)

    def _sources(self, model: Model, context: Context) -> Mapping[str, float]:
        graph, shares = Graph.of(context), dict(self.shares)

        def onward(one: Model) -> Mapping[str, float]:
            return {base.model_id: base.part * shares[base.relation] for base in graph.bases(one, context=context)}

        return walk(model, onward, context=context)


@attrs.frozen
class Root(Lineage):
    """A model belongs to whoever published what it goes back to; several roots share, as the merges on the way split."""

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(_ALL.items()), init=False, repr=False)
    name: str = attrs.field(default="root", init=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return _said(self.name, over=self.over)


def direct_base(*, over: str | AttributionStrategy = "publisher") -> DirectBase:
    """Credit a model to the publishers of its direct bases, in equal parts; without a base, to its own.

    Args:
        over: The rule that says who published a model.

    Example:
        >>> print(direct_base())
        direct-base
    """
    return DirectBase(over)


def root(*, over: str | AttributionStrategy = "publisher") -> Root:
    """Credit a model to the publishers of the models that it goes back to; without a base, to its own.

    Args:
        over: The rule that says who published a model.

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
    """Split a model's credit between its publisher and its bases, all the way up.

    The base's part is split again by the base's own lineage. Bases of one model share equally.

    Args:
        share_to_base: The base's part in [0, 1], whatever the relation; where absent, ossgeo's convention: 1 for
            quantizations and merges, 0.5 for finetunes, adapters and bases of unspecified relation.
        by_relation: The base's part by relation, before ``share_to_base``.
        over: The rule that says who published a model.

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
            raise InvalidArgumentError(f"the base's part of a {relation} is {share!r}; it must lie in [0, 1]")
    return Lineage(tuple((relation, float(share)) for relation, share in shares.items()), over)


def _said(name: str, **given: Any) -> str:
    over = given.pop("over")
    words = {key: value for key, value in given.items() if value is not None}
    if shown(over) != "publisher":
        words["over"] = over
    inner = ", ".join(f"{key}={shown(value) if key == 'over' else value}" for key, value in words.items())
    return f"{name}({inner})" if inner else name
