"""Each piece of work in a process of its own, so that its memory is its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run(module: str, *words: str) -> dict[str, Any]:
    """Run ``python -m module words`` and return what it reported.

    Args:
        module: The module.
        words: Its arguments.
    """
    command = [sys.executable, "-m", module, *words]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8", cwd=Path(__file__).parents[2])
    result: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])
    return result


def report(**figures: float) -> None:
    """Report figures to whoever runs this process."""
    print(json.dumps(figures))


def megabytes() -> float:
    """Return the peak memory of this process; getrusage would count the parent's peak, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
