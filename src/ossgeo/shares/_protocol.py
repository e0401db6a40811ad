"""The contract of share calculators: flows and credits go in, an aggregate comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, Protocol, Self, get_args, runtime_checkable

import narwhals as nw
import polars as pl

from ossgeo.errors import CalculatorContractError
from ossgeo.registry._registry import Registry

Gives = Literal["flow", "stock", "events"]
"""What the values of a calculator are: ``flow`` (use within an interval, summed over periods and windows), ``stock`` (a level
at an observation, never summed over time) or ``events`` (what happens once to a model)."""

_GIVES: Final[tuple[Gives, ...]] = get_args(Gives)


@runtime_checkable
class ShareCalculator(Protocol):
    """Something that can be measured for groups of models.

    A calculator only aggregates. Shares, statuses, windows, totals and the Method are the library's. :class:`CalculatorBase`
    declares the optional parts, with their defaults. Any other public method is a fault of the contract.
    """

    @property
    def name(self) -> str:
        """The name under which results record the calculator."""
        ...

    @property
    def unit(self) -> str:
        """The unit of ``value``, such as ``models``; empty for the unit of the panel's counter."""
        ...

    @property
    def requires(self) -> frozenset[str]:
        """Columns of the models table that the calculator uses; it receives no others."""
        ...

    @property
    def gives(self) -> Gives:
        """The kind of the values, which are flows, stocks or events."""
        ...

    @property
    def api_version(self) -> int:
        """The version of the contract that the calculator follows; see :data:`ossgeo.plugins.API_VERSION`."""
        ...

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Aggregate flows, levels or events by period and keys, lazily.

        Args:
            flows: One row for each model and interval: model_id, period, downloads, and some of the keys.
            credits: One row for each model and group: model_id, weight (fractions that are exact in binary), the rest of
                the keys, the columns of ``requires`` (``created_at`` as its day in UTC) and, where a credit is dated,
                start and end. :func:`credited` joins the two.
            keys: The columns to group by, beside ``period``; opaque codes.

        Returns:
            period, every key, and ``value``: additive over groups and over periods.
        """
        ...


@runtime_checkable
class EventCalculator(ShareCalculator, Protocol):
    """A calculator of what happens once to a model, such as its publication, instead of what counters say.

    Its events take the place of flows: each belongs to its day, and ``downloads`` is 1.
    """

    def events(self, models: pl.LazyFrame) -> pl.LazyFrame:
        """Return the day on which it happened to each model.

        Args:
            models: The models table.

        Returns:
            One row for each model to which it happened: model_id, period (the day; null if unknown).
        """
        ...


class CalculatorBase:
    """The optional parts of a calculator, with their defaults.

    A calculator may derive from this class; one that does not has the same defaults. They may be class attributes.
    """

    __slots__ = ()

    @property
    def whole_panel(self) -> bool:
        """Whether the value of one period depends on other observations of the panel too; False by default.

        Such a value cannot be computed from a part of the panel.
        """
        return False

    @property
    def by_namespace(self) -> bool:
        """Whether the calculator only sums the flows of a group, whatever the number of models behind them; False by default.

        It may then receive namespaces in the place of models.
        """
        return False

    def for_registry(self, registry: Registry) -> Self:
        """Return the calculator that uses the registry of a measurement; by default the calculator itself.

        Args:
            registry: The registry that ``measure`` was given, or the bundled one.
        """
        return self


CALCULATOR_CONTRACT: Final = frozenset(
    {
        "name",
        "unit",
        "requires",
        "gives",
        "api_version",
        "aggregate",
        "events",
        "whole_panel",
        "by_namespace",
        "for_registry",
    }
)
"""The public attributes and methods of a calculator."""


def gives_of(calculator: ShareCalculator) -> Gives:
    """Return what the values of a calculator are.

    Args:
        calculator: The calculator.

    Raises:
        CalculatorContractError: The declaration is not one of the words, or does not fit the methods.
    """
    events = isinstance(calculator, EventCalculator)
    gives = calculator.gives
    if gives not in _GIVES or (gives == "events") != events:
        remedy = "'events' and a method events() belong together" if gives in _GIVES else f"use {', '.join(_GIVES)}"
        raise CalculatorContractError(f"{calculator.name!r}: gives must fit the calculator, got {gives!r}; {remedy}")
    return gives


def needs_whole_panel(calculator: ShareCalculator) -> bool:
    """Return whether the value of a calculator for one period also depends on other observations of the panel.

    Such a value cannot be computed from a part of the panel. Events depend on others, since a period begins where the one before
    ends; any other calculator declares ``whole_panel``.

    Args:
        calculator: The calculator.
    """
    return isinstance(calculator, EventCalculator) or bool(getattr(calculator, "whole_panel", False))


def credited(flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Join flows to the credits that hold at the end of each flow's interval.

    Every flow is kept: one without a credit has null keys, so that nothing is lost in silence.

    Args:
        flows: model_id, period, downloads.
        credits: model_id, weight, keys and, where a credit is dated, start and end (half-open).

    Returns:
        The flows with the columns of the credits.
    """
    joined = flows.join(credits, on="model_id", how="left")
    if "start" not in credits.collect_schema().names():
        return joined
    period = nw.col("period")
    holds = (nw.col("start") <= period) & (period < nw.col("end"))
    return joined.filter(holds | nw.col("start").is_null() | period.is_null())
