"""Combinators: strategies that are built from strategies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.intervals import aligned, clipped, gaps
from ossgeo._core.schema import MODEL_SCHEMA
from ossgeo.attribution._evaluation import evaluate_model, evaluate_models, resolve, shown
from ossgeo.attribution._protocol import (
    CREDIT_SCHEMA,
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    Delegation,
    frame_of,
)
from ossgeo.attribution._strategies.built_in import CompositeStrategy
from ossgeo.attribution._strategies.table import Table
from ossgeo.attribution._strategies.table import table as table_strategy
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._filters import KEPT, Where, checked_filter, columns_of, decide, describe
from ossgeo.panel._models import Model

_TOLERANCE: Final = 1e-6
_SPAN: Final = ("model_id", "start", "end")


@attrs.frozen
class FirstOf(CompositeStrategy):
    """The first strategy that does not abstain decides, separately for each date.

    Attributes:
        rules: The strategies, in order.
    """

    rules: tuple[AttributionStrategy, ...]
    name: ClassVar[str] = "first_of"

    @property
    def _inner(self) -> tuple[AttributionStrategy, ...]:
        """The strategies, in order."""
        return self.rules

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return f"first_of({', '.join(map(shown, self.rules))})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the result of the first strategy that does not abstain.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        answers = (evaluate_model(rule, model, on=on, context=context) for rule in self.rules)
        return next((answer for answer in answers if answer is not None), None)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        table = models.collect()
        credits = pl.DataFrame(schema=dict(CREDIT_SCHEMA))
        for rule in self.rules:
            uncovered = gaps(credits, table)
            if not uncovered.height:
                break
            left = table.join(uncovered, on="model_id", how="semi")
            credits = pl.concat([credits, clipped(evaluate_models(rule, left, context=context), uncovered)])
        return credits.lazy()

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated, up to the first that does not abstain."""
        evaluated = []
        for place, rule in enumerate(self.rules, 1):
            evaluated.append(Delegation(f"choice {place}", rule, model))
            if evaluate_model(rule, model, on=on, context=context) is not None:
                break
        return tuple(evaluated)


@attrs.frozen
class Blend(CompositeStrategy):
    """A weighted combination of strategies; the parts of strategies that abstain are distributed among the others.

    Attributes:
        parts: Each strategy and its part; the parts sum to 1.
    """

    parts: tuple[tuple[AttributionStrategy, float], ...]
    name: ClassVar[str] = "blend"

    @property
    def _inner(self) -> tuple[AttributionStrategy, ...]:
        """The strategies, in order."""
        return tuple(rule for rule, _ in self.parts)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return f"blend({{{', '.join(f'{shown(rule)}: {part:g}' for rule, part in self.parts)}}})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the weighted sum of the results.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        results = [(evaluate_model(rule, model, on=on, context=context), part) for rule, part in self.parts]
        total = sum(part for answer, part in results if answer is not None)
        parties: dict[tuple[Any, str | None], float] = {}
        for answer, part in results:
            for credit in answer.credits if answer is not None else ():
                party = (credit.country, credit.organization)
                parties[party] = parties.get(party, 0.0) + credit.weight * part / total
        if not parties:
            return None
        evidence = dict.fromkeys(item for answer, _ in results if answer is not None for item in answer.evidence)
        credits = (Credit(country, organization, weight) for (country, organization), weight in parties.items())
        return Attribution(self.name, tuple(credits), tuple(evidence))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        table = models.collect()
        results = [
            evaluate_models(rule, table, context=context).with_columns(weight=pl.col("weight") * part)
            for rule, part in self.parts
        ]
        cut = aligned(pl.concat(results))
        cut = cut.with_columns(weight=pl.col("weight") / pl.col("weight").sum().over(_SPAN))
        credits = cut.group_by(*_SPAN, "organization", "country").agg(pl.col("weight").sum())
        return credits.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA).lazy()

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated."""
        del on, context
        return tuple(Delegation(f"part {part:g}", rule, model) for rule, part in self.parts)


@attrs.frozen
class When(CompositeStrategy):
    """One strategy for the models that a filter keeps, another one for all other models.

    Attributes:
        predicate: A filter over the models columns.
        rule: The strategy for models that the filter keeps.
        otherwise: The strategy for all other models, including those that the filter cannot decide.
    """

    predicate: Where = attrs.field(eq=describe, hash=False)
    rule: AttributionStrategy
    otherwise: AttributionStrategy
    name: ClassVar[str] = "when"
    by_namespace: ClassVar[bool] = False  # the filter depends on the model

    @property
    def _inner(self) -> tuple[AttributionStrategy, ...]:
        """The two strategies."""
        return self.rule, self.otherwise

    @property
    def requires(self) -> frozenset[str] | None:
        """The models columns that the filter and the strategies use; None if they are unknown."""
        columns = super().requires
        if columns is None or not isinstance(self.predicate, Mapping):
            return None
        return columns | columns_of(self.predicate)

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return f"when({describe(self.predicate)}, {shown(self.rule)}, {shown(self.otherwise)})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Evaluate the strategy that applies to the model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return evaluate_model(self._rule_for(model), model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        table = models.collect()
        unknown = [pl.lit(None, kind).alias(name) for name, kind in MODEL_SCHEMA.items() if name not in table.columns]
        kept = decide(table.with_columns(unknown), self.predicate, check_values=False) == KEPT
        parts = ((self.rule, table.filter(kept)), (self.otherwise, table.filter(~kept)))
        return pl.concat([evaluate_models(rule, some, context=context) for rule, some in parts]).lazy()

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated."""
        del on, context
        rule = self._rule_for(model)
        return (Delegation("yes" if rule is self.rule else "otherwise", rule, model),)

    def _rule_for(self, model: Model) -> AttributionStrategy:
        kept = decide(frame_of([model]), self.predicate, check_values=False)[0] == KEPT
        return self.rule if kept else self.otherwise


@attrs.frozen
class Override(CompositeStrategy):
    """A user's table takes precedence over a strategy.

    Attributes:
        table: The table.
        rule: The strategy for all models that the table does not cover.
    """

    table: Table
    rule: AttributionStrategy
    name: ClassVar[str] = "override"

    @property
    def _inner(self) -> tuple[AttributionStrategy, ...]:
        """The strategies, in order."""
        return self.table, self.rule

    def __str__(self) -> str:
        """Return the expression that builds the strategy."""
        return f"override({str(self.table).removeprefix('table(').removesuffix(')')}, {shown(self.rule)})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the entry of the table, or the result of the strategy.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return self._both().attribute(model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        return self._both().attribute_frame(models, context=context)

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategies that are evaluated."""
        return self._both().delegations(model, on=on, context=context)

    def _both(self) -> FirstOf:
        return FirstOf(self._inner)


def first_of(*rules: str | AttributionStrategy) -> FirstOf:
    """Return a strategy that evaluates others in order; the first that does not abstain decides, separately for each date.

    Args:
        rules: Names or strategies.

    Raises:
        InvalidArgumentError: No strategy is given.

    Example:
        >>> print(first_of("publisher", "declared"))
        first_of(publisher, declared)
    """
    if not rules:
        raise InvalidArgumentError("first_of needs at least one strategy")
    return FirstOf(tuple(resolve(rule) for rule in rules))


def blend(parts: Mapping[Any, float]) -> Blend:
    """Return a weighted combination of strategies.

    Args:
        parts: Names or strategies, each with its part; the parts sum to 1. The part of a strategy that abstains is
            distributed among the others in proportion to their parts.

    Raises:
        InvalidArgumentError: ``parts`` is not a mapping, a part is not a positive number, or they do not sum to 1.

    Example:
        >>> print(blend({"publisher": 0.5, "root": 0.5}))
        blend({publisher: 0.5, root: 0.5})
    """
    if not isinstance(parts, Mapping):
        raise InvalidArgumentError(
            f"parts must map strategies to their parts, such as {{'publisher': 1.0}}, got {parts!r}"
        )
    numbers = list(parts.values())
    if not all(isinstance(part, int | float) and part > 0 for part in numbers) or abs(sum(numbers) - 1) > _TOLERANCE:
        raise InvalidArgumentError(f"parts must be positive numbers that sum to 1, got {numbers}")
    return Blend(tuple((resolve(rule), float(part)) for rule, part in parts.items()))


def when(predicate: Where, rule: str | AttributionStrategy, otherwise: str | AttributionStrategy = "publisher") -> When:
    """Return a strategy that evaluates one strategy for the models that a filter keeps, and another one for all others.

    Args:
        predicate: A filter over the models columns, as ``where`` of :func:`ossgeo.measure` takes it.
        rule: The strategy for models that the filter keeps.
        otherwise: The strategy for all other models, including those that the filter cannot decide.

    Raises:
        InvalidArgumentError: ``predicate`` is neither a mapping nor a Narwhals expression.

    Example:
        >>> print(when({"library": "gguf"}, "root"))
        when(library=gguf, root, publisher)
    """
    return When(checked_filter(predicate, what="predicate"), resolve(rule), resolve(otherwise))


def override(table: Any, rule: str | AttributionStrategy = "publisher") -> Override:
    """Return a strategy in which a user's table takes precedence over another strategy.

    Args:
        table: A table, see :func:`ossgeo.attribution.table`.
        rule: The strategy for all models that the table does not cover.

    Raises:
        RegistryError: The table has faults; all of them are listed.

    Example:
        >>> print(override({"my-lab": "FR"}))
        override(1 row 51d984eb2977, publisher)
    """
    return Override(table if isinstance(table, Table) else table_strategy(table), resolve(rule))
