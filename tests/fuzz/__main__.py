"""Fuzz every reader: ``python -m tests.fuzz --inputs 20000 --seed 1``.

Nothing but the library's errors may come out, an accepted input must give the figures of an independent reading, and each
input has limits of time and memory. The seed is printed; the number of a failing input repeats it alone (``--only``).
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

from ossgeo.errors import OssgeoError
from tests.fuzz.doors import door, outcome
from tests.fuzz.large import large_inputs
from tests.fuzz.mutations import table

SECONDS = 10.0
BYTES = 2_000_000_000
LONGEST_MESSAGE = 20_000


def one(seed: int, number: int, folder: Path, counts: Counter[str]) -> str | None:
    """Run one input; return what is wrong with it."""
    chance = random.Random(f"{seed}:{number}")
    rows = table(chance)
    began = time.process_time()
    try:
        kind, source, plain = door(rows, chance)
        made = source(folder)
    except Exception as error:  # noqa: BLE001  # Python, PyArrow, DuckDB and pandas refuse some values
        counts[f"not written ({type(error).__name__})"] += 1
        return None
    try:
        found = outcome(made, chance)
    except OssgeoError as error:
        counts["refused"] += 1
        if len(str(error)) > LONGEST_MESSAGE:
            return f"{kind}: a message of {len(str(error)):,} characters"
        found = None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{kind}: {type(error).__name__}: {str(error)[:300]}\n{''.join(traceback.format_tb(error.__traceback__)[-4:])}{rows}"
    else:
        counts["accepted"] += 1
        if found is not None and plain is not None:
            counts["compared"] += 1
            if found != plain:
                return f"{kind}: read {found}, expected {plain}\n{rows}"
    seconds = time.process_time() - began
    return f"{kind}: took {seconds:.1f} s" if seconds > SECONDS else None


def main() -> int:
    """Run the inputs and print the failures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--only", type=int)
    parser.add_argument("--no-large", action="store_true")
    given = parser.parse_args()
    print(f"seed {given.seed}, {given.inputs:,} inputs", flush=True)
    warnings.simplefilter("ignore")
    counts: Counter[str] = Counter()
    failures = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(given.inputs) if given.only is None else [given.only]:
            if wrong := one(given.seed, number, Path(folder), counts):
                failures += 1
                print(f"input {number}: {wrong}", flush=True)
    if not given.no_large and given.only is None:
        for wrong in large_inputs():
            failures += 1
            print(wrong, flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"{dict(counts)}; {time.monotonic() - began:.0f} s, {memory / 1e6:.0f} MB; {failures} failures")
    if memory > BYTES:
        print(f"more than {BYTES:,} bytes of memory")
    return int(failures > 0 or memory > BYTES)


if __name__ == "__main__":
    sys.exit(main())
