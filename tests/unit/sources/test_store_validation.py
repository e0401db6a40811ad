"""What validation finds in snapshots that somebody else contributed."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ossgeo.cli import main
from ossgeo.sources import SnapshotStore
from ossgeo.sources._store.layout import sha256_of
from ossgeo.sources._store.manifest import read_manifest, snapshot_of, write_manifest

START = dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC)


def add(
    store: SnapshotStore, week: int, counts: list[int], *, first: int = 0, scope: str = "all", **columns: Any
) -> Any:
    ids = [f"Qwen/m{first + number}" for number in range(len(counts))]
    frame = pl.DataFrame({"model_id": ids, "downloads_30d": counts, "downloads_all_time": counts, **columns})
    return store.add(frame, observed_at=START + dt.timedelta(weeks=week), scope=scope)


def problems(store: SnapshotStore, **options: Any) -> list[str]:
    return [fault.problem for fault in store.validate(**options)]


def test_an_orderly_history_has_no_fault(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    for week in range(3):
        add(store, week, [10 + week, 20 + week])
    assert problems(store) == []


def test_implausible_steps_are_found(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    add(store, 0, [10, 20, 30, 40])
    add(store, 1, [10, 20, 30, 39])
    add(store, 2, [100, 200, 300, 400])
    add(store, 3, [1000], first=50)
    add(store, 4, [5], first=90, scope="another choice of models")
    assert problems(store) == [
        "has 1 all-time counters that fell",
        "has a total of 1,000 downloads_30d after 99",
        "shares 0 of 1 models with the snapshot before",
    ]
    assert problems(store, since="2026-08-24") == ["shares 0 of 1 models with the snapshot before"]


def _rewritten(store: SnapshotStore, frame: pl.DataFrame, name: str = "") -> None:
    """Replace the file of the only snapshot, and its hash in the manifest, as a forger would."""
    (one,) = store.snapshots
    frame.write_parquet(store.path / (name or one.file))
    manifest = read_manifest(store.path)
    raw = json.loads((store.path / "manifest.json").read_text())
    sha256 = sha256_of(store.path / (name or one.file))
    if name:
        raw["snapshots"][0]["parts"][name] = sha256
    else:
        raw["snapshots"][0]["sha256"] = sha256
    assert manifest.used
    write_manifest(store.path, manifest.with_snapshots(snapshot_of(each) for each in raw["snapshots"]))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"secret": pl.lit(1)}, "has columns that a store does not have: secret"),
        ({"downloads_30d": pl.col("downloads_30d").cast(pl.Float64)}, "that a store does not have: downloads_30d"),
        ({"downloads_30d": pl.col("downloads_30d") + 1}, "has downloads_30d 32, and the manifest states 30"),
        ({"key": pl.lit(0, pl.Int32)}, "repeats 1 model"),
        ({"key": pl.Series([0, 7], dtype=pl.Int32)}, "has key 7; the dictionary ends at 1"),
        ({"downloads_30d": pl.Series([-5, 35])}, "has a count below zero"),
        ({"observed_at": pl.col("observed_at") + dt.timedelta(hours=1)}, "has another time of observation"),
    ],
)
def test_forged_content_is_found(tmp_path: Path, change: dict[str, Any], problem: str) -> None:
    store = SnapshotStore(tmp_path)
    one = add(store, 0, [10, 20])
    _rewritten(store, pl.read_parquet(store.path / one.file, hive_partitioning=False).with_columns(**change))
    (found,) = problems(store)
    assert problem in found


def test_private_models_among_the_facts_are_found(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    one = add(store, 0, [10, 20], private=[False, False])
    (name,) = one.parts_of("facts")
    _rewritten(store, pl.read_parquet(store.path / name).with_columns(private=pl.lit(value=True)), name)
    assert problems(store) == ["holds 2 private models"]


def test_damage_is_found_first_and_the_shell_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = SnapshotStore(tmp_path)
    one = add(store, 0, [10, 20])
    assert main(["history", "validate", str(tmp_path)]) == 0
    assert "1 snapshot, no fault found" in capsys.readouterr().out
    (store.path / one.file).write_bytes(b"PAR1")
    assert main(["history", "validate", str(tmp_path), "--since", "2026-08-01"]) == 1
    assert "was changed or cut" in capsys.readouterr().err
    assert main(["history", "verify", str(tmp_path), "--since", "2026-08-01"]) == 2
