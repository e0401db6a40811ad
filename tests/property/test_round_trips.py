"""What is written is read again, whatever the text and the figures."""

from __future__ import annotations

import datetime as dt
import pickle
import tempfile
from pathlib import Path

import attrs
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import ossgeo
from tests.worlds import registry, two_dates

PLAIN = ossgeo.measure(two_dates(), registry=registry(), by="model")
groups = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), min_size=1, max_size=30)
figures = st.floats(0, 1e15)


@given(
    st.dictionaries(groups, st.tuples(figures, st.one_of(st.none(), st.floats(0, 1))), max_size=8),
    st.sampled_from(["csv", "json", "parquet"]),
)
def test_tables(content: dict[str, tuple[float, float | None]], kind: str) -> None:
    schema = {"period": pl.Date, "model": pl.String, "value": pl.Float64, "share": pl.Float64}
    rows = [(dt.date(2025, 1, 31), group, *pair) for group, pair in content.items()]
    table = attrs.evolve(PLAIN, frame=pl.DataFrame(rows, schema=schema, orient="row"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"t.{kind}"
        getattr(table, f"write_{kind}")(file)
        assert ossgeo.ShareTable.read(file) == table


def test_values_pickle() -> None:
    for value in (
        *two_dates().check(),
        ossgeo.Country("CN"),
        ossgeo.GroupScheme.named("eu"),
        ossgeo.Registry.default(),
        PLAIN.coverage,
    ):
        assert pickle.loads(pickle.dumps(value)) == value
