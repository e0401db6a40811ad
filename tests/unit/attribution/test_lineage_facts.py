"""Lineage facts of the registry: reading and checking, and what they do to declared base models."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo import Registry
from ossgeo.attribution import Context, ModelTable, credits_of, direct_base, lineage, repackager_passthrough, root
from ossgeo.attribution._lineage.ancestry import root_evidence
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.errors import InvalidArgumentError, RegistryError, UnknownOrganizationError
from ossgeo.registry import disputed_models, with_alternatives

DAY = dt.date(2026, 8, 1)
BASES = {"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))}
PLACES = {"Own": "JP", "Far": "CN", "Near": "US", "Third": "FR"}


def registry(*rows: dict[str, Any], base: Registry | None = None, **tables: Any) -> Registry:
    return Registry.from_rows(
        organizations=[{"organization": name.lower()} for name in PLACES],
        namespaces=[{"namespace": name, "organization": name.lower()} for name in PLACES],
        affiliations=[{"organization": name.lower(), "country": code} for name, code in PLACES.items()],
        lineage=rows,
        base=base,
        **tables,
    )


def models(**bases: list[tuple[str, str]]) -> pl.DataFrame:
    ids = [name.replace("__", "/") for name in bases]
    return pl.DataFrame({"model_id": ids, "base_models": list(bases.values())}, schema_overrides=BASES)


def shares(strategy: Any, table: pl.DataFrame, used: Registry, model: str, on: dt.date = DAY) -> dict[str, float]:
    """Return the credits of a model, from the frame form and from the row form, which must agree."""
    context = Context(used, ModelTable.of(table), on)
    frame = credits_of(strategy, context.models.frame, context=context)
    held = frame.filter(pl.col("model_id") == model, pl.col("start") <= on, pl.col("end") > on)
    found = {code: round(weight, 6) for code, weight in held.group_by("country").agg(pl.col("weight").sum()).rows()}
    said = strategy.attribute(context.models[model], on=on, context=context)
    by_row: dict[str, float] = {}
    for credit in said.credits if said else ():
        by_row[str(credit.country)] = round(by_row.get(str(credit.country), 0) + credit.weight, 6)
    assert found == by_row
    return found


def test_a_fact_completes_and_corrects_what_a_card_declares() -> None:
    table = models(Own__plain=[], Own__wrong=[("finetune", "Near/base")], Own__deep=[("quantized", "Own/plain")])
    used = registry(
        {"model": "Own/plain", "base": "Far/base", "relation": "finetune"},
        {"model": "Own/wrong", "base": "Third/base"},
        {"model": "Far/base", "base": "Third/older"},
        {"model": "Absent/model", "base": "Near/base"},
    )
    assert shares(root(), table, used, "Own/plain") == {"FR": 1}
    assert shares(root(evidence="declared"), table, used, "Own/plain") == {"JP": 1}
    assert shares(root(), table, used, "Own/wrong") == {"FR": 1}
    assert shares(root(evidence="declared"), table, used, "Own/wrong") == {"US": 1}
    assert shares(root(), table, used, "Own/deep") == {"FR": 1}
    assert shares(direct_base(), table, used, "Own/plain") == {"CN": 1}
    assert shares(lineage(share_to_base=0.5), table, used, "Own/plain") == {"JP": 0.5, "CN": 0.25, "FR": 0.25}
    found = {item.code: item.count for item in Graph.of(Context(used, ModelTable.of(table), DAY)).found}
    assert (found["base_corrected"], found["base_reviewed"]) == (1, 3), "a fact about an absent model does not count"


def test_a_fact_may_say_that_there_is_no_base_model() -> None:
    table = models(Own__plain=[("finetune", "Near/base")])
    used = registry({"model": "Own/plain", "base": "", "evidence": "vendor statement"})
    assert shares(root(), table, used, "Own/plain") == {"JP": 1}
    text = str(ossgeo.explain("Own/plain", attribution="root", models=table, registry=used, on=DAY))
    assert "declared lineage: Own/plain <- Near/base (finetune)" in text
    assert "reviewed lineage: no base model" in text


def test_facts_within_a_cycle_are_left_out_of_a_model_that_the_table_does_not_list() -> None:
    table = models(Own__a=[], Own__b=[("quantized", "Far/x")])
    used = registry({"model": "Own/a", "base": "Far/x"}, {"model": "Far/x", "base": "Own/a"})
    assert shares(root(), table, used, "Own/b") == {"CN": 1}
    assert shares(root(), table, used, "Own/a") == {"JP": 1}


def test_components_count_only_where_they_are_chosen() -> None:
    table = models(Own__vision=[("finetune", "Near/text")])
    used = registry(
        {"model": "Own/vision", "base": "Far/eyes", "component": "vision encoder"},
        {"model": "Own/vision", "base": "Third/eyes", "component": "vision encoder"},
    )
    assert shares(root(), table, used, "Own/vision") == {"US": 1}
    eyes = {"vision encoder": 0.2}
    assert shares(root(components=eyes), table, used, "Own/vision") == {"US": 0.8, "CN": 0.1, "FR": 0.1}
    assert shares(direct_base(components=eyes), table, used, "Own/vision") == {"US": 0.8, "CN": 0.1, "FR": 0.1}
    half = lineage(share_to_base=0.5, components=eyes)
    assert shares(half, table, used, "Own/vision") == {"JP": 0.4, "US": 0.4, "CN": 0.1, "FR": 0.1}
    alone = models(Own__vision=[])
    assert shares(root(components=eyes), alone, used, "Own/vision") == {"JP": 0.8, "CN": 0.1, "FR": 0.1}
    assert shares(direct_base(components=eyes), alone, used, "Own/vision") == {"JP": 0.8, "CN": 0.1, "FR": 0.1}
    assert str(root(components=eyes)) == "root(components={'vision encoder': 0.2})"


def test_a_dated_fact_replaces_the_declared_base_models_from_its_day() -> None:
    table = models(
        Own__dated=[("finetune", "Near/base")], Own__bare=[], Own__child=[("quantized", "Own/bare")], Own__x=[]
    )
    used = registry(
        {"model": "Own/dated", "base": "Far/base", "start": "2026-01-01"},
        {"model": "Own/bare", "base": "Third/base", "start": "2026-02-01"},
    )
    before, between, after = dt.date(2025, 12, 31), dt.date(2026, 1, 15), dt.date(2026, 2, 1)
    for strategy in (root(), lineage(share_to_base=1), direct_base(over="root")):
        assert [shares(strategy, table, used, "Own/dated", on) for on in (before, between)] == [{"US": 1}, {"CN": 1}]
        assert [shares(strategy, table, used, "Own/bare", on) for on in (between, after)] == [{"JP": 1}, {"FR": 1}]
        assert [shares(strategy, table, used, "Own/child", on) for on in (between, after)] == [{"JP": 1}, {"FR": 1}]
        assert shares(strategy, table, used, "Own/x") == {"JP": 1}
    assert root().changes(Context(used, ModelTable.of(table), DAY)) >= {dt.date(2026, 1, 1), after}
    panel = ossgeo.read_panel(
        pl.DataFrame({"model_id": ["Own/dated"] * 2, "date": [dt.date(2025, 12, 1), dt.date(2026, 8, 1)],
                      "downloads_30d": [10, 10]}), models=table)  # fmt: skip
    measured = ossgeo.measure(panel, attribution="root", registry=used)
    assert (measured.at(measured.periods[0])["US"], measured.at(measured.periods[1])["CN"]) == (1, 1)


def test_facts_and_cards_that_contradict_each_other_in_a_circle() -> None:
    table = models(Own__a=[("finetune", "Far/b")], Far__b=[], Near__c=[("finetune", "Third/d")], Third__d=[])
    used = registry({"model": "Far/b", "base": "Own/a"}, {"model": "Third/d", "base": "Near/c"}, {"model": "Near/c", "base": "Third/d"})  # fmt: skip
    assert shares(root(), table, used, "Own/a") == {"JP": 1}, "the declared link of the circle is left out"
    assert shares(root(), table, used, "Far/b") == {"JP": 1}
    assert shares(root(), table, used, "Near/c") == {"US": 1}, "two facts in a circle are both left out"
    found = {item.code: item.count for item in Graph.of(Context(used, ModelTable.of(table), DAY)).found}
    assert found["base_cycle"] == 3


def test_facts_hold_for_the_earlier_id_of_a_model_and_for_conversions() -> None:
    table = models(plain=[], Own__q=[])
    used = registry(
        {"model": "Own/plain", "base": "Far/base"},
        {"model": "Own/q", "base": "Far/base", "relation": "quantized"},
        moves=[{"model_id": "plain", "current": "Own/plain"}],
        roles=[{"namespace": "Own", "role": "repackager", "start": "2026-01-01"}],
    )
    assert shares(root(), table, used, "plain") == {"CN": 1}
    assert shares(repackager_passthrough(), table, used, "Own/q") == {"CN": 1}
    assert shares(repackager_passthrough(), table, used, "Own/q", dt.date(2025, 1, 1)) == {"JP": 1}


def test_what_roots_rest_on() -> None:
    table = models(Own__a=[], Own__b=[("quantized", "Own/a")], Own__c=[("finetune", "Far/x")], Own__d=[], Own__e=[("merge", "Own/d")],
                   Own__f=[], Own__g=[])  # fmt: skip
    used = registry(
        {"model": "Own/a", "base": "Far/x", "evidence": "press", "confidence": "likely"},
        {"model": "Own/d", "base": "Near/x", "evidence": "weights", "confidence": "disputed"},
        {"model": "Own/f", "base": "", "evidence": "vendor statement"},
    )
    context = Context(used, ModelTable.of(table), DAY)
    graph = Graph.of(context)
    found = dict(zip(graph.names, root_evidence(graph), strict=True))
    found = {name: found[name] for name in table["model_id"]}
    expected = {
        "a": "reviewed",
        "b": "reviewed",
        "c": "declared",
        "d": "disputed",
        "e": "disputed",
        "f": "reviewed",
        "g": "absent",
    }
    assert found == {f"Own/{name}": word for name, word in expected.items()}
    assert {name: root().rests_on(context.models[name], on=DAY, context=context) for name in found} == found


def test_the_facts_of_a_model_outside_the_table() -> None:
    said = ossgeo.explain("Rakuten/RakutenAI-3.0", attribution="root")
    assert str(said.credits[0].country) == "CN"
    assert said.confidence == "likely"
    assert "configuration, read on 2026-11-27, likely: https://aihola.com" in str(said)
    assert "declared lineage: base models unknown" in str(said)
    solar = str(ossgeo.explain("upstage/Solar-Open-100B", attribution="root"))
    assert "not used here: upstage/Solar-Open-100B <- zai-org/GLM-4.5-Air (finetune) [retracted" in solar


def test_alternatives_of_a_disputed_lineage_change_places_with_the_facts() -> None:
    rows = (
        {"model": "Own/a", "base": "", "evidence": "vendor statement", "confidence": "disputed"},
        {"model": "Own/a", "base": "Far/x", "basis": "alternative", "evidence": "weights", "confidence": "disputed"},
        {"model": "Own/a", "base": "Third/x", "evidence": "retracted"},
    )
    used, table = registry(*rows), models(Own__a=[])
    assert disputed_models(used) == ("Own/a",)
    assert shares(root(), table, used, "Own/a") == {"JP": 1}
    other = with_alternatives(used, "Own/a")
    assert shares(root(), table, other, "Own/a") == {"CN": 1}
    assert with_alternatives(other, "Own/a") == other
    with pytest.raises(UnknownOrganizationError, match="did you mean 'Own/a'"):
        with_alternatives(used, "Own/b")
    assert disputed_models(Registry.default()) == ("ascend-tribe/pangu-pro-moe",)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"model": "Own/a", "base": "Own/a"}, "would be its own base model"),
        ({"model": "Own/a", "base": "Far/x", "relation": "copied"}, "'copied' is not one of finetune, adapter"),
        ({"model": "Own/a", "base": "Far/x", "component": "eyes"}, "'eyes' is not one of whole, language model"),
        ({"model": "Own/a", "base": "", "component": "tokenizer"}, "a tokenizer needs a base model"),
        ({"model": "Own/a", "base": "Far/x", "evidence": "rumor"}, "'rumor' is not one of declared"),
        ({"model": "Own/a", "base": "Far/x", "basis": "seat"}, "'seat' is not one of fact, alternative"),
        ({"model": "Own/a", "base": "Far/x", "start": "soon"}, "'soon' is not a date"),
        ({"model": "Own/a", "base": "Far/x", "url": "x"}, "'x' is not a web address"),
        ({"model": "", "base": "Far/x"}, "column model: is empty"),
    ],
)
def test_faults_of_facts_name_row_and_column(row: dict[str, str], problem: str) -> None:
    with pytest.raises(RegistryError) as caught:
        registry(row)
    assert problem in str(caught.value)
    assert "lineage.csv, row 1" in str(caught.value)


@pytest.mark.parametrize(
    ("bases", "problem"),
    [(("", "Far/x"), "has a base model and has none"), (("Far/x", "Far/x"), "has the same fact twice")],
)
def test_contradictory_facts_are_faults(bases: tuple[str, str], problem: str) -> None:
    with pytest.raises(RegistryError) as caught:
        registry(*({"model": "Own/a", "base": base} for base in bases))
    assert problem in str(caught.value)


def test_overlays_and_differences_of_facts(tmp_path: Path) -> None:
    first = registry({"model": "Own/a", "base": "Far/x"}, {"model": "Own/b", "base": "Far/x", "component": "tokenizer"})
    (tmp_path / "lineage.csv").write_text(
        "model,base,confidence\nOwn/a,Near/x,certain\nOwn/b,Near/y,\n", encoding="utf-8"
    )
    second = Registry.read(tmp_path, base=first)
    assert [fact.base for fact in second.lineage["Own/a"]] == ["Near/x"]
    assert [(fact.base, fact.component) for fact in second.lineage["Own/b"]] == [
        ("Far/x", "tokenizer"), ("Near/y", "whole"),
    ]  # fmt: skip
    changed = str(first.diff(second))
    assert "- lineage base=Far/x model=Own/a" in changed
    assert "+ lineage base=Near/x confidence=certain model=Own/a" in changed
    assert first != second


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"evidence": "rumored"}, "evidence must be 'declared' or 'reviewed', got 'rumored'"),
        ({"components": {"vision encodr": 0.2}}, "did you mean 'vision encoder'"),
        ({"components": {"vision encoder": 0}}, r"must lie in \(0, 1\], got 0"),
        ({"components": {"vision encoder": 0.6, "tokenizer": 0.6}}, "must not sum to more than 1, got 1.2"),
    ],
)
def test_options_are_checked(options: dict[str, Any], problem: str) -> None:
    for make in (root, lineage, direct_base):
        with pytest.raises(InvalidArgumentError, match=problem):
            make(**options)


def test_every_bundled_fact_cites_a_page_that_was_read() -> None:
    facts = [fact for found in Registry.default().lineage.values() for fact in found]
    assert len(facts) >= 60
    assert all(fact.evidence.url and fact.evidence.reviewed_on and fact.evidence.note for fact in facts)
