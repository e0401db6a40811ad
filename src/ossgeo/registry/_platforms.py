"""The namespaces of a platform together with those of the Hub, to which base models of its models belong."""

from __future__ import annotations

from functools import lru_cache

from ossgeo.registry._registry import Registry
from ossgeo.registry._validation import HUGGING_FACE


@lru_cache(maxsize=8)
def platform_registry(registry: Registry, platform: str) -> Registry:
    """Return a registry with the namespaces of a platform and, where none of them has the name, those of the Hub.

    Args:
        registry: The registry.
        platform: The platform; one that the registry has no namespaces of has those of the Hub.
    """
    if platform == HUGGING_FACE or platform not in registry.platforms:
        return registry
    tables = registry.tables
    own = [row.with_cells(platform="") for row in tables["namespaces"] if row.get("platform") == platform]
    taken = {row["namespace"].casefold() for row in own}
    hub = [row for row in tables["namespaces"] if not row.get("platform") and row["namespace"].casefold() not in taken]
    kept = {row["namespace"] for row in hub}
    roles = tuple(row for row in tables.get("roles", ()) if row["namespace"] in kept)
    return Registry({**tables, "namespaces": (*own, *hub), "roles": roles})
