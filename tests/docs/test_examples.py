"""Every example of README and docs is run, and so is every example of a docstring."""

from __future__ import annotations

import ast
import datetime as dt
import doctest
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

import ossgeo
from tests.hub_server import FakeHub, entry, fake_hub

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(ossgeo.__path__, "ossgeo.") if not module.name.endswith("__main__")
)


@pytest.fixture(scope="module")
def hub() -> Iterator[FakeHub]:
    with fake_hub() as running:
        running.add(*(entry(f"Qwen/m{number}", 10_000 - number) for number in range(6000)))
        yield running


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: FakeHub) -> None:
    monkeypatch.chdir(tmp_path)
    if page.name == "collect-your-own-history.md":  # as written, against a Hub on loopback
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    sybil = Sybil(parsers=[PythonCodeBlockParser()], path=str(page.parent), pattern=page.name)
    for example in sybil.parse(page).examples():
        example.evaluate()


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
def test_the_views_of_a_store_that_has_one_counter_only(
    counter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = ossgeo.sources.SnapshotStore("my-history")
    for day in (2, 9):
        seen = dt.datetime(2026, 3, day, tzinfo=dt.UTC)
        store.add(pl.DataFrame({"model_id": ["Qwen/a"], counter: [day]}), observed_at=seen)
    page = (ROOT / "docs" / "reference" / "store-layout.md").read_text(encoding="utf-8")
    lines = page[page.index("```python\n>>> import duckdb") :].splitlines()
    names: dict[str, Any] = {"pl": pl}
    for first in (">>> import duckdb", ">>> import json"):
        block = lines[lines.index(first) :]
        code = "\n".join(line[4:] for line in block[: block.index("```")] if line.startswith((">>>", "...")))
        exec(code.partition('connection.execute("SELECT')[0].partition("panel.sort")[0], names)
    expected = [(2, None), (9, None)] if counter == "downloads_30d" else [(None, 2), (None, 9)]
    counters = "downloads_30d, downloads_all_time"
    assert names["connection"].execute(f"SELECT {counters} FROM panel ORDER BY observed_at").fetchall() == expected
    assert names["panel"].sort("observed_at").select(counters.split(", ")).collect().rows() == expected


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def test_the_shell_prints_what_the_tutorial_shows() -> None:
    """Versions and fingerprints apart, which change with every fact."""
    page = (ROOT / "docs" / "tutorial" / "first-shares.md").read_text(encoding="utf-8")
    shown = re.search(r"```text\n(2025-09-07.*?)```", page, re.DOTALL)
    assert shown is not None
    run = subprocess.run(
        [sys.executable, "-m", "ossgeo"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    varying = re.compile(r"(registry|panel) [0-9a-f]{12}|ossgeo \d\S*")
    assert varying.sub("*", run.stdout).strip() == varying.sub("*", shown[1]).strip()


def test_the_notebook_runs_and_is_kept_without_output() -> None:
    """The documentation's build runs it in a real kernel; here each cell runs, and its last value shows itself."""
    book = json.loads((ROOT / "docs" / "tutorial" / "in-a-notebook.ipynb").read_text(encoding="utf-8"))
    names: dict[str, object] = {}
    for cell in book["cells"]:
        if cell["cell_type"] != "code":
            continue
        assert cell["outputs"] == []
        *first, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(first, []), "notebook", "exec"), names)
        assert isinstance(last, ast.Expr)
        value = eval(compile(ast.Expression(last.value), "notebook", "eval"), names)
        assert hasattr(value, "_repr_html_") or hasattr(value, "_repr_mimebundle_")
