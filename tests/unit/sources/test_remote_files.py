"""Files at web addresses and on the Hub, served from loopback."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import OssgeoError, PanelError, SourceFormatError, SourceUnavailableError
from ossgeo.sources._files import remote_files
from ossgeo.sources._hub.credentials import endpoint_of
from tests.hub_server import FakeHub, Handler, fake_hub

pytestmark = pytest.mark.filterwarnings("ignore:the token of this machine is sent:ossgeo.errors.OssgeoWarning")
TEXT = "id,date,downloads_30d\nQwen/a,2025-01-31,5\ngoogle/b,2025-01-31,7\n"
LATER = TEXT.replace("2025-01-31", "2025-02-28")
TOKEN = "hf_secret"  # a test's own


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote_files, "_PATIENCE", 0.1)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with fake_hub() as running:
        monkeypatch.setattr(remote_files, "endpoint_of", lambda given: endpoint_of(given or running.url))
        yield running


@pytest.fixture
def web(hub: FakeHub) -> Iterator[FakeHub]:
    """A host that is not the Hub."""
    with fake_hub() as running:
        yield running


def serve(server: FakeHub, path: str, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> str:
    def answer(handler: Handler) -> bool:
        if handler.path.partition("?")[0] != path:
            return False
        handler.say(body, status, headers)
        return True

    server.faults.append(answer)
    return server.url + path


def total(source: str, **options: str) -> int:
    return int(ossgeo.read_panel(source, **options).to_polars()["downloads_30d"].sum())  # type: ignore[arg-type]


def test_a_file_at_a_web_address(web: FakeHub) -> None:
    address = serve(web, "/data/p.csv", TEXT.encode())
    panel = ossgeo.read_panel(f"{address}?download=1")
    assert (panel.source, len(panel)) == (address, 2)
    assert ossgeo.read_panel(address).fingerprint == panel.fingerprint
    assert ossgeo.read_models(address)["namespace"].to_list() == ["Qwen", "google"]
    assert all(authorization is None for _, authorization in web.asked)


def test_parquet_stays_lazy_and_readable(web: FakeHub, tmp_path: Path) -> None:
    pl.read_csv(TEXT.encode()).write_parquet(tmp_path / "p.parquet")
    address = serve(web, "/p.parquet", (tmp_path / "p.parquet").read_bytes())
    panel = ossgeo.read_panel(address)
    web.shutdown()
    assert int(panel.to_polars()["downloads_30d"].sum()) == 12


@pytest.mark.parametrize(
    ("path", "headers", "packed"),
    [
        ("/p.csv.gz", {}, True),
        ("/p.csv.gz", {"content-encoding": "gzip"}, True),
        ("/export", {"content-type": "text/csv; charset=utf-8"}, False),
        ("/export", {"content-disposition": 'attachment; filename="../p.csv"'}, False),
    ],
)
def test_names_from_addresses_and_headers(path: str, headers: dict[str, str], packed: bool, web: FakeHub) -> None:
    body = gzip.compress(TEXT.encode()) if packed else TEXT.encode()
    assert total(serve(web, path, body, headers)) == 12


def test_faults_of_web_addresses(web: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    page = serve(web, "/page.csv", b"<!DOCTYPE html><html></html>", {"content-type": "text/html"})
    with pytest.raises(PanelError) as caught:
        ossgeo.read_panel(page)
    assert "is a web page" in str(caught.value)
    with pytest.raises(SourceUnavailableError, match="404"):
        ossgeo.read_panel(f"{web.url}/nothing.csv")
    with pytest.raises(PanelError, match="unknown format"):
        ossgeo.read_panel(serve(web, "/export", b"abc", {"content-type": "application/octet-stream"}))
    with pytest.raises(SourceUnavailableError):
        ossgeo.read_panel("http://127.0.0.1:9/p.csv")
    monkeypatch.setattr(remote_files, "LARGEST", 10)
    with pytest.raises(SourceFormatError, match="larger than 10 bytes"):
        ossgeo.read_panel(serve(web, "/large.csv", TEXT.encode()))
    for address in ("https://", "http://[::1", "hf://datasets/one", "https://a:b@127.0.0.1/p.csv"):
        with pytest.raises(OssgeoError) as found:
            ossgeo.read_panel(address)
        assert "a:b" not in str(found.value)


def test_redirects_to_other_hosts_carry_no_token(hub: FakeHub, web: FakeHub) -> None:
    target = serve(hub, "/there.csv", TEXT.encode())
    assert total(serve(web, "/here.csv", b"", {"location": target}, status=302)) == 12
    assert hub.asked == [("/there.csv", None)]
    loop = serve(web, "/loop.csv", b"", {"location": "/loop.csv"}, status=307)
    with pytest.raises(SourceFormatError, match="redirects 5 times"):
        ossgeo.read_panel(loop)
    for other in ("file:///etc/passwd", "ftp://127.0.0.1/p.csv"):
        with pytest.raises(SourceFormatError, match="another scheme"):
            ossgeo.read_panel(serve(web, f"/{other[:3]}.csv", b"", {"location": other}, status=301))


@pytest.fixture
def dataset(hub: FakeHub, tmp_path: Path) -> str:
    files = {}
    for name, text in {
        "snapshots/2025-01-31.csv": TEXT,
        "snapshots/2025-02-28.csv": LATER,
        "README.md": "x",
        "snapshots/more.json": "[]",
    }.items():
        files[name] = tmp_path / name.replace("/", "_")
        files[name].write_text(text, encoding="utf-8")
    hub.files["me/figures"] = files
    return "hf://datasets/me/figures"


def test_files_and_folders_of_the_hub(dataset: str, hub: FakeHub) -> None:
    assert total(f"{dataset}/snapshots/2025-01-31.csv") == 12
    assert total(f"{hub.url}/datasets/me/figures/resolve/main/snapshots/2025-01-31.csv") == 12
    panel = ossgeo.read_panel(f"{dataset}@main/snapshots", pattern="*.csv", period_from="file")
    assert [str(day) for day in panel.periods] == ["2025-01-31", "2025-02-28"]
    assert all(authorization in (None, f"Bearer {TOKEN}") for _, authorization in hub.asked)


def test_faults_of_the_hub(dataset: str, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceUnavailableError):
        ossgeo.read_panel("hf://datasets/me/nothing/p.csv")
    with pytest.raises(SourceUnavailableError, match=r"holds no file \*.parquet"):
        ossgeo.read_panel(dataset, pattern="*.parquet")
    monkeypatch.setattr(remote_files, "LARGEST", 10)
    with pytest.raises(SourceFormatError, match="choose files with pattern="):
        ossgeo.read_panel(dataset, pattern="*.csv")
    with pytest.raises(SourceFormatError, match="larger than 10 bytes"):
        ossgeo.read_panel(f"{dataset}/snapshots/2025-01-31.csv")
