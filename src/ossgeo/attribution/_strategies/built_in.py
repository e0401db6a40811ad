"""The base class of the built-in strategies."""

from __future__ import annotations

from typing import ClassVar

from ossgeo.attribution._protocol import StrategyBase
from ossgeo.plugins import API_VERSION


class BuiltInStrategy(StrategyBase):
    """A strategy of this library, which follows the current version of the contract and prints as its name."""

    __slots__ = ()

    api_version: ClassVar[int] = API_VERSION

    @property
    def name(self) -> str:
        """The name under which results record the strategy."""
        raise NotImplementedError

    def __str__(self) -> str:
        """Return the name."""
        return self.name
