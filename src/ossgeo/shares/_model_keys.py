"""Keys that depend on the lineage of a model: what its root rests on, and how it was made from its base models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from ossgeo._core.places import places_in
from ossgeo.attribution import Context
from ossgeo.attribution._evaluation import PLACE
from ossgeo.attribution._lineage.ancestry import root_evidence
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._protocol import implements
from ossgeo.shares._grouping import MODEL_KEYS, Key

NO_BASE: Final = "none"
SEVERAL: Final = "several"
"""Groups of the key ``relation``: models without a base model, and with base models of several relations."""


def with_model_keys(credits: pl.DataFrame, keys: Sequence[Key], context: Context, strategy: Any) -> pl.DataFrame:
    """Add a column for each key that depends on the lineage of a model.

    Args:
        credits: A credits table by place.
        keys: The keys of the table.
        context: The registry and the models.
        strategy: The strategy of the table; it determines which lineage evidence counts.
    """
    names = [key.name for key in keys if key.name in MODEL_KEYS]
    if not names:
        return credits
    graph = _graph(context, strategy)
    relation = pl.when(pl.col("relation").n_unique() == 1).then(pl.col("relation").first()).otherwise(pl.lit(SEVERAL))
    relations = graph.links.group_by("child").agg(relation=relation)
    table = pl.DataFrame({"root_evidence": root_evidence(graph)}).with_row_index("child")
    table = table.join(relations, on="child", how="left", maintain_order="left")
    table = table.with_columns(pl.col("relation").fill_null(NO_BASE))
    numbers = _numbers(graph, context).gather(credits[PLACE])
    return credits.with_columns(table[name].gather(numbers) for name in names)


def with_basis(credits: pl.DataFrame, context: Context, strategy: Any) -> pl.DataFrame:
    """Add what the root models of a model rest on, for strategies that follow the lineage: the column ``basis``.

    It is null for other strategies.

    Args:
        credits: A credits table by place.
        context: The registry and the models.
        strategy: The strategy of the table.
    """
    if not implements(strategy, "rests_on"):
        return credits.with_columns(basis=pl.lit(None, pl.String))
    graph = _graph(context, strategy)
    numbers = _numbers(graph, context).gather(credits[PLACE])
    return credits.with_columns(root_evidence(graph).gather(numbers).alias("basis"))


def _numbers(graph: Graph, context: Context) -> pl.Series:
    """Return the number in the graph of each model of the models table."""
    return places_in(graph.names, context.models.frame["model_id"])


def _graph(context: Context, strategy: Any) -> Graph:
    return Graph.of(context, getattr(strategy, "evidence", "reviewed"), getattr(strategy, "components", ()))
