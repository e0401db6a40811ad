"""Tables of models that callers give as ``models=``: the normalization of :func:`ossgeo.read_models` for every form."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.schema import MODELS
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.sources._files.lazy_frames import parquet_groups
from ossgeo.sources._files.normalization import TYPES
from ossgeo.sources._files.reader import read_models
from ossgeo.sources._store.snapshots import SnapshotStore

_ALIASES: Final = frozenset(alias for column in MODELS for alias in column.aliases)


def models_given(models: Any) -> pl.LazyFrame:
    """Return a models table with the library's columns and types.

    Args:
        models: A file, a folder, a store of snapshots, a panel, or a dataframe. A dataframe that has the library's columns
            and types already stays lazy; others are read as :func:`ossgeo.read_models` reads them.

    Raises:
        EngineError: It is none of these.
        SourceUnavailableError: The file or folder does not exist.
        PanelError: With every fault.
    """
    if isinstance(models, Panel):
        return models.models
    if isinstance(models, str | Path):
        if SnapshotStore.is_store(models):
            return SnapshotStore(models).models().lazy()
        ready = _ready_file(models)
        return read_models(models).lazy() if ready is None else normalized_models(ready)
    if nw.from_native(models, pass_through=True) is models:  # not a dataframe: an Arrow stream, or an error
        return read_models(models).lazy()
    frame = models if isinstance(models, nw.LazyFrame) else engines.lazy(models)
    if _is_ready(frame.collect_schema()):
        return normalized_models(frame.to_native())
    return read_models(frame.to_native()).lazy()


def _ready_file(path: str | Path) -> pl.LazyFrame | None:
    """Return the scan of a Parquet file that has the library's columns and types already: only the rows that are used are read."""
    file = Path(path).expanduser()
    if file.suffix.lower() != ".parquet" or not file.is_file():
        return None
    (group,) = parquet_groups([file])
    scan = pl.scan_parquet(group[0], glob=False, hive_partitioning=False)
    return scan if _is_ready(nw.from_native(scan).collect_schema()) else None


def _is_ready(schema: nw.Schema) -> bool:
    """Return whether the columns have the names and types of the library; base models may have to be taken from tags."""
    if "model_id" not in schema or _ALIASES & {*schema} or ("tags" in schema and "base_models" not in schema):
        return False
    native = schema.to_polars()
    return all(_fits(native[name], TYPES[name]) for name in native if name in TYPES)


def _fits(kind: pl.DataType, wanted: Any) -> bool:
    if wanted.is_temporal():
        return kind.is_temporal() or kind == pl.Null
    return kind in (wanted, pl.Null) or (kind.is_integer() and wanted == pl.Int64)
