"""Panels of the Hub's real shape, one file a week: ossgeo against two programs written by hand."""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo.registry import Registry, namespace_seats
from tests.benchmarks.processes import megabytes, report, run

KNOWN = ("Qwen", "google", "meta-llama", "deepseek-ai", "mistralai", "openai", "microsoft", "sentence-transformers",
         "google-bert", "openai-community", "BAAI", "stabilityai")  # fmt: skip
RUNS = 3


def write_weeks(folder: Path, *, models: int, weeks: int) -> None:
    """Write one Parquet file a week, and a models table.

    Args:
        folder: Receives ``panel/`` and ``models.parquet``.
        models: How many; a fifth as many namespaces, the 12 best known ones first.
        weeks: How many.
    """
    (folder / "panel").mkdir(parents=True)
    number = pl.int_range(models, eager=True)
    names = pl.Series([*KNOWN, *(f"user-{place:06d}" for place in range(max(models // 5 - len(KNOWN), 1)))])
    owners = names.gather((number * 7919) % len(names))
    ids = pl.DataFrame({"owner": owners, "number": number}).select(
        model_id=pl.col("owner") + "/model-" + pl.col("number").cast(pl.String).str.zfill(7)
    )
    ids.write_parquet(folder / "models.parquet")
    base = (1e9 / (number.cast(pl.Float64) + 1) / 15).round()
    for week in range(weeks):
        day = dt.date(2020, 6, 1) + dt.timedelta(weeks=week)
        count = (base * (0.5 + ((number * 31 + week * 17) % 100) / 100)).cast(pl.Int64)
        table = ids.with_columns(observed_at=pl.lit(day), downloads_30d=count)
        table.write_parquet(folder / "panel" / f"{day}.parquet")


def _countries() -> pl.DataFrame:
    """Return the country of each namespace today, as somebody would keep it in a table."""
    day = dt.date(2024, 1, 1)
    seats = namespace_seats(Registry.default())
    held = seats.filter((pl.col("start") <= day) & (pl.col("end") > day))
    return held.group_by("namespace").agg(pl.col("country").first())


def _shares(rows: pl.LazyFrame) -> float:
    sums = rows.group_by("observed_at", "country").agg(pl.col("downloads_30d").sum()).collect(engine="streaming")
    last = sums.filter(pl.col("observed_at") == pl.col("observed_at").max())
    china = last.filter(pl.col("country") == "CN")
    return float(china["downloads_30d"].sum()) / float(last["downloads_30d"].sum())


def models_by_hand(folder: str) -> float:
    """Lazy Polars that joins a models table by text id."""
    owner = pl.col("model_id").str.extract(r"^([^/]*)")
    models = pl.read_parquet(f"{folder}/models.parquet").with_columns(namespace=owner)
    owned = models.join(_countries(), on="namespace", how="left").select("model_id", "country")
    return _shares(pl.scan_parquet(f"{folder}/panel/*.parquet").join(owned.lazy(), on="model_id"))


def namespaces_by_hand(folder: str) -> float:
    """Lazy Polars that joins the registry's namespaces to the part of the id before the slash."""
    owner = pl.col("model_id").str.split_exact("/", 1).struct.field("field_0")
    rows = pl.scan_parquet(f"{folder}/panel/*.parquet").with_columns(namespace=owner)
    return _shares(rows.join(_countries().lazy(), on="namespace", how="left"))


def ossgeo(folder: str) -> float:
    """ossgeo from the files to the table, with every check of the rows, and no models table."""
    import ossgeo

    share = ossgeo.measure(ossgeo.read_panel(f"{folder}/panel"), as_of="2024-01-01").at()["CN"]
    assert share is not None
    return share


WORK = {
    "Polars by hand, models table": models_by_hand,
    "Polars by hand, namespaces": namespaces_by_hand,
    "ossgeo": ossgeo,
}


def main(models: int, weeks: int) -> None:
    """Print time, CPU time and memory of each program; ratios to the first.

    Args:
        models: How many; 3,700,000 is the Hub's size.
        weeks: How many; 270 weeks of the Hub's size are 10^9 rows and about 5 GB on disk.
    """
    print("\n| rows | who | time | ratio | CPU time | ratio | peak memory |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        write_weeks(Path(folder) / "hub", models=models, weeks=weeks)
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in WORK}
        for _ in range(RUNS):  # in turn, so that all see the same machine
            for name, results in found.items():
                results.append(run(__name__, name, f"{folder}/hub"))
    figures = {round(result["figure"], 9) for results in found.values() for result in results}
    assert len(figures) == 1, f"they do not agree: {figures}"
    middle = {
        name: [statistics.median(result[unit] for result in results) for unit in ("seconds", "cpu")]
        for name, results in found.items()
    }
    base = middle["Polars by hand, models table"]
    for name, (seconds, cpu) in middle.items():
        peak = max(result["megabytes"] for result in found[name])
        print(f"| {models * weeks / 1e6:.1f} M | {name} | {seconds:.2f} s | {seconds / base[0]:.2f} | "
              f"{cpu:.2f} s | {cpu / base[1]:.2f} | {peak:.0f} MB |", flush=True)  # fmt: skip


if __name__ == "__main__":
    namespace_seats(Registry.default())
    begin, used = time.perf_counter(), time.process_time()
    share_of_china = WORK[sys.argv[1]](sys.argv[2])
    report(
        seconds=time.perf_counter() - begin,
        cpu=time.process_time() - used,
        megabytes=megabytes(),
        figure=share_of_china,
    )
