"""Charts and maps of results, drawn with Altair."""

from __future__ import annotations

from ossgeo._core.display import PlotOptions
from ossgeo.plotting._dispatch import plot

__all__ = [
    "PlotOptions",
    "plot",
]
