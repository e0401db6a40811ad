"""What is unreviewed in a panel, and the effect of changes of the registry on shares."""

from __future__ import annotations

import warnings
from typing import Final

import attrs
import polars as pl

from ossgeo._core.tabular import Tabular
from ossgeo._core.text import markdown_table
from ossgeo.errors import LowCoverageWarning
from ossgeo.panel._panel import Panel
from ossgeo.registry._alternatives import disputed_organizations, with_alternatives
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry
from ossgeo.shares._measure import measure

_SHOWN: Final = 40
_LEAST: Final = 0.005


@attrs.frozen(eq=False)
class Gaps(Tabular):
    """Unreviewed namespaces.

    Attributes:
        frame: One row for each, the most downloads at stake first: namespace, value (its largest in any period), share (of
            that period's total), period, model (its largest model in that period).
        coverage: One row for each period: period, reviewed, unreviewed, unknown (parts of the total, in [0, 1]).
        unit: The unit of value.
    """

    frame: pl.DataFrame
    coverage: pl.DataFrame
    unit: str

    def to_polars(self) -> pl.DataFrame:
        """Return the rows: namespace, value, share, period, model."""
        return self.frame

    def __str__(self) -> str:
        """Return the worst period and the namespaces with most at stake."""
        worst = self.coverage.sort("reviewed", "period").row(0, named=True)
        lines = [
            f"{self.frame.height} namespaces are unreviewed; at worst ({worst['period']}) {worst['reviewed']:.2%} of the "
            f"{self.unit} are reviewed, {worst['unknown']:.2%} unknown"
        ]
        lines += [
            f"{value:>15,.0f}  {share:7.3%}  {name}  ({model})"
            for name, value, share, _, model in self.frame.head(_SHOWN).iter_rows()
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
    named = largest.join(
        _largest_models(panel, largest["namespace"].to_list(), registry), on=("namespace", "period"), how="left"
    )
    return Gaps(named.select("namespace", "value", "share", "period", "model"), coverage, table.method.unit)


def _largest_models(panel: Panel, namespaces: list[str], registry: Registry | None) -> pl.DataFrame:
    """Return the largest model of each namespace and period: namespace, period, model."""
    if not namespaces:
        return pl.DataFrame(schema={"namespace": pl.String, "period": pl.Date, "model": pl.String})
    with warnings.catch_warnings():  # that these are unreviewed is the point
        warnings.simplefilter("ignore", LowCoverageWarning)
        table = measure(panel, by="model", where={"namespace": namespaces}, registry=registry)
    rows = table.to_polars().select("period", "value", "model", namespace=pl.col("model").str.split("/").list.first())
    return (
        rows.sort("value", "model", descending=[True, False])
        .unique(("namespace", "period"), keep="first")
        .drop("value")
    )


def impact(new: Registry, panel: Panel, *, old: Registry | None = None) -> str:
    """Show what another registry does to the shares of a panel's last period.

    Args:
        new: The changed registry.
        panel: The panel.
        old: The registry to compare with; by default the bundled one.

    Returns:
        Markdown to paste into a pull request: every group whose share moves by 0.005 points or more, and every namespace that
        becomes reviewed, with its count.

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
    cells = [(group, f"{was:.2f}", f"{now:.2f}", f"{now - was:+.2f}") for group, was, now in moved]
    table = markdown_table(("share, %", "before", "after", "change"), cells)
    shares = table if moved else [f"No share moves by {_LEAST} points."]
    return "\n".join([*shares, *_newly_reviewed(new, panel, old)])


def _newly_reviewed(new: Registry, panel: Panel, old: Registry | None) -> list[str]:
    """Return lines on the namespaces that are unreviewed in the old registry only."""
    was, now = gaps(panel, registry=old), gaps(panel, registry=new)
    done = was.frame.join(now.frame, on="namespace", how="anti")
    if not done.height:
        return []
    cells = [(name, f"{value:,.0f}", str(model)) for name, value, _, _, model in done.head(_SHOWN).iter_rows()]
    more = [f"and {done.height - _SHOWN} more"] if done.height > _SHOWN else []
    head = f"{done.height} namespaces with {done['value'].sum():,.0f} {was.unit} become reviewed:"
    return ["", head, "", *markdown_table(("namespace", was.unit, "largest model"), cells), *more]


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
