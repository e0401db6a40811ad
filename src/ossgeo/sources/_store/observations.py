"""One observation as a frame: the checks that every snapshot passes before it is stored."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.schema import COUNTERS
from ossgeo._core.text import counted
from ossgeo.errors import Fault, InvalidArgumentError, PanelError
from ossgeo.panel._panel import Panel
from ossgeo.panel._usable_rows import row_faults
from ossgeo.sources._hub.parsing import SCHEMA

_EXAMPLES: Final = 3
_ID: Final = r"^[^\s/\x00-\x1f\x7f]+(/[^\s/\x00-\x1f\x7f]+)?$"
_LARGEST_EXACT: Final = 2**53


@attrs.frozen
class Observation:
    """One observation of many models.

    Attributes:
        frame: One row for each model, with columns of the schema of snapshots.
        observed_at: When the counters were read (UTC).
        left_out: Private models that were left out.
    """

    frame: pl.DataFrame
    observed_at: dt.datetime
    left_out: int


def observation_of(
    snapshot: Panel | pl.DataFrame | pl.LazyFrame,
    observed_at: dt.datetime | None,
    *,
    default: dt.datetime | None = None,
) -> Observation:
    """Return a panel or frame as one observation.

    Args:
        snapshot: A panel with one period, or a frame with model_id and at least one counter.
        observed_at: When the counters were read; default: as the panel or the frame states.
        default: When they were read if the panel or the frame does not state it.

    Raises:
        PanelError: With every fault: what makes a panel unusable makes a snapshot unusable.
        InvalidArgumentError: ``observed_at`` is not an instant.
    """
    frame = _frame_of(snapshot)
    frame = _with_instant(frame, observed_at if "observed_at" in frame.columns else observed_at or default)
    faults: list[Fault] = []
    frame = pl.DataFrame([_typed(frame[name], faults) for name in SCHEMA if name in frame.columns])
    if not faults:
        faults = _row_faults(frame)
    if faults:
        raise PanelError("snapshot cannot be stored", faults)
    frame = frame.drop(name for name in COUNTERS if name in frame.columns and not frame[name].count())
    frame = frame.with_columns(pl.col("observed_at").max())
    public = frame.filter(~pl.col("private").fill_null(False)) if "private" in frame.columns else frame
    if not public.height:
        raise PanelError.of("snapshot", "holds private models only", "a store holds models that everyone can see")
    instant: dt.datetime = public["observed_at"][0]
    return Observation(public, instant, frame.height - public.height)


def _frame_of(snapshot: Any) -> pl.DataFrame:
    if isinstance(snapshot, Panel):
        if len(snapshot.periods) != 1:
            raise PanelError.of(snapshot.source, f"has {len(snapshot.periods)} periods", "add them one by one")
        rows = engines.collect(snapshot.rows)
        if "observed_at" not in rows.columns:
            day = dt.datetime.combine(snapshot.periods[0], dt.time(), dt.UTC)
            rows = rows.with_columns(observed_at=pl.lit(day))
        return rows.drop("period").join(snapshot.models.collect(), on="model_id", how="left", maintain_order="left")
    if isinstance(snapshot, pl.DataFrame | pl.LazyFrame):
        return snapshot.lazy().collect()
    raise PanelError.of(
        "snapshot", f"must be a Panel or a Polars frame, got {type(snapshot).__name__}",
        "read files and other frames with ossgeo.read_panel",
    )  # fmt: skip


def _with_instant(frame: pl.DataFrame, observed_at: Any) -> pl.DataFrame:
    """Return the frame with the time of the observation, if it is one observation of at least one model."""
    if "model_id" not in frame.columns or not {*COUNTERS} & {*frame.columns}:
        there = ", ".join(frame.columns)
        raise PanelError.of("snapshot", f"has no model_id or no counter; it has {there}", "rename its columns")
    if observed_at is not None:
        if not isinstance(observed_at, dt.datetime):
            raise InvalidArgumentError(f"observed_at must be a datetime.datetime in UTC, got {observed_at!r}")
        frame = frame.with_columns(observed_at=pl.lit(_utc(observed_at)))
    if "observed_at" not in frame.columns:
        raise PanelError.of("snapshot", "does not state when it was observed", "give observed_at=")
    if not frame.height:
        raise PanelError.of("snapshot", "holds no model", "there is nothing to store")
    try:
        frame = frame.with_columns(pl.col("observed_at").cast(pl.Datetime("us", "UTC")))
    except pl.exceptions.PolarsError:
        kind = frame.schema["observed_at"]
        raise PanelError.of(
            "snapshot, column observed_at", f"holds {kind}, not instants", "give observed_at="
        ) from None
    if without := frame["observed_at"].null_count():
        raise PanelError.of("snapshot, column observed_at", f"is null in {without:,} row(s)", "give observed_at=")
    days = frame["observed_at"].dt.date().unique().sort()
    if len(days) != 1:
        remedy = "add each day by itself, or give observed_at= if it is one observation"
        raise PanelError.of("snapshot", f"was observed on {len(days)} days, {days[0]} to {days[-1]}", remedy)
    return frame


def _utc(instant: dt.datetime) -> dt.datetime:
    try:
        return instant.astimezone(dt.UTC) if instant.tzinfo else instant.replace(tzinfo=dt.UTC)
    except OverflowError:
        raise InvalidArgumentError(f"observed_at must lie within the calendar, got {instant!r}") from None


def _typed(column: pl.Series, faults: list[Fault]) -> pl.Series:
    """Return a column with its type in the schema; a value that would change is a fault."""
    kind = SCHEMA[column.name]
    if column.dtype == kind:
        return column
    where = f"snapshot, column {column.name}"
    if kind == pl.Int64 and column.dtype.is_float():
        bad = column.filter(
            column.is_not_null() & ((column != column.floor()) | (column.abs() > _LARGEST_EXACT)).fill_null(True)
        )
        if bad.len():
            shown = ", ".join(map(str, bad.head(_EXAMPLES)))
            faults.append(Fault(where, f"must hold whole numbers, got {shown} in {bad.len():,} row(s)", "convert it"))
            return column
    elif kind == pl.Int64 and not (column.dtype.is_integer() or column.dtype == pl.Null):
        faults.append(
            Fault(where, f"must hold whole numbers, got {column.dtype}", "convert it, or use ossgeo.read_panel")
        )
        return column
    try:
        return column.cast(kind)
    except pl.exceptions.PolarsError:
        faults.append(Fault(where, f"must hold {kind}, got {column.dtype}", "convert it, or use ossgeo.read_panel"))
        return column


def _row_faults(frame: pl.DataFrame) -> list[Fault]:
    """Return what makes rows unusable: the same checks as for a panel, and ids that are repeated or malformed."""
    faults: list[Fault] = []
    ids = frame["model_id"]
    counters = [name for name in COUNTERS if name in frame.columns]
    if not any(frame[name].count() for name in counters):
        faults.append(Fault("snapshot", f"holds no count in {' and '.join(counters)}", "there is nothing to store"))
    malformed = ids.filter(~ids.str.contains(_ID))
    repeated = ids.drop_nulls().filter(ids.drop_nulls().is_duplicated()).unique(maintain_order=True)
    for bad, problem in ((malformed, "is not an id such as 'Qwen/Qwen3-8B'"), (repeated, "is repeated")):
        if bad.len():
            shown = ", ".join(map(repr, bad.head(_EXAMPLES)))
            faults.append(
                Fault(
                    "snapshot, column model_id", f"{problem}, for {counted(bad.len(), 'models')}: {shown}", "correct it"
                )
            )
    horizon = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    for counter in counters:
        known = frame.lazy().filter(pl.col(counter).is_not_null() | pl.col("model_id").is_null())
        rows = known.select("model_id", pl.col(counter).fill_null(0), period=pl.col("observed_at").dt.date())
        faults.extend(row_faults(engines.wrap(rows), Counter.parse(counter), horizon))
    return list({str(fault): fault for fault in faults}.values())
