"""One piece of work in a process of its own: prints seconds, megabytes and a figure that all must agree on."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import polars as pl

from ossgeo import Registry
from ossgeo.registry import namespace_seats
from tests.benchmarks.panels import COUNTRIES, country_of
from tests.benchmarks.processes import megabytes, report

NAMESPACES = 30_000


def _owners() -> pl.DataFrame:
    names = [f"namespace-{number:05d}" for number in range(NAMESPACES)]
    return pl.DataFrame({"namespace": names, "country": [country_of(number) for number in range(NAMESPACES)]})


def _by_hand(path: Path, models: Path | None) -> pl.DataFrame:
    panel = pl.scan_parquet(path)
    ids = pl.scan_parquet(models) if models else panel.select("model_id").unique()
    handle = pl.col("model_id").str.split("/").list.first()
    owned = ids.select("model_id", namespace=handle).join(_owners().lazy(), on="namespace", how="left")
    sums = (
        panel.join(owned.select("model_id", "country"), on="model_id", how="left")
        .group_by("observed_at", "country")
        .agg(pl.col("downloads_30d").sum())
    )
    share = pl.col("downloads_30d") / pl.col("downloads_30d").sum().over("observed_at")
    return sums.with_columns(share=share).collect(engine="streaming")


def polars_by_hand(path: Path, models: Path | None) -> float:
    """The same join and group-by in lazy Polars."""
    table = _by_hand(path, models)
    last = table.filter(pl.col("observed_at") == pl.col("observed_at").max())
    return float(last.filter(pl.col("country") == "CN")["share"][0])


def pandas_by_hand(path: Path, models: Path | None) -> float:
    """What a researcher would write in pandas."""
    import pandas as pd

    del models
    panel = pd.read_parquet(path)
    panel["namespace"] = panel["model_id"].str.split("/", n=1).str[0]
    merged = panel.merge(_owners().to_pandas(), on="namespace", how="left")
    sums = merged.groupby(["observed_at", "country"])["downloads_30d"].sum().unstack()
    shares = sums.div(sums.sum(axis=1), axis=0)
    return float(shares["CN"].iloc[-1])


def measure(path: Path, models: Path | None) -> float:
    """ossgeo, from the file to the table; the registry is loaded before the clock starts."""
    import ossgeo

    panel = ossgeo.read_panel(path, models=models)
    share = ossgeo.measure(panel, registry=REGISTRY[0]).at()["CN"]
    assert share is not None
    return share


REGISTRY: list[Registry] = []
WORK = {"ossgeo": measure, "polars by hand": polars_by_hand, "pandas by hand": pandas_by_hand}


def main() -> None:
    """Run the piece of work that the arguments name."""
    name, path, models = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    if name == "ossgeo":
        import ossgeo

        kinds = [{"organization": f"o{number}"} for number in range(len(COUNTRIES))]
        places = [{"organization": f"o{number}", "country": code} for number, code in enumerate(COUNTRIES)]
        owned = [
            {"namespace": f"namespace-{number:05d}", "organization": f"o{number % len(COUNTRIES)}"}
            for number in range(NAMESPACES)
        ]
        registry = ossgeo.Registry.from_rows(organizations=kinds, namespaces=owned, affiliations=places)
        assert namespace_seats(registry).height == NAMESPACES
        REGISTRY.append(registry)
    start = time.perf_counter()
    figure = WORK[name](path, Path(models[0]) if models else None)
    seconds = time.perf_counter() - start
    report(seconds=seconds, megabytes=megabytes(), figure=figure)


if __name__ == "__main__":
    main()
