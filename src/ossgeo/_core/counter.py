"""Counters: the quantity that the rows of a panel hold, its kind and its unit."""

from __future__ import annotations

import re
from typing import Any, Final, Literal, Self, get_args

import attrs

from ossgeo.errors import InvalidArgumentError

CounterKind = Literal["cumulative", "trailing", "interval"]
"""What a count covers: everything until its observation (``cumulative``), the last N days before it (``trailing``), or an
interval of its own (``interval``)."""

_KINDS: Final[tuple[CounterKind, ...]] = get_args(CounterKind)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_TEXT: Final = re.compile(
    r"(?P<name>[a-z][a-z0-9_]*?)(?P<kind>_all_time|_per_interval|_per_(?P<length>\d+)d|_(?P<window>\d+)d)( \((?P<unit>[^()]+)\))?"
)
_WHOLE_UNITS: Final = frozenset({"downloads", "tokens", "requests"})
_DOWNLOADS_LIMIT: Final = 10**12


def column_of(counter: Counter | str) -> str:
    """Return the column of a counter, which may be given by its name."""
    return counter.column if isinstance(counter, Counter) else counter


def _check_name(_: Any, attribute: attrs.Attribute[str], value: Any) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise InvalidArgumentError(
            f"Counter: {attribute.name} must be lowercase letters, digits and '_', such as 'tokens', got {value!r}"
        )


def _check_kind(_: Any, attribute: attrs.Attribute[str], value: Any) -> None:
    if value not in _KINDS:
        raise InvalidArgumentError(
            f"Counter: {attribute.name} must be one of {', '.join(map(repr, _KINDS))}, got {value!r}"
        )


def _check_unit(_: Any, attribute: attrs.Attribute[str], value: Any) -> None:
    if not isinstance(value, str) or not value.strip() or set(value) & set("()\n"):
        raise InvalidArgumentError(
            f"Counter: {attribute.name} must be text such as 'US dollars', without parentheses, got {value!r}"
        )


@attrs.frozen
class Counter:
    """The quantity that the rows of a panel hold.

    Attributes:
        name: Lowercase, such as ``downloads`` or ``tokens``.
        kind: ``cumulative`` (a total since the beginning), ``trailing`` (the last ``days`` days before the observation; such
            counts overlap if they are observed more often) or ``interval`` (a flow within an interval of its own).
        unit: The unit of one count, in words; the name by default.
        days: Length in days of the window or of each interval. An interval counter without it takes the length from a
            column ``start``, the first day of the interval.

    Raises:
        InvalidArgumentError: A value is not valid, or the kind and the length do not fit.

    Example:
        >>> Counter("tokens", kind="interval", days=7).column
        'tokens_per_7d'
        >>> Counter.parse("downloads_30d") == Counter("downloads", kind="trailing", days=30)
        True
    """

    name: str = attrs.field(validator=_check_name)
    kind: CounterKind = attrs.field(kw_only=True, validator=_check_kind)
    unit: str = attrs.field(
        kw_only=True, default=attrs.Factory(lambda counter: counter.name, takes_self=True), validator=_check_unit
    )
    days: int | None = attrs.field(kw_only=True, default=None)

    @days.validator
    def _check_days(self, _: Any, value: Any) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise InvalidArgumentError(f"Counter: days must be a whole number from 1, got {value!r}")
        if self.kind == "cumulative" and value is not None:
            raise InvalidArgumentError("Counter: days must be None for a cumulative counter, which has no window")
        if self.kind == "trailing" and value is None:
            raise InvalidArgumentError("Counter: days must be given for a trailing counter, such as days=30")

    @classmethod
    def parse(cls, counter: Counter | str) -> Self:
        """Return a counter, or the one that a name such as ``downloads_30d`` states.

        Args:
            counter: A counter, or text: ``NAME_all_time`` (cumulative), ``NAME_Nd`` (trailing N days), ``NAME_per_Nd`` (intervals
                of N days) or ``NAME_per_interval`` (intervals of any length), and the unit in parentheses if it is not the
                name.

        Raises:
            InvalidArgumentError: The text has another form.
        """
        if isinstance(counter, cls):
            return counter
        found = _TEXT.fullmatch(counter) if isinstance(counter, str) else None
        if found is None:
            raise InvalidArgumentError(
                "counter must be 'downloads_30d', 'downloads_all_time', another name of this form (such as 'tokens_per_7d') "
                f"or an ossgeo.Counter, got {counter!r}"
            )
        kind: CounterKind = (
            "cumulative" if found["kind"] == "_all_time" else "trailing" if found["window"] else "interval"
        )
        length = found["window"] or found["length"]
        return cls(found["name"], kind=kind, unit=found["unit"] or found["name"], days=int(length) if length else None)

    @property
    def column(self) -> str:
        """The name of the column of a panel's rows, such as ``downloads_30d`` or ``tokens_per_7d``."""
        if self.kind == "cumulative":
            return f"{self.name}_all_time"
        if self.kind == "trailing":
            return f"{self.name}_{self.days}d"
        return f"{self.name}_per_interval" if self.days is None else f"{self.name}_per_{self.days}d"

    @property
    def limit(self) -> int | None:
        """The largest possible count, which is 10^12 downloads, since no repository has been downloaded more often; else None."""
        return _DOWNLOADS_LIMIT if self.unit == "downloads" else None

    @property
    def whole(self) -> bool:
        """Whether counts are whole numbers; those of units such as ``share`` or ``US dollars`` may be fractions."""
        return self.unit in _WHOLE_UNITS

    def __str__(self) -> str:
        """Return the name of the column, with the unit if it is not the name; :meth:`parse` reads it."""
        return self.column if self.unit == self.name else f"{self.column} ({self.unit})"
