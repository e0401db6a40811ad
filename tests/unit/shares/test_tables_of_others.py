"""Leaderboards and adoption tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, PanelError, SourceUnavailableError
from ossgeo.external._adoption import wilson
from ossgeo.external._leaderboards import Leaderboard
from tests.worlds import registry

DAY = dt.date(2025, 2, 1)
BOARD = pl.DataFrame(
    {
        "rank": [1, 2, 2, 4, 5, None],
        "model": ["Best", "Second", "Tied", "Qin/m", "Person", "Unranked"],
        "organization": ["Qin", "Trio", "Mover/Qin", None, "Nobody Known", "Qin"],
        "rating": [1400, 1390, 1390, 1300, 1000, None],
        "95_pct_ci": ["+15/-15", "+5/-5", None, "+2/-2", "+1/-1", None],
        "license": ["MIT", "Apache 2.0", "Llama 3.1", None, "other", "MIT"],
    }
)


def read(frame: object = BOARD) -> Leaderboard:
    return ossgeo.read_leaderboard(frame, on=DAY, registry=registry(), source="board")


def test_matching_and_misses() -> None:
    board = read()
    assert dict(board.frame.group_by("model").agg(pl.col("weight").sum()).iter_rows()) == pytest.approx(
        {"Best": 1, "Second": 1, "Tied": 1, "Qin/m": 1, "Person": 1}, abs=1e-5
    )
    assert board.misses.rows() == [("Nobody Known", 1)]
    assert {item.code: item.count for item in board.adjustments.items_} == {
        "no_rank": 1,
        "no_interval": 2,
        "not_matched": 1,
    }
    tied = board.frame.filter(model="Tied").sort("country")
    assert tied.select("country", "weight").rows() == [("CN", 0.5), ("GB", 0.5)]
    assert board.frame.filter(model="Second")["openness"][0] == "open-source"
    assert board.frame.filter(model="Tied")["license"][0] == "llama3.1"
    assert "Best at 1, rank 1 to 3" in str(board)


def test_intervals_say_between_which_ranks() -> None:
    ranks = {row[0]: row[1:] for row in read().frame.select("model", "rank_from", "rank_to").unique().iter_rows()}
    assert ranks == {"Best": (1, 3), "Second": (1, 3), "Tied": (1, 3), "Qin/m": (4, 4), "Person": (5, 5)}
    by_country = read().by_country(top=1).filter(country="CN").row(0, named=True)
    assert (by_country["surely"], by_country["possibly"], by_country["best"]) == (0, 1.5, "Best")


def test_shares_of_the_board() -> None:
    top = ossgeo.leaderboard_shares(BOARD, on=DAY, top=2, registry=registry())
    assert top.at()["CN"] == pytest.approx(1.5 / 3)
    assert top.adjustments["tie"].count == 2
    assert top.method.calculator == "leaderboard (top 2, by models)"
    by_rank = read().shares(weighting="rank").at()
    total = 1 + 0.5 + 0.5 + 0.25 + 0.2
    assert by_rank["CN"] == pytest.approx((1 + 0.25 + 0.25) / total)
    assert by_rank["unreviewed"] == pytest.approx(0.2 / total)
    strengths = [1, 10 ** (-10 / 400), 10 ** (-10 / 400), 10 ** (-100 / 400), 10**-1]
    rated = read().shares(weighting="rating").at()
    assert rated["CN"] == pytest.approx((strengths[0] + strengths[1] / 2 + strengths[3]) / sum(strengths))
    assert read().shares().coverage.at(DAY)["unreviewed"] == pytest.approx(0.2)


def test_ranks_are_made_where_absent() -> None:
    board = read(
        pl.DataFrame({"model": ["a", "b", "c", None], "organization": ["Qin"] * 4, "score": [3.0, 5.0, 5.0, 1.0]})
    )
    assert dict(board.frame.select("model", "rank").iter_rows()) == {"b": 1, "c": 1, "a": 3}
    assert board.adjustments["nameless"].count == 1
    plain = read(pl.DataFrame({"model": ["a"], "rank": [1]}))
    with pytest.raises(InvalidArgumentError, match="1 models have no rating"):
        plain.shares(weighting="rating")
    assert plain.frame.select("rank_from", "rank_to").row(0) == (1, 1)


def test_bad_boards(tmp_path: Path) -> None:
    with pytest.raises(PanelError) as caught:
        read(pl.DataFrame({"x": [1]}))
    assert "no column of models" in str(caught.value.faults[0])
    with pytest.raises(PanelError) as caught:
        read(pl.DataFrame({"model": ["a"], "rating": ["high"]}))
    assert "a cell that cannot be read" in str(caught.value.faults[0])
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        read(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(PanelError) as caught:
        read(tmp_path / "empty.csv")
    assert "is no CSV" in str(caught.value.faults[0])
    for choices, message in (({"weighting": "votes"}, "weighting='votes'"), ({"top": 0}, "top=0")):
        with pytest.raises(InvalidArgumentError, match=message):
            read().shares(**choices)


@pytest.mark.parametrize(
    ("name", "day"), [("lmarena_text.csv", dt.date(2025, 8, 4)), ("lmsys_last.csv", dt.date(2025, 7, 20))]
)
def test_real_boards(real_data: Path, name: str, day: dt.date) -> None:
    board = ossgeo.read_leaderboard(real_data / "arena" / name, on=day)
    models = board.frame["model"].n_unique()
    assert board.misses["models"].sum() <= 0.02 * models
    shares = board.shares(top=20).at()
    assert all((shares[code] or 0) > 0.2 for code in ("CN", "US"))
    assert sum(share or 0 for share in shares.values()) == pytest.approx(1)


ADOPTERS = pl.DataFrame(
    [
        ("one", "US", "Qin/a"), ("one", "US", "Qin/b"), ("one", "US", "Mover/c"), ("two", "USA", None), ("three", "us", "Trio/d"),
        ("four", "FR", "Qin/a"), ("four", "US", "Qin/a"), ("five", None, "who/x"), ("six", "FR", ""),
    ],
    schema=["adopter", "country", "model"], orient="row",
)  # fmt: skip


def adoption(**choices: object) -> ossgeo.ShareTable:
    return ossgeo.adoption_shares(ADOPTERS, on=DAY, registry=registry(), **choices)  # type: ignore[arg-type]


def test_both_denominators() -> None:
    everyone, users = adoption().at(), adoption(denominator="users").at()
    assert everyone["US", "CN"] == 2 / 4
    assert users["US", "CN"] == 2 / 3
    assert everyone["FR", "CN"] == 1 / 2
    assert users["FR", "CN"] == 1
    assert everyone["US", "DE"] == everyone["US", "FR"] == 1 / 4
    assert everyone["unknown", "unreviewed"] == 1
    assert {item.code: item.count for item in adoption().adjustments.items_} == {
        "in_several_countries": 1, "no_model": 2, "no_country": 1,
    }  # fmt: skip


def test_wilson_by_hand(tmp_path: Path) -> None:
    low, high = wilson(1, 10)  # Newcombe (1998): 1 of 10
    assert (round(low, 4), round(high, 4)) == (0.0179, 0.4042)
    assert wilson(0, 5)[0] == 0 == round(1 - wilson(5, 5)[1], 12)
    row = adoption().filter(adopter_country="US", country="CN").to_polars().row(0, named=True)
    assert (row["lower"], row["upper"]) == pytest.approx(wilson(2, 4))
    adoption().write_json(tmp_path / "t.json")
    assert ossgeo.ShareTable.read(tmp_path / "t.json").to_polars()["lower"].is_not_null().all()


def test_where_models_are_from_can_be_their_roots() -> None:
    rows = pl.DataFrame({"adopter": ["a"], "country": ["US"], "model": ["Mover/x"]})
    models = pl.DataFrame(
        {"model_id": ["Mover/x", "Qin/a"], "base_models": [[{"relation": "finetune", "model_id": "Qin/a"}], []]}
    )
    shares = ossgeo.adoption_shares(rows, on=DAY, registry=registry(), attribution="root", models=models).at()
    assert shares["US", "CN"] == 1


def test_bad_adoption_tables(tmp_path: Path) -> None:
    with pytest.raises(PanelError) as caught:
        ossgeo.adoption_shares(ADOPTERS.drop("model"), on=DAY)
    assert "no column model" in str(caught.value.faults[0])
    bad = pl.DataFrame({"adopter": ["", "b"], "country": ["Atlantis", "US"], "model": ["Qin/a", None]})
    with pytest.raises(PanelError) as caught:
        ossgeo.adoption_shares(bad, on=DAY)
    assert "row 1, column adopter" in str(caught.value.faults[0])
    assert "Atlantis" in str(caught.value.faults[1])
    with pytest.raises(SourceUnavailableError):
        ossgeo.adoption_shares(tmp_path / "none.csv", on=DAY)
    with pytest.raises(InvalidArgumentError, match="denominator='some'"):
        adoption(denominator="some")
    with pytest.raises(InvalidArgumentError, match="confidence=2"):
        adoption(confidence=2)
    ADOPTERS.write_csv(tmp_path / "a.csv")
    assert ossgeo.adoption_shares(str(tmp_path / "a.csv"), on=DAY, registry=registry()).at() == adoption().at()


def test_an_organization_without_a_seat_is_unreviewed() -> None:
    rows = {
        "organizations": [{"organization": "nowhere"}],
        "namespaces": [{"namespace": "Nowhere", "organization": "nowhere"}],
    }
    bare = ossgeo.Registry.from_rows(**rows)  # type: ignore[arg-type]
    board = ossgeo.read_leaderboard(
        pl.DataFrame({"model": ["m"], "rank": [1], "organization": ["NoWhere"]}), on=DAY, registry=bare
    )
    assert board.to_polars().select("organization", "country").row(0) == ("nowhere", "unreviewed")
