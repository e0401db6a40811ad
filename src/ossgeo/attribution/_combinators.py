"""Combinators: rules made of rules. They print as they were built, and are rules themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.intervals import aligned, clipped, gaps
from ossgeo._core.method import Adjustment
from ossgeo._core.schema import MODEL_SCHEMA
from ossgeo.attribution._evaluation import adjustments_of, changes_of, opinion, opinions, resolve, shown
from ossgeo.attribution._lineage.propagation import Question
from ossgeo.attribution._protocol import (
    CREDIT_SCHEMA,
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    frame_of,
)
from ossgeo.attribution._strategies.table import Fixed, fixed
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._filters import KEPT, Where, decide, describe
from ossgeo.panel._models import Model

_TOLERANCE: Final = 1e-6
_SPAN: Final = ("model_id", "start", "end")


@attrs.frozen
class FirstOf:
    """The first rule that has an opinion decides, at each date anew.

    Attributes:
        rules: The rules, in order.
    """

    rules: tuple[AttributionStrategy, ...]
    name: str = attrs.field(default="first_of", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset[str](), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return f"first_of({', '.join(map(shown, self.rules))})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the first opinion.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        answers = (opinion(rule, model, on=on, context=context) for rule in self.rules)
        return next((answer for answer in answers if answer is not None), None)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        asked = models.collect()
        credits = pl.DataFrame(schema=dict(CREDIT_SCHEMA))
        for rule in self.rules:
            silent = gaps(credits, asked)
            if not silent.height:
                break
            left = asked.join(silent, on="model_id", how="semi")
            credits = pl.concat([credits, clipped(opinions(rule, left, context=context), silent)])
        return credits.lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which any of the rules' answers change."""
        return changes_of(self.rules, context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the rules had to leave out or guess."""
        return adjustments_of(self.rules, context)

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked, up to the first that has an opinion."""
        asked = []
        for place, rule in enumerate(self.rules, 1):
            asked.append(Question(f"choice {place}", rule, model))
            if opinion(rule, model, on=on, context=context) is not None:
                break
        return tuple(asked)


@attrs.frozen
class Blend:
    """Several rules' opinions, in parts; the parts of those without an opinion go to the others.

    Attributes:
        parts: Each rule and its part; the parts sum to 1.
    """

    parts: tuple[tuple[AttributionStrategy, float], ...]
    name: str = attrs.field(default="blend", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset[str](), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return f"blend({{{', '.join(f'{shown(rule)}: {part:g}' for rule, part in self.parts)}}})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Add up the opinions.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        said = [(opinion(rule, model, on=on, context=context), part) for rule, part in self.parts]
        total = sum(part for answer, part in said if answer is not None)
        parties: dict[tuple[Any, str | None], float] = {}
        for answer, part in said:
            for credit in answer.credits if answer is not None else ():
                party = (credit.country, credit.organization)
                parties[party] = parties.get(party, 0.0) + credit.weight * part / total
        if not parties:
            return None
        evidence = dict.fromkeys(item for answer, _ in said if answer is not None for item in answer.evidence)
        credits = (Credit(country, organization, weight) for (country, organization), weight in parties.items())
        return Attribution(self.name, tuple(credits), tuple(evidence))

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        asked = models.collect()
        said = [
            opinions(rule, asked, context=context).with_columns(weight=pl.col("weight") * part)
            for rule, part in self.parts
        ]
        cut = aligned(pl.concat(said))
        cut = cut.with_columns(weight=pl.col("weight") / pl.col("weight").sum().over(_SPAN))
        credits = cut.group_by(*_SPAN, "organization", "country").agg(pl.col("weight").sum())
        return credits.with_columns(rule=pl.lit(self.name)).select(*CREDIT_SCHEMA).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which any of the rules' answers change."""
        return changes_of((rule for rule, _ in self.parts), context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the rules had to leave out or guess."""
        return adjustments_of((rule for rule, _ in self.parts), context)

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked."""
        del on, context
        return tuple(Question(f"part {part:g}", rule, model) for rule, part in self.parts)


@attrs.frozen
class When:
    """One rule for some models, another one for the others.

    Attributes:
        predicate: A filter over the models columns.
        rule: The rule for models that it keeps.
        otherwise: The rule for all others, and for those that it cannot decide.
    """

    predicate: Where = attrs.field(eq=describe, hash=False)
    rule: AttributionStrategy
    otherwise: AttributionStrategy
    name: str = attrs.field(default="when", init=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return f"when({describe(self.predicate)}, {shown(self.rule)}, {shown(self.otherwise)})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Ask the rule that is for this model.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return opinion(self._rule_for(model), model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        asked = models.collect()
        unknown = [pl.lit(None, kind).alias(name) for name, kind in MODEL_SCHEMA.items() if name not in asked.columns]
        kept = decide(asked.with_columns(unknown), self.predicate) == KEPT
        parts = ((self.rule, asked.filter(kept)), (self.otherwise, asked.filter(~kept)))
        return pl.concat([opinions(rule, some, context=context) for rule, some in parts]).lazy()

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which either rule's answers change."""
        return changes_of((self.rule, self.otherwise), context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return what the rules had to leave out or guess."""
        return adjustments_of((self.rule, self.otherwise), context)

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked."""
        del on, context
        rule = self._rule_for(model)
        return (Question("yes" if rule is self.rule else "otherwise", rule, model),)

    @property
    def requires(self) -> frozenset[str] | None:
        """The columns that the predicate looks at; None where they cannot be told."""
        return frozenset(self.predicate) if isinstance(self.predicate, Mapping) else None

    def _rule_for(self, model: Model) -> AttributionStrategy:
        kept = decide(frame_of([model]), self.predicate)[0] == KEPT
        return self.rule if kept else self.otherwise


@attrs.frozen
class Override:
    """A table of one's own goes before a rule.

    Attributes:
        table: The table.
        rule: The rule for everything else.
    """

    table: Fixed
    rule: AttributionStrategy
    name: str = attrs.field(default="override", init=False)
    requires: frozenset[str] = attrs.field(default=frozenset[str](), init=False, repr=False)

    def __str__(self) -> str:
        """Return the rule as it is built."""
        return f"override({str(self.table).removeprefix('fixed(').removesuffix(')')}, {shown(self.rule)})"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Look into the table, then ask the rule.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        return self._both().attribute(model, on=on, context=context)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Say the same for all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        return self._both().attribute_frame(models, context=context)

    def changes(self, context: Context) -> frozenset[dt.date]:
        """Return the dates at which the table's or the rule's answers change."""
        return self._both().changes(context)

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return which names of the table are idle, and what the rule had to leave out or guess."""
        return adjustments_of([self.table, self.rule], context)

    def questions(self, model: Model, *, on: dt.date, context: Context) -> tuple[Question, ...]:
        """Return who is asked."""
        return self._both().questions(model, on=on, context=context)

    def _both(self) -> FirstOf:
        return FirstOf((self.table, self.rule))


def first_of(*rules: str | AttributionStrategy) -> FirstOf:
    """Make a rule that asks others in order; the first opinion decides, at each date anew.

    Args:
        rules: Names or strategies.

    Raises:
        InvalidArgumentError: There is none.

    Example:
        >>> print(first_of("publisher", "declared"))
        first_of(publisher, declared)
    """
    if not rules:
        raise InvalidArgumentError("first_of needs at least one rule")
    return FirstOf(tuple(resolve(rule) for rule in rules))


def blend(parts: Mapping[Any, float]) -> Blend:
    """Make a rule of several others' opinions, in parts.

    Args:
        parts: Names or strategies, each with its part; the parts sum to 1. Where a rule has no opinion, its part goes to
            the others in proportion to theirs.

    Raises:
        InvalidArgumentError: A part is not positive, or they do not sum to 1.

    Example:
        >>> print(blend({"publisher": 0.5, "root": 0.5}))
        blend({publisher: 0.5, root: 0.5})
    """
    if any(not part > 0 for part in parts.values()) or abs(sum(parts.values()) - 1) > _TOLERANCE:
        raise InvalidArgumentError(
            f"the parts of a blend are {list(parts.values())}; they must be positive and sum to 1"
        )
    return Blend(tuple((resolve(rule), float(part)) for rule, part in parts.items()))


def when(predicate: Where, rule: str | AttributionStrategy, otherwise: str | AttributionStrategy = "publisher") -> When:
    """Make a rule that asks one rule about some models and another one about the others.

    Args:
        predicate: A filter over the models columns, as ``where`` of :func:`ossgeo.measure` takes it.
        rule: Who is asked about the models that the filter keeps.
        otherwise: Who is asked about all others, and about those that the filter cannot decide.

    Example:
        >>> print(when({"library": "gguf"}, "root"))
        when(library=gguf, root, publisher)
    """
    return When(predicate, resolve(rule), resolve(otherwise))


def override(table: Any, rule: str | AttributionStrategy = "publisher") -> Override:
    """Make a rule in which a table of one's own goes before another rule.

    Args:
        table: What :func:`ossgeo.attribution._strategies.table` takes.
        rule: Who is asked about everything that the table does not hold.

    Raises:
        RegistryError: With every fault in the table.

    Example:
        >>> print(override({"my-lab": "FR"}))
        override(1 rows 51d984eb2977, publisher)
    """
    return Override(table if isinstance(table, Fixed) else fixed(table), resolve(rule))
