"""A store of five years, generated: its size on disk, and what an early and a late week cost."""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from ossgeo.sources import SnapshotStore
from tests.benchmarks.processes import megabytes, report, run
from tests.benchmarks.scale import model_ids

START: Final = dt.datetime(2021, 9, 20, 6, tzinfo=dt.UTC)
CHANGED: Final = 0.5
"""Share of the all-time counters that change from week to week."""

WEEKS: Final = (2, 261)
"""The weeks that are measured: the second one, and the last one of five years."""

BARS: Final = {"seconds": 8, "megabytes": 1500, "gigabytes": 2.5}


def observations(models: int, weeks: int) -> Iterator[pl.DataFrame]:
    """Yield one observation a week, with both counters.

    Args:
        models: How many.
        weeks: How many.
    """
    ids = model_ids(models)
    random = np.random.default_rng(0)
    level = np.minimum(random.pareto(0.9, models) * 8, 1e9)
    total = (level * random.integers(2, 20, models)).astype(np.int64)
    for _ in range(weeks):
        noise = random.normal(1, 0.05, models)
        recent = np.maximum(0, level * noise + random.integers(-2, 3, models)).astype(np.int64)
        total = total + np.where(random.random(models) < CHANGED, np.maximum(1, recent // 4), 0)
        yield ids.with_columns(downloads_30d=pl.Series(recent), downloads_all_time=pl.Series(total))


def add(folder: Path, observation: Path, week: int) -> None:
    """Add one observation, and report the cost.

    Args:
        folder: The store.
        observation: The file of the observation.
        week: Its number, from 1 on.
    """
    frame = pl.read_parquet(observation)
    begin, used = time.perf_counter(), time.process_time()
    SnapshotStore(folder).add(frame, observed_at=START + dt.timedelta(weeks=week - 1), scope="all models")
    report(seconds=time.perf_counter() - begin, cpu=time.process_time() - used, megabytes=megabytes())


def write(folder: Path, *, models: int, weeks: int) -> dict[int, dict[str, Any]]:
    """Write a store; the measured weeks are added by a process of their own, whose memory is its own.

    Args:
        folder: The store.
        models: How many.
        weeks: How many.

    Returns:
        Seconds, CPU seconds, megabytes, and the size of the store in gigabytes of the measured weeks, and of the last week
        the size only.
    """
    found: dict[int, dict[str, Any]] = {}
    store = SnapshotStore(folder)
    for week, frame in enumerate(observations(models, weeks), start=1):
        if week in WEEKS:
            with tempfile.TemporaryDirectory() as place:
                path = Path(place) / "observation.parquet"
                frame.write_parquet(path)
                found[week] = run(__name__, str(folder), str(path), str(week))
        else:
            store.add(frame, observed_at=START + dt.timedelta(weeks=week - 1), scope="all models")
        if week in (*WEEKS, weeks):
            size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9
            found.setdefault(week, {})["gigabytes"] = size
    return found


def main(models: int, weeks: int, folder: Path | None = None) -> None:
    """Print what the measured weeks cost, beside the bars.

    Args:
        models: How many; 3,000,000 is the Hub's size.
        weeks: How many; 261 are five years.
        folder: Where the store is kept; by default it is removed.
    """
    print("\n| week | time | CPU time | peak memory | store |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        found = write(folder or Path(place) / "store", models=models, weeks=weeks)
    for week, cost in found.items():
        shown = [f"{cost[name]:.1f} {unit}" for name, unit in (("seconds", "s"), ("cpu", "s")) if name in cost]
        memory = [f"{cost['megabytes']:.0f} MB"] if "megabytes" in cost else []
        print(f"| {week} | {' | '.join([*shown, *memory] or ['', '', ''])} | {cost['gigabytes']:.2f} GB |")
    print(f"| bar | {BARS['seconds']} s | | {BARS['megabytes']} MB | {BARS['gigabytes']} GB |")


if __name__ == "__main__":
    add(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
