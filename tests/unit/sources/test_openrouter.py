"""OpenRouter's data API on loopback: rows, joins, the citation, and everything that a server may do wrong."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest

import ossgeo
from ossgeo.analysis import bounds
from ossgeo.errors import InvalidArgumentError, SourceFormatError, SourceUnavailableError
from ossgeo.sources import OpenRouter
from ossgeo.testing import check_source
from tests.hub_server import LoopbackServer

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
KEY = "sk-or-v1-secret"
ROWS = [
    ("2026-05-10", "anthropic/claude-4.5-sonnet-20250929", "300"),
    ("2026-05-10", "z-ai/glm-4.6-20250930", "200"),
    ("2026-05-10", "z-ai/glm-4.6-20250930:free", "100"),
    ("2026-05-10", "nobody/knows-20260101", "50"),
    ("2026-05-10", "nousresearch/hermes-4-405b-20250826", "150"),
    ("2026-05-10", "other", "9007199254740993"),
    ("2026-05-11", "z-ai/glm-4.6-20250930", "10"),
]
MODELS = [
    {"id": "anthropic/claude-sonnet-4.5", "canonical_slug": "anthropic/claude-4.5-sonnet-20250929", "hugging_face_id": None,
     "created": 1759161676},
    {"id": "z-ai/glm-4.6", "canonical_slug": "z-ai/glm-4.6-20250930", "hugging_face_id": "zai-org/GLM-4.6",
     "created": 1759235576},
    {"id": "z-ai/glm-4.6:free", "canonical_slug": "z-ai/glm-4.6-20250930", "hugging_face_id": "", "created": 1759235577},
    {"id": "nousresearch/hermes-4-405b", "canonical_slug": "nousresearch/hermes-4-405b-20250826",
     "hugging_face_id": "NousResearch/Hermes-4-405B", "created": 1756235463},
]  # fmt: skip


class FakeRouter(LoopbackServer):
    """The rankings and models that it serves, the answers that replace them, and the requests that it received."""

    rows: list[Any]
    as_of = "2026-05-11T02:00:00.000Z"
    answers: list[tuple[int, dict[str, str], bytes]]
    seen: list[tuple[str, dict[str, list[str]], str | None]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: FakeRouter

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = parse_qs(parts.query)
        self.server.seen.append((parts.path, query, self.headers.get("authorization")))
        if parts.path.endswith("/models"):
            return self._send(200, {}, json.dumps({"data": MODELS}).encode())
        if self.server.answers:
            return self._send(*self.server.answers.pop(0))
        if self.headers.get("authorization") != f"Bearer {KEY}":
            return self._send(401, {}, b'{"error": {"message": "No auth credentials found", "code": 401}}')
        first, last = (query.get(name, [default])[0] for name, default in (("start_date", ""), ("end_date", "9999")))
        rows = [row for row in self.server.rows if first <= str(row[0]) <= last]
        names = ("date", "model_permaslug", "total_tokens")
        body = {
            "data": [dict(zip(names, row, strict=True)) for row in rows],
            "meta": {"as_of": self.server.as_of, "version": "v1"},
        }
        return self._send(200, {}, json.dumps(body).encode())

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"content-length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[FakeRouter]:
    server = FakeRouter(("127.0.0.1", 0), Handler)
    server.rows, server.answers, server.seen = list(ROWS), [], []
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def router() -> Iterator[FakeRouter]:
    with serving() as server:
        yield server


def source(router: FakeRouter, **arguments: Any) -> OpenRouter:
    return OpenRouter(KEY, endpoint=router.url, **arguments)


def test_tokens_of_a_range_of_days(router: FakeRouter) -> None:
    panel = source(router).panel(start="2026-05-10", end="2026-05-11")
    assert (panel.counter.column, panel.residual, panel.platform) == ("tokens_per_1d", ("other",), "openrouter")
    assert router.seen[0][1] == {"start_date": ["2026-05-10"], "end_date": ["2026-05-11"]}
    table = ossgeo.measure(panel)
    first = dict(table.filter(period=dt.date(2026, 5, 10)).to_polars().select("country", "value").rows())
    assert first == {"residual": 9007199254740993.0, "US": 450.0, "CN": 300.0, "unreviewed": 50.0}
    assert table.at("2026-05-11")["CN"] == 1.0
    assert "Source: OpenRouter (openrouter.ai/rankings), as of 2026-05-11T02:00:00.000Z." in table.cite()
    assert "2026-05-11 is incomplete, until 02:00 UTC" in panel.scope
    low = bounds(table).frame.filter(pl.col("period") == dt.date(2026, 5, 10), country="CN").row(0, named=True)
    assert low["upper"] > 0.99 > low["lower"]


def test_joins_to_the_hub(router: FakeRouter) -> None:
    bases = pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))
    hub = pl.DataFrame(
        {
            "model_id": ["zai-org/GLM-4.6", "NousResearch/Hermes-4-405B", "meta-llama/Llama-3.1-405B"],
            "license": ["mit", "llama3", "llama3.1"], "parameters": [357_000_000_000, 405_000_000_000, 405_000_000_000],
            "base_models": pl.Series([[], [{"relation": "finetune", "model_id": "meta-llama/Llama-3.1-405B"}], []], dtype=bases),
        }
    )  # fmt: skip
    stated = pl.DataFrame({"id": ["anthropic/claude-sonnet-4.5"], "open_weights": [False]})
    panel = source(router, hub_models=hub, open_weights=stated).panel()
    models = {row["model_id"]: row for row in panel.models.collect().iter_rows(named=True)}
    glm, claude = models["z-ai/glm-4.6-20250930:free"], models["anthropic/claude-4.5-sonnet-20250929"]
    assert (glm["platform_id"], glm["hub_model_id"], glm["openness"]) == (
        "z-ai/glm-4.6:free",
        "zai-org/GLM-4.6",
        "open weights",
    )
    assert (claude["platform_id"], claude["hub_model_id"], claude["openness"]) == (
        "anthropic/claude-sonnet-4.5", None, "closed",
    )  # fmt: skip
    assert models["nobody/knows-20260101"]["openness"] is None
    open_ = ossgeo.measure(panel, where={"openness": "open weights"})
    assert open_.at("2026-05-10")["CN"] == pytest.approx(300 / 450)
    assert open_.adjustments["where_undecided"].count >= 1
    root = ossgeo.measure(panel, attribution="root", by="organization", where={"parameters": (1e9, None)})
    assert root.at("2026-05-10")["meta"] == pytest.approx(150 / 450)
    small = ossgeo.measure(panel, where={"license": "mit"})
    assert small.at("2026-05-10")["CN"] == 1.0
    assert ossgeo.measure(panel, calculator=ossgeo.shares.CountInTop(n=2)).at("2026-05-10")["CN"] == 0.5


def test_the_source_passes_the_kit(router: FakeRouter) -> None:
    assert check_source(source(router)).passed


def test_long_ranges_are_requested_in_parts(router: FakeRouter) -> None:
    source(router).panel(start="2024-12-01", end="2026-05-11")
    spans = [(query["start_date"][0], query["end_date"][0]) for path, query, _ in router.seen if "rankings" in path]
    assert spans == [("2025-01-01", "2026-01-01"), ("2026-01-02", "2026-05-11")]


def test_the_key_is_needed_and_never_shown(router: FakeRouter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENROUTER_API_KEY", raising=False)
    with pytest.raises(SourceUnavailableError, match=r"401.*give a valid api_key=, or set OPENROUTER_API_KEY"):
        OpenRouter(endpoint=router.url).panel()
    with pytest.raises(SourceUnavailableError) as found:
        OpenRouter("sk-or-wrong", endpoint=router.url).panel()
    assert "sk-or-wrong" not in str(found.value)
    assert KEY not in repr(vars(source(router)))
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    assert OpenRouter(endpoint=router.url).panel().size == len(ROWS)


def test_a_redirect_to_another_host_is_not_followed(router: FakeRouter) -> None:
    with serving() as thief:
        router.answers = [(302, {"location": f"{thief.url}/api/v1/datasets/rankings-daily"}, b"")]
        with pytest.raises(SourceFormatError, match="another host"):
            source(router).panel()
        assert thief.seen == []


def test_too_many_requests(router: FakeRouter) -> None:
    router.answers = [(429, {"retry-after": "0"}, b"slow down"), (429, {}, b"slow down")]
    assert source(router).panel().size == len(ROWS)
    router.answers = [(429, {"retry-after": "3600"}, b"slow down")]
    with pytest.raises(SourceUnavailableError, match="patience"):
        source(router, patience=5).panel()


@pytest.mark.parametrize(
    ("status", "message"),
    [(400, "range of dates is not accepted"), (403, "forbidden for this key"), (404, "check endpoint")],
)
def test_refusals(router: FakeRouter, status: int, message: str) -> None:
    router.answers = [(status, {}, b'{"error": {"message": "no"}}')]
    with pytest.raises(SourceUnavailableError, match=message):
        source(router).panel()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("2026-05-10", "a/b", "12x"), "row 1, total_tokens: '12x' is not a whole number"),
        (("2026-05-10", "a/b", "-3"), "row 1, total_tokens: -3 is negative"),
        (("10 May", "a/b", "3"), "row 1, date: '10 May'"),
        (("2026-05-10", "a b", "3"), "row 1, model_permaslug: 'a b'"),
        (("2026-05-10", None, "3"), "row 1, model_permaslug: None"),
    ],
)
def test_rows_that_are_not_as_documented(router: FakeRouter, row: Any, message: str) -> None:
    router.rows = [row]
    with pytest.raises(SourceFormatError) as found:
        source(router).panel()
    assert message in str(found.value)


def test_a_day_twice_a_day_missing_and_none(router: FakeRouter) -> None:
    router.rows = [ROWS[0], ROWS[0]]
    with pytest.raises(SourceFormatError, match="twice on 2026-05-10"):
        source(router).panel()
    router.rows = [ROWS[0], ("2026-05-13", "a/b", "5")]
    panel = source(router).panel()
    assert "2 day(s) between the first and the last have no row" in panel.scope
    assert "window_gap" in panel.check()
    router.rows = []
    with pytest.raises(SourceFormatError, match="no row"):
        source(router).panel()


@pytest.mark.parametrize(
    "body", [b'{"data": [', b"[]", b'{"data": [], "meta": {}}', b'{"data": "x", "meta": {}}', b"<html>"]
)
def test_bodies_that_are_not_answers(router: FakeRouter, body: bytes) -> None:
    router.answers = [(200, {}, body)]
    with pytest.raises(SourceFormatError):
        source(router).panel()


def test_a_body_that_is_cut_off(router: FakeRouter) -> None:
    body = json.dumps({"data": [], "meta": {"as_of": router.as_of}}).encode()
    router.answers = [(200, {"content-length": str(len(body) + 500)}, body[:20])] * 9
    with pytest.raises(SourceUnavailableError):
        source(router, patience=0.1).panel()


def test_a_model_that_is_renamed_within_a_period(router: FakeRouter) -> None:
    router.rows = [
        ("2026-05-04", "z-ai/glm-4.6-20250930", "300"), ("2026-05-04", "google/gemma-20260101", "100"),
        ("2026-05-05", "z-ai/glm-4.6-20260505", "300"), ("2026-05-05", "google/gemma-20260101", "100"),
    ]  # fmt: skip
    panel = source(router).panel()
    month = ossgeo.measure(panel, every="1mo", incomplete="mark")
    assert (month.at()["CN"], month.to_polars()["value"].sum()) == (0.75, 800.0)
    by_model = ossgeo.measure(panel, by="model", every="1mo", incomplete="mark").at()
    assert by_model["z-ai/glm-4.6-20250930"] == by_model["z-ai/glm-4.6-20260505"] == 0.375


def test_arguments_that_are_not_valid(router: FakeRouter) -> None:
    for start, end in (("2026-05-11", "2026-05-10"), ("2024-01-01", "2024-12-31")):
        with pytest.raises(InvalidArgumentError, match="in order"):
            source(router).panel(start=start, end=end)
    with pytest.raises(InvalidArgumentError, match="endpoint"):
        OpenRouter(KEY, endpoint="openrouter.ai")
    with pytest.raises(InvalidArgumentError, match="open_weights must be"):
        source(router, open_weights=pl.DataFrame({"id": ["a"]})).panel()


def test_a_recorded_list_of_models(real_data: Any) -> None:
    from ossgeo.sources._datasets.openrouter_models import listed_models

    document = json.loads((real_data / "api" / "openrouter_models_2026-07.json").read_text(encoding="utf-8"))
    slugs = pl.Series([one["canonical_slug"] for one in document["data"]]).unique().sort()
    dev = pl.read_csv(real_data / "usage" / "models_dev.csv")
    table = listed_models(
        document, slugs, dev.with_columns(pl.col("open_weights").cast(pl.String).str.to_lowercase() == "true")
    )
    assert table["hub_model_id"].count() > 100
    assert set(table["openness"].drop_nulls()) == {"open weights", "closed"}
