"""From a panel and choices to an aggregate: one query over the panel, everything else on small tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo import attribution as attributions
from ossgeo import plugins
from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END, day_of, days_of
from ossgeo._core.method import COUNTINGS, DENOMINATORS, Adjustment, Basis, Cleaning, Counting, Denominator, Method
from ossgeo.attribution import AttributionStrategy, Context, ModelTable, credits_of
from ossgeo.attribution._evaluation import adjustments_of, everyone_in, required_by, shown
from ossgeo.errors import CalculatorContractError, InvalidArgumentError, OssgeoError
from ossgeo.panel._filters import KEPT, UNDECIDED, Where, columns_of, decide, describe, require_columns
from ossgeo.panel._flows import FELL, WINDOW_DAYS, Flows, make_flows
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.panel._renames import find_renames
from ossgeo.registry._registry import Registry
from ossgeo.shares import _grouping as grouping
from ossgeo.shares._aggregates import Aggregate, coded
from ossgeo.shares._grouping import ATTRIBUTED, STATUSES, By, Key
from ossgeo.shares._protocol import EventCalculator, ShareCalculator
from ossgeo.shares._resampling import calendar_step

_GROUP: Final = "group"
_DEFAULTS: Final[dict[str, Any]] = {
    "by": "country",
    "calculator": "downloads",
    "attribution": attributions.DEFAULT,
    "counting": "fractional",
    "denominator": "all",
    "every": None,
    "window": None,
    "age_cap": None,
    "as_of": "flow",
    "where": None,
    "cleaning": None,
}

CHOSEN_LATE: Final = frozenset({"denominator", "window"})
"""What is chosen after the panel was summed."""


def is_default(name: str, value: Any) -> bool:
    """Tell whether a choice is the default; with care: a Narwhals expression has an equality of its own."""
    default = _DEFAULTS[name]
    return value is default or (isinstance(value, str) and value == default)


def plan_of(panel: Panel, *, registry: Registry | None = None, models: Any = None, **choices: Any) -> Plan:
    """Make a plan; what is not chosen has its default.

    Args:
        panel: The panel.
        registry: The registry; the bundled one where absent.
        models: A models table to use instead of the panel's.
        **choices: Those of :func:`ossgeo.measure`.

    Raises:
        InvalidArgumentError: There is no such choice, or a duration is none.
    """
    require_panel(panel)
    if strange := sorted(set(choices) - set(_DEFAULTS)):
        raise InvalidArgumentError(f"{', '.join(strange)}: no such choice; there are {', '.join(_DEFAULTS)}")
    made = {**_DEFAULTS, **choices}
    for name in ("window", "age_cap"):
        made[name] = days_of(made[name], what=name)
    if isinstance(made["by"], list):
        raise InvalidArgumentError(f"by={made['by']!r}: several keys are a tuple, such as {tuple(made['by'])!r}")
    made["cleaning"] = Cleaning() if made["cleaning"] is None else made["cleaning"]
    for name, value, kind in (("cleaning", made["cleaning"], Cleaning), ("registry", registry, Registry)):
        if value is not None and not isinstance(value, kind):
            raise InvalidArgumentError(f"{name}={value!r} is no {kind.__name__}")
    if made["as_of"] not in ("flow", "creation"):
        made["as_of"] = day_of(made["as_of"], what="as_of (where it is not 'flow' or 'creation')")
    if isinstance(made["where"], Mapping) and not made["where"]:
        made["where"] = None
    elif not (made["where"] is None or isinstance(made["where"], Mapping | nw.Expr)):
        raise InvalidArgumentError(
            f"where={made['where']!r} is no filter; give a mapping such as {{'license': 'mit'}}, or a Narwhals expression"
        )
    return Plan(panel=panel, registry=registry or Registry.default(), models=models, **made)


def require_panel(panel: Any) -> None:
    """Tell that something is no panel.

    Args:
        panel: What was given.

    Raises:
        InvalidArgumentError: It is none.
    """
    if not isinstance(panel, Panel):
        raise InvalidArgumentError(f"a Panel is needed, not {type(panel).__name__}; ossgeo.read_panel(...) makes one")


def choices_of(method: Method) -> dict[str, Any]:
    """Return the choices behind a method: its own objects or, where it was read from a file, what its names say.

    Args:
        method: The method.

    Raises:
        InvalidArgumentError: It was read from a file, and has a filter.
    """
    if method.choices:
        return {name: value for name, value in method.choices.items() if name != "registry"}
    if method.where is not None:
        raise InvalidArgumentError(
            f"the method was read from a file, and its filter where={method.where} is text; measure with where="
        )
    as_of = method.as_of if method.as_of in ("flow", "creation") else dt.date.fromisoformat(method.as_of)
    names = ("by", "calculator", "attribution", "counting", "denominator", "every", "cleaning")
    return {
        **{name: getattr(method, name) for name in names},
        "window": _days(method.window),
        "age_cap": _days(method.age_cap),
        "as_of": as_of,
    }


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


@attrs.frozen(eq=False)
class Ran:
    """What a plan made: the aggregate, and the tables that it was made from.

    Attributes:
        aggregate: Sums by interval and group.
        models: The models table, in the columns that somebody used.
        credits: One row for each model, validity and group: model_id, start and end (where any is dated), group, weight.
    """

    aggregate: Aggregate
    models: pl.DataFrame
    credits: pl.DataFrame


@attrs.frozen(eq=False)
class Plan:
    """One measurement: every choice made, nothing computed yet. The attributes are the arguments of ``measure``."""

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

    def run(self) -> Ran:
        """Run the one query over the panel.

        Raises:
            InvalidArgumentError: The choices, or the panel and the choices, do not fit.
            PanelError: The panel has rows that cannot be used.
        """
        self._check_choices()
        keys = grouping.resolve(self.by)
        strategy = attributions.resolve(self.attribution)
        calculator = resolve_calculator(self.calculator)
        if not self.panel.periods:
            raise InvalidArgumentError("the panel has no row, so there is nothing to measure")
        panel, cleaned = self.panel.cleaned(self.cleaning)
        return attrs.evolve(self, panel=panel)._run(keys, strategy, calculator, cleaned)

    def rerun(self, aggregate: Aggregate) -> Aggregate:
        """Return what a run would, from the aggregate of a plan that differs in nothing but what is chosen late.

        Args:
            aggregate: The other plan's.

        Raises:
            InvalidArgumentError: There is no such denominator.
        """
        self._check_choices()
        late = {"denominator": self.denominator, "window": _days(self.window)}
        method = attrs.evolve(aggregate.method, denominator=self.denominator, window=self.window,
                              choices={**aggregate.method.choices, **late})  # fmt: skip
        return attrs.evolve(aggregate, method=method)

    def _check_choices(self) -> None:
        choices = (("counting", self.counting, COUNTINGS), ("denominator", self.denominator, DENOMINATORS))
        for name, value, words in choices:
            if value not in words:
                raise InvalidArgumentError(f"{name}={value!r} is not one of {', '.join(map(repr, words))}")
        calendar_step(self.every)

    def _run(
        self,
        keys: tuple[Key, ...],
        strategy: AttributionStrategy,
        calculator: ShareCalculator,
        cleaned: tuple[Adjustment, ...],
    ) -> Ran:
        models = self._models(keys, calculator, strategy)
        weighted, notes = self._groups(models, keys, strategy)
        groups, named = _encoded(weighted, [key.name for key in keys], models)
        behind = namespaces_behind(groups, named, self.panel.periods[-1])
        credits = named.drop("namespace")
        flows, followed = self._flows(models, calculator)
        rows = self._aggregated(flows, credits, models, calculator)
        if rows.filter(pl.col(_GROUP).is_null()).height:
            unlisted = self.panel.unlisted(models)
            if not unlisted.height:
                raise CalculatorContractError(f"{calculator.name!r} returned rows without their keys")
            note = Adjustment("model_unlisted", unlisted.height, "models", "not in the models table; known by id only")
            wider = attrs.evolve(self, models=pl.concat([models, unlisted], how="diagonal"))
            return wider._run(keys, strategy, calculator, (*cleaned, note))
        method = self._method(keys, strategy, calculator)
        adjusted = (*cleaned, *followed, *notes)
        aggregate = Aggregate(rows, groups, method, self.panel.periods, adjusted, behind, self.panel.note)
        return Ran(aggregate, models, credits)

    def _models(
        self, keys: tuple[Key, ...], calculator: ShareCalculator, strategy: AttributionStrategy
    ) -> pl.DataFrame:
        """Collect the columns of the models table that somebody uses."""
        models = self.panel.models if self.models is None else normalized_models(self.models)
        columns = models.collect_schema().names()
        needed = set(calculator.requires) | ({"created_at"} if self.age_cap or self.as_of == "creation" else set())
        if missing := sorted(needed - set(columns)):
            ours = set(missing) <= set(calculator.requires)
            why = f"{calculator.name} needs it" if ours else "age_cap and as_of='creation' need it"
            raise self.panel.fault(f"the models have no column {', '.join(missing)}", f"{why}; give models= with it")
        require_columns(self.where, columns)
        rules = [required_by(rule) for rule in (strategy, *map(attributions.resolve, grouping.rules_of(keys).values()))]
        if None not in rules and not isinstance(self.where, nw.Expr):
            used = {"model_id", "namespace", "hub_id", "created_at", *needed, *columns_of(self.where)}
            used |= {column for rule in rules for column in rule or ()}
            models = models.select(name for name in columns if name in used)
        table = models.collect(engine="streaming")
        if table["model_id"].n_unique() == table.height:
            return table
        return table.unique("model_id", keep="last", maintain_order=True)

    def _groups(
        self, models: pl.DataFrame, keys: tuple[Key, ...], strategy: AttributionStrategy
    ) -> tuple[pl.DataFrame, tuple[Adjustment, ...]]:
        """Return every model's weighted groups, and what was left out."""
        strange = models.filter(pl.col("namespace").str.ends_with(":"))
        if strange.height:
            raise self.panel.fault(f"{strange['model_id'][0]!r} is no model id", "cut web addresses to namespace/name")
        verdicts = decide(models, self.where)
        kept = models if self.where is None else models.filter(verdicts == KEPT)
        last = self.panel.periods[-1]
        context = Context(self.registry, ModelTable(models), on=self.as_of if isinstance(self.as_of, dt.date) else last)
        credits = credits_of(strategy, kept, context=context)
        for column, rule in grouping.rules_of(keys).items():
            theirs = credits_of(attributions.resolve(rule), kept, context=context)
            credits = grouping.crossed(credits, theirs, column)
        if any(key.name == "kind" for key in keys):
            credits = grouping.with_kinds(credits, self.registry.kinds)
        credits, notes = _as_of(credits, kept, self.as_of)
        notes += adjustments_of([strategy, *map(attributions.resolve, grouping.rules_of(keys).values())], context)
        if any(key.name == "namespace" for key in keys):
            credits = credits.join(kept.select("model_id", "namespace"), on="model_id", maintain_order="left")
        groups = grouping.weighted_groups(credits, keys, self.counting)
        left = pl.DataFrame({"model_id": models["model_id"], _GROUP: verdicts}).filter(pl.col(_GROUP) != KEPT)
        undecided = left.filter(pl.col(_GROUP) == UNDECIDED).height
        if undecided:
            note = "left out: a value that where needs is unknown"
            notes = (*notes, Adjustment("where_undecided", undecided, "models", note))
        whole = {"fraction": pl.lit(1.0), "weight": pl.lit(1.0), "outside": pl.col(_GROUP)}
        outside = left.select("model_id", start=pl.lit(BEGINNING), end=pl.lit(END), **whole)
        return pl.concat([groups, outside], how="diagonal"), notes

    def _flows(self, models: pl.DataFrame, calculator: ShareCalculator) -> tuple[Flows, tuple[Adjustment, ...]]:
        """Return what the calculator counts, and what was followed or left out on the way."""
        if isinstance(calculator, EventCalculator):
            return self._events(models, calculator)
        renames, followed = self._renames(models)
        births = None
        if "created_at" in models.columns:
            births = models.select("model_id", born=pl.col("created_at").dt.date())
        flows = make_flows(
            self.panel.rows,
            counter=self.panel.counter,
            periods=self.panel.periods,
            cleaning=self.cleaning,
            births=births,
            renames=renames,
            age_cap=self.age_cap,
            horizon=None if self.panel.sound else self.panel.horizon,
        )
        return flows, followed

    def _events(self, models: pl.DataFrame, calculator: EventCalculator) -> tuple[Flows, tuple[Adjustment, ...]]:
        """What happens once to a model, instead of counters: it needs the models table only."""
        if self.age_cap is not None:
            raise InvalidArgumentError(f"{calculator.name} counts events, which have no age: leave out age_cap")
        events = calculator.events(models.lazy()).collect()
        dated = events.drop_nulls("period")
        last = self.panel.periods[-1]
        within = dated.filter(pl.col("period") <= last)
        notes = (
            Adjustment("creation_unknown", events.height - dated.height, "models", "left out: no created_at"),
            Adjustment("created_later", dated.height - within.height, "models", f"left out: created after {last}"),
        )
        return Flows(engines.wrap(within.lazy().with_columns(downloads=pl.lit(1, pl.Int64)))), notes

    def _renames(self, models: pl.DataFrame) -> tuple[pl.DataFrame | None, tuple[Adjustment, ...]]:
        """Only differences need a model's history under its earlier id."""
        if self.panel.counter == "downloads_30d" or self.cleaning.renames == "keep":
            return None, ()
        return find_renames(self.panel.rows, models, self.registry)

    def _aggregated(
        self, flows: Flows, credits: pl.DataFrame, models: pl.DataFrame, calculator: ShareCalculator
    ) -> pl.DataFrame:
        """Run the one query over the panel; rows that cannot be used are diagnosed, never published."""
        keys = (_GROUP, *flows.keys)
        if calculator.requires:
            needed = models.select("model_id", *sorted(calculator.requires))
            if (
                "created_at" in needed.columns
            ):  # a day is the same on every engine; an instant is cut where its session is
                needed = needed.with_columns(pl.col("created_at").dt.date())
            credits = credits.join(needed, on="model_id")
        try:
            lazy = calculator.aggregate(flows.frame, engines.send(credits, flows.frame), keys=keys)
        except OssgeoError:
            raise
        except Exception as error:  # a calculator is somebody's code
            raise CalculatorContractError(
                f"{calculator.name!r} failed: {type(error).__name__}: {error}; the cause is chained"
            ) from error
        if not isinstance(lazy, nw.LazyFrame) or not {"period", *keys, "value"} <= set(lazy.collect_schema().names()):
            raise CalculatorContractError(
                f"{calculator.name!r} must return a Narwhals LazyFrame with period, {', '.join(keys)} and value"
            )
        rows = engines.collect(lazy.select("period", *keys, "value"))
        broken = rows["period"].is_null()
        if "event" not in flows.keys and (rows["value"].filter(~broken) < 0).any():
            raise CalculatorContractError(f"{calculator.name!r} returned a value below zero")
        if "event" in flows.keys and self.cleaning.decreases == "error" and (rows["event"] == FELL).any():
            raise self.panel.fault(
                "an all-time counter fell", "see panel.check(); Cleaning(decreases='clip') counts no downloads there"
            )
        if broken.any() and self.cleaning.invalid == "error":
            raise self.panel.diagnosis()
        days = 1 if isinstance(calculator, EventCalculator) else WINDOW_DAYS
        added = {
            "since": (pl.col("period") - pl.duration(days=days)).cast(pl.Date),
            "event": pl.lit(0, pl.Int32),
        }
        columns = ("since", "period", _GROUP, "event", "value")
        rows = rows if not broken.any() else rows.filter(~broken)
        if "divisor" in flows.keys:
            exact = pl.col("value").cast(pl.Float64) / pl.col("divisor")
            rows = rows.sort("period", *keys).with_columns(value=exact)
            rest = [name for name in keys if name != "divisor"]
            rows = rows.group_by("period", *rest, maintain_order=True).agg(pl.col("value").sum())
        rows = rows.with_columns(
            pl.col("value").cast(pl.Float64), **{name: made for name, made in added.items() if name not in flows.keys}
        )
        return rows.select(columns)

    def _method(self, keys: tuple[Key, ...], strategy: AttributionStrategy, calculator: ShareCalculator) -> Method:
        basis: Basis = "events" if isinstance(calculator, EventCalculator) else self.panel.counter
        names = ("by", "calculator", "attribution", "counting", "denominator", "every", "window", "age_cap", "as_of",
                 "where", "cleaning", "registry")  # fmt: skip
        return Method(
            calculator=str(calculator.name),
            unit=calculator.unit,
            counter=basis,
            by=tuple(key.name for key in keys),
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
            choices={name: getattr(self, name) for name in names}
            | {"window": _days(self.window), "age_cap": _days(self.age_cap)},
        )


def _days(number: int | None) -> str | None:
    """Return a duration as people choose it."""
    return None if number is None else f"{number}d"


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
    dated = credits.join(born, on="model_id", maintain_order="left")
    unknown = born["born"].null_count()
    day = pl.col("born").fill_null(END - dt.timedelta(days=1))
    note = "no created_at: attributed by the registry's latest state"
    chosen = dated.filter((pl.col("start") <= day) & (pl.col("end") > day)).with_columns(**always).drop("born")
    return chosen, (Adjustment("creation_unknown", unknown, "models", note),)


def namespaces_behind(groups: pl.DataFrame, credits: pl.DataFrame, day: dt.date) -> tuple[tuple[str, int], ...]:
    """Count the namespaces behind each status on a day.

    Args:
        groups: group, status, outside; codes in order.
        credits: namespace, group and, where any is dated, start and end.
        day: The day.
    """
    dated = "start" in credits.columns
    there = credits.filter((pl.col("start") <= day) & (pl.col("end") > day)) if dated else credits
    kept = there.select("namespace", "group").unique().join(groups.filter(pl.col("outside").is_null()), on="group")
    found = dict(kept.group_by("status").agg(pl.col("namespace").n_unique()).iter_rows())
    return tuple((name, found[name]) for name in (ATTRIBUTED, *STATUSES) if name in found)


def _encoded(groups: pl.DataFrame, names: list[str], models: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the keys of every group by one integer: joins and aggregates on integers are the fastest everywhere."""
    codes = coded(groups, names)
    what = [*names, "status", "fraction", "outside"]
    credits = groups.join(codes, on=what, nulls_equal=True).select("model_id", "start", "end", _GROUP, "weight")
    # in the models' own order, which is most often the panel's: the join then reads memory in order
    credits = models.select("model_id", "namespace").join(credits, on="model_id", maintain_order="left")
    dated = credits.select(((pl.col("start") > BEGINNING) | (pl.col("end") < END)).any()).item()
    return codes, credits if dated else credits.drop("start", "end")
