"""Files that other people made, which stay outside the repository: skipped where OSSGEO_REAL_DATA is unset."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

import ossgeo

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")


def by_namespace(panel: ossgeo.Panel, period: str | None = None) -> dict[str, float]:
    table = ossgeo.measure(panel, by="namespace").to_polars()
    rows = table.filter(table["period"] == (table["period"].max() if period is None else panel.periods[0])).rows()
    return {row[1]: row[2] for row in rows if row[2]}


def totals(pairs: Any) -> dict[str, int]:
    found: Counter[str] = Counter()
    for model, count in pairs:
        found[model.split("/")[0]] += int(count)
    return {name: count for name, count in found.items() if count}


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("counter", ["downloads", "downloadsAllTime"])
def test_monthly_files_with_two_counters(real_data: Path, counter: str) -> None:
    name = {"downloads": "downloads_30d", "downloadsAllTime": "downloads_all_time"}[counter]
    panel = ossgeo.read_panel(real_data / "foreign" / "monthly_two_counters", counter=name)
    files = sorted((real_data / "foreign" / "monthly_two_counters").glob("*.csv"))
    expected = sum(int(row[counter]) for file in files for row in rows_of(file))
    assert (int(panel.to_polars()[name].sum()), len(panel.periods)) == (expected, 19)


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "xlsx"])
def test_daily_files_in_four_forms(real_data: Path, ending: str) -> None:
    if ending == "xlsx":
        pytest.importorskip("fastexcel")
    folder = real_data / "foreign" / "daily_four_forms"
    panel = ossgeo.read_panel(
        folder, pattern=f"*.{ending}", period_from="file", date_format="%d-%m-%Y", counter="downloads_30d"
    )
    rows = rows_of(folder / "transformersjs_14-01-2025.csv")
    assert by_namespace(panel) == totals((row["id"], row["downloads"]) for row in rows)


def test_one_object_a_file(real_data: Path) -> None:
    folder = real_data / "foreign" / "one_object_a_file"
    panel = ossgeo.read_panel(folder, period_from="2026-08-22")
    models = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")]
    assert by_namespace(panel) == totals((model["id"], model["downloads_30d"]) for model in models)


def test_lists_in_cells(real_data: Path) -> None:
    file = real_data / "foreign" / "lists_in_cells.csv"
    panel = ossgeo.read_panel(file)
    rows = rows_of(file)
    assert by_namespace(panel) == totals((row["id"], row["downloads_30d"]) for row in rows)
    derived = panel.models.collect()["base_models"].list.len().gt(0).sum()
    assert derived == sum("'base_model:" in row["tags"] for row in rows)


def test_json_text_in_a_column(real_data: Path) -> None:
    folder = real_data / "foreign" / "metadata_column"
    panel = ossgeo.read_panel(folder, expand="metadata", period_from="2025-04-05", counter="downloads_30d")
    rows = [row for file in folder.glob("*.csv") for row in rows_of(file)]
    expected = totals((row["model_id"], json.loads(row["metadata"])["downloads"]) for row in rows)
    assert by_namespace(panel) == expected


def test_json_lines_named_json(real_data: Path) -> None:
    folder = real_data / "foreign" / "json_lines_named_json"
    panel = ossgeo.read_panel(folder, expand="model_raw_json", period_from="2025-10-01", counter="downloads_30d")
    texts = [file.read_text(encoding="utf-8") for file in folder.glob("*.json")]
    rows = [json.loads(line) for text in texts for line in text.split("\n") if line]
    expected = totals((row["model_id"], json.loads(row["model_raw_json"])["downloads"]) for row in rows)
    assert by_namespace(panel) == expected


def test_wide_by_model(real_data: Path) -> None:
    file = real_data / "foreign" / "wide_by_model" / "downloads.csv"
    panel = ossgeo.read_panel(file, wide="*", counter="downloads_all_time")
    rows = rows_of(file)
    expected = sum(int(float(cell)) for row in rows for name, cell in row.items() if name != "date" and cell)
    assert int(panel.to_polars()["downloads_all_time"].sum()) == expected


WEEKLY: Any = {
    "counter": ossgeo.Counter("tokens", kind="interval", days=7),
    "records": "models",
    "platform": "openrouter",
}
SEATS = {"deepseek": "CN", "tencent": "CN", "minimax": "CN", "moonshotai": "CN", "stepfun": "CN", "xiaomi": "CN",
         "anthropic": "US", "google": "US", "x-ai": "US", "arcee-ai": "US"}  # fmt: skip


@pytest.mark.parametrize("suffix", ["", ":free"])
def test_weekly_tokens_by_country_equal_a_plain_computation(real_data: Path, suffix: str) -> None:
    folder = real_data / "foreign" / "tokens_weekly"
    panel = ossgeo.read_panel(folder, **WEEKLY)
    table = ossgeo.measure(panel, by="country")
    for file in sorted(folder.glob("*.json")):
        week = json.loads(file.read_text(encoding="utf-8"))
        plain: Counter[str] = Counter()
        for model in week["models"]:
            plain[SEATS.get(model["slug"].split("/")[0], "unreviewed")] += model["total_tokens"]
        for country in ("CN", "US"):
            assert table.at(week["date"])[country] == pytest.approx(plain[country] / plain.total(), rel=1e-12)
    values = dict(ossgeo.measure(panel, by="model").to_polars().select("model", "value").rows())
    assert any(name.endswith(suffix) and value for name, value in values.items())


@pytest.mark.parametrize("adjoining", [False, True])
def test_weekly_tokens_by_month_are_split_by_days(real_data: Path, tmp_path: Path, adjoining: bool) -> None:
    folder = real_data / "foreign" / "tokens_weekly"
    if adjoining:  # the same weeks one after the other, so that the second lies in two months
        for number, file in enumerate(sorted(folder.glob("*.json"))):
            week = json.loads(file.read_text(encoding="utf-8"))
            week["date"] = str(dt.date(2026, 1, 25) + dt.timedelta(weeks=number))
            (tmp_path / f"{week['date']}.json").write_text(json.dumps(week), encoding="utf-8")
        folder = tmp_path
    plain: dict[str, Counter[str]] = defaultdict(Counter)
    for file in folder.glob("*.json"):
        week = json.loads(file.read_text(encoding="utf-8"))
        for back in range(7):
            month = (dt.date.fromisoformat(week["date"]) - dt.timedelta(days=back)).isoformat()[:7]
            for model in week["models"]:
                plain[month][SEATS.get(model["slug"].split("/")[0], "unreviewed")] += model["total_tokens"] / 7
    table = ossgeo.measure(ossgeo.read_panel(folder, **WEEKLY), every="1mo", incomplete="mark")
    months = [str(period)[:7] for period in table.periods]
    assert {*plain} <= {*months}
    for period, month in zip(table.periods, months, strict=True):
        for country in ("CN", "US"):
            if plain[month]:
                expected = plain[month][country] / sum(plain[month].values())
                assert table.at(period)[country] == pytest.approx(expected, rel=1e-9)
    assert ("window_gap" in table.adjustments) == (not adjoining)
    if adjoining:
        values = [table.to_polars().filter(period=period)["value"].sum() for period in table.periods]
        assert values == pytest.approx([sum(plain[month].values()) for month in months])


def test_rolling_totals_of_180_days(real_data: Path) -> None:
    counter = ossgeo.Counter("downloads", kind="trailing", days=180)
    folder = real_data / "foreign" / "pypi_180d"
    panel = ossgeo.read_panel(
        folder / "framework-inference-raw-data-pypi.csv", counter=counter, columns={"package": "model_id"}
    )
    keep = ossgeo.Cleaning(duplicates="max")
    table = ossgeo.measure(panel, by="model", cleaning=keep)
    largest: Counter[str] = Counter()
    for row in rows_of(folder / "framework-inference-raw-data-pypi.csv"):
        if row["date"] == str(table.periods[-1]):
            largest[row["package"]] = max(largest[row["package"]], int(row["downloads"]))
    found = dict(table.filter(period=table.periods[-1]).to_polars().select("model", "value").rows())
    assert found == dict(largest)
    year = ossgeo.measure(panel, by="model", window="360d", cleaning=keep)
    assert year.to_polars()["value"].drop_nulls().len(), "two windows of 180 days make one of 360"


def test_the_board_of_one_day(real_data: Path) -> None:
    file = real_data / "foreign" / "boards" / "lmarena_many_days.csv"
    board = ossgeo.read_leaderboard(file)
    rows = rows_of(file)
    assert (str(board.on), board.frame["model"].n_unique()) == (rows[0]["date"], len({row["model"] for row in rows}))
    first = board.frame.filter(board.frame["model"] == rows[0]["model"]).row(0, named=True)
    distance = float(rows[0]["ci95"].removeprefix("±"))
    assert (first["rating"] - first["low"], first["high"] - first["rating"]) == (distance, distance)


def test_the_top_50_of_a_board_with_intervals(real_data: Path) -> None:
    file = real_data / "foreign" / "boards" / "lmarena_intervals.csv"
    shares = ossgeo.leaderboard_shares(file, on="2025-08-04", top=50)
    best: dict[str, int] = {}
    for row in rows_of(file):
        best[row["model"]] = min(int(row["rank"]), best.get(row["model"], 10**6))
    top = {model for model, rank in best.items() if rank <= 50}
    assert sum(row[2] for row in shares.to_polars().rows()) == pytest.approx(len(top))
    chinese = {"Alibaba", "DeepSeek", "Moonshot", "Z.ai", "MiniMax", "Tencent", "StepFun", "Zhipu", "Baidu", "01 AI"}
    found = {row["model"] for row in rows_of(file) if row["organization"] in chinese and row["model"] in top}
    assert shares.at()["CN"] == pytest.approx(len(found) / len(top))


def test_ratings_over_time_by_country(real_data: Path) -> None:
    file = real_data / "foreign" / "boards" / "lmarena_wide_by_day.csv"
    history = ossgeo.read_leaderboards(file, columns={"": "date"}, wide="*", date_format="%Y%m%d")
    rows = rows_of(file)
    assert len(history.boards) == len({row[""] for row in rows})
    last = {name: float(cell) for name, cell in rows[-1].items() if name and cell and float(cell)}
    best = history.by_country().filter(on=history.boards[-1].on)
    assert history.boards[-1].frame["model"].n_unique() == len(last)
    top = max(
        (rating, name)
        for name, rating in last.items()
        if name.startswith(("qwen", "deepseek", "glm", "yi", "hunyuan", "step"))
    )
    assert best.filter(country="CN").select("best", "rating").row(0) == (top[1], top[0])


def test_scores_by_task_without_organizations(real_data: Path) -> None:
    file = real_data / "foreign" / "boards" / "livebench_2026_01_08.csv"
    board = ossgeo.read_leaderboard(file, on="2026-01-08", mean_of="*")
    means = {}
    for row in rows_of(file):
        scores = [row[name] for name in row if name != "model"]
        if all(scores):
            means[row["model"]] = sum(map(float, scores)) / len(scores)
    rated = board.frame.select("model", "rating").unique()
    assert dict(rated.rows()) == pytest.approx(means)
    assert board.misses["models"].sum() <= 3


def test_a_survey_by_country(real_data: Path) -> None:
    file = real_data / "foreign" / "survey" / "country_and_use.csv"
    table = ossgeo.answer_shares(file, on="2024-10-01", country="Q1", answer="Q7", counts="*Yes,*").to_polars()
    italian = [row["Q7"] for row in rows_of(file) if row["Q1"] == "Italy" and row["Q7"]]
    used = sum("Yes," in answer for answer in italian)
    italy = table.filter(country="IT").row(0, named=True)
    assert (italy["value"], italy["respondents"], italy["share"]) == (
        used,
        len(italian),
        pytest.approx(used / len(italian)),
    )
    assert italy["lower"] < italy["share"] < italy["upper"]


@pytest.mark.parametrize("counting", ["fractional", "full"])
def test_models_by_country_and_year(real_data: Path, counting: str) -> None:
    file = real_data / "foreign" / "country_tables" / "models_with_country.csv"
    columns = {"model": "model_id", "publication_date": "created_at", "org_country": "declared_country"}
    with pytest.warns(ossgeo.errors.OssgeoWarning, match="7 unreadable value.* of parameters are null"):
        models = ossgeo.read_models(file, columns=columns)
    table = ossgeo.measure(models, attribution="declared", every="1y", counting=counting)  # type: ignore[arg-type]
    expected: dict[str, float] = defaultdict(float)
    for row in rows_of(file):
        if row["publication_date"].startswith("2024"):
            places = row["org_country"].split(", ")
            for place in places:
                expected[place] += 1 / len(places) if counting == "fractional" else 1
    found = {row[1]: row[2] for row in table.to_polars().rows() if str(row[0]) == "2024-12-31"}
    for code, name in {
        "CN": "China",
        "US": "United States of America",
        "KR": "Korea (Republic of)",
        "HK": "Hong Kong",
    }.items():
        assert found[code] == pytest.approx(expected[name])


def test_packages_in_windows_of_180_days(real_data: Path) -> None:
    folder = real_data / "foreign" / "pypi_180d"
    counter = ossgeo.Counter("downloads", kind="trailing", days=180)
    panel = ossgeo.read_panel(folder, columns={"package": "model_id", "downloads": counter.column}, counter=counter)
    rows = [row for file in sorted(folder.glob("*.csv")) for row in rows_of(file)]
    assert len(panel) == len(rows)
    day = max(row["date"] for row in rows)
    expected = totals((row["package"], row["downloads"]) for row in rows if row["date"] == day)
    table = ossgeo.measure(panel, by="model", cleaning=ossgeo.Cleaning(duplicates="max")).to_polars()
    last = {row[1]: row[2] for row in table.filter(table["period"] == table["period"].max()).rows() if row[2]}
    assert last == expected
