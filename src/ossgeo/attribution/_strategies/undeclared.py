"""The strategy ``undeclared``: models that look like derivatives and name no base model have an unknown origin."""

from __future__ import annotations

import datetime as dt
import re
from typing import ClassVar, Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo.attribution._evaluation import evaluate_model, evaluate_models, resolve
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._protocol import CREDIT_SCHEMA, Attribution, AttributionStrategy, Context
from ossgeo.attribution._strategies.built_in import BaseModelStrategy
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.panel._models import Model
from ossgeo.registry._countries import OriginStatus
from ossgeo.registry._registry import Registry

FAMILIES: Final = {
    "qwen": "Qwen", "qwq": "Qwen", "llama": "meta-llama", "gemma": "google", "mistral": "mistralai", "mixtral": "mistralai",
    "deepseek": "deepseek-ai", "phi": "microsoft", "glm": "zai-org", "kimi": "moonshotai", "minimax": "MiniMaxAI",
    "gpt-oss": "openai", "whisper": "openai", "flux": "black-forest-labs", "granite": "ibm-granite", "nemotron": "nvidia",
    "falcon": "tiiuae",
}  # fmt: skip
"""Families of base models by the word in the name of a model, with the namespace of their publisher."""

MARKS: Final = (
    r"(?:^|[-_.])(?:gguf|ggml|gptq|awq|exl[23]|mlx|onnx|openvino|nvfp4|mxfp[48]|fp8|int[48]|w[48]a(?:8|16)|[2-8]-?bits?|bnb|"
    r"quantized|merged?|distill(?:ed)?|abliterated|uncensored|heretic|lora|finetuned?)(?:$|[-_.\d])"
)
"""Words in the lower-case name of a model that say that it was converted or derived."""


def looks_derived(model_id: str, registry: Registry) -> bool:
    """Return whether the name of a model says that it was made from a model of another publisher.

    It does if it has the name of a family of another publisher, or a word for a conversion or derivation and not the name of a
    family of its own publisher.

    Args:
        model_id: The id.
        registry: Knows the publishers.

    Example:
        >>> [looks_derived(name, Registry.default()) for name in ("bartowski/x-GGUF", "me/Qwen3-8B-chat", "Qwen/Qwen3-8B-GGUF")]
        [True, True, False]
    """
    namespace, _, name = model_id.rpartition("/")
    text = name.casefold()
    families = {owner for word, owner in FAMILIES.items() if re.search(_family(word), text)}
    publisher = _group(namespace, registry)
    own = {owner for owner in families if _group(owner, registry) == publisher}
    return bool(families - own) or (not own and re.search(MARKS, text) is not None)


def _family(word: str) -> str:
    return rf"(?:^|[^a-z]){re.escape(word)}(?:[^a-z]|$)"


def _group(namespace: str, registry: Registry) -> str:
    """Return the organization behind a namespace, or the first of its owners; a namespace that is not known is its own."""
    spans = registry.namespaces.get(namespace, ())
    if not spans:
        return namespace
    organization = registry.organizations[spans[-1].value]
    return organization.parents[-1].parent if organization.parents else organization.id


@attrs.frozen
class Undeclared(BaseModelStrategy):
    """A heuristic for bounds: the origin of models that look like derivatives and name no base model is ``unknown``.

    The name decides (see ``looks_derived``), and only if neither a card nor a reviewed fact says what the model was made from.
    Use it for the root models, ``root(over=undeclared())``: :func:`ossgeo.analysis.bounds` then lets these downloads belong to
    any country.

    Attributes:
        over: The strategy that attributes all other models.
    """

    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)
    name: ClassVar[str] = "undeclared"

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return ``unknown`` for a model that looks like a derivative, or the result of the inner strategy.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        if not Graph.of(context).has_answer(model, context) and looks_derived(model.id, context.registry):
            return Attribution.to(OriginStatus.UNKNOWN, rule=self.name)
        answer = evaluate_model(self.over, model, on=on, context=context)
        return None if answer is None else attrs.evolve(answer, rule=self.name)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        table = models.collect()
        floating = self._floating(table, context)
        others = table.join(floating, on="model_id", how="anti", maintain_order="left")
        inner = evaluate_models(self.over, others, context=context).with_columns(rule=pl.lit(self.name))
        status = floating.select(
            "model_id", start=pl.lit(BEGINNING), end=pl.lit(END), organization=pl.lit(None, pl.String),
            country=pl.lit(OriginStatus.UNKNOWN.value), weight=pl.lit(1.0), rule=pl.lit(self.name),
        )  # fmt: skip
        return pl.concat([inner.select(*CREDIT_SCHEMA), status.select(*CREDIT_SCHEMA)]).lazy()

    def adjustments(self, context: Context) -> tuple[Adjustment, ...]:
        """Return the number of models whose origin is left open."""
        count = self._floating(context.models.frame, context).height
        note = "that look like derivatives and name no base model: their origin is unknown"
        return (Adjustment("base_undeclared", count, "models", note), *super().adjustments(context))

    def _floating(self, models: pl.DataFrame, context: Context) -> pl.DataFrame:
        """Return the models whose origin is left open: model_id."""
        unanswered = models.select("model_id").join(
            Graph.of(context).answered(), on="model_id", how="anti", maintain_order="left"
        )
        text = pl.col("model_id").str.split("/").list.last().str.to_lowercase()
        words = pl.any_horizontal(text.str.contains(MARKS), *(text.str.contains(_family(word)) for word in FAMILIES))
        names = unanswered.filter(words)
        found = [looks_derived(name, context.registry) for name in names["model_id"]]
        return names.filter(pl.Series(found, dtype=pl.Boolean))


def undeclared(*, over: str | AttributionStrategy = "publisher") -> Undeclared:
    """Leave the origin of models open that look like derivatives and name no base model.

    Args:
        over: The strategy that attributes all other models.

    Example:
        >>> print(undeclared())
        undeclared
    """
    return Undeclared(over)
