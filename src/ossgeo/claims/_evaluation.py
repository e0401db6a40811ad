"""Evaluation of a claim on a panel: the claim's own choices, over the claim's own period."""

from __future__ import annotations

import datetime as dt
import itertools
import warnings
from collections.abc import Iterator, Mapping
from enum import StrEnum
from html import escape
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.tabular import Tabular
from ossgeo.claims._facts import Claim, Population, find
from ossgeo.errors import InvalidArgumentError, OssgeoError, OssgeoWarning
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._measure import measure
from ossgeo.shares._pipeline import require_panel
from ossgeo.shares._table import ShareTable

_SLACK: Final = 0.02
"""Part of a period that may be unobserved at its ends: a week of a year, since snapshots are rarely taken on its last day."""
_STOCK_DAYS: Final = dt.timedelta(days=7)
"""A total of a day may be that of an observation up to this long before."""


class Verdict(StrEnum):
    """The result of comparing a claim with a panel."""

    REPRODUCED = "reproduced"
    """The claim's own choices give its figure, on a panel of its population and period."""
    CONSISTENT = "consistent"
    """Some choices give the figure, but not the claim's own; or the panel covers only a part of the population."""
    CONTRADICTED = "contradicted"
    """No combination of choices gives the figure, on a panel of its population and period."""
    CANNOT_BE_TOLD = "cannot be told from this panel"
    """The panel does not hold the data that decide the claim."""


@attrs.frozen(eq=False)
class Evaluation(Tabular):
    """The comparison of a claim with a panel.

    Attributes:
        claim: The claim.
        verdict: Reproduced, consistent, contradicted, or cannot be told.
        ours: The panel's figure under the claim's own choices, over the observed part of the claim's period; None if it
            cannot be computed.
        lowest: The smallest figure over all choices; None if there is none.
        highest: The largest figure.
        why: The reason of the verdict, in one sentence.
        settles: The data that would decide the claim.
    """

    claim: Claim
    verdict: Verdict
    ours: float | None
    lowest: float | None
    highest: float | None
    why: str
    settles: str

    def to_polars(self) -> pl.DataFrame:
        """Return one row: claim, verdict, claimed, ours, lowest, highest, why, settles."""
        row = (self.claim.id, self.verdict.value, self.claim.value, self.ours, self.lowest, self.highest, self.why,
               self.settles)  # fmt: skip
        schema = {"claim": pl.String, "verdict": pl.String, "claimed": pl.Float64, "ours": pl.Float64,
                  "lowest": pl.Float64, "highest": pl.Float64, "why": pl.String, "settles": pl.String}  # fmt: skip
        return pl.DataFrame([row], schema=schema, orient="row")

    def _shown(self) -> dict[str, str]:
        """Return the columns of a list of evaluations."""
        ours, lowest, highest = (
            "-" if one is None else self.claim.figure(one) for one in (self.ours, self.lowest, self.highest)
        )
        return {"claim": self.claim.id, "claimed": self.claim.figure(), "here, under its choices": ours,
                "lowest here": lowest, "highest here": highest, "verdict": self.verdict.value, "why": self.why}  # fmt: skip

    def sentence(self) -> str:
        """Return the verdict, the figures and the reason."""
        text = f"{self.claim.statement}: {self.verdict.value}"
        if self.ours is not None:
            text += (
                f". Lead here {self.claim.figure(self.ours)}"
                if self.claim.compares
                else f". Claimed {self.claim.figure()}, here {self.claim.figure(self.ours)}"
            )
        if self.lowest is not None and self.highest is not None:
            lowest, highest = self.claim.figure(self.lowest), self.claim.figure(self.highest)
            what = "lead over all choices" if self.claim.compares else "over all choices"
            text += f", {what} {lowest}" + (f" to {highest}" if highest != lowest else "")
        return f"{text}. {self.why}"

    def __str__(self) -> str:
        """Return the sentence and the data that would decide the claim."""
        return f"{self.sentence()}\n{self.settles}"

    def _repr_html_(self) -> str:
        """Return the evaluation as a notebook shows it; every text is escaped."""
        return f"<p>{escape(self.sentence())}</p><p><small>{escape(self.settles)}</small></p>"


@attrs.frozen
class _Scope:
    """The observed part of a claim's period.

    Attributes:
        day: The observation at which the claim is evaluated.
        window: Length of the rolling sum in days, up to ``day``; None if the claim counts events or is about a stock.
        complete: Whether the panel observes the period, apart from a few days at its ends.
    """

    day: dt.date
    window: int | None
    complete: bool


def evaluate(
    panel: Panel,
    claim: Claim | str,
    *,
    population: Population | str | None = None,
    registry: Registry | None = None,
) -> Evaluation:
    """Compare a claim with a panel: a claim about a period is measured over the days of that period.

    Args:
        panel: The panel.
        claim: A claim, or the id of a bundled one.
        population: The population that the panel covers completely. By default the panel is treated as a part, and no
            claim is reproduced or contradicted.
        registry: The registry; by default the bundled one.

    Returns:
        The verdict, with the panel's figure under the claim's choices and the range over the claim's choices and
        combinations of attribution, denominator and age cap.

    Raises:
        UnknownNameError: No claim or population has the name.
        InvalidArgumentError: ``panel`` is not a Panel.

    Example:
        >>> import ossgeo
        >>> evaluate(ossgeo.load_sample("labs-2025"), "hf-cn-2026").verdict.value
        'cannot be told from this panel'
    """
    require_panel(panel)
    claim = find(claim) if isinstance(claim, str) else claim
    covered = population is not None and Population.parse(population) == claim.population
    if (obstacle := _problem(claim, panel)) is not None:
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, None, None, None, *obstacle)
    scope = _scope(claim, panel)
    settles = _deciding_data(claim, covered=covered, complete=scope is not None and scope.complete)

    def undecided(
        why: str, ours: float | None = None, low: float | None = None, high: float | None = None
    ) -> Evaluation:
        return Evaluation(claim, Verdict.CANNOT_BE_TOLD, ours, low, high, why, settles)

    if scope is None:
        return undecided(_absence(claim))
    try:
        ours, low, high, reason = _figures(claim, panel, scope, registry or Registry.default())
    except OssgeoError as error:
        return undecided(f"It cannot be measured here: {str(error).splitlines()[0]}.")
    if not scope.complete:
        return undecided(f"The panel observes only a part of {claim.start} to {claim.end}.", ours, low, high)
    if claim.unit != "share" and not covered:
        return undecided("A total cannot be compared with a part of the population.", ours, low, high)
    verdict, why = _verdict(claim, ours, low, high, covered=covered)
    if reason:
        why = f"Its own choices cannot be measured here: {reason}. {why}"
    return Evaluation(claim, verdict, ours, low, high, why, settles)


def _problem(claim: Claim, panel: Panel) -> tuple[str, str] | None:
    """Return why no panel like this one can decide the claim, and the data that would; None if one can."""
    if claim.kind == "other":
        return "A panel of counters alone does not decide it.", f"It would be decided by {claim.needs}."
    counter = panel.counter.name
    if claim.counts_events or claim.counts in (counter, panel.counter.unit):
        return None
    needs = f"counters of {claim.counts} of {claim.scope} from {claim.start} to {claim.end}"
    return f"The claim counts {claim.counts}, the panel counts {counter}.", f"It would be decided by {needs}."


def _verdict(claim: Claim, ours: float | None, low: float, high: float, *, covered: bool) -> tuple[Verdict, str]:
    if claim.compares:
        holds, possible = ours is not None and ours > 0, high > 0
    else:
        near = claim.tolerance * (1 + 1e-9)  # a figure on the border is rounded to the published one
        holds = ours is not None and abs(ours - claim.value) <= near
        possible = low - near <= claim.value <= high + near
    part = "" if covered else " The panel covers only a part of the population."
    if holds:
        verdict = Verdict.REPRODUCED if covered else Verdict.CONSISTENT
        return verdict, f"The claim's own choices give the figure.{part}"
    if possible:
        return Verdict.CONSISTENT, f"Some choices give the figure, the claim's own do not.{part}"
    if covered:
        return Verdict.CONTRADICTED, "No combination of the choices gives the figure."
    return Verdict.CANNOT_BE_TOLD, f"No combination of the choices gives the figure here.{part}"


def _scope(claim: Claim, panel: Panel) -> _Scope | None:
    """Return the observed part of the claim's period; None if no day of it is observed."""
    if claim.counts_events:
        later = [day for day in panel.periods if day >= claim.end]
        return _Scope(later[-1], None, complete=True) if later else None
    if claim.is_stock:
        near = [day for day in panel.periods if claim.end - _STOCK_DAYS < day <= claim.end]
        return _Scope(near[-1], None, complete=True) if near else None
    before = claim.start - dt.timedelta(days=1)
    within = [day for day in panel.periods if before < day <= claim.end]
    if not within:
        return None
    intervals = _observed(panel, before, within[-1])
    if not intervals:
        return None
    begin = max(before, intervals[0][0])
    observed = sum((end - max(start, begin)).days for start, end in intervals)
    complete = observed >= claim.days * (1 - _SLACK)
    return _Scope(within[-1], (within[-1] - begin).days, complete)


def _absence(claim: Claim) -> str:
    """Return the sentence on a panel that observes nothing of a claim's period."""
    if claim.counts_events:
        return f"The panel ends before {claim.end}."
    if claim.is_stock:
        return f"The panel has no observation at {claim.end}, or in the {_STOCK_DAYS.days - 1} days before."
    return f"The panel has no observation of {claim.start} to {claim.end}."


def _observed(panel: Panel, before: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """Return the observed intervals (start, end] that reach into (before, last], without overlaps."""
    days = [day for day in panel.periods if day <= last]
    if panel.counter.days is not None:
        length = dt.timedelta(days=panel.counter.days)
        raw = [(day - length, day) for day in days]
    else:
        raw = list(itertools.pairwise(days))
    found: list[tuple[dt.date, dt.date]] = []
    for start, end in raw:
        if end > before:
            since = max(start, found[-1][1]) if found else start
            found.append((since, end))
    return found


def _figures(claim: Claim, panel: Panel, scope: _Scope, registry: Registry) -> tuple[float | None, float, float, str]:
    """Return the figure under the claim's choices, the range over all choices, and why the first may be absent."""
    choices = dict(claim.choices)
    if claim.counts_events:
        choices["where"] = {**choices.get("where", {}), "created_at": (claim.start, claim.end)}
        choices["window"] = f"{(scope.day - claim.start).days + 1}d"
    elif scope.window is not None:
        choices["window"] = f"{scope.window}d"
    ours, reason = None, ""
    figures: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        try:
            ours = _figure(claim, panel, scope, registry, choices)
        except OssgeoError as error:
            if "age_cap" not in choices:
                raise
            reason = str(error).splitlines()[0]
        for combination in _combinations(panel, choices):
            figure = _figure(claim, panel, scope, registry, {**choices, **combination})
            figures += [] if figure is None else [figure]
    figures += [] if ours is None else [ours]
    if not figures:
        raise InvalidArgumentError(f"the panel has no downloads of {claim.group} at {scope.day}")
    return ours, min(figures), max(figures), reason


def _combinations(panel: Panel, choices: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the combinations of attribution, denominator and age cap that the panel's models allow."""
    columns = panel.models.collect_schema().names()
    grid: dict[str, list[Any]] = {"attribution": ["publisher"], "denominator": ["all", "attributed"], "age_cap": [None]}
    if "base_models" in columns:
        grid["attribution"].append("root")
    if "labels" in columns:
        grid["attribution"] += ["study-publisher", "study-derived"]
    if choices.get("attribution", "publisher") not in grid["attribution"]:
        grid["attribution"].append(choices["attribution"])
    if "created_at" in columns and choices.get("calculator", "downloads") == "downloads":
        grid["age_cap"].append("365d")
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def _figure(claim: Claim, panel: Panel, scope: _Scope, registry: Registry, choices: Mapping[str, Any]) -> float | None:
    table = measure(panel, registry=registry, **choices)
    now = _quantity(claim, table, scope.day)
    if claim.kind != "overtook" or now is None:
        return now
    flows = measure(panel, registry=registry, **{**choices, "window": None})
    first = next((day for day in flows.periods if claim.start <= day <= claim.end), None)
    then = None if first is None else _quantity(claim, flows, first)
    return None if then is None else min(now, -then)  # above zero only if the order was the other one at first


def _quantity(claim: Claim, table: ShareTable, day: dt.date) -> float | None:
    """Return the claimed quantity at one period; None if the table has no figure for it."""
    rows = table.frame.filter(pl.col("period") == day)
    if rows["value"].is_null().all():  # true of no rows, too
        return None
    if claim.kind == "top":
        total = float(rows["value"].sum())
        return float(rows.head(int(claim.group))["value"].sum()) / total if total else None
    shares: dict[str, float | None] = dict(rows.select(table.keys[0], "share").iter_rows())
    if claim.kind in ("ahead", "overtook"):
        first, second = claim.group.split(">")
        return (shares.get(first) or 0.0) - (shares.get(second) or 0.0)
    if claim.kind == "largest":
        others = [share or 0.0 for group, share in shares.items() if group != claim.group and group.isupper()]
        return (shares.get(claim.group) or 0.0) - max(others, default=0.0)
    if claim.kind == "value":
        return float(rows.filter(pl.col(table.keys[0]) == claim.group)["value"].sum())
    return shares.get(claim.group, 0.0)


def _deciding_data(claim: Claim, *, covered: bool, complete: bool) -> str:
    needs = []
    if not covered:
        needs.append(f"{'the list' if claim.counts_events else 'counters'} of {claim.scope}")
    if not complete:
        needs.append(
            f"an observation at {claim.end}" if claim.is_stock else f"observations from {claim.start} to {claim.end}"
        )
    if claim.certainty == "inferred":
        needs.append("a statement of the source on its method")
    return f"It would be decided by {', '.join(needs)}." if needs else "This panel decides it."
