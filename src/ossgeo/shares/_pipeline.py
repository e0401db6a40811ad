"""From a panel and options to an aggregate: one query over the panel, everything else on small tables."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self, Unpack

import attrs
import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo import attribution as attributions
from ossgeo import plugins
from ossgeo._core.boundary import runs_queries
from ossgeo._core.method import Adjustment, Measured, Method
from ossgeo.attribution import AttributionStrategy
from ossgeo.attribution._evaluation import is_by_namespace, required_columns, shown, strategies_in
from ossgeo.errors import CalculatorContractError, InvalidArgumentError, VoidOptionWarning
from ossgeo.panel._cleaning import cleaned_panel, first_id_with, panel_error, rows_are_usable, unlisted_models
from ossgeo.panel._filters import columns_of, describe, of_models, require_columns
from ossgeo.panel._flow_rows import Flows
from ossgeo.panel._keyed import KeyedRows, sums_are_exact
from ossgeo.panel._models_table import missing_columns_text, warn_of_differing_rows
from ossgeo.panel._panel import Panel
from ossgeo.registry._platforms import platform_registry
from ossgeo.registry._registry import Registry
from ossgeo.shares import _grouping as grouping
from ossgeo.shares._aggregates import Aggregate
from ossgeo.shares._by_key import summed_by_key
from ossgeo.shares._by_namespace import summed_by_namespace, with_models_counted, with_usual_group, without_usual_group
from ossgeo.shares._calculation import (
    calculator_input,
    described,
    require_fitting,
    resolve_calculator,
    sums_of,
)
from ossgeo.shares._calculators.weighted import Weighted
from ossgeo.shares._dimensions import dimensions_used, with_dimensions
from ossgeo.shares._grouping import MODEL_KEYS, Key
from ossgeo.shares._model_groups import GROUP, encoded, model_groups, namespace_counts
from ossgeo.shares._options import OPTIONS, MeasureOptions, MeasureOptionsDict, require_options
from ossgeo.shares._protocol import EventCalculator, ShareCalculator, gives_of
from ossgeo.sources._files.models_given import models_given


def plan_of(panel: Panel, *, function: Callable[..., object], **options: Unpack[MeasureOptionsDict]) -> Plan:
    """Return the plan of a measurement; options that are left out have their defaults.

    Args:
        panel: The panel.
        function: The function that the user called, for errors.
        **options: Those of :func:`ossgeo.measure`.

    Raises:
        InvalidArgumentError: A name is not an option, or a value is not valid.
    """
    require_options(function, options)
    chosen: dict[str, Any] = {name: value for name, value in options.items() if name in OPTIONS}
    return Plan.of(panel, MeasureOptions(**chosen), registry=options.get("registry"), models=options.get("models"))


def models_of(panel: Panel, models: Any) -> pl.LazyFrame:
    """Return the models table of a measurement.

    Args:
        panel: The panel.
        models: The table that ``models=`` gives, in any form; by default that of the panel.
    """
    return panel.models if models is None else models_given(models)


def require_panel(panel: Any) -> None:
    """Raise if something is not a panel.

    Args:
        panel: The object to check.

    Raises:
        InvalidArgumentError: It is not a panel.
    """
    if not isinstance(panel, Panel):
        raise InvalidArgumentError(
            f"panel must be a Panel, got {type(panel).__name__}; ossgeo.read_panel(...) makes one"
        )


@attrs.frozen(eq=False)
class Run:
    """The result of a plan: the aggregate, and the tables that it was made from.

    Attributes:
        aggregate: Sums by interval and group.
        models: The models table, in the columns that are used.
        credits: One row for each model, validity and group: model_id, start and end (if any is dated), group, weight.
        by_namespace: Whether the models are namespaces; see ``ossgeo._core.engines.with_namespaces``.
    """

    aggregate: Aggregate
    models: pl.DataFrame
    credits: pl.DataFrame
    by_namespace: bool = False


@attrs.frozen(eq=False)
class _Parts:
    """The objects behind the names in the options."""

    keys: tuple[Key, ...]
    calculator: ShareCalculator
    strategies: tuple[AttributionStrategy, ...]
    """The strategy of the table, then those of keys with a rule of their own."""

    def void(self, models: pl.DataFrame) -> tuple[str, ...]:
        """Return the strategies that cannot apply, since the models have no value in a column that they need."""
        rules = [rule for strategy in self.strategies for rule in strategies_in(strategy)]
        reasons = {
            str(rule.name): missing_columns_text(models.lazy(), getattr(rule, "requires", None) or ()) for rule in rules
        }
        facts = {str(rule.name): getattr(rule, "evidence", None) == "reviewed" for rule in rules}
        only = "; only reviewed facts about lineage apply"
        return tuple(f"{name} ({reason}{only if facts[name] else ''})" for name, reason in reasons.items() if reason)


@attrs.frozen(eq=False)
class Plan:
    """One measurement before anything is computed: the inputs and the options of :func:`ossgeo.measure`."""

    panel: Panel
    options: MeasureOptions
    registry: Registry
    models: Panel | IntoFrame | str | Path | None

    @classmethod
    def of(
        cls,
        panel: Panel,
        options: MeasureOptions,
        *,
        registry: Registry | None = None,
        models: Panel | IntoFrame | str | Path | None = None,
    ) -> Self:
        """Return a plan, by default with the bundled registry and the panel's models.

        Raises:
            InvalidArgumentError: The panel or the registry is something else.
        """
        require_panel(panel)
        if registry is not None and not isinstance(registry, Registry):
            raise InvalidArgumentError(
                f"registry must be a Registry, got {registry!r}; Registry.read(folder) reads one"
            )
        return cls(panel, options, registry or Registry.default(), models)

    @runs_queries
    def run(self, *, by_model: bool = False) -> Run:
        """Run the one query over the panel.

        Args:
            by_model: Whether the models and credits of the run must be those of models, also if namespaces suffice.

        Raises:
            InvalidArgumentError: The options, or the panel and the options, do not fit.
            PanelError: The panel has rows that cannot be used.
        """
        keys = grouping.resolve(self.options.by, self.panel.dimensions)
        rules = (self.options.attribution, *grouping.rules_of(keys).values())
        parts = _Parts(keys, resolve_calculator(self.options.calculator), tuple(map(attributions.resolve, rules)))
        used = dimensions_used(keys, self.options.where, self.panel.dimensions)
        require_fitting(parts.calculator, self.options, self.panel.counter, dimensions=self.panel.dimensions, used=used)
        if not self.panel.periods:
            raise InvalidArgumentError("panel must have rows, got an empty one; see start=, end= and what was filtered")
        panel, cleaned = cleaned_panel(self.panel, self.options.cleaning)
        plan = attrs.evolve(self, panel=panel)
        if not by_model and plan._needs_namespaces_only(parts):
            namespaces = panel._namespaces()
            if not namespaces["model_id"].null_count():
                return plan._run(parts, namespaces, cleaned, by_namespace=True)
        models = plan._models(parts)
        weighted = isinstance(parts.calculator, Weighted)  # its flows have the models of the table only
        unlisted = unlisted_models(panel, models) if weighted else None
        if unlisted is None or not unlisted.height:
            run = plan._run(parts, models, cleaned)
            if weighted or run.aggregate.rows[GROUP].null_count() == 0:
                return run
            unlisted = unlisted_models(panel, models)
        if not unlisted.height:
            raise CalculatorContractError(f"{parts.calculator.name!r} must return every row with its keys")
        note = Adjustment("model_unlisted", unlisted.height, "models", "not in the models table; known by id only")
        return plan._run(parts, pl.concat([models, unlisted], how="diagonal"), (*cleaned, note))

    @property
    def platform_registry(self) -> Registry:
        """The registry with the namespaces of the panel's platform."""
        return platform_registry(self.registry, self.panel.platform)

    def rerun(self, aggregate: Aggregate) -> Aggregate:
        """Return the result of a run, from the aggregate of a plan that differs only in options that apply late.

        Args:
            aggregate: The other plan's.
        """
        late: dict[str, Any] = {"denominator": self.options.denominator, "window": self.options.window}
        method = attrs.evolve(aggregate.method, denominator=self.options.denominator, window=self.options.window_days,
                              choices={**aggregate.method.choices, **late})  # fmt: skip
        return attrs.evolve(aggregate, method=method)

    def _adds_up(self, parts: _Parts) -> bool:
        """Return whether the flows of models with the same credits can be summed before they are credited."""
        options, calculator = self.options, parts.calculator
        return (
            options.age_cap is None
            and getattr(calculator, "by_namespace", False) is True
            and not calculator.requires
            and self.panel.rows.collect_schema()[self.panel.counter.column].is_integer()
            and all(key.name != "model" for key in parts.keys)
        )

    def _needs_namespaces_only(self, parts: _Parts) -> bool:
        """Return whether each namespace can take the place of its models.

        3.7 million models of 700,000 namespaces at 27 observations: a fifth of the time and a tenth of the memory.
        """
        return (
            self._adds_up(parts)
            and (not self._needs_differences(parts) or self._has_usable_keys())
            and sums_are_exact(self.panel._counts())
            and self.models is None
            and not self.panel.residual
            and self.options.where is None
            and self.options.as_of != "creation"
            and all(key.name not in MODEL_KEYS for key in parts.keys)
            and all(map(is_by_namespace, parts.strategies))
            and self.panel._has_namespaces_of_ids()
        )

    def _needs_differences(self, parts: _Parts) -> bool:
        """Return whether flows are differences of the counts of a model under all of its ids."""
        return self.panel.counter.kind == "cumulative" and gives_of(parts.calculator) != "stock"

    def _has_usable_keys(self) -> bool:
        """Return whether the panel has rows by integer keys that can be summed as they are."""
        panel = self.panel
        if panel._keyed is None or panel.dimensions or not sums_are_exact(panel._counts()):
            return False
        return rows_are_usable(panel) and not panel._duplicates()

    def _keyed_rows(self, parts: _Parts, flows: Flows) -> KeyedRows | None:
        """Return the rows by integer keys, if the panel has them and their sums are those of the flows."""
        if (flows.keys and flows.differences is None) or not self._adds_up(parts):
            return None
        return self.panel._keyed if self._has_usable_keys() else None

    def _run(
        self, parts: _Parts, models: pl.DataFrame, cleaned: tuple[Adjustment, ...], *, by_namespace: bool = False
    ) -> Run:
        """Run the query with one models table, or with namespaces in the place of models."""
        last = self.panel.periods[-1]
        notes: list[Adjustment] = []
        void = parts.void(models)
        if void:
            message = (
                f"attribution has no effect for {'; '.join(void)}: the models table lacks it; give models= with it"
            )
            warnings.warn(message, VoidOptionWarning, stacklevel=5)
            notes.append(Adjustment("attribution_void", models.height, "models", f"not applied: {'; '.join(void)}"))
        self._require_ids(models)
        used = dimensions_used(parts.keys, self.options.where, self.panel.dimensions)
        model_keys = [key for key in parts.keys if not key.dimension]
        groups, named = encoded(
            model_groups(
                models, model_keys, parts.strategies, self.options, self.platform_registry, last=last, notes=notes,
                residual=self.panel.residual, dimensions=self.panel.dimensions,
            ),
            [key.name for key in model_keys], models,
        )  # fmt: skip
        credits = named.drop("namespace")
        followed = list(cleaned)
        named_models = self._models(parts) if by_namespace and self._needs_differences(parts) else models
        flows = calculator_input(
            self.panel, named_models, parts.calculator, self.options, self.platform_registry, followed, used
        )
        if by_namespace:
            notes = [with_models_counted(note, self.panel, models, self.platform_registry) for note in notes]
        usual, credited = without_usual_group(credits) if by_namespace else (None, credits)
        keyed = self._keyed_rows(parts, flows)
        if keyed is not None:
            flows, credited = summed_by_key(
                flows, keyed, self.panel._key_ids(), self.panel.counter.column, credited, by_namespace=by_namespace
            )
        elif by_namespace:
            flows = summed_by_namespace(flows, credited["model_id"].unique())
        rows = sums_of(self.panel, flows, credited, models, parts.calculator, self.options.cleaning)
        if usual is not None:
            rows = with_usual_group(rows, usual)
        behind = namespace_counts(groups, named, last)
        if used and not rows[GROUP].null_count():
            rows, groups = with_dimensions(rows, groups, parts.keys, self.options.where, used)
        aggregate = Aggregate(
            rows, groups, self._method(parts, void), self.panel.periods, (*followed, *notes),
            behind, self.panel.scope,
        )  # fmt: skip
        return Run(aggregate, models, credits, by_namespace)

    def _require_ids(self, models: pl.DataFrame) -> None:
        """Raise if the id of a model is a web address."""
        addresses = models.filter(pl.col("namespace").str.ends_with(":"))["model_id"]
        if len(addresses):
            example = first_id_with(self.panel, addresses[0])
            problem = f"model_id must be namespace/name, got {example!r}"
            raise panel_error(self.panel, problem, "cut web addresses to namespace/name")

    def _models(self, parts: _Parts) -> pl.DataFrame:
        """Collect the columns of the models table that are used."""
        options, calculator = self.options, parts.calculator
        models = models_of(self.panel, self.models)
        columns = models.collect_schema().names()
        dated = options.age_cap is not None or options.as_of == "creation"
        needed = set(calculator.requires) | ({"created_at"} if dated else set())
        if missing := sorted(needed - set(columns)):
            ours = set(missing) <= set(calculator.requires)
            why = f"{calculator.name} needs it" if ours else "age_cap and as_of='creation' need it"
            raise panel_error(
                self.panel, f"the models have no column {', '.join(missing)}", f"{why}; give models= with it"
            )
        where = of_models(options.where, self.panel.dimensions)
        require_columns(where, columns)
        rules = [required_columns(strategy) for strategy in parts.strategies]
        if None not in rules and not isinstance(options.where, nw.Expr):
            used = {"model_id", "namespace", "hub_id", "platform_id", "created_at", *needed, *columns_of(where)}
            used |= {column for rule in rules for column in rule or ()}
            used |= {"base_models"} if any(key.name in MODEL_KEYS for key in parts.keys) else set()
            models = models.select(name for name in columns if name in used)
        table = models.collect(engine="streaming")
        keys = self.panel._key_ids() if self.panel._keyed is not None else None  # each model once
        if (keys is not None and table["model_id"].equals(keys)) or table["model_id"].n_unique() == table.height:
            return table
        warn_of_differing_rows(table)
        return table.unique("model_id", keep="last", maintain_order=True)

    def _method(self, parts: _Parts, void: tuple[str, ...]) -> Method:
        options, panel, calculator = self.options, self.panel, parts.calculator
        counter: Measured = "events" if isinstance(calculator, EventCalculator) else panel.counter
        name, unit = described(calculator, panel.counter)
        return Method(
            calculator=name,
            unit=unit,
            counter=counter,
            by=tuple(key.name for key in parts.keys),
            attribution=shown(parts.strategies[0]),
            counting=options.counting,
            denominator=options.denominator,
            every=options.every,
            window=options.window_days,
            age_cap=options.age_cap_days,
            as_of=str(options.as_of),
            where=describe(options.where),
            cleaning=options.cleaning,
            registry=self.registry.version,
            panel=panel.fingerprint,
            source=panel.source,
            scope=panel.scope,
            platform=panel.platform,
            checked=panel.checked,
            engine=panel.engine,
            version=version("ossgeo"),
            plugins=_plugins(parts),
            incomplete=options.incomplete,
            gives=gives_of(calculator),
            void=void,
            choices={**options.to_dict(), "registry": self.registry},
        )


def _plugins(parts: _Parts) -> tuple[str, ...]:
    """Return every strategy and calculator of another distribution that took part."""
    rules = [plugins.origin("attribution", rule) for rule in strategies_in(parts.strategies[0])]
    found = (*rules, plugins.origin("shares", parts.calculator))
    return tuple(dict.fromkeys(str(plugin) for plugin in found if plugin is not None))
