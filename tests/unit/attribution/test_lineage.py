"""Hard lineages, from a data file, and what all lineages have in common."""

from __future__ import annotations

import datetime as dt
import json
import pickle
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ossgeo
from ossgeo import BaseModel, Model, Registry, Relation
from ossgeo.attribution import (
    Context,
    ModelTable,
    credits_of,
    direct_base,
    lineage,
    repackager_passthrough,
    resolve,
    root,
    undeclared,
)
from ossgeo.attribution._lineage.components import components
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._protocol import frame_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.testing import generators

HARD = json.loads((Path(__file__).parents[2] / "data" / "lineages.json").read_text(encoding="utf-8"))
DAY = dt.date(2026, 1, 1)


def world() -> Registry:
    owner = {old: new for new, old in HARD["one organization"]}
    names = {handle: owner.get(handle, handle).lower() for handle in HARD["countries"]}
    return Registry.from_rows(
        organizations=[{"organization": name} for name in dict.fromkeys(names.values())],
        namespaces=[{"namespace": handle, "organization": name} for handle, name in names.items()],
        affiliations=[
            {"organization": names[handle], "country": code}
            for handle, code in HARD["countries"].items()
            if handle not in owner
        ],
        roles=[{"namespace": handle, "role": "archive"} for handle in HARD["archives"]],
    )


def models(case: dict[str, Any]) -> pl.DataFrame:
    return frame_of(
        Model(name, base_models=tuple(BaseModel(base, Relation(how or "unspecified")) for how, base in bases))
        for name, bases in case["models"].items()
    )


def by_country(frame: pl.DataFrame, model: str) -> dict[str, float]:
    mine = frame.filter(pl.col("model_id") == model)
    return {code: round(weight, 9) for code, weight in mine.group_by("country").agg(pl.col("weight").sum()).rows()}


@pytest.mark.parametrize("name", HARD["cases"])
def test_hard_lineages(name: str) -> None:
    case = HARD["cases"][name]
    table = models(case)
    context = Context(world(), ModelTable(table), DAY)
    for rule in ("direct-base", "root", "lineage"):
        assert by_country(credits_of(resolve(rule), table, context=context), case["of"]) == case[rule], rule
        said = resolve(rule).attribute(context.models[case["of"]], on=DAY, context=context)
        credits: dict[str, float] = {}
        for credit in said.credits if said else ():
            credits[str(credit.country)] = round(credits.get(str(credit.country), 0) + credit.weight, 9)
        assert credits == case[rule], rule
    assert {item.code: item.count for item in Graph.of(context).found} == case["found"]


def test_a_chain_of_twenty_and_one_of_five_thousand() -> None:
    for length in (20, 5_000):
        chain = [Model("Base/m0")] + [
            Model(f"Tuner/m{step}", base_models=(BaseModel("Base/m0" if step == 1 else f"Tuner/m{step - 1}", Relation.FINETUNE),))
            for step in range(1, length)
        ]  # fmt: skip
        table = frame_of(chain)
        context = Context(world(), ModelTable(table), DAY)
        last = chain[-1].id
        assert by_country(credits_of(root(), table, context=context), last) == {"CN": 1}
        split = by_country(credits_of(lineage(), table, context=context), last)
        assert split["US"] == pytest.approx(1 - 0.5 ** (length - 1), abs=1e-6)
        said = lineage().attribute(chain[-1], on=DAY, context=context)
        assert said is not None
        assert sum(credit.weight for credit in said.credits) == pytest.approx(1)


def test_a_circle_of_a_hundred_thousand() -> None:
    size = 100_000
    circle = [[(node + 1) % size] for node in range(size)]
    assert len(set(components(circle))) == 1
    assert len(set(components([[node + 1] for node in range(size - 1)] + [[]]))) == size


@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=12, max_size=12))
def test_components_are_those_that_reach_each_other(following: list[list[int]]) -> None:
    def reached(start: int) -> set[int]:
        seen, waiting = {start}, [start]
        while waiting:
            for one in following[waiting.pop()]:
                if one not in seen:
                    seen.add(one)
                    waiting.append(one)
        return seen

    reach = [reached(node) for node in range(12)]
    numbers = components(following)
    for one in range(12):
        for other in range(12):
            together = one in reach[other] and other in reach[one]
            assert (numbers[one] == numbers[other]) == together


@given(generators.models(), generators.registries())
def test_row_and_frame_agree_on_any_graph(drawn: tuple[Model, ...], registry: Registry) -> None:
    table = frame_of(drawn)
    parts = {"vision encoder": 0.2, "tokenizer": 0.5}
    for rule in (direct_base(), root(), lineage(), repackager_passthrough(), lineage(share_to_base=0.3, over=root()),
                 root(evidence="declared"), root(components=parts), lineage(components=parts), direct_base(components=parts),
                 undeclared()):  # fmt: skip
        context = Context(registry, ModelTable(table), DAY)
        frame = credits_of(rule, table, context=context).filter((pl.col("start") <= DAY) & (pl.col("end") > DAY))
        for model in drawn:
            said = rule.attribute(model, on=DAY, context=context)
            expected = {"unreviewed": 1.0} if said is None else {}
            for credit in said.credits if said else ():
                expected[str(credit.country)] = expected.get(str(credit.country), 0) + credit.weight
            found = by_country(frame, model.id)
            codes = {*found, *expected}  # a country with a negligible part may be in one form only
            said_parts = {code: expected.get(code, 0) for code in codes}
            assert {code: found.get(code, 0) for code in codes} == pytest.approx(said_parts, abs=1e-6)


def test_the_parts_are_parameters() -> None:
    table = frame_of([Model("Tuner/f", base_models=(BaseModel("Base/b", Relation.FINETUNE),)), Model("Base/b")])
    context = Context(world(), ModelTable(table), DAY)
    for rule, part in (
        (lineage(share_to_base=0.2), 0.2),
        (lineage(by_relation={"finetune": 0.9}), 0.9),
        (lineage(share_to_base=0.2, by_relation={Relation.FINETUNE: 1}), 1.0),
        (lineage(share_to_base=0), 0.0),
    ):
        assert by_country(credits_of(rule, table, context=context), "Tuner/f").get("CN", 0) == part
        said = rule.attribute(context.models["Tuner/f"], on=DAY, context=context)
        assert said is not None
        assert sum(credit.weight for credit in said.credits if str(credit.country) == "CN") == part
        assert pickle.loads(pickle.dumps(rule)) == rule
    with pytest.raises(InvalidArgumentError, match=r"must lie in \[0, 1\]"):
        lineage(share_to_base=1.5)
    with pytest.raises(InvalidArgumentError, match="finetune"):
        lineage(by_relation={"fintune": 1})


def test_rules_over_rules() -> None:
    """A Qwen quantization, by the owner of its root's publisher."""
    table = frame_of([Model("Packer/q", base_models=(BaseModel("Base/b", Relation.QUANTIZED),)), Model("Base/b")])
    registry = Registry.from_rows(
        organizations=[{"organization": "top"}],
        affiliations=[{"organization": "top", "country": "SG"}],
        parents=[{"organization": "base", "parent": "top"}],
        base=world(),
    )
    context = Context(registry, ModelTable(table), DAY)
    assert by_country(credits_of(root(over="headquarters"), table, context=context), "Packer/q") == {"SG": 1}
    assert str(lineage(by_relation={"adapter": 1.0}, over=root())) == "lineage(by_relation={'adapter': 1.0}, over=root)"
    assert str(repackager_passthrough(over="headquarters")) == "repackager-passthrough(over=headquarters)"


def test_a_repackager_is_one_from_a_day_on() -> None:
    registry = Registry.from_rows(
        roles=[{"namespace": "Packer", "role": "repackager", "start": "2025-06-01"}],
        organizations=[{"organization": "packer"}], namespaces=[{"namespace": "Packer", "organization": "packer"}],
        affiliations=[{"organization": "packer", "country": "GB"}], base=world(),
    )  # fmt: skip
    quantized = BaseModel("Base/b", Relation.QUANTIZED)
    table = frame_of([
        Model("Packer/q", base_models=(quantized,)),
        Model("Packer/f", base_models=(BaseModel("Base/b", Relation.FINETUNE),)),
        Model("Packer/qq", base_models=(BaseModel("Packer/q", Relation.QUANTIZED),)),
        Model("Packer/own"), Model("Base/b"), Model("Tuner/q", base_models=(quantized,)),
    ])  # fmt: skip
    credits = credits_of(repackager_passthrough(), table, context=Context(registry, ModelTable(table), DAY))
    turn = dt.date(2025, 6, 1)
    before, after = credits.filter(pl.col("start") < turn), credits.filter(pl.col("end") > turn)
    said = {name: (by_country(before, name), by_country(after, name)) for name in table["model_id"]}
    assert said == {
        "Packer/q": ({"GB": 1}, {"CN": 1}),
        "Packer/qq": ({"GB": 1}, {"CN": 1}),
        "Packer/f": ({"GB": 1}, {"GB": 1}),
        "Packer/own": ({"GB": 1}, {"GB": 1}),
        "Base/b": ({"CN": 1}, {"CN": 1}),
        "Tuner/q": ({"US": 1}, {"US": 1}),
    }


def test_a_model_outside_the_table_has_the_bases_that_it_declares() -> None:
    stranger = Model("Tuner/new", base_models=(BaseModel("Base/b", Relation.QUANTIZED), BaseModel("Tuner/new")))
    said = root().attribute(stranger, on=DAY, context=Context(world(), None, DAY))
    assert said is not None
    assert [str(credit.country) for credit in said.credits] == ["CN"]


def test_totals_are_conserved_on_real_trending_models(real_data: Path) -> None:
    panel = ossgeo.read_panel(real_data / "hub_trending", records="models", counter="downloads_30d", period_from="file")
    totals = dict(panel.rows.to_native().group_by("period").agg(pl.col("downloads_30d").sum()).collect().iter_rows())
    rules = ("publisher", "direct-base", "root", "lineage", "repackager-passthrough", "headquarters", "membership",
             "declared", ossgeo.attribution.first_of("declared", "membership", "lineage"),
             ossgeo.attribution.blend({"publisher": 0.5, "root": 0.5}))  # fmt: skip
    for rule in rules:
        with pytest.warns() if "declared" in str(rule) or "membership" in str(rule) else _quiet():
            table = ossgeo.measure(panel, attribution=rule)
        for day, value in table.to_polars().group_by("period").agg(pl.col("value").sum()).iter_rows():
            assert value == pytest.approx(totals[day], rel=1e-9)


def _quiet() -> Any:
    import contextlib

    return contextlib.nullcontext()


@pytest.mark.filterwarnings("ignore::ossgeo.errors.VoidOptionWarning")
@pytest.mark.parametrize("rule", ["root", "direct-base", "lineage", "repackager-passthrough"])
def test_models_without_base_models_are_an_adjustment(rule: str) -> None:
    bare = ossgeo.measure(ossgeo.load_sample("hub-2026"), attribution=rule)
    assert bare.adjustments["bases_unknown"].count == 200
    assert "bases_unknown: 200 models (the models table has no column base_models: nothing is declared)" in str(bare)
    assert "bases_unknown" not in ossgeo.measure(ossgeo.load_sample("trending-2026"), attribution=rule).adjustments


@pytest.mark.filterwarnings("ignore::ossgeo.errors.VoidOptionWarning")
def test_models_without_base_models_are_an_adjustment_by_country_of_the_base() -> None:
    assert "bases_unknown" in ossgeo.measure(ossgeo.load_sample("hub-2026"), by="base_country").adjustments
    assert "bases_unknown" not in ossgeo.measure(ossgeo.load_sample("trending-2026"), by="base_country").adjustments
    assert "bases_unknown" not in ossgeo.measure(ossgeo.load_sample("hub-2026")).adjustments


def test_base_models_have_the_ids_that_they_moved_to() -> None:
    reg = ossgeo.Registry.from_rows(
        moves=[{"model_id": "gpt2", "current": "openai-community/gpt2"}, {"model_id": "t5", "current": "google-t5/t5"}]
    )
    based = pl.DataFrame(
        {
            "model_id": ["x/one", "x/two", "x/three", "openai-community/gpt2", "t5"],
            "base_models": [[{"model_id": name, "relation": "finetune"}] if name else [] for name in
                            ("gpt2", "t5", "openai-community/gpt2", "", "")],
        }
    )  # fmt: skip
    panel = ossgeo.read_panel(
        based.select("model_id", date=pl.lit(dt.date(2025, 1, 1)), downloads_30d=pl.lit(1)), models=based
    )
    context = Context(reg, ModelTable(panel.models.collect()), on=dt.date(2025, 1, 1))
    graph = Graph.of(context)
    links = dict(graph.named().select("child", "parent").iter_rows())
    assert links == {"x/one": "openai-community/gpt2", "x/two": "t5", "x/three": "openai-community/gpt2"}
    assert {item.code: item.count for item in graph.found} == {"base_moved": 1}
    outside = Model("y/z", base_models=(BaseModel("gpt2", Relation.FINETUNE),))
    assert [base.model_id for base in graph.bases(outside, on=DAY, context=context)] == ["openai-community/gpt2"]
    alone = Graph.build(based.filter(pl.col("model_id") == "x/one").with_columns(namespace=pl.lit("x")), reg)
    assert alone.names.to_list() == ["x/one", "openai-community/gpt2"]
