"""The Polars types of the models columns, once; the columns themselves stand in ``ossgeo.columns``."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

MODEL_SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "hub_id": pl.String,
    "namespace": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
    "license": pl.String,
    "task": pl.String,
    "library": pl.String,
    "likes": pl.Int64,
    "parameters": pl.Int64,
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String})),
    "tags": pl.List(pl.String),
    "declared_country": pl.String,
    "labels": pl.List(pl.Struct({"source": pl.String, "country": pl.String})),
    "member_of": pl.List(pl.String),
}
"""Name and type of each column of a models table."""
