"""Validity in time: the spans that no credit covers, and credits that are cut to common spans."""

from __future__ import annotations

from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END

WHOLE: Final = 1 - 1e-9
"""A weight from here on is all of a model."""


def gaps(credits: pl.DataFrame, models: pl.DataFrame, key: str = "model_id") -> pl.DataFrame:
    """Find when no credit covers a model.

    Args:
        credits: A credits table, complete or not.
        models: The models, each once.
        key: The column that names models.

    Returns:
        One row for each model and uncovered span: the key, start, end (half-open).
    """
    uncovered = models.select(key).join(credits.select(key), on=key, how="anti")
    never = uncovered.with_columns(start=pl.lit(BEGINNING), end=pl.lit(END))
    partly = credits.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END))
    if not partly.height:
        return never
    spans = partly.select(key, "start", "end").unique().sort(key, "start", "end")
    before = pl.col("end").cum_max().shift(1).over(key)
    inner = spans.select(key, start=before.fill_null(BEGINNING), end=pl.col("start"))
    last = spans.group_by(key).agg(start=pl.col("end").max()).with_columns(end=pl.lit(END))
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


def aligned(credits: pl.DataFrame, key: str = "model_id") -> pl.DataFrame:
    """Cut shared credits at each other's dates, so that at any date those of a model have the same validity.

    Args:
        credits: A credits table.
        key: The column that names models.
    """
    shared = credits.filter(pl.col("weight") < WHOLE)
    dated = shared.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END))
    if not dated.height:
        return credits
    models = dated.select(key).unique()
    mixed = credits.join(models, on=key, how="semi")
    days = mixed.select(key, day="start").vstack(mixed.select(key, day="end")).unique()
    spans = days.sort(key, "day").with_columns(until=pl.col("day").shift(-1).over(key)).drop_nulls()
    cut = (
        mixed.join(spans, on=key)
        .filter((pl.col("start") <= pl.col("day")) & (pl.col("until") <= pl.col("end")))
        .with_columns(start="day", end="until")
        .select(credits.columns)
    )
    return pl.concat([credits.join(models, on=key, how="anti"), cut])
