"""The namespaces of a platform together with those of the Hub, to which base models of its models belong."""

from __future__ import annotations

from functools import lru_cache

from ossgeo.registry._facts import HUGGING_FACE
from ossgeo.registry._registry import Registry


@lru_cache(maxsize=8)
def platform_registry(registry: Registry, platform: str) -> Registry:
    """Return a registry with the namespaces of a platform and, where none of them has the name, those of the Hub.

    Args:
        registry: The registry.
        platform: The platform; one that the registry has no namespaces of has those of the Hub.
    """
    if platform == HUGGING_FACE or platform not in registry.platforms:
        return registry
    return registry.for_platform(platform)
