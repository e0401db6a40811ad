"""Namespaces in the place of models: flows are summed by namespace before they are credited."""

from __future__ import annotations

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import RESPELLED, other_spellings
from ossgeo.panel._flow_rows import Flows
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._model_groups import GROUP


def summed_by_namespace(flows: Flows, namespaces: pl.Series) -> Flows:
    """Return the flows of each of some namespaces, and those of all others together without a namespace.

    The remainder is a difference of exact sums, so that no other namespace is looked at.

    Args:
        flows: Flows of models; whole numbers.
        namespaces: The namespaces, each once.

    Returns:
        A small table in the form of flows: model_id is that of the namespace, null for the remainder.
    """
    keys = ["period", *flows.keys]
    sums = {"downloads": nw.col("downloads").sum().cast(nw.Int64), "n": nw.len().cast(nw.Int64)}
    names = engines.send(namespaces.to_frame("model_id"), flows.frame)
    every = engines.collect(flows.frame.group_by(*keys).agg(**sums))
    found = engines.collect(
        engines.with_namespaces(flows.frame).join(names, on="model_id").group_by("model_id", *keys).agg(**sums)
    )
    parts = found.group_by(keys).agg(pl.col("downloads", "n").sum())
    rest = every.join(parts, on=keys, how="left", nulls_equal=True, suffix="_found").with_columns(
        pl.col(name) - pl.col(f"{name}_found").fill_null(0) for name in ("downloads", "n")
    )
    summed = pl.concat([found, rest.filter(pl.col("n") > 0)], how="diagonal").select("model_id", *keys, "downloads")
    return attrs.evolve(flows, frame=engines.wrap(summed.lazy()))


def without_usual_group(credits: pl.DataFrame) -> tuple[int | None, pl.DataFrame]:
    """Leave out the credits to the most frequent group: models without a credit belong to it.

    Args:
        credits: model_id, group, weight and, if any is dated, start and end; complete for every model.

    Returns:
        The code of the group, None if there is none; and the remaining credits.
    """
    whole = pl.col("weight") == 1
    if "start" in credits.columns:
        whole &= (pl.col("start") == BEGINNING) & (pl.col("end") == END)
    whole &= pl.col("model_id").is_unique()
    found = credits.filter(whole)[GROUP].value_counts(sort=True)
    if not found.height:
        return None, credits
    usual = int(found[GROUP][0])
    return usual, credits.filter(~(whole & (pl.col(GROUP) == usual)))


def with_usual_group(rows: pl.DataFrame, usual: int) -> pl.DataFrame:
    """Return the sums of flows with those without a credit in the usual group; see :func:`without_usual_group`.

    Args:
        rows: since, period, group, event, value.
        usual: The code of the group.
    """
    return rows.with_columns(pl.col(GROUP).fill_null(usual)).group_by(pl.exclude("value")).agg(pl.col("value").sum())


def with_models_counted(note: Adjustment, panel: Panel, namespaces: pl.DataFrame, registry: Registry) -> Adjustment:
    """Return an adjustment that counts models; one that counted namespaces in their place is corrected.

    Args:
        note: The adjustment.
        panel: The panel.
        namespaces: The namespaces of the panel, as a models table.
        registry: The registry.
    """
    if note.code != RESPELLED:
        return note
    names = namespaces.filter(pl.col("namespace").is_in(list(other_spellings(namespaces, registry))))
    by_key = panel._keyed is not None
    rows = engines.wrap(panel._key_ids().to_frame("model_id").lazy()) if by_key else panel.rows
    ids = rows.select("model_id", name=nw.col("model_id"))
    named = engines.with_namespaces(ids, "name").join(engines.send(names.select(name="model_id"), ids), on="name")
    number = engines.collect(named.select(nw.col("model_id").n_unique())).item()
    return attrs.evolve(note, count=int(number))
