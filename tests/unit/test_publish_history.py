"""A published history: the card, the aggregate and the workflow beside the snapshots."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo.cli import main
from ossgeo.errors import InvalidArgumentError, StoreError
from ossgeo.reports import publish
from ossgeo.sources import SnapshotStore

START = dt.datetime(2026, 3, 2, 6, tzinfo=dt.UTC)


@pytest.fixture
def store(tmp_path: Path) -> SnapshotStore:
    made = SnapshotStore(tmp_path / "store")
    for week in range(3):
        frame = pl.DataFrame(
            {"model_id": ["Qwen/a", "google/b"], "downloads_30d": [10 + week, 20], "license": ["mit", "x"]}
        )
        made.add(frame, observed_at=START + dt.timedelta(weeks=week), scope="two models")
    made.gap("2026-03-17", "2026-03-20", reason="off")
    return made


def configs(card: str) -> dict[str, str]:
    lines = card.split("---\n")[1].splitlines()
    names = [line.removeprefix("- config_name: ") for line in lines if line.startswith("- config_name")]
    files = [line.removeprefix("  data_files: ") for line in lines if line.startswith("  data_files")]
    return dict(zip(names, files, strict=True))


def test_every_configuration_names_files_of_one_schema(store: SnapshotStore) -> None:
    before = store.verify()
    assert publish(store, title="A history", license="cc-by-4.0") == ("README.md", "aggregate.parquet", "collect.yml")
    card = (store.path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\npretty_name: A history\nlicense: cc-by-4.0\nconfigs:\n")
    named = configs(card)
    assert list(named) == ["aggregate", "snapshots", "models", "facts"]
    for pattern in named.values():
        assert (
            pl.scan_parquet(store.path / pattern, missing_columns="insert", extra_columns="ignore").collect().height > 0
        )
    assert "3 snapshots from 2026-03-02 to 2026-03-16, 2 models" in card
    assert "- no observation from 2026-03-17 to 2026-03-20: off" in card
    table = ossgeo.ShareTable.read(store.path / "aggregate.parquet")
    assert table.at(period="2026-03-16") == ossgeo.measure(store.panel(), by=("country", "organization")).at(
        period="2026-03-16"
    )
    assert (store.path / "aggregate.parquet").stat().st_size < 1_000_000
    workflow = (store.path / "collect.yml").read_text(encoding="utf-8")
    assert "HF_TOKEN: ${{ secrets.HF_TOKEN }}" in workflow
    assert "python -m ossgeo collect hf://datasets/OWNER/NAME" in workflow
    assert store.verify() == before == ()
    assert len(store.snapshots) == 3


def test_what_cannot_be_published(store: SnapshotStore, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="title must be one line of text"):
        publish(store, title="a\nb")
    with pytest.raises(StoreError, match="has no snapshot"):
        publish(SnapshotStore(tmp_path / "none"), title="x")
    for name in ("manifest.json", "../x", "data", "a/b", ""):
        with pytest.raises(InvalidArgumentError, match="files must have names such as"):
            store.put({name: b""})


def test_the_shell_publishes(store: SnapshotStore, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "publish", str(store.path)]) == 2
    assert "--title must be given with publish" in capsys.readouterr().err
    assert main(["history", "publish", str(store.path), "--title", "Mine"]) == 0
    assert "README.md\naggregate.parquet\ncollect.yml" in capsys.readouterr().out
