"""The base class of the built-in calculators."""

from __future__ import annotations

from typing import ClassVar

from ossgeo.plugins import API_VERSION
from ossgeo.shares._protocol import CalculatorBase


class BuiltInCalculator(CalculatorBase):
    """A calculator of this library, which follows the current version of the contract."""

    __slots__ = ()

    api_version: ClassVar[int] = API_VERSION
