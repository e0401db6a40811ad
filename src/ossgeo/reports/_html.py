"""A report as one HTML page: the shares, their uncertainty, and the method."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Unpack

from ossgeo._core import engines
from ossgeo._core.io import require_place, writing
from ossgeo._core.text import plain
from ossgeo.errors import InvalidArgumentError, OssgeoWarning
from ossgeo.panel._panel import Panel
from ossgeo.reports._code import given_options
from ossgeo.reports._content import Section
from ossgeo.reports._page import page_text
from ossgeo.reports._sections import sections_of
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._names import quantity, span
from ossgeo.shares._options import MeasureOptionsDict
from ossgeo.shares._pipeline import plan_of
from ossgeo.shares._table import ShareTable


def report(panel: Panel, *, path: str | Path, title: str | None = None, **options: Unpack[MeasureOptionsDict]) -> Path:
    """Write a report as one HTML page that needs no network.

    A section that does not apply to the panel, or has no finding, is left out and named under "Method". The page offers
    the shares as a CSV file and shows the code that makes it again.

    Args:
        panel: The panel.
        path: The file.
        title: The title of the page; by default it names the measured quantity and the days.
        **options: Options of :func:`ossgeo.measure`; ``by`` is one key.

    Returns:
        The path.

    Raises:
        InvalidArgumentError: The options do not fit, or no share is defined.
        OutputError: The page cannot be written there.
        EngineError: A package of the extra ``plot`` is not installed.
    """
    with engines.needs_extra("plot"):
        import jinja2  # noqa: F401  # a missing package is an EngineError
        import vl_convert  # noqa: F401
    if isinstance(options.get("by", "country"), tuple | list):
        raise InvalidArgumentError(f"by must be one key in a report, got {options['by']!r}; for example by='country'")
    target = Path(path)
    require_place(target)
    plan_of(panel, function=report, **options)  # raises before anything is computed
    given = given_options(options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        table = measure(panel, **given)
        if not table.to_polars()["share"].count():
            raise InvalidArgumentError(
                "there is nothing to report, since no share is defined: the panel has no flow under this method (all-time "
                "counters need two observations), or its total is 0, or the window was not all observed"
            )
        sections = tuple(sections_of(panel, table, given))
        text = page_text(
            title or _title(table), _summary(table), _caveat(sections), sections,
            registry=table.method.registry,
        )  # fmt: skip
    with writing(target) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return target


def _title(table: ShareTable) -> str:
    """Return what the page measures, by what, and on which days."""
    return f"Open models: {quantity(table.method)} {span(table.method, [table.latest])}"


def _summary(table: ShareTable) -> str:
    """Return the share of the largest group as a sentence, with the scope, the days and the denominator."""
    key, last = table.keys[0], table.latest
    rows = table.filter(period=last).to_polars().drop_nulls("share")
    named = rows.filter(~rows[key].is_in(STATUSES))[key]
    if not len(named):
        return f"No group has a share at {last}."
    return plain(table.sentence(named[0], last), 600)


def _caveat(sections: tuple[Section, ...]) -> str:
    """Return the caveat that concerns the largest part of a share."""
    largest = max(sections, key=lambda section: section.weight)
    return largest.caveat
