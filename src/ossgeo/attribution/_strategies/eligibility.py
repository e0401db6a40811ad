"""Models to which a heuristic applies: a reviewed fact takes precedence."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry


def eligible_intervals(models: pl.DataFrame, registry: Registry, statuses: Collection[OriginStatus]) -> pl.DataFrame:
    """Return the intervals in which the registry has no country for the publishers of models.

    Args:
        models: The models table; model_id and namespace are used.
        registry: The registry.
        statuses: Origin statuses that a heuristic may replace; ``unreviewed`` always is.

    Returns:
        One row for each model and interval: model_id, start, end, organization (null if unknown).
    """
    words = [status.value for status in {*statuses, OriginStatus.UNREVIEWED}]
    listed = namespace_seats(registry)
    unlisted = models.select("model_id", "namespace").join(listed, on="namespace", how="anti")
    anytime = unlisted.select(
        "model_id", start=pl.lit(BEGINNING), end=pl.lit(END), organization=pl.lit(None, pl.String)
    )
    open_ = (
        listed.group_by("namespace", "start", "end", "organization")
        .agg(vacant=pl.col("country").is_in(words).all())
        .filter("vacant")
    )
    sometime = models.select("model_id", "namespace").join(open_, on="namespace")
    return pl.concat([anytime, sometime.select(anytime.columns)])
