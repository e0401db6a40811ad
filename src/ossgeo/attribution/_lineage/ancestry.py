"""The lineage of one model: its ancestors, the facts behind them, and what its roots rest on."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, get_args

import attrs
import polars as pl

from ossgeo.attribution._lineage.graph import Base, Graph
from ossgeo.attribution._lineage.paths import named, reached
from ossgeo.attribution._protocol import Context
from ossgeo.panel._models import Model
from ossgeo.registry._lineage import LineageFact
from ossgeo.registry._organizations import Evidence

RootEvidence = Literal["declared", "reviewed", "disputed", "absent"]
"""What the root models of a model rest on: ``declared`` (model cards only), ``reviewed`` (at least one reviewed fact), ``disputed``
(at least one disputed fact), or ``absent`` (no base model is declared or reviewed, so that the model is its own root)."""

ROOT_EVIDENCE: Final[tuple[RootEvidence, ...]] = get_args(RootEvidence)


@attrs.frozen
class Ancestry:
    """The lineage of a model on a day.

    Attributes:
        links: Each model with one of its base models: from the model to its base models, from these to theirs, and so on.
        facts: The reviewed facts behind it, also those that a model has no base model.
    """

    links: tuple[tuple[str, Base], ...]
    facts: tuple[LineageFact, ...]

    @classmethod
    def of(cls, graph: Graph, model: Model, *, on: dt.date, context: Context) -> Ancestry:
        """Follow the base models of a model.

        Args:
            graph: The graph.
            model: The model.
            on: The day.
            context: The models of the graph.
        """
        links: dict[tuple[str, Base], None] = {}
        waiting, seen = [model], {model.id}
        while waiting:
            one = waiting.pop(0)
            for base in graph.bases(one, on=on, context=context):
                links[one.id, base] = None
                if base.model_id not in seen:
                    seen.add(base.model_id)
                    waiting.append(named(base.model_id, context))
        found = [base.fact for _, base in links if base.fact is not None]
        found += [fact for fact in graph.facts if fact.base is None and fact.model in seen and fact.holds(on)]
        return cls(tuple(links), tuple(dict.fromkeys(found)))

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The ids of the ancestors, the nearest first."""
        return tuple(dict.fromkeys(base.model_id for _, base in self.links))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence of the facts."""
        return tuple(dict.fromkeys(fact.evidence for fact in self.facts))

    @property
    def rests_on(self) -> RootEvidence:
        """What the root models rest on."""
        if any(item.confidence == "disputed" for item in self.evidence):
            return "disputed"
        if self.facts:
            return "reviewed"
        return "declared" if self.links else "absent"

    def __str__(self) -> str:
        """Return the links in one line."""
        return ", ".join(
            f"{child} <- {base.model_id} ({f'{base.component}, ' if base.component else ''}{base.relation})"
            for child, base in self.links
        )


def root_evidence(graph: Graph) -> pl.Series:
    """Return what the root models of each model of a graph rest on, at any date, in the order of its names.

    Args:
        graph: The graph.
    """
    without = [fact for fact in graph.facts if fact.base is None]
    numbers = dict(graph.numbers_of([fact.model for fact in without]).iter_rows())
    about = [(numbers[fact.model], fact) for fact in without if fact.model in numbers]
    linked = graph.links.drop_nulls("fact").select("child", "fact").iter_rows()
    about += [(child, graph.facts[place]) for child, place in linked]
    disputed = [child for child, fact in about if fact.evidence.confidence == "disputed"]
    words = pl.repeat("absent", len(graph.names), dtype=pl.Enum(ROOT_EVIDENCE), eager=True)
    words.scatter(graph.links["child"], "declared")
    for children, word in (([child for child, _ in about], "reviewed"), (disputed, "disputed")):
        start = pl.DataFrame({"model": children}, schema={"model": pl.UInt32})
        words.scatter(reached(start, graph.links, towards="child")["model"], word)
    return words.cast(pl.String)


def lineage_lines(graph: Graph, model: Model, *, on: dt.date, context: Context) -> tuple[str, ...]:
    """Describe the declared and the reviewed lineage of a model, with the facts and those that are not used.

    Args:
        graph: The graph that is used.
        model: The model.
        on: The day.
        context: The models of the graph.
    """
    declared = Ancestry.of(Graph.of(context, "declared"), model, on=on, context=context)
    used = Ancestry.of(graph, model, on=on, context=context)
    idle = [fact for fact in context.registry.lineage.get(model.id, ()) if fact not in used.facts]
    lines = [f"declared lineage: {declared if declared.links else missing_bases(model, context)}"]
    if used.facts:
        lines.append(f"reviewed lineage: {used if used.links else 'no base model'}")
    lines += [f"   {fact}" for fact in used.facts]
    return (*lines, *(f"   not used here: {fact}" for fact in idle))


def missing_bases(model: Model, context: Context) -> str:
    """Return why nothing is declared about the base models of a model."""
    declared = "base_models" in context.models.frame.columns if model.id in context.models else bool(model.base_models)
    return "no base declared" if declared else "base models unknown"
