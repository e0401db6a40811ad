"""The search for duplicate rows as a part of a whole measurement, in one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ossgeo
from tests.benchmarks.panels import write_panel

RUNS = 5
MODELS = 74_000


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()  # of all threads: other work on the machine does not count
    work()
    return time.process_time() - start


def main(weeks: int) -> None:
    """Print the part of the time of ``measure`` that the search takes."""
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        write_panel(path, models=MODELS, namespaces=30_000, weeks=weeks)
        ossgeo.Registry.default()
        for _ in range(RUNS):  # in turn, each on a panel without answers
            searched, measured = ossgeo.read_panel(path), ossgeo.read_panel(path)
            search = _cpu_seconds(searched._duplicates)
            parts.append(search / _cpu_seconds(lambda panel=measured: ossgeo.measure(panel)))  # type: ignore[misc]
    low, high = min(parts), max(parts)
    print(
        f"duplicates: {statistics.median(parts):.0%} of measure ({low:.0%} to {high:.0%}), {MODELS * weeks / 1e6:.1f} M rows"
    )
