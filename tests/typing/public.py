"""Type-checked, never run: what users write must keep its types."""

from __future__ import annotations

import datetime as dt
from typing import assert_type

import narwhals as nw
import polars as pl

import ossgeo
from ossgeo.attribution import Attribution, AttributionStrategy, Context, resolve


class MyRule:
    name = "my-rule"
    api_version = 1

    def attribute(self, model: ossgeo.Model, *, on: dt.date, context: Context) -> Attribution | None:
        return Attribution.to("FR", rule=self.name)


def use() -> None:
    panel = ossgeo.load_sample("labs-2025")
    assert_type(panel, ossgeo.Panel)
    table = ossgeo.measure(panel, by=("eu", "organization"), attribution=MyRule(), where=nw.col("likes") > 5)
    assert_type(table, ossgeo.ShareTable)
    assert_type(table.at()["CN"], float | None)
    assert_type(table.to_polars(), pl.DataFrame)
    assert_type(ossgeo.Registry.default().find("Qwen"), ossgeo.Organization | None)
    assert_type(resolve(MyRule()), AttributionStrategy)
    ossgeo.measure(panel, counting="half")  # type: ignore[arg-type]
