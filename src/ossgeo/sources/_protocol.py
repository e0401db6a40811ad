"""The contract of sources."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from ossgeo.panel._panel import Panel


@runtime_checkable
class Source(Protocol):
    """Something that gives a panel.

    What is configured (where, which models) belongs to the constructor; a source that cannot be reached raises
    SourceUnavailableError, one that holds something else SourceFormatError.
    """

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        ...

    def panel(self) -> Panel:
        """Return what the source holds, as a panel whose rows stay lazy."""
        ...
