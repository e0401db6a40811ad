"""Every error and warning a caller can meet.

Each class is an :class:`OssgeoError` and a builtin, so that ``except ValueError`` and ``except OssgeoError`` both work::

    OssgeoError
    ├── SourceUnavailableError (OSError)       a file, host or service cannot be reached
    ├── SourceFormatError (ValueError)         it was reached, but its content is invalid
    ├── PanelError (ValueError)                a panel has faults; one error lists all of them
    ├── RegistryError (ValueError)             a registry has faults; one error lists all of them
    ├── Fault (ValueError)                     one fault within a PanelError or RegistryError
    ├── InvalidArgumentError (ValueError)      an argument is invalid
    ├── UnknownNameError (LookupError)         an unknown name; has ``value`` and ``suggestions``
    │   ├── UnknownCountryError
    │   ├── UnknownOrganizationError
    │   ├── UnknownSchemeError
    │   ├── UnknownSampleError
    │   └── PluginNotFoundError
    ├── AttributionContractError (ValueError)  a strategy violated the contract of attribution
    ├── CalculatorContractError (ValueError)   a calculator violated the contract of shares
    ├── StoreError (OSError)                   a store of snapshots cannot be written or read
    ├── OutputError (OSError)                  a result cannot be written to its path
    ├── PluginLoadError (ImportError)          a plugin is installed and cannot be loaded
    ├── PluginConflictError (ValueError)       two distributions offer a plugin of one name
    ├── ConditionError (AssertionError)        a condition of an inventory is met
    ├── ConformanceError (AssertionError)      a plugin fails checks of the kit; one error lists all of them
    ├── EngineError (RuntimeError)             an engine cannot run an operation
    └── MethodMismatchError (ValueError)       two tables have different methods

    OssgeoWarning (UserWarning)
    ├── VoidOptionWarning                      an option has no effect on this panel
    ├── LowCoverageWarning                     a share has a weak basis
    └── StaleDataWarning                       an observation repeats the one before
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Self

_SHOWN_FAULTS = 12
_ALIKE = 3
_LONGEST = 10_000
_FEW_NAMES = 20


def _printable(text: object) -> object:
    """Return a text with a replacement character for each control character but the line break; other values as they are.

    A text of more than 10,000 characters is cut, and its length is stated.
    """
    if not isinstance(text, str):
        return text
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 100]}... ({len(text):,} characters)"
    return "".join(one if one.isprintable() or one == "\n" else "\N{REPLACEMENT CHARACTER}" for one in text)


class OssgeoError(Exception):
    """The base of all errors of ossgeo; control characters of a file or a name never reach the terminal through one."""

    def __init__(self, *parts: object) -> None:
        """Store the parts of the message in printable form."""
        super().__init__(*map(_printable, parts))


class SourceUnavailableError(OssgeoError, OSError):
    """A file, host or service cannot be reached; the cause is chained."""


class SourceFormatError(OssgeoError, ValueError):
    """A source was reached, but its content is invalid."""


class InvalidArgumentError(OssgeoError, ValueError):
    """An argument, or a combination of arguments, is invalid."""


class AttributionContractError(OssgeoError, ValueError):
    """An attribution strategy returned what the contract forbids."""


class CalculatorContractError(OssgeoError, ValueError):
    """A share calculator returned what the contract forbids."""


class EngineError(OssgeoError, RuntimeError):
    """A dataframe engine cannot run an operation."""


class StoreError(OssgeoError, OSError):
    """A store of snapshots cannot be written or read; what it held before is not lost."""


class OutputError(OssgeoError, OSError):
    """A result cannot be written to its path."""


class PluginLoadError(OssgeoError, ImportError):
    """A plugin is installed and cannot be loaded; the cause is chained."""


class PluginConflictError(OssgeoError, ValueError):
    """Two distributions offer a plugin of one name."""


class ConformanceError(OssgeoError, AssertionError):
    """A strategy, calculator or source does not keep its contract; with every check that failed."""


class ConditionError(OssgeoError, AssertionError):
    """A condition of an inventory is met."""


class MethodMismatchError(OssgeoError, ValueError):
    """Two share tables have different methods."""


class UnknownNameError(OssgeoError, LookupError):
    """An unknown name.

    Attributes:
        value: The requested name.
        suggestions: Similar known names, the nearest first.
    """

    def __init__(self, message: str, *, value: object, suggestions: Sequence[str] = ()) -> None:
        """Store the unknown name and similar known names."""
        hint = f"; did you mean {' or '.join(repr(name) for name in suggestions)}?" if suggestions else ""
        super().__init__(f"{message}{hint}")
        self.value: object = value
        self.suggestions: tuple[str, ...] = tuple(suggestions)

    @classmethod
    def among(cls, value: str, known: Iterable[str], *, what: str, remedy: str = "") -> Self:
        """Return the error for a name that should be one of ``known``, with near names, or with all names if they are few."""
        names = {name.casefold(): name for name in known}
        near = difflib.get_close_matches(value.casefold(), names, n=3, cutoff=0.6)
        if not (near or remedy) and 0 < len(names) <= _FEW_NAMES:
            remedy = f"the known ones are {', '.join(sorted(names.values()))}"
        message = f"{what} {value!r} is not known" + (f" ({remedy})" if remedy else "")
        return cls(message, value=value, suggestions=[names[key] for key in near])

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the finished message, so that the hint is not added twice."""
        return (_unpickled, (type(self), str(self), self.value, self.suggestions))


def _unpickled(
    kind: type[UnknownNameError], message: str, value: object, suggestions: tuple[str, ...]
) -> UnknownNameError:
    error = kind(message, value=value)
    error.suggestions = suggestions
    return error


class UnknownCountryError(UnknownNameError):
    """No country has this code or name."""


class UnknownOrganizationError(UnknownNameError):
    """The registry has no organization for this namespace or id."""


class UnknownSchemeError(UnknownNameError):
    """No group scheme has this name."""


class UnknownSampleError(UnknownNameError):
    """No bundled sample has this name."""


class PluginNotFoundError(UnknownNameError):
    """No strategy or calculator has this name."""


class Fault(OssgeoError, ValueError):
    """One fault in a table, with its place and a remedy.

    Attributes:
        place: File, row and column, as far as they are known.
        problem: The problem, with the value.
        remedy: The remedy; may be empty.
    """

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        """Store the three parts of the message."""
        super().__init__(place, problem, remedy)
        self.place: str
        self.problem: str
        self.remedy: str
        self.place, self.problem, self.remedy = self.args

    def __str__(self) -> str:
        """Return the fault in one line."""
        return f"{self.place}: {self.problem}" + (f" ({self.remedy})" if self.remedy else "")


class _FaultsError(OssgeoError, ValueError):
    """Several faults of one table, raised together.

    It is not an ExceptionGroup, whose traceback would print each fault twice.

    Attributes:
        message: The problem as a whole.
        faults: The faults.
    """

    def __init__(self, message: str, faults: Sequence[Fault]) -> None:
        """Store the message and the faults."""
        super().__init__(message, tuple(faults))
        self.message: str
        self.faults: tuple[Fault, ...]
        self.message, self.faults = self.args

    @classmethod
    def of(cls, place: str, problem: str, remedy: str = "") -> Self:
        """Return the error for a single fault."""
        fault = Fault(place, problem, remedy)
        return cls(str(fault), [fault])

    def __str__(self) -> str:
        """Return the message and the first faults, a line each; a single fault may be the message."""
        if [self.message] == [str(fault) for fault in self.faults]:
            return self.message
        groups = _alike(self.faults)
        shown = [f"  - {_of_several(group)}" for group in groups[:_SHOWN_FAULTS]]
        rest = sum(map(len, groups[_SHOWN_FAULTS:]))
        return "\n".join([self.message, *shown, *([f"  - and {rest} more"] if rest else [])])


def _alike(faults: Sequence[Fault]) -> list[list[Fault]]:
    """Return faults in their order, those with one problem and remedy together if there are three or more of them."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.problem, fault.remedy), []).append(fault)
    joined = {key for key, group in groups.items() if len(group) >= _ALIKE}
    found: list[list[Fault]] = []
    for fault in faults:
        key = (fault.problem, fault.remedy)
        if key not in joined:
            found.append([fault])
        elif groups[key][0] is fault:
            found.append(groups[key])
    return found


def _of_several(faults: Sequence[Fault]) -> str:
    """Return equal faults of several places in one line."""
    first, more = faults[0], len(faults) - 1
    return str(Fault(f"{first.place} and {more} more", first.problem, first.remedy) if more else first)


class PanelError(_FaultsError):
    """A panel, or the file it is read from, has faults; ``faults`` holds each one."""


class RegistryError(_FaultsError):
    """A registry has faults; ``faults`` holds each one."""


class OssgeoWarning(UserWarning):
    """The base of all warnings of ossgeo."""

    def __init__(self, *parts: object) -> None:
        """Store the parts of the message in printable form."""
        super().__init__(*map(_printable, parts))


class VoidOptionWarning(OssgeoWarning):
    """An option has no effect on this panel, because the models table lacks a column that it needs."""


class LowCoverageWarning(OssgeoWarning):
    """A share has a weak basis: a small or empty total, or mostly unreviewed downloads."""


class StaleDataWarning(OssgeoWarning):
    """An observation repeats the one before it."""
