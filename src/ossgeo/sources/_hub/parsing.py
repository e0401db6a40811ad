"""Decode the Hub's list entries into columns. A value of the wrong type is an error that names the model and the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import polars as pl

from ossgeo._core.schema import MODEL_SCHEMA, PLATFORM_COLUMNS
from ossgeo.errors import SourceFormatError
from ossgeo.panel._models import base_models_from_hub, base_models_from_tags, declared_country

FIELDS: Final = ("author", "createdAt", "disabled", "downloads", "downloadsAllTime", "gated", "library_name",
                 "likes", "pipeline_tag", "private", "safetensors", "tags")  # fmt: skip
"""Fields requested with every model list. Each one is documented for ``HfApi.list_models``, which the Hub enforces:
``baseModels`` is accepted for single models only, and the ``base_model:`` tags contain the same facts."""

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "observed_at": pl.Datetime("us", "UTC"),
    "downloads_30d": pl.Int64,
    "downloads_all_time": pl.Int64,
    **{name: kind for name, kind in MODEL_SCHEMA.items() if name not in ("model_id", "labels", *PLATFORM_COLUMNS)},
}
"""Columns of one snapshot: one row for each model."""

_SHOWN: Final = 60


class _Safetensors(msgspec.Struct):
    total: int | None = None


class _Entry(msgspec.Struct, rename={"hub_id": "_id"}):
    """One model as the Hub lists it; fields that are not requested may be absent."""

    id: str | None = None
    modelId: str | None = None  # noqa: N815  # the name that older mirrors use
    hub_id: str | None = None
    author: str | None = None
    createdAt: dt.datetime | None = None  # noqa: N815
    disabled: bool | None = None
    downloads: int | None = None
    downloadsAllTime: int | None = None  # noqa: N815
    gated: bool | str | None = None
    library_name: str | None = None
    likes: int | None = None
    pipeline_tag: str | None = None
    private: bool | None = None
    safetensors: _Safetensors | None = None
    tags: list[str] | None = None
    baseModels: dict[str, Any] | list[Any] | None = None  # noqa: N815
    cardData: dict[str, Any] | None = None  # noqa: N815


_DECODER: Final = msgspec.json.Decoder(list[_Entry])
_COUNTS: Final = ("downloads", "downloadsAllTime", "likes")
_LARGEST: Final = 2**63 - 1


def read_page(page: bytes, *, observed_at: dt.datetime, where: str) -> pl.DataFrame:
    """Decode one page of the Hub's model list.

    Args:
        page: The body: a JSON array of models.
        observed_at: The time of the observation (UTC).
        where: Description of the page, for error messages.

    Returns:
        One row for each entry, in the order of the page, with the columns of :data:`SCHEMA`; a count that the Hub does
        not give is null, and so are tags and base models if the Hub does not list tags.

    Raises:
        SourceFormatError: The page is not JSON, or a field has the wrong type.
    """
    try:
        entries = _DECODER.decode(page)
    except msgspec.ValidationError as error:
        raise SourceFormatError(f"{where}: {error}{_named(page, str(error))}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        start = page[:_SHOWN].decode(errors="replace").replace("\n", " ")
        raise SourceFormatError(f"{where}: the response is not JSON; it begins with {start!r}") from error
    return _columns(entries, observed_at, where)


def _named(page: bytes, message: str) -> str:
    """Return ``" (model a/b)"`` for an error whose path names an entry of the page."""
    place = message.rpartition("`$[")[2].partition("]")[0]
    try:
        entry = msgspec.json.decode(page)[int(place)]
        return f" (model {entry.get('id') or entry.get('modelId')!r})"
    except (msgspec.DecodeError, ValueError, IndexError, AttributeError, TypeError, RecursionError):
        return ""


def _columns(entries: Sequence[_Entry], observed_at: dt.datetime, where: str) -> pl.DataFrame:
    ids = [entry.id or entry.modelId for entry in entries]
    for place, (name, entry) in enumerate(zip(ids, entries, strict=True)):
        if not name:
            raise SourceFormatError(f"{where}: entry {place + 1} has no id")
        for field in _COUNTS:
            count = getattr(entry, field)
            if count is not None and not 0 <= count <= _LARGEST:
                raise SourceFormatError(f"{where}: {field} of {name} is {count}; a count of 0 or more was expected")
    tags = [entry.tags for entry in entries]
    values: dict[str, Sequence[Any]] = {
        "model_id": ids,
        "downloads_30d": [entry.downloads for entry in entries],
        "downloads_all_time": [entry.downloadsAllTime for entry in entries],
        "hub_id": [entry.hub_id for entry in entries],
        "namespace": [entry.author for entry in entries],
        "created_at": [_aware(entry.createdAt) for entry in entries],
        "license": [_license(one) for one in tags],
        "task": [entry.pipeline_tag for entry in entries],
        "library": [entry.library_name for entry in entries],
        "likes": [entry.likes for entry in entries],
        "parameters": [entry.safetensors.total if entry.safetensors else None for entry in entries],
        "gated": [None if entry.gated is None else str(entry.gated).lower() for entry in entries],
        "private": [entry.private for entry in entries],
        "disabled": [entry.disabled for entry in entries],
        "base_models": [_bases(entry) for entry in entries],
        "tags": tags,
        "declared_country": [declared_country(entry.cardData) if entry.cardData else None for entry in entries],
    }
    try:
        made = [_nested(column) if name == "base_models" else pl.Series(name, column, SCHEMA[name])
                for name, column in values.items()]  # fmt: skip
    except (TypeError, OverflowError, pl.exceptions.PolarsError) as error:
        raise SourceFormatError(f"{where}: a value is outside the range of its column: {error}") from error
    handle = pl.coalesce("namespace", pl.col("model_id").str.split("/").list.first())
    frame = pl.DataFrame(made).with_columns(observed_at=pl.lit(observed_at, SCHEMA["observed_at"]), namespace=handle)
    unlisted = {name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in frame.columns}
    return frame.with_columns(**unlisted).select(*SCHEMA)  # fmt: skip


def _nested(values: Sequence[list[tuple[str, str]] | None]) -> pl.Series:
    """Return the column of base models, built flat: lists of structs are slow to build one by one."""
    rows = [(row, relation, base) for row, found in enumerate(values) for relation, base in found or ()]
    table = pl.DataFrame(rows, schema={"row": pl.UInt32, "relation": pl.String, "model_id": pl.String}, orient="row")
    lists = table.group_by("row", maintain_order=True).agg(base_models=pl.struct("relation", "model_id"))
    every = pl.DataFrame({
        "row": pl.int_range(len(values), dtype=pl.UInt32, eager=True), "known": [found is not None for found in values],
    }, schema_overrides={"known": pl.Boolean})  # fmt: skip
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    bases = pl.when("known").then(pl.col("base_models").fill_null([]))
    return joined.select(base_models=bases.cast(SCHEMA["base_models"]))["base_models"]


def _aware(instant: dt.datetime | None) -> dt.datetime | None:
    return instant if instant is None or instant.tzinfo else instant.replace(tzinfo=dt.UTC)


def _license(tags: Sequence[str] | None) -> str | None:
    for tag in tags or ():
        if tag.startswith("license:"):
            return tag[8:]
    return None


def _bases(entry: _Entry) -> list[tuple[str, str]] | None:
    if entry.baseModels:
        found = base_models_from_hub(entry.baseModels)
    elif entry.tags is None:
        return None
    else:
        tagged = [tag for tag in entry.tags if tag.startswith("base_model:")]
        if not tagged:
            return []
        found = base_models_from_tags(tagged)
    return [(base.relation.value, base.model_id) for base in found]
