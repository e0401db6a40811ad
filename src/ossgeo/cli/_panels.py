"""The panel that a word of the command names: a sample, a source, or a file or folder."""

from __future__ import annotations

import argparse
import difflib
import inspect
from pathlib import Path
from typing import Any, Final

import ossgeo
from ossgeo.cli._options import reading_of
from ossgeo.errors import InvalidArgumentError, UnknownNameError

PATH_HELP: Final = (
    "a CSV, JSON, Parquet or Excel file, a folder of them, a sample ({}), or a source ({}), with the place of its data after "
    "a colon if it needs one, as in hub-stats:models.parquet"
)


def path_help() -> str:
    """Return the help of the argument ``PATH``, with the names of samples and sources."""
    return PATH_HELP.format(", ".join(_samples()), ", ".join(source_names()))


def source_names() -> list[str]:
    """Return the names of the built-in sources and of those of installed plugins."""
    return [plugin.name for plugin in ossgeo.plugins.available("sources")]


def panel_of(path: str, given: argparse.Namespace) -> ossgeo.Panel:
    """Return the panel of a sample, a source, or a file or folder.

    Args:
        path: The name of a sample; the name of a source, with a place after a colon or without; or a place.
        given: The arguments of the command; those of reading apply to files and, as far as it takes them, to a source.

    Raises:
        InvalidArgumentError: An option or a place does not apply.
        UnknownNameError: Nothing is at the place, and its name is nearly that of a sample or source.
    """
    options = reading_of(given)
    if path in _samples():
        return _sample(path, options)
    exists = Path(path).exists() or "://" in path
    name, _, place = path.partition(":")
    if not exists and name in source_names():
        return _from_source(name, place, options)
    if not exists and difflib.get_close_matches(name, known := [*_samples(), *source_names()], cutoff=0.8):
        raise UnknownNameError.among(name, known, what="PATH", remedy="no such file, sample or source")
    return ossgeo.read_panel(path, **options)


def _samples() -> list[str]:
    return [sample.name for sample in ossgeo.list_samples()]


def _sample(name: str, options: dict[str, Any]) -> ossgeo.Panel:
    panel = ossgeo.load_sample(name)
    counter = options.pop("counter", None)
    if counter is not None and ossgeo.Counter.parse(counter) != panel.counter:
        raise InvalidArgumentError(f"--counter {counter}: the sample {name} has {panel.counter}")
    _require_none(options, f"{name} is a bundled sample")
    return panel


def _from_source(name: str, place: str, options: dict[str, Any]) -> ossgeo.Panel:
    """Return the panel of a source; it is called with the place, if one was given, and reads with the options that it takes."""
    factory = ossgeo.plugins.get("sources", name)
    if place and "path" not in inspect.signature(factory).parameters:
        raise InvalidArgumentError(f"PATH must be {name}, since this source has no argument path, got {name}:{place}")
    source: Any = factory(path=place) if place else ossgeo.plugins.make("sources", name)
    taken = inspect.signature(source.panel).parameters
    _require_none({option: value for option, value in options.items() if option not in taken}, f"{name} is a source")
    panel: ossgeo.Panel = source.panel(**options)
    return panel


def _require_none(options: dict[str, Any], reason: str) -> None:
    if options:
        flag = next(iter(options)).replace("_", "-")
        raise InvalidArgumentError(f"--{flag} says how a file is read; {reason}")
