"""Checks of attribution strategies."""

from __future__ import annotations

import datetime as dt
import math
import pickle
import random
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final

import polars as pl

from ossgeo._core.schema import MODELS
from ossgeo.attribution._evaluation import (
    credits_of,
    evaluate_model,
    evaluate_models,
    name_of,
    required_columns,
    resolve,
)
from ossgeo.attribution._protocol import STRATEGY_CONTRACT, Attribution, AttributionStrategy, implements
from ossgeo.panel._models import Model
from ossgeo.panel._panel import Panel
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.shares._measure import measure
from ossgeo.testing._fixtures import MOVE, World, hard_world, real_world
from ossgeo.testing._network import no_network
from ossgeo.testing._runner import Check, NotApplicable, Report, require_known_names, run


def attribution_checks(strategy: str | AttributionStrategy, *, examples: Collection[str] = ()) -> tuple[Check, ...]:
    """Return the checks of a strategy, for example for ``pytest.mark.parametrize``.

    Args:
        strategy: The strategy, or its name.
        examples: Ids of models that the strategy credits, for one that abstains on all models of the test worlds.

    Example:
        >>> len(attribution_checks("publisher")) >= 20
        True
    """
    subject = resolve(strategy)
    bodies: dict[str, Callable[[Any], None]] = {
        **_CHECKS,
        "credits_its_examples": partial(_credits_its_examples, examples=tuple(examples)),
    }
    return tuple(Check(name, subject, body) for name, body in bodies.items())


def check_attribution_strategy(
    strategy: str | AttributionStrategy,
    *,
    examples: Collection[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Run every check of a strategy.

    Args:
        strategy: The strategy, or its name.
        examples: Ids of models that the strategy credits, for one that abstains on all models of the test worlds.
        expected_failures: Names of checks that must fail, each with the reason.

    Returns:
        The numbers of checks that ran, passed, failed as expected, and did not apply.

    Raises:
        ConformanceError: Checks failed, or passed although they were expected to fail; all of them are listed.
        UnknownNameError: An expected failure is not the name of a check.

    Example:
        >>> print(check_attribution_strategy("publisher"))
        publisher: 23 checks ran, 23 passed
    """
    subject = resolve(strategy)
    return run(name_of(subject), attribution_checks(subject, examples=examples), expected_failures)


def _worlds() -> tuple[World, World]:
    return hard_world(), real_world()


def _implements_the_protocol(strategy: Any) -> None:
    assert isinstance(strategy, AttributionStrategy), "the strategy has no name or no attribute(model, *, on, context)"
    assert strategy.name, "the name is empty"
    assert str(strategy), "str() of the strategy is empty"


def _has_no_unknown_methods(strategy: Any) -> None:
    """A misspelled optional part would be ignored: every public method must be part of the contract."""
    require_known_names(strategy, STRATEGY_CONTRACT)


def _uses_only_what_it_requires(strategy: Any) -> None:
    """The result does not depend on columns of the models table that the strategy does not declare."""
    requires = required_columns(strategy)
    if requires is None:
        raise NotApplicable("the strategy declares no columns and receives all")
    strange = requires - {column.name for column in MODELS}
    assert not strange, f"the models table has no column {', '.join(sorted(strange))}"
    world = hard_world()
    kept = [name for name in world.models.columns if name in requires or name in ("model_id", "namespace")]
    bare = World(world.registry, world.models.select(kept), world.panel, world.days)
    _same(_credits(strategy, world), _credits(strategy, bare))
    for model in world.context.models.values():
        for day in world.days:
            whole = evaluate_model(strategy, model, on=day, context=world.context)
            part = evaluate_model(strategy, bare.context.models[model.id], on=day, context=bare.context)
            assert whole == part, f"{model.id} on {day}: the result depends on a column that requires= does not name"


def _returns_attributions_or_none(strategy: Any) -> None:
    for world in _worlds():
        context = world.context
        for day in world.days:
            for model in context.models.values():
                answer = evaluate_model(strategy, model, on=day, context=context)
                assert answer is None or isinstance(answer, Attribution)


def _weights_sum_to_one(strategy: Any) -> None:
    for world in _worlds():
        credits = _credits(strategy, world)
        for day in world.days:
            held = credits.filter((pl.col("start") <= day) & (day < pl.col("end")))
            sums = held.group_by("model_id").agg(pl.col("weight").sum())
            assert sums.height == world.models.height, f"some models have no credit on {day}"
            wrong = sums.filter((pl.col("weight") - 1).abs() > 1e-6)  # noqa: PLR2004  # the contract's tolerance
            assert not wrong.height, f"weights on {day}: {wrong.rows()[:3]}"


def _countries_are_valid(strategy: Any) -> None:
    for world in _worlds():
        for code in _credits(strategy, world)["country"].unique():
            assert code in {status.value for status in OriginStatus} or Country.parse(code).alpha_2 == code, code


def _row_and_frame_agree(strategy: Any) -> None:
    if not implements(strategy, "attribute_frame"):
        raise NotApplicable("the strategy has no attribute_frame")
    for world in _worlds():
        credits = evaluate_models(strategy, world.models, context=world.context)
        context = world.context
        for day in world.days:
            held = credits.filter((pl.col("start") <= day) & (day < pl.col("end")))
            at_once = _parties(held.select("model_id", "country", "organization", "weight").iter_rows())
            one_by_one = _parties(
                (model.id, str(credit.country), credit.organization, credit.weight)
                for model in context.models.values()
                if (answer := evaluate_model(strategy, model, on=day, context=context)) is not None
                for credit in answer.credits
            )
            for model in {*at_once, *one_by_one}:
                left, right = at_once.get(model, {}), one_by_one.get(model, {})
                same = left.keys() == right.keys() and all(
                    math.isclose(left[party], right[party], abs_tol=1e-6) for party in left
                )
                assert same, f"{model} on {day}: attribute_frame returned {left}, attribute returned {right}"


def _independent_of_row_order(strategy: Any) -> None:
    for world in _worlds():
        shuffled = world.models.sample(fraction=1.0, shuffle=True, seed=7)
        mixed = World(world.registry, shuffled, world.panel, world.days)
        _same(_credits(strategy, world), _credits(strategy, mixed))


def _deterministic(strategy: Any) -> None:
    for world in _worlds():
        _same(_credits(strategy, world), _credits(strategy, world))


def _independent_of_other_models(strategy: Any) -> None:
    """The result for a model does not depend on the other models of the call."""
    for world in _worlds():
        context = world.context
        some = world.models.gather_every(2)
        part = credits_of(strategy, some, context=context)
        whole = credits_of(strategy, world.models, context=context).join(some, on="model_id", how="semi")
        _same(part, whole)


def _leaves_inputs_unchanged(strategy: Any) -> None:
    for world in _worlds():
        before, version = world.models.clone(), world.registry.version
        _credits(strategy, world)
        assert world.models.equals(before), "the strategy changed the models table"
        assert world.registry.version == version, "the strategy changed the registry"


def _accepts_no_models(strategy: Any) -> None:
    world = hard_world()
    empty = World(world.registry, world.models.clear(), world.panel, world.days)
    assert _credits(strategy, empty).height == 0, "the strategy credits models that are not in the table"


def _accepts_ids_only(strategy: Any) -> None:
    """A models table may have only the columns model_id and namespace."""
    world = hard_world()
    bare = World(world.registry, world.models.select("model_id", "namespace"), world.panel, world.days)
    assert _credits(strategy, bare)["model_id"].n_unique() == bare.models.height


def _accepts_unknown_namespaces(strategy: Any) -> None:
    world = hard_world()
    answer = evaluate_model(strategy, Model("who-is-this/model"), on=world.days[-1], context=world.context)
    assert answer is None or answer.credits


def _keeps_shared_credits(strategy: Any) -> None:
    """An organization in several countries is credited with its weights, or not at all."""
    world = hard_world()
    answer = evaluate_model(strategy, world.context.models["Trio/i"], on=world.days[-1], context=world.context)
    assert answer is None or abs(sum(credit.weight for credit in answer.credits) - 1) < 1e-6  # noqa: PLR2004


def _declares_its_changes(strategy: Any) -> None:
    """The result does not change between two of the dates that the strategy declares."""
    if not implements(strategy, "changes"):
        raise NotApplicable("the strategy declares no changes and is evaluated once for each model")
    world = hard_world()
    context = world.context
    days = sorted(set(strategy.changes(context)))
    assert all(isinstance(day, dt.date) for day in days), "changes must be dates"
    tried = [dt.date(2000, 1, 1), *(day for day in world.days), MOVE - dt.timedelta(days=1), MOVE, dt.date(2030, 1, 1)]
    for model in context.models.values():
        seen: dict[Any, tuple[Any, ...]] = {}
        for day in tried:
            since = max((change for change in days if change <= day), default=None)
            answer = evaluate_model(strategy, model, on=day, context=context)
            parties = answer.credits if answer is not None else ()
            assert seen.setdefault(since, parties) == parties, (
                f"{model.id}: the result changes by {day}, and no change is declared"
            )


def _conserves_totals(strategy: Any) -> None:
    for world in _worlds():
        totals = dict(
            world.panel.rows.to_native().group_by("period").agg(pl.col("downloads_30d").sum()).collect().rows()
        )
        for counting in ("fractional", "primary"):
            table = _measured(world.panel, strategy, world, counting)
            for day, total in totals.items():
                found = table.to_polars().filter(pl.col("period") == day)["value"].sum()
                assert math.isclose(found, total, rel_tol=1e-9), f"{counting} on {day}: {found} of {total}"


def _can_be_pickled(strategy: Any) -> None:
    again = pickle.loads(pickle.dumps(strategy))  # noqa: S301  # made here
    world = hard_world()
    _same(_credits(strategy, world), _credits(again, world))


def _is_hashable(strategy: Any) -> None:
    assert hash(strategy) == hash(strategy)
    assert strategy == strategy  # noqa: PLR0124  # equality of its own


def _needs_no_network(strategy: Any) -> None:
    with no_network():
        for world in _worlds():
            _credits(strategy, world)
            for model in world.context.models.values():
                evaluate_model(strategy, model, on=world.days[-1], context=world.context)


def _gives_evidence(strategy: Any) -> None:
    """Credits to countries come with evidence."""
    context = (world := hard_world()).context
    answers = [
        (model, evaluate_model(strategy, model, on=world.days[-1], context=context))
        for model in context.models.values()
    ]
    if not sum(_rests_on_evidence(model, answer) for model, answer in answers):
        raise NotApplicable("the strategy credits no country in the test world")


def _rests_on_evidence(model: Model, answer: Attribution | None) -> bool:
    """Return whether a model is credited to a country, which needs evidence."""
    if answer is None or not any(isinstance(credit.country, Country) for credit in answer.credits):
        return False
    assert answer.evidence, f"{model.id} is credited to a country without evidence"
    return True


def _credits_its_examples(strategy: Any, *, examples: Collection[str]) -> None:
    """The strategy credits the models that are given as examples, or some of the test worlds."""
    worlds = _worlds()
    for name in examples:
        model, world = Model(name), worlds[-1]
        answer = evaluate_model(strategy, model, on=world.days[-1], context=world.context)
        assert answer is not None, f"{name} is an example, and the strategy abstains on it"
        _rests_on_evidence(model, answer)
    if examples:
        return
    found = (evaluate_model(strategy, model, on=world.days[-1], context=context)
             for world in worlds for context in (world.context,) for model in context.models.values())  # fmt: skip
    if all(answer is None for answer in found):
        raise NotApplicable(
            "the strategy abstains on all models of the test worlds: give ids that it credits, examples=[...]"
        )


def _independent_of_call_order(strategy: Any) -> None:
    world = hard_world()
    context = world.context
    calls = [(model, day) for model in context.models.values() for day in world.days]
    first = {(model.id, day): evaluate_model(strategy, model, on=day, context=context) for model, day in calls}
    random.Random(3).shuffle(calls)  # noqa: S311  # no secret
    for model, day in calls:
        again = evaluate_model(strategy, model, on=day, context=context)
        assert again == first[model.id, day], f"{model.id} on {day}: the result depends on the order of calls"


_CHECKS: Final[dict[str, Callable[[Any], None]]] = {
    "implements_the_protocol": _implements_the_protocol,
    "has_no_unknown_methods": _has_no_unknown_methods,
    "uses_only_what_it_requires": _uses_only_what_it_requires,
    "returns_attributions_or_none": _returns_attributions_or_none,
    "weights_sum_to_one": _weights_sum_to_one,
    "countries_are_valid": _countries_are_valid,
    "row_and_frame_agree": _row_and_frame_agree,
    "independent_of_row_order": _independent_of_row_order,
    "deterministic": _deterministic,
    "independent_of_call_order": _independent_of_call_order,
    "independent_of_other_models": _independent_of_other_models,
    "leaves_inputs_unchanged": _leaves_inputs_unchanged,
    "accepts_no_models": _accepts_no_models,
    "accepts_ids_only": _accepts_ids_only,
    "accepts_unknown_namespaces": _accepts_unknown_namespaces,
    "keeps_shared_credits": _keeps_shared_credits,
    "declares_its_changes": _declares_its_changes,
    "conserves_totals": _conserves_totals,
    "can_be_pickled": _can_be_pickled,
    "is_hashable": _is_hashable,
    "needs_no_network": _needs_no_network,
    "gives_evidence": _gives_evidence,
}


def _credits(strategy: Any, world: World) -> pl.DataFrame:
    return credits_of(strategy, world.models, context=world.context)


def _measured(panel: Panel, strategy: Any, world: World, counting: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measure(panel, attribution=strategy, registry=world.registry, counting=counting)


def _parties(rows: Iterator[tuple[Any, ...]]) -> dict[str, dict[tuple[Any, ...], float]]:
    found: dict[str, dict[tuple[Any, ...], float]] = {}
    for model, country, organization, weight in rows:
        mine = found.setdefault(model, {})
        mine[country, organization] = mine.get((country, organization), 0.0) + weight
    return found


def _same(left: pl.DataFrame, right: pl.DataFrame) -> None:
    columns = ["model_id", "start", "end", "country", "organization", "rule"]
    one, other = (
        frame.select(*columns, pl.col("weight").round(9)).sort(*columns, nulls_last=True) for frame in (left, right)
    )
    assert one.select(columns).equals(other.select(columns)), "the credits differ"
    assert all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(one["weight"], other["weight"], strict=True)), (
        "the weights differ"
    )
