"""License drift: models whose license claims more freedom than the license of a model that they were made from."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import polars as pl

from ossgeo.attribution._lineage.facts import LineageEvidence
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.panel._openness import grants_more, openness_of
from ossgeo.registry._registry import Registry
from ossgeo.shares._calculators.built_in import EventCounter
from ossgeo.sources._files.models_given import models_given


def license_drift(
    models: Any, *, registry: Registry | None = None, evidence: LineageEvidence = "reviewed"
) -> pl.DataFrame:
    """Return the licenses of all models along their lineage, and where they conflict.

    A conflict is a model with an open license (open source or open weights, see :class:`ossgeo.panel.Openness`) and an ancestor with a
    restricted one. A license that is not declared conflicts with nothing.

    Args:
        models: A models table with ``base_models`` and ``license``, such as ``panel.models``.
        registry: The registry with lineage facts; by default the bundled one.
        evidence: ``declared`` or ``reviewed``, as in :func:`ossgeo.attribution.root`.

    Returns:
        One row for each model and ancestor: model_id, relation (to the next base model on the way), license, openness, ancestor,
        distance (1 for a base model), ancestor_license, ancestor_openness, conflict.

    Raises:
        PanelError: The table has no model_id.

    Example:
        >>> import ossgeo
        >>> found = license_drift(ossgeo.load_sample("trending-2026").models)
        >>> found.columns[:4]
        ['model_id', 'relation', 'license', 'openness']
    """
    table = models_given(models).collect().unique("model_id", keep="last", maintain_order=True)
    graph = Graph.build(table, registry or Registry.default(), evidence=evidence)
    pairs = _ancestors(graph.links)
    pairs = pairs.with_columns(graph.names.gather(pairs[name]).alias(name) for name in ("model_id", "ancestor"))
    if "license" not in table.columns:
        table = table.with_columns(license=pl.lit(None, pl.String))
    licenses = table.select("model_id", "license", openness=_classes(table["license"]))
    found = pairs.join(licenses, on="model_id").join(
        licenses.rename({"model_id": "ancestor", "license": "ancestor_license", "openness": "ancestor_openness"}),
        on="ancestor", how="left",
    )  # fmt: skip
    distinct = found.select("license", "ancestor_license").unique()
    verdict = [grants_more(*row) for row in distinct.iter_rows()]
    conflicts = distinct.with_columns(conflict=pl.Series(verdict, dtype=pl.Boolean))
    found = found.join(conflicts, on=["license", "ancestor_license"], nulls_equal=True)
    columns = ("model_id", "relation", "license", "openness", "ancestor", "distance", "ancestor_license",
               "ancestor_openness", "conflict")  # fmt: skip
    return found.select(*columns).sort("model_id", "distance", "ancestor")


def _classes(licenses: pl.Series) -> pl.Series:
    words = {text: openness_of(text).value for text in licenses.unique()}
    return pl.Series([words[text] for text in licenses], dtype=pl.String)


def _ancestors(links: pl.DataFrame) -> pl.DataFrame:
    """Return each model with each ancestor, by the shortest way: model_id, relation, ancestor, distance."""
    step = links.select("child", "parent", "relation").unique(["child", "parent"], keep="first", maintain_order=True)
    found = new = step.select(model_id="child", relation="relation", ancestor="parent", distance=pl.lit(1))
    while new.height:
        further = new.join(step.select("child", "parent"), left_on="ancestor", right_on="child").select(
            "model_id", "relation", ancestor="parent", distance=pl.col("distance") + 1
        )
        new = further.unique(["model_id", "ancestor"], keep="first", maintain_order=True).join(
            found, on=["model_id", "ancestor"], how="anti"
        )
        found = pl.concat([found, new])
    return found


@attrs.frozen
class LicenseDrift(EventCounter):
    """Counts models whose license claims more freedom than that of an ancestor, on the day of their creation.

    Measure it by ``country`` for who publishes them, by ``("country", "relation")`` for how they were made, and with
    ``attribution="root"`` for whose terms they drop. See :func:`ossgeo.license_drift` for the models themselves.

    Attributes:
        evidence: ``declared`` or ``reviewed``, as in :func:`ossgeo.attribution.root`.
        registry: The registry with lineage facts; by default that of the measurement.
    """

    evidence: LineageEvidence = "reviewed"
    registry: Registry | None = attrs.field(default=None, repr=False, eq=False)
    name: ClassVar[str] = "license-drift"
    unit: ClassVar[str] = "models with license drift"
    requires: ClassVar[frozenset[str]] = frozenset({"created_at", "base_models", "license"})

    def for_registry(self, registry: Registry) -> LicenseDrift:
        """Return the calculator that reads its lineage facts from a registry, unless it has one of its own.

        Args:
            registry: The registry of the measurement.
        """
        return self if self.registry is not None else attrs.evolve(self, registry=registry)

    def events(self, models: pl.LazyFrame) -> pl.LazyFrame:
        """Return the day on which each model with a conflict was published.

        Args:
            models: The models table.

        Returns:
            model_id, period (null if created_at is); models without a conflict have no row.
        """
        table = models.collect()
        found = license_drift(table, registry=self.registry, evidence=self.evidence)
        conflicts = found.filter("conflict").select("model_id").unique()
        dated = table.join(conflicts, on="model_id", how="semi").unique("model_id", keep="last")
        return dated.select("model_id", period=pl.col("created_at").dt.date()).lazy()
