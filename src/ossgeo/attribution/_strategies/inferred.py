"""Heuristics for models without a base model: equal configurations, and the verdicts of weight-fingerprint tools."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.schema import namespace_of
from ossgeo._core.text import counted
from ossgeo.attribution._evaluation import resolve, shown
from ossgeo.attribution._lineage.graph import Graph
from ossgeo.attribution._lineage.paths import named
from ossgeo.attribution._lineage.propagation import propagate_all, propagate_credits
from ossgeo.attribution._protocol import Attribution, AttributionStrategy, Context, Delegation
from ossgeo.attribution._strategies.built_in import BaseModelStrategy
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.attribution._strategies.undeclared import FAMILIES
from ossgeo.errors import InvalidArgumentError, SourceFormatError, SourceUnavailableError
from ossgeo.panel._models import Model
from ossgeo.registry._organizations import Evidence

Configs = Mapping[str, Mapping[str, Any]]
"""The content of ``config.json`` of models, by their ids."""

_SIZES: Final = (
    ("hidden_size", "n_embd", "d_model"), ("num_hidden_layers", "n_layer", "num_layers"), ("num_attention_heads", "n_head"),
    ("num_key_value_heads",), ("intermediate_size", "n_inner", "d_ff"), ("num_experts", "n_routed_experts", "num_local_experts"),
)  # fmt: skip
_LEAST: Final = 3  # sizes that must be known: hidden size, layers and one more
_MATCHES: Final = ("Confirmed Match", "High-Confidence Match")
"""Decisions of Cisco's Model Provenance Kit that count; those from metadata only have a suffix and do not."""


@attrs.frozen
class Inferred(BaseModelStrategy):
    """Credits a model to the publisher of a base model that a heuristic found; abstains wherever a card or a fact says more.

    Attributes:
        name: ``configuration`` or ``fingerprint``.
        bases: model, base model and reason, by model.
        over: The strategy that attributes the base model.
    """

    name: Literal["configuration", "fingerprint"] = "configuration"
    bases: tuple[tuple[str, str, str], ...] = ()
    over: AttributionStrategy = attrs.field(factory=Publisher, converter=resolve)

    def __str__(self) -> str:
        """Return the name, the number of models with a base model, and the inner strategy if it is not the default."""
        over = "" if shown(self.over) == "publisher" else f", over={shown(self.over)}"
        return f"{self.name}({counted(len(self.bases), 'models')}{over})" if self.bases else self.name

    def attribute(self, model: Model, *, on: dt.date, context: Context) -> Attribution | None:
        """Return the credits of the base model that was found, or abstain.

        Args:
            model: The model.
            on: The day.
            context: The registry and the models.
        """
        found = self._find(model, context)
        if found is None:
            return None
        base, reason = found
        shows: Literal["configuration", "weights"] = "configuration" if self.name == "configuration" else "weights"
        evidence = (Evidence(shows, confidence="likely", note=f"{base}: {reason}"),)
        return propagate_credits(self.name, {base: 1.0}, self.over, model, on=on, context=context, evidence=evidence)

    def attribute_frame(self, models: pl.LazyFrame, *, context: Context) -> pl.LazyFrame:
        """Attribute all models at once.

        Args:
            models: The models table.
            context: The registry and the models.
        """
        rows = [(model, base) for model, base, _ in self.bases]
        pairs = pl.DataFrame(rows, schema={"model_id": pl.String, "source": pl.String}, orient="row")
        pairs = pairs.join(Graph.of(context).answered(), on="model_id", how="anti")
        table = models.collect().join(pairs, on="model_id", how="semi")
        names = pl.concat([pairs["model_id"], pairs["source"]]).unique()
        number = pl.col("model_id", "source").replace_strict(
            names, pl.int_range(len(names), eager=True), return_dtype=pl.UInt32
        )
        sources = pairs.with_columns(number, weight=1.0, start=pl.lit(BEGINNING), end=pl.lit(END))
        sources = sources.rename({"model_id": "model"})
        return propagate_all(self.name, names, sources, self.over, table.lazy(), context=context)

    def delegations(self, model: Model, *, on: dt.date, context: Context) -> tuple[Delegation, ...]:
        """Return the strategy that is evaluated, with the base model."""
        del on
        found = self._find(model, context)
        return (
            () if found is None else (Delegation(f"from {found[0]} ({found[1]})", self.over, named(found[0], context)),)
        )

    def _find(self, model: Model, context: Context) -> tuple[str, str] | None:
        found = next(((base, reason) for name, base, reason in self.bases if name == model.id), None)
        return None if found is None or Graph.of(context).has_answer(model, context) else found


def configuration(
    configs: Configs | str | Path = (),  # type: ignore[assignment]  # empty: abstains
    *,
    references: Configs | str | Path | None = None,
    over: str | AttributionStrategy = "publisher",
) -> Inferred:
    """Find base models by ``config.json``: the model that it names, or a model of equal architecture and sizes.

    A heuristic: it abstains for models without a configuration, for models whose base model is declared or reviewed, and where
    models of several publishers are equal. Use it for the root models: ``root(over=first_of(configuration(path), "publisher"))``.

    Args:
        configs: The configurations by model id, or the path of a Hugging Face cache or of a folder of models.
        references: The models that may be base models; by default those of ``configs`` whose publisher owns a known family.
        over: The strategy that attributes the base model.

    Raises:
        SourceUnavailableError: The path is not a folder.

    Example:
        >>> sizes = {"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32, "intermediate_size": 1}
        >>> found = configuration({"me/mine": sizes, "meta-llama/Llama-2-7b-hf": sizes})
        >>> found.bases
        (('me/mine', 'meta-llama/Llama-2-7b-hf', 'equal architecture and sizes'),)
    """
    own = read_configs(configs) if isinstance(configs, str | Path) else dict(configs)
    others = read_configs(references) if isinstance(references, str | Path) else references
    owners = set(FAMILIES.values())
    known = {name: config for name, config in own.items() if namespace_of(name) in owners} if others is None else others
    equal: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for name in sorted(known):
        if (signature := _signature(known[name])) is not None:
            equal[signature].append(name)
    return Inferred("configuration", tuple(_from_configs(own, equal)), resolve(over))


def _from_configs(configs: Configs, equal: Mapping[tuple[Any, ...], list[str]]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(configs):
        named_there = configs[name].get("_name_or_path")
        if (
            isinstance(named_there, str)
            and named_there.count("/") == 1
            and named_there[0] not in "./~"
            and named_there != name
        ):
            yield name, named_there, "its configuration names it"
            continue
        signature = _signature(configs[name])
        found = [] if signature is None else equal.get(signature, [])
        publishers = {namespace_of(one) for one in found}
        if len(publishers) == 1 and namespace_of(name) not in publishers:
            yield name, found[0], "equal architecture and sizes"


def _signature(config: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Return architecture and sizes, of the language model if the model has several parts; None if too little is known."""
    inner = config.get("text_config")
    part = {**config, **inner} if isinstance(inner, Mapping) else config
    sizes = tuple(next((part[name] for name in names if isinstance(part.get(name), int)), None) for names in _SIZES)
    architectures = tuple(config.get("architectures") or ()) or (config.get("model_type"),)
    if sum(size is not None for size in sizes) < _LEAST or architectures == (None,):
        return None
    return (*architectures, *sizes)


def read_configs(folder: str | Path) -> dict[str, Mapping[str, Any]]:
    """Read ``config.json`` of all models of a Hugging Face cache, or of a folder of models (``namespace/name/config.json``).

    Args:
        folder: The folder.

    Returns:
        The configurations by model id; files that are not JSON objects are left out.

    Raises:
        SourceUnavailableError: It is not a folder.
    """
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise SourceUnavailableError(f"{path} is not a folder; give a Hugging Face cache or a folder of models")
    found: dict[str, Mapping[str, Any]] = {}
    for file in sorted(path.rglob("config.json")):
        parts = file.relative_to(path).parts
        cached = parts[0].startswith("models--")
        model_id = parts[0].removeprefix("models--").replace("--", "/", 1) if cached else "/".join(parts[:-1][-2:])
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if model_id and isinstance(config, Mapping):
            found[model_id] = config
    return found


def fingerprint(
    verdicts: str | Path | Mapping[str, Any] | Iterable[Mapping[str, Any]] = (),
    *,
    over: str | AttributionStrategy = "publisher",
) -> Inferred:
    """Take base models from the verdicts of Cisco's Model Provenance Kit (``provenancekit scan`` or ``compare`` with ``--json``).

    A heuristic: it abstains for models without a verdict, and for models whose base model is declared or reviewed. Only confirmed
    and high-confidence matches count; matches from metadata alone do not.

    Args:
        verdicts: A file or a folder of JSON files, or their content. Of a comparison the second model is the base model.
        over: The strategy that attributes the base model.

    Raises:
        SourceUnavailableError: A file cannot be read.
        SourceFormatError: A verdict has neither the form of a scan nor of a comparison.

    Example:
        >>> scan = {"model_info": {"model_path": "me/mine"},
        ...         "matches": [{"model_id": "Qwen/Qwen3-8B", "provenance_decision": "Confirmed Match"}]}
        >>> fingerprint(scan).bases
        (('me/mine', 'Qwen/Qwen3-8B', 'Confirmed Match'),)
    """
    if isinstance(verdicts, str | Path):
        given = list(_read_verdicts(Path(verdicts).expanduser()))
    else:
        given = [("verdicts", one) for one in ([verdicts] if isinstance(verdicts, Mapping) else verdicts)]
    found: dict[str, tuple[str, str]] = {}
    for place, verdict in given:
        match = _match(place, verdict)
        if match is not None:
            found.setdefault(match[0], match[1:])
    return Inferred("fingerprint", tuple(sorted((name, *rest) for name, rest in found.items())), resolve(over))


def _read_verdicts(path: Path) -> Iterator[tuple[str, Any]]:
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    for file in files:
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise SourceUnavailableError(f"{file} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise SourceFormatError(f"{file} is not JSON: {error}") from error
        yield from ((str(file), one) for one in (document if isinstance(document, list) else [document]))


def _match(place: str, verdict: Any) -> tuple[str, str, str] | None:
    """Return model, base model and decision of a verdict; None if it does not match."""
    try:
        if "model_info" in verdict:
            model = verdict["model_info"]["model_path"]
            matches = [(one["model_id"], one["provenance_decision"]) for one in verdict["matches"]]
        else:
            model = verdict["model_a"]
            matches = [(verdict["model_b"], verdict["scores"]["provenance_decision"])]
    except (KeyError, TypeError) as error:
        message = f"{place}: a verdict must be the JSON of 'provenancekit scan' or 'provenancekit compare'; {error} is missing"
        raise SourceFormatError(message) from error
    if not isinstance(model, str) or not all(isinstance(one, str) for match in matches for one in match):
        raise InvalidArgumentError(f"{place}: model ids and decisions must be text, got {model!r}")
    return next(((model, base, word) for base, word in matches if word in _MATCHES and base != model), None)
