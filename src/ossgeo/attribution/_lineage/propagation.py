"""Passing credit on: a model's credits are those of its sources, in parts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs
import polars as pl

from ossgeo.attribution._evaluation import NO_OPINION, completed, opinion, opinions
from ossgeo.attribution._lineage.graph import Graph, named
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, Context, Credit
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus


@attrs.frozen
class Question:
    """What a rule asks another one.

    Attributes:
        label: Why it is asked, such as the part of the model that hangs on the answer.
        strategy: Who is asked.
        model: What about.
    """

    label: str
    strategy: Any
    model: Model


def inherit(
    rule: str, sources: Mapping[str, float], over: Any, model: Model, *, on: dt.date, context: Context
) -> Attribution | None:
    """Add up what a rule says of a model's sources.

    Args:
        rule: Name of the rule that passes on.
        sources: Each source's part of the model, by id; sums to 1.
        over: The rule that is asked about each source.
        model: The model.
        on: The day.
        context: The registry and the models.

    Returns:
        The credits, one for each party; a source of which nothing is known is ``unreviewed``. None where the model is its
        own only source, and nothing is known of it.
    """
    said = {
        name: opinion(over, model if name == model.id else named(name, context), on=on, context=context)
        for name in sources
    }
    if said == {model.id: None}:
        return None
    parties: dict[tuple[Any, str | None], float] = {}
    for name, part in sources.items():
        answer = said[name]
        for credit in answer.credits if answer else (Credit(OriginStatus.UNREVIEWED),):
            party = (credit.country, credit.organization)
            parties[party] = parties.get(party, 0.0) + part * credit.weight
    credits = tuple(Credit(country, organization, weight) for (country, organization), weight in parties.items())
    evidence = dict.fromkeys(item for answer in said.values() if answer for item in answer.evidence)
    return Attribution(rule, credits, tuple(evidence))


def inherit_all(rule: str, sources: pl.DataFrame, over: Any, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
    """Do :func:`inherit` for all models at once.

    Args:
        rule: Name of the rule that passes on.
        sources: model_id, source, weight, for the models that have other sources than themselves.
        over: The rule that is asked about each source.
        models: The models that are asked about.
        context: The registry and the models.

    Returns:
        The credits table; where a model is its own only source, and nothing is known of it, there is no row.
    """
    asked = models.collect()
    sources = sources.join(asked.select("model_id"), on="model_id", how="semi")
    everyone = _with_sources(asked, sources, context)
    inner = completed(opinions(over, everyone, context=context), everyone)
    own = inner.join(asked.select("model_id"), on="model_id", how="semi")
    own = own.join(sources.select("model_id"), on="model_id", how="anti").filter(pl.col("rule") != NO_OPINION)
    passed = (
        sources.rename({"weight": "part"})
        .join(inner, left_on="source", right_on="model_id")
        .group_by("model_id", "start", "end", "organization", "country")
        .agg(weight=(pl.col("weight") * pl.col("part")).sum(), rule=pl.lit(rule).first())
    )
    return pl.concat([own.with_columns(rule=pl.lit(rule)), passed.select(*CREDIT_SCHEMA)]).lazy()


def questions_about(sources: Mapping[str, float], over: Any, model: Model, context: Context) -> tuple[Question, ...]:
    """Return who is asked about each source, the largest part first.

    Args:
        sources: Each source's part of the model, by id.
        over: The rule that is asked.
        model: The model.
        context: The models.
    """
    relations = {base.model_id: str(base.relation) for base in Graph.of(context).bases(model, context=context)}
    found = []
    for name, part in sorted(sources.items(), key=lambda item: (-item[1], item[0])):
        what = "itself" if name == model.id else relations.get(name, "further up")
        known = "" if name == model.id or name in context.models else ", known by its id only"
        source = model if name == model.id else named(name, context)
        found.append(Question(f"{part:.3g} from {name} ({what}{known})", over, source))
    return tuple(found)


def _with_sources(asked: pl.DataFrame, sources: pl.DataFrame, context: Context) -> pl.DataFrame:
    """The models that are asked about and their sources; those that are not in the table are known by their id."""
    wanted = sources.select(model_id="source").unique().join(asked.select("model_id"), on="model_id", how="anti")
    listed = context.models.frame.join(wanted, on="model_id", how="semi")
    strangers = Graph.of(context).strangers.join(wanted, on="model_id", how="semi")
    return pl.concat([asked, listed, strangers], how="diagonal")
