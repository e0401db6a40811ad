"""What counters with a unit and unused dimensions add to a measurement, in CPU seconds, in one run."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import polars as pl

import ossgeo
from tests.benchmarks.panels import write_panel
from tests.benchmarks.processes import report, run

RUNS = 5
MODELS = 74_000

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "downloads_30d": ("plain", {}),
    "the same under another name and unit": ("tokens", {"counter": "tokens_30d"}),
    "a further column that is no dimension": ("column", {}),
}
"""Title, the file, and the arguments of read_panel."""


def work(case: str, folder: str) -> None:
    """Read and measure a panel in this process."""
    file, arguments = CASES[case]
    warnings.simplefilter("ignore")
    ossgeo.Registry.default().find("Qwen")
    start = time.process_time()  # of all threads: other work on the machine does not count
    table = ossgeo.measure(ossgeo.read_panel(Path(folder) / f"{file}.parquet", **arguments))
    report(seconds=time.process_time() - start, figure=float(table.to_polars()["value"].sum()))


def main(weeks: int) -> None:
    """Print the CPU seconds of each case and its ratio to the plain one."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.parquet"
        write_panel(plain, models=MODELS, namespaces=30_000, weeks=weeks)
        pl.scan_parquet(plain).rename({"downloads_30d": "tokens"}).sink_parquet(Path(folder) / "tokens.parquet")
        pl.scan_parquet(plain).with_columns(app=pl.lit("chat")).sink_parquet(Path(folder) / "column.parquet")
        found: dict[str, list[float]] = {case: [] for case in CASES}
        figures = set()
        for number in range(RUNS):  # in turn, and in both orders, so that all see the same machine
            for case in CASES if number % 2 else reversed(CASES):
                result = run(__name__, case, folder)
                found[case].append(result["seconds"])
                figures.add(result["figure"])
    assert len(figures) == 1, f"they do not agree: {figures}"
    base = min(found["downloads_30d"])
    print(
        f"\n| {MODELS * weeks / 1e6:.1f} M rows, CPU seconds | least | median | ratio of the least |\n|---|---|---|---|"
    )
    for case, seconds in found.items():
        print(f"| {case} | {min(seconds):.2f} | {statistics.median(seconds):.2f} | {min(seconds) / base:.3f} |")


if __name__ == "__main__":
    work(*sys.argv[1:])
