"""The instruments beside one measurement of the same panel."""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ossgeo.registry import namespace_seats
from tests.benchmarks.processes import megabytes, report, run
from tests.benchmarks.sources import registry

GRID: dict[str, Any] = {
    "attribution": ["publisher", "headquarters", "lineage", "root"],
    "counting": ["fractional", "primary"],
    "denominator": ["all", "attributed"],
    "where": [None, {"namespace": [f"namespace-{number:05d}" for number in range(5000)]}],
    "window": [None, "91d", "364d"],
}


def _panel(path: str) -> Any:
    import ossgeo

    return ossgeo.read_panel(path)


def measure(path: str) -> None:
    """One measurement."""
    import ossgeo

    panel, known = _panel(path), registry()
    assert namespace_seats(known).height
    start = time.perf_counter()
    ossgeo.measure(panel, registry=known)
    report(seconds=time.perf_counter() - start, megabytes=megabytes())


def sensitivity(path: str) -> None:
    """A grid of 192 combinations."""
    import datetime as dt

    import ossgeo

    panel, known = _panel(path), registry()
    assert namespace_seats(known).height
    grid = {**GRID, "as_of": ["flow", dt.date(2024, 1, 1)]}
    start = time.perf_counter()
    found = ossgeo.analysis.sensitivity(panel, grid, registry=known)
    report(seconds=time.perf_counter() - start, megabytes=megabytes(), combinations=len(found.methods))


def influence(path: str) -> None:
    """Leave out each namespace: the panel has more of them than organizations."""
    import ossgeo

    panel, known = _panel(path), registry()
    assert namespace_seats(known).height
    start = time.perf_counter()
    ossgeo.analysis.influence(panel, unit="namespace", registry=known, period=panel.periods[-1])
    report(seconds=time.perf_counter() - start, megabytes=megabytes())


def quick(path: str) -> None:
    """Bounds and crossovers on a table that is there."""
    import ossgeo

    table = ossgeo.measure(_panel(path), registry=registry())
    start = time.perf_counter()
    ossgeo.analysis.bounds(table)
    middle = time.perf_counter()
    ossgeo.analysis.crossovers(table, "CN", "US")
    report(bounds=middle - start, crossovers=time.perf_counter() - middle)


def main() -> None:
    """Print what was measured."""
    from tests.benchmarks.panels import write_panel

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "panel.parquet")
        write_panel(Path(path), models=74_000, namespaces=30_000, weeks=68)
        found: dict[str, list[dict[str, Any]]] = {"measure": [], "influence": [], "sensitivity": []}
        for _ in range(3):
            for name, results in found.items():
                results.append(run(__name__, name, path))
        base = statistics.median(result["seconds"] for result in found["measure"])
        print("\n| analysis of 5 M rows | time | ratio to one measure | peak memory |\n|---|---|---|---|")
        for name, results in found.items():
            seconds = statistics.median(result["seconds"] for result in results)
            peak = max(result["megabytes"] for result in results)
            print(f"| {name} | {seconds:.2f} s | {seconds / base:.1f} | {peak:.0f} MB |")
        fast = run(__name__, "quick", path)
        print(f"\nbounds {fast['bounds'] * 1e3:.0f} ms, crossovers {fast['crossovers'] * 1e3:.0f} ms, of 68 periods")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
