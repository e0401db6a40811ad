"""Flows of cumulative counters: the differences of consecutive observations of a model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.method import Cleaning
from ossgeo.panel._flow_rows import BASE, BORN, FELL, FLOW, RECOVERED, Flows


def differences_of(
    rows: nw.LazyFrame[Any],
    periods: Sequence[dt.date],
    cleaning: Cleaning,
    births: pl.DataFrame | None,
    renames: pl.DataFrame | None,
    dimensions: tuple[str, ...] = (),
) -> Flows:
    """Return the differences of consecutive observations of a model, with an event code.

    Args:
        rows: model_id, period, the dimensions and downloads (a cumulative counter).
        periods: The panel's observation periods, in order.
        cleaning: ``decreases`` applies.
        births: model_id and born; None if no creation is known.
        renames: model_id and entity, for the models that continue under a new id.
        dimensions: Columns of the rows of which a model has one row for each value.
    """
    zeros = zero_observations(births, periods)
    rows = _with_zeros(rows, zeros, dimensions) if zeros.height else rows
    rows, entity = _with_entities(rows, renames)
    keys = (entity, *dimensions)
    order = ["period"]
    names = ["period", "downloads"]
    if zeros.height:
        rows = _without_late_zeros(rows, keys)
        order.append("observed")
        names += ["observed", "start"]
    clips = cleaning.decreases in ("clip", "error")
    if clips:
        rows = rows.with_columns(top=nw.col("downloads").cum_max().over(*keys, order_by=order))
        names.append("top")
    steps = rows.with_columns(**{f"{name}_before": nw.col(name).shift(1).over(*keys, order_by=order) for name in names})
    since: nw.Expr = nw.col("period_before")
    event: nw.Expr = nw.lit(FLOW)
    if zeros.height:
        steps = steps.filter(nw.col("observed") == 1)
        starts = nw.col("observed_before") == 0
        same_day = starts & (nw.col("period") == nw.col("period_before"))
        since = nw.when(same_day).then(nw.col("start_before")).otherwise(since)
        event = nw.when(starts).then(nw.lit(BORN)).otherwise(event)
    steps = steps.with_columns(since=since)
    event, counted = _changes(event, cleaning)
    first = nw.col("since").is_null()
    frame = steps.select(
        "model_id",
        "period",
        "since",
        *dimensions,
        event=nw.when(first).then(nw.lit(BASE)).otherwise(event).cast(nw.Int32),
        downloads=nw.when(first).then(nw.col("downloads")).otherwise(counted),
    )
    return Flows(frame, ("since", "event", *dimensions), _crossing(steps, dimensions) if clips else None)


def _with_entities(rows: nw.LazyFrame[Any], renames: pl.DataFrame | None) -> tuple[nw.LazyFrame[Any], str]:
    """Return the rows with the column that identifies a model under all of its ids, and its name."""
    if renames is None or not renames.height:
        return rows, "model_id"
    joined = rows.join(engines.send(renames, rows), on="model_id", how="left")
    return joined.with_columns(entity=nw.coalesce("entity", "model_id")), "entity"


def _without_late_zeros(rows: nw.LazyFrame[Any], keys: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Leave out the zeros of models that are observed before their creation: they do not start from 0."""
    observed_on = nw.when(nw.col("observed") == 1).then(nw.col("period"))
    rows = rows.with_columns(first=observed_on).with_columns(first=nw.col("first").min().over(*keys))
    return rows.filter((nw.col("observed") == 1) | (nw.col("born") <= nw.col("first")))


def _changes(event: nw.Expr, cleaning: Cleaning) -> tuple[nw.Expr, nw.Expr]:
    """Return the event and the counted change of a step.

    Args:
        event: The event of a step that neither falls nor recovers.
        cleaning: ``decreases`` applies; under ``clip`` and ``error`` flows follow the running maximum ``top``.
    """
    change = nw.col("downloads") - nw.col("downloads_before")
    counted: nw.Expr = change
    if cleaning.decreases in ("clip", "error"):
        gain = nw.col("top") - nw.col("top_before")
        recovered = (gain == 0) & (nw.col("downloads_before") < nw.col("top")) & (change >= 0)
        event = nw.when(recovered).then(nw.lit(RECOVERED)).otherwise(event)
        counted = nw.when((change < 0) | recovered).then(change).otherwise(gain)
    if cleaning.decreases != "keep":
        event = nw.when(change < 0).then(nw.lit(FELL)).otherwise(event)
    return event, counted


def _crossing(steps: nw.LazyFrame[Any], dimensions: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Return the part below the earlier maximum of the rises that go above it; see :class:`ossgeo.panel._flow_rows.Flows`."""
    gain = nw.col("top") - nw.col("top_before")
    below = nw.col("top_before") - nw.col("downloads_before")
    return steps.filter((gain > 0) & (below > 0)).select(
        "model_id", "period", "since", *dimensions, event=nw.lit(RECOVERED).cast(nw.Int32), downloads=below
    )


def zero_observations(births: pl.DataFrame | None, periods: Sequence[dt.date]) -> pl.DataFrame:
    """Return an observation of 0 downloads at the last snapshot that is not after the creation of each model.

    Args:
        births: model_id and born.
        periods: The panel's observation periods, in order.

    Returns:
        model_id, period, born, start, downloads, observed (0). The first flow of the model begins at ``start``: the snapshot
        itself, or the one before it if the model was created on the day of the snapshot and is observed there.
    """
    model = pl.String if births is None else births.schema["model_id"]
    columns = {"model_id": model, "period": pl.Date, "born": pl.Date, "start": pl.Date, "downloads": pl.Int64,
               "observed": pl.Int32}  # fmt: skip
    if births is None or not periods:
        return pl.DataFrame(schema=columns)
    snapshots = pl.DataFrame({"period": list(periods)}, schema={"period": pl.Date}).sort("period")
    snapshots = snapshots.with_columns(start=pl.col("period").shift(1))
    born = births.drop_nulls("born").sort("born")
    found = born.join_asof(snapshots, left_on="born", right_on="period", strategy="backward").drop_nulls("period")
    return found.with_columns(downloads=pl.lit(0, pl.Int64), observed=pl.lit(0, pl.Int32)).select(*columns)


def _with_zeros(rows: nw.LazyFrame[Any], zeros: pl.DataFrame, dimensions: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Add the zero observations, with ``observed`` 0, to the rows, with ``observed`` 1; one for each value of dimensions."""
    none = nw.lit(None).cast(nw.Date)
    observed = rows.with_columns(born=none, start=none, observed=nw.lit(1).cast(nw.Int32))
    sent = engines.send(zeros, rows)
    if dimensions:
        sent = sent.join(rows.select("model_id", *dimensions).unique(), on="model_id")
    sent = sent.with_columns(nw.col("downloads").cast(rows.collect_schema()["downloads"]))
    return engines.concat([observed, sent.select(*observed.collect_schema().names())])
