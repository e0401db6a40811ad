"""Explaining a cell: the models, rules and evidence behind one figure of a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from html import escape
from typing import Any

import attrs
import polars as pl

from ossgeo import attribution as attributions
from ossgeo._core.dates import day_of
from ossgeo._core.method import Method
from ossgeo._core.text import counted
from ossgeo.attribution._explain import Explanation, explain
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.registry._platforms import platform_registry
from ossgeo.shares._measure import measure
from ossgeo.shares._pipeline import require_panel
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class CellExplanation:
    """What stands behind one cell of a share table.

    Attributes:
        group: The cell's group.
        period: The cell's period.
        value: The cell's value.
        models: One row for each model in the cell, the largest first: model, value, part (fraction of the cell).
        explanations: Why the largest models are credited to the group.
        method: How the table was made.
    """

    group: Any
    period: dt.date
    value: float
    models: pl.DataFrame
    explanations: tuple[Explanation, ...]
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the models in the cell."""
        return self.models

    def __str__(self) -> str:
        """Return the largest models with the rules and the evidence behind them."""
        rest = self.models.height - len(self.explanations)
        lines = [
            f"{self.group} at {self.period}: {self.value:,.0f} {self.method.unit} of {counted(self.models.height, 'models')}"
        ]
        for (model, value, part), said in zip(self.models.iter_rows(), self.explanations, strict=False):
            lines += [f"{part:.1%} {model}: {value:,.0f}", *said.step.lines("   ")]
        return "\n".join([*lines, *([f"and {rest:,} more models"] if rest > 0 else [])])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def explain_cell(
    panel: Panel,
    table: ShareTable,
    group: Any,
    period: dt.date | str | None = None,
    *,
    most: int = 5,
    models: Any = None,
) -> CellExplanation:
    """Explain one cell of a share table.

    Args:
        panel: The panel that the table was measured on.
        table: The table.
        group: The cell's key; a tuple where the table has several.
        period: The period of the cell; by default the latest.
        most: How many models are explained one by one, the largest first.
        models: The models table that the table was measured with, where it was not the panel's.

    Returns:
        Every model in the cell with its value, and the rules and evidence behind the largest.

    Raises:
        InvalidArgumentError: The table was made from another panel, or cannot be measured again; or the cell has no figure.
        UnknownCountryError: The group is unknown.

    Example:
        >>> import ossgeo
        >>> panel = ossgeo.load_sample("trending-2026")
        >>> cell = explain_cell(panel, ossgeo.measure(panel, attribution="root"), "CN", most=1)
        >>> cell.models.height > 40, cell.explanations[0].step.rule
        (True, 'root')
    """
    require_panel(panel)
    require_table(table)
    method = table.method
    if method.panel != panel.fingerprint:
        raise InvalidArgumentError(f"the table was measured on panel {method.panel}, this is {panel.fingerprint}")
    if "model" in method.by:
        raise InvalidArgumentError("the table's cells are single models; use ossgeo.explain")
    period = table.periods[-1] if period is None else day_of(period, what="period")
    value = _value(table, group, period)
    choices: Mapping[str, Any] = {name: one for name, one in method.choices.items() if name != "by"}
    if not choices:
        raise InvalidArgumentError("the table was read from a file; measure it again, and explain that")
    keys = table.method.choices["by"]
    by = (*(keys if isinstance(keys, tuple) else (keys,)), "model")
    fine = measure(panel, by=by, models=models, **choices).to_polars().filter(pl.col("period") == period)
    wanted = group if isinstance(group, tuple) else (group,)
    same = (pl.col(name) == str(one) for name, one in zip(method.by, wanted, strict=True))
    found = fine.filter(*same).filter(pl.col("value") != 0).sort("value", "model", descending=[True, False])
    found = found.select("model", "value", part=pl.col("value") / pl.col("value").sum())
    loaded = attributions.ModelTable.of(panel.models if models is None else models)
    explained = tuple(
        explain(model, on=_day(method, period, loaded, model), attribution=choices["attribution"], models=loaded,
                registry=platform_registry(choices["registry"], panel.platform))
        for model in found["model"].head(most)
    )  # fmt: skip
    return CellExplanation(group, period, value, found, explained, method)


def _day(method: Method, period: dt.date, models: attributions.ModelTable, model: str) -> dt.date:
    """The date of the registry that the method used for a model."""
    if method.as_of == "flow":
        return period
    if method.as_of == "creation":
        created = models[model].created_at
        return created.date() if created is not None else period
    return dt.date.fromisoformat(method.as_of)


def _value(table: ShareTable, group: Any, period: dt.date) -> float:
    wanted = group if isinstance(group, tuple) else (group,)
    rows = table.to_polars().filter(pl.col("period") == period)
    if not rows.height:
        raise InvalidArgumentError(
            f"the table has no period {period}; it has {table.periods[0]} .. {table.periods[-1]}"
        )
    table.at(period)[group]
    same = (pl.col(name) == str(one) for name, one in zip(table.method.by, wanted, strict=True))
    values = rows.filter(*same)["value"]
    if values.null_count():
        raise InvalidArgumentError(f"{group!r} has no figure at {period}: not all of the window was observed")
    return float(values.sum())
