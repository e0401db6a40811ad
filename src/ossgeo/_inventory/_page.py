"""An inventory as one HTML page: a summary, the models, their lineage, and license conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import polars as pl

from ossgeo._core import engines
from ossgeo._inventory._table import MEANING, Inventory
from ossgeo.reports._content import Section, download, sheet
from ossgeo.reports._page import page_text

_MODELS: Final = ("model_id", "publisher", "publisher_country", "roots", "root_country", "evidence", "confidence", "license", "openness", "gated", "revision")  # fmt: skip
_LONGEST: Final = 500
_LICENSES: Final = "A conflict is an ancestor with a restricted license while the model declares an open one. It is a question for a lawyer."  # fmt: skip
_ABSENT: Final = "Evidence that is absent means that no base model is declared or reviewed, or that the models table does not list the model. It is not proof that the model has no base model."  # fmt: skip


def inventory_page(inventory: Inventory) -> str:
    """Return an inventory as one HTML page that needs no network.

    Args:
        inventory: The inventory.

    Raises:
        EngineError: A package of the extra ``plot`` is not installed.
    """
    with engines.needs_extra("plot"):
        import jinja2  # noqa: F401  # a missing package is an EngineError
    sections = tuple(_sections(inventory))
    return page_text("Where our models come from", inventory.summary(), MEANING, sections, registry=inventory.registry)


def _sections(inventory: Inventory) -> Iterator[Section]:
    """Return the sections of the page; one that has nothing to say is left out."""
    frame = inventory.frame
    counts = [
        ("Countries of the roots", "root_country"),
        ("Evidence of the roots", "evidence"),
        ("Openness", "openness"),
    ]
    files = (download("inventory.csv", inventory.to_csv()),
             download("inventory.cdx.json", inventory.to_cyclonedx(), "application/json"))  # fmt: skip
    tables = tuple(sheet(title, inventory.counts(column)) for title, column in counts)
    yield Section("summary", "Summary", (_ABSENT,), tables=tables, downloads=files)
    yield Section("models", "Models", tables=(sheet("Models", _shown(frame, *_MODELS)),))
    lineage = frame.filter(pl.col("lineage").list.len() > 0)
    if lineage.height:
        links = _shown(lineage.explode("lineage"), "model_id", "lineage", "confidence")
        yield Section("lineage", "Lineage", tables=(sheet("Each link, with its evidence", links, longest=_LONGEST),))
    licenses = frame.filter(pl.col("ancestor_licenses").list.len() > 0)
    if licenses.height:
        shown = _shown(licenses, "model_id", "license", "ancestor_licenses", "license_conflicts")
        yield Section(
            "licenses", "Licenses of ancestors", (_LICENSES,), tables=(sheet("Licenses", shown, longest=_LONGEST),)
        )
    sources = _shown(frame.drop_nulls("source_url").unique("publisher").sort("publisher"), "publisher", "source_url")
    if sources.height:
        yield Section(
            "evidence", "Evidence of the publishers' countries", tables=(sheet("Evidence", sources, longest=_LONGEST),)
        )


def _shown(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return columns with lists joined, and without columns in which no model has a value."""
    rows = frame.select(
        pl.col(name).list.join("; ") if frame.schema[name] == pl.List(pl.String) else name for name in columns
    )
    return rows.select(name for name in rows.columns if (rows[name].fill_null("") != "").any())
