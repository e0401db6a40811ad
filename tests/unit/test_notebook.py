"""Results in notebooks: tables in HTML with every text escaped, and pandas frames."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

import ossgeo

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")
LABS = ossgeo.load_sample("labs-2025")
TRENDING = ossgeo.load_sample("trending-2026")
TABLE = ossgeo.measure(LABS)
SHOWN: dict[str, Any] = {
    "table": lambda: TABLE,
    "panel": lambda: LABS,
    "check": LABS.check,
    "coverage": lambda: TABLE.coverage,
    "adjustments": lambda: TABLE.adjustments,
    "method": lambda: TABLE.method,
    "samples": ossgeo.list_samples,
    "claims": ossgeo.claims.load,
    "evaluation": lambda: ossgeo.claims.evaluate(LABS, ossgeo.claims.load()[0]),
    "dispute": lambda: ossgeo.claims.disputes()[0],
    "organization": lambda: ossgeo.Registry.default().get("Qwen", on=dt.date(2026, 1, 1)),
    "profile": lambda: ossgeo.profile(TRENDING, "FR"),
    "bounds": lambda: ossgeo.analysis.bounds(TABLE),
    "influence": lambda: ossgeo.analysis.influence(LABS),
    "gaps": lambda: ossgeo.review.gaps(TRENDING),
}


@pytest.mark.parametrize("name", list(SHOWN))
def test_everything_is_a_table(name: str) -> None:
    shown = SHOWN[name]()
    html = shown._repr_html_()
    if name not in ("evaluation", "profile"):
        assert html.count("<table") == html.count("</table>") == 1
    assert "attrs" not in html
    assert not re.search(r"&lt;\w+ object", html)
    pandas = pytest.importorskip("pandas")
    assert isinstance(shown.to_pandas(), pandas.DataFrame)


def test_rows_that_are_not_shown_are_counted() -> None:
    html = ossgeo.claims.load()._repr_html_()
    assert re.search(r"and \d+ more", html)
    assert "the last of 9 periods" in TABLE._repr_html_()


def test_text_is_escaped() -> None:
    issue = ossgeo.panel.QualityIssue("odd", 1, "rows", "<script>alert(1)</script>", ("<i>",))
    assert "<script>" not in ossgeo.panel.QualityReport((issue,))._repr_html_()
    assert "<i>" not in ossgeo.panel.QualityReport((issue,))._repr_html_()
