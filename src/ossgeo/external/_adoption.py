"""Adoption: of the adopters in one country, how many use a model from another."""

from __future__ import annotations

import datetime as dt
import math
from importlib.metadata import version
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final, Literal

import polars as pl

from ossgeo import attribution as attributions
from ossgeo._core import engines
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Method
from ossgeo.attribution import Context, ModelTable, credits_of
from ossgeo.attribution._evaluation import shown
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, SourceUnavailableError, UnknownCountryError
from ossgeo.panel._panel import normalized_models
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._registry import Registry
from ossgeo.shares._table import ShareTable

AdoptionDenominator = Literal["all", "users"]
"""``all``: every adopter of the country; ``users``: those that use any open model. They are what quotations confuse."""

_COLUMNS: Final = ("adopter", "country", "model")


def adoption_shares(
    table: Any,
    *,
    on: dt.date,
    denominator: AdoptionDenominator = "all",
    attribution: Any = attributions.DEFAULT,
    models: Any = None,
    confidence: float = 0.95,
    registry: Registry | None = None,
) -> ShareTable:
    """Say which part of the adopters in each country uses a model from each country.

    An adopter counts once for each country whose models it uses, so that shares do not add up to 1. One that is written
    in two countries counts in both, and is counted in ``adjustments``; so is one without country, under ``unknown``. An
    adopter without a model uses none: it is in the denominator ``all`` only.

    Args:
        table: A dataframe or the path of a CSV with the columns adopter, country (of the adopter) and model (an id on the
            Hub, or empty); one row for each model that an adopter uses.
        on: The day of the survey; the registry is asked for it.
        denominator: ``all`` adopters of the country, or ``users`` of any open model.
        attribution: Where a model is from.
        models: A models table, for rules that look at bases.
        confidence: Of the interval.
        registry: The registry; the bundled one where absent.

    Returns:
        One row for each pair: period, adopter_country, country (of the model, or a status), value (adopters), share, and
        lower and upper (Wilson's interval), adopters (the denominator).

    Raises:
        SourceUnavailableError: There is no such file.
        PanelError: Columns or adopters are missing, or a country is none; with every fault.
        InvalidArgumentError: There is no such denominator, or the confidence is no part.

    Source: E. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22 (1927).

    Example:
        >>> rows = pl.DataFrame({"adopter": ["a", "b", "c"], "country": "US", "model": ["Qwen/Qwen3-8B", None, None]})
        >>> both = [adoption_shares(rows, on=dt.date(2025, 9, 1), denominator=one) for one in ("all", "users")]
        >>> [round(table.at()["US", "CN"], 3) for table in both]
        [0.333, 1.0]
    """
    if denominator not in ("all", "users"):
        raise InvalidArgumentError(f"denominator={denominator!r} is neither 'all' nor 'users'")
    if not 0 < confidence < 1:
        raise InvalidArgumentError(f"confidence={confidence!r} is not between 0 and 1")
    used = registry or Registry.default()
    rows, title = _read(table)
    strategy = attributions.resolve(attribution)
    credits = _origins(rows, strategy, models, used, on)
    pairs = rows.drop_nulls("model").join(credits, on="model").select("adopter", "adopter_country", "country").unique()
    users = rows.filter(pl.col("model").is_not_null()) if denominator == "users" else rows
    bases = users.group_by("adopter_country").agg(adopters=pl.col("adopter").n_unique())
    counted = pairs.group_by("adopter_country", "country").agg(value=pl.col("adopter").n_unique().cast(pl.Float64))
    frame = counted.join(bases, on="adopter_country").with_columns(share=pl.col("value") / pl.col("adopters"))
    bounds = [wilson(value, number, confidence) for value, number in frame.select("value", "adopters").iter_rows()]
    frame = frame.with_columns(
        pl.Series("lower", [low for low, _ in bounds], dtype=pl.Float64),
        pl.Series("upper", [high for _, high in bounds], dtype=pl.Float64),
        period=pl.lit(on),
    )
    columns = ("period", "adopter_country", "country", "value", "share", "lower", "upper", "adopters")
    frame = frame.select(columns).sort("value", "adopter_country", "country", descending=[True, False, False])
    method = Method(
        calculator=f"adoption ({denominator} as denominator, {confidence:.0%} Wilson)", unit="adopters", counter="events",
        by=("adopter_country", "country"), attribution=shown(strategy), counting="full", denominator="all", every=None,
        window=None, age_cap=None, as_of=str(on), where=None, cleaning=Cleaning(), registry=used.version, panel="",
        source=title, checked=False, engine="polars", version=version("ossgeo"),
    )  # fmt: skip
    return ShareTable(frame, method, adjustments=_notes(rows))


def wilson(successes: float, number: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a proportion.

    Args:
        successes: How many.
        number: Of how many; above 0.
        confidence: Of the interval.

    Example:
        >>> low, high = wilson(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    part, scale = successes / number, 1 + z * z / number
    middle = (part + z * z / (2 * number)) / scale
    margin = z * math.sqrt(part * (1 - part) / number + z * z / (4 * number * number)) / scale
    low = 0.0 if successes == 0 else middle - margin
    return low, 1.0 if successes == number else middle + margin


def _read(table: Any) -> tuple[pl.DataFrame, str]:
    if isinstance(table, str | Path):
        try:
            frame, title = pl.read_csv(table, infer_schema=False), Path(table).name
        except OSError as error:
            raise SourceUnavailableError(f"{table} cannot be read: {error.strerror or error}") from error
    else:
        frame, title = engines.collect(engines.lazy(table)), "a dataframe"
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        there = ", ".join(frame.columns)
        raise PanelError.of(title, f"has no column {', '.join(missing)}; it has {there}", "rename its columns")
    rows = frame.select(pl.col(name).cast(pl.String).str.strip_chars() for name in _COLUMNS)
    rows = rows.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in _COLUMNS)
    faults = [
        Fault(f"{title}, row {place + 1}, column adopter", "is empty", "name the adopter")
        for place in rows.with_row_index("at").filter(pl.col("adopter").is_null())["at"]
    ]
    codes: dict[str | None, str] = {None: OriginStatus.UNKNOWN.value}
    for text in rows["country"].drop_nulls().unique(maintain_order=True):
        try:
            codes[text] = str(Country.parse(text))
        except UnknownCountryError as error:
            faults.append(Fault(f"{title}, column country", str(error)))
            codes[text] = OriginStatus.UNKNOWN.value
    if faults:
        raise PanelError(f"{title} cannot be used", faults)
    places = pl.Series([codes[text] for text in rows["country"]], dtype=pl.String)
    return rows.select("adopter", "model", adopter_country=places), title


def _origins(rows: pl.DataFrame, strategy: Any, models: Any, registry: Registry, on: dt.date) -> pl.DataFrame:
    """Where each model is from: model, country; a model of several countries is from each."""
    ids = rows.select(model_id="model").drop_nulls().unique(maintain_order=True)
    known = normalized_models(ids).collect()
    if models is not None:
        given = normalized_models(models).collect().unique("model_id", keep="last")
        known = pl.concat([given, known.join(given, on="model_id", how="anti")], how="diagonal")
    context = Context(registry, ModelTable(known), on=on)
    credits = credits_of(strategy, known.join(ids, on="model_id", how="semi"), context=context)
    there = credits.filter((pl.col("start") <= on) & (pl.col("end") > on))
    return there.select("country", model="model_id").unique()


def _notes(rows: pl.DataFrame) -> Adjustments:
    adopters = rows.group_by("adopter").agg(
        places=pl.col("adopter_country").n_unique(), models=pl.col("model").count(),
        nowhere=(pl.col("adopter_country") == OriginStatus.UNKNOWN.value).any(),
    )  # fmt: skip
    found = (
        Adjustment("in_several_countries", adopters.filter(pl.col("places") > 1).height, "adopters", "counted in each"),
        Adjustment("no_model", adopters.filter(pl.col("models") == 0).height, "adopters", "use no open model"),
        Adjustment("no_country", adopters.filter("nowhere").height, "adopters", "without country: under unknown"),
    )
    return Adjustments(tuple(note for note in found if note.count))
