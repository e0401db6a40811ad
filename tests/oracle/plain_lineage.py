"""Credits along base models in plain Python: dictionaries, fractions and a depth-first search, without code of the library."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

Bases = Mapping[str, Sequence[tuple[str, str]]]
"""For each model the ids of its base models, each with a relation."""


def links_of(bases: Bases) -> dict[str, dict[str, str]]:
    """Each base model once, without the model itself and without links within a cycle."""
    declared = {
        child: {base: relation for base, relation in listed if base != child} for child, listed in bases.items()
    }

    def reaches(start: str, goal: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            following = set(declared.get(waiting.pop(), {})) - seen
            if goal in following:
                return True
            seen |= following
            waiting += following
        return False

    return {
        child: {base: relation for base, relation in found.items() if not reaches(base, child)}
        for child, found in declared.items()
    }


def sources(bases: Bases, shares: Mapping[str, Fraction]) -> dict[str, dict[str, Fraction]]:
    """For each model the part of each model of its lineage, itself included; the parts sum to 1."""
    links = links_of(bases)

    def divided(model: str) -> dict[str, Fraction]:
        found: dict[str, Fraction] = defaultdict(Fraction)
        passed = Fraction(0)
        for base, relation in links.get(model, {}).items():
            part = shares[relation] / len(links[model])
            passed += part
            for source, share in divided(base).items():
                found[source] += part * share
        found[model] += 1 - passed
        return {source: share for source, share in found.items() if share}

    return {model: divided(model) for model in bases}


def by_country(
    counts: Mapping[str, int], parts: Mapping[str, Mapping[str, Fraction]], country: Mapping[str, str]
) -> dict[str, Fraction]:
    """The downloads of each country; a namespace without one is unreviewed."""
    found: dict[str, Fraction] = defaultdict(Fraction)
    for model, count in counts.items():
        for source, part in parts[model].items():
            found[country.get(source.split("/")[0], "unreviewed")] += count * part
    return found
