"""Places of names in a table."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ossgeo._core.places import among, places_in

NAMES = st.lists(st.text("abc", max_size=2), unique=True)


@given(NAMES, st.lists(st.text("abc", max_size=2)))
def test_names_have_the_place_of_their_row(table: list[str], names: list[str]) -> None:
    numbers = {name: place for place, name in enumerate(table)}
    for some in (names, table, table[:3], table[::-1]):
        found = places_in(pl.Series(table, dtype=pl.String), pl.Series(some, dtype=pl.String))
        assert found.dtype == pl.UInt32
        assert found.to_list() == [numbers.get(name) for name in some]


def test_places_are_marked() -> None:
    assert among(pl.Series([2, 0, 2], dtype=pl.UInt32), 4).to_list() == [True, False, True, False]
    assert among(pl.Series([], dtype=pl.UInt32), 2).to_list() == [False, False]


@pytest.mark.parametrize("hashes", ["own", "equal"])
def test_places_do_not_depend_on_hashes(monkeypatch: pytest.MonkeyPatch, hashes: str) -> None:
    if hashes == "equal":
        monkeypatch.setattr(pl.Series, "hash", lambda self: pl.Series([7] * len(self), dtype=pl.UInt64))
    ids = pl.Series(["Qwen/a", "who/z", "google/b", "Qwen/a"])
    assert places_in(pl.Series(["google/b", "Qwen/a"]), ids).to_list() == [1, None, 0, 1]
    assert places_in(pl.Series([], dtype=pl.String), ids).to_list() == [None] * 4
    assert places_in(pl.Series(["google/b"]), pl.Series(["who/z", None])).to_list() == [None, None]
