"""Decode the Hub's list entries into columns. A value of the wrong type is an error that names the model and the field."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from typing import Annotated, Any, Final

import msgspec
import polars as pl

from ossgeo._core.schema import MODEL_SCHEMA, PLATFORM_COLUMNS
from ossgeo.errors import SourceFormatError
from ossgeo.panel._models import BaseModel, base_models_from_hub, base_models_from_tags, declared_country

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
    decoded = [_decoded(page, where) for where, page in pages.items()]
    frame = _columns(list(chain.from_iterable(decoded)), observed_at)
    ends = accumulate(map(len, decoded))
    return [frame.slice(end - len(entries), len(entries)) for entries, end in zip(decoded, ends, strict=True)]


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


def _columns(entries: Sequence[_Entry], observed_at: dt.datetime) -> pl.DataFrame:
    tags = [entry.tags for entry in entries]
    values: dict[str, Sequence[Any]] = {
        "model_id": [entry.id or entry.modelId for entry in entries],
        "downloads_30d": [entry.downloads for entry in entries],
        "downloads_all_time": [entry.downloadsAllTime for entry in entries],
        "hub_id": [entry.hub_id for entry in entries],
        "namespace": [entry.author for entry in entries],
        "task": [entry.pipeline_tag for entry in entries],
        "library": [entry.library_name for entry in entries],
        "likes": [entry.likes for entry in entries],
        "parameters": [entry.safetensors.total if entry.safetensors else None for entry in entries],
        "gated": [None if entry.gated is None else str(entry.gated).lower() for entry in entries],
        "private": [entry.private for entry in entries],
        "disabled": [entry.disabled for entry in entries],
        "declared_country": [declared_country(entry.cardData) if entry.cardData else None for entry in entries],
    }
    seconds = pl.Series("created_at", [_seconds(entry.createdAt) for entry in entries], pl.Float64)
    created = (seconds * 1_000_000).round().cast(pl.Int64).cast(SCHEMA["created_at"])
    columns = (pl.Series(name, column, SCHEMA[name]) for name, column in values.items())
    frame = pl.DataFrame([*columns, created, _lists("tags", tags)])
    based = frame.select(_tagged("base_model:")).to_series().to_list()
    bases = [
        _plain(base_models_from_hub(entry.baseModels)) if entry.baseModels else tagged and _bases_from_tags(*tagged)
        for entry, tagged in zip(entries, based, strict=True)
    ]
    frame = frame.with_columns(
        observed_at=pl.lit(observed_at, SCHEMA["observed_at"]),
        namespace=pl.coalesce("namespace", pl.col("model_id").str.split("/").list.first()),
        license=_tagged("license:").list.first().str.strip_prefix("license:"),
        base_models=_lists("base_models", bases),
    )
    unlisted = {name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in frame.columns}
    return frame.with_columns(**unlisted).select(*SCHEMA)


def _lists(name: str, values: Sequence[Sequence[Any] | None]) -> pl.Series:
    """Return a column of lists, made from one flat column: Polars builds lists one by one slowly."""
    lengths = pl.Series([None if items is None else len(items) for items in values], dtype=pl.UInt32)
    item = SCHEMA[name].inner
    flat = pl.DataFrame({
        "row": pl.int_range(lengths.len(), dtype=pl.UInt32, eager=True).repeat_by(lengths.fill_null(0)).explode().drop_nulls(),
        "item": pl.Series(list(chain.from_iterable(filter(None, values))), dtype=item),
    })  # fmt: skip
    lists = flat.group_by("row", maintain_order=True).agg("item")
    every = pl.DataFrame({"known": lengths.is_not_null()}).with_row_index("row")
    joined = every.join(lists, on="row", how="left", maintain_order="left")
    return joined.select(pl.when("known").then(pl.col("item").fill_null([])).cast(SCHEMA[name]).alias(name))[name]


def _seconds(instant: dt.datetime | None) -> float | None:
    """Return the seconds since 1970: Polars converts datetimes with a time zone slowly."""
    if instant is None:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=dt.UTC)).timestamp()


def _tagged(prefix: str) -> pl.Expr:
    return pl.col("tags").list.filter(pl.element().str.starts_with(prefix))


@lru_cache(100_000)
def _bases_from_tags(*tags: str) -> list[dict[str, str]]:
    return _plain(base_models_from_tags(tags))


def _plain(bases: Iterable[BaseModel]) -> list[dict[str, str]]:
    return [{"relation": base.relation.value, "model_id": base.model_id} for base in bases]
