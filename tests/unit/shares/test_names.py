"""The words of pictures and pages, by hand."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

import ossgeo
from ossgeo.shares._names import coverage_text, day_text, footer, label, quantity, scope_text, span
from tests.worlds import MARCH, registry, two_dates

DAY = dt.date
TABLE = ossgeo.measure(two_dates(), registry=registry())
METHOD = TABLE.method


def test_names_of_groups() -> None:
    assert [label(group) for group in ("CN", "unreviewed", "individual", "??")] == [
        "China", "not reviewed", "individuals", "??",
    ]  # fmt: skip
    assert (label("CN", "namespace"), label("unreviewed", "model")) == ("CN", "unreviewed")
    assert label("zhipu-ai", "organization") == "Zhipu AI (Z.ai)"
    assert (label("qin", "organization", registry()), label("qin", "organization")) == ("Qin", "qin")


def test_what_is_measured() -> None:
    assert quantity(METHOD) == "share of all downloads by country"
    attributed = attrs.evolve(METHOD, denominator="attributed", by=("builder_country", "base_country"))
    assert quantity(attributed) == "share of the downloads with a known country, by builder country and base country"
    assert scope_text(attrs.evolve(METHOD, scope="ten models.")) == "Scope (Hugging Face): ten models."
    assert (
        scope_text(attrs.evolve(METHOD, scope="ten models.", platform="openrouter"))
        == "Scope (OpenRouter): ten models."
    )
    assert scope_text(attrs.evolve(METHOD, scope="", platform="")) == "Scope: not stated by the source."


def test_the_days_that_figures_cover() -> None:
    first, last = DAY(2025, 1, 31), MARCH
    assert span(METHOD, [last]) == "in the 30 days to 2 March 2025"
    assert span(METHOD, [first, last]) == "31 January 2025 to 2 March 2025, each in the 30 days before"
    window = attrs.evolve(METHOD, window=90)
    assert span(window, [last]) == "in the 90 days to 2 March 2025"
    stock = attrs.evolve(METHOD, gives="stock")
    assert (span(stock, [last]), span(stock, [first, last])) == (
        "up to 2 March 2025", "31 January 2025 to 2 March 2025",
    )  # fmt: skip
    assert day_text(first) == "31 January 2025"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, "credited by publisher."),
        ({"counting": "full"}, "credited by publisher; full counting."),
        ({"age_cap": 365}, "; uses within 365 days of a model's creation."),
        ({"as_of": "creation"}, "; registry as of creation."),
        ({"where": "task=x"}, "; only models with task=x."),
        ({"void": ("root (no column base_models)",)}, "; without effect: root (no column base_models)."),
    ],
)
def test_only_options_that_differ_stand_below_a_picture(change: dict[str, Any], text: str) -> None:
    assert footer(attrs.evolve(METHOD, **change))[-1].endswith(text)


def test_coverage_is_that_of_the_last_period() -> None:
    assert coverage_text(TABLE) == (
        "Country known for 87.5% of these downloads; not reviewed 7.5%, individuals 5.0%."
    )  # fmt: skip
    bases = tuple(attrs.evolve(row, status="absent") for row in TABLE.coverage.rows if row.status == "individual")
    rested = attrs.evolve(TABLE, coverage=attrs.evolve(TABLE.coverage, bases=bases))
    assert coverage_text(rested).endswith(
        "individuals 5.0%. Of these downloads: no base model declared or reviewed for 5.0%."
    )
    assert footer(METHOD, "Known.")[0] == "Known."
    whole = TABLE.filter(country="CN")
    assert coverage_text(attrs.evolve(whole, coverage=ossgeo.Coverage())) == ""
