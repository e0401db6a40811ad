"""Rows by integer keys: every figure is that of the rows with text ids."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import narwhals as nw
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import ossgeo
from ossgeo.errors import PanelError
from ossgeo.shares import _pipeline
from tests.worlds import registry

pytestmark = [
    pytest.mark.filterwarnings("ignore::ossgeo.errors.LowCoverageWarning"),
    pytest.mark.filterwarnings("ignore::ossgeo.errors.VoidOptionWarning"),
]

OWNERS = ("Qin", "qin", "Mover", "Trio", "ann", "Nowhere", "GONE", "who")
DAYS = [dt.date(2025, 1, 5) + dt.timedelta(weeks=week) for week in range(4)]
IDS = st.lists(st.tuples(st.sampled_from(OWNERS), st.integers(0, 4)), min_size=1, max_size=12, unique=True)
CHOICES: list[dict[str, Any]] = [
    {}, {"by": "organization"}, {"by": ("country", "kind")}, {"by": "relation"}, {"by": "model"}, {"counting": "full"},
    {"attribution": "lineage"}, {"attribution": "lineage", "counting": "primary"}, {"attribution": "root"},
    {"attribution": "lineage", "by": "builder_country"}, {"where": nw.col("namespace").is_in(["Qin", "Mover"])}, {"every": "1mo"},
    {"as_of": "creation"}, {"as_of": "2025-01-20"}, {"calculator": "count-in-top"}, {"window": "14d"}, {"age_cap": "20d"},
    {"calculator": ossgeo.shares.Downloads()}, {"cleaning": ossgeo.Cleaning(stale="drop", duplicates="last")},
]  # fmt: skip
COUNTERS = st.sampled_from(["downloads_30d", "downloads_all_time"])
DIFFERENCES: list[dict[str, Any]] = [
    {}, {"cleaning": ossgeo.Cleaning(decreases="reset")}, {"cleaning": ossgeo.Cleaning(decreases="keep")}, {"calculator": "stock"},
    {"cleaning": ossgeo.Cleaning(renames="keep")}, {"cleaning": ossgeo.Cleaning(gaps="gap")}, {"by": ("country", "organization")},
]  # fmt: skip
"""Choices that concern all-time counters."""


def models_of(ids: list[str]) -> pl.DataFrame:
    """Return a models table in which models are based on others, with dates of creation."""
    bases = [[] if number % 3 == 0 else [{"relation": "finetune", "model_id": base} for base in ids[: number % 3]]
             for number in range(len(ids))]  # fmt: skip
    kind = pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))
    frame = pl.DataFrame({"model_id": ids, "base_models": pl.Series(bases, dtype=kind)})
    hub_id = (pl.int_range(pl.len()) // 2).cast(pl.String)
    return frame.with_columns(
        created_at=pl.lit(DAYS[0]) + pl.duration(days=pl.int_range(pl.len()) % 20 - 2), hub_id=hub_id
    )


def write(folder: str, ids: list[str], draw: Any, *, one_file: bool, counter: str) -> Path:
    """Write weeks of the same models, each with more of them than the week before."""
    frames = []
    for place, day in enumerate(DAYS):
        seen = ids[: max(1, len(ids) * (place + 1) // len(DAYS))]
        counts = [draw(st.integers(0, 10**6)) for _ in seen]
        frames.append(pl.DataFrame({"model_id": seen, counter: counts, "observed_at": [day] * len(seen)}))
    path = Path(folder) / "panel"
    path.mkdir()
    for place, frame in enumerate([pl.concat(frames)] if one_file else frames):
        frame.write_parquet(path / f"{place}.parquet")
    return path


def by_text(panel: ossgeo.Panel) -> ossgeo.Panel:
    """Return the panel without its rows by key."""
    plain = panel.described()
    plain._answers.update(keyed=None)
    return plain


@settings(max_examples=40, deadline=None)
@given(
    IDS,
    COUNTERS,
    st.sampled_from(CHOICES + DIFFERENCES),
    st.sampled_from(["own", "all", "some", "reversed"]),
    st.booleans(),
    st.data(),
)
def test_figures_are_those_of_the_text_ids(
    owners: list[tuple[str, int]], counter: str, choices: dict[str, Any], listed: str, one_file: bool, data: Any
) -> None:
    ids = [f"{owner}/m{number}" for owner, number in owners]
    with tempfile.TemporaryDirectory() as folder:
        of = ossgeo.read_panel(write(folder, ids, data.draw, one_file=one_file, counter=counter))
        assert of._keyed is not None
        tables = {"all": models_of(ids), "some": models_of(ids).head(len(ids) // 2), "reversed": models_of(ids[::-1])}
        assume(counter == "downloads_all_time" or choices.get("calculator") != "stock")
        given: dict[str, Any] = {**choices, "registry": registry(), "models": tables.get(listed)}
        if listed == "own" and {"as_of", "age_cap"} & {*choices}:
            given["models"] = tables["all"]
        fast, plain = ossgeo.measure(of, **given), ossgeo.measure(by_text(of), **given)
        assert fast.to_polars().equals(plain.to_polars())
        assert (fast.coverage, fast.adjustments) == (plain.coverage, plain.adjustments)
        assert of._counts().cast(pl.Float64, strict=False).equals(_counts(of).cast(pl.Float64, strict=False))
        assert sorted(of.models.collect()["model_id"]) == sorted(ids)


def _counts(of: ossgeo.Panel) -> pl.DataFrame:
    plain = ossgeo.Panel.of(of.rows, None, counter=of.counter)
    return plain._counts().select(of._counts().columns)


def folder_of(folder: Path, *frames: dict[str, list[Any]]) -> Path:
    for place, frame in enumerate(frames):
        day = {"observed_at": [DAYS[place]] * len(frame["model_id"])}
        pl.DataFrame({**day, **frame}).write_parquet(folder / f"{place}.parquet")
    return folder


@pytest.mark.parametrize(
    "second",
    [
        {"model_id": ["a/y", "a/x"], "downloads_30d": [1, 2]},
        {"model_id": ["a/x", "a/y", "a/x"], "downloads_30d": [1, 2, 3]},
        {"model_id": ["a/x", "a/y"], "downloads_30d": [1.0, 2.5]},
        {"model_id": ["a/x", "a/y"], "downloads_30d": ["1", "2"]},
        {"model_id": ["a/x", "a/y"], "downloads_30d": [1, 2], "observed_at": [DAYS[1], None]},
    ],
)
def test_other_files_have_no_keys(tmp_path: Path, second: dict[str, list[Any]]) -> None:
    first: dict[str, list[Any]] = {"model_id": ["a/x", "a/y"], "downloads_30d": [1, 2]}
    folder_of(tmp_path, first, second)
    try:
        assert ossgeo.read_panel(tmp_path)._keyed is None
    except PanelError as error:  # a fraction of a download
        assert "2.5" in str(error)  # noqa: PT017


def test_rows_of_a_date_that_do_not_follow_each_other_have_no_keys(tmp_path: Path) -> None:
    rows = {"model_id": ["a/x", "a/x", "a/y", "a/y"], "downloads_30d": [1, 2, 3, 4], "observed_at": DAYS[:2] * 2}
    pl.DataFrame(rows).write_parquet(tmp_path / "panel.parquet")
    of = ossgeo.read_panel(tmp_path / "panel.parquet")
    assert (of._keyed, of.size) == (None, 4)


def test_counts_that_cannot_be_used_are_not_summed(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"model_id": ["a/x", "a/y"], "downloads_30d": [1, -2]}
    of = ossgeo.read_panel(folder_of(tmp_path, rows))
    with pytest.raises(PanelError, match="negative"):
        ossgeo.measure(of, registry=registry())
    huge: dict[str, list[Any]] = {"model_id": ["a/x", "a/y"], "downloads_30d": [2**61, 2**61]}
    of = ossgeo.read_panel(folder_of(tmp_path, huge), counter=ossgeo.Counter("tokens", kind="interval", days=7),
                           columns={"downloads_30d": "tokens_per_7d"})  # fmt: skip
    assert ossgeo.measure(of, registry=registry()).to_polars()["value"].sum() == 2.0**62


def test_a_file_that_changes_after_it_was_read_is_an_error(tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {"model_id": ["a/x", "a/y"], "downloads_30d": [1, 2]}
    of = ossgeo.read_panel(folder_of(tmp_path, rows))
    folder_of(tmp_path, {"model_id": ["a/x"], "downloads_30d": [1]})
    with pytest.raises(PanelError, match="check the files behind the panel"):
        ossgeo.measure(of, registry=registry())


def test_no_id_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: dict[str, list[Any]] = {"model_id": ["Qin/x", "who/y"], "downloads_30d": [1, 2]}
    of = ossgeo.read_panel(folder_of(tmp_path, rows, rows))
    monkeypatch.setattr(type(of), "_unknown_ids", None)
    monkeypatch.setattr(_pipeline, "summed_by_namespace", None)
    assert ossgeo.measure(of, registry=registry()).at()["CN"] == pytest.approx(1 / 3)
    assert ossgeo.measure(of, registry=registry(), attribution="lineage").at()["CN"] == pytest.approx(1 / 3)


SNAPSHOTS = st.lists(st.lists(st.sampled_from(range(12)), min_size=1, unique=True), min_size=1, max_size=3)


@settings(max_examples=15, deadline=None)
@given(IDS, SNAPSHOTS, COUNTERS, st.sampled_from(CHOICES + DIFFERENCES), st.booleans(), st.booleans(), st.data())
def test_figures_of_a_store_are_those_of_the_text_ids(
    owners: list[tuple[str, int]],
    seen: list[list[int]],
    counter: str,
    choices: dict[str, Any],
    listed: bool,
    named: bool,
    data: Any,
) -> None:
    assume(counter == "downloads_all_time" or choices.get("calculator") != "stock")
    ids = [f"{owner}/m{number}" for owner, number in owners]
    with tempfile.TemporaryDirectory() as folder:
        store = ossgeo.sources.SnapshotStore(folder)
        for day, places in zip(DAYS, seen, strict=False):
            chosen = sorted({ids[place % len(ids)] for place in places})
            counts = [data.draw(st.integers(0, 10**6)) for _ in chosen]
            at = [dt.datetime.combine(day, dt.time(6), dt.UTC)] * len(chosen)
            frame = pl.DataFrame({"model_id": chosen, counter: counts, "observed_at": at})
            authors = ["Mover" if place == 1 else one.split("/")[0] for place, one in enumerate(chosen)]
            store.add(frame.with_columns(namespace=pl.Series(authors)) if named else frame)
        of = store.panel(counter=counter)
        assert of._keyed is not None
        models = models_of(ids) if listed or {"as_of", "age_cap"} & {*choices} else None
        given: dict[str, Any] = {**choices, "registry": registry(), "models": models}
        fast, plain = ossgeo.measure(of, **given), ossgeo.measure(by_text(of), **given)
        assert fast.to_polars().equals(plain.to_polars())
        assert (fast.coverage, fast.adjustments) == (plain.coverage, plain.adjustments)


def test_a_models_file_that_is_ready_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: dict[str, list[Any]] = {"model_id": ["Qin/x", "who/y"], "downloads_30d": [1, 2]}
    (tmp_path / "panel").mkdir()
    panel = folder_of(tmp_path / "panel", rows)
    file = tmp_path / "models.parquet"
    models_of(["Qin/x", "who/y"]).write_parquet(file)
    slow = ossgeo.read_models(file)
    found = ossgeo.read_panel(panel, models=file).models.collect()
    assert found.select(slow.columns).equals(slow)
    monkeypatch.setattr("ossgeo.sources._files.reader.read_models", None)
    assert ossgeo.read_panel(panel, models=file).models.collect().height == 2
    models_of(["Qin/x", "https://huggingface.co/who/y"]).write_parquet(file)
    monkeypatch.undo()
    assert ossgeo.read_panel(panel, models=file).models.collect()["model_id"].to_list() == ["Qin/x", "who/y"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1, 200), min_size=12, max_size=12), st.lists(st.integers(-20, 30), min_size=3, max_size=3),
       st.sampled_from(DIFFERENCES))  # fmt: skip
def test_models_that_continue_under_a_new_id_are_followed_by_key(
    counts: list[int], born: list[int], choices: dict[str, Any]
) -> None:
    ids = ["Qin/old", "Trio/new", "who/other"]
    created = [dt.datetime.combine(DAYS[0], dt.time(), dt.UTC) + dt.timedelta(days=days) for days in born]
    models = pl.DataFrame({"model_id": ids, "hub_id": ["1", "1", "2"], "created_at": created})
    with tempfile.TemporaryDirectory() as folder:
        store = ossgeo.sources.SnapshotStore(folder)
        for place, day in enumerate(DAYS):
            there = [ids[place // 2], ids[2]]
            seen = [(one, count) for one, count in zip(there, counts[place * 3 :], strict=False) if count >= 0]
            if seen:
                frame = pl.DataFrame(seen, schema=["model_id", "downloads_all_time"], orient="row")
                store.add(frame, observed_at=dt.datetime.combine(day, dt.time(6), dt.UTC))
        assume(len(store.snapshots) > 0)
        of = store.panel(counter="downloads_all_time")
        given: dict[str, Any] = {**choices, "registry": registry(), "models": models}
        fast, plain = ossgeo.measure(of, **given), ossgeo.measure(by_text(of), **given)
        assert fast.to_polars().equals(plain.to_polars())
        assert (fast.coverage, fast.adjustments) == (plain.coverage, plain.adjustments)
