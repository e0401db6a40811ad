"""Files of datasets on the Hub: downloaded once into the Hub's cache, or read in parts over the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo._core.engines import needs_extra
from ossgeo.errors import SourceFormatError, SourceUnavailableError


@contextmanager
def as_source_errors(what: str) -> Iterator[None]:
    """Raise every failure to reach a dataset as one kind of error, with its cause.

    Args:
        what: The dataset and file, for the message.

    Raises:
        SourceUnavailableError: It cannot be reached.
    """
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        yield
    except (SourceUnavailableError, SourceFormatError):
        raise
    except LocalEntryNotFoundError as error:
        raise SourceUnavailableError(f"{what} is not in the cache, and the Hub cannot be reached") from error
    except OfflineModeIsEnabled as error:
        raise SourceUnavailableError(f"{what}: the Hub's offline mode is on (HF_HUB_OFFLINE)") from error
    except (HfHubHTTPError, httpx2.HTTPError, OSError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SourceUnavailableError(f"{what} cannot be reached: {first}") from error


def download(
    repository: str, file: str, *, revision: str | None, endpoint: str | None, token: str | bool | None
) -> Path:
    """Return a file of a dataset, from the Hub's cache if it is there.

    Args:
        repository: The dataset.
        file: The file in it.
        revision: Branch, tag or commit; a commit that is cached makes no request.
        endpoint: Scheme and host; None for huggingface_hub's own.
        token: See ``Hub``.

    Raises:
        SourceUnavailableError: It cannot be reached.
    """
    from huggingface_hub import hf_hub_download

    with as_source_errors(f"{repository}/{file}"):
        return Path(
            hf_hub_download(repository, file, repo_type="dataset", revision=revision, endpoint=endpoint, token=token)
        )


class _CountedFile:
    """A file whose reads move a progress bar."""

    def __init__(self, file: Any, bar: Any) -> None:
        self._file, self._bar = file, bar

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._file.read(size)
        self._bar.update(len(data))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def scan_remote(
    files: list[str], *, endpoint: str | None, token: str | bool | None, progress: bool = False
) -> pl.LazyFrame:
    """Scan remote Parquet files of datasets: only the needed columns are read, by range requests.

    Args:
        files: Paths ``datasets/<owner>/<name>/<file>`` of the Hub's file system.
        endpoint: Scheme and host; None for huggingface_hub's own.
        token: See ``Hub``.
        progress: Whether to show the bytes that are read.

    Raises:
        SourceUnavailableError: They cannot be reached.
        EngineError: PyArrow, which reads by ranges, is not installed.
    """
    from huggingface_hub import HfFileSystem
    from huggingface_hub.utils import tqdm

    with needs_extra("far"):
        import pyarrow.dataset
        import pyarrow.fs

    class Handler(pyarrow.fs.FSSpecHandler):  # type: ignore[misc]  # PyArrow has no types
        """A file system whose reads move the progress bar."""

        def open_input_file(self, path: str) -> Any:
            return pyarrow.PythonFile(_CountedFile(self.fs.open(path, mode="rb"), bar), mode="r")

    shown: Any = tqdm
    with as_source_errors(files[0]):
        bar = shown(unit="B", unit_scale=True, desc=f"reading {files[0]}", disable=not progress)
        system = pyarrow.fs.PyFileSystem(Handler(HfFileSystem(endpoint=endpoint, token=token)))
        return pl.scan_pyarrow_dataset(pyarrow.dataset.dataset(files, filesystem=system, format="parquet"))


def require_columns(frame: pl.LazyFrame, needed: tuple[str, ...], where: str) -> None:
    """Check that a file has the columns of its published schema.

    Args:
        frame: The scan.
        needed: The columns.
        where: The file, for the message.

    Raises:
        SourceUnavailableError: The file does not exist.
        SourceFormatError: Columns are missing; all are named.
    """
    try:
        names = frame.collect_schema().names()
    except FileNotFoundError as error:
        raise SourceUnavailableError(f"{where} does not exist") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceFormatError(f"{where} must be a Parquet file: {error}") from error
    if missing := [name for name in needed if name not in names]:
        raise SourceFormatError(f"{where} has no column {', '.join(missing)}; it has {', '.join(names)}")


def instant_of(frame: pl.LazyFrame, name: str) -> pl.Expr:
    """Return a column of dates or texts as instants in UTC.

    Args:
        frame: The scan.
        name: The column.
    """
    kind = frame.collect_schema()[name]
    column = pl.col(name)
    if kind == pl.String:
        return column.str.to_datetime(time_unit="us", time_zone="UTC")
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
