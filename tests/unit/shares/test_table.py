from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo._core.text import value_text
from ossgeo.errors import (
    InvalidArgumentError,
    MethodMismatchError,
    SourceFormatError,
    SourceUnavailableError,
    UnknownCountryError,
    UnknownNameError,
    UnknownOrganizationError,
)
from ossgeo.shares._table_text import period_lines
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
    assert repr(table.at(JANUARY)).startswith("PeriodShares(2025-01-31")
    with pytest.raises(InvalidArgumentError, match="got 2025-02-01"):
        table.at(dt.date(2025, 2, 1))


def test_an_unknown_group_is_an_error(table: ossgeo.ShareTable) -> None:
    assert table.at()["China"] == table.at()["chn"] == table.at()["CN"] == 0.5
    with pytest.raises(UnknownCountryError):
        table.at()["XX"]
    with pytest.raises(InvalidArgumentError, match="got 2: "):
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
    assert both.columns == ["period", "country", "share_self", "share_other", "difference"]
    assert both["difference"].to_list() == [pytest.approx(0.5 - 100 / 180), pytest.approx(0.5 - 200 / 350)]
    assert set(table.compare(table)["difference"]) == {0.0}


def test_compare_takes_absent_groups_as_at_does(table: ossgeo.ShareTable) -> None:
    later = ossgeo.measure(panel([("Qin/a", MARCH, 10), ("Mover/b", MARCH, 30)]), registry=registry())
    both = later.compare(table, names=("new", "old"))
    at_march = {row["country"]: row["difference"] for row in both.filter(period=MARCH).to_dicts()}
    for group in ("CN", "US", "DE", "individual"):
        assert at_march[group] == (later.at()[group] or 0.0) - (table.at()[group] or 0.0)
    assert both.filter(period=JANUARY)["difference"].null_count() == 7, "the first table does not have the period"
    cut = later.top(1).compare(table).filter(period=MARCH, country="CN")
    assert cut.row(0)[2:] == (None, 0.5, None), "the group may have been cut"
    attributed = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed")
    status = attributed.compare(table, allow=("denominator",)).filter(country="individual")
    assert status["difference"].null_count() == 2, "a status has no share of the attributed total"


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


def test_csv_neutralizes_formulas_by_default(tmp_path: Path) -> None:
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
    assert "rest (5 groups)               10   5.26%" in str(many)
    assert "total                        190 100.00%" in str(many)
    assert str(many).startswith("2025-01-31\n")
    attributed = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed")
    assert "individual 20 -" in " ".join(str(attributed).split())
    assert ">-</td>" in attributed._repr_html_()
    assert "ShareTable 14 rows" in repr(table)


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_an_empty_table_is_read_as_it_was_written(form: str, tmp_path: Path) -> None:
    rows = pl.DataFrame({"model_id": ["Qin/a"], "date": ["2026-01-05"], "downloads_all_time": [5]})
    empty = ossgeo.measure(ossgeo.read_panel(rows), registry=registry())
    assert not empty.periods
    getattr(empty, f"write_{form}")(tmp_path / f"empty.{form}")
    assert ossgeo.ShareTable.read(tmp_path / f"empty.{form}") == empty


def test_a_table_is_filtered_by_names_and_lists(table: ossgeo.ShareTable) -> None:
    assert table.filter(country="United States").at().keys() == {"US"}
    assert table.filter(country=["China", "US"]).at().keys() == {"CN", "US"}
    assert table.filter(country=ossgeo.Country("US")).at().keys() == {"US"}
    assert table.filter(period=[MARCH]).periods == (MARCH,)
    with pytest.raises(UnknownCountryError, match="'Atlantis' is not known"):
        table.filter(country="Atlantis")


def test_a_group_without_a_count_has_none_of_them(table: ossgeo.ShareTable) -> None:
    said = table.sentence("Vatican City")
    assert " accounted for none of the downloads in the 30 days to " in said
    assert ", as in the 30 days to " in said
    assert "0.0%" not in said.split("(")[0]


def test_an_empty_table(table: ossgeo.ShareTable) -> None:
    empty = table.filter(country="Vatican City")
    assert str(empty).startswith("no period")
    assert "<tbody></tbody>" in empty._repr_html_()
    with pytest.raises(InvalidArgumentError, match="empty"):
        empty.at()


def test_a_note_is_printed() -> None:
    table = ossgeo.measure(panel([("Qin/a", JANUARY, 5)]), registry=registry())
    assert "note      one model" in str(attrs.evolve(table, note="one model"))


def test_a_period_without_figure_prints_as_such() -> None:
    table = ossgeo.measure(panel([("Qin/a", JANUARY, 10)]), registry=registry(), window="90d")
    assert "CN                     -       -" in str(table)
    assert table._repr_html_().count(">-</td>") == 2


def test_a_share_above_zero_never_prints_as_zero() -> None:
    of = panel([("Qin/a", JANUARY, 99_999), ("Mover/b", JANUARY, 1), ("Trio/c", JANUARY, 0)])
    lines = [line.split() for line in str(ossgeo.measure(of, registry=registry())).splitlines()]
    assert ["GB", "1", "<0.01%"] in lines
    assert ["DE", "0", "0.00%"] in lines
    assert "&lt;0.01%" in ossgeo.measure(of, registry=registry())._repr_html_()
    assert [value_text(value) for value in (0.55, 0.001, 0.0, 12.0, 123.4, None)] == [
        "0.55",
        "<0.01",
        "0",
        "12",
        "123",
        "-",
    ]


def test_remarks_on_rounding_and_overlaps() -> None:
    thirds = ossgeo.measure(panel([("Qin/a", JANUARY, 1), ("Mover/b", JANUARY, 1), ("ann/d", JANUARY, 1)]),
                            registry=registry())  # fmt: skip
    assert "shares are rounded: as printed they sum to 99.99%, exactly to 100%" in str(thirds)
    full = ossgeo.measure(two_dates(), registry=registry(), counting="full")
    assert full.overlapping
    assert "groups overlap (a model counts fully in each of its groups): the shares sum to 130.0%" in str(
        full.filter(period=JANUARY)
    )
    assert [line.name for line in period_lines(full.top(2), MARCH)] == ["CN", "DE", "total"]
    assert "remark" not in str(ossgeo.measure(two_dates(), registry=registry()).filter(period=JANUARY))


def test_a_cut_table_prints_the_rest_and_the_total(table: ossgeo.ShareTable) -> None:
    lines = str(table.filter(period=JANUARY).top(2)).splitlines()
    assert [line.split() for line in lines[2:6]] == [
        ["CN", "100", "50.00%", "████████████"],
        ["GB", "50", "25.00%", "██████"],
        ["rest", "50", "25.00%", "██████"],
        ["total", "200", "100.00%"],
    ]
    attributed = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed").filter(period=JANUARY)
    shown = {line.name: (line.value, line.share) for line in period_lines(attributed.top(1), JANUARY)}
    assert shown["rest"][0] == 100
    assert shown["rest"][1] == pytest.approx(80 / 180)
    assert shown["total"][1] == 1.0


def test_a_sentence(table: ossgeo.ShareTable) -> None:
    assert table.sentence("CN") == (
        "China accounted for 50.0% of all downloads in the 30 days to 2 March 2025, unchanged from 50.0% in the 30 days to "
        "31 January 2025 (models credited to their publishers). Country known for 87.5% of these downloads."
    )
    assert table.sentence("Japan", JANUARY).startswith("Japan accounted for 5.0% of all downloads in the 30 days to")
    attributed = ossgeo.measure(two_dates(), registry=registry(), denominator="attributed", window="30d")
    assert "of those attributed to a known country downloads" not in attributed.sentence("CN")
    assert "the downloads attributed to a known country in the 30 days to 2 March 2025" in attributed.sentence("CN")
    assert attributed.sentence("individual").startswith("The share of individuals in the downloads")
    both = ossgeo.measure(two_dates(), registry=registry(), by=("country", "organization"), every="1mo")
    assert both.sentence(("CN", "qin")).startswith("China x Qin accounted for")
    with pytest.raises(UnknownCountryError):
        table.sentence("Nowhereland")


def test_a_citation_names_source_method_and_checksum(table: ossgeo.ShareTable) -> None:
    text = table.cite()
    for part in (table.method.panel, "2025-01-31 to 2025-03-02", f"registry {table.method.registry}", table.checksum):
        assert part in text
    assert table.filter(country="VA").cite()


@pytest.mark.parametrize("name", ["t.csv", "t.parquet", "t.json"])
def test_changed_or_cut_files_are_refused(name: str, tmp_path: Path, table: ossgeo.ShareTable) -> None:
    file, kind = tmp_path / name, name[2:]
    getattr(table, f"write_{kind}")(file)
    assert ossgeo.ShareTable.read(file).checksum == table.checksum
    getattr(attrs.evolve(table, frame=table.to_polars().head(2)), f"write_{kind}")(tmp_path / f"few.{kind}")
    if kind == "csv":
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(lines[:3]), encoding="utf-8")
        with pytest.raises(SourceFormatError, match="2 of 14 rows"):
            ossgeo.ShareTable.read(file)
        file.write_text("".join(lines).replace(",0.5,", ",7.5,", 1), encoding="utf-8")
    elif kind == "json":
        file.write_text(file.read_text(encoding="utf-8").replace('"share": 0.5', '"share": 7.5', 1), encoding="utf-8")
    else:
        meta = pl.read_parquet_metadata(file)["ossgeo"]
        changed = table.to_polars().with_columns(share=pl.col("share") * 2)
        changed.write_parquet(file, metadata={"ossgeo": meta})
    with pytest.raises(SourceFormatError, match="were changed after it was written"):
        ossgeo.ShareTable.read(file)


def test_the_format_of_our_world_in_data(tmp_path: Path, table: ossgeo.ShareTable) -> None:
    table.write_owid(tmp_path / "shares.csv")
    frame = pl.read_csv(tmp_path / "shares.csv", try_parse_dates=True)
    assert frame.columns == ["Entity", "Code", "Day", "share", "value"]
    assert frame.filter(Entity="China").rows()[0] == ("China", "CHN", JANUARY, 50.0, 100.0)
    assert frame.filter(Entity="individual")["Code"].to_list() == [None, None]
    meta = json.loads((tmp_path / "shares.metadata.json").read_text(encoding="utf-8"))
    assert set(meta["columns"]) == {"share", "value"}
    assert meta["columns"]["share"]["unit"] == "%"
    assert meta["columns"]["share"]["citationLong"] == table.cite()
    two = ossgeo.measure(two_dates(), registry=registry(), by=("country", "organization"))
    with pytest.raises(InvalidArgumentError, match="one key"):
        two.write_owid(tmp_path / "two.csv")


def test_a_csv_for_excel_is_read_again(tmp_path: Path) -> None:
    table = ossgeo.measure(ossgeo.load_sample("labs-2025"))
    table.write_csv(tmp_path / "shares.csv", excel=True)
    content = (tmp_path / "shares.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfperiod;country;value;share")
    assert b"2025-09-07;US;" in content
    assert b"." not in content
    assert ossgeo.ShareTable.read(tmp_path / "shares.csv").to_polars().equals(table.to_polars())


def test_get_gives_the_default_for_an_unknown_group(table: ossgeo.ShareTable) -> None:
    shares = table.at(MARCH)
    assert shares.get("ZZ", 0.0) == 0.0
    assert shares.get("China") == shares["CN"]


def test_columns_of_a_printed_table_are_aligned_with_large_values_and_long_units() -> None:
    rows = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": "2026-01-05", "tokens": [5 * 10**13, 10**12]})
    table = ossgeo.measure(ossgeo.read_panel(rows, counter="tokens_per_7d"))
    within = ossgeo.analysis.shares_within(
        ossgeo.measure(ossgeo.load_sample("trending-2026"), by=("country", "organization")), "country"
    )
    for one in (table, within):
        _, heading, *lines = str(one).split("\n\n")[0].splitlines()
        end = heading.index("share") + len("share")
        assert {line.index("%") + 1 for line in lines if "%" in line} == {end}
