"""From models to weighted groups: the credits of each model under the keys of the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution import AttributionStrategy, Context, ModelTable, credits_of
from ossgeo.attribution._evaluation import adjustments_of, spelling_adjustments
from ossgeo.panel._filters import KEPT, UNDECIDED, decide, of_models
from ossgeo.panel._flows import HUB_START, floor_note
from ossgeo.registry._classification import organization_kinds
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry
from ossgeo.shares import _grouping as grouping
from ossgeo.shares._aggregates import PARTS, coded
from ossgeo.shares._grouping import COVERED, Key
from ossgeo.shares._model_keys import with_basis, with_model_keys
from ossgeo.shares._options import MeasureOptions

GROUP: Final = "group"
"""The column of group codes in an aggregate."""


def model_groups(
    models: pl.DataFrame,
    keys: Sequence[Key],
    strategies: Sequence[AttributionStrategy],
    options: MeasureOptions,
    registry: Registry,
    *,
    last: dt.date,
    notes: list[Adjustment],
    residual: Sequence[str] = (),
    dimensions: Sequence[str] = (),
) -> pl.DataFrame:
    """Return the weighted groups of every model.

    Args:
        models: The models table.
        keys: The keys of the table.
        strategies: The strategy of the table, then those of keys with a rule of their own.
        options: The options; ``where``, ``as_of`` and ``counting`` apply here.
        registry: The registry.
        last: The last observation, on which strategies without dates are evaluated.
        notes: Receives what was left out.
        residual: The ids of rows that represent all models that the source does not list.
        dimensions: The dimensions of the panel, whose part of ``where`` does not concern models.

    Returns:
        One row for each model, validity and group: model_id, start, end, the keys, status, basis, fraction, weight, and outside
        (null, or the verdict of ``where`` on a model that is left out).
    """
    where = of_models(options.where, dimensions)
    verdicts = decide(models, where)
    kept = models if where is None else models.filter(verdicts == KEPT)
    day = options.as_of if isinstance(options.as_of, dt.date) else last
    context = Context(registry, ModelTable(models), on=day)
    listed = kept.filter(~pl.col("model_id").is_in(list(residual))) if residual else kept
    credits = credits_of(strategies[0], listed, context=context)
    for column, strategy in zip(grouping.rules_of(keys), strategies[1:], strict=True):
        credits = grouping.crossed(credits, credits_of(strategy, listed, context=context), column)
    credits = _with_residual(credits, kept["model_id"], residual, [*grouping.rules_of(keys)])
    if any(key.name == "kind" for key in keys):
        credits = grouping.with_kinds(credits, organization_kinds(registry))
    credits = grouping.with_schemes(credits, keys)
    credits = _at_registry_date(credits, kept, options.as_of, notes)
    notes.extend((*spelling_adjustments(models, registry), *adjustments_of(strategies, context)))
    credits = with_model_keys(credits, keys, kept, context, strategies[0])
    credits = with_basis(credits, listed, context, strategies[0])
    if any(key.name == "namespace" for key in keys):
        credits = credits.join(kept.select("model_id", "namespace"), on="model_id", maintain_order="left")
    groups = grouping.weighted_groups(credits, keys, options.counting)
    left_out = pl.DataFrame({"model_id": models["model_id"], GROUP: verdicts}).filter(pl.col(GROUP) != KEPT)
    undecided = left_out.filter(pl.col(GROUP) == UNDECIDED).height
    if undecided:
        notes.append(
            Adjustment("where_undecided", undecided, "models", "left out: a value that where needs is unknown")
        )
    whole = {"fraction": pl.lit(1.0), "weight": pl.lit(1.0), "outside": pl.col(GROUP)}
    outside = left_out.select("model_id", start=pl.lit(BEGINNING), end=pl.lit(END), **whole)
    return pl.concat([groups, outside], how="diagonal")


def _with_residual(
    credits: pl.DataFrame, ids: pl.Series, residual: Sequence[str], places: Sequence[str]
) -> pl.DataFrame:
    """Add the credits of residual rows: their country, under every strategy, is the status ``residual``."""
    found = ids.filter(ids.is_in(list(residual))) if residual else ids.head(0)
    if not len(found):
        return credits
    status = dict.fromkeys(("country", *places), pl.lit(OriginStatus.RESIDUAL.value))
    rows = pl.DataFrame({"model_id": found}).with_columns(
        start=pl.lit(BEGINNING), end=pl.lit(END), weight=pl.lit(1.0), rule=pl.lit("residual"), **status
    )
    return pl.concat([credits, rows.select(name for name in credits.columns if name in rows.columns)], how="diagonal")


def _at_registry_date(
    credits: pl.DataFrame, models: pl.DataFrame, as_of: str | dt.date, notes: list[Adjustment]
) -> pl.DataFrame:
    """Keep the credits of the registry's date, valid at all times; with ``flow`` each flow has its own date."""
    if as_of == "flow":
        return credits
    always = {"start": pl.lit(BEGINNING), "end": pl.lit(END)}
    if isinstance(as_of, dt.date):
        return credits.filter((pl.col("start") <= as_of) & (pl.col("end") > as_of)).with_columns(**always)
    day = pl.col("created_at").dt.date()
    born = models.select("model_id", born=pl.when(day >= HUB_START).then(day))
    dated = credits.join(born, on="model_id", maintain_order="left")
    notes.append(
        Adjustment(
            "creation_unknown",
            born["born"].null_count(),
            "models",
            "no created_at, or one that is not possible: attributed by the registry's latest state",
        )
    )
    notes.append(floor_note(models, "attributed by the registry's state on that day"))
    day = pl.col("born").fill_null(END - dt.timedelta(days=1))
    return dated.filter((pl.col("start") <= day) & (pl.col("end") > day)).with_columns(**always).drop("born")


def namespace_counts(groups: pl.DataFrame, credits: pl.DataFrame, day: dt.date) -> tuple[tuple[str, int], ...]:
    """Return the number of namespaces of each status on a day.

    Args:
        groups: group, status, outside; codes in order.
        credits: namespace, group and, if any is dated, start and end.
        day: The day.
    """
    dated = "start" in credits.columns
    valid = credits.filter((pl.col("start") <= day) & (pl.col("end") > day)) if dated else credits
    kept = valid.select("namespace", "group").unique().join(groups.filter(pl.col("outside").is_null()), on="group")
    counts = dict(kept.group_by("status").agg(pl.col("namespace").n_unique()).iter_rows())
    return tuple((name, counts[name]) for name in COVERED if name in counts)


def encoded(groups: pl.DataFrame, names: list[str], models: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Replace the keys of every group by one integer: joins and aggregates on integers are the fastest on every engine.

    Args:
        groups: The weighted groups of every model.
        names: The key columns.
        models: The models table.

    Returns:
        The table of codes; and the credits: model_id, namespace, group, weight and, if any is dated, start and end.
    """
    codes = coded(groups, names)
    columns = [*names, *PARTS]
    joined = groups.lazy().join(codes.lazy(), on=columns, nulls_equal=True)
    credits = joined.select("model_id", "start", "end", GROUP, "weight").collect()
    del groups, joined  # the widest table of the Hub's 3.7 million models
    # in the models' own order, which is usually the panel's: the join then reads memory in order
    credits = models.select("model_id", "namespace").join(credits, on="model_id", maintain_order="left")
    dated = credits.select(((pl.col("start") > BEGINNING) | (pl.col("end") < END)).any()).item()
    return codes, credits if dated else credits.drop("start", "end")
