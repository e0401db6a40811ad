"""Encodings, separators, numbers and containers that files of people have."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo._core.boundary import reads_data
from ossgeo.errors import InvalidArgumentError, PanelError, SourceUnavailableError
from ossgeo.sources._files import values

HEADER = "id,date,downloads_30d\n"
ROWS = "Qwen/a,2025-01-31,5\ngoogle/b,2025-01-31,7\n"


def rows_of(source: Any, **options: Any) -> list[tuple[str, int]]:
    return ossgeo.read_panel(source, **options).to_polars().select("model_id", "downloads_30d").rows()


def problem(source: Any, **options: Any) -> str:
    with pytest.raises(PanelError) as caught:
        ossgeo.measure(ossgeo.read_panel(source, **options))
    return str(caught.value)


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    file = folder / "p.csv"
    file.write_bytes(text.encode(encoding))
    return file


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_names_the_encoding(encoding: str, tmp_path: Path) -> None:
    assert rows_of(write(tmp_path, HEADER + ROWS, encoding)) == [("Qwen/a", 5), ("google/b", 7)]


@pytest.mark.parametrize(
    ("encoding", "hint"), [("utf-16-le", "'utf-16-le'"), ("utf-16-be", "'utf-16-be'"), ("cp1252", "'cp1252'")]
)
def test_other_encodings_are_named(encoding: str, hint: str, tmp_path: Path) -> None:
    file = write(tmp_path, (HEADER + ROWS).replace("\n", ",é\n").replace("30d,é", "30d,note"), encoding)
    assert f"encoding={hint}" in problem(file)
    assert rows_of(file, encoding=encoding) == [("Qwen/a", 5), ("google/b", 7)]
    with pytest.raises(InvalidArgumentError, match="encoding must be"):
        ossgeo.read_panel(file, encoding="base64")


@pytest.mark.parametrize(
    "text",
    [
        (HEADER + ROWS).replace(",", "|"),
        (HEADER + ROWS).replace(",", ";"),
        "sep=^\n" + (HEADER + ROWS).replace(",", "^"),
        "# exported on 2025-02-01, by us\n# second line\n" + HEADER + ROWS,
        (HEADER + ROWS).replace(",", ";").replace("date;", 'date;"a, b, c, d, e";').replace("31;", "31;x;"),
        "#,id,date,downloads_30d\n1,Qwen/a,2025-01-31,5\n2,google/b,2025-01-31,7\n",
    ],
    ids=["pipe", "semicolon", "sep", "comments", "quoted header", "number sign"],
)
def test_separators_and_comments(text: str, tmp_path: Path) -> None:
    assert rows_of(write(tmp_path, text)) == [("Qwen/a", 5), ("google/b", 7)]


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    for before in ("", "sep=,\n", "# a comment\n"):
        found = problem(write(tmp_path, before + HEADER + ROWS.replace(",7", ",x")))
        assert f"row {3 + bool(before)}, column downloads_30d: 'x'" in found


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,234,567", 1234567), ("1.234.567", 1234567), ("1 234", 1234), ("1'234", 1234), ("1\u202f234", 1234),
     ("1.234,0", 1234), ("1,234.00", 1234), ("12,0", 12), ("9E+06", 9_000_000), ("12.0", 12)],
)  # fmt: skip
def test_whole_numbers(text: str, number: int) -> None:
    assert values.count(text) == number


@pytest.mark.parametrize("text", ["1,234", "1.234", "1.5", "1,234,56", "1_000", "0x10", "1,234.5", "--1", "\u0661,5"])
def test_numbers_that_may_be_fractions_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a whole number"):
        values.count(text)


def test_thousands_separators_of_a_column(tmp_path: Path) -> None:
    text = HEADER + 'Qwen/a,2025-01-31,"1,234,567"\ngoogle/b,2025-01-31,"1,234"\n'
    expected = [("Qwen/a", 1234567), ("google/b", 1234)]
    assert rows_of(write(tmp_path, text)) == expected
    frame = pl.DataFrame({"id": ["Qwen/a", "google/b"], "date": "2025-01-31", "downloads_30d": ["1,234,567", "1,234"]})
    assert sorted(rows_of(frame.lazy())) == expected
    assert "remove the thousands separators" in problem(write(tmp_path, HEADER + 'Qwen/a,2025-01-31,"1,234"\n'))


def database(file: Path, *tables: str) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        for name in tables:
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"create table {quoted} (id text, date text, downloads_30d integer)")
            connection.execute(
                f"insert into {quoted} values ('Qwen/a', '2025-01-31', 5), ('google/b', '2025-01-31', 7)"
            )
        connection.commit()
    return file


def test_sqlite_tables(tmp_path: Path) -> None:
    expected = [("Qwen/a", 5), ("google/b", 7)]
    assert rows_of(database(tmp_path / "p.db", "downloads")) == expected
    two = database(tmp_path / "two.sqlite", "a", 'b"c')
    assert rows_of(two, records='b"c') == expected
    for options in ({}, {"records": "d"}):
        assert "choose with records=: it has a, b" in problem(two, **options)
    (tmp_path / "no.db").write_text("id,date\n")
    assert "is not a SQLite database" in problem(tmp_path / "no.db")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"SQLite format 3\0abc", "is a SQLite database"), (b"PAR1abc", "is a Parquet file"), (b"PK\x03\x04abc", "is a ZIP"),
     (b"\x1f\x8babc", "is compressed by gzip"), (b"\n <!DOCTYPE html><html>", "is a web page")],
)  # fmt: skip
def test_content_of_another_format_is_named(content: bytes, name: str, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_bytes(content)
    assert name in problem(tmp_path / "p.csv")


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinite_dates_of_duckdb_are_faults(kind: str, value: str) -> None:
    query = f"select 'Qwen/a' id, '{value}'::{kind} as date, 1 downloads_30d union all select 'Qwen/b', '2025-01-01'::{kind}, 5"
    found = problem(duckdb.connect().sql(query))
    assert "column period: has no date in 1 row" in found or "column period: lies outside" in found


def test_years_that_python_does_not_have_are_faults() -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "date": pl.Series([4_000_000]).cast(pl.Date), "downloads_30d": [1]})
    for source in (frame, frame.lazy()):
        assert "12921" in problem(source) or "outside the years" in problem(source)


def test_whatever_escapes_becomes_an_error_with_its_place() -> None:
    panic = type("PanicException", (BaseException,), {})

    @reads_data
    def read(source: str, error: BaseException) -> None:
        raise error

    for error in (KeyError("x"), RecursionError(), panic("index out of bounds")):
        with pytest.raises(PanelError, match=r"p\.csv: cannot be read \(") as caught:
            read("p.csv", error)
        assert caught.value.__cause__ is error
        assert "index out" not in str(caught.value)
    with pytest.raises(SourceUnavailableError, match=r"p\.csv cannot be read: Permission denied"):
        read("p.csv", PermissionError(13, "Permission denied", "p.csv"))
    for passed in (KeyboardInterrupt(), SystemExit(1), MemoryError(), UserWarning("x")):
        with pytest.raises(type(passed)):
            read("p.csv", passed)
    with pytest.raises(TypeError, match="unexpected keyword"):
        read("p.csv", error=ValueError(), other=1)  # type: ignore[call-arg]
    with pytest.raises(SourceUnavailableError):
        ossgeo.read_panel("x" * 5000 + ".csv")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, HEADER + ROWS)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SourceUnavailableError, match="Permission denied"):
        ossgeo.read_panel(file)
