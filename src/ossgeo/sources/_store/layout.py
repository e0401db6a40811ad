"""The files of a store: their names, their hashes, and the one folder that contains them."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import os
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ossgeo.errors import StoreError

MANIFEST: Final = "manifest.json"
LOCK: Final = ".lock"
CHECKPOINT: Final = ".collecting"
MARK: Final = ".removed"
"""Ending of a file beside a snapshot that keeps its removal, with the reason, if the manifest is lost."""

DATA: Final = "data"
"""The folder of the files of a store; ``compact()`` makes ``data-2``, ``data-3``, ..."""

SNAPSHOTS, MODELS, FACTS = "snapshots", "models", "facts"
KINDS: Final = (SNAPSHOTS, MODELS, FACTS)
"""The folders within it."""

COMPLETE: Final = "complete"
"""A file in a folder of data that ``upgrade()`` or ``compact()`` wrote completely."""

_POINTER: Final = b"version https://git-lfs"
_LARGEST_POINTER: Final = 1024
_STEM: Final = re.compile(r"(\d{8}T\d{12})Z(?:-([1-9]\d{0,5}))?")
_INSTANT: Final = "%Y%m%dT%H%M%S%f"
_DATA: Final = re.compile(r"data(?:-([1-9]\d{0,5}))?")
_NAME: Final = re.compile(
    rf"(?P<data>{_DATA.pattern})/(?P<kind>snapshots|models|facts)/(?P<stem>{_STEM.pattern})(?:\.shifted)?\.parquet"
)
_TEMPORARY: Final = re.compile(
    r"\.((raw|\d{8}T\d{12}Z(-\d+)?(\.shifted)?)\.parquet(\.removed)?|manifest\.json|complete)\.[0-9a-f]{32}"
)


def stem_of(observed_at: dt.datetime, revision: int = 1) -> str:
    """Return the name of the files of a snapshot, without folder and ending.

    Args:
        observed_at: The time of the observation (UTC).
        revision: 1, or a higher number for a snapshot that replaces one of the same time.

    Example:
        >>> stem_of(dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC))
        '20260803T060000000000Z'
    """
    return f"{observed_at.strftime(_INSTANT)}Z{'' if revision == 1 else f'-{revision}'}"


def parse_stem(stem: str) -> tuple[dt.datetime, int] | None:
    """Return the time of the observation and the revision that a name states; None if it is not a snapshot's name.

    Args:
        stem: The name, without folder and ending.
    """
    found = _STEM.fullmatch(stem)
    if found is None:
        return None
    try:
        instant = dt.datetime.strptime(found[1], _INSTANT).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    revision = int(found[2] or 1)
    return (instant, revision) if stem_of(instant, revision) == stem else None


def name_of(data: str, kind: str, stem: str) -> str:
    """Return the path of a file within its store.

    Args:
        data: The folder of the files.
        kind: One of :data:`KINDS`.
        stem: The name of the snapshot's files.
    """
    return f"{data}/{kind}/{stem}.parquet"


def stem_in(name: str) -> str:
    """Return the name of the snapshot whose file this is.

    Args:
        name: Path within the store, or a file name.
    """
    return name.rpartition("/")[2].partition(".")[0]


def is_file_of(name: str, kind: str, data: str) -> bool:
    """Return whether a path within a store is that of a file of one kind.

    Args:
        name: Path within the store, with forward slashes.
        kind: One of :data:`KINDS`.
        data: The folder of the files.
    """
    found = _NAME.fullmatch(name)
    return (
        found is not None and (found["data"], found["kind"]) == (data, kind) and parse_stem(found["stem"]) is not None
    )


def is_data(name: str) -> bool:
    """Return whether a name is that of a folder of data.

    Args:
        name: The name.
    """
    return _DATA.fullmatch(name) is not None


def data_folders(folder: Path) -> list[str]:
    """Return the folders of data of a store, the newest last.

    Args:
        folder: The store.
    """
    found = ((int(match[1] or 1), file.name) for file in folder.glob("data*") if (match := _DATA.fullmatch(file.name)))
    return [name for _, name in sorted(found)]


def next_data(folder: Path) -> str:
    """Return a folder of data that does not exist yet.

    Args:
        folder: The store.
    """
    there = data_folders(folder)
    return f"{DATA}-{int(there[-1].partition('-')[2] or 1) + 1}" if there else DATA


def files_of(folder: Path, data: str, kind: str) -> list[str]:
    """Return the Parquet files of one kind, whatever they are.

    Args:
        folder: The store.
        data: The folder of the files.
        kind: One of :data:`KINDS`.
    """
    return [
        f"{data}/{kind}/{file.name}" for file in sorted((folder / data / kind).glob("*.parquet")) if file.name[0] != "."
    ]


def temporary(path: Path) -> Path:
    """Return a temporary name beside a file, to be replaced by the final one.

    Args:
        path: The file.
    """
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}")


def remove_temporary_files(folder: Path) -> None:
    """Remove the temporary files of a writer that was killed.

    Args:
        folder: The store.
    """
    for place in (folder, *_data_places(folder)):
        for file in place.glob(".*"):
            if _TEMPORARY.fullmatch(file.name) and not file.is_symlink() and not place.is_symlink():
                file.unlink(missing_ok=True)


def _data_places(folder: Path) -> Iterator[Path]:
    for name in data_folders(folder):
        yield folder / name
        yield from (folder / name / kind for kind in KINDS)


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
    if found != sha256 and state.st_size < _LARGEST_POINTER and path.read_bytes().startswith(_POINTER):
        return "was not downloaded: it is a pointer of Git LFS"
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


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a small file: before the last step the old file is there, after it the new one.

    Args:
        path: The file.
        content: Its content.
    """
    fresh = temporary(path)
    try:
        with fresh.open("wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
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
