"""Paths from models to their ancestors: which part of a model each ancestor keeps, for one model and for all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Final

import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.relations import Relation
from ossgeo.attribution._protocol import Context
from ossgeo.panel._models import Model

Shares = Mapping[Relation, float]
"""For each relation the part of a model that is passed on to its base model, in [0, 1]."""

_NEGLIGIBLE: Final = 2.0**-30


def named(model_id: str, context: Context) -> Model:
    """Return a model of the context; a model that the context does not list has its id only.

    Args:
        model_id: The id.
        context: The models.
    """
    return context.models[model_id] if model_id in context.models else Model(model_id)


def walk(model: Model, onward: Callable[[Model], Mapping[str, float]], *, context: Context) -> dict[str, float]:
    """Follow the base models of a model, and assign to each model the part that is not passed on to its base models.

    Args:
        model: The model to start from.
        onward: Returns, for a model, the part that is passed on to each of its base models.
        context: The models.

    Returns:
        The part of each visited model, by id; the parts sum to 1.
    """
    left: dict[str, float] = {}
    waiting = {model.id: 1.0}
    while waiting:
        following: dict[str, float] = {}
        for name, weight in waiting.items():
            parts = onward(model if name == model.id else named(name, context)) if weight > _NEGLIGIBLE else {}
            rest = 1 - sum(parts.values())
            if rest > _NEGLIGIBLE:
                left[name] = left.get(name, 0.0) + weight * rest
            for parent, part in parts.items():
                if part > _NEGLIGIBLE:
                    following[parent] = following.get(parent, 0.0) + weight * part
        waiting = following
    total = sum(left.values())
    return {name: weight / total for name, weight in left.items()}


def with_parts(links: pl.DataFrame) -> pl.DataFrame:
    """Add the part of each base model: equal parts of the whole, after the parts of the chosen components.

    Args:
        links: child, parent, component and share; they hold at the same time.
    """
    if links["share"].null_count() == links.height:
        return links.with_columns(part=1 / pl.len().over("child").cast(pl.Float64))
    each = pl.col("share").fill_null(0.0) / pl.len().over("child", "component")
    rest = (1 - each.sum().over("child")) / pl.len().over("child", "component")
    return links.with_columns(part=pl.when(pl.col("share").is_null()).then(rest).otherwise(each))


def sources_of(links: pl.DataFrame, shares: Shares | None) -> pl.DataFrame:
    """Return, for each model with base models, which ancestors keep a part of it, and when.

    Links that hold at all times are followed once; models that depend on a dated link are followed for each interval between
    the dates.

    Args:
        links: Columns of :data:`ossgeo.attribution._lineage.facts.LINKS`; acyclic.
        shares: For each relation the part of a model that is passed on to its base model; None: the direct base models keep
            everything.

    Returns:
        model, source (numbers, as in the links), weight, start, end (half-open); at any date the weights of a model sum to 1.
    """
    dated = links.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END))
    if not dated.height:
        return _over(_kept(links, shares), BEGINNING, END)
    touched = reached(dated.select(model="child"), links, towards="child")
    moving = links.join(reached(touched, links, towards="parent"), left_on="child", right_on="model", how="semi")
    still = links.join(touched, left_on="child", right_on="model", how="anti")
    parts = [_over(_kept(still, shares), BEGINNING, END)]
    cuts = sorted({*dated["start"], *dated["end"], BEGINNING, END})
    for start, end in pairwise(cuts):
        now = moving.filter((pl.col("start") <= start) & (pl.col("end") > start))
        found = _kept(now, shares).join(touched, on="model", how="semi")
        alone = touched.join(found, on="model", how="anti").with_columns(weight=1.0, source="model")
        parts += [_over(found, start, end), _over(alone, start, end)]
    return pl.concat(parts)


def _kept(links: pl.DataFrame, shares: Shares | None) -> pl.DataFrame:
    """Return model, source and weight for links that hold at the same time."""
    parts = with_parts(links)
    if shares is not None:
        return propagate(parts, shares)
    direct = parts.select(model="child", source="parent", weight="part")
    rest = parts.group_by(model="child").agg(weight=1 - pl.col("part").sum()).with_columns(source="model")
    return pl.concat([direct, rest.filter(pl.col("weight") > _NEGLIGIBLE).select(direct.columns)])


def reached(models: pl.DataFrame, links: pl.DataFrame, *, towards: str) -> pl.DataFrame:
    """Return models and what can be reached from them: their ancestors, or their descendants.

    Args:
        models: model (numbers, as in the links).
        links: child and parent.
        towards: ``parent`` for ancestors, ``child`` for descendants.
    """
    before = "child" if towards == "parent" else "parent"
    found = new = models.unique()
    while new.height:
        following = links.join(new, left_on=before, right_on="model", how="semi").select(model=towards).unique()
        new = following.join(found, on="model", how="anti")
        found = pl.concat([found, new])
    return found


def propagate(links: pl.DataFrame, shares: Shares) -> pl.DataFrame:
    """Do the same as :func:`walk` for all models at once: each round joins the paths found so far with themselves.

    Args:
        links: child, parent, relation, part, share (a component is passed on as a whole); acyclic.
        shares: For each relation the part of a model that is passed on to its base model.

    Returns:
        One row for each model with a base model and each ancestor, or the model itself, that keeps a part: model, source,
        weight; the weights of a model sum to 1.
    """
    by_relation = pl.col("relation").replace_strict({str(one): float(part) for one, part in shares.items()})
    share = pl.when(pl.col("share").is_null()).then(by_relation).otherwise(1.0)
    given = links.select(
        model="child",
        node="parent",
        weight=pl.col("part") * share,
        rests=~pl.col("parent").is_in(pl.col("child").unique().implode()),
    )
    left = given.group_by("model").agg(weight=1 - pl.col("weight").sum())
    ways = pl.concat([given, left.select("model", node="model", weight="weight", rests=pl.lit(True))])
    ways = ways.filter(pl.col("weight") > _NEGLIGIBLE)
    while True:
        ways = ways.with_columns(rests=pl.col("rests") | (pl.col("weight") <= _NEGLIGIBLE))
        moving = ways.filter(~pl.col("rests"))
        if not moving.height:
            break
        onward = moving.join(ways, left_on="node", right_on="model", suffix="_on").select(
            "model", node="node_on", weight=pl.col("weight") * pl.col("weight_on"), rests="rests_on"
        )
        changed = moving.select("model").unique()  # fewer in each round
        rested = ways.filter("rests").join(changed, on="model", how="semi")
        both = _summed(pl.concat([rested, onward]), "model", "node", "rests")
        ways = pl.concat([ways.join(changed, on="model", how="anti"), both.select(ways.columns)])
    ways = _summed(ways, "model", "node").rename({"node": "source"})
    total = _summed(ways, "model").rename({"weight": "total"})
    whole = ways.lazy().join(total.lazy(), on="model").with_columns(pl.col("weight") / pl.col("total"))
    return whole.select("model", "source", "weight").collect(engine="streaming")


def _summed(ways: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Return the weights by keys; the streaming engine takes a tenth of the memory for 3.7 million groups."""
    return ways.lazy().group_by(keys).agg(pl.col("weight").sum()).collect(engine="streaming")


def _over(sources: pl.DataFrame, start: object, end: object) -> pl.DataFrame:
    return sources.select("model", "source", "weight", start=pl.lit(start, pl.Date), end=pl.lit(end, pl.Date))
