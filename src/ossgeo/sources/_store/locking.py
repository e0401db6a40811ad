"""One writer at a time, and one error for everything that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from ossgeo._core.io import reason_of
from ossgeo.errors import InvalidArgumentError, StoreError
from ossgeo.sources._hub.parts import UNCHANGED
from ossgeo.sources._store.layout import LOCK


@contextmanager
def locked(folder: Path, wait: float) -> Iterator[None]:
    """Let one writer in at a time; the system frees the lock of a process that dies.

    Args:
        folder: The store.
        wait: Seconds to wait for another writer.

    Raises:
        StoreError: The folder cannot be written, or another process writes to it for longer.
        InvalidArgumentError: ``wait`` is negative.
    """
    from filelock import FileLock, Timeout

    if not isinstance(wait, int | float) or not wait >= 0:  # the lock's -1 is without limit
        raise InvalidArgumentError(f"wait must be a number of seconds from 0 on, got {wait!r}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=wait)
        lock.acquire()
    except Timeout as error:
        raise StoreError(
            f"{folder} is being written by another process; waited {wait:.0f} s: try again, or give more wait="
        ) from error
    except OSError as error:
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file; name the folder of a store") from error
        raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def as_store_errors(target: Path) -> Iterator[None]:
    """Raise a StoreError for what cannot be written: a full disk or a read-only folder loses nothing."""
    try:
        yield
    except StoreError:
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{target} cannot be written: {reason_of(error)}; {UNCHANGED}") from error
