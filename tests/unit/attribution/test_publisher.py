from __future__ import annotations

import datetime as dt

import polars as pl

from ossgeo import Model, OriginStatus
from ossgeo.attribution import Context, Publisher, credits_of
from tests.worlds import registry

RULE, CONTEXT = Publisher(), Context(registry())


def test_it_says_who_stands_behind_a_namespace_on_a_day() -> None:
    said = RULE.attribute(Model("Mover/x"), on=dt.date(2025, 2, 15), context=CONTEXT)
    assert said is not None
    assert [(str(credit.country), credit.organization) for credit in said.credits] == [("US", "mover")]
    assert RULE.attribute(Model("who/x"), on=dt.date(2025, 2, 15), context=CONTEXT) is None
    assert RULE.attribute(Model("Gone/x"), on=dt.date(2025, 2, 1), context=CONTEXT) is None


def test_an_organization_without_a_seat_keeps_its_name() -> None:
    said = RULE.attribute(Model("Nowhere/x"), on=dt.date(2025, 2, 15), context=CONTEXT)
    assert said is not None
    assert said.credits[0].country is OriginStatus.UNREVIEWED
    assert said.credits[0].organization == "nowhere"


def test_an_old_canonical_id_is_its_own_namespace() -> None:
    assert RULE.attribute(Model("gpt2"), on=dt.date(2025, 1, 1), context=CONTEXT) is None


def test_row_and_frame_agree_at_every_date() -> None:
    names = [f"{namespace}/m" for namespace in ("Qin", "Mover", "Trio", "ann", "Nowhere", "Gone", "who")]
    models = pl.DataFrame({"model_id": names, "namespace": [name[:-2] for name in names]})
    table = credits_of(RULE, models, context=CONTEXT)
    days = sorted(RULE.changes(CONTEXT))
    assert dt.date(2025, 2, 15) in days
    for day in days + [day - dt.timedelta(days=1) for day in days[1:]]:
        for name in names:
            there = table.filter((pl.col("model_id") == name) & (pl.col("start") <= day) & (day < pl.col("end")))
            said = RULE.attribute(Model(name), on=day, context=CONTEXT)
            credits = [(None, "unreviewed", 1.0)] if said is None else [
                (credit.organization, str(credit.country), credit.weight) for credit in said.credits
            ]  # fmt: skip
            assert sorted(there.select("organization", "country", "weight").rows()) == sorted(credits), (name, day)


def test_it_prints_as_its_name() -> None:
    assert str(RULE) == "publisher"
