"""``nox -s bench``: ossgeo against code written by hand, each run in a process of its own, side by side in one run."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import timeit
from pathlib import Path
from typing import Any

import polars as pl

from tests.benchmarks import analysis, attribution, dimensions, duplicates, engines, scale, sources, store
from tests.benchmarks.panels import write_panel
from tests.benchmarks.processes import run

RUNS = 3
PARTS = ("panels", "engines", "attribution", "sources", "analysis", "duplicates", "dimensions", "scale", "store")
BARS = {27: 1.5, 270: 0.8}
"""For each number of weeks the largest ratio to hand-written Polars that finds the models in the panel."""


def _line(title: str, name: str, results: list[dict[str, Any]], base: float) -> str:
    seconds = statistics.median(result["seconds"] for result in results)
    megabytes = max(result["megabytes"] for result in results)
    return f"| {title} | {name} | {seconds:.2f} s | {seconds / base:.2f} | {megabytes:.0f} MB |"


def _panels(weeks: int, *, with_pandas: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, models = Path(folder) / "panel.parquet", Path(folder) / "models.parquet"
        write_panel(path, models=74_000, namespaces=30_000, weeks=weeks)
        pl.scan_parquet(path).select("model_id").unique(maintain_order=True).collect().write_parquet(models)
        for title, words in (("models from the panel", [str(path)]), ("models table given", [str(path), str(models)])):
            found: dict[str, list[dict[str, Any]]] = {}
            for _ in range(RUNS):  # in turn, so that all see the same machine
                for name in ("polars by hand", "ossgeo"):
                    found.setdefault(name, []).append(run("tests.benchmarks.work", name, *words))
            if with_pandas and len(words) == 1:
                found["pandas by hand"] = [run("tests.benchmarks.work", "pandas by hand", *words)]
            figures = {round(result["figure"], 12) for results in found.values() for result in results}
            assert len(figures) == 1, f"they do not agree: {figures}"
            base = statistics.median(result["seconds"] for result in found["polars by hand"])
            for name, results in found.items():
                bar = f" bar {BARS[weeks]} |" if name == "ossgeo" and len(words) == 1 and weeks in BARS else ""
                print(_line(f"{74_000 * weeks / 1e6:.1f} M rows, {title}", name, results, base) + bar)


def _seconds(code: str) -> float:
    command = [sys.executable, "-c", code]
    times = timeit.repeat(lambda: subprocess.run(command, check=True, env={**os.environ}), number=1, repeat=7)
    return min(times)


def _start() -> None:
    bare, ours = _seconds("pass"), _seconds("import ossgeo")
    print(f"\n`import ossgeo`: {ours - bare:.3f} s above bare Python ({bare:.3f} s)")
    code = (
        "import time, datetime, ossgeo; t = time.perf_counter(); r = ossgeo.Registry.default(); r.find('Qwen');"
        "first = time.perf_counter() - t; day = datetime.date(2026, 1, 1); t = time.perf_counter();"
        "[r.find('Qwen', on=day) for _ in range(100000)]; later = (time.perf_counter() - t) / 100000;"
        "print(f'first registry look-up: {first * 1e3:.1f} ms, later ones: {later * 1e6:.2f} us')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--weeks", type=int, default=270, help="74,000 rows each")
    parser.add_argument("--without-pandas", action="store_true")
    parser.add_argument(
        "--only",
        choices=PARTS,
        help="one part; by default all but 'scale' and 'store'",
    )
    parser.add_argument(
        "--models", type=int, default=3_700_000, help="of 'scale' and 'store', which observe them in --weeks weeks"
    )
    parser.add_argument("--folder", type=Path, help="where the store of 'store' is kept; by default it is removed")
    given = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, Polars {pl.__version__}\n"
    )
    if given.only in (None, "panels"):
        print("| panel | who | time | ratio | peak memory |\n|---|---|---|---|---|")
        for weeks in {27: None, given.weeks: None}:
            _panels(weeks, with_pandas=not given.without_pandas)
        _start()
    if given.only in (None, "engines"):
        engines.main()
    if given.only in (None, "attribution"):
        attribution.main(given.weeks)
    if given.only in (None, "sources"):
        sources.main()
    if given.only in (None, "analysis"):
        analysis.main()
    if given.only in (None, "duplicates"):
        duplicates.main(given.weeks)
    if given.only in (None, "dimensions"):
        dimensions.main(given.weeks)
    if given.only == "scale":
        scale.main(given.models, given.weeks)
    if given.only == "store":
        store.main(given.models, given.weeks, given.folder)


if __name__ == "__main__":
    main()
