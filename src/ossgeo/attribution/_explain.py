"""Explanation of an attribution: the evaluated strategies, their results, the evidence, and the credits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from html import escape
from typing import Any

import attrs

from ossgeo._core.dates import BEGINNING, END, day_or_today
from ossgeo._core.schema import namespace_of
from ossgeo.attribution._evaluation import evaluate_model, resolve, shown
from ossgeo.attribution._lineage.ancestry import RootEvidence
from ossgeo.attribution._lineage.paths import named
from ossgeo.attribution._protocol import Attribution, AttributionStrategy, Context, Credit, implements
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._models import Model
from ossgeo.registry._classification import find_roles
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._organizations import CONFIDENCES, Affiliation, Confidence, Evidence
from ossgeo.registry._registry import Registry


@attrs.frozen
class Step:
    """The evaluation of one strategy on one model.

    Attributes:
        label: The reason of the evaluation; empty for the first.
        rule: The strategy, as it prints.
        model_id: The model.
        answer: The result; None if the strategy abstained.
        facts: The registry rows behind the result, one line each.
        steps: The evaluations of other strategies that it used.
        remarks: What the strategy says about the model, such as its declared and reviewed lineage, one line each.
        rests_on: What the root models of the model rest on, for strategies that follow the lineage.
    """

    label: str
    rule: str
    model_id: str
    answer: Attribution | None
    facts: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()
    rests_on: RootEvidence | None = None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The evidence behind the result."""
        return self.answer.evidence if self.answer is not None else ()

    def lines(self, indent: str = "") -> Iterator[str]:
        """Yield one line for the step and for each step below it.

        Args:
            indent: Start of each line.
        """
        why = f"{self.label}: " if self.label else ""
        results = _credits(self.answer.credits) if self.answer is not None else "abstained"
        yield f"{indent}{why}{self.rule} -> {results}"
        inner = f"{indent}   "
        yield from (f"{inner}{remark}" for remark in self.remarks)
        if not self.steps:
            yield from (f"{inner}{fact}" for fact in self.facts)
            yield from (f"{inner}evidence: {item}" for item in self.evidence)
        for step in self.steps:
            yield from step.lines(inner)


@attrs.frozen
class Explanation:
    """The reasons of an attribution; prints as a tree.

    Attributes:
        model_id: The model.
        on: The day.
        known: Whether the models table lists the model; otherwise only its id is known.
        step: The evaluation of the strategy, with the evaluations that it used.
        registry: Version of the registry.
    """

    model_id: str
    on: dt.date
    known: bool
    step: Step
    registry: str

    @property
    def credits(self) -> tuple[Credit, ...]:
        """The final credits; ``unreviewed`` if the strategy abstained. Their weights sum to 1."""
        answer = self.step.answer
        return answer.credits if answer is not None else (Credit(OriginStatus.UNREVIEWED),)

    @property
    def confidence(self) -> Confidence | None:
        """The lowest confidence of the evidence behind the credits; None if none is recorded, or if no base is declared."""
        if self.step.rests_on == "absent":
            return None
        found = {item.confidence for item in self.step.evidence}
        return next((word for word in reversed(CONFIDENCES) if word in found), None)

    def __str__(self) -> str:
        """Return the explanation as a tree."""
        known = "" if self.known else "; not in the models table: give models= for its base models"
        head = f"{self.model_id} on {self.on} (registry {self.registry}{known})"
        certainty = f"; confidence: {self.confidence}" if self.confidence else ""
        if self.step.rests_on == "absent":
            certainty = "; no base declared, so that the model counts as its own root"
        return "\n".join([head, *self.step.lines("   "), f"   credits: {_credits(self.credits)}{certainty}"])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def explain(
    model_id: str | Model,
    *,
    on: dt.date | str | None = None,
    attribution: str | AttributionStrategy | None = None,
    models: Any = None,
    registry: Registry | None = None,
) -> Explanation:
    """Explain to whom a model is credited, and why.

    Args:
        model_id: The model, or its id.
        on: The day, as a date or ISO text; by default today.
        attribution: The strategy; by default ``publisher``.
        models: A models table with the base models, such as ``panel.models``; load it once with
            :meth:`ossgeo.attribution.ModelTable.of` to explain many models.
        registry: The registry; by default the bundled one.

    Returns:
        The evaluated strategies, their results, the evidence, and the final credits.

    Raises:
        InvalidArgumentError: The id is empty, or ``on`` is not a date.
        PluginNotFoundError: No strategy has the name.
        AttributionContractError: A strategy violated its contract.

    Example:
        >>> import ossgeo
        >>> explanation = explain("unsloth/Qwen3-8B-GGUF", on=dt.date(2026, 8, 14))
        >>> str(explanation.credits[0].country), explanation.known
        ('US', False)
    """
    strategy = resolve(attribution or "publisher")
    day = day_or_today(on, what="on")
    if not isinstance(model_id, Model) and not (isinstance(model_id, str) and model_id.strip()):
        raise InvalidArgumentError(f"model_id must be an id such as 'Qwen/Qwen3-8B' or a Model, got {model_id!r}")
    context = Context(registry or Registry.default(), models, day)
    model = model_id if isinstance(model_id, Model) else named(model_id, context)
    step = _step("", strategy, model, day, context)
    known = isinstance(model_id, Model) or model.id in context.models
    return Explanation(model.id, day, known, step, context.registry.version)


def _step(label: str, strategy: Any, model: Model, on: dt.date, context: Context) -> Step:
    answer = evaluate_model(strategy, model, on=on, context=context)
    delegations = strategy.delegations(model, on=on, context=context) if implements(strategy, "delegations") else ()
    steps = tuple(_step(one.label, one.strategy, one.model, on, context) for one in delegations)
    remarks = strategy.remarks(model, on=on, context=context) if implements(strategy, "remarks") else ()
    rests_on = strategy.rests_on(model, on=on, context=context) if implements(strategy, "rests_on") else None
    facts = _facts(model, answer, on, context.registry)
    return Step(label, shown(strategy), model.id, answer, facts, steps, remarks, rests_on)


def _facts(model: Model, answer: Attribution | None, on: dt.date, registry: Registry) -> tuple[str, ...]:
    """Return the registry rows behind a result."""
    namespace = namespace_of(model.id)
    listed = namespace_of(registry.moves.get(namespace, namespace))  # an id of the Hub's first years has no namespace
    listed = registry.spelling_of(listed) or listed
    spans = [span for span in registry.namespaces.get(listed, ()) if span.start <= on < span.end]
    written = namespace if listed == namespace else f"{namespace} (in the registry: {listed})"
    lines = [f"namespaces: {written} is {span.value}{_dates(span.start, span.end)}" for span in spans]
    if not spans:
        lines.append(f"namespaces: {namespace} is not in the registry on that day")
    lines += [f"roles: {namespace} is a {role}" for role in sorted(find_roles(registry, namespace, on=on))]
    for name in (
        dict.fromkeys(credit.organization for credit in answer.credits if credit.organization) if answer else ()
    ):
        if name in registry.organizations:
            organization = registry.organizations[name]
            lines += [
                f"affiliations: {name} ({organization.name}) {_place(seat)}" for seat in organization.seats(on=on)
            ]
    return tuple(lines)


def _place(seat: Affiliation) -> str:
    part = f", weight {seat.weight:g}" if seat.weight < 1 else ""
    return f"has its headquarters in {seat.country}{part}{_dates(seat.start, seat.end)}"


def _dates(start: dt.date | None, end: dt.date | None) -> str:
    since = f" from {start}" if start not in (None, BEGINNING) else ""
    until = f" until {end}" if end not in (None, END) else ""
    return since + until


def _credits(credits: tuple[Credit, ...]) -> str:
    ordered = sorted(credits, key=lambda credit: (-credit.weight, str(credit.country), credit.organization or ""))
    return ", ".join(
        f"{credit.country}{f' ({credit.organization})' if credit.organization else ''} {credit.weight:.1%}"
        for credit in ordered
    )
