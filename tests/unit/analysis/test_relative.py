"""Values relative to a second table by country."""

from __future__ import annotations

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError, UnknownCountryError

TABLE = ossgeo.measure(ossgeo.load_sample("labs-2025"))
PEOPLE = pl.DataFrame({"country": ["CHN", "United States", "DE", "FR"], "population": [1400.0, 340.0, 84.0, 68.0]})


def test_ratios_and_quotients_by_hand() -> None:
    found = ossgeo.analysis.relative_to(TABLE, PEOPLE, column="population", source="UN, 2024, in millions")
    rows = {row["country"]: row for row in found.frame.iter_rows(named=True)}
    shares = TABLE.at()
    values = dict(TABLE.filter(period=TABLE.latest).to_polars().select("country", "value").iter_rows())
    for code, people in (("CN", 1400.0), ("US", 340.0), ("DE", 84.0)):
        assert rows[code]["ratio"] == pytest.approx(values[code] / people)
        assert rows[code]["quotient"] == pytest.approx((shares[code] or 0) / (people / 1892))
    assert found.missing["country"].to_list() == ["AE", "GB"]
    assert found.sentence().startswith("Germany has the largest ratio of downloads to population on 7 September 2025")
    assert "UN, 2024" in found.sentence()
    assert "quotient" in str(found)


def test_what_does_not_fit() -> None:
    def relative(base: pl.DataFrame, column: str = "population", source: str = "UN, 2024") -> None:
        ossgeo.analysis.relative_to(TABLE, base, column=column, source=source)

    with pytest.raises(InvalidArgumentError, match="source must name"):
        relative(PEOPLE, source=" ")
    with pytest.raises(InvalidArgumentError, match="got no gdp"):
        relative(PEOPLE, column="gdp")
    with pytest.raises(InvalidArgumentError, match="two for CN"):
        relative(pl.concat([PEOPLE, PEOPLE.head(1)]))
    with pytest.raises(InvalidArgumentError, match="must be positive, got 0"):
        relative(pl.DataFrame({"country": ["CN"], "population": [0]}))
    with pytest.raises(UnknownCountryError):
        relative(pl.DataFrame({"country": ["Atlantis"], "population": [5]}))
    by_kind = ossgeo.measure(ossgeo.load_sample("labs-2025"), by="kind")
    with pytest.raises(InvalidArgumentError, match="must be by country, got kind"):
        ossgeo.analysis.relative_to(by_kind, PEOPLE, column="population", source="UN, 2024")
