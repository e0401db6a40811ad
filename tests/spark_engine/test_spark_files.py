"""Parquet files whose types and names differ, on Spark: normalized before they are joined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import PanelError
from tests.unit.sources.test_doors import DRIFTS, WEEK, drifting_files, measured

pytestmark = pytest.mark.usefixtures("spark")


@pytest.mark.parametrize("drift", DRIFTS)
def test_files_are_normalized_before_they_are_joined(drift: str, tmp_path: Path) -> None:
    rows = drifting_files(tmp_path, DRIFTS[drift])
    panel: Any = ossgeo.read_panel(tmp_path, engine="spark")
    assert panel.engine == "spark"
    assert measured(panel) == rows
    assert panel.models.collect().sort("model_id")["likes"].to_list() == [7, 8]


def test_nanoseconds_are_refused_with_a_remedy(tmp_path: Path) -> None:
    pl.DataFrame(WEEK).with_columns(pl.col("date").cast(pl.Datetime("ns"))).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(PanelError, match=r"column date: holds nanoseconds.*choose another engine"):
        ossgeo.read_panel(tmp_path, engine="spark")
