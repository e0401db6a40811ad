from __future__ import annotations

import datetime as dt

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo import claims
from ossgeo.claims._evaluation import Verdict, evaluate
from ossgeo.errors import UnknownNameError
from tests.worlds import registry

DAYS = [dt.date(2025, 1, 31), dt.date(2025, 3, 2)]
CLAIM = attrs.evolve(claims.find("hf-cn-2026"), start=DAYS[0], end=DAYS[1], value=0.6, choices={"denominator": "all"})


def panel(**columns: object) -> ossgeo.Panel:
    counts = {"Qin/a": 60, "Mover/b": 20, "who/c": 20}
    rows = pl.DataFrame([(model, day, count) for model, count in counts.items() for day in DAYS],
                        schema=["model_id", "observed_at", "downloads_30d"], orient="row")  # fmt: skip
    return ossgeo.read_panel(rows, models=pl.DataFrame({"model_id": list(counts), **columns}))


def test_the_bundled_claims_are_whole() -> None:
    loaded = claims.load()
    assert len(loaded) >= 12
    assert len({claim.id for claim in loaded}) == len(loaded)
    assert all(claim.start <= claim.end <= dt.date(2026, 11, 24) for claim in loaded)
    assert all(claim.url is None or claim.url.startswith("https://") for claim in loaded)
    with pytest.raises(UnknownNameError, match="hf-cn-2026"):
        claims.find("hf-cn-2025")


@pytest.mark.parametrize(
    ("value", "population", "verdict"),
    [
        (0.6, "hub", Verdict.REPRODUCED),
        (0.6, None, Verdict.CONSISTENT),
        (0.75, "hub", Verdict.CONSISTENT),  # 60 of 80 attributed
        (0.9, "hub", Verdict.CONTRADICTED),
        (0.9, None, Verdict.CANNOT_BE_TOLD),
        (0.6, "all the world", Verdict.CONSISTENT),
    ],
)
def test_verdicts(value: float, population: str | None, verdict: Verdict) -> None:
    found = evaluate(attrs.evolve(CLAIM, value=value), panel(), population=population, registry=registry())
    assert found.verdict == verdict
    assert (found.ours, found.lowest, found.highest) == pytest.approx((0.6, 0.6, 0.75))
    assert found.to_polars()["verdict"][0] == verdict.value
    assert f"{value:.1%}" in str(found)


def test_a_claim_outside_the_panels_time() -> None:
    found = evaluate(
        attrs.evolve(CLAIM, start=dt.date(2020, 1, 1), end=dt.date(2020, 2, 1)), panel(), registry=registry()
    )
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert "no observation between" in found.why
    assert "observations from 2020-01-01" in found.settles


def test_a_claim_of_order() -> None:
    ahead = attrs.evolve(CLAIM, kind="ahead", group="CN>GB", value=0.0)
    assert evaluate(ahead, panel(), population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    behind = attrs.evolve(ahead, group="GB>CN")
    assert evaluate(behind, panel(), population="hub", registry=registry()).verdict == Verdict.CONTRADICTED
    largest = attrs.evolve(CLAIM, kind="largest", group="CN")
    assert evaluate(largest, panel(), population="hub", registry=registry()).verdict == Verdict.REPRODUCED


def test_numbers_need_the_whole() -> None:
    value = attrs.evolve(CLAIM, kind="value", unit="downloads", value=60)
    assert evaluate(value, panel(), population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    part = evaluate(value, panel(), registry=registry())
    assert part.verdict == Verdict.CANNOT_BE_TOLD
    assert part.ours == 60
    top = attrs.evolve(CLAIM, kind="top_200", value=1.0, choices={"by": "model"})
    assert evaluate(top, panel(), population="hub", registry=registry()).verdict == Verdict.REPRODUCED


def test_what_no_panel_holds() -> None:
    found = evaluate("adoption-80-2025", panel())
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert "adoption_shares" in found.settles
    assert str(found).endswith("A panel of counters does not hold it.")


def test_what_cannot_be_measured_says_why() -> None:
    found = evaluate(attrs.evolve(CLAIM, choices={"age_cap": "365d"}), panel(), population="hub", registry=registry())
    assert found.verdict == Verdict.CONSISTENT  # other choices give it
    assert found.ours is None
    assert found.why.startswith("Its own choices cannot be measured here")
    assert "created_at" in found.why
    other = evaluate(attrs.evolve(CLAIM, choices={"where": {"license": "mit"}}), panel(), registry=registry())
    assert other.verdict == Verdict.CANNOT_BE_TOLD
    assert "license" in other.why
    assert str(CLAIM).startswith(CLAIM.statement)


def test_what_was_published_is_known_afterwards() -> None:
    base = [[], [{"relation": "finetune", "model_id": "Qin/a"}], []]
    whole = panel(created_at=[dt.datetime(2024, 5, 1), dt.datetime(2024, 6, 1), dt.datetime(2024, 6, 2)],
                  base_models=pl.Series(base, dtype=pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))))  # fmt: skip
    claim = attrs.evolve(
        claims.find("hai-finetunes-2025"), start=dt.date(2024, 6, 1), end=dt.date(2024, 6, 30), value=1.0
    )
    assert evaluate(claim, whole, population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    later = attrs.evolve(claim, end=dt.date(2025, 6, 30))
    assert "last observed before" in evaluate(later, whole, registry=registry()).why


def test_a_group_without_any_figure() -> None:
    empty = attrs.evolve(CLAIM, choices={"where": {"namespace": "nobody"}})
    assert "there is no figure" in evaluate(empty, panel(), registry=registry()).why
