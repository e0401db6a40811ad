"""Published claims as typed facts, and what a panel says to them."""

from __future__ import annotations

import csv
import datetime as dt
import re
import warnings
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, Literal

import attrs
import polars as pl

from ossgeo._core import DATA
from ossgeo.analysis._sensitivity import sensitivity
from ossgeo.errors import InvalidArgumentError, OssgeoError, OssgeoWarning, UnknownNameError
from ossgeo.panel._filters import parse_where
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._calculators.derivatives import Derivatives
from ossgeo.shares._measure import measure
from ossgeo.shares._table import ShareTable

Kind = Literal["share", "ahead", "largest", "top_200", "value", "adoption", "arena"]
"""What is claimed: a share; that one group has more than another; that a group has most; the part of the 200 largest; a
value; or something that no panel of counters holds."""

GRID: Final[dict[str, list[Any]]] = {
    "attribution": ["publisher", "root"],
    "denominator": ["all", "attributed"],
    "age_cap": [None, "365d"],
}
"""The choices over which a claim is tried, beside its own."""

_ELSEWHERE: Final = {
    "adoption": "a table of adopters and the models they use: ossgeo.adoption_shares",
    "arena": "the leaderboard of that day: ossgeo.leaderboard_shares",
}
_EVER: Final = "36500d"
_NEAR: Final = 0.0005
_CALCULATOR: Final = re.compile(r"derivatives\((?P<relations>[a-z, ]+)\)")


class Verdict(StrEnum):
    """What a panel says to a claim."""

    REPRODUCED = "reproduced"
    """The claim's own choices give its figure, on a panel of its population and period."""
    CONSISTENT = "consistent"
    """The figure lies within what all choices give, but the claim's own do not give it, or the panel is a part only."""
    CONTRADICTED = "contradicted"
    """No combination of choices gives it, on a panel of its population and period."""
    CANNOT_BE_TOLD = "cannot be told from this panel"
    """The panel does not hold what the claim is about."""


@attrs.frozen
class Claim:
    """A published claim.

    Attributes:
        id: Its name here.
        statement: What is claimed, in our words.
        kind: How it is looked at.
        group: The group it is about, or two (``CN>US``).
        value: The figure: a fraction for shares.
        unit: ``share`` or ``downloads``.
        start: First day of its period.
        end: Last day of its period.
        population: What it is about, in words; ``hub`` is every model on the Hub.
        choices: The choices of ``measure`` that it states, or that can be inferred.
        reference: Who says so.
        url: Where it was read; None where no page could be.
        said_on: When it was said; None where what was read does not say.
        certainty: Whether its method is ``stated`` or ``inferred``.
        note: What to know about it.
    """

    id: str
    statement: str
    kind: Kind
    group: str
    value: float
    unit: str
    start: dt.date
    end: dt.date
    population: str
    choices: Mapping[str, Any] = attrs.field(hash=False)
    reference: str
    url: str | None
    said_on: dt.date | None
    certainty: Literal["stated", "inferred"]
    note: str = ""

    @property
    def counts_events(self) -> bool:
        """Whether it counts what was published in its period, which can be told at any later day."""
        calculator = self.choices.get("calculator", "downloads")
        return calculator in ("supply", "derivatives") or isinstance(calculator, Derivatives)

    def __str__(self) -> str:
        """Return statement and reference."""
        return f"{self.statement} ({self.reference})"


@attrs.frozen(eq=False)
class Evaluation:
    """What a panel says to a claim.

    Attributes:
        claim: The claim.
        verdict: Reproduced, consistent, contradicted, or cannot be told.
        ours: Our figure under the claim's own choices; None where there is none.
        lowest: The least over all choices; None where there is none.
        highest: The most.
        why: One sentence.
        settles: What data would settle it.
    """

    claim: Claim
    verdict: Verdict
    ours: float | None
    lowest: float | None
    highest: float | None
    why: str
    settles: str

    def to_polars(self) -> pl.DataFrame:
        """Return one row: claim, verdict, claimed, ours, lowest, highest, why."""
        row = (self.claim.id, self.verdict.value, self.claim.value, self.ours, self.lowest, self.highest, self.why)
        schema = {"claim": pl.String, "verdict": pl.String, "claimed": pl.Float64, "ours": pl.Float64,
                  "lowest": pl.Float64, "highest": pl.Float64, "why": pl.String}  # fmt: skip
        return pl.DataFrame([row], schema=schema, orient="row")

    def __str__(self) -> str:
        """Return the verdict, the figures and the reason."""
        said = f"{self.claim.statement}: {self.verdict.value}"
        if self.ours is not None:
            said += f". Claimed {_shown(self.claim, self.claim.value)}, here {_shown(self.claim, self.ours)}"
        if self.lowest is not None:
            said += f", over all choices {_shown(self.claim, self.lowest)} to {_shown(self.claim, self.highest)}"
        return f"{said}. {self.why}"


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
        UnknownNameError: There is no such claim.
    """
    known = {claim.id: claim for claim in load()}
    if name not in known:
        raise UnknownNameError.among(name, known, what="claim")
    return known[name]


def evaluate(
    claim: Claim | str, panel: Panel, *, population: str | None = None, registry: Registry | None = None
) -> Evaluation:
    """Put a claim to the test on a panel.

    Args:
        claim: A claim, or the id of a bundled one.
        panel: The panel.
        population: What the panel covers, in the words of the claim; without it the panel is taken for a part, and
            nothing is ever reproduced or contradicted.
        registry: The registry; the bundled one where absent.

    Returns:
        The verdict, with our figure under the claim's choices and the range over all choices.

    Raises:
        UnknownNameError: There is no such claim.

    Example:
        >>> import ossgeo
        >>> evaluate("hf-cn-2026", ossgeo.load_sample("labs-2025")).verdict.value
        'cannot be told from this panel'
    """
    claim = find(claim) if isinstance(claim, str) else claim
    if claim.kind in _ELSEWHERE:
        why = "A panel of counters does not hold it."
        return Evaluation(
            claim, Verdict.CANNOT_BE_TOLD, None, None, None, why, f"It would be settled by {_ELSEWHERE[claim.kind]}."
        )
    covered = population is not None and population == claim.population
    settles = _settles(claim, panel, covered=covered)
    if claim.counts_events:
        days = [day for day in panel.periods[-1:] if day >= claim.end]  # what was published is known afterwards, too
    else:
        days = [day for day in panel.periods if claim.start <= day <= claim.end]
    if not days and claim.counts_events:
        why = f"The panel was last observed before {claim.end}."
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, None, None, None, why, settles)
    if not days:
        why = f"The panel has no observation between {claim.start} and {claim.end}."
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, None, None, None, why, settles)
    try:
        ours, low, high, hindered = _figures(claim, panel, days[-1], registry or Registry.default())
    except OssgeoError as error:
        why = f"It cannot be measured here: {str(error).splitlines()[0]}."
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, None, None, None, why, settles)
    whole = covered and panel.periods[-1] >= claim.end and (claim.counts_events or panel.periods[0] <= claim.start)
    if claim.unit == "downloads" and not whole:
        why = "A number of downloads says nothing where the panel is a part of the population or period."
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, ours, low, high, why, settles)
    verdict, why = _verdict(claim, ours, low, high, whole=whole)
    if hindered:
        why = f"Its own choices cannot be measured here: {hindered}. {why}"
    return Evaluation(claim, verdict, ours, low, high, why, settles)


def _verdict(claim: Claim, ours: float | None, low: float, high: float, *, whole: bool) -> tuple[Verdict, str]:
    part = "" if whole else " The panel is a part of the population or period only."
    if claim.kind in ("ahead", "largest"):
        holds, sometimes = ours is not None and ours > 0, high > 0
    else:
        near = max(_NEAR, abs(claim.value) * 10**-9) if claim.unit == "share" else abs(claim.value) * 0.005
        holds = ours is not None and abs(ours - claim.value) <= near
        sometimes = low - near <= claim.value <= high + near
    if holds and whole:
        return Verdict.REPRODUCED, "The claim's own choices give it."
    if holds or sometimes:
        how = "The claim's own choices give it." if holds else "Some choices give it, the claim's own do not."
        return Verdict.CONSISTENT, how + part
    if whole:
        return Verdict.CONTRADICTED, "No combination of the choices gives it."
    return Verdict.CANNOT_BE_TOLD, "No combination of the choices gives it here." + part


def _figures(claim: Claim, panel: Panel, day: dt.date, registry: Registry) -> tuple[float | None, float, float, str]:
    """Our figure under the claim's choices, the range over the grid, and why the first may be absent."""
    choices = dict(claim.choices)
    if claim.counts_events:
        choices["where"] = {**choices.get("where", {}), "created_at": (claim.start, claim.end)}
        choices["window"] = _EVER
    grid = {name: values for name, values in GRID.items() if _possible(name, panel, choices)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        ours, hindered = _own(claim, panel, day, registry, choices)
        if hindered:
            choices.pop("age_cap", None)
        found = [ours] if ours is not None else []
        if _one_by_one(claim, choices):
            rest = {name: value for name, value in choices.items() if name not in grid}
            for combination in _combinations(grid):
                table = measure(panel, registry=registry, **rest, **combination)
                one = _figure(claim, table, day)
                found += [one] if one is not None else []
        else:
            rest = {name: value for name, value in choices.items() if name not in grid}
            result = sensitivity(panel, grid, period=day, registry=registry, **rest)
            mine = result.ranges.filter(pl.col("group") == claim.group)
            found += [value for name in ("lowest", "highest") for value in mine[name].drop_nulls()]
    if not found:
        raise InvalidArgumentError(f"there is no figure for {claim.group} at {day}")
    return ours, min(found), max(found), hindered


def _own(
    claim: Claim, panel: Panel, day: dt.date, registry: Registry, choices: Mapping[str, Any]
) -> tuple[float | None, str]:
    """Our figure under the claim's choices; where only its age cap cannot be measured, the rest still can."""
    try:
        return _figure(claim, measure(panel, registry=registry, **choices), day), ""
    except OssgeoError as error:
        if "age_cap" not in choices:
            raise
        return None, str(error).splitlines()[0]


def _one_by_one(claim: Claim, choices: Mapping[str, Any]) -> bool:
    return claim.kind != "share" or choices.get("calculator", "downloads") != "downloads"


def _combinations(grid: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    names = list(grid)

    def grown(place: int) -> Iterator[dict[str, Any]]:
        if place == len(names):
            yield {}
            return
        for value in grid[names[place]]:
            for rest in grown(place + 1):
                yield {names[place]: value, **rest}

    return grown(0)


def _possible(name: str, panel: Panel, choices: Mapping[str, Any]) -> bool:
    columns = panel.models.collect_schema().names()
    if name == "age_cap":
        return "created_at" in columns and choices.get("calculator", "downloads") == "downloads"
    return name != "attribution" or "base_models" in columns


def _figure(claim: Claim, table: ShareTable, day: dt.date) -> float | None:
    if day not in table.periods:
        return None
    rows = table.filter(period=day).to_polars()
    if claim.kind == "top_200":
        total = float(rows["value"].sum())
        return float(rows.head(200)["value"].sum()) / total if total else None
    shares: dict[str, float | None] = dict(rows.select(table.keys[0], "share").iter_rows())
    if claim.kind == "ahead":
        first, second = claim.group.split(">")
        return (shares.get(first) or 0.0) - (shares.get(second) or 0.0)
    if claim.kind == "largest":
        others = [share or 0.0 for group, share in shares.items() if group != claim.group and group.isupper()]
        return (shares.get(claim.group) or 0.0) - max(others, default=0.0)
    if claim.kind == "value":
        return float(rows.filter(pl.col(table.keys[0]) == claim.group)["value"].sum())
    return shares.get(claim.group, 0.0)


def _settles(claim: Claim, panel: Panel, *, covered: bool) -> str:
    needs = []
    if not covered:
        what = "every model on the Hub" if claim.population == "hub" else claim.population
        needs.append(f"counters of {what}")
    begun = claim.counts_events or (panel.periods and panel.periods[0] <= claim.start)
    if not (begun and panel.periods and panel.periods[-1] >= claim.end):
        needs.append(f"observations from {claim.start} to {claim.end}")
    if claim.certainty == "inferred":
        needs.append("a statement of how it was counted")
    return f"It would be settled by {', '.join(needs)}." if needs else "This panel settles it."


def _shown(claim: Claim, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1%}" if claim.unit == "share" else f"{value:,.0f}"


def _claim(row: Mapping[str, str]) -> Claim:
    choices: dict[str, Any] = {name: row[name] for name in ("by", "attribution", "denominator")}
    if row["age_cap"]:
        choices["age_cap"] = row["age_cap"]
    if row["where"]:
        choices["where"] = parse_where([row["where"]])
    relations = _CALCULATOR.fullmatch(row["calculator"])
    choices["calculator"] = Derivatives(relations["relations"].split(", ")) if relations else row["calculator"]
    return Claim(
        row["claim"], row["statement"], row["measure"], row["group"], float(row["value"]), row["unit"],  # type: ignore[arg-type]  # our own words, tested
        dt.date.fromisoformat(row["start"]), dt.date.fromisoformat(row["end"]), row["population"], choices,
        row["reference"], row["url"] or None, dt.date.fromisoformat(row["said_on"]) if row["said_on"] else None, row["certainty"], row["note"],  # type: ignore[arg-type]  # our own words, tested
    )  # fmt: skip
