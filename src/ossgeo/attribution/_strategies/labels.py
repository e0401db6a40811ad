"""Strategies that use the country labels of another source, such as a study."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.attribution._strategies.built_in import FrameStrategy
from ossgeo.panel._models import Model
from ossgeo.registry._organizations import Evidence


@attrs.frozen
class Labeled(FrameStrategy):
    """Credits a model to the countries that a source's labels name (models column ``labels``), in equal parts.

    Attributes:
        name: Name of the source and of the strategy.
        url: The source of the labels.
    """

    name: str
    url: str | None = None
    requires: ClassVar[frozenset[str]] = frozenset({"labels"})

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the source of the labels.

        Args:
            model: Not used.
        """
        del model
        return (Evidence("own table", self.url, note=f"labels {self.name}"),)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id and ``labels`` are used.
            context: Not used.
        """
        del context
        if "labels" not in models.collect_schema().names():
            return pl.LazyFrame(schema=dict(CREDIT_SCHEMA))
        label = pl.col("labels").struct
        mine = (
            models.select("model_id", "labels")
            .explode("labels")
            .filter(label.field("source") == self.name)
            .select("model_id", country=label.field("country"))
            .unique()
        )
        return mine.select(
            "model_id",
            start=pl.lit(BEGINNING),
            end=pl.lit(END),
            organization=pl.lit(None, pl.String),
            country="country",
            weight=1 / pl.len().over("model_id").cast(pl.Float64),
            rule=pl.lit(self.name),
        )

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return no dates: labels are undated."""
        del context
        return frozenset()


def study_publisher() -> Labeled:
    """Credit models as the study "Economies of Open Intelligence" labels their publishers."""
    return Labeled("study-publisher", "https://arxiv.org/abs/2512.03073")


def study_derived() -> Labeled:
    """Credit models as the study "Economies of Open Intelligence" labels their base models."""
    return Labeled("study-derived", "https://arxiv.org/abs/2512.03073")
