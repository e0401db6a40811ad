"""Results that have a picture."""

from __future__ import annotations

from html import escape
from importlib import import_module
from typing import Any


class Pictured:
    """A result that can be drawn. What draws stands above all results, and is loaded when the first is drawn."""

    __slots__ = ()

    def plot(self, **options: Any) -> Any:
        """Draw it with Altair; needs the extra ``plot``.

        Args:
            **options: See :func:`ossgeo.reporting.plot.plot`.

        Returns:
            An Altair chart, to be changed, shown or saved.

        Raises:
            EngineError: Altair is not installed.
        """
        return import_module("ossgeo.reporting.plot").plot(self, **options)

    def _repr_html_(self) -> str:
        """Return the result as a notebook shows it; every text is escaped."""
        return f"<pre>{escape(str(self))}</pre>"
