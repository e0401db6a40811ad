"""The table of published claims."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, get_args

import attrs

from ossgeo._core import DATA
from ossgeo.errors import UnknownNameError
from ossgeo.panel._filters import parse_where
from ossgeo.shares._calculators.derivatives import Derivatives

Kind = Literal["share", "ahead", "overtook", "largest", "top_200", "value", "adoption", "arena"]
"""The claimed quantity: the share of a group; that one group has more than another, or came to have more within the period;
that a group has the most; the share of the 200 largest; a value; or a quantity that no panel of counters holds."""

_CALCULATOR: Final = re.compile(r"derivatives\((?P<relations>[a-z, ]+)\)")
_LEAST_DIGITS: Final = 2


class Population(StrEnum):
    """The models or users that a claim is about."""

    HUB = "hub"
    """Every model on the Hugging Face Hub."""
    LANGUAGE_MODELS = "language models"
    """Every language model on the Hub."""
    LARGE_LANGUAGE_MODELS = "open large language models"
    """Every open large language model."""
    POPULAR_LANGUAGE_MODELS = "language models above 100 K downloads"
    """Language models with more than 100,000 downloads."""
    STARTUPS = "start-ups"
    """Start-up companies."""
    STARTUPS_WITH_OPEN_MODELS = "start-ups that use open models"
    """Start-up companies that use open models."""
    LEADERBOARD = "leaderboard"
    """The models on a leaderboard."""

    @classmethod
    def parse(cls, text: str) -> Population:
        """Return the population with a name, in any case.

        Args:
            text: The name, such as ``hub``.

        Raises:
            UnknownNameError: No population has the name; with near names.
        """
        for one in cls:
            if one.value.casefold() == str(text).strip().casefold():
                return one
        raise UnknownNameError.among(str(text), [one.value for one in cls], what="population")


@attrs.frozen
class Claim:
    """A published claim.

    Attributes:
        id: Identifier in the table of claims.
        statement: The claim in our words, with its period.
        kind: The claimed quantity.
        group: The group, or two groups (``CN>US``).
        value: The published figure: a fraction for shares.
        tolerance: Half a unit of the last published digit: 0.005 for 41 %, 0.0005 for 17.1 %.
        unit: ``share`` or ``downloads``.
        start: First day of the period.
        end: Last day of the period.
        population: The models or users that it is about.
        choices: Arguments of :func:`ossgeo.measure` that the source states, or that can be inferred.
        reference: The publication.
        url: The page that was read; None if no page could be read.
        said_on: Date of publication; None if unknown.
        certainty: Whether the method is ``stated`` or ``inferred``.
        note: Remarks.
    """

    id: str
    statement: str
    kind: Kind
    group: str
    value: float
    tolerance: float
    unit: str
    start: dt.date
    end: dt.date
    population: Population
    choices: Mapping[str, Any] = attrs.field(hash=False)
    reference: str
    url: str | None
    said_on: dt.date | None
    certainty: Literal["stated", "inferred"]
    note: str = ""

    @property
    def days(self) -> int:
        """Number of days of the period, first and last day included."""
        return (self.end - self.start).days + 1

    @property
    def counts_events(self) -> bool:
        """Whether it counts models published within the period, which is known on every later day."""
        calculator = self.choices.get("calculator", "downloads")
        return calculator in ("supply", "derivatives") or isinstance(calculator, Derivatives)

    def __str__(self) -> str:
        """Return statement and reference."""
        return f"{self.statement} ({self.reference})"


def load() -> tuple[Claim, ...]:
    """Return the bundled claims.

    Example:
        >>> len(load()) >= 12
        True
    """
    with (DATA / "claims.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_claim(row) for row in csv.DictReader(file))


def find(name: str) -> Claim:
    """Return a bundled claim.

    Args:
        name: Its id.

    Raises:
        UnknownNameError: No claim has the id; with near ids.
    """
    known = {claim.id: claim for claim in load()}
    if name not in known:
        raise UnknownNameError.among(name, known, what="claim")
    return known[name]


def precision(text: str, unit: str) -> float:
    """Return half a unit of the last digit of a published figure.

    Args:
        text: The figure as published: a fraction for shares, with trailing zeros that were published.
        unit: ``share``, whose figures are published to a percent or finer, or another unit, whose trailing zeros were not
            published (1150000000 for 1.15 billion).

    Example:
        >>> precision("0.41", "share"), precision("0.171", "share"), precision("1150000000", "downloads")
        (0.005, 0.0005, 5000000.0)
    """
    number = Decimal(text)
    exponent = number.as_tuple().exponent if unit == "share" else number.normalize().as_tuple().exponent
    digits = int(exponent)
    return float(Decimal(5).scaleb((min(digits, -_LEAST_DIGITS) if unit == "share" else digits) - 1))


def _claim(row: Mapping[str, str]) -> Claim:
    choices: dict[str, Any] = {name: row[name] for name in ("by", "attribution", "denominator")}
    if row["age_cap"]:
        choices["age_cap"] = row["age_cap"]
    if row["where"]:
        choices["where"] = parse_where([row["where"]])
    relations = _CALCULATOR.fullmatch(row["calculator"])
    choices["calculator"] = Derivatives(relations["relations"].split(", ")) if relations else row["calculator"]
    kind, certainty = row["measure"], row["certainty"]
    if kind not in get_args(Kind) or certainty not in ("stated", "inferred"):
        raise AssertionError(row)
    return Claim(
        id=row["claim"], statement=row["statement"], kind=kind, group=row["group"], value=float(row["value"]),  # type: ignore[arg-type]  # checked above
        tolerance=precision(row["value"], row["unit"]), unit=row["unit"], start=dt.date.fromisoformat(row["start"]),
        end=dt.date.fromisoformat(row["end"]), population=Population.parse(row["population"]), choices=choices,
        reference=row["reference"], url=row["url"] or None,
        said_on=dt.date.fromisoformat(row["said_on"]) if row["said_on"] else None, certainty=certainty, note=row["note"],  # type: ignore[arg-type]  # checked above
    )  # fmt: skip
