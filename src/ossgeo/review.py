"""Reviewing the registry: what is missing, what a change does, and what stands in it."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import attrs
import polars as pl

from ossgeo.countries import Standing
from ossgeo.organizations import Evidence, Organization
from ossgeo.panel import Panel
from ossgeo.registry import Registry
from ossgeo.shares.measure import measure

_SHOWN = 40
_YEAR = 365
_LEAST = 0.005


@attrs.frozen(eq=False)
class Gaps:
    """The namespaces that nobody has reviewed.

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
    """List the namespaces of a panel that nobody has reviewed, by the downloads at stake.

    Args:
        panel: The panel.
        registry: The registry; the bundled one where absent.

    Example:
        >>> import ossgeo
        >>> found = gaps(ossgeo.load_sample("labs-2025"))
        >>> found.frame.height, found.coverage["reviewed"].min()
        (0, 1.0)
    """
    table = measure(panel, by=("country", "namespace"), registry=registry)
    rows = table.to_polars().filter(pl.col("country") == Standing.UNREVIEWED.value)
    largest = rows.sort("value", "period", descending=[True, False]).unique(
        "namespace", keep="first", maintain_order=True
    )
    covered = table.coverage.to_polars()

    def part(word: str) -> pl.Expr:
        return pl.col("share").filter(pl.col("standing") == word).sum()

    coverage = covered.group_by("period", maintain_order=True).agg(
        reviewed=1 - part(Standing.UNREVIEWED.value), unreviewed=part(Standing.UNREVIEWED.value),
        unknown=part(Standing.UNKNOWN.value),
    )  # fmt: skip
    return Gaps(largest.select("namespace", "value", "share", "period"), coverage, table.method.unit)


def impact(new: Registry, panel: Panel, *, old: Registry | None = None) -> str:
    """Show what another registry does to the shares of a panel's last period.

    Args:
        new: The changed registry.
        panel: The panel.
        old: What it is compared with; the bundled one where absent.

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
    """Say what each disputed seat does to the shares of a panel's last period, if its alternative counts.

    Args:
        panel: The panel.
        registry: The registry; the bundled one where absent.

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
    base = measure(panel, registry=used)
    frames = []
    for name in used.alternatives:
        other = measure(panel, registry=used.with_alternatives(name))
        both = base.compare(other, allow=("registry",)).filter(period=base.periods[-1])
        shares = both.select(
            "country", pl.col("share").fill_null(0.0), alternative=pl.col("share_other").fill_null(0.0)
        )
        moved = shares.with_columns(effect=pl.col("alternative") - pl.col("share")).filter(pl.col("effect") != 0)
        frames.append(moved.select(pl.lit(name).alias("organization"), "country", "share", "alternative", "effect"))
    schema = {
        "organization": pl.String,
        "country": pl.String,
        **dict.fromkeys(("share", "alternative", "effect"), pl.Float64),
    }
    found = pl.concat([pl.DataFrame(schema=schema), *frames])
    return found.sort(pl.col("effect").abs(), "organization", "country", descending=[True, False, False])


def show(namespace: str, *, on: dt.date | None = None, registry: Registry | None = None) -> str:
    """Show what the registry says of a namespace: its history, seats, owners, roles and evidence.

    Args:
        namespace: The handle.
        on: The day for owners and roles; today where absent.
        registry: The registry; the bundled one where absent.

    Raises:
        UnknownOrganizationError: Nobody is known to stand behind it; with near names.

    Example:
        >>> print(show("Qwen", on=dt.date(2026, 1, 1)).splitlines()[0])
        Qwen is qwen (Qwen, company)
    """
    used = registry or Registry.default()
    day = on or dt.date.today()  # noqa: DTZ011  # a calendar day where the user is
    if namespace not in used.namespaces:
        used.get(namespace, on=day)
    lines = []
    for span in used.namespaces[namespace]:
        organization = used.organization(span.value)
        lines.append(f"{namespace} is {organization.id} ({organization.name}, {organization.kind})")
        lines += _lines(organization)
    lines += [f"  role: {role}" for role in sorted(used.roles(namespace, on=day))]
    return "\n".join(lines)


def card(registry: Registry | None = None, *, today: dt.date | None = None) -> str:
    """Describe the registry: how much it holds, of what kind, from which evidence, how old.

    Args:
        registry: The registry; the bundled one where absent.
        today: From when on ages are counted; today where absent.

    Returns:
        Markdown.
    """
    used = registry or Registry.default()
    day = today or dt.date.today()  # noqa: DTZ011  # a calendar day where the user is
    organizations = used.organizations.values()
    seats = [place for one in organizations for place in one.affiliations if place.basis == "seat"]
    known = [place.evidence for place in seats if place.evidence is not None]
    reviewed = [(day - item.reviewed_on).days for item in known if item.reviewed_on is not None]
    countries = {str(place.country) for place in seats if len(str(place.country)) == 2}  # noqa: PLR2004  # alpha-2
    lines = [
        f"Registry `{used.version}`: {len(used.namespaces)} namespaces of {len(used.organizations)} organizations with "
        f"{len(seats)} seats in {len(countries)} countries; {sum(item.url is not None for item in known)} seats cite a page.",
        "",
        _table("kind of organization", Counter(str(one.kind) for one in organizations)),
        _table("seat in", Counter(str(place.country) for place in seats)),
        _table("evidence", Counter(item.shows for item in known)),
        _table("confidence", Counter(item.confidence for item in known)),
        _table("age of the review", Counter("within a year" if age <= _YEAR else "older" for age in reviewed)),
    ]
    return "\n".join(lines)


def _table(title: str, counts: Counter[str]) -> str:
    rows = [f"| {name} | {count} |" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return "\n".join([f"| {title} | rows |", "|---|---|", *rows, ""])


def _lines(organization: Organization) -> list[str]:
    lines = [f"  homepage: {organization.homepage}"] if organization.homepage else []
    for place in organization.affiliations:
        part = f" x {place.weight:g}" if place.weight < 1 else ""
        lines.append(f"  {place.basis}: {place.country}{part}{_span(place.start, place.end)}{_why(place.evidence)}")
    lines += [f"  owner: {owner.parent}{_span(owner.start, owner.end)}" for owner in organization.parents]
    return lines


def _span(start: dt.date | None, end: dt.date | None) -> str:
    return (f" from {start}" if start else "") + (f" until {end}" if end else "")


def _why(evidence: Evidence | None) -> str:
    if evidence is None:
        return ""
    return f" [{evidence}]" + (f" {evidence.note}" if evidence.note else "")
