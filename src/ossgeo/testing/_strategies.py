"""What every attribution strategy must do."""

from __future__ import annotations

import datetime as dt
import math
import pickle
import random
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from ossgeo.attribution._evaluation import credits_of, evaluate_model, evaluate_models, name_of, resolve
from ossgeo.attribution._protocol import Attribution, AttributionStrategy
from ossgeo.panel._models import Model
from ossgeo.panel._panel import Panel
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.shares._measure import measure
from ossgeo.testing._fixtures import MOVE, World, hard_world, real_world
from ossgeo.testing._network import no_network
from ossgeo.testing._runner import Check, NotApplicable, Report, run


def attribution_checks(strategy: str | AttributionStrategy) -> tuple[Check, ...]:
    """Return every check of a strategy, to be run one by one, as by ``pytest.mark.parametrize``.

    Args:
        strategy: The strategy, or its name.

    Example:
        >>> len(attribution_checks("publisher")) >= 20
        True
    """
    subject = resolve(strategy)
    return tuple(Check(name, subject, body) for name, body in _CHECKS.items())


def check_attribution_strategy(
    strategy: str | AttributionStrategy, *, expected_failures: Mapping[str, str] | None = None
) -> Report:
    """Run every check of a strategy.

    Args:
        strategy: The strategy, or its name.
        expected_failures: Names of checks that must fail, each with the reason.

    Returns:
        How many checks ran, and which had nothing to look at.

    Raises:
        ConformanceError: With every check that failed, or passed although it was expected to fail.
        UnknownNameError: An expected failure names no check.

    Example:
        >>> print(check_attribution_strategy("publisher"))
        publisher: 20 checks ran, 20 passed
    """
    subject = resolve(strategy)
    return run(name_of(subject), attribution_checks(subject), expected_failures)


def _worlds() -> tuple[World, World]:
    return hard_world(), real_world()


def _is_a_strategy(strategy: Any) -> None:
    assert isinstance(strategy, AttributionStrategy), "it has no name or no attribute(model, *, on, context)"
    assert strategy.name, "its name is empty"
    assert str(strategy), "it prints as nothing"


def _answers_are_attributions(strategy: Any) -> None:
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


def _places_are_places(strategy: Any) -> None:
    for world in _worlds():
        for code in _credits(strategy, world)["country"].unique():
            assert code in {status.value for status in OriginStatus} or Country.parse(code).alpha_2 == code, code


def _row_and_frame_agree(strategy: Any) -> None:
    if not hasattr(strategy, "attribute_frame"):
        raise NotApplicable("there is no attribute_frame")
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
                assert same, f"{model} on {day}: the frame says {left}, the row {right}"


def _order_does_not_matter(strategy: Any) -> None:
    for world in _worlds():
        shuffled = world.models.sample(fraction=1.0, shuffle=True, seed=7)
        mixed = World(world.registry, shuffled, world.panel, world.days)
        _same(_credits(strategy, world), _credits(strategy, mixed))


def _says_the_same_twice(strategy: Any) -> None:
    for world in _worlds():
        _same(_credits(strategy, world), _credits(strategy, world))


def _a_part_says_the_same(strategy: Any) -> None:
    """What is said of a model does not hang on which others are asked about."""
    for world in _worlds():
        context = world.context
        some = world.models.gather_every(2)
        part = credits_of(strategy, some, context=context)
        whole = credits_of(strategy, world.models, context=context).join(some, on="model_id", how="semi")
        _same(part, whole)


def _changes_nothing(strategy: Any) -> None:
    for world in _worlds():
        before, version = world.models.clone(), world.registry.version
        _credits(strategy, world)
        assert world.models.equals(before), "it changed the models table"
        assert world.registry.version == version, "it changed the registry"


def _takes_no_models(strategy: Any) -> None:
    world = hard_world()
    empty = World(world.registry, world.models.clear(), world.panel, world.days)
    assert _credits(strategy, empty).height == 0, "it credits models that are not there"


def _takes_bare_ids(strategy: Any) -> None:
    """A models table may have no column beside the id and the namespace."""
    world = hard_world()
    bare = World(world.registry, world.models.select("model_id", "namespace"), world.panel, world.days)
    assert _credits(strategy, bare)["model_id"].n_unique() == bare.models.height


def _takes_unknown_namespaces(strategy: Any) -> None:
    world = hard_world()
    answer = evaluate_model(strategy, Model("who-is-this/model"), on=world.days[-1], context=world.context)
    assert answer is None or answer.credits


def _keeps_several_countries(strategy: Any) -> None:
    """An organization with several seats is credited as the registry says, or not at all."""
    world = hard_world()
    answer = evaluate_model(strategy, world.context.models["Trio/i"], on=world.days[-1], context=world.context)
    assert answer is None or abs(sum(credit.weight for credit in answer.credits) - 1) < 1e-6  # noqa: PLR2004


def _tells_its_changes(strategy: Any) -> None:
    """Between two of the dates that it declares, a strategy says the same."""
    if not hasattr(strategy, "changes"):
        raise NotApplicable("it declares no changes, and is asked once per model")
    world = hard_world()
    context = world.context
    days = sorted(set(strategy.changes(context)))
    assert all(isinstance(day, dt.date) for day in days), "changes must be dates"
    tried = [dt.date(2000, 1, 1), *(day for day in world.days), MOVE - dt.timedelta(days=1), MOVE, dt.date(2030, 1, 1)]
    for model in context.models.values():
        said: dict[Any, tuple[Any, ...]] = {}
        for day in tried:
            since = max((change for change in days if change <= day), default=None)
            answer = evaluate_model(strategy, model, on=day, context=context)
            parties = answer.credits if answer is not None else ()
            assert said.setdefault(since, parties) == parties, (
                f"{model.id}: another answer on {day}, which is undeclared"
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


def _pickles(strategy: Any) -> None:
    again = pickle.loads(pickle.dumps(strategy))  # noqa: S301  # made here
    world = hard_world()
    _same(_credits(strategy, world), _credits(again, world))


def _hashes(strategy: Any) -> None:
    assert hash(strategy) == hash(strategy)
    assert strategy == strategy  # noqa: PLR0124  # equality of its own


def _needs_no_network(strategy: Any) -> None:
    with no_network():
        for world in _worlds():
            _credits(strategy, world)
            for model in world.context.models.values():
                evaluate_model(strategy, model, on=world.days[-1], context=world.context)


def _gives_evidence(strategy: Any) -> None:
    """Whoever credits a country says why."""
    context = (world := hard_world()).context
    credited = 0
    for model in context.models.values():
        answer = evaluate_model(strategy, model, on=world.days[-1], context=context)
        if answer is not None and any(isinstance(credit.country, Country) for credit in answer.credits):
            credited += 1
            assert answer.evidence, f"{model.id} is credited to a country without evidence"
    if not credited:
        raise NotApplicable("it credits no country in the kit's world")


def _is_asked_in_any_order(strategy: Any) -> None:
    world = hard_world()
    context = world.context
    questions = [(model, day) for model in context.models.values() for day in world.days]
    first = {(model.id, day): evaluate_model(strategy, model, on=day, context=context) for model, day in questions}
    random.Random(3).shuffle(questions)  # noqa: S311  # no secret
    for model, day in questions:
        again = evaluate_model(strategy, model, on=day, context=context)
        assert again == first[model.id, day], f"{model.id} on {day}: another answer when asked in another order"


_CHECKS: Final[dict[str, Callable[[Any], None]]] = {
    "is_a_strategy": _is_a_strategy,
    "answers_are_attributions": _answers_are_attributions,
    "weights_sum_to_one": _weights_sum_to_one,
    "places_are_places": _places_are_places,
    "row_and_frame_agree": _row_and_frame_agree,
    "order_does_not_matter": _order_does_not_matter,
    "says_the_same_twice": _says_the_same_twice,
    "is_asked_in_any_order": _is_asked_in_any_order,
    "a_part_says_the_same": _a_part_says_the_same,
    "changes_nothing": _changes_nothing,
    "takes_no_models": _takes_no_models,
    "takes_bare_ids": _takes_bare_ids,
    "takes_unknown_namespaces": _takes_unknown_namespaces,
    "keeps_several_countries": _keeps_several_countries,
    "tells_its_changes": _tells_its_changes,
    "conserves_totals": _conserves_totals,
    "pickles": _pickles,
    "hashes": _hashes,
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
    assert one.select(columns).equals(other.select(columns)), "other credits"
    assert all(math.isclose(a, b, abs_tol=1e-9) for a, b in zip(one["weight"], other["weight"], strict=True)), (
        "other weights"
    )
