"""The strategy ``declared``: the country that a model card states."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context
from ossgeo.attribution._strategies.built_in import BuiltInStrategy
from ossgeo.attribution._strategies.eligibility import eligible_intervals, is_eligible
from ossgeo.attribution._strategies.publisher import seats_changes
from ossgeo.errors import UnknownCountryError
from ossgeo.panel._models import Model
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._organizations import Evidence

_OPEN: Final = (OriginStatus.UNKNOWN, OriginStatus.UNREVIEWED)


@attrs.frozen
class Declared(BuiltInStrategy):
    """A heuristic: the country that a model card states (models column ``declared_country``).

    It abstains unless the registry knows no organization for the namespace, or one without a known country: a reviewed country
    is never overruled, and a person never gets a country. The storage region of a repository is not used.
    """

    name: ClassVar[str] = "declared"
    requires: ClassVar[frozenset[str]] = frozenset({"declared_country"})

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the country that the model card states.

        Args:
            model: The model; ``declared_country`` is used.
            on: The day.
            context: The registry.
        """
        country = _read(model.declared_country)
        if country is None or not is_eligible(model, on, context.registry, _OPEN):
            return None
        card = Evidence("own statement", f"https://huggingface.co/{model.id}", note=f"card: {model.declared_country}")
        publisher = context.registry.find(model.namespace, on=on)
        organization = publisher.id if publisher is not None else None
        return Attribution.to(country, rule=self.name, organization=organization, evidence=(card,))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

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
        spans = eligible_intervals(read, context.registry, _OPEN)
        credits = read.select("model_id", "country").join(spans, on="model_id")
        return credits.with_columns(weight=pl.lit(1.0), rule=pl.lit(self.name)).select(*CREDIT_SCHEMA).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace or its country changes."""
        return seats_changes(context.registry)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the number of cards whose stated country is not recognized."""
        frame = context.models.frame
        if "declared_country" not in frame.columns:
            return ()
        stated = frame["declared_country"].drop_nulls().value_counts()
        strange = sum(count for text, count in stated.iter_rows() if _read(text) is None)
        return (Adjustment("declared_unread", strange, "models", "whose card states a text that is not a country"),)


def _read(text: str | None) -> Country | None:
    try:
        return Country.parse(text) if text else None
    except UnknownCountryError:
        return None
