"""The strategy ``publisher``: the organization behind the namespace of a model."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo.attribution._strategies.built_in import NamespaceStrategy
from ossgeo.registry._classification import namespace_seats
from ossgeo.registry._registry import Registry


@attrs.frozen
class Publisher(NamespaceStrategy):
    """Credits a model to the countries of the organization behind its namespace, at the date.

    It abstains if the registry does not know the namespace at the date; an organization without a known country is credited
    with the status ``unreviewed``.

    Example:
        >>> import datetime as dt
        >>> from ossgeo import Model, Registry
        >>> from ossgeo.attribution import Context
        >>> rule = Publisher()
        >>> results = rule.attribute(Model("Qwen/Qwen3-8B"), on=dt.date(2026, 1, 1), context=Context(Registry.default()))
        >>> str(results.credits[0].country), results.credits[0].organization
        ('CN', 'qwen')
    """

    name: ClassVar[str] = "publisher"

    def _credits_of_namespaces(self, registry: Registry) -> pl.DataFrame:
        """Return the countries of the organization behind each namespace, by date.

        Args:
            registry: The registry.
        """
        return namespace_seats(registry).filter(pl.col("organization").is_not_null())


def seats_changes(registry: Registry) -> frozenset[dt.date]:
    """Return the dates at which the organization of a namespace or its country changes.

    Args:
        registry: The registry.
    """
    seats = namespace_seats(registry)
    return frozenset({*seats["start"].unique(), *seats["end"].unique()} - {BEGINNING, END})
