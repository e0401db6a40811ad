"""The rows of a panel of a store: by key for fast measurements, and with text ids for everything else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl
from polars.io.plugins import register_io_source

from ossgeo.sources._store.counters import ALL_TIME, iter_chain, read_columns
from ossgeo.sources._store.dictionary import read_ids
from ossgeo.sources._store.manifest import Manifest, Snapshot

_BATCH: Final = 1 << 18


@attrs.frozen
class Part:
    """One snapshot of a 30-day counter, or those of one chain of an all-time counter.

    Attributes:
        folder: The store.
        chosen: The snapshots to give.
        chain: Those to read, from the full one on; empty for a 30-day counter.
        counter: The counter.
        keys: Number of models in the dictionary.
    """

    folder: Path
    chosen: tuple[Snapshot, ...]
    chain: tuple[Snapshot, ...]
    counter: str
    keys: int

    def __iter__(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day of each snapshot, and key and counter of its models; only the counter if every model has one."""
        for one in self.chosen if not self.chain else ():
            if one.counts[self.counter]["known"] == one.keys:  # the keys are the places
                yield one.date, read_columns(self.folder, one, self.counter)
            else:
                yield one.date, read_columns(self.folder, one, "key", self.counter).drop_nulls()
        for one, rows in self.snapshots() if self.chain else ():
            yield one.date, rows

    def snapshots(self) -> Iterator[tuple[Snapshot, pl.DataFrame]]:
        """Yield each snapshot, and key and counter of its models."""
        if not self.chain:
            for one in self.chosen:
                yield one, read_columns(self.folder, one, "key", self.counter).drop_nulls()
            return
        wanted = {one.file for one in self.chosen}
        for one, rows in iter_chain(self.folder, self.chain, self.keys):
            if one.file in wanted:
                yield one, rows


@attrs.frozen
class StoreRows:
    """The rows of a panel by key; see ``ossgeo.panel._keyed.KeyedRows``.

    Attributes:
        folder: The store.
        manifest: The content of the manifest.
        parts: The snapshots, by date.
        counter: The counter.
    """

    folder: Path
    manifest: Manifest
    parts: tuple[Part, ...]
    counter: str

    @classmethod
    def of(cls, folder: Path, manifest: Manifest, chosen: Sequence[Snapshot], counter: str) -> StoreRows:
        """Return the rows of some snapshots.

        Args:
            folder: The store.
            manifest: The content of the manifest.
            chosen: The snapshots, by date.
            counter: The counter.
        """
        keys = manifest.keys
        if counter != ALL_TIME:
            return cls(folder, manifest, tuple(Part(folder, (one,), (), counter, keys) for one in chosen), counter)
        groups: dict[str, list[Snapshot]] = {}
        for one in chosen:
            groups.setdefault(one.chain, []).append(one)
        parts = []
        for some in groups.values():
            chain = [one for one in manifest.chain_of(some[0]) if one.observed_at <= some[-1].observed_at]
            parts.append(Part(folder, tuple(some), tuple(chain), counter, keys))
        return cls(folder, manifest, tuple(parts), counter)

    def ids(self) -> pl.Series:
        """Return the id of each model, by key."""
        return read_ids(self.folder, self.manifest)

    @property
    def read(self) -> tuple[Snapshot, ...]:
        """The snapshots whose files are read."""
        return tuple({one.file: one for part in self.parts for one in (*part.chain, *part.chosen)}.values())

    @property
    def levels(self) -> None:
        """None: every observation is in the rows."""
        return

    def in_order(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Yield the day of each snapshot, by time, with key and counter of its models; each chain is read once."""
        for one, rows in self.snapshots():
            yield one.date, rows

    def snapshots(self) -> Iterator[tuple[Snapshot, pl.DataFrame]]:
        """Yield each snapshot, by time, with key and counter of its models; each chain is read once."""
        running = {one.file: iterator for part in self.parts for iterator in [part.snapshots()] for one in part.chosen}
        for one in sorted((one for part in self.parts for one in part.chosen), key=lambda one: one.observed_at):
            yield next(running[one.file])

    def scan(self) -> pl.LazyFrame:
        """Return the rows with text ids: model_id, the counter, observed_at and period. They are read file by file."""
        schema: dict[str, Any] = {
            "model_id": pl.String,
            self.counter: pl.Int64,
            "observed_at": pl.Datetime("us", "UTC"),
            "period": pl.Date,
        }

        def batches(
            names: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, size: int | None
        ) -> Iterator[pl.DataFrame]:
            del size
            left = n_rows
            for batch in self._batches([*schema] if names is None else names):
                rows = batch if predicate is None else batch.filter(predicate)
                if left is not None:
                    rows = rows.head(left)
                    left -= rows.height
                yield rows
                if left == 0:
                    return

        return register_io_source(batches, schema=schema, is_pure=True)

    def _batches(self, names: Sequence[str]) -> Iterator[pl.DataFrame]:
        ids = self.ids() if "model_id" in names else None
        for one, rows in self.snapshots():
            for batch in rows.iter_slices(_BATCH):
                yield self._named(one, batch, ids).select(names)

    def _named(self, snapshot: Snapshot, rows: pl.DataFrame, ids: pl.Series | None) -> pl.DataFrame:
        constants: dict[str, Any] = {
            "observed_at": pl.lit(snapshot.observed_at, pl.Datetime("us", "UTC")), "period": pl.lit(snapshot.date),
        }  # fmt: skip
        if ids is not None:
            constants["model_id"] = ids.gather(rows["key"])
        return rows.with_columns(**constants)
