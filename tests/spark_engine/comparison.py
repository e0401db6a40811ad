"""Comparison of tables that were measured on two engines."""

from __future__ import annotations

import pytest

import ossgeo


def close(one: ossgeo.ShareTable, other: ossgeo.ShareTable) -> None:
    keys = ["period", *one.keys]
    left, right = one.to_polars().sort(keys), other.to_polars().sort(keys)
    assert left.select(keys).equals(right.select(keys))
    for column in ("value", "share"):
        assert left[column].is_null().equals(right[column].is_null())
        assert left[column].drop_nulls().to_list() == pytest.approx(right[column].drop_nulls().to_list(), rel=1e-9)
    assert one.adjustments.keys() == other.adjustments.keys()
