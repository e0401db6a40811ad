"""The strategy ``membership``: the organizations on the Hub of the person behind a namespace."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.intervals import aligned, clipped
from ossgeo.attribution._evaluation import with_registry_spelling
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Context
from ossgeo.attribution._strategies.built_in import FrameStrategy
from ossgeo.attribution._strategies.eligibility import eligible_intervals
from ossgeo.attribution._strategies.publisher import seats_changes
from ossgeo.panel._models import Model
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Evidence

_OPEN: Final = (OriginStatus.INDIVIDUAL, OriginStatus.UNREVIEWED)


@attrs.frozen
class Membership(FrameStrategy):
    """A heuristic for persons: their organizations on the Hub (models column ``member_of``), in equal parts.

    It abstains unless the registry has a person or no entry for the namespace: a reviewed organization is never
    overruled. Organizations without a country in the registry are ignored; if none remains, the strategy abstains and a
    person stays an individual.
    """

    name: ClassVar[str] = "membership"
    requires: ClassVar[frozenset[str]] = frozenset({"member_of"})

    def _evidence(self, model: Model) -> tuple[Evidence, ...]:
        """Return the profile of the person.

        Args:
            model: The model.
        """
        page = f"https://huggingface.co/{model.namespace}"
        return (Evidence("hub profile", page, note=", ".join(model.member_of)),)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id, namespace and ``member_of`` are used.
            context: The registry.
        """
        if "member_of" not in models.collect_schema().names():
            return pl.LazyFrame(schema=dict(CREDIT_SCHEMA))
        members = (
            models.select("model_id", "namespace", "member_of").filter(pl.col("member_of").list.len() > 0).collect()
        )
        words = [status.value for status in _OPEN]
        placed = namespace_seats(context.registry).filter(
            ~pl.col("country").is_in(words).all().over("namespace", "start", "end")
        )
        listed = members.select("model_id", namespace="member_of").explode("namespace").unique()
        handles = with_registry_spelling(listed, context.registry)
        seats = handles.join(placed.rename({"weight": "part"}), on="namespace").drop("namespace")
        span = ["model_id", "start", "end"]
        cut = aligned(seats.unique().with_columns(weight=pl.lit(0.5))).drop("weight").unique()
        several = pl.col("organization").n_unique().over(span)
        credits = cut.with_columns(weight=pl.col("part") / several, rule=pl.lit(self.name)).select(*CREDIT_SCHEMA)
        return clipped(credits, eligible_intervals(members, context.registry, _OPEN)).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace or its country changes."""
        return seats_changes(context.registry)
