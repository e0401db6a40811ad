"""The one place that knows on which dataframe engine a panel lives.

Everything up to the aggregate is written as Narwhals lazy expressions. What differs between engines stands here:

=========  ===================================================================================
engine     what is done
=========  ===================================================================================
polars     aggregates are collected with the streaming engine
duckdb     small tables join through the relation's own connection, as Arrow data
other      whatever Narwhals offers; an engine without lazy frames is converted to Polars first
=========  ===================================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import narwhals as nw
import polars as pl

from ossgeo.errors import EngineError, OssgeoError, PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

ENGINES: Final = ("polars", "duckdb")
"""Engines that files can be read with."""


def lazy(native: Any) -> nw.LazyFrame[Any]:
    """Return any dataframe as a Narwhals lazy frame: lazy ones stay where they are, eager ones become Polars.

    Args:
        native: A frame that Narwhals takes, or a Narwhals frame.

    Raises:
        EngineError: It is no dataframe.
    """
    try:
        frame = nw.from_native(native, pass_through=False)
    except TypeError as error:
        message = f"{type(native).__name__} is no dataframe that Narwhals takes; give a Polars, pandas or PyArrow frame, a DuckDB relation or a path"
        raise EngineError(message) from error
    if isinstance(frame, nw.LazyFrame):
        return frame
    with needs_extra("pandas"):
        return wrap(frame.to_polars().lazy())


def wrap(native: Any) -> nw.LazyFrame[Any]:
    """Return an engine's own lazy frame as a Narwhals one."""
    frame: nw.LazyFrame[Any] = nw.from_native(native)
    return frame


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Tell which extra is missing, where an import within fails.

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
    """Return the engine's name, such as ``polars`` or ``duckdb``."""
    return str(frame.implementation.name).lower()


def collect(frame: nw.LazyFrame[Any]) -> pl.DataFrame:
    """Run a lazy query and return its (small) result as a Polars frame.

    Args:
        frame: The query; an aggregate, never a panel.

    Raises:
        PanelError: The engine met data that it could not process.
    """
    try:
        native = frame.to_native()
        if isinstance(native, pl.LazyFrame):
            return native.collect(engine="streaming")
        collected: pl.DataFrame = frame.collect("polars").to_native()
        return collected
    except OssgeoError:
        raise
    except Exception as error:  # every engine has exceptions of its own
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        remedy = "check the files behind the panel; the engine's own error is chained"
        raise PanelError.of(f"engine {name_of(frame)}", f"the query failed: {first}", remedy) from error


def send(table: pl.DataFrame, like: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Bring a small table to the engine of a panel, so that it can be joined there.

    Args:
        table: The small table.
        like: A frame of the engine.

    Raises:
        EngineError: The engine cannot take a table in.
    """
    engine = name_of(like)
    if engine == "polars":
        return wrap(table.lazy())
    if engine == "duckdb":
        relation: Any = like.to_native()
        with needs_extra("duckdb"):
            sent = table.to_arrow()  # found by name below: DuckDB reads local variables
        try:
            return wrap(relation.query("panel", "select * from sent"))
        finally:
            del sent
    raise EngineError(f"a panel on {engine} cannot be measured yet; give it as Polars, DuckDB, pandas or PyArrow")


def concat(frames: Sequence[nw.LazyFrame[Any]]) -> nw.LazyFrame[Any]:
    """Return frames of one engine and the same columns under each other."""
    return nw.concat(frames, how="vertical")


def duckdb_parquet(files: Sequence[Any]) -> Any:
    """Return a DuckDB relation over Parquet files.

    Args:
        files: Paths.

    Raises:
        EngineError: DuckDB is not installed.
    """
    with needs_extra("duckdb"):
        import duckdb
    return duckdb.connect().read_parquet([str(file) for file in files], union_by_name=True)
