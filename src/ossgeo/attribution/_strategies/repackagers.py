"""The strategy ``repackager-passthrough``: conversions are credited to the converted model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo._core.relations import Relation
from ossgeo.attribution._evaluation import resolve
from ossgeo.attribution._lineage.facts import LINKS
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._lineage.paths import Shares, sources_of, walk
from ossgeo.attribution._lineage.propagation import delegations_to_sources, propagate_all, propagate_credits
from ossgeo.attribution._protocol import Attribution, AttributionStrategy, Context, Delegation
from ossgeo.attribution._strategies.built_in import BaseModelStrategy
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.panel._models import Model
from ossgeo.registry._classification import find_roles, namespaces_with_role

ROLE: Final = "repackager"
"""The role in the registry of namespaces that mostly convert models of others."""

CONVERSIONS: Final = (Relation.QUANTIZED, Relation.UNSPECIFIED)
"""Relations that count as conversions: tags of converted formats often have no relation."""

_ON: Final[Shares] = {relation: float(relation in CONVERSIONS) for relation in Relation}


@attrs.frozen
class RepackagerPassthrough(BaseModelStrategy):
    """Credits conversions by repackagers to the base model, and all other models to their publishers.

    The registry lists repackagers with dates. If the base model is itself a conversion by a repackager, its own base model is
    credited.

    Attributes:
        over: The strategy that attributes a model to its publisher.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: ClassVar[str] = "repackager-passthrough"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the publisher of the converted model, or of any other model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return propagate_credits(self.name, self._sources(model, on, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        graph = Graph.of(context)
        sources = sources_of(_conversions(graph, context), _ON)
        return propagate_all(self.name, graph.names, sources, self.over, models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the result of the inner strategy, the lineage or the set of repackagers changes."""
        return super().changes(context) | Graph.of(context).days | _days(context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the corrections of declared base models and the links that were left out."""
        return (*Graph.of(context).found, *super().adjustments(context))

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated, each with its model."""
        sources, graph = self._sources(model, on, context), Graph.of(context)
        return delegations_to_sources(sources, self.over, model, on=on, context=context, graph=graph)

    def _sources(self, model: Model, on: dt.date, context: Context) -> Mapping[str, float]:
        graph = Graph.of(context)

        def onward(one: Model) -> Mapping[str, float]:
            if ROLE not in find_roles(context.registry, one.namespace, on=on):
                return {}
            bases = [base.model_id for base in graph.bases(one, on=on, context=context) if base.relation in CONVERSIONS]
            return dict.fromkeys(bases, 1 / len(bases)) if bases else {}

        return walk(model, onward, context=context)


def repackager_passthrough(*, over: str | AttributionStrategy = "publisher") -> RepackagerPassthrough:
    """Credit conversions by repackagers to the publisher of the base model, and all other models to their own publishers.

    Args:
        over: The strategy that attributes a model to its publisher.

    Example:
        >>> print(repackager_passthrough())
        repackager-passthrough
    """
    return RepackagerPassthrough(over)


def _conversions(graph: Graph, context: Context) -> pl.DataFrame:
    """Return the links from conversions by repackagers, while the publisher is a repackager."""
    spans = [
        (name, one.start, one.end)
        for name, found in namespaces_with_role(context.registry, ROLE).items()
        for one in found
    ]
    roles = pl.DataFrame(spans, schema={"handle": pl.String, "since": pl.Date, "until": pl.Date}, orient="row")
    relations = [str(one) for one in CONVERSIONS]
    links = graph.links.filter(pl.col("relation").is_in(relations))
    handles = graph.names.gather(links["child"]).str.split("/").list.first()
    links = links.with_columns(handles.alias("handle")).join(roles, on="handle")
    start, end = pl.max_horizontal("start", "since"), pl.min_horizontal("end", "until")
    return links.with_columns(start=start, end=end).filter(pl.col("start") < pl.col("end")).select(*LINKS)


def _days(context: Context) -> frozenset[dt.date]:
    spans = [span for found in namespaces_with_role(context.registry, ROLE).values() for span in found]
    return frozenset(day for span in spans for day in (span.start, span.end) if BEGINNING < day < END)
