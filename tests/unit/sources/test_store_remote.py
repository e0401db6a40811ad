"""Stores in datasets of the Hub, through the real client against a Hub on loopback."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ossgeo.errors import InvalidArgumentError, OssgeoError, SourceUnavailableError, StoreError
from ossgeo.reports import publish
from ossgeo.sources import Hub, SnapshotStore
from tests.hub_server import FakeHub, entry
from tests.upload_hub import Handler, UploadHub, running

ADDRESS = "hf://datasets/ann/history"
START = dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[UploadHub]:
    monkeypatch.setattr("huggingface_hub._commit_api.is_xet_available", lambda: False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.utils._cache_assets.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setattr("ossgeo.sources._store.remote._PAUSE", 0.01)
    with running() as server:
        yield server


def store(hub: UploadHub, revision: str = "") -> SnapshotStore:
    return SnapshotStore(ADDRESS + revision, endpoint=hub.url, token="hf_test")


def frame(*counts: int) -> pl.DataFrame:
    ids = [f"Qwen/m{number}" for number in range(len(counts))]
    return pl.DataFrame({"model_id": ids, "downloads_30d": counts, "license": ["mit"] * len(counts)})


def add(to: SnapshotStore, week: int, *counts: int, **options: Any) -> Any:
    return to.add(frame(*counts), observed_at=START + dt.timedelta(weeks=week), **options)


def another_machine(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder / "cache2"))
    monkeypatch.setattr("huggingface_hub.utils._cache_assets.HF_ASSETS_CACHE", str(folder / "assets2"))


def test_what_is_added_is_read_on_another_machine(
    hub: UploadHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for week in range(3):
        add(store(hub), week, 10 + week, 20, scope="two models")
    assert hub.subjects == [f"Add the snapshot of {START.date() + dt.timedelta(weeks=week)}" for week in range(3)]
    another_machine(monkeypatch, tmp_path)
    hub.fetched.clear()
    panel = store(hub).panel("2026-08-10", "2026-08-10")
    assert panel.to_polars().sort("model_id")["downloads_30d"].to_list() == [11, 20]
    snapshots = [name for name in hub.fetched if name.startswith("data/snapshots/")]
    assert len(snapshots) == 1, "only the snapshots of the range are fetched"
    assert panel.scope == "1 snapshot of two models"
    assert store(hub).verify() == ()
    assert len(store(hub).snapshots) == 3


def test_adding_fetches_only_what_it_needs(hub: UploadHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for week in range(4):
        add(store(hub), week, 1, 2)
    another_machine(monkeypatch, tmp_path)
    hub.fetched.clear()
    add(store(hub), 4, 3, 4)
    kinds = sorted("/".join(name.split("/")[:2]) for name in hub.fetched)
    assert kinds == ["data/models", *["data/snapshots"] * 4, "manifest.json"], (
        "one chain, and no facts that a hash covers"
    )
    hub.fetched.clear()
    another_machine(monkeypatch, tmp_path / "third")
    store(hub).add(frame(3, 4), observed_at=START + dt.timedelta(weeks=9))  # in the next quarter
    add(store(hub), 10, 5, 6)
    another_machine(monkeypatch, tmp_path / "fourth")
    hub.fetched.clear()
    add(store(hub), 11, 7, 8)
    assert sorted(name.split("/")[-1][:8] for name in hub.fetched if "snapshots" in name) == ["20261005", "20261012"]


def test_a_fixed_revision_is_read_and_not_written(hub: UploadHub) -> None:
    add(store(hub), 0, 1)
    commit = hub.head
    add(store(hub), 1, 2)
    assert len(store(hub, f"@{commit}").snapshots) == 1
    with pytest.raises(StoreError, match="is read at"):
        add(store(hub, f"@{commit}"), 2, 3)


def test_another_commit_in_between_is_not_overwritten(
    hub: UploadHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add(store(hub), 0, 1)
    meddled: list[int] = []

    def meddle(handler: Handler, step: str) -> bool:
        if step == "commit" and not meddled:
            meddled.append(1)
            another_machine(monkeypatch, tmp_path)
            add(store(hub), 1, 5)
            monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
            monkeypatch.setattr("huggingface_hub.utils._cache_assets.HF_ASSETS_CACHE", str(tmp_path / "assets"))
        return False

    hub.faults.append(meddle)
    add(store(hub), 2, 7)
    assert [one.totals["downloads_30d"] for one in store(hub).snapshots] == [1, 5, 7]
    assert store(hub).verify() == ()
    assert store(hub).panel().to_polars()["downloads_30d"].sort().to_list() == [1, 5, 7]


def test_two_writers_lose_nothing(hub: UploadHub) -> None:
    failures: list[OssgeoError] = []

    def write(weeks: range) -> None:
        try:
            for week in weeks:
                add(store(hub), week, week + 1)
        except OssgeoError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(range(start, 6, 2),)) for start in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert [one.totals["downloads_30d"] for one in store(hub).snapshots] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("step", ["preupload", "batch", "upload", "commit"])
def test_a_cut_upload_is_repeated(hub: UploadHub, step: str) -> None:
    add(store(hub), 0, 1)
    cut: list[str] = []

    def fault(handler: Handler, at: str) -> bool:
        if at == step and not cut:
            cut.append(at)
            handler.close_connection = True
            handler.connection.close()
            return True
        return False

    hub.faults.append(fault)
    add(store(hub), 1, 2)
    assert cut
    assert [one.totals["downloads_30d"] for one in store(hub).snapshots] == [1, 2]
    assert store(hub).verify() == ()


def test_a_lost_answer_after_the_commit_is_no_second_commit(hub: UploadHub, monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[int] = []
    commit = Handler.commit_lines

    def once(self: Handler, lines: list[dict[str, Any]], *, answer: bool = True) -> None:
        if lost:
            commit(self, lines, answer=answer)
        else:
            lost.append(1)
            commit(self, lines, answer=False)
            self.say({"error": "Bad gateway"}, 502)

    monkeypatch.setattr(Handler, "commit_lines", once)
    add(store(hub), 0, 1)
    assert lost
    assert len(hub.subjects) == 1
    assert len(store(hub).snapshots) == 1


def test_a_refused_token_is_an_error_without_it(hub: UploadHub) -> None:
    def refuse(handler: Handler, step: str) -> bool:
        if step == "commit":
            handler.say({"error": "no"}, 403)
        return step == "commit"

    hub.faults.append(refuse)
    with pytest.raises(StoreError, match="the Hub answers 403; check the token") as caught:
        add(store(hub), 0, 1)
    assert "hf_test" not in str(caught.value)
    assert store(hub).snapshots == ()


def test_a_removal_that_was_refused_did_not_happen(hub: UploadHub) -> None:
    one = add(store(hub), 0, 1)

    def refuse(handler: Handler, step: str) -> bool:
        if step == "commit":
            handler.say({"error": "no"}, 403)
        return step == "commit"

    hub.faults.append(refuse)
    with pytest.raises(StoreError, match="the Hub answers 403"):
        store(hub).remove(one, reason="wrong")
    hub.faults.clear()
    add(store(hub), 1, 2)
    assert [one.totals["downloads_30d"] for one in store(hub).snapshots] == [1, 2]


def test_removing_replacing_and_merging(hub: UploadHub, tmp_path: Path) -> None:
    first, second = add(store(hub), 0, 1), add(store(hub), 1, 2)
    store(hub).remove(first, reason="wrong")
    store(hub).replace(second, frame(9), reason="corrected")
    local = SnapshotStore(tmp_path / "local")
    add(local, 2, 3)
    store(hub).merge(local)
    assert [one.totals["downloads_30d"] for one in store(hub).snapshots] == [9, 3]
    assert [one.removed for one in store(hub).removed] == ["wrong", "corrected"]
    assert any(name.endswith(".removed") for name in hub.files), "marks are committed, too"
    assert [one.file for one in local.merge(store(hub))] != []
    assert [(one.file, one.totals) for one in local.snapshots] == [
        (one.file, one.totals) for one in store(hub).snapshots
    ]
    assert store(hub).models("2026-08-10")["model_id"].to_list() == ["Qwen/m0"]


def test_missing_and_changed_files_are_found_without_a_download(hub: UploadHub) -> None:
    one, two = add(store(hub), 0, 1), add(store(hub), 1, 2)
    files = {**hub.files, two.file: b"other"}
    del files[one.file]
    hub.commit(files)
    hub.fetched.clear()
    faults = store(hub).verify()
    assert [(fault.place, fault.problem[:11]) for fault in faults] == [
        (one.file, "is missing "),
        (two.file, "was changed"),
    ]
    assert hub.fetched == ["manifest.json"] or not hub.fetched


def test_collecting_into_a_dataset(hub: UploadHub) -> None:
    with FakeHub() as listed:
        threading.Thread(target=listed.serve_forever, daemon=True).start()
        listed.add(entry("Qwen/a", 5), entry("Qwen/b", 6))
        snapshot = store(hub).collect(Hub(token=False, endpoint=listed.url, progress=False))
        listed.shutdown()
    assert snapshot.models == 2
    assert json.loads(hub.files["manifest.json"])["snapshots"][0]["sha256"] == snapshot.sha256


def test_addresses_are_checked(hub: UploadHub) -> None:
    with pytest.raises(InvalidArgumentError, match="hf://datasets/OWNER/NAME"):
        SnapshotStore("hf://models/a/b")
    with pytest.raises(InvalidArgumentError, match="must be None for a folder"):
        SnapshotStore("folder", token=False)
    with pytest.raises(SourceUnavailableError, match="other/one"):
        SnapshotStore("hf://datasets/other/one", endpoint=hub.url, token=False).snapshots  # noqa: B018


def test_a_dataset_is_published_upgraded_and_compacted_by_single_commits(hub: UploadHub, tmp_path: Path) -> None:
    original = Path(__file__).parents[2] / "data" / "store-layout-1"
    hub.commit(
        {path.relative_to(original).as_posix(): path.read_bytes() for path in original.rglob("*") if path.is_file()}
    )
    before = store(hub).panel().to_polars().sort("model_id", "period")
    with pytest.raises(StoreError, match="which is only read"):
        add(store(hub), 9, 1)
    store(hub).upgrade()
    assert hub.subjects[-1] == "Write the store again"
    assert not [name for name in hub.files if name.startswith("date=")]
    assert store(hub).panel().to_polars().sort("model_id", "period").equals(before)
    assert store(hub).verify() == ()
    store(hub).gap("2026-04-01", "2026-04-05", reason="off")
    assert len(store(hub).gaps) == 1
    store(hub).compact()
    assert {name.split("/")[0] for name in hub.files if "/" in name} == {"data-2"}
    assert store(hub).panel().to_polars().sort("model_id", "period").equals(before)
    assert publish(store(hub), title="Shared") == ("README.md", "aggregate.parquet", "collect.yml")
    assert b"hf://datasets/ann/history" in hub.files["collect.yml"]
    assert b"data-2/snapshots/*.parquet" in hub.files["README.md"]
    assert store(hub).verify() == ()
