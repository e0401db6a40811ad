"""Synthetic panels with the Hub's skew: a few models have nearly all downloads."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import polars as pl

COUNTRIES = ("US", "CN", "DE", "FR", "JP", "KR", "GB", "unreviewed")
START = dt.date(2021, 1, 3)


def write_panel(path: Path, *, models: int, namespaces: int, weeks: int, seed: int = 1) -> None:
    """Write a weekly panel of 30-day counters as Parquet, ordered by week.

    Args:
        path: Where to.
        models: How many models.
        namespaces: How many namespaces.
        weeks: How many observations of each.
        seed: Seed of everything random.
    """
    draw = random.Random(seed)
    ids = [f"namespace-{draw.randrange(namespaces):05d}/model-{number:06d}" for number in range(models)]
    sizes = pl.Series([draw.lognormvariate(3, 2.5) for _ in range(models)])
    parts = []
    for week in range(weeks):
        day = START + dt.timedelta(weeks=week)
        noise = pl.Series([draw.random() + 0.5]).new_from_index(0, models)
        counts = (sizes * noise * (1 + week / weeks)).cast(pl.Int64)
        parts.append(pl.DataFrame({"model_id": ids, "downloads_30d": counts}).with_columns(observed_at=pl.lit(day)))
    pl.concat(parts).write_parquet(path)


def country_of(namespace: int) -> str:
    """Return the country of a synthetic namespace."""
    return COUNTRIES[namespace % len(COUNTRIES)]
