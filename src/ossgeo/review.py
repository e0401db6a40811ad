"""Tools for contributors to the registry: gaps, effects of changes, and contents."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END, day_or_today
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.registry._alternatives import disputed_organizations, with_alternatives
from ossgeo.registry._classification import find_roles, get_kind
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._organizations import Affiliation, Evidence, Organization, OrganizationKind
from ossgeo.registry._registry import Registry
from ossgeo.registry._validation import Span
from ossgeo.shares._measure import measure

_SHOWN = 40
_LEAST = 0.005
_AGES = (30, 90, 365, 730)

_FACT: Final = {
    "organization": pl.String, "namespaces": pl.String, "kind": pl.String, "basis": pl.String, "country": pl.String,
    "start": pl.Date, "end": pl.Date, "weight": pl.Float64, "shows": pl.String, "url": pl.String, "reviewed_on": pl.Date,
    "confidence": pl.String, "note": pl.String,
}  # fmt: skip

_COLUMNS: Final = {
    "big tech": {OrganizationKind.BIG_TECH},
    "startups": {OrganizationKind.STARTUP},
    "other companies": {OrganizationKind.COMPANY},
    "universities": {OrganizationKind.UNIVERSITY},
    "institutes, government": {OrganizationKind.RESEARCH_INSTITUTE, OrganizationKind.GOVERNMENT},
    "nonprofits, collectives": {OrganizationKind.NONPROFIT, OrganizationKind.COLLECTIVE},
}
"""The columns of the data card's table of countries, and the kinds that each holds."""


@attrs.frozen(eq=False)
class Gaps:
    """Unreviewed namespaces.

    Attributes:
        frame: One row for each, the most downloads at stake first: namespace, value (its largest in any period), share (of
            that period's total), period.
        coverage: One row for each period: period, reviewed, unreviewed, unknown (parts of the total, in [0, 1]).
        unit: The unit of value.
    """

    frame: pl.DataFrame
    coverage: pl.DataFrame
    unit: str

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: namespace, value, share, period."""
        return self.frame

    def __str__(self) -> str:
        """Return the worst period and the namespaces with most at stake."""
        worst = self.coverage.sort("reviewed", "period").row(0, named=True)
        lines = [
            f"{self.frame.height} namespaces are unreviewed; at worst ({worst['period']}) {worst['reviewed']:.2%} of the "
            f"{self.unit} are reviewed, {worst['unknown']:.2%} unknown"
        ]
        lines += [
            f"{value:>15,.0f}  {share:7.3%}  {name}" for name, value, share, _ in self.frame.head(_SHOWN).iter_rows()
        ]
        rest = self.frame.height - _SHOWN
        return "\n".join([*lines, *([f"and {rest} more"] if rest > 0 else [])])


def gaps(panel: Panel, *, registry: Registry | None = None) -> Gaps:
    """Return the unreviewed namespaces of a panel, by their downloads.

    Args:
        panel: The panel.
        registry: The registry; by default the bundled one.

    Example:
        >>> import ossgeo
        >>> found = gaps(ossgeo.load_sample("labs-2025"))
        >>> found.frame.height, found.coverage["reviewed"].min()
        (0, 1.0)
    """
    table = measure(panel, by=("country", "namespace"), registry=registry)
    rows = table.to_polars().filter(pl.col("country") == OriginStatus.UNREVIEWED.value)
    largest = rows.sort("value", "period", descending=[True, False]).unique(
        "namespace", keep="first", maintain_order=True
    )
    covered = table.coverage.to_polars()

    def part(word: str) -> pl.Expr:
        return pl.col("share").filter(pl.col("status") == word).sum()

    coverage = covered.group_by("period", maintain_order=True).agg(
        reviewed=1 - part(OriginStatus.UNREVIEWED.value), unreviewed=part(OriginStatus.UNREVIEWED.value),
        unknown=part(OriginStatus.UNKNOWN.value),
    )  # fmt: skip
    return Gaps(largest.select("namespace", "value", "share", "period"), coverage, table.method.unit)


def impact(new: Registry, panel: Panel, *, old: Registry | None = None) -> str:
    """Show what another registry does to the shares of a panel's last period.

    Args:
        new: The changed registry.
        panel: The panel.
        old: The registry to compare with; by default the bundled one.

    Returns:
        A Markdown table to paste into a pull request: every group whose share moves by 0.005 points or more.

    Example:
        >>> import ossgeo
        >>> mine = Registry.from_rows(affiliations=[{"organization": "qwen", "country": "SG"}], base=Registry.default())
        >>> print(impact(mine, ossgeo.load_sample("labs-2025")).splitlines()[2])
        | SG | 0.00 | 11.25 | +11.25 |
    """
    before, after = (measure(panel, registry=registry).at() for registry in (old or Registry.default(), new))
    rows = [
        (str(group), 100 * (before[group] or 0.0), 100 * (after[group] or 0.0))
        for group in dict.fromkeys((*before, *after))
    ]
    moved = sorted((row for row in rows if abs(row[2] - row[1]) >= _LEAST), key=lambda row: -abs(row[2] - row[1]))
    if not moved:
        return "No share moves by 0.005 points."
    lines = [f"| {group} | {was:.2f} | {now:.2f} | {now - was:+.2f} |" for group, was, now in moved]
    return "\n".join(["| share, % | before | after | change |", "|---|---|---|---|", *lines])


def alternatives(panel: Panel, *, registry: Registry | None = None) -> pl.DataFrame:
    """Return the effect of each disputed country on the shares of the last period of a panel.

    Args:
        panel: The panel.
        registry: The registry; by default the bundled one.

    Returns:
        One row for each disputed organization and country whose share it moves, the largest effect first: organization,
        country, share, alternative (the share with the alternative seat), effect (their difference).

    Example:
        >>> import ossgeo
        >>> found = alternatives(ossgeo.load_sample("hub-2026"))
        >>> found.columns
        ['organization', 'country', 'share', 'alternative', 'effect']
    """
    used = registry or Registry.default()
    by = ("country", "organization")
    base = measure(panel, by=by, registry=used)
    last = base.filter(period=base.periods[-1]).to_polars()
    names = sorted(set(disputed_organizations(used)) & set(last["organization"]))
    other = measure(panel, by=by, registry=with_alternatives(used, *names)) if names else base
    mine = pl.col("organization").is_in(names)
    moved = _values(last.filter(mine)).join(
        _values(other.filter(period=base.periods[-1]).to_polars().filter(mine)),
        on=["organization", "country"], how="full", coalesce=True, suffix="_alternative",
    )  # fmt: skip  # the publisher's country is looked up for each organization alone, so one measurement switches all
    total = float(last["value"].sum())
    shares = last.group_by("country").agg(share=pl.col("value").sum() / total)
    change = (pl.col("value_alternative").fill_null(0.0) - pl.col("value").fill_null(0.0)) / total
    found = moved.join(shares, on="country", how="left").with_columns(pl.col("share").fill_null(0.0), effect=change)
    return (
        found.filter(pl.col("effect") != 0)
        .select("organization", "country", "share", (pl.col("share") + pl.col("effect")).alias("alternative"), "effect")
        .sort(pl.col("effect").abs().round(12), "organization", "country", descending=[True, False, False])
    )


def _values(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("organization", "country").agg(pl.col("value").sum())


def show(name: str, *, on: dt.date | str | None = None, registry: Registry | None = None) -> str:
    """Show what the registry says of a namespace, an organization or a model, with the evidence.

    Args:
        name: The handle; or an organization's id or name, where no namespace is called so; or the id of a model with lineage
            facts.
        on: Only facts that hold on this day, given as a date or ISO text; by default the whole history of
            organizations, seats and owners, with today's kinds and roles.
        registry: The registry; by default the bundled one.

    Raises:
        InvalidArgumentError: ``on`` is not a date.
        UnknownOrganizationError: The registry does not know the name, or not on that day; with near names.

    Example:
        >>> print(show("Qwen", on=dt.date(2026, 1, 1)).splitlines()[0])
        Qwen is qwen (Qwen, big tech)
    """
    used = registry or Registry.default()
    day = day_or_today(on, what="on")
    if facts := used.lineage.get(name):
        return "\n".join(f"{fact.basis}: {fact}" for fact in facts if on is None or fact.holds(day))
    spans = used.namespaces.get(name)
    if spans is None:
        named = used.find_by_name(name) or used.get(name, on=day)
        spans = (Span(named.id),)
    elif on is not None:
        used.get(name, on=day)  # raises if the namespace has no organization on that day
        spans = tuple(span for span in spans if span.start <= day < span.end)
    lines = []
    for span in spans:
        organization = used.get_organization(span.value)
        kind = get_kind(used, organization.id, on=day)
        lines.append(f"{name} is {organization.id} ({organization.name}, {kind}){_span(span.start, span.end)}")
        lines += _lines(organization, on=None if on is None else day)
    lines += [f"  role: {role}" for role in sorted(find_roles(used, name, on=day))]
    return "\n".join(lines)


def facts(registry: Registry | None = None) -> pl.DataFrame:
    """List every seat and alternative seat with its evidence: what an audit goes through.

    Args:
        registry: The registry; by default the bundled one.

    Returns:
        One row for each affiliation, by organization: organization, namespaces (all it ever had, with spaces between), kind (as
        the tables say), basis, country, start, end, weight, shows, url, reviewed_on, confidence, note.

    Example:
        >>> facts().filter(organization="qwen").select("namespaces", "country").row(0)
        ('Qwen', 'CN')
    """
    used = registry or Registry.default()
    handles: dict[str, set[str]] = defaultdict(set)
    for namespace, spans in used.namespaces.items():
        for span in spans:
            handles[span.value].add(namespace)
    rows = [
        (one.id, " ".join(sorted(handles[one.id])), str(one.kind), place.basis, str(place.country), place.start, place.end,
         place.weight, *_evidence(place.evidence))
        for one in sorted(used.organizations.values(), key=lambda one: one.id) for place in one.affiliations
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_FACT, orient="row")


def sample(*, rows: int, seed: int, registry: Registry | None = None) -> pl.DataFrame:
    """Draw facts at random, for a review by another person.

    The same registry, number and seed give the same rows on every machine.

    Args:
        rows: How many facts; all of them where there are not so many.
        seed: Where the draw begins; publish it with the result.
        registry: The registry; by default the bundled one.

    Returns:
        Rows of :func:`facts`, in its order.

    Raises:
        InvalidArgumentError: The number is below 1.

    Example:
        >>> sample(rows=60, seed=1).height
        60
    """
    if rows < 1:
        raise InvalidArgumentError(f"rows must be 1 or more, got {rows}")
    known = facts(registry)
    drawn = random.Random(seed).sample(range(known.height), k=min(rows, known.height))  # noqa: S311  # a draw, no secret
    return known[sorted(drawn)]


def _evidence(evidence: Evidence | None) -> tuple[str | None, str | None, dt.date | None, str | None, str | None]:
    if evidence is None:
        return None, None, None, None, None
    return evidence.shows, evidence.url, evidence.reviewed_on, evidence.confidence, evidence.note


def card(registry: Registry | None = None, *, today: dt.date | str | None = None) -> str:
    """Describe the registry: how much it holds, of what kind and where, from which evidence, how old.

    Args:
        registry: The registry; by default the bundled one.
        today: The day for kinds and ages, as a date or ISO text; by default today.

    Returns:
        Markdown.

    Raises:
        InvalidArgumentError: ``today`` names no day.
    """
    used = registry or Registry.default()
    day = day_or_today(today, what="today")
    seats = [(one, place) for one in used.organizations.values() for place in one.affiliations if place.basis == "seat"]
    known = [place.evidence for _, place in seats if place.evidence is not None]
    countries = {str(place.country) for _, place in seats if isinstance(place.country, Country)}
    dated = sum(place.start is not None or place.end is not None for _, place in seats)
    lines = [
        f"Registry `{used.version}`: {len(used.namespaces)} namespaces of {len(used.organizations)} organizations with "
        f"{len(seats)} seats in {len(countries)} countries; {sum(item.url is not None for item in known)} seats cite a page, "
        f"{dated} have a start or an end, {len(disputed_organizations(used))} are disputed and have an alternative.",
        "",
        _table("kind of organization", Counter(str(get_kind(used, name, on=day)) for name in used.organizations)),
        _by_country(used, seats, day),
        _table("evidence of a seat", Counter(item.shows for item in known)),
        _table("confidence", Counter(item.confidence for item in known)),
        _table("age of the review", Counter(_age((day - item.reviewed_on).days) for item in known if item.reviewed_on)),
    ]
    return "\n".join(lines)


def _age(days: int) -> str:
    return next((f"within {within} days" for within in _AGES if days <= within), "older")


def _by_country(used: Registry, seats: Sequence[tuple[Organization, Affiliation]], day: dt.date) -> str:
    """Rows for each country or status: seats, how many cite a page, and of what kind their organizations are; no persons."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0] * (2 + len(_COLUMNS)))
    for one, place in seats:
        if place.country is OriginStatus.INDIVIDUAL:
            continue
        row = rows[str(place.country)]
        row[0] += 1
        row[1] += place.evidence is not None and place.evidence.url is not None
        kind = get_kind(used, one.id, on=day)
        row[2 + next(at for at, kinds in enumerate(_COLUMNS.values()) if kind in kinds)] += 1
    head = ["seat in", "seats", "with a page", *_COLUMNS]
    order = sorted(rows.items(), key=lambda item: (-item[1][0], item[0]))
    lines = [f"| {name} | {' | '.join(str(count or '') for count in counts)} |" for name, counts in order]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""])


def _table(title: str, counts: Counter[str]) -> str:
    rows = [f"| {name} | {count} |" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return "\n".join([f"| {title} | rows |", "|---|---|", *rows, ""])


def _lines(organization: Organization, *, on: dt.date | None) -> list[str]:
    lines = [f"  homepage: {organization.homepage}"] if organization.homepage else []
    lines += [f"  founded: {organization.founded}"] if organization.founded else []
    for place in organization.affiliations:
        if on is not None and not place.holds(on):
            continue
        part = f" x {place.weight:g}" if place.weight < 1 else ""
        lines.append(f"  {place.basis}: {place.country}{part}{_span(place.start, place.end)}{_why(place.evidence)}")
    for owner in organization.parents:
        if on is not None and not owner.holds(on):
            continue
        read = f" [{owner.url}]" if owner.url else ""
        lines.append(f"  owner: {owner.parent}{_span(owner.start, owner.end)}{read}")
    return lines


def _span(start: dt.date | None, end: dt.date | None) -> str:
    opened = f" from {start}" if start not in (None, BEGINNING) else ""
    return opened + (f" until {end}" if end not in (None, END) else "")


def _why(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    return f" [{evidence}]" + (f" {evidence.note}" if evidence.note else "")
