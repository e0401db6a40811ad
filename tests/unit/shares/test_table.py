from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo.errors import (
    InvalidArgumentError,
    MethodMismatchError,
    SourceFormatError,
    SourceUnavailableError,
    UnknownCountryError,
    UnknownNameError,
    UnknownOrganizationError,
)
from tests.worlds import JANUARY, MARCH, panel, registry, two_dates

HOSTILE = (
    "=1+1",
    "+x",
    "-y",
    "@z",
    "'=q",
    "''",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    'say "hi", twice',
    "x" * 5000,
)


@pytest.fixture
def table() -> ossgeo.ShareTable:
    return ossgeo.measure(two_dates(), registry=registry(), counting="fractional")


def hostile() -> ossgeo.ShareTable:
    plain = ossgeo.measure(two_dates(), registry=registry(), by="model")
    frame = pl.DataFrame({"model": HOSTILE}).with_columns(
        period=pl.lit(JANUARY), value=pl.lit(1.0), share=pl.lit(1 / len(HOSTILE))
    )
    return attrs.evolve(plain, frame=frame.select("period", "model", "value", "share"))


def test_at(table: ossgeo.ShareTable) -> None:
    assert table.at(JANUARY)["CN"] == 0.5
    assert table.at(JANUARY)[ossgeo.Country("CN")] == 0.5
    assert table.at()["ZA"] == 0.0
    assert "ZA" not in table.at()
    assert table.at()["unknown"] == 0.0, "a status is always known"
    assert len(table.at()) == 7
    assert repr(table.at(JANUARY)).startswith("Shares(2025-01-31")
    with pytest.raises(InvalidArgumentError, match="no period 2025-02-01"):
        table.at(dt.date(2025, 2, 1))


def test_an_unknown_group_is_an_error(table: ossgeo.ShareTable) -> None:
    with pytest.raises(UnknownCountryError) as caught:
        table.at()["China"]
    assert caught.value.suggestions == ("CN",)
    with pytest.raises(UnknownCountryError):
        table.at()["XX"]
    with pytest.raises(InvalidArgumentError, match="2 part"):
        table.at()["CN", "qin"]
    of = two_dates()
    with pytest.raises(UnknownOrganizationError):
        ossgeo.measure(of, registry=registry(), by="organization").at()["quin"]
    with pytest.raises(UnknownNameError):
        ossgeo.measure(of, registry=registry(), by="namespace").at()["quin"]
    two = ossgeo.measure(of, registry=registry(), by=("country", "organization")).at()
    assert two["US", "qin"] == 0.0


def test_a_group_of_a_scheme_is_known_without_a_value() -> None:
    of = panel([("Qin/a", JANUARY, 10)])
    assert ossgeo.measure(of, registry=registry(), by="study").at()["Europe"] == 0.0
    with pytest.raises(UnknownNameError):
        ossgeo.measure(of, registry=registry(), by="study").at()["Erope"]


def test_top_filter_pivot(table: ossgeo.ShareTable) -> None:
    assert table.top(1).to_polars()["country"].to_list() == ["CN", "CN"]
    assert table.top(1).at()["CN"] == table.at()["CN"]
    assert table.filter(country="US").periods == (MARCH,)
    assert table.filter(pl.col("share") > 0.4).to_polars().height == 2
    wide = table.pivot()
    assert wide["period"].to_list() == [JANUARY, MARCH]
    assert wide["CN"].to_list() == [0.5, 0.5]
    assert table.pivot("value")["CN"].to_list() == [100, 200]
    with pytest.raises(InvalidArgumentError, match="values"):
        table.pivot("shares")


def test_compare(table: ossgeo.ShareTable) -> None:
    other = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed")
    with pytest.raises(MethodMismatchError, match="denominator: 'all' and 'attributed'"):
        table.compare(other)
    both = table.compare(other, allow=("denominator",)).filter(country="CN")
    assert both["difference"].to_list() == [pytest.approx(100 / 180 - 0.5), pytest.approx(200 / 350 - 0.5)]
    assert set(table.compare(table)["difference"].drop_nulls()) == {0.0}


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
@pytest.mark.parametrize("by", ["country", ("country", "organization")])
def test_what_is_written_is_read_again(name: str, by: Any, tmp_path: Path) -> None:
    table = ossgeo.measure(two_dates(), registry=registry(), by=by, window="45d", denominator="attributed")
    getattr(table, f"write_{name[2:]}")(tmp_path / name)
    again = ossgeo.ShareTable.read(tmp_path / name)
    assert again == table
    assert again.coverage == table.coverage
    assert again.adjustments == table.adjustments


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
def test_hostile_text_survives(name: str, tmp_path: Path) -> None:
    table = hostile()
    getattr(table, f"write_{name[2:]}")(tmp_path / name)
    assert ossgeo.ShareTable.read(tmp_path / name) == table


def test_csv_disarms_formulas_unless_told_otherwise(tmp_path: Path) -> None:
    armed = [line for line in hostile().to_csv().splitlines() if line.split(",")[1][:1] in tuple("=+-@")]
    assert armed == []
    hostile().write_csv(tmp_path / "t.csv", neutralize=False)
    assert ",=1+1," in (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert ossgeo.ShareTable.read(tmp_path / "t.csv") == hostile()


def test_notebooks_get_escaped_text() -> None:
    page = hostile()._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page
    assert "\u202e" not in str(hostile())


def test_what_cannot_be_read(tmp_path: Path, table: ossgeo.ShareTable) -> None:
    with pytest.raises(SourceUnavailableError):
        ossgeo.ShareTable.read(tmp_path / "none.parquet")
    (tmp_path / "alone.csv").write_text("period,country,value,share\n", encoding="utf-8")
    with pytest.raises(SourceUnavailableError, match=r"alone\.csv\.method\.json"):
        ossgeo.ShareTable.read(tmp_path / "alone.csv")
    table.to_polars().write_parquet(tmp_path / "plain.parquet")
    with pytest.raises(SourceFormatError, match="no method"):
        ossgeo.ShareTable.read(tmp_path / "plain.parquet")
    for text in ("{", "[]", '{"method": {}}'):
        (tmp_path / "bad.json").write_text(text, encoding="utf-8")
        with pytest.raises(SourceFormatError):
            ossgeo.ShareTable.read(tmp_path / "bad.json")


def test_other_frames(table: ossgeo.ShareTable) -> None:
    pandas = table.to_pandas()
    assert pandas["country"].tolist() == table.to_polars()["country"].to_list()
    assert pandas.attrs["ossgeo"]["method"]["calculator"] == "downloads"
    assert b"ossgeo" in table.to_arrow().schema.metadata
    assert pl.DataFrame(table).equals(table.to_polars())


def test_print(table: ossgeo.ShareTable) -> None:
    text = str(table)
    assert "2025-03-02, the last of 2 periods" in text
    assert "CN                      200  50.00%  ████████████" in text
    assert "adjusted  nothing" in text
    many = ossgeo.measure(panel([(f"Qin/{n}", JANUARY, n) for n in range(20)]), registry=registry(), by="model")
    assert "... and 5 more" in str(many)
    assert str(many).startswith("2025-01-31\n")
    attributed = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed")
    assert "individual 20 -" in " ".join(str(attributed).split())
    assert "<td>-</td>" in attributed._repr_html_()
    assert "ShareTable 14 rows" in repr(table)


def test_an_empty_table(table: ossgeo.ShareTable) -> None:
    empty = table.filter(country="ZZ")
    assert str(empty).startswith("no period")
    assert "<tbody></tbody>" in empty._repr_html_()
    with pytest.raises(InvalidArgumentError, match="empty"):
        empty.at()


def test_a_note_is_printed() -> None:
    frame = pl.DataFrame({"model_id": ["Qin/a"], "observed_at": [JANUARY], "downloads_30d": [5]})
    table = ossgeo.measure(ossgeo.read_panel(frame, note="one model"), registry=registry())
    assert "note      one model" in str(table)


def test_a_period_without_figure_prints_as_such() -> None:
    table = ossgeo.measure(panel([("Qin/a", JANUARY, 10)]), registry=registry(), window="90d")
    assert "CN                     -       -" in str(table)
    assert table._repr_html_().count("<td>-</td>") == 2
