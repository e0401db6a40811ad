"""The commands ``ossgeo registry ...``: inspect, check, amend and share the registry."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import polars as pl

import ossgeo
from ossgeo._core.dates import day_of
from ossgeo._core.text import counted
from ossgeo.cli._options import add_limits, hub_of
from ossgeo.errors import Fault, RegistryError

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def add_commands(commands: Any, add_reading: Callable[[Any], None]) -> None:
    """Add ``registry`` to the commands.

    Args:
        commands: The subparsers of the command.
        add_reading: Adds the options of reading to a group.
    """
    parser = commands.add_parser(
        "registry", help="inspect, check and export the registry, and show the effect of changes"
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser("check", help="check the bundled tables, or a folder of tables that amend them")
    check.add_argument("folder", nargs="?", metavar="FOLDER")
    check.add_argument("--ror", metavar="FILE", help="compare countries with a file of ROR (JSON dump, CSV or Parquet)")
    diff = actions.add_parser("diff", help="list the rows that differ; 'default' is the bundled registry")
    diff.add_argument("old", metavar="OLD")
    diff.add_argument("new", metavar="NEW")
    show = actions.add_parser("show", help="show the record of a namespace, an organization or a model")
    show.add_argument("namespace", metavar="NAMESPACE")
    show.add_argument(
        "--on", metavar="DATE", help="only the facts valid on a day, such as 2025-09-01 (default: all, with dates)"
    )
    find = actions.add_parser("find", help="find organizations by a part of an id, a name, a namespace or a note")
    find.add_argument("text", metavar="TEXT")
    card = actions.add_parser("card", help="print the data card as Markdown")
    export = actions.add_parser("export", help="write the tables with datapackage.json and a dataset card")
    export.add_argument("folder", metavar="FOLDER")
    gaps = actions.add_parser("gaps", help="list unreviewed namespaces with their largest models, the largest first")
    suggest = actions.add_parser("suggest", help="ask the Hub about the largest unreviewed namespaces, and draft rows")
    suggest.add_argument("--rows", type=int, default=20, metavar="N", help="the number of namespaces (default: 20)")
    suggest.add_argument("--write", metavar="FOLDER", help="write drafts of rows to a folder")
    suggest.add_argument("--endpoint", metavar="URL", help="the Hub to ask (default: that of HF_ENDPOINT)")
    add_limits(suggest)
    impact = actions.add_parser("impact", help="show the effect of amended tables on the shares, as a Markdown table")
    impact.add_argument("folder", metavar="FOLDER")
    alternatives = actions.add_parser("alternatives", help="show the effect of disputed affiliations on the shares")
    sample = actions.add_parser("sample", help="draw a random sample of facts for a second review, as CSV")
    sample.add_argument("--rows", type=int, default=60, metavar="N", help="the number of facts (default: 60)")
    sample.add_argument("--seed", type=int, required=True, help="the seed of the draw; publish it with the result")
    for action in (gaps, suggest, impact, alternatives):
        action.add_argument("panel", metavar="PANEL", help="as for 'measure'")
        add_reading(action.add_argument_group("reading"))
    for action in (show, find, card, export, gaps, suggest, alternatives, sample):
        action.add_argument("--registry", metavar="FOLDER", help="tables that amend the bundled registry")


def run(given: argparse.Namespace, read: Callable[[str, argparse.Namespace], ossgeo.Panel]) -> str:
    """Run a command, and return its output.

    Args:
        given: The parsed arguments.
        read: Returns the panel of a path, with the options of reading.
    """
    if given.action in ("gaps", "suggest", "impact", "alternatives"):
        return _on_panel(given, _panel(given, read))
    if given.action == "check":
        return _checked(given.folder, given.ror)
    if given.action == "diff":
        return str(registry_of(given.old).diff(registry_of(given.new)))
    return _PLAIN[given.action](given, registry_of(given.registry))


def registry_of(folder: str | None) -> ossgeo.Registry:
    """Return the bundled registry, amended by a folder of tables; ``default`` names the bundled one.

    Args:
        folder: The folder, ``default``, or None for the bundled one.
    """
    bundled = ossgeo.Registry.default()
    return bundled if folder in (None, "default") else ossgeo.Registry.read(str(folder), base=bundled)


def _on_panel(given: argparse.Namespace, panel: ossgeo.Panel) -> str:
    if given.action == "impact":
        return ossgeo.review.impact(registry_of(given.folder), panel)
    used = registry_of(given.registry)
    if given.action == "gaps":
        return str(ossgeo.review.gaps(panel, registry=used))
    if given.action == "alternatives":
        return _disputed(ossgeo.review.alternatives(panel, registry=used))
    found = ossgeo.review.suggest(panel, hub=hub_of(given), n=given.rows, registry=used)
    files = found.write(given.write) if given.write else ()
    return "\n".join([str(found), *map(str, files)])


def _checked(folder: str | None, ror: str | None) -> str:
    """Check tables and rules; errors are raised together, warnings are printed."""
    used, bundled = registry_of(folder), ossgeo.Registry.default()
    found = ossgeo.review.check(used, base=None if used is bundled else bundled)
    if ror is not None:
        found += ossgeo.review.compare_with_ror(used, ossgeo.review.read_ror(ror))
    if any(one.severity == "error" for one in found):
        raise RegistryError(
            f"the rows of {folder or 'the bundled registry'} break rules",
            [Fault(one.rule, one.message) for one in found],
        )
    rows = [str(one) for one in found]
    parts = [
        f"{kind} {known / number:.0%} of {number}"
        for kind, number, *_, known in ossgeo.review.identified(used).iter_rows()
    ]
    ids = [f"with an id of ROR or Wikidata: {', '.join(parts)}"] if parts else []
    return "\n".join([*rows, f"{'no fault found' if not rows else counted(len(rows), 'warnings')}: {used}", *ids])


def _shown(given: argparse.Namespace, used: ossgeo.Registry) -> str:
    on = None if given.on is None else day_of(given.on, what="--on")
    return ossgeo.review.show(given.namespace, on=on, registry=used)


def _found(found: pl.DataFrame, text: str) -> str:
    rows = [
        f"{name} ({title}): {countries or 'no seat'}; {namespaces or 'no namespace'}; found in its {where}"
        for name, title, namespaces, countries, where in found.iter_rows()
    ]
    return "\n".join(rows) or f"nothing contains {text!r}"


def _disputed(found: pl.DataFrame) -> str:
    rows = [
        f"{effect:+8.2%}  {country}  {name}: {share:.2%} -> {other:.2%}"
        for name, country, share, other, effect in found.iter_rows()
    ]
    return "\n".join(rows) or "no disputed organization has a share in this panel"


def _panel(given: argparse.Namespace, read: Callable[[str, argparse.Namespace], ossgeo.Panel]) -> ossgeo.Panel:
    """Return the panel; a list of the Hub's API needs no options for gaps and suggestions."""
    plain = not any(value for name, value in vars(given).items() if name.startswith("read_"))
    if given.action in ("gaps", "suggest") and plain and given.panel.endswith(".json"):
        listed = _hub_list(Path(given.panel))
        if listed is not None:
            return listed
    return read(given.panel, given)


def _hub_list(file: Path) -> ossgeo.Panel | None:
    """Return the panel of a list of the Hub's API, or None for another file.

    The day is that in the file's name, or that on which the file was last changed.
    """
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    lists = [content, *content.values()] if isinstance(content, dict) else [content]
    rows = next((one for one in lists if isinstance(one, list) and one and all(map(_is_entry, one))), None)
    if rows is None:
        return None
    named = _DAY.search(file.name)
    day = dt.date.fromisoformat(named[0]) if named else dt.date.fromtimestamp(file.stat().st_mtime)  # noqa: DTZ012
    pairs = {row["id"]: row["downloads"] for row in rows}
    return ossgeo.read_panel(
        pl.DataFrame({"model_id": list(pairs), "date": [day] * len(pairs), "downloads_30d": list(pairs.values())})
    )


def _is_entry(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("id"), str) and isinstance(row.get("downloads"), int)


_PLAIN: Final[dict[str, Callable[[argparse.Namespace, ossgeo.Registry], str]]] = {
    "show": _shown,
    "find": lambda given, used: _found(ossgeo.review.find(given.text, registry=used), given.text),
    "card": lambda _, used: ossgeo.review.card(used),
    "export": lambda given, used: "\n".join(map(str, ossgeo.review.export(used, given.folder))),
    "sample": lambda given, used: ossgeo.review.sample(rows=given.rows, seed=given.seed, registry=used).write_csv(),
}
"""The actions that need a registry and nothing else."""
