"""Values of countries relative to a second table by country, such as population or gross domestic product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import attrs
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core import engines
from ossgeo._core.display import Result
from ossgeo._core.text import Format, percent, plain
from ossgeo.errors import InvalidArgumentError
from ossgeo.registry._countries import Country
from ossgeo.shares._grouping import RULES, STATUSES
from ossgeo.shares._names import capitalized, day_text, sentence_label
from ossgeo.shares._table import ShareTable, require_table

_KEYS: Final = ("country", *RULES)


@attrs.frozen(eq=False)
class Relative(Result):
    """Values of countries relative to a second table.

    Attributes:
        frame: One row for each country that is in both tables, the largest ratio first: period, country, value, share, base
            (of the second table), ratio (value for each unit of the base), quotient (share over the country's part of the
            base of all countries in the second table: 1 is proportional).
        method: How the shares were made.
        column: The column of the second table.
        source: The source of the second table, with its year.
        missing: The countries of the share table that the second table does not have, with their share: country, share.
    """

    column: str
    source: str
    missing: pl.DataFrame

    def sentence(self) -> str:
        """Return the country with the largest ratio, and the part of the total that the second table does not cover."""
        absent = float(self.missing["share"].sum() or 0.0)
        left = f" Without countries that the second table lacks ({percent(absent)})." if self.missing.height else ""
        if not self.frame.height:
            return f"No country is in both tables.{left}"
        first = self.frame.row(0, named=True)
        name = capitalized(sentence_label(self.method, first["country"], "country"))
        return (
            f"{name} has the largest ratio of {self.method.unit} to {plain(self.column)} on {day_text(first['period'])}: "
            f"{first['quotient']:.1f} times its part of the {plain(self.column)} ({plain(self.source, 200)}).{left}"
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        return self.frame, {
            "country": "text",
            "value": "count",
            "share": "share",
            "base": "count",
            "ratio": "number",
            "quotient": "number",
        }


def relative_to(table: ShareTable, base: IntoFrame, *, column: str, source: str) -> Relative:
    """Divide the values of countries by a second table, as in downloads per head or per unit of gross domestic product.

    Args:
        table: A table by country; its latest complete period is taken.
        base: A dataframe with one row for each country: ``country`` (any code or name) and the column.
        column: The column to divide by, such as ``population``; positive numbers, null if unknown.
        source: The source of the second table, with its year; it is stated with the result.

    Returns:
        Values, shares, ratios and quotients; countries that the second table lacks are in ``missing``.

    Raises:
        InvalidArgumentError: The table is not by country, the columns do not exist, a country occurs twice, or a number is
            not positive.
        UnknownCountryError: A cell names no country.
        EngineError: ``base`` is not a dataframe.

    Source: the quotient is the location quotient of P. Florence, "Investment, location, and size of plant" (1948).

    Example:
        >>> import ossgeo, polars as pl
        >>> people = pl.DataFrame({"country": ["China", "US", "Germany"], "population": [1_409e6, 340e6, 84e6]})
        >>> found = relative_to(ossgeo.measure(ossgeo.load_sample()), people, column="population", source="UN, 2024")
        >>> found.frame["country"].to_list(), found.missing["country"].to_list()
        (['DE', 'US', 'CN'], ['AE', 'GB'])
    """
    require_table(table, whole=True)
    (key, *more) = table.keys
    if key not in _KEYS or more:
        raise InvalidArgumentError(f"table must be by country, got {', '.join(table.keys)}; measure by='country'")
    if not isinstance(source, str) or not source.strip():
        raise InvalidArgumentError(
            "source must name the second table and its year, got none; for example source='UN, 2024'"
        )
    bases = _bases(base, column)
    rows = table.filter(period=table.latest).to_polars().filter(~pl.col(key).is_in(STATUSES)).drop_nulls("value")
    named = rows.select("period", pl.col(key).alias("country"), "value", "share").filter(pl.col("value") > 0)
    both = named.join(bases, on="country")
    part = pl.col("base") / float(bases["base"].sum())
    found = both.with_columns(ratio=pl.col("value") / pl.col("base"), quotient=pl.col("share") / part)
    missing = named.join(bases, on="country", how="anti").select("country", "share")
    return Relative(
        found.sort("ratio", "country", descending=[True, False]), table.method, column, source,
        missing.sort("share", "country", descending=[True, False]),
    )  # fmt: skip


def _bases(base: IntoFrame, column: str) -> pl.DataFrame:
    """Return country (alpha-2) and base of the second table."""
    frame = engines.collect(engines.lazy(base))
    if absent := [name for name in ("country", column) if name not in frame.columns]:
        raise InvalidArgumentError(f"base must have the columns country and {column}, got no {', '.join(absent)}")
    known = frame.select("country", base=pl.col(column).cast(pl.Float64, strict=False)).drop_nulls()
    codes = [Country.parse(str(cell)).alpha_2 for cell in known["country"]]
    found = known.with_columns(country=pl.Series(codes, dtype=pl.String))
    wrong = found.filter(~(pl.col("base") > 0))
    if wrong.height:
        raise InvalidArgumentError(f"{column} must be positive, got {wrong['base'][0]} for {wrong['country'][0]}")
    twice = found.filter(pl.col("country").is_duplicated())
    if twice.height:
        raise InvalidArgumentError(
            f"base must have one row for each country, got two for {twice['country'][0]}; keep one year"
        )
    return found
