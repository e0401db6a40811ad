"""A share table in files: CSV with the method beside it, Parquet, JSON, and the format of Our World in Data."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any, Final

import polars as pl

from ossgeo._core.io import write_files, writing
from ossgeo._core.method import Adjustments, Coverage, Method
from ossgeo.errors import InvalidArgumentError, SourceFormatError, UnknownCountryError
from ossgeo.registry._countries import Country
from ossgeo.shares._table_data import ShareData, checksum_of, meta_of, typed_columns, with_zeros
from ossgeo.shares._table_text import citation, group_text

META: Final = "ossgeo"
"""Key of the method in the metadata of Parquet files, Arrow tables and pandas frames."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def csv_text(table: ShareData, *, neutralize: bool = True, excel: bool = False) -> str:
    """Return the rows as CSV.

    Args:
        table: The table.
        neutralize: Put an apostrophe before text that a spreadsheet would run as a formula.
        excel: Separate by semicolons, and write decimal commas.
    """
    frame = table.frame.with_columns(_neutral(key) for key in table.keys) if neutralize else table.frame
    return frame.write_csv(separator=";" if excel else ",", decimal_comma=excel)


def json_text(table: ShareData) -> str:
    """Return method, coverage, adjustments and rows as one JSON document."""
    rows = [{**row, "period": row["period"].isoformat()} for row in table.frame.to_dicts()]
    return json.dumps({**meta_of(table), "columns": table.frame.columns, "rows": rows}, indent=1, ensure_ascii=False)


def write_csv(table: ShareData, path: str | Path, *, neutralize: bool, excel: bool) -> None:
    """Write the rows as CSV and the rest beside it as ``NAME.method.json``."""
    meta = json.dumps({**meta_of(table), "neutralized": neutralize, "excel": excel}, indent=2, ensure_ascii=False)
    text = csv_text(table, neutralize=neutralize, excel=excel)
    rows = text.encode("utf-8-sig" if excel else "utf-8")
    write_files({Path(path): rows, _sidecar(Path(path)): meta.encode()})


def write_parquet(table: ShareData, path: str | Path) -> None:
    """Write the rows as Parquet, with the rest in the file's metadata."""
    with writing(path) as temporary:
        table.frame.write_parquet(temporary, metadata={META: json.dumps(meta_of(table))})


def write_json(table: ShareData, path: str | Path) -> None:
    """Write everything as one JSON document."""
    with writing(path) as temporary:
        temporary.write_text(json_text(table), encoding="utf-8")


def write_owid(table: ShareData, path: str | Path) -> None:
    """Write the CSV and the ``.metadata.json`` that Our World in Data publishes for its charts.

    Source: the chart data API of Our World in Data, https://docs.owid.io/projects/etl/api/chart-api/ (November 2026).
    """
    if len(table.keys) != 1:
        raise InvalidArgumentError(
            f"write_owid needs a table with one key, got {', '.join(table.keys)}; measure by one key"
        )
    (key,) = table.keys
    place = Path(path).with_suffix(".csv")
    shown = table.frame if table.cut else with_zeros(table)
    groups = shown[key]
    frame = shown.select(
        pl.Series("Entity", [group_text(key, group) for group in groups], dtype=pl.String),
        pl.Series("Code", [_alpha_3(key, group) for group in groups], dtype=pl.String),
        pl.col("period").alias("Day"),
        (100 * pl.col("share")).alias("share"),
        "value",
    )
    meta = json.dumps(_owid_metadata(table), indent=2, ensure_ascii=False)
    rows = frame.sort("Entity", "Day").write_csv()
    write_files({place: rows.encode(), place.with_suffix(".metadata.json"): meta.encode()})


def _owid_metadata(table: ShareData) -> dict[str, Any]:
    method = table.method
    span = f"{table.periods[0]}-{table.periods[-1]}" if table.periods else ""
    common = {
        "descriptionProcessing": str(method),
        "descriptionShort": table.note,
        "timespan": span,
        "citationShort": f"{method.source or 'unnamed source'}, measured with ossgeo {method.version}",
        "citationLong": citation(table),
        "type": "Numeric",
    }
    titles = (("share", f"Share of {method.unit} by {table.keys[0]}", "%", "%"),
              ("value", f"{method.unit} by {table.keys[0]}", method.unit, ""))  # fmt: skip
    columns = {
        name: {"titleShort": title, "titleLong": title, "shortName": name, "unit": unit, "shortUnit": short, **common}
        for name, title, unit, short in titles
    }
    return {
        "chart": {"title": titles[0][1], "subtitle": table.note, "citation": common["citationShort"]},
        "columns": columns,
        "ossgeo": meta_of(table),
    }


def _alpha_3(key: str, group: str) -> str | None:
    try:
        return Country(group).alpha_3 if key.endswith("country") else None
    except UnknownCountryError:
        return None


def read_parts(file: Path) -> tuple[pl.DataFrame, Method, Coverage, Adjustments, str, bool]:
    """Read a file that was written as CSV, Parquet or JSON, and check it against its checksum.

    Args:
        file: The file.

    Raises:
        OSError: The file, or the method beside a CSV, cannot be read.
        SourceFormatError: Rows are missing or changed, or the file has no method.
        KeyError, TypeError, ValueError, polars.exceptions.PolarsError: The file was not written by ossgeo.
    """
    meta, frame = _read(file)
    method = Method.from_dict(meta["method"])
    missing = [name for name in ("period", *method.by, "value", "share") if name not in frame.columns]
    if missing:
        raise SourceFormatError(f"column {', '.join(missing)} is missing")
    frame = typed_columns(frame, method.by)
    if frame.height != meta["row_count"]:
        raise SourceFormatError(f"it has {frame.height:,} of {meta['row_count']:,} rows; take the complete file")
    plain = {name: meta[name] for name in ("method", "coverage", "adjustments", "note", "cut", "row_count")}
    if checksum_of(plain, frame) != meta["checksum"]:
        raise SourceFormatError("its rows or its method were changed after it was written; take the original file")
    return (
        frame, method, Coverage.from_dict(meta["coverage"]), Adjustments.from_dicts(meta["adjustments"]),
        meta["note"], meta["cut"],
    )  # fmt: skip


def _read(file: Path) -> tuple[dict[str, Any], pl.DataFrame]:
    if file.suffix == ".parquet":
        with file.open("rb"):
            pass
        text = pl.read_parquet_metadata(file).get(META)
        if text is None:
            raise SourceFormatError("its metadata has no method")
        return json.loads(text), pl.read_parquet(file)
    if file.suffix == ".json":
        meta = json.loads(file.read_text(encoding="utf-8"))
        texts = ("period", *meta["method"]["by"])
        schema = {name: pl.String if name in texts else pl.Float64 for name in meta["columns"]}
        return meta, pl.DataFrame(meta["rows"], schema=schema).with_columns(pl.col("period").str.to_date())
    if file.is_file() and not _sidecar(file).is_file():
        reason = f"it does not exist; write_csv() writes it beside {file.name}, keep both together"
        raise FileNotFoundError(errno.ENOENT, reason, str(_sidecar(file)))
    with file.open("rb"):
        pass
    meta = json.loads(_sidecar(file).read_text(encoding="utf-8"))
    frame = pl.read_csv(file, infer_schema=False, separator=";" if meta["excel"] else ",")
    keys = meta["method"]["by"]
    if meta["neutralized"]:
        frame = frame.with_columns(pl.col(keys).str.replace(r"^'([=+\-@\t\r'])", "$1"))
    numbers = [name for name in frame.columns if name not in ("period", *keys)]
    return meta, frame.with_columns(
        pl.col("period").str.to_date(), pl.col(numbers).str.replace(",", ".", literal=True).cast(pl.Float64)
    )


def _neutral(key: str) -> pl.Expr:
    runs = pl.any_horizontal(pl.col(key).str.starts_with(sign) for sign in _FORMULA)
    return pl.when(runs).then(pl.lit("'") + pl.col(key)).otherwise(pl.col(key)).alias(key)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".method.json")
