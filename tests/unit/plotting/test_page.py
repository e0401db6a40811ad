"""The page: in a real browser, on a phone, and with hostile names."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import html
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.cli import main
from ossgeo.errors import EngineError, InvalidArgumentError
from ossgeo.registry import with_alternatives
from ossgeo.reports._content import _cell
from ossgeo.shares._names import label

pytestmark = pytest.mark.filterwarnings("ignore")
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not (CHROMIUM.exists() and DRIVER.exists()):
        pytest.skip("there is no Chromium with its driver on this machine (Debian: chromium chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for word in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
        "--disable-background-networking", "--disable-component-update", "--window-size=375,800",
        f"--user-data-dir={tmp_path_factory.mktemp('profile')}",
    ):  # fmt: skip
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(DRIVER)))
    yield driver
    driver.quit()


def weekly() -> ossgeo.Panel:
    """Return a year of weekly all-time counters of two countries, one of them unreviewed in part."""
    start = dt.date(2025, 9, 1)
    ids = ["Qwen/a", "google/b", "mistralai/c", "nobody-knows/d"]
    rows = [
        (name, start + dt.timedelta(days=7 * week), 1_000 * (at + 1) * (week + 1) ** 1.5)
        for week in range(53)
        for at, name in enumerate(ids)
    ]
    frame = pl.DataFrame(rows, schema=["model_id", "observed_at", "downloads_all_time"], orient="row")
    return ossgeo.read_panel(
        frame.with_columns(pl.col("downloads_all_time").cast(pl.Int64)), scope="four models, once a week"
    )


def tokens() -> ossgeo.Panel:
    """Return two weeks of tokens."""
    rows = [("deepseek/x", 7, 40_000), ("openai/y", 7, 60_000), ("deepseek/x", 14, 70_000), ("openai/y", 14, 30_000)]
    frame = pl.DataFrame([(name, dt.date(2026, 6, day), n) for name, day, n in rows],
                         schema=["model_id", "observed_at", "tokens"], orient="row")  # fmt: skip
    counter = ossgeo.Counter("tokens", kind="interval", unit="tokens", days=7)
    return ossgeo.read_panel(frame, counter=counter, scope="two models of a gateway")


PAGES: dict[str, Any] = {
    **{name: lambda name=name: ossgeo.load_sample(name) for name in ("labs-2025", "hub-2026", "trending-2026")},
    "weekly": weekly,
    "tokens": tokens,
}


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return one page for each panel, written once."""
    folder = tmp_path_factory.mktemp("pages")
    return {name: ossgeo.report(make(), path=folder / f"{name}.html") for name, make in PAGES.items()}


@pytest.fixture(scope="session")
def page(pages: dict[str, Path]) -> Path:
    return pages["labs-2025"]


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the accessibility checker axe-core, from the npm registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which fetches axe-core")
    folder = tmp_path_factory.mktemp("axe")
    words = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4"]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(words, check=False, capture_output=True, timeout=60)
    script = folder / "node_modules" / "axe-core" / "axe.min.js"
    if not script.exists():
        pytest.skip("axe-core cannot be installed from the npm registry")
    return script.read_text(encoding="utf-8")


def sized(browser: Any, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


@pytest.mark.parametrize("width", [375, 768, 1280])
@pytest.mark.parametrize("name", list(PAGES))
def test_in_a_browser(browser: Any, pages: dict[str, Path], name: str, width: int) -> None:
    sized(browser, width)
    browser.get(pages[name].as_uri())
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []
    shown = browser.execute_script(
        "return [...document.querySelectorAll('.chart')].filter(c => c.offsetWidth).map(c => { const box ="
        " c.firstElementChild.getBoundingClientRect(); return [box.width, box.right <= innerWidth, c.getAttribute('aria-label'),"
        " Math.min(...[...c.querySelectorAll('text')].map(t => t.getBoundingClientRect().height))]; })"
    )
    assert len(shown) > 3
    for drawn, inside, words, smallest in shown:
        assert drawn > 200
        assert inside
        assert words
        assert smallest > 7  # letters are not scaled down
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    levels = browser.execute_script("return [...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")
    assert levels[0] == "H1"
    assert levels.count("H1") == 1
    assert browser.execute_script("return document.documentElement.lang") == "en"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", list(PAGES))
def test_nothing_keeps_people_out(browser: Any, pages: dict[str, Path], axe: str, name: str, theme: str) -> None:
    sized(browser, 768)
    features = {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", features)
    browser.get(pages[name].as_uri())
    browser.execute_script(axe)
    found = browser.execute_async_script("axe.run().then(arguments[arguments.length - 1])")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    serious = [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_marks_have_a_tooltip(browser: Any, page: Path) -> None:
    sized(browser, 1280)
    browser.get(page.as_uri())
    words = browser.execute_script(
        "const mark = document.querySelector('.at-width [data-tip*=China]');"
        "mark.dispatchEvent(new PointerEvent('pointermove', {bubbles: true})); return document.getElementById('tip').textContent"
    )
    assert words.startswith("China")
    assert "%" in words


def test_headlines_state_scope_and_the_largest_caveat(pages: dict[str, Path]) -> None:
    for name, path in pages.items():
        head = path.read_text(encoding="utf-8").split("<nav")[0].split("<header>")[1]
        assert "Scope (Hugging Face): " in head, name
        assert "Largest caveat:" in head, name
    trending = html.unescape(pages["trending-2026"].read_text(encoding="utf-8"))
    assert "without it the United States would have 36.2% instead of 72.4%" in trending
    assert "If the alternative country of Hugging Face counted" in trending.split("<nav")[0]
    assert "Who builds on whose models?" in trending
    assert "Country known for 96.0% of these downloads" in trending


def test_tables_are_sorted_and_have_the_tables_numbers(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    read = "return [...document.querySelectorAll('#shares tbody tr')].map(r => [r.cells[0].textContent, Number(r.cells[2].dataset.value)])"
    shown = dict(browser.execute_script(read))
    table = ossgeo.measure(ossgeo.load_sample("labs-2025"))
    assert shown == pytest.approx({label(str(group)): share for group, share in table.at().items()})
    click = "document.querySelectorAll('#shares th button')[2].click()"
    browser.execute_script(click)
    assert [row[1] for row in browser.execute_script(read)] == sorted(shown.values(), reverse=True)
    browser.execute_script(click)
    assert [row[1] for row in browser.execute_script(read)] == sorted(shown.values())
    assert (
        browser.execute_script("return document.querySelectorAll('#shares th')[2].getAttribute('aria-sort')")
        == "ascending"
    )


def test_it_stands_alone(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(text) < 1_500_000
    assert not re.search(r"(src|href)=\"(https?:)?//", text)
    assert "Content-Security-Policy" in text
    assert "unsafe-inline" not in text
    for title in ("Shares", "Which model matters most?", "How much depends on single models?", "What changed the shares?",
                  "Which disputed affiliations matter?", "Quality issues of the counters", "Method"):  # fmt: skip
        assert title in text
    assert "ossgeo.load_sample(&#39;labs-2025&#39;)" in text


def hostile() -> ossgeo.Panel:
    names = ["<script>alert(1)</script>", "=1+1", "\u202eevil", "x" * 10_000, "Qwen", "google"]
    day = dt.date(2025, 1, 31)
    rows = pl.LazyFrame(
        {"model_id": [f"{name}/<b>m</b>" for name in names], "period": [day] * 6, "downloads_30d": range(1, 7)}
    )  # read_panel refuses such ids; other makers of panels may pass them
    return ossgeo.Panel.of(engines.wrap(rows), None, counter="downloads_30d", scope="<img src=x onerror=alert(1)>")


def test_hostile_text_stays_text(browser: Any, tmp_path: Path) -> None:
    path = ossgeo.report(hostile(), path=tmp_path / "r.html", by="namespace", title="<script>alert(2)</script>")
    browser.get(path.as_uri())
    assert browser.execute_script("return document.querySelectorAll('script').length") == 1
    assert browser.execute_script("return [...document.images].every(i => i.src.startsWith('data:'))")
    assert browser.title.startswith("<script>alert(2)")
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_without_a_browser_too(tmp_path: Path) -> None:
    text = ossgeo.report(hostile(), path=tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("sample", ["hub-2026"])
def test_every_sample_and_the_shell(sample: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "r.html"
    assert main(["report", sample, "-o", str(path), "--denominator", "attributed", "--title", "Mine"]) == 0
    assert "MB)" in capsys.readouterr().out
    text = path.read_text(encoding="utf-8")
    assert "<title>Mine</title>" in text
    assert "denominator=&#39;attributed&#39;" in text


def test_choices_that_do_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = ossgeo.load_sample("hub-2026")
    with pytest.raises(InvalidArgumentError, match="by must be one key in a report"):
        ossgeo.report(panel, path=tmp_path / "r.html", by=("country", "organization"))
    with pytest.raises(InvalidArgumentError, match="has no option"):
        ossgeo.report(panel, path=tmp_path / "r.html", color="red")  # type: ignore[call-arg]
    monkeypatch.setitem(__import__("sys").modules, "jinja2", None)
    with pytest.raises(EngineError, match=r"ossgeo\[plot\]"):
        ossgeo.report(panel, path=tmp_path / "r.html")


def content(page: Path) -> str:
    """The page without the charts, whose element ids are generated, and without their checksums."""
    text = page.read_text(encoding="utf-8")
    return re.sub(r"<script.*?</script>|<svg.*?</svg>|sha256-[\w+/=]+|data:image[^\"]*", "", text, flags=re.DOTALL)


def code_of(page: Path) -> str:
    found = re.search(r"<code>(.*?)</code>", page.read_text(encoding="utf-8"), re.S)
    assert found is not None
    return html.unescape(found[1])


def test_a_default_given_explicitly_gives_the_same_page(page: Path, tmp_path: Path) -> None:
    panel = ossgeo.load_sample("labs-2025")
    registry = with_alternatives(ossgeo.Registry.default())
    again = ossgeo.report(panel, path=tmp_path / "r.html", by="country", window=None, registry=registry)
    assert content(again) == content(page)
    assert main(["report", "labs-2025", "-o", str(tmp_path / "s.html")]) == 0
    assert content(tmp_path / "s.html") == content(page)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "by": "organization",
            "denominator": "attributed",
            "as_of": dt.date(2026, 1, 1),
            "where": {"task": ["text-generation"]},
            "age_cap": "365d",
            "cleaning": ossgeo.Cleaning(invalid="drop"),
        },
    ],
)
def test_the_code_of_the_page_makes_the_page_again(
    options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    panel = ossgeo.load_sample("hub-2026")
    page = ossgeo.report(panel, path=tmp_path / "first.html", **options)
    names: dict[str, Any] = {}
    exec(code_of(page), names)
    assert names["table"] == ossgeo.measure(panel, **options)
    assert content(tmp_path / "report.html") == content(page)


def test_what_code_cannot_write_is_named_in_a_comment(tmp_path: Path) -> None:
    registry = with_alternatives(ossgeo.Registry.default(), "hugging-face")
    code = code_of(ossgeo.report(hostile(), path=tmp_path / "r.html", registry=registry))
    assert "# registry: " in code
    assert "registry=registry)" in code
    compile(code, "page", "exec")


def test_the_headline_and_the_sections_say_only_what_was_found(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "The United States accounted for 60.5% of all downloads in the 30 days to 7 September 2025" in text
    assert "34 chosen laboratories" in text
    assert "without it Germany would have 9.4% instead of 21.2%" in text
    assert "between 60.5% and 60.5%" not in text
    assert "How certain are the shares?" in text.split("left out because they do not apply or have no finding")[1]


def test_no_error_becomes_content(tmp_path: Path) -> None:
    text = ossgeo.report(ossgeo.load_sample("hub-2026"), path=tmp_path / "r.html", by="model").read_text(
        encoding="utf-8"
    )
    assert "by=&#39;" not in text.split("<pre")[0]
    assert "How certain are the shares?" in text.split("left out because")[1]


def test_an_analysis_that_the_options_exclude_is_named_with_its_reason(tmp_path: Path) -> None:
    path = ossgeo.report(ossgeo.load_sample("hub-2026"), path=tmp_path / "r.html", counting="full")
    left_out = html.unescape(path.read_text(encoding="utf-8")).split("left out because")[1]
    assert "\"Which model matters most?\" (counting must be 'fractional' or 'primary', got 'full'" in left_out


def test_the_page_offers_its_figures(page: Path) -> None:
    found = re.search(r'download="shares-by-country.csv" href="data:[^,]*,([^"]*)"', page.read_text(encoding="utf-8"))
    assert found is not None
    assert base64.b64decode(found[1]).decode() == ossgeo.measure(ossgeo.load_sample("labs-2025")).to_csv()


def printed(browser: Any, page: Path) -> bytes:
    """Return a page as PDF, printed on A4."""
    from selenium.webdriver.common.print_page_options import PrintOptions
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(page.as_uri())
    whole = "return document.readyState == 'complete' && document.querySelector('footer') !== null"
    WebDriverWait(browser, 30).until(lambda driver: driver.execute_script(whole))
    a4 = PrintOptions()
    a4.page_width, a4.page_height = 21.0, 29.7
    return base64.b64decode(browser.print_page(a4))


@pytest.mark.parametrize("name", list(PAGES))
def test_print_has_no_empty_page(browser: Any, pages: dict[str, Path], name: str) -> None:
    assert 4 <= printed(browser, pages[name]).count(b"/Type /Page\n") <= 12


def test_print_repeats_the_head_of_a_table_on_every_page(browser: Any, tmp_path: Path) -> None:
    pdfium = pytest.importorskip("pypdfium2", reason="pypdfium2 is not installed, which reads PDF files")
    found = ossgeo.profile(ossgeo.load_sample("hub-2026"), "US")
    found.write_html(tmp_path / "us.html")
    document = pdfium.PdfDocument(printed(browser, tmp_path / "us.html"))
    pages = [sheet.get_textpage().get_text_range() for sheet in document]
    models = found.models["model"].to_list()
    with_models = [text for text in pages if any(f"{name} " in text for name in models)]
    assert len(with_models) > 1, "the table spans pages"
    assert all("model value share" in text for text in with_models)
    loose = re.compile(r"[\s\ufffe-]+")  # a line is broken at a hyphen, which is then read as another sign
    whole = loose.sub("", "".join(pages))
    assert all(loose.sub("", one) in whole for one in found.claims["url"].drop_nulls()), "no address is cut"


def test_the_alternative_of_a_disputed_affiliation_prints_as_a_share() -> None:
    assert [_cell(name, 0.573).text for name in ("share", "alternative")] == ["57.30%", "57.30%"]
