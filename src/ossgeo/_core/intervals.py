"""Validity in time: the spans that no credit covers, and credits that are cut to common spans."""

from __future__ import annotations

from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END

WHOLE: Final = 1 - 1e-9
"""A weight from here on is all of a model."""

_SPAN: Final = ("model_id", "start", "end")


def gaps(credits: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Find when no credit covers a model.

    Args:
        credits: A credits table, complete or not.
        models: The models, each once.

    Returns:
        One row for each model and uncovered span: model_id, start, end (half-open).
    """
    uncovered = models.select("model_id").join(credits.select("model_id"), on="model_id", how="anti")
    never = uncovered.with_columns(start=pl.lit(BEGINNING), end=pl.lit(END))
    partly = credits.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END))
    if not partly.height:
        return never
    spans = partly.select(*_SPAN).unique().sort(*_SPAN)
    before = pl.col("end").cum_max().shift(1).over("model_id")
    inner = spans.select("model_id", start=before.fill_null(BEGINNING), end=pl.col("start"))
    last = spans.group_by("model_id").agg(start=pl.col("end").max()).with_columns(end=pl.lit(END))
    return pl.concat([never, *(found.filter(pl.col("start") < pl.col("end")) for found in (inner, last))])


def clipped(credits: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Restrict each credit to the spans of its model.

    Args:
        credits: A credits table.
        spans: model_id, start, end; those of one model do not overlap.
    """
    within = credits.join(spans.select("model_id", since="start", until="end"), on="model_id").with_columns(
        start=pl.max_horizontal("start", "since"), end=pl.min_horizontal("end", "until")
    )
    return within.filter(pl.col("start") < pl.col("end")).select(credits.columns)


def aligned(credits: pl.DataFrame) -> pl.DataFrame:
    """Cut shared credits at each other's dates, so that at any date those of a model have the same validity.

    Args:
        credits: A credits table.
    """
    shared = credits.filter(pl.col("weight") < WHOLE)
    dated = shared.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END))
    if not dated.height:
        return credits
    models = dated.select("model_id").unique()
    mixed = credits.join(models, on="model_id", how="semi")
    days = mixed.select("model_id", day="start").vstack(mixed.select("model_id", day="end")).unique()
    spans = days.sort("model_id", "day").with_columns(until=pl.col("day").shift(-1).over("model_id")).drop_nulls()
    cut = (
        mixed.join(spans, on="model_id")
        .filter((pl.col("start") <= pl.col("day")) & (pl.col("until") <= pl.col("end")))
        .with_columns(start="day", end="until")
        .select(credits.columns)
    )
    return pl.concat([credits.join(models, on="model_id", how="anti"), cut])
