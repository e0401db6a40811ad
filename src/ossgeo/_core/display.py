"""Results that have a picture."""

from __future__ import annotations

from html import escape
from typing import Any, Final

from ossgeo import plugins

_BACKEND: Final = "altair"
"""Name of the plotting backend in :mod:`ossgeo.plugins`."""


class Pictured:
    """A result that can be drawn. What draws stands above all results, and is loaded when the first is drawn."""

    __slots__ = ()

    def plot(self, **options: Any) -> Any:
        """Draw it with Altair; needs the extra ``plot``.

        Args:
            **options: See :func:`ossgeo.plotting._dispatch.plot`.

        Returns:
            An Altair chart, to be changed, shown or saved.

        Raises:
            EngineError: Altair is not installed.
        """
        return plugins.get("plotting", _BACKEND)(self, **options)

    def _repr_html_(self) -> str:
        """Return the result as a notebook shows it; every text is escaped."""
        return f"<pre>{escape(str(self))}</pre>"
