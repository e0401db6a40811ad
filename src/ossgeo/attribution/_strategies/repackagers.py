"""Repackagers: what a namespace only converts belongs to whoever made it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import adjustments_of, changes_of, resolve, shown
from ossgeo.attribution._lineage.graph import Graph, Shares, trickle, walk
from ossgeo.attribution._lineage.propagation import Question, inherit, inherit_all, questions_about
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, AttributionStrategy, Context
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.panel._models import Model, Relation

ROLE: Final = "repackager"
"""The role that the registry gives to namespaces that mostly convert other people's models."""

CONVERSIONS: Final = (Relation.QUANTIZED, Relation.UNSPECIFIED)
"""What a repackager's model is, if it is a conversion: the Hub's tag for a converted format often says no relation."""

_ON: Final[Shares] = {relation: float(relation in CONVERSIONS) for relation in Relation}


@attrs.frozen
class RepackagerPassthrough:
    """A repackager's conversions belong to the base; all else, its own finetunes too, to its publisher.

    Who is a repackager, and since when, stands in the registry. The base of a conversion may be a repackager's conversion
    itself, and is then passed through in turn.

    Attributes:
        over: The rule that says who published a model.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: str = attrs.field(default="repackager-passthrough", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"base_models"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return self.name if shown(self.over) == "publisher" else f"{self.name}(over={shown(self.over)})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Say who made what a repackager converted, or who published anything else.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return inherit(self.name, self._sources(model, on, context), self.over, model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once, for each span of time in which the repackagers are the same.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        parts = []
        for start, end in itertools.pairwise([BEGINNING, *sorted(_days(context)), END]):
            links = _conversions(Graph.of(context), start, context)
            credits = inherit_all(self.name, trickle(links, _ON), self.over, models, context=context)
            since, until = pl.max_horizontal("start", pl.lit(start)), pl.min_horizontal("end", pl.lit(end))
            parts.append(credits.with_columns(start=since, end=until).filter(pl.col("start") < pl.col("end")))
        return pl.concat(parts).select(*CREDIT_SCHEMA)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the inner rule's answers change, or who is a repackager."""
        return changes_of([self.over], context) | _days(context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what was mended or left out of the declared bases."""
        return (*Graph.of(context).found, *adjustments_of([self.over], context))

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked about which model."""
        return questions_about(self._sources(model, on, context), self.over, model, context)

    def _sources(self, model: Model, on: dt.date, context: Context) -> Mapping[str, float]:
        graph = Graph.of(context)

        def onward(one: Model) -> Mapping[str, float]:
            if ROLE not in context.registry.roles(one.namespace, on=on):
                return {}
            bases = [base.model_id for base in graph.bases(one, context=context) if base.relation in CONVERSIONS]
            return dict.fromkeys(bases, 1 / len(bases)) if bases else {}

        return walk(model, onward, context=context)


def repackager_passthrough(*, over: str | AttributionStrategy = "publisher") -> RepackagerPassthrough:
    """Credit what a repackager converted to the publisher of the base, and everything else to its own publisher.

    Args:
        over: The rule that says who published a model.

    Example:
        >>> print(repackager_passthrough())
        repackager-passthrough
    """
    return RepackagerPassthrough(over)


def _conversions(graph: Graph, on: dt.date, context: Context) -> pl.DataFrame:
    """The links from repackagers' conversions on a day, in equal parts."""
    spans = context.registry.with_role(ROLE)
    then = [name for name, found in spans.items() if any(span.start <= on < span.end for span in found)]
    handle = pl.col("child").str.split("/").list.first()
    links = graph.links.filter(pl.col("relation").is_in([str(one) for one in CONVERSIONS]) & handle.is_in(then))
    return links.with_columns(part=1 / pl.len().over("child").cast(pl.Float64))


def _days(context: Context) -> frozenset[dt.date]:
    spans = [span for found in context.registry.with_role(ROLE).values() for span in found]
    return frozenset(day for span in spans for day in (span.start, span.end) if BEGINNING < day < END)
