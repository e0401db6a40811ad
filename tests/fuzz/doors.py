"""Every way into the library, and an independent reading of the plain ones."""

from __future__ import annotations

import csv
import decimal
import gzip
import io
import json
import random
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import duckdb
import pandas as pd
import polars as pl

import ossgeo
from tests.fuzz.mutations import Row, damaged

OTHER: Final = re.compile(r"(?i)^https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(?:datasets|spaces)/")
MISSING: Final = frozenset({"", "-", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none"})
Expected = tuple[int, int] | None
"""Rows that are models, and the total of their counts; None if only the kind of error is checked."""


def expected(rows: Sequence[Row]) -> Expected:
    """Return rows and total by a reading that shares no code with the library; None where a count is not plain digits."""
    total = kept = 0
    if any("downloads_30d" not in row for row in rows):
        return None
    for row in rows:
        if any(OTHER.match(str(row.get(name) or "")) for name in ("id", "url")):
            continue
        if str(row.get("repo_type") or "").strip().lower() in ("dataset", "space", "datasets", "spaces"):
            continue
        kept += 1
        value = row.get("downloads_30d")
        text = str(value).strip()
        if value is None or text.lower() in MISSING:
            continue
        try:
            number = decimal.Decimal(text)
        except decimal.InvalidOperation:
            return None
        if isinstance(value, bool | list | dict) or not number.is_finite() or number != number.to_integral_value():
            return None
        total += int(number)
    return kept, total


def text_of(rows: Sequence[Row], separator: str = ",") -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    if rows:
        writer = csv.writer(out, delimiter=separator, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([["" if cell is None else cell for cell in row.values()] for row in rows])
    return out.getvalue()


def encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogatepass")


def frame_of(rows: Sequence[Row]) -> pl.DataFrame:
    """Return rows as a frame; columns of several types become text."""
    columns = {}
    for name in rows[0] if rows else ():
        cells = [row[name] for row in rows]
        try:
            columns[name] = pl.Series(name, cells, strict=True)
        except Exception:  # noqa: BLE001  # Polars has several kinds of errors
            columns[name] = pl.Series(
                name, [None if cell is None else str(cell).encode(errors="replace").decode() for cell in cells]
            )
    return pl.DataFrame(columns)


def written(name: str, content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        file = folder / name
        file.write_bytes(content)
        return file

    return write


def parquet(rows: Sequence[Row], chance: random.Random, damage: bool) -> Callable[[Path], Path]:
    out = io.BytesIO()
    frame_of(rows).write_parquet(out)
    content = out.getvalue()
    return written("p.parquet", damaged(content, chance) if damage else content)


def sqlite(rows: Sequence[Row], chance: random.Random, damage: bool) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        file = folder / "p.db"
        file.unlink(missing_ok=True)
        names = list(rows[0]) if rows else ["id"]
        heads = ", ".join('"' + (name or "x").replace('"', '""') + '"' for name in names)
        with closing(sqlite3.connect(file)) as base:
            base.execute(f"create table t ({heads})")
            for row in rows:
                cells = [
                    cell
                    if isinstance(cell, int | float | None) and abs(cell or 0) < 2**63
                    else str(cell).encode(errors="replace").decode()
                    for cell in row.values()
                ]
                base.execute(f"insert into t values ({', '.join('?' * len(names))})", cells)
            base.commit()
        if damage:
            file.write_bytes(damaged(file.read_bytes(), chance))
        return file

    return write


def door(rows: list[Row], chance: random.Random) -> tuple[str, Callable[[Path], Any], Expected]:
    """Return the name of a door, the source (a function of a folder), and the expected figures."""
    kind = chance.choice(("csv", "csv", "tsv", "semicolon", "json", "json", "jsonl", "columns", "keyed", "gzip", "parquet", "sqlite",
                          "polars", "lazy", "pandas", "arrow", "duckdb"))  # fmt: skip
    damage = chance.random() < 0.4
    plain = None if damage else expected(rows)
    if kind in ("csv", "tsv", "semicolon", "gzip"):
        text = text_of(rows, {"tsv": "\t", "semicolon": ";"}.get(kind, ","))
        content = damaged(encoded(text), chance) if damage else encoded(text)
        if kind == "gzip":
            return kind, written("p.csv.gz", gzip.compress(content)), plain
        return kind, written("p.tsv" if kind == "tsv" else "p.csv", content), plain
    if kind in ("json", "jsonl", "columns", "keyed"):
        value: Any = rows
        if kind == "columns" and rows:
            value = {name: [row[name] for row in rows] for name in rows[0]}
        if kind == "keyed" and rows:
            value = {f"k{number}": row for number, row in enumerate(rows)}
        text = "\n".join(map(json.dumps, rows)) if kind == "jsonl" else json.dumps(value)
        content = damaged(encoded(text), chance) if damage else encoded(text)
        return kind, written("p.jsonl" if kind == "jsonl" else "p.json", content), plain
    if kind in ("parquet", "sqlite"):
        return kind, (parquet if kind == "parquet" else sqlite)(rows, chance, damage), plain
    frame = frame_of(rows)
    sources: dict[str, Callable[[], Any]] = {
        "polars": lambda: frame, "lazy": frame.lazy, "pandas": lambda: pd.DataFrame(rows), "arrow": frame.to_arrow,
        "duckdb": lambda: duckdb.connect().from_arrow(frame.to_arrow()),
    }  # fmt: skip
    return kind, lambda _: sources[kind](), expected(rows)


def outcome(source: Any, chance: random.Random) -> tuple[int, int] | None:
    """Read a source as a panel, a list of models or a board; return rows and total if it was accepted as a panel."""
    if chance.random() < 0.1:
        ossgeo.read_models(source)
        return None
    if chance.random() < 0.05:
        ossgeo.read_leaderboard(source, on="2025-01-01", columns={"id": "model", "downloads_30d": "rating"})
        return None
    panel = ossgeo.read_panel(source, counter=chance.choice((None, None, "downloads_30d")))
    found = panel.to_polars()
    if panel.counter.column != "downloads_30d":
        return None
    if chance.random() < 0.02:
        cleaning = ossgeo.Cleaning(duplicates="last", invalid="drop")
        ossgeo.measure(panel, cleaning=cleaning)
    return found.height, sum(found["downloads_30d"].drop_nulls().to_list())
