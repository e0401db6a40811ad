from __future__ import annotations

import datetime as dt
import inspect
from typing import Any

import attrs
import narwhals as nw
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares import MeasureOptions, MeasureOptionsDict
from ossgeo.shares._options import OPTIONS, require_options
from tests.worlds import panel, registry, two_dates


def test_measure_and_the_typed_dictionary_have_the_options_and_their_defaults() -> None:
    signature = inspect.signature(ossgeo.measure).parameters
    plain = MeasureOptions()
    for name in OPTIONS:
        assert MeasureOptions(**{name: signature[name].default}) == plain
        assert attrs.fields_dict(MeasureOptions)[name].metadata["help"]
        assert f"{name}:" in (inspect.getdoc(MeasureOptions) or "")
        assert f"{name}:" in (inspect.getdoc(ossgeo.measure) or "")
    assert set(MeasureOptionsDict.__annotations__) == {*OPTIONS, "registry", "models"}
    assert set(signature) == {"panel", "method", "registry", "models", *OPTIONS}


def test_options_have_one_normal_form() -> None:
    assert MeasureOptions(by=["country", "model"]).by == ("country", "model")
    assert MeasureOptions(window="52w").window == MeasureOptions(window=dt.timedelta(364)).window == "364d"
    assert MeasureOptions(where={}, cleaning=ossgeo.Cleaning(), as_of="flow") == MeasureOptions()
    assert MeasureOptions(as_of="2025-01-31").as_of == dt.date(2025, 1, 31)
    filtered = MeasureOptions(where=nw.col("likes") > 1, age_cap="365d")
    assert filtered.changed() == ("age_cap", "where")
    assert (filtered.window_days, filtered.age_cap_days) == (None, 365)
    assert MeasureOptions(**filtered.to_dict()) == filtered  # type: ignore[misc]


def test_a_list_of_keys_is_a_tuple_of_keys() -> None:
    of = two_dates()
    by_list = ossgeo.measure(of, by=["country", "organization"], registry=registry())
    assert by_list == ossgeo.measure(of, by=("country", "organization"), registry=registry())


def test_a_misspelt_option_names_the_called_function() -> None:
    with pytest.raises(InvalidArgumentError, match=r"influence\(\) has no option 'windw'; did you mean window\?"):
        require_options(ossgeo.analysis.influence, {"windw": "30d"})
    with pytest.raises(
        InvalidArgumentError, match=r"report\(\) has no option 'zzz'; it has path, title, by, calculator"
    ):
        require_options(ossgeo.report, {"zzz": 1})
    with pytest.raises(InvalidArgumentError, match=r"bootstrap\(\) has no option 'sed'; did you mean seed\?"):
        require_options(ossgeo.analysis.bootstrap, {"sed": 1})
    wrong: Any = {"denominatr": "all"}
    with pytest.raises(InvalidArgumentError, match=r"IncrementalAggregate.of\(\) has no option 'denominatr'"):
        ossgeo.IncrementalAggregate.of(panel([("Qin/a", dt.date(2025, 1, 31), 5)]), **wrong)
