"""A share table as text: printed, in a notebook, as a sentence and as a citation."""

from __future__ import annotations

import datetime as dt
import html
from typing import TYPE_CHECKING, Final

import attrs
import polars as pl

from ossgeo._core.text import html_cells, percent, plain, printable, value_text
from ossgeo.errors import UnknownCountryError
from ossgeo.registry._countries import Country
from ossgeo.shares._names import capitalized, day_text, scope_text, sentence_label, step_text
from ossgeo.shares._period_shares import GroupNames

if TYPE_CHECKING:
    from ossgeo.shares._table_data import ShareData

SHOWN: Final = 15
_BAR: Final = 24
_VALUE: Final = 16
"""Least width of the column of values."""


def group_text(key: str, group: str) -> str:
    """Return the name of a group for readers: of a country its short name."""
    try:
        return Country(group).name if key.endswith("country") else group
    except UnknownCountryError:
        return group


@attrs.frozen
class Line:
    """One printed line of a period.

    Attributes:
        name: The group, ``rest (N groups)`` or ``total``.
        value: Its value.
        share: Its share.
    """

    name: str
    value: float | None
    share: float | None


def period_lines(table: ShareData, day: dt.date) -> list[Line]:
    """Return the largest groups of a period, a line for the rest and one for the total.

    The total is that of the whole period, also if groups were cut by ``top()`` or ``filter()``. Groups that overlap
    (full counting) have no rest.

    Args:
        table: The table.
        day: One of its periods.
    """
    rows = table.frame.filter(pl.col("period") == day)
    head = rows.head(SHOWN).select(*table.keys, "value", "share")
    lines = [Line(" x ".join(map(printable, row[:-2])), row[-2], row[-1]) for row in head.iter_rows()]
    covered = [row for row in table.coverage.rows if row.period == day]
    if not covered or rows["value"].null_count():
        left = rows.height - head.height
        return [*lines, *([Line(f"and {left} more", None, None)] if left else [])]
    total = sum(row.value for row in covered)
    whole = 1.0 if total and rows["share"].null_count() < rows.height else None
    if not table.overlapping:
        value = total - sum(line.value or 0.0 for line in lines)
        number = "" if table.cut else f" ({rows.height - head.height} groups)"
        if table.cut or rows.height > head.height:
            base = sum(row.value for row in covered if row.status == "attributed" or table.method.denominator == "all")
            counted = sum(line.share or 0.0 for line in lines)
            lines.append(Line(f"rest{number}", value, max(0.0, 1 - counted) if base and whole else None))
    return [*lines, Line("total", total, whole if not table.overlapping else None)]


def table_text(table: ShareData) -> str:
    """Return the latest period as a table with bars, and how it was made."""
    if not table.periods:
        return f"no period\n{footer(table)}"
    day = table.periods[-1]
    lines = period_lines(table, day)
    heading = " x ".join(table.keys)
    width = max([len(line.name) for line in lines] + [len(heading)])
    values = [value_text(line.value) for line in lines]
    right = max(_VALUE, len(table.method.unit), *map(len, values))
    text = [f"{heading:<{width}} {table.method.unit:>{right}}   share"]
    for line, value in zip(lines, values, strict=True):
        bar = "" if line.share is None or line.name == "total" else "█" * round(max(0, min(line.share, 1)) * _BAR)
        text.append(f"{line.name:<{width}} {value:>{right}} {percent(line.share, 2):>7}  {bar}".rstrip())
    return "\n".join([_title(table, day), *text, "", footer(table)])


def _title(table: ShareData, day: dt.date) -> str:
    """Return the period that is shown, its place among the others, and how much of it was observed."""
    title = f"{day}, the last of {len(table.periods)} periods" if len(table.periods) > 1 else str(day)
    if (part := table.observed(day)) < 1:
        title += f"; {percent(part, 0)} of its days observed"
    return title


def footer(table: ShareData) -> str:
    """Return scope, method, coverage, adjustments and remarks, one line for each."""
    lines = [f"note      {table.note}"] if table.note else []
    lines += [f"method    {table.method}"]
    lines += (
        [f"coverage  {table.coverage}"] if table.coverage.rows or table.method.panel else []
    )  # none of a survey or a board
    lines += [f"adjusted  {item}" for item in table.adjustments.items_] or ["adjusted  nothing"]
    return "\n".join([*lines, *(f"remark    {remark}" for remark in remarks(table))])


def remarks(table: ShareData) -> list[str]:
    """Return the remarks on the latest period: overlapping groups, and rounded shares that do not sum to 100 %."""
    if not table.periods:
        return []
    shares = table.frame.filter(pl.col("period") == table.periods[-1])["share"].drop_nulls()
    total = float(shares.sum())
    if "respondents" in table.frame.columns:
        return ["each share is of the respondents of its row: shares are not added up"]
    if table.overlapping:
        return [
            f"groups overlap (a model counts fully in each of its groups): the shares sum to {total:.1%}, not to 100%"
        ]
    rounded = sum(round(100 * share, 2) for share in shares)
    off = len(shares) > 0 and not table.cut and abs(total - 1) < 1e-9 and abs(rounded - 100) > 0.005  # noqa: PLR2004
    return [f"shares are rounded: as printed they sum to {rounded:.2f}%, exactly to 100%"] if off else []


def table_html(table: ShareData) -> str:
    """Return the latest period for a notebook; every text is escaped."""
    lines = period_lines(table, table.periods[-1]) if table.periods else []
    body = [(line.name, value_text(line.value), percent(line.share, 2)) for line in lines]
    cells = html_cells((" x ".join(table.keys), table.method.unit, "share"), body, left=(True, False, False))
    title = f"<p>{html.escape(_title(table, table.periods[-1]))}</p>" if table.periods else ""
    small = html.escape(footer(table)).replace("\n", "<br>")
    return f"{title}{cells}<small>{small}</small>"


_CREDITED: Final = {
    "publisher": "models credited to their publishers",
    "root": "models credited to the publishers of the models that they were made from",
}
"""How a sentence states the attribution strategies that most use."""


def sentence(table: ShareData, group: str | tuple[str, ...], day: dt.date) -> str:
    """Return the share of one group as a sentence: population, span, denominator, change, coverage and scope."""
    method = table.method
    share = table.at(day)[group]
    known = GroupNames.of(table.frame, table.keys).parse(group)
    parts = known if isinstance(known, tuple) else (known,)
    names = " x ".join(sentence_label(method, part, key) for part, key in zip(parts, table.keys, strict=True))
    if share is None:
        return f"The share of {names} in the {method.unit} {_span(table, day)} is not defined."
    whole = f"all {method.unit}" if share else f"the {method.unit}"
    if method.denominator == "attributed":
        whole = f"the {method.unit} attributed to a known country"
    notes = [_CREDITED.get(method.attribution, f"models credited by {method.attribution}")]
    if method.counting != "fractional":
        notes.append(f"{method.counting} counting")
    if (part := table.observed(day)) < 1:
        notes.append(f"{percent(part, 0)} of the days observed")
    if method.void:
        notes.append(f"without effect: {', '.join(method.void)}")
    return (
        f"{capitalized(names)} accounted for {_part(share)} of {whole} {_span(table, day)}{_change(table, group, day, share)} "
        f"({'; '.join(notes)}). {_scope(table, day)}"
    ).strip()


def _change(table: ShareData, group: str | tuple[str, ...], day: dt.date, share: float) -> str:
    """Return the change since the first complete period in points."""
    first = next((period for period in table.complete_periods if period < day), None)
    before = None if first is None else table.at(first)[group]
    if first is None or before is None:
        return ""
    if share == before == 0:
        return f", as {_span(table, first)}"
    change = round(100 * (share - before), 1)
    words = f"{'up' if change > 0 else 'down'} {abs(change):.1f} points" if change else "unchanged"
    return f", {words} from {_part(before)} {_span(table, first)}"


def _part(share: float) -> str:
    """Return a share in a sentence; a group to which nothing is credited has none, not 0.0%."""
    return percent(share, 1) if share else "none"


def _scope(table: ShareData, day: dt.date) -> str:
    """Return the scope of the panel, and the part of the period with a known country if it is not all."""
    texts = [scope_text(table.method, table.note)] if table.method.scope or table.note else []
    known = table.coverage.at(day).get("attributed", 0.0) if table.coverage.rows else None
    if known is not None and known < 1:
        texts.append(f"Country known for {percent(known)} of these {table.method.unit}.")
    return " ".join(texts)


def _span(table: ShareData, day: dt.date) -> str:
    method = table.method
    if method.gives == "stock":
        return f"up to {day_text(day)}"
    if method.every is not None and method.window is None:
        return f"in the {step_text(method.every)} to {day_text(day)}"
    days = method.days
    if days is None:
        return f"in the period to {day_text(day)}"
    return f"on {day_text(day)}" if days == 1 else f"in the {days} days to {day_text(day)}"


def citation(table: ShareData) -> str:
    """Return a citation: the source and its fingerprint, the periods, the software and the method."""
    method = table.method
    span = f"{table.periods[0]} to {table.periods[-1]}" if table.periods else "no period"
    panel = f" (panel {method.panel})" if method.panel else ""
    scope = f" ({plain(method.scope or table.note, 300)})" if method.scope or table.note else ""
    when = "the day of use" if method.as_of == "flow" else method.as_of
    return (
        f"{method.source or 'Unnamed source'}{panel}{scope}, {span}; measured with ossgeo {method.version} (Apache-2.0), "
        f"registry {method.registry} as of {when}. Method: {method}. Checksum {table.checksum}."
    )
