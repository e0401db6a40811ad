"""The contract of sources."""

from __future__ import annotations

from typing import Final, Protocol, runtime_checkable

from ossgeo.panel._panel import Panel

SOURCE_CONTRACT: Final = frozenset({"name", "api_version", "panel"})
"""The public attributes and methods of a source that the library uses; a source may have others."""


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

    @property
    def api_version(self) -> int:
        """The version of the contract that the source follows; see :data:`ossgeo.plugins.API_VERSION`."""
        ...

    def panel(self) -> Panel:
        """Return the content of the source as a panel whose rows stay lazy."""
        ...
