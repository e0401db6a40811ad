"""Pages of JSON become files of columns, and these become one snapshot."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo.errors import StoreError
from ossgeo.sources._hub.parsing import SCHEMA, read_pages

UNCHANGED: Final = "everything that was stored before is unchanged"
ROW_GROUP: Final = 100_000
_ROWS_AT_ONCE: Final = 20_000  # of a snapshot that is being put together; more would take more memory


@attrs.frozen
class Account:
    """What the Hub says of the account behind a namespace.

    Attributes:
        organizations: Handles of the organizations that a user belongs to.
        type: ``organization`` or ``user``; None if the Hub does not know the account.
    """

    organizations: tuple[str, ...] = ()
    type: str | None = None


@attrs.frozen
class Part:
    """A file of columns made from pages.

    Attributes:
        rows: Models in it.
        sha256: Of the file.
        left_out: Private models that were left out.
        pages: For each page a digest of its model ids; None for a page without models.
    """

    rows: int
    sha256: str
    left_out: int
    pages: tuple[str | None, ...] = ()


def convert(
    pages: Mapping[str, Path], path: Path, *, observed_at: dt.datetime, private: bool, limit: int | None
) -> Part:
    """Decode pages and write them as one part.

    Args:
        pages: Description and file of each page.
        path: The file to write.
        observed_at: The time of the observation (UTC).
        private: Whether private models are kept.
        limit: Largest number of models to keep.

    Raises:
        StoreError: A file cannot be read or written.
        SourceFormatError: A page does not have the form of the Hub's list.
    """
    try:
        bodies = {where: file.read_bytes() for where, file in pages.items()}
    except OSError as error:
        raise StoreError(f"{path.parent} cannot be read: {error.strerror}") from error
    frames = read_pages(bodies, observed_at=observed_at)
    part = write_part(pl.concat(frames), path, private=private, limit=limit)
    return attrs.evolve(part, pages=tuple(_digest(frame) for frame in frames))


def write_part(frame: pl.DataFrame, path: Path, *, private: bool, limit: int | None = None) -> Part:
    """Write a part without the private models, which the Hub lists for their owner's token.

    Args:
        frame: Models with the columns of a snapshot.
        path: The file to write.
        private: Whether private models are kept.
        limit: Largest number of models to keep.

    Raises:
        StoreError: The file cannot be written.
    """
    public = frame if private else frame.filter(~pl.col("private").fill_null(False))
    kept = public if limit is None else public.head(limit)
    try:
        kept.write_parquet(path, compression="lz4", statistics=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{path} cannot be written: {error}; {UNCHANGED}") from error
    return Part(kept.height, hashlib.sha256(path.read_bytes()).hexdigest(), frame.height - public.height)


def scan_parts(files: Sequence[Path]) -> pl.LazyFrame:
    """Return the models of all parts, in the order in which they were listed.

    Args:
        files: The parts.
    """
    return pl.scan_parquet(list(files), glob=False) if files else pl.LazyFrame(schema=SCHEMA)


def write_snapshot(parts: pl.LazyFrame, path: Path, *, accounts: Mapping[str, Account]) -> int:
    """Write one row for each model: the last one if a model moved from page to page during the observation.

    Args:
        parts: The models of all parts.
        path: The file to write.
        accounts: Type of the account and organizations of its user, by namespace.

    Returns:
        The number of repeated rows that were left out.

    Raises:
        StoreError: The file cannot be written.
    """
    try:
        repeated = _repeated_rows(parts)
        scan = parts
        if repeated.len():
            scan = scan.with_row_index("row").filter(~pl.col("row").is_in(repeated.implode())).drop("row")
        if accounts:
            rows = [(name, list(one.organizations) or None, one.type) for name, one in accounts.items()]
            schema: dict[str, Any] = {"namespace": pl.String, "known": pl.List(pl.String), "type": pl.String}
            table = pl.LazyFrame(rows, schema=schema, orient="row")
            joined = scan.join(table, on="namespace", how="left", maintain_order="left")
            scan = joined.with_columns(
                member_of=pl.coalesce("known", "member_of"), account_type=pl.coalesce("type", "account_type")
            ).drop("known", "type")
        scan.sink_parquet(path, compression="zstd", row_group_size=_ROWS_AT_ONCE)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{path} cannot be written: {error}; {UNCHANGED}") from error
    return repeated.len()


def _repeated_rows(parts: pl.LazyFrame) -> pl.Series:
    """Return the places of rows that a later row of the same model replaces.

    Only hashes of ids are counted, because a de-duplication of whole rows would hold all of them in memory.
    """
    hashed = parts.select("model_id", hash=pl.col("model_id").hash()).with_row_index("row")
    several = hashed.group_by("hash").len().filter(pl.col("len") > 1).select("hash").collect(engine="streaming")
    if not several.height:
        return pl.Series("row", dtype=pl.get_index_type())
    candidates = hashed.join(several.lazy(), on="hash", how="semi").collect(engine="streaming").sort("row")
    return candidates.filter(pl.col("row") != pl.col("row").max().over("model_id"))["row"]


def _digest(frame: pl.DataFrame) -> str | None:
    ids = frame["model_id"].sort().to_list()
    return hashlib.sha256("\n".join(ids).encode()).hexdigest() if ids else None
