"""Faults of a store that were found by use: damage, older facts, readers beside writers, odd paths, and what add() refuses."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, OutputError, PanelError, StoreError
from ossgeo.sources import Hub, SnapshotStore
from ossgeo.sources._hub import checkpoint as checkpoints
from ossgeo.sources._store import facts as stored_facts
from ossgeo.sources._store import layout, writing
from tests.hub_server import entry, fake_hub

MONDAY = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)


def week(number: int = 0, counts: tuple[Any, ...] = (10, 20), **more: Any) -> pl.DataFrame:
    return pl.DataFrame({
        "model_id": [f"Qwen/m{place}" for place in range(len(counts))], "downloads_30d": list(counts),
        "observed_at": [MONDAY + dt.timedelta(weeks=number)] * len(counts), **more,
    })  # fmt: skip


def facts(store: SnapshotStore, column: str) -> dict[str, Any]:
    return dict(store.panel().models.select("model_id", column).collect().iter_rows())


def test_every_flipped_bit_is_found_when_people_read(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    made = store.add(week(0, license=["mit", "mit"]))
    store.panel()
    paths = [*(tmp_path / name for name in made.files), tmp_path / "manifest.json"]
    assert len(paths) == 4
    for path in paths:
        whole = path.read_bytes()
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            data = bytearray(whole)
            data[place] ^= 4
            path.write_bytes(data)
            os.utime(path, ns=(time.time_ns(), time.time_ns()))
            with pytest.raises(StoreError):
                store.panel()
        path.write_bytes(whole)
        store.panel()


def test_a_file_is_hashed_once_for_each_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    store.panel()
    hashed: list[Path] = []
    original = layout.sha256_of

    def counted(path: Path) -> str:
        hashed.append(path)
        return original(path)

    monkeypatch.setattr(layout, "sha256_of", counted)
    store.panel()
    assert hashed == []
    assert store.verify() == ()
    assert len(hashed) == 2, "verify() reads every byte of both files again"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1), (1, 2, 0)], ids=str)
def test_facts_are_the_latest_known_by_time_of_observation(tmp_path: Path, order: tuple[int, ...]) -> None:
    snapshots = [
        week(0, license=["mit", "mit"], tags=[["old"], ["old"]]),
        week(1, license=["gpl", None], tags=[["new"], []]),
        week(2, counts=(1,)),
    ]
    store = SnapshotStore(tmp_path)
    for number in order:
        store.add(snapshots[number])
    assert facts(store, "license") == {"Qwen/m0": "gpl", "Qwen/m1": "mit"}
    assert facts(store, "tags") == {"Qwen/m0": ["new"], "Qwen/m1": []}


def test_facts_are_known_by_day_and_carry_their_validity(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    with pytest.raises(StoreError, match="has no snapshot"):
        store.models()
    with pytest.raises(StoreError, match="has no snapshot"):
        store.facts(["Qwen/m0"])
    store.add(week(0, license=["mit", "apache-2.0"]))
    store.add(week(1))  # id and counter only: nothing is known to have changed
    store.add(week(2, license=["other", "apache-2.0"]))
    days = [MONDAY.date() + dt.timedelta(weeks=number) for number in range(3)]

    def licenses(on: dt.date | str | None = None) -> dict[str, str]:
        return dict(store.models(on).select("model_id", "license").iter_rows())

    assert licenses(days[1]) == {"Qwen/m0": "mit", "Qwen/m1": "apache-2.0"}
    assert licenses(str(days[2])) == licenses() == {"Qwen/m0": "other", "Qwen/m1": "apache-2.0"}
    rows = store.facts(["Qwen/m0", "Qwen/m1", "Qwen/none"]).select("model_id", "since", "until", "license").rows()
    assert rows == [
        ("Qwen/m0", days[0], days[2], "mit"), ("Qwen/m0", days[2], None, "other"),
        ("Qwen/m1", days[0], None, "apache-2.0"),
    ]  # fmt: skip
    then = ossgeo.measure(store.panel(), by="model", where={"license": "mit"}, models=store.models(days[0]))
    assert then.at(period=days[0]) == {"Qwen/m0": 1.0}
    with pytest.raises(StoreError, match="no snapshot on or before 2026-01-01"):
        store.models("2026-01-01")
    with pytest.raises(InvalidArgumentError, match="model_ids must be a list"):
        store.facts("Qwen/m0")
    (name,) = store.snapshots[0].parts_of("facts")
    (tmp_path / name).write_bytes(b"PAR1")
    with pytest.raises(StoreError, match="was changed or cut"):
        store.models()
    with pytest.raises(StoreError, match="was changed or cut"):
        store.facts(["Qwen/m0"])


def test_a_change_of_base_models_is_a_change(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    for number, base in enumerate(([], [], ["Qwen/b"])):
        bases = [[{"relation": "finetune", "model_id": one} for one in base]] * 2
        schema = {"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))}
        store.add(week(number).with_columns(pl.Series("base_models", bases, dtype=schema["base_models"])))
    found = store.facts(["Qwen/m0"])
    assert found["since"].to_list() == [MONDAY.date(), MONDAY.date() + dt.timedelta(weeks=2)]
    assert found["base_models"].to_list()[1] == [{"relation": "finetune", "model_id": "Qwen/b"}]


def test_facts_without_any_column_are_one_row(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    store.add(week(1))
    assert store.facts(["Qwen/m0"]).rows() == [("Qwen/m0", MONDAY.date(), None)]


def test_facts_of_a_removed_snapshot_go_with_it(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0, license=["mit", "mit"]))
    wrong = store.add(week(1, counts=(1, 2, 3), license=["x", "x", "x"]))
    store.remove(wrong, reason="another repository")
    assert facts(store, "license") == {"Qwen/m0": "mit", "Qwen/m1": "mit"}
    assert [one.removed for one in store.removed] == ["another repository"]
    assert (tmp_path / wrong.file).is_file()
    assert store.verify() == ()
    with pytest.raises(StoreError, match=r"has no snapshot .* in use"):
        store.remove(wrong, reason="again")
    store.remove(store.snapshots[0], reason="all of them")
    with pytest.raises(StoreError, match="has no snapshot; collect"):
        store.panel()
    assert store.add(week(0)).file.endswith("Z-2.parquet")
    assert store.panel().size == 2


def test_facts_are_written_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_facts, "_BATCH", 7)
    store = SnapshotStore(tmp_path)
    store.add(week(0, counts=tuple(range(100)), license=["mit"] * 100))
    store.add(week(1, counts=tuple(range(150)), license=[None] * 50 + ["gpl"] * 100))
    found = facts(store, "license")
    assert len(found) == 150
    assert [found[f"Qwen/m{number}"] for number in (0, 49, 50, 149)] == ["mit", "mit", "gpl", "gpl"]
    assert {path.name for path in tmp_path.iterdir()} == {".lock", "manifest.json", "data"}


def test_panels_stay_readable_while_the_store_changes(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    panel = store.panel()
    for number in (1, 2):
        store.add(week(number))
    store.replace(store.snapshots[0], week(0, counts=(1, 2)), reason="x")
    store.remove(store.snapshots[0], reason="x")
    assert ossgeo.measure(panel).at()["CN"] == 1


def test_paths_keep_their_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path)
    store = SnapshotStore("mine")
    store.add(week(0))
    panel = store.panel()
    monkeypatch.chdir(tmp_path / "home")
    assert ossgeo.measure(panel).at()["CN"] == 1
    assert len(store.snapshots) == 1
    assert store.name == "the store mine"
    SnapshotStore("~/kept").add(week(0))
    assert (tmp_path / "home" / "kept" / "manifest.json").is_file()
    assert SnapshotStore.is_store("~/kept")
    for path in ("", "  ", "hf://models/me/store", "https://huggingface.co/datasets/me/store"):
        with pytest.raises(InvalidArgumentError, match="path must be a folder"):
            SnapshotStore(path)


@pytest.mark.parametrize("name", ["a[1]", "a*", "a b", "date=2026-01-01", "{x}"])
def test_names_of_folders_are_not_patterns(tmp_path: Path, name: str) -> None:
    other = SnapshotStore(tmp_path / "a1")
    other.add(week(0, counts=(7, 7, 7)))
    SnapshotStore(tmp_path / "ab").add(week(0, counts=(7, 7, 7)))
    store = SnapshotStore(tmp_path / name)
    store.add(week(0))
    store.add(week(1))
    assert store.panel().rows.to_native().select(pl.col("downloads_30d").sum()).collect().item() == 60
    assert store.verify() == ()
    (store.path / "manifest.json").unlink()
    assert len(store.recover()) == 2


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (week(600), "lies in the future"),
        (pl.concat([week(0), week(0)]), "is repeated, for 2 models: 'Qwen/m0', 'Qwen/m1'"),
        (week(0, counts=(1, -2)), "is negative in 1 row"),
        (week(0, counts=(1, 2**60)), "is above"),
        (week(0).with_columns(model_id=pl.lit(None, pl.String)), "has no model id in 2 row"),
        (week(0).with_columns(model_id=pl.Series(["", "a b/c"])), "is not an id such as"),
        (week(0, counts=(1.9, 2.0)), "must hold whole numbers, got 1.9 in 1 row"),
        (week(0, counts=(float("nan"), 2.0)), "must hold whole numbers, got nan"),
        (week(0, counts=(1e30, 2.0)), "must hold whole numbers"),
        (week(0).with_columns(pl.col("downloads_30d").cast(pl.String)), "must hold whole numbers, got String"),
        (week(0, counts=(None, None)), "holds no count in downloads_30d"),
        (week(0).with_columns(downloads_30d=pl.lit(None, pl.String)), "must hold whole numbers, got String"),
        (week(0).with_columns(observed_at=pl.Series(["soon", "now"])), "holds String, not instants"),
        (week(0, likes=["a", "b"]), "must hold whole numbers, got String"),
        (week(0, created_at=["a", "b"]), "must hold Datetime"),
    ],
)  # fmt: skip
def test_what_a_panel_cannot_use_is_not_stored(tmp_path: Path, frame: pl.DataFrame, problem: str) -> None:
    store = SnapshotStore(tmp_path)
    with pytest.raises(PanelError) as caught:
        store.add(frame)
    assert problem in str(caught.value)
    assert not store.snapshots


def test_all_faults_of_a_snapshot_are_in_one_error(tmp_path: Path) -> None:
    with pytest.raises(PanelError) as caught:
        SnapshotStore(tmp_path).add(week(600, counts=(-1, 5), license=["mit", "mit"]))
    assert len(caught.value.faults) == 2


def test_sums_beyond_64_bits_and_null_counts(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    large = 10**12
    made = store.add(week(0, counts=(float(large), None, 0.0, 2.0), downloads_all_time=[None] * 4))
    assert made.totals == {"downloads_30d": large + 2}
    assert store.panel().size == 3


def test_scopes_and_notes_are_kept(tmp_path: Path) -> None:
    with fake_hub() as server:
        server.add(*(entry(f"Qwen/m{number}") for number in range(4)), entry("me/secret", private=True))
        store, hub = SnapshotStore(tmp_path), Hub(token=False, endpoint=server.url)
        first = store.collect(hub)
        assert (first.scope, first.note) == ("all models", "private models left out: 1")
        assert store.panel().scope == f"1 snapshot of all models; {first.date}: private models left out: 1"
        store.add(week(0), scope="all models", note="from a backup")
        assert store.panel().scope.startswith("2 snapshots of all models; 2026-03-02: from a backup")
        assert store.collect(hub, namespaces=["Qwen"]).issues == {"same_date": 1, "scope_changed": 1}
    changed = store.add(week(1), scope="the models of Qwen")
    assert changed.issues["scope_changed"] == 1
    note = ossgeo.measure(store.panel(end="2026-03-20")).note
    assert (
        "2 snapshots of different scopes, whose counts do not compare: all models (1), the models of Qwen (1)" in note
    )


def test_merging_two_stores(tmp_path: Path) -> None:
    one, other = SnapshotStore(tmp_path / "one"), SnapshotStore(tmp_path / "other")
    shared = one.add(week(0), source="first machine")
    other.merge(one)
    other.add(week(1, license=["mit", None]), source="second machine", note="kept", scope="two models")
    wrong = other.add(week(2))
    other.remove(wrong, reason="wrong")
    replaced = other.replace(shared, week(0, counts=(5, 6)), reason="corrected")
    added = one.merge(other)
    assert {made.file for made in added} == {shared.file, replaced.file, wrong.file, other.snapshots[1].file}
    assert [(made.file, made.models, made.totals) for made in one.snapshots] == [
        (made.file, made.models, made.totals) for made in other.snapshots
    ]
    assert [(made.source, made.note, made.scope) for made in one.snapshots][1] == (
        "second machine",
        "kept",
        "two models",
    )
    assert [(made.file, made.removed) for made in one.removed] == [(made.file, made.removed) for made in other.removed]
    assert one.panel().rows.to_native().select(pl.col("downloads_30d").sum()).collect().item() == 41
    assert one.merge(other) == other.merge(one) == ()
    assert one.verify() == other.verify() == ()
    third = SnapshotStore(tmp_path / "third")
    third.add(week(1, counts=(9, 9)))
    before = (one.path / "manifest.json").read_bytes()
    with pytest.raises(
        StoreError, match=r"different snapshots of the same time: data/snapshots/20260309.*; remove\(\) one"
    ):
        one.merge(third)
    with pytest.raises(StoreError, match=r"has no manifest\.json; give the folder of a store"):
        one.merge(tmp_path / "none")
    fourth = SnapshotStore(tmp_path / "fourth")
    (fourth.path / fourth.add(week(5)).file).write_bytes(b"x")
    with pytest.raises(StoreError, match=r"was changed or cut.*restore it from a backup"):
        one.merge(fourth)
    assert (one.path / "manifest.json").read_bytes() == before
    assert not list(one.path.glob("data/*/20260406*"))


def test_the_range_of_a_panel_is_in_order(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0))
    with pytest.raises(InvalidArgumentError, match="start must not be after end, got 2026-03-05 and 2026-03-01"):
        store.panel("2026-03-05", "2026-03-01")


def test_reasons_are_required(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    made = store.add(week(0))
    with pytest.raises(InvalidArgumentError, match="reason must be a text that is not empty"):
        store.remove(made, reason=" ")
    with pytest.raises(InvalidArgumentError, match="reason must be a text that is not empty"):
        store.replace(made, week(0), reason="")
    with pytest.raises(PanelError, match="cannot be stored"):
        store.replace(made, week(0, counts=(-1, 5)), reason="x")
    assert len(store.snapshots) == 1
    assert not store.removed


def test_a_snapshot_that_was_complete_before_a_kill_is_added_by_the_next_collect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_hub() as server:
        server.add(*(entry(f"Qwen/m{number}") for number in range(4)))
        store, hub = SnapshotStore(tmp_path), Hub(token=False, endpoint=server.url)
        store.add(week(0))

        with monkeypatch.context() as patch:
            patch.setattr(writing, "write_manifest", None)
            with pytest.raises(TypeError):
                store.collect(hub)
        assert not store.snapshots[1:]
        store.collect(hub)
        assert len(store.snapshots) == 3, "the complete one and the new one"
        assert store.verify() == ()
        assert not (tmp_path / ".collecting").exists()


def test_a_snapshot_needs_few_wide_rows_in_memory(tmp_path: Path) -> None:
    """Models that were listed twice are found by hashes of ids, and the last one of each is kept."""
    with fake_hub() as server:
        server.page = 3
        server.add(*(entry(f"Qwen/m{number}", 100 - number) for number in range(9)))
        hub = Hub(token=False, endpoint=server.url)
        checkpoint = hub.collect(tmp_path / "checkpoint")
        again = checkpoint._scan().collect().head(4).with_columns(downloads_30d=pl.lit(1, pl.Int64))
        checkpoint.add_models(again, 1, None)
        checkpoint.write(tmp_path / "snapshot.parquet")
        counts = dict(pl.read_parquet(tmp_path / "snapshot.parquet").select("model_id", "downloads_30d").iter_rows())
        assert counts == {f"Qwen/m{number}": 1 if number < 4 else 100 - number for number in range(9)}
        assert "repeated: 4 models on two pages" in checkpoint.note
        assert checkpoints.Checkpoint.began_at(tmp_path / "checkpoint") == checkpoint.observed_at
        shutil.rmtree(tmp_path / "checkpoint")
        assert checkpoints.Checkpoint.began_at(tmp_path / "checkpoint") is None


@pytest.mark.parametrize("step", ["write_manifest", "mark"])
@pytest.mark.parametrize("change", ["replace", "remove"])
def test_a_correction_that_failed_is_not_made_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, step: str
) -> None:
    store = SnapshotStore(tmp_path)
    store.add(week(0, license=["mit", "mit"]))
    made = store.add(week(1, license=["mit", "other"]))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def corrected() -> None:
        store.replace(made, week(1, (5, 6)), reason="x") if change == "replace" else store.remove(made, reason="x")

    with monkeypatch.context() as patch:
        patch.setattr(writing, step, full)
        with pytest.raises(StoreError, match="No space left on device; everything that was stored before is unchanged"):
            corrected()
    store.add(week(2))
    assert [one.totals["downloads_30d"] for one in store.snapshots] == [30, 30, 30]
    assert (store.removed, store.verify()) == ((), ())
    corrected()
    assert [one.removed for one in store.removed] == ["x"]
    assert store.verify() == ()


def test_a_day_that_was_observed_after_all_is_no_gap(tmp_path: Path) -> None:
    one, other = SnapshotStore(tmp_path / "one"), SnapshotStore(tmp_path / "other")
    one.add(week(0))
    one.gap("2026-03-04", "2026-03-15", reason="the collector was off")
    other.add(week(1))
    other.gap("2026-03-10", "2026-03-12", reason="the network was down")
    one.merge(other)
    assert [(gap.start.day, gap.end.day, gap.reason) for gap in one.gaps] == [
        (4, 8, "the collector was off"), (10, 15, "the collector was off"), (10, 12, "the network was down")]  # fmt: skip
    assert "no observation from 2026-03-04 to 2026-03-08: the collector was off" in one.panel().scope
    assert "to 2026-03-15" not in one.panel(end="2026-03-09").scope
    one.add(week(1).with_columns(observed_at=pl.lit(MONDAY + dt.timedelta(days=2))))
    assert [gap.start.day for gap in one.gaps] == [5, 10, 10]
    one.remove(one.snapshots[-1], reason="x")
    assert [gap.start.day for gap in one.gaps] == [5, 10]
    with pytest.raises(InvalidArgumentError, match="end must not be in the future, got 2999-01-01"):
        one.gap("2026-03-20", "2999-01-01", reason="x")


@pytest.mark.parametrize("wrong", [week(0).to_pandas(), None, "p.csv", {}], ids=["pandas", "none", "text", "dict"])
def test_a_replacement_is_a_panel_or_a_frame(tmp_path: Path, wrong: Any) -> None:
    store = SnapshotStore(tmp_path)
    made = store.add(week(0))
    with pytest.raises(PanelError, match="snapshot: must be a Panel or a Polars frame, got"):
        store.replace(made, wrong, reason="x")
    with pytest.raises(InvalidArgumentError, match=r"old must be one of store\.snapshots, got '2026-03-02'"):
        store.replace("2026-03-02", week(0), reason="x")  # type: ignore[arg-type]
    assert store.replace(made, week(0, (1, 2)).drop("observed_at"), reason="x").observed_at == MONDAY


def test_several_days_are_one_observation_if_a_time_is_given(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    frame = week(0).with_columns(observed_at=pl.Series([MONDAY, MONDAY + dt.timedelta(days=1)]))
    with pytest.raises(PanelError, match=r"on 2 days, 2026-03-02 to 2026-03-03 \(.* or give observed_at= if it is one"):
        store.add(frame)
    with pytest.raises(PanelError, match=r"column observed_at: is null in 1 row\(s\) \(give observed_at=\)"):
        store.add(week(0).with_columns(observed_at=pl.Series([MONDAY, None])))
    assert store.add(frame, observed_at=MONDAY).models == 2


def test_an_export_to_a_folder_that_is_read_only_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SnapshotStore(tmp_path / "store")
    store.add(week(0))

    def refused(*_: Any, **__: Any) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OutputError, match=r"p\.parquet cannot be written: Read-only file system"):
        store.export(tmp_path / "p.parquet")


@pytest.mark.parametrize("action", ["recover", "upgrade", "compact"])
def test_a_misspelt_folder_does_not_become_a_store(
    tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("none", "empty"):
        with pytest.raises(StoreError, match=r"has no manifest\.json and no snapshot; give the folder of a store"):
            getattr(SnapshotStore(tmp_path / name), action)()
        assert main(["history", action, str(tmp_path / name)]) in (1, 2)
        assert "error: " in capsys.readouterr().err
    assert [(path.name, [*path.iterdir()]) for path in tmp_path.iterdir()] == [("empty", [])]
