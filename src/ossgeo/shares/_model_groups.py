"""From models to weighted groups: the credits of each model under the keys of the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution import AttributionStrategy, Context, ModelTable
from ossgeo.attribution._evaluation import PLACE, adjustments_of, credits_by_place, spelling_adjustments
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
        One row for each model, validity and group: place (of the model in the table), start, end, the keys, status, basis,
        fraction, weight, and outside (null, or the verdict of ``where`` on a model that is left out).
    """
    where = of_models(options.where, dimensions)
    verdicts = decide(models, where)
    chosen = verdicts == KEPT
    kept = models if where is None else models.filter(chosen)
    day = options.as_of if isinstance(options.as_of, dt.date) else last
    context = Context(registry, ModelTable(models), on=day)
    remainder = models["model_id"].is_in(list(residual))
    listed = kept.filter(~pl.col("model_id").is_in(list(residual))) if residual else kept
    places = (chosen & ~remainder).arg_true()
    credits = _credits(strategies[0], listed, places, context)
    for column, strategy in zip(grouping.rules_of(keys), strategies[1:], strict=True):
        credits = grouping.crossed(credits, _credits(strategy, listed, places, context), column)
    credits = _with_residual(credits, (chosen & remainder).arg_true(), [*grouping.rules_of(keys)])
    if any(key.name == "kind" for key in keys):
        credits = grouping.with_kinds(credits, organization_kinds(registry))
    credits = grouping.with_schemes(credits, keys)
    credits = _at_registry_date(credits, models, chosen, options.as_of, notes)
    notes.extend((*spelling_adjustments(models, registry), *adjustments_of(strategies, context)))
    credits = with_model_keys(credits, keys, context, strategies[0])
    credits = with_basis(credits, context, strategies[0])
    names = {"namespace": "namespace", "model": "model_id"}
    own = {key.name: models[names[key.name]] for key in keys if key.name in names}
    credits = credits.with_columns(column.gather(credits[PLACE]).alias(name) for name, column in own.items())
    groups = grouping.weighted_groups(credits, keys, options.counting)
    left_out = pl.DataFrame({PLACE: (~chosen).arg_true(), GROUP: verdicts.filter(~chosen)})
    undecided = left_out.filter(pl.col(GROUP) == UNDECIDED).height
    if undecided:
        notes.append(
            Adjustment("where_undecided", undecided, "models", "left out: a value that where needs is unknown")
        )
    whole = {"fraction": pl.lit(1.0), "weight": pl.lit(1.0), "outside": pl.col(GROUP)}
    outside = left_out.select(PLACE, start=pl.lit(BEGINNING), end=pl.lit(END), **whole)
    return pl.concat([groups, outside], how="diagonal")


def _credits(strategy: AttributionStrategy, listed: pl.DataFrame, places: pl.Series, context: Context) -> pl.DataFrame:
    """Return the credits of some models by their places in the whole table."""
    credits = credits_by_place(strategy, listed, context=context)
    return credits.with_columns(places.gather(credits[PLACE]).alias(PLACE))


def _with_residual(credits: pl.DataFrame, found: pl.Series, columns: Sequence[str]) -> pl.DataFrame:
    """Add the credits of residual rows: their country, under every strategy, is the status ``residual``."""
    if not len(found):
        return credits
    status = dict.fromkeys(("country", *columns), pl.lit(OriginStatus.RESIDUAL.value))
    rows = pl.DataFrame({PLACE: found}).with_columns(
        start=pl.lit(BEGINNING), end=pl.lit(END), weight=pl.lit(1.0), rule=pl.lit("residual"), **status
    )
    return pl.concat([credits, rows.select(name for name in credits.columns if name in rows.columns)], how="diagonal")


def _at_registry_date(
    credits: pl.DataFrame, models: pl.DataFrame, chosen: pl.Series, as_of: str | dt.date, notes: list[Adjustment]
) -> pl.DataFrame:
    """Keep the credits of the registry's date, valid at all times; with ``flow`` each flow has its own date."""
    if as_of == "flow":
        return credits
    always = {"start": pl.lit(BEGINNING), "end": pl.lit(END)}
    if isinstance(as_of, dt.date):
        return credits.filter((pl.col("start") <= as_of) & (pl.col("end") > as_of)).with_columns(**always)
    day = pl.col("created_at").dt.date()
    born = models.select(pl.when(day >= HUB_START).then(day)).to_series()
    notes.append(
        Adjustment(
            "creation_unknown",
            born.filter(chosen).null_count(),
            "models",
            "no created_at, or one that is not possible: attributed by the registry's latest state",
        )
    )
    notes.append(floor_note(models.filter(chosen), "attributed by the registry's state on that day"))
    known = born.fill_null(END - dt.timedelta(days=1)).gather(credits[PLACE])
    return credits.filter((credits["start"] <= known) & (credits["end"] > known)).with_columns(**always)


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
        The table of codes; and the credits in the order of the models, which is usually that of the panel: model_id, namespace,
        group, weight and, if any is dated, start and end.
    """
    codes = coded(groups, names)
    columns = [*names, *PARTS]
    joined = groups.lazy().join(codes.lazy(), on=columns, nulls_equal=True)
    credits = joined.select(PLACE, "start", "end", GROUP, "weight").collect()
    del groups, joined  # the widest table of the Hub's 3.7 million models
    credits = credits.sort(PLACE)
    own = (models[name].gather(credits[PLACE]) for name in ("model_id", "namespace"))
    credits = credits.select(*own, "start", "end", GROUP, "weight")
    dated = credits.select(((pl.col("start") > BEGINNING) | (pl.col("end") < END)).any()).item()
    return codes, credits if dated else credits.drop("start", "end")
