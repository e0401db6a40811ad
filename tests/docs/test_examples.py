"""Every example of README and docs is run, and so is every example of a docstring."""

from __future__ import annotations

import ast
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
