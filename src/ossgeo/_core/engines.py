"""Dataframe engines: the differences between Polars, DuckDB and Spark.

Everything up to the aggregate is written as Narwhals lazy expressions. The differences between engines are:

=========  ===================================================================================
engine     treatment
=========  ===================================================================================
polars     aggregates are collected with the streaming engine
duckdb     small tables join through the relation's own connection, as Arrow data
spark      small tables are made by the frame's own session, and broadcast to its executors
eager      pandas, PyArrow and others without lazy frames are converted to Polars first
other      unknown lazy engines are refused before a query starts
=========  ===================================================================================

Differences that Narwhals does not remove: integer sums are decimals on DuckDB (calculators sum doubles), dates minus dates
have three types (days are counted by arithmetic), and Spark cuts days in the session's time zone (instants are read in UTC).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core.boundary import is_panic
from ossgeo.errors import EngineError, OssgeoError, PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENGINES: Final = ("polars", "duckdb", "spark")
"""Engines that panels live on, and that files can be read with."""

_SPARK: Final = ("pyspark", "pyspark_connect")
_UTC: Final = "_utc"  # a column of instants in UTC, for as long as it is needed


def lazy(native: Any) -> nw.LazyFrame[Any]:
    """Return any dataframe as a Narwhals lazy frame: lazy ones are kept, eager ones become Polars.

    Args:
        native: A frame that Narwhals takes, or a Narwhals frame.

    Raises:
        EngineError: It is not a dataframe, or is of an unknown lazy engine.
    """
    try:
        frame = nw.from_native(native, pass_through=False)
    except TypeError as error:
        message = f"source must be a dataframe or a path, got {type(native).__name__}; give a Polars, pandas or PyArrow frame or a DuckDB relation"
        raise EngineError(message) from error
    if isinstance(frame, nw.LazyFrame):
        if name_of(frame) not in ENGINES:
            known = "Polars, DuckDB, Spark, pandas or PyArrow"
            raise EngineError(f"a panel on {name_of(frame)} cannot be measured; give it as {known}")
        return frame
    with needs_extra("pandas"):
        return wrap(frame.to_polars().lazy())


def wrap(native: Any) -> nw.LazyFrame[Any]:
    """Return an engine's own lazy frame as a Narwhals one."""
    frame: nw.LazyFrame[Any] = nw.from_native(native)
    return frame


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Raise an error that names the missing extra if an import in the block fails.

    Args:
        name: The extra's name in pyproject.toml.

    Raises:
        EngineError: A package of the extra is not installed.
    """
    try:
        yield
    except ImportError as error:
        message = f"{error.name or 'a package'} is not installed; it comes with the extra: pip install 'ossgeo[{name}]'"
        raise EngineError(message) from error


def name_of(frame: nw.LazyFrame[Any]) -> str:
    """Return the engine's name, such as ``polars``, ``duckdb`` or ``spark``."""
    name = str(frame.implementation.name).lower()
    return "spark" if name in _SPARK else name


def collect(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    """Run a lazy query and return its small result as a Polars frame.

    Args:
        frame: The query; an aggregate, never a panel.

    Raises:
        PanelError: The engine cannot process the data.
    """
    try:
        native = frame.to_native()
        if isinstance(native, pl.LazyFrame):
            return native.collect(engine="streaming")
        collected: pl.DataFrame = frame.collect("polars").to_native()
        return collected
    except OssgeoError:
        raise
    except BaseException as error:  # every engine has exceptions of its own
        if not isinstance(error, Exception) and not is_panic(error):
            raise
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = "check the files behind the panel; the engine's own error is chained"
        raise PanelError.of(f"engine {name_of(frame)}", f"the query failed: {first}", remedy) from error


def send(table: pl.DataFrame, like: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return a small table on the engine of a panel, so that it can be joined there.

    Args:
        table: The small table.
        like: A frame of the engine.

    Raises:
        EngineError: A package that the engine needs is not installed.
    """
    engine = name_of(like)
    native: Any = like.to_native()
    if engine == "duckdb":
        with needs_extra("duckdb"):
            sent = table.to_arrow()  # found by name below: DuckDB reads local variables
        try:
            return wrap(native.query("panel", "select * from sent"))
        finally:
            del sent
    if engine == "spark":
        with needs_extra("spark"):
            from pyspark.sql.functions import broadcast

            return wrap(broadcast(native.sparkSession.createDataFrame(table.to_arrow())))
    return wrap(table.lazy())


def with_utc_day(frame: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Add ``period``, the day in UTC of a column of instants.

    Args:
        frame: The frame.
        name: A column of datetimes; those without a time zone are taken as UTC.
    """
    utc = with_utc_datetime(frame.with_columns(nw.col(name).alias(_UTC)), _UTC)
    return utc.with_columns(period=nw.col(_UTC).cast(nw.Date)).drop(_UTC)


def with_utc_datetime(frame: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Convert a column of dates or instants to datetimes without a time zone, in UTC and microseconds.

    Args:
        frame: The frame.
        name: A column of dates or datetimes; those without a time zone are taken as UTC.
    """
    kind = frame.collect_schema()[name]
    zoned = isinstance(kind, nw.Datetime) and kind.time_zone is not None
    engine, native = name_of(frame), frame.to_native()
    if zoned and engine == "spark":
        with needs_extra("spark"):
            from pyspark.sql import functions
        micros = f"timestampadd(MICROSECOND, unix_micros(`{name}`), timestamp_ntz'1970-01-01 00:00:00')"
        return wrap(native.withColumn(name, functions.expr(micros)))
    if zoned and engine == "duckdb":
        return wrap(native.project(f'* replace (make_timestamp(epoch_us("{name}")) as "{name}")'))
    at = nw.col(name).dt.convert_time_zone("UTC").dt.replace_time_zone(None) if zoned else nw.col(name)
    return frame.with_columns(at.cast(nw.Datetime("us")))


def with_second_of_day(frame: nw.LazyFrame[Any], name: str) -> nw.LazyFrame[Any]:
    """Add ``second``, the second of the day in UTC of a column of instants.

    Args:
        frame: The frame.
        name: A column of datetimes; those without a time zone are taken as UTC.
    """
    utc = with_utc_datetime(frame.with_columns(nw.col(name).alias(_UTC)), _UTC)
    at = nw.col(_UTC).dt
    hours, minutes, seconds = (part.cast(nw.Int64) for part in (at.hour(), at.minute(), at.second()))
    return utc.with_columns(second=hours * 3600 + minutes * 60 + seconds).drop(_UTC)


def compares_instants(frame: nw.LazyFrame[Any], name: str) -> bool:
    """Return whether a column of datetimes can be compared with an instant in UTC; Polars compares within one zone only.

    Args:
        frame: The frame.
        name: A column.
    """
    kind = frame.collect_schema().get(name)
    return isinstance(kind, nw.Datetime) and (kind.time_zone in (None, "UTC") or name_of(frame) == "spark")


def with_namespaces(frame: nw.LazyFrame[Any], name: str = "model_id") -> nw.LazyFrame[Any]:
    """Cut model ids after the first slash, as in ``Qwen/``; an id without a slash stays as it is.

    Args:
        frame: The frame.
        name: The column of ids.
    """
    native = frame.to_native()
    if isinstance(native, pl.LazyFrame):  # a third of the time of a regular expression
        ids = pl.col(name)
        cut = ids.cast(pl.Binary).bin.head(ids.str.find("/", literal=True) + 1).cast(pl.String)  # find counts bytes
        return wrap(native.with_columns(pl.coalesce(cut, ids).alias(name)))
    return frame.with_columns(nw.col(name).str.replace_all("/.*$", "/"))


def concat(frames: Sequence[nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    """Return frames of one engine and the same columns under each other."""
    return nw.concat(frames, how="vertical")


def scan_parquet(groups: Sequence[Sequence[Path]], *, engine: str, root: Path) -> list[nw.LazyFrame[Any]]:
    """Return a lazy frame over each group of Parquet files; the frames are of one connection, so that they can be joined.

    Columns that only some files of a group have are null in the others. Folders named ``column=value`` below the root are
    columns (partitioned Parquet).

    Args:
        groups: The files of each frame.
        engine: One of :data:`ENGINES`. Spark uses the active session, or starts one.
        root: The folder below which partitions are looked for.

    Raises:
        EngineError: A package that the engine needs is not installed.
    """
    partitioned = [any("=" in part for part in files[0].relative_to(root).parts[:-1]) for files in groups]
    if engine == "duckdb":
        with needs_extra("duckdb"):
            import duckdb
        connection = duckdb.connect()
        return [
            wrap(connection.read_parquet([*map(str, files)], union_by_name=True, hive_partitioning=hive))
            for files, hive in zip(groups, partitioned, strict=True)
        ]
    if engine == "spark":
        with needs_extra("spark"):
            from pyspark.sql import SparkSession
        session = SparkSession.builder.getOrCreate()
        frames = []
        for files, hive in zip(groups, partitioned, strict=True):
            reader = session.read.option("mergeSchema", "true")
            reader = reader.option("basePath", str(root)) if hive else reader
            frames.append(wrap(reader.parquet(*map(str, files))))
        return frames
    return [
        wrap(
            pl.scan_parquet(
                [*files], glob=False, missing_columns="insert", extra_columns="ignore", hive_partitioning=hive
            )
        )
        for files, hive in zip(groups, partitioned, strict=True)
    ]
