"""Who made a model: strategies that turn models into credits."""

from __future__ import annotations

from typing import Any, Final

from ossgeo.attribution.base import (
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    ModelTable,
    credits_of,
    name_of,
)
from ossgeo.attribution.publisher import Publisher
from ossgeo.errors import PluginNotFoundError

__all__ = [
    "DEFAULT",
    "Attribution",
    "AttributionStrategy",
    "Context",
    "Credit",
    "ModelTable",
    "Publisher",
    "credits_of",
    "resolve",
]

DEFAULT: Final = "publisher"
"""The strategy that is used where none is named."""

_BUILT_IN: Final[dict[str, type[Any]]] = {"publisher": Publisher}


def resolve(strategy: str | AttributionStrategy) -> AttributionStrategy:
    """Return the strategy behind a name; an object is checked and returned.

    Args:
        strategy: A name or a strategy.

    Raises:
        PluginNotFoundError: No strategy has the name.
        AttributionContractError: The object is no strategy.
    """
    if isinstance(strategy, str):
        if strategy not in _BUILT_IN:
            raise PluginNotFoundError.among(strategy, _BUILT_IN, what="attribution strategy")
        made: AttributionStrategy = _BUILT_IN[strategy]()
        return made
    name_of(strategy)
    return strategy
