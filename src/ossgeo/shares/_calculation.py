"""Running a calculator: the flows or events that it aggregates, and the checks of its output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import attrs
import narwhals as nw
import polars as pl

from ossgeo import plugins
from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.method import Adjustment, Cleaning
from ossgeo.errors import CalculatorContractError, InvalidArgumentError, OssgeoError
from ossgeo.panel._cleaning import panel_error, rows_are_usable
from ossgeo.panel._flow_rows import FELL, Flows
from ossgeo.panel._flows import FLOOR, births_of, floor_note, make_flows, usable_counts
from ossgeo.panel._panel import Panel
from ossgeo.panel._renames import find_renames
from ossgeo.panel._usable_rows import last_valid_day, unusable_rows_error
from ossgeo.registry._registry import Registry
from ossgeo.shares._calculators.count_in_top import CountInTop
from ossgeo.shares._calculators.downloads import Downloads
from ossgeo.shares._calculators.relative_adoption import RelativeAdoption
from ossgeo.shares._calculators.stock import Stock
from ossgeo.shares._calculators.weighted import Weighted
from ossgeo.shares._model_groups import GROUP
from ossgeo.shares._options import MeasureOptions
from ossgeo.shares._protocol import EventCalculator, ShareCalculator, gives_of, needs_whole_panel

_PARTS: Final = ("name", "unit", "requires", "gives", "aggregate")


def resolve_calculator(calculator: str | ShareCalculator) -> ShareCalculator:
    """Return the calculator with a name; an object is checked and returned.

    Args:
        calculator: A name or a calculator.

    Raises:
        PluginNotFoundError: No calculator has the name.
        CalculatorContractError: The object is not a calculator.
    """
    found: Any = plugins.make("shares", calculator) if isinstance(calculator, str) else calculator
    if missing := [part for part in _PARTS if not hasattr(found, part)]:
        raise CalculatorContractError(
            f"calculator must have {', '.join(_PARTS)}, got {found!r} without {', '.join(missing)};"
            " see ossgeo.shares.ShareCalculator"
        )
    if fault := plugins.version_fault(found):
        raise CalculatorContractError(f"{found.name!r}: {fault}")
    return cast("ShareCalculator", found)


def require_fitting(
    calculator: ShareCalculator,
    options: MeasureOptions,
    counter: Counter,
    *,
    dimensions: Sequence[str] = (),
    used: Sequence[str] = (),
) -> None:
    """Raise if the options about time, or the panel's counter, do not fit a calculator.

    Args:
        calculator: The calculator.
        options: The options.
        counter: The panel's counter.
        dimensions: The panel's dimensions.
        used: Those that the options name.

    Raises:
        InvalidArgumentError: An age cap of events, an age cap or a window of levels, or a stock of trailing counters.
        CalculatorContractError: The attribute ``gives`` of the calculator is not valid.
    """
    gives = gives_of(calculator)
    if used and gives == "events":
        raise InvalidArgumentError(
            f"by and where must not name {' or '.join(used)} for {calculator.name}, which counts models from the models table"
        )
    if dimensions and needs_whole_panel(calculator) and gives != "events":
        raise InvalidArgumentError(
            f"{calculator.name} must have one row for each model and period, and this panel has one for each "
            f"{', '.join(dimensions)}; read it without dimensions=, summed over them"
        )
    if gives == "events" and options.age_cap is not None:
        raise InvalidArgumentError(f"age_cap must be None for {calculator.name}, which counts events without an age")
    for name in ("window", "age_cap") if gives == "stock" else ():
        if getattr(options, name) is not None:
            raise InvalidArgumentError(
                f"{name} must be None for {calculator.name}, which gives levels that are not summed over time; use every="
            )
    remedy = ""
    if isinstance(calculator, Stock):
        remedy = "use calculator='flow'"
    elif isinstance(calculator, RelativeAdoption) and calculator.cumulative:
        remedy = "use calculator=RelativeAdoption(cumulative=False), of ossgeo.shares"
    if remedy and counter.kind != "cumulative":
        raise InvalidArgumentError(
            f"calculator {calculator.name!r} must have a panel of cumulative counters, got {counter}; {remedy}"
        )


def described(calculator: ShareCalculator, counter: Counter) -> tuple[str, str]:
    """Return the name and the unit of a calculator for a counter; flows of other units than downloads are named ``flow``."""
    unit = calculator.unit or counter.unit
    flow = isinstance(calculator, Downloads) and unit != Downloads().name
    return "flow" if flow else str(calculator.name), unit


def calculator_input(
    panel: Panel,
    models: pl.DataFrame,
    calculator: ShareCalculator,
    options: MeasureOptions,
    registry: Registry,
    notes: list[Adjustment],
    dimensions: tuple[str, ...] = (),
) -> Flows:
    """Return the flows, or the events, that a calculator aggregates.

    Args:
        panel: The panel.
        models: The models table.
        calculator: The calculator.
        options: The options; ``cleaning`` and ``age_cap`` apply here.
        registry: The registry, for renames.
        notes: Receives what was followed or left out.
        dimensions: The dimensions of the panel that are keys of the aggregate.
    """
    if isinstance(calculator, Weighted):
        flows = calculator_input(panel, models, Downloads(), options, registry, notes, dimensions)
        return calculator.weigh(flows, models, panel.counter, notes)
    if isinstance(calculator, EventCalculator):
        return _events(panel, models, _for_registry(calculator, registry), options, notes)
    if "created_at" in calculator.requires:
        notes.append(floor_note(models, "of unknown age"))
    if gives_of(calculator) == "stock":
        levels = _levels(panel, options.cleaning).without({*panel.dimensions} - {*dimensions})
        if isinstance(calculator, CountInTop) and panel.residual:
            listed = levels.frame.filter(~nw.col("model_id").is_in(list(panel.residual)))
            levels = attrs.evolve(levels, frame=listed)
        return levels
    births = births_of(models)
    if options.age_cap is not None:
        notes.append(floor_note(models, "taken as older than the age cap"))
    return make_flows(
        panel.rows,
        counter=panel.counter,
        periods=panel.periods,
        cleaning=options.cleaning,
        births=births,
        renames=_renames(panel, models, options.cleaning, registry, notes),
        age_cap=options.age_cap_days,
        horizon=None if rows_are_usable(panel) else last_valid_day(),
        dimensions=panel.dimensions,
        kept=dimensions,
    )


def _for_registry(calculator: EventCalculator, registry: Registry) -> EventCalculator:
    adapted = getattr(calculator, "for_registry", None)  # an optional part of the contract
    return calculator if adapted is None else cast("EventCalculator", adapted(registry))


def _levels(panel: Panel, cleaning: Cleaning) -> Flows:
    """Return the counters themselves in the form of flows: the level of each model at each observation."""
    horizon = None if rows_are_usable(panel) else last_valid_day()
    return usable_counts(
        panel.rows, counter=panel.counter, cleaning=cleaning, horizon=horizon, dimensions=panel.dimensions
    )


def _events(
    panel: Panel, models: pl.DataFrame, calculator: EventCalculator, options: MeasureOptions, notes: list[Adjustment]
) -> Flows:
    """Return events in the form of flows; they need the models table only.

    A creation at the Hub's earliest date is one "then or before": it belongs to the period before the first observation,
    and to no calendar step or window.
    """
    events = calculator.events(models.lazy()).collect()
    placed = options.every is None and options.window is None and panel.periods[0] >= FLOOR
    if "created_at" in calculator.requires and not placed:
        at_floor = events.filter(pl.col("period") == FLOOR)
        note = f"left out: created on {FLOOR} or before, the Hub's earliest date, so in no known period"
        notes.append(Adjustment("created_at_floor", at_floor.height, "models", note))
        events = events.join(at_floor, on="model_id", how="anti")
    dated = events.drop_nulls("period")
    last = panel.periods[-1]
    within = dated.filter(pl.col("period") <= last)
    notes.append(Adjustment("creation_unknown", events.height - dated.height, "models", "left out: no created_at"))
    notes.append(Adjustment("created_later", dated.height - within.height, "models", f"left out: created after {last}"))
    return Flows(engines.wrap(within.lazy().with_columns(downloads=pl.lit(1, pl.Int64))))


def _renames(
    panel: Panel, models: pl.DataFrame, cleaning: Cleaning, registry: Registry, notes: list[Adjustment]
) -> pl.DataFrame | None:
    """Return the models that continue under a new id; only differences need a model's history under its earlier id."""
    if panel.counter.kind != "cumulative" or cleaning.renames == "keep":
        return None
    renames, found = find_renames(panel.rows, models, registry)
    notes.extend(found)
    return renames


def sums_of(
    panel: Panel,
    flows: Flows,
    credits: pl.DataFrame,
    models: pl.DataFrame,
    calculator: ShareCalculator,
    cleaning: Cleaning,
) -> pl.DataFrame:
    """Run the one query over the panel.

    Args:
        panel: The panel.
        flows: The flows or events.
        credits: model_id, group, weight and, if any is dated, start and end.
        models: The models table.
        calculator: The calculator.
        cleaning: The policies.

    Returns:
        One row for each interval, group, event and value of the dimensions that are keys: since, period, group, event, the
        dimensions, value.

    Raises:
        CalculatorContractError: The calculator failed, or returned other columns, a row twice, an unknown period or group,
            or a value that is not finite or is below zero.
        PanelError: Rows of the panel cannot be used.
    """
    keys = (GROUP, *flows.keys)
    required = _with_required(credits, models, calculator)
    rows = engines.collect(_aggregate(flows.frame, required, calculator, keys))
    unusable = rows["period"].is_null()
    _require_valid_rows(rows, keys, credits, None if isinstance(calculator, EventCalculator) else panel, calculator)
    if "event" in flows.keys and cleaning.decreases == "error" and (rows["event"] == FELL).any():
        raise panel_error(
            panel,
            "a cumulative counter fell",
            "see panel.check(); Cleaning(decreases='clip') counts no downloads there",
        )
    if unusable.any() and cleaning.invalid == "error":
        raise unusable_rows_error(panel.rows, panel.counter, panel.source)
    rows = rows.filter(~unusable)
    if flows.crossing is not None and (rows["event"] == FELL).any():
        more = engines.collect(_aggregate(flows.crossing, required, calculator, keys)).cast(rows.schema)
        rows = pl.concat([rows, more]).group_by("period", *keys, maintain_order=True).agg(pl.col("value").sum())
    if "divisor" in flows.keys:
        exact = pl.col("value").cast(pl.Float64) / pl.col("divisor")
        rows = rows.sort("period", *keys).with_columns(value=exact)
        rest = [name for name in keys if name != "divisor"]
        rows = rows.group_by("period", *rest, maintain_order=True).agg(pl.col("value").sum())
    days = 1 if isinstance(calculator, EventCalculator) else panel.counter.days or 1
    defaults = {"since": (pl.col("period") - pl.duration(days=days)).cast(pl.Date), "event": pl.lit(0, pl.Int32)}
    absent = {name: column for name, column in defaults.items() if name not in flows.keys}
    found = rows.with_columns(pl.col("value").cast(pl.Float64), **absent)
    if panel.counter.kind == "interval" and gives_of(calculator) == "flow":
        _require_disjoint_intervals(panel, found)
    around = ("since", "period", GROUP, "event")
    return found.select(*around, *(key for key in keys if key not in {*around, "divisor"}), "value")


def _require_disjoint_intervals(panel: Panel, found: pl.DataFrame) -> None:
    """Raise if intervals of one model overlap, since their flows would be counted twice.

    The models are compared only if some intervals of the panel overlap.
    """
    spans = found.select("since", "period").unique().sort("period", "since")
    if not (spans["since"] < spans["period"].shift(1)).any():
        return
    rows = panel.rows
    since = nw.col("since")
    if "since" not in rows.collect_schema().names():
        since = nw.col("period").dt.offset_by(f"-{panel.counter.days}d").cast(nw.Date)
    rows = rows.select("model_id", *panel.dimensions, "period", since=since).unique()
    before = nw.col("period").shift(1).over("model_id", *panel.dimensions, order_by=["period", "since"])
    wrong = rows.with_columns(before=before).filter(nw.col("before") > nw.col("since"))
    example = engines.collect(wrong.sort("model_id", "period").head(1))
    if example.height:
        model, end, start, _ = example.select("model_id", "period", "since", "before").row(0)
        raise panel_error(
            panel,
            f"the intervals of a model overlap: {model} has one of ({start}, {end}] and one that ends within it",
            "keep one of them; a total that is observed more often than its length has kind='trailing'",
        )


def _require_valid_rows(
    rows: pl.DataFrame, keys: tuple[str, ...], credits: pl.DataFrame, panel: Panel | None, calculator: ShareCalculator
) -> None:
    """Raise if a calculator returned a row twice, an unknown period or group, or an invalid value.

    Args:
        rows: period, the keys and value.
        keys: The keys.
        credits: The credits, with all known groups.
        panel: The panel, with all known periods; None for events, which belong to their own days.
        calculator: The calculator.
    """
    value = pl.col("value").cast(pl.Float64)
    wrong = {
        "each period and key once": pl.struct("period", *keys).is_duplicated(),
        "finite values": value.is_null() | ~value.is_finite(),
        "groups of the credits": pl.col(GROUP).is_not_null() & ~pl.col(GROUP).is_in(credits[GROUP].unique().implode()),
    }
    if "event" not in keys:
        wrong["values of zero or more"] = value < 0
    if panel is not None:
        wrong["periods of the flows"] = ~pl.col("period").is_in(list(panel.periods))
    usable = rows.filter(pl.col("period").is_not_null())
    for rule, condition in wrong.items():
        found = usable.filter(condition)
        if found.height:
            raise CalculatorContractError(
                f"{calculator.name!r} must return {rule}, got {found.row(0, named=True)}; {found.height} such rows"
            )


def _with_required(credits: pl.DataFrame, models: pl.DataFrame, calculator: ShareCalculator) -> pl.DataFrame:
    """Add the columns that a calculator requires; an instant becomes its day in UTC, the same on every engine."""
    if not calculator.requires:
        return credits
    needed = models.select("model_id", *sorted(calculator.requires))
    if "created_at" in needed.columns:
        needed = needed.with_columns(pl.col("created_at").dt.date())
    return credits.join(needed, on="model_id")


def _aggregate(
    flows: nw.LazyFrame[Any], credits: pl.DataFrame, calculator: ShareCalculator, keys: tuple[str, ...]
) -> nw.LazyFrame[Any]:
    try:
        lazy = calculator.aggregate(flows, engines.send(credits, flows), keys=keys)
    except OssgeoError:
        raise
    except Exception as error:  # a calculator is foreign code
        raise CalculatorContractError(
            f"{calculator.name!r} failed: {type(error).__name__}: {error}; the cause is chained"
        ) from error
    columns = ("period", *keys, "value")
    if not isinstance(lazy, nw.LazyFrame) or not set(columns) <= set(lazy.collect_schema().names()):
        raise CalculatorContractError(f"{calculator.name!r} must return a Narwhals LazyFrame with {', '.join(columns)}")
    return lazy.select(*columns)
