from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, PanelError
from ossgeo.panel._cleaning import rows_are_usable
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._usable_rows import unusable_rows_error
from tests.worlds import JANUARY, MARCH, panel, registry, two_dates

DAYS = [JANUARY, MARCH, MARCH + dt.timedelta(days=30)]


def of(*rows: tuple[str, int], **arguments: Any) -> ossgeo.Panel:
    """Ids and how many of the days they are present at, counted from the last."""
    return panel([(model, day, 10) for model, present in rows for day in DAYS[-present:]], **arguments)


def ids(some: ossgeo.Panel) -> list[str]:
    return sorted(some.models.collect()["model_id"])


def test_the_properties_of_a_panel() -> None:
    some = two_dates()
    assert some.counter == ossgeo.Counter("downloads", kind="trailing", days=30)
    assert some.periods == (JANUARY, MARCH)
    assert some.size == 12
    assert some.engine == "polars"
    assert (len(some), rows_are_usable(some)) == (12, True)
    assert "12 rows, 2 periods 2025-01-31 .. 2025-03-02" in repr(some)
    assert set(some.models.collect()["namespace"]) == {"Qin", "Mover", "Trio", "ann", "Nowhere", "who"}


def test_different_panels_have_different_fingerprints() -> None:
    one, same, other = of(("Qin/a", 3)), of(("Qin/a", 3)), of(("Qin/a", 2))
    assert one.fingerprint == same.fingerprint != other.fingerprint


def test_constant_by_namespace_organization_and_model() -> None:
    some = of(("Qin/a", 3), ("Mover/b", 1), ("who/x", 3), ("who/y", 1))
    assert ids(some.constant(unit="namespace", registry=registry())) == ["Qin/a", "who/x", "who/y"]
    assert ids(some.constant(unit="organization", registry=registry())) == ["Qin/a", "who/x", "who/y"]
    assert ids(some.constant(unit="model", registry=registry())) == ["Qin/a", "who/x"]
    assert ids(some.constant(unit="model", start=DAYS[2], registry=registry())) == [
        "Mover/b",
        "Qin/a",
        "who/x",
        "who/y",
    ]
    assert some.constant(unit="model", end=JANUARY, registry=registry()).periods == (JANUARY,)


def test_constant_joins_the_namespaces_of_an_organization() -> None:
    rows = [("Gone/a", JANUARY, 10), ("Qin/a", MARCH, 10), ("Trio/b", JANUARY, 5), ("Trio/b", MARCH, 5)]
    constant = panel(rows).constant(unit="organization", registry=registry())
    assert ids(constant) == ["Gone/a", "Qin/a", "Trio/b"]
    assert "constant organizations (2)" in constant.source


def test_constant_of_nothing() -> None:
    with pytest.raises(InvalidArgumentError, match="no period lies between"):
        two_dates().constant(start=dt.date(2030, 1, 1))
    with pytest.raises(InvalidArgumentError, match="no model is present in all 2"):
        panel([("Qin/a", JANUARY, 1), ("Qin/b", MARCH, 1)]).constant(unit="model")
    with pytest.raises(InvalidArgumentError, match="unit must be one of"):
        two_dates().constant(unit="country")  # type: ignore[arg-type]


def test_check_is_kept() -> None:
    some = two_dates()
    assert not some.checked
    assert some.check() is some.check()
    assert some.checked


def test_a_panel_that_cannot_be_used_is_not_checked() -> None:
    with pytest.raises(PanelError) as caught:
        panel([("Qin/a", JANUARY, -1), ("Qin/b", JANUARY, 10**13), ("Qin/c", dt.date(2099, 1, 1), 1)]).check()
    assert [fault.place for fault in caught.value.faults] == [
        "column downloads_30d",
        "column downloads_30d",
        "column period",
    ]


def test_an_id_that_is_missing_in_a_lazy_frame_is_found_when_it_is_measured() -> None:
    frame = pl.LazyFrame({"model_id": ["Qin/a", None], "observed_at": [JANUARY, JANUARY], "downloads_30d": [1, 2]})
    with pytest.raises(PanelError, match="cannot be used") as caught:
        ossgeo.measure(ossgeo.read_panel(frame), registry=registry())
    assert "has no model id in 1 row(s)" in str(caught.value)


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_duplicates_are_found_in_panels_of_every_size(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr("ossgeo.panel._ids.ROWS_AT_ONCE", at_once)
    rows = [("Qin/a", JANUARY, 1), ("Qin/a", JANUARY, 2), ("Qin/a", MARCH, 2), ("Qin/b", MARCH, 4), ("Qin/b", MARCH, 4)]
    with pytest.raises(PanelError, match="2 row"):
        ossgeo.measure(panel(rows), registry=registry())
    cleaning = ossgeo.Cleaning(duplicates="max")
    table = ossgeo.measure(panel(rows), registry=registry(), cleaning=cleaning)
    assert table.to_polars().sort("period")["value"].to_list() == [2, 6]
    assert table.adjustments["duplicate"].count == 2


def test_models_need_ids() -> None:
    with pytest.raises(PanelError, match="no column model_id"):
        normalized_models(pl.DataFrame({"name": ["x"]}))
    table = normalized_models(pl.DataFrame({"model_id": ["a/b"], "namespace": [None], "secret": [1]})).collect()
    assert table.columns == ["model_id", "namespace"]
    assert table["namespace"].to_list() == ["a"]


def test_a_diagnosis_always_has_a_fault() -> None:
    assert len(unusable_rows_error(two_dates().rows, two_dates().counter, "").faults) == 1


@pytest.mark.parametrize(
    "born",
    [
        pl.Series([dt.date(2025, 1, 2)]),
        pl.Series([dt.datetime(2025, 1, 2, 3)]),
        pl.Series([dt.datetime(2025, 1, 2, 3, tzinfo=dt.UTC)]).dt.convert_time_zone("Asia/Tokyo"),
    ],
)
def test_every_kind_of_creation_date(born: pl.Series) -> None:
    models = pl.DataFrame({"model_id": ["Qin/a"], "created_at": born})
    some = panel([("Qin/a", JANUARY, 30)], models=models)
    assert some.models.collect()["created_at"].dt.date().to_list() == [dt.date(2025, 1, 2)]
    assert ossgeo.measure(some, registry=registry(), age_cap="15d").to_polars()["value"].to_list() == [15]


def test_a_creation_date_that_is_none() -> None:
    with pytest.raises(PanelError, match="models cannot be read"):
        panel([("Qin/a", JANUARY, 30)], models=pl.DataFrame({"model_id": ["Qin/a"], "created_at": ["2025"]}))
    nulls = pl.DataFrame({"model_id": ["Qin/a"], "created_at": [None]})
    table = ossgeo.measure(panel([("Qin/a", JANUARY, 30)], models=nulls), registry=registry(), age_cap="15d")
    assert table.adjustments["age_unknown"].count == 30


def test_what_a_notebook_shows() -> None:
    shown = ossgeo.load_sample("labs-2025")._repr_html_()
    assert ">sample labs-2025</td>" in shown
    assert "panel.check()" in shown


@pytest.mark.parametrize("day", ["0001-01-01", "2602-01-31"])
def test_impossible_dates_are_never_filtered_out_in_silence(tmp_path: Path, day: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f"model_id,date,downloads_30d\nQin/a,2025-01-31,5\nQin/b,{day},7\n")
    some = ossgeo.read_panel(file)
    with pytest.raises(PanelError) as caught:
        ossgeo.measure(some, registry=registry())
    assert f"Qin/b, period={day}" in str(caught.value.faults[0])
    table = ossgeo.measure(some, registry=registry(), cleaning=ossgeo.Cleaning(invalid="drop"))
    assert table.to_polars()["value"].to_list() == [5]
    assert table.adjustments["invalid_count"].note.startswith("dropped: 1 ")
    assert ossgeo.read_panel(file, end="2025-12-31", start="2024-01-01").size == 1, "they were asked for"


def test_a_row_without_a_date_is_found_when_a_start_is_given() -> None:
    frame = pl.DataFrame({"model_id": ["Qin/a", "Qin/b"], "observed_at": [JANUARY, None], "downloads_30d": [1, 2]})
    with pytest.raises(PanelError, match="cannot be used") as caught:
        ossgeo.measure(ossgeo.read_panel(frame, start="2025-01-01"), registry=registry())
    assert "has no date in 1 row(s)" in str(caught.value)


def test_rows_of_a_panel() -> None:
    some = two_dates()
    assert (len(some), some.head(2).height, some.to_polars().height, len(some.to_pandas())) == (12, 2, 12, 12)
    assert some.described(scope="six models").scope == "six models"
