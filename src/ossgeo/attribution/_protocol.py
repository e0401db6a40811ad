"""The contract of attribution strategies, and the values that they receive and return."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Protocol, Self, TypeVar, runtime_checkable

import attrs
import polars as pl
from cachetools import LRUCache

from ossgeo._core.dates import day_or_today
from ossgeo._core.method import Adjustment
from ossgeo._core.relations import Relation
from ossgeo._core.schema import MODEL_SCHEMA
from ossgeo.errors import AttributionContractError
from ossgeo.panel._models import BaseModel, Label, Model
from ossgeo.registry._countries import Country, OriginStatus, parse_place
from ossgeo.registry._organizations import Evidence
from ossgeo.registry._registry import Registry
from ossgeo.sources._files.models_given import models_given

CREDIT_SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
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
_LISTS = ("id", "base_models", "tags", "member_of", "labels")

T = TypeVar("T")


@attrs.frozen
class Credit:
    """The part of a model that is credited to one organization and country.

    Attributes:
        country: The country, or the origin status of a model without one.
        organization: Id of the organization; None if unknown.
        weight: Part of the model, in (0, 1].
        start: First day of the validity; None if open.
        end: First day after the validity; None if open.
    """

    country: Country | OriginStatus
    organization: str | None = None
    weight: float = 1.0
    start: dt.date | None = None
    end: dt.date | None = None


def _sums_to_one(instance: Attribution, _: Any, credits: tuple[Credit, ...]) -> None:
    total = sum(credit.weight for credit in credits)
    if not (all(credit.weight > 0 for credit in credits) and abs(total - 1) <= _TOLERANCE):  # also for NaN
        weights = [credit.weight for credit in credits]
        raise AttributionContractError(f"the weights of rule {instance.rule!r} must sum to 1, got {weights}")


@attrs.frozen
class Attribution:
    """The result of a strategy for one model on one day.

    Attributes:
        rule: Name of the strategy.
        credits: The credits; their weights sum to 1.
        evidence: The evidence behind the credits.
    """

    rule: str
    credits: tuple[Credit, ...] = attrs.field(validator=_sums_to_one)
    evidence: tuple[Evidence, ...] = ()

    @classmethod
    def to(
        cls,
        country: Country | OriginStatus | str,
        *,
        rule: str,
        organization: str | None = None,
        evidence: Iterable[Evidence] = (),
    ) -> Self:
        """Return an attribution to one country.

        Args:
            country: A country, a status, or the code of either.
            rule: Name of the strategy.
            organization: Id of the organization.
            evidence: The evidence behind the credit.

        Raises:
            UnknownCountryError: The code is neither that of a country nor that of an origin status.

        Example:
            >>> Attribution.to("FR", rule="my-rule").credits[0].country.name
            'France'
        """
        place = parse_place(country) if isinstance(country, str) else country
        return cls(rule, (Credit(place, organization),), tuple(evidence))


class ModelTable(Mapping[str, Model]):
    """Models by id. A :class:`ossgeo.Model` is created on first access."""

    def __init__(self, frame: pl.DataFrame) -> None:
        """Wrap a models table."""
        self._frame = frame
        self._places: dict[str, int] | None = None
        self._made: LRUCache[str, Model] = LRUCache(_REMEMBERED)
        self._derived: dict[Hashable, Any] = {}

    @classmethod
    def of(cls, models: Any) -> ModelTable:
        """Load models once for many evaluations.

        Args:
            models: A models table (``panel.models`` or any dataframe with model_id), a mapping from ids to models, or None.

        Raises:
            PanelError: The table has no model_id.

        Example:
            >>> import ossgeo
            >>> len(ModelTable.of(ossgeo.load_sample("trending-2026").models))
            200
        """
        if isinstance(models, ModelTable):
            return models
        if models is None or isinstance(models, Mapping):
            return cls(frame_of((models or {}).values()))
        return cls(models_given(models).collect().unique("model_id", keep="last", maintain_order=True))

    @property
    def frame(self) -> pl.DataFrame:
        """The models table."""
        return self._frame

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return a value derived from the models; it is computed on first use and cached.

        Args:
            key: Identifies the value.
            make: Computes the value.
        """
        if key not in self._derived:
            self._derived[key] = make()
        found: T = self._derived[key]
        return found

    def __getitem__(self, model_id: str) -> Model:
        """Return a model; raise KeyError if there is none."""
        found = self._made.get(model_id)
        if found is None:
            found = self._made[model_id] = model_of(self._frame.row(self._index()[model_id], named=True))
        return found

    def __contains__(self, model_id: object) -> bool:
        """Return whether the table has the model."""
        return model_id in self._index()

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


def _table(models: Any) -> ModelTable:
    return ModelTable.of(models)


@attrs.frozen(eq=False)
class Context:
    """The input of a strategy beside the model.

    Attributes:
        registry: The registry of organizations.
        models: All models of the panel by id, including models that are not evaluated.
        on: The day on which a strategy without ``changes`` is evaluated.
    """

    registry: Registry
    models: ModelTable = attrs.field(default=None, converter=_table)
    on: dt.date = attrs.field(factory=partial(day_or_today, None, what="on"))


@runtime_checkable
class AttributionStrategy(Protocol):
    """A strategy that credits a model to organizations and countries.

    :class:`StrategyBase` declares the optional parts, with their defaults. Any other public method is a fault of the contract.
    """

    @property
    def name(self) -> str:
        """The name under which results record the strategy."""
        ...

    @property
    def api_version(self) -> int:
        """The version of the contract that the strategy follows; see :data:`ossgeo.plugins.API_VERSION`."""
        ...

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of a model, or None to abstain.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        ...


@attrs.frozen
class Delegation:
    """The evaluation of another strategy within a strategy.

    Attributes:
        label: The reason, such as the part of the model that depends on it.
        strategy: The strategy that is evaluated.
        model: The model on which it is evaluated.
    """

    label: str
    strategy: Any
    model: Model


class StrategyBase:
    """The optional parts of a strategy, with their defaults.

    A strategy may derive from this class; one that does not has the same defaults. ``requires`` and ``by_namespace`` may be
    class attributes.
    """

    __slots__ = ()

    @property
    def requires(self) -> frozenset[str] | None:
        """The columns of the models table that the strategy uses besides model_id and namespace.

        The columns of strategies that it evaluates are included. It receives no other columns; None (the default): all columns.
        """
        return None

    @property
    def by_namespace(self) -> bool:
        """Whether the result depends on nothing but the namespace of the model, the registry and the day; False by default.

        Such a strategy may be evaluated once for each namespace.
        """
        return False

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once; by default the models are attributed one by one.

        Args:
            models: The models table.
            context: The registry and the models.

        Returns:
            The credits table; models without an attribution have no row. It may have one more column, ``place`` (UInt32): the
            row of each model in ``models``, counted from 0, which saves a join of ids.
        """
        raise NotImplementedError

    def changes(self, context: Context) -> Collection[dt.date]:
        """Return the dates at which results may change; by default they are those of the day of the context on all days.

        Args:
            context: The registry and the models.
        """
        raise NotImplementedError

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the left-out and estimated volumes; by default none.

        Args:
            context: The registry and the models.
        """
        del context
        return ()

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated for a model, for ``explain``; by default none.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        del model, on, context
        return ()

    def remarks(self, model: Model, *, on: dt.date, context: Context) -> tuple[str, ...]:
        """Return lines about a model, for ``explain``; by default none.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        del model, on, context
        return ()

    def rests_on(self, model: Model, *, on: dt.date, context: Context) -> str | None:
        """Return what the root models of a model rest on, for ``explain``; by default None.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        del model, on, context
        return None


STRATEGY_CONTRACT: Final = frozenset(
    {"name", "api_version", "attribute", "requires", "by_namespace"}
    | {"attribute_frame", "changes", "adjustments", "delegations", "remarks", "rests_on"}
)
"""The public attributes and methods of a strategy."""


def implements(strategy: object, part: str) -> bool:
    """Return whether a strategy has an optional method of its own, other than the default.

    Args:
        strategy: The strategy.
        part: Name of the method.
    """
    own = getattr(type(strategy), part, None)
    return own is not None and own is not getattr(StrategyBase, part)


def model_of(row: Mapping[str, Any]) -> Model:
    """Return the model of a row of the models table; absent columns are unknown."""
    known = {field.name for field in attrs.fields(Model)} - set(_LISTS)
    bases = tuple(
        BaseModel(base["model_id"], Relation(base["relation"] or "unspecified"))
        for base in row.get("base_models") or ()
    )
    values = {name: row[name] for name in known if name in row}
    tags, member_of = (tuple(row.get(name) or ()) for name in ("tags", "member_of"))
    labels = tuple(Label(one["source"], one["country"]) for one in row.get("labels") or ())
    return Model(id=row["model_id"], base_models=bases, tags=tags, member_of=member_of, labels=labels, **values)


def frame_of(models: Iterable[Model]) -> pl.DataFrame:
    """Return the models table of some models.

    Args:
        models: The models.
    """
    rows = [
        {
            **attrs.asdict(model, recurse=False, filter=lambda field, _: field.name not in _LISTS),
            "model_id": model.id,
            "namespace": model.namespace,
            "base_models": [{"relation": str(base.relation), "model_id": base.model_id} for base in model.base_models],
            "tags": list(model.tags),
            "member_of": list(model.member_of),
            "labels": [attrs.asdict(label) for label in model.labels],
        }
        for model in models
    ]
    return pl.DataFrame(rows, schema=dict(MODEL_SCHEMA), orient="row")
