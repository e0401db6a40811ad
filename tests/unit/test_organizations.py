from __future__ import annotations

import datetime as dt

from ossgeo import Affiliation, Country, Evidence, Organization, OrganizationKind, OriginStatus
from ossgeo.registry._organizations import Ownership

MOVED = dt.date(2025, 10, 9)


def test_seats_hold_in_half_open_spans() -> None:
    organization = Organization(
        "jina",
        "Jina",
        affiliations=(
            Affiliation(Country("DE"), end=MOVED),
            Affiliation(Country("US"), start=MOVED),
            Affiliation(Country("NL"), start=MOVED, basis="alternative"),
        ),
        parents=(Ownership("elastic", start=MOVED),),
    )
    assert [place.country for place in organization.seats(on=MOVED - dt.timedelta(days=1))] == [Country("DE")]
    assert [place.country for place in organization.seats(on=MOVED)] == [Country("US")]
    assert organization.kind is OrganizationKind.COMPANY
    assert len({organization, organization}) == 1


def test_evidence_prints_in_one_line() -> None:
    assert str(Evidence("common knowledge")) == "common knowledge, likely"
    full = Evidence("own statement", "https://example.org", dt.date(2026, 1, 2), "certain")
    assert str(full) == "own statement, read on 2026-01-02, certain: https://example.org"


def test_words_of_the_tables() -> None:
    assert [str(kind) for kind in OrganizationKind] == [
        "company", "startup", "big tech", "university", "research institute", "nonprofit", "government", "collective", "individual",
    ]  # fmt: skip
    assert Affiliation(OriginStatus.INTERNATIONAL).holds(MOVED)
