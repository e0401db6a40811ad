"""``read_panel`` and ``read_models``: files, folders and dataframes become panels and tables of models."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import polars as pl

from ossgeo._core import engines
from ossgeo._core.boundary import reads_data
from ossgeo._core.counter import Counter
from ossgeo._core.dates import Day, day_of
from ossgeo.errors import EngineError, Fault, InvalidArgumentError, OssgeoWarning, PanelError
from ossgeo.panel._panel import Panel
from ossgeo.registry._facts import HUGGING_FACE
from ossgeo.registry._registry import Registry
from ossgeo.sources._files.columns import Choice
from ossgeo.sources._files.decoding import check_encoding
from ossgeo.sources._files.dimensions import checked_dimensions
from ossgeo.sources._files.formats import RawTable
from ossgeo.sources._files.locations import located
from ossgeo.sources._files.parts_of_total import absent_residuals, with_remainder
from ossgeo.sources._files.reading import Reading, raw_file, raw_frame
from ossgeo.sources._files.ready_models import ready_models
from ossgeo.sources._files.remote_files import is_remote
from ossgeo.sources._store.snapshots import SnapshotStore


@reads_data
def read_panel(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    counter: Counter | str | None = None,
    models: Any = None,
    records: str | None = None,
    pattern: str | None = None,
    period_from: Literal["file"] | dt.date | str | None = None,
    date_format: str | None = None,
    wide: str | Sequence[str] | None = None,
    expand: str | None = None,
    ignore: Sequence[str] | None = None,
    encoding: str | None = None,
    dimensions: Sequence[str] | None = None,
    residual: str | Collection[str] | None = None,
    platform: str = HUGGING_FACE,
    scope: str | None = None,
    engine: Literal["polars", "duckdb", "spark"] | None = None,
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
) -> Panel:
    """Read a panel from files or a dataframe. The same rows give the same panel from any source.

    The Hub's own column names and common ones are known (see the reference of columns); ``columns`` names others. The separator
    of a CSV is that of its header. Lists in
    cells may be JSON, Python, or items between ``|`` or ``;``. Base models are taken from ``base_model:`` tags unless the source has
    such a column. Words for missing values (``NA``, ``null``, ``-`` and others) are missing. A value that cannot be
    read is an error with file, row and column; in columns that only describe models, such as ``likes`` or ``license``, it
    becomes null, and ``panel.scope`` says how many. Rows of datasets and spaces are left out and counted there, too.

    Files other than Parquet, and dataframes in memory, are read at once. Parquet files and lazy frames stay lazy. Folders
    named ``column=value`` (partitioned Parquet) are columns. Files and folders whose names begin with ``.`` or ``_`` are
    not data.

    Args:
        source: A CSV, TSV, JSON, JSON Lines, Markdown, Excel, SQLite or Parquet file (the text formats also as ``.gz`` or ``.zst``); a folder
            of such files; the ``https://`` address of a file; ``hf://datasets/OWNER/NAME/PATH`` for a file or folder on the
            Hub; a store of snapshots; a dataframe that Narwhals takes; or an object with ``__arrow_c_stream__``.
        columns: Source name and library's name, for example ``{"downloads_last_month": "downloads_30d"}``.
        counter: The counter to use if a source has two, or the meaning of a column ``downloads``: the Hub's API
            gives the trailing 30 days under that name. Any other quantity is an :class:`ossgeo.Counter`, such as
            ``Counter("tokens", kind="interval", days=7)``, or its name, ``tokens_per_7d``; its column is found by the
            counter's name (``tokens``, ``total_tokens``) or named by ``columns``. The date of a row is the last day of its
            interval; columns ``start`` and ``end`` hold the first and the last day, both included.
        models: A models table, in any form that ``read_models`` takes, a store of snapshots or a panel, if the rows have
            only counters.
        records: For SQLite: the table. For JSON: the key of the rows. Single values beside the rows, such as a date, apply to each row.
        pattern: The files of a folder, such as ``*.csv``.
        period_from: ``file``: the date in a file's name (or in a folder's below the source) is the period; one file is one
            snapshot. A date is the period of all rows.
        date_format: The strptime pattern of dates in columns and file names, or ``unix`` or ``unix_ms``; ISO 8601 by
            default. A pattern without a day means the first day of the month.
        wide: For a table with one column for each date or each model: these columns, or a pattern such as ``*``, which
            leaves known columns out. Empty cells are models that were not observed. Needs ``counter``.
        expand: A column of JSON objects whose keys become columns; columns beside it win.
        ignore: Columns of the source to leave out.
        encoding: The encoding of text files, such as ``cp1252`` or ``utf-16-le``; UTF-8 by default, or what a byte order mark
            says.
        dimensions: Further columns that results may be grouped by, such as ``["user_country", "app"]``: a model then has one
            row for each date and combination of their values. Names of countries become ISO codes in a column whose name
            ends in ``country``; a missing value is ``unknown``.
        residual: Ids of rows that represent all models that the source does not list, such as ``other``: part of every
            total, with the origin status ``residual``. ``panel.scope`` names an id that no row has.
        platform: The platform of the model ids, such as ``openrouter``: the registry has namespaces for each.
        scope: The coverage of the panel, in words; printed with every result.
        engine: Engine for Parquet files: ``polars``, ``duckdb``, or ``spark`` (the active session, or a new one).
        start: First period to read, a date or text such as ``2026-01-31``; all by default.
        end: Last period to read; all by default.

    Returns:
        The panel.

    Raises:
        SourceUnavailableError: The file or folder does not exist.
        PanelError: With every fault: file, row, column, value; at most a few for each column.
        InvalidArgumentError: An argument has a wrong type or value.
        EngineError: The source is not a dataframe, or the engine cannot read it.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"id": ["Qwen/Qwen3-8B"], "date": ["2026-08-14"], "downloads": [1000]})
        >>> read_panel(frame, counter="downloads_30d").periods
        (datetime.date(2026, 8, 14),)
    """
    counter = None if counter is None else Counter.parse(counter)
    _check_arguments(columns, ignore, date_format, encoding)
    _check_engine(engine)
    _check_platform(platform)
    further = checked_dimensions(dimensions)
    others = (residual,) if isinstance(residual, str) else tuple(residual or ())
    first, last = _range(start, end)
    by_file = isinstance(period_from, str) and period_from == "file"
    day = None if by_file or period_from is None else day_of(period_from, what="period_from, if not 'file',")
    stored = isinstance(source, str | Path) and not is_remote(source) and SnapshotStore.is_store(source)
    if by_file:
        _require_files(source, stored=stored)
    if stored:
        if further or others:
            raise InvalidArgumentError(
                "dimensions and residual must be None for a store of snapshots, which has neither"
            )
        return SnapshotStore(source).panel(first, last, counter=counter or "downloads_30d")
    choice = Choice(_by_text(columns), counter, tuple(ignore or ()), by_file or day is not None, dimensions=further)
    reading = Reading(
        choice, records=records, wide=wide, expand=expand, by_file=by_file, day=day, date_format=date_format,
        engine=engine or "polars", start=first, end=last, encoding=encoding,
    )  # fmt: skip
    place = located(source, pattern) if isinstance(source, str | Path) else None
    if place is not None:
        rows, found, notes = reading.files(place.files, place.path, place.title)
    else:
        rows, found, notes = reading.frame(source)
    measured = choice.measured(rows.collect_schema().names())
    given = found if models is None else _given_models(models, date_format)
    stated = "; ".join([*([scope] if scope else []), *notes, *absent_residuals(rows, others)])
    own = models is None and "namespace" not in reading.described
    identity = kept = None
    title = f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"
    if place is not None:
        identity = ",".join([place.identity, *(str(limit) for limit in (first, last) if limit is not None)])
        title, kept = place.title, place.kept
    rows, others = with_remainder(rows, measured, further, others, title)
    ids = reading.ids
    keyed = None if ids is None else ids.keyed
    panel = Panel.of(
        rows, given, counter=measured, identity=identity, source=title, scope=stated, dimensions=further,
        residual=others, platform=platform, kept=kept, own_models=own, keyed=keyed,
        counts=None if keyed is None else keyed.counts,
    )  # fmt: skip
    if place is not None and len(place.files) > 1:
        panel._with_files(partial(reading.files_with, place.files, place.path))
    return panel if ids is None else panel._with_known_ids(ids.snapshots, ids.namespaces)


def _given_models(models: Any, date_format: str | None) -> pl.LazyFrame:
    ready = ready_models(models)
    return read_models(models, date_format=date_format).lazy() if ready is None else ready


@reads_data
def read_models(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    records: str | None = None,
    pattern: str | None = None,
    date_format: str | None = None,
    expand: str | None = None,
    ignore: Sequence[str] | None = None,
    encoding: str | None = None,
) -> pl.DataFrame:
    """Read a list of models without counters, from any source that :func:`read_panel` takes.

    Args:
        source: A file, a folder, a dataframe, or an object with ``__arrow_c_stream__``.
        columns: Source name and library's name, for example ``{"publication_date": "created_at"}``.
        records: For JSON: the key of the rows; for SQLite: the table.
        pattern: The files of a folder, such as ``*.csv``.
        date_format: The strptime pattern of dates, or ``unix`` or ``unix_ms``; ISO 8601 by default.
        expand: A column of JSON objects whose keys become columns.
        ignore: Columns of the source to leave out.
        encoding: The encoding of text files; UTF-8 by default.

    Returns:
        One row for each row of the source, in its order, with the columns of the models table that the source has, and
        ``namespace``. Base models are taken from ``base_model:`` tags unless the source has such a column.

    Raises:
        SourceUnavailableError: The file or folder does not exist.
        PanelError: With every fault: file, row, column, value.
        InvalidArgumentError: An argument has a wrong type or value.

    Warns:
        OssgeoWarning: Values that only describe models are unreadable and become null, or rows of datasets and spaces are
            left out; with their number.

    Example:
        >>> read_models(pl.DataFrame({"id": ["Qwen/a"], "tags": ["['x', 'base_model:google/b']"]}))["base_models"].to_list()
        [[{'relation': 'unspecified', 'model_id': 'google/b'}]]
    """
    _check_arguments(columns, ignore, date_format, encoding)
    choice = Choice(_by_text(columns), None, tuple(ignore or ()), rows=False)
    reading = Reading(choice, records=records, expand=expand, date_format=date_format, encoding=encoding)
    if isinstance(source, str | Path):
        place = located(source, pattern)  # keeps the copies of remote files
        found = reading.models(place.files)
    else:
        found = reading.models_of_frame(source)
    if notes := reading.notes():
        warnings.warn("; ".join(notes), OssgeoWarning, stacklevel=3)  # above the boundary
    return found


def raw_table(source: Any, *, records: str | None = None, encoding: str | None = None) -> tuple[RawTable, str]:
    """Return the table of a file or dataframe as it is, and its title; rows of a CSV may lack their last cells.

    Args:
        source: A file, an address of a file, or a dataframe.
        records: For JSON: the key of the rows; for SQLite: the table.
        encoding: The encoding of text files; UTF-8 by default.

    Raises:
        SourceUnavailableError: The file does not exist or cannot be reached.
        PanelError: The file is damaged, or it is a folder with several files.
    """
    if not isinstance(source, str | Path):
        return raw_frame(source, "a dataframe"), "a dataframe"
    place = located(source, None)
    if len(place.files) > 1:
        raise PanelError.of(place.title, f"holds {len(place.files)} files", "give one of them")
    faults: list[Fault] = []
    found = raw_file(place.files[0], records, encoding, faults, short_rows=True)
    if found is None:
        raise PanelError(f"{place.title} cannot be read", faults)
    return found, place.files[0].name


def _by_text(columns: Mapping[str, str] | None) -> dict[str, str]:
    """Return the names of columns as text: pandas numbers the columns of a table without a header."""
    return {str(theirs): ours for theirs, ours in (columns or {}).items()}


def _range(start: Day | None, end: Day | None) -> tuple[dt.date | None, dt.date | None]:
    """Return the first and the last period to read; raise if they are in the wrong order."""
    first, last = (None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end)))
    if first is not None and last is not None and first > last:
        raise InvalidArgumentError(f"start must not be after end, got {first} and {last}")
    return first, last


def _require_files(source: Any, *, stored: bool) -> None:
    """Raise if dates of file names are wanted of a source without them."""
    if stored or not isinstance(source, str | Path):
        kind = "a store of snapshots" if stored else f"a {type(source).__name__}"
        raise PanelError.of(
            "period_from", f"{kind} has no dates in file names", "leave period_from out, or give a date"
        )


def _check_engine(engine: object) -> None:
    if engine is not None and engine not in engines.ENGINES:
        raise EngineError(f"engine must be one of {', '.join(engines.ENGINES)}, got {engine!r}")


def _check_platform(platform: str) -> None:
    if platform != HUGGING_FACE and platform not in Registry.default().platforms:
        known = ", ".join(map(repr, (HUGGING_FACE, *Registry.default().platforms)))
        raise InvalidArgumentError(f"platform must be one of {known}, got {platform!r}")


def _check_arguments(columns: object, ignore: object, date_format: object, encoding: object) -> None:
    check_encoding(encoding)
    if not isinstance(columns, Mapping | None):
        raise InvalidArgumentError(
            f"columns must be a mapping of the source's names to the library's, such as {{'repo': 'model_id'}}, got {columns!r}"
        )
    if isinstance(ignore, str) or not isinstance(ignore, Sequence | None):
        raise InvalidArgumentError(f"ignore must be a list of names of columns, got {ignore!r}")
    if date_format is not None and (not isinstance(date_format, str) or not date_format):
        raise InvalidArgumentError(f"date_format must be a strptime pattern such as '%d-%m-%Y', got {date_format!r}")
