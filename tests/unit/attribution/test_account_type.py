"""Unreviewed personal accounts are individuals by the type of the account, and nothing else changes."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import polars as pl
import pytest

import ossgeo
from ossgeo import Registry
from ossgeo.analysis import bounds
from ossgeo.attribution import AccountType, first_of
from ossgeo.testing import check_attribution_strategy

DAY = dt.date(2026, 1, 1)


def panel() -> ossgeo.Panel:
    names = {"Qwen/a": "organization", "someone/b": "user", "some-lab/c": "organization", "nobody/d": None}
    rows = [(name, DAY, count) for name, count in zip(names, (940, 30, 20, 10), strict=True)]
    models = pl.DataFrame({"model_id": list(names), "account_type": list(names.values())})
    frame = pl.DataFrame(rows, schema=["model_id", "date", "downloads_30d"], orient="row")
    return ossgeo.read_panel(frame, models=models)


def test_only_unreviewed_users_are_individual() -> None:
    before = ossgeo.measure(panel())
    after = ossgeo.measure(panel(), attribution=first_of("publisher", "account-type"))
    assert (before.at()["unreviewed"], before.at()["individual"]) == (0.06, 0)
    assert (after.at()["CN"], after.at()["individual"], after.at()["unreviewed"]) == pytest.approx((0.94, 0.03, 0.03))
    assert after.adjustments["account_individual"].count == 1
    assert dict(after.coverage.at(DAY)) == {"attributed": 0.94, "unreviewed": 0.03, "individual_by_account": 0.03}
    assert dict(after.coverage.namespaces) == {"attributed": 1, "unreviewed": 2, "individual_by_account": 1}
    assert "individual_by_account 3.0% (1 namespace)" in str(after)
    assert "account_individual" not in before.adjustments


@pytest.mark.parametrize("counting", ["fractional", "full", "primary"])
@pytest.mark.parametrize("by", ["country", "organization", ("country", "namespace"), "kind"])
def test_reviewed_individuals_stand_apart_in_the_coverage(
    counting: Literal["fractional", "full", "primary"], by: Any
) -> None:
    rule = first_of("publisher", "account-type")
    reviewed = Registry.from_rows(
        organizations=[{"organization": "someone", "kind": "individual"}],
        namespaces=[{"namespace": "someone", "organization": "someone"}],
        affiliations=[{"organization": "someone", "country": "individual"}],
        base=Registry.default(),
    )
    frame = pl.DataFrame(
        {"model_id": ["Qwen/a", "someone/b", "nobody/d"], "date": [DAY] * 3, "downloads_30d": [5, 3, 2]}
    )
    models = pl.DataFrame({"model_id": ["someone/b", "nobody/d"], "account_type": ["user", "user"]})
    found = ossgeo.measure(
        ossgeo.read_panel(frame, models=models), by=by, attribution=rule, counting=counting, registry=reviewed
    )
    assert dict(found.coverage.at(DAY)) == {"attributed": 0.5, "individual": 0.3, "individual_by_account": 0.2}
    if by == "country":
        assert found.at()["individual"] == 0.5, "the row of the table has both"
        assert bounds(found).to_polars()["lower"].to_list() == [0.5, 0.0]


def test_the_kit_accepts_it() -> None:
    check_attribution_strategy(AccountType())


def test_without_the_column_it_abstains() -> None:
    frame = pl.DataFrame({"model_id": ["Qwen/a", "someone/b"], "date": [DAY, DAY], "downloads_30d": [99, 1]})
    rule = first_of("publisher", "account-type")
    with pytest.warns(ossgeo.errors.VoidOptionWarning, match="account_type"):
        assert ossgeo.measure(ossgeo.read_panel(frame), attribution=rule).at()["unreviewed"] == 0.01


def test_a_namespace_in_another_case_is_attributed_and_counted() -> None:
    """One letter in another case made a publisher unreviewed, without a hint."""
    rows = [("qwen/a", DAY, 75), ("Qwen/b", DAY, 20), ("nobody-here/c", DAY, 5)]
    found = ossgeo.measure(
        ossgeo.read_panel(pl.DataFrame(rows, schema=["model_id", "date", "downloads_30d"], orient="row")),
        by=("country", "namespace"),
    )
    shares = {(row["country"], row["namespace"]): row["share"] for row in found.to_polars().iter_rows(named=True)}
    assert shares == {("CN", "qwen"): 0.75, ("CN", "Qwen"): 0.2, ("unreviewed", "nobody-here"): 0.05}
    told = found.adjustments["namespace_respelled"]
    assert (told.count, told.unit) == (1, "models")
    assert "qwen as Qwen" in told.note
