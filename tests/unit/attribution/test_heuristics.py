"""Heuristics about base models: they abstain without data, and a card or a reviewed fact always comes first."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo import Model, Registry
from ossgeo.attribution import (
    Context,
    ModelTable,
    configuration,
    credits_of,
    fingerprint,
    first_of,
    override,
    read_configs,
    root,
    undeclared,
)
from ossgeo.errors import InvalidArgumentError, SourceFormatError, SourceUnavailableError, UnknownNameError
from ossgeo.sources import Hub
from tests.hub_server import fake_hub
from tests.unit.attribution.test_lineage_facts import DAY, models

SIZES = {"architectures": ["QwenForCausalLM"], "hidden_size": 64, "num_hidden_layers": 8, "num_attention_heads": 4}
QWEN = [{"namespace": "Qwen", "organization": "far"}, {"namespace": "Own", "organization": "own"}]


def countries(strategy: Any, table: pl.DataFrame, used: Registry) -> dict[str, str]:
    context = Context(used, ModelTable.of(table), DAY)
    frame = credits_of(strategy, context.models.frame, context=context)
    found = dict(frame.select("model_id", "country").iter_rows())
    for name, code in found.items():
        said = strategy.attribute(context.models[name], on=DAY, context=context)
        assert str(said.credits[0].country if said else "unreviewed") == code
    return found


def used(*rows: dict[str, Any]) -> Registry:
    return Registry.from_rows(
        organizations=[{"organization": "far"}, {"organization": "own"}], namespaces=QWEN,
        affiliations=[{"organization": "far", "country": "CN"}, {"organization": "own", "country": "JP"}], lineage=rows,
    )  # fmt: skip


def test_equal_configurations_name_a_base_model() -> None:
    configs: dict[str, dict[str, Any]] = {
        "Qwen/Q": SIZES, "Own/equal": SIZES, "Own/named": {"_name_or_path": "Qwen/Q"}, "Own/local": {"_name_or_path": "/tmp/x"},
        "Own/other": {**SIZES, "hidden_size": 65}, "Own/declares": SIZES, "Own/reviewed": SIZES, "Own/parts": {"text_config": SIZES, **SIZES},
    }  # fmt: skip
    table = models(Own__equal=[], Own__named=[], Own__other=[], Own__declares=[("finetune", "Own/x")], Own__reviewed=[],
                   Own__none=[], Own__parts=[])  # fmt: skip
    strategy = configuration(configs)
    assert countries(strategy, table, used({"model": "Own/reviewed", "base": ""})) == {
        "Own/equal": "CN", "Own/named": "CN", "Own/other": "unreviewed", "Own/declares": "unreviewed",
        "Own/reviewed": "unreviewed", "Own/none": "unreviewed", "Own/parts": "CN",
    }  # fmt: skip
    whole = countries(root(over=first_of(strategy, "publisher")), table, used({"model": "Own/reviewed", "base": ""}))
    assert whole == {"Own/equal": "CN", "Own/named": "CN", "Own/other": "JP", "Own/declares": "JP", "Own/reviewed": "JP",
                     "Own/none": "JP", "Own/parts": "CN"}  # fmt: skip
    assert str(strategy) == "configuration(4 models)" or "configuration(" in str(strategy)
    text = str(ossgeo.explain("Own/equal", attribution=strategy, models=table, registry=used()))
    assert "from Qwen/Q (equal architecture and sizes)" in text


def test_configurations_of_several_publishers_name_none() -> None:
    both = {"google/g": SIZES, "Qwen/Q": SIZES, "Own/equal": SIZES}
    assert configuration(both).bases == ()
    assert configuration({"Own/equal": SIZES}, references={"Qwen/Q": SIZES}).bases[0][:2] == ("Own/equal", "Qwen/Q")
    assert configuration({"Qwen/Q": {"hidden_size": 1}, "Own/equal": {"hidden_size": 1}}).bases == ()
    assert configuration().bases == ()


def test_configurations_are_read_from_a_cache_and_from_a_folder(tmp_path: Path) -> None:
    cached = tmp_path / "models--Own--equal" / "snapshots" / "0"
    cached.mkdir(parents=True)
    (cached / "config.json").write_text(json.dumps(SIZES), encoding="utf-8")
    (tmp_path / "Qwen" / "Q").mkdir(parents=True)
    (tmp_path / "Qwen" / "Q" / "config.json").write_text(json.dumps(SIZES), encoding="utf-8")
    (tmp_path / "Own" / "broken").mkdir(parents=True)
    (tmp_path / "Own" / "broken" / "config.json").write_text("{", encoding="utf-8")
    assert sorted(read_configs(tmp_path)) == ["Own/equal", "Qwen/Q"]
    assert configuration(tmp_path).bases == (("Own/equal", "Qwen/Q", "equal architecture and sizes"),)
    with pytest.raises(SourceUnavailableError, match="is not a folder"):
        configuration(tmp_path / "none")


def scan(model: str, *matches: tuple[str, str]) -> dict[str, Any]:
    """A verdict in the form of provenancekit 1.0.0 (models/results.py)."""
    found = [{"asset_id": "a", "model_id": base, "family_id": "f", "family_name": "F", "match_type": "similarity",
              "scores": {"pipeline_score": 0.9}, "provenance_decision": word} for base, word in matches]  # fmt: skip
    return {"model_info": {"model_path": model, "architectures": ["X"]}, "matches": found, "match_count": len(found)}


def test_verdicts_of_a_fingerprint_tool(tmp_path: Path) -> None:
    compared = {"model_a": "Own/compared", "model_b": "Qwen/Q", "signals": {},
                "scores": {"mfi_tier": 1, "pipeline_score": 1.0, "provenance_decision": "High-Confidence Match"}}  # fmt: skip
    (tmp_path / "a.json").write_text(
        json.dumps(scan("Own/a", ("Own/a", "Confirmed Match"), ("Qwen/Q", "Confirmed Match"))), encoding="utf-8"
    )
    (tmp_path / "b.json").write_text(
        json.dumps([compared, scan("Own/weak", ("Qwen/Q", "Weak Match"))]), encoding="utf-8"
    )
    (tmp_path / "c.json").write_text(
        json.dumps(scan("Own/meta", ("Qwen/Q", "High-Confidence Match (metadata only)"))), encoding="utf-8"
    )
    strategy = fingerprint(tmp_path)
    assert strategy.bases == (
        ("Own/a", "Qwen/Q", "Confirmed Match"),
        ("Own/compared", "Qwen/Q", "High-Confidence Match"),
    )
    table = models(Own__a=[], Own__compared=[("finetune", "Own/x")])
    assert countries(strategy, table, used()) == {"Own/a": "CN", "Own/compared": "unreviewed"}
    assert fingerprint(tmp_path / "a.json").bases == strategy.bases[:1]
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        fingerprint(tmp_path / "none.json")
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(SourceFormatError, match="is not JSON"):
        fingerprint(tmp_path)
    with pytest.raises(SourceFormatError, match="'model_a' is missing"):
        fingerprint({"x": 1})
    with pytest.raises(InvalidArgumentError, match="must be text, got 1"):
        fingerprint({"model_info": {"model_path": 1}, "matches": []})


def test_models_that_look_derived_and_declare_nothing_float() -> None:
    table = models(Own__Qwen3_chat=[], Own__plain=[], Own__x_GGUF=[], Qwen__Qwen3_GGUF=[], Own__known_awq=[("quantized", "Own/x")],
                   Own__fact_gguf=[])  # fmt: skip
    table = table.with_columns(pl.col("model_id").str.replace_all("_", "-"))
    reg = used({"model": "Own/fact-gguf", "base": "Qwen/y"})
    assert countries(undeclared(), table, reg) == {
        "Own/Qwen3-chat": "unknown", "Own/plain": "JP", "Own/x-GGUF": "unknown", "Qwen/Qwen3-GGUF": "CN",
        "Own/known-awq": "JP", "Own/fact-gguf": "JP",
    }  # fmt: skip
    rows = pl.DataFrame({"model_id": ["Own/Qwen3-chat", "Own/plain"], "date": [DAY] * 2, "downloads_30d": [30, 70]})
    measured = ossgeo.measure(ossgeo.read_panel(rows, models=table), attribution=root(over=undeclared()), registry=reg)
    assert "base_undeclared" in measured.adjustments
    bounds = {code: (low, high) for code, low, high in ossgeo.analysis.bounds(measured).to_polars().select("country", "lower", "upper").iter_rows()}  # fmt: skip
    assert bounds["JP"] == (0.7, 1.0)


def test_downloads_by_what_their_roots_rest_on() -> None:
    table = models(Own__a=[("finetune", "Qwen/x")], Own__b=[], Own__c=[])
    rows = pl.DataFrame({"model_id": ["Own/a", "Own/b", "Own/c"], "date": [DAY] * 3, "downloads_30d": [10, 20, 70]})
    panel, reg = ossgeo.read_panel(rows, models=table), used({"model": "Own/b", "base": "Qwen/x"})
    found = ossgeo.measure(panel, by="root_evidence", attribution="root", registry=reg).at()
    assert (found["declared"], found["reviewed"], found["absent"]) == pytest.approx((0.1, 0.2, 0.7))
    declared = ossgeo.measure(panel, by="root_evidence", attribution=root(evidence="declared"), registry=reg).at()
    assert (declared["declared"], declared["absent"]) == pytest.approx((0.1, 0.9))
    assert (declared["reviewed"], declared["disputed"]) == (0, 0)
    with pytest.raises(UnknownNameError, match="did you mean 'absent'"):
        declared["abent"]
    both = ossgeo.measure(panel, by=("country", "relation"), attribution="root", registry=reg).at()
    assert both["CN", "finetune"] == 0.1
    assert both["CN", "unspecified"] == 0.2
    assert both["JP", "none"] == pytest.approx(0.7)
    by_root = ossgeo.measure(panel, attribution="root", registry=reg)
    assert by_root.coverage.rests_on(DAY) == pytest.approx({"absent": 0.7, "reviewed": 0.2, "declared": 0.1})
    assert str(by_root.coverage).endswith("; rests on: absent 70.0%, reviewed 20.0%, declared 10.0%")
    assert ossgeo.Coverage.from_dict(by_root.coverage.to_dict()) == by_root.coverage
    assert ossgeo.measure(panel, registry=reg).coverage.bases == ()
    with pytest.raises(InvalidArgumentError, match="always known"):
        ossgeo.analysis.bounds(ossgeo.measure(panel, by="root_evidence", registry=reg))


def test_a_heuristic_does_not_overrule_the_card_of_a_model_outside_the_table() -> None:
    from ossgeo import BaseModel

    strategy = fingerprint([scan("Own/a", ("Qwen/Q", "Confirmed Match"))])
    context = Context(used(), None, dt.date(2026, 1, 1))
    assert strategy.attribute(Model("Own/a"), on=DAY, context=context) is not None
    assert strategy.attribute(Model("Own/a", base_models=(BaseModel("Own/x"),)), on=DAY, context=context) is None


def test_configurations_are_read_from_the_hub() -> None:
    answers = {"/Own/equal/resolve/main/config.json": SIZES, "/Qwen/Q/resolve/main/config.json": SIZES}

    def answer(handler: Any) -> bool:
        body: Any = [] if handler.path.startswith("/Own/list/") else answers.get(handler.path)
        if body is not None:
            handler.say(body)
        return body is not None

    with fake_hub() as server:
        server.faults.append(answer)
        hub = Hub(token=False, endpoint=server.url, patience=1)
        configs = hub.configs(["Own/equal", "Qwen/Q", "Own/gone", "Own/equal"])
        with pytest.raises(SourceFormatError, match="must be an object"):
            hub.configs(["Own/list"])
    assert sorted(configs) == ["Own/equal", "Qwen/Q"]
    assert configuration(configs).bases == (("Own/equal", "Qwen/Q", "equal architecture and sizes"),)


def test_adjustments_of_the_inner_strategy_are_reported() -> None:
    context = Context(used(), ModelTable.of(models(Own__x=[])), DAY)
    (idle,) = configuration({}, over=override({"nowhere": "FR"})).adjustments(context)
    assert (idle.code, idle.count) == ("own_rows_idle", 1)
