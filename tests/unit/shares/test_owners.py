"""Tables of owners and countries, and tables in Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, OssgeoWarning, PanelError

DAY = "2026-08-14"


def country(registry: ossgeo.Registry, namespace: str) -> list[tuple[str, float]]:
    return [(str(seat.country), seat.weight) for seat in registry.get(namespace).seats(on=DAY)]


def test_a_markdown_table_of_owners(real_data: Path) -> None:
    file = real_data / "foreign" / "country_tables" / "owners.md"
    with pytest.raises(PanelError, match=r"'Canada \(Toronto\)' is not known.*give countries="):
        ossgeo.read_owners(file)
    with pytest.warns(OssgeoWarning, match="2 organization.* have no namespace.*: Grok, Baichuan AI"):
        amended = ossgeo.read_owners(file, countries={"Canada (Toronto)": "CA"})
    plain = [line.split("|")[2:5] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][
        1:
    ]
    countries = {owner.strip(): place.strip().partition(" (")[0] for owner, place, _ in plain}
    for namespace, owner in {"openai": "OpenAI", "Aleph-Alpha": "Aleph Alpha GmbH", "ai21labs": "AI21 Labs",
                             "meta-llama": "Meta Platforms (Meta AI)", "tiiuae": "Technology Innovation Institute (TII)",
                             "moonshotai": "Moonshot AI", "mistralai": "Mistral AI"}.items():  # fmt: skip
        assert country(amended, namespace) == [(str(ossgeo.Country.parse(countries[owner])), 1.0)]
        (seat,) = amended.get(namespace).seats(on=DAY)
        assert seat.evidence is not None
        assert str(seat.evidence.url) in file.read_text(encoding="utf-8")
    assert ossgeo.Registry.default().diff(amended).added


@pytest.mark.parametrize("form", ["frame", "csv", "md"])
def test_owners_by_namespace_and_by_name(form: str, tmp_path: Path) -> None:
    rows = pl.DataFrame({
        "Handle": ["acme-ai", "mistralai", None, None], "Company": ["Acme", None, "Z.ai (Zhipu AI)", "Stability AI"],
        "HQ": ["Japan", "Germany", "China", "France"],
    })  # fmt: skip
    rows = pl.concat([rows, rows.tail(1).with_columns(HQ=pl.lit("Canada"))])
    table: Any = rows
    if form == "csv":
        table = tmp_path / "owners.csv"
        rows.write_csv(table)
    elif form == "md":
        table = tmp_path / "owners.md"
        lines = [
            "|".join(rows.columns),
            "--|:-:|--",
            *(f"|{'|'.join(cell or '' for cell in row)}|" for row in rows.rows()),
        ]
        table.write_text("# Owners\n\n" + "\n".join(lines) + "\n\nEnd.\n", encoding="utf-8")
    amended = ossgeo.read_owners(table)
    assert country(amended, "acme-ai") == [("JP", 1.0)]
    assert country(amended, "mistralai") == [("DE", 1.0)]
    assert country(amended, "zai-org") == [("CN", 1.0)]
    assert sorted(country(amended, "stabilityai")) == [("CA", 0.5), ("FR", 0.5)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"Owner": ["a"], "Place": ["Japan"]}, "has no column country; it has organization, Place"),
        ({"x": ["a"], "Country": ["Japan"]}, "has no column organization or namespace"),
        ({"Owner": ["a", "b"], "Country": ["Narnia", "Atlantis"]}, "Atlantis"),
        ({"Owner": ["a", ""], "Country": ["Japan", "China"]}, "row 2: has a country and no organization"),
    ],
)
def test_tables_of_owners_with_a_fault(rows: dict[str, list[str]], message: str) -> None:
    with pytest.raises(PanelError) as found:
        ossgeo.read_owners(pl.DataFrame(rows))
    assert message in str(found.value)


def test_columns_of_owners_are_named() -> None:
    rows = pl.DataFrame({"who": ["Mistral AI"], "where": ["ES"]})
    assert country(ossgeo.read_owners(rows, columns={"who": "organization", "where": "country"}), "mistralai") == [
        ("ES", 1.0)
    ]
    with pytest.raises(InvalidArgumentError, match="columns must map to organization, country, namespace, url"):
        ossgeo.read_owners(rows, columns={"who": "owner"})


TABLE = "| id | date | downloads_30d |\n|---|---|---:|\n| **[Qwen/a](https://huggingface.co/Qwen/a)** | 2026-01-01 | 1,234,567 |\n"


def test_a_panel_in_markdown(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"# Figures\n\n{TABLE}\nA | b\n", encoding="utf-8")
    panel = ossgeo.read_panel(tmp_path / "README.md")
    assert panel.to_polars().select("model_id", "downloads_30d").rows() == [("Qwen/a", 1234567)]
    (tmp_path / "a.csv").write_text("id,date,downloads_30d\nQwen/a,2026-01-01,5\n", encoding="utf-8")
    assert ossgeo.read_panel(tmp_path).to_polars()["downloads_30d"].to_list() == [5], "a README is not data"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no table", "holds no table in Markdown"),
        (f"{TABLE}\n\n{TABLE}", "holds 2 tables in Markdown"),
        (TABLE.replace(" 1,", " x | 1,"), "row 3: has 4 cells, the header has 3"),
        (TABLE.replace("| date", "| id"), "has a column twice"),
        (TABLE.replace("1,234,567", "many"), "row 3, column downloads_30d: 'many' is not a whole number"),
    ],
)
def test_markdown_with_a_fault(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.md").write_text(text, encoding="utf-8")
    with pytest.raises(PanelError) as found:
        ossgeo.read_panel(tmp_path / "p.md")
    assert message in str(found.value)


def test_rows_without_a_country_are_told() -> None:
    rows = pl.DataFrame({"organization": ["Mistral AI", "Qwen", None], "country": ["Germany", " ", None]})
    with pytest.warns(OssgeoWarning, match=r"2 row\(s\) of a dataframe have no country and are left out: Qwen$"):
        assert [str(seat.country) for seat in ossgeo.read_owners(rows).get("mistralai").seats(on="2026-01-01")] == [
            "DE"
        ]
