"""Lineage facts of the registry as links between models."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, Literal

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.registry._lineage import WHOLE, LineageFact
from ossgeo.registry._registry import Registry

LineageEvidence = Literal["declared", "reviewed"]
"""Which base models count: those that model cards declare, or these, completed and corrected by the facts of the registry."""

Components = tuple[tuple[str, float], ...]
"""Parts of a model that are credited to the base models of these parts, in [0, 1]: component and part."""

LINKS: Final = {
    "child": pl.UInt32,
    "parent": pl.UInt32,
    "relation": pl.String,
    "component": pl.String,
    "share": pl.Float64,
    "start": pl.Date,
    "end": pl.Date,
    "fact": pl.Int64,
}
"""Columns of links: child and parent are numbers of models, component and share are null for the whole model, fact is null for a declared link."""


def used_facts(registry: Registry, components: Components) -> tuple[LineageFact, ...]:
    """Return the facts that count: about whole models, and about the chosen components.

    Args:
        registry: The registry.
        components: The chosen components.
    """
    chosen = {WHOLE, *(name for name, _ in components)}
    return tuple(
        fact for found in registry.lineage.values() for fact in found if fact.used and fact.component in chosen
    )


def reviewed_links(
    declared: pl.DataFrame,
    known: pl.DataFrame,
    facts: tuple[LineageFact, ...],
    components: Components,
    registry: Registry,
) -> tuple[pl.DataFrame, pl.Series, tuple[Adjustment, ...]]:
    """Return the declared links, completed and corrected by facts, further models, and the changes.

    From the day on which a fact about a whole model holds, the facts replace what its card declares. Only facts about models
    that the table lists, and about their ancestors, count.

    Args:
        declared: The declared links; child is a number, parent an id.
        known: node (a number) and model_id of the models of the table, in order.
        facts: The facts that count; a link names a fact by its place.
        components: The chosen components.
        registry: Has the earlier ids of models that moved.

    Returns:
        The links; the ids of models with facts that the table does not list, whose numbers follow those of the table; the changes.
    """
    every = _fact_links(facts, components, registry)
    about = every["child"].unique(maintain_order=True)
    there = known.select("node", "model_id").filter(pl.col("model_id").is_in(about.implode()))
    reached = _reached(every, declared, there["model_id"])
    others = reached.filter(~pl.col("child").is_in(there["model_id"].implode()))["child"].unique(maintain_order=True)
    numbers = pl.concat(
        [there, others.to_frame("model_id").with_row_index("node", offset=known.height)], how="diagonal"
    )
    reached = reached.join(numbers, left_on="child", right_on="model_id").with_columns(child="node").drop("node")
    whole = reached.filter(pl.col("component").is_null()).group_by("child").agg(since=pl.col("start").min())
    kept = declared.join(whole, on="child", how="left")
    kept = kept.with_columns(end=pl.col("since").fill_null(END)).drop("since").filter(pl.col("start") < pl.col("end"))
    links = reached.drop_nulls("parent")
    changes = (
        ("base_corrected", declared.height - kept.height, "declared, and replaced by reviewed facts"),
        ("base_reviewed", links.height, "from reviewed facts"),
    )
    adjustments = tuple(Adjustment(code, count, "links", note) for code, count, note in changes)
    return pl.concat([kept, links.select(kept.columns)]), others, adjustments


def _fact_links(facts: tuple[LineageFact, ...], components: Components, registry: Registry) -> pl.DataFrame:
    """Return the facts as links; a fact about a model that moved also holds for its earlier ids."""
    shares = dict(components)
    earlier: dict[str, list[str]] = defaultdict(list)
    for old, current in registry.moves.items():
        earlier[current].append(old)
    rows = [
        (child, fact.base, str(fact.relation), fact.component if fact.component in shares else None,
         shares.get(fact.component), fact.start or BEGINNING, END, place)
        for place, fact in enumerate(facts) for child in (fact.model, *earlier.get(fact.model, ()))
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=LINKS | {"child": pl.String, "parent": pl.String}, orient="row")


def _reached(facts: pl.DataFrame, declared: pl.DataFrame, listed: pl.Series) -> pl.DataFrame:
    """Return the facts about models of the table and about their ancestors."""
    key = ["child", "fact"]
    about = facts["child"].unique().implode()
    start = pl.concat([listed, declared["parent"].filter(declared["parent"].is_in(about)).unique()])
    reached = facts.filter(pl.col("child").is_in(start.implode()))
    while True:
        waiting = facts.join(reached, on=key, how="anti")
        more = waiting.join(reached.drop_nulls("parent"), left_on="child", right_on="parent", how="semi")
        if not more.height:
            return reached.sort(key)
        reached = pl.concat([reached, more])
