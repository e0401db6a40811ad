"""Every code of an issue or an adjustment of a measurement is explained in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(
    (ROOT / "docs" / page).read_text(encoding="utf-8")
    for page in ("reference/quality-issues.md", "explanation/who-made-it.md")
)
CODE = re.compile(
    r"""(?:Adjustment|QualityIssue)\(\s*"([a-z_]+)"|^RESPELLED: Final = "([a-z_]+)"|\("(base_[a-z]+)", """, re.MULTILINE
)
SOURCES = [
    file
    for package in ("panel", "attribution", "shares")
    for file in sorted((ROOT / "src/ossgeo" / package).rglob("*.py"))
]
CODES = sorted({"".join(found) for file in SOURCES for found in CODE.findall(file.read_text(encoding="utf-8"))})


def test_codes_are_found() -> None:
    assert {"counter_fell", "namespace_respelled", "base_missing", "weight_unknown", "tail_churn"} <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_code_is_explained(code: str) -> None:
    assert f"`{code}`" in PAGES
