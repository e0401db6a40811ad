"""The graph of base models, built from declared base models after corrections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Self

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._lineage.components import components
from ossgeo.attribution._protocol import Context
from ossgeo.panel._models import Model, Relation
from ossgeo.registry._classification import namespace_seats, namespaces_with_role
from ossgeo.registry._registry import Registry

Shares = Mapping[Relation, float]
"""For each relation the part of a model that is passed on to its base model, in [0, 1]."""

_LINK: Final = ("child", "parent", "relation")
_ADDRESS: Final = r"^(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+).*$"
_ID: Final = r"^[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?$"
_NEGLIGIBLE: Final = 2.0**-30
_UNKNOWN: Final = "the models table has no column base_models: each model was treated as its own root"


@attrs.frozen
class Base:
    """A base model of a model.

    Attributes:
        model_id: Id of the base model; the models table need not list it.
        relation: How the model was derived from it.
        part: Its part among all base models of the model, in (0, 1]; base models have equal parts.
    """

    model_id: str
    relation: Relation
    part: float


class Graph:
    """Links from models to their base models. Links are unique and acyclic, and no model links to itself.

    Declared base models are corrected: web addresses are reduced to ids; a base model that the models table does not list has
    its current id if the registry knows that it moved, and is then searched in another letter case, in another namespace of its organization (a rename), and, if only a name is declared, as
    the only model with that name (first in the archives of old ids). A base model that is still not found is unlisted and known
    by its id; a name without a namespace that is not found is ignored. Links within a cycle are left out.
    """

    def __init__(self, links: pl.DataFrame, unlisted: pl.DataFrame, found: tuple[Adjustment, ...] = ()) -> None:
        """Store links (child, parent, relation), unlisted base models (model_id, namespace) and adjustments; see :meth:`of`."""
        self.links: pl.DataFrame = links.with_columns(part=1 / pl.len().over("child").cast(pl.Float64))
        self.unlisted = unlisted
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
        found = [
            Adjustment("base_unusable", unusable, "links", "a base model declared by a path or text that is not an id")
        ]
        declared, moved = _at_current_ids(declared, known, registry)
        found.append(
            Adjustment("base_moved", moved, "links", "to a base model that moved to another id, by the registry")
        )
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
                "declared by a name that no model or several models have",
            ),
            ("base_missing", links[-1].height, "to a base model that the models table does not list; known by its id"),
            ("base_itself", joined.height - away.height, "from a model to itself; left out"),
            ("base_cycle", cycles.height, "within a cycle; left out"),
        ):
            found.append(Adjustment(code, number, "links", note))
        unlisted = (
            kept.select(model_id="parent")
            .unique(maintain_order=True)
            .join(known, on="model_id", how="anti", maintain_order="left")
            .with_columns(namespace=pl.col("model_id").str.split("/").list.first())
        )
        return cls(kept, unlisted, tuple(item for item in found if item.count))

    def bases(self, model: Model, *, context: Context) -> tuple[Base, ...]:
        """Return the base models of a model; for a model outside the graph those that it declares.

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
        moves = context.registry.moves
        ids = {base: base.model_id if base.model_id in context.models else moves.get(base.model_id, base.model_id)
               for base in model.base_models}  # fmt: skip
        declared = {name: base.relation for base, name in ids.items() if name != model.id}
        return tuple(Base(name, relation, 1 / len(declared)) for name, relation in declared.items())


def named(model_id: str, context: Context) -> Model:
    """Return a model of the context; a model that the context does not list has its id only.

    Args:
        model_id: The id.
        context: The models.
    """
    return context.models[model_id] if model_id in context.models else Model(model_id)


def walk(model: Model, onward: Callable[[Model], Mapping[str, float]], *, context: Context) -> dict[str, float]:
    """Follow the base models of a model, and assign to each model the part that is not passed on to its base models.

    Args:
        model: The model to start from.
        onward: Returns, for a model, the part that is passed on to each of its base models.
        context: The models.

    Returns:
        The part of each visited model, by id; the parts sum to 1.
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


def propagate(links: pl.DataFrame, shares: Shares) -> pl.DataFrame:
    """Do the same as :func:`walk` for all models at once: each round joins the paths found so far with themselves.

    Args:
        links: child, parent, relation, part; acyclic.
        shares: For each relation the part of a model that is passed on to its base model.

    Returns:
        One row for each model with a base model and each ancestor, or the model itself, that keeps a part: model_id, source,
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
    """Return the declared links, unique, with addresses reduced to ids, and the number of declarations that are not ids."""
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


def _at_current_ids(links: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> tuple[pl.DataFrame, int]:
    """Return the links with the current id of each moved parent that the models do not list, and the number of these."""
    moves = registry.moves
    moved = pl.col("parent").is_in(list(moves)) & ~pl.col("parent").is_in(known["model_id"].implode())
    current = pl.col("parent").replace_strict(dict(moves), default=pl.col("parent"), return_dtype=pl.String)
    number = links.select(moved.sum()).item()
    return _unique(links.with_columns(parent=pl.when(moved).then(current).otherwise("parent"))), number


def _unique(links: pl.DataFrame) -> pl.DataFrame:
    """Return one link for each pair of models; a stated relation takes precedence over an unspecified one."""
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
    owned = namespace_seats(registry).select("namespace", "organization").drop_nulls().unique()

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
    archived = hits.filter(pl.col("namespace").is_in(list(namespaces_with_role(registry, "archive"))))
    return pl.concat([archived, hits.join(archived, on=["child", "parent"], how="anti")])


_Finder = Callable[[pl.DataFrame, pl.DataFrame, Registry], pl.DataFrame]
_FINDERS: Final[tuple[tuple[str, str, _Finder], ...]] = (
    ("base_respelled", "to a base model that was found in another letter case", _by_spelling),
    ("base_renamed", "to a base model that was found in another namespace of its organization", _by_organization),
    ("base_by_name", "to a base model that was declared by its name only and found", _by_name),
)


def _in_cycles(links: pl.DataFrame) -> pl.DataFrame:
    """Return the links whose two ends can be reached from each other."""
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
