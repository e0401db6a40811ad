"""Flows: use within an interval, derived from a panel's counters by lazy expressions.

A trailing or interval counter gives one flow for each observation: over the days before it, or over its interval. A
cumulative counter gives one flow for each pair of consecutive observations of a model. Counts that are not flows are passed on under an *event* code (a
key of the aggregate), so that one pass yields the flows and the exact volume of everything that is excluded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING
from ossgeo._core.method import Adjustment, Cleaning

FLOOR: Final = dt.date(2022, 3, 2)
"""The Hub's earliest creation date (23:29:04 or 23:29:05 UTC); it means "created then or before".

Source: https://github.com/huggingface/huggingface_hub/issues/1816
"""

HUB_START: Final = dt.date(2016, 1, 1)
"""The year in which Hugging Face was founded; earlier creation dates are errors."""

FLOW: Final = 0
"""Event: a flow."""
BASE: Final = 1
"""Event: the first count of a model of unknown history; a base, not a flow."""
FELL: Final = 2
"""Event: the fall of a cumulative counter."""
BORN: Final = 3
"""Event: the first flow of a model that is counted from its creation."""
AGELESS: Final = 4
"""Event: a flow of a model without a possible creation date, under an age cap."""
RECOVERED: Final = 5
"""Event: the rise of a cumulative counter that fell earlier and is not above its earlier maximum."""
AT_FLOOR: Final = 6
"""Event: a flow of a model that was created at :data:`FLOOR` or before, under an age cap."""


@attrs.frozen
class Differences:
    """What the differences of consecutive observations depend on beside the rows; see :func:`make_flows`.

    Attributes:
        periods: The panel's observation periods, in order.
        cleaning: ``decreases`` applies.
        births: model_id and born.
        renames: model_id and entity.
    """

    periods: Sequence[dt.date]
    cleaning: Cleaning
    births: pl.DataFrame | None
    renames: pl.DataFrame | None


@attrs.frozen
class Flows:
    """Flows and the keys that a calculator carries through its aggregate.

    Attributes:
        frame: One row for each model and interval: model_id, period, downloads, and the columns named in ``keys``.
        keys: Dimensions of the panel, and of ``since`` (the start of the interval, if it is not the same for all of a
            period), ``event`` and ``divisor``: under an age cap ``downloads`` is downloads times days, and each sum is
            divided by ``divisor`` days afterwards, because sums of integers do not depend on the order of the rows.
        crossing: Further rows of the same columns: the part below the earlier maximum of a rise that goes above it. There are
            none unless a counter fell.
        differences: What they were made from beside the rows, if they are differences of whole counts of models without dimensions.
    """

    frame: nw.LazyFrame[Any]
    keys: tuple[str, ...] = ()
    crossing: nw.LazyFrame[Any] | None = None
    differences: Differences | None = None

    def without(self, keys: Collection[str]) -> Flows:
        """Return the flows without some of their keys."""
        if not keys:
            return self
        crossing = None if self.crossing is None else self.crossing.drop(*keys)
        return Flows(self.frame.drop(*keys), tuple(key for key in self.keys if key not in keys), crossing)


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
    dimensions: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
) -> Flows:
    """Return the flows of a panel's rows; nothing is collected.

    Rows that cannot be used (no count, negative, above the limit, without date or in the future) are left out with
    ``Cleaning(invalid="drop")``. Otherwise they get a null period, and the aggregate that has one raises.

    Args:
        rows: model_id, period, the counter and, for intervals of different lengths, since.
        counter: The counter that the rows hold.
        periods: The panel's observation periods, in order.
        cleaning: ``decreases``, ``duplicates`` and ``invalid`` apply here.
        births: model_id and born (the day of creation, null if unknown), see :func:`births_of`; needed for cumulative
            counters and caps.
        renames: model_id and entity, for the models that continue under a new id; cumulative counters only.
        age_cap: Days from its creation in which a model's downloads count.
        horizon: The last day that is not in the future; None if the panel is known to have usable rows only.
        dimensions: Columns of the rows of which a model has one row for each value.
        kept: Those of them that are keys of the flows.

    Returns:
        The flows.
    """
    counts = usable_counts(rows, counter=counter, cleaning=cleaning, horizon=horizon, dimensions=dimensions)
    if counter.kind == "cumulative":
        whole = counts.frame.collect_schema()["downloads"].is_integer()
        number = nw.col("downloads").cast(nw.Int64 if whole else nw.Float64)
        levels = counts.frame.select("model_id", "period", *dimensions, number)
        flows = _differences(levels, periods, cleaning, births, renames, dimensions)
        if age_cap is None and not dimensions:
            flows = attrs.evolve(flows, differences=Differences(periods, cleaning, births, renames))
    else:  # a count of a window or an interval is a flow already
        flows = counts
    flows = flows.without({*dimensions} - {*kept})
    return flows if age_cap is None else _capped(flows, births, age_cap, days=counter.days)


def usable_counts(
    rows: nw.LazyFrame[Any],
    *,
    counter: Counter,
    cleaning: Cleaning,
    horizon: dt.date | None,
    dimensions: tuple[str, ...] = (),
) -> Flows:
    """Return the counts themselves, in the form of flows: each model's once for each period and values of dimensions.

    Args:
        rows: model_id, period, the counter and, optionally, observed_at and since.
        counter: The counter that the rows hold.
        cleaning: ``duplicates`` and ``invalid`` apply here.
        horizon: The last day that is not in the future; None if the panel is known to have usable rows only.
        dimensions: Columns of the rows of which a model has one row for each value; all become keys.
    """
    names = rows.collect_schema().names()
    keys = (*(name for name in ("since",) if name in names), *dimensions)
    rows = rows.select("model_id", "period", *keys, *_observed_at(rows), downloads=nw.col(counter.column))
    if horizon is not None:
        usable = is_usable("downloads", counter.limit, horizon)
        if cleaning.invalid == "drop":
            rows = rows.filter(usable)
        else:
            rows = rows.with_columns(period=nw.when(usable).then(nw.col("period")))
    rows = _without_duplicates(rows, cleaning, keys)
    return Flows(rows.select("model_id", "period", *keys, "downloads"), keys)


def is_usable(column: str, limit: int | None, horizon: dt.date) -> nw.Expr:
    """Return whether a row has a possible date that is not in the future, and a finite count from 0 to the limit.

    Args:
        column: The column of counts.
        limit: The largest possible count.
        horizon: The last day that is not in the future.
    """
    count = nw.col(column)
    usable = (
        (count >= 0)
        & count.cast(nw.Float64).is_finite()
        & (nw.col("period") <= nw.lit(horizon))
        & (nw.col("period") >= nw.lit(BEGINNING))
    )
    return usable if limit is None else usable & (count <= limit)


def births_of(models: pl.DataFrame) -> pl.DataFrame | None:
    """Return the day of creation of each model, or None if the models table has no ``created_at``.

    A model at the Hub's earliest creation date (:data:`FLOOR`) is at least that old: its day is the beginning of all
    intervals, so that it is older than any age cap. A day before :data:`HUB_START` is an error and becomes null.

    Args:
        models: The models table.

    Returns:
        model_id and born.
    """
    if "created_at" not in models.columns:
        return None
    day = pl.col("created_at").dt.date()
    born = pl.when(day == FLOOR).then(pl.lit(BEGINNING)).when(day >= HUB_START).then(day)
    return models.select("model_id", born=born)


def floor_note(models: pl.DataFrame, note: str) -> Adjustment:
    """Return the adjustment with the number of models at the Hub's earliest creation date.

    Args:
        models: The models table.
        note: How their age is taken.
    """
    number = models.select((pl.col("created_at").dt.date() == FLOOR).sum()).item()
    return Adjustment(
        "created_at_floor", number, "models", f"created on {FLOOR} or before, the Hub's earliest date: {note}"
    )


def _observed_at(rows: nw.LazyFrame[Any]) -> list[str]:
    return ["observed_at"] if "observed_at" in rows.collect_schema().names() else []


def _without_duplicates(rows: nw.LazyFrame[Any], cleaning: Cleaning, keys: tuple[str, ...]) -> nw.LazyFrame[Any]:
    """Keep one row of each model, period and, if they have one, interval, unless duplicates raise."""
    if cleaning.duplicates == "error":
        return rows
    grain = ("model_id", "period", *keys)
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
    dimensions: tuple[str, ...] = (),
) -> Flows:
    """Return the differences of consecutive observations of a model, with an event code."""
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
    """Return the part below the earlier maximum of the rises that go above it; see :class:`Flows`."""
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


def day_number(name: str) -> nw.Expr:
    """Return the days since the year 1 of a column of dates, in arithmetic that every engine has."""
    year = nw.col(name).dt.year().cast(nw.Int64) - 1
    return year * 365 + year // 4 - year // 100 + year // 400 + nw.col(name).dt.ordinal_day().cast(nw.Int64)


def _capped(flows: Flows, births: pl.DataFrame | None, age_cap: int, *, days: int | None) -> Flows:
    """Keep the part of each flow before the model reaches the age of the cap, pro rata by days.

    The part is a product of integers and, under the key ``divisor``, the length of the interval. Flows of models without a
    creation date, or with one after the flow, and those of models at the Hub's earliest date stay whole under their events.
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
