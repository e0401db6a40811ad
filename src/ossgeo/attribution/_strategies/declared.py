"""The strategy ``declared``: the countries that a model card states."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.method import Adjustment
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.attribution._strategies.built_in import FrameStrategy
from ossgeo.attribution._strategies.eligibility import eligible_intervals
from ossgeo.attribution._strategies.publisher import seats_changes
from ossgeo.panel._models import Model
from ossgeo.registry._countries import Country, OriginStatus, parse_places
from ossgeo.registry._organizations import Evidence

_OPEN: Final = (OriginStatus.UNKNOWN, OriginStatus.UNREVIEWED)


@attrs.frozen
class Declared(FrameStrategy):
    """A heuristic: the countries that a model card or a list states (models column ``declared_country``), in equal parts.

    It abstains unless the registry knows no organization for the namespace, or one without a known country: a reviewed country
    is never overruled, and a person never gets a country. The storage region of a repository is not used.
    """

    name: ClassVar[str] = "declared"
    requires: ClassVar[frozenset[str]] = frozenset({"declared_country"})

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the model card.

        Args:
            model: The model.
        """
        page = f"https://huggingface.co/{model.id}"
        return (Evidence("own statement", page, note=f"card: {model.declared_country}"),)

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
        codes = {text: [str(place) for place in _read(text)] for text in texts}
        read = stated.with_columns(
            country=pl.col("declared_country").replace_strict(codes, default=None, return_dtype=pl.List(pl.String))
        ).filter(pl.col("country").list.len() > 0)
        spans = eligible_intervals(read, context.registry, _OPEN)
        parts = read.select("model_id", "country", weight=1.0 / pl.col("country").list.len().cast(pl.Float64)).explode(
            "country"
        )
        credits = parts.join(spans, on="model_id")
        return credits.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace or its country changes."""
        return seats_changes(context.registry)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the number of cards whose stated country is not recognized."""
        frame = context.models.frame
        if "declared_country" not in frame.columns:
            return ()
        stated = frame["declared_country"].drop_nulls().value_counts()
        strange = sum(count for text, count in stated.iter_rows() if not _read(text))
        return (
            Adjustment(
                "declared_unread",
                strange,
                "models",
                "whose card states a text that is not a country or a list of countries",
            ),
        )


@lru_cache(10_000)
def _read(text: str | None) -> tuple[Country | OriginStatus, ...]:
    return (parse_places(text) or ()) if text else ()
