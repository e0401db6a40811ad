"""Writing results to files: atomically, with one kind of error."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from ossgeo.errors import OutputError


def reason_of(error: BaseException) -> str:
    """Return why a file could not be written; a full disk in the words of the operating system.

    Args:
        error: The error of the operating system, or of a library that wrote the file.
    """
    text: str = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
    full = os.strerror(errno.ENOSPC)
    return full if full in text else text


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of a file, and replace the file by it if the block ends without an error.

    A reader of the path sees the old file or the whole new one, also if the disk is full or the process is killed. Devices
    and pipes are written directly.

    Args:
        path: The file.

    Yields:
        The path to write to.

    Raises:
        OutputError: The file cannot be written; the old file is unchanged.
    """
    target = Path(path)
    try:
        target = target.resolve()  # a link is kept, and its target replaced
        if target.exists() and not target.is_file():
            yield target
            return
        temporary = target.with_name(f".ossgeo-{uuid.uuid4().hex}.tmp")
        try:
            yield temporary
            if temporary.exists():
                _replace(target, temporary)
        finally:
            temporary.unlink(missing_ok=True)
    except OutputError:  # of a file that is written at the same time
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = reason_of(error)
        full = reason == os.strerror(errno.ENOSPC)
        remedy = (
            "free some space, or choose another disk"
            if full
            else "choose a file in an existing folder that can be written"
        )
        raise OutputError(f"{path} cannot be written: {reason}; {remedy}") from error


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write several files that belong together: none of them is replaced if one cannot be written.

    They are replaced in the reverse order, so that a reader who sees the first one new sees all of them.

    Args:
        files: The content of each file.

    Raises:
        OutputError: A file cannot be written; the old files are unchanged.
    """
    with ExitStack() as stack:
        for path, content in files.items():
            stack.enter_context(writing(path)).write_bytes(content)


def _replace(target: Path, temporary: Path) -> None:
    """Replace a file by a temporary one whose content is on the disk; the file keeps its permissions."""
    with temporary.open("r+b") as file:
        os.fsync(file.fileno())
    if target.exists():
        shutil.copymode(target, temporary)
    temporary.replace(target)


def made_folder(folder: str | Path) -> Path:
    """Return a folder for results, which is created if it does not exist.

    Args:
        folder: The folder.

    Raises:
        OutputError: It cannot be created, or a file has its name.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be created: {error.strerror}; name a folder") from error
    return Path(folder)


def require_place(path: str | Path) -> None:
    """Raise if a file cannot be written at a path, before the work for it is done.

    Args:
        path: The file.

    Raises:
        OutputError: It is a folder, or its folder does not exist.
    """
    place = Path(path)
    if place.is_dir():
        raise OutputError(f"{place} is a folder; name a file in it, such as {place / 'result'}")
    if not place.parent.is_dir():
        raise OutputError(
            f"{place} cannot be written: the folder {place.parent} does not exist; create it or choose another"
        )
