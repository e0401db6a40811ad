"""Declared: the country that a model card states."""

from __future__ import annotations

import datetime as dt
from typing import Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context
from ossgeo.attribution._strategies.eligibility import is_vacant, vacancies
from ossgeo.attribution._strategies.publisher import seats_changes
from ossgeo.errors import UnknownCountryError
from ossgeo.panel._models import Model
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._organizations import Evidence

_OPEN: Final = (OriginStatus.UNKNOWN, OriginStatus.UNREVIEWED)


@attrs.frozen
class Declared:
    """A heuristic: the country that a model card states (models column ``declared_country``).

    It speaks only where the registry knows of no organization, or of one without a known place: a reviewed country is
    never overruled, and a person never gets one. The region in which the Hub stores a repository is not looked at.
    """

    name: str = attrs.field(default="declared", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset({"declared_country"}), init=False, repr=False)

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Say which country a model's card states.

        Args:
            model: The model; ``declared_country`` is used.
            on: The day.
            context: The registry.
        """
        country = _read(model.declared_country)
        if country is None or not is_vacant(model, on, context.registry, _OPEN):
            return None
        card = Evidence("own statement", f"https://huggingface.co/{model.id}", note=f"card: {model.declared_country}")
        publisher = context.registry.find(model.namespace, on=on)
        organization = publisher.id if publisher is not None else None
        return Attribution.to(country, rule=self.name, organization=organization, evidence=(card,))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table; model_id, namespace and ``declared_country`` are used.
            context: The registry.
        """
        if "declared_country" not in models.collect_schema().names():
            return pl.LazyFrame(schema=dict(CREDIT_SCHEMA))
        stated = models.select("model_id", "namespace", "declared_country").drop_nulls("declared_country").collect()
        texts = stated["declared_country"].unique().to_list()
        codes = {text: None if (country := _read(text)) is None else country.alpha_2 for text in texts}
        read = stated.with_columns(
            country=pl.col("declared_country").replace_strict(codes, default=None, return_dtype=pl.String)
        ).drop_nulls("country")
        spans = vacancies(read, context.registry, _OPEN)
        credits = read.select("model_id", "country").join(spans, on="model_id")
        return credits.with_columns(weight=pl.lit(1.0), rule=pl.lit(self.name)).select(*CREDIT_SCHEMA).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which any namespace's organization or seat changes."""
        return seats_changes(context.registry)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return how many cards state what is no country."""
        frame = context.models.frame
        if "declared_country" not in frame.columns:
            return ()
        stated = frame["declared_country"].drop_nulls().value_counts()
        strange = sum(count for text, count in stated.iter_rows() if _read(text) is None)
        return (Adjustment("declared_unread", strange, "models", "whose card states what is no country"),)


def _read(text: str | None) -> Country | None:
    try:
        return Country.parse(text) if text else None
    except UnknownCountryError:
        return None
