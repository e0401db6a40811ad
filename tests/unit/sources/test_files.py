from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

import ossgeo
from ossgeo.errors import (
    EngineError,
    InvalidArgumentError,
    OssgeoError,
    OssgeoWarning,
    PanelError,
    SourceUnavailableError,
)
from tests.worlds import JANUARY

HEADER = "model_id,observed_at,downloads_30d\n"
ROW = {"model_id": "Qwen/a", "observed_at": "2025-01-31", "downloads_30d": 5}


def write(folder: Path, name: str, text: str | bytes) -> Path:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def faults(source: Any, **arguments: Any) -> str:
    with pytest.raises(PanelError) as caught:
        ossgeo.measure(ossgeo.read_panel(source, **arguments))
    assert str(caught.value).count("\n") < 15
    assert max(map(len, str(caught.value).splitlines())) < 500
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "p.csv: holds no row"),
        (HEADER, "p.csv: holds no row"),
        ("a,b\n1,2\n", "p.csv: has no column of model ids; it has a, b"),
        ("model_id,date\nQwen/a,2025-01-01\n", "p.csv: has no counter"),
        ("model_id,downloads_30d\nQwen/a,5\n", "p.csv: has no column that says when"),
        ("model_id,date,downloads\nQwen/a,2025-01-01,5\n", "column downloads: may be either of the Hub's counters"),
        (
            "model_id,date,downloads_30d,downloads_all_time\nQwen/a,2025-01-01,5,6\n",
            "has two counters, downloads_30d and downloads_all_time, which are never mixed",
        ),
        (HEADER + "Qwen/a,2025-01-01,abc\n", "p.csv, row 2, column downloads_30d: 'abc' is not a whole number"),
        (HEADER + "Qwen/a,2025-01-01,1.5\n", "'1.5' is not a whole number"),
        (HEADER + "Qwen/a,2025-01-01,NaN\n", "has no number in 1 row(s)"),
        (
            HEADER + "Qwen/a,2025-01-01,5\nQwen/b,2025-01-01,9223372036854775808\n",
            "row 3, column downloads_30d: '9223372036854775808' is above 2^63",
        ),
        (HEADER + ",2025-01-01,5\n", "p.csv, row 2, column model_id: has no model id"),
        (HEADER + "a/b/c,2025-01-01,5\n", "'a/b/c' is not a model id"),
        (HEADER + "a\x00b,2025-01-01,5\n", "is not a model id"),
        (HEADER + "Qwen/a,31.12.2025,5\n", "row 2, column observed_at: '31.12.2025' is not an ISO 8601"),
        (HEADER + "Qwen/a,,5\n", "has no date"),
        (HEADER + "Qwen/a,2025-01-01\n", "p.csv, row 2: has 2 cells, the header has 3"),
        (HEADER + '"Qwen/a,2025-01-01,5\n', "is not CSV"),
        ("model_id,model_id,date,downloads_30d\na,b,2025-01-01,5\n", "has the column model_id twice"),
        (HEADER + "Qwen/a,2025-01-01,-5\n", "is negative in 1 row(s), for example model_id=Qwen/a"),
        (HEADER + "Qwen/a,2025-01-01,\n", "has no number in 1 row(s)"),
        (HEADER + "Qwen/a,2099-01-01,5\n", "lies in the future in 1 row(s)"),
        (HEADER + "Qwen/a,2025-01-01,5\n" * 2, "1 row(s) repeat a model and period"),
        (HEADER.encode() + b"Qwen/\xe9,2025-01-01,5\n", "p.csv, byte 40: is not UTF-8"),
        (HEADER + "x" * 100_000_000 + ",2025-01-01,5\n", "(100,000,002 characters) is not a model id"),
    ],
    ids=range(25),
)
def test_a_csv_with_a_fault(text: str | bytes, message: str, tmp_path: Path) -> None:
    assert message in faults(write(tmp_path, "p.csv", text))


def test_many_faults_of_a_column_are_counted(tmp_path: Path) -> None:
    text = HEADER + "".join(f"Qwen/{n},2025-01-01,x{n}\n" for n in range(9)) + "a//b,2025-01-01,7\n"
    found = faults(write(tmp_path, "p.csv", text))
    assert "row 6, column downloads_30d: 'x4'" in found
    assert "4 more values like these" in found
    assert "row 11, column model_id: 'a//b'" in found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no row"),
        ('{"a":', "p.json, row 1, character 6: is not JSON"),
        ("5", "has no list of rows"),
        ('{"x": [{"model_id": "a/b"}]}', "the rows may be under 'x'"),
        ('{"schema": {}, "data": [{"model_id": "a/b"}]}', "the rows may be under 'data': give records='data'"),
        ('{"a": {"b": {"models": [{"model_id": "a/b"}]}}}', "give records='a.b.models'"),
        ("[1]", "row 1: is 1, not an object"),
        ("[" * 100_000, "nests too deeply"),
        (json.dumps([{**ROW, "downloads_30d": True}]), "True is not a whole number"),
        (json.dumps([{**ROW, "downloads_30d": float("nan")}]), "has no number in 1 row(s)"),
        (json.dumps([{**ROW, "downloads_30d": [5]}]), "[5] is not a whole number"),
        (json.dumps([{**ROW, "observed_at": 5}]), "5 is not an ISO 8601"),
        (json.dumps([{**ROW, "model_id": 5}]), "5 is not a model id"),
        (json.dumps([{**ROW, "tags": 5}]), "5 is not a list"),
        (json.dumps([{**ROW, "baseModels": {"relation": "merge"}}]), "has no id in a base model"),
    ],
)
def test_a_json_with_a_fault(text: str, message: str, tmp_path: Path) -> None:
    assert message in faults(write(tmp_path, "p.json", text))


@pytest.mark.parametrize("key", ["models", "data.models", "a.b.models"])
def test_rows_under_keys_of_keys(key: str, tmp_path: Path) -> None:
    value: Any = [ROW]
    for name in reversed(key.split(".")):
        value = {name: value}
    path = write(tmp_path, "p.json", json.dumps(value))
    assert len(ossgeo.read_panel(path, records=key)) == 1
    with pytest.raises(PanelError, match=r"has no list of rows under 'x\.models'"):
        ossgeo.read_panel(path, records="x.models")


def test_json_lines_name_the_line(tmp_path: Path) -> None:
    good = json.dumps(ROW)
    assert "p.jsonl, row 3" in faults(write(tmp_path, "p.jsonl", f"{good}\n\n{{\n"))
    some = ossgeo.read_panel(write(tmp_path, "q.ndjson", f"{good}\n"))
    assert some.size == 1


def test_json_keeps_what_is_known_of_the_models(tmp_path: Path) -> None:
    row = {
        "_id": "x", "id": "https://huggingface.co/Qwen/a/", "downloads": "12", "likes": 3, "createdAt": "2024-07-31T21:13:44Z",
        "tags": ["base_model:quantized:Qwen/b"], "private": False, "gated": False, "lastModified": None, "license": "",
    }  # fmt: skip
    text = json.dumps({"models": [row, {**row, "id": "gpt2", "baseModels": ["x/y"], "tags": None}]})
    file = write(tmp_path, "hub_20260814.json", text)
    some = ossgeo.read_panel(file, records="models", counter="downloads_30d", period_from="file")
    assert some.periods == (dt.date(2026, 8, 14),)
    models = some.models.sort("model_id").collect().to_dicts()
    assert models[0]["model_id"] == "Qwen/a"
    assert models[0]["created_at"] == dt.datetime(2024, 7, 31, 21, 13, 44, tzinfo=dt.UTC)
    assert (models[0]["hub_id"], models[0]["gated"], models[0]["private"], models[0]["license"]) == (
        "x",
        "false",
        False,
        None,
    )
    assert models[1]["namespace"] == "gpt2"
    assert models[1]["base_models"] == [{"relation": "unspecified", "model_id": "x/y"}]
    with_tags = json.dumps([{key: value for key, value in row.items() if key != "baseModels"}])
    tagged = ossgeo.read_panel(
        write(tmp_path, "2026-08-15.json", with_tags), counter="downloads_30d", period_from="file"
    )
    assert tagged.models.collect()["base_models"].to_list() == [[{"relation": "quantized", "model_id": "Qwen/b"}]]


def test_csv_columns_of_models(tmp_path: Path) -> None:
    text = (
        "id,date,downloads_last_month,tags,baseModels,disabled,likes,author\n"
        'Qwen/a,2025-01-30,5,x|base_model:b/c, ["b/c"],True,,Qwen\n'
        "Qwen/a,2025-01-31,6,,b/c|d/e,false,7,\n"
    )
    some = ossgeo.read_panel(write(tmp_path, "p.csv", text))
    (model,) = some.models.collect().to_dicts()
    assert model["tags"] == ["x", "base_model:b/c"]
    assert [base["model_id"] for base in model["base_models"]] == ["b/c", "d/e"], "the latest observation wins"
    assert (model["disabled"], model["likes"], model["namespace"]) == (False, 7, "Qwen")


def test_dates_without_a_zone_are_utc(tmp_path: Path) -> None:
    text = HEADER + "Qwen/a,2025-01-01T23:30:00-05:00,5\nQwen/b,2025-01-02 23:30,5\n"
    assert ossgeo.read_panel(write(tmp_path, "p.csv", text)).periods == (dt.date(2025, 1, 2),)


def test_the_files_date_is_the_period(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    write(folder, "2025-02-01.csv", HEADER + "Qwen/a,2025-01-31,5\nQwen/b,2025-02-01,5\n")
    write(folder, "x_20250301.csv", HEADER.replace("observed_at", "other") + "Qwen/a,?,5\n")
    some = ossgeo.read_panel(folder, period_from="file")
    assert some.periods == (dt.date(2025, 2, 1), dt.date(2025, 3, 1))
    assert some.check()["split_snapshot"].examples == ("2025-02-01",)
    for name in ("none.csv", "2025-13-01.csv"):
        assert "has no date in its name" in faults(
            write(tmp_path, name, HEADER + "Qwen/a,2025-01-31,5\n"), period_from="file"
        )


def test_choosing_files_and_columns(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "repo,date,downloads\nQwen/a,2025-01-31,5\n")
    write(tmp_path, "b.json", "[]")
    write(tmp_path, "readme.txt", "hello")
    assert "several formats: csv, json" in faults(tmp_path)
    columns = {"repo": "model_id", "downloads": "downloads_all_time"}
    assert ossgeo.read_panel(tmp_path, pattern="*.csv", columns=columns).counter.column == "downloads_all_time"
    assert "has no column 'rep'; did you mean 'repo'?" in faults(tmp_path, pattern="*.csv", columns={"rep": "model_id"})
    assert "'model'" in faults(tmp_path, pattern="*.csv", columns={"repo": "model"})
    assert "unknown ending '.txt'" in faults(tmp_path / "readme.txt")
    for path, pattern in ((tmp_path, "*.parquet"), (tmp_path / "none", None)):
        with pytest.raises(SourceUnavailableError):
            ossgeo.read_panel(path, pattern=pattern)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"counter": "downloads"}, InvalidArgumentError),
        ({"engine": "spark"}, EngineError),
        ({"period_from": "name"}, InvalidArgumentError),
        ({"engine": "duckdb"}, EngineError),
        ({"columns": "model_id"}, InvalidArgumentError),
        ({"start": "tomorrow"}, InvalidArgumentError),
        ({"end": 2026}, InvalidArgumentError),
    ],
)
def test_arguments_that_do_not_fit(arguments: Any, error: type[OssgeoError], tmp_path: Path) -> None:
    with pytest.raises(error):
        ossgeo.read_panel(write(tmp_path, "p.csv", HEADER + "Qwen/a,2025-01-31,5\n"), **arguments)


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    file = write(tmp_path, "p.json", "[]")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(SourceUnavailableError, match="Permission denied"):
        ossgeo.read_panel(file)


def test_two_counters_and_a_choice(tmp_path: Path) -> None:
    file = write(tmp_path, "p.csv", "id,date,downloads,downloadsAllTime\nQwen/a,2025-01-31,5,60\n")
    assert "has two counters, downloadsAllTime and downloads, which are never mixed" in faults(file)
    assert ossgeo.read_panel(file, counter="downloads_30d").rows.collect()["downloads_30d"].to_list() == [5]


def test_a_counter_that_is_not_there_is_not_another_one(tmp_path: Path) -> None:
    file = write(tmp_path, "p.csv", HEADER + "Qwen/a,2025-01-31,5\n")
    lines = write(tmp_path, "p.json", json.dumps([ROW]))
    for source in (file, lines, FRAME, FRAME.lazy()):
        found = faults(source, counter="downloads_all_time")
        assert "has no downloads_all_time; it has model_id, observed_at, downloads_30d" in found
        assert "choose with counter='downloads_30d'" in found
    neither = faults(FRAME.drop("downloads_30d"), counter="downloads_all_time")
    assert (
        "has no downloads_all_time; it has model_id, observed_at (name the column: columns={'...': 'downloads_all_time'})"
        in neither
    )


def test_only_files_have_a_date_in_their_names(tmp_path: Path) -> None:
    assert "period_from: a DataFrame has no dates in file names" in faults(FRAME, period_from="file")
    ossgeo.sources.SnapshotStore(tmp_path).add(FRAME.with_columns(pl.col("observed_at").cast(pl.Datetime("us", "UTC"))))
    assert "period_from: a store of snapshots has no dates" in faults(tmp_path, period_from="file")


def test_days_may_be_text(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {"model_id": ["Qwen/a"] * 2, "observed_at": ["2025-01-31", "2025-02-28"], "downloads_30d": [1, 1]}
    )
    rows.write_csv(tmp_path / "p.csv")
    for source in (tmp_path / "p.csv", rows, rows.lazy()):
        assert ossgeo.read_panel(source, start="2025-02-01").periods == (dt.date(2025, 2, 28),)
        assert ossgeo.read_panel(source, end="2025-02-01").periods == (JANUARY,)


# ---- Parquet and frames ----

FRAME = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "observed_at": [JANUARY, JANUARY], "downloads_30d": [1, 3]})


def test_parquet_stays_lazy_and_its_models_are_found(tmp_path: Path) -> None:
    FRAME.with_columns(likes=pl.Series([3, None])).write_parquet(tmp_path / "a.parquet")
    FRAME.with_columns(observed_at=pl.lit(dt.date(2025, 2, 28))).write_parquet(tmp_path / "b.parquet")
    some = ossgeo.read_panel(tmp_path)
    assert len(some.periods) == 2
    assert some.models.sort("model_id").collect()["likes"].to_list() == [3, None]
    assert ossgeo.measure(some).at()["CN"] == 0.25


def test_parquet_by_file(tmp_path: Path) -> None:
    for day in ("2025-01-31", "2025-02-28"):
        FRAME.drop("observed_at").with_columns(likes=5).write_parquet(tmp_path / f"{day}.parquet")
    some = ossgeo.read_panel(tmp_path, period_from="file")
    assert some.periods == (JANUARY, dt.date(2025, 2, 28))
    assert some.models.collect().height == 2
    plain = tmp_path / "plain"
    plain.mkdir()
    for day in ("2025-01-31", "2025-02-28"):
        FRAME.drop("observed_at").write_parquet(plain / f"{day}.parquet")
    assert ossgeo.read_panel(plain, period_from="file").models.collect().height == 2


def test_a_broken_file_among_good_ones_is_named(tmp_path: Path) -> None:
    FRAME.write_parquet(tmp_path / "a.parquet")
    write(tmp_path, "b.parquet", b"PAR1xxxx")
    assert "b.parquet: is not a whole Parquet file" in faults(tmp_path)


def test_a_models_table_from_a_file(tmp_path: Path) -> None:
    models = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "license": ["mit", "other"]})
    models.write_parquet(tmp_path / "m.parquet")
    models.write_csv(tmp_path / "m.csv")
    for name in ("m.parquet", "m.csv"):
        some = ossgeo.read_panel(FRAME, models=tmp_path / name)
        assert ossgeo.measure(some, where={"license": "mit"}).at()["CN"] == 1.0
    write(tmp_path, "bad.csv", "model_id,created_at\nQwen/a,soon\n")
    with pytest.raises(PanelError, match="cannot be read") as caught:
        ossgeo.read_panel(FRAME, models=tmp_path / "bad.csv")
    assert "bad.csv, row 2, column created_at: 'soon' is not an ISO 8601" in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"downloads_30d": ["1", "x"]}, "row 2, column downloads_30d: 'x' is not a whole number"),
        ({"model_id": [1, 2]}, "column model_id: 1 is not a model id"),
        ({"observed_at": [1, 2]}, "column observed_at: 1 is not an ISO 8601"),
        ({"observed_at": ["2025-01-31", "soon"]}, "soon"),
        ({"downloads_30d": [1.0, float("nan")]}, "has no number in 1 row(s)"),
        ({"downloads_30d": pl.Series([1, 2**63 + 5], dtype=pl.UInt64)}, "is above 2^63"),
        ({"observed_at": [JANUARY, None]}, "has no date in 1 row(s)"),
    ],
)
def test_a_frame_with_a_fault(columns: dict[str, Any], message: str) -> None:
    assert message in faults(FRAME.with_columns(**{name: pl.Series(values) for name, values in columns.items()}))


def test_a_frame_without_dates_or_ids() -> None:
    assert "has no column that says when" in faults(FRAME.drop("observed_at"))
    assert "has no column of model ids" in faults(FRAME.drop("model_id"))


@pytest.mark.parametrize(
    "at",
    [
        pl.Series(["2025-01-31", "2025-01-31T10:00:00Z"]),
        pl.Series([dt.datetime(2025, 1, 31, 23)] * 2),
        pl.Series([dt.datetime(2025, 1, 31, 23, tzinfo=dt.UTC)] * 2),
        pl.Series([dt.datetime(2025, 2, 1, 3)] * 2).dt.replace_time_zone("Asia/Tokyo"),
    ],
)
def test_every_kind_of_date(at: pl.Series) -> None:
    assert ossgeo.read_panel(FRAME.with_columns(observed_at=at)).periods == (JANUARY,)
    assert ossgeo.read_panel(FRAME.lazy().with_columns(period=at, observed_at=pl.lit(1))).periods == (JANUARY,)


@pytest.mark.parametrize("engine", ["polars", "duckdb", "eager", "parquet"])
@pytest.mark.parametrize("name", ["observed_at", "period"])
def test_dates_in_text_are_read_whole(engine: str, name: str, tmp_path: Path) -> None:
    def given(*texts: str | None) -> Any:
        frame = FRAME.drop("observed_at").with_columns(pl.Series(name, texts, dtype=pl.String))
        if engine == "parquet":
            frame.write_parquet(tmp_path / "p.parquet")
            return tmp_path / "p.parquet"
        native = duckdb.connect().from_arrow(frame.to_arrow()) if engine == "duckdb" else frame.lazy()
        return frame if engine == "eager" else native

    some = ossgeo.read_panel(given("2026-08-14T23:30:00-05:00", " 2026-08-15 09:00:00.5 "))
    assert some.periods == (dt.date(2026, 8, 15),)
    assert some.engine == ("duckdb" if engine == "duckdb" else "polars")
    assert ossgeo.measure(some).at()["CN"] == 0.25
    found = faults(given("2026-08-14 or so", "2026-08-14"))
    assert f"column {name}: '2026-08-14 or so' is not an ISO 8601 date or time, such as 2026-08-14T11:00:25Z" in found
    for nothing in ("", None):
        assert "has no date in 1 row(s)" in faults(given(nothing, "2026-08-14"))
    for texts in (("2026-08", "2026-08-14"), ("2026-08-14", "2026-08")):
        found = faults(given(*texts))
        assert f"column {name}: '2026-08' is a month and not a day; write the day of observation, such as" in found
        assert "or give date_format='%Y-%m' for the first day if all dates are months" in found


@pytest.mark.parametrize("engine", ["polars", "duckdb"])
def test_dates_in_text_are_those_of_a_csv(engine: str, tmp_path: Path) -> None:
    texts = ["2024-02-29", "2024-02-29T23:59:59.999999Z", "2024-12-31 23:59", "2024-12-31T23:59+00:00", "20250131", "2025-W05-5",
             "2025-01-31T00:30+0100", "2025-01-31T23:59:59-00:01", "2025-04-30T00:00:00,5", "2025-03-31t10:00"]  # fmt: skip
    wrong = ["2025-02-29", "2025-04-31", "2025-13-01T00:00:00Z", "2025-01-31T24:30:00Z", "2025-01-31\n", "2025-01-00 10:00Z",
             "2025-01-31T10:00:61Z", "0000-01-01", "2025-1-31", "31.12.2025", "2025-01-31T10:00:00Zulu"]  # fmt: skip
    for number, word in enumerate([*texts, *wrong]):
        rows = pl.DataFrame({"model_id": ["Qwen/a"], "observed_at": [word], "downloads_30d": [1]})
        rows.write_csv(tmp_path / "p.csv")
        native = duckdb.connect().from_arrow(rows.to_arrow()) if engine == "duckdb" else rows.lazy()
        said = []
        for source in (tmp_path / "p.csv", native):
            try:
                said.append(str(ossgeo.read_panel(source).periods))
            except PanelError as error:
                said.append(error.faults[0].problem)
        assert said[0] == said[1], (number, word)


def test_many_dates_in_text_that_are_none_are_counted() -> None:
    rows = pl.DataFrame({"id": ["Qwen/a"] * 8, "date": [f"{n}. May" for n in range(8)], "downloads_30d": [1] * 8})
    found = faults(rows)
    assert "column date: '4. May' is not an ISO 8601" in found
    assert "column date: 3 more values like these" in found


def test_instants_in_duckdb() -> None:
    frame = FRAME.with_columns(observed_at=pl.lit(dt.datetime(2025, 1, 31, 23, tzinfo=dt.UTC)))
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    relation = connection.from_arrow(frame.to_arrow())
    assert ossgeo.read_panel(relation).periods == (JANUARY,)


def test_ids_may_be_addresses_or_categories() -> None:
    urls = FRAME.with_columns(model_id=pl.lit("https://huggingface.co/") + pl.col("model_id"))
    assert ossgeo.measure(ossgeo.read_panel(urls.lazy())).at()["CN"] == 0.25
    categories = FRAME.with_columns(pl.col("model_id").cast(pl.Categorical))
    assert ossgeo.measure(ossgeo.read_panel(categories)).at()["CN"] == 0.25


def test_a_duckdb_relation_with_model_columns() -> None:
    relation = duckdb.connect().from_arrow(FRAME.with_columns(license=pl.lit("mit")).to_arrow())
    assert ossgeo.measure(ossgeo.read_panel(relation), where={"license": "mit"}).at()["CN"] == 0.25


def weeks(folder: Path, number: int = 40) -> list[dt.date]:
    days = [dt.date(2025, 1, 5) + dt.timedelta(weeks=week) for week in range(number)]
    for day in days:
        frame = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "downloads_30d": [1, 2], "junk": ["x" * 50] * 2})
        frame.with_columns(observed_at=pl.lit(day)).write_parquet(folder / f"{day}.parquet")
    return days


def test_of_many_files_only_the_columns_and_dates_asked_for_are_read(tmp_path: Path) -> None:
    days = weeks(tmp_path)
    panel = ossgeo.read_panel(tmp_path, start=days[10], end=days[12])
    assert panel.periods == tuple(days[10:13])
    plan = panel.rows.to_native().explain()
    assert "PROJECT 3/4 COLUMNS" in plan
    assert "SELECTION" in plan
    assert panel.fingerprint != ossgeo.read_panel(tmp_path).fingerprint
    by_file = ossgeo.read_panel(tmp_path, period_from="file", start=days[10], end=days[12])
    assert by_file.periods == tuple(days[10:13])
    assert str(days[9]) not in by_file.rows.to_native().explain()


def test_dates_asked_for_of_text_and_of_instants(tmp_path: Path) -> None:
    days = [dt.date(2025, 1, 5) + dt.timedelta(weeks=week) for week in range(4)]
    rows = pl.DataFrame({"model_id": ["Qwen/a"] * 4, "observed_at": days, "downloads_30d": [1] * 4})
    rows.write_csv(tmp_path / "p.csv")
    assert ossgeo.read_panel(tmp_path / "p.csv", start=days[1], end=days[2]).periods == tuple(days[1:3])
    for zone in (None, "UTC", "Asia/Shanghai"):
        at = pl.col("observed_at").cast(pl.Datetime("us")) + pl.duration(hours=20)
        instants = rows.with_columns(at.dt.replace_time_zone("UTC").dt.convert_time_zone(zone or "UTC") if zone else at)
        assert ossgeo.read_panel(instants, start=days[1], end=days[2]).periods == tuple(days[1:3])


def test_partitions_are_columns(tmp_path: Path) -> None:
    for day in ("2025-01-05", "2025-01-12"):
        folder = tmp_path / f"observed_at={day}"
        folder.mkdir()
        pl.DataFrame({"model_id": ["Qwen/a"], "downloads_30d": [1]}).write_parquet(folder / "part.parquet")
    for engine in ("polars", "duckdb"):
        panel = ossgeo.read_panel(tmp_path, engine=engine)
        assert panel.periods == (dt.date(2025, 1, 5), dt.date(2025, 1, 12))


def test_a_file_of_several_days_among_files_of_one_is_warned_of(tmp_path: Path) -> None:
    head = "model_id,date,downloads_30d\n"
    for day in ("2026-01-07", "2026-02-07", "2026-03-07"):
        later = "google/b,2026-03-08,2\n" if day == "2026-03-07" else ""
        (tmp_path / f"hub_{day}.csv").write_text(f"{head}Qwen/a,{day},1\n{later}")
    text = r"hub_2026-03-07\.csv: holds rows of 2026-03-07, 2026-03-08, which are 2 periods; .*period_from='file'"
    with pytest.warns(OssgeoWarning, match=text):
        assert len(ossgeo.read_panel(tmp_path).periods) == 4
    assert len(ossgeo.read_panel(tmp_path, period_from="file").periods) == 3


def test_a_column_of_json_objects_is_named_if_the_columns_are_in_it(tmp_path: Path) -> None:
    cells = pl.DataFrame({"n": [1], "other": ['{"x": 1}'], "metadata": ['{"id": "Qwen/a", "downloads": 1200}']})
    with pytest.raises(
        PanelError, match=r"column metadata holds JSON objects \(expand='metadata' makes columns of their keys\)"
    ):
        ossgeo.read_panel(cells)
    cells.write_csv(tmp_path / "x.csv")
    with pytest.raises(PanelError, match="column metadata holds JSON objects"):
        ossgeo.read_panel(tmp_path / "x.csv")
    assert len(ossgeo.read_panel(cells, expand="metadata", counter="downloads_30d", period_from="2026-08-22")) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_in_a_folder_are_followed_and_never_passed_over(tmp_path: Path) -> None:
    for number, place in enumerate(("data", "elsewhere", "elsewhere/deep"), 1):
        (tmp_path / place).mkdir()
        row = f"Qwen/a,2025-0{number}-01,{number}\n"
        (tmp_path / place / "p.csv").write_text(f"model_id,observed_at,downloads_30d\n{row}", encoding="utf-8")
    data = tmp_path / "data"
    (data / "more").symlink_to(tmp_path / "elsewhere")
    (data / "again").symlink_to(tmp_path / "elsewhere" / "deep")
    (data / "up").symlink_to(tmp_path)
    (data / "itself").symlink_to(data)
    assert sorted(ossgeo.read_panel(data).to_polars()["downloads_30d"]) == [1, 2, 3]
    (data / "q.csv").symlink_to(tmp_path / "none.csv")
    with pytest.raises(SourceUnavailableError, match=r"q\.csv is a link to a file that does not exist"):
        ossgeo.read_panel(data)
    (data / "q.csv").unlink()
    with pytest.raises(
        InvalidArgumentError, match=r"pattern must be relative to the folder, such as '\*\.csv', got '/e"
    ):
        ossgeo.read_panel(data, pattern="/etc/*")


def test_days_and_months_in_one_read_are_an_error_with_place_value_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("model_id,date,downloads_30d\nQwen/a,2026-08-14,5\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("model_id,date,downloads_30d\nQwen/a,2026-09,6\n", encoding="utf-8")
    assert "b.csv, row 2, column date: '2026-09' is a month and not a day" in faults(tmp_path)
    with pytest.raises(
        PanelError, match=r"'2026-08-14' does not match date_format='%Y-%m'; correct the format, or write all"
    ):
        ossgeo.read_panel(tmp_path, date_format="%Y-%m")
    wide = pl.DataFrame({"model_id": ["Qwen/a"], "2026-08-14": [5], "2026-09": [6]})
    assert "or wide='*' if the columns are dates" in faults(wide)
    with pytest.raises(PanelError, match="'2026-09' is a month and not a day"):
        ossgeo.read_panel(wide, wide="*", counter="downloads_30d")


def test_a_path_that_does_not_exist_has_near_names(tmp_path: Path) -> None:
    (tmp_path / "hub_monthly").mkdir()
    with pytest.raises(SourceUnavailableError, match=r"hub_montly does not exist; did you mean 'hub_monthly'\?"):
        ossgeo.read_panel(tmp_path / "hub_montly")
    with pytest.raises(SourceUnavailableError, match=r"x\.csv does not exist$"):
        ossgeo.read_panel(tmp_path / "none" / "x.csv")


def test_a_damaged_file_and_seconds_as_dates_have_their_remedies(tmp_path: Path) -> None:
    file = tmp_path / "p.parquet"
    file.write_bytes(b"nope")
    with pytest.raises(PanelError, match=r"p\.parquet cannot be read\n  - p\.parquet: is not a whole Parquet file"):
        ossgeo.read_panel(file)
    seconds = pl.DataFrame({"model_id": ["Qwen/a"], "date": [1_735_689_600], "downloads_30d": [5]})
    assert "give date_format='unix' for seconds since 1970" in faults(seconds)
    assert ossgeo.read_panel(seconds, date_format="unix").periods == (dt.date(2025, 1, 1),)
