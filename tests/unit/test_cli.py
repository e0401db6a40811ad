from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
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
             "--age-cap", "365d", "--as-of", "2026-01-01", "--incomplete", "scale", "--json"]  # fmt: skip
    assert main(words) == 0
    method = json.loads(capsys.readouterr().out)["method"]
    assert method["by"] == ["study", "country"]
    assert (method["denominator"], method["age_cap"], method["as_of"]) == ("attributed", 365, "2026-01-01")
    assert (method["where"], method["incomplete"]) == ("task=text-generation", "scale")


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
    assert out[0] == "period,country,value,share,observed"
    assert "2026-08-14,CN,300.0,0.75,1.0" in out
    assert main([*words, "--check"]) == 0
    assert "window_gap: 1 step:" in capsys.readouterr().out


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
        (["measure", "labs-2025", "--registry", "no-such-folder"], 1, "no-such-folder does not exist"),
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


@pytest.mark.parametrize(
    ("redirection", "code", "message"),
    [("> /dev/full", 1, "cannot be written"), (">&-", 1, "standard output"), ("> /dev/null", 0, "")],
)
def test_an_output_that_cannot_be_written_is_one_line(redirection: str, code: int, message: str) -> None:
    words = f"LANG=C LC_ALL=C {sys.executable} -m ossgeo versions {redirection}"
    done = subprocess.run(["bash", "-c", words], capture_output=True, check=False, text=True)
    assert done.returncode == code
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == bool(message)


def test_ctrl_c_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ossgeo, "measure", interrupted)
    assert main(["measure", "labs-2025"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.csv"
    file.write_text("model_id,date,downloads_30d\n\x1b]0;evil\x07who/x,2026-01-01,5\n", encoding="utf-8")
    main(["measure", str(file), "--by", "namespace"])
    main(["registry", "show", "\x1b[31mred\u202e"])
    captured = capsys.readouterr()
    assert not any(sign in captured.out + captured.err for sign in "\x1b\x07\u202e")


@pytest.mark.parametrize(("name", "magic"), [("x.png", b"\x89PNG"), ("x.svg", b"<svg"), ("x.pdf", b"%PDF")])
def test_plot(name: str, magic: bytes, tmp_path: Path) -> None:
    assert main(["plot", "trending-2026", "-o", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes().startswith(magic)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_plot_takes_title_and_size(tmp_path: Path) -> None:
    words = ["--title", "Mine", "--subtitle", "Below", "--width", "400", "--font-scale", "1.2", "--kind", "stacked"]
    assert main(["plot", "labs-2025", "-o", str(tmp_path / "x.svg"), *words]) == 0
    drawn = (tmp_path / "x.svg").read_text(encoding="utf-8")
    assert "Mine" in drawn
    assert "Below" in drawn
    assert "34 chosen" in drawn


def test_plot_needs_a_known_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plot", "trending-2026", "-o", str(tmp_path / "x.gif")]) == 2
    assert ".png, .svg or .pdf" in capsys.readouterr().err


def test_versions_claims_and_history(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["versions"]) == 0
    assert f"ossgeo            {ossgeo.__version__}" in capsys.readouterr().out
    assert main(["claims"]) == 0
    assert "hf-cn-2026" in capsys.readouterr().out
    assert main(["claims", "hf-cn-2026", "labs-2025"]) == 0
    assert "cannot be told from this panel" in capsys.readouterr().out
    assert main(["claims", "hf-cn"]) == 2
    assert main(["history", "verify", str(tmp_path)]) == 2
    assert list(tmp_path.iterdir()) == []


def test_history_finds_a_changed_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ossgeo.sources.SnapshotStore(tmp_path / "store")
    rows = pl.DataFrame({"model_id": ["Qwen/x"], "downloads_30d": [5]})
    snapshot = store.add(rows, observed_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert main(["history", "verify", str(store.path)]) == 0
    assert "1 snapshot, no fault found" in capsys.readouterr().out
    file = store.path / snapshot.file
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    assert main(["history", "verify", str(store.path)]) == 1
    assert "1 fault in" in capsys.readouterr().err
    assert main(["history", "recover", str(store.path)]) == 0


def test_the_options_are_those_of_measure(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["measure", "--help"])
    text = capsys.readouterr().out
    for name in ossgeo.MeasureOptions().to_dict().keys() - {"cleaning"}:
        assert f"--{name.replace('_', '-')}" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert "complete" in (printed := capsys.readouterr().out)
    assert "ossgeo" in printed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ossgeo me", ["measure"]),
        ("ossgeo measure --attri", ["--attribution"]),
        ("ossgeo measure hub-2026 --attribution repack", ["repackager-passthrough"]),
        ("ossgeo measure hub-2026 --by eu", ["eu"]),
        ("ossgeo measure lab", ["labs-2025"]),
        ("ossgeo registry ga", ["gaps"]),
    ],
)
def test_completion_offers_commands_options_and_names(line: str, words: list[str], tmp_path: Path) -> None:
    output = tmp_path / "words"
    environment = os.environ | {
        "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SUPPRESS_SPACE": "1", "COMP_LINE": line,
        "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(output),
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "ossgeo"], env=environment, cwd=tmp_path, check=False, capture_output=True)
    assert [word.strip() for word in output.read_text().split("\n")] == words


def test_issues_do_not_mix_with_output_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "labs-2025", "--check", "--csv"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("period,country,")
    assert "spike: 15 steps" in printed.err


def test_a_claim_beside_an_option_that_lists_all_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--csv", "--json", "--disputes"):
        assert main(["claims", "hf-cn-2026", option]) == 2
        assert f"CLAIM must be left out with {option}" in capsys.readouterr().err


def test_claims_are_exported(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--csv"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("claim,topic,quantity,statement")
    assert len(rows) > 50
    assert main(["claims", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == len(ossgeo.claims.load())
    assert main(["claims", "--disputes"]) == 0
    assert "share" in capsys.readouterr().out


def test_help_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["measure", "--help"])
    shown = "".join(capsys.readouterr().out.split())  # words are broken at hyphens
    docs = ossgeo.measure.__doc__ or ""
    found = [*ossgeo.plugins.available("shares"), *ossgeo.plugins.available("attribution")]
    names = [one.name for one in found if one.distribution == "ossgeo" and one.name != "licence-drift"]
    for name in (*names, *ossgeo.GroupScheme.names()):
        assert name in shown
        assert f"``{name}``" in docs


def test_a_source_by_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = ossgeo.sources.SnapshotStore(tmp_path / "history")
    rows = pl.DataFrame({"model_id": ["Qwen/x"], "downloads_30d": [5]})
    store.add(rows, observed_at=dt.datetime(2026, 8, 14, 12, tzinfo=dt.UTC))
    assert main(["measure", f"snapshot-store:{tmp_path / 'history'}", "--csv", "--start", "2026-08-01"]) == 0
    assert "2026-08-14,CN,5.0,1.0,1.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["hub:x"], "PATH must be hub"),
        (["snapshot-store:.", "--pattern", "*.csv"], "--pattern says how a file is read; snapshot-store is a source"),
        (["publisher-analytics"], "give its place, as in publisher-analytics:PATH"),
        (["hub-stat"], "did you mean 'hub-stats'"),
        (["lab-2025"], "did you mean 'labs-2025'"),
    ],
)
def test_sources_that_cannot_be_used(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", *words]) in (1, 2)
    assert message in capsys.readouterr().err


INTERVALS = "start,end,model,downloads\n2026-07-01,2026-07-31,Qwen/a,60\n2026-07-01,2026-07-31,nobody-knows/b,40\n"


def test_bounds_are_measured_as_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "months.csv").write_text(INTERVALS, encoding="utf-8")
    words = ["measure", str(tmp_path / "months.csv"), "--counter", "downloads_per_interval", "--bounds"]
    assert main(words) == 0
    assert "China has between 60.0% and 100.0%" in capsys.readouterr().out
    assert main([*words, "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "period,country,value,share,lower,upper",
        "2026-07-31,CN,60.0,0.6,0.6,1.0",
    ]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["upper"] == 1.0


def test_one_country_is_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["plot", "labs-2025", "-o", str(tmp_path / "cn.svg"), "--group"]
    assert main([*words, "China"]) == 0
    drawn = (tmp_path / "cn.svg").read_text(encoding="utf-8")
    assert "China 18.2%" in drawn
    assert "Germany" not in drawn
    assert main([*words, "Atlantis"]) == 2
    assert "'Atlantis' is not known" in capsys.readouterr().err


def test_the_error_about_the_length_of_intervals_is_in_the_words_of_the_shell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "weeks.csv").write_text("date,model,downloads\n2026-07-31,Qwen/a,60\n", encoding="utf-8")
    assert main(["measure", str(tmp_path / "weeks.csv"), "--counter", "downloads_per_interval"]) == 1
    said = capsys.readouterr().err
    assert "downloads_per_7d" in said
    assert "Counter(" not in said
