"""Every column once: its name, type, unit and grain. The reference page is made from these tables."""

from __future__ import annotations

from typing import Any, Final

import attrs
import polars as pl

COUNTERS: Final = ("downloads_30d", "downloads_all_time")
"""The columns of the Hub's two download counters, which are never mixed; a panel may hold any other :class:`ossgeo.Counter`."""


KEYS: Final = (
    "country", "organization", "kind", "namespace", "model", "builder_country", "base_country", "root_evidence", "relation",
)  # fmt: skip
"""The keys of share tables that every panel has."""


@attrs.frozen
class Column:
    """One column of one of the library's tables.

    Attributes:
        name: The name, the same everywhere.
        dtype: The logical type, in words.
        unit: The unit of one value, or its form.
        meaning: One sentence for the reference.
        aliases: Names under which the Hub's API or well-known exports carry the same thing, in order of preference.
    """

    name: str
    dtype: str
    unit: str
    meaning: str
    aliases: tuple[str, ...] = ()


ROWS: Final = (
    Column("model_id", "string", "id", "Repository on the Hub, `namespace/name`; Hub URLs are cut to it.",
           ("id", "modelId", "model_url", "model", "model_permaslug", "slug")),
    Column("observed_at", "datetime (UTC)", "instant", "When the counter was read; a date without zone is UTC.",
           ("date", "date_crawl", "snapshot_date")),
    Column("downloads_30d", "integer", "downloads", "Downloads in the 30 days before `observed_at`.",
           ("downloads_last_month", "downloadsLastMonth")),
    Column("downloads_all_time", "integer", "downloads", "Downloads since the model was created; a cumulative counter.",
           ("downloadsAllTime",)),
    Column("period", "date", "day", "Optional: the snapshot's label, if it differs from the day of `observed_at`."),
)  # fmt: skip
"""The panel's rows: one row for each model and observation."""

MODELS: Final = (
    Column("model_id", "string", "id", "Repository on the Hub, `namespace/name`."),
    Column("hub_id", "string", "id", "The Hub's internal id; it survives a rename.", ("_id",)),
    Column("platform_id", "string", "id", "The current id on another platform, such as that of OpenRouter's list of models."),
    Column("hub_model_id", "string", "id", "The repository on the Hub that holds the weights of a model of another platform.",
           ("hugging_face_id",)),
    Column("openness", "string", "word", "The class of openness that a source states; by default it follows from license and access."),
    Column("namespace", "string", "handle", "The handle before the slash; by default taken from the id.",
           ("author",)),
    Column("created_at", "datetime (UTC)", "instant", "When the repository was created; 2022-03-02T23:29:04Z or later.",
           ("createdAt",)),
    Column("license", "string", "id", "License id from the model card."),
    Column("task", "string", "id", "The Hub's pipeline tag.", ("pipeline_tag", "pipelineTag")),
    Column("library", "string", "id", "The library that loads it.", ("library_name", "libraryName")),
    Column("likes", "integer", "likes", "Likes at the latest observation."),
    Column("parameters", "integer", "parameters", "Number of parameters in the safetensors weights."),
    Column("gated", "string", "word", "`false`, `auto` or `manual`."),
    Column("private", "boolean", "", "Whether the repository is private."),
    Column("disabled", "boolean", "", "Whether the Hub disabled the repository."),
    Column("base_models", "list of struct(relation, model_id)", "id", "The models that this one was made from.",
           ("baseModels",)),
    Column("tags", "list of string", "tag", "The Hub's tags."),
    Column("declared_country", "string", "text", "The country or countries that the model card states, as they are written there."),
    Column("labels", "list of struct(source, country)", "code", "Countries that others gave it, such as a study's labels."),
    Column("member_of", "list of string", "handle", "Organizations on the Hub of the person behind the namespace."),
    Column("account_type", "string", "word", "`organization` or `user`: the type of the account behind the namespace.",
           ("accountType",)),
)  # fmt: skip
"""The models table: one row for each model."""

CREDITS: Final = (
    Column("model_id", "string", "id", "The model that is credited."),
    Column("start", "date", "day", "First day on which the credit holds."),
    Column("end", "date", "day", "First day on which it no longer holds."),
    Column("organization", "string", "id", "Organization in the registry; null if unknown."),
    Column("country", "string", "code", "ISO 3166-1 alpha-2 code, or the value of an OriginStatus."),
    Column("weight", "float", "fraction", "At any date the weights of a model sum to 1."),
    Column("rule", "string", "name", "The strategy that gave the credit."),
)
"""The credits table: one row for each model, validity and credited party."""

FLOWS: Final = (
    Column("model_id", "string", "id", "The model."),
    Column("since", "date", "day", "The flow belongs to the days (since, period]."),
    Column("period", "date", "day", "Last day of the flow's interval."),
    Column("downloads", "integer or float", "downloads", "Downloads within the interval."),
)
"""The flows: one row for each model and interval."""

SHARES: Final = (
    Column("period", "date", "day", "Last day of the period."),
    Column("value", "float", "the Method's unit", "What the calculator measured for the group."),
    Column("share", "float", "fraction", "Part of the denominator, in [0, 1]; null if the denominator is 0 or unknown."),
    Column("observed", "float", "fraction", "Part of the period's days that was observed."),
)  # fmt: skip
"""A share table: one row for each period and group; the key columns stand after `period`."""

TABLES: Final[dict[str, tuple[Column, ...]]] = {
    "rows": ROWS,
    "models": MODELS,
    "credits": CREDITS,
    "flows": FLOWS,
    "shares": SHARES,
}


def namespace_of(model_id: str) -> str:
    """Return the handle before the slash; an old canonical id such as ``gpt2`` is its own namespace.

    Example:
        >>> namespace_of("Qwen/Qwen3-8B"), namespace_of("gpt2")
        ('Qwen', 'gpt2')
    """
    return model_id.split("/", 1)[0]


PLATFORM_COLUMNS: Final = ("platform_id", "hub_model_id", "openness")
"""The columns of the models of other platforms, which the Hub does not have."""

MODEL_SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "hub_id": pl.String,
    "platform_id": pl.String,
    "hub_model_id": pl.String,
    "openness": pl.String,
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
    "labels": pl.List(pl.Struct({"source": pl.String, "country": pl.String})),
    "member_of": pl.List(pl.String),
    "account_type": pl.String,
}
"""Name and type of each column of a models table."""
