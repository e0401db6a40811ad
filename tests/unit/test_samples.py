from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import ossgeo
from ossgeo.errors import UnknownSampleError

FOLDER = Path(ossgeo.__file__).parent / "data" / "samples"


def test_labs_2025() -> None:
    panel = ossgeo.load_sample()
    table = ossgeo.measure(panel)
    china = [round(100 * (table.at(day)["CN"] or 0), 2) for day in table.periods]
    assert china == [4.85, 5.65, 6.83, 7.22, 9.63, 10.02, 15.36, 19.06, 18.21]
    assert "not the whole Hub" in str(table)
    assert panel.models.collect()["namespace"].n_unique() == 34
    assert 1000 < panel.size < 1400


def test_hub_2026() -> None:
    panel = ossgeo.load_sample("hub-2026")
    assert (panel.size, panel.periods) == (200, (dt.date(2026, 8, 14),))
    assert panel.models.collect()["created_at"].null_count() == 0


def test_trending_2026() -> None:
    models = ossgeo.load_sample("trending-2026").models.collect()
    assert models.height == 200
    assert models.filter(models["base_models"].list.len() > 0).height > 80


def test_the_samples_are_small_and_their_sources_named() -> None:
    files = [file for file in FOLDER.iterdir() if file.suffix == ".parquet"]
    assert sum(file.stat().st_size for file in files) <= 60_000
    notice = (FOLDER / "NOTICE").read_text(encoding="utf-8")
    assert {file.stem for file in files} == {sample.name for sample in ossgeo.list_samples()}
    assert all(file.name in notice for file in files)


def test_an_unknown_sample() -> None:
    with pytest.raises(UnknownSampleError) as caught:
        ossgeo.load_sample("labs-2024")
    assert caught.value.suggestions == ("labs-2025",)
