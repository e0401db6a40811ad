"""Random sequences of operations on a store, against a plain list of the snapshots that were acknowledged."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ossgeo.errors import StoreError
from ossgeo.sources import Hub, Snapshot, SnapshotStore
from ossgeo.sources._store import contents, layout
from ossgeo.sources._store.manifest import read_manifest
from tests.hub_server import FakeHub, entry, fake_hub

START = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)
TIMES = st.integers(0, 9).map(lambda number: START + dt.timedelta(hours=9 * number))
COUNTS = st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 99), st.none() | st.sampled_from(["mit", "x"])),
                         min_size=1)  # fmt: skip
KILLS = st.integers(0, 16)

PHASES = [
    phase for phase in Phase if phase is not Phase.shrink or os.environ.get("OSSGEO_SHRINK")
]  # shrinking a history takes long
Counts = dict[str, tuple[int, str | None]]


class Killed(BaseException):
    """The process ended here."""


@attrs.define
class Known:
    """A snapshot of the list: what was given to the store."""

    observed_at: dt.datetime
    counts: Counts
    used: bool = True


def frame_of(counts: Counts, observed_at: dt.datetime) -> pl.DataFrame:
    names = list(counts)
    return pl.DataFrame(
        {"model_id": [f"Qwen/{name}" for name in names], "downloads_30d": [counts[name][0] for name in names],
         "license": [counts[name][1] for name in names], "observed_at": [observed_at] * len(names)},
        schema_overrides={"license": pl.String},
    )  # fmt: skip


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """End the process at one of its changes of the disk: afterwards nothing is written or cleaned up."""
    left = [step]

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*values: Any, **named: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return original(*values, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "unlink", "rename", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        patch.setattr(os, "fsync", counted(os.fsync))
        patch.setattr(os, "replace", counted(os.replace))
        yield


class StoreMachine(RuleBasedStateMachine):
    """Drives two stores; the first one is compared with the list after every step."""

    server: FakeHub

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.other = SnapshotStore(self.folder / "store"), SnapshotStore(self.folder / "other")
        self.known: dict[str, Known] = {}
        self.others: dict[str, Known] = {}
        self.pending: list[Known] = []
        self.leaving: set[str] = set()
        self.backup: bytes | None = None
        self.lost = False
        self.copies = 0

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize()
    def first(self) -> None:
        self.add(START, {"a": (5, "mit")})
        self.add_to_other(START + dt.timedelta(hours=1), {"b": (7, None)})

    @rule(observed_at=TIMES, counts=COUNTS)
    def add(self, observed_at: dt.datetime, counts: Counts) -> None:
        self._added(lambda: self.store.add(frame_of(counts, observed_at)), observed_at, counts)

    @rule(observed_at=TIMES, counts=COUNTS)
    def add_to_other(self, observed_at: dt.datetime, counts: Counts) -> None:
        if any(one.used and one.observed_at == observed_at for one in self.others.values()):
            return
        self.others[self.other.add(frame_of(counts, observed_at)).file] = Known(observed_at, counts)

    @rule(count=st.integers(0, 99))
    def collect(self, count: int) -> None:
        self.server.models = {}
        self.server.add(entry("Qwen/a", count, tags=[]), entry("Qwen/e", 1, tags=["license:apache-2.0"]))
        hub = Hub(token=False, endpoint=self.server.url)
        self._added(lambda: self.store.collect(hub), None, {"a": (count, None), "e": (1, "apache-2.0")})

    @rule(observed_at=TIMES, counts=COUNTS, step=KILLS)
    def killed_while_adding(self, observed_at: dt.datetime, counts: Counts, step: int) -> None:
        self._killed(lambda: self.store.add(frame_of(counts, observed_at)), step, Known(observed_at, counts))

    @rule(data=st.data(), step=st.none() | KILLS)
    def remove(self, data: st.DataObject, step: int | None) -> None:
        snapshot = self._drawn(data)
        if snapshot is None:
            return
        if step is not None:
            self._killed(lambda: self.store.remove(snapshot, reason="wrong"), step, None, leaving=snapshot.file)
        else:
            self.leaving.add(snapshot.file)
            self.store.remove(snapshot, reason="wrong")
            self._settle()

    @rule(data=st.data(), counts=COUNTS, step=st.none() | KILLS)
    def replace(self, data: st.DataObject, counts: Counts, step: int | None) -> None:
        snapshot = self._drawn(data)
        if snapshot is None:
            return
        frame = frame_of(counts, snapshot.observed_at).drop("observed_at")
        new = Known(snapshot.observed_at, counts)

        def change() -> Snapshot:
            return self.store.replace(snapshot, frame, reason="corrected")

        if step is not None:
            self._killed(change, step, new, leaving=snapshot.file)
            return
        try:
            made = change()
        except StoreError as error:
            assert self._has_pending(snapshot.observed_at), error  # noqa: PT017  # either is fine
            self._settle()
            return
        self.known[snapshot.file].used = False
        self.known[made.file] = new
        self._settle()

    @rule(step=st.none() | KILLS)
    def merge(self, step: int | None) -> None:
        if step is not None:
            self.pending.extend(self.others.values())
            self._killed(lambda: self.store.merge(self.other), step, None)
            return
        try:
            self.store.merge(self.other)
        except StoreError as error:
            differing = [file for file, one in self.others.items() if file in self.known and self.known[file] != one]
            assert self.lost or differing or self.pending, error  # noqa: PT017  # either is fine
            if not self.lost:
                self._settle()
            return
        for file, one in self.others.items():
            self.known.setdefault(file, Known(one.observed_at, one.counts, used=one.used))
            if not one.used:
                self.leaving.add(file)
        self._keep_last_revisions()
        self._settle()

    @rule()
    def move_to_a_copy(self) -> None:
        self.copies += 1
        copy = self.folder / f"copy [{self.copies}]*"
        shutil.copytree(self.store.path, copy)
        shutil.rmtree(self.store.path)
        self.store = SnapshotStore(copy)

    @rule()
    def keep_the_manifest(self) -> None:
        self.backup = (self.store.path / "manifest.json").read_bytes()

    @rule(loss=st.sampled_from(["older", "cut", "gone"]), adds=st.none() | st.tuples(TIMES, COUNTS))
    def lose_the_manifest_and_recover(self, loss: str, adds: tuple[dt.datetime, Counts] | None) -> None:
        path = self.store.path / "manifest.json"
        if loss == "older":
            path.write_bytes(self.backup or path.read_bytes())
        elif loss == "cut":
            path.write_bytes(path.read_bytes()[:-9])
        else:
            path.unlink()
        self.lost = True
        if adds is not None:
            self.add(*adds)
        self.recover()

    @rule()
    def recover(self) -> None:
        self.store.recover()
        self.lost = False
        self._settle()
        self.pending.clear()
        self.leaving.clear()

    def _settle(self) -> None:
        """Take over what a killed process had completed: every change begins by doing so."""
        used = self._take_over()
        for file, one in self.known.items():
            if one.used and file not in used:
                replaced = any(other != file and self.known[other].observed_at == one.observed_at for other in used)
                assert file in self.leaving or (replaced and self._has_pending(one.observed_at))
            one.used = file in used

    @invariant()
    def nothing_that_was_acknowledged_is_lost(self) -> None:
        files = {
            path.relative_to(self.store.path).as_posix() for path in self.store.path.glob("data/snapshots/*.parquet")
        }
        assert self.known.keys() <= files

    @invariant()
    def figures_equal_those_of_the_list(self) -> None:
        if self.lost:
            return
        assert {one.file for one in self.store.snapshots} == {file for file, one in self.known.items() if one.used}
        assert [fault for fault in self.store.verify() if fault.problem != "is not in the manifest"] == []
        used = sorted((one for one in self.known.values() if one.used), key=lambda one: one.observed_at)
        if not used:
            with pytest.raises(StoreError, match="has no snapshot"):
                self.store.panel()
            return
        last = {one.observed_at.date(): one for one in used}
        panel = self.store.panel()
        rows = panel.rows.to_native().select("model_id", "period", "downloads_30d").collect()
        assert {(name, day): count for name, day, count in rows.iter_rows()} == {
            (f"Qwen/{name}", day): count for day, one in last.items() for name, (count, _) in one.counts.items()
        }
        licenses: dict[str, str | None] = {}
        for one in used:
            for name, (_, text) in one.counts.items():
                licenses[f"Qwen/{name}"] = text or licenses.get(f"Qwen/{name}")
        models = panel.models.select("model_id", "license").collect() if licenses else None
        assert models is not None
        assert dict(models.iter_rows()) == licenses

    def _added(self, add: Callable[[], Snapshot], observed_at: dt.datetime | None, counts: Counts) -> None:
        taken = any(one.used and one.observed_at == observed_at for one in self.known.values())
        try:
            made = add()
        except StoreError as error:
            assert taken or self.lost or (observed_at is not None and self._has_pending(observed_at)), error  # noqa: PT017  # either is fine
            if not self.lost:
                self._settle()  # a refused change has taken over what others left behind
            return
        assert not taken or self.lost
        self.known[made.file] = Known(made.observed_at, counts)
        self._settle()

    def _killed(
        self, change: Callable[[], object], step: int, new: Known | None, *, leaving: str | None = None
    ) -> None:
        before = self._files()
        try:
            with killed_at(step):
                change()
        except (Killed, StoreError):
            pass
        layout._sha256_of_state.cache_clear()
        if new is not None:
            self.pending.append(new)
        if leaving is not None:
            self.leaving.add(leaving)
        if self.lost or self._files() == before:
            return
        for file in self._files() - before:
            self.known[file] = self._was_pending(file)
        for file in before - self._files():
            if file == leaving:
                self.known[file].used = False
        self._keep_last_revisions()

    def _files(self) -> set[str]:
        try:
            return {one.file for one in self.store.snapshots}
        except StoreError:
            return set()

    def _was_pending(self, file: str) -> Known:
        """Return the snapshot that a killed process had begun to add, by what is in its file."""
        manifest = read_manifest(self.store.path)
        (snapshot,) = [one for one in manifest.snapshots if one.file == file]
        frame = contents.observed(self.store.path, manifest, snapshot)
        rows = dict(frame.select("model_id", "downloads_30d").iter_rows())
        for one in self.pending:
            same = {f"Qwen/{name}": count for name, (count, _) in one.counts.items()} == rows
            if same and one.observed_at == snapshot.observed_at:
                return Known(one.observed_at, one.counts)
        raise AssertionError(f"{file} was never given to the store")

    def _take_over(self) -> set[str]:
        """Add what killed processes had completed to the list; return the files that are used."""
        used = {one.file for one in self.store.snapshots}
        for file in used | {one.file for one in self.store.removed}:
            if file not in self.known:
                self.known[file] = self._was_pending(file)
        return used

    def _has_pending(self, observed_at: dt.datetime) -> bool:
        return any(one.observed_at == observed_at for one in self.pending)

    def _keep_last_revisions(self) -> None:
        used = self._take_over()
        for file, one in self.known.items():
            if one.used and file not in used:
                # the mark of a removal that was killed before counts from the next change on
                replaced = any(file != last and self.known[last].observed_at == one.observed_at for last in used)
                assert replaced or file in self.leaving
                one.used = False

    def _drawn(self, data: st.DataObject) -> Snapshot | None:
        snapshots = self.store.snapshots
        return data.draw(st.sampled_from(snapshots)) if snapshots else None


def test_random_operations_lose_nothing() -> None:
    with fake_hub() as server:
        StoreMachine.server = server
        run_state_machine_as_test(
            StoreMachine,
            settings=settings(
                max_examples=int(os.environ.get("OSSGEO_STORE_EXAMPLES", "15")), stateful_step_count=25, deadline=None,
                suppress_health_check=list(HealthCheck), phases=PHASES,
            ),
        )  # fmt: skip


def test_facts_of_snapshots_that_were_added_between_others_hold_in_the_order_of_time(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    for place, text in ((0, "mit"), (7, "mit"), (4, "x"), (6, "x"), (5, None)):
        store.add(frame_of({"a": (place, text), "b": (1, "mit")}, START + dt.timedelta(hours=9 * place)))
    assert dict(store.panel().models.select("model_id", "license").collect().iter_rows())["Qwen/a"] == "mit"


def test_the_list_finds_a_loss(tmp_path: Path) -> None:
    """The comparison itself is tested: a count that changes behind the store's back is found."""
    store = SnapshotStore(tmp_path)
    made = store.add(frame_of({"a": (5, None)}, START))
    frame_of({"a": (6, None)}, START).write_parquet(tmp_path / made.file)
    with pytest.raises(StoreError, match="was changed or cut"):
        store.panel()
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["snapshots"][0]["totals"] == {"downloads_30d": 5}
