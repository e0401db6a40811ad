"""Sensitivity: which of the choices decides."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import percent, tabulate
from ossgeo.analysis._panel_subset import observations_for
from ossgeo.attribution import DEFAULT
from ossgeo.attribution._evaluation import resolve, shown
from ossgeo.attribution._memoized import Remembered
from ossgeo.errors import InvalidArgumentError, LowCoverageWarning
from ossgeo.panel._filters import describe
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._aggregates import Aggregate
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._options import LATE
from ossgeo.shares._pipeline import plan_of, require_panel
from ossgeo.shares._protocol import looks_beyond
from ossgeo.shares._table import ShareTable

CHOICES: Final = (
    "attribution",
    "counting",
    "denominator",
    "window",
    "age_cap",
    "as_of",
    "cleaning",
    "where",
    "registry",
)
"""The choices that a grid may vary."""


@attrs.frozen(eq=False)
class Sensitivity(Pictured):
    """Shares under every combination of choices.

    Attributes:
        period: The period.
        frame: One row for each combination and group: a column for each choice that varies (as text), group, share (null
            where it is not defined).
        ranges: One row for each group: group, lowest, highest, spread (of the shares over all combinations).
        effects: One row for each group and choice, and one for ``interactions``: group, choice, part (of the variance of
            the shares over the grid that the choice explains by itself; the parts of a group sum to 1 where it varies).
        methods: The method of each combination, in the order of the grid.
    """

    period: dt.date
    frame: pl.DataFrame
    ranges: pl.DataFrame
    effects: pl.DataFrame
    methods: tuple[Method, ...]

    @property
    def void(self) -> tuple[str, ...]:
        """The strategies of the grid that had no effect, since the models table lacks a column that they need."""
        return tuple(dict.fromkeys(name for method in self.methods for name in method.void))

    def to_polars(self) -> pl.DataFrame:
        """Return the long table."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence about the group that moves most, and the ranges."""
        if not self.ranges.height:
            return f"At {self.period} no share is defined under any combination."
        top = self.ranges.row(0, named=True)
        mine = self.effects.filter((pl.col("group") == top["group"]) & (pl.col("choice") != "interactions"))
        mine = mine.sort("part", descending=True, nulls_last=True)
        names = self.frame.columns[:-2]
        defined = self.frame.drop_nulls("share").select(names).n_unique()
        count = f"{defined}" if defined == len(self.methods) else f"{defined} of {len(self.methods)}"
        said = f"At {self.period} {top['group']} lies between {percent(top['lowest'])} and {percent(top['highest'])} over {count} combinations of choices"
        if mine.height and mine["part"][0] is not None:
            said += f"; {mine['choice'][0]} by itself explains {percent(mine['part'][0])} of the variance"
        if self.void:
            said += f"; without effect: {'; '.join(self.void)}"
        return f"{said}.\n{tabulate(self.ranges, ['group'], ['lowest', 'highest', 'spread'])}"


def sensitivity(
    panel: Panel, grid: Mapping[str, Sequence[Any]], *, period: dt.date | None = None, **choices: Any
) -> Sensitivity:
    """Measure one period under every combination of choices.

    Only the observations that the period needs are looked at, and what differs in denominator or window alone is summed once.

    Args:
        panel: The panel.
        grid: Choices of :func:`ossgeo.measure` and the values that each takes, such as
            ``{"denominator": ["all", "attributed"], "age_cap": [None, "365d"]}``.
        period: The period; the panel's latest one where absent.
        **choices: The choices that do not vary; ``by`` is one key.

    Returns:
        The long table, each group's range, and how much each choice explains.

    Raises:
        InvalidArgumentError: The grid is empty, or names what is no choice; or a combination cannot be measured.

    Source: main effects of a balanced factorial design (R. Fisher, "The design of experiments", 1935): the sum of squares
        between the levels of one choice over the total sum of squares; the rest is interactions.

    Example:
        >>> import ossgeo
        >>> found = sensitivity(ossgeo.load_sample("hub-2026"),
        ...                     {"denominator": ["all", "attributed"], "age_cap": [None, "365d"]})
        >>> found.ranges.filter(group="CN").select("lowest", "highest").row(0)[0] > 0.2
        True
    """
    require_panel(panel)
    _check(grid, choices)
    day = day_of(period, what="period") if period is not None else panel.periods[-1] if panel.periods else None
    if day is None or day not in panel.periods:
        raise InvalidArgumentError(f"the panel has no period {day}; sensitivity looks at one of its own periods")
    every = {name: [*grid.get(name, []), choices.get(name)] for name in ("window", "cleaning")}
    beyond = looks_beyond(resolve_calculator(choices.get("calculator", "downloads")))
    part = panel if beyond else observations_for(panel, day, windows=every["window"], cleanings=every["cleaning"])
    names = list(grid)
    combinations = list(itertools.product(*(grid[name] for name in names)))
    remembered: dict[str, Remembered] = {}
    sums: dict[Any, Aggregate] = {}
    frames, methods = [], []
    for combination in combinations:
        chosen = {**choices, **dict(zip(names, combination, strict=True))}
        strategy = chosen.get("attribution", DEFAULT)
        once = remembered.setdefault(_text("attribution", strategy), Remembered(resolve(strategy)))
        plan = plan_of(part, **{**chosen, "attribution": once})
        key = tuple(_text(name, chosen[name]) for name in sorted(set(chosen) - LATE))
        if key not in sums:
            sums[key] = plan.run().aggregate
        table = _table(plan.rerun(sums[key]))
        shares = table.to_polars().filter(pl.col("period") == day).select("share", group=table.keys[0])
        texts = {name: _text(name, value) for name, value in zip(names, combination, strict=True)}
        frames.append(shares.with_columns(pl.lit(text).alias(name) for name, text in texts.items()))
        made = {**table.method.choices, "attribution": strategy}
        methods.append(attrs.evolve(table.method, panel=panel.fingerprint, choices=made))
    long = _complete(pl.concat(frames), names, [dict(zip(names, one, strict=True)) for one in combinations])
    return Sensitivity(day, long, _ranges(long), _effects(long, names), tuple(methods))


def _check(grid: Mapping[str, Sequence[Any]], choices: Mapping[str, Any]) -> None:
    if not isinstance(grid, Mapping):
        raise InvalidArgumentError("the grid is a mapping, such as {'denominator': ['all', 'attributed']}")
    if not grid or any(isinstance(values, str) or not len(values) for values in grid.values()):
        raise InvalidArgumentError("the grid needs choices, each with a list of values")
    if strange := [name for name in grid if name not in CHOICES]:
        raise InvalidArgumentError(f"the grid varies {strange[0]!r}, which is none of {', '.join(CHOICES)}")
    if doubled := [name for name in grid if name in choices]:
        raise InvalidArgumentError(f"{doubled[0]!r} stands in the grid and beside it")
    if choices.get("every") is not None:
        raise InvalidArgumentError("sensitivity looks at one of the panel's own periods; leave out every=")
    if isinstance(choices.get("by", "country"), tuple):
        raise InvalidArgumentError("sensitivity takes one key, not several")


def _table(aggregate: Aggregate) -> ShareTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LowCoverageWarning)  # said once, about the ranges
        return aggregate.table()


def _complete(long: pl.DataFrame, names: list[str], combinations: list[dict[str, Any]]) -> pl.DataFrame:
    """A group that is absent from a combination has the share 0 there."""
    grid = pl.DataFrame([{name: _text(name, value) for name, value in one.items()} for one in combinations]).unique(
        maintain_order=True
    )
    every = grid.join(long.select("group").unique(), how="cross").join(
        long.with_columns(there=pl.lit(True)), on=[*names, "group"], how="left", maintain_order="left"
    )
    share = pl.when(pl.col("there").is_null()).then(0.0).otherwise(pl.col("share"))
    return every.with_columns(share=share).select(*names, "group", "share")


def _ranges(long: pl.DataFrame) -> pl.DataFrame:
    found = long.drop_nulls("share").group_by("group").agg(lowest=pl.col("share").min(), highest=pl.col("share").max())
    spread = pl.col("highest") - pl.col("lowest")
    return found.with_columns(spread=spread).sort("spread", "group", descending=[True, False])


def _effects(long: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Between-level sums of squares over the total, group by group; a group without a share somewhere has none."""
    complete = long.filter(pl.col("share").is_not_null().all().over("group"))
    mean = pl.col("share").mean().over("group")
    totals = complete.group_by("group").agg(total=((pl.col("share") - pl.col("share").mean()) ** 2).sum())
    parts = []
    for name in names:
        level = pl.col("share").mean().over("group", name)
        between = (
            complete.with_columns(square=(level - mean) ** 2).group_by("group").agg(between=pl.col("square").sum())
        )
        parts.append(between.with_columns(choice=pl.lit(name)))
    joined = pl.concat(parts).join(totals, on="group")
    main = joined.with_columns(part=pl.when(pl.col("total") > 0).then(pl.col("between") / pl.col("total")))
    rest = main.group_by("group").agg(part=1 - pl.col("part").sum(), flat=pl.col("part").null_count() > 0)
    rest = rest.select("group", choice=pl.lit("interactions"),
                       part=pl.when(~pl.col("flat")).then(pl.max_horizontal("part", pl.lit(0.0))))  # fmt: skip
    return pl.concat([main.select("group", "choice", "part"), rest]).sort(
        "group", "part", "choice", descending=[False, True, False], nulls_last=True
    )


def _text(name: str, value: Any) -> str:
    if name == "attribution" and not isinstance(value, str):
        return shown(value)
    if name == "where":
        return describe(value) or "all models"
    if name == "registry" and isinstance(value, Registry):
        return str(value.version)
    return "none" if value is None else str(value)
