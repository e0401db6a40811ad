"""The parser of the command: an error is one line with a remedy, and an option is given once unless it may be repeated."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from ossgeo._core.text import printable

_PLACES: Final = frozenset({"PATH", "FILE", "FOLDER", "SOURCE", "PANEL"})
"""Metavars of files and folders; an empty one, such as of an unset variable, would be the current folder."""
_TYPES: Final = {"int": "a whole number", "float": "a number"}


class Parser(argparse.ArgumentParser):
    """A parser whose errors have the form of those of the library; its subparsers are of the same class."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Create the parser; options are stored once."""
        super().__init__(*args, **kwargs)
        self.register("action", None, _Once)
        self.register("action", "store", _Once)
        self.set_defaults(parser=self)

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the arguments; the process ends with 2, and the error is of the subcommand, if a word is not known."""
        given, unknown = self.parse_known_args(words)
        if unknown:
            given.parser.error(given.parser.unknown(unknown[0]))
        return given

    def unknown(self, word: str) -> str:
        """Return the message about a word that is not an argument of this command, with near options."""
        if not word.startswith("-"):
            return f"{word!r} is one argument too many"
        near = difflib.get_close_matches(word.partition("=")[0], list(self._option_string_actions), n=2)
        return f"{word!r} is not an option of {self.prog}{_meant(near)}"

    def error(self, message: str) -> NoReturn:
        """Print the error and its remedy, and end the process with 2."""
        if sys.stderr is not None:
            print(f"error: {printable(_plain(message))} (see {self.prog} --help)", file=sys.stderr)
        self.exit(2)


class _Once(argparse.Action):
    """Store a value; a second one is an error, because one of the two would be ignored."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Store the value."""
        if self.metavar in _PLACES and "" in (values if isinstance(values, list) else [values]):
            raise argparse.ArgumentError(self, "must name a file or a folder, got ''")
        seen = namespace.__dict__.setdefault("seen", {})
        if option is not None and self.dest in seen:
            raise argparse.ArgumentError(self, f"must be given once, got {seen[self.dest]!r} and {values!r}")
        seen[self.dest] = values
        setattr(namespace, self.dest, values)


def _plain(message: str) -> str:
    """Return a message of argparse as the library words it: the argument, what it must be, and the value.

    Example:
        >>> _plain("argument COMMAND: invalid choice: 'measur' (choose from 'measure', 'plot')")
        "COMMAND must be one of measure, plot, got 'measur'; did you mean 'measure'?"
    """
    message = re.sub(r"^argument ([^:]+): ", r"\1 ", message)
    if found := re.fullmatch(r"(\S+) invalid choice: '(.*)' \(choose from (.*)\)", message, re.DOTALL):
        known = [word.strip("'") for word in found[3].split(", ")]
        near = _meant(difflib.get_close_matches(found[2], known, n=2))
        return f"{found[1]} must be one of {', '.join(known)}, got {found[2]!r}{near}"
    message = re.sub(r" invalid (int|float) value: ", lambda found: f" must be {_TYPES[found[1]]}, got ", message)
    message = re.sub(r" expected (one|at least one) argument$", " must be followed by a value", message)
    message = message.replace(" not allowed with argument ", " is not allowed with ")
    return re.sub(r"^the following arguments are required: ", "missing: ", message)


def _meant(near: list[str]) -> str:
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
