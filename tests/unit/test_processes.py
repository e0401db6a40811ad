"""ossgeo in threads, processes and environments of every kind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import ossgeo
from ossgeo import Registry
from ossgeo.errors import EngineError
from ossgeo.registry import _registry

MEASURE = "import ossgeo; print(ossgeo.measure(ossgeo.load_sample('labs-2025')).at()['CN'])"


def china(_: int = 0) -> float | None:
    return ossgeo.measure(ossgeo.load_sample("labs-2025")).at()["CN"]


def test_threads_share_one_registry_and_measure_alike() -> None:
    _registry._default.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        registries = list(pool.map(lambda _: Registry.default(), range(16)))
        shares = set(pool.map(china, range(16)))
    assert len({id(one) for one in registries}) == 1
    assert shares == {china()}


def test_threads_that_share_a_connection_get_an_error_of_the_library() -> None:
    duckdb = pytest.importorskip("duckdb")
    rows = ossgeo.load_sample("labs-2025").to_polars().drop("observed_at", strict=False).rename({"period": "date"})
    connection = duckdb.connect()
    connection.register("rows", rows.to_arrow())
    shared = ossgeo.read_panel(connection.sql("select * from rows"))

    def outcome(_: int) -> float | str | None:
        try:
            return ossgeo.measure(shared).at()["CN"]
        except EngineError as error:
            return str(error).rpartition("; ")[2]

    remedy = "a connection serves one thread: give each connection.cursor()"
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(outcome, range(16))) <= {china(), remedy}

    own_rows = [duckdb.connect() for _ in range(4)]
    for one in own_rows:
        one.register("rows", rows.to_arrow())

    with ThreadPoolExecutor(4) as pool:
        measured = pool.map(lambda one: ossgeo.measure(ossgeo.read_panel(one.sql("select * from rows"))), own_rows)
        assert {table.at()["CN"] for table in measured} == {china()}


POOL = """
import multiprocessing, sys
import ossgeo

def china(_):
    return ossgeo.measure(ossgeo.load_sample("labs-2025")).at()["CN"]

if __name__ == "__main__":
    china(0)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        print(set(pool.map(china, range(2))) == {china(0)})
"""


@pytest.mark.parametrize("start", ["spawn", "forkserver"])
def test_processes_measure_alike(tmp_path: Path, start: str) -> None:
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system does not start processes by {start}")
    (tmp_path / "pool.py").write_text(POOL, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "pool.py"), start], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize(
    "environment",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}, {"TZ": "Asia/Tokyo"}, {"TZ": "America/Los_Angeles"},
        {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/nonexistent"}, {"PYTHONWARNINGS": "error"},
        {"PYTHONOPTIMIZE": "2"}, {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1"},
    ],
    ids=str,
)  # fmt: skip
def test_every_environment_gives_the_same_figure(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], env=os.environ | environment, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert float(done.stdout) == china()


WAITING = """
import sys, time

class Waiting:
    def find_spec(self, name, path=None, target=None):
        if name == place:
            print("waiting", flush=True)
            time.sleep(60)

place, sys.argv[1:] = sys.argv[1], ["measure", "labs-2025"]
sys.meta_path.insert(0, Waiting())
import ossgeo
if place == "measure":
    ossgeo.measure = lambda *_, **__: Waiting().find_spec("measure")
from ossgeo.__main__ import run
sys.exit(run())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize("place", ["measure", "polars"], ids=["while the command runs", "while Python imports"])
def test_ctrl_c_ends_the_command_in_one_line(place: str) -> None:
    command = [sys.executable, "-c", WAITING, place]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(signal.SIGINT)
        _, printed = running.communicate(timeout=60)
    assert (running.returncode, printed) == (130, "interrupted\n")
