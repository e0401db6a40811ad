"""Quality issues of single rows and models: counts, ids and dates."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._flows import FLOOR, HUB_START
from ossgeo.panel._quality import QualityIssue, number_of_duplicates
from ossgeo.panel._steps import Steps
from ossgeo.panel._time_issues import EXAMPLES

_ID = r"^[^\s/:]+(/[^\s/]+)?$"
_TOTAL_MINIMUM: Final = 3
_PERCENT: Final = (99.5, 100.5)
_QUARTER: Final = 900
_EASTERN_MIDNIGHT: Final = 10 * 3600
"""UTC+14 is the easternmost zone: its midnight is 10:00 UTC of the day before."""


def find(steps: Steps, models: pl.LazyFrame) -> Iterator[QualityIssue]:
    """Yield every issue of rows and models, also those that do not occur.

    Args:
        steps: The steps of the panel.
        models: The models table.
    """
    rows, counter = steps.rows, steps.counter.column
    duplicates = number_of_duplicates(steps.detailed, _sizes(steps), steps.dimensions)
    yield QualityIssue("duplicate", duplicates, "rows", "repeat the model and period of another row")
    zero = rows.filter(nw.col(counter) == 0)
    meaning = "a count of 0: without a download, or not tracked by the source"
    yield QualityIssue("zero_downloads", _number(zero), "rows", meaning, _examples(zero))
    yield _non_integers(rows, counter)
    yield _totals(rows, counter)
    yield _zoned_midnights(rows)
    yield _ids(models)
    yield _authors(models)
    yield from _renames(models)
    if "created_at" in models.collect_schema().names():
        yield from _creations(steps, models)


def _sizes(steps: Steps) -> dict[dt.date, int]:
    """Return the number of detailed rows of each period."""
    if not steps.dimensions:
        return steps.sizes
    table = engines.collect(steps.detailed.group_by("period").agg(n=nw.len())).drop_nulls("period")
    return {period: int(number) for period, number in table.iter_rows()}


def _non_integers(rows: nw.LazyFrame[Any], counter: str) -> QualityIssue:
    """Return the rows with fractions; if there are none, the rows of a panel whose periods each sum to 100."""
    count = nw.col(counter)
    if not rows.collect_schema()[counter].is_integer():
        fractions = rows.filter(count.cast(nw.Float64) != count.cast(nw.Int64).cast(nw.Float64))
        if number := _number(fractions):
            meaning = "a count that is not a whole number: a percentage, or a rounded figure, is measured as a count"
            return QualityIssue("non_integer_counts", number, "rows", meaning, _examples(fractions))
    totals = engines.collect(rows.group_by("period").agg(n=nw.len(), total=count.cast(nw.Float64).sum()))
    percent = totals.select(pl.col("total").is_between(*_PERCENT).all() & (pl.col("n") > 1).all()).item()
    meaning = "the counts of each period sum to 100: percentages are measured as counts"
    return QualityIssue("non_integer_counts", int(totals["n"].sum()) if percent else 0, "rows", meaning)


def _totals(rows: nw.LazyFrame[Any], counter: str) -> QualityIssue:
    """Return the rows whose count is the sum of all other counts of the period."""
    count = nw.col(counter).cast(nw.Float64)
    totals = rows.group_by("period").agg(_n=nw.len(), _total=count.sum())
    found = rows.join(totals, on="period").filter(
        (nw.col("_n") >= _TOTAL_MINIMUM) & (nw.col("_total") > 0) & (count * 2 == nw.col("_total"))
    )
    meaning = "a count that is the sum of all others in its period: a total is measured as a model"
    return QualityIssue("total_row", _number(found), "rows", meaning, _examples(found))


def _zoned_midnights(rows: nw.LazyFrame[Any]) -> QualityIssue:
    """Return the periods that may be a day early: midnights of a zone east of Greenwich, converted to UTC."""
    times: list[int] = []
    periods: list[dt.date] = []
    if isinstance(rows.collect_schema().get("observed_at"), nw.Datetime):
        second = nw.col("second")
        utc = engines.with_second_of_day(rows, "observed_at")
        per = engines.collect(utc.group_by("period").agg(low=second.min(), high=second.max())).drop_nulls()
        constant = per["low"].equals(per["high"]) and per["low"].n_unique() <= 2  # noqa: PLR2004  # summer time
        zoned = (per["low"] >= _EASTERN_MIDNIGHT).all() and (per["low"] % _QUARTER == 0).all()
        periods = sorted(per["period"].drop_nulls()) if per.height and constant and zoned else []
        times = sorted({int(second) for second in per["low"]})
    shown = " or ".join(f"{second // 3600:02}:{second % 3600 // 60:02}" for second in times)
    meaning = f"every observation is at {shown} UTC, midnight of a zone to the east: the period may be a day early"
    return QualityIssue("zoned_midnight", len(periods), "periods", meaning, tuple(map(str, periods[:EXAMPLES])))


def _ids(models: pl.LazyFrame) -> QualityIssue:
    odd = models.select("model_id").filter(~pl.col("model_id").str.contains(_ID)).collect()["model_id"].sort()
    meaning = "have an id that is not namespace/name, such as a web address: each is a model of its own"
    return QualityIssue("odd_id", len(odd), "models", meaning, tuple(map(repr, odd.head(EXAMPLES))))


def _authors(models: pl.LazyFrame) -> QualityIssue:
    """Return the models whose given namespace is not that of their id."""
    names = models.collect_schema().names()
    meaning = "have an author or namespace that is not the one in their id: results use the given one"
    if "namespace" not in names:
        return QualityIssue("author_differs", 0, "models", meaning)
    differs = pl.col("model_id").str.contains("/", literal=True) & (
        pl.col("model_id").str.split("/").list.first() != pl.col("namespace")
    )
    found = models.filter(differs).select("model_id", "namespace").collect().sort("model_id")
    examples = tuple(f"{model} by {name}" for model, name in found.head(EXAMPLES).iter_rows())
    return QualityIssue("author_differs", found.height, "models", meaning, examples)


def _renames(models: pl.LazyFrame) -> Iterator[QualityIssue]:
    if "hub_id" not in models.collect_schema().names():
        return
    same = models.drop_nulls("hub_id").group_by("hub_id").agg(pl.col("model_id").unique())
    several = same.filter(pl.col("model_id").list.len() > 1).collect()["model_id"].to_list()
    names = sorted(" -> ".join(sorted(ids)) for ids in several)
    yield QualityIssue("renamed", len(names), "models", "have more than one id for one hub_id", tuple(names[:EXAMPLES]))


def _creations(steps: Steps, models: pl.LazyFrame) -> Iterator[QualityIssue]:
    """Yield the models at the Hub's earliest creation date, and those with a date that is not possible."""
    rows, counter = steps.rows, steps.counter.column
    dated = models.select("model_id", "created_at").drop_nulls().unique("model_id").collect()
    floor = dated.filter(pl.col("created_at").dt.date() == FLOOR)
    share = 0.0
    if floor.height:
        at_floor = rows.join(engines.send(floor.select("model_id"), rows), on="model_id")
        sums = [
            engines.collect(some.select(nw.col(counter).cast(nw.Float64).sum())).item() for some in (at_floor, rows)
        ]
        share = (sums[0] or 0.0) / sums[1] if sums[1] else 0.0
    meaning = f"created on {FLOOR} or before, the Hub's earliest date; they have {share:.1%} of the counts"
    examples = tuple(floor["model_id"].sort().head(EXAMPLES))
    yield QualityIssue("created_at_floor", floor.height, "models", meaning, examples)
    seen = rows.filter(nw.col(counter) > 0).group_by("model_id").agg(first=nw.col("period").min())
    sent = engines.send(dated.select("model_id", born=pl.col("created_at").dt.date()), rows)
    late = seen.join(sent, on="model_id").filter(nw.col("born") > nw.col("first"))
    found = engines.collect(late.select("model_id", "born"))
    early = dated.select("model_id", born=pl.col("created_at").dt.date()).filter(pl.col("born") < HUB_START)
    wrong = pl.concat([early, found]).sort("model_id")
    meaning = f"a creation date before {HUB_START.year} or after an observation with downloads"
    examples = tuple(f"{model} ({day})" for model, day in wrong.head(EXAMPLES).iter_rows())
    yield QualityIssue("impossible_creation", wrong.height, "models", meaning, examples)


def _number(frame: nw.LazyFrame[Any]) -> int:
    return int(engines.collect(frame.select(nw.len()))[:, 0].item())


def _examples(frame: nw.LazyFrame[Any]) -> tuple[str, ...]:
    table = engines.collect(frame.select("model_id", "period").sort("period", "model_id").head(EXAMPLES))
    return tuple(f"{model} at {period}" for model, period in table.iter_rows())
