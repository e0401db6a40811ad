"""Boards in the shapes that people have, and surveys of answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, PanelError
from ossgeo.registry._families import families, organization_of_family

DAYS = {
    "date": ["20250101", "20250201"],
    "qwen2.5-72b": ["1300", "1290"],
    "gpt-4o": ["1290", "1310"],
    "mistral-large": ["0.0", "1200"],
    "who-knows": ["", "1100"],
}


def test_every_family_belongs_to_an_organization_of_the_registry() -> None:
    registry = ossgeo.Registry.default()
    assert {name for name in families().values() if name not in registry.organizations} == set()


@pytest.mark.parametrize(
    ("model", "organization"),
    [
        ("GPT-5.2-2025-12-11-high", "openai"),
        ("gpt4all-13b-snoozy", "nomic"),
        ("o3-mini", "openai"),
        ("o30", None),
        ("llama-3.1-405b-instruct", "meta"),
        ("Llama 3.1 Nemotron 70B", "nvidia"),
        ("qwen3.6-27b", "qwen"),
        ("phi-4", "microsoft"),
        ("philosophy-1b", None),
        ("yi-large", "01-ai"),
        ("yippee", None),
        ("", None),
    ],
)
def test_the_family_of_a_name(model: str, organization: str | None) -> None:
    found = organization_of_family(model, ossgeo.Registry.default())
    assert (None if found is None else found.id) == organization


def test_boards_without_organizations_are_matched_by_family_and_counted() -> None:
    frame = pl.DataFrame({"model": ["gpt-4o", "qwen2.5-72b", "nobody/Qwen2.5-tuned", "x"], "rating": [4, 3, 2, 1]})
    board = ossgeo.read_leaderboard(frame, on="2025-01-01", countries={"x": "international"})
    assert board.frame["country"].to_list() == ["US", "CN", "unreviewed", "international"]
    assert {note.code: note.count for note in board.adjustments.items_}["by_family"] == 2
    ours = ossgeo.read_leaderboard(frame, on="2025-01-01", organizations={"nobody/Qwen2.5-tuned": "mistral-ai"})
    assert ours.frame["country"].to_list() == ["US", "CN", "FR", "unreviewed"]


def test_a_wide_board_over_time() -> None:
    history = ossgeo.read_leaderboards(pl.DataFrame(DAYS), wide="*", date_format="%Y%m%d")
    assert [str(board.on) for board in history.boards] == ["2025-01-01", "2025-02-01"]
    best = history.by_country().filter(pl.col("country") == "CN")
    assert best.select("best", "best_rank", "rating").rows() == [("qwen2.5-72b", 1, 1300.0), ("qwen2.5-72b", 2, 1290.0)]
    shares = history.shares(top=2)
    assert shares.to_polars()["period"].n_unique() == 2
    assert {note.code: note.count for note in shares.adjustments.items_ if note.code == "not_rated"} == {"not_rated": 1}
    assert shares.at()["US"] == pytest.approx(0.5)
    assert "2 boards" in str(history)
    assert history.to_polars().height == 6
    with pytest.raises(InvalidArgumentError, match="read_leaderboards reads all"):
        ossgeo.read_leaderboard(pl.DataFrame(DAYS), wide="*", date_format="%Y%m%d")
    with pytest.raises(InvalidArgumentError, match="must have a column of dates"):
        ossgeo.read_leaderboards(pl.DataFrame({"model": ["a"], "rating": [1]}))


def test_a_board_of_scores_by_task(tmp_path: Path) -> None:
    file = tmp_path / "board_2026_01_08.csv"
    file.write_text("model,math,code\ngpt-4o,10,30\nqwen3,40,20\nphi-4,50\n")
    board = ossgeo.read_leaderboard(file, on="2026-01-08", mean_of="*")
    assert board.frame.select("model", "rating").rows() == [("qwen3", 30.0), ("gpt-4o", 20.0)]
    counts = {note.code: note.count for note in board.adjustments.items_}
    assert (counts["no_score"], counts["no_rank"]) == (1, 1)
    with pytest.raises(InvalidArgumentError, match="mean_of must name columns"):
        ossgeo.read_leaderboard(file, on="2026-01-08", mean_of=["chess"])


@pytest.mark.parametrize("kind", ["json", "parquet", "csv"])
def test_boards_from_other_formats(kind: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"model": ["gpt-4o", "qwen3"], "rating": [1300.5, 1200.0], "date": ["2025-01-01"] * 2})
    file = tmp_path / f"board.{kind}"
    getattr(frame, f"write_{kind}")(file)
    assert ossgeo.leaderboard_shares(file).at()["CN"] == 0.5


def test_answers_by_country() -> None:
    rows: dict[str, list[Any]] = {
        "Where": ["Iran (Islamic Republic of)", "Hong Kong (S.A.R.)", "Multinational", None, "Japan", "Japan"],
        "Use": ["No", "Yes, often", "Yes", "Yes", "", "yes, to learn"],
    }
    with pytest.raises(PanelError) as caught:
        ossgeo.answer_shares(pl.DataFrame(rows), on="2025-01-01", country="Where", answer="Use", counts="yes*")
    assert "countries={'Multinational': ...}" in str(caught.value)
    table = ossgeo.answer_shares(pl.DataFrame(rows), on="2025-01-01", country="Where", answer="Use", counts="yes*",
                                 countries={"Multinational": "international"})  # fmt: skip
    assert dict(table.at()) == {"HK": 1.0, "IR": 0.0, "JP": 1.0, "international": 1.0, "unknown": 1.0}
    assert {note.code: note.count for note in table.adjustments.items_} == {"no_answer": 1, "no_country": 1}
    with pytest.raises(InvalidArgumentError, match="counts must match an answer"):
        ossgeo.answer_shares(pl.DataFrame(rows), on="2025-01-01", country="Where", answer="Use", counts="maybe",
                             countries={"Multinational": "international"})  # fmt: skip


def test_all_refused_countries_are_named_at_once() -> None:
    frame = pl.DataFrame({"adopter": ["a", "b", "c"], "country": ["Atlantis", "Mordor", "Japan"], "model": None})
    with pytest.raises(PanelError) as caught:
        ossgeo.adoption_shares(frame, on="2025-01-01")
    assert str(caught.value).count("countries={") == 2
    places = {"Atlantis": "international", "Mordor": "NZ"}
    table = ossgeo.adoption_shares(frame, on="2025-01-01", countries=places)
    assert set(table.to_polars()["adopter_country"]) <= {"international", "NZ", "JP"}


def test_a_survey_does_not_speak_of_models_or_of_a_panel() -> None:
    rows = pl.DataFrame({"where": ["Japan", "Japan", "Kenya"], "use": ["Yes, daily", "No", "Yes"]})
    text = str(ossgeo.answer_shares(rows, on="2025-09-01", country="where", answer="use", counts="yes*"))
    assert "remark    each share is of the respondents of its row: shares are not added up" in text
    assert "coverage" not in text
    assert "panel" not in text
