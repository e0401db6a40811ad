"""Evaluation of strategies: results are collected, checked and completed here only."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any, Final, cast

import attrs
import polars as pl

from ossgeo import plugins
from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.intervals import gaps
from ossgeo._core.method import Adjustment
from ossgeo._core.places import among, places_in
from ossgeo.attribution._protocol import (
    CREDIT_SCHEMA,
    Attribution,
    AttributionStrategy,
    Context,
    implements,
    model_of,
)
from ossgeo.errors import AttributionContractError, UnknownCountryError
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus, parse_place
from ossgeo.registry._registry import Registry

ABSTAINED: Final = "abstained"
"""The rule of credits for models on which a strategy abstains."""

PLACE: Final = "place"
"""The column of credits that has the place of a model in the models table; a strategy may return it beside the id."""

RESPELLED: Final = "namespace_respelled"
"""The code of the adjustment for models whose namespace is found in another letter case."""

_TOLERANCE = 1e-6
_SPELLINGS = 3  # shown as examples


def resolve(strategy: str | AttributionStrategy) -> AttributionStrategy:
    """Return the strategy behind a name; an object is checked and returned.

    Args:
        strategy: A name, ours or a plugin's, or a strategy.

    Raises:
        PluginNotFoundError: No strategy has the name.
        PluginLoadError: The plugin of that name cannot be loaded.
        AttributionContractError: The object is not a strategy.
    """
    made = plugins.make("attribution", strategy) if isinstance(strategy, str) else strategy
    name_of(made)
    return cast("AttributionStrategy", made)


def shown(strategy: Any) -> str:
    """Return the text under which results record a strategy: its ``str()``, or its name if it defines none."""
    own: Any = type(strategy).__str__
    return str(strategy) if own is not object.__str__ else str(strategy.name)


def strategies_in(strategy: Any) -> Iterator[Any]:
    """Yield a strategy and the strategies that it is built from, at all levels.

    Args:
        strategy: The strategy.
    """
    yield strategy
    fields = attrs.astuple(strategy, recurse=False) if attrs.has(type(strategy)) else ()
    waiting = list(fields)
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, tuple):
            waiting += value
        elif callable(getattr(value, "attribute", None)):
            yield from strategies_in(value)


def required_columns(strategy: Any) -> frozenset[str] | None:
    """Return the models columns that a strategy uses besides model_id and namespace; None if it may use all.

    Args:
        strategy: The strategy.
    """
    columns: frozenset[str] | None = getattr(strategy, "requires", None)
    return columns


def is_by_namespace(strategy: Any) -> bool:
    """Return whether the result of a strategy depends on the namespace of a model, the registry and the day only.

    Args:
        strategy: The strategy.
    """
    return getattr(strategy, "by_namespace", False) is True


def credits_of(strategy: Any, models: pl.DataFrame, *, context: Context) -> pl.DataFrame:
    """Evaluate a strategy on all models, and complete the result.

    Args:
        strategy: The strategy; its ``attribute_frame`` is used if it has one.
        models: The models table.
        context: The registry, the models, and the day on which a strategy without ``changes`` is evaluated.

    Returns:
        The credits table, in no particular order. The validities of each model cover all time with weights that sum to 1; while
        the strategy abstains, the country is ``unreviewed``.

    Raises:
        AttributionContractError: The strategy returned other columns, an unknown model or country, or weights that do
            not sum to 1.
    """
    return _named(credits_by_place(strategy, models, context=context), models)


def credits_by_place(strategy: Any, models: pl.DataFrame, *, context: Context) -> pl.DataFrame:
    """Do the same as :func:`credits_of`, with the place of each model in the table instead of its id: the column ``place``.

    Args:
        strategy: The strategy.
        models: The models table.
        context: The registry, the models and the day.
    """
    credits = _evaluated(strategy, models, context)
    places = pl.DataFrame({PLACE: pl.int_range(models.height, dtype=pl.UInt32, eager=True)})
    missing = gaps(credits, places, PLACE).select(
        PLACE,
        "start",
        "end",
        organization=pl.lit(None, pl.String),
        country=pl.lit(OriginStatus.UNREVIEWED.value),
        weight=pl.lit(1.0),
        rule=pl.lit(ABSTAINED),
    )
    return pl.concat([credits, missing])


def _named(credits: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Return credits with the ids of models instead of their places."""
    ids = models["model_id"].gather(credits[PLACE]).alias("model_id")
    return credits.select(ids, pl.exclude(PLACE))


def evaluate_models(strategy: Any, models: pl.DataFrame, *, context: Context) -> pl.DataFrame:
    """Evaluate a strategy on all models; while it abstains it gives no rows.

    Args:
        strategy: The strategy.
        models: The models table.
        context: The registry, the models and the day.

    Returns:
        The credits table, checked, in no particular order.

    Raises:
        AttributionContractError: The strategy violated its contract.
    """
    return _named(_evaluated(strategy, models, context), models)


def _evaluated(strategy: Any, models: pl.DataFrame, context: Context) -> pl.DataFrame:
    name = name_of(strategy)
    requires = required_columns(strategy)
    if requires is not None:
        models = models.select(
            column for column in models.columns if column in requires or column in ("model_id", "namespace")
        )
    if implements(strategy, "attribute_frame"):
        answer = _from_frame(strategy, with_registry_spelling(models, context.registry), context)
    else:
        answer = _from_rows(strategy, models, context)
    credits = _placed(answer, models["model_id"], name)
    del answer
    _check(credits, models, name)
    return credits


def with_registry_spelling(models: pl.DataFrame, registry: Registry) -> pl.DataFrame:
    """Return the models with their namespaces as the registry spells them, where only the letter case differs.

    Args:
        models: A models table.
        registry: The registry.
    """
    spellings = other_spellings(models, registry)
    return models.with_columns(pl.col("namespace").replace(spellings)) if spellings else models


def spelling_adjustments(models: pl.DataFrame, registry: Registry) -> tuple[Adjustment, ...]:
    """Return the number of models whose namespace is found in another letter case, with examples; empty if there is none.

    Args:
        models: A models table.
        registry: The registry.
    """
    spellings = other_spellings(models, registry)
    if not spellings:
        return ()
    number = models.filter(pl.col("namespace").is_in(list(spellings))).height
    shown = ", ".join(f"{name} as {ours}" for name, ours in sorted(spellings.items())[:_SPELLINGS])
    more = ", ..." if len(spellings) > _SPELLINGS else ""
    note = f"whose namespace is found in another letter case ({shown}{more})"
    return (Adjustment(RESPELLED, number, "models", note),)


def other_spellings(models: pl.DataFrame, registry: Registry) -> dict[str, str]:
    """Return the namespaces of models that differ from one of the registry in letter case only, with its spelling.

    Args:
        models: A models table.
        registry: The registry.
    """
    if not {"namespace", "model_id"} <= set(models.columns):
        return {}
    written = models["model_id"].str.contains("/", literal=True)  # a name without a slash has no namespace to respell
    namespaces = models["namespace"].filter(written)
    known = list(registry.namespaces)
    near = namespaces.str.to_lowercase().is_in([name.lower() for name in known])  # few of many pass
    unknown = namespaces.filter(near & ~namespaces.is_in(known)).unique()
    found = {name: registry.spelling_of(name) for name in unknown if name is not None}
    return {name: spelling for name, spelling in found.items() if spelling is not None}


def evaluate_model(strategy: Any, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
    """Evaluate a strategy on one model; a strategy without ``changes`` is evaluated on the day of the context.

    Args:
        strategy: The strategy.
        model: The model.
        on: The day.
        context: The registry, the models and the day.

    Raises:
        AttributionContractError: The strategy violated its contract.
    """
    dated = implements(strategy, "changes") or implements(strategy, "attribute_frame")
    return _answer(strategy, model, on if dated else context.on, context)


def changes_of(strategies: Any, context: Context) -> frozenset[dt.date]:
    """Return the dates at which the result of any of several strategies may change.

    Args:
        strategies: The strategies; strategies without ``changes`` add nothing.
        context: The registry and the models.
    """
    return frozenset(
        day for strategy in strategies if implements(strategy, "changes") for day in strategy.changes(context)
    )


def adjustments_of(strategies: Any, context: Context) -> tuple[Adjustment, ...]:
    """Return what several strategies left out or estimated, each code once.

    Args:
        strategies: The strategies; strategies without ``adjustments`` add nothing.
        context: The registry and the models.
    """
    found = [
        item for strategy in strategies if implements(strategy, "adjustments") for item in strategy.adjustments(context)
    ]
    return tuple({item.code: item for item in found}.values())


def name_of(strategy: Any) -> str:
    """Return the name of a strategy.

    Raises:
        AttributionContractError: The object is not a strategy.
    """
    if not (isinstance(getattr(strategy, "name", None), str) and callable(getattr(strategy, "attribute", None))):
        several = (
            "; ossgeo.attribution.first_of(...) makes one of several" if isinstance(strategy, list | tuple) else ""
        )
        raise AttributionContractError(
            f"attribution must be a strategy with a name and attribute(model, *, on, context), got {strategy!r}{several}"
        )
    if fault := plugins.version_fault(strategy):
        raise AttributionContractError(f"{strategy.name!r}: {fault}")
    return str(strategy.name)


def _from_frame(strategy: Any, models: pl.DataFrame, context: Context) -> pl.DataFrame:
    answer = strategy.attribute_frame(models.lazy(), context=context)
    if not isinstance(answer, pl.LazyFrame | pl.DataFrame):
        raise AttributionContractError(f"{strategy.name!r} returned {type(answer).__name__}, not a Polars LazyFrame")
    columns = answer.lazy().collect_schema()
    if missing := [column for column in CREDIT_SCHEMA if column not in columns]:
        raise AttributionContractError(f"the frame of {strategy.name!r} has no column {', '.join(missing)}")
    kinds = {**CREDIT_SCHEMA, **({PLACE: pl.UInt32} if columns.get(PLACE) == pl.UInt32 else {})}
    try:
        return answer.lazy().select(pl.col(column).cast(kind) for column, kind in kinds.items()).collect()
    except pl.exceptions.PolarsError as error:
        raise AttributionContractError(f"the frame of {strategy.name!r} cannot be computed: {error}") from error


def _from_rows(strategy: Any, models: pl.DataFrame, context: Context) -> pl.DataFrame:
    if implements(strategy, "changes"):
        inner = sorted({day for day in strategy.changes(context) if BEGINNING < day < END})
        cuts = [BEGINNING, *inner, END]
        spans = [(start, end, start) for start, end in itertools.pairwise(cuts)]
    else:
        spans = [(BEGINNING, END, context.on)]
    rows: list[tuple[Any, ...]] = []
    for record in models.iter_rows(named=True):
        model = model_of(record)
        for start, end, day in spans:
            rows.extend(_rows(strategy, model, context, start, end, day))
    return pl.DataFrame(rows, schema=dict(CREDIT_SCHEMA), orient="row")


def _rows(
    strategy: Any, model: Model, context: Context, start: dt.date, end: dt.date, on: dt.date
) -> Iterator[tuple[Any, ...]]:
    answer = _answer(strategy, model, on, context)
    if answer is None:
        return
    for credit in answer.credits:
        yield model.id, start, end, credit.organization, str(credit.country), credit.weight, answer.rule


def _answer(strategy: Any, model: Model, on: dt.date, context: Context) -> Attribution | None:
    try:
        answer = strategy.attribute(model, on=on, context=context)
    except Exception as error:
        message = f"{strategy.name!r} failed on {model.id!r} at {on}: {type(error).__name__}: {error}"
        if isinstance(error, AttributeError) and error.obj is model:
            names = (field.name for field in attrs.fields(Model))
            message += f"; a model has namespace, {', '.join(names)}"
        raise AttributionContractError(message) from error
    if answer is not None and not isinstance(answer, Attribution):
        raise AttributionContractError(f"{strategy.name!r} returned {answer!r} for {model.id!r}, not an Attribution")
    return answer


def _placed(answer: pl.DataFrame, ids: pl.Series, name: str) -> pl.DataFrame:
    """Return credits by place. Places that a strategy returns are checked, which is faster than a join."""
    places = answer[PLACE] if PLACE in answer.columns else None
    if places is None or not (places < len(ids)).all() or not answer["model_id"].equals(ids.gather(places)):
        places = places_in(ids, answer["model_id"])
    unlisted = answer.filter(places.is_null() & pl.col("model_id").is_not_null())
    if unlisted.height:
        raise AttributionContractError(f"{name!r} credits {unlisted['model_id'][0]!r}, which was not evaluated")
    return answer.select(places.alias(PLACE), *(column for column in CREDIT_SCHEMA if column != "model_id"))


def _check(credits: pl.DataFrame, models: pl.DataFrame, name: str) -> None:
    """Raise if credits by place have an unknown country, an empty validity, or weights that do not sum to 1."""
    _check_countries(credits, models, name)
    broken = credits.filter(
        pl.any_horizontal(pl.col(PLACE, "start", "end", "weight").is_null())
        | (pl.col("start") >= pl.col("end"))
        | ~pl.col("weight").is_between(0, 1 + _TOLERANCE, closed="right")  # excludes NaN and infinity
    )
    if broken.height:
        row = _named(broken, models).row(0, named=True)
        raise AttributionContractError(
            f"{name!r} must return validities that are not empty and weights in (0, 1], got {row}"
        )
    partly = (pl.col("weight") < 1 - _TOLERANCE) | (pl.col("start") > BEGINNING) | (pl.col("end") < END)
    several = among(credits.filter(partly)[PLACE], models.height).gather(credits[PLACE])
    twice = credits.filter(~several)[PLACE]
    if twice.n_unique() < len(twice):
        first = twice.filter(twice.is_duplicated())[0]
        raise AttributionContractError(f"{name!r} credits {models['model_id'][first]!r} with more than a weight of 1")
    _check_sums(credits.filter(several), models, name)


def _check_countries(credits: pl.DataFrame, models: pl.DataFrame, name: str) -> None:
    """Raise if a credit names neither a country nor an origin status."""
    for code in credits["country"].unique():
        try:
            parse_place(code or "")
        except UnknownCountryError as error:
            example = _named(credits.filter(pl.col("country").eq_missing(code)).head(1), models)["model_id"][0]
            raise AttributionContractError(
                f"{name!r} credits {example!r} to {code!r}, which is neither a country nor an origin status"
            ) from error


def _check_sums(shared: pl.DataFrame, models: pl.DataFrame, name: str) -> None:
    """Raise if the weights of a model do not sum to 1 on each day on which it has credits."""
    ends = shared.select(PLACE, day="start").vstack(shared.select(PLACE, day="end")).unique()
    sums = (
        ends.join(shared, on=PLACE)
        .filter((pl.col("start") <= pl.col("day")) & (pl.col("day") < pl.col("end")))
        .group_by(PLACE, "day")
        .agg(pl.col("weight").sum())
        .filter((pl.col("weight") - 1).abs() > _TOLERANCE)
    )
    if sums.height:
        model, day, weight = _named(sums, models).sort("model_id", "day").row(0)
        raise AttributionContractError(f"the weights of {name!r} for {model!r} sum to {weight:g} on {day}, not to 1")
