"""OpenRouter's list of models: current ids, repositories on the Hub, dates of creation and openness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import polars as pl

from ossgeo._core.schema import MODEL_SCHEMA
from ossgeo.errors import InvalidArgumentError, SourceFormatError
from ossgeo.sources._files.models_given import models_given

OPEN: Final = "open weights"
CLOSED: Final = "closed"
_FACTS: Final = ("license", "parameters", "tags", "base_models", "task")
_SCHEMA: Final = {
    name: MODEL_SCHEMA[name] for name in ("model_id", "platform_id", "hub_model_id", "created_at", "openness")
}


def listed_models(document: Any, ids: pl.Series, open_weights: Any) -> pl.DataFrame:
    """Return the models table of the ids of rankings.

    Args:
        document: The answer of ``GET /api/v1/models``.
        ids: Permanent slugs, some with a variant such as ``:free``.
        open_weights: A table with ``id`` and ``open_weights``; None for none.

    Returns:
        model_id, platform_id, hub_model_id, created_at, openness; null where the list does not say.

    Raises:
        SourceFormatError: The answer has another form than documented.
        InvalidArgumentError: ``open_weights`` has not these columns.
    """
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, Sequence) or not all(
        isinstance(one, Mapping) and isinstance(one.get("id"), str) for one in data
    ):
        raise SourceFormatError("OpenRouter's models must be an object with 'data', a list of models with an id")
    known: dict[str, list[Mapping[str, Any]]] = {}
    for one in data:
        known.setdefault(str(one.get("canonical_slug") or one["id"]), []).append(one)
    stated = _stated(open_weights)
    rows = [_model(name, known.get(name.partition(":")[0], []), stated) for name in ids]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _model(name: str, entries: Sequence[Mapping[str, Any]], stated: Mapping[str, bool]) -> tuple[Any, ...]:
    """Return the row of one id: the entry of its variant gives the current id, any entry the other facts."""
    slug, colon, variant = name.partition(":")
    same = [one["id"] for one in entries if one["id"].partition(":")[2] == variant]
    base = entries[0]["id"].partition(":")[0] if entries else None
    current = same[0] if same else f"{base}{colon}{variant}" if base else None
    hub = next((one["hugging_face_id"] for one in entries if one.get("hugging_face_id")), None)
    created = [one["created"] for one in entries if isinstance(one.get("created"), int)]
    instant = dt.datetime.fromtimestamp(min(created), dt.UTC) if created else None
    open_ = next((stated[one] for one in (current, base, name, slug) if one is not None and one in stated), None)
    openness = OPEN if hub or open_ else CLOSED if open_ is False else None
    return name, current, hub, instant, openness


def _stated(open_weights: Any) -> dict[str, bool]:
    """Return whether the weights of each id are open, as a table says."""
    if open_weights is None:
        return {}
    table = open_weights if isinstance(open_weights, pl.DataFrame) else pl.DataFrame(open_weights)
    if not {"id", "open_weights"} <= {*table.columns} or table["open_weights"].dtype != pl.Boolean:
        raise InvalidArgumentError(
            f"open_weights must be a table with the columns id and open_weights (true or false), got {', '.join(table.columns)}"
        )
    return dict(table.drop_nulls("open_weights").select("id", "open_weights").iter_rows())


def with_hub_facts(models: pl.DataFrame, hub_models: Any) -> pl.DataFrame:
    """Add licenses, sizes and base models of the repositories on the Hub, and the rows of the base models themselves.

    Args:
        models: The models of the platform, with hub_model_id.
        hub_models: A models table of the Hub, in any form that ``read_models`` takes; None for none.
    """
    if hub_models is None:
        return models
    hub = models_given(hub_models).collect()
    facts = [name for name in _FACTS if name in hub.columns]
    theirs = hub.select(pl.col("model_id").alias("hub_model_id"), *facts).unique("hub_model_id")
    joined = models.join(theirs, on="hub_model_id", how="left")
    if "base_models" not in facts:
        return joined
    bases = set(_bases(joined))
    found = hub.head(0)
    while new := bases - {*found["model_id"]}:
        more = hub.filter(pl.col("model_id").is_in(list(new))).unique("model_id")
        if not more.height:
            break
        found = pl.concat([found, more])
        bases = set(_bases(more))
    added = found.filter(~pl.col("model_id").is_in(joined["model_id"].implode()))
    return pl.concat([joined, added.select("model_id", *facts)], how="diagonal")


def _bases(models: pl.DataFrame) -> Iterator[str]:
    """Yield the ids of the base models of some models."""
    yield from models.select(pl.col("base_models").explode().struct.field("model_id")).to_series().drop_nulls()
