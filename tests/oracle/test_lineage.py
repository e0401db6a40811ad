"""Drawn lineages: the library against the plain computation of roots, direct bases and lineage splits."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ossgeo
from ossgeo import Relation
from ossgeo.attribution import lineage
from tests.oracle import plain_lineage as plain

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")

DAY = dt.date(2025, 1, 31)
COUNTRY = {"n0": "CN", "n1": "US", "n2": "FR", "n3": "JP"}
IDS = [f"n{place % 6}/m{place}" for place in range(7)]  # of six namespaces two are not in the registry
OUTSIDE = ["n1/elsewhere", "n9/elsewhere"]
RELATIONS = ["finetune", "adapter", "quantized", "merge"]
REGISTRY = ossgeo.Registry.from_rows(
    organizations=[{"organization": name} for name in COUNTRY],
    namespaces=[{"namespace": name, "organization": name} for name in COUNTRY],
    affiliations=[{"organization": name, "country": country} for name, country in COUNTRY.items()],
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
World = tuple[dict[str, list[tuple[str, str]]], dict[str, int]]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Base models of any number, among them the model itself, cycles, and models that the panel does not list."""
    link = st.tuples(st.sampled_from([*IDS, *OUTSIDE]), st.sampled_from(RELATIONS))
    bases = {name: draw(st.lists(link, max_size=3, unique_by=lambda pair: pair[0])) for name in IDS}
    return bases, {name: draw(st.integers(1, 1000)) for name in IDS}


def measured(world: World, attribution: Any) -> dict[str, float]:
    bases, counts = world
    listed = [[{"model_id": base, "relation": relation} for base, relation in bases[name]] for name in IDS]
    models = pl.DataFrame({"model_id": IDS, "base_models": listed}, schema={
        "model_id": pl.String, "base_models": pl.List(pl.Struct({"model_id": pl.String, "relation": pl.String})),
    })  # fmt: skip
    rows = pl.DataFrame({"model_id": IDS, "date": [DAY] * len(IDS), "downloads_30d": [counts[name] for name in IDS]})
    table = ossgeo.measure(ossgeo.read_panel(rows, models=models), attribution=attribution, registry=REGISTRY)
    return dict(table.to_polars().select("country", "value").iter_rows())


def same(found: dict[str, float], expected: dict[str, Fraction]) -> None:
    # weights are rounded to binary fractions of 2^-20
    assert found == pytest.approx({group: float(value) for group, value in expected.items()}, rel=1e-4, abs=1e-2)


@given(worlds())
@quick
def test_roots(world: World) -> None:
    parts = plain.sources(world[0], dict.fromkeys(RELATIONS, Fraction(1)))
    same(measured(world, "root"), plain.by_country(world[1], parts, COUNTRY))


@given(worlds())
@quick
def test_direct_bases(world: World) -> None:
    links = plain.links_of(world[0])
    parts = {
        model: {base: Fraction(1, len(found)) for base in found} or {model: Fraction(1)}
        for model, found in links.items()
    }
    same(measured(world, "direct-base"), plain.by_country(world[1], parts, COUNTRY))


@given(worlds(), st.lists(st.sampled_from([0, 0.25, 0.5, 0.75, 1]), min_size=4, max_size=4))
@quick
def test_lineage_splits(world: World, drawn: list[float]) -> None:
    shares = dict(zip(RELATIONS, drawn, strict=True))
    parts = plain.sources(world[0], {relation: Fraction(share) for relation, share in shares.items()})
    by_relation: dict[str | Relation, float] = dict(zip(RELATIONS, drawn, strict=True))
    found = measured(world, lineage(by_relation=by_relation))
    same(found, {group: value for group, value in plain.by_country(world[1], parts, COUNTRY).items() if value})
