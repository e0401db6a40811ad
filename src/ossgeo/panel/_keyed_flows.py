"""Flows of all-time counters by integer keys: one snapshot after the other, beside the last observation of each model."""

from __future__ import annotations

import datetime as dt
from typing import Final, Self

import attrs
import polars as pl

from ossgeo.panel._differences import zero_observations
from ossgeo.panel._flow_rows import BASE, BORN, FELL, FLOW, RECOVERED, Differences
from ossgeo.panel._keyed import KeyedRows, Levels, keys_of

_EVENT: Final = pl.Int32


def differences_by_code(
    keyed: KeyedRows, codes: pl.Series, counter: str, ids: pl.Series, differences: Differences
) -> pl.DataFrame:
    """Sum the differences of consecutive observations by period and code; memory depends on the largest snapshot only.

    The sums are those of ``ossgeo.panel._flows.make_flows``, which sorts all rows by model and period.

    Args:
        keyed: The rows by key: usable ones, and each model once in a snapshot.
        codes: An integer for each key.
        counter: The column of the counter.
        ids: The id of each key.
        differences: What the flows depend on beside the rows.

    Returns:
        period, code, since, event, downloads.
    """
    entities = _Entities.of(ids, differences)
    levels = keyed.levels or Levels.empty(len(ids))
    if entities.moved.height:
        levels = entities.merged(levels)
    found = []
    for day, rows in keyed.in_order():
        keys, counts = keys_of(rows), rows[counter]
        places = entities.places_of(keys)
        steps = pl.DataFrame([
            codes.gather(keys).alias("code"), counts.alias("downloads"), *levels.at(places), *entities.births_at(places, day)
        ])  # fmt: skip
        sums = _sums(_with_births(steps.lazy(), day), differences.cleaning.decreases)
        found.append(sums.with_columns(period=pl.lit(day)))
        levels = levels.after(places, counts, day)
    keys_of_sums = ["period", "code", "since", "event"]
    return pl.concat(found).group_by(keys_of_sums).agg(pl.col("downloads").sum())


def _with_births(steps: pl.LazyFrame, day: dt.date) -> pl.LazyFrame:
    """Let models that were created since the first period start from 0, unless they were observed before; add ``is_born``."""
    if "born" not in steps.collect_schema():
        return steps.with_columns(is_born=pl.lit(value=False))
    born = pl.col("last").is_null() & (pl.col("born") <= day).fill_null(value=False)
    since = pl.when(pl.col("zero") == day).then("start").otherwise("zero")
    return steps.with_columns(
        is_born=born, last=pl.when(born).then(since).otherwise("last"),
        before=pl.when(born).then(0).otherwise("before"), top=pl.when(born).then(0).otherwise("top"),
    )  # fmt: skip


def _sums(steps: pl.LazyFrame, decreases: str) -> pl.DataFrame:
    """Return code, since, event and the sum of downloads of the observations of one day."""
    change, gain = pl.col("downloads") - pl.col("before"), pl.max_horizontal("top", "downloads") - pl.col("top")
    counted, event = change, pl.when("is_born").then(BORN).otherwise(FLOW)
    clips = decreases in ("clip", "error")
    if clips:
        recovered = (gain == 0) & (pl.col("before") < pl.col("top")) & (change >= 0)
        event = pl.when(recovered).then(RECOVERED).otherwise(event)
        counted = pl.when((change < 0) | recovered).then(change).otherwise(gain)
    if decreases != "keep":
        event = pl.when(change < 0).then(FELL).otherwise(event)
    base = pl.col("last").is_null()
    parts = [
        steps.select(
            "code", since="last", event=pl.when(base).then(BASE).otherwise(event).cast(_EVENT),
            downloads=pl.when(base).then("downloads").otherwise(counted),
        )
    ]  # fmt: skip
    if clips:
        crossing = steps.filter((gain > 0) & (pl.col("before") < pl.col("top")))
        below = pl.col("top") - pl.col("before")
        parts.append(crossing.select("code", since="last", event=pl.lit(RECOVERED, _EVENT), downloads=below))
    sums = [part.group_by("code", "since", "event").agg(pl.col("downloads").sum()) for part in parts]
    return pl.concat(pl.collect_all(sums))


@attrs.frozen
class _Entities:
    """Models under all of their ids, by key: the first key of a model is its place.

    Attributes:
        places: The place of each key; None if every key is its own.
        moved: The models with several ids: key, place, and born, zero and start of each id.
        births: The observation of 0 downloads before the first one, by place: born, zero (its date) and start (the date
            before); None if no model has one. See ``ossgeo.panel._differences.zero_observations``.
    """

    places: pl.Series | None
    moved: pl.DataFrame
    births: pl.DataFrame | None

    @classmethod
    def of(cls, ids: pl.Series, differences: Differences) -> Self:
        """Return the models.

        Args:
            ids: The id of each key.
            differences: The births and the renames.
        """
        births = _births_by_key(ids, differences)
        keys = pl.DataFrame({"model_id": ids}).with_row_index("key").with_columns(pl.col("key").cast(pl.Int32))
        if differences.renames is None or not differences.renames.height:
            return cls(None, keys.clear().select("key", place="key"), births)
        moved = keys.join(differences.renames, on="model_id").select("key", place=pl.col("key").min().over("entity"))
        places = keys["key"].scatter(moved["key"], moved["place"])
        if births is None:
            return cls(places, moved, None)
        moved = moved.with_columns(births[moved["key"]])
        cleared = [births[name].scatter(moved["key"], None) for name in births.columns]
        return cls(places, moved, pl.DataFrame(cleared))

    def places_of(self, keys: pl.Series) -> pl.Series:
        """Return the place of each key.

        Args:
            keys: The keys.
        """
        return keys if self.places is None else self.places.gather(keys)

    def merged(self, levels: Levels) -> Levels:
        """Return the levels by place.

        Args:
            levels: The levels by key.
        """
        rows = self.moved.select("key", "place").with_columns(levels.frame[self.moved["key"]]).drop_nulls("last")
        last = rows.sort("last").group_by("place").agg(
            pl.col("first").min(), pl.col("last").last(), pl.col("downloads").last(), pl.col("top").max()
        )  # fmt: skip
        return levels.with_rows(last["place"], last.drop("place"))

    def births_at(self, places: pl.Series, day: dt.date) -> list[pl.Series]:
        """Return born, zero and start of some models for an observation.

        Args:
            places: The places of the models.
            day: The date of the observation.
        """
        if self.births is None:
            return []
        births = self.births
        if self.moved.height:  # the latest id that was created by then
            latest = self.moved.filter(pl.col("born") <= day).sort("born").unique("place", keep="last")
            births = pl.DataFrame(
                [births[name].clone().scatter(latest["place"], latest[name]) for name in births.columns]
            )
        return [births[name].gather(places) for name in births.columns]


def _births_by_key(ids: pl.Series, differences: Differences) -> pl.DataFrame | None:
    """Return born, zero and start of each key, or None if no model was created within the panel."""
    births = differences.births
    if births is None:
        return None
    if not births["model_id"].equals(ids):
        births = pl.DataFrame({"model_id": ids}).join(births, on="model_id", how="left", maintain_order="left")
    by_key = births.select(pl.int_range(pl.len(), dtype=pl.Int32).alias("model_id"), "born")
    zeros = zero_observations(by_key, differences.periods)
    if not zeros.height:
        return None
    nothing = pl.repeat(None, len(ids), dtype=pl.Date, eager=True)
    columns = {"born": "born", "zero": "period", "start": "start"}
    return pl.DataFrame([
        nothing.clone().scatter(zeros["model_id"], zeros[column]).alias(name) for name, column in columns.items()
    ])  # fmt: skip
