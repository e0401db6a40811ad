"""The models table: one row for each model, in the columns of the library."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import polars as pl

from ossgeo._core import engines
from ossgeo._core.schema import MODELS
from ossgeo._core.text import counted
from ossgeo.errors import OssgeoWarning, PanelError


def normalized_models(models: Any) -> pl.LazyFrame:
    """Return a models table with the columns of the library only; a missing namespace is taken from the id.

    Args:
        models: Any dataframe with at least ``model_id``.

    Raises:
        PanelError: The table has no model_id, or its ``created_at`` holds no dates.
    """
    frame = engines.lazy(models)
    native = frame.to_native()
    lazy: pl.LazyFrame = native if isinstance(native, pl.LazyFrame) else engines.collect(frame).lazy()
    names = lazy.collect_schema().names()
    if "model_id" not in names:
        raise PanelError.of(
            "models", f"the table has no column model_id; it has {', '.join(names)}", "rename the column of ids"
        )
    namespace = pl.coalesce("namespace", namespace_in_id()) if "namespace" in names else namespace_in_id()
    lazy = _with_instants(lazy)
    return lazy.with_columns(namespace=namespace).select(
        column.name for column in MODELS if column.name in {*names, "namespace"}
    )


def namespace_in_id() -> pl.Expr:
    """Return the part of ``model_id`` before the first slash; an id without a slash as it is."""
    return pl.col("model_id").str.split_exact("/", 1).struct.field("field_0")


def has_namespace_of_id() -> pl.Expr:
    """Return whether ``namespace`` is :func:`namespace_in_id`; the id is not cut, which takes four times as long."""
    id_, namespace = pl.col("model_id"), pl.col("namespace")
    cut = ~namespace.str.contains("/", literal=True)
    return cut & (id_.str.starts_with(pl.concat_str(namespace, pl.lit("/"))) | (id_ == namespace))


def _with_instants(models: pl.LazyFrame) -> pl.LazyFrame:
    """Convert ``created_at`` from any type of date to an instant in UTC."""
    kind = models.collect_schema().get("created_at")
    at = pl.col("created_at")
    if kind is None or kind == pl.Null:
        return models if kind is None else models.with_columns(at.cast(pl.Datetime("us", "UTC")))
    if isinstance(kind, pl.Datetime):
        return models.with_columns(
            at.dt.replace_time_zone("UTC") if kind.time_zone is None else at.dt.convert_time_zone("UTC")
        )
    if kind == pl.Date:
        return models.with_columns(at.cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    raise PanelError.of("models, column created_at", f"holds {kind}, not dates", "convert the column")


def missing_columns_text(models: pl.LazyFrame, names: Iterable[str]) -> str:
    """Return in words which columns of a models table are absent or have no value, or an empty text.

    Args:
        models: The models table.
        names: The columns that are needed.
    """
    schema = models.collect_schema()
    absent = sorted(set(names) - set(schema.names()))
    there = sorted(set(names) & set(schema.names()))
    filled = [
        (pl.col(name).list.len() > 0 if isinstance(schema[name], pl.List) else pl.col(name).is_not_null()).any()
        for name in there
    ]
    known = models.select(filled).collect() if there else pl.DataFrame()
    empty = [name for name in there if not known[name].item()]
    parts = [(f"no column {', '.join(absent)}", absent), (f"no value in {', '.join(empty)}", empty)]
    return " and ".join(words for words, some in parts if some)


def warn_of_differing_rows(models: pl.DataFrame) -> None:
    """Warn of models that a models table describes by several rows that differ.

    Args:
        models: The columns that are used.
    """
    rows = models.select("model_id", row=pl.struct(pl.exclude("model_id")).hash()).unique()
    differing = rows.filter(pl.col("model_id").is_duplicated())["model_id"].unique().sort()
    if len(differing):
        several = counted(len(differing), "models")
        warnings.warn(
            f"the models table has rows that differ for {several}, such as {differing[0]}: the last row of a model counts",
            OssgeoWarning,
            stacklevel=7,
        )
