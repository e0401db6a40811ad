"""Files of 10 MB that once took minutes or gigabytes, each read in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SIZE: Final = 10_000_000
SECONDS: Final = 10.0
PATIENCE: Final = 200
BYTES: Final = 2_000_000_000
_HEADER = "id,date,downloads_30d\n"
FILES: Final[dict[str, str]] = {
    "numbers.json": "[" + "1," * (SIZE // 2) + "1]",
    "short.csv": _HEADER + "a\n" * (SIZE // 2),
    "long.csv": _HEADER + "a,b,c,d\n" * (SIZE // 8),
    "bad-ids.csv": _HEADER + "a b,2025-01-01,1\n" * (SIZE // 17),
    "bad-counts.csv": _HEADER + "".join(f"Qwen/a{n},2025-01-01,x{n}\n" for n in range(SIZE // 30)),
    "bad-dates.csv": _HEADER + "".join(f"Qwen/a{n},{n}.{n},1\n" for n in range(SIZE // 30)),
    "one-cell.csv": _HEADER + "x" * SIZE + ",2025-01-01,1\n",
    "one-quote.csv": _HEADER + '"' + "x" * SIZE,
    "quotes.csv": _HEADER + '"' * SIZE,
    "columns.csv": ",".join(f"c{n}" for n in range(SIZE // 20)) + "\n" + "," * (SIZE // 20 - 1) + "\n",
    "deep.json": "[" * SIZE,
    "digits.json": '[{"id": "a/b", "date": "2025-01-01", "downloads_30d": ' + "9" * SIZE + "}]",
    "keys.json": "[{" + ",".join(f'"k{n}": 1' for n in range(SIZE // 12)) + "}]",
    "wide.jsonl": "".join(f'{{"k{n}": 1}}\n' for n in range(2000)) * 3,
    "strings.jsonl": '"a"\n' * (SIZE // 4),
    "valid.csv": _HEADER + "".join(f"Qwen/a{n},2025-01-01,{n}\n" for n in range(SIZE // 28)),
}
_PROGRAM: Final = """
import resource, sys, time, warnings
warnings.simplefilter("ignore")
import ossgeo
from ossgeo.errors import OssgeoError
began = time.process_time()
try:
    ossgeo.read_panel(sys.argv[1])
except OssgeoError as error:
    assert len(str(error)) < 20_000, len(str(error))
print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def large_inputs() -> Iterator[str]:
    """Yield what is wrong with each file; processor time counts, so that a busy machine does not matter."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in FILES.items():
            file = Path(folder) / name
            file.write_text(text, encoding="utf-8")
            command = [sys.executable, "-c", _PROGRAM, str(file)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                yield f"{name}: more than {PATIENCE} s on the clock"
                continue
            finally:
                file.unlink()
            if done.returncode:
                yield f"{name}: {done.stderr.strip()[-600:]}"
                continue
            seconds, memory = map(float, done.stdout.split())
            if seconds > SECONDS or memory > BYTES:
                yield f"{name}: {seconds:.1f} s, {memory / 1e6:.0f} MB"
