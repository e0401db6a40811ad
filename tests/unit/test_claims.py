from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import get_args

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo import claims
from ossgeo.claims import Population, Verdict, evaluate
from ossgeo.claims._facts import Topic, precision
from ossgeo.errors import UnknownNameError
from tests.worlds import registry

DAYS = [dt.date(2025, 1, 31), dt.date(2025, 3, 2)]
CLAIM = attrs.evolve(
    claims.find("hf-cn-2026"), start=dt.date(2025, 1, 2), end=DAYS[1], value=0.6, choices={"denominator": "all"}
)


def panel(**columns: object) -> ossgeo.Panel:
    counts = {"Qin/a": 60, "Mover/b": 20, "who/c": 20}
    rows = pl.DataFrame([(model, day, count) for model, count in counts.items() for day in DAYS],
                        schema=["model_id", "observed_at", "downloads_30d"], orient="row")  # fmt: skip
    return ossgeo.read_panel(rows, models=pl.DataFrame({"model_id": list(counts), **columns}))


def test_the_bundled_claims_are_whole() -> None:
    loaded = claims.load()
    assert len(loaded) >= 50
    assert len({claim.id for claim in loaded}) == len(loaded)
    assert all(claim.start <= claim.end <= dt.date(2026, 11, 24) for claim in loaded)
    assert all(claim.url is None or claim.url.startswith(("https://", "http://")) for claim in loaded)
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
    ],
)
def test_verdicts(value: float, population: str | None, verdict: Verdict) -> None:
    found = evaluate(panel(), attrs.evolve(CLAIM, value=value), population=population, registry=registry())
    assert found.verdict == verdict
    assert (found.ours, found.lowest, found.highest) == pytest.approx((0.6, 0.6, 0.75))
    assert found.to_polars()["verdict"][0] == verdict.value
    assert f"{value:.1%}" in str(found)


def test_a_claim_outside_the_panels_time() -> None:
    found = evaluate(
        panel(), attrs.evolve(CLAIM, start=dt.date(2020, 1, 1), end=dt.date(2020, 2, 1)), registry=registry()
    )
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert "no observation of 2020-01-01" in found.why
    assert "observations from 2020-01-01" in found.settles


def test_a_claim_of_order() -> None:
    ahead = attrs.evolve(CLAIM, kind="ahead", group="CN>GB", value=0.0)
    assert evaluate(panel(), ahead, population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    behind = attrs.evolve(ahead, group="GB>CN")
    assert evaluate(panel(), behind, population="hub", registry=registry()).verdict == Verdict.CONTRADICTED
    largest = attrs.evolve(CLAIM, kind="largest", group="CN")
    assert evaluate(panel(), largest, population="hub", registry=registry()).verdict == Verdict.REPRODUCED


def test_numbers_need_the_whole() -> None:
    value = attrs.evolve(CLAIM, kind="value", unit="downloads", value=120, tolerance=0.5)
    assert evaluate(panel(), value, population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    part = evaluate(panel(), value, registry=registry())
    assert part.verdict == Verdict.CANNOT_BE_TOLD
    assert part.ours == 120
    top = attrs.evolve(CLAIM, kind="top", group="200", value=1.0, choices={"by": "model"})
    assert evaluate(panel(), top, population="hub", registry=registry()).verdict == Verdict.REPRODUCED


def test_what_no_panel_holds() -> None:
    found = evaluate(panel(), "adoption-80-2025")
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert "adoption_shares" in found.settles
    assert found.sentence().endswith("A panel of counters alone does not decide it.")
    assert str(found).endswith(found.settles)
    assert found._repr_html_().startswith("<p>80 % of US AI start-ups")


def test_what_cannot_be_measured_says_why() -> None:
    found = evaluate(panel(), attrs.evolve(CLAIM, choices={"age_cap": "365d"}), population="hub", registry=registry())
    assert found.verdict == Verdict.CONSISTENT  # other choices give it
    assert found.ours is None
    assert found.why.startswith("Its own choices cannot be measured here")
    assert "created_at" in found.why
    other = evaluate(panel(), attrs.evolve(CLAIM, choices={"where": {"license": "mit"}}), registry=registry())
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
    assert evaluate(whole, claim, population="hub", registry=registry()).verdict == Verdict.REPRODUCED
    later = attrs.evolve(claim, end=dt.date(2025, 6, 30))
    assert evaluate(whole, later, registry=registry()).why == "The panel ends before 2025-06-30."


def test_a_filter_that_matches_nothing_decides_nothing() -> None:
    misspelt = attrs.evolve(CLAIM, choices={"where": {"namespace": "nobody"}})
    found = evaluate(panel(), misspelt, population="hub", registry=registry())
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert "'nobody' is not known" in found.why


def weekly(shares: dict[str, float], last: dict[str, float], *, skipped: range = range(0)) -> ossgeo.Panel:
    """A year of cumulative counters whose last week has other shares; some observations may be missing."""
    days = [dt.date(2024, 8, 31) + dt.timedelta(7 * week) for week in range(53)] + [dt.date(2025, 8, 31)]
    rows = []
    for name, share in shares.items():
        count = 0.0
        for place, day in enumerate(days):
            count += last[name] * 100_000 if place == len(days) - 1 else share * 20_000_000 if place else 0
            if place not in skipped:
                rows.append((f"{name}/m", day, int(count)))
    models = {"model_id": [f"{name}/m" for name in shares], "created_at": [dt.date(2024, 9, 2)] * len(shares)}
    frame = pl.DataFrame(rows, schema=["model_id", "date", "downloads_all_time"], orient="row")
    return ossgeo.read_panel(frame, models=pl.DataFrame(models))


YEAR = {"Qwen": 0.171, "google": 0.158, "nobody1": 0.671}
OTHER = {"Qwen": 0.40, "google": 0.15, "nobody1": 0.45}


def test_a_claim_about_a_year_is_measured_over_the_year() -> None:
    right = evaluate(weekly(YEAR, OTHER), "study-cn-2025", population="hub")
    wrong = evaluate(weekly(OTHER, YEAR), "study-cn-2025", population="hub")
    assert right.verdict == Verdict.REPRODUCED, right
    assert wrong.verdict == Verdict.CONTRADICTED, wrong
    assert right.settles == "This panel decides it."


@pytest.mark.parametrize("share", [0.1705, 0.1704, 0.1715, 0.1716])
def test_the_edges_of_the_published_precision(share: float) -> None:
    shares = {"Qwen": share, "google": 0.158, "nobody1": 0.842 - share}
    found = evaluate(weekly(shares, shares), "study-cn-2025", population="hub")
    assert (found.verdict == Verdict.REPRODUCED) == (0.17045 <= share <= 0.17155), found


def test_a_missing_part_of_the_period_decides_nothing() -> None:
    found = evaluate(weekly(YEAR, YEAR, skipped=range(30)), "study-cn-2025", population="hub")
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert found.ours == pytest.approx(0.171, abs=0.001), "the observed part is shown"
    assert "observations from 2024-09-01 to 2025-08-31" in found.settles
    assert evaluate(weekly(YEAR, YEAR, skipped=range(20, 30)), "study-cn-2025", population="hub").verdict == (
        Verdict.REPRODUCED
    ), "cumulative counters lose nothing in between"


def test_trailing_counters_observe_only_their_own_days() -> None:
    days = [dt.date(2025, 8, 31) - dt.timedelta(days=30 * step) for step in range(13)]
    rows = [(f"{name}/m", day, round(share * 1_000_000)) for name, share in YEAR.items() for day in days]
    models = pl.DataFrame({"model_id": [f"{name}/m" for name in YEAR], "created_at": [dt.date(2024, 9, 2)] * 3})

    def verdict(left_out: int | None) -> Verdict:
        frame = pl.DataFrame([row for row in rows if left_out is None or row[1] != days[left_out]],
                             schema=["model_id", "date", "downloads_30d"], orient="row")  # fmt: skip
        return evaluate(ossgeo.read_panel(frame, models=models), "study-cn-2025", population="hub").verdict

    assert verdict(None) == Verdict.REPRODUCED
    assert verdict(6) == Verdict.CANNOT_BE_TOLD, "a month in the middle is missing"


def test_overtaking_needs_another_order_before() -> None:
    led = weekly({"Qwen": 0.2, "google": 0.1, "nobody1": 0.7}, {"Qwen": 0.2, "google": 0.1, "nobody1": 0.7})
    assert evaluate(led, "hf-lead-2025", population="hub").verdict == Verdict.CONTRADICTED
    days = [dt.date(2024, 8, 31), dt.date(2024, 11, 30), dt.date(2025, 8, 31)]
    rows = [("Qwen/m", *pair) for pair in zip(days, (0, 10, 110), strict=True)]
    rows += [("google/m", *pair) for pair in zip(days, (0, 20, 60), strict=True)]
    models = pl.DataFrame({"model_id": ["Qwen/m", "google/m"], "created_at": [dt.date(2024, 9, 1)] * 2})
    passed = ossgeo.read_panel(
        pl.DataFrame(rows, schema=["model_id", "date", "downloads_all_time"], orient="row"), models=models
    )
    assert evaluate(passed, "hf-lead-2025", population="hub").verdict == Verdict.REPRODUCED


def test_populations_are_an_enumeration() -> None:
    assert evaluate(weekly(YEAR, YEAR), "study-cn-2025", population="Hub").verdict == Verdict.REPRODUCED
    assert evaluate(weekly(YEAR, YEAR), "study-cn-2025", population=Population.LANGUAGE_MODELS).verdict == (
        Verdict.CONSISTENT
    )
    with pytest.raises(UnknownNameError, match="did you mean 'hub'"):
        evaluate(weekly(YEAR, YEAR), "study-cn-2025", population="hubs")


def test_the_studys_own_labels_are_tried_on_its_panel() -> None:
    shares = {"a": 0.171, "b": 0.829}
    days = [dt.date(2024, 8, 31), dt.date(2025, 8, 31)]
    rows = [
        (f"{name}/m", day, round(share * 1000) * place)
        for name, share in shares.items()
        for place, day in enumerate(days)
    ]
    labels = [[{"source": "study-publisher", "country": "CN"}], [{"source": "study-publisher", "country": "US"}]]
    models = pl.DataFrame({"model_id": ["a/m", "b/m"], "created_at": [dt.date(2024, 9, 1)] * 2, "labels": [
        [{"source": one["source"], "country": one["country"]} for one in each] for each in labels
    ]})  # fmt: skip
    panel_ = ossgeo.read_panel(
        pl.DataFrame(rows, schema=["model_id", "date", "downloads_all_time"], orient="row"), models=models
    )
    found = evaluate(panel_, "study-cn-2025", population="hub", registry=registry())
    assert found.verdict == Verdict.CONSISTENT
    assert found.highest == pytest.approx(0.171)


def test_every_claim_states_its_period_and_its_precision() -> None:
    loaded = {claim.id: claim for claim in claims.load()}
    assert (loaded["study-cn-2025"].days, loaded["hf-cn-2026"].days) == (365, 365)
    assert (loaded["study-cn-2025"].tolerance, loaded["hf-cn-2026"].tolerance) == (0.0005, 0.005)
    assert loaded["atom-cn-2026"].tolerance == 5_000_000
    assert (precision("0.80", "share"), precision("0.8", "share"), precision("120", "downloads")) == (0.005, 0.005, 5)


def test_a_claim_about_tokens_is_not_decided_by_downloads() -> None:
    found = evaluate(panel(), "or-cn-2026-02-09", population="openrouter", registry=registry())
    assert found.verdict == Verdict.CANNOT_BE_TOLD
    assert found.why.startswith("The claim counts tokens, the panel counts downloads")
    assert "from 2026-02-09 to 2026-02-15" in found.settles


def test_every_bundled_claim_is_complete() -> None:
    loaded = claims.load()
    assert all(claim.quantity and claim.statement and claim.scope and claim.counts for claim in loaded)
    assert all(bool(claim.needs) == (claim.kind == "other") for claim in loaded)
    assert all(claim.url for claim in loaded if claim.read == "first hand")
    weeks = [claim for claim in loaded if claim.id.startswith("or-cn-2026")]
    assert {claim.days for claim in weeks} == {7}
    rows = claims.table()
    assert rows["claim"].to_list() == [claim.id for claim in loaded]
    assert rows["tolerance"].is_not_null().all()


def test_most_claims_rest_on_a_source_that_was_read() -> None:
    counts = Counter((claim.topic, claim.read) for claim in claims.load())
    assert counts.total() >= 145
    assert sum(number for (_, read), number in counts.items() if read == "first hand") >= 105
    assert {topic for topic, read in counts if read == "first hand"} == set(get_args(Topic))
    rows = claims.table()
    assert rows["topic"].n_unique() == len(get_args(Topic))
    assert rows["read_on"].drop_nulls().max() == dt.date(2026, 11, 28)


def test_a_claim_about_the_largest_takes_their_number() -> None:
    day = dt.date(2025, 10, 1)
    counts = {"Qin/a": 70, "Mover/b": 20, "who/c": 10}
    rows = pl.DataFrame([(model, day, count) for model, count in counts.items()],
                        schema=["model_id", "date", "downloads_all_time"], orient="row")  # fmt: skip
    claim = attrs.evolve(claims.find("hub-1000-models-2025"), group="2", value=0.9)
    found = evaluate(ossgeo.read_panel(rows), claim, population="hub", registry=registry())
    assert found.verdict is Verdict.REPRODUCED
    assert found.ours == pytest.approx(0.9)
    later = attrs.evolve(claim, end=dt.date(2025, 11, 1))
    why = evaluate(ossgeo.read_panel(rows), later, registry=registry()).why
    assert why == "The panel has no observation at 2025-11-01, or in the 6 days before."


def test_a_claim_about_publications_is_decided_by_a_list_of_models() -> None:
    found = evaluate(ossgeo.load_sample("hub-2026"), "index-us-2025")
    assert found.settles == "It would be decided by the list of models that Epoch AI and the AI Index count as notable."


def test_one_model_is_not_plural() -> None:
    assert claims.find("index-fr-2025").figure() == "1 model"


def test_disputes_name_what_differs() -> None:
    found = {one.quantity: one for one in claims.disputes()}
    downloads = found["China's share of downloads, year"]
    assert [claim.id for claim in downloads.claims] == ["study-cn-2025", "hf-cn-2026"]
    assert {"period", "denominator", "age_cap"} <= set(downloads.differences)
    assert downloads.differences["denominator"] == ("all", "attributed")
    assert "17.1%" in str(downloads)
    assert downloads.to_polars()["value"].to_list() == [0.171, 0.41]
    assert set(found["Anthropic's share of OpenRouter"].differences) >= {"counts"}, "tokens or dollars"
    assert {"scope", "period"} <= set(found["derivatives of Qwen"].differences)
    startups = found["US start-ups on Chinese models"]
    assert len({claim.value for claim in startups.claims}) == 1, "one value with three denominators"
    assert all(one.differences for one in claims.disputes())
    assert set(found["China's share of downloads, all time"].differences) == {"scope", "where"}
    assert "counts" in found["share of closed models on OpenRouter"].differences, "tokens or dollars"
    assert {"period", "population"} <= set(found["share of text generation in downloads"].differences)


def test_figures_with_an_exponent_keep_their_zeros() -> None:
    assert (precision("200e3", "models"), precision("37e6", "downloads"), precision("50", "models")) == (
        500,
        500_000,
        5,
    )


def test_a_claim_about_a_total_is_measured_as_a_stock() -> None:
    days = [dt.date(2026, 3, 1), dt.date(2026, 3, 29)]
    counts = {"Qwen/m": (900_000_000, 1_150_000_000), "google/m": (700_000_000, 723_000_000)}
    rows = [(name, day, count) for name, pair in counts.items() for day, count in zip(days, pair, strict=True)]
    frame = pl.DataFrame(rows, schema=["model_id", "date", "downloads_all_time"], orient="row")
    models = pl.DataFrame({"model_id": list(counts), "task": ["text-generation"] * 2})
    population = Population.POPULAR_LANGUAGE_MODELS
    for claim in ("atom-cn-2026", "atom-us-2026"):
        found = evaluate(ossgeo.read_panel(frame, models=models), claim, population=population)
        assert found.verdict == Verdict.REPRODUCED, found
    early = ossgeo.read_panel(frame.filter(pl.col("date") == days[0]), models=models)
    before = evaluate(early, "atom-cn-2026", population=population)
    assert before.verdict == Verdict.CANNOT_BE_TOLD, "four weeks earlier it was another total"
    assert "an observation at 2026-03-31" in before.settles


def test_a_dispute_is_evaluated_on_one_panel() -> None:
    dispute = next(one for one in ossgeo.claims.disputes() if one.quantity == "China's share of downloads, year")
    found = dispute.evaluate(ossgeo.load_sample("hub-2026"))
    assert [one.claim.id for one in found] == ["study-cn-2025", "hf-cn-2026"]
    html = found._repr_html_()
    assert ">17.1%<" in html
    assert ">41.0%<" in html
