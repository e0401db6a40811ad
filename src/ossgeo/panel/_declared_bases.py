"""Base models of many models at once, from the tags that the Hub lists."""

from __future__ import annotations

from typing import Final

import polars as pl

from ossgeo._core.relations import Relation
from ossgeo._core.schema import MODEL_SCHEMA

_ROW: Final = "_row"
_TAG: Final = "base_model:"
_RELATION: Final = rf"^({'|'.join(relation.value for relation in Relation)}):"


def with_bases(models: pl.DataFrame) -> pl.DataFrame:
    """Return models with base models from ``base_model:`` tags, unless there is a column of base models.

    The result for each model is that of :func:`ossgeo.panel._models.base_models_from_tags`.

    Args:
        models: Models; the column ``tags`` contains lists of text.

    Returns:
        The models; where tags are null, so are base models.
    """
    if "base_models" in models.columns or "tags" not in models.columns:
        return models
    named = pl.col("tags").str.strip_prefix(_TAG)
    relation = named.str.extract(_RELATION)
    tags = models.select("tags").with_row_index(_ROW).explode("tags", empty_as_null=False, keep_nulls=False)
    bases = tags.filter(pl.col("tags").str.starts_with(_TAG)).select(
        _ROW, relation=relation.replace("unspecified", None), model_id=named.str.replace(_RELATION, "")
    )
    once = bases.filter(pl.col("model_id") != "").group_by(_ROW, "model_id", maintain_order=True).agg(
        pl.col("relation").drop_nulls().first().fill_null("unspecified")
    )  # fmt: skip
    lists = once.group_by(_ROW, maintain_order=True).agg(base_models=pl.struct("relation", "model_id"))
    joined = models.with_row_index(_ROW).join(lists, on=_ROW, how="left", maintain_order="left").drop(_ROW)
    known = pl.when(pl.col("tags").is_not_null()).then(pl.col("base_models").fill_null([]))
    return joined.with_columns(known.cast(MODEL_SCHEMA["base_models"]).alias("base_models"))
