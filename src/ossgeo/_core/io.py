"""Results on their way to a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from ossgeo.errors import OutputError


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Tell where a result could not be written, if writing fails within.

    Args:
        path: Where to.

    Raises:
        OutputError: The path cannot be written.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        said = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise OutputError(f"{path} cannot be written: {said}; choose a file in a folder that is there") from error


def require_place(path: str | Path) -> None:
    """Tell at once that a file cannot be written somewhere, before the work for it is done.

    Args:
        path: Where to.

    Raises:
        OutputError: It is a folder, or its folder is not there.
    """
    place = Path(path)
    if place.is_dir():
        raise OutputError(f"{place} is a folder; name a file in it, such as {place / 'result'}")
    if not place.parent.is_dir():
        raise OutputError(f"{place} cannot be written: there is no folder {place.parent}; make it, or choose another")
