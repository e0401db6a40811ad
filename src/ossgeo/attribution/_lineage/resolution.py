"""Declared base models, and the models that they mean: addresses, other spellings, renames and bare names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo._core.relations import Relation
from ossgeo.registry._classification import namespace_seats, namespaces_with_role
from ossgeo.registry._registry import Registry

_ADDRESS: Final = r"^(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/([^/\s]+/[^/\s?#]+).*$"
_ID: Final = r"^[A-Za-z0-9][\w.-]*(?:/[\w.-]+)?$"


def declared_links(models: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return the declared links, unique, with addresses reduced to ids, and the number of declarations that are not ids.

    Args:
        models: The models table; without ``base_models`` nothing is declared.

    Returns:
        child (its place in the table), parent (an id), relation; a stated relation takes precedence over an unspecified one.
    """
    if "base_models" not in models.columns:
        return pl.DataFrame(schema={"child": pl.UInt32, "parent": pl.String, "relation": pl.String}), 0
    some = models.select("base_models").with_row_index("child").filter(pl.col("base_models").list.len() > 0)
    base = pl.col("base_models").struct
    text = base.field("model_id").str.strip_chars()
    links = some.explode("base_models").select(
        "child",
        parent=text.str.replace(_ADDRESS, "$1"),
        relation=base.field("relation").fill_null(Relation.UNSPECIFIED.value),
    )
    usable = links.filter(pl.col("parent").str.contains(_ID))
    return unique_links(usable), links.height - usable.height


def unique_links(links: pl.DataFrame) -> pl.DataFrame:
    """Return one link for each pair of models and component; a stated relation takes precedence over an unspecified one.

    Args:
        links: child, parent, relation, and perhaps component.
    """
    pair = [name for name in ("child", "parent", "component") if name in links.columns]
    place = links.select(pl.struct(pair).hash()).to_series()
    if place.n_unique() == links.height:  # most links are unique and need no sorting
        return links
    repeated = place.is_duplicated()
    vague = (pl.col("relation") == Relation.UNSPECIFIED.value).cast(pl.Int8)
    ordered = links.filter(repeated).with_columns(vague=vague).sort(*pair, "vague", "relation")
    first = ordered.unique(pair, keep="first", maintain_order=True).drop("vague")
    return pl.concat([links.filter(~repeated), first])


def resolved_links(
    links: pl.DataFrame, known: pl.DataFrame, registry: Registry
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return the links with base models that the models table lists where they can be found, and the corrections.

    Args:
        links: child, parent, relation and further columns.
        known: node (a number), model_id and namespace of the models of the table.
        registry: Determines which namespaces belong together, and which are archives.

    Returns:
        The links with the column node, the number of the base model; null if the table does not list it.
    """
    links, moved = _at_current_ids(links, known, registry)
    marked = links.join(known.select("node", parent="model_id"), on="parent", how="left", maintain_order="left")
    missing = marked.filter(pl.col("node").is_null()).drop("node")
    found = [marked.drop_nulls("node")]
    notes = [("base_moved", moved, "to a base model that moved to another id, by the registry")]
    for code, note, finder in _FINDERS:
        hits = finder(missing.select("child", "parent").unique(), known, registry)
        hits = hits.select("child", "parent", "node").unique().unique(["child", "parent"], keep="none")
        there = missing.join(hits, on=["child", "parent"])
        missing = missing.join(hits, on=["child", "parent"], how="anti")
        found.append(there)
        notes.append((code, there.height, note))
    has_namespace = pl.col("parent").str.contains("/", literal=True)
    outside = missing.filter(has_namespace)
    nameless = missing.height - outside.height
    notes.append(("base_nameless", nameless, "declared by a name that no model or several models have"))
    notes.append(
        ("base_missing", outside.height, "to a base model that the models table does not list; known by its id")
    )
    adjustments = tuple(Adjustment(code, count, "links", note) for code, count, note in notes)
    return pl.concat([*found, outside.with_columns(node=pl.lit(None, pl.UInt32))]), adjustments


def _at_current_ids(links: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> tuple[pl.DataFrame, int]:
    """Return the links with the current id of each moved parent that the models do not list, and the number of these."""
    old = pl.Series(list(registry.moves), dtype=pl.String)
    there = set(known["model_id"].filter(known["model_id"].is_in(old.implode())))
    current = {name: moved for name, moved in registry.moves.items() if name not in there}
    number = links["parent"].is_in(pl.Series(list(current), dtype=pl.String).implode()).sum()
    return links.with_columns(pl.col("parent").replace(current)), int(number)


def _by_spelling(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    del registry
    lower = pl.col("parent").str.to_lowercase()
    return missing.with_columns(key=lower).join(
        known.select("node", key=pl.col("model_id").str.to_lowercase()), on="key"
    )


def _by_organization(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    owned = namespace_seats(registry).select("namespace", "organization").drop_nulls().unique()

    def keyed(table: pl.DataFrame, model: str) -> pl.DataFrame:
        parts = pl.col(model).str.splitn("/", 2).struct
        split = table.with_columns(namespace=parts.field("field_0"), name=parts.field("field_1").str.to_lowercase())
        return split.drop_nulls("name").join(owned, on="namespace").drop("namespace")

    there = keyed(known.join(owned, on="namespace", how="semi").select("node", "model_id"), "model_id")
    return keyed(missing, "parent").join(there, on=["organization", "name"])


def _by_name(missing: pl.DataFrame, known: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    only = missing.filter(~pl.col("parent").str.contains("/", literal=True))
    if not only.height:
        return only.with_columns(node=pl.lit(None, pl.UInt32))
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
