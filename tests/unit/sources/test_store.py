"""A store that never loses a snapshot: faults, races, and a real process that is killed at many points."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, PanelError, SourceFormatError, SourceUnavailableError, StoreError
from ossgeo.sources import Hub, SnapshotStore
from ossgeo.sources._hub import checkpoint as checkpoints
from ossgeo.sources._store.locking import locked
from ossgeo.sources._store.manifest import read_manifest, write_manifest
from tests.hub_server import FakeHub, entry, fake_hub, once

MONDAY = dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC)


def week(number: int = 0, *, models: int = 5, factor: int = 1, **more: Any) -> pl.DataFrame:
    """A snapshot of small counts."""
    return pl.DataFrame({
        "model_id": [f"Qwen/m{place}" for place in range(models)],
        "downloads_30d": [(place + 1) * 10 * factor for place in range(models)],
        "downloads_all_time": [(place + 1) * 100 + number for place in range(models)],
        "observed_at": [MONDAY + dt.timedelta(weeks=number)] * models,
        **more,
    })  # fmt: skip


@pytest.fixture
def server() -> Iterator[FakeHub]:
    with fake_hub() as running:
        running.page = 3
        running.add(*(entry(f"Qwen/m{number}", 1000 - number) for number in range(12)))
        yield running


def test_add_scan_and_measure(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "history")
    assert not store.snapshots
    assert not SnapshotStore.is_store(store.path)
    for number in range(3):
        entry_ = store.add(week(number, factor=number + 1, models=5 + number), source="test", note="five models")
        assert (entry_.models, entry_.totals["downloads_30d"]) == (
            5 + number,
            sum(range(1, 6 + number)) * 10 * (number + 1),
        )
    panel = store.panel()
    assert panel.periods == tuple((MONDAY + dt.timedelta(weeks=number)).date() for number in range(3))
    assert panel.size == 18
    assert panel.models.collect().height == 7
    assert ossgeo.measure(panel).at()["CN"] == 1
    assert store.panel(start=dt.date(2026, 8, 10)).periods == panel.periods[1:]
    assert store.panel(end=dt.date(2026, 8, 10)).periods == panel.periods[:2]
    flows = ossgeo.measure(store.panel(counter="downloads_all_time"))
    assert str(flows.method.counter) == "downloads_all_time"
    assert store.verify() == ()
    assert ossgeo.read_panel(store.path).periods == panel.periods
    assert [one.note for one in store.snapshots] == ["five models"] * 3
    assert repr(store) == f"<SnapshotStore {store.path}>"
    assert len(list(store.path.glob("data/models/*"))) == 3, "each snapshot brought a model"
    assert not list(store.path.glob("data/facts/*"))


def test_the_latest_facts_about_every_model(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0, likes=[1] * 5, license=["mit"] * 5))
    store.add(week(1, models=2, likes=[2] * 2))
    models = store.panel().models.collect().sort("model_id")
    assert models["likes"].to_list() == [2, 2, 1, 1, 1]
    assert models["license"].to_list() == ["mit"] * 5, "by column the latest known value"


def test_what_is_strange_is_marked_and_kept(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0, models=200))
    stale = store.add(week(1, models=200).with_columns(downloads_30d=week(0, models=200)["downloads_30d"]))
    assert stale.issues["stale_snapshot"] == 1
    again = store.add(week(1, factor=3), observed_at=MONDAY + dt.timedelta(weeks=1, hours=3))
    assert again.issues["same_date"] == 1
    back = store.add(week(0, factor=2), observed_at=MONDAY + dt.timedelta(days=1))
    assert back.issues["clock_stepped"] == 1
    panel = store.panel()
    assert len(panel.periods) == 3
    assert "left out: 1 observation of a date before its last one" in panel.scope
    last = panel.rows.to_native().filter(pl.col("period") == dt.date(2026, 8, 10)).collect()
    assert last["downloads_30d"].sum() == 450, "the later observation of the date"
    assert len(store.snapshots) == 4
    with pytest.raises(StoreError, match="already"):
        store.add(week(0, models=3))


def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first, second = store.add(week(0)), store.add(week(1))
    path = tmp_path / first.file
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (tmp_path / second.file).unlink()
    (tmp_path / "data" / "snapshots" / "stray.parquet").write_bytes(b"x")
    problems = {fault.place: fault.problem for fault in store.verify()}
    assert "its SHA-256 is" in problems[first.file]
    assert problems[second.file] == "is missing"
    assert problems["data/snapshots/stray.parquet"] == "is not in the manifest"
    with pytest.raises(StoreError, match="is missing"):
        store.panel()


@pytest.mark.parametrize("kind", ["models", "facts"])
def test_damage_to_the_dictionary_or_the_facts_is_named(tmp_path: Path, kind: str) -> None:
    store = SnapshotStore(tmp_path)
    first = store.add(week(0, likes=[1] * 5))
    store.add(week(1, likes=[2] * 5))
    (name,) = first.parts_of(kind)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-20])
    assert [fault.place for fault in store.verify()] == [name]
    adding: list[Callable[[], object]] = (
        [lambda: store.add(week(2))] if kind == "models" else []
    )  # changes of facts build upon hashes
    readers: list[Callable[[], object]] = [store.panel, store.models, lambda: store.facts(["Qwen/m0"])]
    for read in (*readers, *adding):
        with pytest.raises(StoreError, match=f"{name}: was changed or cut.*restore it from a backup"):
            read()
    (tmp_path / name).write_bytes(whole)
    store.add(week(2, models=1))
    assert store.models()["likes"].to_list() == [2] * 5
    assert store.verify() == ()


def test_a_damaged_snapshot_is_named(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    second = store.add(week(1, models=50_000))
    path = tmp_path / second.file
    data = bytearray(path.read_bytes())
    data[4:-4_000] = bytes(len(data) - 4_004)  # the footer stays
    path.write_bytes(data)
    with pytest.raises(StoreError, match=f"{second.file}: was changed or cut.*restore it from a backup"):
        store.panel()


def test_snapshots_and_models_without_the_counter(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0).drop("downloads_all_time"))
    with pytest.raises(StoreError, match="holds downloads_all_time; they hold downloads_30d: give counter="):
        store.panel(counter="downloads_all_time")
    store.add(week(1, downloads_all_time=[1, None, 3, None, 5]))
    panel = store.panel(counter="downloads_all_time")
    assert (panel.size, len(panel.periods)) == (3, 1)
    assert panel.scope == (
        "1 snapshot; left out: 1 snapshot without downloads_all_time; "
        "left out: 2 observations of models without downloads_all_time"
    )
    assert store.panel().scope == "2 snapshots"


def test_arguments_that_do_not_fit(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    store.add(week(1))
    assert store.panel(start="2026-08-10").periods == ossgeo.read_panel(tmp_path, start="2026-08-10").periods
    assert store.panel(end="2026-08-09").periods == (MONDAY.date(),)
    with pytest.raises(InvalidArgumentError, match="start must be a date or an ISO 8601 text"):
        store.panel(start="soon")
    with pytest.raises(InvalidArgumentError, match="wait must be a number of seconds from 0 on, got -1"):
        store.add(week(2), wait=-1)
    with pytest.raises(InvalidArgumentError, match=r"observed_at must be a datetime\.datetime in UTC, got 'now'"):
        store.add(week(2), observed_at="now")  # type: ignore[arg-type]
    with pytest.raises(PanelError, match="snapshot: must be a Panel or a Polars frame, got str"):
        store.add("x")  # type: ignore[arg-type]


def test_nothing_is_stored_where_there_is_nothing(server: FakeHub, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    hub = Hub(token=False, endpoint=server.url, patience=1)
    with pytest.raises(InvalidArgumentError, match="namespace 'nosuch' has no models"):
        store.collect(hub, namespaces=["nosuch"])
    server.models.clear()
    with pytest.raises(SourceFormatError, match="lists no models"):
        store.collect(hub)
    assert not store.snapshots
    assert {path.name for path in tmp_path.iterdir()} <= {".lock"}


def test_a_truncated_file_does_not_keep_a_new_one_out(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first = store.add(week(0))
    path = tmp_path / first.file
    path.write_bytes(path.read_bytes()[:100])
    assert store.add(week(1)).issues == {"previous_unreadable": 1}
    with pytest.raises(StoreError, match="was changed or cut"):
        store.panel()
    assert ossgeo.measure(store.panel(start=dt.date(2026, 8, 10))).at()["CN"] == 1
    assert len(store.verify()) == 1


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        (pl.DataFrame({"model_id": ["a/b"]}), "no counter"),
        (week().drop("observed_at"), "give observed_at="),
        (week().clear(), "holds no model"),
        (pl.concat([week(0), week(1)]), "on 2 days"),
    ],
)
def test_what_is_no_snapshot(tmp_path: Path, snapshot: pl.DataFrame, message: str) -> None:
    with pytest.raises(PanelError) as caught:
        SnapshotStore(tmp_path).add(snapshot)
    assert message in str(caught.value)


def test_panels_can_be_added(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    added = store.add(ossgeo.load_sample("hub-2026"))
    assert (added.models, added.date, added.source) == (200, dt.date(2026, 8, 14), "sample hub-2026")
    assert ossgeo.measure(store.panel()).at() == ossgeo.measure(ossgeo.load_sample("hub-2026")).at()
    with pytest.raises(PanelError) as caught:
        store.add(ossgeo.load_sample("labs-2025"))
    assert "9 periods" in str(caught.value)
    naive = store.add(week(), observed_at=dt.datetime(2026, 9, 1))
    assert naive.observed_at == dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    with pytest.raises(StoreError, match="no snapshot between 2030"):
        store.panel(start=dt.date(2030, 1, 1))
    with pytest.raises(StoreError, match=r"collect\(\) or add\(\) adds one"):
        SnapshotStore(tmp_path / "none").panel()
    with pytest.raises(PanelError):
        store.panel(counter="downloads")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be the manifest"),
        ('{"layout": 1}', "must be the manifest"),
        ('{"layout": 99, "snapshots": []}', "upgrade"),
    ],
)
def test_broken_manifests(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=message):
        SnapshotStore(tmp_path).panel()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError, match="cannot be written"):
        SnapshotStore(tmp_path / "file" / "store").add(week())
    (tmp_path / "store" / "manifest.json").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot be read"):
        _ = SnapshotStore(tmp_path / "store").snapshots


FULL = """
import resource, signal, sys
from tests.unit.sources.test_store import week
from ossgeo.errors import StoreError
from ossgeo.sources import SnapshotStore
store = SnapshotStore(sys.argv[1])
store.add(week(0))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    store.add(week(1, models=50_000))
except StoreError as error:
    assert "everything that was stored before is unchanged" in str(error), error
else:
    raise SystemExit("it was written")
assert store.verify() == () and len(store.snapshots) == 1
assert not list(store.path.glob("data/**/.*")), "half a file is left"
"""


def test_a_lost_or_older_manifest_costs_no_snapshot(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store")
    store.add(week(0), source="mine")
    older = (store.path / "manifest.json").read_bytes()
    for number in (1, 2):
        store.add(week(number))
    files = {file.name: file.read_bytes() for file in store.path.glob("data/snapshots/*.parquet")}
    (store.path / "manifest.json").write_bytes(older)
    unlisted = [fault.place for fault in store.verify()]
    assert unlisted == sorted(name for name in _names(store) if "0803" not in name)
    store.add(week(3))
    assert (
        files.items() <= {file.name: file.read_bytes() for file in store.path.glob("data/snapshots/*.parquet")}.items()
    )
    with pytest.raises(StoreError, match="has a snapshot of 2026-08-10 06:00:00 UTC already"):
        store.add(week(1))
    assert [entry_.source for entry_ in store.snapshots] == ["mine", "a dataframe", "a dataframe", "a dataframe"]
    assert store.recover() == ()
    assert store.verify() == ()
    (store.path / "manifest.json").unlink()
    for call in (store.panel, store.verify, lambda: store.add(week(4))):
        with pytest.raises(StoreError, match=r"recover\(\) writes the manifest"):
            call()
    assert len(store.recover()) == 4
    assert len(store.panel().periods) == 4


def _names(store: SnapshotStore) -> list[str]:
    return [file.relative_to(store.path).as_posix() for file in store.path.glob("data/snapshots/*.parquet")]


def test_snapshots_of_another_store_are_merged_and_other_files_left_alone(tmp_path: Path) -> None:
    one, other = SnapshotStore(tmp_path / "one"), SnapshotStore(tmp_path / "other")
    one.add(week(0))
    copied = other.add(week(1, license=["mit"] * 5, models=5))
    for name in copied.files:
        (one.path / name).parent.mkdir(exist_ok=True)
        shutil.copy(other.path / name, one.path / name)
    stray = one.path / "data" / "snapshots" / "mine.parquet"
    stray.write_bytes(b"x")
    (stray.parent / ".notes.parquet.txt").write_text("mine", encoding="utf-8")
    assert one.recover() == (), "its keys are those of another dictionary"
    assert [fault.place for fault in one.verify()] == [copied.file, "data/snapshots/mine.parquet"]
    (one.path / copied.file).unlink()
    assert len(one.merge(other)) == 1
    assert one.panel().models.collect()["license"].to_list() == ["mit"] * 5
    assert stray.read_bytes() == b"x"
    assert (stray.parent / ".notes.parquet.txt").exists()
    assert [fault.place for fault in one.verify()] == ["data/snapshots/mine.parquet"]


def test_a_changed_manifest_is_found(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    manifest = tmp_path / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"models": 5', '"models": 6'), encoding="utf-8")
    with pytest.raises(StoreError, match="was changed or damaged"):
        store.panel()
    assert len(store.recover()) == 1
    assert len(list(tmp_path.glob("manifest.json.damaged-*"))) == 1


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../outside.parquet", "data/snapshots/other.parquet", "date=2026-08-03/x.parquet"]
)
def test_a_manifest_names_no_file_outside(tmp_path: Path, name: str) -> None:
    store = SnapshotStore(tmp_path / "store")
    (one,) = [store.add(week(0))]
    manifest = read_manifest(store.path)
    for wrong in (
        manifest.with_snapshots([attrs.evolve(one, parts={name: "0"})]),
        attrs.evolve(manifest, data=name),
        attrs.evolve(manifest, snapshots=[attrs.evolve(one, file=name)]),
    ):
        write_manifest(store.path, wrong)
        with pytest.raises(StoreError, match="is not a file of a store"):
            store.add(week(1))


def test_links_out_of_a_store_are_refused(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store")
    entry_ = store.add(week(0))
    folder = (store.path / entry_.file).parent
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="leads out of the store"):
        store.panel()
    with pytest.raises(StoreError, match="leads out of the store"):
        store.add(week(0), observed_at=MONDAY + dt.timedelta(hours=1))
    assert len(list((tmp_path / "elsewhere").iterdir())) == 1


def test_an_attempt_that_was_stored_before_its_pages_were_removed_is_not_stored_twice(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, hub = SnapshotStore(tmp_path), Hub(token=False, endpoint=server.url, patience=1)
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.Checkpoint, "discard", lambda _: None)
        store.collect(hub)
    assert store.collect(hub).models == 12
    assert len(store.snapshots) == 2


def test_private_models_are_never_stored(server: FakeHub, tmp_path: Path) -> None:
    server.add(entry("me/secret", 9_000_000, private=True))
    store = SnapshotStore(tmp_path)
    made = store.collect(Hub(token="hf_" + "x" * 30, endpoint=server.url, patience=1))
    assert (made.models, "private models left out: 1" in made.note) == (12, True)
    added = store.add(week(1, private=[False, True, None, False, False]))
    assert (added.models, added.note) == (4, "private models left out: 1")
    with pytest.raises(PanelError, match="private models only"):
        store.add(week(2, private=[True] * 5))
    assert not any(b"secret" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit here")
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    run(["-c", FULL, str(tmp_path / "store")])


def run(words: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[3]
    return subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, encoding="utf-8", cwd=root, timeout=120, **options
    )


def test_an_interrupted_collection_goes_on_from_its_last_page(server: FakeHub, tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    hub = Hub(token=False, endpoint=server.url, patience=1)

    def break_third(handler: Any) -> bool:
        if sum(path.startswith("/api/models?") for path, _ in server.asked) >= 3:
            handler.say({"error": "down"}, 503)
            return True
        return False

    server.faults.append(break_third)
    with pytest.raises(SourceUnavailableError):
        store.collect(hub)
    assert not store.snapshots
    server.faults.clear()
    before = len(server.asked)
    made = store.collect(hub)
    assert made.models == 12
    assert len(server.asked) - before == 2, "the first two pages were kept"
    assert not (tmp_path / ".collecting").exists()
    assert store.verify() == ()


def test_another_query_or_an_old_attempt_starts_anew(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = SnapshotStore(tmp_path)
    hub = Hub(token=False, endpoint=server.url, patience=1)
    for again in (5, None):
        server.faults[:] = [once({"error": "down"}, 503, times=99, path="cursor")]
        with pytest.raises(SourceUnavailableError):
            store.collect(hub)
        server.faults.clear()
        before = len(server.asked)
        if not again:
            monkeypatch.setattr(checkpoints, "FRESH", dt.timedelta())
        assert store.collect(hub, top=again).models == (5 if again else 12)
        assert len(server.asked) - before == (2 if again else 4)
        shutil.rmtree(tmp_path)


def test_pages_are_read_while_others_are_asked_for(server: FakeHub, tmp_path: Path) -> None:
    server.page = 1
    server.add(*(entry(f"more/m{number:02d}", 50 - number) for number in range(35)))
    hub = Hub(token=False, endpoint=server.url, patience=0.1)
    everything = hub.collect(tmp_path / "once")
    assert everything.models == len(server.models)
    known = [path for path, _ in server.asked]
    server.faults.append(once({"error": "down"}, 503, times=99, path=known[-2]))
    with pytest.raises(SourceUnavailableError):
        hub.collect(tmp_path / "checkpoint")
    kept = len(list((tmp_path / "checkpoint").glob("page-*.json")))
    assert kept, "pages that were being read are still there"
    server.faults.clear()
    before = len(server.asked)
    again = hub.collect(tmp_path / "checkpoint")
    assert len(server.asked) - before < len(known), "what is there is not asked for again"
    again.write(tmp_path / "again.parquet")
    everything.write(tmp_path / "everything.parquet")
    read = [pl.read_parquet(tmp_path / f"{name}.parquet").drop("observed_at") for name in ("again", "everything")]
    assert read[0].equals(read[1])
    server.models["more/m03"]["likes"] = "12"
    with pytest.raises(SourceFormatError, match=r"likes` .model 'more/m03'"):
        hub.collect(tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


def test_a_kill_while_pages_are_removed_leaves_no_attempt(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(token=False, endpoint=server.url, patience=1)
    store = SnapshotStore(tmp_path)
    checkpoint = hub.collect(tmp_path / ".collecting")
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        checkpoint.discard()
    for part in (tmp_path / ".collecting").glob("part-*"):
        part.unlink()  # as far as the killed process came
    assert store.collect(hub).models == 12


def test_by_ids_goes_on_as_well(server: FakeHub, tmp_path: Path) -> None:
    hub = Hub(token=False, endpoint=server.url, patience=0.1)
    server.faults.append(once({"error": "down"}, 503, times=99, path="m2"))
    ids = ["Qwen/m0", "gone/x", "Qwen/m2"]
    with pytest.raises(SourceUnavailableError):
        hub.collect(tmp_path / "checkpoint", ids=ids)
    server.faults.clear()
    before = len(server.asked)
    checkpoint = hub.collect(tmp_path / "checkpoint", ids=ids)
    assert len(server.asked) - before == 1
    assert (checkpoint.models, checkpoint.notes) == (2, {"absent": ["gone/x (401)"]})
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StoreError):
        hub.collect(tmp_path / "file" / "checkpoint", ids=ids)


WRITER = """
import sys, datetime as dt
from tests.unit.sources.test_store import week
from ossgeo.sources import SnapshotStore
for number in range(int(sys.argv[2]), int(sys.argv[2]) + 5):
    SnapshotStore(sys.argv[1]).add(week(number))
"""


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    both = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(first)], cwd=root) for first in (0, 5)]
    assert [one.wait(timeout=120) for one in both] == [0, 0]
    store = SnapshotStore(tmp_path)
    assert len(store.snapshots) == 10
    assert store.verify() == ()
    with locked(store.path, 1), pytest.raises(StoreError, match="another process"):
        SnapshotStore(store.path).add(week(11), wait=0.1)


COLLECTOR = """
import sys
from ossgeo.sources import Hub, SnapshotStore
SnapshotStore(sys.argv[1]).collect(Hub(token=False, endpoint=sys.argv[2], patience=5))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL here")
def test_kill_at_any_point_leaves_the_old_state(server: FakeHub, tmp_path: Path) -> None:
    """Each run is killed a little later than the one before, until one comes through; then again."""
    kills = int(os.environ.get("OSSGEO_KILLS", "12"))
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    started = time.perf_counter()
    run(["-c", COLLECTOR, str(tmp_path), server.url])
    length = time.perf_counter() - started
    stored = len(store.snapshots)
    draw = random.Random(5)
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", COLLECTOR, str(tmp_path), server.url], stderr=subprocess.DEVNULL
        )
        time.sleep(length * draw.uniform(0.5, 1.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = len(store.snapshots)
        assert now in (stored, stored + 1, stored + 2), "a snapshot that was complete before a kill is adopted"
        stored = now
        faults = [fault for fault in store.verify() if fault.problem != "is not in the manifest"]
        assert faults == []
        assert ossgeo.measure(store.panel()).at()["CN"] == 1
    run(["-c", COLLECTOR, str(tmp_path), server.url])
    assert len(store.snapshots) in (stored + 1, stored + 2)
    assert store.verify() == ()
    assert store.snapshots[-1].models == 12
    left = [path.name for path in tmp_path.rglob("*") if path.name.startswith(".") and path.name != ".lock"]
    assert left == []


def test_the_shell_collects_and_measures(
    server: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", server.url)
    assert main(["collect", str(tmp_path / "store"), "--top", "5", "--patience", "2"]) == 0
    assert "5 models, the 5 most downloaded models" in capsys.readouterr().out
    assert main(["measure", str(tmp_path / "store"), "--by", "organization"]) == 0
    assert "qwen" in capsys.readouterr().out
    assert main(["collect", ""]) == 2
    assert "path must be a folder, got ''; use '.' for the current folder" in capsys.readouterr().err
    assert main(["collect", str(tmp_path / "none"), "--namespace", "nosuch"]) == 2
    assert "namespace 'nosuch' has no models" in capsys.readouterr().err
    server.faults.append(once({"error": "down"}, 502, times=99))
    assert main(["collect", str(tmp_path / "store"), "--patience", "0.1"]) == 1
    assert "status 502" in capsys.readouterr().err


def test_the_next_writer_sweeps_a_manifest_that_was_never_put_in_place(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    (tmp_path / f".manifest.json.{'0' * 32}").write_text("{", encoding="utf-8")
    store.add(week(1))
    assert not list(tmp_path.glob(".manifest*"))
    assert store.verify() == ()


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
def test_an_aggregate_is_extended_from_a_store(tmp_path: Path, counter: str) -> None:
    store = SnapshotStore(tmp_path)
    for number in range(4):
        store.add(week(number, factor=number + 1, models=5 + number % 2))
    aggregate = ossgeo.IncrementalAggregate.of(store.panel(end=store.snapshots[1].date, counter=counter))
    for one in store.snapshots[2:]:
        aggregate = aggregate.extend(store.panel(start=one.date, end=one.date, counter=counter))
    whole = ossgeo.measure(store.panel(counter=counter))
    assert aggregate.table().to_polars().equals(whole.to_polars())


def test_a_chain_ends_with_the_quarter_and_after_seventeen_snapshots(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    for day in range(40):
        store.add(week(day), observed_at=dt.datetime(2026, 8, 25, 6, tzinfo=dt.UTC) + dt.timedelta(days=day))
    full = [str(one.date) for one in store.snapshots if one.chain == one.stem]
    assert full == ["2026-08-25", "2026-09-11", "2026-09-28", "2026-10-01"]
    totals = (
        store.panel(counter="downloads_all_time").to_polars().group_by("period").agg(pl.col("downloads_all_time").sum())
    )
    assert [total for _, total in totals.sort("period").iter_rows()] == [1500 + 5 * day for day in range(40)]


def test_a_damaged_file_costs_its_chain_and_nothing_else(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    for number in range(9):
        store.add(week(number))
    damaged = store.snapshots[2]
    (tmp_path / damaged.file).write_bytes(b"PAR1")
    assert len(store.panel(start=store.snapshots[3].date).periods) == 6, "30-day counters do not build upon it"
    with pytest.raises(StoreError, match=f"{damaged.file}: was changed or cut"):
        store.panel(start=store.snapshots[3].date, counter="downloads_all_time")
    assert store.add(week(8, models=6), observed_at=MONDAY + dt.timedelta(weeks=8, days=3)).chain != damaged.chain


def test_without_pyarrow_the_same_rows_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = []
    for place in ("with", "without"):
        store = SnapshotStore(tmp_path / place)
        if place == "without":
            monkeypatch.setattr("ossgeo.sources._store.counters.importlib.util.find_spec", lambda _: None)
        for number in range(3):
            store.add(week(number, license=["mit"] * 5))
        frames.append(store.panel(counter="downloads_all_time").to_polars())
        (store.path / "manifest.json").unlink()
        assert len(store.recover()) == 3
        assert store.validate() == ()
    assert frames[0].equals(frames[1])


def test_a_file_that_was_not_downloaded_is_not_called_damaged(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    one = store.add(week(0))
    (tmp_path / one.file).write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{one.sha256}\nsize 5\n")
    assert [fault.problem for fault in store.verify()] == ["was not downloaded: it is a pointer of Git LFS"]
    (tmp_path / one.file).unlink()
    assert [fault.problem for fault in store.verify()] == ["is missing"]


def test_a_list_without_counts_is_not_stored_and_not_continued(server: FakeHub, tmp_path: Path) -> None:
    store, hub = SnapshotStore(tmp_path), Hub(token=False, endpoint=server.url)
    whole = {name: dict(one) for name, one in server.models.items()}
    for one in server.models.values():
        one |= {"downloads": None, "downloadsAllTime": None}
    with pytest.raises(SourceFormatError, match="states no downloads of any model; check the endpoint"):
        store.collect(hub)
    assert (store.snapshots, (tmp_path / ".collecting").exists()) == ((), False)
    server.models.update(whole)
    assert store.collect(hub).models == len(whole)
