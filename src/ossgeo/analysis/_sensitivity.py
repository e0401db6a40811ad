"""Sensitivity: the shares under every combination of choices, and the choice that explains most of their variance."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Unpack

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.display import Result
from ossgeo._core.method import Method
from ossgeo._core.text import Format, percent
from ossgeo.analysis._panel_subset import observations_for
from ossgeo.attribution import DEFAULT
from ossgeo.attribution._evaluation import required_columns, resolve, shown
from ossgeo.attribution._memoized import Memoized
from ossgeo.errors import InvalidArgumentError, LowCoverageWarning, VoidOptionWarning
from ossgeo.panel._filters import describe
from ossgeo.panel._models_table import missing_columns_text
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._aggregates import Aggregate
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._names import day_text, sentence_label
from ossgeo.shares._options import LATE, MeasureOptionsDict
from ossgeo.shares._pipeline import models_of, plan_of, require_panel
from ossgeo.shares._protocol import needs_whole_panel
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

_VOID: Final = {"choice": pl.String, "value": pl.String, "reason": pl.String}


@attrs.frozen(eq=False)
class Sensitivity(Result):
    """Shares under every combination of choices.

    Attributes:
        frame: One row for each combination and group: a column for each choice that varies (as text), group, share (null
            if it is not defined).
        method: The method of the first combination.
        period: The period.
        ranges: One row for each group: group, lowest, highest, spread (of the shares over all combinations).
        effects: One row for each group and choice, and one for ``interactions``: group, choice, part (of the variance of
            the shares over the grid that the choice explains by itself; the parts of a group sum to 1 if it varies).
        methods: The method of each combination, in the order of the grid.
        void: One row for each value of the grid that could not be applied to this panel and is not part of the result:
            choice, value, reason.
    """

    period: dt.date
    ranges: pl.DataFrame
    effects: pl.DataFrame
    methods: tuple[Method, ...]
    void: pl.DataFrame = attrs.field(factory=lambda: pl.DataFrame(schema=_VOID))

    def sentence(self) -> str:
        """Return the range of the group that varies most, and the choice that explains most of it."""
        left_out = "".join(
            f" {choice}={value} could not be applied: {reason}." for choice, value, reason in self.void.iter_rows()
        )
        if not self.ranges.height:
            return f"On {day_text(self.period)} no share is defined under any combination.{left_out}"
        top = self.ranges.row(0, named=True)
        mine = self.effects.filter((pl.col("group") == top["group"]) & (pl.col("choice") != "interactions"))
        mine = mine.sort("part", descending=True, nulls_last=True)
        defined = self.frame.drop_nulls("share").select(self.frame.columns[:-2]).n_unique()
        count = f"{defined}" if defined == len(self.methods) else f"{defined} of {len(self.methods)}"
        if len(self.methods) > 1 and percent(top["lowest"]) == percent(top["highest"]):
            return f"On {day_text(self.period)} no share changes over {count} combinations of choices.{left_out}"
        text = (
            f"On {day_text(self.period)} {sentence_label(self.method, top['group'])} lies between {percent(top['lowest'])} and {percent(top['highest'])} over "
            f"{count} combinations of choices"
        )
        if mine.height and mine["part"][0] is not None:
            text += f"; the option {mine['choice'][0]} by itself explains {percent(mine['part'][0])} of the variance"
        return f"{text}.{left_out}"

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        return self.ranges, {"group": "text", "lowest": "share", "highest": "share", "spread": "width"}


def usual_grid(panel: Panel) -> dict[str, list[Any]]:
    """Return the choices that are open on a panel, each with its usual values."""
    columns = panel.models.collect_schema().names()
    grid: dict[str, list[Any]] = {"denominator": ["all", "attributed"], "counting": ["fractional", "primary"]}
    if "created_at" in columns:
        grid["age_cap"] = [None, "365d"]
    if "base_models" in columns:
        grid["attribution"] = ["publisher", "root"]
    return grid


def sensitivity(
    panel: Panel,
    grid: Mapping[str, Sequence[Any]] | None = None,
    *,
    period: dt.date | str | None = None,
    **options: Unpack[MeasureOptionsDict],
) -> Sensitivity:
    """Measure one period under every combination of choices.

    Only the observations that the period needs are read, and combinations that differ in denominator or window alone are
    summed once. A value that cannot be applied, such as ``attribution="root"`` if the models have no ``base_models``, would
    equal another one: it is left out of the grid and listed in ``void``.

    Args:
        panel: The panel.
        grid: Options of :func:`ossgeo.measure` and the values that each takes, such as
            ``{"denominator": ["all", "attributed"], "age_cap": [None, "365d"]}``. By default denominator and counting, the
            age cap if the models have days of creation, and attribution to publisher or root if they have base models.
        period: The period; by default the panel's latest one.
        **options: The options that do not vary; ``by`` is one key.

    Returns:
        The long table, each group's range, and the part of the variance that each choice explains.

    Raises:
        InvalidArgumentError: The grid is empty, or names an option that cannot vary; no value of a choice can be applied;
            or a combination cannot be measured.

    Warns:
        VoidOptionWarning: A value of the grid could not be applied.

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
    if grid is None:
        grid = {name: values for name, values in usual_grid(panel).items() if name not in options}
    _check(grid, options)
    day = day_of(period, what="period") if period is not None else panel.periods[-1] if panel.periods else None
    if day is None or day not in panel.periods:
        raise InvalidArgumentError(
            f"period must be one of the panel's observations, got {day}: the panel has no period {day}"
        )
    applied, void = _applicable(panel, grid, options)
    for name, value, reason in void:
        warnings.warn(f"{name}={value} could not be applied: {reason}", VoidOptionWarning, stacklevel=2)
    windows, cleanings = ([*applied.get(name, []), options.get(name)] for name in ("window", "cleaning"))
    beyond = needs_whole_panel(resolve_calculator(options.get("calculator") or "downloads"))
    part = panel if beyond else observations_for(panel, day, windows=windows, cleanings=cleanings)
    frames, methods = [], []
    for texts, table in _tables(part, applied, options):
        shares = table.to_polars().filter(pl.col("period") == day).select("share", group=table.keys[0])
        frames.append(shares.with_columns(pl.lit(text).alias(name) for name, text in texts.items()))
        methods.append(attrs.evolve(table.method, panel=panel.fingerprint))
    long = _complete(pl.concat(frames), applied)
    return Sensitivity(
        long, methods[0], day, _ranges(long), _effects(long, list(applied)), tuple(methods),
        pl.DataFrame(void, schema=_VOID, orient="row"),
    )  # fmt: skip


def _tables(
    panel: Panel, grid: Mapping[str, Sequence[Any]], options: Mapping[str, Any]
) -> Iterator[tuple[dict[str, str], ShareTable]]:
    """Measure each combination; strategies are evaluated once, and sums are shared where only late options differ."""
    remembered: dict[str, Memoized] = {}
    sums: dict[Any, Aggregate] = {}
    for combination in itertools.product(*grid.values()):
        chosen = {**options, **dict(zip(grid, combination, strict=True))}
        strategy = chosen.get("attribution", DEFAULT)
        once = remembered.setdefault(_text("attribution", strategy), Memoized(resolve(strategy)))
        plan = plan_of(panel, function=sensitivity, **{**chosen, "attribution": once})
        key = tuple(_text(name, chosen[name]) for name in sorted(set(chosen) - LATE))
        if key not in sums:
            sums[key] = plan.run().aggregate
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LowCoverageWarning)  # the sentence names combinations without a share
            table = plan.rerun(sums[key]).table()
        method = attrs.evolve(table.method, choices={**table.method.choices, "attribution": strategy})
        texts = {name: _text(name, value) for name, value in zip(grid, combination, strict=True)}
        yield texts, attrs.evolve(table, method=method)


def _applicable(
    panel: Panel, grid: Mapping[str, Sequence[Any]], options: Mapping[str, Any]
) -> tuple[dict[str, list[Any]], list[tuple[str, str, str]]]:
    """Return the grid without the values that need a column without values in the models, and these with the reason."""
    models = models_of(panel, options.get("models"))
    applied: dict[str, list[Any]] = {}
    void = []
    for name, values in grid.items():
        reasons = [missing_columns_text(models, _required(name, value)) for value in values]
        applied[name] = [value for value, reason in zip(values, reasons, strict=True) if not reason]
        void += [
            (name, _text(name, value), f"the models have {reason}")
            for value, reason in zip(values, reasons, strict=True)
            if reason
        ]
        if not applied[name]:
            why = "; ".join(f"{value}: {reason}" for choice, value, reason in void if choice == name)
            raise InvalidArgumentError(f"no value of {name} can be applied to this panel ({why})")
    return applied, void


def _required(name: str, value: Any) -> frozenset[str]:
    """Return the columns of the models that a value of a choice needs."""
    if name == "attribution":
        return required_columns(resolve(value)) or frozenset()
    dated = (name == "age_cap" and value is not None) or (name == "as_of" and value == "creation")
    return frozenset({"created_at"}) if dated else frozenset()


def _check(grid: Mapping[str, Sequence[Any]], options: Mapping[str, Any]) -> None:
    if not isinstance(grid, Mapping):
        raise InvalidArgumentError(
            f"the grid must be a mapping, got {type(grid).__name__}; for example {{'denominator': ['all', 'attributed']}}"
        )
    if not grid or any(isinstance(values, str) or not len(values) for values in grid.values()):
        raise InvalidArgumentError("the grid must name choices, each with a list of one value or more")
    if unknown := [name for name in grid if name not in CHOICES]:
        raise InvalidArgumentError(f"the grid must vary one of {', '.join(CHOICES)}, got {unknown[0]!r}")
    if doubled := [name for name in grid if name in options]:
        raise InvalidArgumentError(f"{doubled[0]!r} is given in the grid and as an option; leave out one of them")
    if options.get("every") is not None:
        raise InvalidArgumentError("every must be None: sensitivity measures one of the panel's own periods")
    by = options.get("by", "country")
    if isinstance(by, tuple | list) and len(by) != 1:
        raise InvalidArgumentError(f"by must be one key, got {by!r}")


def _complete(long: pl.DataFrame, grid: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """Add the groups without a row in a combination: their share is 0, or null if no share is defined there."""
    names = list(grid)
    levels = {name: list(dict.fromkeys(_text(name, value) for value in values)) for name, values in grid.items()}
    combinations = pl.DataFrame(list(itertools.product(*levels.values())), schema=names, orient="row")
    defined = long.group_by(names).agg(defined=pl.col("share").is_not_null().any())
    every = combinations.join(long.select("group").unique(), how="cross").join(
        long.with_columns(present=pl.lit(True)), on=[*names, "group"], how="left", maintain_order="left"
    )
    every = every.join(defined, on=names, how="left", maintain_order="left")
    share = pl.when(pl.col("present").is_not_null()).then(pl.col("share")).when("defined").then(0.0)
    return every.select(*names, "group", share.alias("share"))


def _ranges(long: pl.DataFrame) -> pl.DataFrame:
    found = long.drop_nulls("share").group_by("group").agg(lowest=pl.col("share").min(), highest=pl.col("share").max())
    spread = pl.col("highest") - pl.col("lowest")
    return found.with_columns(spread=spread).sort("spread", "group", descending=[True, False])


def _effects(long: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Return between-level sums of squares over the total, by group; a group with an undefined share has none."""
    complete = long.filter(pl.col("share").is_not_null().all().over("group"))
    mean = pl.col("share").mean().over("group")
    totals = complete.group_by("group").agg(total=((pl.col("share") - pl.col("share").mean()) ** 2).sum())
    parts = []
    for name in names:
        level = pl.col("share").mean().over("group", name)
        squares = complete.with_columns(square=(level - mean) ** 2)
        parts.append(squares.group_by("group").agg(between=pl.col("square").sum()).with_columns(choice=pl.lit(name)))
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
