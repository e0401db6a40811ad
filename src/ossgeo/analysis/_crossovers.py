"""Crossovers: when one group overtook another, and whether that stands."""

from __future__ import annotations

import datetime as dt

import attrs
import polars as pl

from ossgeo._core.display import Pictured
from ossgeo._core.method import Method
from ossgeo._core.text import percent, tabulate
from ossgeo.analysis._bounds import Verdict, bounds
from ossgeo.analysis._contributions import values_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._panel import Panel
from ossgeo.shares._table import ShareTable, require_table


@attrs.frozen(eq=False)
class Crossovers(Pictured):
    """When one group overtook another.

    Attributes:
        one: The group that overtook.
        other: The group that was overtaken.
        frame: One row for each overtake: period (the first with one ahead), margin (difference of the shares, as a
            fraction), lasting (whether one stayed ahead to the end), bounds (whether one is certainly ahead, whatever the
            floating downloads turn out to be) and, where a panel was given, without_largest (whether one is ahead without
            its largest model).
        shares: One row for each period in which both have a share: period, one, other.
        ahead: Who is ahead at the last period; None for a tie.
        method: How the table was made.
    """

    one: str
    other: str
    frame: pl.DataFrame
    shares: pl.DataFrame
    ahead: str | None
    method: Method

    @property
    def first(self) -> dt.date | None:
        """The first overtake."""
        found: dt.date | None = self.frame["period"].min() if self.frame.height else None  # type: ignore[assignment]  # dates
        return found

    @property
    def lasting(self) -> dt.date | None:
        """The overtake after which the group stayed ahead."""
        last = self.frame.filter("lasting")
        return last["period"][0] if last.height else None

    def to_polars(self) -> pl.DataFrame:
        """Return the rows."""
        return self.frame

    def __str__(self) -> str:
        """Return a sentence and the overtakes."""
        if not self.frame.height:
            return f"{self.one} never overtook {self.other} in this table; ahead at its end: {self.ahead or 'neither'}."
        last = self.frame.row(-1, named=True)
        stays = "and stayed ahead" if last["lasting"] else "and fell back again"
        said = f"{self.one} overtook {self.other} {self.frame.height} time(s), last at {last['period']} by {percent(last['margin'])}, {stays}"
        names = [name for name in ("period", "lasting", "bounds", "without_largest") if name in self.frame.columns]
        return f"{said}; that is {last['bounds']}.\n{tabulate(self.frame, names, ['margin'])}"


def crossovers(table: ShareTable, one: str, other: str, *, panel: Panel | None = None) -> Crossovers:
    """Say when one group overtook another, and whether bounds and the largest model leave that status.

    Args:
        table: A table by one key with several periods.
        one: The group that may have overtaken.
        other: The group that may have been overtaken.
        panel: The panel of the table; with it, each overtake is looked at without the largest model of ``one``.

    Returns:
        The overtakes: a period in which one is ahead after one in which it was not. A period without shares decides
        nothing.

    Raises:
        InvalidArgumentError: The table has several keys, or was measured on another panel.

    Example:
        >>> import ossgeo
        >>> crossovers(ossgeo.measure(ossgeo.load_sample()), "CN", "DE").ahead
        'DE'
    """
    require_table(table)
    if len(table.keys) != 1:
        raise InvalidArgumentError(f"crossovers take a table by one key, not by {', '.join(table.keys)}")
    found = ((day, table.at(day)) for day in table.periods)
    pairs = [(day, shares[one], shares[other]) for day, shares in found]
    both = [(day, mine, theirs) for day, mine, theirs in pairs if mine is not None and theirs is not None]
    gaps = [(day, mine - theirs) for day, mine, theirs in both]
    taken = [
        (day, gap, all(later > 0 for _, later in gaps[place + 1 :]))
        for place, (day, gap) in enumerate(gaps)
        if gap > 0 and place > 0 and gaps[place - 1][1] <= 0
    ]
    judged = _judged(table, one, other, [day for day, _, _ in taken])
    schema = {"period": pl.Date, "margin": pl.Float64, "lasting": pl.Boolean}
    frame = pl.DataFrame(taken, schema=schema, orient="row").with_columns(bounds=pl.Series(judged, dtype=pl.String))
    if panel is not None:
        frame = frame.with_columns(
            without_largest=_without_largest(panel, table, one, other, frame["period"].to_list())
        )
    last = gaps[-1][1] if gaps else 0.0
    shares = pl.DataFrame(both, schema={"period": pl.Date, "one": pl.Float64, "other": pl.Float64}, orient="row")
    return Crossovers(one, other, frame, shares, one if last > 0 else other if last < 0 else None, table.method)


def _judged(table: ShareTable, one: str, other: str, days: list[dt.date]) -> list[Verdict]:
    if not days:
        return []
    if table.keys[0] in ("namespace", "model"):
        return ["certain"] * len(days)
    found = bounds(table)
    return [found.compare(one, other, day) for day in days]


def _without_largest(panel: Panel, table: ShareTable, one: str, other: str, days: list[dt.date]) -> pl.Series:
    if table.method.panel != panel.fingerprint or not table.method.choices:
        raise InvalidArgumentError(f"the table was measured on panel {table.method.panel}, this is {panel.fingerprint}")
    rows, _ = values_of(panel, "model", dict(table.method.choices))
    stands = []
    for day in days:
        then = rows.filter(pl.col("period") == day)
        mine, theirs = (then.filter(pl.col("group") == group)["value"] for group in (one, other))
        largest = mine.max()
        left = float(mine.sum()) - (float(largest) if isinstance(largest, float) else 0.0)
        stands.append(left > float(theirs.sum()))
    return pl.Series(stands, dtype=pl.Boolean)
