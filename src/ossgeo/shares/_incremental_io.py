"""An incremental aggregate in a folder: Parquet files named after their content, and one JSON file that lists them.

Files of a finished aggregate are never changed. Writing adds the new files, replaces ``method.json`` in one step, and then
removes the files that it no longer lists; so a reader sees the old aggregate or the new one, whenever the writer is killed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.io import write_files
from ossgeo._core.method import Adjustment, Method
from ossgeo.errors import OutputError, StoreError
from ossgeo.shares._aggregates import Aggregate

_LAYOUT: Final = 4
_OLDER: Final = 3
"""The layout in which credits are always those of models."""
_TABLES: Final = ("rows", "groups", "models", "credits", "seen")
_FACTS: Final = "method.json"
_ATTEMPTS: Final = 3
"""How often a folder is read again that a writer replaces meanwhile."""


def write_folder(folder: Path, aggregate: Aggregate, tables: Mapping[str, pl.DataFrame]) -> None:
    """Write the tables and the facts of an aggregate; the older one in the folder is replaced.

    Raises:
        StoreError: The folder cannot be written, or contains something else.
    """
    try:
        if not (folder / _FACTS).is_file() and folder.is_dir() and not all(map(_is_ours, folder.iterdir())):
            raise StoreError(f"{folder} exists and is not a saved aggregate; choose another path")
        folder.mkdir(parents=True, exist_ok=True)
        contents = {name: _content(table) for name, table in tables.items()}
        files = {name: _file_name(name, content) for name, content in contents.items()}
        facts = _facts_of(aggregate, files)
        stated = json.dumps({**facts, "checksum": _checksum(facts)}, ensure_ascii=False)
        written = {folder / files[name]: content for name, content in contents.items()}
        write_files({folder / _FACTS: stated.encode(), **written})
        for name in _TABLES:
            for old in folder.glob(f"{name}-*.parquet"):
                if old.name != files[name]:
                    old.unlink(missing_ok=True)
    except StoreError:
        raise
    except (OSError, OutputError, pl.exceptions.PolarsError) as error:
        raise StoreError(f"{folder} cannot be written: {error}") from error


def read_folder(folder: Path) -> tuple[Aggregate, dict[str, pl.DataFrame]]:
    """Return the aggregate in a folder, and its tables by name.

    Raises:
        StoreError: It does not exist, has another layout, or was changed after it was written.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _read_once(folder)
        except FileNotFoundError as error:  # a writer replaced the files after the facts were read
            if attempt == _ATTEMPTS - 1:
                raise StoreError(f"{folder} is not a saved aggregate: {error}") from error
        except StoreError:
            raise
        except (OSError, KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise StoreError(f"{folder} is not a saved aggregate: {error}") from error
    raise AssertionError("unreachable")


def _read_once(folder: Path) -> tuple[Aggregate, dict[str, pl.DataFrame]]:
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    if facts["layout"] not in (_LAYOUT, _OLDER):
        raise StoreError(
            f"{folder} has layout {facts['layout']}, this version reads {_OLDER} and {_LAYOUT}; measure the panel again"
        )
    if facts.pop("checksum") != _checksum(facts):
        raise StoreError(f"{folder} was changed after it was written ({_FACTS}); measure the panel again")
    tables = {}
    for name in _TABLES:
        content = (folder / facts["files"][name]).read_bytes()
        if _file_name(name, content) != facts["files"][name]:
            raise StoreError(f"{folder} was changed after it was written ({name}); measure the panel again")
        tables[name] = pl.read_parquet(io.BytesIO(content))
    aggregate = Aggregate(
        tables["rows"], tables["groups"], Method.from_dict(facts["method"]),
        tuple(map(dt.date.fromisoformat, facts["periods"])),
        tuple(Adjustment(**one) for one in facts["adjustments"]),
        tuple((name, number) for name, number in facts["namespaces"]), facts["note"],
    )  # fmt: skip
    return aggregate, tables


def _content(table: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    table.write_parquet(content, compression="lz4")
    return content.getvalue()


def _is_ours(file: Path) -> bool:
    """Return whether a writer that was killed left the file."""
    return file.name.startswith((".ossgeo-", *(f"{name}-" for name in _TABLES)))


def _file_name(name: str, content: bytes) -> str:
    return f"{name}-{hashlib.sha256(content).hexdigest()}.parquet"


def _facts_of(aggregate: Aggregate, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "layout": _LAYOUT,
        "method": aggregate.method.to_dict(),
        "periods": [day.isoformat() for day in aggregate.periods],
        "adjustments": [attrs.asdict(one) for one in aggregate.adjustments],
        "namespaces": [list(pair) for pair in aggregate.namespaces],
        "note": aggregate.note,
        "files": dict(files),
    }


def _checksum(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
