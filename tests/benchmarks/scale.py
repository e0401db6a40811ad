"""Panels of the Hub's real shape, one file a week: ossgeo against programs written by hand, with the bars of the Hub's size."""

from __future__ import annotations

import datetime as dt
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo.attribution import Context, ModelTable, credits_of, resolve
from ossgeo.registry import Registry, namespace_seats
from ossgeo.sources import SnapshotStore
from tests.benchmarks.processes import megabytes, report, run

KNOWN = ("Qwen", "google", "meta-llama", "deepseek-ai", "mistralai", "openai", "microsoft", "sentence-transformers",
         "google-bert", "openai-community", "BAAI", "stabilityai")  # fmt: skip
RUNS = 3
DAY = dt.date(2024, 1, 1)
_LINK = pl.Struct({"relation": pl.String, "model_id": pl.String})


def model_ids(models: int) -> pl.DataFrame:
    """Return the ids of models, as the column ``model_id``.

    Args:
        models: How many; a fifth as many namespaces, the 12 best known ones first.
    """
    number = pl.int_range(models, eager=True)
    names = pl.Series([*KNOWN, *(f"user-{place:06d}" for place in range(max(models // 5 - len(KNOWN), 1)))])
    owners = names.gather((number * 7919) % len(names))
    return pl.DataFrame({"owner": owners, "number": number}).select(
        model_id=pl.col("owner") + "/model-" + pl.col("number").cast(pl.String).str.zfill(7)
    )


def write_weeks(folder: Path, *, models: int, weeks: int) -> None:
    """Write one Parquet file a week, and a models table.

    Args:
        folder: Receives ``panel/`` and ``models.parquet``.
        models: How many; see :func:`model_ids`. A third has a base model.
        weeks: How many.
    """
    (folder / "panel").mkdir(parents=True)
    number = pl.int_range(models, eager=True)
    ids = model_ids(models)
    parent = pl.when(pl.col("number") % 3 == 0).then(pl.col("model_id").gather(pl.col("number") // 2))
    link = pl.struct(relation=pl.lit("finetune"), model_id=parent)
    bases = pl.when(parent.is_null()).then(pl.lit([], pl.List(_LINK))).otherwise(pl.concat_list(link.cast(_LINK)))
    ids.with_columns(number=number).with_columns(base_models=bases).drop("number").write_parquet(
        folder / "models.parquet"
    )
    base = (1e9 / (number.cast(pl.Float64) + 1) / 15).round()
    for week in range(weeks):
        day = dt.date(2020, 6, 1) + dt.timedelta(weeks=week)
        count = (base * (0.5 + ((number * 31 + week * 17) % 100) / 100)).cast(pl.Int64)
        table = ids.with_columns(observed_at=pl.lit(day), downloads_30d=count)
        table.write_parquet(folder / "panel" / f"{day}.parquet")


def write_credits(folder: Path) -> None:
    """Write the credits of all models under ``lineage``, as somebody would keep them in a table.

    Args:
        folder: Has ``models.parquet``; receives ``credits.parquet``.
    """
    models = pl.read_parquet(folder / "models.parquet").with_columns(namespace=_OWNER)
    credits = credits_of(resolve("lineage"), models, context=Context(Registry.default(), ModelTable(models), DAY))
    held = credits.filter((pl.col("start") <= DAY) & (pl.col("end") > DAY))
    held.group_by("model_id", "country").agg(pl.col("weight").sum()).write_parquet(folder / "credits.parquet")


def write_store(folder: Path) -> None:
    """Write the weeks into a store of snapshots.

    Args:
        folder: Has ``panel/``; receives ``store/``.
    """
    store = SnapshotStore(folder / "store")
    for file in sorted((folder / "panel").glob("*.parquet")):
        store.add(pl.read_parquet(file).with_columns(pl.col("observed_at").cast(pl.Datetime("us", "UTC"))))


_OWNER = pl.col("model_id").str.extract(r"^([^/]*)")


def _countries() -> pl.DataFrame:
    """Return the country of each namespace today, as somebody would keep it in a table."""
    seats = namespace_seats(Registry.default())
    held = seats.filter((pl.col("start") <= DAY) & (pl.col("end") > DAY))
    return held.group_by("namespace").agg(pl.col("country").first())


def _share(rows: pl.LazyFrame, value: pl.Expr) -> float:
    sums = rows.group_by("observed_at", "country").agg(value=value.sum()).collect(engine="streaming")
    last = sums.filter(pl.col("observed_at") == pl.col("observed_at").max())
    return float(last.filter(pl.col("country") == "CN")["value"].sum()) / float(last["value"].sum())


def models_by_hand(folder: str) -> float:
    """Lazy Polars that joins a models table by text id."""
    models = pl.read_parquet(f"{folder}/models.parquet", columns=["model_id"]).with_columns(namespace=_OWNER)
    owned = models.join(_countries(), on="namespace", how="left").select("model_id", "country")
    return _share(
        pl.scan_parquet(f"{folder}/panel/*.parquet").join(owned.lazy(), on="model_id"), pl.col("downloads_30d")
    )


def namespaces_by_hand(folder: str) -> float:
    """Lazy Polars that joins the registry's namespaces to the part of the id before the slash."""
    owner = pl.col("model_id").str.split_exact("/", 1).struct.field("field_0")
    rows = pl.scan_parquet(f"{folder}/panel/*.parquet").with_columns(namespace=owner)
    return _share(rows.join(_countries().lazy(), on="namespace", how="left"), pl.col("downloads_30d"))


def lineage_by_hand(folder: str) -> float:
    """Lazy Polars that joins credits that somebody else computed."""
    rows = pl.scan_parquet(f"{folder}/panel/*.parquet").join(
        pl.scan_parquet(f"{folder}/credits.parquet"), on="model_id"
    )
    return _share(rows, pl.col("downloads_30d") * pl.col("weight"))


def ossgeo(folder: str) -> float:
    """ossgeo from the files to the table, with every check of the rows, and no models table."""
    import ossgeo

    share = ossgeo.measure(ossgeo.read_panel(f"{folder}/panel"), as_of=DAY).at()["CN"]
    assert share is not None
    return share


def ossgeo_lineage(folder: str) -> float:
    """ossgeo from the files to the table, attribution by lineage included; a models table is given."""
    import ossgeo

    panel = ossgeo.read_panel(f"{folder}/panel", models=f"{folder}/models.parquet")
    share = ossgeo.measure(panel, attribution="lineage", as_of=DAY).at()["CN"]
    assert share is not None
    return share


def ossgeo_store(folder: str) -> float:
    """ossgeo from a store to the table."""
    import ossgeo

    share = ossgeo.measure(SnapshotStore(f"{folder}/store").panel(), as_of=DAY).at()["CN"]
    assert share is not None
    return share


WORK = {
    "Polars by hand, models table": models_by_hand,
    "Polars by hand, namespaces": namespaces_by_hand,
    "ossgeo": ossgeo,
    "ossgeo, store": ossgeo_store,
    "Polars by hand, credits of lineage": lineage_by_hand,
    "ossgeo, lineage": ossgeo_lineage,
}
BARS = (
    ("ossgeo", "Polars by hand, models table", (0.5, 600), (0.5, 1000)),
    ("ossgeo", "Polars by hand, namespaces", (1.15, 600), (1.15, 1000)),
    ("ossgeo, store", "Polars by hand, models table", (0.35, 2000), (0.2, 2000)),
    ("ossgeo, lineage", "Polars by hand, credits of lineage", (1.1, 2000), (1.1, 2000)),
)
"""Work, yardstick, and the largest ratio of CPU times and megabytes at 100 million rows and at more."""


def main(models: int, weeks: int) -> None:
    """Print time, CPU time and memory of each program, and the ratios beside their bars.

    Args:
        models: How many; 3,700,000 is the Hub's size.
        weeks: How many; 270 weeks of the Hub's size are 10^9 rows and about 2.5 GB on disk.
    """
    print("\n| rows | who | time | CPU time | peak memory |\n|---|---|---|---|---|")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in WORK}
    with tempfile.TemporaryDirectory() as folder:
        write_weeks(Path(folder) / "hub", models=models, weeks=weeks)
        write_credits(Path(folder) / "hub")
        write_store(Path(folder) / "hub")
        for _ in range(RUNS):  # in turn, so that all see the same machine
            for name, results in found.items():
                results.append(run(__name__, name, f"{folder}/hub"))
    for names in (list(WORK)[:4], list(WORK)[4:]):
        figures = {round(result["figure"], 5) for name in names for result in found[name]}
        assert len(figures) == 1, f"they do not agree: {figures}"
    middle = {(name, unit): statistics.median(result[unit] for result in results)
              for name, results in found.items() for unit in ("seconds", "cpu")}  # fmt: skip
    peak = {name: max(result["megabytes"] for result in results) for name, results in found.items()}
    for name in WORK:
        print(
            f"| {models * weeks / 1e6:.1f} M | {name} | {middle[name, 'seconds']:.2f} s | {middle[name, 'cpu']:.2f} s | {peak[name]:.0f} MB |"
        )
    print("\n| who | yardstick | ratio of CPU times | bar | peak memory | bar |\n|---|---|---|---|---|---|")
    for ours, theirs, few, many in BARS:
        bar, memory = few if models * weeks <= 10**8 else many
        ratio = middle[ours, "cpu"] / middle[theirs, "cpu"]
        print(f"| {ours} | {theirs} | {ratio:.2f} | {bar} | {peak[ours]:.0f} MB | {memory} MB |")


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
