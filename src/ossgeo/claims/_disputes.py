"""Disputes: quantities with several published values, and the choices in which these differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

import attrs
import polars as pl

from ossgeo._core.tabular import Listing, Tabular
from ossgeo._core.text import Format, text_table
from ossgeo.claims._evaluation import Evaluation, evaluate
from ossgeo.claims._facts import Claim, Population, claims_of, table
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry

_FORMATS: Final[Mapping[str, Format]] = {
    "claim": "text",
    "value": "text",
    "start": "text",
    "end": "text",
    "scope": "text",
}


@attrs.frozen
class Dispute(Tabular):
    """One quantity with several published values.

    Attributes:
        quantity: The quantity.
        claims: The claims about it, in the order of their periods.
    """

    quantity: str
    claims: tuple[Claim, ...]

    @property
    def differences(self) -> dict[str, tuple[str, ...]]:
        """The choices in which the claims differ, each with its values. A difference of the figures needs one of these."""
        values = {
            "period": [f"{one.start} to {one.end}" for one in self.claims],
            "population": [one.population.value for one in self.claims],
            "scope": [one.scope for one in self.claims],
            "counts": [one.counts for one in self.claims],
            **{
                name: [str(one.choices.get(name, "none")) for one in self.claims]
                for name in ("calculator", "attribution", "denominator", "age_cap", "where")
            },
        }
        return {name: tuple(dict.fromkeys(found)) for name, found in values.items() if len(set(found)) > 1}

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each claim, with the columns of :func:`ossgeo.claims.table`."""
        return table(self.claims).sort("end", "start", "claim")

    def evaluate(
        self, panel: Panel, *, population: Population | str | None = None, registry: Registry | None = None
    ) -> Listing[Evaluation]:
        """Compare all claims of the dispute with one panel, so that only their choices separate the figures.

        Args:
            panel: The panel.
            population: As for :func:`ossgeo.claims.evaluate`.
            registry: The registry; by default the bundled one.

        Returns:
            One evaluation for each claim, in the order of :attr:`claims`.
        """
        return Listing(evaluate(panel, claim, population=population, registry=registry) for claim in self.claims)

    def _shown(self) -> dict[str, str]:
        """Return the columns of a list of disputes."""
        figures = dict.fromkeys(one.figure() for one in self.claims)
        return {"quantity": self.quantity, "figures": ", ".join(figures), "differ in": ", ".join(self.differences),
                "claims": ", ".join(one.id for one in self.claims)}  # fmt: skip

    def __str__(self) -> str:
        """Return the published values, and the choices in which they differ."""
        rows, claims = self.to_polars(), {one.id: one for one in self.claims}
        shown = [claims[name].figure() for name in rows["claim"]]
        body = text_table(rows.with_columns(value=pl.Series(shown, dtype=pl.String)), _FORMATS)
        return f"{self.quantity}: the claims differ in {', '.join(self.differences)}\n{body}"


def disputes(claims: Iterable[Claim] | None = None) -> Listing[Dispute]:
    """Return the quantities for which claims give different values, or one value for different scopes.

    Args:
        claims: The claims, such as ``[*load(), *read("ours.csv")]``; by default the bundled ones.

    Returns:
        One dispute for each such quantity, by name.

    Example:
        >>> found = {one.quantity: one for one in disputes()}["China's share of downloads, year"]
        >>> sorted(found.differences)
        ['age_cap', 'denominator', 'period', 'scope']
    """
    found = sorted(claims_of(claims), key=lambda claim: (claim.quantity, claim.end, claim.start, claim.id))
    groups = [Dispute(quantity, tuple(claims)) for quantity, claims in groupby(found, key=lambda claim: claim.quantity)]
    return Listing(one for one in groups if len({(claim.value, claim.counts, claim.scope) for claim in one.claims}) > 1)
