"""The ids of Parquet files, looked at once: their grammar, their namespaces, and whether a file repeats one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._ids import ROWS_AT_ONCE, as_models

_NAME: Final = r"[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*"
_PLAIN: Final = rf"^{_NAME}/{_NAME}$"
_SHORTEST: Final = 4
_LONGEST: Final = 96


def is_odd(name: str) -> nw.Expr:
    """Return whether ids need the full checks: all but the plain ones, which every check accepts as they are.

    Args:
        name: The column of ids.
    """
    ids = nw.col(name)
    plain = ids.str.contains(_PLAIN) & ids.str.len_chars().is_between(_SHORTEST, _LONGEST) & ~ids.str.ends_with(".git")
    return ~plain | ids.is_null()


@attrs.frozen
class FileIds:
    """What the ids of some files are.

    Attributes:
        snapshots: Number of files if each has one date and no id twice; None if a file has several dates, or may repeat an id.
        namespaces: The distinct namespaces, as a models table.
    """

    snapshots: int | None
    namespaces: pl.DataFrame

    @classmethod
    def together(cls, parts: Sequence[FileIds | None]) -> FileIds | None:
        """Return what the ids of several groups of files are; None if that of a group is not known."""
        known = [part for part in parts if part is not None]
        if not known or len(known) < len(parts):
            return None
        numbers = [part.snapshots for part in known]
        names = pl.concat([part.namespaces["model_id"] for part in known]).unique()
        return cls(None if None in numbers else sum(number or 0 for number in numbers), as_models(names))


def scan_ids(files: Sequence[Path], column: str, date: str | None) -> FileIds | None:
    """Look at the ids of files, one file at a time; files with the ids of the file before cost a comparison only.

    27 files of 3.7 million models: a fifth of the time of checking all rows.

    Args:
        files: Parquet files with the same columns.
        column: The column of ids.
        date: The column of dates; None if each file has one date.

    Returns:
        None if the files are not looked at (a large file, a column that is not text) or an id needs the full checks.
    """
    before = pl.Series(dtype=pl.String)
    found = pl.DataFrame(schema={"model_id": pl.String})
    single = True
    for file in files:
        lazy = pl.scan_parquet(file, glob=False, hive_partitioning=False)
        schema = lazy.collect_schema()
        if schema.get(column) != pl.String or lazy.select(pl.len()).collect().item() > ROWS_AT_ONCE:
            return None
        dated = date is not None and date in schema  # not the name of a folder
        table = lazy.select(column, *([date] if dated else [])).collect()
        single = single and not (dated and table.select(pl.col(str(date)).min() != pl.col(str(date)).max()).item())
        ids = table[column].rename("model_id")
        if ids.equals(before):
            continue
        frame = ids.to_frame()
        if nw.from_native(frame).select(is_odd("model_id").any()).item():
            return None
        single = single and frame.select(pl.col("model_id").hash().n_unique() == pl.len()).item()
        handles = engines.with_namespaces(engines.wrap(frame.lazy())).unique().to_native()
        found = pl.concat([found, handles.collect().join(found, on="model_id", how="anti")])
        before = ids
    return FileIds(len(files) if single else None, as_models(found["model_id"]))
