"""Options of the command follow Python's arguments, and messages name options that exist."""

from __future__ import annotations

import inspect
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
