from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import ossgeo
from ossgeo import Model, OriginStatus
from ossgeo.attribution import Context, ModelTable, Publisher, credits_of
from ossgeo.attribution._evaluation import evaluate_model, evaluate_models
from ossgeo.attribution._protocol import frame_of
from tests.worlds import registry

RULE, CONTEXT = Publisher(), Context(registry())


def test_it_says_who_stands_behind_a_namespace_on_a_day() -> None:
    said = RULE.attribute(Model("Mover/x"), on=dt.date(2025, 2, 15), context=CONTEXT)
    assert said is not None
    assert [(str(credit.country), credit.organization) for credit in said.credits] == [("US", "mover")]
    assert RULE.attribute(Model("who/x"), on=dt.date(2025, 2, 15), context=CONTEXT) is None
    assert RULE.attribute(Model("Gone/x"), on=dt.date(2025, 2, 1), context=CONTEXT) is None


def test_an_organization_without_a_seat_keeps_its_name() -> None:
    said = RULE.attribute(Model("Nowhere/x"), on=dt.date(2025, 2, 15), context=CONTEXT)
    assert said is not None
    assert said.credits[0].country is OriginStatus.UNREVIEWED
    assert said.credits[0].organization == "nowhere"


def test_an_old_canonical_id_is_its_own_namespace() -> None:
    assert RULE.attribute(Model("gpt2"), on=dt.date(2025, 1, 1), context=CONTEXT) is None


def test_row_and_frame_agree_at_every_date() -> None:
    names = [f"{namespace}/m" for namespace in ("Qin", "Mover", "Trio", "ann", "Nowhere", "Gone", "who")]
    models = pl.DataFrame({"model_id": names, "namespace": [name[:-2] for name in names]})
    table = credits_of(RULE, models, context=CONTEXT)
    days = sorted(RULE.changes(CONTEXT))
    assert dt.date(2025, 2, 15) in days
    for day in days + [day - dt.timedelta(days=1) for day in days[1:]]:
        for name in names:
            there = table.filter((pl.col("model_id") == name) & (pl.col("start") <= day) & (day < pl.col("end")))
            said = RULE.attribute(Model(name), on=day, context=CONTEXT)
            credits = [(None, "unreviewed", 1.0)] if said is None else [
                (credit.organization, str(credit.country), credit.weight) for credit in said.credits
            ]  # fmt: skip
            assert sorted(there.select("organization", "country", "weight").rows()) == sorted(credits), (name, day)


def test_it_prints_as_its_name() -> None:
    assert str(RULE) == "publisher"


@pytest.mark.parametrize("rule", ["publisher", "headquarters"])
@pytest.mark.parametrize("model_id", ["qwen/a", "Qwen/a", "gpt2", "nobody-knows/a"])
def test_one_model_and_all_models_have_the_same_credits_in_any_spelling(rule: str, model_id: str) -> None:
    strategy, day = ossgeo.attribution.resolve(rule), dt.date(2026, 1, 1)
    context = Context(ossgeo.Registry.default(), ModelTable(frame_of([ossgeo.Model(model_id)])), day)
    answer = evaluate_model(strategy, ossgeo.Model(model_id), on=day, context=context)
    one = {(credit.organization, str(credit.country), credit.weight) for credit in answer.credits} if answer else set()
    credits = evaluate_models(strategy, context.models.frame, context=context)
    held = credits.filter((pl.col("start") <= day) & (day < pl.col("end")))
    assert set(held.select("organization", "country", "weight").iter_rows()) == one
    assert bool(one) == (model_id != "nobody-knows/a")


def test_the_explanation_names_the_spelling_of_the_registry() -> None:
    assert "namespaces: qwen (in the registry: Qwen) is qwen" in str(ossgeo.explain("qwen/a", on="2026-01-01"))
    assert "namespaces: gpt2 (in the registry: openai-community) is openai" in str(
        ossgeo.explain("gpt2", on="2026-01-01")
    )
