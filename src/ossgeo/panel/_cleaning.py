"""The policies for whole rows and observations of a panel, and the errors for rows that cannot be used."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import TYPE_CHECKING

import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING
from ossgeo._core.method import Adjustment, Cleaning
from ossgeo.errors import PanelError, StaleDataWarning
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._steps import Steps
from ossgeo.panel._usable_rows import last_valid_day, unusable_rows, unusable_rows_error

if TYPE_CHECKING:
    from ossgeo.panel._panel import Panel


def cleaned_panel(panel: Panel, cleaning: Cleaning) -> tuple[Panel, tuple[Adjustment, ...]]:
    """Apply the policies that concern whole rows and observations.

    Args:
        panel: The panel.
        cleaning: ``stale`` and ``dips`` apply here; ``duplicates`` and ``invalid`` apply to the flows and are counted here.

    Returns:
        The panel to measure, and the adjustments.

    Raises:
        PanelError: There are duplicates, and the policy is ``error``.

    Warns:
        StaleDataWarning: The panel was checked, and has a stale observation that is kept.
    """
    duplicates = panel._duplicates()
    if duplicates and cleaning.duplicates == "error":
        remedy = "see panel.check(); or Cleaning(duplicates='last')"
        raise panel_error(
            panel,
            f"{duplicates:,} row(s) repeat a model and period{_also(panel)}, for example {panel._first_duplicate()}",
            remedy,
        )
    note = f"of one model and period; the {cleaning.duplicates} was kept"
    notes = [Adjustment("duplicate", duplicates, "rows", note)]
    if cleaning.invalid == "drop" and not rows_are_usable(panel):
        notes.append(_dropped_rows(panel))
    if cleaning.stale == "keep" and panel.checked and "stale_snapshot" in panel.check():
        stale_days = ", ".join(panel.check()["stale_snapshot"].examples)
        message = f"an observation repeats the one before ({stale_days}); Cleaning(stale='drop') leaves it out"
        warnings.warn(message, StaleDataWarning, stacklevel=5)
    left_out: set[dt.date] = set()
    steps = Steps(panel.rows, panel.counter, panel.periods, panel.dimensions)
    if cleaning.stale == "drop":
        stale = steps.stale()
        notes.append(Adjustment("stale_snapshot", len(stale), "observations", "repeated the one before: left out"))
        left_out |= {*stale}
    if cleaning.dips == "drop":
        dipped = steps.dipped()
        notes.append(Adjustment("counters_dipped", len(dipped), "observations", "fell and came back: left out"))
        left_out |= {*dipped}
    return panel._without(left_out), tuple(notes)


def _also(panel: Panel) -> str:
    return f" and {', '.join(panel.dimensions)}" if panel.dimensions else ""


def _dropped_rows(panel: Panel) -> Adjustment:
    """Return the adjustment for rows without a usable count or date, with the number of each kind."""
    kinds = [kind for kind in unusable_rows(panel.counter, last_valid_day()) if kind.column != "model_id"]
    reason = nw.lit(-1)
    for place in reversed(range(len(kinds))):
        reason = nw.when(kinds[place].condition).then(nw.lit(place)).otherwise(reason)
    table = engines.collect(panel.rows.with_columns(reason=reason).group_by("reason").agg(n=nw.len()))
    found = sorted((place, int(n)) for place, n in table.iter_rows() if place >= 0)
    note = "dropped: " + ", ".join(f"{n:,} {kinds[place].name}" for place, n in found)
    return Adjustment("invalid_count", sum(n for _, n in found), "rows", note)


def rows_are_usable(panel: Panel) -> bool:
    """Return whether every row has a date that is not in the future, and a finite count from 0 to the counter's limit."""
    limit = panel.counter.limit
    usable = (
        (pl.col("known").cast(pl.Int64) == pl.col("n").cast(pl.Int64))
        & (pl.col("low") >= 0)
        & ((pl.col("high") <= limit) if limit is not None else pl.lit(True))
        & pl.col("total").is_finite()
        & pl.col("period").is_between(BEGINNING, last_valid_day())
    )
    return bool(panel._counts().select(usable.fill_null(False).all()).item())


def unlisted_models(panel: Panel, models: pl.DataFrame) -> pl.DataFrame:
    """Return the models of a panel's rows that are not in a models table, as a models table.

    Args:
        panel: The panel.
        models: The models table.

    Raises:
        PanelError: Rows have no model id.
    """
    ids = panel._unknown_ids(models)
    if ids["model_id"].null_count():
        raise unusable_rows_error(panel.rows, panel.counter, panel.source)
    return normalized_models(ids).collect()


def first_id_with(panel: Panel, start: str) -> str:
    """Return the first id of the rows, in alphabetical order, that begins with a text.

    Args:
        panel: The panel.
        start: The text.
    """
    found = panel.rows.filter(nw.col("model_id").str.starts_with(start)).select(nw.col("model_id").min())
    return str(engines.collect(found).item())


def panel_error(panel: Panel, problem: str, remedy: str = "") -> PanelError:
    """Return an error that names the panel.

    Args:
        panel: The panel.
        problem: The fault.
        remedy: How to correct it.
    """
    return PanelError.of(panel.source or "panel", problem, remedy)
