"""Keys that depend on the lineage of a model: what its root rests on, and how it was made from its base models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from ossgeo.attribution import Context
from ossgeo.attribution._lineage.ancestry import root_evidence
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._protocol import implements
from ossgeo.shares._grouping import MODEL_KEYS, Key

NO_BASE: Final = "none"
SEVERAL: Final = "several"
"""Groups of the key ``relation``: models without a base model, and with base models of several relations."""


def with_model_keys(
    credits: pl.DataFrame, keys: Sequence[Key], models: pl.DataFrame, context: Context, strategy: Any
) -> pl.DataFrame:
    """Add a column for each key that depends on the lineage of a model.

    Args:
        credits: A credits table.
        keys: The keys of the table.
        models: The models.
        context: The registry and all models.
        strategy: The strategy of the table; it determines which lineage evidence counts.
    """
    names = [key.name for key in keys if key.name in MODEL_KEYS]
    if not names:
        return credits
    graph = _graph(context, strategy)
    found = root_evidence(graph, models).rename({"rests_on": "root_evidence"})
    relation = pl.when(pl.col("relation").n_unique() == 1).then(pl.col("relation").first()).otherwise(pl.lit(SEVERAL))
    relations = graph.links.group_by(model_id="child").agg(relation=relation)
    found = found.join(relations, on="model_id", how="left").with_columns(pl.col("relation").fill_null(NO_BASE))
    return credits.join(found.select("model_id", *names), on="model_id", how="left", maintain_order="left")


def with_basis(credits: pl.DataFrame, models: pl.DataFrame, context: Context, strategy: Any) -> pl.DataFrame:
    """Add what the root models of a model rest on, for strategies that follow the lineage: the column ``basis``.

    It is null for other strategies.

    Args:
        credits: A credits table.
        models: The models.
        context: The registry and all models.
        strategy: The strategy of the table.
    """
    if not implements(strategy, "rests_on"):
        return credits.with_columns(basis=pl.lit(None, pl.String))
    found = root_evidence(_graph(context, strategy), models)
    ids = credits.select("model_id")  # joined alone: the other columns need no copy
    return credits.with_columns(basis=ids.join(found, on="model_id", how="left", maintain_order="left")["rests_on"])


def _graph(context: Context, strategy: Any) -> Graph:
    return Graph.of(context, getattr(strategy, "evidence", "reviewed"), getattr(strategy, "components", ()))
