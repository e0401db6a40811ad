"""A store under real kills, full disks, changed bits, and several processes at once.

``OSSGEO_STRESS=1`` runs the full size: 200 kills, 60 flipped bits for each kind of file, 20 full disks, five writers.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from ossgeo.errors import StoreError
from ossgeo.sources import SnapshotStore

FULL = os.environ.get("OSSGEO_STRESS") == "1"
SEED = int(os.environ.get("OSSGEO_SEED", "20261127"))
START = dt.datetime(2016, 1, 1, 12, tzinfo=dt.UTC)
MODELS = 40

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and no limit of a file's size")

WORKER = """
import os, random, sys
from tests.unit.sources.test_store_stress import START, snapshot
from ossgeo.sources import SnapshotStore

store, log, first, last = SnapshotStore(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
draw = random.Random(first)

def record(mark, day):
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{mark} {day}\\n")
        file.flush()
        os.fsync(file.fileno())

store.recover()
for day in range(first, last):
    record("adds", day)
    store.add(snapshot(day), wait=120)
    record("added", day)
    if draw.random() < 0.1:
        store.compact(wait=120)
    if draw.random() < 0.2:
        chosen = draw.choice(store.snapshots)
        number = (chosen.observed_at - START).days
        record("removes", number)
        store.remove(chosen, reason="wrong", wait=120)
        record("removed", number)
"""

READER = """
import sys, time
from tests.unit.sources.test_store_stress import check
from ossgeo.sources import SnapshotStore

end = time.monotonic() + float(sys.argv[2])
reads = 0
while time.monotonic() < end:
    reads += 1
    check(SnapshotStore(sys.argv[1]))
print(reads)
"""


def snapshot(day: int) -> pl.DataFrame:
    """Return the counters of a day; its number is in each count."""
    return pl.DataFrame({
        "model_id": [f"Qwen/m{number}" for number in range(MODELS)],
        "downloads_30d": [1000 * day + number for number in range(MODELS)],
        "observed_at": [START + dt.timedelta(days=day)] * MODELS,
    })  # fmt: skip


def total(day: int) -> int:
    return int(snapshot(day)["downloads_30d"].sum())


def check(store: SnapshotStore) -> set[int]:
    """Return the days of a store; every day has the figures that were added."""
    if not store.snapshots:
        return set()
    rows = store.panel().to_polars().group_by("period").agg(pl.col("downloads_30d").sum(), models=pl.len())
    days = {(day - START.date()).days: (value, models) for day, value, models in rows.iter_rows()}
    assert all(found == (total(day), MODELS) for day, found in days.items()), days
    return set(days)


def started(script: str, *words: object) -> subprocess.Popen[str]:
    root = Path(__file__).parents[3]
    return subprocess.Popen([sys.executable, "-c", script, *map(str, words)], cwd=root, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip


def marks(log: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"adds": set(), "added": set(), "removes": set(), "removed": set()}
    for line in log.read_text(encoding="utf-8").splitlines():
        mark, day = line.split()
        found[mark].add(int(day))
    return found


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    made = SnapshotStore(tmp_path / "store")
    made.add(snapshot(0))
    return made


def test_kills_lose_nothing_that_was_acknowledged(store: SnapshotStore, tmp_path: Path) -> None:
    draw, log, day = random.Random(SEED), tmp_path / "log", 1
    log.write_text("added 0\nadds 0\n", encoding="utf-8")
    for _ in range(200 if FULL else 4):
        begun = log.stat().st_size
        worker = started(WORKER, store.path, log, day, 3_000)
        while log.stat().st_size == begun and worker.poll() is None:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.4))
        worker.send_signal(signal.SIGKILL)
        _, errors = worker.communicate()
        assert "Error" not in errors, errors
        known = marks(log)
        day = max(known["adds"]) + 1
        store.recover()
        assert store.verify() == ()
        kept = check(store)
        assert known["added"] - known["removes"] <= kept, "an acknowledged snapshot is lost"
        assert kept <= known["adds"] - known["removed"], "a removed snapshot is back"


def test_several_writers_and_readers(store: SnapshotStore, tmp_path: Path) -> None:
    writers, each = (5, 12) if FULL else (3, 4)
    logs = [tmp_path / f"log-{number}" for number in range(writers)]
    script = (
        WORKER.replace("draw.random() < 0.2", "False").replace("wait=120", "wait=300").replace("store.recover()", "")
    )
    running = [started(script, store.path, log, 1 + each * number, 1 + each * (number + 1))
               for number, log in enumerate(logs)]  # fmt: skip
    readers = [started(READER, store.path, 20 if FULL else 4) for _ in range(2)]
    for process in [*running, *readers]:
        printed, errors = process.communicate(timeout=300)
        assert (process.returncode, errors) == (0, ""), errors
        if process in readers:
            assert int(printed) > 0
    assert store.verify() == ()
    assert check(store) == set(range(1 + writers * each))


def test_every_bit_of_the_manifest_counts(store: SnapshotStore) -> None:
    path = store.path / "manifest.json"
    content = path.read_bytes()
    for place in range(0, len(content), 1 if FULL else 7):
        for bit in range(8):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            with pytest.raises(StoreError):
                _ = store.snapshots
    path.write_bytes(content)
    assert check(store) == {0}


def is_damaged(store: SnapshotStore) -> bool:
    """Return whether both reading and verifying find damage."""
    try:
        verified = bool(store.verify())
    except StoreError:
        verified = True
    with pytest.raises(StoreError):
        check(store)
    return verified


def test_a_flipped_bit_in_any_kind_of_file_is_found(store: SnapshotStore) -> None:
    draw = random.Random(SEED)
    store.add(snapshot(1).with_columns(license=pl.lit("mit")))
    good = check(store)
    names = {name.split("/")[1]: name for one in store.snapshots for name in one.files}
    assert sorted(names) == ["facts", "models", "snapshots"]
    for file in (store.path / name for name in (*names.values(), "manifest.json")):
        content = file.read_bytes()
        for _ in range(60 if FULL else 10):
            place = draw.randrange(len(content))
            changed = bytearray(content)
            changed[place] ^= 1 << draw.randrange(8)
            file.write_bytes(changed)
            os.utime(file, ns=(time.time_ns(), time.time_ns()))  # a file is hashed once for each state in a process
            assert is_damaged(store), (file, place)
            file.write_bytes(content)
    assert check(store) == good


DISK = """
import resource, signal, sys
from tests.unit.sources.test_store_stress import snapshot
from ossgeo.errors import StoreError
from ossgeo.sources import SnapshotStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    SnapshotStore(sys.argv[1]).add(snapshot(int(sys.argv[3])))
    print("added")
except StoreError as error:
    print("refused")
"""


def test_a_disk_that_is_full_at_any_point_loses_nothing(store: SnapshotStore) -> None:
    draw, days = random.Random(SEED), {0}
    for day in range(1, 21 if FULL else 5):
        process = started(DISK, store.path, draw.randrange(1, 6_000), day)
        printed, errors = process.communicate()
        assert (process.returncode, errors) == (0, ""), errors
        days |= {day} if printed == "added\n" else set()
        assert check(store) == days
        store.recover()
        assert store.verify() == ()
        assert check(store) >= days
        days = check(store)
    assert not [file for file in store.path.rglob(".*") if file.name != ".lock"]


def rows_of(store: SnapshotStore) -> pl.DataFrame:
    return store.panel().to_polars().sort("model_id", "period")


@pytest.mark.parametrize("change", ["compact", "upgrade"])
def test_a_disk_that_is_full_while_a_store_is_written_again(tmp_path: Path, change: str) -> None:
    shutil.copytree(Path(__file__).parents[2] / "data" / "store-layout-1", tmp_path / "store")
    store = SnapshotStore(tmp_path / "store")
    if change == "compact":
        store.upgrade()
    before = rows_of(store)
    script = DISK.replace(".add(snapshot(int(sys.argv[3])))", f".{change}()")
    for limit in (300, 2_000, 3_000):
        printed, errors = started(script, store.path, limit).communicate()
        assert (printed, errors) == ("refused\n", ""), errors
        assert rows_of(store).equals(before)
        assert store.verify() == ()
    getattr(store, change)()
    assert rows_of(store).equals(before)


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="root may write everywhere")
@pytest.mark.parametrize("change", ["compact", "upgrade"])
def test_a_folder_that_may_not_be_written(tmp_path: Path, change: str) -> None:
    shutil.copytree(Path(__file__).parents[2] / "data" / "store-layout-1", tmp_path / "store")
    store = SnapshotStore(tmp_path / "store")
    if change == "compact":
        store.upgrade()
    store.path.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="cannot be written"):
            getattr(store, change)()
    finally:
        store.path.chmod(0o700)
    assert store.verify() == ()
