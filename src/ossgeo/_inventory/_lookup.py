"""``inventory``: look up the origin and the licenses of the models of a list."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.schema import MODEL_SCHEMA, namespace_of
from ossgeo._inventory._references import ModelReference, read_source
from ossgeo._inventory._table import SCHEMA, Inventory
from ossgeo.attribution import Context, ModelTable
from ossgeo.attribution._lineage.ancestry import Ancestry
from ossgeo.attribution._lineage.graph import Base, Graph
from ossgeo.attribution._lineage.paths import named
from ossgeo.errors import InvalidArgumentError, OssgeoWarning
from ossgeo.panel import Model, Panel, openness_of
from ossgeo.panel._openness import grants_more
from ossgeo.registry import Affiliation, Organization, Registry
from ossgeo.registry._organizations import CONFIDENCES, Evidence
from ossgeo.sources import Hub
from ossgeo.sources._files.models_given import models_given

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame

_FACTS: Final = ("model_id", "base_models", "license", "gated", "tags")
_GENERATIONS: Final = 64
_SHOWN: Final = 5


def inventory(
    source: str | Path | Iterable[str],
    *,
    models: Panel | Hub | IntoFrame | str | Path | None = None,
    registry: Registry | None = None,
    on: dt.date | str | None = None,
) -> Inventory:
    """Look up the origin and the licenses of the models of a list.

    Declared base models are completed and corrected by the lineage facts of the registry.

    Args:
        source: Model ids; or a path: a text file with one id a line, a Hugging Face cache, a folder of models with their
            cards (``namespace/name/README.md``), or a CycloneDX or SPDX file in JSON that names models as
            ``pkg:huggingface/...`` (extra ``sbom``).
        models: Base models, licenses and gates: a panel, a models table, the path of a snapshot file, of a list of models or of
            a store, or a :class:`ossgeo.sources.Hub`, which is queried for the listed models and their ancestors only. By
            default the cards that the source holds.
        registry: The registry; by default the bundled one.
        on: The day for which countries are looked up; by default today (UTC).

    Returns:
        One row for each model of the list, in its order.

    Raises:
        InvalidArgumentError: The source holds no model, or is neither a list nor a path.
        SourceFormatError: A file is neither of the supported formats.
        SourceUnavailableError: A file or folder cannot be read, or the Hub cannot be reached.
        EngineError: A CycloneDX or SPDX file is given and packageurl-python is not installed.

    Warns:
        OssgeoWarning: A fact of the source cannot be read and is left out, or the models table has an id in other letter case.

    Example:
        >>> import ossgeo
        >>> trending = ossgeo.load_sample("trending-2026")
        >>> found = ossgeo.inventory(["unsloth/Mistral-Medium-3.5-128B-GGUF"], models=trending)
        >>> found.frame["root_country"].to_list(), found.frame["evidence"].to_list()
        ([['FR']], ['declared'])
    """
    listed, cards = read_source(source)
    if not listed:
        raise InvalidArgumentError(f"{source if isinstance(source, str | Path) else 'source'} names no model")
    used = registry or Registry.default()
    day = dt.datetime.now(dt.UTC).date() if on is None else day_of(on, what="on")
    facts = _facts([one.model_id for one in listed], models, cards, used)
    lookup = _Lookup.of(facts, used, day)
    rows = [lookup.row(one) for one in listed]
    columns = {name: _column([row[name] for row in rows], kind) for name, kind in SCHEMA.items()}
    return Inventory(pl.DataFrame(columns, schema=SCHEMA), day, used.version)


def _column(cells: list[Any], kind: Any) -> pl.Series:
    """Return a column of texts or of lists of texts; Polars needs a third of the whole time for lists of Python lists."""
    if kind == pl.String:
        return pl.Series(cells, dtype=kind)
    places = pl.Series([place for place, cell in enumerate(cells) for _ in cell], dtype=pl.UInt32)
    texts = pl.DataFrame({"row": places, "cell": pl.Series(list(chain.from_iterable(cells)), dtype=pl.String)})
    filled = texts.group_by("row", maintain_order=True).agg("cell")
    whole = pl.DataFrame({"row": pl.int_range(len(cells), dtype=pl.UInt32, eager=True)})
    joined = whole.join(filled, on="row", how="left", maintain_order="left")
    return joined.select(pl.col("cell").fill_null(pl.lit([], kind)))["cell"]


@attrs.frozen(eq=False)
class _Lookup:
    """What is known about the listed models and their ancestors."""

    facts: Mapping[str, Model]
    context: Context
    graph: Graph
    on: dt.date

    @classmethod
    def of(cls, facts: Mapping[str, Model], registry: Registry, on: dt.date) -> _Lookup:
        links = [
            (place, str(base.relation), base.model_id)
            for place, model in enumerate(facts.values())
            for base in model.base_models
        ]
        schema = {"place": pl.UInt32, "relation": pl.String, "model_id": pl.String}
        table = pl.DataFrame(links, schema=schema, orient="row")
        bases = table.group_by("place").agg(base_models=pl.struct("relation", "model_id"))
        names = {"model_id": list(facts), "namespace": [namespace_of(name) for name in facts]}
        frame = pl.DataFrame(names, schema=dict.fromkeys(names, pl.String)).with_row_index("place")
        frame = frame.join(bases, on="place", how="left", maintain_order="left").drop("place")
        frame = frame.with_columns(pl.col("base_models").fill_null(pl.lit([], MODEL_SCHEMA["base_models"])))
        context = Context(registry, ModelTable(frame), on)
        return cls(facts, context, Graph.of(context), on)

    def row(self, listed: ModelReference) -> dict[str, Any]:
        """Return the row of a model."""
        registry, on = self.context.registry, self.on
        model = self.facts.get(listed.model_id, Model(listed.model_id))
        lineage = Ancestry.of(self.graph, model, on=on, context=self.context)
        roots = [one for one in lineage.ancestors if not self._bases(one)] or [model.id]
        publisher = registry.find(model.namespace, on=on)
        makers = [registry.find(namespace_of(root), on=on) for root in roots]
        places = _affiliations(publisher, on)
        evidence = next((place.evidence for place in places if place.evidence is not None), None)
        licenses = [(one, self._license(one)) for one in lineage.ancestors]
        own = self._license(model.id)
        seats = chain(places, *(_affiliations(maker, on) for maker in makers))
        behind = (*lineage.evidence, *(place.evidence for place in seats))
        return {
            "model_id": listed.model_id,
            "revision": listed.revision,
            "publisher": publisher.id if publisher else None,
            "publisher_country": _countries(publisher, on),
            "owner": list(publisher.owners(on=on)) if publisher else [],
            "roots": roots,
            "root_organization": _unique(maker.id for maker in makers if maker),
            "root_country": _unique(chain.from_iterable(_countries(maker, on) for maker in makers)),
            "evidence": lineage.rests_on,
            "lineage": [_link(child, base) for child, base in lineage.links],
            "license": model.license,
            "ancestor_licenses": [f"{one}: {license_id}" for one, license_id in licenses if license_id],
            "license_conflicts": [
                f"{one}: {license_id}" for one, license_id in licenses if grants_more(own, license_id)
            ],
            "openness": openness_of(model.license, tags=model.tags, gated=model.gated).value,
            "gated": model.gated,
            "confidence": None if lineage.rests_on == "absent" else _lowest(behind),
            "source_url": evidence.url if evidence else None,
        }

    def _bases(self, model_id: str) -> tuple[Base, ...]:
        return self.graph.bases(named(model_id, self.context), on=self.on, context=self.context)

    def _license(self, model_id: str) -> str | None:
        known = self.facts.get(model_id)
        if known is None or known.license:
            return known.license if known else None
        return next((tag.removeprefix("license:") for tag in known.tags if tag.startswith("license:")), None)


def _link(child: str, base: Base) -> str:
    """Return a link with its relation and its evidence."""
    why = f"{base.fact.evidence.shows}, {base.fact.evidence.confidence}" if base.fact else "declared"
    url = f", {base.fact.evidence.url}" if base.fact and base.fact.evidence.url else ""
    return f"{child} <- {base.model_id} ({base.relation}; {why}{url})"


def _lowest(evidence: Iterable[Evidence | None]) -> str | None:
    found = {item.confidence for item in evidence if item is not None}
    return next((word for word in reversed(CONFIDENCES) if word in found), None)


def _affiliations(organization: Organization | None, on: dt.date) -> list[Affiliation]:
    return (
        [place for place in organization.affiliations if place.basis == "seat" and place.holds(on)]
        if organization
        else []
    )


def _countries(organization: Organization | None, on: dt.date) -> list[str]:
    if organization is None:
        return ["unreviewed"]
    if str(organization.kind) == "individual":
        return ["individual"]
    return _unique(str(place.country) for place in _affiliations(organization, on)) or ["unknown"]


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _facts(ids: Sequence[str], models: Any, cards: Mapping[str, Model], registry: Registry) -> dict[str, Model]:
    """Return the known facts about the listed models and all their ancestors, generation by generation."""
    facts: dict[str, Model] = dict(cards)
    wanted = set(ids)
    requested: set[str] = set()
    table = None if models is None or isinstance(models, Hub) else _columns(models)
    for _ in range(_GENERATIONS):
        new = sorted(wanted - requested)
        if not new:
            break
        requested.update(new)
        if isinstance(models, Hub):
            found = _from_hub(models, new)
        elif table is not None:
            found = table.filter(pl.col("model_id").is_in(new)).collect(engine="streaming")
        else:
            found = pl.DataFrame(schema={"model_id": pl.String})
        facts |= ModelTable.of(found)
        wanted |= {base.model_id for one in new if one in facts for base in facts[one].base_models}
        wanted |= {fact.base for one in new for fact in registry.lineage.get(one, ()) if fact.used and fact.base}
    if table is not None:
        _warn_of_letter_case(sorted(wanted - facts.keys()), table)
    return facts


def _warn_of_letter_case(missing: Sequence[str], table: pl.LazyFrame) -> None:
    """Warn of ids that the models table has in other letter case only."""
    if not missing:
        return
    lower = {name.lower(): name for name in missing}
    found = table.select("model_id").filter(pl.col("model_id").str.to_lowercase().is_in(list(lower)))
    names = found.unique().sort("model_id").collect(engine="streaming")["model_id"]
    pairs = [f"{lower[name.lower()]!r} ({name!r} there)" for name in names]
    if pairs:
        more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
        warnings.warn(
            f"the models table has ids in other letter case, which are not taken for them: {', '.join(pairs[:_SHOWN])}{more}",
            OssgeoWarning,
            stacklevel=4,
        )


def _columns(models: Any) -> pl.LazyFrame:
    table = models_given(models)
    names = table.collect_schema().names()
    return table.select(name for name in (*_FACTS, "namespace") if name in names)


def _from_hub(hub: Hub, ids: Sequence[str]) -> pl.DataFrame:
    try:
        panel = hub.snapshot(ids=ids, private=True)
        return panel.models.collect()  # the files of a snapshot exist as long as its panel
    except InvalidArgumentError:  # none of them can be read: they are unknown, and the inventory says so
        return pl.DataFrame(schema={"model_id": pl.String})
