"""Writing a store again: from layout 1, or in its best form. Everything is compared before anything is removed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import polars as pl

from ossgeo._core.io import reason_of
from ossgeo._core.schema import COUNTERS
from ossgeo.errors import StoreError
from ossgeo.sources._hub.parts import ROW_GROUP, UNCHANGED
from ossgeo.sources._store import contents, layout_1
from ossgeo.sources._store.checks import require_undamaged
from ossgeo.sources._store.encoding import Encoder
from ossgeo.sources._store.layout import (
    COMPLETE,
    DATA,
    FACTS,
    MANIFEST,
    MARK,
    MODELS,
    data_folders,
    inside,
    next_data,
    remove_temporary_files,
    sha256_of,
    stem_in,
    sync,
    temporary,
    write_atomically,
)
from ossgeo.sources._store.manifest import Manifest, Snapshot, write_manifest
from ossgeo.sources._store.reading import observed


def rebuild(folder: Path, manifest: Manifest) -> Manifest:
    """Write every snapshot again into a new folder of data, compare both, and let the manifest name the new one.

    The files of layout 1 are removed afterwards; those of a folder of data a week later, because panels may read them.

    Args:
        folder: The store.
        manifest: The content of the manifest.

    Returns:
        The content of the new manifest.

    Raises:
        StoreError: A file is missing or damaged, the new files differ from the old ones, or they cannot be written.
    """
    require_undamaged(folder, manifest.snapshots)
    if manifest.layout > 1:
        require_undamaged(folder, manifest.snapshots, MODELS, FACTS)
    if manifest.layout == 1:
        remove_temporary_files(folder)
        for name in data_folders(folder):
            shutil.rmtree(folder / name)  # of a process that was killed
    data = DATA if manifest.layout == 1 else next_data(folder)
    try:
        written = _written(folder, manifest, data)
        _require_equal(folder, manifest, written)
        old = layout_1.files(folder) if manifest.layout == 1 else []
        hashes = {file.relative_to(folder).as_posix(): sha256_of(file) for file in old}
        write_atomically(folder / data / COMPLETE, json.dumps(hashes))
        write_manifest(folder, written)
    except (OSError, pl.exceptions.PolarsError) as error:
        shutil.rmtree(folder / data, ignore_errors=True)
        if isinstance(error, StoreError):
            raise
        raise StoreError(f"{folder / data} cannot be written: {reason_of(error)}; {UNCHANGED}") from error
    remove_replaced(folder, data)
    return written


def remove_replaced(folder: Path, data: str) -> None:
    """Remove the files of layout 1 that a folder of data replaced, as far as they are unchanged.

    Args:
        folder: The store.
        data: The folder of data that the manifest names.
    """
    mark = folder / data / COMPLETE
    hashes = json.loads(mark.read_text(encoding="utf-8") or "{}") if mark.is_file() else {}
    if not hashes:
        return
    for name, sha256 in hashes.items():
        file = inside(folder, name)
        if file.is_file() and sha256_of(file) == sha256:
            file.unlink()
            if file.parent != folder and not any(file.parent.iterdir()):
                file.parent.rmdir()
    write_atomically(mark, "{}")


def layout_1_of(folder: Path) -> Manifest:
    """Return what the snapshots of a store of layout 1 state, if its manifest is lost.

    Args:
        folder: The store.

    Raises:
        StoreError: The folder has none.
    """
    found = []
    for file in (one for one in layout_1.files(folder) if one.suffix == ".parquet" and one.parent != folder):
        rows = pl.scan_parquet(file, glob=False, hive_partitioning=False)
        counted = [name for name in COUNTERS if name in rows.collect_schema()]
        models, instant, *sums = (
            rows.select(pl.len(), pl.col("observed_at").max(), pl.col(counted).sum()).collect().row(0)
        )
        mark = file.with_name(file.name + MARK)
        found.append(Snapshot(
            date=instant.date(), observed_at=instant, file=file.relative_to(folder).as_posix(), source="recovered",
            models=models, totals=dict(zip(counted, sums, strict=True)), sha256=sha256_of(file), schema=1, issues={}, note="",
            ossgeo="", removed=mark.read_text(encoding="utf-8") or "removed" if mark.is_file() else "",
        ))  # fmt: skip
    if not found:
        raise StoreError(f"{folder} has no {MANIFEST}, and no snapshot of layout 1; give the folder of a store")
    return Manifest(found, data="", layout=1)


def _written(folder: Path, manifest: Manifest, data: str) -> Manifest:
    """Write every snapshot, by time, those that are not used as well."""
    new = Manifest(data=data, gaps=manifest.gaps)
    (folder / data).mkdir(parents=True)
    for one in manifest.snapshots:
        with _observation(folder, manifest, one, data) as raw:
            encoder = Encoder(folder, new, raw, one.observed_at, stem_in(one.file), one.source, one.scope, one.note,
                              removed=one.removed)  # fmt: skip
            made = attrs.evolve(encoder.write(), issues=one.issues, ossgeo=one.ossgeo)
        if one.removed:
            write_atomically(inside(folder, made.file + MARK), one.removed)
        new = new.with_snapshots([made])
    return new


@contextmanager
def _observation(folder: Path, manifest: Manifest, snapshot: Snapshot, data: str) -> Iterator[Path]:
    """Give a file with a snapshot as it was observed."""
    if manifest.layout == 1:
        yield inside(folder, snapshot.file)
        return
    path = temporary(folder / data / "raw.parquet")
    try:
        observed(folder, manifest, snapshot).write_parquet(path, compression="zstd", row_group_size=ROW_GROUP)
        sync(path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _require_equal(folder: Path, old: Manifest, new: Manifest) -> None:
    """Raise if a snapshot, or the facts about the models, are not the same in both.

    Raises:
        StoreError: With the snapshot.
    """
    for before, after in zip(old.snapshots, new.snapshots, strict=True):
        frames = []
        for manifest, one in ((old, before), (new, after)):
            frame = observed(folder, manifest, one).sort("model_id")
            frames.append(frame.drop(name for name in frame.columns if not frame[name].count()))
        if not frames[0].equals(frames[1].select(frames[0].columns)) or frames[0].width != frames[1].width:
            raise StoreError(f"{before.file} would differ from {after.file}; {UNCHANGED}; please report it")
    if old.used:
        tables = [_models(folder, manifest) for manifest in (old, new)]
        if not tables[0].equals(tables[1].select(tables[0].columns)):
            raise StoreError(f"the models of {folder} would differ; {UNCHANGED}; please report it")


def _models(folder: Path, manifest: Manifest) -> pl.DataFrame:
    if manifest.layout == 1:
        table = layout_1.models_of([inside(folder, one.file) for one in manifest.used]).collect()
    else:
        table = contents.models_of(folder, manifest, manifest.used).collect()
    return table.sort("model_id")
