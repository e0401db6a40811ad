"""``measure``: from a panel to a share table, in one pass over the panel."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo import attribution as attributions
from ossgeo import engines, plugins
from ossgeo.attribution import AttributionStrategy, Context, ModelTable, credits_of
from ossgeo.attribution.asking import adjustments_of, everyone_in, required_by, shown
from ossgeo.columns import BEGINNING, END
from ossgeo.errors import (
    CalculatorContractError,
    MeasureError,
)
from ossgeo.flows import FELL, WINDOW_DAYS, Flows, make_flows
from ossgeo.method import (
    COUNTINGS,
    DENOMINATORS,
    Adjustment,
    Adjustments,
    Cleaning,
    Counting,
    Denominator,
    Method,
    days_of,
)
from ossgeo.panel import Panel, normalised_models
from ossgeo.registry import Registry
from ossgeo.renames import find_renames
from ossgeo.shares import keys as grouping
from ossgeo.shares.base import ShareCalculator
from ossgeo.shares.keys import ATTRIBUTED, STANDINGS, By, Key
from ossgeo.shares.periods import spread
from ossgeo.shares.table import ShareTable
from ossgeo.shares.tally import is_aside, predecessors, shares_of, spread_out, warn_of_low_coverage, what_was_set_aside
from ossgeo.where import KEPT, UNDECIDED, Where, decide, describe

_GROUP: Final = "group"
_DEFAULTS: Final[dict[str, Any]] = {
    "by": "country",
    "calculator": "downloads",
    "attribution": attributions.DEFAULT,
    "counting": "fractional",
    "denominator": "all",
    "as_of": "flow",
    **dict.fromkeys(("every", "window", "age_cap", "where", "cleaning")),
}


def measure(
    panel: Panel,
    *,
    method: Method | None = None,
    by: By = "country",
    calculator: str | ShareCalculator = "downloads",
    attribution: str | AttributionStrategy = attributions.DEFAULT,
    counting: Counting = "fractional",
    denominator: Denominator = "all",
    every: str | None = None,
    window: str | dt.timedelta | None = None,
    age_cap: str | dt.timedelta | None = None,
    as_of: str | dt.date = "flow",
    where: Where | None = None,
    cleaning: Cleaning | None = None,
    registry: Registry | None = None,
    models: Any = None,
) -> ShareTable:
    """Measure the shares of groups in a panel.

    Args:
        panel: Counters over time.
        method: A method to measure by again; the other choices are then taken from it, and only ``registry`` and
            ``models`` may stand beside it.
        by: ``country``, ``organization``, ``namespace``, ``model``, a group scheme or its name, or a tuple of these.
        calculator: What is measured: a name or an object.
        attribution: Who a model is credited to: a name or a strategy.
        counting: ``fractional`` (weights), ``full`` (each group of a model counts 1; shares do not sum to 1) or
            ``primary`` (the largest weight takes all).
        denominator: ``all``, or ``attributed``: known countries only; standings keep their rows, with null share.
        every: Calendar step of the periods, such as ``1mo`` or ``1q``; a flow across a border is split by days. A period is
            named by its last day. Absent: one period an observation.
        window: Length of a rolling sum that ends at each period, such as ``365d``.
        age_cap: Count a model's downloads only until it is that old, such as ``365d``.
        as_of: Date of the registry: ``flow`` (the end of each interval), ``creation`` (of the model) or a date.
        where: Filter on models, in numerator and denominator alike; see :func:`ossgeo.where.decide`.
        cleaning: What is done about each hazard.
        registry: The registry; the bundled one where absent.
        models: A models table to use instead of the panel's.

    Returns:
        One row for each period and group, sorted by period and falling value: period, the keys, value (in the
        calculator's unit), share (fraction in [0, 1]); with method, coverage and adjustments.

    Raises:
        MeasureError: The choices, or the panel and the choices, do not fit.
        PanelError: The panel has rows that cannot be used.
        PluginNotFoundError: No calculator or strategy has the name.
        AttributionContractError: The strategy broke its contract.

    Warns:
        StaleDataWarning: The panel was checked, and has a stale observation that is kept.
        LowCoverageWarning: A period's total is zero, or less than half of the last one's downloads are reviewed.

    Example:
        >>> import ossgeo
        >>> table = ossgeo.measure(ossgeo.load_sample("labs-2025"), denominator="attributed")
        >>> table.method.denominator, round(table.at()["CN"], 3)
        ('attributed', 0.182)
    """
    choices: dict[str, Any] = {
        "by": by,
        "calculator": calculator,
        "attribution": attribution,
        "counting": counting,
        "denominator": denominator,
        "every": every,
        "window": days_of(window, what="window"),
        "age_cap": days_of(age_cap, what="age_cap"),
        "as_of": as_of,
        "where": where,
        "cleaning": cleaning,
    }
    if method is not None:
        if doubled := [name for name, value in choices.items() if not _is_default(name, value)]:
            raise MeasureError(
                f"method= makes every choice; leave out {', '.join(doubled)}, or measure without method="
            )
        return _again(panel, method, registry, models)
    choices["cleaning"] = cleaning or Cleaning()
    plan = _Plan(panel=panel, registry=registry or Registry.default(), models=models, **choices)
    return plan.run(choices)


def _is_default(name: str, value: Any) -> bool:
    """Compare with care: a Narwhals expression has an equality of its own."""
    default = _DEFAULTS[name]
    return value is default or (isinstance(value, str) and value == default)


def _again(panel: Panel, method: Method, registry: Registry | None, models: Any) -> ShareTable:
    """Measure by a method again, from its own objects or, where it was read from a file, from its names."""
    used = registry or method.choices.get("registry") or Registry.default()
    if used.version != method.registry:
        raise MeasureError(
            f"the method was made with registry {method.registry}, this is {used.version}; give registry="
        )
    if method.choices:
        choices = {name: value for name, value in method.choices.items() if name != "registry"}
    else:
        if method.where is not None:
            raise MeasureError(
                f"the method was read from a file, and its filter where={method.where} is text; measure with where="
            )
        as_of = method.as_of if method.as_of in ("flow", "creation") else dt.date.fromisoformat(method.as_of)
        names = ("calculator", "attribution", "counting", "denominator", "every", "window", "age_cap", "cleaning")
        choices = {name: getattr(method, name) for name in names}
        choices |= {"by": method.by, "as_of": as_of, "where": None}
    plan = _Plan(panel=panel, registry=used, models=models, **choices)
    return plan.run(choices)


def resolve_calculator(calculator: str | ShareCalculator) -> ShareCalculator:
    """Return the calculator behind a name; an object is checked and returned.

    Args:
        calculator: A name or a calculator.

    Raises:
        PluginNotFoundError: No calculator has the name.
        CalculatorContractError: The object is no calculator.
    """
    if isinstance(calculator, str):
        calculator = plugins.make("shares", calculator)
    if not isinstance(calculator, ShareCalculator):
        raise CalculatorContractError(f"{calculator!r} is no calculator: it needs name, unit, requires and aggregate")
    return calculator


def _check_choices(counting: str, denominator: str, as_of: object) -> None:
    for name, value, words in (("counting", counting, COUNTINGS), ("denominator", denominator, DENOMINATORS)):
        if value not in words:
            raise MeasureError(f"{name}={value!r} is not one of {', '.join(map(repr, words))}")
    if as_of not in ("flow", "creation") and not isinstance(as_of, dt.date):
        raise MeasureError(f"as_of={as_of!r} is neither 'flow', 'creation' nor a date")


@attrs.frozen(eq=False)
class _Plan:
    """One measurement: every choice made, nothing computed yet."""

    panel: Panel
    by: By
    calculator: str | ShareCalculator
    attribution: str | AttributionStrategy
    counting: Counting
    denominator: Denominator
    every: str | None
    window: int | None
    age_cap: int | None
    as_of: str | dt.date
    where: Where | None
    cleaning: Cleaning
    registry: Registry
    models: Any

    def run(self, choices: Mapping[str, Any]) -> ShareTable:
        _check_choices(self.counting, self.denominator, self.as_of)
        keys = grouping.resolve(self.by)
        strategy = attributions.resolve(self.attribution)
        calculator = resolve_calculator(self.calculator)
        if not self.panel.periods:
            raise MeasureError("the panel has no row, so there is nothing to measure")
        panel, cleaned = self.panel.cleaned(self.cleaning)
        return attrs.evolve(self, panel=panel)._measured(keys, strategy, calculator, cleaned, choices)

    def _measured(
        self,
        keys: tuple[Key, ...],
        strategy: AttributionStrategy,
        calculator: ShareCalculator,
        cleaned: tuple[Adjustment, ...],
        choices: Mapping[str, Any],
    ) -> ShareTable:
        models = self._models(calculator, strategy)
        renames, renamed = self._renames(models)
        groups, notes, behind = self._groups(models, keys, strategy)
        codes, credits = _encoded(groups, [key.name for key in keys], models)
        aggregate = self._aggregate(self._flows(models, renames), credits, calculator)
        if aggregate.filter(pl.col(_GROUP).is_null()).height:
            unlisted = self.panel.unlisted(models)
            if not unlisted.height:
                raise CalculatorContractError(f"{calculator.name!r} returned rows without their keys")
            note = Adjustment("model_unlisted", unlisted.height, "models", "not in the models table; known by id only")
            wider = attrs.evolve(self, models=pl.concat([models, unlisted], how="diagonal"))
            return wider._measured(keys, strategy, calculator, (*cleaned, note), choices)
        adjusted = (*cleaned, *renamed, *what_was_set_aside(aggregate, self.panel.periods), *notes)
        return self._table(aggregate, codes, keys, calculator, strategy, adjusted, behind, choices)

    def _models(self, calculator: ShareCalculator, strategy: AttributionStrategy) -> pl.DataFrame:
        """Collect the columns of the models table that somebody uses."""
        models = self.panel.models if self.models is None else normalised_models(self.models)
        columns = models.collect_schema().names()
        needed = set(calculator.requires) | ({"created_at"} if self.age_cap or self.as_of == "creation" else set())
        if missing := sorted(needed - set(columns)):
            why = "age_cap and as_of='creation' need it" if "created_at" in missing else f"{calculator.name} needs it"
            raise self.panel.fault(f"the models have no column {', '.join(missing)}", f"{why}; give models= with it")
        used = required_by(strategy)
        filters = set(self.where) if isinstance(self.where, Mapping) else set()
        if used is not None and not isinstance(self.where, nw.Expr) and filters <= set(columns):
            used |= needed | {"model_id", "namespace", "hub_id", "created_at", *filters}
            models = models.select(name for name in columns if name in used)
        return models.collect(engine="streaming").unique("model_id", keep="last", maintain_order=True)

    def _groups(
        self, models: pl.DataFrame, keys: tuple[Key, ...], strategy: AttributionStrategy
    ) -> tuple[pl.DataFrame, tuple[Adjustment, ...], tuple[tuple[str, int], ...]]:
        """Return every model's weighted groups, what was left out, and the namespaces behind each standing."""
        strange = models.filter(pl.col("namespace").str.ends_with(":"))
        if strange.height:
            raise self.panel.fault(f"{strange['model_id'][0]!r} is no model id", "cut web addresses to namespace/name")
        verdicts = decide(models, self.where)
        kept = models.filter(verdicts == KEPT)
        last = self.panel.periods[-1]
        day = self.as_of if isinstance(self.as_of, dt.date) else last
        context = Context(self.registry, ModelTable(models), on=day)
        credits = credits_of(strategy, kept, context=context)
        credits, notes = _as_of(credits, kept, self.as_of)
        notes += adjustments_of([strategy], context)
        credits = credits.join(kept.select("model_id", "namespace"), on="model_id")
        groups = grouping.weighted_groups(credits, keys, self.counting)
        behind = _behind(groups.join(kept.select("model_id", "namespace"), on="model_id"), last)
        left = pl.DataFrame({"model_id": models["model_id"], _GROUP: verdicts}).filter(pl.col(_GROUP) != KEPT)
        undecided = left.filter(pl.col(_GROUP) == UNDECIDED).height
        if undecided:
            notes = (
                *notes,
                Adjustment("where_undecided", undecided, "models", "left out: a value that where needs is unknown"),
            )
        outside = left.select(
            "model_id",
            start=pl.lit(BEGINNING),
            end=pl.lit(END),
            fraction=pl.lit(1.0),
            weight=pl.lit(1.0),
            outside=_GROUP,
        )
        return pl.concat([groups, outside], how="diagonal"), notes, behind

    def _renames(self, models: pl.DataFrame) -> tuple[pl.DataFrame | None, tuple[Adjustment, ...]]:
        """Only differences need a model's history under its earlier id."""
        if self.panel.counter == "downloads_30d" or self.cleaning.renames == "keep":
            return None, ()
        return find_renames(self.panel.rows, models, self.registry)

    def _flows(self, models: pl.DataFrame, renames: pl.DataFrame | None) -> Flows:
        births = None
        if "created_at" in models.columns:
            births = models.select("model_id", born=pl.col("created_at").dt.date())
        return make_flows(
            self.panel.rows,
            counter=self.panel.counter,
            periods=self.panel.periods,
            cleaning=self.cleaning,
            births=births,
            renames=renames,
            age_cap=self.age_cap,
            horizon=None if self.panel.sound else self.panel.horizon,
        )

    def _aggregate(self, flows: Flows, credits: pl.DataFrame, calculator: ShareCalculator) -> pl.DataFrame:
        """Run the one query over the panel; rows that cannot be used are diagnosed, never published."""
        keys = (_GROUP, *flows.keys)
        lazy = calculator.aggregate(flows.frame, engines.send(credits, flows.frame), keys=keys)
        if not isinstance(lazy, nw.LazyFrame) or not {"period", *keys, "value"} <= set(lazy.collect_schema().names()):
            raise CalculatorContractError(
                f"{calculator.name!r} must return a Narwhals LazyFrame with period, {', '.join(keys)} and value"
            )
        aggregate = engines.collect(lazy.select("period", *keys, "value"))
        broken = aggregate["period"].is_null()
        if "event" in flows.keys and self.cleaning.decreases == "error" and (aggregate["event"] == FELL).any():
            raise self.panel.fault(
                "an all-time counter fell", "see panel.check(); Cleaning(decreases='clip') counts no downloads there"
            )
        if broken.any() and self.cleaning.invalid == "error":
            raise self.panel.diagnosis()
        aggregate = aggregate.filter(~broken).with_columns(pl.col("value").cast(pl.Float64))
        if "since" not in flows.keys:
            since = pl.col("period") - pl.duration(days=WINDOW_DAYS)
            aggregate = aggregate.with_columns(since=since.cast(pl.Date))
        return aggregate if "event" in flows.keys else aggregate.with_columns(event=pl.lit(0, pl.Int32))

    def _table(
        self,
        aggregate: pl.DataFrame,
        codes: pl.DataFrame,
        keys: tuple[Key, ...],
        calculator: ShareCalculator,
        strategy: AttributionStrategy,
        adjusted: Iterable[Adjustment],
        behind: tuple[tuple[str, int], ...],
        choices: Mapping[str, Any],
    ) -> ShareTable:
        flows, notes = self._proper_flows(aggregate)
        grouped = flows.join(codes, on=_GROUP)
        outside = grouped.filter(pl.col("outside").is_not_null())
        if outside.height:
            notes += (
                Adjustment(
                    "where_excluded", float(outside["value"].sum()), calculator.unit, "of models that where leaves out"
                ),
            )
        inside = grouped.filter(pl.col("outside").is_null())
        intervals = flows.select("since", "period").unique().sort("period", "since").rows()
        plan = spread(intervals, self.panel.periods, counter=self.panel.counter, every=self.every,
                      window=self.window, estimate=self.cleaning.gaps == "spread")  # fmt: skip
        names = [key.name for key in keys]
        values = spread_out(inside, plan, [*names, "standing", "fraction"])
        frame, coverage = shares_of(values, plan, names, self.counting, self.denominator)
        warn_of_low_coverage(coverage, calculator.unit)
        method = Method(
            calculator=calculator.name,
            unit=calculator.unit,
            counter=self.panel.counter,
            by=tuple(names),
            attribution=shown(strategy),
            counting=self.counting,
            denominator=self.denominator,
            every=self.every,
            window=self.window,
            age_cap=self.age_cap,
            as_of=str(self.as_of),
            where=describe(self.where),
            cleaning=self.cleaning,
            registry=self.registry.version,
            panel=self.panel.fingerprint,
            source=self.panel.source,
            checked=self.panel.checked,
            engine=self.panel.engine,
            version=version("ossgeo"),
            plugins=_plugins(strategy, calculator),
            choices={**choices, "registry": self.registry},
        )
        found = tuple(item for item in (*adjusted, *notes, *plan.adjustments) if item.count)
        return ShareTable(frame, method, attrs.evolve(coverage, namespaces=behind), Adjustments(found), self.panel.note)

    def _proper_flows(self, aggregate: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
        """Take out what is no flow: bases, falls, and differences over a gap where these are not to be spread."""
        flows = aggregate.filter(~is_aside(aggregate, self.panel.periods)).select("since", "period", _GROUP, "value")
        flows = flows.group_by("since", "period", _GROUP).agg(pl.col("value").sum())
        if self.panel.counter == "downloads_30d":
            return flows, ()
        over_gap = pl.col("since") != pl.col("period").replace_strict(
            predecessors(self.panel.periods), default=None, return_dtype=pl.Date
        )
        gaps = flows.filter(over_gap)
        if self.cleaning.gaps == "gap":
            note = "left out: differences over a missing observation"
            return flows.filter(~over_gap), (Adjustment("window_gap", float(gaps["value"].sum()), "downloads", note),)
        return flows, (
            Adjustment(
                "window_gap",
                float(gaps["value"].sum()),
                "downloads",
                "differences over a missing observation, spread by days",
            ),
        )


def _plugins(strategy: AttributionStrategy, calculator: ShareCalculator) -> tuple[str, ...]:
    """Whoever took part and is not ours."""
    rules = [plugins.origin("attribution", rule) for rule in everyone_in(strategy)]
    found = (*rules, plugins.origin("shares", calculator))
    return tuple(dict.fromkeys(str(plugin) for plugin in found if plugin is not None))


def _as_of(
    credits: pl.DataFrame, models: pl.DataFrame, as_of: str | dt.date
) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
    """Fix the date of the registry, unless each flow has its own."""
    if as_of == "flow":
        return credits, ()
    always = {"start": pl.lit(BEGINNING), "end": pl.lit(END)}
    if isinstance(as_of, dt.date):
        return credits.filter((pl.col("start") <= as_of) & (pl.col("end") > as_of)).with_columns(**always), ()
    born = models.select("model_id", born=pl.col("created_at").dt.date())
    dated = credits.join(born, on="model_id")
    unknown = born["born"].null_count()
    day = pl.col("born").fill_null(END - dt.timedelta(days=1))
    note = "no created_at: attributed by the registry's latest state"
    chosen = dated.filter((pl.col("start") <= day) & (pl.col("end") > day)).with_columns(**always).drop("born")
    return chosen, (Adjustment("creation_unknown", unknown, "models", note),)


def _behind(groups: pl.DataFrame, day: dt.date) -> tuple[tuple[str, int], ...]:
    there = groups.filter((pl.col("start") <= day) & (pl.col("end") > day))
    counts = dict(there.group_by("standing").agg(pl.col("namespace").n_unique()).iter_rows())
    return tuple((name, counts[name]) for name in (ATTRIBUTED, *STANDINGS) if name in counts)


def _encoded(groups: pl.DataFrame, names: list[str], models: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the keys of every group by one integer: joins and aggregates on integers are the fastest everywhere."""
    what = [*names, "standing", "fraction", "outside"]
    codes = (
        groups.select(what)
        .unique(maintain_order=True)
        .with_row_index(_GROUP)
        .with_columns(pl.col(_GROUP).cast(pl.Int32))
    )
    credits = groups.join(codes, on=what, nulls_equal=True).select("model_id", "start", "end", _GROUP, "weight")
    # in the models' own order, which is most often the panel's: the join then reads memory in order
    credits = models.select("model_id").join(credits, on="model_id", maintain_order="left")
    dated = credits.select(((pl.col("start") > BEGINNING) | (pl.col("end") < END)).any()).item()
    return codes, credits if dated else credits.drop("start", "end")
