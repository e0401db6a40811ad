"""Propagation of credits: the credits of a model are the weighted credits of its sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from ossgeo.attribution._evaluation import ABSTAINED, completed, evaluate_model, evaluate_models
from ossgeo.attribution._lineage.ancestry import missing_bases
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._lineage.paths import named
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context, Credit, Delegation
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import Evidence


def propagate_credits(
    rule: str,
    sources: Mapping[str, float],
    over: Any,
    model: Model,
    *,
    on: dt.date,
    context: Context,
    evidence: Iterable[Evidence] = (),
) -> Attribution | None:
    """Return the weighted sum of the results of a strategy for the sources of a model.

    Args:
        rule: Name of the strategy that propagates credits.
        sources: The part of each source, by id; the parts sum to 1.
        over: The strategy that is evaluated for each source.
        model: The model.
        on: The day.
        context: The registry and the models.
        evidence: Why the sources are believed.

    Returns:
        The credits, one for each organization and country; a source on which the strategy abstains is ``unreviewed``. None if the
        model is its own only source and the strategy abstains.
    """
    results = {
        name: evaluate_model(over, model if name == model.id else named(name, context), on=on, context=context)
        for name in sources
    }
    if results == {model.id: None}:
        return None
    parties: dict[tuple[Any, str | None], float] = {}
    for name, part in sources.items():
        answer = results[name]
        for credit in answer.credits if answer else (Credit(OriginStatus.UNREVIEWED),):
            party = (credit.country, credit.organization)
            parties[party] = parties.get(party, 0.0) + part * credit.weight
    credits = tuple(Credit(country, organization, weight) for (country, organization), weight in parties.items())
    inner = (item for answer in results.values() if answer for item in answer.evidence)
    return Attribution(rule, credits, tuple(dict.fromkeys((*evidence, *inner))))


def propagate_all(
    rule: str, sources: pl.DataFrame, over: Any, models: pl.LazyFrame, *, context: Context
) -> pl.LazyFrame:
    """Do the same as :func:`propagate_credits` for all models at once.

    Args:
        rule: Name of the strategy that propagates credits.
        sources: model_id, source, weight, start, end, for models with other sources than themselves.
        over: The strategy that is evaluated for each source.
        models: The models that are evaluated.
        context: The registry and the models.

    Returns:
        The credits table; without rows where a model is its own only source and the strategy abstains.
    """
    asked = models.collect()
    ids = asked.select("model_id")
    sources = sources.join(ids, on="model_id", how="semi")
    everyone = _with_sources(asked, sources, context)
    inner = completed(evaluate_models(over, everyone, context=context), everyone)
    del asked, everyone  # with the Hub's 3.7 million models each of these tables takes some hundred megabytes
    credits = (
        inner.lazy()
        .join(sources.lazy().select(model_id="source"), on="model_id", how="semi")
        .with_columns(pl.col("organization", "country", "rule").cast(pl.Categorical))
        .collect()
    )
    own = (
        inner.lazy()
        .filter(pl.col("rule") != ABSTAINED)
        .join(ids.lazy(), on="model_id", how="semi")
        .join(sources.lazy(), on="model_id", how="anti")
        .with_columns(rule=pl.lit(rule))
        .collect()
    )
    del inner
    parts = sources.lazy().rename({"weight": "part", "start": "since", "end": "until"})
    joined = parts.join(credits.lazy().rename({"model_id": "source"}), on="source")
    alone = (pl.col("source") == pl.col("model_id")) & (pl.col("part") == 1) & (pl.col("rule") == ABSTAINED)
    passed = (
        joined.filter(~alone)
        .with_columns(start=pl.max_horizontal("start", "since"), end=pl.min_horizontal("end", "until"))
        .filter(pl.col("start") < pl.col("end"))
        .group_by("model_id", "start", "end", "organization", "country")
        .agg(weight=(pl.col("weight") * pl.col("part")).sum())
        .with_columns(pl.col("organization", "country").cast(pl.String), rule=pl.lit(rule))
        .collect(engine="streaming")  # without the joined table in memory
    )
    return pl.concat([own, passed.select(*CREDIT_SCHEMA)]).lazy()


def delegations_to_sources(
    sources: Mapping[str, float], over: Any, model: Model, *, on: dt.date, context: Context, graph: Graph
) -> tuple[Delegation, ...]:
    """Return the evaluations of the sources, the largest part first.

    A model without base models is labeled as such: a card that declares no base model does not prove that there is none.

    Args:
        sources: The part of each source, by id.
        over: The strategy that is evaluated.
        model: The model.
        on: The day.
        context: The models.
        graph: The graph that the sources were taken from.
    """
    relations = {base.model_id: str(base.relation) for base in graph.bases(model, on=on, context=context)}
    own = "itself" if relations else f"itself; {missing_bases(model, context)}"
    found = []
    for name, part in sorted(sources.items(), key=lambda item: (-item[1], item[0])):
        what = own if name == model.id else relations.get(name, "further up")
        known = "" if name == model.id or name in context.models else ", not in the models table"
        source = model if name == model.id else named(name, context)
        found.append(Delegation(f"{part:.3g} from {name} ({what}{known})", over, source))
    return tuple(found)


def _with_sources(asked: pl.DataFrame, sources: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Return the evaluated models and their sources; sources that the models table does not list have their id only."""
    wanted = sources.select(model_id="source").unique().join(asked.select("model_id"), on="model_id", how="anti")
    listed = context.models.frame.join(wanted, on="model_id", how="semi")
    unlisted = wanted.join(listed, on="model_id", how="anti")
    handle = pl.col("model_id").str.split("/").list.first()
    return pl.concat([asked, listed, unlisted.with_columns(namespace=handle)], how="diagonal")
