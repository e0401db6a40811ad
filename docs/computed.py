"""Tables of the documentation that are computed when it is built, from the bundled samples."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import ossgeo

RULES = ("publisher", "direct-base", "root", "lineage", "repackager-passthrough")


def by_rule() -> str:
    """The countries of the trending models under each rule."""
    panel = ossgeo.load_sample("trending-2026")
    tables = {rule: ossgeo.measure(panel, attribution=rule) for rule in RULES}
    shares = {rule: table.at() for rule, table in tables.items()}
    groups = list(
        dict.fromkeys(group for rule in RULES for group in tables[rule].top(10).to_polars()["country"].to_list())
    )
    rows = [
        f"| {group} | {' | '.join(f'{100 * (shares[rule][group] or 0):.2f}' for rule in RULES)} |" for group in groups
    ]
    head = [f"| share, % | {' | '.join(RULES)} |", f"|---|{'---|' * len(RULES)}"]
    adjusted = tables["lineage"].adjustments
    notes = [f"Of the declared bases: {adjusted}." if adjusted else "No declared base had to be mended."]
    return "\n".join([*head, *rows, "", *notes])


COMPUTED: dict[str, Callable[[], str]] = {"by-rule": by_rule}


def write(folder: Path) -> None:
    """Write every computed table as Markdown, to be included by the pages."""
    folder.mkdir(exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ossgeo.errors.OssgeoWarning)
        for name, compute in COMPUTED.items():
            (folder / f"{name}.md").write_text(f"{compute()}\n", encoding="utf-8")
