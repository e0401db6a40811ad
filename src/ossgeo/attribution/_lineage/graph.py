"""The graph of base models: what model cards declare after corrections, completed by the lineage facts of the registry."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final, Self

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo._core.relations import Relation
from ossgeo.attribution._lineage.components import components as strongly_connected
from ossgeo.attribution._lineage.facts import LINKS, Components, LineageEvidence, reviewed_links, used_facts
from ossgeo.attribution._lineage.resolution import declared_links, resolved_links, unique_links
from ossgeo.attribution._protocol import Context
from ossgeo.panel._models import Model
from ossgeo.registry._lineage import LineageFact
from ossgeo.registry._registry import Registry

_UNKNOWN: Final = "the models table has no column base_models: nothing is declared"


@attrs.frozen
class Base:
    """A base model of a model.

    Attributes:
        model_id: Id of the base model; the models table need not list it.
        relation: How the model was derived from it.
        part: Its part of the model, in (0, 1]; the base models of one model have equal parts.
        component: The part of the model that comes from it; None for the whole model.
        fact: The reviewed fact; None if a model card declares it.
    """

    model_id: str
    relation: Relation
    part: float
    component: str | None = None
    fact: LineageFact | None = None


@attrs.frozen
class _Link:
    """A link from a model to a base model, and when it holds."""

    base: Base
    share: float | None = None
    start: dt.date = BEGINNING
    end: dt.date = END


class Graph:
    """Links from models to their base models, which are numbered. Links are unique and acyclic, and no model links to itself.

    The numbers of the models of the table are their places in it; models that only links name follow.

    Declared base models are corrected: web addresses are reduced to ids; a base model that the models table does not list is
    known by its current id if the registry knows that it moved, and is searched in another letter case, in another namespace
    of its organization (a rename), and, if only a name is declared, as the only model with that name (first in the archives).
    A base model that is still not found is unlisted and known by its id; a name without a namespace that is not found is
    ignored. Reviewed facts replace the declarations of a card. Links within a cycle are left out, declared ones first.
    """

    def __init__(
        self,
        links: pl.DataFrame,
        names: pl.Series,
        found: tuple[Adjustment, ...] = (),
        facts: tuple[LineageFact, ...] = (),
        components: Components = (),
    ) -> None:
        """Store links between numbers, the ids of the numbers, adjustments and facts; see :meth:`of`."""
        self.links = links
        self.names = names
        self.found = found
        self.facts = facts
        self.components = components
        self._bases: dict[str, tuple[_Link, ...]] | None = None

    @classmethod
    def of(cls, context: Context, evidence: LineageEvidence = "reviewed", components: Components = ()) -> Graph:
        """Return the graph of a context's models; it is made once.

        Args:
            context: The models, and the registry, which knows what belongs together.
            evidence: ``declared`` or ``reviewed``.
            components: The components that count, with their parts.
        """
        models, registry = context.models, context.registry
        return models.once(
            ("graph", registry.version, evidence, components),
            lambda: cls.build(models.frame, registry, evidence=evidence, components=components),
        )

    @classmethod
    def build(
        cls,
        models: pl.DataFrame,
        registry: Registry,
        *,
        evidence: LineageEvidence = "reviewed",
        components: Components = (),
    ) -> Self:
        """Make the graph.

        Args:
            models: The models table; ``base_models`` is used.
            registry: Determines which namespaces belong together and which are archives, and has the reviewed facts.
            evidence: ``declared`` or ``reviewed``.
            components: The components that count, with their parts.
        """
        models = models.select(name for name in ("model_id", "namespace", "base_models") if name in models.columns)
        if models["model_id"].hash().n_unique() < models.height:
            models = models.unique("model_id", keep="last", maintain_order=True)
        known = models.select("model_id", "namespace").with_row_index("node")
        found: list[Adjustment] = []
        if "base_models" not in models.columns:
            found.append(Adjustment("bases_unknown", known.height, "models", _UNKNOWN))
        declared, unusable = declared_links(models)
        note = "a base model declared by a path or text that is not an id"
        found.append(Adjustment("base_unusable", unusable, "links", note))
        facts = used_facts(registry, components) if evidence == "reviewed" else ()
        links = declared.select(
            "child", "parent", "relation", component=pl.lit(None, pl.String), share=pl.lit(None, pl.Float64),
            start=pl.lit(BEGINNING), end=pl.lit(END), fact=pl.lit(None, pl.Int64),
        )  # fmt: skip
        outside = pl.Series(dtype=pl.String)
        if facts:
            links, outside, changed = reviewed_links(links, known, facts, components, registry)
            found += changed
        resolved, notes = resolved_links(links, known, registry)
        found += notes
        unlisted = resolved.filter(pl.col("node").is_null())["parent"]
        outside = pl.concat([outside, unlisted]).unique(maintain_order=True)
        numbers = outside.to_frame("parent").with_row_index("number", offset=known.height)
        resolved = resolved.join(numbers, on="parent", how="left", maintain_order="left")
        joined = unique_links(resolved.with_columns(parent=pl.coalesce("node", "number")).select(*LINKS))
        away = joined.filter(pl.col("child") != pl.col("parent"))
        kept = _without_cycles(away)
        for code, number, text in (
            ("base_itself", joined.height - away.height, "from a model to itself; left out"),
            ("base_cycle", away.height - kept.height, "within a cycle; left out"),
        ):
            found.append(Adjustment(code, number, "links", text))
        names = pl.concat([known["model_id"], outside.rename("model_id")])
        return cls(kept, names, tuple(item for item in found if item.count), facts, components)

    @property
    def days(self) -> frozenset[dt.date]:
        """The days on which a link begins or ends."""
        ends = {*self.links["start"].unique(), *self.links["end"].unique()}
        return frozenset(day for day in ends if BEGINNING < day < END)

    def has_answer(self, model: Model, context: Context) -> bool:
        """Return whether a card or a fact says, at any date, what a model was made from, or that it has no base model.

        Args:
            model: The model.
            context: The models of the graph.
        """
        if self._bases is None:
            self._bases = _by_child(self)
        outside = model.id not in context.models and bool(model.base_models)
        return model.id in self._bases or outside or any(fact.model == model.id for fact in self.facts)

    def answered(self) -> pl.DataFrame:
        """Return the models for which :meth:`has_answer` holds: model_id."""
        about = pl.DataFrame({"model_id": [fact.model for fact in self.facts]}, schema={"model_id": pl.String})
        children = self.names.gather(self.links["child"].unique()).to_frame()
        return pl.concat([children, about]).unique()

    def named(self) -> pl.DataFrame:
        """Return the links with the ids of the models."""
        return self.links.with_columns(self.names.gather(self.links[end]).alias(end) for end in ("child", "parent"))

    def numbers_of(self, ids: Collection[str]) -> pl.DataFrame:
        """Return the numbers of those of some ids that the graph has: model_id, number.

        Args:
            ids: The ids.
        """
        table = self.names.to_frame("model_id").with_row_index("number")
        return table.filter(pl.col("model_id").is_in(list(ids))).select("model_id", "number")

    def bases(self, model: Model, *, on: dt.date, context: Context) -> tuple[Base, ...]:
        """Return the base models of a model; for a model outside the graph those of the facts, or those that it declares.

        Args:
            model: The model.
            on: The day.
            context: The models of the graph.
        """
        if self._bases is None:
            self._bases = _by_child(self)
        if model.id in self._bases:
            return _with_parts(self._bases[model.id], on)
        if model.id in context.models:
            return ()
        about = [fact for fact in self.facts if fact.model == model.id and fact.base != model.id]
        shares = dict(self.components)
        links = [
            _Link(
                Base(fact.base, fact.relation, 1.0, None if fact.component not in shares else fact.component, fact),
                shares.get(fact.component),
                fact.start or BEGINNING,
            )
            for fact in about
            if fact.base
        ]
        since = min((fact.start or BEGINNING for fact in about if fact.component not in shares), default=END)
        moves = context.registry.moves
        ids = [(base.model_id if base.model_id in context.models else moves.get(base.model_id, base.model_id), base.relation)
               for base in model.base_models]  # fmt: skip
        declared = {name: relation for name, relation in ids if name != model.id}
        links += [_Link(Base(name, relation, 1.0), end=since) for name, relation in declared.items()]
        return _with_parts(links, on)


def _with_parts(links: Iterable[_Link], on: dt.date) -> tuple[Base, ...]:
    """Return the base models that hold on a day, with their parts."""
    held = [link for link in links if link.start <= on < link.end]
    number = Counter(link.base.component for link in held)
    rest = 1 - sum((link.share or 0.0) / number[link.base.component] for link in held)
    return tuple(
        attrs.evolve(link.base, part=(rest if link.share is None else link.share) / number[link.base.component])
        for link in held
    )


def _without_cycles(links: pl.DataFrame) -> pl.DataFrame:
    """Return the links that are not within a cycle; declared links of a cycle are left out before reviewed ones."""
    cycles = _in_cycles(links)
    if not cycles.height:
        return links
    inside = links.join(cycles, on=["child", "parent"], how="semi")
    reviewed = inside.filter(pl.col("fact").is_not_null())
    rest = links.join(cycles, on=["child", "parent"], how="anti", maintain_order="left")
    kept = reviewed.join(_in_cycles(reviewed), on=["child", "parent"], how="anti")
    return pl.concat([rest, kept])


def _in_cycles(links: pl.DataFrame) -> pl.DataFrame:
    """Return the links whose two ends can be reached from each other."""
    core = links.select("child", "parent").unique()
    while core.height:
        before = core.height
        core = core.join(core.select(parent="child").unique(), on="parent", how="semi")
        core = core.join(core.select(child="parent").unique(), on="child", how="semi")
        if core.height > before / 2:
            break
    names = {name: place for place, name in enumerate(pl.concat([core["child"], core["parent"]]).unique().to_list())}
    following: list[list[int]] = [[] for _ in names]
    for child, parent in core.iter_rows():
        following[names[child]].append(names[parent])
    numbers = strongly_connected(following)
    same = [numbers[names[child]] == numbers[names[parent]] for child, parent in core.iter_rows()]
    return core.filter(pl.Series(same, dtype=pl.Boolean))


def _by_child(graph: Graph) -> dict[str, tuple[_Link, ...]]:
    """Return the links of each model; none for models whose facts are within a cycle."""
    words = {str(relation): relation for relation in Relation}
    about = graph.numbers_of({fact.model for fact in graph.facts})
    bases: dict[str, list[_Link]] = {name: [] for name in about["model_id"]}
    for child, parent, relation, component, share, start, end, place in graph.named().select(*LINKS).iter_rows():
        fact = None if place is None else graph.facts[place]
        base = Base(parent, words[relation], 1.0, component, fact)
        bases.setdefault(child, []).append(_Link(base, share, start, end))
    return {child: tuple(found) for child, found in bases.items()}
