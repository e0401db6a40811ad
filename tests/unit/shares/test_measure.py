from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Any

import attrs
import narwhals as nw
import polars as pl
import pytest

import ossgeo
from ossgeo.attribution import Attribution, Context, Credit
from ossgeo.errors import (
    CalculatorContractError,
    InvalidArgumentError,
    LowCoverageWarning,
    OssgeoWarning,
    PanelError,
    PluginNotFoundError,
    StaleDataWarning,
    UnknownSchemeError,
    VoidOptionWarning,
)
from ossgeo.registry import organization_kinds
from ossgeo.shares import Gives
from ossgeo.shares._protocol import credited
from tests.worlds import JANUARY, MARCH, panel, registry, shares, two_dates


def measure(of: ossgeo.Panel, **choices: Any) -> ossgeo.ShareTable:
    return ossgeo.measure(of, registry=registry(), **choices)


def test_every_part_of_the_total_is_in_the_table() -> None:
    table = measure(two_dates())
    assert shares(table, JANUARY) == {
        "CN": 0.5, "GB": 0.25, "DE": 0.05, "FR": 0.05, "JP": 0.05, "individual": 0.05, "unreviewed": 0.05,
    }  # fmt: skip
    assert shares(table, MARCH)["US"] == pytest.approx(60 / 400)
    assert shares(table, MARCH)["unreviewed"] == pytest.approx(30 / 400)
    assert table.adjustments == ossgeo.Adjustments()
    assert table.coverage.at(JANUARY) == {"attributed": 0.9, "unreviewed": 0.05, "individual": 0.05}
    assert dict(table.coverage.namespaces) == {"attributed": 3, "unreviewed": 2, "individual": 1}


def test_thirds_add_up_exactly() -> None:
    values = measure(two_dates()).to_polars().filter(pl.col("period") == JANUARY)["value"]
    assert values.sum() == 200


def test_counting() -> None:
    full = measure(two_dates(), counting="full")
    assert shares(full, JANUARY)["DE"] == shares(full, JANUARY)["JP"] == 0.15
    assert sum(filter(None, shares(full, JANUARY).values())) == pytest.approx(1.3)
    assert full.coverage.at(JANUARY)["attributed"] == pytest.approx(0.9)
    primary = measure(two_dates(), counting="primary")
    assert shares(primary, JANUARY)["DE"] == 0.15, "a tie goes to the first country"
    assert "FR" not in shares(primary, JANUARY)


def test_full_counting_counts_an_organization_once() -> None:
    table = measure(two_dates(), counting="full", by="organization", denominator="attributed")
    assert table.at(JANUARY)["trio"] == pytest.approx(30 / 180)


def test_the_attributed_denominator_keeps_the_rows_of_statuses() -> None:
    table = measure(two_dates(), denominator="attributed")
    assert table.at(JANUARY)["CN"] == pytest.approx(100 / 180)
    assert table.at(JANUARY)["individual"] is None
    assert table.to_polars().filter(pl.col("country") == "unreviewed")["value"].to_list() == [10, 30]


def test_groups() -> None:
    by_organization = shares(measure(two_dates(), by="organization"), JANUARY)
    assert by_organization == {"qin": 0.5, "mover": 0.25, "trio": 0.15, "individual": 0.05, "nowhere": 0.025,
                               "unreviewed": 0.025}  # fmt: skip
    assert shares(measure(two_dates(), by="namespace"), JANUARY)["Trio"] == 0.15
    assert shares(measure(two_dates(), by="model"), JANUARY)["Trio/c"] == 0.15
    assert shares(measure(two_dates(), by=("organization", "country")), JANUARY)["trio", "FR"] == 0.05
    scheme = ossgeo.GroupScheme.of("axis", {"pair": ["DE", "JP"]}, rest="other")
    assert shares(measure(two_dates(), by=scheme), JANUARY) == {"other": 0.8, "pair": 0.1, "individual": 0.05,
                                                                "unreviewed": 0.05}  # fmt: skip


def test_kinds_of_organizations_follow_the_date_of_the_flow() -> None:
    dated = ossgeo.Registry.from_rows(
        organizations=[{"organization": "mover", "founded": 2015}, {"organization": "giant", "kind": "big tech"}],
        parents=[{"organization": "mover", "parent": "giant", "start": "2025-02-15"}],
        affiliations=[{"organization": "mover", "country": "GB"}],
        base=registry(),
    )
    table = ossgeo.measure(two_dates(), by="kind", registry=dated)
    assert shares(table, JANUARY) == {"company": 0.525, "collective": 0.15, "individual": 0.05, "unreviewed": 0.025,
                                      "startup": 0.25}  # fmt: skip
    assert shares(table, MARCH) == {"company": 0.5125, "collective": 0.225, "individual": 0.05, "unreviewed": 0.0625,
                                    "big tech": 0.15}  # fmt: skip
    assert table.at()["government"] == 0.0
    with pytest.raises(ossgeo.errors.UnknownNameError):
        table.at()["goverment"]
    both = ossgeo.measure(two_dates(), by=("country", "kind"), registry=dated, as_of=JANUARY)
    assert both.at()["GB", "startup"] == pytest.approx(0.15)
    kinds = organization_kinds(dated).filter(organization="mover").select("start", "kind").rows()
    assert [kind for _, kind in kinds] == ["company", "startup", "big tech"]
    assert kinds[1][0] == dt.date(2015, 1, 1)


def test_a_dated_scheme_follows_the_date_of_the_flow() -> None:
    rows = [("Mover/b", dt.date(2020, 1, 20), 10), ("Mover/b", dt.date(2020, 2, 20), 10)]
    table = measure(panel(rows), by="eu")
    assert list(table.at(dt.date(2020, 1, 20))) == ["EU"]
    assert list(table.at(dt.date(2020, 2, 20))) == ["GB"]


@pytest.mark.parametrize("by", ["countries", (), ("country", "country"), "eux"])
def test_a_key_that_does_not_exist(by: Any) -> None:
    with pytest.raises((UnknownSchemeError, InvalidArgumentError)):
        measure(two_dates(), by=by)


def test_a_scheme_cannot_take_a_name_of_the_table() -> None:
    with pytest.raises(InvalidArgumentError, match="value"):
        measure(two_dates(), by=ossgeo.GroupScheme.of("value", {"pair": ["DE", "JP"]}))


def test_as_of_fixes_the_membership_of_group_schemes() -> None:
    rows = [("Mover/b", day, 10) for day in (dt.date(2020, 1, 20), dt.date(2020, 2, 20))]
    models = pl.DataFrame({"model_id": ["Mover/b"], "created_at": [dt.datetime(2019, 5, 1, tzinfo=dt.UTC)]})
    of = panel(rows, models=models)
    for as_of, group in (("flow", "GB"), ("creation", "EU"), ("2019-01-01", "EU"), (dt.date(2020, 2, 1), "GB")):
        table = measure(of, by="eu", as_of=as_of)
        assert list(table.at(dt.date(2020, 2, 20))) == [group], as_of
        assert list(measure(of, by=("eu", "country"), as_of=as_of).at()) == [(group, "GB")]


def test_primary_counting_adds_up_the_weights_of_a_group() -> None:
    @attrs.frozen
    class FourCredits:
        name: str = "four-credits"
        api_version: int = 1

        def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
            parts = [("US", "qin", 0.4), ("CN", "mover", 0.2), ("CN", "trio", 0.2), ("CN", "nowhere", 0.2)]
            credits = [
                Credit(weight=weight, country=ossgeo.Country(code), organization=name) for code, name, weight in parts
            ]
            return Attribution(credits=tuple(credits), rule=self.name)

    of = panel([("Qin/a", JANUARY, 100)])
    assert shares(measure(of, attribution=FourCredits(), counting="primary")) == {"CN": 1.0}
    assert shares(measure(of, attribution=FourCredits(), counting="primary", by="organization")) == {"qin": 1.0}
    assert shares(measure(of, attribution=FourCredits(), counting="primary", by="eu")) == {"CN": 1.0}


def test_as_of() -> None:
    assert "GB" in measure(two_dates(), as_of=JANUARY).at(MARCH)
    models = pl.DataFrame({
        "model_id": ["Mover/b", "Qin/a"],
        "created_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC), None],
    })  # fmt: skip
    rows = [("Mover/b", MARCH, 60), ("Qin/a", MARCH, 40)]
    table = measure(panel(rows, models=models), as_of="creation")
    assert shares(table) == {"GB": 0.6, "CN": 0.4}
    assert table.adjustments["creation_unknown"].count == 1
    with pytest.raises(PanelError, match="created_at"):
        measure(two_dates(), as_of="creation")
    with pytest.raises(InvalidArgumentError, match="as_of"):
        measure(two_dates(), as_of="yesterday")


def test_months_split_flows_by_days() -> None:
    rows = [
        ("Qin/a", dt.date(2025, 1, 30), 30),
        ("Qin/a", dt.date(2025, 3, 1), 60),
        ("Mover/b", dt.date(2025, 3, 1), 30),
    ]
    table = measure(panel(rows), every="1mo")
    assert table.periods == (dt.date(2025, 1, 31), dt.date(2025, 2, 28), dt.date(2025, 3, 1))
    values = dict(table.to_polars().group_by("period").agg(pl.col("value").sum()).iter_rows())
    assert values[dt.date(2025, 1, 31)] == pytest.approx(30 + 90 / 30)
    assert values[dt.date(2025, 2, 28)] == pytest.approx(90 * 28 / 30)
    assert values[dt.date(2025, 3, 1)] == pytest.approx(90 / 30)
    assert table.adjustments["partial_period"].count == 1, "of March only its first day is observed"
    assert sum(values.values()) == pytest.approx(120)
    assert [table.observed(day) for day in table.periods] == [1.0, 1.0, 1 / 31]
    assert "2025-03-01, the last of 3 periods; 3% of its days observed" in str(table)
    assert "3% of the days observed" in table.sentence("CN")


def test_the_last_period_is_not_named_by_a_day_to_come() -> None:
    days = [dt.date(2025, 1, 31) + dt.timedelta(days=30 * n) for n in range(16)]  # to 2026-04-26
    of = panel([("Qin/a", day, 30) for day in days])
    table = measure(of, every="1y")
    assert table.periods == (dt.date(2025, 12, 31), dt.date(2026, 4, 26))
    assert table.observed() == pytest.approx(116 / 365)
    assert table.to_polars()["value"].to_list() == pytest.approx([364, 116])
    scaled = measure(of, every="1y", incomplete="scale")
    assert scaled.to_polars()["value"].to_list() == pytest.approx([365, 365])
    assert "scaled up" in scaled.adjustments["partial_period"].note
    assert scaled.method.incomplete == "scale"
    assert "incomplete periods scale" in str(scaled)
    dropped = measure(of, every="1y", incomplete="drop")
    assert dropped.periods == (dt.date(2025, 12, 31),)
    assert dropped.adjustments["partial_period"].count == 2
    assert ossgeo.measure(of, method=scaled.method) == scaled
    plain = ossgeo.Method.from_dict(scaled.method.to_dict())
    assert ossgeo.measure(of, method=plain, registry=registry()) == scaled
    with pytest.raises(InvalidArgumentError, match="incomplete must be one of"):
        measure(of, every="1y", incomplete="hide")
    rolling = measure(of, every="1y", window="90d")
    assert rolling.to_polars()["value"].to_list() == pytest.approx([90, 90]), "a window ends at the last observation"
    assert rolling.observed() == 1.0


def test_periods_without_an_observation_are_rows_without_a_figure() -> None:
    days = [dt.date(2025, month, day) for month, day in ((1, 30), (3, 1), (3, 31), (4, 30), (8, 1), (8, 31))]
    rows = [(name, day, 30) for name in ("Qin/a", "ann/d") for day in days]
    table = measure(panel(rows), every="1mo", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert [day.month for day in table.periods] == [1, 2, 3, 4, 5, 6, 7, 8]
    june = table.filter(period=dt.date(2025, 6, 30)).to_polars()
    assert set(june["country"]) == {"CN", "individual"}
    assert june.select("value", "share").null_count().row(0) == (2, 2)
    assert table.observed("2025-06-30") == 0.0
    assert table.at("2025-06-30")["CN"] is None
    estimated = measure(panel(rows), every="1mo")
    assert estimated.at("2025-06-30")["CN"] is None
    assert estimated.observed("2025-07-31") == pytest.approx(29 / 31)


def test_a_month_without_a_publication_is_observed() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a", "Qin/b"],
                           "created_at": [dt.datetime(2025, 1, 5, tzinfo=dt.UTC), dt.datetime(2025, 3, 5, tzinfo=dt.UTC)]})  # fmt: skip
    rows = [("Qin/a", dt.date(2025, 3, 31), 1), ("Qin/b", dt.date(2025, 3, 31), 1)]
    table = measure(panel(rows, models=models), calculator="supply", every="1mo")
    assert table.periods == (dt.date(2025, 1, 31), dt.date(2025, 3, 31))
    assert "not_observed" not in table.adjustments


@pytest.mark.parametrize("every", ["abc", "0d", "-1mo"])
def test_a_step_that_is_none(every: str) -> None:
    with pytest.raises(InvalidArgumentError, match="every"):
        measure(two_dates(), every=every)


def test_windows_are_thinned_and_gaps_are_counted() -> None:
    days = [dt.date(2025, 1, 1) + dt.timedelta(days=n) for n in (0, 10, 30, 62)]
    table = measure(panel([("Qin/a", day, 30) for day in days]), window="60d")
    values = dict(table.to_polars().select("period", "value").iter_rows())
    assert values[days[0]] is None
    assert values[days[1]] is None
    assert values[days[2]] == 60, "the observation ten days in overlaps both others"
    assert values[days[3]] == pytest.approx((30 + 28) * 60 / 58), "two days are not observed"
    assert table.adjustments["window_gap"].count == 2
    assert table.adjustments["not_observed"].count == 2
    assert table.at(days[0])["CN"] is None
    left = measure(panel([("Qin/a", day, 30) for day in days]), window="60d", cleaning=ossgeo.Cleaning(gaps="gap"))
    assert left.at(days[3])["CN"] is None


def test_quarters_with_a_window_thin_from_the_last_observation() -> None:
    days = [dt.date(2025, 1, 31) + dt.timedelta(days=15 * n) for n in range(6)]
    table = measure(panel([("Qin/a", day, 30) for day in days]), every="1q", window="30d")
    assert table.adjustments["overlapping_window"].count > 0


def test_age_caps_take_days_pro_rata() -> None:
    born = dt.datetime(2025, 1, 1, 12, tzinfo=dt.UTC)
    models = pl.DataFrame(
        {"model_id": ["Qin/a", "Mover/b", "Trio/c"], "created_at": [born, born.replace(year=2023), None]}
    )
    rows = [("Qin/a", JANUARY, 300), ("Mover/b", JANUARY, 70), ("Trio/c", JANUARY, 30)]
    table = measure(panel(rows, models=models), age_cap="10d")
    # the flow of 300 belongs to the 30 days of January after the first, and to the first itself
    assert table.to_polars()["value"].to_list() == [pytest.approx(300 * 9 / 30), 0]
    assert table.adjustments["age_unknown"].count == 30
    assert measure(panel(rows, models=models), age_cap="365d").to_polars()["value"].to_list() == [300, 0]
    with pytest.raises(PanelError, match="created_at"):
        measure(two_dates(), age_cap="10d")


def test_where_leaves_out_and_counts() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a", "Mover/b", "Trio/c"], "license": ["mit", "other", None]})
    rows = [("Qin/a", JANUARY, 100), ("Mover/b", JANUARY, 70), ("Trio/c", JANUARY, 30)]
    table = measure(panel(rows, models=models), where={"license": "mit"})
    assert shares(table) == {"CN": 1.0}
    assert table.adjustments["where_excluded"].count == 100
    assert table.adjustments["where_undecided"].count == 1
    assert table.method.where == "license=mit"


def test_models_that_the_table_does_not_list_are_known_by_id() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a"], "license": ["mit"]})
    table = measure(two_dates(), models=models)
    assert table.at(JANUARY)["CN"] == 0.5
    assert table.adjustments["model_unlisted"].count == 5


def test_all_time_counters() -> None:
    week = [dt.date(2025, 3, 1) + dt.timedelta(days=7 * n) for n in range(3)]
    created = dt.datetime(2025, 3, 2, tzinfo=dt.UTC)
    models = pl.DataFrame(
        {"model_id": ["Qin/a", "Mover/new", "Trio/old"], "created_at": [None, created, created.replace(year=2024)]}
    )
    rows = [("Qin/a", week[0], 100), ("Qin/a", week[1], 130), ("Qin/a", week[2], 120),
            ("Mover/new", week[1], 40), ("Mover/new", week[2], 70), ("Trio/old", week[2], 900)]  # fmt: skip
    all_time = panel(rows, models=models, counter="downloads_all_time")
    table = measure(all_time)
    assert shares(table, week[1]) == {"US": round(40 / 70, 6), "CN": round(30 / 70, 6)}
    assert table.at(week[2])["US"] == 1.0
    assert table.adjustments["first_count_is_base"].count == 1000
    assert table.adjustments["counter_fell"].count == 10
    kept = measure(all_time, cleaning=ossgeo.Cleaning(decreases="keep"))
    assert kept.to_polars().filter(pl.col("country") == "CN")["value"].to_list() == [30, -10]
    with pytest.raises(PanelError, match="fell"):
        measure(all_time, cleaning=ossgeo.Cleaning(decreases="error"))


def test_a_difference_over_a_missing_observation_is_spread_or_left_out() -> None:
    days = [dt.date(2025, 3, 1), dt.date(2025, 3, 4), dt.date(2025, 3, 11)]
    rows = [("Qin/a", days[0], 100), ("Qin/a", days[2], 200), *(("Mover/b", day, 10 * n) for n, day in enumerate(days))]
    all_time = panel(rows, counter="downloads_all_time")
    spread = measure(all_time).to_polars().filter(pl.col("country") == "CN").sort("period")["value"]
    assert spread.to_list() == [pytest.approx(30), pytest.approx(70)]
    assert measure(all_time).adjustments["window_gap"].count == pytest.approx(100)
    left = measure(all_time, cleaning=ossgeo.Cleaning(gaps="gap"))
    assert "CN" not in left.at()
    assert left.adjustments["window_gap"].count == pytest.approx(100)


def test_a_rename_is_one_model_where_differences_are_taken() -> None:
    days = [dt.date(2025, 3, 1), dt.date(2025, 3, 8), dt.date(2025, 3, 15)]
    models = pl.DataFrame({"model_id": ["Qin/a", "Qin/b"], "hub_id": ["x", "x"]})
    all_time = panel([("Qin/a", days[0], 10), ("Qin/a", days[1], 30), ("Qin/b", days[2], 35)], models=models,
                     counter="downloads_all_time")  # fmt: skip
    followed = measure(all_time, by="model")
    assert shares(followed, days[2]) == {"Qin/b": 1.0}
    assert followed.adjustments["renamed"].count == 1
    kept = measure(all_time, by="model", cleaning=ossgeo.Cleaning(renames="keep"))
    assert shares(kept, days[1]) == {"Qin/a": 1.0}
    assert shares(kept, days[2]) == {"Qin/a": None}, "observed, and without a flow"
    assert kept.adjustments["first_count_is_base"].count == 45


def test_stale_observations_can_be_dropped() -> None:
    days = [JANUARY, MARCH, MARCH + dt.timedelta(days=30)]
    rows = [(f"Qin/{n}", day, n + 1 + (day == days[2])) for n, day in itertools.product(range(20), days)]
    table = measure(panel(rows), cleaning=ossgeo.Cleaning(stale="drop"))
    assert table.periods == (days[0], days[2])
    assert table.adjustments["stale_snapshot"].count == 1
    of = panel(rows)
    assert measure(of).periods == tuple(days)
    of.check()
    with pytest.warns(StaleDataWarning, match="2025-03-02"):
        measure(of)


def test_duplicates() -> None:
    rows = [("Qin/a", JANUARY, 10), ("Qin/a", JANUARY, 30), ("Mover/b", JANUARY, 30)]
    with pytest.raises(PanelError, match="repeat"):
        measure(panel(rows))
    table = measure(panel(rows), cleaning=ossgeo.Cleaning(duplicates="max"))
    assert shares(table) == {"CN": 0.5, "GB": 0.5}
    assert table.adjustments["duplicate"].count == 1
    early, late = dt.datetime(2025, 1, 31, 1), dt.datetime(2025, 1, 31, 2)
    frame = pl.DataFrame({"model_id": ["Qin/a", "Qin/a"], "observed_at": [late, early], "downloads_30d": [10, 30]})
    last = measure(ossgeo.read_panel(frame), cleaning=ossgeo.Cleaning(duplicates="last"))
    assert last.to_polars()["value"].to_list() == [10]


def test_unusable_counts_are_an_error_or_are_dropped() -> None:
    rows = [("Qin/a", JANUARY, -5), ("Qin/b", JANUARY, None), ("Mover/b", JANUARY, 30)]
    with pytest.raises(PanelError, match="cannot be used") as caught:
        measure(panel(rows))
    assert ["is negative" in str(fault) for fault in caught.value.faults] == [False, True]
    table = measure(panel(rows), cleaning=ossgeo.Cleaning(invalid="drop"))
    assert shares(table) == {"GB": 1.0}
    assert table.adjustments["invalid_count"].count == 2


def test_a_total_of_zero_has_no_share_and_warns() -> None:
    with pytest.warns(LowCoverageWarning, match="total is 0"):
        table = measure(panel([("Qin/a", JANUARY, 0)]))
    assert table.at()["CN"] is None
    assert table.to_polars()["share"].null_count() == 1


def test_mostly_unreviewed_downloads_warn() -> None:
    with pytest.warns(LowCoverageWarning, match=r"90\.0%"):
        measure(panel([("Qin/a", JANUARY, 10), ("who/b", JANUARY, 90)]))


def test_an_empty_panel_is_an_error() -> None:
    empty = ossgeo.read_panel(two_dates().rows.filter(nw.col("model_id") == "no/model"))
    with pytest.raises(InvalidArgumentError, match="panel must have rows"):
        measure(empty)


@pytest.mark.parametrize(
    "choices",
    [
        {"counting": "half"},
        {"denominator": "known"},
        {"window": "1y"},
        {"window": 30},
        {"window": "0d"},
        {"age_cap": dt.timedelta(hours=5)},
        {"where": {"license": "mit"}},
    ],
)
def test_choices_that_make_no_sense(choices: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        measure(two_dates(), **choices)


@pytest.mark.parametrize("choices", [{"calculator": "dowloads"}, {"attribution": "publishr"}])
def test_near_names_are_suggested(choices: dict[str, str]) -> None:
    with pytest.raises(PluginNotFoundError) as caught:
        measure(two_dates(), **choices)
    assert caught.value.suggestions


def test_the_same_again() -> None:
    of = two_dates()
    table = measure(of, by=("eu", "organization"), where={"model_id": ["Qin/a", "Trio/c"]}, counting="primary")
    assert ossgeo.measure(of, method=table.method) == table


def test_a_method_that_was_read_from_a_file() -> None:
    of = two_dates()
    for choices in ({"window": "30d"}, {"as_of": JANUARY}):
        table = measure(of, **choices)
        plain = ossgeo.Method.from_dict(table.method.to_dict())
        assert ossgeo.measure(of, method=plain, registry=registry()) == table
        with pytest.raises(InvalidArgumentError, match="registry"):
            ossgeo.measure(of, method=plain)
    filtered = ossgeo.Method.from_dict(measure(of, where={"model_id": "Qin/a"}).method.to_dict())
    with pytest.raises(InvalidArgumentError, match="where"):
        ossgeo.measure(of, method=filtered, registry=registry())


@attrs.frozen
class Reseller:
    name: str = "reseller"
    api_version: int = 1

    def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("BR", rule=self.name) if model.namespace == "Qin" else None


@attrs.frozen
class Stranger:
    """Credits an organization that no registry has."""

    name: str = "stranger"
    api_version: int = 1

    def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("BR", organization="nobody-knows", rule=self.name) if model.namespace == "Qin" else None


def test_kinds_lose_nothing() -> None:
    for rule in (Reseller(), Stranger()):
        table = measure(two_dates(), attribution=rule, by=("country", "kind"))
        assert table.at(JANUARY)["BR", "unreviewed"] == 0.5
        assert table.to_polars().filter(period=JANUARY)["value"].sum() == 200


def test_a_rule_of_the_users_own() -> None:
    table = measure(two_dates(), attribution=Reseller(), by=("country", "organization"))
    assert table.at(JANUARY)["BR", "unreviewed"] == 0.5, "a country without an organization"
    assert table.method.attribution == "reseller"


class InUse:
    name, unit, requires = "in-use", "models", frozenset({"namespace"})
    gives: Gives = "flow"
    api_version = 1

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        return credited(flows, credits).group_by("period", *keys).agg(value=nw.col("weight").sum())


def test_a_calculator_of_the_users_own() -> None:
    table = measure(two_dates(), calculator=InUse())
    assert table.at(JANUARY)["CN"] == pytest.approx(1 / 6)
    assert table.method.unit == "models"


class Careless(InUse):
    name = "careless"

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        return flows.group_by("period").agg(value=nw.col("downloads").sum())


class Forgetful(InUse):
    name = "forgetful"

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        return super().aggregate(flows, credits, keys=keys).with_columns(group=nw.lit(None, nw.Int32))


class Needy(InUse):
    name, requires = "needy", frozenset({"parameters"})


@pytest.mark.parametrize(
    ("calculator", "error"),
    [
        (Careless(), CalculatorContractError),
        (Forgetful(), CalculatorContractError),
        (object(), CalculatorContractError),
        (Needy(), PanelError),
    ],
)
def test_a_calculator_that_breaks_its_contract(calculator: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        measure(two_dates(), calculator=calculator)


def test_ids_that_are_web_addresses_of_elsewhere() -> None:
    with pytest.raises(PanelError, match=r"model_id must be namespace/name|cannot be used"):
        measure(panel([("https://example.org/x", JANUARY, 5)]))


def test_one_observation_of_all_time_counters_has_no_flow() -> None:
    table = measure(panel([("Qin/a", JANUARY, 10)], counter="downloads_all_time"))
    assert table.periods == ()
    assert table.adjustments["first_count_is_base"].count == 10


def test_a_model_born_after_a_stale_observation_that_is_dropped() -> None:
    days = [dt.date(2025, 3, 1) + dt.timedelta(days=7 * n) for n in range(3)]
    old = [(f"Qin/{n}", day, 10 + 5 * (day == days[2])) for n, day in itertools.product(range(20), days)]
    born = pl.DataFrame({"model_id": ["Mover/new"], "created_at": [dt.datetime(2025, 3, 10, tzinfo=dt.UTC)]})
    known = pl.DataFrame({"model_id": sorted({row[0] for row in old})}).with_columns(
        created_at=pl.lit(None, pl.Datetime("us", "UTC"))
    )
    of = panel([*old, ("Mover/new", days[2], 100)], models=pl.concat([born, known]), counter="downloads_all_time")
    table = measure(of, cleaning=ossgeo.Cleaning(stale="drop"))
    assert table.periods == (days[2],)
    assert shares(table) == {"US": 0.5, "CN": 0.5}
    assert table.adjustments["first_count_is_base"].count == 200


def test_a_method_leaves_no_choice() -> None:
    table = measure(two_dates())
    with pytest.raises(InvalidArgumentError, match="leave out by, window, where, or"):
        measure(
            two_dates(),
            method=table.method,
            by="organization",
            window="30d",
            where=nw.col("likes") > 1,
            cleaning=ossgeo.Cleaning(),
        )
    assert measure(two_dates(), method=table.method, by="".join(["coun", "try"])) == table


def test_a_models_table_that_names_a_model_twice() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a", "Qin/a"], "namespace": ["Trio", "Qin"]})
    with pytest.warns(
        OssgeoWarning, match="rows that differ for 1 model, such as Qin/a: the last row of a model counts"
    ):
        twice = ossgeo.measure(two_dates(), registry=registry(), models=models)
    once = ossgeo.measure(two_dates(), registry=registry(), models=models[1:])
    assert twice.to_polars().equals(once.to_polars())


@pytest.mark.parametrize("every", ["1m", "1h", "60m", "1s", "0d", "mo", "1mo2d", "-1d", 1, "99999y"])
def test_a_calendar_step_is_a_day_or_more(every: Any) -> None:
    panel = ossgeo.load_sample("labs-2025")
    with pytest.raises(InvalidArgumentError, match="every must be a calendar step") as caught:
        ossgeo.measure(panel, every=every)
    assert ("use 1mo for months" in str(caught.value)) == (every == "1m")
    with pytest.raises(InvalidArgumentError, match="longer than the calendar allows"):
        ossgeo.measure(panel, every="9999y")


@attrs.frozen
class Tagged:
    name: str = "tagged"
    api_version: int = 1
    requires: frozenset[str] = frozenset({"tags"})

    def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("BR", rule=self.name) if "pt" in model.tags else None


def test_a_strategy_without_its_columns_is_named_as_void() -> None:
    of = ossgeo.load_sample("hub-2026")
    with pytest.warns(
        VoidOptionWarning,
        match=r"no effect for root \(no column base_models; only reviewed facts about lineage apply\)",
    ):
        table = ossgeo.measure(of, attribution="root")
    assert table.method.void == ("root (no column base_models; only reviewed facts about lineage apply)",)
    assert table.adjustments["attribution_void"].count == 200
    assert "without effect: root (no column base_models; only" in str(table)
    assert ossgeo.Method.from_dict(table.method.to_dict()).void == table.method.void
    with pytest.warns(VoidOptionWarning):
        grid = ossgeo.analysis.sensitivity(
            of, {"attribution": ["publisher", "root"], "denominator": ["all", "attributed"]}
        )
    assert grid.void["value"].to_list() == ["root"]
    assert "attribution=root could not be applied: the models have no column base_models" in str(grid)
    assert ossgeo.measure(of).method.void == ()
    with pytest.warns(VoidOptionWarning, match="no column tags"):
        ossgeo.measure(two_dates(), attribution=ossgeo.attribution.first_of(Tagged(), "publisher"), registry=registry())
    with pytest.warns(VoidOptionWarning, match="root"):
        ossgeo.measure(of, by=("builder_country", "base_country"))


def test_a_strategy_whose_columns_are_empty_is_void_too() -> None:
    based = pl.DataFrame({"model_id": ["Qin/a", "Mover/b"], "base_models": [[], None], "declared_country": [None, None]},
                         schema_overrides={"base_models": pl.List(pl.Struct({"model_id": pl.String, "relation": pl.String})),
                                           "declared_country": pl.String})  # fmt: skip
    with pytest.warns(VoidOptionWarning, match=r"root \(no value in base_models"):
        table = ossgeo.measure(two_dates(), models=based, attribution="root", registry=registry())
    assert table.method.void[0].startswith("root (no value in base_models")
    strategies = ["publisher", "root", "declared"]
    with pytest.warns(VoidOptionWarning):
        grid = ossgeo.analysis.sensitivity(two_dates(), {"attribution": strategies}, models=based, registry=registry())
    assert grid.void["reason"].to_list() == [
        "the models have no value in base_models", "the models have no value in declared_country"
    ]  # fmt: skip
    some = based.with_columns(base_models=pl.Series([[{"model_id": "Mover/b", "relation": "finetune"}], None]))
    assert ossgeo.measure(two_dates(), models=some, attribution="root", registry=registry()).method.void == ()


def cumulative() -> ossgeo.Panel:
    days = [dt.date(2025, 1, 10), dt.date(2025, 1, 20), dt.date(2025, 2, 10)]
    counts = {"Qin/a": (100, 200, 300), "Mover/b": (300, 600, 500)}
    return panel([(name, day, count) for name, row in counts.items() for day, count in zip(days, row, strict=True)],
                 counter="downloads_all_time")  # fmt: skip


def test_a_stock_is_the_cumulative_total_at_an_observation() -> None:
    table = measure(cumulative(), calculator="stock")
    assert table.method.gives == "stock"
    assert table.to_polars().select("country", "value").rows() == [
        ("GB", 300), ("CN", 100), ("GB", 600), ("CN", 200), ("GB", 500), ("CN", 300),
    ]  # fmt: skip
    again = ossgeo.measure(cumulative(), method=table.method)
    assert again == table
    one = panel([("Qin/a", JANUARY, 10), ("Mover/b", JANUARY, 30)], counter="downloads_all_time")
    assert shares(measure(one, calculator="stock")) == {"GB": 0.75, "CN": 0.25}
    assert "up to 31 January 2025" in measure(one, calculator="stock").sentence("CN")


def test_a_stock_with_steps_is_that_of_the_last_observation() -> None:
    table = measure(cumulative(), calculator="stock", every="1mo")
    assert table.periods == (dt.date(2025, 1, 20), dt.date(2025, 2, 10))
    assert table.to_polars()["value"].to_list() == [600, 200, 500, 300]
    assert table.adjustments["earlier_level"].count == 1


def test_a_stock_is_not_summed_and_needs_cumulative_counters() -> None:
    for option in ({"window": "90d"}, {"age_cap": "365d"}):
        with pytest.raises(InvalidArgumentError, match="must be None for stock, which gives levels"):
            measure(cumulative(), calculator="stock", **option)
    with pytest.raises(InvalidArgumentError, match="must have a panel of cumulative counters"):
        measure(two_dates(), calculator="stock")
    assert measure(two_dates(), calculator="flow") == measure(two_dates())


def test_a_calculator_declares_what_it_gives() -> None:
    class Levels(InUse):
        name, gives = "levels", "stock"

    class Wrong(InUse):
        name, gives = "wrong", "events"

    class Unknown(InUse):
        name: Any = "unknown"
        gives: Any = "levels"

    assert (
        measure(two_dates(), calculator=Levels())
        .to_polars()
        .equals(measure(two_dates(), calculator=InUse()).to_polars())
    )
    with pytest.raises(InvalidArgumentError, match="window must be None for levels"):
        measure(two_dates(), calculator=Levels(), window="90d")
    for calculator in (Wrong(), Unknown()):
        with pytest.raises(CalculatorContractError, match="gives must fit the calculator"):
            measure(two_dates(), calculator=calculator)
