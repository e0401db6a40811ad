"""The files of a store: their names, their hashes, and the one folder that contains them."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import os
import re
import uuid
from pathlib import Path
from typing import Final

from ossgeo.errors import StoreError

MANIFEST: Final = "manifest.json"
LOCK: Final = ".lock"
CHECKPOINT: Final = ".collecting"
MARK: Final = ".removed"
"""Ending of a file beside a snapshot that keeps its removal, with the reason, if the manifest is lost."""

_SNAPSHOT: Final = re.compile(r"date=(\d{4}-\d{2}-\d{2})/(\d{8}T\d{12})Z(?:-([1-9]\d{0,5}))?\.parquet")
_MODELS: Final = re.compile(r"models-[0-9a-f]{32}\.parquet")
_INSTANT: Final = "%Y%m%dT%H%M%S%f"
_TEMPORARY: Final = re.compile(
    r"\.(\d{8}T\d{12}Z(-\d+)?\.parquet(\.removed)?|manifest\.json|models-[0-9a-f]{32}\.parquet)\.[0-9a-f]{32}"
)


def snapshot_name(observed_at: dt.datetime, revision: int = 1) -> str:
    """Return the name of the file of a snapshot within its store.

    Args:
        observed_at: The time of the observation (UTC).
        revision: 1, or a higher number for a snapshot that replaces one of the same time.

    Example:
        >>> snapshot_name(dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC))
        'date=2026-08-03/20260803T060000000000Z.parquet'
    """
    suffix = "" if revision == 1 else f"-{revision}"
    return f"date={observed_at.date()}/{observed_at.strftime(_INSTANT)}Z{suffix}.parquet"


def parse_snapshot_name(name: str) -> tuple[dt.datetime, int] | None:
    """Return the time of the observation and the revision that a name states; None if it is not a snapshot's name.

    Args:
        name: Path within the store, with forward slashes.
    """
    found = _SNAPSHOT.fullmatch(name)
    if found is None:
        return None
    try:
        instant = dt.datetime.strptime(found[2], _INSTANT).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    revision = int(found[3] or 1)
    return (instant, revision) if snapshot_name(instant, revision) == name else None


def next_revision(folder: Path, observed_at: dt.datetime) -> int:
    """Return the first revision of a time that is higher than those of all files.

    Args:
        folder: The store.
        observed_at: The time of the observation (UTC).
    """
    day = folder / snapshot_name(observed_at)
    names = (parse_snapshot_name(f"{day.parent.name}/{file.name}") for file in day.parent.glob("*.parquet"))
    return max((found[1] for found in names if found is not None and found[0] == observed_at), default=0) + 1


def snapshot_files(folder: Path) -> list[str]:
    """Return the Parquet files in the folders of dates, whatever they are.

    Args:
        folder: The store.
    """
    return [file.relative_to(folder).as_posix() for file in sorted(folder.glob("date=*/*.parquet"))]


def new_models_name() -> str:
    """Return a new name for a table of models."""
    return f"models-{uuid.uuid4().hex}.parquet"


def is_models_name(name: str) -> bool:
    """Return whether a file name is that of a table of models.

    Args:
        name: The file name.
    """
    return _MODELS.fullmatch(name) is not None


def temporary(path: Path) -> Path:
    """Return a temporary name beside a file, to be replaced by the final one.

    Args:
        path: The file.
    """
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}")


def remove_temporary_files(folder: Path) -> None:
    """Remove the temporary files of a writer that was killed. Nothing else is ever removed from a folder of snapshots.

    Args:
        folder: The store.
    """
    for file in (*folder.glob("date=*/.*"), *folder.glob(f".{MANIFEST}.*"), *folder.glob(".models-*")):
        if _TEMPORARY.fullmatch(file.name) and not file.is_symlink() and not file.parent.is_symlink():
            file.unlink(missing_ok=True)


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file of a store.

    Args:
        folder: The store.
        name: Path within it.

    Raises:
        StoreError: The path leads out of the folder, such as a symbolic link to a file elsewhere.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StoreError(f"{path} leads out of the store; replace the link with a copy of the file")
    return path


def problem_of(path: Path, sha256: str, *, again: bool = False) -> str | None:
    """Return the difference between a file and its SHA-256 in the manifest; None if there is none.

    A process hashes a file once, and again only if its size, time or inode changed.

    Args:
        path: The file.
        sha256: The SHA-256 in the manifest.
        again: Whether to hash the file even if nothing about it changed.
    """
    try:
        state = path.stat()
        if again:
            _sha256_of_state.cache_clear()
        found = _sha256_of_state(path, state.st_size, state.st_mtime_ns, state.st_ino)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if found == sha256 else f"was changed or cut: its SHA-256 is {found[:12]}, not {sha256[:12]}"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@functools.lru_cache(maxsize=10_000)
def _sha256_of_state(path: Path, size: int, modified: int, inode: int) -> str:  # they are the key
    return sha256_of(path)


def write_atomically(path: Path, text: str) -> None:
    """Write a text file: before the last step the old file is there, after it the new one.

    Args:
        path: The file.
        text: Its content.
    """
    fresh = temporary(path)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Have the system write a file or a folder to the disk.

    Args:
        path: The file or folder.
    """
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
