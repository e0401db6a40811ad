"""The boundary of public functions that read data: whatever escapes becomes an error of the library, with its place."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar

from ossgeo.errors import (
    CalculatorContractError,
    EngineError,
    OssgeoError,
    PanelError,
    RegistryError,
    SourceUnavailableError,
)

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_LONGEST_PLACE: Final = 200
_REMEDY: Final = "check the file; the cause is chained"


def reads_data(
    function: Callable[_Parameters, _Result], *, fault: Callable[[str, str, str], OssgeoError] = PanelError.of
) -> Callable[_Parameters, _Result]:
    """Let a function that reads data raise errors of the library only.

    An error of the operating system is a :class:`SourceUnavailableError`, every other one by default a
    :class:`PanelError`; both name the first argument. Polars' panics, which are not of the class ``Exception``, are
    included. Errors of the call itself, such as an unknown argument, stay as they are.

    Args:
        function: The function.
        fault: Returns the error for a place, a problem and a remedy.
    """

    @functools.wraps(function)
    def wrapper(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except (OssgeoError, Warning, MemoryError):
            raise
        except OSError as error:
            raise SourceUnavailableError(
                f"{place_of(args)} cannot be read: {error.strerror or 'it is damaged'}"
            ) from error
        except BaseException as error:
            if not (isinstance(error, Exception) or is_panic(error)) or _is_of_the_call(error):
                raise
            raise fault(place_of(args), f"cannot be read ({type(error).__name__})", _REMEDY) from error

    return wrapper


reads_registry: Final = functools.partial(reads_data, fault=RegistryError.of)
"""The same for a function that reads a registry."""


def runs_queries(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Let a function that queries a panel raise an :class:`EngineError` for an error of DuckDB, with the remedy for threads."""

    @functools.wraps(function)
    def wrapper(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            cause = error.__cause__ if isinstance(error, CalculatorContractError | PanelError) else error
            if not type(cause).__module__.lstrip("_").startswith("duckdb"):
                raise
            if isinstance(error, PanelError) and type(cause).__name__ != "ResourceInUseException":
                raise  # the data are at fault
            first = str(cause).strip().splitlines()[0]
            raise EngineError(
                f"DuckDB: {first}; a connection serves one thread: give each connection.cursor()"
            ) from error

    return wrapper


def is_panic(error: BaseException) -> bool:
    """Return whether an exception is a panic of a Rust library, such as Polars."""
    return type(error).__name__ == "PanicException"


def place_of(args: tuple[Any, ...]) -> str:
    """Return the name of the source that a function was given first."""
    source = args[0] if args else "the source"
    if isinstance(source, type) and len(args) > 1:
        source = args[1]
    text = str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else f"a {type(source).__name__}"
    return text if len(text) <= _LONGEST_PLACE else f"{text[:_LONGEST_PLACE]}..."


def _is_of_the_call(error: BaseException) -> bool:
    """Return whether a TypeError was raised by the call itself, not within the function."""
    trace = error.__traceback__
    return isinstance(error, TypeError) and trace is not None and trace.tb_next is None
