"""Propagation of credits: the credits of a model are the weighted credits of its sources."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import polars as pl

from ossgeo._core.places import among, places_in
from ossgeo.attribution._evaluation import ABSTAINED, PLACE, credits_by_place, evaluate_model
from ossgeo.attribution._lineage.ancestry import missing_bases
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._lineage.paths import named
from ossgeo.attribution._protocol import Attribution, Context, Credit, Delegation
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
    rule: str, names: pl.Series, sources: pl.DataFrame, over: Any, models: pl.LazyFrame, *, context: Context
) -> pl.LazyFrame:
    """Do the same as :func:`propagate_credits` for all models at once.

    Args:
        rule: Name of the strategy that propagates credits.
        names: The ids of the models that are numbered, each once.
        sources: model, source (both numbers), weight, start, end, for models with other sources than themselves.
        over: The strategy that is evaluated for each source.
        models: The models that are evaluated.
        context: The registry and the models.

    Returns:
        The credits table; without rows where a model is its own only source and the strategy abstains.
    """
    table = models.collect()
    everyone, parts = _with_sources(table, names, sources, context)
    inner = credits_by_place(over, everyone, context=context)
    ids, size = everyone["model_id"], everyone.height
    del everyone  # with the Hub's 3.7 million models each of these tables takes some hundred megabytes
    inner = inner.with_columns(pl.col("organization", "country", "rule").cast(pl.Categorical))
    itself = among(parts["model"], size).gather(inner[PLACE]) | (inner[PLACE] >= table.height)
    own = inner.filter(~itself & (pl.col("rule") != ABSTAINED)).drop("rule")
    given = inner.filter(among(parts["source"], size).gather(inner[PLACE]))
    del inner
    joined = parts.lazy().join(given.lazy().rename({PLACE: "source"}), on="source")
    alone = (pl.col("source") == pl.col("model")) & (pl.col("part") == 1) & (pl.col("rule") == ABSTAINED)
    passed = (
        joined.filter(~alone)
        .with_columns(start=pl.max_horizontal("start", "since"), end=pl.min_horizontal("end", "until"))
        .filter(pl.col("start") < pl.col("end"))
        .group_by(pl.col("model").alias(PLACE), "start", "end", "organization", "country")
        .agg(weight=(pl.col("weight") * pl.col("part")).sum())
        .collect(engine="streaming")  # without the joined table in memory
    )
    credits = pl.concat([own, passed.select(own.columns)])
    del own, passed, given, parts
    named = credits.with_columns(ids.gather(credits[PLACE]).alias("model_id"), rule=pl.lit(rule))
    return named.lazy().with_columns(pl.col("organization", "country").cast(pl.String))


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


def _with_sources(
    table: pl.DataFrame, names: pl.Series, sources: pl.DataFrame, context: Context
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the evaluated models and their sources, and the parts of the sources by their places in this table.

    Sources that the models table does not list have their id only.
    """
    numbers = pl.DataFrame({"number": places_in(names, table["model_id"])}).with_row_index(PLACE).drop_nulls()
    place = pl.repeat(None, len(names), dtype=pl.UInt32, eager=True).scatter(numbers["number"], numbers[PLACE])
    about = sources.with_columns(model=place.gather(sources["model"])).drop_nulls("model")
    more = about["source"].filter(place.gather(about["source"]).is_null()).unique()
    place = place.scatter(more, pl.int_range(table.height, table.height + len(more), dtype=pl.UInt32, eager=True))
    parts = about.select(
        "model", place.gather(about["source"]).alias("source"), part="weight", since="start", until="end"
    )
    wanted = names.gather(more).to_frame("model_id")
    listed = context.models.frame.filter(pl.col("model_id").is_in(wanted["model_id"].implode()))
    handle = pl.col("model_id").str.split("/").list.first()
    added = wanted.join(listed, on="model_id", how="left", maintain_order="left")
    added = added.with_columns(namespace=pl.coalesce("namespace", handle))
    return pl.concat([table, added], how="diagonal"), parts
