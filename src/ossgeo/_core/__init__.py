"""Internal building blocks: schemas, dates, intervals, engines, files, methods, text. Not part of the public API."""

from __future__ import annotations

from pathlib import Path
from typing import Final

DATA: Final = Path(__file__).parent.parent / "data"
"""The bundled data files."""
