"""Strategies that credit the base models of a model: ``direct-base``, ``root`` and ``lineage``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final, get_args

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo._core.relations import Relation
from ossgeo.attribution._evaluation import resolve, shown
from ossgeo.attribution._lineage.ancestry import Ancestry, RootEvidence, lineage_lines
from ossgeo.attribution._lineage.facts import Components, LineageEvidence
from ossgeo.attribution._lineage.graph import Base, Graph
from ossgeo.attribution._lineage.paths import Shares, sources_of, walk
from ossgeo.attribution._lineage.propagation import (
    delegations_to_sources,
    propagate_all,
    propagate_credits,
)
from ossgeo.attribution._protocol import Attribution, AttributionStrategy, Context, Delegation
from ossgeo.attribution._strategies.built_in import BaseModelStrategy
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel._models import Model
from ossgeo.registry._lineage import COMPONENTS

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


def _evidence(value: Any) -> LineageEvidence:
    if value not in get_args(LineageEvidence):
        raise InvalidArgumentError(f"evidence must be 'declared' or 'reviewed', got {value!r}")
    found: LineageEvidence = value
    return found


def _components(value: Mapping[str, float] | Components | None) -> Components:
    if not isinstance(value, Mapping | tuple | None):
        raise InvalidArgumentError(f"components must be a mapping of components to parts, got {value!r}")
    given = dict(value or ())
    for name, share in given.items():
        if name not in COMPONENTS:
            raise InvalidArgumentError(
                str(UnknownNameError.among(str(name), COMPONENTS, what="components: the component"))
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise InvalidArgumentError(f"components: the part of {name!r} must lie in (0, 1], got {share!r}")
    if sum(given.values()) > 1:
        raise InvalidArgumentError(f"components: the parts must not sum to more than 1, got {sum(given.values()):g}")
    return tuple(sorted((name, float(share)) for name, share in given.items()))


@attrs.frozen
class DirectBase(BaseModelStrategy):
    """Credits a model to the publishers of its direct base models, in equal parts.

    Attributes:
        over: The strategy that attributes a base model, or a model without base models, to its publisher.
        evidence: ``declared`` (base models that model cards declare) or ``reviewed`` (these, completed and corrected by the
            lineage facts of the registry).
        components: The parts of a model that are credited to the base models of components, such as a vision encoder.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    evidence: LineageEvidence = attrs.field(default="reviewed", converter=_evidence, kw_only=True)
    components: Components = attrs.field(default=(), converter=_components, kw_only=True)
    name: ClassVar[str] = "direct-base"

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return _expression(self.name, self)

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of the ancestors of a model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        graph = self._graph(context)
        evidence = Ancestry.of(graph, model, on=on, context=context).evidence if graph.facts else ()
        sources = self._sources(graph, model, on, context)
        return propagate_credits(self.name, sources, self.over, model, on=on, context=context, evidence=evidence)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        graph = self._graph(context)
        sources = sources_of(graph.links, self._shares())
        return propagate_all(self.name, graph.names, sources, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of the inner strategy or the lineage changes."""
        return super().changes(context) | self._graph(context).days

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the corrections of declared base models and the links that were left out."""
        return (*self._graph(context).found, *super().adjustments(context))

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated, each with its model."""
        graph = self._graph(context)
        sources = self._sources(graph, model, on, context)
        return delegations_to_sources(sources, self.over, model, on=on, context=context, graph=graph)

    def remarks(self, model: Model, *, on: dt.date, context: Context) -> tuple[str, ...]:
        """Return the declared and the reviewed lineage of a model, for ``explain``."""
        return lineage_lines(self._graph(context), model, on=on, context=context)

    def rests_on(self, model: Model, *, on: dt.date, context: Context) -> RootEvidence:
        """Return what the root models of a model rest on.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return Ancestry.of(self._graph(context), model, on=on, context=context).rests_on

    def _graph(self, context: Context) -> Graph:
        return Graph.of(context, self.evidence, self.components)

    def _shares(self) -> Shares | None:
        return None

    def _sources(self, graph: Graph, model: Model, on: dt.date, context: Context) -> Mapping[str, float]:
        found = _passed(graph.bases(model, on=on, context=context), _ALL)
        rest = 1 - sum(found.values())
        return found if rest <= 0 else found | {model.id: rest} if found else {model.id: 1.0}


@attrs.frozen
class Lineage(DirectBase):
    """Credits a model in part to its publisher and in part to its base models, whose parts are divided in the same way.

    Attributes:
        shares: For each relation the part of a model that is passed on to its base models; a component is passed on as a whole.
        over: The strategy that attributes each model of the lineage to its publisher.
        evidence: As for :class:`DirectBase`.
        components: As for :class:`DirectBase`.
    """

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(CONVENTION.items()), kw_only=True)
    name: ClassVar[str] = "lineage"

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        if len(same := {share for _, share in self.shares}) == 1:
            return _expression(self.name, self, share_to_base=same.pop())
        parts = {str(relation): share for relation, share in self.shares if share != CONVENTION[relation]}
        return _expression(self.name, self, by_relation=parts or None)

    def _shares(self) -> Shares | None:
        return dict(self.shares)

    def _sources(self, graph: Graph, model: Model, on: dt.date, context: Context) -> Mapping[str, float]:
        shares = dict(self.shares)

        def onward(one: Model) -> Mapping[str, float]:
            return _passed(graph.bases(one, on=on, context=context), shares)

        return walk(model, onward, context=context)


@attrs.frozen
class Root(Lineage):
    """Credits a model to the publishers of its root models; merges divide the credit equally among their base models."""

    shares: tuple[tuple[Relation, float], ...] = attrs.field(default=tuple(_ALL.items()), init=False, repr=False)
    name: ClassVar[str] = "root"

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return _expression(self.name, self)


def direct_base(
    *,
    over: str | AttributionStrategy = "publisher",
    evidence: LineageEvidence = "reviewed",
    components: Mapping[str, float] | None = None,
) -> DirectBase:
    """Credit a model to the publishers of its direct base models, in equal parts; without base models, to its own publisher.

    Args:
        over: The strategy that attributes a model to its publisher.
        evidence: As for :func:`root`.
        components: As for :func:`root`.

    Raises:
        InvalidArgumentError: ``evidence`` or ``components`` is not valid.

    Example:
        >>> print(direct_base())
        direct-base
    """
    return DirectBase(over, evidence=evidence, components=_components(components))


def root(
    *,
    over: str | AttributionStrategy = "publisher",
    evidence: LineageEvidence = "reviewed",
    components: Mapping[str, float] | None = None,
) -> Root:
    """Credit a model to the publishers of its root models; without base models, to its own publisher.

    Args:
        over: The strategy that attributes a model to its publisher.
        evidence: ``declared``: the base models that model cards declare; ``reviewed``: these, completed and corrected by the
            lineage facts of the registry.
        components: For each component the part of a model, in (0, 1], that is credited to the base model of the component,
            such as ``{"vision encoder": 0.2}``; by default only facts about whole models count.

    Raises:
        InvalidArgumentError: ``evidence`` or ``components`` is not valid.

    Example:
        >>> print(root(over=direct_base()), root(evidence="declared"))
        root(over=direct-base) root(evidence='declared')
    """
    return Root(over, evidence=evidence, components=_components(components))


def lineage(
    *,
    share_to_base: float | None = None,
    by_relation: Mapping[str | Relation, float] | None = None,
    over: str | AttributionStrategy = "publisher",
    evidence: LineageEvidence = "reviewed",
    components: Mapping[str, float] | None = None,
) -> Lineage:
    """Divide the credit of a model between its publisher and its lineage.

    The part of a base model is divided again by its own lineage. Base models of one model have equal parts.

    Args:
        share_to_base: Part in [0, 1] that is passed on for every relation; by default a convention of ossgeo: 1 for
            quantizations and merges, 0.5 for finetunes, adapters and bases of unspecified relation.
        by_relation: Part by relation; takes precedence over ``share_to_base``.
        over: The strategy that attributes a model to its publisher.
        evidence: As for :func:`root`.
        components: As for :func:`root`.

    Raises:
        InvalidArgumentError: A part does not lie in [0, 1], or a relation or component is not known.

    Example:
        >>> print(lineage(by_relation={"adapter": 1.0}))
        lineage(by_relation={'adapter': 1.0})
    """
    shares = dict(CONVENTION) if share_to_base is None else dict.fromkeys(Relation, share_to_base)
    words: dict[Any, Relation] = {relation.value: relation for relation in Relation}
    if not isinstance(by_relation, Mapping | None):
        raise InvalidArgumentError(f"by_relation must be a mapping of relations to parts, got {by_relation!r}")
    for key, share in (by_relation or {}).items():
        relation = words.get(key.value if isinstance(key, Relation) else key)
        if relation is None:
            raise InvalidArgumentError(str(UnknownNameError.among(str(key), words, what="by_relation: the relation")))
        shares[relation] = share
    for relation, share in shares.items():
        if not (isinstance(share, int | float) and 0 <= share <= 1):
            raise InvalidArgumentError(f"the part of a {relation} that is passed on must lie in [0, 1], got {share!r}")
    parts = tuple((relation, float(share)) for relation, share in shares.items())
    return Lineage(over, evidence=evidence, components=_components(components), shares=parts)


def _passed(bases: tuple[Base, ...], shares: Shares) -> dict[str, float]:
    """Return the part that is passed on to each base model; a component is passed on as a whole."""
    found: dict[str, float] = {}
    for base in bases:
        part = base.part * (shares[base.relation] if base.component is None else 1.0)
        found[base.model_id] = found.get(base.model_id, 0.0) + part
    return found


def _expression(name: str, strategy: DirectBase, **given: Any) -> str:
    words = {key: str(value) for key, value in given.items() if value is not None}
    if strategy.evidence != "reviewed":
        words["evidence"] = repr(strategy.evidence)
    if strategy.components:
        words["components"] = str(dict(strategy.components))
    if shown(strategy.over) != "publisher":
        words["over"] = shown(strategy.over)
    inner = ", ".join(f"{key}={value}" for key, value in words.items())
    return f"{name}({inner})" if inner else name
