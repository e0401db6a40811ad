"""The command ``ossgeo``, also ``python -m ossgeo``: measure, plot, report, collect, and look after a store and a registry."""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import attrs

import ossgeo
from ossgeo._core.io import require_place, writing
from ossgeo._core.text import printable
from ossgeo.cli import _completion, _registry
from ossgeo.cli._claims import add_claims, claims_text
from ossgeo.cli._inventory import add_inventory, check_output, inventory_text, source_of
from ossgeo.cli._options import add_cleaning, add_reading, cleaning_of, hub_of, in_shell_words
from ossgeo.cli._panels import panel_of, path_help
from ossgeo.cli._parser import Parser
from ossgeo.cli._store import add_collect, add_history, collected_text, history_text
from ossgeo.errors import (
    ConditionError,
    EngineError,
    InvalidArgumentError,
    OssgeoError,
    OssgeoWarning,
    PluginNotFoundError,
    UnknownNameError,
    UnknownSampleError,
    UnknownSchemeError,
)
from ossgeo.sources._samples import DEFAULT

_USAGE_ERRORS: Final = (
    InvalidArgumentError, PluginNotFoundError, UnknownNameError, UnknownSchemeError, UnknownSampleError, EngineError,
)  # fmt: skip
_PICTURES: Final[Mapping[str, Literal["png", "svg", "pdf"]]] = {".png": "png", ".svg": "svg", ".pdf": "pdf"}
_INTERRUPTED: Final = 130
"""Exit code after Ctrl-C: 128 + SIGINT."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The words after the command; by default those of the process.

    Returns:
        0; 1 if the data are at fault or the output cannot be written; 2 if the call is; 130 after Ctrl-C.
    """
    try:
        parser = _parser()
        _completion.complete(parser)
        given = parser.parse(sys.argv[1:] if arguments is None else arguments)
        with warnings.catch_warnings(record=True) as caught, _shown_waits():
            warnings.simplefilter("always", OssgeoWarning)
            text = _output(given)
        for warning in caught:
            _print_error(f"warning: {warning.message}")
        machine = any(getattr(given, option, False) for option in ("csv", "json"))
        return _print(text, machine=machine or getattr(given, "form", "text") != "text")
    except KeyboardInterrupt:
        _print_error("interrupted")
        return _INTERRUPTED
    except _USAGE_ERRORS as error:
        _print_error(f"error: {error}")
        return 2
    except OssgeoError as error:
        _print_error(f"error: {error}")
        return 1
    except OSError as error:  # of a file that no part of the library names itself
        _print_error(f"error: {error.filename or 'a file'} cannot be used: {error.strerror or error}")
        return 1


class _Printed(logging.Handler):
    """Prints what the library logs to the standard error stream."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a message at once."""
        _print_error(record.getMessage())


@contextlib.contextmanager
def _shown_waits() -> Iterator[None]:
    """Show what the library logs, such as attempts to reach a server."""
    logger, handler = logging.getLogger("ossgeo"), _Printed()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _print(text: str, *, machine: bool) -> int:
    """Write to the standard output; without control characters if people read it.

    Returns:
        0, also if the reader closed the pipe; 1 if the output cannot be written.
    """
    if sys.stdout is None:
        _print_error("error: the standard output is closed")
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may not have every character
    try:
        sys.stdout.write((text if machine else _safe(text)).rstrip("\n") + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return 0
    except OSError as error:
        _discard_output()
        _print_error(f"error: the output cannot be written: {error.strerror}")
        return 1
    return 0


def _discard_output() -> None:
    """Point the standard output to the null device, so that Python's last flush does not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print_error(message: str) -> None:
    """Write a message to the standard error stream, if there is one, with options in place of Python's arguments."""
    if sys.stderr is not None:
        print(_safe(in_shell_words(message)), file=sys.stderr)


def _safe(text: str) -> str:
    """Return text without control characters, which a terminal would obey; lines are kept."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _parser() -> Parser:
    parser = Parser(
        prog="ossgeo",
        description="Whose open models does the world use? Without arguments: shares by country of the bundled sample.",
    )
    parser.add_argument("--version", action="version", version=f"ossgeo {ossgeo.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_measure(commands.add_parser("measure", help="measure the shares in a file, a folder, a sample or a source"))
    _add_plot(commands.add_parser("plot", help="draw the shares as PNG, SVG or PDF"))
    _add_report(commands.add_parser("report", help="write a report as one HTML page that needs no network"))
    add_collect(commands)
    add_history(commands)
    _registry.add_commands(commands, add_reading)
    add_claims(commands)
    add_inventory(commands)
    commands.add_parser("versions", help="print the versions of ossgeo and of its dependencies, for bug reports")
    _completion.add_command(commands)
    return parser


def _add_measure(measure: argparse.ArgumentParser) -> None:
    """Add the options of ``measure``."""
    reading = _add_measurement(measure, path=path_help())
    reading.add_argument(
        "--check",
        action="store_true",
        help="print the panel's issues first; with --json or --csv, to the standard error stream",
    )
    measure.add_argument("--bounds", action="store_true",
                         help="the lowest and highest share of each group, whatever the origin of the unknown part")  # fmt: skip
    output = measure.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="method, coverage, adjustments and rows as JSON")
    output.add_argument("--csv", action="store_true", help="rows of all periods as CSV")


def _add_report(report: argparse.ArgumentParser) -> None:
    """Add the options of ``report``."""
    report.add_argument(
        "-o", "--output", default="report.html", metavar="FILE", help="the file to write (default: report.html)"
    )
    report.add_argument("--title", help="the title of the page")
    _add_measurement(report)


def _add_plot(plot: argparse.ArgumentParser) -> None:
    """Add the options of ``plot``."""
    plot.add_argument("-o", "--output", required=True, metavar="FILE", help="the file to write: .png, .svg or .pdf")
    plot.add_argument("--kind", choices=("line", "stacked", "ranks", "bars", "map", "matrix"), help="the kind of chart")
    plot.add_argument("--group", action="append", default=[], metavar="NAME",
                      help="draw only this country or other group; may be repeated")  # fmt: skip
    plot.add_argument("--top", type=int, default=8, metavar="N", help="groups drawn separately (default: 8)")
    plot.add_argument("--theme", choices=("light", "dark"), default="light", help="the colors (default: light)")
    plot.add_argument("--title", help="the title (default: the finding)")
    plot.add_argument("--subtitle", help="the first line below the title (default: the measured quantity)")
    plot.add_argument("--width", type=float, default=800, metavar="PIXELS", help="the width (default: 800)")
    plot.add_argument("--height", type=float, metavar="PIXELS", help="the height of the plotting area")
    plot.add_argument(
        "--font-scale", type=float, default=1, metavar="FACTOR", help="factor on all font sizes (default: 1)"
    )
    _add_measurement(plot)


def _add_measurement(command: argparse.ArgumentParser, *, path: str = "as for 'measure'") -> Any:
    """Add the panel, the options of reading and the options of a measurement.

    Args:
        command: The parser of the command.
        path: The help of the argument PATH.

    Returns:
        The group of the options of reading.
    """
    command.add_argument("path", metavar="PATH", help=path)
    reading = command.add_argument_group("reading")
    add_reading(reading)
    reading.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")
    reading.add_argument("--alternative", action="append", default=[], metavar="ORGANIZATION",
                         help="use the alternative affiliation of a disputed organization; may be repeated")  # fmt: skip
    _add_choices(command.add_argument_group("choices"))
    return reading


def _measure_options() -> list[attrs.Attribute[Any]]:
    """Return the fields of :class:`ossgeo.MeasureOptions` that are one option each; each policy of cleaning is an option."""
    return [field for field in attrs.fields(ossgeo.MeasureOptions) if field.name != "cleaning"]


def _add_choices(group: Any) -> None:
    """Add the options of a measurement, with the names, defaults and help of :class:`ossgeo.MeasureOptions`."""
    for field in _measure_options():
        words: dict[str, Any] = {"help": field.metadata["help"], "default": field.default}
        if "values" in field.metadata:
            words["choices"] = field.metadata["values"]
        elif "metavar" in field.metadata:
            words["metavar"] = field.metadata["metavar"]
        if field.name == "where":
            words |= {"action": "append", "default": [], "help": f"{words['help']}; may be repeated"}
        group.add_argument(f"--{field.name.replace('_', '-')}", **words)
    add_cleaning(group)


def _output(given: argparse.Namespace) -> str:
    if given.command is None:
        samples = "Other bundled samples: " + ", ".join(
            sample.name for sample in ossgeo.list_samples() if sample.name != DEFAULT
        )
        return f"{ossgeo.measure(ossgeo.load_sample())}\n\n{samples}. Your own figures: ossgeo measure PATH"
    if given.command in _COMMANDS:
        return _COMMANDS[given.command](given)
    panel = panel_of(given.path, given)
    checked = f"{panel.check()}\n\n" if given.check else ""
    if checked and (given.json or given.csv):
        _print_error(checked.rstrip())  # the output is for programs
    table = ossgeo.measure(panel, **_choices(given))
    if given.bounds:
        found = ossgeo.analysis.bounds(table)
        rows = found.to_polars()
        return rows.write_json() if given.json else rows.write_csv() if given.csv else f"{checked}{found}"
    if given.json:
        return table.to_json()
    return table.to_csv() if given.csv else f"{checked}{table}"


def _drawn(given: argparse.Namespace) -> str:
    form = _PICTURES.get(Path(given.output).suffix.lower())
    if form is None:
        raise InvalidArgumentError(f"--output must end in .png, .svg or .pdf, got {given.output!r}")
    require_place(given.output)
    table = ossgeo.measure(panel_of(given.path, given), **_choices(given))
    if given.group:
        table = table.filter(**{table.keys[0]: given.group})
    chart = table.plot(
        kind=given.kind, top=given.top, theme=given.theme, title=given.title, subtitle=given.subtitle, width=given.width,
        height=given.height, font_scale=given.font_scale,
    )  # fmt: skip
    with writing(given.output) as temporary:
        if form == "png":
            chart.save(str(temporary), format=form, scale_factor=2)
        else:
            chart.save(str(temporary), format=form)
    return str(given.output)


def _reported(given: argparse.Namespace) -> str:
    require_place(given.output)
    path = ossgeo.report(panel_of(given.path, given), path=given.output, title=given.title, **_choices(given))
    return f"{path} ({path.stat().st_size / 1e6:.1f} MB)"


def _inventoried(given: argparse.Namespace) -> str:
    check_output(given)
    found = ossgeo.inventory(
        source_of(given.ids),
        models=_inventory_models(given),
        registry=ossgeo.registry.with_alternatives(_registry.registry_of(given.registry), *given.alternative),
        on=given.on,
    )
    reasons = [reason for condition in given.fail_on for reason in [f"{condition}:", *found.reasons(condition)]
               if found.matching(condition).height]  # fmt: skip
    text = inventory_text(found, given)
    if reasons:
        _print(text, machine=given.form != "text")
        raise ConditionError("a condition of --fail-on is met:\n" + "\n".join(reasons))
    return text


def _inventory_models(given: argparse.Namespace) -> Any:
    """Return what an inventory reads about its models: a sample, a file, a store, the Hub, or nothing."""
    if given.hub:
        return hub_of(given)
    if limit := next((name for name in ("timeout", "patience") if name in getattr(given, "seen", ())), None):
        raise InvalidArgumentError(f"--{limit} must be given with --hub, which it limits, and only then")
    if given.models in {sample.name for sample in ossgeo.list_samples()}:
        return ossgeo.load_sample(given.models)
    return given.models


def _versions(_: argparse.Namespace) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as text:
        ossgeo.show_versions()
    return text.getvalue()


def _choices(given: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a measurement that were given."""
    plain = {field.name: getattr(given, field.name) for field in _measure_options()}
    return {
        **plain,
        "by": tuple(given.by.split(",")) if "," in given.by else given.by,
        "as_of": _as_of(given.as_of),
        "where": ossgeo.panel.parse_where(given.where) or None,
        "cleaning": cleaning_of(given),
        "registry": ossgeo.registry.with_alternatives(_registry.registry_of(given.registry), *given.alternative),
    }


def _reviewed(given: argparse.Namespace) -> str:
    return _registry.run(given, panel_of)


def _as_of(word: str) -> Any:
    if word in ("flow", "creation"):
        return word
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise InvalidArgumentError(
            f"--as-of {word!r} is neither 'flow', 'creation' nor a date such as 2026-08-14"
        ) from None


_COMMANDS: Final[Mapping[str, Callable[[argparse.Namespace], str]]] = {
    "plot": _drawn, "report": _reported, "collect": collected_text, "history": history_text, "registry": _reviewed,
    "claims": claims_text, "inventory": _inventoried, "versions": _versions,
    "completion": lambda given: _completion.script(given.shell),
}  # fmt: skip
