"""Inventories of lists, files, caches and folders, against hand-made expectations."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import (
    InvalidArgumentError,
    OssgeoWarning,
    PanelError,
    SourceFormatError,
    SourceUnavailableError,
    UnknownNameError,
)
from ossgeo.sources import Hub
from tests.hub_server import entry, fake_hub

MODELS = pl.DataFrame({
    "model_id": ["mine/chat-GGUF", "mine/chat", "Qwen/Qwen3-8B", "mine/loop", "mine/pool", "mine/merge"],
    "base_models": [[("quantized", "mine/chat")], [("finetune", "Qwen/Qwen3-8B")], [], [("finetune", "mine/pool")],
                    [("finetune", "mine/loop")], [("merge", "Qwen/Qwen3-8B"), ("merge", "google/gemma-2b")]],
    "license": ["mit", "mit", "apache-2.0", None, None, "llama3.1"],
    "gated": ["false", "false", "false", None, None, "manual"],
}, schema_overrides={"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))})  # fmt: skip


def rows(source: Any, **options: Any) -> dict[str, dict[str, Any]]:
    found = ossgeo.inventory(source, models=options.get("models", MODELS), on="2026-08-01")
    return {row["model_id"]: row for row in found.frame.iter_rows(named=True)}


def test_roots_licenses_and_openness() -> None:
    found = rows(["mine/chat-GGUF", "mine/merge", "mine/loop", "Qwen/Qwen3-8B", "never/seen"])
    chat = found["mine/chat-GGUF"]
    assert (chat["roots"], chat["root_country"], chat["evidence"]) == (["Qwen/Qwen3-8B"], ["CN"], "declared")
    assert (chat["publisher"], chat["publisher_country"]) == (None, ["unreviewed"])
    assert chat["ancestor_licenses"] == ["mine/chat: mit", "Qwen/Qwen3-8B: apache-2.0"]
    assert found["mine/merge"]["root_country"] == ["CN", "US"]
    assert (found["mine/merge"]["openness"], found["mine/merge"]["gated"]) == ("gated", "manual")
    assert found["mine/loop"]["roots"] == ["mine/loop"], "a cycle has no root of its own"
    assert (found["Qwen/Qwen3-8B"]["evidence"], found["Qwen/Qwen3-8B"]["owner"]) == ("absent", ["alibaba-group"])
    assert (found["never/seen"]["roots"], found["never/seen"]["openness"]) == (["never/seen"], "undeclared")
    assert found["Qwen/Qwen3-8B"]["source_url"]


def test_a_license_that_grants_more_than_an_ancestor_is_a_conflict() -> None:
    models = pl.DataFrame({
        "model_id": ["mine/free", "meta/base", "mine/undeclared", "mine/same"],
        "base_models": [[("finetune", "meta/base")], [], [("finetune", "meta/base")], [("finetune", "meta/base")]],
        "license": ["apache-2.0", "llama3.1", None, "llama3.1"],
    }, schema_overrides={"base_models": MODELS.schema["base_models"]})  # fmt: skip
    found = rows(["mine/free", "mine/undeclared", "mine/same"], models=models)
    assert {name: row["license_conflicts"] for name, row in found.items()} == {
        "mine/free": ["meta/base: llama3.1"], "mine/undeclared": [], "mine/same": [],
    }  # fmt: skip


def test_conditions(tmp_path: Path) -> None:
    found = ossgeo.inventory(["mine/chat-GGUF", "mine/merge", "never/seen"], models=MODELS)
    assert found.matching("root_country=CN")["model_id"].to_list() == ["mine/chat-GGUF", "mine/merge"]
    assert found.matching("openness=restricted, gated")["model_id"].to_list() == ["mine/merge"]
    assert found.matching("evidence=absent")["model_id"].to_list() == ["never/seen"]
    with pytest.raises(InvalidArgumentError, match="condition must be column=value"):
        found.matching("root_country")
    with pytest.raises(UnknownNameError, match="did you mean 'root_country'"):
        found.matching("root_contry=CN")


def test_a_thousand_ids_from_a_text_file(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("# ours\nmine/chat\n\nQwen/Qwen3-8B  # base\nmine/chat\n", encoding="utf-8")
    assert list(rows(file)) == ["mine/chat", "Qwen/Qwen3-8B"]
    file.write_text("\n", encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match="names no model"):
        rows(file)
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        rows(tmp_path / "none.txt")
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(SourceFormatError, match="is not UTF-8"):
        rows(file)


def test_a_cyclonedx_file_of_a_real_tool(tmp_path: Path) -> None:
    bom = Bom(components=[
        Component(name="chat", type=ComponentType.MACHINE_LEARNING_MODEL,
                  purl=PackageURL("huggingface", "mine", "chat", "0123abc")),
        Component(name="requests", type=ComponentType.LIBRARY, purl=PackageURL("pypi", None, "requests", "2.0")),
    ])  # fmt: skip
    file = tmp_path / "bom.json"
    file.write_text(JsonV1Dot6(bom).output_as_string(), encoding="utf-8")
    found = rows(file)
    assert {name: row["revision"] for name, row in found.items()} == {"mine/chat": "0123abc"}
    out = tmp_path / "out.cdx.json"
    ossgeo.inventory(file, models=MODELS).write_cyclonedx(out)
    (component,) = json.loads(out.read_text(encoding="utf-8"))["components"]
    assert component["purl"] == "pkg:huggingface/mine/chat@0123abc"
    assert {"name": "ossgeo:root_country", "value": "CN"} in component["properties"]
    assert list(rows(out)) == ["mine/chat"], "the written file is read again"


def test_spdx_and_lists_in_json(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    reference = {"referenceType": "purl", "referenceLocator": "pkg:huggingface/Qwen/Qwen3-8B@main"}
    file.write_text(
        json.dumps({"spdxVersion": "SPDX-2.3", "packages": [{"externalRefs": [reference]}]}), encoding="utf-8"
    )
    assert list(rows(file)) == ["Qwen/Qwen3-8B"]
    file.write_text('["mine/chat"]', encoding="utf-8")
    assert list(rows(file)) == ["mine/chat"]
    for text in ("{", '{"a": 1}', "[1]"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SourceFormatError):
            rows(file)


def _cached(cache: Path, model_id: str, card: str) -> None:
    folder = cache / f"models--{model_id.replace('/', '--')}"
    commit = "0" * 40
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit, encoding="utf-8")
    (folder / "blobs").mkdir()
    (folder / "blobs" / "abc").write_text(card, encoding="utf-8")
    (folder / "snapshots" / commit / "README.md").symlink_to("../../blobs/abc")


def test_a_cache_folder_offline(tmp_path: Path) -> None:
    _cached(
        tmp_path, "mine/chat", "---\nlicense: mit\nbase_model: Qwen/Qwen3-8B\nbase_model_relation: quantized\n---\n"
    )
    _cached(tmp_path, "mine/bad", "---\n: {\n---\n")
    with pytest.warns(OssgeoWarning, match="the card of mine/bad cannot be read"):
        found = rows(tmp_path, models=None)
    assert (found["mine/chat"]["roots"], found["mine/chat"]["license"]) == (["Qwen/Qwen3-8B"], "mit")
    assert found["mine/chat"]["revision"] == "0" * 40
    assert found["mine/bad"]["evidence"] == "absent"


def test_a_folder_of_models(tmp_path: Path) -> None:
    (tmp_path / "mine" / "chat").mkdir(parents=True)
    (tmp_path / "mine" / "chat" / "README.md").write_text("---\nbase_model: [Qwen/Qwen3-8B]\n---\n", encoding="utf-8")
    (tmp_path / "mine" / "plain").mkdir()
    (tmp_path / "mine" / "plain" / "config.json").write_text("{}", encoding="utf-8")
    found = rows(tmp_path, models=None)
    assert {name: row["root_country"] for name, row in found.items()} == {
        "mine/chat": ["CN"], "mine/plain": ["unreviewed"],
    }  # fmt: skip


def test_the_hub_is_asked_for_the_models_and_their_ancestors_only() -> None:
    with fake_hub() as server:
        server.add(
            entry("mine/chat", tags=["base_model:finetune:Qwen/Qwen3-8B", "license:mit"]),
            entry("Qwen/Qwen3-8B"),
            entry("x/y"),
        )
        hub = Hub(token=False, endpoint=server.url, patience=1)
        found = rows(["mine/chat", "gone/x"], models=hub)
        assert {path.split("?")[0] for path, _ in server.asked} == {
            "/api/models/mine/chat", "/api/models/gone/x", "/api/models/Qwen/Qwen3-8B",
        }  # fmt: skip
    assert found["mine/chat"]["root_country"] == ["CN"]
    assert found["gone/x"]["evidence"] == "absent"


def test_hostile_text_is_escaped(tmp_path: Path) -> None:
    models = pl.DataFrame({"model_id": ["a/x"], "license": ["<script>|x"]})
    found = ossgeo.inventory(["a/x"], on="2026-01-01", models=models)
    assert "<script>|" not in found.to_html()
    assert "<script>" not in found._repr_html_()
    assert r"\|x" in found.to_markdown()
    found.write_csv(tmp_path / "x.csv")
    assert pl.read_csv(tmp_path / "x.csv").height == len(found) == 1
    assert "headquarters" in str(found)


def test_ten_thousand_ids_cost_little_more_than_their_models_table() -> None:
    count = 10_000
    models = MODELS.join(pl.DataFrame({"number": range(count)}), how="cross").with_columns(
        model_id=pl.col("model_id") + pl.col("number").cast(pl.String)
    )
    ids = models["model_id"].head(count).to_list()
    started = time.perf_counter()
    found = ossgeo.inventory(ids, models=models)
    assert len(found) == count
    assert time.perf_counter() - started < 60, "a guard against quadratic time, not a benchmark"


@pytest.mark.parametrize(
    "words", [["inventory", "--hub", "a/b"], ["registry", "suggest", "{panel}"], ["collect", "{store}", "--top", "1"]]
)
def test_a_hub_without_an_answer_is_told_at_once(words: list[str], tmp_path: Path) -> None:
    panel = tmp_path / "panel.csv"
    panel.write_text("model_id,date,downloads_30d\nzz-unknown/m,2025-01-01,5\n", encoding="utf-8")
    given = [word.format(panel=panel, store=tmp_path / "store") for word in words]
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "ossgeo", *given, "--timeout", "1", "--patience", "1"]
        done = subprocess.run(
            command, env=os.environ | {"HF_ENDPOINT": url}, capture_output=True, text=True, check=False
        )
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert re.match(rf"attempt 1 of 8, at most 2 s without an answer \(1 s each\): {url}/api/", lines[0])
    assert "no complete response within 1 s" in lines[-1]
    assert lines[-1].endswith("or give more --patience")


def test_limits_of_requests_need_the_hub(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inventory", "a/b", "--patience", "3"]) == 2
    assert "--patience must be given with --hub" in capsys.readouterr().err


def test_reviewed_facts_complete_an_inventory() -> None:
    found = rows(
        ["Rakuten/RakutenAI-3.0", "ascend-tribe/pangu-pro-moe", "sentence-transformers/all-MiniLM-L6-v2"], models=None
    )
    rakuten = found["Rakuten/RakutenAI-3.0"]
    assert (rakuten["roots"], rakuten["root_country"], rakuten["evidence"]) == (
        ["deepseek-ai/DeepSeek-V3"], ["CN"], "reviewed",
    )  # fmt: skip
    assert rakuten["confidence"] == "likely"
    assert rakuten["lineage"][0].startswith(
        "Rakuten/RakutenAI-3.0 <- deepseek-ai/DeepSeek-V3 (finetune; configuration, likely, https://aihola.com/"
    )
    assert found["ascend-tribe/pangu-pro-moe"]["evidence"] == "disputed"
    assert found["sentence-transformers/all-MiniLM-L6-v2"]["roots"] == ["microsoft/MiniLM-L12-H384-uncased"]


def test_models_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "models.parquet"
    MODELS.write_parquet(file)
    assert rows(["mine/chat-GGUF"], models=file)["mine/chat-GGUF"]["root_country"] == ["CN"]


def test_the_command_prints_every_form_and_fails_on_conditions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, facts = tmp_path / "ids.txt", tmp_path / "models.parquet"
    file.write_text("mine/chat-GGUF\nmine/pool\n", encoding="utf-8")
    MODELS.write_parquet(facts)
    words = ["inventory", str(file), "--models", str(facts), "--on", "2026-08-01"]
    starts = {"text": "mine/chat-GGUF: publisher not reviewed; root Qwen/Qwen3-8B (CN), declared", "html": "<!doctype html>", "markdown": "| model_id |",
              "csv": "model_id,revision", "cyclonedx": "{"}  # fmt: skip
    for form, start in starts.items():
        assert main([*words, "--format", form]) == 0
        assert capsys.readouterr().out.startswith(start)
    assert main([*words, "--fail-on", "root_country=CN", "--fail-on", "openness=gated"]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith(starts["text"])
    assert "root_country=CN:" in printed.err
    assert (
        "mine/chat-GGUF: root_country is CN (mine/chat-GGUF <- mine/chat (quantized; declared); mine/chat <-"
        in printed.err
    )
    assert "openness=gated" not in printed.err
    assert main([*words, "--fail-on", "evidence=absent"]) == 1
    assert "mine/pool: evidence is absent" in capsys.readouterr().err
    assert main([*words, "--fail-on", "root_country=FR"]) == 0
    assert main([*words, "--fail-on", "root_contry=FR"]) == 2
    out = tmp_path / "bom.cdx.json"
    assert main([*words, "-o", str(out), "--fail-on", "root_country=CN"]) == 1
    assert json.loads(out.read_text(encoding="utf-8"))["bomFormat"] == "CycloneDX"
    assert main(["inventory", "Qwen/Qwen3-8B", "mine/x", "--models", "trending-2026"]) == 0
    assert main(["inventory", str(tmp_path / "none.txt")]) == 1


def test_listed_texts_follow_the_grammar_of_ids(tmp_path: Path) -> None:
    address = "https://huggingface.co/Qwen/Qwen3-8B/tree/main"
    assert ossgeo.inventory([address, " Qwen/Qwen3-8B "]).frame["model_id"].to_list() == ["Qwen/Qwen3-8B"]
    file = tmp_path / "models.txt"
    file.write_text("Qwen/Qwen3-8B\n\x1b]0;title\x07/x\na b\n", encoding="utf-8")
    with pytest.raises(PanelError, match=r"models\.txt, line 2: .* is not a model id such as") as caught:
        ossgeo.inventory(file)
    assert len(caught.value.faults) == 2
    assert "\x1b" not in str(caught.value)


def test_the_page_counts_and_names_what_is_known(tmp_path: Path) -> None:
    found = ossgeo.inventory(["mine/chat-GGUF", "mine/merge", "never/seen"], models=MODELS, on="2026-08-01")
    assert found.counts("root_country").rows() == [("CN", 2), ("US", 1), ("unreviewed", 1)]
    assert found.summary().startswith("3 models on 2026-08-01, registry ")
    found.write_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for text in ("headquarters", found.summary(), "mine/chat-GGUF &lt;- mine/chat (quantized; declared)", "inventory.cdx.json",
                 "It is not proof", "a question for a lawyer"):  # fmt: skip
        assert text in page
    with pytest.raises(UnknownNameError, match="root_country"):
        found.counts("root_contry")
    bare = ossgeo.inventory(["never/seen"], on="2026-08-01").to_html()
    assert "Lineage</h2>" not in bare, "a section that has nothing to say is left out"


def test_models_that_a_source_names_and_that_are_left_out_are_counted(tmp_path: Path) -> None:
    (tmp_path / "cache" / "models--Qwen--a" / "snapshots" / "abc").mkdir(parents=True)
    (tmp_path / "cache" / "models--Qwen--a" / "snapshots" / "abc" / "README.md").write_text("---\nlicense: mit\n---\n")
    (tmp_path / "cache" / "models--gpt2" / "refs").mkdir(parents=True)
    with pytest.warns(OssgeoWarning, match="models of the cache without a complete snapshot are left out: 'gpt2'"):
        assert len(ossgeo.inventory(tmp_path / "cache")) == 1
    components = [
        {"type": "machine-learning-model", "name": "a", "purl": "pkg:huggingface/Qwen/a"},
        {"type": "machine-learning-model", "name": "our model"},
        {"type": "library", "name": "requests"},
    ]
    file = tmp_path / "bom.json"
    file.write_text(json.dumps({"bomFormat": "CycloneDX", "components": components}), encoding="utf-8")
    with pytest.warns(OssgeoWarning, match=r"components without a package URL .* are left out: 'our model'$"):
        assert len(ossgeo.inventory(file)) == 1


@pytest.mark.parametrize(
    ("metadata", "warning"),
    [
        ("base_model: 5", r"base models in the card of Qwen/a that are not model ids are left out: 5"),
        ("base_model: 2026-01-01", r"are not model ids are left out: datetime.date\(2026, 1, 1\)"),
        ("base_model: [./local/path/to, {a: b}]", r"are left out: './local/path/to', \{'a': 'b'\}"),
        (
            "license: [mit, apache-2.0]",
            r"licenses in the card of Qwen/a that are not one text are left out: \['mit', 'a",
        ),
    ],
)
def test_facts_of_a_card_that_cannot_be_read_are_told(tmp_path: Path, metadata: str, warning: str) -> None:
    _cached(tmp_path, "Qwen/a", f"---\n{metadata}\n---\n")
    with pytest.warns(OssgeoWarning, match=warning):
        found = rows(tmp_path, models=None)
    assert (found["Qwen/a"]["evidence"], found["Qwen/a"]["license"]) == ("absent", None)


def test_the_card_of_main_counts_for_every_revision(tmp_path: Path) -> None:
    _cached(tmp_path, "mine/a", "---\nbase_model: google/b\n---\n")
    for commit, base in (("1" * 40, "meta-llama/c"), ("f" * 40, "meta-llama/d")):
        other = tmp_path / "models--mine--a" / "snapshots" / commit
        other.mkdir()
        (other / "README.md").write_text(f"---\nbase_model: {base}\n---\n", encoding="utf-8")
    with pytest.warns(
        OssgeoWarning, match="cards of older revisions that differ from that of main.*left out: 'mine/a'"
    ):
        found = ossgeo.inventory(tmp_path).frame
    assert found["roots"].to_list() == [["google/b"]] * 3
    assert found["revision"][0] == "0" * 40


def test_ids_in_other_letter_case_are_told() -> None:
    models = pl.DataFrame({"model_id": ["Qwen/A", "x/y"], "base_models": [["Google/B"], []]})
    with pytest.warns(OssgeoWarning, match=r"other letter case, .*: 'qwen/a' \('Qwen/A' there\)$"):
        assert ossgeo.inventory(["qwen/a", "x/y"], models=models).frame["evidence"].to_list() == ["absent", "absent"]


def test_a_file_among_ids_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ids"
    file.write_text("Qwen/a\n", encoding="utf-8")
    assert main(["inventory", str(file)]) == 0
    assert main(["inventory", "Qwen/a", str(file)]) == 2
    assert "SOURCE must be ids of models, or one file or folder, got" in capsys.readouterr().err
    assert main(["inventory", "Qwen/a", "list.txt"]) == 2
    assert main(["inventory", "Qwen/a", "google/b"]) == 0
