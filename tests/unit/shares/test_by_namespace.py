"""Namespaces in the place of models: every figure is that of the models."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ossgeo
from ossgeo._core import engines
from ossgeo.errors import PanelError
from ossgeo.shares._pipeline import Plan
from tests.worlds import JANUARY, MARCH, panel, registry

OWNERS = ("Qin", "qin", "Mover", "Trio", "ann", "Nowhere", "Gone", "GONE", "who", "else")
ROWS = st.lists(
    st.tuples(st.sampled_from(OWNERS), st.integers(0, 3), st.sampled_from([JANUARY, MARCH]), st.integers(0, 10**6)),
    min_size=1, max_size=30, unique_by=lambda row: row[:3],
)  # fmt: skip
CHOICES: list[dict[str, Any]] = [
    {}, {"by": "organization"}, {"by": ("country", "kind")}, {"by": "namespace"}, {"by": "builder_country"},
    {"counting": "full"}, {"counting": "primary"}, {"denominator": "attributed"}, {"attribution": "headquarters"},
    {"attribution": ossgeo.attribution.blend({"publisher": 0.5, "headquarters": 0.5})}, {"as_of": "2025-01-31"},
    {"every": "1mo"}, {"by": "aspi-democracy" if "aspi-democracy" in ossgeo.GroupScheme.names() else "country"},
]  # fmt: skip


def both(of: ossgeo.Panel, **choices: Any) -> tuple[ossgeo.ShareTable, ossgeo.ShareTable]:
    fast = ossgeo.measure(of, registry=registry(), **choices)
    listed = ossgeo.measure(of, registry=registry(), models=of.models, **choices)
    return fast, listed


@pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
@settings(max_examples=20, deadline=None)
@given(ROWS, st.sampled_from(CHOICES))
def test_figures_are_those_of_the_models(rows: list[Any], choices: dict[str, Any]) -> None:
    ids = ((owner, f"{owner}/m{number}") for owner, number, _, _ in rows)
    names = [owner if name.endswith("m3") else name for owner, name in ids]  # some have no namespace
    of = panel([(name, day, count) for name, (_, _, day, count) in zip(names, rows, strict=True)])
    fast, listed = both(of, **choices)
    assert fast.to_polars().equals(listed.to_polars())
    assert (fast.coverage, fast.adjustments) == (listed.coverage, listed.adjustments)


def test_ids_beyond_ascii_are_cut_after_their_first_slash() -> None:
    ids = pl.LazyFrame({"model_id": ["智谱/模型/二", "\u00e9/a", "gpt2", None]})
    cut = engines.collect(engines.with_namespaces(engines.wrap(ids)))
    assert cut["model_id"].to_list() == ["智谱/", "\u00e9/", "gpt2", None]


def test_only_what_depends_on_the_namespace_is_measured_by_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    of = panel([("Qin/a", JANUARY, 3), ("who/b", JANUARY, 2)])
    looked: list[Any] = []
    models = Plan._models

    def watched(self: Any, parts: Any) -> Any:
        looked.append(parts)
        return models(self, parts)

    monkeypatch.setattr(Plan, "_models", watched)
    choices: Any
    for choices in ({}, {"by": "namespace"}, {"attribution": ossgeo.attribution.first_of("headquarters", "publisher")}):
        ossgeo.measure(of, registry=registry(), **choices)
    assert not looked
    mapped = ossgeo.attribution.table({"Qin": "FR"})
    for choices in ({"by": "model"}, {"attribution": mapped}, {"models": of.models}, {"cleaning": ossgeo.Cleaning()}):
        ossgeo.measure(of, registry=registry(), **choices)
    assert len(looked) == 3


def _weeks(folder: Path, weeks: int, **columns: Any) -> Path:
    for week in range(weeks):
        day = dt.date(2025, 1, 5) + dt.timedelta(weeks=week)
        ids = [f"Qin/m{number}" for number in range(3 + week // 2)] + [f"who-{week}/a"]
        frame = pl.DataFrame({"model_id": ids, "downloads_30d": range(len(ids))})
        frame.with_columns(observed_at=pl.lit(day), **columns).write_parquet(folder / f"{day}.parquet")
    return folder


def test_files_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = ossgeo.read_panel(_weeks(tmp_path, 4))
    monkeypatch.setattr("ossgeo.panel._panel.distinct_namespaces", None)
    monkeypatch.setattr("ossgeo.panel._panel.number_of_duplicates", None)
    table = ossgeo.measure(of, registry=registry())
    assert dict(table.coverage.namespaces) == {"attributed": 1, "unreviewed": 4}
    assert of.models.collect()["model_id"].sort().to_list() == sorted(
        ["Qin/m0", "Qin/m1", "Qin/m2", "Qin/m3", *(f"who-{week}/a" for week in range(4))]
    )


@pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning")
@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(["downloads_30d", "downloads_all_time"]), st.sampled_from(["publisher", "lineage"]))
def test_files_in_another_order_have_the_same_figures(data: Any, counter: str, attribution: str) -> None:
    ids = ["Qin/a", "qin/b", "Mover/c", "Trio/d", "who/e", "who/f"]
    models = pl.DataFrame(
        {"model_id": ids, "base_models": [[], *([{"relation": "merge", "model_id": ids[0]}] for _ in ids[1:])]}
    )
    with tempfile.TemporaryDirectory() as folder:
        for week in range(4):
            day, number = dt.date(2025, 1, 5) + dt.timedelta(weeks=week), data.draw(st.integers(4, len(ids)))
            counts = data.draw(st.lists(st.integers(0, 1000), min_size=number, max_size=number))
            frame = pl.DataFrame({"model_id": ids[:number], counter: counts, "observed_at": [day] * number})
            frame[data.draw(st.permutations(range(number)))].write_parquet(f"{folder}/{day}.parquet")
        files = ossgeo.read_panel(folder)
        rows = ossgeo.read_panel(files.rows.collect().to_native().sort("period", "model_id"), counter=counter)
        choices: dict[str, Any] = {"registry": registry(), "attribution": attribution, "models": models}
        table, expected = ossgeo.measure(files, **choices), ossgeo.measure(rows, **choices)
        assert table.to_polars().equals(expected.to_polars())
        assert (table.coverage, table.adjustments) == (expected.coverage, expected.adjustments)
        assert dict(ossgeo.measure(files, registry=registry()).coverage.namespaces) == dict(
            ossgeo.measure(rows, registry=registry()).coverage.namespaces
        )


def test_a_repeated_id_among_those_of_the_file_before_is_found(tmp_path: Path) -> None:
    for week, ids in enumerate((["Qin/a", "Qin/b", "who/c"], ["who/c", "Qin/a", "Qin/b"], ["Qin/b", "Qin/a", "Qin/a"])):
        day = dt.date(2025, 1, 5) + dt.timedelta(weeks=week)
        frame = pl.DataFrame({"model_id": ids, "downloads_30d": [1, 2, 3], "observed_at": [day] * 3})
        frame.write_parquet(tmp_path / f"{day}.parquet")
    with pytest.raises(PanelError, match=r"1 row\(s\) repeat"):
        ossgeo.measure(ossgeo.read_panel(tmp_path), registry=registry())


def test_a_duplicate_in_a_file_or_in_two_is_found(tmp_path: Path) -> None:
    _weeks(tmp_path, 2)
    frame = pl.read_parquet(tmp_path / "2025-01-05.parquet")
    pl.concat([frame, frame.head(1)]).write_parquet(tmp_path / "2025-01-05.parquet")
    with pytest.raises(PanelError, match=r"1 row\(s\) repeat"):
        ossgeo.measure(ossgeo.read_panel(tmp_path), registry=registry())
    frame.write_parquet(tmp_path / "2025-01-05.parquet")
    frame.head(2).write_parquet(tmp_path / "again.parquet")
    with pytest.raises(PanelError, match=r"2 row\(s\) repeat"):
        ossgeo.measure(ossgeo.read_panel(tmp_path), registry=registry())


@pytest.mark.parametrize(
    ("name", "problem"), [("a b/c", "not a model id"), ("n/a", "no model id"), ("x/y.git", "not a")]
)
def test_an_id_that_is_not_plain_gets_the_full_checks(tmp_path: Path, name: str, problem: str) -> None:
    _weeks(tmp_path, 2)
    odd = pl.DataFrame({"model_id": [name], "downloads_30d": [1], "observed_at": [dt.date(2025, 1, 5)]})
    odd.write_parquet(tmp_path / "odd.parquet")
    with pytest.raises(PanelError) as caught:
        ossgeo.read_panel(tmp_path)
    assert problem in str(caught.value.faults[0])


def test_a_range_has_the_namespaces_of_its_rows(tmp_path: Path) -> None:
    of = ossgeo.read_panel(_weeks(tmp_path, 4), start="2025-01-12", end="2025-01-19")
    assert dict(ossgeo.measure(of, registry=registry()).coverage.namespaces) == {"attributed": 1, "unreviewed": 2}


def test_an_author_in_the_rows_is_the_namespace(tmp_path: Path) -> None:
    of = ossgeo.read_panel(_weeks(tmp_path, 2, author=pl.lit("Mover")))
    assert ossgeo.measure(of, registry=registry()).at()["GB"] == 1.0
