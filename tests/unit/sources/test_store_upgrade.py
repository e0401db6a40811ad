"""Stores of layout 1 are read, and converted without loss; ``compact()`` writes layout 2 again in the same way.

``tests/data/store-layout-1-bce693e`` was written by that commit, ``store-layout-1`` by the last commit that wrote the layout: with
a snapshot that was removed, one that was replaced, one that came late, counts and facts that are null, and columns that are absent.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, OutputError, StoreError
from ossgeo.sources import SnapshotStore
from ossgeo.sources._store import contents, settling
from tests.unit.sources.test_store_model import Killed, killed_at

DATA = Path(__file__).parents[2] / "data"
FIXTURES = ("store-layout-1", "store-layout-1-bce693e")
DAYS = ("2026-03-05", "2026-03-12", "2026-03-20", None)


@pytest.fixture(params=FIXTURES)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> SnapshotStore:
    shutil.copytree(DATA / request.param, tmp_path / "store")
    shutil.copytree(DATA / request.param, tmp_path / "original")
    return SnapshotStore(tmp_path / "store")


def content(store: SnapshotStore) -> list[object]:
    """Return everything that a store says: panels, models as of days, facts with their validity, what was removed."""
    panels = [store.panel(counter=name).to_polars().sort("model_id", "period").rows(named=True)
              for name in ("downloads_30d", "downloads_all_time")]  # fmt: skip
    models = [store.models(day).sort("model_id").rows(named=True) for day in DAYS]
    facts = store.facts(["Qwen/a", "google/b", "me/c", "Qwen/d", "late/e", "wrong/z"]).rows(named=True)
    told = [(one.observed_at, one.models, one.source, one.scope, one.note, dict(one.issues), one.removed, dict(one.totals))
            for one in (*store.snapshots, *store.removed)]  # fmt: skip
    return [panels, models, facts, told, store.panel().scope]


def test_layout_1_is_read_and_not_written(old: SnapshotStore) -> None:
    assert old.snapshots[0].source in ("first", "a dataframe")
    assert ossgeo.measure(old.panel()).at()["CN"] is not None
    assert old.verify() == ()
    frame = pl.DataFrame({"model_id": ["a/b"], "downloads_30d": [1]})
    with pytest.raises(StoreError, match=r"has layout 1, which is only read; upgrade\(\) converts it without loss"):
        old.add(frame, observed_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC))
    with pytest.raises(StoreError, match="which is only read"):
        old.compact()


def test_an_upgrade_changes_no_value(old: SnapshotStore) -> None:
    before = content(old)
    upgraded = old.upgrade()
    assert content(old) == before
    assert old.verify() == ()
    assert upgraded == old.snapshots
    assert not [*old.path.glob("date=*"), *old.path.glob("models-*")]
    assert json.loads((old.path / "manifest.json").read_text(encoding="utf-8"))["layout"] == 2
    assert old.upgrade() == upgraded, "a store of layout 2 stays as it is"
    old.add(
        pl.DataFrame({"model_id": ["a/b"], "downloads_30d": [1]}), observed_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    )
    assert old.merge(old.path.parent / "original") == (), "both have the same observations"
    assert len(SnapshotStore(old.path.parent / "copy").merge(old.path.parent / "original")) == len(upgraded) + len(
        old.removed
    )


def test_an_upgrade_without_a_manifest(old: SnapshotStore) -> None:
    panels, models, facts, _, _ = content(old)
    (old.path / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"upgrade\(\) converts them, also without a manifest"):
        old.recover()
    old.upgrade()
    assert content(old)[:3] == [panels, models, facts]
    with pytest.raises(StoreError, match="give the folder of a store"):
        SnapshotStore(old.path.parent / "none").upgrade()


@pytest.mark.parametrize("change", [SnapshotStore.upgrade, SnapshotStore.compact], ids=["upgrade", "compact"])
def test_a_kill_at_any_step_leaves_the_old_store_or_the_new_one(
    tmp_path: Path, change: Callable[[SnapshotStore], object]
) -> None:
    shutil.copytree(DATA / FIXTURES[0], tmp_path / "store")
    store = SnapshotStore(tmp_path / "store")
    if change is SnapshotStore.compact:
        store.upgrade()
    before = content(store)
    shutil.copytree(store.path, tmp_path / "copy")
    step, finished = 0, False
    while not finished:
        shutil.rmtree(store.path)
        shutil.copytree(tmp_path / "copy", store.path)
        finished = True
        try:
            with killed_at(step):
                change(store)
        except (Killed, StoreError):
            finished = False
        assert content(store) == before, step
        assert store.verify() == (), step
        step += 7 if os.environ.get("OSSGEO_STRESS") != "1" else 1
    assert step > 50
    change(store)
    assert content(store) == before


def test_damage_stops_an_upgrade(old: SnapshotStore) -> None:
    file = old.path / old.snapshots[0].file
    file.write_bytes(file.read_bytes()[:-8])
    names = {path.relative_to(old.path) for path in old.path.rglob("*.parquet")}
    with pytest.raises(StoreError, match="was changed or cut"):
        old.upgrade()
    assert {path.relative_to(old.path) for path in old.path.rglob("*.parquet")} == names


def test_a_difference_stops_an_upgrade(old: SnapshotStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real = contents.observed

    def wrong(*values: Any) -> pl.DataFrame:
        return real(*values).with_columns(pl.col("downloads_30d") + 1)

    monkeypatch.setattr("ossgeo.sources._store.contents.observed", wrong)
    with pytest.raises(StoreError, match=r"would differ from .*everything that was stored before is unchanged"):
        old.upgrade()
    assert not (old.path / "data").exists()
    assert old.snapshots[0].file.startswith("date=")


def test_compacting_keeps_old_files_for_a_week(tmp_path: Path) -> None:
    shutil.copytree(DATA / FIXTURES[0], tmp_path / "store")
    store = SnapshotStore(tmp_path / "store")
    store.upgrade()
    before, panel = content(store), store.panel()
    store.compact()
    assert content(store) == before
    assert {one.file.split("/")[0] for one in store.snapshots} == {"data-2"}
    assert ossgeo.measure(panel).at()["CN"] is not None, "a panel that was opened before is readable"
    store.compact()
    long_ago = time.time() - settling.KEPT_FOR - 60
    os.utime(store.path / "data-3" / "complete", (long_ago, long_ago))
    store.add(
        pl.DataFrame({"model_id": ["a/b"], "downloads_30d": [1]}), observed_at=dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
    )
    assert [path.name for path in sorted(store.path.glob("data*"))] == ["data-3"]
    (store.path / "manifest.json").unlink()
    store.recover()
    assert len(store.snapshots) == len(before[3]) - len(store.removed) + 1  # type: ignore[arg-type]


def test_a_newer_layout_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"layout": 3, "anything": []}), encoding="utf-8")
    store = SnapshotStore(tmp_path)
    for call in (store.panel, store.upgrade, store.compact, store.verify, lambda: store.models()):
        with pytest.raises(
            StoreError, match="has layout 3, which a newer ossgeo wrote; this one reads up to 2: upgrade ossgeo"
        ):
            call()
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["manifest.json"]


def test_gaps_are_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SnapshotStore(tmp_path)
    for week in (0, 1, 2, 7):
        observed_at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC) + dt.timedelta(weeks=week)
        store.add(pl.DataFrame({"model_id": ["Qwen/a"], "downloads_30d": [5]}), observed_at=observed_at)
    assert [(fault.place, fault.problem) for fault in store.validate()] == [
        ("2026-03-16 .. 2026-04-20", "has no observation for 34 days")]  # fmt: skip
    gap = store.gap("2026-03-17", "2026-04-19", reason="the machine was off")
    assert store.gaps == (gap,)
    assert store.validate() == ()
    assert "no observation from 2026-03-17 to 2026-04-19: the machine was off" in store.panel().scope
    assert "machine" not in store.panel(end="2026-03-10").scope
    with pytest.raises(InvalidArgumentError, match="end must be 2026-03-17 or later"):
        store.gap("2026-03-17", "2026-03-01", reason="x")
    with pytest.raises(InvalidArgumentError, match="got 2026-03-10 to 2026-03-20 with that of 2026-03-16"):
        store.gap("2026-03-10", "2026-03-20", reason="x")
    with pytest.raises(
        InvalidArgumentError, match="since must be the date of a snapshot or earlier, got 2030-01-01; the last one: 20"
    ):
        store.validate("2030-01-01")
    with pytest.raises(InvalidArgumentError, match=r"snapshot must be one of store\.snapshots, got '2026-03-02'"):
        store.remove("2026-03-02", reason="x")  # type: ignore[arg-type]
    store.compact()
    assert store.gaps == (gap,)
    assert main(["history", "verify", str(tmp_path)]) == 0
    assert "no observation from 2026-03-17 to 2026-04-19: the machine was off" in capsys.readouterr().out


def test_the_shell_upgrades_and_compacts(old: SnapshotStore, capsys: pytest.CaptureFixture[str]) -> None:
    count = len(old.snapshots)
    assert main(["history", "compact", str(old.path)]) == 1
    assert "ossgeo history upgrade" in capsys.readouterr().err
    assert main(["history", "upgrade", str(old.path)]) == 0
    assert f"{count} snapshots in layout 2" in capsys.readouterr().out
    assert main(["history", "compact", str(old.path)]) == 0


def test_a_range_is_one_file(tmp_path: Path) -> None:
    store = SnapshotStore(DATA / FIXTURES[0])
    path = store.export(tmp_path / "rows.parquet", "2026-03-01", "2026-03-31")
    assert ossgeo.measure(ossgeo.read_panel(path)).at() == ossgeo.measure(store.panel()).at()
    with pytest.raises(OutputError, match="none does not exist; create it or choose another"):
        store.export(tmp_path / "none" / "rows.parquet")
    with pytest.raises(InvalidArgumentError, match=r"path must end in \.parquet, got"):
        store.export(tmp_path / "rows.csv")
