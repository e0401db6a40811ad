"""Every built-in source keeps the contract; a wrong one is found."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import attrs
import polars as pl
import pytest

import ossgeo
from ossgeo._core import engines
from ossgeo.errors import ConformanceError
from ossgeo.sources import Hub, HubStats, OpenModelEvolution, SnapshotStore
from ossgeo.testing import check_source, source_checks
from tests.hub_server import entry, fake_hub
from tests.unit.sources.test_published import stats, study
from tests.unit.sources.test_store import week


def test_every_built_in_source(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "store")
    store.add(week(0))
    store.add(week(1))
    study().write_parquet(tmp_path / "study.parquet")
    stats(dt.date(2026, 8, 1)).write_parquet(tmp_path / "stats.parquet")
    with fake_hub() as server:
        server.add(entry("Qwen/a"), entry("google/b"))
        for source in (
            store,
            Hub(token=False, endpoint=server.url),
            OpenModelEvolution(tmp_path / "study.parquet"),
            HubStats(tmp_path / "stats.parquet"),
        ):
            assert len(check_source(source).passed) == len(source_checks(source)) == 10


@attrs.frozen
class Given:
    """Gives what it was given."""

    answer: Any
    name: str = "given"
    api_version: int = 1

    def panel(self) -> Any:
        return self.answer


def test_wrong_sources() -> None:
    right = ossgeo.load_sample("hub-2026")
    assert check_source(Given(right)).passed
    rows = right.rows.to_native().collect()
    twice = ossgeo.Panel.of(
        engines.wrap(pl.concat([rows, rows]).lazy()), right.models, counter="downloads_30d", source="x"
    )
    fewer = attrs.evolve(right, models=right.models.head(5))
    for source, check in (
        (Given(5), "gives_a_panel"),
        (Given(twice), "rows_are_sound"),
        (Given(fewer), "every_row_has_a_model"),
        (object(), "is_a_source"),
    ):
        with pytest.raises(ConformanceError) as caught:
            check_source(source)  # type: ignore[arg-type]
        assert f"- {check}: " in str(caught.value)
