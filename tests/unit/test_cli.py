from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ossgeo
from ossgeo.cli import main


def test_without_arguments_it_measures_the_sample(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    out = capsys.readouterr().out
    assert "CN           124,308,981  18.21%" in out
    assert "not the whole Hub" in out


def test_choices(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["measure", "hub-2026", "--by", "study,country", "--denominator", "attributed", "--where", "task=text-generation",
             "--age-cap", "365d", "--as-of", "2026-01-01", "--json"]  # fmt: skip
    assert main(words) == 0
    method = json.loads(capsys.readouterr().out)["method"]
    assert method["by"] == ["study", "country"]
    assert (method["denominator"], method["age_cap"], method["as_of"]) == ("attributed", 365, "2026-01-01")
    assert method["where"] == "task=text-generation"


def test_a_file_of_the_users_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshots = tmp_path / "snapshots"
    snapshots.mkdir()
    for day, count in (("2026-07-14", 100), ("2026-08-14", 300)):
        rows = [{"repo": "Qwen/x", "n": count}, {"repo": "ours/y", "n": 100}]
        (snapshots / f"{day}.json").write_text(json.dumps({"models": rows}), encoding="utf-8")
    registry = tmp_path / "ours"
    registry.mkdir()
    (registry / "namespaces.csv").write_text("namespace,organization\nours,mistral-ai\n", encoding="utf-8")
    words = ["measure", str(snapshots), "--records", "models", "--period-from", "file", "--column", "repo=model_id",
             "--column", "n=downloads_30d", "--pattern", "*.json", "--registry", str(registry)]  # fmt: skip
    assert main([*words, "--csv"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "period,country,value,share"
    assert "2026-08-14,CN,300.0,0.75" in out
    assert main([*words, "--check"]) == 0
    assert "window_gap: 1 steps" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["measure", "nothing.csv"], 1, "does not exist"),
        (["measure", "hub-2026", "--by", "contry"], 2, "did you mean 'country'"),
        (["measure", "labs-2025", "--age-cap", "365d"], 1, "created_at"),
        (["measure", "labs-2025", "--window", "1y"], 2, "365d"),
        (["measure", "labs-2025", "--attribution", "publishers"], 2, "publisher"),
        (["measure", "labs-2025", "--as-of", "today"], 2, "--as-of 'today'"),
        (["measure", "labs-2025", "--where", "license"], 2, "column=value"),
        (["measure", ".", "--column", "a"], 2, "THEIRS=OURS"),
        (["measure", "labs-2025", "--registry", "no-such-folder"], 1, "organizations.csv"),
    ],
)
def test_a_mistake_is_one_line_and_no_traceback(
    words: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert message in captured.err


def test_an_option_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["measure", "labs-2025", "--counting", "half"])
    assert caught.value.code == 2


def test_warnings_go_to_the_error_stream(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.csv"
    file.write_text("model_id,date,downloads_30d\nwho/x,2026-01-01,5\n", encoding="utf-8")
    assert main(["measure", str(file)]) == 0
    assert "warning: 100.0%" in capsys.readouterr().err


def test_as_a_module_and_into_a_closed_pipe() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    version = subprocess.run(
        [sys.executable, "-m", "ossgeo", "--version"], capture_output=True, check=True, env=environment
    )
    assert version.stdout.decode().strip() == f"ossgeo {ossgeo.__version__}"
    code = f"{sys.executable} -m ossgeo measure labs-2025 --by model --json | head -c 10"
    piped = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {code}"], capture_output=True, check=False, env=environment
    )
    assert piped.returncode == 0
    assert piped.stderr == b""


def test_the_packages_names() -> None:
    assert set(ossgeo.__all__) <= set(dir(ossgeo))
    for name in ossgeo.__all__:
        assert getattr(ossgeo, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        ossgeo.nothing  # noqa: B018
