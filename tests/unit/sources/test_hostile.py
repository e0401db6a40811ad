"""A server on loopback that behaves badly: the work is bounded, the token stays hidden, and nothing wrong is stored."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import os
import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ossgeo.errors import InvalidArgumentError, OssgeoError, OssgeoWarning, SourceFormatError, SourceUnavailableError
from ossgeo.sources import Hub, HubStats, OpenModelEvolution, SnapshotStore
from ossgeo.sources._hub import checkpoint as checkpoints
from ossgeo.sources._hub import http
from ossgeo.sources._hub.credentials import Token
from tests.hub_server import FakeHub, entry, fake_hub, once, slow

TOKEN = "hf_secretsecretsecretsecretsecret"


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with fake_hub() as running:
        running.add(*(entry(f"Qwen/m{number}", 1000 - number) for number in range(25)))
        yield running


def forms_of(secret: str) -> tuple[bytes, ...]:
    """Return the forms in which a text may be written: plain, base64, hexadecimal, percent-encoded, UTF-16."""
    plain = secret.encode()
    percent = "".join(f"%{one:02X}" for one in plain).encode()
    return (plain, base64.b64encode(plain)[:-4], plain.hex().encode(), percent, secret.encode("utf-16-le"))


@pytest.fixture(autouse=True)
def no_secret_is_left(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Search what a test printed, logged and stored for the token, after every test of this file."""
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, logger="ossgeo")
    yield
    printed = "".join(capfd.readouterr())
    texts = {"output": printed.encode(), "log": caplog.text.encode()}
    texts |= {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    home = Path(os.environ["HF_HOME"])
    texts |= {str(file): file.read_bytes() for file in home.rglob("*") if file.is_file()}
    found = [(place, form) for place, text in texts.items() for form in forms_of(TOKEN) if form in text]
    assert not found


def hub(server: FakeHub, **options: Any) -> Hub:
    return Hub(token=options.pop("token", False), endpoint=server.url, **{"timeout": 5, "patience": 2} | options)


def drip(part: bytes, pieces: int, seconds: float, *, headers: bool) -> Callable[[Any], bool]:
    """Send headers or a body piece by piece."""

    def fault(handler: Any) -> bool:
        with suppress(OSError):
            if headers:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            else:
                handler.send_response(200)
                handler.end_headers()
            for _ in range(pieces):
                handler.wfile.write(part)
                handler.wfile.flush()
                time.sleep(seconds)
        handler.close_connection = True
        return True

    return fault


@pytest.mark.parametrize("headers", [True, False], ids=["headers", "body"])
def test_slow_bytes_end_with_the_timeout(server: FakeHub, headers: bool) -> None:
    part = b"x-slow: 1\r\n" if headers else b" "
    server.faults.append(drip(part, 400, 0.05, headers=headers))
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=r"no complete response within 0\.4 s"):
        hub(server, timeout=0.4, patience=1).snapshot()
    assert time.monotonic() - began < 15, "all bytes take 20 s; failed requests are part of the patience"


def test_the_whole_has_a_deadline(server: FakeHub) -> None:
    server.page = 1
    server.faults.append(slow(0.1))
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=r"the deadline of 1 s .*try again, or give more deadline="):
        hub(server, deadline=0.6).snapshot()
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("body", [b"a" * 70_000, b"[" + b" " * 70_000], ids=["text", "spaces"])
def test_an_endless_body_and_a_gzip_bomb_are_cut(server: FakeHub, body: bytes) -> None:
    transport = http.Transport(server.url, {}, timeout=20, patience=2, largest=1_000_000)
    server.faults.append(drip(body, 10_000, 0, headers=False))
    with pytest.raises(SourceFormatError, match="larger than 1,000,000 bytes"):
        transport.get("/api/models")
    packed = gzip.compress(body * 1000)
    assert len(packed) < 200_000
    server.faults[:] = [once(packed, 200, {"content-encoding": "gzip"})]
    with pytest.raises(SourceFormatError, match="larger than 1,000,000 bytes"):
        transport.get("/api/models")


def test_a_long_error_is_cut_and_unknown_encodings_are_refused(server: FakeHub) -> None:
    server.faults[:] = [once(b"x" * 5_000_000, 418)]
    with pytest.raises(SourceUnavailableError, match=r"status 418: x{200}$"):
        hub(server).snapshot()
    server.faults[:] = [once(b"?", 200, {"content-encoding": "gzip, gzip"})]
    with pytest.raises(SourceFormatError, match="unknown encoding 'gzip, gzip'"):
        hub(server).snapshot()
    server.faults[:] = [once(b"[" * 100_000, 200)]
    with pytest.raises(SourceFormatError, match="Expected `object`, got `array`"):
        hub(server).snapshot()


@pytest.mark.parametrize("body", [[], [entry("a/b")]], ids=["empty pages", "the same model"])
@pytest.mark.parametrize("choice", [{}, {"top": 50}, {"namespaces": ["a"]}], ids=str)
def test_a_list_without_end_is_an_error(server: FakeHub, body: Any, choice: dict[str, Any], tmp_path: Path) -> None:
    numbers = count()

    def endless(handler: Any) -> bool:
        handler.say(body, 200, {"link": f'</api/models?cursor={next(numbers)}>; rel="next"'})
        return True

    server.faults.append(endless)
    with pytest.raises(SourceFormatError, match="10 pages in a row list no new model"):
        hub(server).collect(tmp_path / "checkpoint", **choice)
    assert len(server.asked) <= 40
    assert not (tmp_path / "checkpoint").exists()


def test_empty_namespaces_are_not_an_endless_list(server: FakeHub) -> None:
    some = hub(server).snapshot(namespaces=[*(f"none{number}" for number in range(30)), "Qwen"])
    assert some.size == 25


@pytest.mark.parametrize(
    "link",
    ["<http://[x/>", "<http://h:99999999/x>", "<>", "<\x7f>", "</api/models?cursor=\u20ac>", "<//user:p@evil/x>",
     "<javascript:alert(1)>", "<file:///etc/passwd>", '<"', "<http://evil.example:99999/api/models?cursor=MQ==>"],
)  # fmt: skip
def test_bad_links_raise_no_foreign_error(server: FakeHub, link: str) -> None:
    link = link.encode("utf-8").decode("latin-1")
    server.faults.append(once([entry("a/b")], 200, {"link": f'{link}; rel="next"'}))
    with suppress(OssgeoError):
        hub(server, patience=0.1).snapshot()
    server.faults[:] = [once(b"", 302, {"location": link.strip("<>")})]
    with suppress(OssgeoError):
        hub(server, patience=0.1).snapshot()


@pytest.mark.parametrize("seconds", ["9" * 5000, "-1", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "\u0663"])
def test_bad_waits(server: FakeHub, seconds: str) -> None:
    seconds = seconds.encode().decode("latin-1")
    headers = {"retry-after": seconds, "ratelimit": f'"api";r=0;t={seconds}'}
    server.faults.append(once({"error": "later"}, 503, headers))
    with suppress(SourceUnavailableError):
        assert hub(server, patience=2).snapshot().size == 25


def test_a_server_that_repeats_the_token(server: FakeHub, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    echo = f"your token is {TOKEN}"
    answers = [
        ({"error": echo}, 401), ({"error": echo}, 503), (echo.encode(), 200), ([entry("a/b", downloads=echo)], 200),
        ([entry(f"a/{TOKEN}", -1)], 200), (b"", 302),
    ]  # fmt: skip
    headers = {"x-error-message": echo, "location": f"http://{TOKEN}.example/", "link": f'</x?{TOKEN}>; rel="next"'}
    for body, status in answers:
        server.faults[:] = [once(body, status, headers, times=9)]
        with caplog.at_level(logging.DEBUG, logger="ossgeo"), pytest.raises(OssgeoError) as caught:
            hub(server, token=TOKEN, patience=0.1).snapshot()
        assert TOKEN not in str(caught.value) + repr(caught.value) + caplog.text
        assert TOKEN.encode() not in pickle.dumps(caught.value)
    server.faults[:] = [once([entry("a/b", tags=[echo])], 200)]
    SnapshotStore(tmp_path).collect(hub(server, token=TOKEN))
    stored = [*tmp_path.glob("data/*/*.parquet")]
    assert len(stored) == 3
    assert not any(TOKEN in str(pl.read_parquet(file).to_dicts()) for file in stored)


@pytest.mark.parametrize("token", [TOKEN + "\nx", "hf_\u00e9", "hf x", " ", "", "\x00"])
def test_tokens_that_cannot_be(token: str) -> None:
    for make in (Hub, HubStats, OpenModelEvolution):
        with pytest.raises(InvalidArgumentError, match="token must consist of printable ASCII") as caught:
            make(token=token)
        assert not token.strip() or token.strip() not in str(caught.value)
    with pytest.raises(InvalidArgumentError, match="token must be a str, True, False or None, got int"):
        Hub(token=5)  # type: ignore[arg-type]


def test_tokens_are_stripped_and_hidden(server: FakeHub) -> None:
    source = hub(server, token=f"  {TOKEN}\n")
    source.snapshot(top=1)
    assert server.asked[-1][1] == f"Bearer {TOKEN}"
    shown = repr(source) + str(vars(source)) + repr(source._token) + repr(vars(HubStats(token=TOKEN)))
    assert TOKEN not in shown
    copy = pickle.loads(pickle.dumps(Token(TOKEN)))
    assert TOKEN.encode() not in pickle.dumps(source._token)
    assert copy.value is None
    assert pickle.loads(pickle.dumps(Token(False))).value is False


@pytest.mark.parametrize("endpoint", ["http://me:secret@127.0.0.1:9", "https://secret@huggingface.co"])
def test_endpoints_with_a_password_are_refused(endpoint: str) -> None:
    with pytest.raises(InvalidArgumentError, match="must not contain a user or password") as caught:
        Hub(endpoint=endpoint)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["", "huggingface.co", "http://", "http://h:99999", "ftp://h", "http://h/?a=b"])
def test_endpoints_that_cannot_be(endpoint: str) -> None:
    with pytest.raises(InvalidArgumentError, match="endpoint must be"):
        Hub(endpoint=endpoint)


def test_a_token_that_goes_elsewhere_is_a_warning(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_IMPLICIT_TOKEN", False)
    with pytest.warns(OssgeoWarning, match=r"the token of this machine is sent to 127\.0\.0\.1, which is not") as seen:
        hub(server, token=None).snapshot(top=1)
    assert not any(TOKEN in str(one.message) for one in seen)
    assert server.asked[-1][1] == f"Bearer {TOKEN}"
    with pytest.warns(OssgeoWarning, match="over http, without encryption"):
        Hub(token=TOKEN, endpoint="http://huggingface.co")._transport()
    Hub(token=None, endpoint="https://huggingface.co")._transport()
    Hub(token=TOKEN, endpoint="https://mirror.example")._transport()
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    hub(server, token=None)._transport()
    with pytest.raises(InvalidArgumentError, match="token=True requires a token"):
        hub(server, token=True)._transport()


def test_headers_are_built_without_a_request(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.url)
    Hub(token=False).snapshot(top=1)
    assert {path.split("?")[0] for path, _ in server.asked} == {"/api/models"}


@pytest.mark.parametrize("damage", ["cursor", "page", "part", "state", "state with models"])
def test_an_attempt_that_cannot_be_continued_begins_again(
    server: FakeHub, tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_BATCH", 2)
    server.page = 5
    server.faults[:] = [once({"error": "down"}, 503, times=99, path="cursor=MjA")]
    store, source = SnapshotStore(tmp_path), hub(server, patience=0.1)
    with pytest.raises(SourceUnavailableError):
        store.collect(source)
    server.faults.clear()
    folder = tmp_path / ".collecting"
    if damage == "cursor":
        server.faults.append(once({"error": "Invalid cursor"}, 400, path="cursor=MjA"))
    elif damage == "page":
        _flip(next(folder.glob("page-*")))
    elif damage == "part":
        _flip(next(folder.glob("part-*")))
    else:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        state["next_page"], state["start"] = None, 1
        (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")
    assert store.collect(source).models == 25
    assert store.verify() == ()
    stored = store.panel().to_polars()
    assert dict(stored.select("model_id", "downloads_30d").iter_rows()) == {
        name: one["downloads"] for name, one in server.models.items()
    }


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_organizations_of_users_are_requested_once(server: FakeHub, tmp_path: Path) -> None:
    server.add(*(entry(f"user{number}/m", 5) for number in range(6)))
    for number in range(6):
        server.overviews[f"user{number}"] = ("users", {"orgs": [{"name": f"org{number}"}]})
    server.faults.append(once({"error": "down"}, 503, times=99, path="user3"))
    with pytest.raises(SourceUnavailableError):
        hub(server, patience=0.1).collect(tmp_path / "checkpoint", members=True)
    server.faults.clear()
    with (tmp_path / "checkpoint" / "members.jsonl").open("a", encoding="utf-8") as file:
        file.write('["user3", ["half')
    before = len(server.asked)
    checkpoint = hub(server, patience=0.1).collect(tmp_path / "checkpoint", members=True)
    asked = [path for path, _ in server.asked[before:]]
    assert not any("user0" in path or "user2" in path for path in asked)
    checkpoint.write(tmp_path / "snapshot.parquet")
    found = pl.read_parquet(tmp_path / "snapshot.parquet").filter(pl.col("namespace").str.starts_with("user"))
    assert found.sort("namespace")["member_of"].to_list() == [[f"org{number}"] for number in range(6)]


def test_a_field_that_is_refused_does_not_erase_facts(server: FakeHub, tmp_path: Path) -> None:
    server.models["Qwen/m1"]["tags"] = ["license:mit", "base_model:finetune:meta/x"]
    store = SnapshotStore(tmp_path)
    store.collect(hub(server))

    def refuse(handler: Any) -> bool:
        if "expand%5B%5D=tags" in handler.path or "expand[]=tags" in handler.path:
            handler.say({"error": "tags cannot be requested"}, 400)
            return True
        return False

    server.faults.append(refuse)
    made = store.collect(hub(server))
    assert "fields that the Hub refused: tags" in made.note
    facts = store.panel().models.filter(pl.col("model_id") == "Qwen/m1").collect().row(0, named=True)
    assert (facts["license"], facts["base_models"]) == ("mit", [{"relation": "finetune", "model_id": "meta/x"}])
