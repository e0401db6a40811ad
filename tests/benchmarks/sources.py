"""Collecting a synthetic Hub of 300,000 models from loopback, and measuring a store of 52 snapshots."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl

from ossgeo.registry import namespace_seats
from tests.benchmarks.processes import megabytes, report, run

MODELS, WEEKS, PAGE = 300_000, 52, 1000
TAGS = ["transformers", "safetensors", "qwen3", "text-generation", "conversational", "en", "arxiv:2605.31268",
        "license:apache-2.0", "eval-results", "endpoints_compatible", "region:us"]  # fmt: skip
DERIVED = [*TAGS, "base_model:Qwen/Qwen3-8B", "base_model:quantized:Qwen/Qwen3-8B"]


def serve(count: str) -> None:
    """Serve pages that were made beforehand, in a process of its own; prints the address."""
    from tests.hub_server import FakeHub, entry

    hub = FakeHub()
    names = (f"namespace-{number % 30_000:05d}/model-{number:06d}" for number in range(int(count)))
    listed = [
        entry(name, 1_000_000 - number, tags=DERIVED if number % 3 == 0 else TAGS) for number, name in enumerate(names)
    ]
    hub.pages = [json.dumps(listed[place : place + PAGE]).encode() for place in range(0, len(listed), PAGE)]
    print(hub.url, flush=True)
    hub.serve_forever()


def bare_client(url: str) -> None:
    """The bare client over the same pages."""
    from huggingface_hub.utils import paginate

    start = time.perf_counter()
    pages = paginate(f"{url}/api/models", params={"sort": "downloads", "limit": PAGE}, headers={})
    total = sum(model["downloads"] for model in pages)
    report(seconds=time.perf_counter() - start, megabytes=megabytes(), figure=total)


def collect(url: str) -> None:
    """ossgeo, from the first request to the panel."""
    from ossgeo.sources import Hub

    start = time.perf_counter()
    panel = Hub(token=False, endpoint=url, progress=False).snapshot()
    seconds = time.perf_counter() - start
    peak = megabytes()
    total = panel.rows.to_native().select(pl.col("downloads_30d").sum()).collect().item()
    report(seconds=seconds, megabytes=peak, figure=total)


def write_store(path: str) -> None:
    """Fill a store."""
    from ossgeo.sources import SnapshotStore

    store = SnapshotStore(path)
    ids = [f"namespace-{number % 30_000:05d}/model-{number:06d}" for number in range(MODELS)]
    start = time.perf_counter()
    for week in range(WEEKS):
        frame = pl.DataFrame({"model_id": ids, "downloads_30d": pl.int_range(MODELS, eager=True) * (week + 1) % 99_991})
        observed = dt.datetime(2025, 1, 6, tzinfo=dt.UTC) + dt.timedelta(weeks=week)
        store.add(frame.with_columns(downloads_all_time=pl.col("downloads_30d") + week * 100_000), observed_at=observed)
        if week == 0:
            first = time.perf_counter() - start
    report(seconds=(time.perf_counter() - start - first) / (WEEKS - 1), first=first)


def registry() -> Any:
    """Return a registry in which every namespace is reviewed."""
    import ossgeo
    from tests.benchmarks.panels import COUNTRIES

    return ossgeo.Registry.from_rows(
        organizations=[{"organization": f"o{number}"} for number in range(len(COUNTRIES))],
        namespaces=[
            {"namespace": f"namespace-{n:05d}", "organization": f"o{n % len(COUNTRIES)}"} for n in range(30_000)
        ],
        affiliations=[{"organization": f"o{n}", "country": code} for n, code in enumerate(COUNTRIES)],
    )


def measure_store(path: str) -> None:
    """ossgeo, from the store to the table; the registry is loaded before the clock starts."""
    import ossgeo
    from ossgeo.sources import SnapshotStore

    known = registry()
    assert namespace_seats(known).height
    start = time.perf_counter()
    share = ossgeo.measure(SnapshotStore(path).panel(), registry=known).at()["CN"]
    report(seconds=time.perf_counter() - start, megabytes=megabytes(), figure=round(share or 0, 12))


def polars_by_hand(path: str) -> None:
    """The same by hand over the same files."""
    from tests.benchmarks.panels import country_of

    owners = pl.LazyFrame({"namespace": [f"namespace-{n:05d}" for n in range(30_000)],
                           "country": [country_of(n) for n in range(30_000)]})  # fmt: skip
    start = time.perf_counter()
    names = pl.scan_parquet(f"{path}/data/models/*.parquet").select("key", "model_id")
    rows = pl.scan_parquet(f"{path}/data/snapshots/*.parquet", missing_columns="insert", extra_columns="ignore")
    panel = rows.join(names, on="key").select("model_id", "downloads_30d", day=pl.col("observed_at").dt.date())
    handle = pl.col("model_id").str.split("/").list.first()
    owned = panel.select("model_id").unique().with_columns(namespace=handle).join(owners, on="namespace", how="left")
    sums = panel.join(owned.select("model_id", "country"), on="model_id", how="left").group_by("day", "country").agg(
        pl.col("downloads_30d").sum()
    )  # fmt: skip
    shares = sums.with_columns(share=pl.col("downloads_30d") / pl.col("downloads_30d").sum().over("day"))
    table = shares.collect(engine="streaming")
    last = table.filter((pl.col("day") == pl.col("day").max()) & (pl.col("country") == "CN"))
    report(seconds=time.perf_counter() - start, megabytes=megabytes(), figure=round(float(last["share"][0]), 12))


def _compare(title: str, first: str, second: str, argument: str) -> None:
    found: dict[str, list[dict[str, Any]]] = {first: [], second: []}
    for _ in range(3):  # in turn, so that both see the same machine
        for name, results in found.items():
            results.append(run(__name__, name, argument))
    assert len({result["figure"] for results in found.values() for result in results}) == 1
    base = statistics.median(result["seconds"] for result in found[first])
    for name, results in found.items():
        seconds = statistics.median(result["seconds"] for result in results)
        peak = max(result["megabytes"] for result in results)
        print(f"| {title} | {name} | {seconds:.2f} s | {seconds / base:.2f} | {peak:.0f} MB |", flush=True)


def main() -> None:
    """Print what was measured."""
    print("\n| sources | who | time | ratio | peak memory |\n|---|---|---|---|---|")
    for count in (100_000, MODELS):
        with subprocess.Popen([sys.executable, "-m", __name__, "serve", str(count)], stdout=subprocess.PIPE, encoding="utf-8",
                              cwd=Path(__file__).parents[2]) as server:  # fmt: skip
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            _compare(f"collect {count:,} models", "bare_client", "collect", url)
            server.kill()
    with tempfile.TemporaryDirectory() as folder:
        added = run(__name__, "write_store", f"{folder}/store")
        _compare(f"store, {WEEKS} x {MODELS:,}", "polars_by_hand", "measure_store", f"{folder}/store")
    print(f"\nadd: {added['first']:.2f} s for the first snapshot, {added['seconds']:.2f} s for each later one")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
