"""Leaderboards and adoption tables."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo._core.proportions import wilson
from ossgeo.errors import InvalidArgumentError, PanelError, SourceUnavailableError
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


def read(frame: pl.DataFrame | Path = BOARD) -> Leaderboard:
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
    assert "rating must be a number, got 'high'" in str(caught.value.faults[0])
    with pytest.raises(SourceUnavailableError, match="does not exist"):
        read(tmp_path / "none.csv")
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(PanelError) as caught:
        read(tmp_path / "empty.csv")
    assert "holds no row" in str(caught.value.faults[0])
    for choices, message in (({"weighting": "votes"}, "weighting must be"), ({"top": 0}, "top must be")):
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
    with pytest.raises(InvalidArgumentError, match="denominator must be"):
        adoption(denominator="some")
    with pytest.raises(InvalidArgumentError, match="confidence must be"):
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


def test_a_board_of_several_dates_is_one_board_at_a_date() -> None:
    days = [dt.date(2025, 1, 1), dt.date(2025, 2, 1)]
    rows = [(day, model, name, rank) for day in days for rank, (model, name) in
            enumerate([("a", "Qin"), ("b", "Mover")] if day == days[0] else [("b", "Mover"), ("a", "Qin")], 1)]  # fmt: skip
    board = pl.DataFrame(rows, schema=["date", "model", "organization", "rank"], orient="row")
    for on, best in (("2025-01-01", "CN"), (days[1], "GB")):
        assert ossgeo.leaderboard_shares(board, on=on, top=1, registry=registry()).at()[best] == 1.0
    with pytest.raises(InvalidArgumentError, match=r"on must be one of the 2 dates .*2025-02-01.*got 2025-03-01"):
        ossgeo.read_leaderboard(board, on="2025-03-01")
    with pytest.raises(InvalidArgumentError, match="on must be one of the 2 dates"):
        ossgeo.read_leaderboard(board)
    assert ossgeo.read_leaderboard(board.filter(date=days[0])).on == days[0]
    with pytest.raises(InvalidArgumentError, match="on must be given"):
        ossgeo.read_leaderboard(BOARD)
    with pytest.raises(PanelError, match="cannot be read as a leaderboard"):
        ossgeo.read_leaderboard(board.with_columns(date=pl.lit("soon")), on=days[0])


def test_a_model_with_two_rows_counts_once_and_is_an_adjustment() -> None:
    twice = pl.DataFrame({"model": ["a", "b", "a"], "organization": ["Qin", "Mover", "Qin"], "rank": [1, 2, 3]})
    board = read(twice)
    assert board.shares().at()["CN"] == 0.5
    assert board.adjustments["repeated"].count == 1


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("±4", 1396, 1404), ("+/-4", 1396, 1404), ("4", 1396, 1404), ("+5/-4", 1396, 1405), ("-4/+5", 1396, 1405),
        ("5/-4", 1396, 1405), ("+5 / −4", 1396, 1405), ("[1390.5, 1410]", 1390.5, 1410), ("some", None, None),
    ],
)  # fmt: skip
def test_forms_of_intervals(text: str, low: float | None, high: float | None) -> None:
    board = read(pl.DataFrame({"model": ["a"], "organization": ["Qin"], "rating": [1400], "CI95": [text]}))
    assert board.frame.select("low", "high").row(0) == (low, high)
    assert ("interval_unread" in board.adjustments) == (low is None)


def test_overlapping_intervals_in_any_form_widen_the_ranks() -> None:
    board = read(
        pl.DataFrame({"model": ["a", "b"], "organization": "Qin", "rating": [1400, 1395], "ci95": ["±4", "±4"]})
    )
    assert board.frame.select("rank_from", "rank_to").rows() == [(1, 2), (1, 2)]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("rank", -1, "rank must be a whole number of 1 or more, got '-1.0'"), ("rank", 1.9, "got '1.9'"),
     ("rank", 0, "got '0.0'"), ("rating", float("nan"), "rating must be a number, got 'NaN'"),
     ("rating", float("inf"), "rating must be a number")],
)  # fmt: skip
def test_ranks_and_ratings_that_are_not_possible(column: str, value: float, message: str) -> None:
    with pytest.raises(PanelError) as caught:
        read(pl.DataFrame({"model": ["a", "b"], "organization": "Qin", column: [float(value), 2.0]}))
    assert message in str(caught.value.faults[0])


def test_columns_organizations_and_countries_are_given() -> None:
    board = pl.DataFrame(
        {"Modell": ["x-1", "y-2", "z-3"], "Firma": ["Qin Labs", None, "Atelier Neuf"], "Punkte": [3, 2, 1]}
    )
    read_board = ossgeo.read_leaderboard(
        board, on="2025-02-01", registry=registry(), columns={"Modell": "model", "Firma": "organization", "Punkte": "rating"},
        organizations={"Qin Labs": "qin", "y-2": "mover"}, countries={"Atelier Neuf": "France"},
    )  # fmt: skip
    assert read_board.frame.select("model", "organization", "country").rows() == [
        ("x-1", "qin", "CN"), ("y-2", "mover", "GB"), ("z-3", None, "FR"),
    ]  # fmt: skip
    assert read_board.misses.height == 0
    with pytest.raises(InvalidArgumentError, match="columns must name columns of the table"):
        ossgeo.read_leaderboard(board, on=DAY, columns={"Model": "model"})
    with pytest.raises(InvalidArgumentError, match="columns must map to"):
        ossgeo.read_leaderboard(board, on=DAY, columns={"Modell": "modell"})


def test_cells_with_several_organizations_are_credited_in_parts() -> None:
    cells = ["Qin, Nanjing University", "Unknown Lab (Qin)", "Qin (QIN Labs)", "Mover and Qin"]
    board = read(pl.DataFrame({"model": ["a", "b", "c", "d"], "organization": cells, "rank": [1, 2, 3, 4]}))
    credits = {
        model: dict(part.select("country", "weight").iter_rows())
        for (model,), part in board.frame.group_by("model", maintain_order=True)
    }
    assert credits == {
        "a": {"CN": 0.5, "unreviewed": 0.5}, "b": {"CN": 1.0}, "c": {"CN": 1.0}, "d": {"GB": 0.5, "CN": 0.5},
    }  # fmt: skip
    assert board.misses.rows() == [("Qin, Nanjing University", 1)]


def test_countries_without_users_have_the_share_zero() -> None:
    rows = pl.DataFrame({"adopter": ["a", "b", "c"], "country": ["US", "KE", "KE"], "model": ["Qin/a", None, None]})
    table = ossgeo.adoption_shares(rows, on="2025-02-01", registry=registry())
    assert table.periods == (DAY,)
    kenya = table.filter(adopter_country="KE").to_polars().row(0, named=True)
    assert (kenya["country"], kenya["value"], kenya["share"], kenya["adopters"]) == ("CN", 0, 0, 2)
    assert (kenya["lower"], kenya["upper"]) == pytest.approx(wilson(0, 2))
    users = ossgeo.adoption_shares(rows, on=DAY, denominator="users", registry=registry())
    nobody = users.filter(adopter_country="KE").to_polars().row(0, named=True)
    assert (nobody["share"], nobody["lower"], nobody["adopters"]) == (None, None, 0)


def test_columns_and_countries_of_an_adoption_table() -> None:
    rows = pl.DataFrame({"firm": ["a"], "land": ["Iran, I.R."], "uses": ["Qin/a"]})
    columns = {"firm": "adopter", "land": "country", "uses": "model"}
    table = ossgeo.adoption_shares(rows, on=DAY, registry=registry(), columns=columns, countries={"Iran, I.R.": "IR"})
    assert table.at()["IR", "CN"] == 1.0
    with pytest.raises(PanelError) as caught:
        ossgeo.adoption_shares(rows, on=DAY, registry=registry(), columns=columns)
    assert "give countries={'Iran, I.R.': ...}" in str(caught.value.faults[0])


def test_fractions_of_models_print_as_such() -> None:
    board = read(pl.DataFrame({"model": ["a"], "organization": ["Trio"], "rank": [1]}))
    assert "0.33 models; best a at 1" in str(board)
    assert "0.33  33.33%" in str(board.shares())
