"""One observation becomes the files of a snapshot: new models, changed facts, and counters by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.schema import COUNTERS
from ossgeo.errors import PanelError, StoreError
from ossgeo.panel._issues import find_issues_by_key
from ossgeo.sources._store import counters, facts
from ossgeo.sources._store.checks import faults_of, require_undamaged
from ossgeo.sources._store.dictionary import digest_after, keys_of, read_ids, write_part
from ossgeo.sources._store.keyed import StoreRows
from ossgeo.sources._store.layout import (
    FACTS,
    KINDS,
    MODELS,
    SNAPSHOTS,
    inside,
    name_of,
    sha256_of,
    sync,
    temporary,
)
from ossgeo.sources._store.manifest import LAYOUT, Manifest, Snapshot


@attrs.frozen
class Encoder:
    """Writes the files of one snapshot; nothing names them before the manifest does.

    Attributes:
        folder: The store.
        manifest: The content of the manifest before.
        raw: The observation: a Parquet file with one row for each model.
        observed_at: When the counters were read (UTC).
        source: Where it came from.
        scope: The models that it covers.
        note: A remark.
        stem: The name of the files.
        replaces: The snapshot of the same time that it replaces.
        removed: The reason for which it is not used from the outset; empty to use it.
    """

    folder: Path
    manifest: Manifest
    raw: Path
    observed_at: dt.datetime
    stem: str
    source: str
    scope: str
    note: str
    replaces: Snapshot | None = None
    removed: str = ""

    def write(self) -> Snapshot:
        """Write the files, that of the counters last.

        Raises:
            StoreError: The dictionary is damaged.
        """
        for kind in KINDS:
            (self.folder / self.manifest.data / kind).mkdir(parents=True, exist_ok=True)
        require_undamaged(self.folder, self.manifest.snapshots, MODELS)
        scan = pl.scan_parquet(self.raw, glob=False, hive_partitioning=False)
        keys, size, parts, digest = self._write_models(scan)
        counts = scan.select(name for name in COUNTERS if name in scan.collect_schema()).collect()
        counted = [name for name in counts.columns if counts[name].count()]
        rows = counts.select(keys.alias("key"), *counted)
        stated, hashes = self._write_facts(keys, size)
        chain = counters.chain_before(self._basis, self.folder, self.observed_at)
        snapshot = Snapshot(
            date=self.observed_at.date(), observed_at=self.observed_at, file=self._name(SNAPSHOTS), source=self.source,
            models=rows.height, totals={name: int(rows[name].cast(pl.Int128).sum()) for name in counted}, sha256="",
            schema=LAYOUT, issues=self._issues(rows, parts), note=self.note, ossgeo=version("ossgeo"), scope=self.scope, removed=self.removed,
            parts={**parts, **stated}, chain=chain[0].stem if chain else self.stem, keys=size, digest=digest,
            columns=tuple(facts.columns_in(self.raw)), counts={name: _range_of(rows[name]) for name in counted},
        )  # fmt: skip
        before = counters.values_after(self.folder, chain, size) if chain and counters.ALL_TIME in counted else None
        whole = counters.with_changes(rows, before)
        if not chain and hashes is not None:
            whole = whole.with_columns(hashes.drop("key"))
        with self._placed(snapshot.file) as path:
            counters.write_counters(whole, path, snapshot)
            sha256 = sha256_of(path)
        return attrs.evolve(snapshot, sha256=sha256)

    @property
    def _basis(self) -> Manifest:
        """The content of the manifest, with the snapshot that is replaced out of use."""
        gone = [] if self.replaces is None else [attrs.evolve(self.replaces, removed="replaced")]
        return self.manifest.with_snapshots(gone)

    def _name(self, kind: str) -> str:
        return name_of(self.manifest.data, kind, self.stem)

    @contextmanager
    def _placed(self, name: str) -> Iterator[Path]:
        """Give a temporary name, and rename the file when it is complete."""
        target = inside(self.folder, name)
        partial = temporary(target)
        try:
            yield partial
            if partial.is_file():
                sync(partial)
                partial.replace(target)
                sync(target.parent)
        finally:
            partial.unlink(missing_ok=True)

    def _write_models(self, scan: pl.LazyFrame) -> tuple[pl.Series, int, dict[str, str], str]:
        """Write the models that are new; no text id stays in memory.

        Returns:
            The key of each row, the number of models, the file of the new ones with its SHA-256, and the digest of the
            dictionary.
        """
        hub = ["hub_id"] if "hub_id" in scan.collect_schema() else []
        head = scan.select("model_id", *hub).collect()
        known = read_ids(self.folder, self.manifest)
        keys, new = keys_of(head["model_id"], known, head["hub_id"] if hub else None)
        if not new.height:
            return keys, self.manifest.keys, {}, self.manifest.digest
        name = self._name(MODELS)
        with self._placed(name) as path:
            write_part(new, path, self.observed_at)
            sha256 = sha256_of(path)
        return keys, self.manifest.keys + new.height, {name: sha256}, digest_after(self.manifest.digest, sha256)

    def _write_facts(self, keys: pl.Series, size: int) -> tuple[dict[str, str], pl.DataFrame | None]:
        """Write the facts that changed; return their file with its SHA-256, and the hash of each row."""
        hashes = None
        later = not self.removed and any(one.observed_at > self.observed_at for one in self.manifest.used)
        changed = pl.Series("key", dtype=pl.Int32)
        name = self._name(FACTS)
        with self._placed(name) as path:
            if facts.columns_in(self.raw):
                state = facts.state_before(self.folder, self._basis, self.observed_at, size)
                hashes = facts.stated(self.raw).with_columns(keys.alias("key"))
                changed = facts.write_changed(
                    self.raw, hashes, state, path, stem=self.stem, observed_at=self.observed_at
                )
            if later:
                self._add_shifted(path, changed)
            if not path.is_file():
                return {}, hashes
            sha256 = sha256_of(path)
        return {name: sha256}, hashes

    def _add_shifted(self, path: Path, changed: pl.Series) -> None:
        """Add rows that keep the facts of later snapshots as they are."""
        if self.replaces is not None:
            changed = pl.concat([changed, facts.keys_changed_by(self.folder, self.manifest, self.replaces)])
        shifted = facts.shifted_rows(self.folder, self.manifest, changed, self.observed_at)
        if not shifted.height:
            return
        own = [pl.read_parquet(path, memory_map=False, glob=False)] if path.is_file() else []
        pl.concat([*own, shifted], how="diagonal").write_parquet(path, compression="zstd")

    def _issues(self, rows: pl.DataFrame, parts: Iterable[str]) -> dict[str, int]:
        """Return the quality issues, compared with the snapshot before; a damaged one does not keep the new one out."""
        try:
            return self._compared(rows, parts)
        except (StoreError, PanelError, pl.exceptions.PolarsError):
            return {"previous_unreadable": 1}

    def _compared(self, rows: pl.DataFrame, parts: Iterable[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        used = self._basis.used
        before = [one for one in used if one.observed_at < self.observed_at]
        if len(before) < len(used):
            found["clock_stepped"] = 1
        if any(one.date == self.observed_at.date() for one in used):
            found["same_date"] = 1
        if before and self.scope and before[-1].scope and before[-1].scope != self.scope:
            found["scope_changed"] = 1
        if before and before[-1].date == self.observed_at.date():
            return found
        counter = next(name for name in COUNTERS if name in rows.columns)
        compared = [(self.observed_at.date(), rows.select("key", counter).drop_nulls())]
        for one in (one for one in before[-1:] if counter in one.totals):
            keyed = StoreRows.of(self.folder, self.manifest, [one], counter)
            if faults_of(self.folder, keyed.read):
                raise StoreError(f"{one.file} is damaged")
            compared[:0] = [(kept.date, table) for kept, table in keyed.parts[0].snapshots()]
        new = (pl.read_parquet(inside(self.folder, name), columns=["model_id"], glob=False) for name in parts)
        ids = pl.concat([read_ids(self.folder, self.manifest), *(part["model_id"] for part in new)])
        named = [table.select(counter, model_id="key", period=pl.lit(day)) for day, table in compared]
        periods = [*(one.date for one in before[-1:]), self.observed_at.date()]
        issues = find_issues_by_key(
            engines.wrap(pl.concat(named).lazy()), ids, counter=Counter.parse(counter), periods=periods,
            known=self.manifest.keys,
        )  # fmt: skip
        return found | {issue.code: int(issue.count) for issue in issues}


def _range_of(counts: pl.Series) -> dict[str, int]:
    known, low, high = counts.to_frame("count").select(
        known=pl.col("count").count(), low=pl.col("count").min(), high=pl.col("count").max()
    ).row(0)  # fmt: skip
    return {"known": known, "low": low, "high": high}
