"""The publisher rule: a model belongs to the organization behind its namespace."""

from __future__ import annotations

import datetime as dt

import attrs
import polars as pl

from ossgeo._core.dates import END
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context, Credit
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry


@attrs.frozen
class Publisher:
    """Namespace -> organization -> its seats, each at the date.

    A namespace that is not in the registry at the date is "no opinion"; an organization without a known seat is credited
    with the status ``unreviewed``.

    Example:
        >>> from ossgeo import Model, Registry
        >>> rule = Publisher()
        >>> said = rule.attribute(Model("Qwen/Qwen3-8B"), on=dt.date(2026, 1, 1), context=Context(Registry.default()))
        >>> str(said.credits[0].country), said.credits[0].organization
        ('CN', 'qwen')
    """

    name: str = attrs.field(default="publisher", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset[str](), init=False, repr=False)

    def __str__(self) -> str:
        """Return the name."""
        return self.name

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Say who stood behind a model's namespace on a day.

        Args:
            model: The model.
            on: The day.
            context: The registry.

        Returns:
            A credit for each seat of the organization, or None where the registry does not know the namespace.
        """
        organization = context.registry.find(model.namespace, on=on)
        if organization is None:
            return None
        seats = organization.seats(on=on)
        credits = tuple(Credit(seat.country, organization.id, seat.weight) for seat in seats)
        evidence = tuple(seat.evidence for seat in seats if seat.evidence is not None)
        return Attribution(self.name, credits or (Credit(OriginStatus.UNREVIEWED, organization.id),), evidence)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table; model_id and namespace are used.
            context: The registry.

        Returns:
            The credits table; models without an opinion have no row.
        """
        seats = context.registry.seats.lazy().filter(pl.col("organization").is_not_null())
        found = models.select("model_id", "namespace").join(seats, on="namespace")
        return found.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which any namespace's organization or seat changes.

        Args:
            context: The registry.
        """
        return seats_changes(context.registry)


def seats_changes(registry: Registry) -> frozenset[dt.date]:
    """Return the dates at which any namespace's organization or seat changes.

    Args:
        registry: The registry.
    """
    seats = registry.seats
    return frozenset(seats["start"].unique().to_list()) | frozenset(seats["end"].unique().to_list()) - {END}
