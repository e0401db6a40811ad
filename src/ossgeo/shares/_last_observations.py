"""When each model was first and last observed, and its counts: what the next observation of an all-time counter needs."""

from __future__ import annotations

from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._cleaning import rows_are_usable
from ossgeo.panel._keyed import Continued, KeyedRows, Levels, keys_of
from ossgeo.panel._panel import Panel

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String, "first": pl.Date, "last": pl.Date, "downloads": pl.Int64, "top": pl.Int64,
}  # fmt: skip


def last_observations(panel: Panel, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return model_id, first and last (dates), downloads (the last count) and top (the largest one) of each model.

    Args:
        panel: The panel; 30-day counters need none of it, so that the table is empty.
        before: Those of earlier observations.
    """
    if panel.counter.kind != "cumulative":
        return pl.DataFrame(schema=SCHEMA)
    keyed = _keyed(panel, before)
    if keyed is not None:
        return _by_key(keyed, panel._key_ids(), panel.counter.column)
    found = _by_id(panel)
    return found if before is None else _later(before, found)


def continued_panel(panel: Panel, before: pl.DataFrame) -> Panel:
    """Return a panel of an all-time counter, with rows that represent earlier observations before its own.

    Args:
        panel: The panel.
        before: The last observations before; see :func:`last_observations`.
    """
    column = panel.counter.column
    earlier = rows_of(before).rename({"downloads": column})
    since = ("since",) if "since" in panel.rows.collect_schema().names() else ()
    rows = panel.rows.select("model_id", "period", *since, nw.col(column).cast(nw.Int64))
    whole = attrs.evolve(
        panel, rows=engines.concat([engines.send(earlier, rows), rows]), size=panel.size + before.height
    )
    keyed = _keyed(panel, before)
    whole._keep_answers(panel, same_rows=False)
    if keyed is not None:
        whole._continue(panel, keyed, engines.wrap(earlier.lazy()))
    return whole


def rows_of(before: pl.DataFrame) -> pl.DataFrame:
    """Return the observations that represent a history (model_id, period, downloads): the maximum, then the last count.

    Args:
        before: The last observations; see :func:`last_observations`.
    """
    last = before.select("model_id", "downloads", period="last")
    first = before.filter(pl.col("first") < pl.col("last")).select("model_id", period="first", downloads="top")
    return pl.concat([last.select("model_id", "period", "downloads"), first])


def _keyed(panel: Panel, before: pl.DataFrame | None) -> KeyedRows | None:
    """Return the rows of a panel by key, after earlier observations; None if a model has no key."""
    keyed = panel._keyed
    if keyed is None or panel._duplicates() or not rows_are_usable(panel):
        return None
    if before is None:
        return keyed
    ids = panel._key_ids().rename("model_id")
    if before["model_id"].equals(ids.head(before.height)):
        nothing = Levels.empty(len(ids) - before.height).frame
        return Continued(keyed, Levels(pl.concat([before.drop("model_id"), nothing], rechunk=True)))
    found = ids.to_frame().join(before, on="model_id", how="left", maintain_order="left").drop("model_id")
    return Continued(keyed, Levels(found)) if found["last"].count() == before.height else None


def _by_key(keyed: KeyedRows, ids: pl.Series, counter: str) -> pl.DataFrame:
    levels = keyed.levels or Levels.empty(len(ids))
    for day, rows in keyed.in_order():
        levels = levels.after(keys_of(rows), rows[counter], day)
    return levels.frame.with_columns(model_id=ids).select(*SCHEMA).drop_nulls("last")


def _by_id(panel: Panel) -> pl.DataFrame:
    count, period = nw.col(panel.counter.column), nw.col("period")
    usable = panel.rows.filter((count >= 0) & ~period.is_null())
    ends = usable.group_by("model_id").agg(first=period.min(), last=period.max(), top=count.max())
    counts = usable.group_by("model_id", "period").agg(downloads=count.max())
    both = ends.join(counts, left_on=["model_id", "last"], right_on=["model_id", "period"])
    found = engines.collect(both.select(*SCHEMA))
    return found.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _later(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    both = now.join(before, on="model_id", how="full", coalesce=True, suffix="_before")
    return both.select(
        "model_id", first=pl.coalesce("first_before", "first"), last=pl.coalesce("last", "last_before"),
        downloads=pl.coalesce("downloads", "downloads_before"), top=pl.max_horizontal("top", "top_before"),
    )  # fmt: skip
