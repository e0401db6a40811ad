"""Adoption: of the adopters in one country, the part that uses a model from another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import polars as pl
from narwhals.typing import IntoFrame

from ossgeo import attribution as attributions
from ossgeo._core.boundary import reads_data
from ossgeo._core.dates import day_of
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Method
from ossgeo._core.proportions import wilson
from ossgeo.attribution import AttributionStrategy, Context, ModelTable, credits_of
from ossgeo.attribution._evaluation import shown
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, UnknownCountryError
from ossgeo.external._board_rows import read_table, renamed
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.registry._countries import Country, OriginStatus, parse_origin
from ossgeo.registry._registry import Registry
from ossgeo.shares._table import ShareTable
from ossgeo.sources._files.models_given import models_given
from ossgeo.sources._files.normalization import limited

AdoptionDenominator = Literal["all", "users"]
"""``all``: every adopter of the country; ``users``: those that use any open model. Quotations often confuse the two."""

_COLUMNS: Final = ("adopter", "country", "model")


@reads_data
def adoption_shares(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str,
    denominator: AdoptionDenominator = "all",
    attribution: str | AttributionStrategy = attributions.DEFAULT,
    columns: Mapping[str, str] | None = None,
    countries: Mapping[str, str | Country | OriginStatus] | None = None,
    models: Panel | IntoFrame | str | Path | None = None,
    confidence: float = 0.95,
    registry: Registry | None = None,
) -> ShareTable:
    """Return the part of the adopters in each country that uses a model from each country.

    An adopter counts once for each country whose models it uses, so that shares do not sum to 1. An adopter with two
    countries counts in both, and is counted in ``adjustments``; so is one without a country, under ``unknown``. An
    adopter without a model uses none: it counts in the denominator ``all`` only.

    Args:
        table: A dataframe, or the path or address of a file, with the columns adopter, country (of the adopter) and model (an id on the
            Hub, or empty); one row for each model that an adopter uses.
        on: The date of the survey, and of the registry.
        denominator: ``all`` adopters of the country, or ``users`` of any open model.
        attribution: The strategy that gives the country of a model.
        columns: The table's name of a column to adopter, country or model.
        countries: The table's text of a country to a country or status (``international``), for texts that
            :meth:`ossgeo.Country.parse` does not read.
        models: A models table, for strategies that need more than the id.
        confidence: Confidence level of the intervals, between 0 and 1.
        registry: The registry; by default the bundled one.

    Returns:
        One row for each country of adopters and each country or status of a used model, sorted by falling value: period,
        adopter_country, country, value (adopters), share (null without adopters in the denominator), lower and upper
        (Wilson's interval), adopters (the denominator). A pair without users has the value 0.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: Columns or adopters are missing, or a country cannot be read; with every fault.
        InvalidArgumentError: The denominator does not exist, or the confidence is not between 0 and 1.

    Source: E. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the American
        Statistical Association 22 (1927).

    Example:
        >>> rows = pl.DataFrame({"adopter": ["a", "b", "c"], "country": "US", "model": ["Qwen/Qwen3-8B", None, None]})
        >>> both = [adoption_shares(rows, on="2025-09-01", denominator=one) for one in ("all", "users")]
        >>> [round(table.at()["US", "CN"], 3) for table in both]
        [0.333, 1.0]
    """
    if denominator not in ("all", "users"):
        raise InvalidArgumentError(f"denominator must be 'all' or 'users', got {denominator!r}")
    if not 0 < confidence < 1:
        raise InvalidArgumentError(f"confidence must be between 0 and 1, got {confidence!r}")
    day = day_of(on, what="on")
    used = registry or Registry.default()
    rows, title = _read(table, columns, {text: str(parse_origin(code)) for text, code in (countries or {}).items()})
    strategy = attributions.resolve(attribution)
    frame = _counts(rows, _origins(rows, strategy, models, used, day), users_only=denominator == "users")
    bounds = [
        wilson(value, number, confidence) if number else (None, None)
        for value, number in frame.select("value", "adopters").iter_rows()
    ]
    frame = frame.with_columns(
        pl.Series("lower", [low for low, _ in bounds], dtype=pl.Float64),
        pl.Series("upper", [high for _, high in bounds], dtype=pl.Float64),
        period=pl.lit(day),
    )
    names = ("period", "adopter_country", "country", "value", "share", "lower", "upper", "adopters")
    frame = frame.select(names).sort("value", "adopter_country", "country", descending=[True, False, False])
    method = Method(
        calculator=f"adoption ({denominator} as denominator, {confidence:.0%} Wilson)", unit="adopters", counter="events",
        by=("adopter_country", "country"), attribution=shown(strategy), counting="full", denominator="all", every=None,
        window=None, age_cap=None, as_of=str(day), where=None, cleaning=Cleaning(), registry=used.version, panel="",
        source=title, checked=False, engine="polars", version=version("ossgeo"),
    )  # fmt: skip
    return ShareTable(frame, method, adjustments=_notes(rows))


def _counts(rows: pl.DataFrame, origins: pl.DataFrame, *, users_only: bool) -> pl.DataFrame:
    """Count adopters and users for every pair of an adopters' country and a models' country."""
    pairs = rows.drop_nulls("model").join(origins, on="model").select("adopter", "adopter_country", "country").unique()
    counted = pairs.group_by("adopter_country", "country").agg(value=pl.len().cast(pl.Float64))
    base = rows.filter(pl.col("model").is_not_null()) if users_only else rows
    bases = base.group_by("adopter_country").agg(adopters=pl.col("adopter").n_unique().cast(pl.Float64))
    grid = rows.select("adopter_country").unique().join(origins.select("country").unique(), how="cross")
    keys = ["adopter_country", "country"]
    full = grid.join(counted, on=keys, how="left").join(bases, on="adopter_country", how="left")
    full = full.with_columns(pl.col("value", "adopters").fill_null(0.0))
    share = pl.when(pl.col("adopters") > 0).then(pl.col("value") / pl.col("adopters"))
    return full.with_columns(share=share)


def _read(
    table: str | Path | IntoFrame, columns: Mapping[str, str] | None, given: Mapping[str, str]
) -> tuple[pl.DataFrame, str]:
    frame, title = read_table(table)
    frame = renamed(frame, columns, dict.fromkeys(_COLUMNS))
    missing = [name for name in _COLUMNS if name not in frame.columns]
    if missing:
        there = ", ".join(frame.columns)
        remedy = "name them in columns={'theirs': 'ours'}"
        raise PanelError.of(title, f"has no column {', '.join(missing)}; it has {there}", remedy)
    rows = frame.select(pl.col(name).cast(pl.String).str.strip_chars() for name in _COLUMNS)
    rows = rows.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in _COLUMNS)
    faults = [
        Fault(f"{title}, row {place + 1}, column adopter", "is empty", "name the adopter")
        for place in rows.with_row_index("at").filter(pl.col("adopter").is_null())["at"]
    ]
    codes = country_codes(rows["country"], given, title, faults)
    if faults:
        raise PanelError(f"{title} cannot be used", limited(faults))
    places = pl.Series([codes[text] for text in rows["country"]], dtype=pl.String)
    return rows.select("adopter", "model", adopter_country=places), title


def country_codes(
    texts: pl.Series, given: Mapping[str, str], title: str, faults: list[Fault]
) -> Mapping[str | None, str]:
    """Return the code or status of each text of a country; a missing one is ``unknown``.

    Args:
        texts: The texts.
        given: Codes and statuses that the caller gave for texts.
        title: Name of the table, for messages.
        faults: Receives every text that is not a country.
    """
    codes: dict[str | None, str] = {None: OriginStatus.UNKNOWN.value}
    for text in texts.drop_nulls().unique(maintain_order=True):
        try:
            codes[text] = given.get(text) or str(Country.parse(text))
        except UnknownCountryError as error:
            faults.append(Fault(f"{title}, column country", str(error), f"give countries={{{text!r}: ...}}"))
            codes[text] = OriginStatus.UNKNOWN.value
    return codes


def _origins(
    rows: pl.DataFrame,
    strategy: AttributionStrategy,
    models: Panel | IntoFrame | str | Path | None,
    registry: Registry,
    on: dt.date,
) -> pl.DataFrame:
    """Return the countries of each model: model, country; a model of several countries has a row for each."""
    ids = rows.select(model_id="model").drop_nulls().unique(maintain_order=True)
    known = normalized_models(ids).collect()
    if models is not None:
        given = models_given(models).collect().unique("model_id", keep="last")
        known = pl.concat([given, known.join(given, on="model_id", how="anti")], how="diagonal")
    context = Context(registry, ModelTable(known), on=on)
    credits = credits_of(strategy, known.join(ids, on="model_id", how="semi"), context=context)
    valid = credits.filter((pl.col("start") <= on) & (pl.col("end") > on))
    return valid.select("country", model="model_id").unique()


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
