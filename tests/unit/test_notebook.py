"""Results in notebooks: tables in HTML with every text escaped, and pandas frames."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path
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
    "disputes": ossgeo.claims.disputes,
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
    if name not in ("adjustments", "evaluation", "profile"):
        assert html.count("<table") == html.count("</table>") == 1
    assert "attrs" not in html
    assert not re.search(r"&lt;\w+ object", html)
    pandas = pytest.importorskip("pandas")
    assert isinstance(shown.to_pandas(), pandas.DataFrame)


def test_rows_that_are_not_shown_are_counted() -> None:
    html = ossgeo.claims.load()._repr_html_()
    assert re.search(r"and \d+ more", html)
    assert "the last of 9 periods" in TABLE._repr_html_()


def test_every_notebook_shows_columns_apart() -> None:
    """Marimo gives cells no space, Jupyter aligns text at the right, and both cut what is too wide."""
    for name in ("table", "panel", "claims", "bounds"):
        html = SHOWN[name]()._repr_html_()
        assert html.count("padding:") == html.count("<td") + html.count("<th ")
        assert "overflow-x:auto" in html
    row = re.search(r"<tr>(<td[^>]*>US</td>.*?)</tr>", TABLE._repr_html_())
    assert row is not None
    assert re.findall(r"text-align:(\w+)", row[1]) == ["left", "right", "right"]


def test_titles_are_bold_and_addresses_leave_room_in_every_notebook() -> None:
    """Marimo gives titles no weight, and an address that is not broken takes the width of the other columns."""
    html = ossgeo.profile(TRENDING, "FR")._repr_html_()
    assert html.count("<h4 ") == html.count('<h4 style="font-weight:bold') > 5
    cells = re.findall(r'<td style="([^"]*)">(https://[^<]{41,})<', html)
    assert cells
    assert all("overflow-wrap:anywhere" in style for style, _ in cells)
    assert "`" not in html


@pytest.mark.parametrize("name", list(SHOWN))
def test_no_color_is_fixed_so_that_dark_themes_are_readable(name: str) -> None:
    styles = re.findall(r'style="([^"]*)"', SHOWN[name]()._repr_html_())
    assert not [style for style in styles if re.search(r"color|background|#[0-9a-f]{3}", style)]


def test_lists_of_claims_show_their_figures() -> None:
    html = ossgeo.claims.load()._repr_html_()
    assert ">17.1%<" in html
    assert "1,150,000,000 downloads" in html
    disputed = ossgeo.claims.disputes()._repr_html_()
    assert ">17.1%, 41.0%<" in disputed
    assert "Claim(" not in disputed + str(ossgeo.claims.disputes().to_polars().rows())


def test_all_options_of_a_method_and_no_adjustment_are_shown() -> None:
    assert "more</p>" not in TABLE.method._repr_html_()
    assert TABLE.adjustments._repr_html_() == "<p>nothing was adjusted</p>"


CODE = "import ossgeo\ntable = ossgeo.measure(ossgeo.load_sample('labs-2025'))"


def test_in_jupyter(tmp_path: Path) -> None:
    pytest.importorskip("nbconvert", reason="nbconvert is not installed")
    nbformat = pytest.importorskip("nbformat")
    book = nbformat.v4.new_notebook()
    book.cells = [
        nbformat.v4.new_code_cell(code) for code in (CODE, "table", "ossgeo.analysis.bounds(table)", "table.plot()")
    ]
    nbformat.write(book, tmp_path / "book.ipynb")
    run(tmp_path, "-m", "nbconvert", "--to", "html", "--execute", "book.ipynb")
    page = (tmp_path / "book.html").read_text(encoding="utf-8")
    assert page.count("overflow-x:auto") >= 1
    assert "412,919,820" in page
    assert "vega-embed" in page.casefold()


def test_in_marimo(tmp_path: Path) -> None:
    pytest.importorskip("marimo", reason="marimo is not installed")
    cells = [
        f"import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n    {CODE.replace(chr(10), chr(10) + '    ')}\n    return ossgeo, table\n"
    ]
    cells += [
        f"@app.cell\ndef _(ossgeo, table):\n    {code}\n    return\n"
        for code in ("table", "table.plot()", "ossgeo.claims.load()")
    ]
    (tmp_path / "book.py").write_text("\n\n".join(cells), encoding="utf-8")
    run(tmp_path, "-m", "marimo", "export", "html", "book.py", "-o", "book.html")
    page = (tmp_path / "book.html").read_text(encoding="utf-8")
    assert "412,919,820" in page
    assert re.search(r"and \d+ more", page)


def run(folder: Path, *words: str) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(ossgeo.__file__).parents[1]), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_text_is_escaped() -> None:
    issue = ossgeo.panel.QualityIssue("odd", 1, "rows", "<script>alert(1)</script>", ("<i>",))
    assert "<script>" not in ossgeo.panel.QualityReport((issue,))._repr_html_()
    assert "<i>" not in ossgeo.panel.QualityReport((issue,))._repr_html_()
