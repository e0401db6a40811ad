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
    "child": pl.String,
    "parent": pl.String,
    "relation": pl.String,
    "component": pl.String,
    "share": pl.Float64,
    "start": pl.Date,
    "end": pl.Date,
    "fact": pl.Int64,
}
"""Columns of links: component and share are null for the whole model, fact is null for a declared link."""


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
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return the declared links, completed and corrected by facts, and the changes.

    From the day on which a fact about a whole model holds, the facts replace what its card declares. Only facts about models
    that the table lists, and about their ancestors, count.

    Args:
        declared: The declared links.
        known: The models of the table.
        facts: The facts that count; a link names a fact by its place.
        components: The chosen components.
        registry: Has the earlier ids of models that moved.
    """
    reached = _reached(_fact_links(facts, components, registry), declared, known)
    whole = reached.filter(pl.col("component").is_null()).group_by("child").agg(since=pl.col("start").min())
    kept = declared.join(whole, on="child", how="left")
    kept = kept.with_columns(end=pl.col("since").fill_null(END)).drop("since").filter(pl.col("start") < pl.col("end"))
    links = reached.drop_nulls("parent")
    changes = (
        ("base_corrected", declared.height - kept.height, "declared, and replaced by reviewed facts"),
        ("base_reviewed", links.height, "from reviewed facts"),
    )
    adjustments = tuple(Adjustment(code, count, "links", note) for code, count, note in changes)
    return pl.concat([kept, links]), adjustments


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
    return pl.DataFrame(rows, schema=LINKS, orient="row")


def _reached(facts: pl.DataFrame, declared: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return the facts about models of the table and about their ancestors."""
    key = ["child", "fact"]
    about = facts.select(model_id="child").unique()
    start = pl.concat([
        about.join(known, on="model_id", how="semi"),
        about.join(declared, left_on="model_id", right_on="parent", how="semi"),
    ])  # fmt: skip
    reached = facts.join(start, left_on="child", right_on="model_id", how="semi")
    while True:
        waiting = facts.join(reached, on=key, how="anti")
        more = waiting.join(reached.drop_nulls("parent"), left_on="child", right_on="parent", how="semi")
        if not more.height:
            return reached.sort(key)
        reached = pl.concat([reached, more])
