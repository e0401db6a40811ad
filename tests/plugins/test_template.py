"""The template of plugins: rendered, built as a wheel, put on the path, and tested by the tests that it brings."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import ossgeo

TEMPLATE = Path(__file__).parents[2] / "docs" / "examples" / "plugin-template"
SOURCES = Path(ossgeo.__file__).parents[1]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a rendered project, with its wheel unpacked in the folder ``site``."""
    copier = pytest.importorskip("copier", reason="copier is not installed")
    pytest.importorskip("hatchling", reason="hatchling is not installed")
    folder = tmp_path_factory.mktemp("template") / "ossgeo-zoo"
    answers = {"project": "ossgeo-zoo", "author": "A. Keeper"}
    copier.run_copy(str(TEMPLATE), str(folder), data=answers, defaults=True, quiet=True)
    run(folder, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist")
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def run(folder: Path, *words: str) -> str:
    """Run Python in a folder, with the plugin and this ossgeo on its path."""
    paths = os.pathsep.join([str(folder / "site"), str(SOURCES)])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_tests_pass(project: Path) -> None:
    out = run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov")
    assert int(out.split(" passed")[0].split()[-1]) > 40


def test_its_names_are_used_in_the_shell(project: Path) -> None:
    out = run(
        project, "-m", "ossgeo", "measure", "zoo-figures", "--attribution", "zoo-rule", "--calculator", "zoo-models"
    )
    assert re.search(r"DE +1 +25\.00%", out)
    assert "plugins zoo-rule (ossgeo-zoo 0.1.0), zoo-models (ossgeo-zoo 0.1.0)" in out
    assert "DE" in run(
        project, "-m", "ossgeo", "measure", "zoo-figures:src/ossgeo_zoo/figures.csv", "--attribution", "zoo-rule"
    )


def test_nothing_of_the_template_is_left(project: Path) -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for path in project.rglob("*")
        if path.is_file() and path.suffix in {".py", ".toml", ".md"}
    ]
    assert not [text for text in texts if "{{ " in text or "acme" in text]
    assert "pytest" in (project / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "A. Keeper" in (project / "pyproject.toml").read_text(encoding="utf-8")
