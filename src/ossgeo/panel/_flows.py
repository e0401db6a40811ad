"""Flows: downloads within an interval, made from a panel's counters by lazy expressions.

A panel of 30-day counters gives one flow an observation, over the 30 days before it. A panel of all-time counters gives
one flow for each pair of consecutive observations of a model. What is no proper flow goes along under an *event* code
(a key of the aggregate), so that one pass gives the flows and the exact volume of everything that was set aside.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.method import Cleaning
from ossgeo._core.schema import Counter

WINDOW_DAYS: Final = 30
"""Length of the Hub's trailing counter in days."""

ABSURD: Final = 10**12
"""No repository has been downloaded that often: a count above it is a fault."""

FLOW: Final = 0
"""Event: a proper flow."""
BASE: Final = 1
"""Event: the first count of a model of unknown history; a base, no flow."""
FELL: Final = 2
"""Event: an all-time counter that fell."""
BORN: Final = 3
"""Event: the first flow of a model that is counted from its creation."""
AGELESS: Final = 4
"""Event: a flow of a model without created_at, under an age cap."""
RECOVERED: Final = 5
"""Event: the rise of a cumulative counter that fell earlier and is not above its earlier maximum."""


@attrs.frozen
class Flows:
    """Flows and the keys that a calculator has to carry through its aggregate.

    Attributes:
        frame: One row for each model and interval: model_id, period, downloads, and the columns named in ``keys``.
        keys: Of ``since`` (the interval's start, where it is not the same for all of a period), ``event`` and ``divisor``:
            under an age cap ``downloads`` is downloads times days, and each sum is divided by ``divisor`` days afterwards,
            because sums of integers do not depend on the order of the rows.
    """

    frame: nw.LazyFrame[Any]
    keys: tuple[str, ...] = ()


def make_flows(
    rows: nw.LazyFrame[Any],
    *,
    counter: Counter,
    periods: Sequence[dt.date],
    cleaning: Cleaning,
    births: pl.DataFrame | None,
    renames: pl.DataFrame | None,
    age_cap: int | None,
    horizon: dt.date | None,
) -> Flows:
    """Turn a panel's rows into flows; nothing is collected.

    Rows that cannot be used (no count, negative, absurd, not dated or in the future) get a null period: an aggregate
    that has one is diagnosed, never published.

    Args:
        rows: model_id, period and the counter.
        counter: Which of the counters the rows hold.
        periods: The panel's observation periods, in order.
        cleaning: ``decreases`` and ``duplicates`` are obeyed here.
        births: model_id and born (the day of creation, null where unknown); needed for all-time counters and caps.
        renames: model_id and entity, for the models that go on under a new id; all-time counters only.
        age_cap: Days from its creation in which a model's downloads count.
        horizon: The last day that is not in the future; None where the panel is known to be sound.

    Returns:
        The flows.
    """
    rows = _resolved(rows.select("model_id", "period", *_observed(rows), downloads=nw.col(counter)), cleaning)
    count = nw.col("downloads")
    if horizon is not None:
        good = (count >= 0) & (count <= ABSURD) & (nw.col("period") <= nw.lit(horizon))
        rows = rows.with_columns(period=nw.when(good).then(nw.col("period")))
    if counter == "downloads_30d":
        flows = Flows(rows.select("model_id", "period", "downloads"))
    else:
        counts = rows.select("model_id", "period", nw.col("downloads").cast(nw.Int64))
        flows = _differences(counts, periods, cleaning, births, renames)
    return flows if age_cap is None else _capped(flows, births, age_cap)


def _observed(rows: nw.LazyFrame[Any]) -> list[str]:
    return ["observed_at"] if "observed_at" in rows.collect_schema().names() else []


def _resolved(rows: nw.LazyFrame[Any], cleaning: Cleaning) -> nw.LazyFrame[Any]:
    """Keep one row of each model and period, where the policy says how."""
    if cleaning.duplicates == "error":
        return rows
    grain = ("model_id", "period")
    if cleaning.duplicates == "last" and "observed_at" in rows.collect_schema().names():
        latest = rows.with_columns(_latest=nw.col("observed_at").max().over(*grain))
        rows = latest.filter(nw.col("observed_at") == nw.col("_latest"))
    return rows.group_by(*grain).agg(nw.col("downloads").max())


def _differences(
    rows: nw.LazyFrame[Any],
    periods: Sequence[dt.date],
    cleaning: Cleaning,
    births: pl.DataFrame | None,
    renames: pl.DataFrame | None,
) -> Flows:
    zeros = _zero_observations(births, periods)
    if zeros.height:
        rows = rows.with_columns(born=nw.lit(0).cast(nw.Int32))
        rows = engines.concat([rows, engines.send(zeros, rows).select(*rows.collect_schema().names())])

    entity = "model_id"
    if renames is not None and renames.height:
        entity = "entity"
        rows = rows.join(engines.send(renames, rows), on="model_id", how="left")
        rows = rows.with_columns(entity=nw.coalesce("entity", "model_id"))

    order = ["period", "born"] if zeros.height else ["period"]

    def previous(name: str) -> nw.Expr:
        return nw.col(name).shift(1).over(entity, order_by=order)

    clipped = cleaning.decreases in ("clip", "error")
    if clipped:
        rows = rows.with_columns(top=nw.col("downloads").cum_max().over(entity, order_by=order))
    names = ("downloads", "top") if clipped else ("downloads",)
    steps = rows.with_columns(since=previous("period"), **{f"{name}_before": previous(name) for name in names})
    flow = nw.lit(FLOW)
    if zeros.height:
        steps = steps.with_columns(was_born=previous("born")).filter(nw.col("born") == 0)
        flow = nw.when(nw.col("was_born") == 1).then(nw.lit(BORN)).otherwise(nw.lit(FLOW))
    change = nw.col("downloads") - nw.col("downloads_before")
    counted = change
    if clipped:
        gain = nw.col("top") - nw.col("top_before")
        recovered = (gain == 0) & (nw.col("downloads_before") < nw.col("top"))
        flow = nw.when(recovered).then(nw.lit(RECOVERED)).otherwise(flow)
        counted = nw.when((change < 0) | recovered).then(change).otherwise(gain)
    if cleaning.decreases != "keep":
        flow = nw.when(change < 0).then(nw.lit(FELL)).otherwise(flow)
    first = nw.col("downloads_before").is_null()
    event = nw.when(first).then(nw.lit(BASE)).otherwise(flow)
    counted = nw.when(first).then(nw.col("downloads")).otherwise(counted)
    frame = steps.select("model_id", "period", "since", event=event.cast(nw.Int32), downloads=counted)
    return Flows(frame, ("since", "event"))


def _zero_observations(births: pl.DataFrame | None, periods: Sequence[dt.date]) -> pl.DataFrame:
    """Return an observation of 0 downloads at the last snapshot before the day on which each model was created."""
    schema = {"model_id": pl.String, "period": pl.Date, "downloads": pl.Int64, "born": pl.Int32}
    if births is None or not periods:
        return pl.DataFrame(schema=schema)
    snapshots = pl.DataFrame({"period": list(periods)}, schema={"period": pl.Date}).sort("period")
    born = births.drop_nulls("born").sort("born")
    found = born.join_asof(snapshots, left_on="born", right_on="period", strategy="backward", allow_exact_matches=False)
    found = found.drop_nulls("period")
    return found.select("model_id", "period", downloads=pl.lit(0, pl.Int64), born=pl.lit(1, pl.Int32))


def day_number(name: str) -> nw.Expr:
    """Return the days since the year 1 of a column of dates, in arithmetic that every engine has."""
    year = nw.col(name).dt.year().cast(nw.Int64) - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + nw.col(name).dt.ordinal_day().cast(nw.Int64)


def _capped(flows: Flows, births: pl.DataFrame | None, age_cap: int) -> Flows:
    """Keep the part of each flow before the model reaches the age of the cap, pro rata by days."""
    if births is None:
        raise AssertionError("an age cap needs the days of birth")
    frame = flows.frame
    if "event" not in flows.keys:
        frame = frame.with_columns(event=nw.lit(FLOW).cast(nw.Int32))
    frame = frame.join(engines.send(births.select("model_id", "born"), frame), on="model_id", how="left")
    until = day_number("period")
    since = day_number("since") if "since" in flows.keys else until - WINDOW_DAYS
    frame = frame.with_columns(_until=until, _since=since, _born=day_number("born"))
    first = nw.when(nw.col("_born") - 1 > nw.col("_since")).then(nw.col("_born") - 1).otherwise(nw.col("_since"))
    frame = frame.with_columns(_first=first, _last=nw.col("_born") + (age_cap - 1))
    length, young = nw.col("_until") - nw.col("_first"), nw.col("_last") - nw.col("_first")
    ageless = nw.col("_born").is_null()
    whole = ageless | (nw.col("_last") >= nw.col("_until"))
    days = nw.when(nw.col("_last") <= nw.col("_first")).then(nw.lit(0)).otherwise(young)
    frame = frame.with_columns(
        downloads=nw.when(whole).then(nw.col("downloads")).otherwise(nw.col("downloads") * days),
        divisor=nw.when(whole).then(nw.lit(1)).otherwise(length).cast(nw.Int64),
        event=nw.when(ageless & nw.col("event").is_in([FLOW, BORN]))
        .then(nw.lit(AGELESS))
        .otherwise(nw.col("event"))
        .cast(nw.Int32),
    )
    keys = tuple(dict.fromkeys((*flows.keys, "event", "divisor")))
    return Flows(frame.select("model_id", "period", *keys, "downloads"), keys)
