"""The thin shell face: ``python -m ossgeo`` and ``python -m ossgeo measure PATH``."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, Final

import ossgeo
from ossgeo import review
from ossgeo._core.dates import day_of
from ossgeo._core.io import require_place
from ossgeo._core.method import COUNTINGS, DENOMINATORS
from ossgeo.errors import (
    EngineError,
    InvalidArgumentError,
    OssgeoError,
    OssgeoWarning,
    PluginNotFoundError,
    UnknownSampleError,
    UnknownSchemeError,
)
from ossgeo.panel._filters import parse_where
from ossgeo.sources._samples import DEFAULT, list_samples

_USAGE_ERRORS: Final = (InvalidArgumentError, PluginNotFoundError, UnknownSchemeError, UnknownSampleError, EngineError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the shell face.

    Args:
        arguments: The words after the command; those of the process where absent.

    Returns:
        0, 1 where the data are at fault, 2 where the call is.
    """
    parser = _parser()
    given = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", OssgeoWarning)
            text = _measured(given)
        for warning in caught:
            print(f"warning: {warning.message}", file=sys.stderr)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(
                errors="replace"
            )  # a terminal without the block character is no fault of the figures
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except _USAGE_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OssgeoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ossgeo",
        description="Whose open models does the world use? Without arguments: shares by country of the bundled sample.",
    )
    parser.add_argument("--version", action="version", version=f"ossgeo {ossgeo.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    samples = ", ".join(sample.name for sample in list_samples())
    measure = commands.add_parser("measure", help="measure the shares in a file, a folder or a bundled sample")
    measure.add_argument(
        "path", metavar="PATH", help=f"a CSV, JSON or Parquet file, a folder of them, or a sample: {samples}"
    )
    reading = measure.add_argument_group("reading")
    _add_reading(reading)
    reading.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")
    _add_alternative(reading)
    reading.add_argument("--check", action="store_true", help="print the panel's issues first")
    _add_choices(measure.add_argument_group("choices"))
    report = commands.add_parser("report", help="write a report as one HTML page that needs no network")
    report.add_argument("path", metavar="PATH", help="as 'measure' takes it")
    report.add_argument("-o", "--output", default="report.html", metavar="FILE", help="where to (report.html)")
    report.add_argument("--title", help="the page's title")
    wanted = report.add_argument_group("reading")
    _add_reading(wanted)
    wanted.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")
    _add_alternative(wanted)
    _add_choices(report.add_argument_group("choices"))
    collect = commands.add_parser("collect", help="add a snapshot of the Hub to a store; safe to run from cron")
    collect.add_argument("store", metavar="STORE", help="a folder; made where it is not there")
    collect.add_argument("--top", type=int, metavar="N", help="only the N most downloaded models")
    collect.add_argument("--namespace", action="append", metavar="HANDLE", help="only its models; may be repeated")
    collect.add_argument("--members", action="store_true", help="ask for the organizations of users, too")
    collect.add_argument("--cards", action="store_true", help="read the model cards' metadata, too")
    collect.add_argument("--patience", type=float, default=600, metavar="SECONDS", help="how long to wait in all (600)")
    collect.add_argument("--wait", type=float, default=60, metavar="SECONDS", help="for another writer (60)")
    _add_registry(commands)
    output = measure.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="method, coverage, adjustments and rows as JSON")
    output.add_argument("--csv", action="store_true", help="rows of all periods as CSV")
    return parser


def _add_registry(commands: Any) -> None:
    registry = commands.add_parser("registry", help="look into the registry, and at what a change does")
    actions = registry.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="check tables that amend the bundled ones, or the bundled ones")
    check.add_argument("folder", nargs="?", metavar="FOLDER")
    diff = actions.add_parser("diff", help="rows that differ; 'default' is the bundled registry")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    show = actions.add_parser("show", help="what is known of a namespace, or of an organization")
    show.add_argument("namespace", metavar="NAMESPACE")
    show.add_argument(
        "--on", metavar="DATE", help="what holds on a day, such as 2025-09-01; where absent, everything, with its dates"
    )
    gaps = actions.add_parser("gaps", help="namespaces that nobody has reviewed, by the downloads at stake")
    impact = actions.add_parser("impact", help="what amended tables do to the shares, as a Markdown table")
    impact.add_argument("folder", metavar="FOLDER")
    alternatives = actions.add_parser("alternatives", help="what disputed seats do to the shares")
    sample = actions.add_parser("sample", help="facts drawn at random, as CSV, for a second look")
    sample.add_argument("--rows", type=int, default=60, metavar="N", help="how many; 60 where absent")
    sample.add_argument("--seed", type=int, required=True, help="where the draw begins; publish it with the result")
    for action in (gaps, impact, alternatives):
        action.add_argument("panel", metavar="PANEL", help="as 'measure' takes it")
        _add_reading(action.add_argument_group("reading"))
    for action in (show, gaps, alternatives, sample):
        action.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")


def _add_reading(reading: Any) -> None:
    reading.add_argument(
        "--counter", choices=("downloads_30d", "downloads_all_time"), help="what a bare 'downloads' is"
    )
    reading.add_argument(
        "--column", action="append", default=[], metavar="THEIRS=OURS", help="name a column; may be repeated"
    )
    reading.add_argument("--pattern", help="which files of a folder, such as '*.csv'")
    reading.add_argument("--records", metavar="KEY", help="for JSON: where the rows are")
    reading.add_argument("--period-from", choices=("file",), help="take the period from the date in the file's name")


def _add_alternative(reading: Any) -> None:
    reading.add_argument("--alternative", action="append", default=[], metavar="ORGANIZATION",
                         help="let the alternative seat of a disputed organization count; may be repeated")  # fmt: skip


def _add_choices(group: Any) -> None:
    group.add_argument(
        "--by",
        default="country",
        help="country, organization, kind, namespace, model, a group scheme, or several: study,organization",
    )
    group.add_argument("--calculator", default="downloads", help="what is measured; a plugin's name, too")
    group.add_argument("--attribution", default="publisher", help="who a model is credited to")
    group.add_argument("--counting", choices=COUNTINGS, default="fractional")
    group.add_argument("--denominator", choices=DENOMINATORS, default="all")
    group.add_argument("--every", metavar="STEP", help="calendar step of the periods, such as 1mo or 1q")
    group.add_argument("--window", metavar="DAYS", help="rolling sum, such as 365d")
    group.add_argument("--age-cap", metavar="DAYS", help="count a model only until this age, such as 365d")
    group.add_argument("--as-of", default="flow", help="date of the registry: flow, creation or a date")
    group.add_argument("--where", action="append", default=[], metavar="COLUMN=VALUE",
                       help="only these models: license=mit, license=mit,apache-2.0 or parameters=1e9..; may be repeated")  # fmt: skip


def _measured(given: argparse.Namespace) -> str:
    if given.command is None:
        samples = "Other bundled samples: " + ", ".join(
            sample.name for sample in list_samples() if sample.name != DEFAULT
        )
        return f"{ossgeo.measure(ossgeo.load_sample())}\n\n{samples}. Your own figures: python -m ossgeo measure PATH"
    if given.command == "registry":
        return _reviewed(given)
    if given.command == "collect":
        return _collected(given)
    if given.command == "report":
        require_place(given.output)
    panel = _panel(given.path, given)
    if given.command == "report":
        path = ossgeo.report(panel, path=given.output, title=given.title, **_choices(given))
        return f"{path} ({path.stat().st_size / 1e6:.1f} MB)"
    checked = f"{panel.check()}\n\n" if given.check else ""
    table = ossgeo.measure(panel, **_choices(given))
    if given.json:
        return table.to_json()
    return table.to_csv() if given.csv else f"{checked}{table}"


def _choices(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "by": tuple(given.by.split(",")) if "," in given.by else given.by,
        "calculator": given.calculator,
        "attribution": given.attribution,
        "counting": given.counting,
        "denominator": given.denominator,
        "every": given.every,
        "window": given.window,
        "age_cap": given.age_cap,
        "as_of": _as_of(given.as_of),
        "where": parse_where(given.where) or None,
        "registry": _registry(given.registry).with_alternatives(*given.alternative),
    }


def _collected(given: argparse.Namespace) -> str:
    hub = ossgeo.sources.Hub(patience=given.patience)
    store = ossgeo.sources.SnapshotStore(given.store)
    snapshot = store.collect(
        hub, top=given.top, namespaces=given.namespace, members=given.members, cards=given.cards, wait=given.wait
    )
    issues = ", ".join(f"{code} {count:,}" for code, count in snapshot.issues.items()) or "none"
    covered = "; ".join(filter(None, [snapshot.scope, snapshot.note]))
    return (
        f"{snapshot.file}: {snapshot.models:,} models, {covered}; issues: {issues}; "
        f"{len(store.snapshots)} snapshots in {given.store}"
    )


def _reviewed(given: argparse.Namespace) -> str:
    if given.action == "check":
        return f"no fault: {_registry(given.folder)}"
    if given.action == "diff":
        return str(_registry(given.old).diff(_registry(given.new)))
    if given.action == "show":
        on = None if given.on is None else day_of(given.on, what="--on")
        return review.show(given.namespace, on=on, registry=_registry(given.registry))
    if given.action == "sample":
        return review.sample(rows=given.rows, seed=given.seed, registry=_registry(given.registry)).write_csv()
    return _at_stake(given)


def _at_stake(given: argparse.Namespace) -> str:
    """What the registry does to the shares of a panel."""
    panel = _panel(given.panel, given)
    if given.action == "gaps":
        return str(review.gaps(panel, registry=_registry(given.registry)))
    if given.action == "alternatives":
        return _disputed(review.alternatives(panel, registry=_registry(given.registry)))
    return review.impact(_registry(given.folder), panel)


def _disputed(found: Any) -> str:
    rows = [
        f"{effect:+8.2%}  {country}  {name}: {share:.2%} -> {other:.2%}"
        for name, country, share, other, effect in found.iter_rows()
    ]
    return "\n".join(rows) or "no disputed organization has a share in this panel"


def _registry(folder: str | None) -> ossgeo.Registry:
    """The bundled registry, amended by a folder of tables; ``default`` names the bundled one."""
    bundled = ossgeo.Registry.default()
    return bundled if folder in (None, "default") else ossgeo.Registry.read(str(folder), base=bundled)


def _panel(path: str, given: argparse.Namespace) -> ossgeo.Panel:
    if path in {sample.name for sample in list_samples()}:
        panel = ossgeo.load_sample(path)
        if given.counter not in (None, panel.counter):
            raise InvalidArgumentError(f"--counter {given.counter}: the sample {path} has {panel.counter}")
        if said := [name for name in ("column", "pattern", "records", "period_from") if getattr(given, name)]:
            raise InvalidArgumentError(
                f"--{said[0].replace('_', '-')} says how a file is read; {path} is a bundled sample"
            )
        return panel
    pairs = [word.partition("=") for word in given.column]
    if wrong := [theirs for theirs, sign, ours in pairs if not (sign and ours)]:
        raise InvalidArgumentError(
            f"--column {wrong[0]!r} is not THEIRS=OURS, such as downloads_last_month=downloads_30d"
        )
    return ossgeo.read_panel(
        path,
        columns={theirs: ours for theirs, _, ours in pairs},
        counter=given.counter,
        pattern=given.pattern,
        records=given.records,
        period_from=given.period_from,
    )


def _as_of(word: str) -> Any:
    if word in ("flow", "creation"):
        return word
    try:
        return dt.date.fromisoformat(word)
    except ValueError:
        raise InvalidArgumentError(
            f"--as-of {word!r} is neither 'flow', 'creation' nor a date such as 2026-08-14"
        ) from None
