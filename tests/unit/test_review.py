from __future__ import annotations

import csv
import datetime as dt
import warnings
from pathlib import Path

import pytest

import ossgeo
from ossgeo import Registry, review
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, UnknownOrganizationError
from ossgeo.registry import with_alternatives
from tests.worlds import MARCH, registry, two_dates

BASELINE = Path(__file__).parents[1] / "data" / "baseline-shares.csv"
MOST = 0.5


def baseline() -> dict[tuple[str, str], float]:
    with BASELINE.open(encoding="utf-8", newline="") as file:
        return {(row["sample"], row["country"]): float(row["percent"]) for row in csv.DictReader(file)}


def test_the_bundled_samples_shares_stay_where_they_are() -> None:
    """A country that moves by more than half a point wants a new table, and an entry under "Numbers that change"."""
    expected = baseline()
    found: dict[tuple[str, str], float] = {}
    for sample in ossgeo.list_samples():
        shares = ossgeo.measure(ossgeo.load_sample(sample.name)).at()
        found |= {(sample.name, str(group)): 100 * (share or 0.0) for group, share in shares.items()}
    moved = {
        key: (expected.get(key, 0.0), found.get(key, 0.0))
        for key in {*expected, *found}
        if abs(found.get(key, 0.0) - expected.get(key, 0.0)) > MOST
    }
    assert moved == {}


def test_gaps() -> None:
    found = review.gaps(two_dates(), registry=registry())
    assert found.to_polars().drop("model").rows() == [
        ("who", 25.0, 0.0625, MARCH), ("Nowhere", 5.0, 0.025, dt.date(2025, 1, 31)),
    ]  # fmt: skip
    assert found.coverage["reviewed"].to_list() == [0.95, 0.925]
    assert "at worst (2025-03-02) 92.50%" in str(found)
    many = [(f"n{number}/m", MARCH, number + 1) for number in range(50)]
    from tests.worlds import panel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert str(review.gaps(panel(many), registry=registry())).endswith("and 10 more")


def test_impact() -> None:
    mine = Registry.from_rows(affiliations=[{"organization": "qin", "country": "SG"}], base=registry())
    table = review.impact(mine, two_dates(), old=registry())
    assert table.splitlines()[2:] == ["| CN | 50.00 | 0.00 | -50.00 |", "| SG | 0.00 | 50.00 | +50.00 |"]
    assert review.impact(registry(), two_dates(), old=registry()) == "No share moves by 0.005 points."


def test_show() -> None:
    said = review.show("Mover", registry=registry())
    assert "seat: GB until 2025-02-15" in said
    assert "seat: US from 2025-02-15" in said
    assert "x 0.333" in review.show("Trio", registry=registry())
    assert "role: repackager" in review.show("unsloth", on=dt.date(2026, 1, 1))
    assert "owner:" in review.show("Qwen")
    named = review.show("Manus AI", on=dt.date(2026, 1, 1)).splitlines()
    assert named[0] == "Manus AI is manus (Manus (Butterfly Effect), big tech)"
    assert any(line.startswith("  owner: meta from 2025-12-30") for line in named)
    assert "Gone is qin (Qin, company) from 2020-01-01 until 2025-02-01" in review.show("Gone", registry=registry())
    with pytest.raises(UnknownOrganizationError, match="Qwen"):
        review.show("Qwem")


def test_the_copy_of_a_page_in_an_archive_is_kept_and_shown() -> None:
    page, copy = "https://acme.org/imprint", "https://web.archive.org/web/2024/https://acme.org/imprint"
    world = ossgeo.Registry.from_rows(
        organizations=[{"organization": "acme", "name": "Acme", "kind": "company"}],
        namespaces=[{"namespace": "acme", "organization": "acme"}],
        affiliations=[
            {"organization": "acme", "country": "FR", "shows": "own statement", "url": page, "archive": copy}
        ],
    )
    assert review.facts(world).select("url", "archive").row(0) == (page, copy)
    assert f"{page} (copy: {copy})" in review.show("acme", registry=world)


def test_show_on_a_day_prints_only_what_holds_then() -> None:
    said = review.show("sentence-transformers", on="2025-09-01")
    assert said.splitlines()[0].startswith("sentence-transformers is ukp-lab")
    assert "is hugging-face" not in said
    assert "sentence-transformers is hugging-face" in review.show("sentence-transformers")
    moved = review.show("Mover", on="2025-02-15", registry=registry())
    assert "seat: US" in moved
    assert "GB" not in moved
    assert "owner:" not in review.show("manus", on="2025-12-29")
    assert "owner: meta" in review.show("manus", on="2025-12-30")
    with pytest.raises(UnknownOrganizationError, match="namespace 'Gone' has no organization on 2026-01-01"):
        review.show("Gone", on="2026-01-01", registry=registry())
    with pytest.raises(InvalidArgumentError, match="on must be a date or an ISO 8601 text"):
        review.show("Mover", on="soon", registry=registry())


def test_the_card() -> None:
    assert review.card(today="2026-12-01") == review.card(today=dt.date(2026, 12, 1))
    with pytest.raises(InvalidArgumentError, match="today must be a date or an ISO 8601 text"):
        review.card(today="soon")
    said = review.card(today=dt.date(2026, 12, 1))
    assert "| company |" in said
    assert "| within 30 days |" in said
    assert "| older |" in review.card(today=dt.date(2030, 1, 1))
    small = review.card(registry())
    assert (
        "6 namespaces of 5 organizations with 7 seats in 6 countries; 0 seats cite a page, 2 have a start or an end"
        in small
    )
    assert "| CN | 1 |  |  |  | 1 |  |  |  |" in small
    assert "| individual | 1 |  |" not in small


def test_a_sample_of_facts_is_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    every = review.facts(registry())
    assert every.height == 7
    assert every.filter(organization="qin")["namespaces"].to_list() == ["Gone Qin"]
    assert every.filter(organization="mover").select("country", "start", "end").rows() == [
        ("GB", None, dt.date(2025, 2, 15)), ("US", dt.date(2025, 2, 15), None),
    ]  # fmt: skip
    drawn = review.sample(rows=3, seed=7, registry=registry())
    assert drawn.select("organization", "country").rows() == [("mover", "GB"), ("mover", "US"), ("qin", "CN")]
    assert review.sample(rows=99, seed=7, registry=registry()).equals(every)
    with pytest.raises(InvalidArgumentError, match="rows must be 1 or more, got 0"):
        review.sample(rows=0, seed=7)
    assert main(["registry", "sample", "--rows", "2", "--seed", "5"]) == 0
    assert len(list(csv.reader(capsys.readouterr().out.splitlines()))) >= 3


def test_the_shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "organizations.csv").write_text(
        "organization,name,kind,homepage\nmine,Mine,company,\n", encoding="utf-8"
    )
    (tmp_path / "namespaces.csv").write_text(
        "namespace,organization,start,end\nQwen,mine,2020-01-01,\n", encoding="utf-8"
    )
    (tmp_path / "affiliations.csv").write_text("organization,country\nmine,SG\n", encoding="utf-8")
    for words, expected in (
        (["check"], "no fault"),
        (["check", str(tmp_path)], "no fault"),
        (["diff", "default", str(tmp_path)], "+ namespaces namespace=Qwen organization=mine"),
        (["show", "zai-org", "--on", "2026-01-01"], "zhipu-ai"),
        (["gaps", "hub-2026"], "unreviewed"),
        (["impact", str(tmp_path), "labs-2025"], "| SG | 0.00 |"),
    ):
        assert main(["registry", *words]) == 0
        assert expected in capsys.readouterr().out
    (tmp_path / "affiliations.csv").write_text("organization,country\nmine,Chinaa\n", encoding="utf-8")
    assert main(["registry", "check", str(tmp_path)]) == 1
    assert "Chinaa" in capsys.readouterr().err
    assert main(["registry", "show", "no-such-namespace"]) == 2


def test_what_disputed_seats_do(capsys: pytest.CaptureFixture[str]) -> None:
    panel = ossgeo.load_sample("hub-2026")
    found = ossgeo.review.alternatives(panel)
    name, country, share, other, effect = found.row(0)
    switched = with_alternatives(ossgeo.Registry.default(), name)
    assert ossgeo.measure(panel, registry=switched).at()[country] == pytest.approx(other)
    assert ossgeo.measure(panel).at()[country] == pytest.approx(share)
    assert effect == pytest.approx(other - share)
    assert main(["registry", "alternatives", "hub-2026"]) == 0
    assert name in capsys.readouterr().out
    assert main(["measure", "hub-2026", "--alternative", name]) == 0
    assert f"registry {switched.version}" in capsys.readouterr().out


def test_alternatives_switched_together_equal_each_one_alone() -> None:
    panel = ossgeo.load_sample("hub-2026")
    known = ossgeo.Registry.default()
    found = review.alternatives(panel)
    assert found["organization"].n_unique() > 2
    before = ossgeo.measure(panel).at()
    for name in found["organization"].unique():
        alone = ossgeo.measure(panel, registry=with_alternatives(known, name)).at()
        for country, effect in found.filter(organization=name).select("country", "effect").iter_rows():
            assert (alone[country] or 0.0) - (before[country] or 0.0) == pytest.approx(effect, abs=1e-12)


def test_show_lists_the_lineage_facts_of_a_model() -> None:
    lines = review.show("ascend-tribe/pangu-pro-moe").splitlines()
    assert lines[0].startswith("fact: ascend-tribe/pangu-pro-moe <- no base model [vendor statement")
    assert lines[1].startswith("alternative: ascend-tribe/pangu-pro-moe <- Qwen/Qwen2.5-14B (finetune) [weights")
