"""Panels of any size on each engine, against code written by hand: time, peak memory, growth."""

from __future__ import annotations

import argparse
import datetime as dt
import math
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from tests.benchmarks.panels import COUNTRIES, START, country_of
from tests.benchmarks.processes import megabytes, report, run

NAMESPACES = 30_000
WEEKS = 270
RUNS = 3
TITLES = {
    "share": "country x week, rolling 52",
    "flows": "flows from all-time counters",
    "organization": "organization x week with HHI",
}


def sizes(models: int) -> pl.Series:
    """The Hub's skew: the first 200 have half of all downloads, 1.5 % have 99.2 %."""
    edges = (0, min(200, models // 3), max(min(200, models // 3) + 1, int(models * 0.015)), models)
    parts = []
    for first, last, part in zip(edges, edges[1:], (0.5, 0.492, 0.008), strict=False):
        weights = pl.Series([1 / rank for rank in range(first + 1, last + 1)])
        parts.append(weights * (part / float(weights.sum())))
    return pl.concat(parts) * 1e9


def write(folder: Path, *, models: int, weeks: int = WEEKS) -> None:
    """Write a panel as one Parquet file a week, with both counters, and its models.

    Args:
        folder: Where to.
        models: How many models.
        weeks: How many observations.
    """
    (folder / "panel").mkdir(parents=True)
    numbers = pl.Series(range(models))
    names = pl.DataFrame({"n": numbers, "s": (numbers * 7919) % NAMESPACES}).select(
        model_id=pl.format("namespace-{}/model-{}", pl.col("s").cast(pl.String).str.zfill(5), pl.col("n").cast(pl.String).str.zfill(7))
    )["model_id"]  # fmt: skip
    names.to_frame().write_parquet(folder / "models.parquet")
    expected, total = sizes(models), pl.Series([0]).new_from_index(0, models)
    for week in range(weeks):
        day = START + dt.timedelta(weeks=week)
        noise = ((numbers * 31 + week * 17) % 100) / 100 + 0.5
        counts = (expected * noise * (1 + week / weeks)).cast(pl.Int64)
        total = total + counts // 4
        frame = pl.DataFrame({"model_id": names, "downloads_30d": counts, "downloads_all_time": total})
        frame.with_columns(observed_at=pl.lit(day)).write_parquet(folder / "panel" / f"{day}.parquet")


def by_model(folder: Path) -> None:
    """Write the panel a second time, sorted by model: the layout of a history of counters."""
    scan = pl.scan_parquet(folder / "panel" / "*.parquet").select("model_id", "observed_at", "downloads_all_time")
    scan.sort("model_id", "observed_at").collect(engine="streaming").write_parquet(folder / "sorted.parquet")


def _owners(folder: Path) -> pl.LazyFrame:
    names = [f"namespace-{number:05d}" for number in range(NAMESPACES)]
    owners = pl.LazyFrame({"namespace": names, "country": [country_of(number) for number in range(NAMESPACES)]})
    models = pl.scan_parquet(folder / "models.parquet")
    handle = pl.col("model_id").str.split("/").list.first()
    return models.select("model_id", namespace=handle).join(owners, on="namespace", how="left")


def _rolled(sums: pl.DataFrame, value: str) -> float:
    """Fifty-two weeks of thirty-day counters, those that do not overlap, as ossgeo thins them."""
    days = sums["observed_at"].unique().sort().to_list()
    last = days[-1]
    kept: list[dt.date] = []
    for day in reversed(days):
        if not kept or (kept[-1] - day).days >= 30:
            kept.append(day)
    inside = [day for day in kept if (last - day).days < 364]
    part = pl.min_horizontal(pl.lit(30), 364 - (pl.lit(last) - pl.col("observed_at")).dt.total_days()) / 30
    rows = sums.filter(pl.col("observed_at").is_in(inside)).with_columns(pl.col(value) * part)
    return float(rows.filter(country="CN")[value].sum()) / float(rows[value].sum())


def share_by_hand(folder: Path) -> float:
    """Polars."""
    panel = pl.scan_parquet(folder / "panel" / "*.parquet")
    joined = panel.join(_owners(folder).select("model_id", "country"), on="model_id", how="left")
    sums = joined.group_by("observed_at", "country").agg(pl.col("downloads_30d").sum()).collect(engine="streaming")
    return _rolled(sums, "downloads_30d")


def share_by_sql(folder: Path) -> float:
    """DuckDB."""
    import duckdb

    connection = duckdb.connect()
    connection.register("owners", _owners(folder).select("model_id", "country").collect().to_arrow())
    sums = connection.sql(
        f"select observed_at, country, sum(downloads_30d)::double n from read_parquet('{folder}/panel/*.parquet')"
        " left join owners using (model_id) group by all"
    ).pl()
    return _rolled(sums, "n")


def share_by_pandas(folder: Path) -> float:
    """What a researcher would write."""
    import pandas as pd

    panel = pd.read_parquet(folder / "panel", columns=["model_id", "observed_at", "downloads_30d"])
    panel["namespace"] = panel["model_id"].str.split("/", n=1).str[0]
    owners = _owners(folder).select("namespace", "country").unique().collect().to_pandas()
    merged = panel.merge(owners, on="namespace", how="left")
    sums = merged.groupby(["observed_at", "country"], as_index=False)["downloads_30d"].sum()
    table = pl.from_pandas(sums).with_columns(pl.col("observed_at").cast(pl.Date))
    return _rolled(table, "downloads_30d")


def flows_by_hand(folder: Path) -> float:
    """Polars; the files are sorted by model."""
    steps = pl.scan_parquet(folder / "sorted.parquet").with_columns(
        since=pl.col("observed_at").shift(1).over("model_id", order_by="observed_at"),
        flow=pl.col("downloads_all_time").diff().over("model_id", order_by="observed_at").clip(0),
    )
    joined = steps.drop_nulls("since").join(_owners(folder).select("model_id", "country"), on="model_id", how="left")
    sums = joined.group_by("since", "observed_at", "country").agg(pl.col("flow").sum()).collect(engine="streaming")
    last = sums.filter(pl.col("observed_at") == pl.col("observed_at").max())
    return float(last.filter(country="CN")["flow"].sum()) / float(last["flow"].sum())


def organization_by_hand(folder: Path) -> float:
    """Polars."""
    panel = pl.scan_parquet(folder / "panel" / "*.parquet")
    joined = panel.join(_owners(folder).select("model_id", "namespace"), on="model_id", how="left")
    sums = joined.group_by("observed_at", "namespace").agg(pl.col("downloads_30d").sum())
    part = pl.col("downloads_30d") / pl.col("downloads_30d").sum().over("observed_at")
    table = (
        sums.with_columns(part=part)
        .collect(engine="streaming")
        .sort("observed_at", "downloads_30d", descending=[False, True])
    )
    found = table.group_by("observed_at").agg(hhi=(pl.col("part") ** 2).sum()).sort("observed_at")
    return float(found["hhi"][-1])


def _registry(*, wide: bool) -> Any:
    import ossgeo

    number = NAMESPACES if wide else len(COUNTRIES)
    return ossgeo.Registry.from_rows(
        organizations=[{"organization": f"o{at}"} for at in range(number)],
        affiliations=[{"organization": f"o{at}", "country": COUNTRIES[at % len(COUNTRIES)]} for at in range(number)],
        namespaces=[
            {"namespace": f"namespace-{at:05d}", "organization": f"o{at % number}"} for at in range(NAMESPACES)
        ],
    )


def share_ours(folder: Path, registry: Any, engine: Any) -> float:
    """ossgeo, from the files to the table."""
    import ossgeo

    panel = ossgeo.read_panel(
        folder / "panel", models=folder / "models.parquet", counter="downloads_30d", engine=engine
    )
    return float(ossgeo.measure(panel, registry=registry, window="364d").at()["CN"] or 0)


def flows_ours(folder: Path, registry: Any, engine: Any) -> float:
    """ossgeo, from the file to the table."""
    import ossgeo

    panel = ossgeo.read_panel(folder / "sorted.parquet", models=folder / "models.parquet", engine=engine)
    return float(ossgeo.measure(panel, registry=registry).at()["CN"] or 0)


def organization_ours(folder: Path, registry: Any, engine: Any) -> float:
    """ossgeo, from the files to the concentration."""
    import ossgeo

    panel = ossgeo.read_panel(
        folder / "panel", models=folder / "models.parquet", counter="downloads_30d", engine=engine
    )
    table = ossgeo.measure(panel, by="organization", registry=registry)
    return float(ossgeo.analysis.concentration(table).to_polars()["hhi"][-1])


HAND: dict[str, Callable[[Path], float]] = {
    "share, Polars by hand": share_by_hand, "share, DuckDB by hand": share_by_sql, "share, pandas by hand": share_by_pandas,
    "flows, Polars by hand": flows_by_hand, "organization, Polars by hand": organization_by_hand,
}  # fmt: skip
OURS: dict[str, Callable[[Path, Any, Any], float]] = {
    "share": share_ours, "flows": flows_ours, "organization": organization_ours,
}  # fmt: skip


def _work(name: str, folder: Path) -> None:
    what, _, how = name.partition(", ")
    if name in HAND:
        start = time.perf_counter()
        figure = HAND[name](folder)
    else:
        engine = how.removeprefix("ossgeo on ").lower()
        import ossgeo

        registry = _registry(wide=what == "organization")
        assert registry.version
        ossgeo.analysis.concentration(
            ossgeo.measure(ossgeo.load_sample())
        )  # its modules are loaded before the clock starts
        start = time.perf_counter()
        figure = OURS[what](folder, registry, engine)
    report(seconds=time.perf_counter() - start, megabytes=megabytes(), figure=figure)


def _rows(kinds: list[str], folder: Path, rows: float, runs: int) -> dict[str, float]:
    medians = {}
    for what, title in TITLES.items():
        names = [name for name in kinds if name.startswith(f"{what},")]
        found: dict[str, list[dict[str, Any]]] = {}
        for _ in range(runs):
            for name in names:
                if len(found.get(name, [])) < (1 if "pandas" in name else runs):
                    found.setdefault(name, []).append(run("tests.benchmarks.engines", "work", name, str(folder)))
        if not found:
            continue
        figures = [result["figure"] for results in found.values() for result in results]
        assert max(figures) - min(figures) < 1e-6, f"they do not agree on {what}: {found}"
        for name, results in found.items():
            medians[name] = statistics.median(result["seconds"] for result in results)
        for name, results in found.items():
            other = f"{what}, DuckDB by hand" if "DuckDB" in name else f"{what}, Polars by hand"
            ratio = medians[name] / medians[other]
            peak = max(result["megabytes"] for result in results)
            print(
                f"| {title}, {rows / 1e6:.0f} M rows | {name.partition(', ')[2]} | {medians[name]:.2f} s | {ratio:.2f} | {peak:.0f} MB |",
                flush=True,
            )
    return medians


def _extension() -> None:
    """Add a snapshot of three million models to a saved aggregate."""
    import ossgeo

    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        write(folder, models=3_000_000, weeks=3)
        files = sorted((folder / "panel").iterdir())
        registry = _registry(wide=False)
        assert registry.version

        def panel(file: Path, counter: Any) -> Any:
            return ossgeo.read_panel(file, models=folder / "models.parquet", counter=counter)

        for counter in ("downloads_30d", "downloads_all_time"):
            saved = ossgeo.IncrementalAggregate.of(panel(files[0], counter), registry=registry)
            saved.write(folder / counter)
            saved = ossgeo.IncrementalAggregate.read(folder / counter)
            start = time.perf_counter()
            longer = saved.extend(panel(files[1], counter), registry=registry)
            table = longer.table()
            middle = time.perf_counter()
            longer.write(folder / counter)
            print(f"a snapshot of 3 M models ({counter}) extends a saved aggregate in {middle - start:.2f} s, "
                  f"kept in {time.perf_counter() - middle:.2f} s more; {table.periods[-1]}", flush=True)  # fmt: skip


def main(models: int = 74_000) -> None:
    """Print the table for 2 and 20 million rows (and 200 million or 10^9, where asked for)."""
    steps: list[tuple[float, float]] = []
    print("\n| panel | who | time | ratio | peak memory |\n|---|---|---|---|---|")
    for number in (7_400, 74_000) if models == 74_000 else (models,):
        rows = number * WEEKS
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            write(folder, models=number)
            large = rows > 50e6
            kinds = [*HAND, "share, ossgeo on Polars", "share, ossgeo on DuckDB"]
            if large:
                kinds = [name for name in kinds if name.startswith("share") and "pandas" not in name]
            else:
                by_model(folder)
                kinds += ["flows, ossgeo on Polars", "organization, ossgeo on Polars"]
            medians = _rows(kinds, folder, rows, 1 if large else RUNS)
            steps.append((rows, medians["share, ossgeo on Polars"]))
            shutil.rmtree(folder / "panel")
    if len(steps) > 1:
        (few, fast), (many, slow) = steps
        print(f"\ngrowth exponent {math.log(slow / fast) / math.log(many / few):.2f}")
    _extension()


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        _work(sys.argv[2], Path(sys.argv[3]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--models", type=int, default=74_000, help="270 rows each; 740,000 are 200 million rows")
        main(parser.parse_args().models)
