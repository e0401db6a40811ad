"""Every instrument against an independent computation: brute force, or by hand on paper-sized cases."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random
import statistics
import warnings
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.analysis import (
    bootstrap,
    bounds,
    concentration,
    crossovers,
    drivers,
    growth,
    influence,
    sensitivity,
)
from ossgeo.analysis._ratio_intervals import share_interval, student_quantile
from ossgeo.errors import InvalidArgumentError, LowCoverageWarning, OssgeoError, VoidOptionWarning
from tests.worlds import JANUARY, MARCH, panel, registry, two_dates

WORLD = registry()
quiet = pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")


def measured(source: ossgeo.Panel | None = None, **choices: Any) -> ossgeo.ShareTable:
    return ossgeo.measure(source or two_dates(), registry=WORLD, **choices)


def rows(frame: pl.DataFrame, *columns: str) -> dict[Any, Any]:
    found = {}
    for name, *rest in frame.select(*columns).iter_rows():
        found[name] = tuple(round(value, 6) if isinstance(value, float) else value for value in rest)
    return found


def test_bounds_by_hand() -> None:
    """March: CN 200, US 60, trio 30 each, person 20, without seat 5, unreviewed 25; 400 in all, of which 50 float."""
    found = bounds(measured())
    last = found.to_polars().filter(period=MARCH)
    assert rows(last, "country", "share", "lower", "upper") == {
        "CN": (0.5, 0.5, 0.625), "US": (0.15, 0.15, 0.275), "DE": (0.075, 0.075, 0.2), "FR": (0.075, 0.075, 0.2),
        "JP": (0.075, 0.075, 0.2), "individual": (0.05, 0, 0.05),
        "unreviewed": (0.075, 0, 0.075),
    }  # fmt: skip
    assert found.floating.filter(period=MARCH)["value"][0] == 50
    assert found.compare("CN", "US") == "certain"
    assert found.compare("US", "DE") == "possible", "60 is not more than 30 and 50"
    assert found.compare("DE", "US") == "possible"
    assert found.compare("US", "CN") == "impossible"
    assert found.compare("CN", "GB", JANUARY) == "certain"
    assert "China has between 50.0% and 62.5%" in found.sentence()
    with pytest.raises(InvalidArgumentError, match="period must be one of"):
        found.compare("CN", "US", dt.date(1999, 1, 1))
    with pytest.raises(InvalidArgumentError, match="one part for each key"):
        found.compare(("CN", "x"), "US")


def test_bounds_under_the_other_denominator_and_of_what_is_international() -> None:
    attributed = bounds(measured(denominator="attributed"))
    assert rows(attributed.to_polars().filter(period=MARCH), "country", "share", "lower", "upper")["CN"] == (
        0.571429,
        0.5,
        0.625,
    )
    world = ossgeo.Registry.from_rows(
        organizations=[{"organization": "un"}], namespaces=[{"namespace": "who", "organization": "un"}],
        affiliations=[{"organization": "un", "country": "international"}], base=WORLD,
    )  # fmt: skip
    found = bounds(ossgeo.measure(two_dates(), registry=world)).to_polars().filter(period=MARCH)
    assert rows(found, "country", "lower", "upper")["international"] == (0.0625, 0.125), (
        "other downloads may turn out so"
    )
    with pytest.raises(InvalidArgumentError, match="always known"):
        bounds(measured(by="model"))


@pytest.mark.parametrize("choices", [{}, {"denominator": "attributed"}, {"by": "organization"}])
def test_bounds_are_those_of_every_possible_origin(choices: dict[str, Any]) -> None:
    """Brute force: each namespace without an origin stays as it is, or turns out to belong to any group."""
    found = bounds(measured(**choices)).to_polars().filter(period=MARCH)
    key = choices.get("by", "country")
    lowest: dict[str, float] = {}
    highest: dict[str, float] = {}
    for origins in itertools.product((None, "CN", "FR", "international"), repeat=3):
        given = {name: origin for name, origin in zip(("ann", "Nowhere", "who"), origins, strict=True) if origin}
        if key == "organization":
            homes = {"CN": "qin", "FR": "trio", "international": "mover"}
            world = ossgeo.Registry.from_rows(
                namespaces=[{"namespace": name, "organization": homes[origin]} for name, origin in given.items()],
                base=WORLD,
            )
            table = ossgeo.measure(two_dates(), registry=world, **choices)
        else:
            table = measured(attribution=ossgeo.attribution.override(given), **choices)
        for group in found[key]:
            shares = dict(table.to_polars().filter(period=MARCH).select(key, "share").iter_rows())
            if (share := shares.get(group, 0.0)) is not None:
                lowest[group], highest[group] = min(lowest.get(group, 1), share), max(highest.get(group, 0), share)
    checked = 0
    for group, lower, upper in found.select(key, "lower", "upper").iter_rows():
        if group in ("CN", "FR", "qin", "trio", "mover", "individual", "unreviewed") and lower is not None:
            assert (lower, upper) == pytest.approx((lowest[group], highest[group]), abs=1e-6), group
            checked += 1
    assert checked >= 2


def test_without_floating_downloads_there_is_nothing_to_bound() -> None:
    found = bounds(measured(panel([("Qin/a", MARCH, 5), ("Mover/b", MARCH, 5)])))
    assert "all downloads have a known origin" in found.sentence()


def test_an_empty_result_says_so() -> None:
    nothing = bounds(measured().filter(country="VA"))
    with pytest.raises(InvalidArgumentError, match="is empty"):
        str(nothing)


def series(*shares: tuple[int, int]) -> ossgeo.Panel:
    start = dt.date(2025, 3, 1)
    found = []
    for place, (china, us) in enumerate(shares):
        day = start + dt.timedelta(days=30 * place)
        found += [("Qin/a", day, china), ("Qin/b", day, 1), ("Mover/b", day, us), ("who/x", day, 5)]
    return panel(found)


def test_crossovers() -> None:
    source = series((10, 20), (22, 20), (15, 20), (30, 20), (40, 20))
    found = crossovers(measured(source), "CN", "US", panel=source)
    days = source.periods
    assert found.to_polars()["period"].to_list() == [days[1], days[3]]
    assert found.to_polars()["since"].to_list() == [days[0], days[2]], "it happened between two observations"
    assert (found.first, found.lasting, found.ahead) == (days[1], days[3], "CN")
    assert found.frame["bounds"].to_list() == ["possible", "certain"]
    assert found.frame["without_largest"].to_list() == [False, False]
    assert found.frame["margin"][0] == pytest.approx(3 / 48)
    assert "China overtook the United States twice" in str(found)
    named = crossovers(measured(source), "China", ossgeo.Country("US"), panel=source)  # type: ignore[arg-type]
    assert (named.one, named.other, named.ahead) == (found.one, found.other, found.ahead)
    assert named.frame.equals(found.frame)
    back = crossovers(measured(source), "US", "CN")
    assert (back.first, back.lasting, back.ahead) == (days[2], None, "CN")
    assert "fell back again" in str(back)
    never = crossovers(measured(source), "GB", "CN")
    assert (never.first, never.lasting, never.ahead) == (None, None, "CN")
    assert "never overtook" in str(never)
    tie = crossovers(measured(series((20, 20), (19, 20))), "CN", "US")
    assert tie.ahead is None
    assert crossovers(measured(source, by="namespace"), "Qin", "Mover").frame["bounds"].to_list() == [
        "certain",
        "certain",
    ]
    with pytest.raises(InvalidArgumentError, match="must have one key"):
        crossovers(measured(by=("country", "organization")), "CN", "US")
    with pytest.raises(InvalidArgumentError, match="panel must be the one of the table"):
        crossovers(measured(source), "CN", "US", panel=two_dates())


def test_concentration_on_paper() -> None:
    """Parts 200, 60, 30 of 290 known; gini by the mean difference over all pairs."""
    source = panel([("Qin/a", MARCH, 200), ("Mover/b", MARCH, 60), ("Nowhere/e", MARCH, 30), ("ann/d", MARCH, 110)])
    found = concentration(measured(source, by="organization"))
    values = [200, 60, 30]
    parts = [value / 290 for value in values]
    hhi = sum(part**2 for part in parts)
    gini = sum(abs(one - other) for one in values for other in values) / (2 * 9 * statistics.mean(values))
    (row,) = found.to_polars().iter_rows(named=True)
    assert row["groups"] == 3
    assert row["hhi"] == pytest.approx(hhi)
    assert row["effective"] == pytest.approx(1 / hhi)
    assert row["gini"] == pytest.approx(gini)
    assert (row["top_1"], row["top_3"], row["top_10"]) == pytest.approx((200 / 290, 1, 1))
    assert row["covered"] == pytest.approx(290 / 400)
    assert "3 organizations" in str(found)
    inside = concentration(measured(by=("country", "organization"))).to_polars()
    assert inside.filter(period=MARCH, country="CN")["hhi"][0] == 1
    assert "of China" in str(concentration(measured(by=("country", "organization"))))
    with pytest.raises(InvalidArgumentError, match="must have one key, or one within another"):
        concentration(measured(by=("country", "organization", "model")))


def test_growth_and_ranks() -> None:
    found = growth(measured())
    table = found.to_polars()
    now = rows(table.filter(period=MARCH), "country", "change", "growth", "rank", "rank_change")
    assert now["CN"] == (100, 1, 1, 0)
    assert now["US"] == (60, None, 2, 4), "it was in GB before"
    assert now["GB"] == (-50, -1, 6, -4)
    assert "the United States gained most places: 4, to rank 2" in str(found)
    still = growth(measured(series((10, 20), (10, 20))))
    assert "no group gained a place" in str(still)


@pytest.mark.parametrize("by", ["organization", "model", "namespace"])
@pytest.mark.parametrize("denominator", ["all", "attributed"])
def test_drivers_sum_to_the_change(by: str, denominator: Any) -> None:
    source = panel([("Qin/a", JANUARY, 100), ("Qin/gone", JANUARY, 50), ("Mover/b", JANUARY, 150), ("who/x", JANUARY, 9),
                    ("Qin/a", MARCH, 300), ("Qin/new", MARCH, 70), ("Mover/b", MARCH, 130), ("who/x", MARCH, 99)])  # fmt: skip
    found = drivers(source, "CN", unit=by, registry=WORLD, denominator=denominator)
    table = measured(source, denominator=denominator)
    before, after = table.at(JANUARY)["CN"], table.at(MARCH)["CN"]
    assert (found.before, found.after) == pytest.approx((before, after))
    assert found.frame["effect"].sum() == pytest.approx(found.change, abs=1e-12)
    assert found.change == pytest.approx((after or 0) - (before or 0))
    if by == "model":
        parts = dict(found.to_polars().select("unit", "part").iter_rows())
        assert (parts["Qin/gone"], parts["Qin/new"], parts["Qin/a"]) == ("exit", "entry", "growth")
    assert "China went from" in str(found)


def test_drivers_that_cannot_be() -> None:
    with pytest.raises(InvalidArgumentError, match="start must be before end"):
        drivers(two_dates(), "CN", start=MARCH, end=JANUARY, registry=WORLD)
    with pytest.raises(InvalidArgumentError, match="period must be one of"):
        drivers(two_dates(), "CN", start=dt.date(1999, 1, 1), registry=WORLD)
    wrongs: list[dict[str, Any]] = [
        {"by": "countries"},
        {"unit": "countries"},
        {"unit": ("model", "kind")},
        {"counting": "full"},
        {"cuonting": "full"},
    ]
    for wrong in wrongs:
        with pytest.raises(OssgeoError):
            drivers(two_dates(), "CN", registry=WORLD, **wrong)
    empty = panel([("Qin/a", JANUARY, 0), ("Qin/a", MARCH, 5)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InvalidArgumentError, match="the total at 2025-01-31 is 0"):
            drivers(empty, "CN", registry=WORLD)


@quiet
@pytest.mark.parametrize("by", ["model", "organization", "namespace"])
@pytest.mark.parametrize("denominator", ["all", "attributed"])
def test_influence_is_what_measuring_without_gives(by: Any, denominator: Any) -> None:
    source = two_dates()
    found = influence(source, unit=by, registry=WORLD, denominator=denominator)
    namespaces = {"qin": "Qin", "mover": "Mover", "trio": "Trio"}
    for row in found.to_polars().iter_rows(named=True):
        if by == "organization" and row["unit"] not in namespaces:
            continue
        name = {
            "model": row["unit"],
            "organization": f"{namespaces.get(row['unit'], '')}/",
            "namespace": f"{row['unit']}/",
        }[by]
        others = [one for one in source.models.collect()["model_id"] if not one.startswith(name)]
        without = measured(source, where={"model_id": others}, denominator=denominator).at()
        assert without[row["group"]] == pytest.approx(row["without"], abs=1e-6)
    groups = found.to_polars()["group"].n_unique()
    assert found.to_polars().height == groups * found.to_polars()["unit"].n_unique(), "every group's share"
    assert "points" in str(found)


@quiet
def test_the_interval_of_the_log_ratio_by_hand() -> None:
    """CN holds one model; the three countries of Trio hold one; the unreviewed one. Six models, each its own unit."""
    source = panel([("Qin/a", MARCH, 200), ("Qin/b", MARCH, 100), ("Mover/b", MARCH, 60), ("Mover/c", MARCH, 40)])
    found = influence(source, registry=WORLD)
    (row,) = found.intervals.filter(group="CN").iter_rows(named=True)
    error = math.sqrt((200**2 + 100**2) / 300**2 + (60**2 + 40**2) / 100**2)
    effective = 300**2 / (200**2 + 100**2)  # 1.8; of the others 100^2 / 5200 = 1.92
    margin = student_quantile(1) * error
    assert (row["share"], row["effective"], row["units"]) == pytest.approx((0.75, effective, 4))
    assert row["lower"] == pytest.approx(1 / (1 + math.exp(margin - math.log(3))))
    assert row["upper"] == pytest.approx(1 / (1 + math.exp(-margin - math.log(3))))
    alone = influence(two_dates(), registry=WORLD).intervals.filter(group="CN")
    assert alone["lower"].to_list() == [None], "one model says nothing about the scatter of models"


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (30, 2.0423), (1e7, 1.95996)]
)
def test_quantiles_of_student(freedom: float, quantile: float) -> None:
    assert student_quantile(freedom) == pytest.approx(quantile, abs=1e-4)


def test_few_effective_units_are_warned_of() -> None:
    with pytest.warns(LowCoverageWarning, match="6 models are as concentrated as 3.0 equal ones"):
        influence(two_dates(), registry=WORLD)
    many = panel([("Qin/big", MARCH, 758_000_000), *((f"Mover/m{number}", MARCH, 5_000_000) for number in range(20))])
    with pytest.warns(LowCoverageWarning, match="Qin/big holds 88.3%"):
        found = influence(many, registry=WORLD)
    assert found.frame.row(0, named=True)["unit"] == "Qin/big"
    assert found.frame["without"][0] is not None
    even = panel([(f"{'Qin' if number % 2 else 'Mover'}/m{number}", MARCH, 10) for number in range(12)])
    influence(even, registry=WORLD)  # warnings are errors here
    few = influence(even, registry=WORLD, n=3)
    assert (few.frame["unit"].n_unique(), few.omitted) == (3, 9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for instrument in (influence, bootstrap):
            with pytest.raises(InvalidArgumentError, match="is 0"):
                instrument(panel([("Qin/a", MARCH, 0)]), registry=WORLD)
        with pytest.raises(InvalidArgumentError, match="n must be"):
            influence(two_dates(), registry=WORLD, n=0)


@quiet
def test_one_unit_alone() -> None:
    found = influence(panel([("Qin/a", MARCH, 5)]), registry=WORLD)
    assert found.frame.row(0, named=True)["without"] is None
    assert found.intervals.row(0, named=True)["lower"] is None
    assert "instead of 100.0%" in str(found)
    assert "too few models" in bootstrap(panel([("Qin/a", MARCH, 5)]), registry=WORLD).sentence()


@quiet
@pytest.mark.parametrize("by", ["organization", "kind", "eu", ("country", "organization")])
def test_every_grouping_has_drivers_and_influence(by: Any) -> None:
    """`unit` is left out or credited, `by` groups the shares: a default given explicitly behaves as if left out."""
    source = two_dates()
    group = tuple(measured(by=by).top(1).to_polars().filter(period=MARCH).select(measured(by=by).keys).row(0))
    found = drivers(source, group if len(group) > 1 else group[0], by=by, unit="model", registry=WORLD)
    assert found.after == measured(by=by).at()[group if len(group) > 1 else group[0]]
    left = influence(source, by=by, unit="organization", registry=WORLD)
    assert left.intervals["share"].sum() == pytest.approx(1)
    assert bootstrap(source, by=by, unit="model", draws=20, registry=WORLD).frame.height == left.intervals.height
    same = drivers(source, "CN", by="country", unit="organization", registry=WORLD)
    assert same.frame.equals(drivers(source, "CN", registry=WORLD).frame)
    assert "points" in same.sentence()


@quiet
def test_the_bootstrap_is_seeded_and_scatters_as_theory_says() -> None:
    """Forty equal models, half Chinese: the share scatters as a binomial's part."""
    source = panel([(f"{'Qin' if number % 2 else 'Mover'}/m{number}", MARCH, 10) for number in range(40)])
    found = bootstrap(source, registry=WORLD, draws=2000, seed=1)
    again = bootstrap(source, registry=WORLD, draws=2000, seed=1)
    assert found.to_polars().equals(again.to_polars())
    (row,) = found.frame.filter(group="CN").iter_rows(named=True)
    error = math.sqrt(0.25 / 40)
    assert row["share"] == 0.5
    assert row["lower"] == pytest.approx(0.5 - 1.96 * error, abs=0.03)
    assert row["upper"] == pytest.approx(0.5 + 1.96 * error, abs=0.03)
    assert row["effective"] == pytest.approx(20), "twenty equal models on either side"
    assert "from 2,000 draws" in str(found)
    with pytest.raises(InvalidArgumentError, match="draws"):
        bootstrap(source, registry=WORLD, draws=1)


@quiet
def test_a_grid_is_what_measuring_each_combination_gives() -> None:
    grid: dict[str, Any] = {
        "attribution": ["publisher", ossgeo.attribution.override({"who": "CN"})], "counting": ["fractional", "full", "primary"],
        "denominator": ["all", "attributed"], "where": [None, {"namespace": ["Qin", "Mover", "ann"]}],
    }  # fmt: skip
    source = two_dates()
    found = sensitivity(source, grid, registry=WORLD)
    assert len(found.methods) == 24
    for method in found.methods:
        table = ossgeo.measure(
            source,
            registry=WORLD,
            **{name: value for name, value in method.choices.items() if name in ("attribution", "counting", "where")},
            denominator=method.denominator,
        )
        here = found.to_polars().filter(
            attribution=method.attribution, counting=method.counting, denominator=method.denominator,
            where=method.where or "all models",
        )  # fmt: skip
        for group, share in here.select("group", "share").iter_rows():
            assert table.at()[group] == (None if share is None else pytest.approx(share)), (method, group)


@quiet
def test_windows_and_all_time_counters_need_their_past() -> None:
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=30 * step) for step in range(14)]
    for counter in ("downloads_30d", "downloads_all_time"):
        found = [(f"{name}/m", day, 100 * place + grow * place**2) for place, day in enumerate(days, 1)
                 for name, grow in (("Qin", 7), ("Mover", 3))]  # fmt: skip
        source = panel(found, counter=counter)
        result = sensitivity(source, {"window": [None, "90d", "180d"]}, registry=WORLD)
        for window, text in ((None, "none"), ("90d", "90d"), ("180d", "180d")):
            whole = ossgeo.measure(source, window=window, registry=WORLD).at()["CN"]
            assert result.frame.filter(window=text, group="CN")["share"][0] == pytest.approx(whole)


def test_main_effects_by_hand() -> None:
    """Two choices with two levels: shares 0.1, 0.2, 0.3, 0.4 have no interaction; 0.1, 0.1, 0.1, 0.5 do."""
    from ossgeo.analysis._sensitivity import _effects

    levels = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    for shares, expected in (
        ((0.1, 0.2, 0.3, 0.4), {"one": 0.8, "two": 0.2, "interactions": 0.0}),
        ((0.1, 0.1, 0.1, 0.5), {"one": 1 / 3, "two": 1 / 3, "interactions": 1 / 3}),
    ):
        long = pl.DataFrame(
            {"one": [one for one, _ in levels], "two": [two for _, two in levels], "group": ["CN"] * 4, "share": shares}
        )
        assert dict(_effects(long, ["one", "two"]).select("choice", "part").iter_rows()) == pytest.approx(expected)


@quiet
def test_what_does_not_vary_has_no_effects() -> None:
    found = sensitivity(two_dates(), {"denominator": ["all"]}, registry=WORLD)
    assert found.effects["part"].null_count() == found.effects.height
    assert "over 1 combinations" in str(found)
    nothing = sensitivity(panel([("Qin/a", MARCH, 0)]), {"denominator": ["all", "attributed"]}, registry=WORLD)
    assert "no share is defined" in str(nothing)


@pytest.mark.parametrize(
    ("grid", "choices", "message"),
    [
        ({}, {}, "must name choices"),
        ({"denominator": []}, {}, "must name choices"),
        ({"denominator": "all"}, {}, "must name choices"),
        ({"by": ["country"]}, {}, "'by'"),
        ({"denominator": ["all"]}, {"denominator": "all"}, "leave out one of them"),
        ({"denominator": ["all"]}, {"by": ("country", "model")}, "one key"),
        ({"denominator": ["all"]}, {"every": "1mo"}, "every must be None"),
        ({"denominator": ["al"]}, {}, "must be one of"),
        ({"denominator": ["all"]}, {"period": dt.date(1999, 1, 1)}, "no period"),
    ],
)
def test_grids_that_cannot_be(grid: Any, choices: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        sensitivity(two_dates(), grid, registry=WORLD, **choices)


@quiet
def test_stale_observations_are_looked_for_in_the_whole_panel() -> None:
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=30 * step) for step in range(3)]
    found = [
        (f"Qin/m{number}", day, number + 100 * min(place, 1))
        for place, day in enumerate(days)
        for number in range(1, 60)
    ]
    source = panel(found)
    grid = {"cleaning": [ossgeo.Cleaning(), ossgeo.Cleaning(stale="drop")]}
    result = sensitivity(source, grid, registry=WORLD, period=days[1])
    assert result.frame["share"].to_list() == [1.0, 1.0]


def test_a_registry_may_vary() -> None:
    other = ossgeo.Registry.from_rows(affiliations=[{"organization": "qin", "country": "SG"}], base=WORLD)
    found = sensitivity(two_dates(), {"registry": [WORLD, other]})
    assert found.ranges.filter(group="SG").row(0)[1:3] == (0.0, 0.5)
    assert "by itself explains 100.0%" in str(found)


@quiet
def test_a_choice_that_cannot_be_applied_is_void() -> None:
    """Without base models, root equals publisher to the last digit: it is not a second opinion."""
    grid: dict[str, Any] = {
        "attribution": ["publisher", "root"], "denominator": ["all", "attributed"], "age_cap": [None, "365d"]
    }  # fmt: skip
    with pytest.warns(VoidOptionWarning, match="could not be applied"):
        found = sensitivity(two_dates(), grid, registry=WORLD)
    assert found.void.rows() == [
        ("attribution", "root", "the models have no column base_models"),
        ("age_cap", "365d", "the models have no column created_at"),
    ]
    assert len(found.methods) == 2
    assert found.frame["attribution"].unique().to_list() == ["publisher"]
    assert "attribution=root could not be applied" in found.sentence()
    with pytest.raises(InvalidArgumentError, match="no value of attribution can be applied"):
        sensitivity(two_dates(), {"attribution": ["root"]}, registry=WORLD)


def test_what_was_not_observed_has_no_growth() -> None:
    table = measured(series((10, 20), (22, 20), (15, 20), (40, 20), (50, 30)), window="90d")
    empty = table.to_polars().filter(pl.col("value").is_null())["period"].unique()
    assert len(empty) >= 1
    found = growth(table).to_polars()
    assert (
        found.filter(pl.col("period").is_in(empty.implode()))["rank"].null_count()
        == found.filter(pl.col("period").is_in(empty.implode())).height
    )
    first = found.filter(~pl.col("period").is_in(empty.implode()))["period"].min()
    after = found.filter(pl.col("period") == first)
    assert after["change"].null_count() == after.height
    assert after["rank_change"].null_count() == after.height
    assert after["rank"].null_count() == 0


@quiet
def test_results_print_as_text_and_as_html() -> None:
    rows = [("Qin/<b>a</b>", MARCH, 5), *((f"Qin/m{number}", MARCH, 1) for number in range(20))]
    frame = pl.LazyFrame(rows, schema=["model_id", "period", "downloads_30d"], orient="row")
    hostile = ossgeo.Panel.of(engines.wrap(frame), None, counter="downloads_30d")
    found = influence(hostile, registry=WORLD)
    html = found._repr_html_()
    assert html.startswith("<p>On 2 March 2025")
    assert "<table " in html
    assert "<b>" not in html
    assert "&lt;b&gt;a&lt;/b&gt;" in html
    assert "and 11 more" in html
    assert "and 11 more" in str(found)
    assert found.to_pandas().shape == found.to_polars().shape
    assert pl.DataFrame(found).equals(found.to_polars())
    assert found.to_arrow().num_rows == found.frame.height


@pytest.mark.parametrize("name", ["normal", "lognormal", "Pareto"])
def test_intervals_cover_the_true_share(name: str) -> None:
    """Nominal 95 %: measured on panels of 60 units, 30 % of them in the group, with even and very uneven values."""
    source = random.Random(name)
    draws: dict[str, Callable[[], float]] = {
        "normal": lambda: source.gauss(100, 15),
        "lognormal": lambda: source.lognormvariate(0, 2.5),
        "Pareto": lambda: source.paretovariate(1.1),
    }
    draw = draws[name]
    covered = runs = 0
    while runs < 300:
        sides: tuple[list[float], list[float]] = ([], [])
        for _ in range(60):
            sides[source.random() >= 0.3].append(draw())
        if min(map(len, sides)) < 2:
            continue
        totals = [(sum(side), sum(value**2 for value in side)) for side in sides]
        error = math.sqrt(sum(square / total**2 for total, square in totals))
        effective = min(total**2 / square for total, square in totals)
        lower, upper = share_interval(totals[0][0], totals[1][0], error, effective)
        covered += lower <= 0.3 <= upper
        runs += 1
    assert covered / runs > 0.92


def test_the_usual_choices_are_varied_by_default() -> None:
    trending = ossgeo.load_sample("trending-2026")
    varied = set(sensitivity(trending).effects["choice"]) - {"interactions"}
    assert varied == {"denominator", "counting", "age_cap", "attribution"}
    fixed = set(sensitivity(trending, denominator="attributed").effects["choice"]) - {"interactions"}
    assert fixed == {"counting", "age_cap", "attribution"}


def test_a_result_that_no_choice_changes_says_so() -> None:
    said = sensitivity(ossgeo.load_sample("labs-2025")).sentence()
    assert said == "On 7 September 2025 no share changes over 4 combinations of choices."
