"""The Hub's list entries as columns, page by page; what the Hub's documentation excludes is an error, never a guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from ossgeo.errors import SourceFormatError
from ossgeo.models import base_models_from_hub, base_models_from_tags, declared_country

FIELDS: Final = ("author", "baseModels", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated", "library_name",
                 "likes", "pipeline_tag", "private", "safetensors", "tags")  # fmt: skip
"""What the Hub is asked for, beside the ids."""

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "observed_at": pl.Datetime("us", "UTC"),
    "downloads_30d": pl.Int64,
    "downloads_all_time": pl.Int64,
    "hub_id": pl.String,
    "namespace": pl.String,
    "created_at": pl.Datetime("us", "UTC"),
    "license": pl.String,
    "task": pl.String,
    "library": pl.String,
    "likes": pl.Int64,
    "parameters": pl.Int64,
    "gated": pl.String,
    "private": pl.Boolean,
    "disabled": pl.Boolean,
    "base_models": pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String})),
    "tags": pl.List(pl.String),
    "declared_country": pl.String,
    "member_of": pl.List(pl.String),
}
"""One snapshot: one row for each model."""


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
    fits, what = _FITS.get(name, (lambda value: isinstance(value, str), "a text"))
    if name not in ("base_models", "tags") and not all(value is None or fits(value) for value in values):
        wrong = next(place for place, value in enumerate(values) if not (value is None or fits(value)))
        raise SourceFormatError(f"{where}: {name} of {ids[wrong]} is {values[wrong]!r}; {what} was expected")
    try:
        made = pl.Series(name, values, dtype=text, strict=True)
        return made if text is kind else made.str.to_datetime(time_unit="us", time_zone="UTC", strict=True)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise SourceFormatError(f"{where}: {name} holds what is no {what}: {error}") from error


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
