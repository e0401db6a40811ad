"""Decode the Hub's list entries into columns. A value of the wrong type is an error that names the model and the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Annotated, Any, Final

import msgspec
import polars as pl

from ossgeo._core.schema import MODEL_SCHEMA, PLATFORM_COLUMNS
from ossgeo.errors import SourceFormatError
from ossgeo.panel._declared_bases import with_bases
from ossgeo.panel._models import base_models_from_hub, declared_country

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


_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Safetensors(msgspec.Struct, gc=False):
    total: _Count | None = None


class _Entry(msgspec.Struct, gc=False, rename={"hub_id": "_id"}):
    """One model as the Hub lists it; fields that are not requested may be absent."""

    id: str | None = None
    modelId: str | None = None  # noqa: N815  # the name that older mirrors use
    hub_id: str | None = None
    author: str | None = None
    createdAt: dt.datetime | None = None  # noqa: N815
    disabled: bool | None = None
    downloads: _Count | None = None
    downloadsAllTime: _Count | None = None  # noqa: N815
    gated: bool | str | None = None
    library_name: str | None = None
    likes: _Count | None = None
    pipeline_tag: str | None = None
    private: bool | None = None
    safetensors: _Safetensors | None = None
    tags: list[str] | None = None
    baseModels: dict[str, Any] | list[Any] | None = None  # noqa: N815
    cardData: dict[str, Any] | None = None  # noqa: N815


def _seconds(entry: _Entry) -> float | None:
    """Return the seconds since 1970: Polars converts datetimes with a time zone slowly."""
    created = entry.createdAt
    if created is None:
        return None
    return (created if created.tzinfo else created.replace(tzinfo=dt.UTC)).timestamp()


def _bases(entry: _Entry) -> list[dict[str, str]] | None:
    if not entry.baseModels:
        return None
    return [
        {"relation": str(base.relation), "model_id": base.model_id} for base in base_models_from_hub(entry.baseModels)
    ]


_CELLS: Final[dict[str, Callable[[_Entry], Any]]] = {
    "model_id": lambda entry: entry.id or entry.modelId,
    "downloads_30d": attrgetter("downloads"),
    "downloads_all_time": attrgetter("downloadsAllTime"),
    "hub_id": attrgetter("hub_id"),
    "namespace": attrgetter("author"),
    "created_at": _seconds,
    "task": attrgetter("pipeline_tag"),
    "library": attrgetter("library_name"),
    "likes": attrgetter("likes"),
    "parameters": lambda entry: entry.safetensors.total if entry.safetensors else None,
    "gated": lambda entry: None if entry.gated is None else str(entry.gated).lower(),
    "private": attrgetter("private"),
    "disabled": attrgetter("disabled"),
    "declared_country": lambda entry: declared_country(entry.cardData) if entry.cardData else None,
}
_LISTS: Final[dict[str, Callable[[_Entry], Any]]] = {"tags": attrgetter("tags"), "base_models": _bases}

_DECODER: Final = msgspec.json.Decoder(list[_Entry])


def read_pages(pages: Mapping[str, bytes], *, observed_at: dt.datetime) -> list[pl.DataFrame]:
    """Decode pages of the Hub's model list, and make the columns of all of them at once.

    Args:
        pages: The bodies, each a JSON array of models, by the description of the page for error messages.
        observed_at: The time of the observation (UTC).

    Returns:
        A frame for each page with one row for each entry, in the order of the page, with the columns of :data:`SCHEMA`; a
        count that the Hub does not give is null, and so are tags and base models if the Hub does not list tags.

    Raises:
        SourceFormatError: A page is not JSON, or a field has the wrong type.
    """
    columns: dict[str, list[Any]] = {name: [] for name in (*_CELLS, *_LISTS)}
    lengths = []
    for where, page in pages.items():
        entries = _decoded(page, where)
        lengths.append(len(entries))
        for name, cell in _CELLS.items():
            columns[name] += map(cell, entries)
        for name, cell in _LISTS.items():  # as JSON, because Polars converts lists of Python slowly
            columns[name].append(msgspec.json.encode(list(map(cell, entries))).decode())
    frame = _frame(columns, observed_at)
    return [frame.slice(end - length, length) for length, end in zip(lengths, accumulate(lengths), strict=True)]


def _decoded(page: bytes, where: str) -> list[_Entry]:
    try:
        entries = _DECODER.decode(page)
    except msgspec.ValidationError as error:
        raise SourceFormatError(f"{where}: {error}{_named(page, str(error))}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        start = page[:_SHOWN].decode(errors="replace").replace("\n", " ")
        raise SourceFormatError(f"{where}: the response is not JSON; it begins with {start!r}") from error
    for place, entry in enumerate(entries):
        if not (entry.id or entry.modelId):
            raise SourceFormatError(f"{where}: entry {place + 1} has no id")
    return entries


def _named(page: bytes, message: str) -> str:
    """Return ``" (model a/b)"`` for an error whose path names an entry of the page."""
    place = message.rpartition("`$[")[2].partition("]")[0]
    try:
        entry = msgspec.json.decode(page)[int(place)]
        return f" (model {entry.get('id') or entry.get('modelId')!r})"
    except (msgspec.DecodeError, ValueError, IndexError, AttributeError, TypeError, RecursionError):
        return ""


def _frame(columns: Mapping[str, Sequence[Any]], observed_at: dt.datetime) -> pl.DataFrame:
    """Return the columns of a snapshot; what the Hub's list does not contain is null."""
    cells = [pl.Series(name, columns[name], pl.Float64 if name == "created_at" else SCHEMA[name]) for name in _CELLS]
    lists = [
        pl.Series(name, columns[name], pl.String).str.json_decode(pl.List(SCHEMA[name])).explode(empty_as_null=False)
        for name in _LISTS
    ]
    frame = pl.DataFrame([*cells, *lists])
    declared = with_bases(frame.select("tags"))["base_models"]
    licenses = pl.col("tags").list.filter(pl.element().str.starts_with("license:")).list.first()
    found = {
        **{name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in frame.columns},
        "observed_at": pl.lit(observed_at, SCHEMA["observed_at"]),
        "created_at": (pl.col("created_at") * 1_000_000).round().cast(pl.Int64).cast(SCHEMA["created_at"]),
        "namespace": pl.coalesce("namespace", pl.col("model_id").str.split("/").list.first()),
        "license": licenses.str.strip_prefix("license:"),
        "base_models": pl.coalesce("base_models", declared),
    }
    return frame.with_columns(**found).select(*SCHEMA)
