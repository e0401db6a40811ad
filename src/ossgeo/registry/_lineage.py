"""Lineage facts: base models of models that were established by review, beside those that model cards declare."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, get_args

import attrs

from ossgeo._core.dates import BEGINNING
from ossgeo._core.relations import Relation
from ossgeo.registry._organizations import Evidence, LineageShown

Component = Literal[
    "language model", "vision encoder", "audio encoder", "text encoder", "image decoder", "speech decoder", "tokenizer", "draft model"
]  # fmt: skip
"""A part of a model that may come from another model."""

LINEAGE_SHOWN: Final[tuple[str, ...]] = get_args(LineageShown)
COMPONENTS: Final[tuple[str, ...]] = get_args(Component)
WHOLE: Final = "whole"
"""The component of a fact about the whole model."""

LINEAGE_BASES: Final = ("fact", "alternative")
RETRACTED: Final = "retracted"


@attrs.frozen
class LineageFact:
    """A base model of a model, or the fact that there is none.

    Attributes:
        model: Id of the model.
        base: Id of the base model; None if the model, as a whole, was not made from another one.
        relation: How the model was made from the base model.
        component: ``whole``, or the part of the model that comes from the base model, such as ``vision encoder``.
        start: First day on which it holds; None if it always did.
        basis: ``fact`` (the answer that is used), or ``alternative`` (the other side of a dispute).
        evidence: Why it is believed.
    """

    model: str
    base: str | None
    relation: Relation = Relation.UNSPECIFIED
    component: str = WHOLE
    start: dt.date | None = None
    basis: str = "fact"
    evidence: Evidence = attrs.field(factory=lambda: Evidence("own table"))

    @property
    def used(self) -> bool:
        """Whether attribution may use the fact, because it is neither an alternative nor retracted."""
        return self.basis == "fact" and self.evidence.shows != RETRACTED

    def holds(self, on: dt.date) -> bool:
        """Return whether the fact holds on a day."""
        return (self.start or BEGINNING) <= on

    def __str__(self) -> str:
        """Return the fact in one line."""
        part = "" if self.component == WHOLE else f"{self.component}, "
        since = f", from {self.start}" if self.start else ""
        base = f"{self.base} ({part}{self.relation}{since})" if self.base else f"no base model{since}"
        return f"{self.model} <- {base} [{self.evidence}]" + (f" {self.evidence.note}" if self.evidence.note else "")


def problems(facts: tuple[LineageFact, ...]) -> list[tuple[int, str, str, str]]:
    """Return the faults in the facts about one model, in the order of the tables.

    Args:
        facts: The facts.

    Returns:
        For each fault the place of the fact, the column, the problem and the remedy.
    """
    found: list[tuple[int, str, str, str]] = []
    seen: dict[tuple[object, ...], int] = {}
    for place, fact in enumerate(facts):
        if fact.base == fact.model:
            found.append(
                (place, "base", f"{fact.model!r} would be its own base model", "leave base empty if there is none")
            )
        if fact.base is None and fact.component != WHOLE:
            found.append((place, "base", f"a {fact.component} needs a base model", "name it, or remove the row"))
        key = (fact.base, fact.component, fact.basis, fact.evidence.shows == RETRACTED)
        if key in seen:
            found.append((place, "base", f"{fact.model!r} has the same fact twice", "keep one of the rows"))
        seen[key] = place
    for basis in LINEAGE_BASES:
        whole = [(place, one) for place, one in enumerate(facts)
                 if one.basis == basis and one.component == WHOLE and one.evidence.shows != RETRACTED]  # fmt: skip
        none = [place for place, one in whole if one.base is None]
        if none and len(none) < len(whole):
            problem = f"{facts[0].model!r} has a base model and has none"
            found.append((none[0], "base", problem, "make one side of a dispute an alternative"))
    return found
