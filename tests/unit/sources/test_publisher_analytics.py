"""The Hub's export of daily downloads, and panels of shares without volumes."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, PanelError, SourceFormatError, SourceUnavailableError
from ossgeo.sources import PublisherAnalytics
from ossgeo.testing import check_source
from tests.hub_server import LoopbackServer

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
EXPORT = """repoType,repoName,total,timestamp,downloads
model,Qwen/a,11,2026-01-30T00:00:00.000Z,4
model,Qwen/a,11,2026-01-31T00:00:00.000Z,7
model,Qwen/b,5,2026-01-31T00:00:00.000Z,5
dataset,Qwen/a,9,2026-01-31T00:00:00.000Z,9
space,Qwen/c,9,2026-01-31T00:00:00.000Z,9
"""


@pytest.fixture
def hub() -> Iterator[LoopbackServer]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Print nothing."""

        def do_GET(self) -> None:
            right = self.path == "/organizations/Qwen/settings/publisher-analytics/download-breakdown"
            allowed = self.headers.get("authorization") == "Bearer hf_member"
            self.send_response(200 if right and allowed else 404 if allowed else 401)
            self.end_headers()
            self.wfile.write(EXPORT.encode() if right and allowed else b"no")

    server = LoopbackServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def url(hub: LoopbackServer) -> str:
    return f"http://127.0.0.1:{hub.server_port}"


def test_daily_downloads_of_an_organization(hub: LoopbackServer) -> None:
    source = PublisherAnalytics("Qwen", token="hf_member", endpoint=url(hub))
    panel = source.panel()
    assert (panel.counter.column, panel.size, len(panel.periods)) == ("downloads_per_1d", 3, 2)
    assert "2 row(s) of datasets or spaces were left out" in panel.scope
    month = ossgeo.measure(panel, by="model", every="1mo")
    assert month.at()["Qwen/a"] == 11 / 16
    assert source.panel(start="2026-01-31").size == 2
    assert check_source(source).passed


def test_a_saved_export(tmp_path: Path) -> None:
    (tmp_path / "breakdown.csv").write_text(EXPORT, encoding="utf-8")
    assert PublisherAnalytics(path=tmp_path / "breakdown.csv").panel().size == 3
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(SourceFormatError, match="no column 'repoType'"):
        PublisherAnalytics(path=tmp_path / "other.csv").panel()
    with pytest.raises(SourceUnavailableError, match="cannot be read"):
        PublisherAnalytics(path=tmp_path / "none.csv").panel()


HEAD = "repoType,repoName,total,timestamp,downloads\n"
ROW = "model,Qwen/a,4,2026-01-30T00:00:00.000Z,4\n"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROW.replace(",4\n", ",12x\n"), "row 1, column downloads: '12x' is not a whole number"),
        (ROW + ROW.replace("2026-01-30T", "30 Jan T"), "row 2, column timestamp: '30 Jan T"),
        (ROW.replace("Qwen/a", "Qw en/a"), "'Qw en/a' is not a model id"),
        (ROW + "model,Qwen/a,4,2026-01", "row 2, column timestamp: '2026-01' is a month and not a day"),
        (ROW.replace("model", "kernel"), "repoType must be one of model, dataset, space, got 'kernel'"),
        ("", "has no row"),
    ],
)
def test_rows_that_are_not_as_documented(rows: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(HEAD + rows, encoding="utf-8")
    with pytest.raises((PanelError, SourceFormatError)) as found:
        PublisherAnalytics(path=tmp_path / "export.csv").panel()
    assert message in str(found.value)
    assert str(found.value).startswith("Publisher Analytics of ")
    assert "ignore=" not in str(found.value)


def test_a_day_twice_a_day_missing_and_a_negative_count(tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text(HEAD + ROW * 2, encoding="utf-8")
    twice = PublisherAnalytics(path=tmp_path / "twice.csv").panel()
    assert "duplicate" in twice.check()
    with pytest.raises(PanelError, match="repeat a model and period, for example Qwen/a at 2026-01-30"):
        ossgeo.measure(twice)
    (tmp_path / "gap.csv").write_text(HEAD + ROW + ROW.replace("01-30", "02-02"), encoding="utf-8")
    assert "window_gap" in PublisherAnalytics(path=tmp_path / "gap.csv").panel().check()
    (tmp_path / "negative.csv").write_text(HEAD + ROW.replace(",4\n", ",-4\n"), encoding="utf-8")
    with pytest.raises(PanelError, match=r"Publisher Analytics of .*(?s:.*)is negative in 1 row"):
        ossgeo.measure(PublisherAnalytics(path=tmp_path / "negative.csv").panel())


def test_refusals_and_arguments(hub: LoopbackServer) -> None:
    with pytest.raises(SourceUnavailableError, match="the token of a member"):
        PublisherAnalytics("Qwen", token=False, endpoint=url(hub)).panel()
    with pytest.raises(SourceUnavailableError, match="does not exist"):
        PublisherAnalytics("Nobody", token="hf_member", endpoint=url(hub)).panel()
    for arguments in ({}, {"organization": "Qwen", "path": "x.csv"}, {"organization": "../x"}):
        with pytest.raises(InvalidArgumentError):
            PublisherAnalytics(**arguments)


SHARES = ossgeo.Counter("requests", kind="interval", days=7, unit="share")


@pytest.mark.parametrize("lazy", [False, True])
def test_shares_without_volumes_leave_a_residual(lazy: bool) -> None:
    rows = pl.DataFrame(
        {"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-04"] * 2, "requests": [0.25, 0.35]}
    ).with_columns(pl.col("date").str.to_date())
    panel = ossgeo.read_panel(rows.lazy() if lazy else rows, counter=SHARES)
    assert panel.residual == ("other",)
    found = ossgeo.measure(panel).at()
    assert {name: found[name] for name in ("CN", "US", "residual")} == {
        "CN": pytest.approx(0.25), "US": pytest.approx(0.35), "residual": pytest.approx(0.4),
    }  # fmt: skip


def test_a_source_of_shares_passes_the_kit() -> None:
    class Shares:
        name = "shares of a gateway"
        api_version = 1

        def panel(self) -> ossgeo.Panel:
            rows = {"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-04"] * 2, "requests": [0.25, 0.35]}
            return ossgeo.read_panel(pl.DataFrame(rows), counter=SHARES)

    assert check_source(Shares()).passed


def test_shares_that_sum_to_more_than_one() -> None:
    rows = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-04"] * 2, "requests": [0.67, 0.35]})
    with pytest.raises(PanelError) as found:
        ossgeo.read_panel(rows, counter=SHARES)
    assert "its shares sum to 1.02, more than 1" in str(found.value.faults[0])
    whole = rows.with_columns(requests=pl.Series([0.65, 0.35]))
    assert ossgeo.read_panel(whole, counter=SHARES).residual == ()
    with pytest.raises(PanelError):
        ossgeo.read_panel(rows.with_columns(requests=pl.Series([0.1, 0.2])), counter=SHARES, residual="google/b")
