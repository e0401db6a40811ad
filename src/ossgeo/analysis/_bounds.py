"""Bounds: the lowest and highest share of each group, over every possible origin of the downloads without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final, Literal

import attrs
import polars as pl

from ossgeo._core.display import Result
from ossgeo._core.text import Format, percent, period_of
from ossgeo.errors import InvalidArgumentError
from ossgeo.registry._countries import OriginStatus
from ossgeo.shares._grouping import BY_ACCOUNT, MODEL_KEYS, STATUSES
from ossgeo.shares._names import day_text, sentence_label
from ossgeo.shares._period_shares import GroupNames
from ossgeo.shares._table import ShareTable, require_table

FLOATING: Final = tuple(status for status in OriginStatus if status is not OriginStatus.INTERNATIONAL)
"""The origin statuses whose downloads may belong to any group. International downloads are known to belong to no single
country; other downloads may turn out to be international."""

_FLOATING_WORDS: Final = frozenset({*(status.value for status in FLOATING), BY_ACCOUNT})

Verdict = Literal["certain", "possible", "impossible"]
"""Whether one group has more than another, over every possible origin of the floating downloads."""

KNOWN: Final = ("namespace", "model", *MODEL_KEYS)
"""Keys that are known for every download."""


@attrs.frozen(eq=False)
class Bounds(Result):
    """The lowest and highest share of each group.

    Attributes:
        frame: One row for each period and group: period, the keys, value, share, lower, upper (fractions of the
            denominator, in [0, 1]). Null if the period's share is not defined, and for statuses that are not in the
            denominator. The lower bound of a floating status is 0: all of it may turn out to have an origin.
        method: How the table was made.
        floating: For each period the downloads without an origin: period, value, share (of all downloads).
    """

    floating: pl.DataFrame

    def compare(
        self, one: str | tuple[str, ...], other: str | tuple[str, ...], period: dt.date | str | None = None
    ) -> Verdict:
        """Return whether one group has more than another, over every possible origin of the floating downloads.

        Args:
            one: A group.
            other: Another group.
            period: The period; by default the latest one.

        Returns:
            ``certain`` if ``one`` has more even if all floating downloads belong to ``other``; ``impossible`` if it does not
            have more even if all of them belong to it; otherwise ``possible``.

        Raises:
            InvalidArgumentError: The result does not have the period.
            UnknownCountryError: A group is not known.

        Example:
            >>> import ossgeo
            >>> found = bounds(ossgeo.measure(ossgeo.load_sample("hub-2026")))
            >>> found.compare("US", "CN"), found.compare("CN", "US")
            ('certain', 'impossible')
        """
        day = period_of(self.frame, period)
        known = GroupNames.of(self.frame, self.method.by)
        mine, theirs = (self._fixed_value(known.parse(group), day) for group in (one, other))
        loose = float(self.floating.filter(pl.col("period") == day)["value"].sum())
        if mine > theirs + loose:
            return "certain"
        return "impossible" if mine + loose <= theirs else "possible"

    def sentence(self) -> str:
        """Return the floating part and the bounds of the largest group."""
        day = period_of(self.frame, None)
        rows, _ = self._printed()
        named = rows.filter(~pl.any_horizontal(pl.col(key).is_in(STATUSES) for key in self.method.by)).drop_nulls(
            "lower"
        )
        if not named.height:
            return f"On {day_text(day)} no share is defined: the total is 0, or not all of it was observed."
        first = named.row(0, named=True)
        name = " ".join(sentence_label(self.method, first[key], key) for key in self.method.by)
        loose = float(self.floating.filter(pl.col("period") == day)["share"].sum())
        if not loose:
            return (
                f"On {day_text(day)} all {self.method.unit} have a known origin; {name} has {percent(first['share'])}."
            )
        return (
            f"On {day_text(day)} {percent(loose)} of the {self.method.unit} have no known origin: {name} has between "
            f"{percent(first['lower'])} and {percent(first['upper'])}, wherever these come from."
        )

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        rows = self.frame.filter(pl.col("period") == period_of(self.frame, None))
        rows = rows.sort("value", *self.method.by, descending=[True, *[False] * len(self.method.by)], nulls_last=True)
        figures: dict[str, Format] = dict.fromkeys(("share", "lower", "upper"), "share")
        return rows, {**dict.fromkeys(self.method.by, "text"), **figures}

    def _fixed_value(self, group: str | tuple[str, ...], day: dt.date) -> float:
        wanted = group if isinstance(group, tuple) else (group,)
        if any(str(part) in _FLOATING_WORDS for part in wanted):
            return 0.0
        same = [pl.col(key) == str(part) for key, part in zip(self.method.by, wanted, strict=True)]
        return float(self.frame.filter(pl.col("period") == day, *same)["value"].sum())


def bounds(table: ShareTable) -> Bounds:
    """Return the lowest and highest share of each group.

    Unreviewed, unknown, individual and residual downloads float: any part of them may belong to any group, including
    ``international``. Under the denominator ``all`` they are in the total already; under ``attributed`` the part that turns
    out to belong to a country enters the total, too.

    Args:
        table: A share table by country, organization or group scheme.

    Returns:
        For each period and group the lowest and the highest share.

    Raises:
        InvalidArgumentError: The table is by namespace or model alone, which are always known.

    Source: worst-case bounds of C. Manski, "Nonparametric bounds on treatment effects", American Economic Review 80 (1990),
        for data that are missing for any reason.

    Example:
        >>> import ossgeo
        >>> found = bounds(ossgeo.measure(ossgeo.load_sample("hub-2026")))
        >>> [(round(low, 2), round(high, 2)) for code, low, high in found.to_polars().select("country", "lower", "upper").iter_rows() if code == "CN"]
        [(0.24, 0.33)]
    """
    require_table(table)
    open_keys = [key for key in table.keys if key not in KNOWN]
    if not open_keys:
        raise InvalidArgumentError(
            f"table must be by a key of origin, got {', '.join(map(repr, table.keys))}, whose groups are always known; measure by='country'"
        )
    words = sorted(_FLOATING_WORDS)
    loose = table.coverage.to_polars().group_by("period").agg(
        floating=pl.col("value").filter(pl.col("status").is_in(words)).sum(),
        attributed=pl.col("value").filter(pl.col("status") == "attributed").sum(),
        everything=pl.col("value").sum(),
    )  # fmt: skip
    attributed = table.method.denominator == "attributed"
    total = pl.col("attributed") + pl.col("floating") if attributed else pl.col("everything")
    floats = pl.any_horizontal(pl.col(key).is_in(words) for key in open_keys)
    outside = pl.any_horizontal(pl.col(key).is_in(STATUSES) for key in open_keys) if attributed else pl.lit(False)
    highest = pl.when(floats).then(pl.col("value")).otherwise(pl.col("value") + pl.col("floating"))
    defined = (
        (pl.col("share").is_not_null() | pl.lit(attributed) & pl.col("value").is_not_null()) & (total > 0) & ~outside
    )
    frame = table.to_polars().join(loose, on="period", how="left").with_columns(
        lower=pl.when(defined).then(pl.when(floats).then(0.0).otherwise(pl.col("value") / total)),
        upper=pl.when(defined).then(pl.min_horizontal(highest / total, pl.lit(1.0))),
    )  # fmt: skip
    part = pl.when(pl.col("everything") > 0).then(pl.col("floating") / pl.col("everything"))
    floating = loose.sort("period").select("period", value="floating", share=part)
    return Bounds(frame.select("period", *table.keys, "value", "share", "lower", "upper"), table.method, floating)
