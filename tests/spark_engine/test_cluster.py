"""The same figures on a real cluster: a standalone master and two workers, each in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl
import pytest

import ossgeo
from ossgeo.sources import SnapshotStore

pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed; nox -s spark has it")
if shutil.which("java") is None:
    pytest.skip("there is no Java on this machine", allow_module_level=True)
if sys.platform == "win32":
    pytest.skip("the standalone master is started by a shell script", allow_module_level=True)

_DEPLOY = "org.apache.spark.deploy"

DRIVER = """
import json, sys, warnings
warnings.simplefilter("ignore")
from pyspark.sql import SparkSession
import ossgeo
from ossgeo._core import engines

address, panel_folder, store_folder, models = sys.argv[1:]
builder = SparkSession.builder.master(address).appName("ossgeo")
for name, value in {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                    "spark.executor.memory": "512m", "spark.sql.shuffle.partitions": "4"}.items():
    builder = builder.config(name, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")

plans, rows = [], []
original = engines.collect

def watched(frame):
    if engines.name_of(frame) == "spark":
        plans.append(frame.to_native()._jdf.queryExecution().executedPlan().toString())
    result = original(frame)
    rows.append(result.height)
    return result

engines.collect = watched
panel = ossgeo.read_panel(spark.read.parquet(panel_folder), models=models)
table = ossgeo.measure(panel, by=("country", "organization"))
keys = spark.read.parquet(f"{store_folder}/data/models").select("key", "model_id")
counters = spark.read.parquet(f"{store_folder}/data/snapshots").select("key", "observed_at", "downloads_30d")
stored = ossgeo.read_panel(counters.join(keys, "key").drop("key"), models=models)
answers = spark.sparkContext.parallelize(range(64), 64).map(lambda _: __import__("os").getpid()).distinct().collect()
print(json.dumps({"panel": table.to_polars().write_json(), "store": ossgeo.measure(stored).to_polars().write_json(),
                  "plan": plans[-1], "plans": plans, "rows": max(rows), "executors": len(answers)}))
spark.stop()
"""


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def _daemon(log: Path, ready: str, *words: str) -> Iterator[None]:
    """Run a part of Spark until the block ends; wait until its log says that it is ready."""
    script = Path(pyspark.__file__).parent / "bin" / "spark-class"
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([str(script), *words], stdout=output, stderr=subprocess.STDOUT, env=environment)
        try:
            for _ in range(600):
                if re.search(ready, log.read_text(encoding="utf-8")):
                    break
                assert process.poll() is None, log.read_text(encoding="utf-8")
                time.sleep(0.2)
            else:
                pytest.fail(f"{words[0]} was not ready in two minutes: {log.read_text(encoding='utf-8')[-2000:]}")
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("cluster"), _free_port()
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as parts:
        master = (f"{_DEPLOY}.master.Master", "--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        parts.enter_context(_daemon(folder / "master.log", "I have been elected leader", *master))
        for number in range(2):
            words = ("--cores", "1", "--memory", "700m", "--host", "127.0.0.1", "--webui-port", "0",
                     "--work-dir", str(folder / f"work-{number}"), address)  # fmt: skip
            log = folder / f"worker-{number}.log"
            parts.enter_context(_daemon(log, "registered with master", f"{_DEPLOY}.worker.Worker", *words))
        yield address


def test_a_panel_and_a_store_on_a_standalone_cluster(cluster: str, tmp_path: Path) -> None:
    sample = ossgeo.load_sample("hub-2026")
    rows, models = sample.to_polars(), sample.models.collect()
    (tmp_path / "panel").mkdir()
    for (day,), part in rows.drop("observed_at").group_by("period"):
        part.rename({"period": "date"}).write_parquet(tmp_path / "panel" / f"{day}.parquet")
    models.write_parquet(tmp_path / "models.parquet")
    store = SnapshotStore(tmp_path / "store")
    for day in sample.periods[:3]:
        store.add(rows.filter(pl.col("period") == day).select("model_id", "downloads_30d", "observed_at"))

    words = [cluster, tmp_path / "panel", tmp_path / "store", tmp_path / "models.parquet"]
    environment = os.environ | {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run([sys.executable, "-c", DRIVER, *map(str, words)], capture_output=True, text=True, check=False,
                          env=environment, timeout=400)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])

    assert found["executors"] == 2
    measured = {"panel": ossgeo.measure(sample, by=("country", "organization")), "store": ossgeo.measure(store.panel())}
    for name, table in measured.items():
        keys = ["period", *table.keys]
        there = pl.read_json(found[name].encode()).with_columns(pl.col("period").str.to_date()).sort(keys)
        here = table.to_polars().sort(keys)
        assert there.select(keys).equals(here.select(keys))
        assert there["value"].to_list() == pytest.approx(here["value"].to_list(), rel=1e-9)
    assert "SortMergeJoin" not in found["plan"]
    aggregates = [plan for plan in found["plans"] if "BroadcastHashJoin" in plan]
    exchanges = [plan.count("Exchange hashpartitioning") for plan in aggregates]
    assert exchanges[0] == 1, "the aggregate of the panel"
    assert max(exchanges) <= 2, (
        "a join of the keys of a store needs no more than the exchange of its search for duplicates"
    )
    assert found["rows"] < rows.height / 2, "the panel was collected"
