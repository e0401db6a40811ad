"""The contract of attribution: a model goes in, credits come out."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol, Self, runtime_checkable

import attrs
import polars as pl
from cachetools import LRUCache

from ossgeo.columns import BEGINNING, END
from ossgeo.countries import Country, Standing, parse_place
from ossgeo.errors import AttributionContractError, UnknownCountryError
from ossgeo.models import BaseModel, Model, Relation
from ossgeo.organizations import Evidence
from ossgeo.registry import Registry

CREDIT_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "model_id": pl.String,
    "start": pl.Date,
    "end": pl.Date,
    "organization": pl.String,
    "country": pl.String,
    "weight": pl.Float64,
    "rule": pl.String,
}
_TOLERANCE = 1e-6
_REMEMBERED = 10_000
_SPAN = (END - BEGINNING).days


@attrs.frozen
class Credit:
    """A party's part in a model.

    Attributes:
        country: The country, or the standing where there is none.
        organization: The organization's id; None where there is none.
        weight: Part of the model, in (0, 1].
        start: First day on which it holds; None where open.
        end: First day on which it no longer holds; None where open.
    """

    country: Country | Standing
    organization: str | None = None
    weight: float = 1.0
    start: dt.date | None = None
    end: dt.date | None = None


def _sums_to_one(instance: Attribution, _: Any, credits: tuple[Credit, ...]) -> None:
    total = sum(credit.weight for credit in credits)
    if any(credit.weight <= 0 for credit in credits) or abs(total - 1) > _TOLERANCE:
        weights = [credit.weight for credit in credits]
        raise AttributionContractError(f"rule {instance.rule!r} gave the weights {weights}, which must sum to 1")


@attrs.frozen
class Attribution:
    """What a rule says of a model on a day.

    Attributes:
        rule: Name of the rule.
        credits: The parties; their weights sum to 1.
        evidence: Why.
    """

    rule: str
    credits: tuple[Credit, ...] = attrs.field(validator=_sums_to_one)
    evidence: tuple[Evidence, ...] = ()

    @classmethod
    def to(
        cls,
        country: Country | Standing | str,
        *,
        rule: str,
        organization: str | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Self:
        """Credit a single party.

        Args:
            country: A country, a standing, or the code of either.
            rule: Name of the rule.
            organization: The organization's id.
            evidence: Why.

        Raises:
            UnknownCountryError: The code is neither a country's nor a standing's.

        Example:
            >>> Attribution.to("FR", rule="my-rule").credits[0].country.name
            'France'
        """
        place = parse_place(country) if isinstance(country, str) else country
        return cls(rule, (Credit(place, organization),), tuple(evidence))


class ModelTable(Mapping[str, Model]):
    """The models by id; a Model is made when it is asked for."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Keep a table with the models columns."""
        self._frame = frame
        self._places: dict[str, int] | None = None
        self._made: LRUCache[str, Model] = LRUCache(_REMEMBERED)

    def __getitem__(self, model_id: str) -> Model:
        """Return a model; raises KeyError where there is none."""
        found = self._made.get(model_id)
        if found is None:
            found = self._made[model_id] = model_of(self._frame.row(self._index()[model_id], named=True))
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids."""
        return iter(self._index())

    def __len__(self) -> int:
        """Return the number of models."""
        return self._frame.height

    def _index(self) -> dict[str, int]:
        if self._places is None:
            self._places = {name: place for place, name in enumerate(self._frame["model_id"].to_list())}
        return self._places


@attrs.frozen(eq=False)
class Context:
    """What a strategy may look at.

    Attributes:
        registry: The registry of organizations.
        models: Every model that is measured, by id.
    """

    registry: Registry
    models: Mapping[str, Model] = attrs.field(factory=dict)


@runtime_checkable
class AttributionStrategy(Protocol):
    """A rule that says who made a model.

    A strategy may also have ``attribute_frame(models, *, context)``, which says the same for all models at once as a lazy
    table (``ossgeo.columns.CREDITS``), and ``changes(context)``, the dates at which its answers may change.
    """

    @property
    def name(self) -> str:
        """The name under which results record the rule."""
        ...

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Say who made a model; None is "no opinion".

        Args:
            model: The model.
            on: The day for which it is asked.
            context: The registry and the models.
        """
        ...


def model_of(row: Mapping[str, Any]) -> Model:
    """Make a Model from a row of the models table; absent columns are unknown."""
    known = {field.name for field in attrs.fields(Model)} - {"id", "base_models", "tags"}
    bases = tuple(
        BaseModel(base["model_id"], Relation(base["relation"] or "unspecified"))
        for base in row.get("base_models") or ()
    )
    values = {name: row[name] for name in known if name in row}
    return Model(id=row["model_id"], base_models=bases, tags=tuple(row.get("tags") or ()), **values)


def credits_of(strategy: Any, models: pl.DataFrame, *, context: Context, on: dt.date) -> pl.DataFrame:
    """Ask a strategy about every model and complete its answer.

    Args:
        strategy: The strategy; its ``attribute_frame`` is preferred where it has one.
        models: The models table.
        context: The registry and the models.
        on: The day for which a row-wise rule is asked, unless it declares ``changes``.

    Returns:
        The credits table. For every model the validities cover all time with weights that sum to 1: where the strategy
        has no opinion, the country is ``unreviewed``. Sorted by model, start, country, organization.

    Raises:
        AttributionContractError: The strategy returned other columns, an unknown model or country, or weights that do
            not sum to 1.
    """
    name = name_of(strategy)
    if hasattr(strategy, "attribute_frame"):
        answer = _asked_at_once(strategy, models, context)
    else:
        answer = _asked_one_by_one(strategy, models, context, on)
    _check(answer, models, name)
    missing = _unopined(answer, models)
    return pl.concat([answer, missing]).sort("model_id", "start", "country", "organization")


def name_of(strategy: Any) -> str:
    """Return a strategy's name.

    Raises:
        AttributionContractError: The object is no strategy.
    """
    if not (isinstance(getattr(strategy, "name", None), str) and callable(getattr(strategy, "attribute", None))):
        raise AttributionContractError(
            f"{strategy!r} is no attribution strategy: it needs a name and attribute(model, *, on, context)"
        )
    return str(strategy.name)


def _asked_at_once(strategy: Any, models: pl.DataFrame, context: Context) -> pl.DataFrame:
    answer = strategy.attribute_frame(models.lazy(), context=context)
    if not isinstance(answer, pl.LazyFrame | pl.DataFrame):
        raise AttributionContractError(f"{strategy.name!r} returned {type(answer).__name__}, not a Polars LazyFrame")
    columns = answer.lazy().collect_schema().names()
    if missing := [column for column in CREDIT_SCHEMA if column not in columns]:
        raise AttributionContractError(f"the frame of {strategy.name!r} has no column {', '.join(missing)}")
    try:
        return answer.lazy().select(pl.col(column).cast(kind) for column, kind in CREDIT_SCHEMA.items()).collect()
    except pl.exceptions.PolarsError as error:
        raise AttributionContractError(f"the frame of {strategy.name!r} cannot be computed: {error}") from error


def _asked_one_by_one(strategy: Any, models: pl.DataFrame, context: Context, on: dt.date) -> pl.DataFrame:
    if hasattr(strategy, "changes"):
        inner = sorted({day for day in strategy.changes(context) if BEGINNING < day < END})
        cuts = [BEGINNING, *inner, END]
        asked = [(start, end, start) for start, end in itertools.pairwise(cuts)]
    else:
        asked = [(BEGINNING, END, on)]
    rows: list[tuple[Any, ...]] = []
    for record in models.iter_rows(named=True):
        model = model_of(record)
        for start, end, day in asked:
            rows.extend(_rows(strategy, model, context, start, end, day))
    return pl.DataFrame(rows, schema=dict(CREDIT_SCHEMA), orient="row")


def _rows(
    strategy: Any, model: Model, context: Context, start: dt.date, end: dt.date, on: dt.date
) -> Iterator[tuple[Any, ...]]:
    try:
        answer = strategy.attribute(model, on=on, context=context)
    except Exception as error:
        message = f"{strategy.name!r} failed on {model.id!r} at {on}: {type(error).__name__}: {error}"
        raise AttributionContractError(message) from error
    if answer is None:
        return
    if not isinstance(answer, Attribution):
        raise AttributionContractError(f"{strategy.name!r} returned {answer!r} for {model.id!r}, not an Attribution")
    for credit in answer.credits:
        yield model.id, start, end, credit.organization, str(credit.country), credit.weight, answer.rule


def _check(answer: pl.DataFrame, models: pl.DataFrame, name: str) -> None:
    for code in answer["country"].unique():
        try:
            parse_place(code or "")
        except UnknownCountryError as error:
            example = answer.filter(pl.col("country").eq_missing(code))["model_id"][0]
            raise AttributionContractError(
                f"{name!r} credits {code!r} with {example!r}: no country, no standing"
            ) from error
    broken = answer.filter(
        pl.any_horizontal(pl.col("model_id", "start", "end", "weight").is_null())
        | (pl.col("start") >= pl.col("end"))
        | ~(pl.col("weight") > 0)
    )
    if broken.height:
        raise AttributionContractError(f"{name!r} returned an empty validity or weight: {broken.row(0, named=True)}")
    strangers = answer.join(models.select("model_id"), on="model_id", how="anti")
    if strangers.height:
        raise AttributionContractError(f"{name!r} credits {strangers['model_id'][0]!r}, which was not asked about")
    ends = answer.select("model_id", day="start").vstack(answer.select("model_id", day="end")).unique()
    at = answer.filter(pl.col("weight") < 1 - _TOLERANCE).select("model_id").unique().join(ends, on="model_id")
    twice = answer.group_by("model_id").agg(
        days=((pl.col("end") - pl.col("start")).dt.total_days() * pl.col("weight")).sum()
    )
    over = twice.filter(pl.col("days") > _SPAN * (1 + _TOLERANCE))
    if over.height:
        raise AttributionContractError(f"{name!r} credits {over['model_id'][0]!r} with more than a weight of 1")
    sums = (
        at.join(answer, on="model_id")
        .filter((pl.col("start") <= pl.col("day")) & (pl.col("day") < pl.col("end")))
        .group_by("model_id", "day")
        .agg(pl.col("weight").sum())
        .filter((pl.col("weight") - 1).abs() > _TOLERANCE)
        .sort("model_id", "day")
    )
    if sums.height:
        model, day, weight = sums.row(0)
        raise AttributionContractError(f"the weights of {name!r} for {model!r} sum to {weight:g} on {day}, not to 1")


def _unopined(answer: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """The (model, time) spans that no credit covers, as unreviewed."""
    spans = answer.select("model_id", "start", "end").unique().sort("model_id", "start", "end")
    before = pl.col("end").cum_max().shift(1).over("model_id")
    inner = spans.select("model_id", start=before.fill_null(BEGINNING), end=pl.col("start"))
    last = spans.group_by("model_id").agg(start=pl.col("end").max()).with_columns(end=pl.lit(END))
    silent = models.select("model_id").unique().join(spans.select("model_id"), on="model_id", how="anti")
    never = silent.with_columns(start=pl.lit(BEGINNING), end=pl.lit(END))
    gaps = pl.concat([inner, last, never]).filter(pl.col("start") < pl.col("end"))
    return gaps.select(
        "model_id",
        "start",
        "end",
        organization=pl.lit(None, pl.String),
        country=pl.lit(Standing.UNREVIEWED.value),
        weight=pl.lit(1.0),
        rule=pl.lit("no opinion"),
    )
