"""The real huggingface_hub client against a Hub on loopback, with the faults of the real one."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, OssgeoError, SourceFormatError, SourceUnavailableError
from ossgeo.sources import Hub
from ossgeo.sources._hub.http import Transport
from ossgeo.sources._hub.parsing import FIELDS, read_pages
from tests.hub_server import LISTED, FakeHub, cut, entry, fake_hub, once, slow

TOKEN = "hf_secretsecretsecretsecretsecret"


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with fake_hub() as running:
        running.add(*(entry(f"Qwen/m{number}", 1000 - number) for number in range(25)))
        running.add(entry("google/gemma", 5000, gated="manual", tags=["base_model:Qwen/m1"]),
                    entry("ann/quant", 7, disabled=True,
                          tags=["base_model:Qwen/m2", "base_model:quantized:Qwen/m2"]))  # fmt: skip
        yield running


def hub(server: FakeHub, **options: Any) -> Hub:
    return Hub(token=options.pop("token", False), endpoint=server.url, **{"timeout": 5, "patience": 20} | options)


def counts(panel: ossgeo.Panel) -> dict[str, int]:
    return dict(panel.rows.to_native().select("model_id", panel.counter.column).collect().iter_rows())


def test_everything_over_several_pages(server: FakeHub) -> None:
    server.page = 10
    panel = hub(server).snapshot()
    assert counts(panel) == {name: one["downloads"] for name, one in server.models.items()}
    assert len(panel.periods) == 1
    models = {row["model_id"]: row for row in panel.models.collect().iter_rows(named=True)}
    assert models["ann/quant"]["base_models"] == [{"relation": "quantized", "model_id": "Qwen/m2"}]
    assert models["google/gemma"]["base_models"] == [{"relation": "unspecified", "model_id": "Qwen/m1"}]
    assert (models["ann/quant"]["private"], models["ann/quant"]["disabled"], models["google/gemma"]["gated"]) == (
        False,
        True,
        "manual",
    )
    assert models["Qwen/m0"]["license"] == "apache-2.0"
    assert models["Qwen/m0"]["parameters"] == 8_000_000_000
    assert models["Qwen/m0"]["hub_id"] == server.models["Qwen/m0"]["_id"]
    table = ossgeo.measure(panel)
    assert round(sum(filter(None, table.at().values())), 9) == 1
    assert "all models at" in table.note


def test_choices(server: FakeHub) -> None:
    server.page = 4
    assert list(counts(hub(server).snapshot(top=6))) == ["google/gemma", *(f"Qwen/m{number}" for number in range(5))]
    assert set(counts(hub(server).snapshot(namespaces=["ann", "google"]))) == {"ann/quant", "google/gemma"}
    assert counts(hub(server).snapshot(ids=["Qwen/m3", "Qwen/m3"], counter="downloads_all_time")) == {"Qwen/m3": 9970}
    wrongs: list[dict[str, Any]] = [{"top": 3, "ids": ["a/b"]}, {"top": 0}, {"ids": []}, {"namespaces": []}]
    for wrong in wrongs:
        with pytest.raises(InvalidArgumentError):
            hub(server).snapshot(**wrong)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"namespaces": "Qwen"}, r"namespaces must be a list, got 'Qwen'; give namespaces=\['Qwen'\]"),
        ({"ids": "Qwen/a"}, r"ids must be a list, got 'Qwen/a'; give ids=\['Qwen/a'\]"),
        ({"ids": 5}, "ids must be a list, got 5"),
        ({"ids": [["a"]]}, r"ids must contain model ids such as 'Qwen/Qwen3-8B', got \['a'\]"),
        ({"namespaces": ["Qwen/m1"]}, "namespaces must contain namespaces such as 'Qwen', got 'Qwen/m1'$"),
        ({"ids": ["https://huggingface.co/Qwen/a"]}, "must contain model ids .*; give 'Qwen/a'"),
        ({"namespaces": ["https://huggingface.co/Qwen"]}, "must contain namespaces .*; give 'Qwen'"),
        ({"top": "5"}, "top must be a whole number of models from 1 on, got '5'"),
        ({"top": True}, "top must be a whole number of models from 1 on, got True"),
        ({"counter": "downloads"}, "counter must be one of 'downloads_30d', 'downloads_all_time', got 'downloads'"),
    ],
)
def test_choices_that_are_none_ask_nothing(server: FakeHub, choice: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        hub(server).snapshot(**choice)
    assert server.asked == []


def test_choices_that_no_model_is_in(server: FakeHub) -> None:
    with pytest.raises(InvalidArgumentError, match="namespace 'nosuch' has no models at the Hub at http"):
        hub(server).snapshot(namespaces=["nosuch"])
    with pytest.raises(InvalidArgumentError, match="namespaces 'nosuch', 'none' have no models"):
        hub(server).snapshot(namespaces=["nosuch", "none"])
    with pytest.raises(InvalidArgumentError, match=r"ids must name models that can be read, got gone/x \(401\)"):
        hub(server).snapshot(ids=["gone/x"])
    server.page = 10
    some = hub(server).snapshot(namespaces=["nosuch", "Qwen", "none"])
    assert some.scope.endswith("; without models: nosuch, none")
    assert len(counts(some)) == 25
    server.models.clear()
    with pytest.raises(SourceFormatError, match="lists no models"):
        hub(server).snapshot()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"endpoint": "localhost:9"}, "endpoint must be http:// or https:// and a host, .*, got 'localhost:9'"),
        ({"patience": -1}, "patience must be a number of seconds from 0 on, got -1"),
        ({"timeout": "5"}, "timeout must be a number of seconds from 0 on, got '5'"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Hub(**options)


def test_renamed_missing_and_gated_models(server: FakeHub) -> None:
    server.moved["old/name"] = "Qwen/m1"
    server.refused["gated/x"] = 403
    panel = hub(server).snapshot(ids=["old/name", "gone/x", "gated/x", "Qwen/m2"])
    assert set(counts(panel)) == {"Qwen/m1", "Qwen/m2"}
    assert "renamed: old/name is now Qwen/m1" in panel.scope
    assert "absent: gone/x (401), gated/x (403)" in panel.scope


def test_models_that_move_between_pages_count_once(server: FakeHub) -> None:
    server.page = 20

    def shuffle(handler: Any) -> bool:
        if "cursor" in handler.path:
            server.add(entry("Qwen/m0", 1))  # falls from the first page to the second
        return False

    server.faults.append(shuffle)
    panel = hub(server).snapshot()
    assert counts(panel)["Qwen/m0"] == 1
    assert panel.size == len(counts(panel))
    assert "repeated: 1 model on two pages" in panel.scope


def test_members_and_cards(server: FakeHub) -> None:
    server.overviews["ann"] = (
        "users",
        {"user": "ann", "fullname": "Ann", "orgs": [{"name": "Qwen"}, {"name": "nowhere"}]},
    )
    server.overviews["Qwen"] = ("organizations", {"name": "Qwen", "fullname": "Qwen"})
    server.models["google/gemma"]["cardData"] = {"country": "Switzerland", "license": "gemma"}
    source = hub(server)
    panel = source.snapshot(members=True, cards=True)
    models = {row["model_id"]: row for row in panel.models.collect().iter_rows(named=True)}
    assert models["ann/quant"]["member_of"] == ["Qwen", "nowhere"]
    assert models["ann/quant"]["account_type"] == "user"
    assert models["google/gemma"]["declared_country"] == "Switzerland"
    assert ossgeo.measure(panel, attribution=ossgeo.attribution.first_of("membership", "publisher")).at()["CN"]
    said = source.overview("ann")
    assert said is not None
    assert (said.kind, said.organizations) == ("user", ("Qwen", "nowhere"))
    assert source.overview("who") is None
    asked = len(server.asked)
    source.overview("ann")
    assert len(server.asked) == asked, "overviews are kept"
    assert source.overview("Qwen") is not None


@pytest.mark.parametrize(
    "fault",
    [
        once({"error": "slow down"}, 429, {"ratelimit": '"api";r=0;t=0'}),
        once({"error": "slow down"}, 429, {"ratelimit": '"api";r=400;t=290'}),
        once({"error": "later"}, 503, {"retry-after": "1"}),
        once({"error": "oops"}, 500),
        once(b"Bad Gateway", 502, times=2),
        once(b"", 408),
        cut,
    ],
)
def test_faults_that_pass(server: FakeHub, fault: Any) -> None:
    server.faults.append(fault)
    assert len(counts(hub(server).snapshot())) == len(server.models)


def test_waits_stay_within_the_patience_and_say_so(server: FakeHub, caplog: pytest.LogCaptureFixture) -> None:
    server.faults.append(once({"error": "slow down"}, 429, {"ratelimit": '"api";r=0;t=290'}, times=9))
    with pytest.raises(SourceUnavailableError, match="would take 291 s of waiting, and 20 s are left"):
        hub(server).snapshot()
    server.faults[:] = [once({"error": "slow down"}, 429, {"retry-after": "1"})]
    with caplog.at_level(logging.INFO, logger="ossgeo"):
        hub(server, token=TOKEN).snapshot(top=1)
    assert f"attempt 1 of 8, at most 25 s without an answer (5 s each): {server.url}/api/models" in caplog.text
    assert "attempt 2 of 8 in 1.0 s, at most 24 s" in caplog.text
    assert 'status 429: {"error": "slow down"}' in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    ("fault", "kind", "message"),
    [
        (once(b"Bad Gateway", 502, times=99), SourceUnavailableError, "status 502"),
        (once(b"<html>hello", 200), SourceFormatError, "not JSON; it begins with '<html>hello'"),
        (once({"error": "x"}, 200), SourceFormatError, "Expected `array`, got `object`"),
        (once([{"downloads": 5}], 200), SourceFormatError, "entry 1 has no id"),
        (
            once([entry("a/b", downloads="12")], 200),
            SourceFormatError,
            r"Expected `int \| null`, got `str` - at `\$\[0\].downloads` \(model 'a/b'\)",
        ),
        (
            once([entry("a/b", -1)], 200),
            SourceFormatError,
            r"Expected `int` >= 0 - at `\$\[0\].downloads` \(model 'a/b'\)",
        ),
        (once([entry("a/b", True)], 200), SourceFormatError, "got `bool` - at `.*downloads"),
        (once([entry("a/b", 1.5)], 200), SourceFormatError, "got `float` - at `.*downloads"),
        (once([entry("a/b", createdAt="yesterday")], 200), SourceFormatError, "createdAt"),
        (once([entry("a/b", baseModels={"models": [{}]})], 200), SourceFormatError, "baseModels"),
        (once([entry("a/b", private="no")], 200), SourceFormatError, "got `str` - at `.*private"),
        (once([entry("a/b")], 200, {"link": '</api/models>; rel="next"'}, times=9), SourceFormatError, "read already"),
        (once([entry("a/b")], 200, {"link": "<>; rel=next"}), SourceFormatError, "next page cannot be read"),
        (once(b"", 307, {"location": "https://evil.example/x"}), SourceFormatError, "another host"),
        (once({"error": "bad expand"}, 400), SourceUnavailableError, "status 400"),
        (once({"error": "no"}, 401), SourceUnavailableError, "give a token"),
    ],
)
def test_faults_that_stay(server: FakeHub, fault: Any, kind: type[OssgeoError], message: str) -> None:
    server.faults.append(fault)
    with pytest.raises(kind, match=message) as caught:
        hub(server, token=TOKEN, patience=2).snapshot()
    assert TOKEN not in str(caught.value)


def test_the_token_goes_to_the_endpoint_only(server: FakeHub) -> None:
    server.page = 20
    with fake_hub() as other:
        server.faults[:] = [once(b"", 302, {"location": f"{other.url}/api/models"})]
        with pytest.raises(SourceFormatError, match="another host"):
            hub(server, token=TOKEN).snapshot()
        server.linked = other.url
        assert len(counts(hub(server, token=TOKEN).snapshot())) == len(server.models), "asked at the endpoint"
        assert other.asked == []
    assert {header for _, header in server.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in repr(hub(server, token=TOKEN)._transport())


def test_a_slow_and_a_dead_server(server: FakeHub) -> None:
    server.faults.append(slow(1.0))
    with pytest.raises(SourceUnavailableError, match=r"no complete response within 0\.2 s") as caught:
        hub(server, timeout=0.2, patience=1).snapshot()
    assert caught.value.__cause__ is not None, "the cause is kept"
    with pytest.raises(SourceUnavailableError, match="ConnectError"):
        Hub(token=False, endpoint="http://127.0.0.1:9", patience=1).snapshot()


def test_a_wait_beyond_the_deadline_is_an_error_at_once(server: FakeHub) -> None:
    server.faults.append(once({"error": "slow down"}, 429, {"retry-after": "15"}, times=9))
    began = time.monotonic()
    with pytest.raises(SourceUnavailableError, match=r"slow down.*; the deadline of 10 s leaves no time for another"):
        hub(server, deadline=10).snapshot()
    assert time.monotonic() - began < 8


def test_the_patience_holds_for_all_overviews_together(server: FakeHub) -> None:
    for name in ("a", "b", "c"):
        server.overviews[name] = ("organizations", {"name": name})
        server.faults.append(once({"error": "later"}, 503, {"retry-after": "1"}, path=f"/{name}/"))
    with pytest.raises(SourceUnavailableError, match="organizations/c/overview: status 503"):
        hub(server, patience=2.5).overviews(["a", "b", "c"])


def test_offline_mode(server: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "is_offline_mode", lambda: True)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SourceUnavailableError, match="offline"):
        hub(server).snapshot()


def test_a_panel_keeps_its_file_and_then_lets_go(server: FakeHub) -> None:
    panel = hub(server).snapshot()
    part = panel.constant(unit="model")
    folder: Path = panel._kept.path  # type: ignore[attr-defined]
    del panel
    assert ossgeo.measure(part).at()["CN"]
    assert folder.exists()
    del part
    assert not folder.exists()


def test_the_progress_bar(server: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    server.page = 10
    server.faults.append(once({"error": "slow down"}, 429, {"retry-after": "1"}, path="cursor"))
    hub(server, progress=True).snapshot()
    shown = capsys.readouterr().err
    assert "27" in shown
    assert "495 requests left in 23 s" in shown
    assert "attempt 1 of 8, at most 25 s" in shown
    assert "attempt 2 of 8 in 1.0 s" in shown
    hub(server, progress=False).snapshot()
    assert capsys.readouterr().err == ""


def test_odd_overviews(server: FakeHub) -> None:
    server.overviews["odd"] = ("users", {"orgs": 5})
    with pytest.raises(SourceFormatError, match="must be an overview"):
        hub(server).overview("odd")


def test_redirects_without_end(server: FakeHub) -> None:
    server.moved |= {"a/b": "a/c", "a/c": "a/b"}
    with pytest.raises(SourceUnavailableError, match="status 307"):
        hub(server).snapshot(ids=["a/b"])


def test_addresses_that_are_none(server: FakeHub) -> None:
    transport = Transport(server.url, {})
    with pytest.raises(SourceFormatError, match="another host"):
        transport.own(server.url.replace("http://", "http://user@"))
    with pytest.raises(SourceFormatError, match="another host"):
        transport.own(server.url.replace("http", "https"))


def test_null_counts_are_left_out_of_rows(server: FakeHub) -> None:
    server.add(entry("new/one") | {"downloads": None})
    panel = hub(server).snapshot()
    assert "new/one" not in counts(panel)
    assert "new/one" in panel.models.collect()["model_id"].to_list()
    assert pl.Series(list(counts(panel).values())).null_count() == 0
    assert panel.scope.endswith("; left out: 1 model without downloads_30d")
    assert "left out" not in hub(server).snapshot(counter="downloads_all_time").scope


def test_lists_ask_for_documented_fields_only(server: FakeHub) -> None:
    """The Hub refuses ``baseModels`` in lists; the test Hub refuses whatever huggingface_hub does not document."""
    assert set(FIELDS) <= LISTED
    hub(server).snapshot()
    hub(server).snapshot(top=3, cards=True)
    hub(server).snapshot(namespaces=["Qwen"])
    assert not any("baseModels" in path for path, _ in server.asked)


@pytest.mark.parametrize(
    "message",
    [
        'Invalid option: expected one of "author"|"createdAt"|"disabled"|"downloads"|"gated"|"likes"|"private"|"tags"'
        '|"pipeline_tag"|"library_name"|"safetensors"',
        "downloadsAllTime cannot be requested",
        "expand[4] is not allowed",
    ],
)
def test_a_refused_field_is_left_out_and_noted(server: FakeHub, message: str) -> None:
    def refuse(handler: Any) -> bool:
        if "downloadsAllTime" in handler.path:
            handler.say({"error": message}, 400)
            return True
        return False

    server.faults.append(refuse)
    panel = hub(server).snapshot()
    assert panel.size == len(server.models)
    assert "fields that the Hub refused: downloadsAllTime" in panel.scope
    assert sum("downloadsAllTime" in path for path, _ in server.asked) == 1


def test_private_models_are_left_out_and_counted(server: FakeHub) -> None:
    server.add(entry("me/secret", 9_000_000, private=True))
    panel = hub(server, token=TOKEN).snapshot()
    assert "me/secret" not in panel.models.collect()["model_id"].to_list()
    assert "private models left out: 1" in panel.scope
    assert "me/secret" in counts(hub(server, token=TOKEN).snapshot(private=True))
    by_id = hub(server, token=TOKEN).snapshot(ids=["me/secret", "Qwen/m1"])
    assert list(counts(by_id)) == ["Qwen/m1"]
    assert "private models left out: 1" in by_id.scope


def test_every_shape_of_an_entry() -> None:
    when = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    told = {"relation": "quantized", "models": [{"_id": "1", "id": "Qwen/a"}, {"_id": "1", "id": "Qwen/a"}]}
    page = [
        entry("Qwen/a"), entry("bare", author=None), entry("x/no", tags=None, safetensors=None, createdAt=None),
        entry("x/gated", gated="manual", likes=0) | {"downloads": None, "downloadsAllTime": None},
        entry("x/tags", tags=["base_model:Qwen/a", "base_model:quantized:Qwen/a", "license:mit", "license:gpl"]),
        entry("x/struct", baseModels=told), entry("x/list", baseModels=["Qwen/a", "q/b"]), entry("x/huge", 2**55),
        entry("x/none", baseModels={"relation": None, "models": []}, createdAt="2025-01-01T00:00:00"),
    ]  # fmt: skip

    def read(page: list[dict[str, Any]]) -> pl.DataFrame:
        return read_pages({"x": json.dumps(page).encode()}, observed_at=when)[0]

    rows = {row["model_id"]: row for row in read(page).to_dicts()}
    quantized = [{"relation": "quantized", "model_id": "Qwen/a"}]
    assert rows["x/tags"]["base_models"] == rows["x/struct"]["base_models"] == quantized
    assert [base["model_id"] for base in rows["x/list"]["base_models"]] == ["Qwen/a", "q/b"]
    assert (rows["bare"]["namespace"], rows["x/no"]["tags"], rows["x/tags"]["license"]) == ("bare", None, "mit")
    assert (rows["x/no"]["base_models"], rows["bare"]["base_models"]) == (None, []), "without tags they are unknown"
    assert (rows["x/gated"]["gated"], rows["Qwen/a"]["gated"], rows["x/gated"]["downloads_30d"]) == (
        "manual",
        "false",
        None,
    )
    assert rows["x/huge"]["downloads_30d"] == 2**55
    assert rows["x/none"]["created_at"] == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    assert read([]).is_empty()
    with pytest.raises(
        SourceFormatError, match=r"x: Expected `int` <= 9223372036854775807 - at `\$\[0\].likes` \(model 'a/b'\)"
    ):
        read([entry("a/b", likes=2**64)])


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (rb'["a \"]\" b", "\\", "\u0041", ""]', ['a "]" b', "\\", "A", ""]),
        (rb'["\ud83d\ude00"]', ["\N{GRINNING FACE}"]),
        (b' [ "a" , "b" ] ', ["a", "b"]),
        (b"null", None),
    ],
)
def test_tags_are_read_as_they_are(tags: bytes, found: list[str] | None) -> None:
    page = b'[{"id": "a/b", "tags": [], "likes": 1}, {"id": "c/d", "tags": %s}]' % tags
    (frame,) = read_pages({"x": page}, observed_at=dt.datetime(2026, 8, 1, tzinfo=dt.UTC))
    assert frame["tags"].to_list() == [[], found]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (b'["a", 5]', r"Expected `str`, got `int` - at `\$\[0\].tags\[1\]` \(model 'a/b'\)"),
        (b'["a", null]', r"Expected `str`, got `null` - at `\$\[0\].tags\[1\]` \(model 'a/b'\)"),
        (b'[["a"]]', r"Expected `str`, got `array` - at `\$\[0\].tags\[0\]` \(model 'a/b'\)"),
        (b'"a"', r"Expected `array \| null`, got `str` - at `\$\[0\].tags` \(model 'a/b'\)"),
        (b'{"a": 1}', r"Expected `array \| null`, got `object` - at `\$\[0\].tags` \(model 'a/b'\)"),
        (rb'["\ud800"]', "the response is not JSON"),
        (b'["\xff"]', "the response is not JSON"),
    ],
)
def test_tags_that_are_not_lists_of_text(tags: bytes, message: str) -> None:
    page = b'[{"id": "a/b", "tags": %s}]' % tags
    with pytest.raises(SourceFormatError, match=f"^x: {message}"):
        read_pages({"x": page}, observed_at=dt.datetime(2026, 8, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("wrong", ["Qwen/a", 5, [None]])
def test_configs_are_of_a_list_of_ids(server: FakeHub, wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="ids must"):
        hub(server).configs(wrong)
    assert hub(server).configs([]) == {}
    assert server.asked == []


def test_an_endpoint_is_text() -> None:
    with pytest.raises(InvalidArgumentError, match="endpoint must be a str or None, got int"):
        Hub(endpoint=5)  # type: ignore[arg-type]
