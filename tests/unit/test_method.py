from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

import ossgeo
from ossgeo._core.dates import days_of
from ossgeo._core.method import Adjustment, StatusVolume
from ossgeo.errors import InvalidArgumentError
from tests.worlds import JANUARY, registry, two_dates


@pytest.mark.parametrize(
    ("text", "days"),
    [(None, None), ("365d", 365), ("52w", 364), (dt.timedelta(days=30), 30), (dt.timedelta(weeks=1), 7)],
)
def test_days(text: Any, days: int | None) -> None:
    assert days_of(text, what="window") == days


@pytest.mark.parametrize("text", ["", "1y", "d", "-5d", "0d", "1.5d", "9999999d", 7, dt.timedelta(hours=36)])
def test_what_is_no_number_of_days(text: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="age_cap"):
        days_of(text, what="age_cap")


def test_cleaning() -> None:
    assert str(ossgeo.Cleaning()) == "default"
    assert str(ossgeo.Cleaning(decreases="keep", stale="drop")) == "decreases=keep, stale=drop"
    with pytest.raises(InvalidArgumentError, match="duplicates must be one of 'error', 'last', 'max', got 'sum'"):
        ossgeo.Cleaning(duplicates="sum")  # type: ignore[arg-type]


def test_adjustments() -> None:
    some = ossgeo.Adjustments((Adjustment("a", 2, "rows", "why"), Adjustment("b", 1.5, "days")))
    assert list(some) == ["a", "b"]
    assert some["b"].unit == "days"
    assert len(some) == 2
    assert str(some) == "a: 2 rows (why)\nb: 2 days"
    assert str(ossgeo.Adjustments()) == "nothing was adjusted"
    assert ossgeo.Adjustments.from_dicts(some.to_dicts()) == some
    with pytest.raises(KeyError):
        some["c"]


def test_coverage() -> None:
    some = ossgeo.Coverage((StatusVolume(JANUARY, "attributed", 0.0, None),), (("attributed", 3),))
    assert str(some) == "2025-01-31: attributed - (3 namespaces)"
    assert str(ossgeo.Coverage()) == "nothing is covered"
    assert some.to_polars().row(0) == (JANUARY, "attributed", 0.0, None)
    assert ossgeo.Coverage.from_dict(some.to_dict()) == some


def test_a_method_states_all_choices() -> None:
    method = ossgeo.measure(two_dates(), registry=registry(), window="45d", where={"namespace": "Qin"}).method
    text = str(method)
    for part in ("downloads_30d", "by country", "publisher", "as of flow", "fractional", "denominator all", "window 45d",
                 "where namespace=Qin", method.registry, method.panel, "not checked", "polars"):  # fmt: skip
        assert part in text
    assert ossgeo.Method.from_dict({**method.to_dict(), "later": 1}) == method
    other = attrs.evolve(method, counting="full", panel="x")
    assert method.differences(other) == {"counting": ("fractional", "full")}


def test_a_method_says_whether_the_panel_was_checked() -> None:
    of = two_dates()
    before = ossgeo.measure(of, registry=registry())
    of.check()
    after = ossgeo.measure(of, registry=registry())
    assert (before.method.checked, after.method.checked) == (False, True)
    assert before == after
