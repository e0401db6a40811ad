"""Options of the command, made from the tables of Python's arguments, and messages in the words of the shell."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Mapping
from typing import Any, Final, get_args, get_type_hints

import attrs

from ossgeo._core.method import Cleaning
from ossgeo.errors import InvalidArgumentError
from ossgeo.shares._options import MeasureOptions
from ossgeo.sources import Hub
from ossgeo.sources._files.options import READ_OPTIONS

CLEANING: Final[Mapping[str, tuple[str, ...]]] = {
    field.name: get_args(get_type_hints(Cleaning)[field.name]) for field in attrs.fields(Cleaning)
}
"""The policies of :class:`ossgeo.Cleaning` and their values; the first is the default."""

_CLEANING_HELP: Final = {
    "decreases": "cumulative counters that fall",
    "gaps": "days that no observation covers",
    "stale": "observations that repeat the one before",
    "dips": "observations that fall by a third and come back",
    "duplicates": "two rows of a model in one period",
    "invalid": "counts that are missing, negative or too large",
    "renames": "models with a new id",
}
_MEASURED: Final = [field.name for field in attrs.fields(MeasureOptions) if field.name != "cleaning"]
_NAMES: Final = "|".join([*(option.name for option in READ_OPTIONS), *_MEASURED])
_QUOTED: Final = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""


def add_reading(group: Any) -> None:
    """Add the options of :func:`ossgeo.read_panel` to a group of a parser."""
    for option in READ_OPTIONS:
        words: dict[str, Any] = {"help": option.help + ("; may be repeated" if option.many else "")}
        if option.values:
            words["choices"] = option.values
        else:
            words["metavar"] = option.metavar
        if option.many:
            words |= {"action": "append", "default": []}
        flags = ["--columns", "--column"] if option.name == "columns" else [_flag(option.name)]
        group.add_argument(*flags, dest=f"read_{option.name}", **words)


def add_cleaning(group: Any) -> None:
    """Add the policies of :class:`ossgeo.Cleaning` to a group of a parser."""
    for name, values in CLEANING.items():
        text = f"{_CLEANING_HELP[name]} (default: {values[0]})"
        group.add_argument(_flag(name), dest=f"clean_{name}", choices=values, default=values[0], help=text)


def reading_of(given: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of :func:`ossgeo.read_panel` that were given.

    Raises:
        InvalidArgumentError: A pair is not ``THEIRS=OURS``.
    """
    found: dict[str, Any] = {}
    for option in READ_OPTIONS:
        value = getattr(given, f"read_{option.name}", None)
        if value in (None, []):
            continue
        found[option.name] = _pairs(_flag(option.name), value) if option.pairs else value
    if len(found.get("wide", ())) == 1:
        found["wide"] = found["wide"][0]  # a pattern
    return found


def cleaning_of(given: argparse.Namespace) -> Cleaning:
    """Return the policies that were given."""
    policies: dict[str, Any] = {name: getattr(given, f"clean_{name}", values[0]) for name, values in CLEANING.items()}
    return Cleaning(**policies)


def add_limits(command: Any) -> None:
    """Add the limits of requests to the Hub.

    Args:
        command: The parser of the command.
    """
    command.add_argument(
        "--timeout",
        type=float,
        default=60,
        metavar="SECONDS",
        help="the longest time of one request to the Hub (default: 60)",
    )
    command.add_argument(
        "--patience",
        type=float,
        default=600,
        metavar="SECONDS",
        help="the longest total time of waiting and of failed requests to the Hub (default: 600)",
    )


def hub_of(given: argparse.Namespace) -> Hub:
    """Return the Hub with the limits of requests, at the endpoint if the command has that option."""
    return Hub(endpoint=getattr(given, "endpoint", None), timeout=given.timeout, patience=given.patience)


def in_shell_words(message: str) -> str:
    """Return a message with the command's options in place of Python's arguments.

    Example:
        >>> in_shell_words("choose with counter='downloads_30d', or columns={'n': 'model_id'}; see Cleaning(stale='drop')")
        'choose with --counter downloads_30d, or --columns n=model_id; see --stale drop'
    """
    policy = "|".join(CLEANING)
    message = message.replace(", or give more patience=", ", or give more --patience").replace(
        ", or give more deadline=", ""
    )
    message = message.replace("panel.check()", "--check").replace(
        "ossgeo.claims.load() returns all", "ossgeo claims lists all"
    )
    message = re.sub(
        r"call ossgeo\.plugins\.get\('sources', '([\w-]+)'\) with its arguments",
        r"give its place, as in \1:PATH",
        message,
    )
    message = re.sub(rf"Cleaning\(({policy})={_QUOTED}\)", lambda found: _option(found[1], found[2]), message)
    message = re.sub(
        rf"columns=\{{{_QUOTED}: {_QUOTED}\}}",
        lambda found: f"--columns {shlex.quote(f'{_text(found[1])}={_text(found[2])}')}", message,
    )  # fmt: skip
    message = re.sub(rf"\b({_NAMES})=\[{_QUOTED}\]", lambda found: _option(found[1], found[2]), message)
    message = re.sub(rf"\b({_NAMES})={_QUOTED}", lambda found: _option(found[1], found[2]), message)
    return re.sub(rf"(?<![\w-])({_NAMES})=(?=[\s,;:)]|$)", lambda found: _flag(found[1]), message)


def _option(name: str, value: str) -> str:
    return f"{_flag(name)} {shlex.quote(_text(value))}"


def _text(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _pairs(flag: str, words: list[str]) -> dict[str, str]:
    pairs = [word.partition("=") for word in words]
    if wrong := [word for word, (_, sign, ours) in zip(words, pairs, strict=True) if not (sign and ours)]:
        raise InvalidArgumentError(
            f"{flag} must be THEIRS=OURS, such as downloads_last_month=downloads_30d, got {wrong[0]!r}"
        )
    found = {theirs: ours for theirs, _, ours in pairs}
    if len(found) < len(pairs):
        twice = next(theirs for theirs, _, _ in pairs if sum(theirs == other for other, _, _ in pairs) > 1)
        raise InvalidArgumentError(f"{flag} must name each column once, got {twice!r} twice")
    return found
