"""Where panels come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ossgeo.sources._datasets.hub_stats import HubStats
    from ossgeo.sources._datasets.open_model_evolution import OpenModelEvolution
    from ossgeo.sources._datasets.openrouter import OpenRouter
    from ossgeo.sources._datasets.publisher_analytics import PublisherAnalytics
    from ossgeo.sources._files.reader import read_models, read_panel
    from ossgeo.sources._hub.client import Hub, Overview
    from ossgeo.sources._protocol import Source
    from ossgeo.sources._samples import Sample, list_samples, load_sample
    from ossgeo.sources._store.manifest import Gap, Snapshot
    from ossgeo.sources._store.snapshots import SnapshotStore

_HOMES = {
    "Gap": "_store.manifest",
    "Hub": "_hub.client",
    "HubStats": "_datasets.hub_stats",
    "OpenModelEvolution": "_datasets.open_model_evolution",
    "OpenRouter": "_datasets.openrouter",
    "PublisherAnalytics": "_datasets.publisher_analytics",
    "Overview": "_hub.client",
    "Sample": "_samples",
    "Snapshot": "_store.manifest",
    "SnapshotStore": "_store.snapshots",
    "Source": "_protocol",
    "list_samples": "_samples",
    "load_sample": "_samples",
    "read_models": "_files.reader",
    "read_panel": "_files.reader",
}

__all__ = [
    "Gap",
    "Hub",
    "HubStats",
    "OpenModelEvolution",
    "OpenRouter",
    "Overview",
    "PublisherAnalytics",
    "Sample",
    "Snapshot",
    "SnapshotStore",
    "Source",
    "list_samples",
    "load_sample",
    "read_models",
    "read_panel",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        found = getattr(import_module(f"ossgeo.sources.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'ossgeo.sources' has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
