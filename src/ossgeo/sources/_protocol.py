"""The contract of sources."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ossgeo.panel._panel import Panel


@runtime_checkable
class Source(Protocol):
    """An object that returns a panel.

    The configuration (place, choice of models) belongs to the constructor. :meth:`panel` raises SourceUnavailableError
    if the source cannot be reached, and SourceFormatError if it does not have the expected form.
    """

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        ...

    def panel(self) -> Panel:
        """Return the content of the source as a panel whose rows stay lazy."""
        ...
