"""Where panels come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ossgeo.sources.base import Source
    from ossgeo.sources.hub import Hub, Overview
    from ossgeo.sources.hubstats import HubStats
    from ossgeo.sources.manifest import Entry
    from ossgeo.sources.store import SnapshotStore
    from ossgeo.sources.study import OpenModelEvolution

_HOMES = {
    "Entry": "manifest",
    "Hub": "hub",
    "HubStats": "hubstats",
    "OpenModelEvolution": "study",
    "Overview": "hub",
    "SnapshotStore": "store",
    "Source": "base",
}

__all__ = ["Entry", "Hub", "HubStats", "OpenModelEvolution", "Overview", "SnapshotStore", "Source"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        found = getattr(import_module(f"ossgeo.sources.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'ossgeo.sources' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
