"""A measurement that is extended or merged equals the one of everything at once."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ossgeo
from ossgeo.errors import InvalidArgumentError, MethodMismatchError, StoreError
from ossgeo.shares._incremental import IncrementalAggregate
from tests.worlds import registry

START = dt.date(2025, 1, 5)
IDS = ("Qin/a", "Qin/b", "Mover/c", "Trio/d", "Anna/e", "who/f", "Split/g", "Qin/h")

pytestmark = pytest.mark.filterwarnings("ignore::ossgeo.errors.OssgeoWarning")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, list[dt.date], dict[str, Any]]:
    number = draw(st.integers(2, 6))
    days = [
        START + dt.timedelta(days=sum(draw(st.integers(5, 40)) for _ in range(1)) + 41 * step) for step in range(number)
    ]
    rows = []
    for model in IDS:
        count = draw(st.integers(0, 50))
        for day in days:
            count = max(count + draw(st.integers(-5, 100)), 0)
            if draw(st.integers(0, 4)):
                rows.append((model, day, count))
    rows += [
        ("Qin/a", day, 1000 + place)
        for place, day in enumerate(days)
        if ("Qin/a", day) not in {row[:2] for row in rows}
    ]
    born = [draw(st.one_of(st.none(), st.integers(-300, 250))) for _ in IDS]
    created = [
        None if days_ is None else dt.datetime(2025, 1, 5, tzinfo=dt.UTC) + dt.timedelta(days=days_) for days_ in born
    ]
    models = pl.DataFrame(
        {"model_id": IDS, "created_at": created}, schema={"model_id": pl.String, "created_at": pl.Datetime("us", "UTC")}
    )
    choices: dict[str, Any] = draw(st.sampled_from([
        {}, {"by": "organization"}, {"counting": "full"}, {"age_cap": "200d"}, {"window": "60d"}, {"every": "1mo"},
        {"where": {"namespace": ["Qin"]}}, {"denominator": "attributed", "by": ("country", "organization")},
    ]))  # fmt: skip
    frame = pl.DataFrame(rows, schema={"model_id": pl.String, "observed_at": pl.Date, "count": pl.Int64}, orient="row")
    return frame, models, days, choices


def panel(rows: pl.DataFrame, models: pl.DataFrame, counter: str) -> ossgeo.Panel:
    return ossgeo.read_panel(rows.rename({"count": counter}), models=models)


def same(table: ossgeo.ShareTable, other: ossgeo.ShareTable) -> None:
    assert table.to_polars().equals(other.to_polars())
    assert table.coverage == other.coverage
    assert {item.code: item.count for item in table.adjustments.items_} == {
        item.code: item.count for item in other.adjustments.items_
    }


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
@given(world=worlds())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_extending_equals_measuring_everything(counter: str, world: tuple[Any, ...]) -> None:
    rows, models, days, choices = world
    whole = ossgeo.measure(panel(rows, models, counter), registry=registry(), **choices)
    first = rows.filter(pl.col("observed_at") <= days[0])
    saved = IncrementalAggregate.of(panel(first, models, counter), registry=registry(), **choices)
    for day in days[1:]:
        saved = saved.extend(panel(rows.filter(pl.col("observed_at") == day), models, counter), registry=registry())
    same(saved.table(), whole)


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
@given(world=worlds(), start=st.integers(0, 1), renamed=st.booleans(), listed=st.booleans(), text=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_extending_by_snapshots_of_a_store_equals_measuring_the_text_ids(
    counter: str, world: tuple[Any, ...], start: int, renamed: bool, listed: bool, text: bool
) -> None:
    rows, models, days, choices = world
    if renamed:  # two ids of one model, one after the other
        old, new = pl.col("model_id") == "Anna/e", pl.col("model_id") == "who/f"
        rows = rows.filter(~(old & (pl.col("observed_at") > days[0])) & ~(new & (pl.col("observed_at") <= days[0])))
        models = models.with_columns(hub_id=pl.when(old | new).then(pl.lit("1")).otherwise("model_id"))
    with tempfile.TemporaryDirectory() as folder:
        store = ossgeo.sources.SnapshotStore(folder)
        for day in days:
            seen = rows.filter(pl.col("observed_at") == day).select("model_id", pl.col("count").alias(counter))
            at = dt.datetime.combine(day, dt.time(6), dt.UTC)
            store.add(seen.join(models, on="model_id", how="left"), observed_at=at)
        first = max(min(start, len(days) - 2), 0)
        given: dict[str, Any] = {"registry": registry(), **({"models": models} if listed else {})}
        whole = ossgeo.measure(store.panel(days[first], counter=counter).described(), **given, **choices)
        plain = store.panel(days[first], counter=counter)
        plain._answers.update(keyed=None)
        same(whole, ossgeo.measure(plain, **given, **choices))
        made = IncrementalAggregate.of(store.panel(days[first], days[first], counter=counter), **given, **choices)
        for day in days[first + 1 :]:
            later = store.panel(day, day, counter=counter)
            if text and day == days[-1]:  # without integer keys
                later._answers.update(keyed=None)
            made = made.extend(later, **given)
        same(made.table(), whole)


def test_credits_of_namespaces_become_those_of_models_when_needed(tmp_path: Path) -> None:
    store = ossgeo.sources.SnapshotStore(tmp_path / "store")
    for place, day in enumerate((START, START + dt.timedelta(days=40), START + dt.timedelta(days=80))):
        frame = pl.DataFrame({"model_id": ["Qin/a", "Trio/b", "gpt2"], "downloads_30d": [100 + place, 100, 7]})
        store.add(frame, observed_at=dt.datetime.combine(day, dt.time(6), dt.UTC))
    days = [one.date for one in store.snapshots]
    whole = ossgeo.measure(store.panel(), registry=registry())
    first = IncrementalAggregate.of(store.panel(end=days[1]), registry=registry())
    assert first.credits.columns[0] == "namespace"
    first.write(tmp_path / "saved")
    again = IncrementalAggregate.read(tmp_path / "saved")
    same(again.extend(store.panel(days[2]), registry=registry()).table(), whole)
    merged = first.merge(IncrementalAggregate.of(store.panel(days[2]), registry=registry()))
    assert merged.credits.columns[0] == "model_id"
    same(merged.table(), whole)
    models = store.panel().models.collect()
    longer = first.extend(store.panel(days[2]), registry=registry(), models=models)
    assert longer.credits.columns[0] == "model_id"
    same(longer.table(), whole)
    by_model = IncrementalAggregate.of(store.panel(), registry=registry(), models=models).credits
    assert longer.credits.sort("model_id", "group").equals(by_model.sort("model_id", "group"))


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
@given(world=worlds(), cut=st.integers(1, len(IDS) - 1))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_merging_models_equals_measuring_everything(counter: str, world: tuple[Any, ...], cut: int) -> None:
    rows, models, days, choices = world
    anchor = [(f"who/z{side}", day, 1) for side in (0, 1) for day in days]
    rows = rows.vstack(pl.DataFrame(anchor, schema=rows.schema, orient="row"))
    models = pl.concat([models, pl.DataFrame({"model_id": ["who/z0", "who/z1"]})], how="diagonal")
    mine = (*IDS[:cut], "who/z0")
    whole = ossgeo.measure(panel(rows, models, counter), registry=registry(), **choices)
    parts = [
        IncrementalAggregate.of(panel(rows.filter(keep), models.filter(keep), counter), registry=registry(), **choices)
        for keep in (pl.col("model_id").is_in(mine), ~pl.col("model_id").is_in(mine))
    ]
    same(parts[0].merge(parts[1]).table(), whole)


def simple(
    counter: str = "downloads_30d", *, days: tuple[int, ...] = (0, 40), ids: tuple[str, ...] = ("Qin/a", "Trio/b")
) -> ossgeo.Panel:
    rows = pl.DataFrame([(model, START + dt.timedelta(days=day), 100 + day) for model in ids for day in days],
                        schema=["model_id", "observed_at", "count"], orient="row")  # fmt: skip
    return panel(rows, pl.DataFrame({"model_id": ids}), counter)


def saved(counter: str = "downloads_30d", **choices: Any) -> IncrementalAggregate:
    return IncrementalAggregate.of(simple(counter), registry=registry(), **choices)


def test_merging_times(tmp_path: Path) -> None:
    later = IncrementalAggregate.of(simple(days=(80, 120)), registry=registry())
    whole = ossgeo.measure(simple(days=(0, 40, 80, 120)), registry=registry())
    same(saved().merge(later).table(), whole)


@pytest.mark.parametrize("counter", ["downloads_30d", "downloads_all_time"])
def test_what_was_written_is_read_and_extended(tmp_path: Path, counter: str) -> None:
    folder = tmp_path / "shares"
    made = saved(counter, by=("country", "organization"))
    made.write(folder)
    made.write(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["shares"]
    again = IncrementalAggregate.read(folder)
    assert again.table() == made.table()
    assert repr(again) == repr(made)
    longer = again.extend(simple(counter, days=(80,)), registry=registry())
    whole = ossgeo.measure(simple(counter, days=(0, 40, 80)), registry=registry(), by=("country", "organization"))
    same(longer.table(), whole)


def test_a_filter_is_given_again(tmp_path: Path) -> None:
    kept = {"namespace": "Qin"}
    saved(where=kept).write(tmp_path / "s")
    again = IncrementalAggregate.read(tmp_path / "s")
    with pytest.raises(MethodMismatchError, match="where must be given again"):
        again.extend(simple(days=(80,)), registry=registry())
    with pytest.raises(MethodMismatchError, match="where: 'namespace=Qin' and 'namespace=Trio'"):
        again.extend(simple(days=(80,)), registry=registry(), where={"namespace": "Trio"})
    same(again.extend(simple(days=(80,)), registry=registry(), where=kept).table(),
         ossgeo.measure(simple(days=(0, 40, 80)), registry=registry(), where=kept))  # fmt: skip


def test_another_method_or_registry_is_refused() -> None:
    with pytest.raises(MethodMismatchError, match="counting: 'fractional' and 'full'"):
        saved().extend(simple(days=(80,)), registry=registry(), counting="full")
    with pytest.raises(MethodMismatchError, match="registry must have version"):
        saved().extend(simple(days=(80,)), registry=ossgeo.Registry.default())
    with pytest.raises(MethodMismatchError, match="by: "):
        saved().extend(simple(days=(80,)), registry=registry(), by="organization")
    with pytest.raises(InvalidArgumentError, match="has no option"):
        saved().extend(simple(days=(80,)), registry=registry(), color="red")  # type: ignore[call-arg]
    with pytest.raises(InvalidArgumentError, match="is not after 2025-02-14"):
        saved().extend(simple(), registry=registry())
    with pytest.raises(InvalidArgumentError, match="stale='drop'"):
        saved(cleaning=ossgeo.Cleaning(stale="drop"))


def test_models_that_are_attributed_otherwise_now_are_refused() -> None:
    base = [[], [{"relation": "finetune", "model_id": "Qin/a"}]]
    models = pl.DataFrame({"model_id": ["Qin/a", "Trio/b"], "base_models": base})
    bare = pl.DataFrame({"model_id": ["Qin/a", "Trio/b"], "base_models": [base[0], base[0]]}, schema=models.schema)
    made = IncrementalAggregate.of(simple(), registry=registry(), attribution="root", models=bare)
    with pytest.raises(MethodMismatchError, match="1 models are attributed differently than before, such as Trio/b"):
        made.extend(simple(days=(80,)), models=models)
    assert made.extend(simple(days=(80,)), models=bare).periods[-1] == START + dt.timedelta(days=80)


def test_parts_that_overlap_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="2 models are in both parts"):
        saved().merge(saved())
    other = IncrementalAggregate.of(simple("downloads_all_time", days=(0, 41), ids=("who/x",)), registry=registry())
    with pytest.raises(InvalidArgumentError, match="same observations"):
        saved("downloads_all_time").merge(other)


def test_a_model_that_goes_on_in_the_other_part_is_refused() -> None:
    def part(model: str, day: int) -> IncrementalAggregate:
        rows = pl.DataFrame([(model, START + dt.timedelta(days=day), 5), (f"{model}x", START, 5), (f"{model}x", START + dt.timedelta(days=40), 9)],
                            schema=["model_id", "observed_at", "count"], orient="row")  # fmt: skip
        models = pl.DataFrame({"model_id": [model, f"{model}x"], "hub_id": ["1", model]})
        return IncrementalAggregate.of(panel(rows, models, "downloads_all_time"), registry=registry())

    with pytest.raises(InvalidArgumentError, match="under a new id"):
        part("Qin/a", 0).merge(part("Trio/a", 40))


def test_what_is_no_saved_aggregate(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a saved aggregate"):
        IncrementalAggregate.read(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="choose another path"):
        saved().write(tmp_path)
    saved().write(tmp_path / "s")
    facts = tmp_path / "s" / "method.json"
    facts.write_text(facts.read_text().replace('"layout": 4', '"layout": 9'))
    with pytest.raises(StoreError, match="has layout 9"):
        IncrementalAggregate.read(tmp_path / "s")
    with pytest.raises(StoreError, match="cannot be written"):
        saved().write(tmp_path / "file" / "s")


def test_a_flipped_bit_in_any_file_is_found(tmp_path: Path) -> None:
    saved("downloads_all_time").write(tmp_path / "s")
    draw = random.Random(20261127)
    for file in sorted((tmp_path / "s").iterdir()):
        content = file.read_bytes()
        for _ in range(20):
            place = draw.randrange(len(content))
            file.write_bytes(bytes((*content[:place], content[place] ^ 1 << draw.randrange(8), *content[place + 1 :])))
            with pytest.raises(StoreError):
                IncrementalAggregate.read(tmp_path / "s")
        file.write_bytes(content)
    assert IncrementalAggregate.read(tmp_path / "s").periods == saved("downloads_all_time").periods


@pytest.mark.parametrize("call", ["replace", "unlink"])
@pytest.mark.parametrize("step", range(6))
def test_a_writer_that_is_stopped_at_any_step_leaves_the_old_or_the_new_aggregate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, step: int
) -> None:
    first, second = saved(), saved().extend(simple(days=(80,)), registry=registry())
    first.write(tmp_path / "s")
    before, original = iter(range(step)), getattr(Path, call)

    def stopped(self: Path, *args: Any, **options: Any) -> Any:
        if next(before, None) is None:
            raise KeyboardInterrupt
        return original(self, *args, **options)

    monkeypatch.setattr(Path, call, stopped)
    with contextlib.suppress(KeyboardInterrupt):
        second.write(tmp_path / "s")
    monkeypatch.undo()
    assert IncrementalAggregate.read(tmp_path / "s").periods in (first.periods, second.periods)
    second.write(tmp_path / "s")
    assert IncrementalAggregate.read(tmp_path / "s").periods == second.periods
    assert len(list((tmp_path / "s").glob("*.parquet"))) == len({"rows", "groups", "models", "credits", "seen"})


def test_events_are_not_saved() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a", "Trio/b"], "created_at": [dt.datetime(2025, 1, 1)] * 2})
    with pytest.raises(InvalidArgumentError, match="supply needs more than one observation"):
        IncrementalAggregate.of(simple(), registry=registry(), calculator="supply", models=models)


def test_parts_that_attribute_a_model_in_two_ways_are_refused() -> None:
    schema: Any = {
        "model_id": pl.String,
        "base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String})),
    }
    base = [[], [{"relation": "finetune", "model_id": "Qin/a"}]]
    parts = [
        IncrementalAggregate.of(simple(days=days), registry=registry(), attribution="root",
                          models=pl.DataFrame({"model_id": ["Qin/a", "Trio/b"], "base_models": bases}, schema=schema))
        for days, bases in (((0,), base), ((40,), [[], []]))
    ]  # fmt: skip
    with pytest.raises(MethodMismatchError, match="1 models in two ways, such as Trio/b"):
        parts[0].merge(parts[1])


def test_a_snapshot_that_names_new_models_and_fewer_facts() -> None:
    models = pl.DataFrame({"model_id": ["Qin/a", "Trio/b"], "created_at": [dt.datetime(2024, 5, 1)] * 2})
    made = IncrementalAggregate.of(simple(), registry=registry(), models=models)
    longer = made.extend(simple(days=(80,), ids=("who/new", "Qin/a")), registry=registry())
    assert longer.models["model_id"].to_list() == ["Qin/a", "Trio/b", "who/new"]
    assert longer.models["created_at"].null_count() == 1
    assert longer.table().at()["unreviewed"] == 0.5
    fewer = longer.extend(simple(days=(120,), ids=("Trio/b",)), registry=registry())
    assert fewer.models["model_id"].to_list() == longer.models["model_id"].to_list()
