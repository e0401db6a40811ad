"""The options and the output of ``ossgeo inventory``."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import ossgeo
from ossgeo._core.io import require_place, writing
from ossgeo._core.text import counted
from ossgeo.cli._options import add_limits
from ossgeo.errors import InvalidArgumentError

FORMS: Final[Mapping[str, Callable[[ossgeo.Inventory], str]]] = {
    "text": str,
    "html": ossgeo.Inventory.to_html,
    "markdown": ossgeo.Inventory.to_markdown,
    "csv": ossgeo.Inventory.to_csv,
    "cyclonedx": ossgeo.Inventory.to_cyclonedx,
}
"""The forms of an inventory."""

_SUFFIXES: Final = {".txt": "text", ".html": "html", ".md": "markdown", ".csv": "csv", ".json": "cyclonedx"}


def add_inventory(commands: Any) -> None:
    """Add the command to the parser."""
    command = commands.add_parser("inventory", help="look up the origin and the licenses of your own models")
    command.add_argument(
        "ids", nargs="+", metavar="SOURCE",
        help="ids of models; or a text file with one id a line, a Hugging Face cache, a folder of models, or a CycloneDX or "
        "SPDX file in JSON",
    )  # fmt: skip
    facts = command.add_mutually_exclusive_group()
    facts.add_argument(
        "--models",
        metavar="SNAPSHOT",
        help="base models and licenses from a file of models, a store or a bundled sample",
    )
    facts.add_argument("--hub", action="store_true", help="ask the Hub for the listed models and their ancestors")
    add_limits(command)
    command.add_argument("--on", metavar="DATE", help="the day for which countries are looked up (default: today)")
    command.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")
    command.add_argument("--alternative", action="append", default=[], metavar="ID",
                         help="use the alternative of a disputed organization or model; may be repeated")  # fmt: skip
    command.add_argument(
        "--fail-on", action="append", default=[], metavar="CONDITION",
        help="exit with 1 and the reasons if a model meets COLUMN=VALUE, such as root_country=CN, openness=restricted or "
        "evidence=absent; may be repeated",
    )  # fmt: skip
    command.add_argument("--format", choices=tuple(FORMS), dest="form", help="the form of the output (default: text)")
    command.add_argument("-o", "--output", metavar="FILE", help="write to a file; its suffix determines the form")


def source_of(words: list[str]) -> str | list[str]:
    """Return the path that the words of the command name, or the ids of models.

    Args:
        words: The words.

    Raises:
        InvalidArgumentError: There are several words, and one of them is a file.
    """
    paths = [word for word in words if _is_file(word)]
    if len(words) == 1:
        return words[0] if paths or Path(words[0]).exists() else words
    if paths:
        raise InvalidArgumentError(
            f"SOURCE must be ids of models, or one file or folder, got {paths[0]!r} among {len(words)}"
        )
    return words


def _is_file(word: str) -> bool:
    path = Path(word)
    return path.is_file() or word.startswith((".", "/", "~")) or path.suffix.lower() in (".txt", ".json")


def check_output(given: argparse.Namespace) -> None:
    """Set the form of the output by the suffix of its file, before the work for it is done.

    Args:
        given: The options.

    Raises:
        InvalidArgumentError: The suffix says no form, or another one than ``--format``.
        OutputError: The file cannot be written.
    """
    by_suffix = "text"
    if given.output is not None:
        require_place(given.output)
        suffix = Path(given.output).suffix.lower()
        by_suffix = _SUFFIXES.get(suffix, given.form)
        if by_suffix is None:
            raise InvalidArgumentError(
                f"--output must end in {', '.join(_SUFFIXES)}, or --format must name the form, got {given.output!r}"
            )
        if given.form not in (None, by_suffix):
            raise InvalidArgumentError(f"--format {given.form} must go with its suffix, got --output {given.output!r}")
    given.form = given.form or by_suffix


def inventory_text(found: ossgeo.Inventory, given: argparse.Namespace) -> str:
    """Return an inventory in the chosen form, or write it to the chosen file and return a line about it.

    Args:
        found: The inventory.
        given: The options, after :func:`check_output`.
    """
    text = FORMS[given.form](found)
    if given.output is None:
        return text
    with writing(given.output) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    given.form = "text"
    return f"{given.output}: {counted(len(found), 'models')}"
