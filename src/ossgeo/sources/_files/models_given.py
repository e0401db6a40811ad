"""Tables of models that callers give as ``models=``: the normalization of :func:`ossgeo.read_models` for every form."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._models_table import normalized_models
from ossgeo.sources._files.reader import read_models
from ossgeo.sources._files.ready_models import is_ready, ready_models


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
    if (ready := ready_models(models)) is not None:
        return ready
    if nw.from_native(models, pass_through=True) is models:  # a path, an Arrow stream, or an error
        return read_models(models).lazy()
    frame = models if isinstance(models, nw.LazyFrame) else engines.lazy(models)
    if is_ready(frame.collect_schema()):
        return normalized_models(frame.to_native())
    return read_models(frame.to_native()).lazy()
