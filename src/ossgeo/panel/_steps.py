"""Steps: each model's count beside its count at the period before, and what the totals of the steps show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter

STALE_SHARE: Final = 0.98
"""Two observations with this share of equal counters are one observation."""

DIP: Final = 3 / 2
"""A step down, or up, by this factor begins, or ends, a dip: a fall by more than a third that comes back."""

DIP_DAYS: Final = 7
"""Longest time between the first and the last observation of a dip.

Source: https://github.com/huggingface/hub-docs/issues/154 (counters at about half for one to three days)
"""

_COMPARED_MINIMUM: Final = 10
"""Fewer models are not compared: their counters may be equal, or fall, by chance."""

_COUNT_MINIMUM: Final = 30
"""Smaller counts change by half from day to day."""


class Steps:
    """The consecutive observations of each model.

    Attributes:
        rows: The panel's rows; over dimensions they are summed.
        detailed: The panel's rows as they are.
        dimensions: Columns of the detailed rows of which a model has one row for each value.
        counter: The counter that they hold.
        periods: The panel's periods, in order.
    """

    def __init__(
        self,
        rows: nw.LazyFrame[Any],
        counter: Counter,
        periods: tuple[dt.date, ...],
        dimensions: tuple[str, ...] = (),
    ) -> None:
        """Keep the panel; queries run when their answers are needed."""
        self.dimensions = dimensions
        self.detailed = rows
        self.rows = _summed(rows, counter) if dimensions else rows
        self.counter = counter
        self.periods = periods

    @cached_property
    def frame(self) -> nw.LazyFrame[Any]:
        """One row for each model and step: model_id, period, count, before."""
        pairs = pl.DataFrame({"earlier": list(self.periods[:-1]), "period": list(self.periods[1:])},
                             schema={"earlier": pl.Date, "period": pl.Date})  # fmt: skip
        later = self.rows.select("model_id", "period", count=nw.col(self.counter.column))
        later = later.join(engines.send(pairs, self.rows), on="period")
        earlier = self.rows.select("model_id", earlier=nw.col("period"), before=nw.col(self.counter.column))
        return later.join(earlier, on=["model_id", "earlier"])

    def keep(self) -> None:
        """Keep the steps in memory: without it, each answer joins the observations again."""
        self.frame = engines.wrap(engines.collect(self.frame).lazy())

    @cached_property
    def totals(self) -> pl.DataFrame:
        """Sums over the models of each step.

        One row for each period, in order: period, compared (models), same (models with equal counts), count, before
        (totals), large (models with a count that matters), fell and rose (of these, by the factor of a dip).
        """
        count, before = nw.col("count").cast(nw.Float64), nw.col("before").cast(nw.Float64)
        large = (count >= _COUNT_MINIMUM) | (before >= _COUNT_MINIMUM)
        table = engines.collect(
            self.frame.with_columns(
                same=(nw.col("count") == nw.col("before")).cast(nw.Int64),
                large=large.cast(nw.Int64),
                fell=(large & (count * DIP < before)).cast(nw.Int64),
                rose=(large & (before * DIP < count)).cast(nw.Int64),
                count=count,
                before=before,
            )
            .group_by("period")
            .agg(nw.col("same", "large", "fell", "rose", "count", "before").sum(), compared=nw.len())
        )
        whole = pl.col("compared", "same", "large", "fell", "rose").cast(pl.Int64)
        return table.with_columns(whole, pl.col("count", "before").cast(pl.Float64)).sort("period")

    @cached_property
    def sizes(self) -> dict[dt.date, int]:
        """Number of rows of each period."""
        table = engines.collect(self.rows.group_by("period").agg(n=nw.len()))
        return {period: int(number) for period, number in table.iter_rows()}

    @property
    def common(self) -> dict[dt.date, int]:
        """Number of models that are in a period and in the one before."""
        return dict(self.totals.select("period", "compared").iter_rows())

    def stale(self) -> list[dt.date]:
        """Return the periods whose counters repeat those of the period before."""
        enough = (pl.col("compared") >= _COMPARED_MINIMUM) & (pl.col("count") > 0)
        return self.totals.filter(enough & (pl.col("same") >= STALE_SHARE * pl.col("compared")))["period"].to_list()

    def dipped(self) -> list[dt.date]:
        """Return the periods at which the total, or most models, fall by more than a third and come back within a week."""
        if self.counter.kind != "trailing":
            return []
        compared = (pl.col("compared") >= _COMPARED_MINIMUM) & (pl.col("before") > 0)
        median = pl.col("large") >= _COMPARED_MINIMUM
        down = (pl.col("count") * DIP < pl.col("before")) | (median & (2 * pl.col("fell") > pl.col("large")))
        up = (pl.col("before") * DIP < pl.col("count")) | (median & (2 * pl.col("rose") > pl.col("large")))
        moves = self.totals.select("period", change=pl.when(compared & down).then(-1).when(compared & up).then(1))
        return [day for days in excursions(self.periods, dict(moves.iter_rows()), -1, DIP_DAYS) for day in days]


def _summed(rows: nw.LazyFrame[Any], counter: Counter) -> nw.LazyFrame[Any]:
    """Return one row for each model and period: the sum over dimensions."""
    observed = ["observed_at"] if "observed_at" in rows.collect_schema().names() else []
    whole = rows.collect_schema()[counter.column].is_integer()
    total = nw.col(counter.column).sum().cast(nw.Int64 if whole else nw.Float64)
    return rows.group_by("model_id", "period").agg(total, *(nw.col(name).max() for name in observed))


def excursions(
    periods: Sequence[dt.date], moves: dict[dt.date, int | None], sign: int, longest: int
) -> Iterator[tuple[dt.date, ...]]:
    """Yield the runs of periods between a move in one direction and the move back.

    Args:
        periods: The periods, in order.
        moves: The direction of the step to each period: -1, 1, or None or 0 for none.
        sign: The direction of the move away.
        longest: Longest time between the first and the last period of a run, in days.
    """
    run: list[dt.date] = []
    for period in periods:
        move = moves.get(period) or 0
        if run and move == -sign:
            if (run[-1] - run[0]).days <= longest:
                yield tuple(run)
            run = []
        elif move == sign and not (run and (period - run[0]).days <= longest):
            run = [period]
        elif run:
            run.append(period)


def dipped_totals(totals: Iterable[tuple[dt.date, float]]) -> frozenset[dt.date]:
    """Return the periods whose total is more than a third below the totals around them, for at most a week.

    Args:
        totals: The total of each period, in order.
    """
    ordered = list(totals)
    moves: dict[dt.date, int | None] = {}
    for (_, before), (period, total) in pairwise(ordered):
        moves[period] = -1 if total * DIP < before else 1 if before * DIP < total else 0
    return frozenset(day for days in excursions([day for day, _ in ordered], moves, -1, DIP_DAYS) for day in days)
