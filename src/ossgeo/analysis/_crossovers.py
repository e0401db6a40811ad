"""Crossovers: the periods in which one group overtook another, and how robust each is."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, points, times
from ossgeo.analysis._bounds import KNOWN, Verdict, bounds
from ossgeo.analysis._contributions import values_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.shares._names import capitalized, day_text, sentence_label
from ossgeo.shares._options import INPUTS, OPTIONS
from ossgeo.shares._period_shares import GroupNames
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class Crossovers(Result):
    """The periods in which one group overtook another.

    Attributes:
        frame: One row for each overtake: since (the last period in which ``one`` was not ahead), period (the first in which
            it was: the overtake happened between the two), margin (difference of the shares, a fraction), lasting (whether
            ``one`` stayed ahead to the end), bounds (whether ``one`` is ahead over every possible origin of the floating
            downloads) and, if a panel was given, without_largest (whether ``one`` is ahead without its largest model).
        method: How the table was made.
        one: The group that overtook.
        other: The group that was overtaken.
        shares: One row for each period of the table, with nulls where the period is not complete or has no shares: period,
            one, other.
        ahead: The group that is ahead at the last period; None for a tie.
    """

    one: str
    other: str
    shares: pl.DataFrame
    ahead: str | None

    @property
    def first(self) -> dt.date | None:
        """The period of the first overtake."""
        return self.frame["period"][0] if self.frame.height else None

    @property
    def lasting(self) -> dt.date | None:
        """The period of the overtake after which the group stayed ahead."""
        last = self.frame.filter("lasting")
        return last["period"][0] if last.height else None

    def sentence(self) -> str:
        """Return the last overtake, or the group that is ahead."""
        one, other = (sentence_label(self.method, group) for group in (self.one, self.other))
        if not self.shares.drop_nulls().height:
            return (
                f"{capitalized(one)} and {other} have shares in no complete period: whether one overtook is not known."
            )
        if not self.frame.height:
            ahead = sentence_label(self.method, self.ahead) if self.ahead else "neither"
            return f"{capitalized(one)} never overtook {other} in this table; ahead at its end: {ahead}."
        last = self.frame.row(-1, named=True)
        margin = points(last["margin"]).lstrip("+")
        stays = "and stayed ahead" if last["lasting"] else "and fell back again"
        return (
            f"{capitalized(one)} overtook {other} {times(self.frame.height)}, last between {day_text(last['since'])} and {day_text(last['period'])} "
            f"by {margin}, {stays}; given the unattributed part that is {last['bounds']}."
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        formats: dict[str, Format] = dict.fromkeys(
            ("since", "period", "lasting", "bounds", "without_largest", "margin"), "text"
        )
        formats["margin"] = "points"
        return self.frame, {name: form for name, form in formats.items() if name in self.frame.columns}


def crossovers(table: ShareTable, one: str, other: str, *, panel: Panel | None = None) -> Crossovers:
    """Return the periods in which one group overtook another, and whether each holds within bounds.

    Args:
        table: A table by one key with several periods.
        one: The group that may have overtaken; a country by any code or name.
        other: The group that may have been overtaken.
        panel: The panel of the table; with it, each overtake is also evaluated without the largest model of ``one``.

    Returns:
        The overtakes: a period in which ``one`` is ahead after one in which it was not. Periods that are not complete (see
        :attr:`ossgeo.ShareTable.complete_periods`) or have no shares are passed over: the overtake then happened between
        the periods around them.

    Raises:
        InvalidArgumentError: The table has several keys, both groups are one, or the table was measured on another panel.
        UnknownCountryError: No country has the code or name.
        UnknownNameError: The table does not have the organization, namespace, model or group.

    Example:
        >>> import ossgeo
        >>> crossovers(ossgeo.measure(ossgeo.load_sample()), "CN", "DE").ahead
        'DE'
    """
    require_table(table)
    if len(table.keys) != 1:
        raise InvalidArgumentError(f"table must have one key, got {', '.join(table.keys)}; measure by one key")
    names = GroupNames.of(table.frame, table.keys)
    one, other = str(names.parse(str(one))), str(names.parse(str(other)))
    if one == other:
        raise InvalidArgumentError(f"one and other must be two groups, got {one} twice")
    complete = set(table.complete_periods)
    at = [(day, table.at(day)) for day in table.periods]
    pairs = [(day, shares[one], shares[other]) if day in complete else (day, None, None) for day, shares in at]
    margins = [(day, mine - theirs) for day, mine, theirs in pairs if mine is not None and theirs is not None]
    taken = [
        (since, day, margin, all(later > 0 for _, later in margins[place:]))
        for place, ((since, before), (day, margin)) in enumerate(itertools.pairwise(margins), 1)
        if margin > 0 >= before
    ]
    schema = {"since": pl.Date, "period": pl.Date, "margin": pl.Float64, "lasting": pl.Boolean}
    frame = pl.DataFrame(taken, schema=schema, orient="row")
    days = frame["period"].to_list()
    frame = frame.with_columns(bounds=pl.Series(_verdicts(table, one, other, days), dtype=pl.String))
    if panel is not None:
        frame = frame.with_columns(without_largest=_ahead_without_largest(panel, table, one, other, days))
    last = margins[-1][1] if margins else 0.0
    ahead = one if last > 0 else other if last < 0 else None
    shares = pl.DataFrame(pairs, schema={"period": pl.Date, "one": pl.Float64, "other": pl.Float64}, orient="row")
    return Crossovers(frame, table.method, one, other, shares, ahead)


def _verdicts(table: ShareTable, one: str, other: str, days: list[dt.date]) -> list[Verdict]:
    if table.keys[0] in KNOWN or not days:
        return ["certain"] * len(days)
    found = bounds(table)
    return [found.compare(one, other, day) for day in days]


def _ahead_without_largest(panel: Panel, table: ShareTable, one: str, other: str, days: list[dt.date]) -> pl.Series:
    if table.method.panel != panel.fingerprint or not table.method.choices:
        raise InvalidArgumentError(
            f"panel must be the one of the table ({table.method.panel}), got {panel.fingerprint}; measure this panel"
        )
    options: Any = {name: value for name, value in table.method.choices.items() if name in (*OPTIONS, *INPUTS)}
    rows, _ = values_of(panel, "model", options, function=crossovers)
    ahead = []
    for day in days:
        then = rows.filter(pl.col("period") == day)
        mine, theirs = (then.filter(pl.col("group") == group)["value"] for group in (one, other))
        largest = mine.max()
        left = float(mine.sum()) - (float(largest) if isinstance(largest, float) else 0.0)
        ahead.append(left > float(theirs.sum()))
    return pl.Series(ahead, dtype=pl.Boolean)
