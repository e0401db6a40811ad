"""License drift: pairs of models and ancestors, and the calculator that counts models with a conflict."""

from __future__ import annotations

import datetime as dt

import polars as pl

import ossgeo
from ossgeo import Registry
from ossgeo.shares import LicenseDrift

TABLE = pl.DataFrame(
    {
        "model_id": ["Own/free", "Own/deep", "Own/same", "Own/undeclared", "meta/base", "Own/facts"],
        "base_models": [[("finetune", "meta/base")], [("quantized", "Own/free")], [("merge", "meta/base")],
                        [("finetune", "meta/base")], [], []],
        "license": ["apache-2.0", "mit", "llama3.1", None, "llama3.1", "mit"],
        "created_at": [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3, 4, 5, 6)],
    },
    schema_overrides={"base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))},
)  # fmt: skip


def test_conflicts_along_the_lineage() -> None:
    registry = Registry.from_rows(lineage=[{"model": "Own/facts", "base": "meta/base"}])
    found = ossgeo.license_drift(TABLE, registry=registry)
    rows = {(row["model_id"], row["ancestor"]): row for row in found.iter_rows(named=True)}
    assert {pair for pair, row in rows.items() if row["conflict"]} == {
        ("Own/free", "meta/base"), ("Own/deep", "meta/base"), ("Own/facts", "meta/base"),
    }  # fmt: skip
    deep = rows["Own/deep", "meta/base"]
    assert (deep["distance"], deep["relation"], deep["openness"], deep["ancestor_openness"]) == (
        2, "quantized", "open-source", "restricted",
    )  # fmt: skip
    declared = ossgeo.license_drift(TABLE, registry=registry, evidence="declared")
    assert "Own/facts" not in set(declared["model_id"])
    assert not ossgeo.license_drift(TABLE.drop("license"), registry=registry)["conflict"].any()


def test_the_calculator_counts_them_by_country_and_relation() -> None:
    registry = Registry.from_rows(
        organizations=[{"organization": "own"}, {"organization": "meta"}],
        namespaces=[{"namespace": "Own", "organization": "own"}, {"namespace": "meta", "organization": "meta"}],
        affiliations=[{"organization": "own", "country": "JP"}, {"organization": "meta", "country": "US"}],
    )
    rows = pl.DataFrame({"model_id": TABLE["model_id"], "date": [dt.date(2026, 2, 1)] * 6, "downloads_30d": [1] * 6})
    panel = ossgeo.read_panel(rows, models=TABLE)
    for name in ("license-drift", "licence-drift"):
        table = ossgeo.measure(panel, calculator=name, by=("country", "relation"), registry=registry, every="1y")
        found = {tuple(row[:2]): row[2] for row in table.to_polars().select("country", "relation", "value").iter_rows()}
        assert found == {("JP", "finetune"): 1, ("JP", "quantized"): 1}
        assert table.method.calculator == "license-drift"
    amended = Registry.from_rows(lineage=[{"model": "Own/facts", "base": "meta/base"}], base=registry)
    for calculator, expected in (("license-drift", 3), (LicenseDrift(evidence="declared"), 2),
                                 (LicenseDrift(registry=registry), 2)):  # fmt: skip
        table = ossgeo.measure(panel, calculator=calculator, registry=amended, every="1y")
        assert table.to_polars()["value"].sum() == expected
    whose = ossgeo.measure(panel, calculator="license-drift", attribution="root", registry=registry, every="1y")
    assert whose.to_polars().select("country", "value").rows() == [("US", 2)]
