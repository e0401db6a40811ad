"""The strategy ``publisher``: the organization behind the namespace of a model."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs
import polars as pl

from ossgeo._core.dates import END
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context, Credit
from ossgeo.attribution._strategies.built_in import BuiltInStrategy
from ossgeo.panel._models import Model
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry


@attrs.frozen
class Publisher(BuiltInStrategy):
    """Credits a model to the countries of the organization behind its namespace, at the date.

    It abstains if the registry does not know the namespace at the date; an organization without a known country is credited
    with the status ``unreviewed``.

    Example:
        >>> from ossgeo import Model, Registry
        >>> rule = Publisher()
        >>> results = rule.attribute(Model("Qwen/Qwen3-8B"), on=dt.date(2026, 1, 1), context=Context(Registry.default()))
        >>> str(results.credits[0].country), results.credits[0].organization
        ('CN', 'qwen')
    """

    name: ClassVar[str] = "publisher"
    requires: ClassVar[frozenset[str]] = frozenset[str]()
    by_namespace: ClassVar[bool] = True

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the countries of the organization behind the namespace on a day.

        Args:
            model: The model.
            on: The day.
            context: The registry.

        Returns:
            A credit for each country of the organization, or None if the registry does not know the namespace.
        """
        organization = context.registry.find(model.namespace, on=on)
        if organization is None:
            return None
        seats = organization.seats(on=on)
        credits = tuple(Credit(seat.country, organization.id, seat.weight) for seat in seats)
        evidence = tuple(seat.evidence for seat in seats if seat.evidence is not None)
        return Attribution(self.name, credits or (Credit(OriginStatus.UNREVIEWED, organization.id),), evidence)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table; model_id and namespace are used.
            context: The registry.

        Returns:
            The credits table; models without an attribution have no row.
        """
        seats = namespace_seats(context.registry).lazy().filter(pl.col("organization").is_not_null())
        found = models.select("model_id", "namespace").join(seats, on="namespace")
        return found.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the organization of a namespace or its country changes.

        Args:
            context: The registry.
        """
        return seats_changes(context.registry)


def seats_changes(registry: Registry) -> frozenset[dt.date]:
    """Return the dates at which the organization of a namespace or its country changes.

    Args:
        registry: The registry.
    """
    seats = namespace_seats(registry)
    return frozenset(seats["start"].unique().to_list()) | frozenset(seats["end"].unique().to_list()) - {END}
