"""Results that have a picture."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Pictured:
    """A result that can be drawn. What draws stands above all results, and is loaded when the first is drawn."""

    __slots__ = ()

    def plot(self, **options: Any) -> Any:
        """Draw it with Altair; needs the extra ``plot``.

        Args:
            **options: See :func:`ossgeo.report.plot.plot`.

        Returns:
            An Altair chart, to be changed, shown or saved.

        Raises:
            EngineError: Altair is not installed.
        """
        return import_module("ossgeo.report.plot").plot(self, **options)
