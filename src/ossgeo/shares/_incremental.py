"""An aggregate that is extended: the next week costs one snapshot, not the history."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, Self, Unpack

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.boundary import reads_data
from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment, Method
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, MethodMismatchError
from ossgeo.panel._panel import Panel
from ossgeo.panel._renames import find_renames
from ossgeo.registry._registry import Registry
from ossgeo.shares._aggregates import Aggregate, concatenated
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._incremental_io import read_folder, write_folder
from ossgeo.shares._last_observations import continued_panel, last_observations, rows_of
from ossgeo.shares._model_groups import namespace_counts
from ossgeo.shares._options import MeasureOptionsDict, options_of, require_options
from ossgeo.shares._pipeline import Plan, Run, models_of, plan_of, require_panel
from ossgeo.shares._protocol import needs_whole_panel
from ossgeo.shares._table import ShareTable


@attrs.frozen(eq=False)
class IncrementalAggregate:
    """Sums by interval and group, with the data that adding the next observation needs.

    Attributes:
        aggregate: The sums; as small as the result.
        models: The models table, in the columns that are used.
        credits: The group of each model: model_id, start, end, group, weight. If the groups depend on the namespace only, and the
            panel has integer keys, those of each namespace: ``namespace``, such as ``Qwen/``, in the place of model_id.
        seen: When each model was first and last observed, and its last count and its maximum: model_id, first, last, downloads, top. Empty for
            30-day counters, which need none of it.
    """

    aggregate: Aggregate
    models: pl.DataFrame
    credits: pl.DataFrame
    seen: pl.DataFrame

    @classmethod
    def of(cls, panel: Panel, **options: Unpack[MeasureOptionsDict]) -> Self:
        """Measure a panel, and keep an aggregate that can be extended.

        Args:
            panel: The panel.
            **options: Those of :func:`ossgeo.measure`.

        Raises:
            InvalidArgumentError: The options do not fit, or need more than one observation at a time.

        Example:
            >>> import ossgeo
            >>> saved = IncrementalAggregate.of(ossgeo.load_sample("labs-2025"))
            >>> saved.table() == ossgeo.measure(ossgeo.load_sample("labs-2025"))
            True
        """
        return cls._made(plan_of(panel, function=cls.of, **options), panel)

    @classmethod
    def _made(cls, plan: Plan, panel: Panel) -> Self:
        if needs_whole_panel(calculator := resolve_calculator(plan.options.calculator)):
            raise InvalidArgumentError(
                f"{calculator.name} needs more than one observation at a time; measure the whole panel again"
            )
        if panel.dimensions:
            raise InvalidArgumentError(
                f"panel must have no dimensions for an aggregate that is extended, got {', '.join(panel.dimensions)}; use measure()"
            )
        if plan.options.cleaning.dips == "drop":
            raise InvalidArgumentError("dips='drop' compares whole observations; use measure(), or dips='keep'")
        if plan.options.cleaning.stale == "drop":
            raise InvalidArgumentError(
                "stale='drop' compares whole observations; measure the whole panel again, or use stale='keep'"
            )
        ran = plan.run(by_model=panel._keyed is None)
        models = _models_by_key(panel) if ran.by_namespace else ran.models
        return cls(ran.aggregate, models, _dated(ran), last_observations(panel))

    @property
    def method(self) -> Method:
        """The options that made it."""
        return self.aggregate.method

    @property
    def periods(self) -> tuple[dt.date, ...]:
        """The observations in it, in order."""
        return self.aggregate.periods

    def table(self) -> ShareTable:
        """Return the share table, as :func:`ossgeo.measure` would from all snapshots."""
        return self.aggregate.table()

    def extend(self, panel: Panel, **options: Unpack[MeasureOptionsDict]) -> Self:
        """Return an aggregate with later observations.

        Args:
            panel: Observations that all come after :attr:`periods`; often a single one.
            **options: ``registry``, in the version that made this; ``models``, a table to use instead of the panel's
                (models that it does not name stay as they were); and the options that made this, which must be given
                again only if it was read from a file and they are objects or a filter.

        Returns:
            A new aggregate, whose table is that of all observations.

        Raises:
            MethodMismatchError: The options or the registry differ, or models are attributed differently than before.
            InvalidArgumentError: An observation is not later than those in the aggregate.
        """
        require_panel(panel)
        if panel.periods and panel.periods[0] <= self.periods[-1]:
            raise InvalidArgumentError(
                f"{panel.periods[0]} is not after {self.periods[-1]}, the last observation in it"
            )
        require_options(self.extend, options)
        models = options.pop("models", None)
        return self._extended(self._plan(panel, options), models)

    def merge(self, other: Self) -> Self:
        """Return the aggregate of two parts that were made with the same options.

        Args:
            other: Of 30-day counters, other observations or other models; of all-time counters, other models at the
                same observations.

        Raises:
            MethodMismatchError: The options or the registry differ, or models are attributed in two ways.
            InvalidArgumentError: The parts overlap, or a model continues in the other part under a new id.
        """
        if not isinstance(other, IncrementalAggregate):
            raise InvalidArgumentError(f"other must be an IncrementalAggregate, got {type(other).__name__}")
        self._require(other.method)
        if self._is_by_namespace or other._is_by_namespace:
            return self._by_model().merge(other._by_model())
        shared = self.models.join(other.models, on="model_id", how="semi").height
        apart = not set(self.periods) & set(other.periods)
        if shared and not (apart and self.method.kind != "cumulative"):
            raise InvalidArgumentError(
                f"{shared:,} models are in both parts at common observations: they would count twice"
            )
        if self.method.kind == "cumulative" and self.periods != other.periods:
            raise InvalidArgumentError(
                "parts of all-time counters need the same observations; extend() adds later ones"
            )
        rows, groups = concatenated((self.aggregate, other.aggregate), list(self.method.by))
        credits = [attrs.evolve(one.aggregate, rows=one.credits).recoded(groups) for one in (self, other)]
        both = pl.concat(credits).unique(maintain_order=True)
        common = [
            one.join(both, on="model_id", how="semi") for one, both in zip(credits, reversed(credits), strict=True)
        ]
        twice = common[0].join(common[1], on=both.columns, how="anti")["model_id"]
        if len(twice):
            raise MethodMismatchError(
                f"the parts attribute {twice.n_unique():,} models in two ways, such as {twice[0]}"
            )
        models = _joined(self.models, other.models)
        self._require_no_rename(other, models)
        method = attrs.evolve(self.method, panel=_fingerprint(*sorted((self.method.panel, other.method.panel))))
        periods = tuple(sorted({*self.periods, *other.periods}))
        aggregate = Aggregate(
            rows, groups, method, periods, _added(self.aggregate.adjustments, other.aggregate.adjustments, disjoint=not shared),
            namespace_counts(groups, both.join(models.select("model_id", "namespace"), on="model_id"), periods[-1]), self.aggregate.note,
        )  # fmt: skip
        return type(self)(aggregate, models, both, pl.concat([self.seen, other.seen]))

    def write(self, path: str | Path) -> None:
        """Write it as a folder of Parquet files; an older one at the same place is replaced in one step when all is written.

        Args:
            path: The folder.

        Raises:
            StoreError: It cannot be written, or something else is there.
        """
        write_folder(Path(path), self.aggregate, self._tables())

    @classmethod
    @reads_data
    def read(cls, path: str | Path) -> Self:
        """Read one that :meth:`write` wrote.

        Args:
            path: The folder.

        Raises:
            StoreError: It is not there, or was not written by this version's layout.
        """
        aggregate, tables = read_folder(Path(path))
        return cls(aggregate, tables["models"], tables["credits"], tables["seen"])

    def _extended(self, plan: Plan, models: Any) -> Self:
        """Return an aggregate with the observations of a plan.

        Args:
            plan: The plan, with the panel of later observations.
            models: The table that ``models=`` gives.
        """
        panel = plan.panel
        given = models_of(panel, models)
        used = [name for name in given.collect_schema().names() if name in self.models.columns]
        everyone = _joined(self.models, given.select(used).collect(engine="streaming"))
        periods = (*self.periods, *panel.periods)
        whole = panel if panel.counter.kind != "cumulative" else continued_panel(panel, self.seen)
        joined = attrs.evolve(whole, models=everyone.lazy(), periods=periods)
        joined._keep_answers(whole, same_rows=True)
        by_namespace = (
            self._is_by_namespace
            and models is None
            and joined._keyed is not None
            and everyone["model_id"].equals(joined._key_ids())
        )
        ran = attrs.evolve(plan, panel=joined, models=None if by_namespace else everyone).run(by_model=not by_namespace)
        self._require(ran.aggregate.method)
        if self._is_by_namespace and not ran.by_namespace:
            return self._by_model()._extended(plan, models)
        credits = _dated(ran)
        self._require_credits(ran.aggregate, credits)
        fresh = attrs.evolve(ran.aggregate, rows=ran.aggregate.rows.filter(pl.col("period") > self.periods[-1]))
        rows_, groups = concatenated((self.aggregate, fresh), list(self.method.by))
        recoded = attrs.evolve(ran.aggregate, rows=credits).recoded(groups)
        method = attrs.evolve(self.method, panel=_fingerprint(self.method.panel, panel.fingerprint))
        aggregate = Aggregate(rows_, groups, method, periods, _added(self.aggregate.adjustments, fresh.adjustments),
                              fresh.namespaces, self.aggregate.note)  # fmt: skip
        known = everyone if ran.by_namespace else ran.models
        return type(self)(aggregate, known, recoded, last_observations(panel, self.seen))

    @property
    def _is_by_namespace(self) -> bool:
        return "namespace" in self.credits.columns

    def _by_model(self) -> Self:
        """Return the same aggregate with the credits of each model."""
        if not self._is_by_namespace:
            return self
        named = engines.wrap(self.models.lazy().select("model_id", namespace="model_id"))
        cut = engines.collect(engines.with_namespaces(named, "namespace"))
        credits = cut.join(self.credits, on="namespace", maintain_order="left_right").drop("namespace")
        return attrs.evolve(self, credits=credits)

    def _tables(self) -> dict[str, pl.DataFrame]:
        return {"rows": self.aggregate.rows, "groups": self.aggregate.groups, "models": self.models,
                "credits": self.credits, "seen": self.seen}  # fmt: skip

    def _plan(self, panel: Panel, options: MeasureOptionsDict) -> Plan:
        """Return the plan for more observations: the options of this one, with those that are given again."""
        used = options.pop("registry", None) or self.method.choices.get("registry") or Registry.default()
        if used.version != self.method.registry:
            raise MethodMismatchError(
                f"registry must have version {self.method.registry}, got {used.version}; measure again, or give registry="
            )
        if self.method.where is not None and not self.method.choices and "where" not in options:
            raise MethodMismatchError(
                f"where must be given again; the aggregate was made with where={self.method.where}"
            )
        known = options_of(attrs.evolve(self.method, where=None) if "where" in options else self.method)
        again: dict[str, Any] = dict(options)
        return Plan.of(panel, attrs.evolve(known, **again), registry=used)

    def _require(self, method: Method) -> None:
        if self.method.by != method.by or (apart := self.method.differences(method)):
            pairs = {"by": (self.method.by, method.by)} if self.method.by != method.by else apart
            said = "; ".join(f"{name}: {ours!r} and {theirs!r}" for name, (ours, theirs) in pairs.items())
            raise MethodMismatchError(
                f"the aggregate must have equal options, but they differ ({said}); measure the whole panel again"
            )

    def _require_credits(self, aggregate: Aggregate, credits: pl.DataFrame) -> None:
        """Raise if a model that was counted before is credited differently now: its history would change, too."""
        name = credits.columns[0]
        names = list(self.method.by)
        _, groups = concatenated((self.aggregate, aggregate), names)
        before = attrs.evolve(self.aggregate, rows=self.credits).recoded(groups)
        now = attrs.evolve(aggregate, rows=credits).recoded(groups)
        if now.head(before.height).equals(before):  # known models stay in their places
            return
        changed = before.join(now, on=before.columns, how="anti", nulls_equal=True)
        if changed.height:
            example = changed[name][0]
            units = "namespaces" if self._is_by_namespace else "models"
            raise MethodMismatchError(
                f"{changed[name].n_unique():,} {units} are attributed differently than before, such as {example}; measure the whole panel again"
            )

    def _require_no_rename(self, other: Self, models: pl.DataFrame) -> None:
        if self.method.kind != "cumulative" or self.method.cleaning.renames == "keep":
            return
        registry = self.method.choices.get("registry") or Registry.default()
        rows = engines.wrap(pl.concat([rows_of(self.seen), rows_of(other.seen)]).lazy())
        chains, _ = find_renames(rows, models, registry)
        mine = chains.join(self.models, on="model_id", how="semi")["entity"]
        theirs = chains.join(other.models, on="model_id", how="semi")
        across = theirs.filter(pl.col("entity").is_in(mine.implode()))
        if across.height:
            raise InvalidArgumentError(
                f"{across['model_id'][0]} continues in the other part under a new id; keep both in one part"
            )

    def __repr__(self) -> str:
        """Return size, range and method."""
        return f"<IncrementalAggregate {counted(self.aggregate.rows.height, 'rows')}, {self.periods[0]} .. {self.periods[-1]}; {self.method}>"


def _models_by_key(panel: Panel) -> pl.DataFrame:
    """Return the columns of the models table that later observations may need."""
    names = panel.models.collect_schema().names()
    used = ("model_id", "namespace", "hub_id", "platform_id", "created_at")
    return panel.models.select(name for name in used if name in names).collect(engine="streaming")


def _dated(ran: Run) -> pl.DataFrame:
    """Return credits with start and end columns, also if none is dated."""
    credits = ran.credits.rename({"model_id": "namespace"}) if ran.by_namespace else ran.credits
    if "start" not in credits.columns:
        credits = credits.with_columns(start=pl.lit(BEGINNING), end=pl.lit(END))
    return credits.select(credits.columns[0], "start", "end", "group", "weight")


def _joined(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return the latest facts in the old order: known models keep their places, so that credits can be compared directly."""
    columns = [name for name in old.columns if name in new.columns]
    fresh = new.select(pl.col(name).cast(old.schema[name]) for name in columns)
    if fresh["model_id"].equals(old["model_id"]):
        return fresh.with_columns(old[name] for name in old.columns if name not in columns).select(old.columns)
    facts = [name for name in columns if name != "model_id"]
    marked = fresh.with_columns(there=pl.lit(value=True))
    both = old.join(marked, on="model_id", how="left", suffix="_new", maintain_order="left")
    updated = both.with_columns(pl.when("there").then(f"{name}_new").otherwise(name).alias(name) for name in facts)
    known = updated.select(old.columns)
    if both["there"].sum() == fresh.height:
        return known
    added = fresh.join(old.select("model_id"), on="model_id", how="anti", maintain_order="left")
    return pl.concat([known, added], how="diagonal")


def _added(
    before: tuple[Adjustment, ...], now: tuple[Adjustment, ...], *, disjoint: bool = False
) -> tuple[Adjustment, ...]:
    """Sum adjustments; models that are in both parts count once, as in the larger part."""
    earlier = {item.code: item for item in before}
    found = []
    for item in now:
        past = earlier.pop(item.code, None)
        count = past.count if past is not None else 0
        both = max(count, item.count) if item.unit == "models" and not disjoint else count + item.count
        found.append(attrs.evolve(item, count=both))
    return (*found, *earlier.values())


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256(",".join(parts).encode()).hexdigest()[:12]
