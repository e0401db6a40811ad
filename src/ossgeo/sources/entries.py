"""The Hub's list entries as columns, page by page; what the Hub's documentation excludes is an error, never a guess."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from ossgeo.dtypes import MODEL_SCHEMA
from ossgeo.errors import SourceFormatError
from ossgeo.models import Relation, base_models_from_hub, base_models_from_tags, declared_country

FIELDS: Final = ("author", "baseModels", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated", "library_name",
                 "likes", "pipeline_tag", "private", "safetensors", "tags")  # fmt: skip
"""What the Hub is asked for, beside the ids."""

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "observed_at": pl.Datetime("us", "UTC"),
    "downloads_30d": pl.Int64,
    "downloads_all_time": pl.Int64,
    **{name: kind for name, kind in MODEL_SCHEMA.items() if name not in ("model_id", "labels")},
}
"""One snapshot: one row for each model."""

_COUNTS: Final = ("downloads", "downloadsAllTime", "likes")
_RAW: Final[dict[str, Any]] = {
    "_id": pl.String,
    "id": pl.String,
    "author": pl.String,
    "createdAt": pl.String,
    **dict.fromkeys(_COUNTS, pl.Float64),  # as integers, 1.5 would be read as 1
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "pipeline_tag": pl.String,
    "library_name": pl.String,
    "safetensors": pl.Struct({"total": pl.Int64}),
    "tags": pl.List(pl.String),
}
_SHAPES: Final = (
    pl.Struct({"relation": pl.String, "models": pl.List(pl.Struct({"id": pl.String}))}),
    pl.List(pl.String),
)
_RELATIONS: Final = [relation.value for relation in Relation]
_EXACT: Final = 2.0**53
_ODD: Final = tuple(re.compile(start + rb'": ?[tf]') for start in (rb'"downloads(?:AllTime)?', rb'"likes'))
"""What Polars would read in silence as something else."""


def pages_of(
    pages: Sequence[bytes], *, observed_at: dt.datetime, where: Sequence[str], cards: bool = False
) -> pl.DataFrame:
    """Turn pages of the Hub's list into a snapshot's columns.

    Polars reads what is as it should be, all pages at once; otherwise each is read entry by entry, which tells what is
    wrong.

    Args:
        pages: The bodies.
        observed_at: When.
        where: What each page is, for errors.
        cards: Whether the entries hold the model cards' metadata.

    Returns:
        What :func:`columns_of` returns.

    Raises:
        SourceFormatError: A page is no JSON, or as :func:`columns_of` has it.
    """
    bodies = [page.strip() for page in pages]
    whole = not cards and all(body[:1] == b"[" and body[-1:] == b"]" for body in bodies)
    joined = b"[%s]" % b",".join(inner for body in bodies if (inner := body[1:-1].strip())) if whole else b""
    frame = _read_at_once(joined) if whole and not any(odd.search(joined) for odd in _ODD) else None
    if frame is None:
        each = zip(pages, where, strict=True)
        return pl.concat([columns_of(_json(page, name), observed_at=observed_at, where=name) for page, name in each])
    return frame.with_columns(
        observed_at=pl.lit(observed_at, SCHEMA["observed_at"]), member_of=pl.lit(None, SCHEMA["member_of"]),
        declared_country=pl.lit(None, pl.String),
    ).select(*SCHEMA)  # fmt: skip


def _json(page: bytes, where: str) -> Any:
    try:
        return json.loads(page)
    except ValueError as error:
        start = page[:60].decode(errors="replace").replace("\n", " ")
        raise SourceFormatError(f"{where}: the answer is no JSON: it begins with {start!r}") from error


def _read_at_once(content: bytes) -> pl.DataFrame | None:
    """A page as Polars reads it; None where anything is not as it should be."""
    for shape in _SHAPES:
        try:
            page = pl.read_json(content, schema={**_RAW, "baseModels": shape})
        except pl.exceptions.PolarsError:
            continue
        counts = pl.col(*_COUNTS)
        whole = (counts.is_null() | ((counts >= 0) & (counts < _EXACT) & (counts == counts.floor()))).all()
        odd = page["id"].is_null() | ~page["id"].str.contains(r"[^\d]")
        if not page.height or odd.any() or not all(page.select(whole).row(0)):
            return None
        lines = pl.col("tags").list.join("\n")
        page = page.with_columns(
            base_models=_bases_of(shape).fill_null([]),
            license=lines.str.extract(r"(?m)^license:(.*)$"),
            tagged=lines.str.contains("base_model:", literal=True).fill_null(False),
        )
        lists = pl.col("base_models").list
        nameless = lists.eval(pl.element().struct.field("model_id").is_null()).list.any().any()
        if page.select(nameless | ((lists.len() == 0) & pl.col("tagged")).any()).item():
            return None
        try:
            return page.select(
                "license", "gated", "private", "disabled", model_id="id", hub_id="_id",
                namespace=pl.coalesce("author", pl.col("id").str.split("/").list.first()),
                downloads_30d=pl.col("downloads").cast(pl.Int64),
                downloads_all_time=pl.col("downloadsAllTime").cast(pl.Int64),
                created_at=pl.col("createdAt").str.to_datetime(
                    "%Y-%m-%dT%H:%M:%S%.fZ", time_unit="us", time_zone="UTC", strict=True
                ),
                task="pipeline_tag", library="library_name", likes=pl.col("likes").cast(pl.Int64),
                parameters=pl.col("safetensors").struct.field("total"),
                base_models=lists.unique(maintain_order=True), tags=pl.col("tags").fill_null([]),
            )  # fmt: skip
        except pl.exceptions.PolarsError:
            return None
    return None


def _bases_of(shape: Any) -> pl.Expr:
    """The base models that the Hub names, in either of its shapes."""
    raw = pl.col("baseModels")
    if not isinstance(shape, pl.Struct):
        return raw.list.eval(pl.struct(relation=pl.lit("unspecified"), model_id=pl.element()))
    one, relation = pl.element().struct.field("id"), raw.struct.field("relation")
    made = {
        word: raw.struct.field("models").list.eval(pl.struct(relation=pl.lit(word), model_id=one))
        for word in _RELATIONS
    }
    chosen = made.pop("unspecified")
    for word, expression in made.items():
        chosen = pl.when(relation == word).then(expression).otherwise(chosen)
    return chosen


def columns_of(entries: Sequence[Any], *, observed_at: dt.datetime, where: str) -> pl.DataFrame:
    """Turn list entries into a snapshot's columns.

    Args:
        entries: What the Hub's list of models answered.
        observed_at: When.
        where: What they are, for errors.

    Returns:
        One row for each entry, with the columns of :data:`SCHEMA`; a count that the Hub does not give is null.

    Raises:
        SourceFormatError: An entry has no id, or holds something else where a count, a date or a text stands.
    """
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceFormatError(f"{where}: a list of models was expected, not {type(entries).__name__}")
    columns = {
        "model_id": [entry.get("id") or entry.get("modelId") for entry in entries],
        "downloads_30d": [entry.get("downloads") for entry in entries],
        "downloads_all_time": [entry.get("downloadsAllTime") for entry in entries],
        "hub_id": [entry.get("_id") for entry in entries],
        "namespace": [entry.get("author") for entry in entries],
        "created_at": [entry.get("createdAt") for entry in entries],
        "license": [_license(entry) for entry in entries],
        "task": [entry.get("pipeline_tag") for entry in entries],
        "library": [entry.get("library_name") for entry in entries],
        "likes": [entry.get("likes") for entry in entries],
        "parameters": [(entry.get("safetensors") or {}).get("total") for entry in entries],
        "gated": [str(value).lower() if (value := entry.get("gated")) is not None else None for entry in entries],
        "private": [entry.get("private") for entry in entries],
        "disabled": [entry.get("disabled") for entry in entries],
        "base_models": [_bases(entry) for entry in entries],
        "tags": [entry.get("tags") or [] for entry in entries],
        "declared_country": [declared_country(card) if (card := entry.get("cardData")) else None for entry in entries],
    }
    ids = columns["model_id"]
    for place, name in enumerate(ids):
        if not (isinstance(name, str) and name):
            raise SourceFormatError(f"{where}: entry {place + 1} has no id, but {name!r}")
    made = [_series(name, values, ids, where) for name, values in columns.items()]
    frame = pl.DataFrame(made)
    handle = pl.coalesce("namespace", pl.col("model_id").str.split("/").list.first())
    return frame.with_columns(
        observed_at=pl.lit(observed_at, SCHEMA["observed_at"]), namespace=handle,
        member_of=pl.lit(None, SCHEMA["member_of"]),
    ).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())  # fmt: skip


def _series(name: str, values: list[Any], ids: list[str], where: str) -> pl.Series:
    """A column of the right type; the first value that does not fit is the error."""
    kind = SCHEMA[name]
    text = pl.String if isinstance(kind, pl.Datetime) else kind
    if name == "base_models":
        return _nested(values)
    fits, what = _FITS.get(name, (lambda value: isinstance(value, str), "a text"))
    if name != "tags" and not all(value is None or fits(value) for value in values):
        wrong = next(place for place, value in enumerate(values) if not (value is None or fits(value)))
        raise SourceFormatError(f"{where}: {name} of {ids[wrong]} is {values[wrong]!r}; {what} was expected")
    try:
        made = pl.Series(name, values, dtype=text, strict=True)
        return made if text is kind else made.str.to_datetime(time_unit="us", time_zone="UTC", strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise SourceFormatError(f"{where}: {name} holds what is no {what}: {error}") from error


def _nested(values: list[list[dict[str, str]]]) -> pl.Series:
    """Lists of structs, built flat: one by one they cost more than all the rest."""
    flat = {
        "row": [row for row, found in enumerate(values) for _ in found],
        "relation": [base["relation"] for found in values for base in found],
        "model_id": [base["model_id"] for found in values for base in found],
    }
    table = pl.DataFrame(flat, schema={"row": pl.UInt32, "relation": pl.String, "model_id": pl.String})
    lists = table.group_by("row", maintain_order=True).agg(base_models=pl.struct("relation", "model_id"))
    rows = pl.DataFrame({"row": pl.int_range(len(values), dtype=pl.UInt32, eager=True)})
    joined = rows.join(lists, on="row", how="left", maintain_order="left")
    return joined.select(pl.col("base_models").fill_null([]).cast(SCHEMA["base_models"]))["base_models"]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_flag(value: Any) -> bool:
    return type(value) is bool


_FITS: Final[dict[str, tuple[Callable[[Any], bool], str]]] = {
    **dict.fromkeys(("downloads_30d", "downloads_all_time", "likes", "parameters"), (_is_count, "a count")),
    **dict.fromkeys(("private", "disabled"), (_is_flag, "true or false")),
}


def _license(entry: dict[str, Any]) -> str | None:
    for tag in entry.get("tags") or ():
        if isinstance(tag, str) and tag.startswith("license:"):
            return tag[8:]
    return None


def _bases(entry: dict[str, Any]) -> list[dict[str, str]]:
    raw = entry.get("baseModels")
    found = base_models_from_hub(raw) if raw else base_models_from_tags(_texts(entry.get("tags")))
    return [{"relation": base.relation.value, "model_id": base.model_id} for base in found]


def _texts(tags: Any) -> list[str]:
    return [tag for tag in tags or () if isinstance(tag, str)]
