"""A list of models in place of a panel: each model is observed once, when it was published."""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo.errors import EngineError, InvalidArgumentError, PanelError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel

PUBLISHED: Final = Counter("models", kind="interval", days=1)
"""One model on the day of its publication."""


def panel_of_models(models: Any) -> Panel:
    """Return a panel of the publications in a models table.

    Args:
        models: The models table, with ``created_at``; models without it have no row, and calculators count them as left out.

    Raises:
        InvalidArgumentError: It is not a table.
        PanelError: The table has no ``created_at``, or only empty ones.
    """
    try:
        given = normalized_models(models)
    except EngineError:
        remedy = "ossgeo.read_panel() and ossgeo.read_models() read files and frames"
        raise InvalidArgumentError(f"panel must be a Panel, got {type(models).__name__}; {remedy}") from None
    table = given.collect().unique("model_id", keep="last", maintain_order=True)
    if "created_at" not in table.columns or table["created_at"].null_count() == table.height:
        remedy = "name it: read_models(..., columns={'...': 'created_at'})"
        raise PanelError.of("models", "has no date of publication (created_at)", remedy)
    dated = table.drop_nulls("created_at")
    rows = dated.select("model_id", period=pl.col("created_at").dt.date(), **{PUBLISHED.column: pl.lit(1, pl.Int64)})
    missing = table.height - dated.height
    scope = f"{missing:,} model(s) without a date of publication have no row" if missing else ""
    return Panel.of(engines.wrap(rows.lazy()), table.lazy(), counter=PUBLISHED, source="a list of models", scope=scope)
