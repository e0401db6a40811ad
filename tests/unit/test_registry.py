from __future__ import annotations

import contextlib
import csv
import datetime as dt
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import (
    InvalidArgumentError,
    OssgeoWarning,
    RegistryError,
    SourceUnavailableError,
    UnknownOrganizationError,
)
from ossgeo.registry import (
    disputed_organizations,
    find_roles,
    get_kind,
    namespace_seats,
    organization_kinds,
    with_alternatives,
)
from ossgeo.registry._tables import TABLES
from tests.worlds import registry

DATA = Path(ossgeo.__file__).parent / "data"
ACME: dict[str, Any] = {
    "organizations": [{"organization": "acme", "name": "Acme"}, {"organization": "bee"}],
    "namespaces": [{"namespace": "AcmeAI", "organization": "acme"}],
    "affiliations": [{"organization": "acme", "country": "FR"}],
}


def places(of: ossgeo.Registry, namespace: str, day: str) -> list[str]:
    on = dt.date.fromisoformat(day)
    return [str(place.country) for place in of.get(namespace, on=on).seats(on=on)]


def test_find_follows_dates() -> None:
    world = registry()
    assert places(world, "Mover", "2025-02-14") == ["GB"]
    assert places(world, "Mover", "2025-02-15") == ["US"]
    assert world.find("Gone", on=dt.date(2019, 12, 31)) is None
    assert world.find("Gone") is None
    assert world.find("nobody") is None
    assert world.find("Qin") == world.get_organization("qin")


def test_get_says_what_is_near() -> None:
    world = registry()
    assert world.get("qin").id == "qin"
    with pytest.raises(UnknownOrganizationError, match="Trio") as near:
        world.get("Trioo")
    assert near.value.value == "Trioo"
    with pytest.raises(UnknownOrganizationError, match="2020-01-01 to 2025-02-01"):
        world.get("Gone", on=dt.date(2026, 1, 1))
    with pytest.raises(UnknownOrganizationError, match="mover"):
        world.get_organization("movr")


def test_roles() -> None:
    world = ossgeo.Registry.from_rows(**ACME, roles=[
        {"namespace": "AcmeAI", "role": "repackager", "end": "2025-01-01"}, {"namespace": "AcmeAI", "role": "archive"},
    ])  # fmt: skip
    assert find_roles(world, "AcmeAI", on=dt.date(2024, 1, 1)) == {"repackager", "archive"}
    assert find_roles(world, "AcmeAI") == {"archive"}
    assert find_roles(world, "other") == frozenset()


def test_which_companies_are_start_ups_or_big_tech_depends_on_the_day() -> None:
    world = ossgeo.Registry.from_rows(
        organizations=[
            {"organization": "giant", "kind": "big tech", "founded": 1975},
            {"organization": "arm"},
            {"organization": "bought", "founded": "2019"},
            {"organization": "young", "founded": 2019},
            {"organization": "old", "founded": 1999},
            {"organization": "nobody-looked"},
            {"organization": "school", "kind": "university", "founded": 2020},
        ],
        parents=[
            {"organization": "arm", "parent": "giant"},
            {"organization": "bought", "parent": "arm", "start": "2024-01-01", "end": "2025-01-01"},
            {"organization": "bought", "parent": "old", "start": "2025-01-01"},
        ],
    )

    def kind(name: str, year: int) -> str:
        return str(get_kind(world, name, on=dt.date(year, 6, 1)))

    assert [kind("bought", year) for year in (2018, 2019, 2023, 2024, 2025)] == [
        "company", "startup", "startup", "big tech", "company",
    ]  # fmt: skip
    assert [kind("young", year) for year in (2029, 2030)] == ["startup", "company"]
    assert {name: kind(name, 2024) for name in ("giant", "arm", "old", "nobody-looked", "school")} == {
        "giant": "big tech", "arm": "big tech", "old": "company", "nobody-looked": "company", "school": "university",
    }  # fmt: skip
    with pytest.raises(UnknownOrganizationError):
        get_kind(world, "nobody")
    turned = ossgeo.Registry.from_rows(  # who was owned may later own
        organizations=[{"organization": "a", "kind": "big tech"}, {"organization": "b"}],
        parents=[
            {"organization": "b", "parent": "a", "end": "2020-01-01"},
            {"organization": "a", "parent": "b", "start": "2020-01-01"},
        ],
    )
    assert organization_kinds(turned).filter(organization="b")["kind"].to_list() == ["big tech", "company"]
    for wrong in ("20x9", "20199"):
        (fault,) = faults_of(organizations=[{"organization": "a", "founded": wrong}])
        assert f"column founded: '{wrong}' is not a year such as 2019" in fault


def test_overlay_and_diff() -> None:
    world = registry()
    other = ossgeo.Registry.from_rows(
        organizations=[{"organization": "mover"}],
        namespaces=[{"namespace": "Gone", "organization": "mover"}],
        affiliations=[{"organization": "mover", "country": "IE"}],
        roles=[{"namespace": "Gone", "role": "archive"}],
    )
    both = world.overlay(other)
    assert places(both, "Mover", "2025-01-01") == ["IE"]
    assert both.get("Gone").id == "mover"
    assert both.get("Qin") == world.get("Qin")
    change = world.diff(both)
    assert change
    assert ("affiliations", "country=IE", "organization=mover") in change.added
    assert len(change.removed) == 3  # the name of mover stays
    assert "+ roles namespace=Gone role=archive" in str(change)
    assert not world.diff(registry())
    assert str(world.diff(registry())) == "no difference"


def test_what_is_no_registry_is_refused() -> None:
    world, text = registry(), cast("Any", "my-tables")
    for call in (world.diff, world.overlay, lambda base: ossgeo.Registry.from_rows(base=base)):
        with pytest.raises(
            InvalidArgumentError, match=r"must be a Registry, got 'my-tables'; .*Registry\.read\(folder\)"
        ):
            call(text)


def test_days_may_be_text() -> None:
    world = ossgeo.Registry.from_rows(
        roles=[{"namespace": "Gone", "role": "archive", "end": "2021-01-01"}], base=registry()
    )
    assert world.get("Gone", on="2020-06-01").id == "qin"
    assert world.find("Gone", on="2026-01-01") is None
    assert find_roles(world, "Gone", on="2020-06-01") == {"archive"}
    assert str(get_kind(world, "qin", on="2020-06-01")) == "company"
    assert world.find("Gone", on=dt.datetime(2020, 6, 1, 12, tzinfo=dt.UTC)) is not None
    with pytest.raises(UnknownOrganizationError, match=f"on {dt.date.today()}; it has qin"):
        world.get("Gone")
    for call in (world.get, world.find, partial(find_roles, world)):
        for wrong in ("soon", ""):
            with pytest.raises(
                InvalidArgumentError, match=f"on must be a date or an ISO 8601 text such as '2025-10-22', got '{wrong}'"
            ):
                call("Gone", on=wrong)
    with pytest.raises(InvalidArgumentError, match="on must be a date or an ISO 8601 text"):
        get_kind(world, "qin", on="soon")


def test_rows_of_an_overlay_extend_by_table() -> None:
    base = registry()
    renamed = ossgeo.Registry.from_rows(organizations=[{"organization": "qin", "name": "Qin Group"}], base=base)
    assert renamed.get_organization("qin").name == "Qin Group"
    assert renamed.get_organization("qin").affiliations == base.get_organization("qin").affiliations
    assert base.overlay(ossgeo.Registry.from_rows(organizations=[{"organization": "mover"}])) == base
    later = ossgeo.Registry.from_rows(
        affiliations=[{"organization": "mover", "country": "SG", "start": "2027-01-01", "end": "2028-01-01"}], base=base
    )
    days = ("2025-01-01", "2026-12-31", "2027-01-01", "2027-12-31", "2028-01-01")
    assert [places(later, "Mover", day) for day in days] == [["GB"], ["US"], ["SG"], ["SG"], ["US"]]
    assert namespace_seats(later).filter(namespace="Mover", country="unreviewed").height == 0
    owned = ossgeo.Registry.from_rows(
        namespaces=[{"namespace": "Qin", "organization": "mover", "start": "2027-01-01"}],
        parents=[{"organization": "qin", "parent": "mover", "start": "2027-01-01"}],
        roles=[{"namespace": "Qin", "role": "testing"}],
        names=[{"name": "QIN!", "organization": "mover"}],
        base=base,
    )
    assert [owned.get("Qin", on=day).id for day in ("2026-12-31", "2027-01-01")] == ["qin", "mover"]
    assert owned.get_organization("qin").owners(on="2027-01-01") == ("mover",)
    assert find_roles(owned, "Qin", on="2026-01-01") == find_roles(base, "Qin", on="2026-01-01") | {"testing"}
    assert (found := owned.find_by_name("qin"))
    assert found.id == "mover"


def test_faulty_rows_of_an_overlay_are_named_and_change_nothing_else() -> None:
    with pytest.raises(RegistryError) as raised:
        ossgeo.Registry.from_rows(
            organizations=[{"organization": "qin"}, {"organization": "qin"}],
            affiliations=[{"organization": "mover", "country": "SG", "start": "soon"}],
            base=registry(),
        )
    faults = [str(fault) for fault in raised.value.faults]
    assert any("'qin' stands here twice" in fault for fault in faults)
    assert any("'soon' is not a date" in fault for fault in faults)


def test_an_organization_is_replaced_as_a_whole_only_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = registry()
    seat = {"organization": "mover", "country": "SG", "start": "2027-01-01"}
    new: Any = {"organizations": [{"organization": "mover", "name": "New"}], "affiliations": [seat]}
    replaced = ossgeo.Registry.from_rows(**new, base=base, replace=["mover"])
    assert [places(replaced, "Mover", day) for day in ("2026-12-31", "2027-01-01")] == [[], ["SG"]]
    assert replaced.get("Mover").name == "New"
    assert base.overlay(ossgeo.Registry.from_rows(**new), replace={"mover"}) == replaced
    with pytest.warns(OssgeoWarning, match="mover is replaced as a whole, and no country is given"):
        ossgeo.Registry.from_rows(organizations=new["organizations"], base=base, replace=("mover",))
    with pytest.raises(UnknownOrganizationError, match=r"replace: organization 'mova' .*mover"):
        ossgeo.Registry.from_rows(base=base, replace=["mova"])
    with pytest.raises(InvalidArgumentError, match="replace must be empty without base"):
        ossgeo.Registry.from_rows(replace=["mover"])
    with pytest.raises(InvalidArgumentError, match="replace must be a collection of organization ids, got 'mover'"):
        ossgeo.Registry.from_rows(base=base, replace="mover")
    (tmp_path / "organizations.csv").write_text("organization,name\nqwen,Qwen Team\n", encoding="utf-8")
    assert main(["registry", "check", str(tmp_path)]) == 0
    assert "warning" not in capsys.readouterr().err


def test_one_day_between_two_rows_is_warned_of() -> None:
    def seats(end: str, start: str, **more: Any) -> ossgeo.Registry:
        return ossgeo.Registry.from_rows(
            organizations=[{"organization": "acme"}],
            namespaces=[{"namespace": "Acme", "organization": "acme"}],
            affiliations=[
                {"organization": "acme", "country": "FR", "end": end},
                {"organization": "acme", "country": "US", "start": start},
            ],
            **more,
        )

    with pytest.warns(
        OssgeoWarning,
        match=r"leave out one day \(seat of acme on 2025-06-30\): end is the first day on which a row no longer holds",
    ):
        seats("2025-06-30", "2025-07-01")
    seats("2025-06-30", "2025-06-30")
    seats("2025-06-30", "2025-07-02")  # two days may be meant
    spans = [
        {"namespace": "Old", "organization": "acme", "end": "2024-01-31"},
        {"namespace": "Old", "organization": "acme", "start": "2024-02-01"},
    ]
    with pytest.warns(OssgeoWarning, match="namespace Old on 2024-01-31"):
        ossgeo.Registry.from_rows(namespaces=spans, base=seats("2025-06-30", "2025-06-30"))
    halves = [
        {"organization": "acme", "country": "FR", "weight": "0.5", "end": "2025-06-30"},
        {"organization": "acme", "country": "US", "weight": "0.5", "end": "2025-06-30"},
        {"organization": "acme", "country": "US", "start": "2025-06-30", "end": "2025-07-01"},
        {"organization": "acme", "country": "FR", "start": "2025-07-01"},
    ]
    ossgeo.Registry.from_rows(organizations=[{"organization": "acme"}], affiliations=halves)  # the day is covered
    many = [{"namespace": f"n{place}", "organization": "acme", **span} for place in range(5)
            for span in ({"end": "2024-01-31"}, {"start": "2024-02-01"})]  # fmt: skip
    with pytest.warns(OssgeoWarning, match="n2 on 2024-01-31 and 2 more"):
        ossgeo.Registry.from_rows(organizations=[{"organization": "acme"}], namespaces=many)


def test_ids_of_the_hubs_first_years_belong_to_those_who_publish_them_today() -> None:
    reg = ossgeo.Registry.default()
    assert reg.moves["gpt2"] == "openai-community/gpt2"
    assert reg.get("gpt2", on="2021-01-01").id == "openai"
    assert find_roles(reg, "gpt2") == find_roles(reg, "openai-community") == {"archive"}
    seats = namespace_seats(reg).filter(namespace="bert-base-uncased")
    assert seats.select("organization", "country").unique().rows() == [("google", "US")]
    assert "gpt2" not in reg.namespaces  # it is an id, not a namespace
    assert all(to.split("/")[0] in reg.namespaces for to in reg.moves.values())
    # a registry may itself name an owner
    mine = ossgeo.Registry.from_rows(namespaces=[{"namespace": "gpt2", "organization": "qwen"}], base=reg)
    assert mine.get("gpt2").id == "qwen"
    unknown = ossgeo.Registry.from_rows(moves=[{"model_id": "old", "current": "who/new"}])
    assert unknown.find("old") is None
    assert namespace_seats(unknown).height == 0


def test_moves_are_followed_and_checked() -> None:
    chain = [{"model_id": "a", "current": "b/b"}, {"model_id": "b/b", "current": "c/c", "start": "2024-03-01"}]
    assert dict(ossgeo.Registry.from_rows(moves=chain).moves) == {"a": "c/c", "b/b": "c/c"}
    base = ossgeo.Registry.from_rows(moves=chain)
    over = ossgeo.Registry.from_rows(moves=[{"model_id": "b/b", "current": "d/d"}], base=base)
    assert dict(over.moves) == {"a": "d/d", "b/b": "d/d"}
    faults = faults_of(
        moves=[
            {"model_id": "x", "current": "x"},
            {"model_id": "y", "current": "z/z"},
            {"model_id": "z/z", "current": "y"},
            {"model_id": "y", "current": "z/z"},
        ]
    )
    assert sum("would move to itself" in fault for fault in faults) >= 3
    assert any("'x' is not namespace/name" in fault for fault in faults)
    assert any("'y' stands here twice" in fault for fault in faults)


def test_days_of_seats_owners_and_members_may_be_text() -> None:
    acme = registry().get_organization("mover")
    assert acme.seats(on="2025-02-14") == acme.seats(on=dt.date(2025, 2, 14)) != acme.seats(on="2025-02-15")
    scheme = ossgeo.GroupScheme.named("eu")
    assert (scheme.group_of("GB", "2020-01-31"), scheme.group_of("GB", "2020-02-01")) == ("EU", "GB")
    assert len(scheme.members_of("EU", "2020-01-31")) == len(scheme.members_of("EU", "2020-02-01")) + 1
    for call in (lambda: acme.seats(on="soon"), lambda: acme.owners(on="soon"), lambda: scheme.group_of("GB", "soon")):
        with pytest.raises(InvalidArgumentError, match="on must be a date or an ISO 8601 text"):
            call()


def test_base_lets_rows_refer_to_another_registry() -> None:
    amended = ossgeo.Registry.from_rows(
        namespaces=[{"namespace": "Mirror", "organization": "qin"}],
        affiliations=[{"organization": "qin", "country": "HK", "basis": "alternative"},
                      {"organization": "trio", "country": "BE"}],
        parents=[{"organization": "qin", "parent": "trio"}],
        base=registry(),
    )  # fmt: skip
    assert places(amended, "Mirror", "2025-01-01") == ["CN"]
    assert places(amended, "Trio", "2025-01-01") == ["BE"]
    assert amended.get_organization("qin").parents[0].parent == "trio"


def test_the_version_depends_on_facts_only() -> None:
    rows = [{"organization": "b"}, {"organization": "a", "name": "A", "kind": "university"}]
    turned = [dict(reversed(row.items())) for row in reversed(rows)]
    one, same = ossgeo.Registry.from_rows(organizations=rows), ossgeo.Registry.from_rows(organizations=turned)
    assert one.version == same.version
    assert one == same
    assert len({one, same}) == 1
    assert one != ossgeo.Registry.from_rows(organizations=rows[:1])
    assert one != "registry"
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.version in repr(one)


def test_seats_cover_all_time() -> None:
    seats = namespace_seats(registry())
    spans = seats.group_by("namespace", "start", "end").agg(seats["weight"].sum())
    assert spans.filter(spans["namespace"] == "Gone").height == 3
    whole = (dt.date(2200, 1, 1) - dt.date(1900, 1, 1)).days
    for (namespace,), part in spans.group_by("namespace"):
        assert sum((end - start).days for start, end in part.select("start", "end").iter_rows()) == whole, namespace


def test_read(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError):
        ossgeo.Registry.read(tmp_path)
    (tmp_path / "organizations.csv").write_text("organization,name\nacme,Acme\n", encoding="utf-8")
    assert ossgeo.Registry.read(tmp_path).organizations["acme"].name == "Acme"


def faults_of(**tables: Any) -> list[str]:
    with pytest.raises(RegistryError) as caught:
        ossgeo.Registry.from_rows(**tables)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert isinstance(caught.value, ValueError)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"organizations": [{"organization": ""}]}, "organizations.csv, row 1, column organization: is empty"),
        ({"organizations": [{"organization": "Ac me"}]}, "lower-case-slug"),
        ({"organizations": [{"organization": "a"}, {"organization": "a"}]}, "row 2, column organization: 'a' stands here twice"),
        ({"organizations": [{"organization": "a", "kind": "firm"}]}, "column kind: 'firm' is not one of company"),
        ({"namespaces": [{"namespace": "n"}]}, "namespaces.csv, row 1, column organization: is empty"),
        ({"organizations": [{"name": "A"}]}, "organizations.csv, row 1, column organization: is empty"),
        ({**ACME, "affiliations": [{"country": "FR"}]}, "affiliations.csv, row 1, column organization: is empty"),
        ({**ACME, "parents": [{"organization": "acme"}]}, "parents.csv, row 1, column parent: is empty"),
        ({"roles": [{}]}, "roles.csv, row 1, column namespace: is empty"),
        ({"names": [{"name": "A"}], "base": registry()}, "names.csv, row 1, column organization: is empty"),
        ({"namespaces": ["n"]}, "namespaces, row 1: the row must be a mapping from columns to values, got 'n'"),
        ({"organizations": [{"organisation": "a"}]}, "has no column 'organisation'"),
        ({"namespaces": [{"namespace": "n", "organization": "a"}]}, "organization 'a' is not in this registry"),
        ({**ACME, "namespaces": [{"namespace": "n", "organization": "acme", "end": "2025-01-02"},
                                 {"namespace": "n", "organization": "bee", "start": "2025-01-01"}]},
         "row 2, column start: 'n' is 'acme' and 'bee' at the same time"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FRA"}]}, "column country: 'FRA' is not an ISO 3166"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "China"}]}, "'China' is not an ISO 3166 code or a status (give CN)"),
        ({**ACME, "namespaces": [{"namespace": "new lab", "organization": "acme"}]}, "'new lab' is not a namespace such as 'Qwen'"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "weight": "half"}]}, "'half' is not a number"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "weight": 2}]}, "2.0 is not in (0, 1]"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "weight": 0.5}]}, "sum to 0.5"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR"}, {"organization": "acme", "country": "DE",
                                                                                "start": "2025-01-01"}]},
         "sum to 2 on 2025-01-01"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR"}, {"organization": "acme", "country": "FR",
                                                                                "start": "2025-01-01"}]},
         "twice in one country on 2025-01-01"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "start": "2025-13-01"}]}, "is not a date"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "start": "2025-02-01", "end": "2025-02-01"}]},
         "is not after the start"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "start": "1800-02-01"}]}, "out of range"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "basis": "hq"}]}, "'hq' is not one of seat"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "url": "acme.org"}]}, "no web address"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "url": "https://acme.org", "archive": "2024"}]},
         "column archive: '2024' is not a web address"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "archive": "https://a.org/acme"}]},
         "column archive: is the copy of a page that is not named"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "shows": "rumour"}]}, "'rumour' is not one of"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "shows": "press", "confidence": "so so"}]},
         "'so so' is not one of"),
        ({**ACME, "affiliations": [{"organization": "acme", "country": "FR", "confidence": "sure"}]},
         "column confidence: 'sure' is not one of certain, likely, disputed"),
        ({"moves": [{"model_id": "https://hf.co/a/b", "current": "c/d"}]}, "'https://hf.co/a/b' is not a model id such as"),
        ({"moves": [{"model_id": "a/b", "current": "hf:c/d"}]}, "'hf:c/d' is not namespace/name"),
        ({"lineage": [{"model": "a/b", "base": "c / d"}]}, "lineage.csv, row 1, column base: 'c / d' is not a model id"),
        ({"organizations": [{"organization": "ann", "kind": "individual"}],
          "affiliations": [{"organization": "ann", "country": "FR"}]}, "a person, who has no country here"),
        ({**ACME, "parents": [{"organization": "acme", "parent": "bee"}, {"organization": "bee", "parent": "acme"}]},
         "'bee' would own itself"),
    ],
)  # fmt: skip
def test_each_fault_names_its_place(tables: Any, expected: str) -> None:
    found = faults_of(**tables)
    assert any(expected.replace("no web address", "is not a web address") in fault for fault in found), found


def test_a_single_day_that_falls_back_to_the_base_is_a_warning() -> None:
    base = ossgeo.Registry.from_rows(
        organizations=[{"organization": "acme"}], affiliations=[{"organization": "acme", "country": "CN"}],
        namespaces=[{"namespace": "acme", "organization": "acme"}],
    )  # fmt: skip
    rows: Any = {"affiliations": [{"organization": "acme", "country": "FR", "start": "2025-01-01", "end": "2025-12-31"},
                                  {"organization": "acme", "country": "DE", "start": "2026-01-01"}]}  # fmt: skip
    with pytest.warns(OssgeoWarning, match=r"leave out one day \(seat of acme on 2025-12-31\): end is the first day"):
        made = ossgeo.Registry.from_rows(**rows, base=base)
    assert [str(place.country) for place in made.get("acme").seats(on="2025-12-31")] == ["CN"]
    with pytest.warns(OssgeoWarning, match=r"\(seat of acme on 2025-12-31\)"), contextlib.suppress(RegistryError):
        base.overlay(ossgeo.Registry.from_rows(**rows, organizations=[{"organization": "acme"}]))
    rows["affiliations"][0]["end"] = "2026-01-01"
    ossgeo.Registry.from_rows(**rows, base=base)


def test_all_faults_come_at_once() -> None:
    found = faults_of(
        organizations=[{"organization": "acme", "kind": "firm"}],
        namespaces=[{"namespace": "n", "organization": "nobody"}],
        affiliations=[{"organization": "acme", "country": "ZZ", "weight": 3}],
    )
    assert len(found) >= 4


def test_ownership_may_change_hands() -> None:
    world = ossgeo.Registry.from_rows(**ACME, parents=[
        {"organization": "acme", "parent": "bee", "end": "2020-01-01"},
        {"organization": "bee", "parent": "acme", "start": "2020-01-01"},
    ])  # fmt: skip
    assert world.get_organization("bee").parents[0].start == dt.date(2020, 1, 1)


def test_files_with_faults(tmp_path: Path) -> None:
    (tmp_path / "organizations.csv").write_text("organization,nom\nacme,Acme\n", encoding="utf-8")
    (tmp_path / "namespaces.csv").write_text("namespace,organization\nn,acme,x\n\n", encoding="utf-8")
    (tmp_path / "roles.csv").write_bytes(b"namespace,role\nn,\xff\n")
    with pytest.raises(RegistryError) as caught:
        ossgeo.Registry.read(tmp_path)
    text = str(caught.value)
    assert "organizations.csv, row 1: has the columns ['organization', 'nom']" in text
    assert "namespaces.csv, row 2: has 3 cells" in text
    assert "roles.csv, byte 17: is not UTF-8" in text
    assert sum("UTF-8" in fault.problem for fault in caught.value.faults) == 1


def test_many_faults_are_counted() -> None:
    rows = [{"organization": f"A{number}"} for number in range(20)]
    with pytest.raises(RegistryError, match="20 fault") as caught:
        ossgeo.Registry.from_rows(organizations=rows)
    assert str(caught.value).endswith("and 8 more")


# ---- the bundled registry ----


def bundled(table: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_bundled_registry_is_wide() -> None:
    world = ossgeo.Registry.default()
    assert world is ossgeo.Registry.default()
    assert len(world.namespaces) >= 1200
    countries = {str(place.country) for one in world.organizations.values() for place in one.affiliations}
    assert len(countries) >= 45


def test_every_bundled_place_has_evidence_or_says_that_it_is_common_knowledge() -> None:
    for row in bundled("affiliations"):
        assert (row["shows"] == "common knowledge") == (row["url"] == ""), row
        assert row["reviewed_on"], row
        assert row["country"] != "unknown" or row["note"], row
        assert row["basis"] == "seat" or row["confidence"] == "disputed", row
    disputed = {row["organization"] for row in bundled("affiliations") if row["confidence"] == "disputed"}
    assert disputed == set(disputed_organizations(ossgeo.Registry.default()))


def test_bundled_tables_are_sorted_so_that_a_change_is_easy_to_read() -> None:
    for table, columns in TABLES.items():
        rows = [tuple(row[column] for column in columns) for row in bundled(table)]
        assert [row[0] for row in rows] == sorted((row[0] for row in rows), key=lambda name: (name.lower(), name)), (
            table
        )
        assert len(set(rows)) == len(rows), table


def test_bundled_namespaces_of_organizations_reach_the_bar() -> None:
    persons = {row["organization"] for row in bundled("organizations") if row["kind"] == "individual"}
    assert sum(row["organization"] not in persons for row in bundled("namespaces")) >= 2000


def test_bundled_big_tech_is_what_the_rule_names() -> None:
    marked = {row["organization"] for row in bundled("organizations") if row["kind"] == "big tech"}
    assert marked == {"alphabet", "amazon", "apple", "meta", "microsoft", "nvidia", "baidu", "alibaba-group", "tencent",
                      "xiaomi"}  # fmt: skip
    assert not any(row["kind"] == "startup" for row in bundled("organizations"))
    bundle, day = ossgeo.Registry.default(), dt.date(2026, 8, 1)
    assert [str(get_kind(bundle, name, on=day)) for name in ("qwen", "google-deepmind", "mistral-ai", "sap")] == [
        "big tech", "big tech", "startup", "company",
    ]  # fmt: skip


def test_every_bundled_organization_has_a_seat_and_no_person_a_country_or_homepage() -> None:
    for organization in ossgeo.Registry.default().organizations.values():
        assert any(place.basis == "seat" for place in organization.affiliations), organization.id
        if organization.kind is ossgeo.OrganizationKind.INDIVIDUAL:
            assert {place.country for place in organization.affiliations} == {ossgeo.OriginStatus.INDIVIDUAL}
            assert organization.homepage is None


@pytest.mark.parametrize(
    ("namespace", "day", "organization", "countries"),
    [
        ("jinaai", "2025-10-08", "jina-ai", ["DE"]),
        ("jinaai", "2025-10-09", "jina-ai", ["DE"]),
        ("sentence-transformers", "2025-10-21", "ukp-lab", ["DE"]),
        ("sentence-transformers", "2025-10-22", "hugging-face", ["US"]),
        ("THUDM", "2024-01-01", "zhipu-ai", ["CN"]),
        ("zai-org", "2026-08-22", "zhipu-ai", ["CN"]),
        ("CohereForAI", "2024-01-01", "cohere", ["CA"]),
        ("CohereLabs", "2026-01-01", "cohere", ["CA"]),
        ("openai-community", "2026-01-01", "openai", ["US"]),
        ("google-bert", "2026-01-01", "google", ["US"]),
        ("FacebookAI", "2026-01-01", "meta", ["US"]),
        ("runwayml", "2023-01-01", "runway", ["US"]),
        ("Qwen", "2026-01-01", "qwen", ["CN"]),
    ],
)
def test_dated_cases(namespace: str, day: str, organization: str, countries: list[str]) -> None:
    world = ossgeo.Registry.default()
    assert world.get(namespace, on=dt.date.fromisoformat(day)).id.startswith(organization)
    assert places(world, namespace, day) == countries


def test_archives_are_marked() -> None:
    for namespace in ("openai-community", "google-bert", "google-t5", "FacebookAI"):
        assert "archive" in find_roles(ossgeo.Registry.default(), namespace)


def test_the_first_look_up_loads_no_dataframe_library() -> None:
    code = (
        "import sys, ossgeo; assert ossgeo.Registry.default().get('Qwen');"
        "loaded = {'polars', 'pycountry', 'huggingface_hub', 'narwhals', 'pandas'} & set(sys.modules); assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names_as_others_write_them() -> None:
    rows: Any = {
        "organizations": [{"organization": "acme-ai", "name": "Acme"}, {"organization": "other", "name": "ACME!"}]
    }
    with pytest.raises(RegistryError) as caught:
        ossgeo.Registry.from_rows(**rows, names=[{"name": "A", "organization": "acme-ai"}, {"name": "a", "organization": "other"},
                                          {"name": "b", "organization": "nobody"}])  # fmt: skip
    assert any("stands here for two organizations" in str(fault) for fault in caught.value.faults)
    assert any("organization 'nobody' is not in this registry" in str(fault) for fault in caught.value.faults)
    mine = ossgeo.Registry.from_rows(**rows, names=[{"name": "The Acme Lab", "organization": "acme-ai"}])
    assert mine.find_by_name("acme") is None  # it means two
    assert mine.find_by_name("Acme AI") is mine.find_by_name("the acme-lab") is mine.get_organization("acme-ai")
    over = mine.overlay(ossgeo.Registry.from_rows(base=mine, names=[{"name": "the acme lab", "organization": "other"}]))
    found = over.find_by_name("The Acme Lab")
    assert found is not None
    assert found.id == "other"


def test_alternatives_and_seats_change_places() -> None:
    rows = ossgeo.Registry.from_rows(
        organizations=[{"organization": "lab"}, {"organization": "calm"}],
        namespaces=[{"namespace": "Lab", "organization": "lab"}],
        affiliations=[
            {"organization": "lab", "country": "GB"},
            {
                "organization": "lab",
                "country": "US",
                "basis": "alternative",
                "start": "2023-04-20",
                "end": "2024-01-01",
            },
            {"organization": "calm", "country": "FR"},
        ],
    )
    assert disputed_organizations(rows) == ("lab",)
    other = with_alternatives(rows, "lab")
    found = {day: [str(seat.country) for seat in other.get("Lab", on=day).seats(on=day)]
             for day in (dt.date(2023, 4, 19), dt.date(2023, 4, 20), dt.date(2023, 12, 31), dt.date(2024, 1, 1))}  # fmt: skip
    assert list(found.values()) == [["GB"], ["US"], ["US"], ["GB"]]
    assert other.version != rows.version
    assert with_alternatives(rows) == rows
    with pytest.raises(UnknownOrganizationError, match=r"alternative, organization or model 'calm' .*\(they are lab\)"):
        with_alternatives(rows, "calm")
    with pytest.raises(UnknownOrganizationError, match="did you mean 'lab'") as near:
        with_alternatives(rows, "labs")
    assert near.value.suggestions == ("lab",)
    wrong: Any = ["lab"]
    with pytest.raises(
        UnknownOrganizationError,
        match=r"names must be ids, got \['lab'\]; .*with_alternatives\(registry, \*ids\)",
    ):
        with_alternatives(rows, wrong)


def test_an_alternative_that_counts_stays_switched() -> None:
    bundled, day = ossgeo.Registry.default(), dt.date(2026, 8, 14)
    once = with_alternatives(bundled, "hugging-face")
    assert with_alternatives(bundled, "hugging-face", "hugging-face") == once
    assert with_alternatives(once, "hugging-face") == once
    assert with_alternatives(pickle.loads(pickle.dumps(once)), "hugging-face") == once
    both = with_alternatives(once, "jina-ai", "hugging-face")
    assert both == with_alternatives(bundled, "hugging-face", "jina-ai")
    mine = ossgeo.Registry.from_rows(affiliations=[{"organization": "hugging-face", "country": "BE"}], base=once)
    assert [str(seat.country) for seat in mine.get_organization("hugging-face").seats(on=day)] == ["BE"]
    assert with_alternatives(mine, "hugging-face") != mine, "the seat of one's own is not the alternative"


def test_every_bundled_alternative_can_be_switched_on() -> None:
    bundled = ossgeo.Registry.default()
    assert len(disputed_organizations(bundled)) > 20
    assert with_alternatives(bundled, *disputed_organizations(bundled)).version != bundled.version


def test_a_row_with_a_fault_is_reported_once() -> None:
    rows = [{"organization": "acme", "country": text} for text in ("Atlantis", "Lemuria")]
    with pytest.raises(RegistryError) as caught:
        ossgeo.Registry.from_rows(**{**ACME, "affiliations": rows})
    assert [fault.place for fault in caught.value.faults] == [
        "affiliations.csv, row 1, column country",
        "affiliations.csv, row 2, column country",
    ]
