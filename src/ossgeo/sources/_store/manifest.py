"""The manifest of a store: which snapshots there are, and what every file of theirs must be, byte by byte."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo.errors import StoreError

MANIFEST: Final = "manifest.json"
LAYOUT: Final = 1
"""Version of the layout of a store."""

_SNAPSHOT: Final = re.compile(r"date=(\d{4}-\d{2}-\d{2})/(\d{8}T\d{12})Z\.parquet")
_MODELS: Final = re.compile(r"(models-[0-9a-f]{32}\.parquet)?")
_INSTANT: Final = "%Y%m%dT%H%M%S%f"


@attrs.frozen
class Entry:
    """A snapshot in a store.

    Attributes:
        date: The day that it stands for (UTC).
        observed_at: When the counters were read (UTC).
        file: Where it is within the store.
        source: Where it came from.
        models: How many models it holds.
        totals: Sum of each counter.
        sha256: Of the file.
        schema: Version of the columns.
        issues: Code and count of what is strange in it, beside the snapshot before.
        note: What it covers.
        ossgeo: The version of ossgeo that wrote it.
    """

    date: dt.date
    observed_at: dt.datetime
    file: str
    source: str
    models: int
    totals: Mapping[str, int]
    sha256: str
    schema: int
    issues: Mapping[str, int]
    note: str
    ossgeo: str


@attrs.frozen
class Facts:
    """The file with the latest facts about every model.

    Attributes:
        file: Its name; empty where there is none yet.
        sha256: Of the file; empty where an older version of ossgeo wrote it.
    """

    file: str = ""
    sha256: str = ""

    def problem(self, folder: Path) -> str | None:
        """Return what is wrong with the file; None where nothing is.

        Args:
            folder: The store.
        """
        path = folder / self.file
        if not path.is_file():
            return "is missing"
        if self.sha256:
            return difference(path, self.sha256)
        try:
            pl.read_parquet_schema(path)
        except (pl.exceptions.PolarsError, OSError) as error:
            return f"cannot be read: {error}"
        return None


def snapshot_name(observed_at: dt.datetime) -> str:
    """Return the name of the file of a snapshot within its store.

    Args:
        observed_at: The time of the observation (UTC).

    Example:
        >>> snapshot_name(dt.datetime(2026, 8, 3, 6, tzinfo=dt.UTC))
        'date=2026-08-03/20260803T060000000000Z.parquet'
    """
    return f"date={observed_at.date()}/{observed_at.strftime(_INSTANT)}Z.parquet"


def observed_at_of(name: str) -> dt.datetime | None:
    """Return the time of the observation that a snapshot's name states; None if the name is not a snapshot's.

    Args:
        name: Path within the store, with forward slashes.
    """
    found = _SNAPSHOT.fullmatch(name)
    try:
        instant = dt.datetime.strptime(found[2], _INSTANT).replace(tzinfo=dt.UTC) if found else None
    except ValueError:
        return None
    return instant if instant is not None and snapshot_name(instant) == name else None


def is_models(name: str) -> bool:
    """Return whether a file name is that of a store's table of models.

    Args:
        name: The file name.
    """
    return bool(name) and _MODELS.fullmatch(name) is not None


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file of a store.

    Args:
        folder: The store.
        name: Path within it.

    Raises:
        StoreError: The path leads out of the folder, such as a symbolic link to a file elsewhere.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise StoreError(f"{path} leads out of the store; replace the link with a copy of the file")
    return path


def difference(path: Path, sha256: str) -> str | None:
    """Return how a file differs from what the manifest says of it; None where it does not.

    Args:
        path: The file.
        sha256: What the manifest says.
    """
    found = sha256_of(path)
    return None if found == sha256 else f"its SHA-256 is {found[:12]}, not {sha256[:12]}: it was changed or cut"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> tuple[tuple[Entry, ...], Facts]:
    """Return the snapshots by date and time, and the file of facts; nothing where there is no manifest.

    Args:
        folder: The store.

    Raises:
        StoreError: The manifest cannot be read.
    """
    path = folder / MANIFEST
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if any(folder.glob("date=*")):
            raise StoreError(
                f"{folder} has folders of snapshots and no {MANIFEST}: if it is a store, recover() writes the manifest "
                "again from the snapshots; if it is not, choose another folder"
            ) from None
        return (), Facts()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}") from error
    try:
        raw = json.loads(text)
        if (signed := raw.pop("sha256", None)) is not None and signed != _checksum(raw):
            raise StoreError(f"{path} was changed or damaged; restore it from a backup, or call recover()")
        if raw["layout"] > LAYOUT:
            raise StoreError(f"{path} has layout {raw['layout']}; this ossgeo knows {LAYOUT}: upgrade it")
        entries = tuple(_entry(one) for one in raw["snapshots"])
        facts = Facts(str(raw["models"]), str(raw.get("models_sha256", "")))
        wrong = [one.file for one in entries if observed_at_of(one.file) != one.observed_at]
        if not _MODELS.fullmatch(facts.file):
            wrong.append(facts.file)
        if wrong:
            raise StoreError(f"{path} names {wrong[0]!r}, which is not a file of a store; call recover()")
        return tuple(sorted(entries, key=lambda entry: (entry.date, entry.observed_at))), facts
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is no manifest of a store: {error}") from error


def write_manifest(folder: Path, entries: tuple[Entry, ...], facts: Facts) -> None:
    """Replace the manifest at once: before it the store is the old one, after it the new one.

    Args:
        folder: The store.
        entries: Its snapshots.
        facts: The file of facts.
    """
    plain: dict[str, Any] = {"layout": LAYOUT, "models": facts.file, "models_sha256": facts.sha256,
             "snapshots": [_plain(entry) for entry in entries]}  # fmt: skip
    plain["sha256"] = _checksum(plain)
    fresh = folder / f".{MANIFEST}.{uuid.uuid4().hex}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(plain, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / MANIFEST)
    sync(folder)


def sync(path: Path) -> None:
    """Have the system write a file or a folder to the disk.

    Args:
        path: The file or folder.
    """
    if path.is_dir() and os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checksum(plain: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the manifest's own content."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _plain(entry: Entry) -> dict[str, Any]:
    plain = attrs.asdict(entry)
    return {**plain, "date": entry.date.isoformat(), "observed_at": entry.observed_at.isoformat(),
            "totals": dict(entry.totals), "issues": dict(entry.issues)}  # fmt: skip


def _entry(raw: dict[str, Any]) -> Entry:
    return Entry(**{**raw, "date": dt.date.fromisoformat(raw["date"]),
                    "observed_at": dt.datetime.fromisoformat(raw["observed_at"])})  # fmt: skip
