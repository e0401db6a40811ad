"""The tables of a country's profile."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any, Final

import polars as pl

from ossgeo.claims._facts import load
from ossgeo.errors import OssgeoWarning
from ossgeo.panel._openness import openness_column
from ossgeo.panel._panel import Panel
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._pipeline import models_of

_SIZES: Final = (1e9, 10e9, 100e9)
_SIZE_NAMES: Final = ("below 1 billion", "1 to 10 billion", "10 to 100 billion", "100 billion and more")


def peers(rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """Return the two countries above and below a country, and the country itself: rank, country, value, share.

    Args:
        rows: The rows of one period of a table by country.
        code: The country.
    """
    ranked = rows.filter(~pl.col("country").is_in(STATUSES) & (pl.col("value") > 0)).with_row_index("rank", offset=1)
    own = ranked.filter(country=code)["rank"]
    near = (
        ranked.filter(pl.col("rank").cast(pl.Int64).is_between(own[0] - 2, own[0] + 2)) if len(own) else ranked.head(0)
    )
    return near.select("rank", "country", "value", "share")


def openness_classes(panel: Panel, models: Any, mine: pl.DataFrame) -> pl.DataFrame | None:
    """Return the country's value by class of license; None if the models have no licenses.

    Args:
        panel: The panel.
        models: The models table to use in place of the panel's.
        mine: model and value of the country's models.
    """
    known = models_of(panel, models)
    if "license" not in known.collect_schema().names():
        return None
    held = known.filter(pl.col("model_id").is_in(mine["model"].implode())).collect()
    classes = held.select(model="model_id", openness=openness_column(held))
    return _by_class(mine, classes).sort("value", "openness", descending=[True, False])


def size_classes(panel: Panel, models: Any, mine: pl.DataFrame) -> pl.DataFrame | None:
    """Return the country's value by class of size, the smallest first; None if the models have no numbers of parameters.

    Args:
        panel: The panel.
        models: The models table to use in place of the panel's.
        mine: model and value of the country's models.
    """
    known = models_of(panel, models)
    if "parameters" not in known.collect_schema().names():
        return None
    number = pl.col("parameters")
    passed = pl.sum_horizontal((number >= limit).cast(pl.Int64) for limit in _SIZES)
    step = pl.when(number.is_not_null()).then(
        passed.replace_strict(dict(enumerate(_SIZE_NAMES)), return_dtype=pl.String)
    )
    held = known.filter(pl.col("model_id").is_in(mine["model"].implode()))
    order = {name: place for place, name in enumerate((*_SIZE_NAMES, "unknown"))}
    found = _by_class(mine, held.select(model="model_id", size=step).collect())
    return found.sort(pl.col("size").replace_strict(order))


def _by_class(mine: pl.DataFrame, classes: pl.DataFrame) -> pl.DataFrame:
    """Return the number of models, the value and the share of each class; a model without a class is ``unknown``."""
    name = classes.columns[1]
    joined = mine.join(classes, on="model", how="left").with_columns(pl.col(name).fill_null("unknown"))
    found = joined.group_by(name).agg(models=pl.col("model").n_unique(), value=pl.col("value").sum())
    return found.with_columns(share=pl.col("value") / pl.col("value").sum())


def claims_about(code: str) -> pl.DataFrame:
    """Return the bundled claims about a country: claim, statement, reference, url."""
    found = [(one.id, one.statement, one.reference, one.url) for one in load() if code in one.group.split(">")]
    schema = {"claim": pl.String, "statement": pl.String, "reference": pl.String, "url": pl.String}
    return pl.DataFrame(found, schema=schema, orient="row")


def shares_over_time(rows: pl.DataFrame, periods: tuple[dt.date, ...], code: str) -> pl.DataFrame:
    """Return period, value, share, rank and the number of countries for each period; a country without a value has 0.

    Args:
        rows: A table by country.
        periods: The periods of the table, in order.
        code: The country.
    """
    countries = rows.filter(~pl.col("country").is_in(STATUSES) & (pl.col("value") > 0))
    ranked = countries.with_columns(
        rank=pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64),
        countries=pl.len().over("period").cast(pl.Int64),
    )
    mine = ranked.filter(pl.col("country") == code).select("period", "value", "share", "rank", "countries")
    days = pl.DataFrame({"period": list(periods)}, schema={"period": pl.Date})
    found = days.join(mine, on="period", how="left", maintain_order="left")
    measured = rows.filter(pl.col("share").is_not_null())["period"].unique()  # other periods have no figure, not 0
    absent = pl.col("value").is_null() & pl.col("period").is_in(measured.implode())
    return found.with_columns(
        pl.when(absent).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("value", "share")
    )


def derived_models(
    panel: Panel, code: str, registry: Any, models: Any
) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Return both sides of the matrix of derived models, over all periods; None if the panel has no base models.

    Args:
        panel: The panel.
        code: The country.
        registry: The registry; by default the bundled one.
        models: The models table to use in place of the panel's.
    """
    known = models_of(panel, models)
    columns = known.collect_schema().names()
    if not {"base_models", "created_at"} <= set(columns):
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        table = measure(
            panel, calculator="derivatives", by=("builder_country", "base_country"), registry=registry, models=models
        )
    rows = table.to_polars().group_by("builder_country", "base_country").agg(models=pl.col("value").sum())
    rows = rows.filter(pl.col("models") > 0)

    def side(own: str, other: str) -> pl.DataFrame:
        there = rows.filter(pl.col(own) == code).select(other, "models")
        return there.sort("models", other, descending=[True, False])

    return side("builder_country", "base_country"), side("base_country", "builder_country")
