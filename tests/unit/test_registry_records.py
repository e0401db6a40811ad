"""Identifiers, names, ends and platforms of organizations, and the rules of tables that came with them."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import ossgeo
from ossgeo import Registry
from ossgeo.errors import InvalidArgumentError, RegistryError, UnknownOrganizationError
from ossgeo.registry import Identifiers, get_kind
from ossgeo.registry._identifiers import parse_lei, parse_ror, parse_wikidata


@contextmanager
def fault(text: str) -> Iterator[None]:
    with pytest.raises(RegistryError) as error:
        yield
    assert text in "; ".join(map(str, error.value.faults))


def one(**cells: str) -> Registry:
    return Registry.from_rows(
        organizations=[{"organization": "acme", "name": "Acme", **cells}],
        namespaces=[{"namespace": "AcmeAI", "organization": "acme"}],
        affiliations=[{"organization": "acme", "country": "FR"}],
    )


def test_identifiers_are_read_from_ids_and_addresses() -> None:
    acme = one(
        ror="https://ror.org/03cve4549", wikidata="https://www.wikidata.org/wiki/Q16955", lei="894500Q9JNDV9YXSOL64"
    )
    found = acme.get_organization("acme").identifiers
    assert found == Identifiers("03cve4549", "Q16955", "894500Q9JNDV9YXSOL64")
    assert found
    assert found.urls["lei"].endswith("894500Q9JNDV9YXSOL64")
    assert not one().get_organization("acme").identifiers


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("ror", "03cve4548"),  # a wrong checksum
        ("ror", "03cve454"),
        ("ror", "03cvl4549"),  # l is not a digit of base 32
        ("wikidata", "Q0123"),
        ("wikidata", "P31"),
        ("lei", "894500Q9JNDV9YXSOL65"),  # a wrong checksum
        ("lei", "894500Q9JNDV9YXSOL6"),
    ],
)
def test_a_wrong_identifier_is_a_fault(column: str, text: str) -> None:
    with fault(f"organizations.csv, row 1, column {column}"):
        one(**{column: text})
    with pytest.raises(ValueError, match=text):
        {"ror": parse_ror, "wikidata": parse_wikidata, "lei": parse_lei}[column](text)


def test_every_record_of_ror_has_the_checksum(real_data: Path) -> None:
    import polars as pl

    records = pl.read_parquet(real_data / "ror" / "ror_records.parquet")["ror"]
    assert len({parse_ror(text) for text in records}) == len(records)


def test_names_in_native_scripts_are_found() -> None:
    world = Registry.default()
    for name, organization in {
        "智谱AI": "zhipu-ai", "阿里巴巴": "alibaba-group", "네이버": "naver", "Яндекс": "yandex", "ソフトバンク": "softbank",
        "통의": None, "清华大学": "tsinghua-university", "Moonshine AI": "useful-sensors",
    }.items():  # fmt: skip
        found = world.find_by_name(name)
        assert (found and found.id) == organization
    assert "智谱AI" in world.get_organization("zhipu-ai").names


def test_an_organization_that_ended_is_no_start_up() -> None:
    assert str(get_kind(Registry.default(), "coqui", on="2024-01-02")) == "startup"
    assert str(get_kind(Registry.default(), "coqui", on="2024-01-03")) == "company"
    assert Registry.default().get_organization("coqui").end == dt.date(2024, 1, 3)
    with fault("is not after the start"):
        one(start="2024-01-01", end="2023-01-01")


def test_a_namespace_that_differs_in_case_only_is_found() -> None:
    world = Registry.default()
    assert world.find("qwen") == world.find("Qwen")
    assert world.get("QWEN").id == "qwen"
    assert (world.spelling_of("qwen"), world.spelling_of("Qwen"), world.spelling_of("qwem")) == ("Qwen", "Qwen", None)
    two = Registry.from_rows(
        organizations=[{"organization": name} for name in ("a", "b")],
        namespaces=[{"namespace": "Acme", "organization": "a"}, {"namespace": "ACME", "organization": "b"}],
        affiliations=[{"organization": name, "country": "FR"} for name in ("a", "b")],
    )
    assert two.find("acme") is None, "two namespaces differ in case only, and none is meant"
    with pytest.raises(UnknownOrganizationError, match="Acme"):
        two.get("acme")


def test_namespaces_of_other_platforms() -> None:
    world = Registry.default()
    assert world.find("z-ai") is None
    assert world.get("z-ai", platform="openrouter").id == "zhipu-ai"
    with pytest.raises(InvalidArgumentError, match=r"platform must be one of huggingface, .*openrouter, got 'tpyo'"):
        world.find("z-ai", platform="tpyo")
    with pytest.raises(UnknownOrganizationError, match="is not in the registry"):
        world.get("nobody", platform="openrouter")
    router = world.for_platform("openrouter")
    assert router.get("x-ai").id == "xai"
    assert router.find("Qwen") == world.get_organization("qwen"), "another letter case"
    with pytest.raises(InvalidArgumentError, match=r"platform must be one of .*openrouter"):
        world.for_platform("huggingface")
    mine = Registry.from_rows(
        namespaces=[{"namespace": "z-ai", "organization": "qwen", "platform": "openrouter"}], base=world
    )
    assert mine.get("z-ai", platform="openrouter").id == "qwen"
    with fault("'Open Router' is not a lower-case-slug"):
        Registry.from_rows(
            namespaces=[{"namespace": "a", "organization": "qwen", "platform": "Open Router"}], base=world
        )


def test_a_panel_of_another_platform_is_measured_by_its_handles() -> None:
    import polars as pl

    rows = [("z-ai/glm-4.6", "2026-01-01", 60), ("x-ai/grok-4", "2026-01-01", 40)]
    panel = ossgeo.read_panel(
        pl.DataFrame(rows, schema=["model_id", "date", "downloads_30d"], orient="row").with_columns(
            pl.col("date").str.to_date()
        )
    )
    shares = ossgeo.measure(panel, registry=Registry.default().for_platform("openrouter")).at()
    assert (shares["CN"], shares["US"]) == (0.6, 0.4)


def test_start_up_is_not_a_kind_of_the_tables() -> None:
    with fault("'startup' is not one of company, big tech"):
        one(kind="startup")


def test_a_file_that_is_not_a_table_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "namespaces.csv").write_text("namespace,organization\nours,qwen\n", encoding="utf-8")
    assert Registry.read(tmp_path, base=Registry.default()).get("ours").id == "qwen"
    (tmp_path / "affiliation.csv").write_text("organization,country\nqwen,CN\n", encoding="utf-8")
    with fault("rename it to affiliations.csv"):
        Registry.read(tmp_path, base=Registry.default())


def test_ownership_diamonds_take_linear_time() -> None:
    """Each level is owned by both organizations of the next: 2 ** n paths, 2 n organizations."""

    def diamonds(levels: int) -> float:
        names = [(f"a{level}", f"b{level}") for level in range(levels)]
        parents = [
            {"organization": low, "parent": high}
            for lower, upper in itertools.pairwise(names) for low in lower for high in upper
        ]  # fmt: skip
        organizations = [{"organization": name} for pair in names for name in pair]
        begin = time.perf_counter()
        world = Registry.from_rows(organizations=organizations, parents=parents)
        get_kind(world, "a0", on="2026-01-01")
        return time.perf_counter() - begin

    diamonds(4)
    assert diamonds(60) < 400 * diamonds(10)


def test_a_long_chain_of_owners_is_no_recursion() -> None:
    names = [f"o{number}" for number in range(3000)]
    world = Registry.from_rows(
        organizations=[{"organization": name} for name in names],
        parents=[{"organization": low, "parent": high} for low, high in itertools.pairwise(names)],
    )
    assert str(get_kind(world, "o0", on="2026-01-01")) == "company"
    with fault("would own itself"):
        Registry.from_rows(
            organizations=[{"organization": name} for name in names[:3]],
            parents=[{"organization": low, "parent": high} for low, high in [("o0", "o1"), ("o1", "o2"), ("o2", "o0")]],
        )
