"""Explaining a cell: the models, rules and evidence behind one figure of a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import attrs
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo import attribution as attributions
from ossgeo._core.dates import Day
from ossgeo._core.method import Method
from ossgeo._core.text import counted, value_text
from ossgeo.attribution._explain import Explanation, explain
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.registry._platforms import platform_registry
from ossgeo.shares._measure import measure
from ossgeo.shares._period_shares import Group, GroupNames
from ossgeo.shares._pipeline import require_panel
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class CellExplanation:
    """The models behind one cell of a share table, and why the largest of them are credited to its group.

    Attributes:
        group: The cell's group, as the table writes it.
        period: The cell's period.
        value: The cell's value.
        models: One row for each model in the cell, the largest first: model, value, part (fraction of the cell).
        explanations: Why the largest models are credited to the group.
        method: How the table was made.
    """

    group: Group
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
            f"{self.group} at {self.period}: {value_text(self.value)} {self.method.unit} of {counted(self.models.height, 'models')}"
        ]
        for (model, value, part), said in zip(self.models.iter_rows(), self.explanations, strict=False):
            lines += [f"{part:.1%} {model}: {value_text(value)}", *said.step.lines("   ")]
        return "\n".join([*lines, *([f"and {rest:,} more models"] if rest > 0 else [])])

    def _repr_html_(self) -> str:
        """Return the text for a notebook, escaped."""
        return f"<pre>{escape(str(self))}</pre>"


def explain_cell(
    panel: Panel,
    table: ShareTable,
    group: Group,
    period: Day | None = None,
    *,
    most: int = 5,
    models: Panel | IntoFrame | str | Path | None = None,
) -> CellExplanation:
    """Explain one cell of a share table.

    Args:
        panel: The panel that the table was measured on.
        table: The table.
        group: The cell's group, as for ``table.at()[group]``: a country by any code or name; a tuple if the table has
            several keys.
        period: The period of the cell, as a date or ISO text; by default the latest.
        most: How many models are explained one by one, the largest first.
        models: The models table that the table was measured with, if it was not the panel's.

    Returns:
        Every model in the cell with its value, and the rules and evidence behind the largest.

    Raises:
        InvalidArgumentError: The table was made from another panel, or cannot be measured again; or it does not have the
            period; or the cell has no figure.
        UnknownCountryError: No country has the code or name.
        UnknownNameError: The table does not have the organization, namespace or group.

    Example:
        >>> import ossgeo
        >>> panel = ossgeo.load_sample("trending-2026")
        >>> cell = explain_cell(panel, ossgeo.measure(panel, attribution="root"), "CN", most=1)
        >>> cell.models.height > 40, cell.explanations[0].step.rule
        (True, 'root')
    """
    require_panel(panel)
    require_table(table)
    if not isinstance(most, int) or most < 0:
        raise InvalidArgumentError(f"most must be a number of models from 0 on, got {most!r}")
    method = table.method
    if method.panel != panel.fingerprint:
        raise InvalidArgumentError(f"the table was measured on panel {method.panel}, this is {panel.fingerprint}")
    if "model" in method.by:
        raise InvalidArgumentError("the table's cells are single models; use ossgeo.explain")
    day = table._period(period)
    group = _parsed(table, group)
    value = _value(table, group, day)
    choices: Mapping[str, Any] = {name: one for name, one in method.choices.items() if name != "by"}
    if not choices:
        raise InvalidArgumentError("the table was read from a file; measure it again, and explain that")
    by = method.choices["by"]
    keys = by if isinstance(by, tuple) else (by,)
    fine = measure(panel, by=(*keys, "model"), models=models, **choices).to_polars()
    cell = fine.filter(pl.col("period") == day, *_is_group(table, group), pl.col("value") != 0)
    found = cell.sort("value", "model", descending=[True, False])
    found = found.select("model", "value", part=pl.col("value") / pl.col("value").sum())
    loaded = attributions.ModelTable.of(panel.models if models is None else models)
    explained = tuple(
        explain(model, on=_day(method, day, loaded, model), attribution=choices["attribution"], models=loaded,
                registry=platform_registry(choices["registry"], panel.platform))
        for model in found["model"].head(most)
    )  # fmt: skip
    return CellExplanation(group, day, value, found, explained, method)


def _day(method: Method, period: dt.date, models: attributions.ModelTable, model: str) -> dt.date:
    """Return the date of the registry that the method used for a model."""
    if method.as_of == "flow":
        return period
    if method.as_of == "creation":
        created = models[model].created_at
        return created.date() if created is not None else period
    return dt.date.fromisoformat(method.as_of)


def _parsed(table: ShareTable, group: Group) -> Group:
    """Return a group as the table writes it."""
    text = tuple(map(str, group)) if isinstance(group, tuple) else str(group)
    return GroupNames.of(table.frame, table.keys).parse(text)


def _is_group(table: ShareTable, group: Group) -> list[pl.Expr]:
    """Return the conditions that the rows of a group fulfil."""
    parts = group if isinstance(group, tuple) else (group,)
    return [pl.col(key) == part for key, part in zip(table.keys, parts, strict=True)]


def _value(table: ShareTable, group: Group, day: dt.date) -> float:
    """Return the value of a cell; raise if it was cut from the table, or was not observed."""
    table.at(day)[group]  # raises for a group that was cut from the table
    values = table.frame.filter(pl.col("period") == day, *_is_group(table, group))["value"]
    if values.null_count():
        raise InvalidArgumentError(f"{group!r} has no figure at {day}: not all of the window was observed")
    return float(values.sum())
