from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import attrs
import polars as pl
import pytest

from ossgeo import Country, Model, OriginStatus, Registry
from ossgeo.attribution import (
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    ModelTable,
    Publisher,
    credits_of,
    resolve,
)
from ossgeo.attribution._protocol import model_of
from ossgeo.errors import AttributionContractError, UnknownCountryError
from tests.worlds import registry

DAY = dt.date(2025, 3, 1)
MODELS = pl.DataFrame({"model_id": ["Qin/a", "Mover/b", "who/c"]}).with_columns(
    namespace=pl.col("model_id").str.split("/").list.first()
)


def ask(strategy: Any, models: pl.DataFrame = MODELS) -> pl.DataFrame:
    credits = credits_of(strategy, models, context=Context(registry(), ModelTable(models), DAY))
    return credits.sort("model_id", "start", "country")


@attrs.frozen
class Says:
    """A row-wise rule that says one thing of everything."""

    answer: Any
    name: str = "says"
    api_version: int = 1

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[no-any-return]


@attrs.frozen
class Frames:
    """A rule that says what a list of rows says."""

    rows: list[tuple[Any, ...]]
    name: str = "frames"
    api_version: int = 1

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        raise AssertionError

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> Any:
        columns = ["model_id", "start", "end", "organization", "country", "weight", "rule"]
        return pl.DataFrame(self.rows, schema=columns, orient="row").lazy()


LONG_AGO, NEVER = dt.date(1900, 1, 1), dt.date(2200, 1, 1)


def row(
    model: str = "Qin/a", country: Any = "CN", weight: Any = 1.0, start: Any = LONG_AGO, end: Any = NEVER
) -> tuple[Any, ...]:
    return (model, start, end, None, country, weight, "frames")


def test_an_attribution_sums_to_one() -> None:
    third = Credit(Country("FR"), weight=1 / 3)
    assert Attribution("r", (third, third, third)).credits[0].weight == 1 / 3
    for weights in ((0.5,), (0.5, 0.6), (1.5, -0.5), ()):
        with pytest.raises(AttributionContractError, match="sum to 1"):
            Attribution("r", tuple(Credit(Country("FR"), weight=weight) for weight in weights))


def test_to() -> None:
    assert Attribution.to("FR", rule="r").credits == (Credit(Country("FR")),)
    assert Attribution.to(OriginStatus.UNKNOWN, rule="r", organization="x").credits[0].organization == "x"
    with pytest.raises(UnknownCountryError):
        Attribution.to("France", rule="r")
    said = Attribution.to("FR", rule="r")
    assert pickle.loads(pickle.dumps(said)) == said


def test_no_opinion_is_unreviewed() -> None:
    table = ask(Says(None))
    assert table["country"].unique().to_list() == ["unreviewed"]
    assert table["model_id"].to_list() == ["Mover/b", "Qin/a", "who/c"]
    assert table["rule"].unique().to_list() == ["abstained"]


def test_a_strategy_without_changes_is_evaluated_once_for_each_model() -> None:
    asked: list[tuple[str, dt.date]] = []

    class Counts(Says):
        def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
            asked.append((model.id, on))
            assert context.models[model.id] is context.models[model.id], "made once"
            return Attribution.to("FR", rule=self.name)

    assert set(ask(Counts(None))["country"]) == {"FR"}
    assert sorted(asked) == [("Mover/b", DAY), ("Qin/a", DAY), ("who/c", DAY)]


def test_a_strategy_with_changes_is_evaluated_for_each_interval() -> None:
    class Moves(Says):
        def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
            return Attribution.to("FR" if on < DAY else "DE", rule=self.name)

        def changes(self, context: Context) -> set[dt.date]:
            return {DAY, LONG_AGO, NEVER}

    table = ask(Moves(None)).filter(pl.col("model_id") == "Qin/a")
    assert table.select("start", "end", "country").rows() == [(LONG_AGO, DAY, "FR"), (DAY, NEVER, "DE")]


def test_gaps_in_time_are_completed() -> None:
    table = ask(
        Frames([row(start=dt.date(2020, 1, 1), end=DAY), row(start=dt.date(2026, 1, 1), end=dt.date(2027, 1, 1))])
    )
    mine = table.filter(pl.col("model_id") == "Qin/a").select("start", "country").rows()
    assert mine == [
        (LONG_AGO, "unreviewed"),
        (dt.date(2020, 1, 1), "CN"),
        (DAY, "unreviewed"),
        (dt.date(2026, 1, 1), "CN"),
        (dt.date(2027, 1, 1), "unreviewed"),
    ]


class WithPlaces(Frames):
    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> Any:
        rows = [tuple(credits) for *credits, _ in self.rows]
        places = pl.Series("place", [place for *_, place in self.rows])
        frame = Frames(rows).attribute_frame(models, context=context).collect().with_columns(places)
        return frame.with_columns(pl.col(pl.Int64).cast(pl.UInt32)).lazy()


@pytest.mark.parametrize("places", [(1, 0), (0, 1), (1, 1), (7, 0), (None, 0), ("second", "first")])
def test_places_that_a_strategy_returns_are_checked(places: tuple[Any, Any]) -> None:
    rows = [row("Mover/b", "FR"), row("Qin/a", "CN")]
    found = ask(WithPlaces([(*one, place) for one, place in zip(rows, places, strict=True)]))
    assert found.equals(ask(Frames(rows)))
    with pytest.raises(AttributionContractError, match="'else/x', which was not evaluated"):
        ask(WithPlaces([(*row("else/x"), 0)]))


class NoFrame(Frames):
    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> Any:
        return self.rows[0][0]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Says("CN"), "returned 'CN' for 'Qin/a'"),
        (Says(KeyError("x")), "failed on 'Qin/a' at 2025-03-01: KeyError"),
        (Frames([row(country="CHN")]), "credits 'Qin/a' to 'CHN'"),
        (Frames([row(country=None)]), "credits 'Qin/a' to None"),
        (Frames([row(start=None)]), "validities that are not empty"),
        (Frames([row(weight=0.0)]), "validities that are not empty"),
        (Frames([row(start=NEVER, end=LONG_AGO)]), "validities that are not empty"),
        (Frames([row(model="else/x")]), "'else/x', which was not evaluated"),
        (Frames([row(), row(country="FR")]), "'Qin/a' with more than a weight of 1"),
        (Frames([row(weight=0.5)]), "'Qin/a' sum to 0.5 on 1900-01-01"),
        (NoFrame([("text",)]), "returned str"),
        (NoFrame([(pl.LazyFrame({"model_id": ["Qin/a"]}),)]), "has no column start"),
        (NoFrame([(pl.LazyFrame({name: ["x"] for name in ("model_id", "start", "end", "organization", "country", "weight",
                                                          "rule")}),)]), "cannot be computed"),
    ],
)  # fmt: skip
def test_broken_contracts_name_the_rule_and_the_model(strategy: Any, message: str) -> None:
    with pytest.raises(AttributionContractError) as caught:
        ask(strategy)
    assert message in str(caught.value)
    assert strategy.name in str(caught.value)


@pytest.mark.parametrize("thing", [object(), type("Nameless", (), {"attribute": print})()])
def test_what_is_no_strategy(thing: Any) -> None:
    with pytest.raises(AttributionContractError, match="must be a strategy with a name"):
        resolve(thing)


def test_resolve() -> None:
    assert resolve("publisher") == Publisher()
    says = Says(None)
    assert resolve(says) is says
    assert isinstance(says, AttributionStrategy)


def test_the_model_table() -> None:
    frame = pl.DataFrame({
        "model_id": ["a/b"], "tags": [["x"]], "likes": [3], "base_models": [[{"relation": None, "model_id": "c/d"}]],
    })  # fmt: skip
    table = ModelTable(frame)
    assert list(table) == ["a/b"]
    assert len(table) == 1
    assert table["a/b"].tags == ("x",)
    assert table["a/b"].base_models[0].model_id == "c/d"
    assert table.get("no/model") is None
    assert model_of({"model_id": "a/b"}) == Model("a/b")
    assert len(Context(Registry.from_rows()).models) == 0
