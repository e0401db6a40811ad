"""The graph of base models: which model was made from which, after what people declare is put in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Self

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._lineage.components import components
from ossgeo.attribution._protocol import Context
from ossgeo.panel._models import Model, Relation
from ossgeo.registry._registry import Registry

Shares = Mapping[Relation, float]
"""For each relation, which part of a model goes on to its base; in [0, 1]."""

_LINK: Final = ("child", "parent", "relation")
_ADDRESS: Final = r"^(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+).*$"
_ID: Final = r"^[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?$"
_NEGLIGIBLE: Final = 2.0**-30
_UNKNOWN: Final = "the models have no base_models: each was taken as its own base"


@attrs.frozen
class Base:
    """A model's base, as the graph has it.

    Attributes:
        model_id: Its id; it may be known by this id only.
        relation: How the other model was made from it.
        part: Its part among all bases of the other model, in (0, 1]; bases have equal parts.
    """

    model_id: str
    relation: Relation
    part: float


class Graph:
    """Who was made from whom. Links are unique, and run neither from a model to itself nor within a cycle.

    What is declared is put in order: web addresses are cut to ids; a base that is not among the models is looked for
    under another spelling of its letters, under another namespace of its organization (a rename), and, where only a name
    is declared, as the only model of that name (first in the archives of old ids). A base that is still not found is a
    stranger, known by its id; a mere name that is not found is no base. A cycle has no beginning: its links are left out.
    """

    def __init__(self, links: pl.DataFrame, strangers: pl.DataFrame, found: tuple[Adjustment, ...] = ()) -> None:
        """Keep links (child, parent, relation), strangers (model_id, namespace) and counts; see :meth:`of`."""
        self.links: pl.DataFrame = links.with_columns(part=1 / pl.len().over("child").cast(pl.Float64))
        self.strangers = strangers
        self.found = found
        self._bases: dict[str, tuple[Base, ...]] | None = None

    @classmethod
    def of(cls, context: Context) -> Graph:
        """Return the graph of a context's models; it is made once.

        Args:
            context: The models, and the registry, which knows what belongs together.
        """
        models, registry = context.models, context.registry
        return models.once(("graph", registry.version), lambda: cls.build(models.frame, registry))

    @classmethod
    def build(cls, models: pl.DataFrame, registry: Registry) -> Self:
        """Make the graph.

        Args:
            models: The models table; ``base_models`` is used.
            registry: Tells which namespaces belong together, and which are archives.
        """
        known = models.select("model_id", "namespace").unique("model_id", maintain_order=True)
        if "base_models" not in models.columns:
            unknown = Adjustment("bases_unknown", known.height, "models", _UNKNOWN)
            return cls(
                pl.DataFrame(schema=dict.fromkeys(_LINK, pl.String)), known.clear(), (unknown,) if known.height else ()
            )
        declared, unusable = _declared(models)
        found = [Adjustment("base_unusable", unusable, "links", "a base declared by a path or text that is no id")]
        missing = declared.join(known, left_on="parent", right_on="model_id", how="anti")
        links = [declared.join(known, left_on="parent", right_on="model_id", how="semi")]
        for code, note, finder in _FINDERS:
            hits = finder(missing, known, registry).unique(["child", "parent"], keep="none")
            missing = missing.join(hits, on=["child", "parent"], how="anti")
            links.append(hits.select("child", "relation", parent="model_id").select(*_LINK))
            found.append(Adjustment(code, hits.height, "links", note))
        has_namespace = pl.col("parent").str.contains("/", literal=True)
        links.append(missing.filter(has_namespace))
        joined = _unique(pl.concat(links))
        away = joined.filter(pl.col("child") != pl.col("parent"))
        cycles = _in_cycles(away)
        kept = away.join(cycles, on=["child", "parent"], how="anti", maintain_order="left")
        for code, number, note in (
            (
                "base_nameless",
                missing.filter(~has_namespace).height,
                "declared by a name that no or several models have",
            ),
            ("base_missing", links[-1].height, "to a base that is not among the models; known by its id"),
            ("base_itself", joined.height - away.height, "from a model to itself; left out"),
            ("base_cycle", cycles.height, "within a cycle, which has no beginning; left out"),
        ):
            found.append(Adjustment(code, number, "links", note))
        strangers = (
            kept.select(model_id="parent")
            .unique(maintain_order=True)
            .join(known, on="model_id", how="anti", maintain_order="left")
            .with_columns(namespace=pl.col("model_id").str.split("/").list.first())
        )
        return cls(kept, strangers, tuple(item for item in found if item.count))

    def bases(self, model: Model, *, context: Context) -> tuple[Base, ...]:
        """Return a model's bases; a model that is not in the graph has those that it declares.

        Args:
            model: The model.
            context: The models of the graph.
        """
        if self._bases is None:
            self._bases = _by_child(self.links)
        if model.id in self._bases:
            return self._bases[model.id]
        if not model.base_models or model.id in context.models:
            return ()
        declared = {base.model_id: base.relation for base in model.base_models if base.model_id != model.id}
        return tuple(Base(name, relation, 1 / len(declared)) for name, relation in declared.items())


def named(model_id: str, context: Context) -> Model:
    """Return a model of the context; one that is not there is known by its id only.

    Args:
        model_id: The id.
        context: The models.
    """
    return context.models[model_id] if model_id in context.models else Model(model_id)


def walk(model: Model, onward: Callable[[Model], Mapping[str, float]], *, context: Context) -> dict[str, float]:
    """Follow a model's bases upwards, and leave at each model what does not go on to its bases.

    Args:
        model: Where to start.
        onward: For a model, the part that goes on to each of its bases.
        context: The models.

    Returns:
        The part of each model on the way, by id; sums to 1.
    """
    left: dict[str, float] = {}
    waiting = {model.id: 1.0}
    while waiting:
        following: dict[str, float] = {}
        for name, weight in waiting.items():
            parts = onward(model if name == model.id else named(name, context)) if weight > _NEGLIGIBLE else {}
            rest = 1 - sum(parts.values())
            if rest > _NEGLIGIBLE:
                left[name] = left.get(name, 0.0) + weight * rest
            for parent, part in parts.items():
                if part > _NEGLIGIBLE:
                    following[parent] = following.get(parent, 0.0) + weight * part
        waiting = following
    total = sum(left.values())
    return {name: weight / total for name, weight in left.items()}


def trickle(links: pl.DataFrame, shares: Shares) -> pl.DataFrame:
    """Do :func:`walk` for every model at once: each round joins the ways so far with themselves.

    Args:
        links: child, parent, relation, part; without a cycle.
        shares: For each relation, which part of a model goes on to its base.

    Returns:
        One row for each model with a base and each model on its way up at which something is left: model_id, source,
        weight; the weights of a model sum to 1.
    """
    codes = pl.DataFrame({"name": pl.concat([links["child"], links["parent"]]).unique()}).with_row_index("code")
    share = pl.col("relation").replace_strict({str(one): float(part) for one, part in shares.items()})
    given = (
        links.join(codes, left_on="child", right_on="name")
        .rename({"code": "model"})
        .join(codes, left_on="parent", right_on="name")
        .select(
            "model",
            node="code",
            weight=pl.col("part") * share,
            rests=~pl.col("code").is_in(pl.col("model").unique().implode()),
        )
    )
    left = given.group_by("model").agg(weight=1 - pl.col("weight").sum())
    ways = pl.concat([given, left.select("model", node="model", weight="weight", rests=pl.lit(True))])
    ways = ways.filter(pl.col("weight") > _NEGLIGIBLE)
    while True:
        ways = ways.with_columns(rests=pl.col("rests") | (pl.col("weight") <= _NEGLIGIBLE))
        moving = ways.filter(~pl.col("rests"))
        if not moving.height:
            break
        onward = moving.join(ways, left_on="node", right_on="model", suffix="_on").select(
            "model", node="node_on", weight=pl.col("weight") * pl.col("weight_on"), rests="rests_on"
        )
        both = pl.concat([ways.filter("rests"), onward])
        ways = both.group_by("model", "node", "rests").agg(pl.col("weight").sum()).select(ways.columns)
    ways = ways.group_by("model", "node").agg(pl.col("weight").sum())
    ways = ways.with_columns(pl.col("weight") / pl.col("weight").sum().over("model"))
    found = ways.join(codes, left_on="model", right_on="code").rename({"name": "model_id"})
    return found.join(codes, left_on="node", right_on="code").select("model_id", "weight", source="name")


def _declared(models: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The declared links with addresses cut to ids, once each, and the number of those that are no id."""
    some = models.select("model_id", "base_models").filter(pl.col("base_models").list.len() > 0)
    base = pl.col("base_models").struct
    text = base.field("model_id").str.strip_chars()
    links = some.explode("base_models").select(
        child="model_id",
        parent=text.str.replace(_ADDRESS, "$1"),
        relation=base.field("relation").fill_null(Relation.UNSPECIFIED.value),
    )
    usable = links.filter(pl.col("parent").str.contains(_ID))
    return _unique(usable), links.height - usable.height


def _unique(links: pl.DataFrame) -> pl.DataFrame:
    """One link between two models; a stated relation goes before an unspecified one."""
    vague = (links["relation"] == Relation.UNSPECIFIED.value).cast(pl.Int8)
    return links.with_columns(vague=vague).sort("child", "parent", "vague", "relation").unique(
        ["child", "parent"], keep="first", maintain_order=True
    ).drop("vague")  # fmt: skip


def _by_spelling(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    del registry
    lower = pl.col("parent").str.to_lowercase()
    return missing.with_columns(key=lower).join(
        known.select("model_id", key=pl.col("model_id").str.to_lowercase()), on="key"
    )


def _by_organization(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    owned = registry.seats.select("namespace", "organization").drop_nulls().unique()

    def keyed(table: pl.DataFrame, model: str) -> pl.DataFrame:
        parts = pl.col(model).str.splitn("/", 2).struct
        split = table.with_columns(namespace=parts.field("field_0"), name=parts.field("field_1").str.to_lowercase())
        return split.drop_nulls("name").join(owned, on="namespace").drop("namespace")

    there = keyed(known.select("model_id"), "model_id")
    return keyed(missing, "parent").join(there, on=["organization", "name"])


def _by_name(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    only = missing.filter(~pl.col("parent").str.contains("/", literal=True))
    name = pl.col("model_id").str.splitn("/", 2).struct.field("field_1")
    hits = only.join(known.with_columns(name=name), left_on="parent", right_on="name")
    archived = hits.filter(pl.col("namespace").is_in(list(registry.with_role("archive"))))
    return pl.concat([archived, hits.join(archived, on=["child", "parent"], how="anti")])


_Finder = Callable[[pl.DataFrame, pl.DataFrame, Registry], pl.DataFrame]
_FINDERS: Final[tuple[tuple[str, str, _Finder], ...]] = (
    ("base_respelled", "to a base that was found under another spelling of its id", _by_spelling),
    ("base_renamed", "to a base that was found under another namespace of its organization", _by_organization),
    ("base_by_name", "to a base that was declared by its name only, and found", _by_name),
)


def _in_cycles(links: pl.DataFrame) -> pl.DataFrame:
    """The links whose two ends can be reached from each other."""
    core = links.select("child", "parent")
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
    numbers = components(following)
    same = [numbers[names[child]] == numbers[names[parent]] for child, parent in core.iter_rows()]
    return core.filter(pl.Series(same, dtype=pl.Boolean))


def _by_child(links: pl.DataFrame) -> dict[str, tuple[Base, ...]]:
    words = {str(relation): relation for relation in Relation}
    bases: dict[str, list[Base]] = {}
    for child, parent, relation, part in links.select("child", "parent", "relation", "part").iter_rows():
        bases.setdefault(child, []).append(Base(parent, words[relation], part))
    return {child: tuple(found) for child, found in bases.items()}
