"""The table of an inventory, and its forms: text, HTML, Markdown, CSV and CycloneDX."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.io import writing
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import html_frame, markdown_table
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel import Openness
from ossgeo.registry._countries import parse_origin
from ossgeo.registry._organizations import CONFIDENCES

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "revision": pl.String,
    "publisher": pl.String,
    "publisher_country": pl.List(pl.String),
    "owner": pl.List(pl.String),
    "roots": pl.List(pl.String),
    "root_organization": pl.List(pl.String),
    "root_country": pl.List(pl.String),
    "evidence": pl.String,
    "lineage": pl.List(pl.String),
    "license": pl.String,
    "ancestor_licenses": pl.List(pl.String),
    "license_conflicts": pl.List(pl.String),
    "openness": pl.String,
    "gated": pl.String,
    "confidence": pl.String,
    "source_url": pl.String,
}
"""Columns of an inventory."""

_VALUES: Final = {
    "evidence": ("declared", "reviewed", "disputed", "absent"),
    "openness": tuple(openness.value for openness in Openness),
    "confidence": CONFIDENCES,
}
"""The values of the columns that have no others."""

MEANING: Final = (
    "Countries are those of the organizations' headquarters on the day of the inventory. They do not describe the place "
    "where a model runs, the nationality of its authors, or a legal status."
)


@attrs.frozen(eq=False)
class Inventory(Tabular):
    """The models of a list, with their origin and their licenses.

    Attributes:
        frame: One row for each model, in the order of the list: model_id, revision, publisher (organization id, null if the
            registry does not know it), publisher_country and root_country (ISO codes or an origin status), owner, roots,
            root_organization, evidence of the roots (``declared`` on a card, ``reviewed`` in the registry, ``disputed``, or
            ``absent``: no base model is declared or reviewed, or the models table does not list the model), lineage (each link
            with its relation and evidence), license, ancestor_licenses (``model: license``), license_conflicts (ancestors whose
            license is restricted while the model declares an open one), openness, gated, confidence (the lowest of the
            publisher's country, the countries of the roots and the lineage; null if the evidence is absent), and source_url
            of the publisher's country.
        on: The day for which the registry was read.
        registry: Version of the registry.
    """

    frame: pl.DataFrame
    on: dt.date
    registry: str

    def __len__(self) -> int:
        """Return the number of models."""
        return self.frame.height

    def __str__(self) -> str:
        """Return one line for each model, the number of models by country of the root, and the meaning of the countries."""
        return "\n".join([*map(_line, self.frame.iter_rows(named=True)), "", self.summary(), MEANING])

    def summary(self) -> str:
        """Return in one sentence how many models have roots in each country, and what the roots rest on."""
        models = f"{len(self)} model" if len(self) == 1 else f"{len(self):,} models"
        roots = ", ".join(f"{name} {count:,}" for name, count in self.counts("root_country").rows())
        rests = ", ".join(f"{name} {count:,}" for name, count in self.counts("evidence").rows())
        return f"{models} on {self.on}, registry {self.registry}. Countries of the roots: {roots}. Evidence of the roots: {rests}."

    def counts(self, column: str) -> pl.DataFrame:
        """Return how many models have each value of a column; a model with several values counts for each.

        Args:
            column: A column of :attr:`frame`.

        Returns:
            The column and ``models``, the most frequent value first.

        Raises:
            UnknownNameError: The column does not exist.
        """
        if column not in SCHEMA:
            raise UnknownNameError.among(column, SCHEMA, what="column")
        values = self.frame.select(column)
        values = values.explode(column) if SCHEMA[column] != pl.String else values
        return (
            values.drop_nulls().group_by(column).agg(models=pl.len()).sort("models", column, descending=[True, False])
        )

    def _repr_html_(self) -> str:
        """Return the first rows as an HTML table for a notebook, with the meaning of the countries; all text is escaped."""
        return f"<p>{escape(self.summary())}</p>{html_frame(self.frame)}<p>{escape(MEANING)}</p>"

    def to_polars(self) -> pl.DataFrame:
        """Return :attr:`frame`."""
        return self.frame

    def to_html(self) -> str:
        """Return the inventory as one HTML page that needs no network; needs the extra ``plot``."""
        from ossgeo._inventory._page import inventory_page

        return inventory_page(self)

    def write_html(self, path: str | Path) -> None:
        """Write the inventory as one HTML page.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
            EngineError: A package of the extra ``plot`` is not installed.
        """
        _write(path, self.to_html())

    def to_markdown(self) -> str:
        """Return the inventory as a Markdown table, with the meaning of the countries."""
        names = self.frame.columns
        return "\n".join([*markdown_table(names, self._texts().iter_rows()), "", MEANING])

    def to_csv(self) -> str:
        """Return the inventory as CSV; several values in a cell are separated by a semicolon."""
        return self._texts().write_csv()

    def write_csv(self, path: str | Path) -> None:
        """Write :meth:`to_csv` to a file.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        _write(path, self.to_csv())

    def to_cyclonedx(self) -> str:
        """Return the inventory as CycloneDX 1.6 in JSON: one component for each model, with properties ``ossgeo:...``."""
        components = []
        for row, text in zip(self.frame.iter_rows(named=True), self._texts().iter_rows(named=True), strict=True):
            group, _, name = row["model_id"].rpartition("/")
            purl = f"pkg:huggingface/{row['model_id']}" + (f"@{row['revision']}" if row["revision"] else "")
            component: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": purl, "name": name, "purl": purl}
            component |= {"group": group} if group else {}
            component |= {"version": row["revision"]} if row["revision"] else {}
            properties = [{"name": f"ossgeo:{key}", "value": value} for key, value in text.items()
                          if value and key not in ("model_id", "revision")]  # fmt: skip
            components.append({**component, "properties": properties})
        bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
        return json.dumps(bom, indent=1, ensure_ascii=False)

    def write_cyclonedx(self, path: str | Path) -> None:
        """Write :meth:`to_cyclonedx` to a file.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        _write(path, self.to_cyclonedx() + "\n")

    def matching(self, condition: str) -> pl.DataFrame:
        """Return the models that meet a condition.

        Args:
            condition: ``column=value`` or ``column=value,value``: a model matches if any of its values in the column is one
                of the values, in any letter case, such as ``root_country=CN`` (or ``China``), ``openness=restricted`` or
                ``evidence=absent``.

        Returns:
            Rows of :attr:`frame`.

        Raises:
            InvalidArgumentError: The condition is malformed.
            UnknownNameError: The column does not exist, or can never have the value.
        """
        name, equals, text = (part.strip() for part in condition.partition("="))
        wanted = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not wanted:
            raise InvalidArgumentError(f"condition must be column=value, such as 'root_country=CN', got {condition!r}")
        if name not in SCHEMA:
            raise UnknownNameError.among(name, SCHEMA, what="column")
        known = {_checked(name, value).lower() for value in wanted}
        column, one = pl.col(name), pl.element().str.to_lowercase().is_in(known)
        found = (
            column.list.eval(one).list.any() if SCHEMA[name] != pl.String else column.str.to_lowercase().is_in(known)
        )
        return self.frame.filter(found.fill_null(False))

    def _texts(self) -> pl.DataFrame:
        """Return every value as text."""
        return self.frame.select(
            (pl.col(name).list.join("; ") if kind != pl.String else pl.col(name)).fill_null("").alias(name)
            for name, kind in SCHEMA.items()
        )

    def reasons(self, condition: str) -> list[str]:
        """Return one line for each model that meets a condition: the model and its values.

        Args:
            condition: As for :meth:`matching`.

        Raises:
            InvalidArgumentError: The condition is malformed.
            UnknownNameError: The column does not exist.
        """
        column = condition.partition("=")[0].strip()
        rows = self.matching(condition).iter_rows(named=True)
        return [
            f"{row['model_id']}: {column} is {_joined(row[column]) if isinstance(row[column], list) else row[column]}"
            f" ({'; '.join(row['lineage']) or 'evidence ' + row['evidence']})"
            for row in rows
        ]


def _checked(column: str, value: str) -> str:
    """Return a value of a condition as the column has it: the code of a country; an error if it can never have the value."""
    if column.endswith("country"):
        return str(parse_origin(value))
    if column in _VALUES and value.casefold() not in _VALUES[column]:
        raise UnknownNameError.among(value, _VALUES[column], what=column, remedy=f"one of {', '.join(_VALUES[column])}")
    return value


def _line(row: dict[str, Any]) -> str:
    """Return the findings about a model in one line."""
    publisher = f"published by {row['publisher']} ({_joined(row['publisher_country'])})" if row["publisher"] else "publisher not reviewed"  # fmt: skip
    if row["evidence"] == "absent":
        root = "no base model declared"
    else:
        root = f"root {_joined(row['roots'])} ({_joined(row['root_country'])}), {row['evidence']}"
    license_ = f"{row['license']} ({row['openness']})" if row["license"] else "no license declared"
    return f"{row['model_id']}: {publisher}; {root}; {license_}"


def _joined(values: Sequence[str]) -> str:
    return ", ".join(values)


def _write(path: str | Path, text: str) -> None:
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
