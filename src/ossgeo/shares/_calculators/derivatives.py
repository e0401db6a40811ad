"""Derivatives: models made from others, by the day of their publication."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import attrs
import polars as pl

from ossgeo._core.relations import Relation
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._calculators.built_in import EventCounter


def _relations(given: Iterable[str | Relation] | str) -> tuple[str, ...]:
    words = [given] if isinstance(given, str) else list(given)
    known = [relation.value for relation in Relation]
    for word in words:
        if str(getattr(word, "value", word)) not in known:
            raise InvalidArgumentError(f"relations: {word!r} is not one of {', '.join(known)}")
    if not words:
        raise InvalidArgumentError("relations: name at least one relation")
    chosen = {str(getattr(word, "value", word)) for word in words}
    return tuple(word for word in known if word in chosen)


@attrs.frozen
class Derivatives(EventCounter):
    """Counts models that say that they were made from another.

    A model counts once, on the day of its creation, however many bases it has. Measure it with ``attribution="root"`` for
    whose models others build on, with ``publisher`` for who builds, and by ``("builder_country", "base_country")`` for the
    matrix of both. A model that declares only itself is not a derivative; the attribution counts cycles.

    Attributes:
        relations: Which of ``finetune``, ``adapter``, ``quantized``, ``merge`` and ``unspecified`` count; by default all.
    """

    relations: tuple[str, ...] = attrs.field(
        default=tuple(relation.value for relation in Relation), converter=_relations
    )
    unit: ClassVar[str] = "derived models"
    requires: ClassVar[frozenset[str]] = frozenset({"created_at", "base_models"})

    @property
    def name(self) -> str:
        """The name, with the relations if they are not all."""
        every = len(self.relations) == len(Relation)
        return "derivatives" if every else f"derivatives({', '.join(self.relations)})"

    def events(self, models: pl.LazyFrame) -> pl.LazyFrame:
        """Return the day on which each derived model was published.

        Args:
            models: The models table.

        Returns:
            model_id, period (null if created_at is); models without a base of these relations have no row.
        """
        bases = models.select("model_id", "created_at", base="base_models").explode("base").drop_nulls("base")
        relation, origin = pl.col("base").struct.field("relation"), pl.col("base").struct.field("model_id")
        chosen = relation.fill_null(Relation.UNSPECIFIED.value).is_in(list(self.relations))
        derived = bases.filter(chosen & (origin != pl.col("model_id"))).unique("model_id")
        return derived.select("model_id", period=pl.col("created_at").dt.date())
