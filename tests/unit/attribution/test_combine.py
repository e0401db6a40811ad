from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo import Model, attribution
from ossgeo.attribution import (
    Attribution,
    Context,
    ModelTable,
    blend,
    credits_of,
    first_of,
    lineage,
    override,
    when,
)
from ossgeo.attribution._protocol import frame_of
from ossgeo.errors import InvalidArgumentError, RegistryError
from tests.worlds import registry

DAY = dt.date(2025, 3, 1)
MODELS = frame_of([
    Model("Qin/a", library="gguf"),
    Model("Mover/b", library="transformers"),
    Model("who/c", declared_country="France"),
    Model("ann/d", member_of=("Qin", "Trio", "who"), declared_country="France"),
    Model("Nowhere/e", declared_country="Atlantis"),
])  # fmt: skip


def say(rule: Any, model: str, on: dt.date = DAY) -> dict[str, float]:
    credits = credits_of(ossgeo.attribution.resolve(rule), MODELS, context=Context(registry(), ModelTable(MODELS), DAY))
    held = credits.filter((pl.col("model_id") == model) & (pl.col("start") <= on) & (on < pl.col("end")))
    return {code: round(weight, 6) for code, weight in held.group_by("country").agg(pl.col("weight").sum()).rows()}


def test_first_of_evaluates_strategies_until_one_does_not_abstain() -> None:
    rule = first_of("declared", "publisher")
    assert say(rule, "who/c") == {"FR": 1}
    assert say(rule, "Qin/a") == {"CN": 1}
    assert say(rule, "ann/d") == {"individual": 1}, "a person gets no country from a card"
    assert say(first_of("membership", "publisher"), "ann/d") == {
        "CN": 0.5, "DE": round(1 / 6, 6), "FR": round(1 / 6, 6), "JP": round(1 / 6, 6)
    }  # fmt: skip
    assert str(rule) == "first_of(declared, publisher)"


def test_first_of_decides_at_each_date_anew() -> None:
    table = pl.DataFrame({"namespace": ["Qin"], "country": ["DE"], "end": [dt.date(2025, 1, 1)]})
    rule = first_of(attribution.table(table), "publisher")
    assert say(rule, "Qin/a", dt.date(2024, 12, 31)) == {"DE": 1}
    assert say(rule, "Qin/a", dt.date(2025, 1, 1)) == {"CN": 1}
    context = Context(registry(), ModelTable(MODELS), DAY)
    assert attribution.table(table).attribute(Model("Qin/a"), on=dt.date(2025, 1, 1), context=context) is None


def test_a_strategy_without_changes_is_evaluated_for_one_day_within_others_too() -> None:
    class Dated:
        name = "dated"
        api_version = 1

        def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
            return Attribution.to("FR" if on == DAY else "DE", rule=self.name)

    rule = first_of(Dated(), "publisher")
    assert say(rule, "Qin/a", dt.date(2020, 1, 1)) == {"FR": 1}
    context = Context(registry(), ModelTable(MODELS), DAY)
    said = rule.attribute(Model("Qin/a"), on=dt.date(2020, 1, 1), context=context)
    assert said is not None
    assert str(said.credits[0].country) == "FR"


def test_blends() -> None:
    rule = blend({"publisher": 0.75, attribution.table({"Qin": "DE"}): 0.25})
    assert say(rule, "Qin/a") == {"CN": 0.75, "DE": 0.25}
    assert say(rule, "Mover/b") == {"US": 1}, "the part of a strategy that abstains goes to the others"
    assert say(rule, "Mover/b", dt.date(2025, 2, 14)) == {"GB": 1}
    assert say(rule, "who/c") == {"unreviewed": 1}
    for parts in ({"publisher": 0.5}, {"publisher": 1.5, "root": -0.5}, {}):
        with pytest.raises(InvalidArgumentError, match="sum to 1"):
            blend(parts)


def test_when() -> None:
    rule = when({"library": "gguf"}, attribution.table({"Qin": "DE"}), "publisher")
    assert say(rule, "Qin/a") == {"DE": 1}
    assert say(rule, "Mover/b") == {"US": 1}
    assert say(rule, "who/c") == {"unreviewed": 1}
    expression = when(nw.col("library") == "gguf", attribution.table({"Qin": "DE"}))
    assert say(expression, "Qin/a") == {"DE": 1}
    assert rule == when({"library": "gguf"}, attribution.table({"Qin": "DE"}))
    assert rule != when({"library": "onnx"}, attribution.table({"Qin": "DE"}))
    assert isinstance(hash(rule), int)


def test_override_and_fixed() -> None:
    rule = override({"Qin/a": {"DE": 0.5, "international": 0.5}, "Mover": "JP"}, lineage())
    assert say(rule, "Qin/a") == {"DE": 0.5, "international": 0.5}
    assert say(rule, "Mover/b") == {"JP": 1}
    assert say(rule, "ann/d") == {"individual": 1}
    assert str(rule).startswith("override(3 rows ")
    assert str(rule).endswith(", lineage)")
    assert override(attribution.table({"Mover": "JP"})) == override({"Mover": "JP"})
    assert rule.adjustments(Context(registry(), ModelTable(MODELS))) == ()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"Qin": "Chinaa"}, "Chinaa"),
        ({"Qin": {"DE": 0.5}}, "must sum to 1, got 0.5"),
        ({"Qin": {"DE": 0.0, "FR": 1.0}}, "must lie in (0, 1], got"),
        ({"": "DE"}, "model id or namespace is empty"),
        (pl.DataFrame({"country": ["DE"]}), "model_id or namespace"),
        (pl.DataFrame({"namespace": ["a"]}), "column country is missing"),
        (pl.DataFrame({"namespace": ["a"], "country": ["DE"], "start": [DAY], "end": [DAY]}), "must be before end"),
    ],
)
def test_faulty_tables(table: Any, message: str) -> None:
    with pytest.raises(RegistryError) as caught:
        attribution.table(table)
    assert message in str(caught.value)


def test_fixed_has_organizations_and_own_rows_first() -> None:
    table = pl.DataFrame(
        {"model_id": ["Qin/a", None], "namespace": [None, "Qin"], "country": ["DE", "FR"], "organization": ["x", None]}
    )
    context = Context(registry(), ModelTable(MODELS), DAY)
    said = attribution.table(table).attribute(Model("Qin/a"), on=DAY, context=context)
    assert said is not None
    assert (said.credits[0].organization, str(said.credits[0].country)) == ("x", "DE")
    other = attribution.table(table).attribute(Model("Qin/z"), on=DAY, context=context)
    assert other is not None
    assert str(other.credits[0].country) == "FR"


@pytest.mark.filterwarnings("ignore::ossgeo.errors.VoidOptionWarning")
def test_they_compose_print_hash_and_pickle() -> None:
    rule = first_of(
        override({"Qin": "DE"}, when({"library": ["gguf", "onnx"]}, "root", blend({"publisher": 0.5, "lineage": 0.5}))),
        "headquarters",
    )
    assert str(rule) == (
        f"first_of({override({'Qin': 'DE'}, 'publisher')}, headquarters)".replace(
            ", publisher)", ", when(library={gguf,onnx}, root, blend({publisher: 0.5, lineage: 0.5})))"
        )
    )
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert hash(pickle.loads(pickle.dumps(rule))) == hash(rule)
    table = ossgeo.measure(ossgeo.load_sample("trending-2026"), attribution=rule)
    assert table.method.attribution == str(rule)
    assert sum(filter(None, table.at().values())) == pytest.approx(1)
    assert table.adjustments["base_missing"].count > 0


def test_names_of_a_users_table_that_match_nothing_are_adjustments() -> None:
    context = Context(registry(), ModelTable(MODELS), DAY)
    rule = override({"Qin": "DE", "Moverr": "FR", "who/zz": "FR"})
    (idle,) = rule.adjustments(context)
    assert (idle.code, idle.count, idle.unit) == ("own_rows_idle", 2, "names")
    assert "'Moverr' (did you mean 'Mover'?), 'who/zz'" in idle.note
    assert override({"Qin": "DE", "Qin/a": "FR"}).adjustments(context) == ()
    (many,) = attribution.table({f"zz{number}": "FR" for number in range(9)}).adjustments(context)
    assert many.note.endswith("'zz0', 'zz1', 'zz2', ...")
    table = ossgeo.measure(ossgeo.load_sample("hub-2026"), attribution=override({"gogle": "FR"}))
    assert "did you mean 'google'?" in str(table.adjustments)


def test_an_empty_chain() -> None:
    with pytest.raises(InvalidArgumentError, match="at least one"):
        first_of()


def test_cards_that_state_no_country_are_counted() -> None:
    rule = first_of("declared", "publisher")
    (strange,) = rule.adjustments(Context(registry(), ModelTable(MODELS)))
    assert (strange.code, strange.count) == ("declared_unread", 1)
    assert say("declared", "Nowhere/e") == {"unreviewed": 1}
    bare = Context(registry(), ModelTable(MODELS.select("model_id", "namespace")))
    assert rule.adjustments(bare) == ()


def test_headquarters_follow_the_owners_of_the_day() -> None:
    owned = ossgeo.Registry.from_rows(
        organizations=[{"organization": "left", "name": "L"}, {"organization": "right", "name": "R"}],
        affiliations=[{"organization": "left", "country": "SG"}],
        parents=[
            {"organization": "qin", "parent": "mover", "start": "2025-01-01"},
            {"organization": "ann", "parent": "left", "start": "2030-01-01"},
            {"organization": "trio", "parent": "left"},
            {"organization": "trio", "parent": "right"},
        ],
        base=registry(),
    )
    rule = ossgeo.attribution.resolve("headquarters")
    context = Context(owned, ModelTable(MODELS), DAY)
    credits = credits_of(rule, frame_of([Model("Qin/a"), Model("Trio/c")]), context=context)
    found = {
        (model, str(start)): (country, organization)
        for model, start, country, organization in credits.select("model_id", "start", "country", "organization").rows()
        if model == "Qin/a"
    }
    assert found == {
        ("Qin/a", "1900-01-01"): ("CN", "qin"),
        ("Qin/a", "2025-01-01"): ("GB", "mover"),
        ("Qin/a", "2025-02-15"): ("US", "mover"),
    }
    shared = credits.filter(pl.col("model_id") == "Trio/c").select("country", "organization", "weight").rows()
    assert sorted(shared) == [("SG", "left", 0.5), ("unreviewed", "right", 0.5)]
    said = rule.attribute(Model("Trio/c"), on=DAY, context=context)
    assert said is not None
    assert [credit.weight for credit in said.credits] == [0.5, 0.5]
    assert rule.attribute(Model("who/c"), on=DAY, context=context) is None


def test_own_tables_take_countries_by_any_name() -> None:
    by_name = ossgeo.attribution.override({"my-lab": "UK", "other": {"Germany": 0.5, "FRA": 0.5}, "one": "individual"})
    assert by_name == ossgeo.attribution.override(
        {"my-lab": "GB", "other": {"DE": 0.5, "FR": 0.5}, "one": "individual"}
    )
