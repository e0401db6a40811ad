"""The age cap: the part of each flow before its model reaches an age, in a form that is exact in any order."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING
from ossgeo.panel._flow_rows import AGELESS, AT_FLOOR, BORN, FLOW, Flows


def day_number(name: str) -> nw.Expr:
    """Return the days since the year 1 of a column of dates, in arithmetic that every engine has."""
    year = nw.col(name).dt.year().cast(nw.Int64) - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + nw.col(name).dt.ordinal_day().cast(nw.Int64)


def capped(flows: Flows, births: pl.DataFrame | None, age_cap: int, *, days: int | None) -> Flows:
    """Keep the part of each flow before the model reaches the age of the cap, pro rata by days.

    The part is a product of integers and, under the key ``divisor``, the length of the interval. Flows of models without a
    creation date, or with one after the flow, and those of models at the Hub's earliest date stay whole under their events.

    Args:
        flows: The flows.
        births: model_id and born, see :func:`ossgeo.panel._flows.births_of`.
        age_cap: Days from its creation in which a model's downloads count.
        days: Length of the intervals of flows without ``since``; one day by default.
    """
    if births is None:
        raise AssertionError("an age cap needs the days of birth")
    keys = tuple(dict.fromkeys((*flows.keys, "event", "divisor")))
    crossing = (
        None if flows.crossing is None else _capped_rows(flows.crossing, flows.keys, births, age_cap, keys, days or 1)
    )
    return Flows(_capped_rows(flows.frame, flows.keys, births, age_cap, keys, days or 1), keys, crossing)


def _capped_rows(
    frame: nw.LazyFrame[Any],
    given: tuple[str, ...],
    births: pl.DataFrame,
    age_cap: int,
    keys: tuple[str, ...],
    days: int,
) -> nw.LazyFrame[Any]:
    if "event" not in given:
        frame = frame.with_columns(event=nw.lit(FLOW).cast(nw.Int32))
    frame = frame.join(engines.send(births.select("model_id", "born"), frame), on="model_id", how="left")
    until = day_number("period")
    since = day_number("since") if "since" in given else until - days
    frame = frame.with_columns(_until=until, _since=since, _born=day_number("born"))
    first = nw.when(nw.col("_born") - 1 > nw.col("_since")).then(nw.col("_born") - 1).otherwise(nw.col("_since"))
    frame = frame.with_columns(_first=first, _last=nw.col("_born") + (age_cap - 1))
    length, young = nw.col("_until") - nw.col("_first"), nw.col("_last") - nw.col("_first")
    ageless = nw.col("_born").is_null() | (nw.col("_born") > nw.col("_until"))
    at_floor = nw.col("born") == nw.lit(BEGINNING)
    whole = ageless | at_floor | (nw.col("_last") >= nw.col("_until"))
    counted = nw.when(nw.col("_last") <= nw.col("_first")).then(nw.lit(0)).otherwise(young)
    is_flow = nw.col("event").is_in([FLOW, BORN])
    aged = nw.when(is_flow & at_floor).then(nw.lit(AT_FLOOR)).otherwise(nw.col("event"))
    event = nw.when(is_flow & ageless).then(nw.lit(AGELESS)).otherwise(aged)
    frame = frame.with_columns(
        downloads=nw.when(whole).then(nw.col("downloads")).otherwise(nw.col("downloads") * counted),
        divisor=nw.when(whole).then(nw.lit(1)).otherwise(length).cast(nw.Int64),
        event=event.cast(nw.Int32),
    )
    return frame.select("model_id", "period", *keys, "downloads")
