"""The kit passes what is right, and finds what is wrong."""

from __future__ import annotations

import datetime as dt
import random
import socket
from typing import Any

import attrs
import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo import Evidence, Model, attribution, plugins
from ossgeo.attribution import (
    Attribution,
    Context,
    ModelTable,
    blend,
    configuration,
    fingerprint,
    first_of,
    lineage,
    override,
    root,
    undeclared,
    when,
)
from ossgeo.attribution._protocol import CREDIT_SCHEMA
from ossgeo.errors import AttributionContractError, CalculatorContractError, ConformanceError, UnknownNameError
from ossgeo.plugins import available
from ossgeo.shares import Gives
from ossgeo.shares._protocol import credited
from ossgeo.testing import (
    Check,
    NotApplicable,
    attribution_checks,
    calculator_checks,
    check_attribution_strategy,
    check_calculator,
)

WITHOUT_DATA = ("configuration", "fingerprint")
"""Strategies that abstain unless they are given data."""
BUILT_IN = [
    plugin.name
    for plugin in available("attribution")
    if plugin.distribution == "ossgeo" and plugin.name not in WITHOUT_DATA
]
RULES: list[Any] = [
    *BUILT_IN,
    first_of("declared", "membership", "root"),
    blend({"publisher": 0.5, "root": 0.25, "declared": 0.25}),
    when({"library": "gguf"}, "root"),
    override({"Mover": "FR", "bare": {"FR": 0.5, "DE": 0.5}}, "lineage"),
    attribution.table({"Trio": "CH"}),
    lineage(share_to_base=0.3, over="headquarters"),
    root(evidence="declared", over=undeclared()),
    configuration({"One/m": {"_name_or_path": "Mover/l"}}),
    fingerprint({"model_a": "One/m", "model_b": "Mover/l", "scores": {"provenance_decision": "Confirmed Match"}}),
]


@pytest.mark.parametrize(
    "check",
    [check for rule in RULES for check in attribution_checks(rule)],
    ids=lambda check: f"{check.subject}-{check}",
)
def test_every_built_in_strategy(check: Check) -> None:
    try:
        check()
    except NotApplicable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("check", calculator_checks("downloads"), ids=str)
def test_every_built_in_calculator(check: Check) -> None:
    check()


@attrs.frozen
class Wrong:
    """Right, but for one thing."""

    name: str = "wrong"
    api_version = 1

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("FR", rule=self.name, evidence=[Evidence("common knowledge")])


def test_what_is_right_passes_and_says_how_many_ran() -> None:
    report = check_attribution_strategy(Wrong())
    assert len(report.passed) == 20
    absent = ("uses_only_what_it_requires", "row_and_frame_agree", "declares_its_changes")
    assert tuple(report.not_applicable) == absent
    first, *others = str(report).splitlines()
    assert first == "wrong: 20 checks ran, 20 passed, 3 not applicable"
    assert others == [f"  - {name}: {report.not_applicable[name]}" for name in absent]


@attrs.frozen
class OnlyOurs(Wrong):
    """Credits one namespace, which is not in the test worlds, without evidence."""

    name: str = "only-ours"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("FR", rule=self.name) if model.namespace == "ours" else None


def test_a_strategy_that_abstains_on_the_test_worlds_is_checked_on_examples() -> None:
    assert "give ids that it credits" in str(check_attribution_strategy(OnlyOurs()))
    with pytest.raises(ConformanceError, match="ours/a is credited to a country without evidence"):
        check_attribution_strategy(OnlyOurs(), examples=["ours/a"])
    with pytest.raises(ConformanceError, match="theirs/a is an example, and the strategy abstains on it"):
        check_attribution_strategy(OnlyOurs(), examples=["theirs/a"])
    assert "credits_its_examples" in check_attribution_strategy(Wrong(), examples=["ours/a"]).passed


def broken(**methods: Any) -> Any:
    return type("Broken", (Wrong,), methods)()


def told(self: Any, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
    return Attribution.to("FR" if on < dt.date(2025, 2, 1) else "DE", rule="x", evidence=())


def by_tags(self: Any, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
    return Attribution.to("FR", rule="x", evidence=[Evidence("common knowledge")]) if model.tags else None


def by_downloads(self: Any, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
    """Use a column that is not declared, and is therefore not passed."""
    return models.select("model_id", "likes")


@pytest.mark.parametrize(
    ("strategy", "check"),
    [
        (broken(attribute=told), "gives_evidence"),
        (broken(attribute=told, changes=lambda self, context: []), "declares_its_changes"),
        (broken(attribute=lambda self, model, *, on, context: Attribution.to(random.choice(("FR", "DE")), rule="x")),
         "deterministic"),
        (broken(attribute=lambda self, model, *, on, context: socket.create_connection(("127.0.0.1", 9))), "needs_no_network"),
        (broken(attribute=lambda self, model, *, on, context: None if model.likes else 1 / 0), "accepts_ids_only"),
        (broken(attribute_frame=lambda self, models, *, context: models.select("model_id")), "row_and_frame_agree"),
        (broken(requires=frozenset[str](), attribute=by_tags), "uses_only_what_it_requires"),
        (broken(requires=frozenset({"tags"}), attribute_frame=by_downloads), "row_and_frame_agree"),
        (broken(requires=frozenset({"stars"})), "uses_only_what_it_requires"),
        (broken(require=frozenset({"tags"})), "has_no_unknown_methods"),
        (broken(__reduce__=lambda self: (_refuse, ())), "can_be_pickled"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(strategy: Any, check: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_attribution_strategy(strategy)
    assert f"- {check}: " in str(caught.value)


def _refuse() -> None:
    raise RuntimeError("no")


class Silent(Wrong):
    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("FR", rule="x")


def test_expected_failures_are_strict() -> None:
    report = check_attribution_strategy(Silent(), expected_failures={"gives_evidence": "it has none"})
    assert report.expected == {"gives_evidence": "it has none"}
    assert "1 failed as expected" in str(report)
    with pytest.raises(ConformanceError, match="passed, although it was expected to fail"):
        check_attribution_strategy(Wrong(), expected_failures={"gives_evidence": "it has none"})
    with pytest.raises(UnknownNameError, match="gives_evidence"):
        check_attribution_strategy(Wrong(), expected_failures={"give_evidence": "a slip"})


class Counts:
    name, unit, requires = "counts", "models", frozenset[str]()
    gives: Gives = "flow"
    api_version = 1

    def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
        return credited(flows, credits).group_by("period", *keys).agg(value=nw.col("weight").sum())


class Forgets(Counts):
    def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
        return credited(flows, credits).group_by("period", "group").agg(value=nw.col("weight").sum())


class Eager(Counts):
    def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
        return super().aggregate(flows, credits, keys=keys).collect()


class Unweighted(Counts):
    def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
        return credited(flows, credits).group_by("period", *keys).agg(value=nw.col("downloads").sum())


class Asks(Counts):
    requires = frozenset({"stars"})


@pytest.mark.parametrize(
    ("calculator", "check"),
    [(Forgets(), "groups_by_every_key"), (Eager(), "stays_lazy"), (Unweighted(), "splits_by_weight"), (Asks(), "requires_known_columns")],
)  # fmt: skip
def test_wrong_calculators(calculator: Any, check: str) -> None:
    assert len(check_calculator(Counts()).passed) == 14
    with pytest.raises(ConformanceError) as caught:
        check_calculator(calculator)
    assert f"- {check}: " in str(caught.value)


def test_a_misspelled_optional_method_is_found() -> None:
    class Misspelled:
        name = "misspelled"
        api_version = 1

        def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
            return None

        def change(self, context: Context) -> frozenset[dt.date]:
            return frozenset()

    with pytest.raises(ConformanceError, match=r"'change' is not a method of the contract .* did you mean 'changes'"):
        ossgeo.testing.check_attribution_strategy(Misspelled(), expected_failures={"can_be_pickled": "a local class"})


def test_a_misspelled_method_of_a_calculator_is_found() -> None:
    misspelled = type(
        "Misspelled", (type(plugins.make("shares", "downloads")),), {"event": lambda self, models: models}
    )
    with pytest.raises(ConformanceError, match=r"'event' is not a method of the contract .* did you mean 'events'"):
        check_calculator(misspelled())


@pytest.mark.parametrize("version", [None, 2, "1"])
def test_a_plugin_of_another_version_of_the_contract_is_refused(version: Any) -> None:
    strategy, calculator = broken(api_version=version), type("Other", (Counts,), {"api_version": version})()
    message = f"api_version must be 1, the version of the contract that it follows, got {version!r}"
    for call in (
        lambda: ossgeo.attribution.resolve(strategy),
        lambda: ossgeo.measure(ossgeo.load_sample("hub-2026"), attribution=strategy),
        lambda: ossgeo.measure(ossgeo.load_sample("hub-2026"), calculator=calculator),
    ):
        with pytest.raises((AttributionContractError, CalculatorContractError), match=message):
            call()


def test_a_strategy_receives_only_the_columns_that_it_requires() -> None:
    seen: set[str] = set()

    class Looks(Wrong):
        requires = frozenset({"tags"})

        def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
            seen.update(models.collect_schema().names())
            return pl.LazyFrame(schema=dict(CREDIT_SCHEMA))

    models = pl.DataFrame({"model_id": ["a/b"], "namespace": ["a"], "tags": [["x"]], "likes": [3]})
    context = Context(ossgeo.Registry.default(), ModelTable(models))
    ossgeo.attribution.credits_of(ossgeo.attribution.first_of(Looks(), "publisher"), models, context=context)
    assert seen == {"model_id", "namespace", "tags"}


def test_the_columns_of_a_chain_are_those_of_its_strategies() -> None:
    chain = ossgeo.attribution.first_of("declared", ossgeo.attribution.when({"library": "gguf"}, "root"))
    assert chain.requires == frozenset({"declared_country", "library", "base_models"})
    assert ossgeo.attribution.first_of(Wrong(), "root").requires is None


class ReadsAnotherName:
    name, api_version = "reads-another-name", 1

    def attribute(self, model: Any, *, on: dt.date, context: Context) -> Attribution | None:
        assert model.model_id
        return None


def test_checks_that_fail_alike_are_listed_once_with_what_a_model_has() -> None:
    with pytest.raises(ConformanceError) as caught:
        check_attribution_strategy(ReadsAnotherName())
    text = str(caught.value)
    assert text.count("no attribute 'model_id'; a model has namespace, id, hub_id,") < 6
    assert "\n  - weights_sum_to_one: as returns_attributions_or_none\n" in text


def test_a_class_in_place_of_an_object_is_named() -> None:
    class Mine(attribution.StrategyBase):
        name, api_version = "mine", 1
        requires: frozenset[str] = frozenset()

        def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
            return None

    class Ours:
        name, unit, gives, api_version = "ours", "models", "flow", 1
        requires: frozenset[str] = frozenset()

        def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
            return credited(flows, credits).group_by("period", *keys).agg(value=nw.col("weight").sum())

    rule: Any = Mine
    calculator: Any = Ours
    sample = ossgeo.load_sample()
    with pytest.raises(AttributionContractError, match=r"'mine': must be an object, got its class; give Mine\(\)"):
        ossgeo.measure(sample, attribution=rule)
    with pytest.raises(AttributionContractError, match=r"give Mine\(\)"):
        check_attribution_strategy(rule)
    with pytest.raises(CalculatorContractError, match=r"'ours': must be an object, got its class; give Ours\(\)"):
        ossgeo.measure(sample, calculator=calculator)
    with pytest.raises(CalculatorContractError, match=r"give Ours\(\)"):
        check_calculator(calculator)


def test_an_error_of_another_library_is_one_line_of_the_report() -> None:
    class Misspelt:
        name, unit, api_version = "misspelt", "models", 1
        gives: Gives = "flow"
        requires = frozenset({"lisence"})

        def aggregate(self, flows: Any, credits: Any, *, keys: Any) -> Any:
            return credited(flows, credits).group_by("period", *keys).agg(value=nw.col("weight").sum())

    with pytest.raises(ConformanceError, match="the models table has no column lisence") as caught:
        check_calculator(Misspelt())
    assert all(line.startswith(("misspelt fails", "  - ")) for line in str(caught.value).splitlines())
