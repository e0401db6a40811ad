"""Renames: one model under two ids, identified by the Hub's internal id or by the registry."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.method import Adjustment
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._registry import Registry

_SCHEMA = {"model_id": pl.String, "entity": pl.String}


def find_renames(
    rows: nw.LazyFrame[Any], models: pl.DataFrame, registry: Registry
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Return the models that continue under a new id.

    Two ids are one model if the registry knows the move, or if they share a ``hub_id``, or the repository's name under two
    namespaces of one organization; and if the first is last observed before the second is first observed.

    Args:
        rows: The panel's rows; only those of candidates are looked at.
        models: The models table.
        registry: The registry, for moves and the namespaces of an organization.

    Returns:
        model_id and entity (a name that all ids of a model share), for renamed models only; and an adjustment with their number.
    """
    found = pl.concat([_by_move(models, registry), _by_hub_id(models), _by_namespace(models, registry)])
    candidates = found.unique("model_id", keep="first")
    candidates = candidates.filter(pl.len().over("entity") > 1)
    if not candidates.height:
        return pl.DataFrame(schema=_SCHEMA), ()
    seen = (
        rows.join(engines.send(candidates, rows), on="model_id")
        .group_by("entity", "model_id")
        .agg(first=nw.col("period").min(), last=nw.col("period").max())
    )
    order = engines.collect(seen).sort("entity", "first", "model_id")
    clash = (pl.col("first") <= pl.col("last").shift(1)).fill_null(False).any().over("entity")
    chains = order.filter(~clash & (pl.len().over("entity") > 1)).select("model_id", "entity")
    moved = chains.height - chains["entity"].n_unique()
    return chains, (Adjustment("renamed", moved, "models", "followed from an old id to a new one"),)


def _by_move(models: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    moves = registry.moves
    current = pl.col("model_id").replace_strict(dict(moves), default=pl.col("model_id"), return_dtype=pl.String)
    moved = models.filter(pl.col("model_id").is_in([*moves, *moves.values()]))
    both = moved.select("model_id", entity=pl.concat_str(pl.lit("move:"), current))
    return both.filter(pl.len().over("entity") > 1)


def _by_hub_id(models: pl.DataFrame) -> pl.DataFrame:
    if "hub_id" not in models.columns:
        return pl.DataFrame(schema=_SCHEMA)
    known = models.drop_nulls("hub_id")
    return known.select("model_id", entity=pl.concat_str(pl.lit("hub:"), pl.col("hub_id").cast(pl.String)))


def _by_namespace(models: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    owned = namespace_seats(registry).select("namespace", "organization").drop_nulls().unique()
    several = owned.filter(pl.col("namespace").n_unique().over("organization") > 1)
    name = pl.col("model_id").str.split_exact("/", 1).struct.field("field_1")
    found = (
        models.select("model_id", "namespace").join(several, on="namespace").with_columns(name=name).drop_nulls("name")
    )
    return found.select("model_id", entity=pl.concat_str("organization", pl.lit("/"), "name"))
