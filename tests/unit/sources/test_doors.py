"""The same rows through every kind of source give the same panel."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from huggingface_hub.errors import HFValidationError
from huggingface_hub.utils import validate_repo_id

import ossgeo
from ossgeo.errors import EngineError, InvalidArgumentError, OssgeoWarning, PanelError
from ossgeo.sources._files import values

DAYS = ("2025-01-31", "2025-02-28")
TEXT = [
    {
        "id": f"https://huggingface.co/{('Qwen', 'google', 'mistralai')[n % 3]}/m{n}" if n % 5 == 0 else
        f"{('Qwen', 'google', 'mistralai')[n % 3]}/m{n}",
        "date": day,
        "downloadsAllTime": str(1000 * n + 10 * number),
        "createdAt": f"2024-01-{n % 28 + 1:02}T10:00:00.000Z",
        "tags": f"['gguf', 'base_model:quantized:Qwen/m{n // 2}']" if n % 4 else "",
        "license": ("mit", "NA", "apache-2.0")[n % 3],
        "likes": str(n) if n % 2 else "",
    }
    for number, day in enumerate(DAYS)
    for n in range(100)
]  # fmt: skip
COLUMNS = list(TEXT[0])
JSON = [
    {
        **row,
        "downloadsAllTime": int(row["downloadsAllTime"]),
        "tags": [word.strip("' ") for word in row["tags"][1:-1].split(",")] if row["tags"] else None,
        "likes": int(row["likes"]) if row["likes"] else None,
    }
    for row in TEXT
]
FRAME = pl.DataFrame(JSON, infer_schema_length=None)


def delimited(separator: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        file = folder / f"p.{'tsv' if separator == chr(9) else 'csv'}"
        pl.DataFrame(TEXT).write_csv(file, separator=separator)
        return file

    return write


def document(value: Any, name: str = "p.json") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        text = value if isinstance(value, str) else json.dumps(value)
        file = folder / name
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return file

    return write


def parquet(folder: Path) -> Path:
    FRAME.write_parquet(folder / "p.parquet")
    return folder / "p.parquet"


def parts(folder: Path) -> Path:
    first = FRAME.head(100).with_columns(pl.col("date").str.to_date(), pl.col("downloadsAllTime").cast(pl.Int32))
    first.write_parquet(folder / "a.parquet")
    last = FRAME.tail(100).with_columns(
        pl.col("downloadsAllTime").cast(pl.Float64).alias("downloads_all_time"),
        pl.col("date").str.to_datetime(time_unit="ms"),
    )
    last.drop("downloadsAllTime").write_parquet(folder / "b.parquet")
    (folder / ".ipynb_checkpoints").mkdir()
    FRAME.write_parquet(folder / ".ipynb_checkpoints" / "a-checkpoint.parquet")
    FRAME.write_parquet(folder / "_a.parquet")
    return folder


def excel(folder: Path) -> Path:
    pytest.importorskip("fastexcel")
    writer = pytest.importorskip("xlsxwriter")
    book = writer.Workbook(str(folder / "p.xlsx"))
    sheet = book.add_worksheet()
    for number, row in enumerate([COLUMNS, *([row[name] for name in COLUMNS] for row in TEXT)]):
        sheet.write_row(number, 0, row)
    book.close()
    return folder / "p.xlsx"


class Capsule:
    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return FRAME.__arrow_c_stream__(requested_schema)


LINES = "\n".join(map(json.dumps, JSON))
DOORS: dict[str, Callable[[Path], Any]] = {
    "comma": delimited(","),
    "tab": delimited("\t"),
    "semicolon": delimited(";"),
    "list": document(JSON),
    "columns": document({name: [row[name] for row in JSON] for name in COLUMNS}),
    "columns by row": document({name: {str(n): row[name] for n, row in enumerate(JSON)} for name in COLUMNS}),
    "split": document({"columns": COLUMNS, "index": [], "data": [[row[name] for name in COLUMNS] for row in JSON]}),
    "keyed": document({f"row {n}": row for n, row in enumerate(JSON)}),
    "lines": document(LINES, "p.jsonl"),
    "lines named json": document(LINES),
    "gzip": document(LINES, "p.jsonl.gz"),
    "parquet": parquet,
    "parquet with other types": parts,
    "excel": excel,
    "polars": lambda _: FRAME,
    "polars of text": lambda _: pl.DataFrame(TEXT),
    "lazy": lambda _: FRAME.lazy(),
    "lazy text": lambda _: pl.DataFrame(TEXT).lazy(),
    "pandas": lambda _: FRAME.to_pandas(),
    "pyarrow": lambda _: FRAME.to_arrow(),
    "duckdb": lambda _: duckdb.connect().from_arrow(FRAME.to_arrow()),
    "capsule": lambda _: Capsule(),
}


def seen(panel: ossgeo.Panel) -> tuple[Any, ...]:
    columns = ["model_id", "namespace", "created_at", "license", "likes", "base_models", "tags"]
    models = panel.models.select(columns).sort("model_id").collect().to_dicts()
    rows = panel.to_polars().select("model_id", "period", "downloads_all_time").sort("period", "model_id").rows()
    return models, rows, panel.scope


@pytest.mark.parametrize("door", DOORS)
def test_the_same_rows_give_the_same_panel(door: str, tmp_path: Path) -> None:
    panel = ossgeo.read_panel(DOORS[door](tmp_path))
    assert seen(panel) == seen(ossgeo.read_panel(FRAME))
    first = panel.models.filter(pl.col("model_id") == "google/m1").collect().row(0, named=True)
    assert first["base_models"] == [{"relation": "quantized", "model_id": "Qwen/m0"}]
    assert (first["license"], first["created_at"].day) == (None, 2)
    table = ossgeo.measure(panel, attribution="root")
    assert table.to_polars().equals(ossgeo.measure(ossgeo.read_panel(FRAME), attribution="root").to_polars())


@pytest.mark.parametrize("door", [door for door in DOORS if door != "parquet with other types"])
def test_models_are_read_as_panels_are(door: str, tmp_path: Path) -> None:
    counters = FRAME.select("id", "date", "downloadsAllTime")
    panel = ossgeo.read_panel(counters, models=DOORS[door](tmp_path))
    some = panel.models.unique("model_id", keep="last").sort("model_id").collect()
    whole = ossgeo.read_panel(FRAME).models.sort("model_id").collect()
    assert some.select(sorted(some.columns)).equals(whole.select(sorted(whole.columns)))


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("['a', 'b']", ["a", "b"]),
        ('["a", "b"]', ["a", "b"]),
        ("a|b", ["a", "b"]),
        ("a; b", ["a", "b"]),
        ("['a' 'b']", None),
        ("['a', ...]", None),
        ("['a', 'b'", None),
        ("a, b", None),
        ("a", ["a"]),
    ],
)
def test_lists_in_cells(cell: str, expected: list[str] | None) -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "date": ["2025-01-31"], "downloads_30d": [1], "tags": [cell]})
    for source in (frame, frame.lazy()):
        if expected is None:
            with pytest.raises(PanelError, match="cannot be used"):
                ossgeo.read_panel(source)
        else:
            assert ossgeo.read_panel(source).models.collect()["tags"].to_list() == [expected]


@pytest.mark.parametrize(
    "text",
    ["gpt2", "Qwen/Qwen3-8B", "a/b/c", "Qwen/a--b", "Qwen/a..b", "Qwen/a.git", "-a/b", "a/b-", "a/.b", "a b", "a@b",
     "Qwen/a?x=1", "Qwen/a:latest", "x" * 96, "x" * 97, "_a/_b", "a/b_", ""],
)  # fmt: skip
def test_ids_are_those_of_huggingface_hub(text: str) -> None:
    def accepted(check: Callable[[str], object]) -> bool:
        try:
            check(text)
        except (ValueError, HFValidationError):
            return False
        return True

    assert accepted(values.model_id) == (accepted(validate_repo_id) and bool(text))


def test_optional_columns_and_ignored_ones(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text("id,date,downloads_30d,parameters,createdAt\nQwen/a,2025-01-31,1,many,soon\n")
    with pytest.raises(PanelError, match="cannot be read") as caught:
        ossgeo.read_panel(file)
    assert "ignore=['createdAt']" in str(caught.value)
    panel = ossgeo.read_panel(file, ignore=["createdAt"])
    assert panel.scope == "1 unreadable value(s) of parameters are null"
    with pytest.raises(PanelError, match="cannot be read"):
        ossgeo.read_panel(file, ignore=["createdAt"], columns={"parameters": "parameters"})
    with pytest.raises(InvalidArgumentError, match="must be a list"):
        ossgeo.read_panel(file, ignore="createdAt")


def test_datasets_and_spaces_are_left_out() -> None:
    ids = ["Qwen/a", "https://huggingface.co/datasets/Qwen/b", "https://hf.co/spaces/google/c"]
    frame = pl.DataFrame({"id": ids, "date": ["2025-01-31"] * 3, "downloads_30d": [1, 2, 3]})
    for source in (frame, frame.lazy()):
        panel = ossgeo.read_panel(source)
        assert panel.to_polars()["model_id"].to_list() == ["Qwen/a"]
        assert panel.scope == "2 row(s) of datasets or spaces were left out"


@pytest.mark.parametrize(
    ("name", "date_format", "expected"),
    [
        ("hub_13-01-2025.csv", "%d-%m-%Y", "2025-01-13"),
        ("hub_2026_08_14.csv", "%Y_%m_%d", "2026-08-14"),
        ("hub_2026.08.csv", "%Y.%m", "2026-08-01"),
        ("1755129600.csv", "unix", "2025-08-14"),
        ("0fce0bf8-0ac7-49a7-89e0-20250101cd00_20250102.csv", None, "2025-01-02"),
        ("2025-01-02_2025-01-03.csv", None, None),
        ("hub.csv", None, None),
    ],
)
def test_dates_in_file_names(name: str, date_format: str | None, expected: str | None, tmp_path: Path) -> None:
    folder = tmp_path / "project-20240101"
    folder.mkdir()
    (folder / name).write_text("id,downloads_30d\nQwen/a,1\n")
    if expected is None:
        with pytest.raises(PanelError, match="cannot be read"):
            ossgeo.read_panel(folder, period_from="file", date_format=date_format)
    else:
        panel = ossgeo.read_panel(folder, period_from="file", date_format=date_format)
        assert panel.periods == (dt.date.fromisoformat(expected),)


@pytest.mark.parametrize(
    ("value", "date_format"),
    [("31-12-2025", "%d-%m-%Y"), ("20251231", "%Y%m%d"), (20251231, "%Y%m%d"), (1767139200, "unix"),
     (1767139200000, "unix_ms")],
)  # fmt: skip
def test_dates_in_columns(value: Any, date_format: str) -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "date": [value], "downloads_30d": [1]})
    for source in (frame, frame.lazy()):
        assert ossgeo.read_panel(source, date_format=date_format).periods == (dt.date(2025, 12, 31),)


def test_wide_tables_and_expanded_columns() -> None:
    by_date = pl.DataFrame({"id": ["Qwen/a", "google/b"], "2025-01-31": [1, None], "2025-02-28": [3, 4]})
    by_model = pl.DataFrame({"date": ["2025-01-31", "2025-02-28"], "Qwen/a": [1, 3], "google/b": [None, 4]})
    for frame in (by_date, by_model):
        rows = ossgeo.read_panel(frame, wide="*", counter="downloads_30d").to_polars().sort("period", "model_id")
        assert rows.select("model_id", "downloads_30d").rows() == [("Qwen/a", 1), ("Qwen/a", 3), ("google/b", 4)]
    cells = ['{"date": "2025-01-31", "downloads_30d": 5, "tags": ["base_model:google/b"]}']
    panel = ossgeo.read_panel(pl.DataFrame({"model_id": ["Qwen/a"], "facts": cells}), expand="facts")
    assert panel.to_polars()["downloads_30d"].to_list() == [5]
    assert panel.models.collect()["base_models"][0].to_list() == [{"relation": "unspecified", "model_id": "google/b"}]


def test_a_counter_without_values_is_not_a_counter() -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "date": ["2025-01-31"], "downloads_30d": [1]})
    frame = frame.with_columns(downloads_all_time=pl.lit(None, pl.Int64))
    for source in (frame, frame.lazy()):
        assert ossgeo.read_panel(source).counter.column == "downloads_30d"


def test_paths_are_not_patterns(tmp_path: Path) -> None:
    for name, count in (("data1.csv", 1), ("data[1].csv", 2)):
        (tmp_path / name).write_text(f"id,date,downloads_30d\nQwen/a,2025-01-31,{count}\n")
    assert ossgeo.read_panel(tmp_path / "data[1].csv").to_polars()["downloads_30d"].to_list() == [2]


def test_json_lines_end_at_newlines_only(tmp_path: Path) -> None:
    row = {"id": "Qwen/a", "date": "2025-01-31", "downloads_30d": 1, "license": "a\u2028b"}
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert ossgeo.read_panel(file).models.collect()["license"].to_list() == ["a\u2028b"]


def test_a_list_of_models_may_have_any_ids() -> None:
    frame = pl.DataFrame({"name": ["Grok 4 Heavy", "https://hf.co/Qwen/a"], "published": ["2025-07-09", "2025-07-10"]})
    models = ossgeo.read_models(frame, columns={"name": "model_id", "published": "created_at"})
    assert models["model_id"].to_list() == ["Grok 4 Heavy", "Qwen/a"]
    assert models["created_at"].dt.day().to_list() == [9, 10]


@pytest.mark.parametrize(
    ("column", "cells"),
    [("repo_type", ["model", "dataset"]), ("url", ["", "https://huggingface.co/datasets/google/b"])],
)
def test_columns_that_name_other_repositories_count_for_every_source(
    column: str, cells: list[str], tmp_path: Path
) -> None:
    frame = pl.DataFrame({"id": ["Qwen/a", "google/b"], "date": "2025-01-31", "downloads_30d": [1, 2], column: cells})
    frame.write_parquet(tmp_path / "p.parquet")
    for source in (frame, frame.lazy(), tmp_path / "p.parquet", duckdb.connect().from_arrow(frame.to_arrow())):
        panel = ossgeo.read_panel(source)
        assert panel.to_polars()["model_id"].to_list() == ["Qwen/a"]
        assert panel.scope == "1 row(s) of datasets or spaces were left out"


def test_blanks_around_ids_are_removed() -> None:
    frame = pl.DataFrame({"id": [" Qwen/a ", "google/b"], "date": "2025-01-31", "downloads_30d": [1, 2]})
    for source in (frame, frame.lazy()):
        rows = ossgeo.read_panel(source).to_polars()
        assert sorted(rows["model_id"]) == ["Qwen/a", "google/b"]  # a lazy frame's joins keep no order


def test_indexes_and_periods_of_pandas_are_named() -> None:
    pd = pytest.importorskip("pandas")
    indexed = pd.DataFrame({"id": ["a/b"], "downloads_30d": [1]}, index=pd.DatetimeIndex(["2025-01-01"], name="date"))
    with pytest.raises(PanelError) as caught:
        ossgeo.read_panel(indexed)
    assert "has the index 'date', which is not a column (give frame.reset_index())" in str(caught.value)
    periods = pd.DataFrame({"id": ["a/b"], "date": pd.PeriodIndex(["2025-01"], freq="M"), "downloads_30d": [1]})
    with pytest.raises(PanelError, match=r"frame\['date'\]\.dt\.to_timestamp"):
        ossgeo.read_panel(periods)


def test_a_column_without_values_has_no_type() -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "date": ["2025-01-31"], "downloads_30d": [1], "license": [None]})
    for source in (frame, frame.to_arrow(), frame.to_pandas()):
        assert ossgeo.read_panel(source).models.collect()["license"].to_list() == [None]


def test_an_author_that_contradicts_the_id_is_an_issue() -> None:
    frame = pl.DataFrame({"id": ["Qwen/a"], "author": ["google"], "date": ["2025-01-31"], "downloads_30d": [1]})
    issue = ossgeo.read_panel(frame).check()["author_differs"]
    assert (issue.count, issue.examples) == (1, ("Qwen/a by google",))


def test_a_file_has_a_limit_of_columns(tmp_path: Path) -> None:
    file = tmp_path / "p.csv"
    file.write_text(",".join(f"c{n}" for n in range(50_001)) + "\n")
    with pytest.raises(PanelError) as caught:
        ossgeo.read_panel(file)
    assert "has 50,001 columns, more than 50,000" in str(caught.value)


WEEK = {"id": ["Qwen/a", "google/b"], "date": [dt.date(2026, 1, 1)] * 2, "downloads_30d": [3, 1], "likes": [7, 8]}
DRIFTS: dict[str, list[Any]] = {
    "a count written as a fraction": [pl.col("downloads_30d").cast(pl.Float64)],
    "a count written as text": [pl.col("downloads_30d").cast(pl.String)],
    "a smaller whole number": [pl.col("downloads_30d").cast(pl.Int32)],
    "an instant in a zone": [pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")],
    "milliseconds": [pl.col("date").cast(pl.Datetime("ms"))],
    "a date written as text": [pl.col("date").cast(pl.String)],
    "a category": [pl.col("id").cast(pl.Categorical)],
    "a renamed counter": [pl.col("downloads_30d").alias("downloads_last_month")],
    "a renamed id": [pl.col("id").alias("model_id")],
    "an optional column of another type": [pl.col("likes").cast(pl.String)],
}


def drifting_files(folder: Path, drift: list[Any]) -> list[tuple[str, str, float]]:
    """Write two weekly files, of which the second has other types or names; return the rows of both."""
    first = pl.DataFrame(WEEK)
    second = first.with_columns(date=pl.lit(dt.date(2026, 1, 8)), downloads_30d=pl.col("downloads_30d") + 1)
    left_out = [name for name in second.columns if any(name in one.meta.root_names() for one in drift)]
    first.write_parquet(folder / "2026-01-01.parquet")
    second.select(*(name for name in second.columns if name not in left_out), *drift).write_parquet(
        folder / "2026-01-08.parquet"
    )
    rows = pl.concat([first, second]).select(
        pl.col("date").cast(pl.String), "id", pl.col("downloads_30d").cast(pl.Float64)
    )
    return rows.rows()


def measured(panel: ossgeo.Panel) -> list[tuple[str, str, float]]:
    table = ossgeo.measure(panel, by="model").to_polars().sort("period", "model")
    return table.select(pl.col("period").cast(pl.String), "model", "value").rows()


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize("engine", ["polars", "duckdb"])
@pytest.mark.parametrize("drift", DRIFTS)
def test_files_are_normalized_before_they_are_joined(drift: str, engine: Any, by_file: bool, tmp_path: Path) -> None:
    rows = drifting_files(tmp_path, DRIFTS[drift])
    panel = ossgeo.read_panel(tmp_path, engine=engine, period_from="file" if by_file else None)
    assert measured(panel) == rows
    assert panel.models.collect().sort("model_id")["likes"].to_list() == [7, 8]


GIVEN = {
    "id": ["Qwen/a", "google/b"],
    "createdAt": ["2025-01-01T00:00:00Z", "2025-02-01"],
    "tags": ["['base_model:google/b']", ""],
    "license": ["mit", "NA"],
}


@pytest.mark.parametrize(
    "form", ["polars", "lazy", "pandas", "pyarrow", "duckdb", "capsule", "csv", "parquet", "json", "panel"]
)
def test_tables_of_models_have_the_normalization_of_every_source(form: str, tmp_path: Path) -> None:
    table = pl.DataFrame(GIVEN)
    sent = table.to_arrow()
    given: Any = {"polars": table, "lazy": table.lazy(), "pandas": table.to_pandas(), "pyarrow": sent}.get(form)
    if form == "duckdb":
        given = duckdb.sql("select * from sent")
    elif form == "capsule":
        given = type("Stream", (), {"__arrow_c_stream__": lambda _, schema=None: sent.__arrow_c_stream__(schema)})()
    elif form in ("csv", "parquet", "json"):
        given = tmp_path / f"models.{form}"
        getattr(table, f"write_{form}")(given)
    counts = pl.DataFrame({"id": GIVEN["id"], "date": ["2026-01-01"] * 2, "downloads_30d": [3, 1]})
    panel = ossgeo.read_panel(counts)
    if form == "panel":
        given = ossgeo.read_panel(counts, models=table)
    assert ossgeo.measure(panel, models=given, attribution="root").at()["US"] == 1.0
    assert ossgeo.measure(panel, models=given, where={"license": "mit"}, age_cap="730d").at()["CN"] == 1.0
    assert "google/b" in str(ossgeo.explain("Qwen/a", on="2026-01-01", attribution="root", models=given))
    assert ossgeo.inventory(["Qwen/a"], models=given).to_polars()["license"].to_list() == ["mit"]


def test_categories_as_ids_of_given_models_are_text() -> None:
    counts = pl.DataFrame({"id": ["Qwen/a", "google/b"], "date": ["2026-01-01"] * 2, "downloads_30d": [3, 1]})
    models = pl.DataFrame({"model_id": pl.Series(["Qwen/a"], dtype=pl.Categorical), "license": ["mit"]})
    assert ossgeo.measure(ossgeo.read_panel(counts), models=models, where={"license": "mit"}).at()["CN"] == 1.0


@pytest.mark.parametrize(("form", "engine"), [("csv", None), ("parquet", None), ("parquet", "duckdb")])
def test_the_error_for_duplicates_names_both_files(form: str, engine: Any, tmp_path: Path) -> None:
    for name, day in (("a", 1), ("b", 8), ("c", 8)):
        rows = {"id": ["Qwen/a", f"google/{name}"], "date": [dt.date(2026, 1, day)] * 2, "downloads_30d": [1, 2]}
        getattr(pl.DataFrame(rows), f"write_{form}")(tmp_path / f"{name}.{form}")
    panel = ossgeo.read_panel(tmp_path, engine=engine)
    with pytest.raises(PanelError, match=rf"for example Qwen/a at 2026-01-08 in b\.{form} and c\.{form}"):
        ossgeo.measure(panel)


def test_unreadable_values_of_models_are_counted() -> None:
    listed = pl.DataFrame({"name": ["Qwen/a", "b"], "license": ["[mit, apache-2.0]", "mit"], "likes": ["many", "3"]})
    with pytest.warns(ossgeo.errors.OssgeoWarning, match="1 unreadable value.* of license are null; 1 unrea.* likes"):
        found = ossgeo.read_models(listed, columns={"name": "model_id"})
    assert found.select("license", "likes").rows() == [(None, None), ("mit", 3)]


WIDE = {"model_id": ["Qwen/a", "google/b"], "observed_at": ["2025-01-31"] * 2}
MAKERS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "eager": lambda frame: frame,
    "lazy": lambda frame: frame.lazy(),
    "duckdb": lambda frame: duckdb.connect().from_arrow(frame.to_arrow()),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("kind", [pl.UInt64, pl.Float64])
def test_a_count_above_64_bits_is_one_fault_of_every_door(make: Callable[[pl.DataFrame], Any], kind: Any) -> None:
    frame = pl.DataFrame(WIDE).with_columns(downloads_30d=pl.Series([2**64 - 2048, 1], dtype=kind))
    with pytest.raises(PanelError, match=r"column downloads_30d: 1[\d.e+]+ is above 2\^63, more than any counter"):
        ossgeo.read_panel(make(frame))


def test_sums_of_duckdb_are_counts() -> None:
    query = "select 'Qwen/a' as model_id, date '2025-01-31' as observed_at, sum({}::hugeint) as downloads_30d"
    panel = ossgeo.read_panel(duckdb.sql(query.format("5")))
    assert panel.to_polars()["downloads_30d"].to_list() == [5]
    with pytest.raises(PanelError, match=r"is above 2\^63, more than any counter"):
        ossgeo.read_panel(duckdb.sql(query.format(2**126)))


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_counts_whose_sum_exceeds_64_bits_are_summed(make: Callable[[pl.DataFrame], Any]) -> None:
    ids = [*(f"Qwen/{n}" for n in range(5)), "google/a", *(f"nowhere-{n}/a" for n in range(4))]
    frame = pl.DataFrame({"model_id": ids, "date": "2025-01-31", "tokens_per_7d": [2**62] * 10})
    shares = ossgeo.measure(ossgeo.read_panel(make(frame), counter="tokens_per_7d")).at()
    assert shares == pytest.approx({"CN": 0.5, "unreviewed": 0.4, "US": 0.1})


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_counts_that_are_too_large_for_sums_are_named(make: Callable[[pl.DataFrame], Any]) -> None:
    frame = pl.DataFrame({**WIDE, "downloads_30d": [2**62, 2**62]})
    with pytest.raises(PanelError, match=r"is above 1,000,000,000,000 in 2 row\(s\)"):
        ossgeo.measure(ossgeo.read_panel(make(frame)))


@pytest.mark.parametrize(
    "frame", [FRAME.clear(), FRAME.head(1).with_columns(id=pl.lit("https://huggingface.co/datasets/a/b"))]
)
def test_a_frame_without_rows_of_models_is_one_fault(frame: pl.DataFrame) -> None:
    with pytest.raises(PanelError) as caught:
        ossgeo.read_panel(frame)
    assert [str(fault) for fault in caught.value.faults] == [
        "the dataframe: holds no row of a model (an empty source is not a snapshot)"
    ]


def test_a_count_above_64_bits_in_a_workbook_is_named(tmp_path: Path) -> None:
    writer = pytest.importorskip("xlsxwriter")
    pytest.importorskip("fastexcel")
    book = writer.Workbook(str(tmp_path / "p.xlsx"))
    for number, row in enumerate([["id", "date", "downloads_30d"], ["Qwen/a", "2025-01-31", 2**63]]):
        (book.worksheets() or [book.add_worksheet()])[0].write_row(number, 0, row)
    book.close()
    with pytest.raises(PanelError, match=r"p.xlsx: holds a number that is above 2\^63, more than any counter"):
        ossgeo.read_panel(tmp_path / "p.xlsx")


INTERVALS = pl.DataFrame({
    "model": ["Qwen/a", "google/b"], "start": "2025-06-01", "end": "2025-06-30", "downloads": [100, 300],
})  # fmt: skip


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize("counter", ["downloads_per_interval", "downloads_per_30d"])
def test_intervals_whose_days_are_text(make: Callable[[pl.DataFrame], Any], counter: str) -> None:
    for frame in (INTERVALS, INTERVALS.with_columns(pl.col("start", "end").str.to_date())):
        assert ossgeo.measure(ossgeo.read_panel(make(frame), counter=counter)).at() == {"US": 0.75, "CN": 0.25}
    days = INTERVALS.drop("end")
    panel = ossgeo.read_panel(make(days), counter="downloads_per_30d")
    assert panel.periods == (dt.date(2025, 6, 30),)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_interval_without_a_first_day_is_a_fault(make: Callable[[pl.DataFrame], Any]) -> None:
    frame = INTERVALS.with_columns(start=pl.Series(["2025-06-01", None]))
    with pytest.raises(
        PanelError, match=r"column start: has no date in 1 row\(s\) \(give the first day of each interval\)"
    ):
        ossgeo.read_panel(make(frame), counter="downloads_per_interval")
    assert len(ossgeo.read_panel(make(frame), counter="downloads_per_30d")) == 2, "the length is known"


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_namibia_is_a_country_of_every_door(make: Callable[[pl.DataFrame], Any]) -> None:
    frame = pl.DataFrame({
        "model_id": "Qwen/a", "date": "2025-01-31", "requests_per_1d": [1, 2, 3], "user_country": ["NA", "n/a", "FR"],
        "app": ["NA", "chat", " "],
    })  # fmt: skip
    panel = ossgeo.read_panel(make(frame), counter="requests_per_1d", dimensions=["user_country", "app"])
    values = {name: dict(ossgeo.measure(panel, by=name).to_polars().select(name, "value").iter_rows())
              for name in ("user_country", "app")}  # fmt: skip
    assert values == {"user_country": {"NA": 1, "unknown": 2, "FR": 3}, "app": {"unknown": 4, "chat": 2}}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_counter_is_never_to_be_left_out(make: Callable[[pl.DataFrame], Any]) -> None:
    counter = ossgeo.Counter("tokens", kind="interval", days=7, unit="share")
    frame = pl.DataFrame({"model_id": ["Qwen/a"], "date": ["2025-01-31"], "tokens": ["20%"]})
    with pytest.raises(PanelError, match=r"column tokens: '20%' is not a number$"):
        ossgeo.read_panel(make(frame), counter=counter)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@pytest.mark.parametrize(
    ("date_format", "days"), [("unix", [1738367999.75, 1738281600.0]), ("%Y%m%d", [20250131.0] * 2)]
)
def test_numbers_are_dates_by_their_format(
    make: Callable[[pl.DataFrame], Any], date_format: str, days: list[float]
) -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": days, "downloads_30d": [1, 3]})
    assert ossgeo.read_panel(make(frame), date_format=date_format).periods == (dt.date(2025, 1, 31),)


def test_columns_of_pandas(tmp_path: Path) -> None:
    frame = pl.DataFrame({**WIDE, "downloads_30d": [1, 3]}).to_pandas()
    unnamed = frame.set_axis([0, 1, 2], axis=1)
    named = {0: "model_id", 1: "observed_at", 2: "downloads_30d"}
    assert ossgeo.read_panel(unnamed, columns=named).to_polars()["downloads_30d"].to_list() == [1, 3]  # type: ignore[arg-type]
    sums = frame.groupby(["model_id", "observed_at"])["downloads_30d"].sum()
    for column in (sums, pl.Series("downloads_30d", [1])):
        with pytest.raises(EngineError, match=r"got Series; give source\.to_frame\(\)"):
            ossgeo.read_panel(column)
    assert len(ossgeo.read_panel(sums.to_frame().reset_index())) == 2


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_two_columns_are_never_one(make: Callable[[pl.DataFrame], Any]) -> None:
    frame = pl.DataFrame({**WIDE, "a": [1, 3], "b": [9, 9]})
    with pytest.raises(PanelError, match="columns: 'a' and 'b' are both 'downloads_30d' \\(name one of them\\)"):
        ossgeo.read_panel(make(frame), columns={"a": "downloads_30d", "b": "downloads_30d"})
    with pytest.raises(PanelError, match="'a' and 'b' are both 'tokens_per_7d'"):
        ossgeo.read_panel(make(frame), columns={"a": "tokens", "b": "tokens_per_7d"}, counter="tokens_per_7d")


def test_facts_about_models_may_come_from_a_store_or_a_panel(tmp_path: Path) -> None:
    rows = pl.DataFrame({**WIDE, "downloads_30d": [1, 3]})
    facts = rows.with_columns(license=pl.Series(["mit", "other"]), observed_at=pl.lit(dt.datetime(2025, 1, 31)))
    ossgeo.sources.SnapshotStore(tmp_path).add(facts)
    for models in (tmp_path, str(tmp_path), ossgeo.read_panel(facts)):
        table = ossgeo.measure(ossgeo.read_panel(rows, models=models), where={"license": "mit"})
        assert table.at() == {"CN": 1.0}
        assert ossgeo.measure(ossgeo.read_panel(rows), models=models, where={"license": "mit"}).at() == {"CN": 1.0}


def test_rows_of_one_model_that_differ_are_told() -> None:
    rows = pl.DataFrame({**WIDE, "downloads_30d": [1, 3]})
    models = pl.DataFrame({
        "model_id": ["Qwen/a", "google/b", "Qwen/a", "google/b"], "license": ["mit", "mit", "other", "mit"],
        "base_models": [["x/y"], [], ["x/y"], []],
    })  # fmt: skip
    panel = ossgeo.read_panel(rows, models=models)
    with pytest.warns(
        OssgeoWarning, match=r"rows that differ for 1 model, such as Qwen/a: the last row of a model counts"
    ):
        assert ossgeo.measure(panel, where={"license": "mit"}).at() == {"US": 1.0}
    assert ossgeo.measure(panel).at() == {"US": 0.75, "CN": 0.25}, "the license is not used"
    same = ossgeo.read_panel(rows, models=models.tail(2).vstack(models.tail(2)))
    assert ossgeo.measure(same, where={"license": "mit"}).at() == {"US": 1.0}


@pytest.mark.parametrize("kind", [pl.Int64, pl.String])
@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_the_number_of_a_row_is_not_a_model(make: Callable[[pl.DataFrame], Any], kind: Any, tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": pl.Series([1, 2]).cast(kind), "model": ["Qwen/a", "google/b"], "date": "2025-01-31",
                          "downloads_30d": [1, 3]})  # fmt: skip
    frame.write_csv(tmp_path / "p.csv")
    for source in (make(frame), tmp_path / "p.csv"):
        with pytest.raises(
            PanelError, match=r"column id: ('1' is not a model id|1 is not a model id|holds Int64, not text)"
        ):
            ossgeo.read_panel(source)
        panel = ossgeo.read_panel(source, columns={"model": "model_id"})
        assert ossgeo.measure(panel).at() == {"US": 0.75, "CN": 0.25}
