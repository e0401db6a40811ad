"""Results reach their file whole, or not at all."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo._core.io import reason_of, writing
from ossgeo.errors import OssgeoError, OutputError, SourceFormatError
from ossgeo.sources import SnapshotStore


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text("old")

    def fail() -> None:
        with writing(file) as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left on device; free some space, or choose another disk"):
        fail()
    assert (file.read_text(), [one.name for one in tmp_path.iterdir()]) == ("old", ["table.csv"])


def test_a_file_is_replaced_with_its_permissions_and_links(tmp_path: Path) -> None:
    file, link = tmp_path / "table.csv", tmp_path / "link.csv"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with writing(link) as temporary:
        temporary.write_text("new")
        assert file.read_text() == "old"
    assert (file.read_text(), link.is_symlink(), file.stat().st_mode & 0o777) == ("new", True, 0o640)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="choose a file in an existing folder"), writing(tmp_path / "no/x") as path:
        path.write_text("x")


def test_a_device_is_written_directly() -> None:
    with writing("/dev/null") as path:
        assert path == Path("/dev/null")


def test_a_panic_of_the_reader_is_an_error_of_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """As Polars raises it: not of the class Exception."""

    def panic(_: object) -> None:
        raise PanicException("entered unreachable code")

    monkeypatch.setattr("ossgeo.shares._table_io.read_parts", panic)
    with pytest.raises(SourceFormatError, match="is damaged; take the original file"):
        ossgeo.ShareTable.read(tmp_path / "a.parquet")


def test_a_full_disk_is_named_in_one_way() -> None:
    assert reason_of(OSError(28, "No space left on device")) == "No space left on device"
    text = "parquet: File out of specification: underlying IO error: No space left on device (os error 28)\n\nat"
    assert reason_of(pl.exceptions.ComputeError(text)) == "No space left on device"
    assert reason_of(pl.exceptions.ComputeError("a\nb")) == "a"
    assert reason_of(OSError()) == "OSError"


def store_of_one_day(folder: Path) -> SnapshotStore:
    rows = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-01"] * 2, "downloads_30d": [5, 3]})
    store = SnapshotStore(folder)
    store.add(ossgeo.read_panel(rows))
    return store


def suggestions() -> ossgeo.review.Suggestions:
    rows = [("who", 5.0, "user", None, None, None, "who/a")]
    columns = ["namespace", "value", "account_type", "name", "members", "details", "model"]
    return ossgeo.review.Suggestions(pl.DataFrame(rows, schema=columns, orient="row"), "downloads")


SHARES = ossgeo.measure(ossgeo.load_sample())
WRITERS: dict[str, Callable[[Path], object]] = {
    "export": lambda folder: ossgeo.review.export(ossgeo.Registry.default(), folder),
    "suggest": lambda folder: suggestions().write(folder),
    "csv": lambda folder: SHARES.write_csv(folder / "table.csv"),
    "owid": lambda folder: SHARES.write_owid(folder / "table.csv"),
    "aggregate": lambda folder: ossgeo.shares.IncrementalAggregate.of(ossgeo.load_sample()).write(folder),
    "store": lambda folder: SnapshotStore(folder).put({"README.md": b"# Downloads", "aggregate.bin": bytes(5000)}),
}


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit here")
@pytest.mark.parametrize("writer", WRITERS)
def test_of_files_that_belong_together_all_are_written_or_none(writer: str, tmp_path: Path) -> None:
    import resource

    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
        if writer == "store":
            store_of_one_day(folder)
    before = {file.name for file in cut.iterdir()}
    WRITERS[writer](whole)
    written = {file.name: file.stat().st_size for file in whole.iterdir() if file.name not in before}
    assert len(written) > 1
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(written.values()) * 9 // 10, limits[1]))
    try:
        with pytest.raises(OssgeoError, match="cannot be written: File too large"):
            WRITERS[writer](cut)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {file.name for file in cut.iterdir()} == before
