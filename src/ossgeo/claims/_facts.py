"""The table of published claims."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal, get_args

import attrs
import polars as pl

from ossgeo._core.csv_rows import bundled_rows
from ossgeo._core.tabular import Listing
from ossgeo._core.text import counted, percent, points
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel._filters import parse_where
from ossgeo.shares._calculators.derivatives import Derivatives

Kind = Literal["share", "ahead", "overtook", "largest", "top", "value", "other"]
"""The form of the claim: the share of a group; that one group has more than another, or came to have more within the period;
that a group has the most; the share of the largest, whose number is the group; a value; or a fact that no panel of counters
holds."""
Topic = Literal["downloads", "tokens", "derivatives", "licenses", "adoption", "sizes", "concentration", "releases"]
"""The subject of a claim: the counted unit, or the property of models whose share is stated."""

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
    OPENROUTER = "openrouter"
    """Every model on OpenRouter."""
    OPENROUTER_TOP = "openrouter top models"
    """The models that OpenRouter's rankings list by name (the first 9, 10, 50 or 100)."""
    DOWNLOADED_PUBLISHERS = "most downloaded publishers"
    """The models of the publishers with the most downloads on the Hub."""
    NOTABLE_MODELS = "notable models"
    """The models that a list of notable models holds."""
    SUPPLY_CHAINS = "models in supply chains"
    """The models of an audit of supply chains on the Hub."""
    ENTERPRISES = "enterprises"
    """Companies that were asked."""
    AI_USERS = "users of AI"
    """The people who use generative AI, as a publisher observes them."""
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
        topic: The subject, such as ``downloads``, ``tokens`` or ``licenses``.
        quantity: The quantity in words; claims with one quantity can be compared, see :func:`ossgeo.claims.disputes`.
        statement: The claim in our words, with its period.
        kind: The claimed quantity.
        group: The group, two groups (``CN>US``), or the number of the largest (``200``).
        value: The published figure: a fraction for shares.
        tolerance: Half a unit of the last published digit: 0.005 for 41 %, 0.0005 for 17.1 %.
        unit: ``share``, or the unit of a value: ``downloads``, ``tokens``, ``models``.
        counts: The unit that is counted, by a share too: ``downloads``, ``tokens``, ``dollars``, ``models``, ``users``,
            ``workloads``, ``transitions``.
        start: First day of the period.
        end: Last day of the period.
        population: The models or users that it is about.
        scope: The population in the terms of the source, with thresholds.
        choices: Arguments of :func:`ossgeo.measure` that the source states, or that can be inferred.
        reference: The publication.
        url: The page that was read; None if no page could be read.
        read: ``first hand`` if the page is the source's own text, ``second hand`` if it is a report of it.
        read_on: Day on which the page was read; None if it was not recorded.
        said_on: Date of publication; None if unknown.
        certainty: Whether the method is ``stated`` or ``inferred``.
        needs: The data that decide a claim of kind ``other``.
        note: Remarks.
    """

    id: str
    topic: Topic
    quantity: str
    statement: str
    kind: Kind
    group: str
    value: float
    tolerance: float
    unit: str
    counts: str
    start: dt.date
    end: dt.date
    population: Population
    scope: str
    choices: Mapping[str, Any] = attrs.field(hash=False)
    reference: str
    url: str | None
    read: Literal["first hand", "second hand"]
    read_on: dt.date | None
    said_on: dt.date | None
    certainty: Literal["stated", "inferred"]
    needs: str = ""
    note: str = ""

    @property
    def days(self) -> int:
        """Number of days of the period, first and last day included."""
        return (self.end - self.start).days + 1

    @property
    def compares(self) -> bool:
        """Whether it says which group has more, without a figure."""
        return self.kind in ("ahead", "overtook", "largest")

    @property
    def counts_events(self) -> bool:
        """Whether it counts models published within the period, which is known on every later day."""
        calculator = self.choices.get("calculator", "downloads")
        return calculator in ("supply", "derivatives") or isinstance(calculator, Derivatives)

    @property
    def is_stock(self) -> bool:
        """Whether it is about a cumulative total on the last day of its period."""
        return bool(self.choices.get("calculator") == "stock")

    def figure(self, value: float | None = None) -> str:
        """Return a value in the unit of the claim as text; that of a comparison is a lead, which was not published.

        Args:
            value: The value; by default the published one.
        """
        if self.compares:
            return points(value)
        number = self.value if value is None else value
        if self.unit != "share":
            return counted(number, self.unit)
        return percent(number) if number >= 0 else f"{number:.1%}"

    def _shown(self) -> dict[str, str]:
        """Return the columns of a list of claims."""
        return {"claim": self.id, "statement": self.statement, "figure": self.figure(), "start": str(self.start),
                "end": str(self.end), "reference": self.reference, "read": self.read}  # fmt: skip

    def __str__(self) -> str:
        """Return statement and reference."""
        return f"{self.statement} ({self.reference})"


def load() -> Listing[Claim]:
    """Return the bundled claims.

    Example:
        >>> len(load()) >= 140
        True
    """
    return Listing(map(claim_of, bundled_rows("claims.csv")))


def find(name: str, claims: Iterable[Claim] | None = None) -> Claim:
    """Return the claim with an id.

    Args:
        name: Its id.
        claims: The claims; by default the bundled ones.

    Raises:
        UnknownNameError: No claim has the id; with near ids.
    """
    known = {claim.id: claim for claim in claims_of(claims)}
    if name not in known:
        remedy = "ossgeo.claims.load() returns all" if claims is None else ""
        raise UnknownNameError.among(name, known, what="claim", remedy=remedy)
    return known[name]


def claims_of(claims: Any) -> tuple[Claim, ...]:
    """Return the claims of an argument; by default the bundled ones.

    Args:
        claims: The claims.

    Raises:
        InvalidArgumentError: The argument is not a list of claims.
    """
    if claims is None:
        return tuple(load())
    found = tuple(claims) if isinstance(claims, Iterable) else (claims,)
    if wrong := next((one for one in found if not isinstance(one, Claim)), None):
        raise InvalidArgumentError(
            f"claims must be a list of claims, such as ossgeo.claims.read(file), got {type(wrong).__name__}"
        )
    return found


def table(claims: Iterable[Claim] | None = None) -> pl.DataFrame:
    """Return claims as a table.

    Args:
        claims: The claims; by default the bundled ones.

    Returns:
        One row for each claim: claim, topic, quantity, statement, value, tolerance, unit, counts, start, end, population,
        scope, reference, url, read, read_on, said_on, certainty, note.
    """
    dates, numbers = {"start", "end", "read_on", "said_on"}, {"value", "tolerance"}
    names = [field.name for field in attrs.fields(Claim) if field.name not in ("kind", "group", "choices", "needs")]
    schema = {name: pl.Date if name in dates else pl.Float64 if name in numbers else pl.String for name in names}
    rows = [[str(value) if isinstance(value, Population) else value for value in (getattr(one, name) for name in names)]
            for one in claims_of(claims)]  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row").rename({"id": "claim"})


def precision(text: str, unit: str) -> float:
    """Return half a unit of the last digit of a published figure.

    Args:
        text: The figure as published: a fraction for shares, with trailing zeros that were published.
        unit: ``share``, whose figures are published to a percent or finer, or another unit, whose trailing zeros were not
            published (1150000000 for 1.15 billion) unless an exponent gives the last digit (200e3).

    Example:
        >>> precision("0.41", "share"), precision("0.171", "share"), precision("1150000000", "downloads")
        (0.005, 0.0005, 5000000.0)
        >>> precision("200e3", "models")
        500.0
    """
    number = Decimal(text)
    as_written = unit == "share" or "e" in text
    exponent = number.as_tuple().exponent if as_written else number.normalize().as_tuple().exponent
    digits = int(exponent)
    return float(Decimal(5).scaleb((min(digits, -_LEAST_DIGITS) if unit == "share" else digits) - 1))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def claim_of(row: Mapping[str, str]) -> Claim:
    """Return the claim of a checked row of the table.

    Args:
        row: The cells by column; all columns of the bundled table.
    """
    choices: dict[str, Any] = {name: row[name] for name in ("by", "attribution", "denominator")}
    if row["age_cap"]:
        choices["age_cap"] = row["age_cap"]
    if row["where"]:
        choices["where"] = parse_where([row["where"]])
    relations = _CALCULATOR.fullmatch(row["calculator"])
    choices["calculator"] = Derivatives(relations["relations"].split(", ")) if relations else row["calculator"]
    kind, topic, certainty, read = row["kind"], row["topic"], row["certainty"], row["read"]
    known = kind in get_args(Kind) and topic in get_args(Topic) and certainty in ("stated", "inferred")
    if not known or read not in ("first hand", "second hand"):
        raise AssertionError(row)
    return Claim(
        id=row["claim"], topic=topic, quantity=row["quantity"], statement=row["statement"], kind=kind, group=row["group"], value=float(row["value"]),  # type: ignore[arg-type]  # checked above
        tolerance=precision(row["value"], row["unit"]), unit=row["unit"], counts=row["counts"], start=dt.date.fromisoformat(row["start"]),
        end=dt.date.fromisoformat(row["end"]), population=Population.parse(row["population"]), scope=row["scope"], choices=choices,
        reference=row["reference"], url=row["url"] or None, read=read, needs=row["needs"],  # type: ignore[arg-type]  # checked above
        read_on=_day(row["read_on"]), said_on=_day(row["said_on"]), certainty=certainty, note=row["note"],  # type: ignore[arg-type]  # checked above
    )  # fmt: skip
