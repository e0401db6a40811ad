"""Drafts of rows for unreviewed namespaces, from the Hub's description of their accounts."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from pathlib import Path
from typing import Final

import attrs
import polars as pl

from ossgeo._core.io import made_folder, write_files
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, OutputError
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.review._effects import gaps
from ossgeo.sources._hub.client import Hub, Overview

_SCHEMA: Final = {
    "namespace": pl.String, "value": pl.Float64, "account_type": pl.String, "name": pl.String, "members": pl.Int64,
    "details": pl.String, "model": pl.String,
}  # fmt: skip


@attrs.frozen(eq=False)
class Suggestions(Tabular):
    """Unreviewed namespaces with what the Hub says of their accounts. The Hub names no country: a reviewer does.

    Attributes:
        frame: One row for each namespace, the largest first: namespace, value, account_type (``organization``, ``user``, or
            null if the Hub does not know the namespace), name (of an organization; null for a person), members (of an
            organization), details (an organization's own text), model (its largest model).
        unit: The unit of value.
    """

    frame: pl.DataFrame
    unit: str

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: namespace, value, account_type, name, members, details, model."""
        return self.frame

    def __str__(self) -> str:
        """Return one line for each namespace."""
        rows = self.frame.select("namespace", "value", "account_type", "name", "members", "model").iter_rows()
        lines = [
            f"{value:>15,.0f}  {account or 'unknown to the Hub':<12}  {namespace}"
            + (f"  {name}, {counted(members or 0, 'members')}" if account == "organization" else "")
            + f"  ({model})"
            for namespace, value, account, name, members, model in rows
        ]
        return "\n".join(lines) or "no namespace is unreviewed"

    def write(self, folder: str | Path) -> tuple[Path, ...]:
        """Write drafts of rows: organizations.csv, namespaces.csv and affiliations.csv.

        A person gets a complete row (kind and country ``individual``; no name beyond the handle). An organization gets its name
        and namespace; its kind and its country, with evidence, are for the reviewer, and `registry check` names it until then.

        Args:
            folder: The folder to write, without these tables; it is created if it does not exist.

        Raises:
            OutputError: The folder has one of the tables, or a file cannot be written (then none is).
        """
        target = made_folder(folder)
        known = self.frame.drop_nulls("account_type").with_columns(
            organization=pl.col("namespace").map_elements(_slug, return_dtype=pl.String),
            person=pl.col("account_type") == "user",
        )
        persons = known.filter("person")
        tables = {
            "organizations": known.select(
                "organization", name=pl.when("person").then("namespace").otherwise("name"),
                kind=pl.when("person").then(pl.lit("individual")),
            ),
            "namespaces": known.select("namespace", "organization"),
            "affiliations": persons.select(
                "organization", basis=pl.lit("seat"), country=pl.lit("individual"),
                url=pl.concat_str(pl.lit("https://huggingface.co/"), "namespace"), shows=pl.lit("hub profile"),
                reviewed_on=pl.lit(dt.date.today()), confidence=pl.lit("certain"),  # noqa: DTZ011  # where the user is
                note=pl.lit("the Hub's overview calls the account a user"),
            ),
        }  # fmt: skip
        files = {target / f"{table}.csv": frame for table, frame in tables.items()}
        if there := next((file for file in files if file.exists()), None):
            raise OutputError(f"{there} exists and would be replaced by drafts; choose another folder")
        write_files({file: frame.write_csv().encode() for file, frame in files.items()})
        return tuple(files)


def suggest(panel: Panel, *, hub: Hub | None = None, n: int = 20, registry: Registry | None = None) -> Suggestions:
    """Ask the Hub about the largest unreviewed namespaces of a panel.

    Args:
        panel: The panel.
        hub: The Hub to ask, whose ``timeout``, ``patience`` and ``deadline`` limit the time; by default the public one. One
            or two requests for each namespace.
        n: The number of namespaces.
        registry: The registry; by default the bundled one.

    Raises:
        InvalidArgumentError: ``n`` is below 1.
        SourceUnavailableError: The Hub cannot be reached.
    """
    if n < 1:
        raise InvalidArgumentError(f"n must be 1 or more, got {n}")
    missing = gaps(panel, registry=registry)
    largest = missing.frame.head(n)
    overviews = (hub or Hub()).overviews(largest["namespace"].to_list())
    rows = [
        (namespace, float(value), *_described(overviews[namespace]), model)
        for namespace, value, _, _, model in largest.iter_rows()
    ]
    return Suggestions(pl.DataFrame(rows, schema=_SCHEMA, orient="row"), missing.unit)


def _described(overview: Overview | None) -> tuple[str | None, str | None, int | None, str | None]:
    """Return account type, name, members and details; of a person only the type."""
    if overview is None:
        return None, None, None, None
    if overview.kind == "user":
        return "user", None, None, None
    return "organization", overview.name, overview.members, overview.details or None


def _slug(namespace: str) -> str:
    plain = unicodedata.normalize("NFKD", namespace).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
