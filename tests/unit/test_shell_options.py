"""Options of the command follow Python's arguments, and messages name options that exist."""

from __future__ import annotations

import inspect
import shlex
from pathlib import Path

import attrs
import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.cli._options import CLEANING, in_shell_words
from ossgeo.sources._files.options import READ_OPTIONS

TEXT = "id,date,downloads\nQwen/a,2025-01-31,5\ngoogle/b,2025-01-31,15\n"


def test_every_argument_of_read_panel_is_an_option() -> None:
    assert [option.name for option in READ_OPTIONS] == list(inspect.signature(ossgeo.read_panel).parameters)[1:]
    assert list(CLEANING) == [field.name for field in attrs.fields(ossgeo.Cleaning)]
    assert all(values[0] == getattr(ossgeo.Cleaning(), name) for name, values in CLEANING.items())


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (TEXT, ["--counter", "downloads_30d"], "25.00%"),
        (TEXT.replace("date", "day"), ["--counter", "downloads_30d", "--columns", "day=period"], "25.00%"),
        (TEXT.replace("2025-01-31", "31.01.2025"), ["--counter", "downloads_30d", "--date-format", "%d.%m.%Y"], "2025-01-31"),
        (TEXT + "Qwen/a,2025-01-31,45\n", ["--counter", "downloads_30d", "--duplicates", "max"], "75.00%"),
        (TEXT + "Qwen/c,2025-01-31,-1\n", ["--counter", "downloads_30d", "--invalid", "drop"], "25.00%"),
        ("date,Qwen/a,google/b\n2025-01-31,5,15\n", ["--wide", "*", "--counter", "downloads_30d"], "25.00%"),
        (TEXT.replace("downloads", "createdAt,downloads_30d").replace("31,", "31,x,"), ["--ignore", "createdAt"], "25.00%"),
        (TEXT.replace("date,", "").replace("2025-01-31,", ""), ["--counter", "downloads_30d", "--period-from", "2025-03-01"], "2025-03-01"),
        (TEXT, ["--counter", "downloads_30d", "--scope", "two models"], "two models"),
    ],
)  # fmt: skip
def test_options_of_the_command(
    text: str, options: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(text, encoding="utf-8")
    assert main(["measure", str(file), *options]) == 0
    assert expected in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (TEXT, "--counter downloads_30d"),
        (TEXT.replace("downloads", "downloads_30d,downloads_all_time").replace("31,", "31,1,"), "--counter downloads_all_time"),
        (TEXT.replace("id", "thing"), "--columns ...=model_id"),
        (TEXT.replace("downloads", "downloads_30d") + "Qwen/a,2025-01-31,45\n", "--duplicates last"),
        (TEXT.replace("downloads", "downloads_30d") + "Qwen/c,2025-01-31,-1\n", "--invalid drop"),
        (TEXT.replace("downloads", "downloads_30d").replace("date", "x"), "--period-from file"),
        (TEXT.replace("downloads", "downloads_30d").replace("2025-01-31", "31.01.2025"), "--date-format"),
        (TEXT.replace("downloads", "createdAt,downloads_30d").replace("31,", "31,x,"), "--ignore createdAt"),
    ],
)  # fmt: skip
def test_remedies_are_options(text: str, hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "p.csv"
    file.write_text(text, encoding="utf-8")
    assert main(["measure", str(file)]) == 1
    said = capsys.readouterr().err
    assert hint in said
    assert not any(f" {option.name}=" in said or f"({option.name}=" in said for option in READ_OPTIONS)
    assert "Cleaning(" not in said


def test_values_are_quoted_for_the_shell() -> None:
    assert in_shell_words("give records='a b'") == "give --records 'a b'"
    assert in_shell_words("columns={'it\\'s': 'model_id'}") == "--columns 'it'\"'\"'s=model_id'"
    assert in_shell_words("Method(counter)= stays") == "Method(counter)= stays"


def test_a_pair_without_a_sign_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["measure", "p.csv", "--columns", "id"]) == 2
    assert "--columns must be THEIRS=OURS" in capsys.readouterr().err
    assert main(["measure", "labs-2025", "--encoding", "cp1252"]) == 2
    assert "--encoding says how a file is read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["measur", "x"], "COMMAND must be one of measure, plot, report,"),
        (["measur", "x"], "got 'measur'; did you mean 'measure'? (see ossgeo --help)"),
        (["measure", "labs-2025", "--by", "country", "--by", "organization"], "--by must be given once, got 'country' and 'organization'"),
        (["measure", "labs-2025", "--atribution", "root"], "'--atribution' is not an option of ossgeo measure; did you mean '--attribution'?"),
        (["measure", "labs-2025", "more.csv"], "'more.csv' is one argument too many (see ossgeo measure --help)"),
        (["measure", "labs-2025", "--counter"], "--counter must be followed by a value"),
        (["measure", "labs-2025", "--json", "--csv"], "--csv is not allowed with --json"),
        (["measure"], "missing: PATH (see ossgeo measure --help)"),
        (["measure", ""], "PATH must name a file or a folder, got ''"),
        (["inventory", "Qwen/a", ""], "SOURCE must name a file or a folder, got ''"),
        (["report", "labs-2025", "-o", ""], "-o/--output must name a file or a folder, got ''"),
        (["plot", "labs-2025", "-o", "x.svg", "--width", "wide"], "--width must be a number, got 'wide'"),
        (["plot", "labs-2025", "-o", "x.svg", "--top", "1.5"], "--top must be a whole number, got '1.5'"),
        (["registry", "chek"], "got 'chek'; did you mean 'check'? (see ossgeo registry --help)"),
    ],
)  # fmt: skip
def test_an_error_of_the_call_is_one_line_with_the_argument_and_the_value(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert not out
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["measure", "{file}", "--columns", "a=license", "--columns", "a=task"], 2, "--columns must name each column once, got 'a' twice"),
        (["measure", "{file}", "--records", "rows"], 1, "is neither JSON nor SQLite, and has no 'rows' (leave --records out)"),
        (["measure", "{file}", "--pattern", "*.json"], 1, "is a file that --pattern '*.json' does not match (leave --pattern out)"),
        (["measure", "{file}", "--start", "2025-02-01", "--end", "2025-01-01"], 2, "start must not be after end, got 2025-02-01 and 2025-01-01"),
        (["measure", "{file}", "--counter", "downloads_30d", "--start", "2027-01-01"], 2, "got an empty one; see --start, --end"),
        (["measure", "s3://bucket/x.csv"], 1, "s3://bucket/x.csv cannot be read: addresses begin with https:// or hf://datasets/"),
        (["claims", "atom-cn-26"], 2, "claim 'atom-cn-26' is not known (ossgeo claims lists all); did you mean 'atom-cn-2026'"),
        (["inventory", "Qwen/a", "-o", "{folder}/x.doc"], 2, "--output must end in .txt, .html, .md, .csv, .json, or --format must name the form"),
        (["inventory", "Qwen/a", "--format", "csv", "-o", "{folder}/x.html"], 2, "--format csv must go with its suffix"),
        (["registry", "export", "{file}"], 1, "p.csv cannot be created: File exists; name a folder"),
        (["registry", "check", "{folder}/none"], 1, "none does not exist"),
        (["registry", "check", "{file}"], 1, "p.csv is not a folder"),
        (["registry", "check", "--ror", "{folder}/none"], 1, "none does not exist"),
        (["measure", "open-model-evolution:{folder}/none"], 1, "none does not exist"),
        (["collect", "{file}", "--top", "3"], 1, "p.csv is a file; name the folder of a store"),
        (["inventory", "Qwen/a", "--fail-on", "root_country=Atlantis"], 2, "country 'Atlantis' is not known"),
        (["inventory", "Qwen/a", "--fail-on", "evidence=abset"], 2, "evidence 'abset' is not known (one of declared, reviewed, disputed, absent)"),
        (["inventory", "Qwen/a", "--fail-on", "root_country=China"], 1, "Qwen/a: root_country is CN"),
        (["inventory", "Qwen/a", "--fail-on", "root_country=cn"], 1, "Qwen/a: root_country is CN"),
        (["inventory", "Qwen/a", "--fail-on", "publisher=Qwen"], 1, "Qwen/a: publisher is qwen"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_apply_is_an_error(
    words: list[str], code: int, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text(TEXT, encoding="utf-8")
    assert main([word.format(file=file, folder=tmp_path) for word in words]) == code
    assert message in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["p.csv"]


def test_a_column_that_differs_in_case_is_named_by_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "p.csv"
    file.write_text("Model ID,Date,Downloads_30d\nQwen/a,2025-01-31,5\n", encoding="utf-8")
    words = ["measure", str(file)]
    for ours, remedy in {
        "model_id": "Model ID=model_id",
        "observed_at": "Date=observed_at",
        "n": "Downloads_30d=downloads_30d",
    }.items():
        assert main(words) == 1
        assert f"name it: --columns {shlex.quote(remedy)}" in capsys.readouterr().err, ours
        words += ["--columns", remedy]
    assert main(words) == 0


def test_ctrl_c_while_the_options_are_made_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ossgeo.cli._main._parser", interrupted)
    assert main(["measure", "labs-2025"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


def test_waiting_is_prolonged_by_the_option_of_the_command_that_has_it() -> None:
    text = in_shell_words("and 1 s are left: try again later, or give more patience=")
    assert text == "and 1 s are left: try again later, or give more --patience"
    assert in_shell_words("try again, or give more deadline=") == "try again", "no command has it"


def test_a_remedy_of_a_measurement_is_an_option(capsys: pytest.CaptureFixture[str]) -> None:
    for words, remedy in {
        ("--window", "90"): "--window 365d is a year",
        ("--calculator", "stock"): "use --calculator flow",
    }.items():
        assert main(["measure", "labs-2025", *words]) == 2
        assert remedy in capsys.readouterr().err


def test_an_error_of_the_operating_system_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> str:
        raise OSError(28, "No space left on device", "x.csv")

    monkeypatch.setattr("ossgeo.cli._main._output", full)
    assert main(["versions"]) == 1
    assert capsys.readouterr().err == "error: x.csv cannot be used: No space left on device\n"
