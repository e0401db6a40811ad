"""The rules of the contributor's guide, drafts of rows, search and export."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo import Registry, review
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, OutputError, SourceFormatError, SourceUnavailableError
from tests.hub_server import fake_hub
from tests.worlds import MARCH, panel, registry

WORLD = Registry.default()


def amended(**tables: Any) -> Registry:
    return Registry.from_rows(**tables, base=WORLD)


def rules(new: Registry, base: Registry | None = WORLD) -> dict[str, str]:
    return {one.rule: one.subject for one in review.check(new, base=base, today="2026-12-01")}


def with_seat(**cells: str) -> Registry:
    return Registry.from_rows(
        organizations=[{"organization": "acme", "name": "Acme"}],
        affiliations=[
            {"organization": "acme", "country": "US", "shows": "press", "url": "https://example.org", **cells}
        ],
    )


def test_the_bundled_registry_breaks_no_rule() -> None:
    assert review.check(WORLD, today="2026-12-01") == ()


def test_the_bars_of_the_bundled_registry(capsys: pytest.CaptureFixture[str]) -> None:
    """Ids for three quarters of the universities, institutes and government bodies; floors of the rest as reached."""
    found = {kind: (number, known / number) for kind, number, *_, known in review.identified().iter_rows()}
    academic = [found[kind] for kind in ("university", "research institute", "government")]
    assert sum(number * part for number, part in academic) >= 0.85 * sum(number for number, _ in academic)
    assert found["company"][0] * found["company"][1] >= 217
    assert found["big tech"][1] == 1
    assert sum(number for number, _ in found.values()) >= 1480
    assert len(WORLD.namespaces) >= 2300
    assert main(["registry", "check"]) == 0
    number, part = found["company"]
    assert f"company {part:.0%} of {number}" in capsys.readouterr().out
    assert f"| {part:.0%} |" in review.card()


def test_the_seats_behind_most_downloads_rest_on_pages_of_the_organization_or_a_register() -> None:
    """Of the organizations behind 99 % of the downloads of each sample, weighted by downloads."""
    direct = {"registered office", "research register", "filing", "own statement", "hub profile"}
    for sample in ossgeo.list_samples():
        table = ossgeo.measure(ossgeo.load_sample(sample.name), by="organization")
        last = table.to_polars().filter(pl.col("period") == table.periods[-1])
        rows = [
            (one, share)
            for one, share in last.select("organization", "share").iter_rows()
            if one in WORLD.organizations
        ]
        largest: list[tuple[str, float]] = []
        total = sum(share for _, share in rows)
        for one, share in rows:
            if sum(part for _, part in largest) < 0.99 * total:
                largest.append((one, share))
        held = sum(share for one, share in largest if _shown(one) <= direct)
        assert held >= 0.95 * sum(share for _, share in largest), sample.name


def _shown(name: str) -> set[str]:
    """Return what the pages of an organization's present seats show."""
    places = WORLD.get_organization(name).affiliations
    return {
        place.evidence.shows if place.evidence and place.evidence.url else "no page"
        for place in places
        if place.basis == "seat" and place.end is None
    }


def test_a_namespace_is_not_taken_without_ending_the_row() -> None:
    assert rules(amended(namespaces=[{"namespace": "Qwen", "organization": "jetbrains"}])) == {
        "seized-namespace": "Qwen"
    }
    later = amended(namespaces=[{"namespace": "Qwen", "organization": "jetbrains", "start": "2026-11-01"}])
    assert rules(later) == {}, "a hand-over with a date"
    assert later.get("Qwen", on="2026-10-31").id == "qwen"
    assert rules(amended(namespaces=[{"namespace": "QWEN", "organization": "jetbrains"}])) == {"case-variant": "Qwen"}


def test_an_organization_needs_a_seat_and_is_no_duplicate() -> None:
    new = amended(organizations=[{"organization": "mistral", "name": "Mistral AI", "homepage": "https://mistral.ai/"}])
    assert rules(new) == {"no-seat": "mistral", "duplicate": "mistral-ai"}
    same = amended(
        organizations=[{"organization": "other", "wikidata": "Q119718658"}],
        affiliations=[{"organization": "other", "country": "FR"}],
    )
    assert rules(same) == {"shared-identifier": "other"}


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"reviewed_on": "2036-01-01"}, "future-review"),
        ({"confidence": "certain", "url": "", "shows": "common knowledge"}, "certain-without-page"),
        ({"confidence": "certain", "note": "the page names no place"}, "certain-without-place"),
        ({"confidence": "certain", "note": "Yerevan itself is not named"}, "certain-without-place"),
        ({"note": "terms: a Delaware corporation"}, "letterbox"),
        ({"note": "authors at Lewes, Delaware; no office was found"}, "letterbox"),
    ],
)
def test_rules_of_evidence(cells: dict[str, str], rule: str) -> None:
    assert rules(with_seat(**cells), None) == {rule: "acme"}


@pytest.mark.parametrize(
    "cells",
    [
        {"reviewed_on": "2026-12-01"},
        {"confidence": "certain", "note": "headquarters in Paris"},
        {"confidence": "likely", "note": "the page names no place"},
        {"note": "a Delaware corporation with an office in Boston"},
        {"country": "unknown", "note": "Lewes, Delaware"},
    ],
)
def test_what_is_no_finding(cells: dict[str, str]) -> None:
    assert rules(with_seat(**cells), None) == {}


def test_countries_are_compared_with_ror(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = {"id": "https://ror.org/05w9p7918", "locations": [{"geonames_details": {"country_code": "DE"}}]}
    first = {"id": "https://ror.org/03cve4549", "country": {"country_code": "CN"}}
    (tmp_path / "ror.json").write_text(json.dumps([first, second]), encoding="utf-8")
    (tmp_path / "ror.csv").write_text("ror,country\nhttps://ror.org/03cve4549,CN\n05w9p7918,DE\n", encoding="utf-8")
    records = review.read_ror(tmp_path / "ror.json")
    assert records == review.read_ror(str(tmp_path / "ror.csv")) == {"03cve4549": "CN", "05w9p7918": "DE"}
    found = {one.subject: one for one in review.compare_with_ror(WORLD, records) if one.rule == "ror-country"}
    assert list(found) == ["mistral-ai"]
    assert "FR here, DE in ROR (05w9p7918); here because: " in found["mistral-ai"].message
    assert any(one.rule == "ror-unknown" for one in review.compare_with_ror(WORLD, records))
    assert main(["registry", "check", "--ror", str(tmp_path / "ror.csv")]) == 0
    assert "warning ror-country: mistral-ai" in capsys.readouterr().out
    (tmp_path / "odd.json").write_text("[{}]", encoding="utf-8")
    with pytest.raises(SourceFormatError, match="must be a dump of ROR"):
        review.read_ror(tmp_path / "odd.json")
    with pytest.raises(SourceUnavailableError, match="does not exist"):
        review.read_ror(tmp_path / "none.json")


def test_disagreements_with_ror_are_known(real_data: Path) -> None:
    found = review.compare_with_ror(WORLD, review.read_ror(real_data / "ror" / "ror_records.parquet"))
    assert {one.subject for one in found if one.rule == "ror-country"} == {
        "cohere", "cohere-labs", "insilico-medicine", "sensetime"
    }  # fmt: skip
    assert {one.subject for one in found if one.rule != "ror-country"} == {"biontech", "stmicroelectronics"}, (
        "not in this part of ROR"
    )


def test_the_shell_refuses_a_seized_namespace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "namespaces.csv").write_text("namespace,organization\nQwen,jetbrains\n", encoding="utf-8")
    assert main(["registry", "check", str(tmp_path)]) == 1
    assert "namespace Qwen belongs to qwen" in capsys.readouterr().err


def test_find_by_a_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert review.find("qwen")["found_in"].to_list()[:2] == ["id", "note"], "a note comes last"
    rows = {row[0]: row for row in review.find("qwen").iter_rows()}
    assert rows["qwen"] == ("qwen", "Qwen", "Qwen", "CN", "id")
    assert review.find("通义千问")["organization"].to_list() == ["qwen"]
    assert review.find("QuixiAI-nobody").height == 0
    with pytest.raises(InvalidArgumentError, match="text must not be empty"):
        review.find(" ")
    assert main(["registry", "find", "モデル"]) == 0
    assert main(["registry", "find", "智谱"]) == 0
    out = capsys.readouterr().out
    assert "nothing contains 'モデル'" in out
    assert "zhipu-ai (Zhipu AI (Z.ai)): CN; THUDM zai-org; found in its name" in out


def test_export_is_a_data_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registry", "export", str(tmp_path / "out")]) == 0
    assert "datapackage.json" in capsys.readouterr().out
    folder = tmp_path / "out"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    assert package["version"] == WORLD.version
    for resource in package["resources"]:
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [field["name"] for field in resource["schema"]["fields"]]
    assert Registry.read(folder) == WORLD, "what is exported can be read again"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n")
    assert "config_name: namespaces" in card
    assert main(["registry", "card"]) == 0
    assert f"Registry `{WORLD.version}`" in capsys.readouterr().out


def unreviewed() -> ossgeo.Panel:
    rows = [("who/big", MARCH, 60), ("who/small", MARCH, 5), ("new-lab/m", MARCH, 30), ("ghost/m", MARCH, 10)]
    return panel([("Qin/m", MARCH, 9000), *rows])


def test_suggestions_come_from_the_overview(tmp_path: Path) -> None:
    with fake_hub() as server:
        server.overviews["who"] = ("users", {"user": "who", "fullname": "A Person", "orgs": []})
        server.overviews["new-lab"] = ("organizations", {"name": "new-lab", "fullname": "New Lab", "numUsers": 7,
                                                         "details": "A laboratory in Utopia"})  # fmt: skip
        source = ossgeo.sources.Hub(endpoint=server.url, token=False)
        found = review.suggest(unreviewed(), hub=source, n=5, registry=registry())
        assert found.to_polars().drop("details").rows() == [
            ("who", 65.0, "user", None, None, "who/big"), ("new-lab", 30.0, "organization", "New Lab", 7, "new-lab/m"),
            ("ghost", 10.0, None, None, None, "ghost/m"),
        ]  # fmt: skip
        assert found.frame["details"].to_list() == [None, "A laboratory in Utopia", None]
        assert "new-lab  New Lab, 7 members" in str(found)
        assert "A Person" not in str(found), "no name of a person"
        with pytest.raises(InvalidArgumentError, match="n must be 1 or more, got 0"):
            review.suggest(unreviewed(), hub=source, n=0, registry=registry())
    found.write(tmp_path)
    with pytest.raises(
        OutputError, match=r"organizations\.csv exists and would be replaced by drafts; choose another folder"
    ):
        found.write(tmp_path)
    with pytest.raises(OutputError, match=r"affiliations\.csv cannot be created: .*; name a folder"):
        found.write(tmp_path / "affiliations.csv")
    drafted = Registry.read(tmp_path, base=registry())
    assert [str(seat.country) for seat in drafted.get("who").seats(on=MARCH)] == ["individual"]
    assert drafted.get("new-lab").name == "New Lab"
    assert rules(drafted, registry()) == {"no-seat": "new-lab"}, "the place is for the reviewer"


def test_suggestions_in_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.json").write_text(
        json.dumps([{"id": "Qwen/a", "downloads": 9000}, {"id": "who-is-it/b", "downloads": 50}]), encoding="utf-8"
    )
    with fake_hub() as server:
        server.overviews["who-is-it"] = ("users", {"user": "who-is-it"})
        words = ["registry", "suggest", str(tmp_path / "list.json"), "--endpoint", server.url]
        assert main([*words, "--rows", "3", "--write", str(tmp_path / "drafts")]) == 0
    assert "user          who-is-it  (who-is-it/b)" in capsys.readouterr().out
    assert (tmp_path / "drafts" / "affiliations.csv").is_file()


def test_gaps_take_a_list_of_the_hub_in_one_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = [{"id": "Qwen/a", "downloads": 9000, "tags": []}, {"id": "who-is-it/b", "downloads": 50}]
    for name, content in (("list_2026-08-22.json", entries), ("page.json", {"count": 2, "models": entries})):
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
        assert main(["registry", "gaps", str(tmp_path / name)]) == 0
        assert "who-is-it  (who-is-it/b)" in capsys.readouterr().out
    (tmp_path / "none.json").write_text("[]", encoding="utf-8")
    assert main(["registry", "gaps", str(tmp_path / "none.json")]) == 1


def test_impact_shows_what_became_reviewed() -> None:
    new = Registry.from_rows(namespaces=[{"namespace": "who", "organization": "qin"}], base=registry())
    said = review.impact(new, unreviewed(), old=registry())
    assert "1 namespaces with 65 downloads become reviewed:" in said
    assert "| who | 65 | who/big |" in said


def test_gaps_name_the_largest_model() -> None:
    found = review.gaps(unreviewed(), registry=registry()).to_polars()
    assert found.select("namespace", "value", "model").rows() == [
        ("who", 65.0, "who/big"), ("new-lab", 30.0, "new-lab/m"), ("ghost", 10.0, "ghost/m"),
    ]  # fmt: skip
    assert found.schema["model"] == pl.String


@pytest.mark.parametrize("name", ["namespaces.csv", "README.md", "datapackage.json"])
def test_an_export_replaces_nothing_but_an_export(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text("[]", encoding="utf-8")
    assert main(["registry", "export", str(tmp_path)]) == 1
    assert f"{name} exists and would be replaced by the export; choose another folder" in capsys.readouterr().err
    assert [(file.name, file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()] == [(name, "[]")]
    (tmp_path / name).unlink()
    assert main(["registry", "export", str(tmp_path)]) == 0
    (tmp_path / "namespaces.csv").write_text("x", encoding="utf-8")
    assert main(["registry", "export", str(tmp_path)]) == 0
    assert (tmp_path / "namespaces.csv").read_text(encoding="utf-8") != "x"
