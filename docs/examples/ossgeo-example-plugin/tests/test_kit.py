"""The kit of ossgeo, run on this plugin; and what only this plugin promises."""

from __future__ import annotations

import pytest
from ossgeo_example_plugin import AcademicDomain, ModelsInUse, country_of

from ossgeo.testing import Check, NotApplicable, attribution_checks, calculator_checks, check_attribution_strategy

CHECKS = [*attribution_checks(AcademicDomain()), *calculator_checks(ModelsInUse())]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_kit(check: Check) -> None:
    try:
        check()
    except NotApplicable as reason:
        pytest.skip(str(reason))


def test_how_many_checks_run() -> None:
    assert len(check_attribution_strategy("academic-domain").passed) >= 17


@pytest.mark.parametrize(
    ("homepage", "code"),
    [
        ("https://www.tsinghua.edu.cn/en", "CN"),
        ("https://nlp.stanford.edu", "US"),
        ("https://www.cam.ac.uk", "GB"),
        ("https://www.u-tokyo.ac.jp", "JP"),
        ("https://huggingface.co", None),
        ("https://edu.example.com", None),
        ("https://ac.zz", None),
        ("https://x.ac.zz", None),
        ("not an address", None),
        (None, None),
    ],
)
def test_domains(homepage: str | None, code: str | None) -> None:
    country = country_of(homepage)
    assert (str(country) if country else None) == code
