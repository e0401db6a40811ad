"""Quality issues of a panel over time: windows, repeated observations, dips, jumps, and lists that change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._quality import QualityIssue
from ossgeo.panel._steps import DIP, Steps, excursions

SPIKE_FACTOR: Final = 10
"""A 30-day counter that is this many times its neighbor is a spike."""

SPIKE_MINIMUM: Final = 1_000_000
"""Smaller counts of a model or a namespace are not reported as spikes, jumps or dips."""

JUMP: Final = 3
"""The counters of a namespace that rise by this factor and come back are a jump."""

JUMP_DAYS: Final = 31
"""Longest time between the first and the last observation of a jump or a dip of a namespace."""

EXAMPLES: Final = 3
"""How many examples an issue shows."""

_CHURN_SIZE = 0.02
_SPLIT_DAYS = 3
_SPLIT_COMMON = 0.1


def find(steps: Steps, models: pl.LazyFrame) -> Iterator[QualityIssue]:
    """Yield every issue over time, also those that do not occur.

    Args:
        steps: The steps of the panel.
        models: The models table.
    """
    yield from _windows(steps)
    stale = steps.stale()
    yield QualityIssue(
        "stale_snapshot", len(stale), "periods", "repeat the counters of the period before", _days(stale)
    )
    if steps.counter.kind == "trailing":
        dipped = steps.dipped()
        meaning = "the total, or most models, fall by more than a third and come back within a week"
        yield QualityIssue("counters_dipped", len(dipped), "periods", meaning, _days(dipped))
        yield from _namespace_excursions(steps, models)
        yield _spikes(steps)
    elif steps.counter.kind == "cumulative":
        yield _falls(steps)
    yield _churn(steps)
    yield _split(steps)
    yield from _members(steps, models)


def _windows(steps: Steps) -> Iterator[QualityIssue]:
    lengths = [(later, (later - earlier).days) for earlier, later in pairwise(steps.periods)]
    days = steps.counter.days
    if days is not None:
        short = [day for day, length in lengths if length < days]
        long = [day for day, length in lengths if length > days]
        meaning = f"shorter than the counter's {days} days: do not add these up"
        yield QualityIssue("overlapping_window", len(short), "steps", meaning, _days(short))
        meaning = f"longer than the counter's {days} days: the days between are not counted"
        yield QualityIssue("window_gap", len(long), "steps", meaning, _days(long))
    elif lengths and steps.counter.kind == "cumulative":
        usual = sorted(length for _, length in lengths)[len(lengths) // 2]
        long = [day for day, length in lengths if length > 1.5 * usual]
        meaning = f"longer than the usual {usual} days: an observation is missing"
        yield QualityIssue("window_gap", len(long), "steps", meaning, _days(long))


def _falls(steps: Steps) -> QualityIssue:
    fell = steps.frame.filter(nw.col("count") < nw.col("before"))
    return QualityIssue("counter_fell", *_moves(fell, "rows", "cumulative counters below the observation before"))


def _spikes(steps: Steps) -> QualityIssue:
    count, before = nw.col("count"), nw.col("before")
    jumps = steps.frame.filter(
        ((count >= SPIKE_MINIMUM) & (count > before * SPIKE_FACTOR))
        | ((before >= SPIKE_MINIMUM) & (before > count * SPIKE_FACTOR))
    )
    meaning = f"a counter above a million that is {SPIKE_FACTOR} times its neighbor"
    return QualityIssue("spike", *_moves(jumps, "steps", meaning))


def _moves(frame: nw.LazyFrame[Any], unit: str, meaning: str) -> tuple[int, str, str, tuple[str, ...]]:
    """Return the number of steps, the unit, the meaning and the largest steps as examples."""
    number = int(engines.collect(frame.select(nw.len()))[:, 0].item())
    size = (nw.col("count") - nw.col("before")).abs()
    top = frame.with_columns(size=size).sort("size", "model_id", "period", descending=[True, False, False])
    table = engines.collect(top.head(EXAMPLES).select("model_id", "period", "before", "count"))
    examples = tuple(
        f"{model} {int(before):,} -> {int(count):,} at {period}" for model, period, before, count in table.iter_rows()
    )
    return number, unit, meaning, examples


def _namespace_excursions(steps: Steps, models: pl.LazyFrame) -> Iterator[QualityIssue]:
    """Yield the dips and jumps of single namespaces with at least a million downloads."""
    several = len(steps.periods) > 2  # noqa: PLR2004  # with two, none can come back
    table = _namespace_totals(steps, models) if several else pl.DataFrame(schema=["namespace"])
    dips, jumps = [], []
    for (namespace,), part in table.group_by("namespace", maintain_order=True):
        moves = {day: (-1 if count * DIP < before else 1 if before * DIP < count else 0)
                 for day, count, before in part.select("period", "count", "before").iter_rows()}  # fmt: skip
        dips += [f"{namespace} ({run[0]})" for run in excursions(steps.periods, dict(moves), -1, JUMP_DAYS)]
        moves = {day: (1 if count > before * JUMP else -1 if before > count * JUMP else 0)
                 for day, count, before in part.select("period", "count", "before").iter_rows()}  # fmt: skip
        jumps += [f"{namespace} ({run[0]})" for run in excursions(steps.periods, dict(moves), 1, JUMP_DAYS)]
    meaning = "the counters of one namespace fall by more than a third and come back within a month"
    yield QualityIssue("namespace_dipped", len(dips), "namespaces", meaning, tuple(dips[:EXAMPLES]))
    meaning = f"the counters of one namespace rise by more than {JUMP} times and come back within a month"
    yield QualityIssue("namespace_jumped", len(jumps), "namespaces", meaning, tuple(jumps[:EXAMPLES]))


def _namespace_totals(steps: Steps, models: pl.LazyFrame) -> pl.DataFrame:
    """Return the totals of each step of the large namespaces, over common models: namespace, period, count, before."""
    names = engines.send(models.select("model_id", "namespace").collect(), steps.rows)
    rows = steps.rows.join(names, on="model_id")
    total = nw.col(steps.counter.column).cast(nw.Float64).sum()
    sums = rows.group_by("namespace", "period").agg(total=total).filter(nw.col("total") >= SPIKE_MINIMUM)
    large = engines.collect(sums.select("namespace").unique())
    found = steps.frame.join(names, on="model_id").join(engines.send(large, steps.rows), on="namespace")
    count, before = nw.col("count").cast(nw.Float64), nw.col("before").cast(nw.Float64)
    per = found.group_by("namespace", "period").agg(count=count.sum(), before=before.sum())
    return engines.collect(per).sort("namespace", "period")


def _churn(steps: Steps) -> QualityIssue:
    """Lists of fixed length, such as a top 500, exchange their tail: models are missing, not without downloads."""
    sizes, common = steps.sizes, steps.common
    exchanged, examples = 0, []
    for earlier, later in pairwise(steps.periods):
        gone = sizes[earlier] - common.get(later, 0)
        if gone > 0 and abs(sizes[later] - sizes[earlier]) <= _CHURN_SIZE * sizes[earlier]:
            exchanged += gone
            examples.append(f"{gone} models at {later}")
    meaning = "left a list of fixed length, which others joined"
    return QualityIssue("tail_churn", exchanged, "models", meaning, tuple(examples[:EXAMPLES]))


def _split(steps: Steps) -> QualityIssue:
    days: list[dt.date] = []
    if "observed_at" in steps.rows.collect_schema().names():
        observed = steps.rows.select("period", day=nw.col("observed_at").cast(nw.Date)).unique()
        table = engines.collect(observed.group_by("period").agg(n=nw.len()))
        days = table.filter(pl.col("n") > 1)["period"].to_list()
    sizes, common = steps.sizes, steps.common
    parts = [
        later
        for earlier, later in pairwise(steps.periods)
        if (later - earlier).days <= _SPLIT_DAYS
        and common.get(later, 0) < _SPLIT_COMMON * min(sizes[earlier], sizes[later])
    ]
    found = sorted({*days, *parts})
    meaning = "hold observations of more than one day, or are parts of one snapshot"
    return QualityIssue("split_snapshot", len(found), "periods", meaning, _days(found))


def _members(steps: Steps, models: pl.LazyFrame) -> Iterator[QualityIssue]:
    """Yield the namespaces that are not in the first, or not in the last, period."""
    if not steps.periods:
        return
    names = engines.send(models.select("model_id", "namespace").collect(), steps.rows)
    seen = steps.rows.join(names, on="model_id").group_by("namespace")
    table = engines.collect(seen.agg(first=nw.col("period").min(), last=nw.col("period").max()))
    joined = table.filter(pl.col("first") > steps.periods[0]).sort("first", "namespace")
    left = table.filter(pl.col("last") < steps.periods[-1]).sort("last", "namespace")
    meaning = "first appear after the first period: panel.constant() leaves them out"
    yield QualityIssue("namespace_joined", joined.height, "namespaces", meaning, _pairs(joined, "first"))
    meaning = "last appear before the last period: panel.constant() leaves them out"
    yield QualityIssue("namespace_left", left.height, "namespaces", meaning, _pairs(left, "last"))


def _days(days: Sequence[dt.date]) -> tuple[str, ...]:
    return tuple(map(str, days[:EXAMPLES]))


def _pairs(table: pl.DataFrame, column: str) -> tuple[str, ...]:
    return tuple(f"{name} ({day})" for name, day in table.select("namespace", column).head(EXAMPLES).iter_rows())
