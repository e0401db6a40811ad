"""Where a heuristic may speak: a reviewed fact beats it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry


def is_vacant(model: Model, on: dt.date, registry: Registry, statuses: Collection[OriginStatus]) -> bool:
    """Return whether the registry leaves a model's place open.

    Args:
        model: The model.
        on: The day.
        registry: The registry.
        statuses: What counts as open where it is the registry's answer.
    """
    publisher = registry.find(model.namespace, on=on)
    return publisher is None or all(seat.country in statuses for seat in publisher.seats(on=on))


def vacancies(models: pl.DataFrame, registry: Registry, statuses: Collection[OriginStatus]) -> pl.DataFrame:
    """Find when the registry leaves models' places open.

    Args:
        models: The models table; model_id and namespace are used.
        registry: The registry.
        statuses: What counts as open where it is the registry's answer; an unreviewed place always does.

    Returns:
        One row for each model and open span: model_id, start, end, organization (null where there is none).
    """
    words = [status.value for status in {*statuses, OriginStatus.UNREVIEWED}]
    listed = registry.seats
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
