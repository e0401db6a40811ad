"""Completion of the command's options and names in bash, zsh and fish."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import ossgeo
from ossgeo.cli._panels import source_names

SHELLS: Final = ("bash", "zsh", "fish")
_KEYS: Final = ("country", "organization", "kind", "namespace", "model")


def add_command(commands: Any) -> None:
    """Add the command ``completion``.

    Args:
        commands: The subparsers of the command.
    """
    completion = commands.add_parser("completion", help="print a script that completes this command in a shell")
    completion.add_argument("shell", choices=SHELLS, help="the shell that runs the script")


def script(shell: str) -> str:
    """Return the script that completes ``ossgeo`` in a shell.

    Args:
        shell: ``bash``, ``zsh`` or ``fish``.
    """
    from argcomplete.shell_integration import shellcode

    return shellcode(["ossgeo"], shell=shell)


def complete(parser: argparse.ArgumentParser) -> None:
    """Print the possible next words and exit if the shell requests them, and otherwise do nothing.

    Args:
        parser: The parser of the command.
    """
    if "_ARGCOMPLETE" not in os.environ:
        return
    import argcomplete

    names = _names()
    for action in _actions(parser):
        if action.dest in names:
            action.completer = argcomplete.ChoicesCompleter(dict.fromkeys(names[action.dest], ""))  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _names() -> Mapping[str, Sequence[str]]:
    """Return the names that the values of options may have."""
    samples = [sample.name for sample in ossgeo.list_samples()]
    return {
        "attribution": [plugin.name for plugin in ossgeo.plugins.available("attribution")],
        "calculator": [plugin.name for plugin in ossgeo.plugins.available("shares")],
        "by": [*_KEYS, *ossgeo.GroupScheme.names()],
        "path": [*samples, *source_names(), *_files()],
        "panel": [*samples, *source_names(), *_files()],
    }


def _files() -> list[str]:
    return sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir() if not entry.name.startswith("."))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the actions of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
