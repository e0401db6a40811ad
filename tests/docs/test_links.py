"""Relative links lead to files that a plain clone has, and to headings that exist; generated pages are current."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs").rglob("*.ipynb"), *(ROOT / ".github").rglob("*.md"),
                 *(ROOT / "src").rglob("*.md"), *(ROOT / "src").rglob("*.py"))
    if not {"_build", "_computed"} & {*path.relative_to(ROOT).parts}
)  # fmt: skip
_LINK = re.compile(
    r"""(?:(?<=[\w`*)])\]\(|(?:src|srcset|href)=\\?")(?!https?:|mailto:|data:|\{)([\w./-]*(?:#[\w-]+)?)[\\")]"""
)
_ACTIONS = "../../actions/workflows/ci.yml"
"""On the pages of the repository."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_relative_link_leads_to_a_file_of_the_clone(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        if link.startswith(_ACTIONS) or not ("/" in name or "." in name or heading):
            continue  # code, not a link
        assert target.exists(), f"{page.relative_to(ROOT)}: {link}"
        assert not {"_build", "_computed"} & {*target.parts}, f"{link} is written when the documentation is built"
        if heading:
            assert heading in _anchors(target), f"{page.relative_to(ROOT)}: {link}"


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_the_reference_of_columns_is_current() -> None:
    page = ROOT / "docs" / "reference" / "columns.md"
    text = runpy.run_path(str(ROOT / "docs" / "columns.py"))["text"]()
    assert page.read_text(encoding="utf-8") == text, "run python docs/columns.py"
