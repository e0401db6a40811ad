"""Small worlds for the tests: a registry and panels whose every figure can be checked by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

import ossgeo

JANUARY = dt.date(2025, 1, 31)
MARCH = dt.date(2025, 3, 2)


def registry() -> ossgeo.Registry:
    """Five organizations: one country, one that moves, one in three countries, a person, and one without a seat."""
    return ossgeo.Registry.from_rows(
        organizations=[
            {"organization": "qin", "name": "Qin"},
            {"organization": "mover", "name": "Mover"},
            {"organization": "trio", "name": "Trio", "kind": "collective"},
            {"organization": "ann", "name": "ann", "kind": "individual"},
            {"organization": "nowhere", "name": "Nowhere"},
        ],
        namespaces=[
            {"namespace": "Qin", "organization": "qin"},
            {"namespace": "Mover", "organization": "mover"},
            {"namespace": "Trio", "organization": "trio"},
            {"namespace": "ann", "organization": "ann"},
            {"namespace": "Nowhere", "organization": "nowhere"},
            {"namespace": "Gone", "organization": "qin", "start": "2020-01-01", "end": "2025-02-01"},
        ],
        affiliations=[
            {"organization": "qin", "country": "CN"},
            {"organization": "mover", "country": "GB", "end": "2025-02-15"},
            {"organization": "mover", "country": "US", "start": "2025-02-15"},
            {"organization": "trio", "country": "DE", "weight": 1 / 3},
            {"organization": "trio", "country": "FR", "weight": 1 / 3},
            {"organization": "trio", "country": "JP", "weight": 1 / 3},
            {"organization": "ann", "country": "individual"},
        ],
    )


def panel(rows: Sequence[tuple[str, dt.date, int | None]], **arguments: Any) -> ossgeo.Panel:
    """A panel of 30-day counters, or of all-time ones with counter="downloads_all_time"."""
    counter = arguments.pop("counter", "downloads_30d")
    schema = {"model_id": pl.String, "observed_at": pl.Date, counter: pl.Int64}
    return ossgeo.read_panel(pl.DataFrame(list(rows), schema=schema, orient="row"), **arguments)


def two_dates() -> ossgeo.Panel:
    """Six models at two dates thirty days apart."""
    counts = {"Qin/a": (100, 200), "Mover/b": (50, 60), "Trio/c": (30, 90), "ann/d": (10, 20), "Nowhere/e": (5, 5),
              "who/f": (5, 25)}  # fmt: skip
    return panel([(model, day, pair[n]) for model, pair in counts.items() for n, day in enumerate((JANUARY, MARCH))])


def shares(table: ossgeo.ShareTable, period: dt.date | None = None) -> Mapping[Any, float | None]:
    """The shares of a period, rounded to six digits: a third is a binary fraction that is off by less."""
    return {group: None if share is None else round(share, 6) for group, share in table.at(period).items()}
