"""Inventory of a list of models: publisher, root models, licenses of all ancestors, openness and evidence."""

from __future__ import annotations

import datetime as dt
import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import attrs
import polars as pl

from ossgeo._core.dates import day_of
from ossgeo._core.io import writing
from ossgeo._core.schema import namespace_of
from ossgeo.errors import (
    EngineError,
    InvalidArgumentError,
    OssgeoWarning,
    SourceFormatError,
    SourceUnavailableError,
    UnknownNameError,
)
from ossgeo.panel import Model, Openness, Panel, openness_of
from ossgeo.panel._models import base_models_from_tags
from ossgeo.panel._panel import normalized_models
from ossgeo.registry import Affiliation, Organization, Registry
from ossgeo.sources import Hub

if TYPE_CHECKING:
    from narwhals.typing import IntoFrame

SCHEMA: Final[dict[str, Any]] = {
    "model_id": pl.String,
    "revision": pl.String,
    "publisher": pl.String,
    "publisher_country": pl.List(pl.String),
    "owner": pl.List(pl.String),
    "roots": pl.List(pl.String),
    "root_organization": pl.List(pl.String),
    "root_country": pl.List(pl.String),
    "evidence": pl.String,
    "license": pl.String,
    "ancestor_licenses": pl.List(pl.String),
    "license_conflicts": pl.List(pl.String),
    "openness": pl.String,
    "gated": pl.String,
    "confidence": pl.String,
    "source_url": pl.String,
}
"""Columns of an inventory."""

_FACTS: Final = ("model_id", "base_models", "license", "gated", "tags")
_GENERATIONS: Final = 64
_MEANING: Final = (
    "Countries are those of the organizations' headquarters on the day of the inventory. They do not describe the place "
    "where a model runs, the nationality of its authors, or a legal status."
)


@attrs.frozen
class ModelReference:
    """One model to look up.

    Attributes:
        model_id: Model id, ``namespace/name``.
        revision: Revision that is in use; None if unknown.
    """

    model_id: str
    revision: str | None = None


@attrs.frozen(eq=False)
class Inventory:
    """The models of a list, with their origin and their licenses.

    Attributes:
        frame: One row for each model, in the order of the list: model_id, revision, publisher (organization id, null if the
            registry does not know it), publisher_country and root_country (ISO codes or an origin status), owner, roots,
            root_organization, evidence of the roots (``declared`` on a card, or ``absent``: no base model is declared, or
            the models table does not list the model), license, ancestor_licenses (``model: license``), license_conflicts (ancestors whose license
            is restricted while the model declares an open one), openness, gated,
            confidence and source_url of the publisher's country.
        on: The day for which the registry was read.
        registry: Version of the registry.
    """

    frame: pl.DataFrame
    on: dt.date
    registry: str

    def __len__(self) -> int:
        """Return the number of models."""
        return self.frame.height

    def __str__(self) -> str:
        """Return one line for each model, and the meaning of the countries."""
        lines = [
            f"{row['model_id']}: published by {row['publisher'] or 'unreviewed'} ({_joined(row['publisher_country'])}); "
            f"root {_joined(row['roots'])} ({_joined(row['root_country'])}), {row['evidence']}; "
            f"{row['license'] or 'no license declared'} ({row['openness']})"
            for row in self.frame.iter_rows(named=True)
        ]
        return "\n".join([*lines, "", _MEANING])

    def _repr_html_(self) -> str:
        """Return the inventory as an HTML table; all text is escaped."""
        return self.to_html()

    def to_polars(self) -> pl.DataFrame:
        """Return :attr:`frame`."""
        return self.frame

    def to_html(self) -> str:
        """Return the inventory as an HTML table, with the meaning of the countries; all text is escaped."""
        from html import escape

        head = "".join(f"<th>{escape(name)}</th>" for name in self.frame.columns)
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(value)}</td>' for value in row)}</tr>" for row in self._texts().iter_rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{escape(_MEANING)}</p>"

    def to_markdown(self) -> str:
        """Return the inventory as a Markdown table, with the meaning of the countries."""
        names = self.frame.columns
        rows = [[value.replace("|", "\\|").replace("\n", " ") for value in row] for row in self._texts().iter_rows()]
        lines = [f"| {' | '.join(row)} |" for row in (names, *rows)]
        return "\n".join([lines[0], f"|{'---|' * len(names)}", *lines[1:], "", _MEANING])

    def write_csv(self, path: str | Path) -> None:
        """Write the inventory as CSV; several values in a cell are separated by a semicolon.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        with writing(path) as temporary:
            self._texts().write_csv(temporary)

    def write_cyclonedx(self, path: str | Path) -> None:
        """Write the inventory as a CycloneDX 1.6 file: one component for each model, with properties ``ossgeo:...``.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        components = []
        for row, text in zip(self.frame.iter_rows(named=True), self._texts().iter_rows(named=True), strict=True):
            group, _, name = row["model_id"].rpartition("/")
            purl = f"pkg:huggingface/{row['model_id']}" + (f"@{row['revision']}" if row["revision"] else "")
            component: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": purl, "name": name, "purl": purl}
            component |= {"group": group} if group else {}
            component |= {"version": row["revision"]} if row["revision"] else {}
            properties = [{"name": f"ossgeo:{key}", "value": value} for key, value in text.items()
                          if value and key not in ("model_id", "revision")]  # fmt: skip
            components.append({**component, "properties": properties})
        bom = {"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": components}
        with writing(path) as temporary:
            temporary.write_text(json.dumps(bom, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def matching(self, condition: str) -> pl.DataFrame:
        """Return the models that meet a condition.

        Args:
            condition: ``column=value`` or ``column=value,value``: a model matches if any of its values in the column is one
                of the values, such as ``root_country=CN``, ``openness=restricted`` or ``evidence=absent``.

        Returns:
            Rows of :attr:`frame`.

        Raises:
            InvalidArgumentError: The condition is malformed.
            UnknownNameError: The column does not exist.
        """
        name, equals, text = (part.strip() for part in condition.partition("="))
        wanted = [value.strip() for value in text.split(",") if value.strip()]
        if not equals or not wanted:
            raise InvalidArgumentError(f"condition must be column=value, such as 'root_country=CN', got {condition!r}")
        if name not in SCHEMA:
            raise UnknownNameError.among(name, SCHEMA, what="column")
        column = pl.col(name)
        found = (
            column.list.eval(pl.element().is_in(wanted)).list.any()
            if SCHEMA[name] != pl.String
            else column.is_in(wanted)
        )
        return self.frame.filter(found.fill_null(False))

    def _texts(self) -> pl.DataFrame:
        """Return every value as text."""
        return self.frame.select(
            (pl.col(name).list.join("; ") if kind != pl.String else pl.col(name)).fill_null("").alias(name)
            for name, kind in SCHEMA.items()
        )


def inventory(
    source: str | Path | Iterable[str],
    *,
    models: Panel | Hub | IntoFrame | None = None,
    registry: Registry | None = None,
    on: dt.date | str | None = None,
) -> Inventory:
    """Look up the origin and the licenses of the models of a list.

    Args:
        source: Model ids; or a path: a text file with one id a line, a Hugging Face cache, a folder of models with their
            cards (``namespace/name/README.md``), or a CycloneDX or SPDX file in JSON that names models as
            ``pkg:huggingface/...`` (extra ``sbom``).
        models: Base models, licenses and gates: a panel, a models table, or a :class:`ossgeo.sources.Hub`, which is
            queried for the listed models and their ancestors only. By default the cards that the source holds.
        registry: The registry; by default the bundled one.
        on: The day for which countries are looked up; by default today (UTC).

    Returns:
        One row for each model of the list, in its order.

    Raises:
        InvalidArgumentError: The source holds no model.
        SourceFormatError: A file is neither of the supported formats.
        SourceUnavailableError: A file or folder cannot be read, or the Hub cannot be reached.
        EngineError: A CycloneDX or SPDX file is given and packageurl-python is not installed.

    Example:
        >>> import ossgeo
        >>> trending = ossgeo.load_sample("trending-2026")
        >>> found = ossgeo.inventory(["unsloth/Mistral-Medium-3.5-128B-GGUF"], models=trending)
        >>> found.frame["root_country"].to_list(), found.frame["evidence"].to_list()
        ([['FR']], ['declared'])
    """
    listed, cards = _read(source)
    if not listed:
        raise InvalidArgumentError(f"{source if isinstance(source, str | Path) else 'source'} names no model")
    used = registry or Registry.default()
    day = dt.datetime.now(dt.UTC).date() if on is None else day_of(on, what="on")
    facts = _facts([one.model_id for one in listed], models, cards)
    rows = [_row(one, facts, used, day) for one in listed]
    return Inventory(pl.DataFrame(rows, schema=SCHEMA, orient="row"), day, used.version)


def _row(listed: ModelReference, facts: Mapping[str, Model], registry: Registry, on: dt.date) -> dict[str, Any]:
    model = facts.get(listed.model_id, Model(listed.model_id))
    ancestors = _ancestors(model, facts)
    roots = [one for one in ancestors if not (known := facts.get(one)) or not known.base_models] or [model.id]
    publisher = registry.find(model.namespace, on=on)
    places = _affiliations(publisher, on)
    makers = [registry.find(namespace_of(root), on=on) for root in roots]
    evidence = next((place.evidence for place in places if place.evidence is not None), None)
    return {
        "model_id": listed.model_id,
        "revision": listed.revision,
        "publisher": publisher.id if publisher else None,
        "publisher_country": _countries(publisher, on),
        "owner": list(publisher.owners(on=on)) if publisher else [],
        "roots": roots,
        "root_organization": _unique(maker.id for maker in makers if maker),
        "root_country": _unique(chain.from_iterable(_countries(maker, on) for maker in makers)),
        "evidence": "declared" if ancestors else "absent",
        "license": model.license,
        "ancestor_licenses": [
            f"{one}: {known.license}" for one in ancestors if (known := facts.get(one)) and known.license
        ],
        "license_conflicts": _conflicts(model, ancestors, facts),
        "openness": openness_of(model.license, tags=model.tags, gated=model.gated).value,
        "gated": model.gated,
        "confidence": str(evidence.confidence) if evidence else None,
        "source_url": evidence.url if evidence else None,
    }


def _ancestors(model: Model, facts: Mapping[str, Model]) -> list[str]:
    """Return the base models of a model, their base models and so on, each once; cycles end where they began."""
    found: dict[str, None] = {}
    queue = [base.model_id for base in model.base_models]
    while queue:
        one = queue.pop(0)
        if one in found or one == model.id:
            continue
        found[one] = None
        queue.extend(base.model_id for base in (facts[one].base_models if one in facts else ()))
    return list(found)


def _conflicts(model: Model, ancestors: Sequence[str], facts: Mapping[str, Model]) -> list[str]:
    """Return the ancestors with a restricted license if the model declares a license that grants more."""
    if openness_of(model.license, tags=model.tags) not in (Openness.OPEN_SOURCE, Openness.OPEN_WEIGHTS):
        return []
    licenses = {one: facts[one].license for one in ancestors if one in facts}
    return [f"{one}: {name}" for one, name in licenses.items() if openness_of(name) is Openness.RESTRICTED]


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


def _joined(values: Sequence[str]) -> str:
    return ", ".join(values)


def _facts(ids: Sequence[str], models: Any, cards: Mapping[str, Model]) -> dict[str, Model]:
    """Return the known facts about the listed models and all their ancestors, generation by generation."""
    from ossgeo.attribution import ModelTable

    facts: dict[str, Model] = dict(cards)
    wanted = set(ids)
    asked: set[str] = set()
    table = None if models is None or isinstance(models, Hub) else _columns(models)
    for _ in range(_GENERATIONS):
        new = sorted(wanted - asked)
        if not new:
            break
        asked.update(new)
        if isinstance(models, Hub):
            found = _from_hub(models, new)
        elif table is not None:
            found = table.filter(pl.col("model_id").is_in(new)).collect(engine="streaming")
        else:
            found = pl.DataFrame(schema={"model_id": pl.String})
        facts |= ModelTable.of(found)
        wanted |= {base.model_id for one in new if one in facts for base in facts[one].base_models}
    return facts


def _columns(models: Any) -> pl.LazyFrame:
    table = models.models if isinstance(models, Panel) else normalized_models(models)
    names = table.collect_schema().names()
    return table.select(name for name in (*_FACTS, "namespace") if name in names)


def _from_hub(hub: Hub, ids: Sequence[str]) -> pl.DataFrame:
    try:
        panel = hub.snapshot(ids=ids, private=True)
        return panel.models.collect()  # the files of a snapshot exist as long as its panel
    except InvalidArgumentError:  # none of them can be read: they are unknown, and the inventory says so
        return pl.DataFrame(schema={"model_id": pl.String})


def _read(source: str | Path | Iterable[str]) -> tuple[list[ModelReference], dict[str, Model]]:
    """Return the models of a source, each once, and the cards that it holds."""
    cards: dict[str, Model] = {}
    if not isinstance(source, str | Path):
        listed = [ModelReference(str(one)) for one in source]
    else:
        path = Path(source).expanduser()
        if path.is_dir():
            listed, cards = _read_cache(path) if any(path.glob("models--*")) else _read_folder(path)
        else:
            listed = _read_file(path)
    return list({(one.model_id, one.revision): one for one in listed}.values()), cards


def _read_cache(path: Path) -> tuple[list[ModelReference], dict[str, Model]]:
    from huggingface_hub import scan_cache_dir

    listed: list[ModelReference] = []
    cards: dict[str, Model] = {}
    for repo in sorted(scan_cache_dir(path).repos, key=lambda one: one.repo_id):
        if repo.repo_type != "model":
            continue
        for revision in sorted(repo.revisions, key=lambda one: one.commit_hash):
            listed.append(ModelReference(repo.repo_id, revision.commit_hash))
            cards |= _card(repo.repo_id, revision.snapshot_path)
    return listed, cards


def _read_folder(path: Path) -> tuple[list[ModelReference], dict[str, Model]]:
    listed: list[ModelReference] = []
    cards: dict[str, Model] = {}
    for file in sorted({*path.rglob("README.md"), *path.rglob("config.json")}):
        model_id = "/".join(file.parent.relative_to(path).parts[-2:])
        if model_id and not any(part.startswith(".") for part in file.relative_to(path).parts):
            listed.append(ModelReference(model_id))
            cards |= _card(model_id, file.parent)
    return listed, cards


def _card(model_id: str, folder: Path) -> dict[str, Model]:
    """Return the model as its card describes it; nothing if there is no card, or if it cannot be read, with a warning."""
    from huggingface_hub.repocard import metadata_load

    try:
        metadata = metadata_load(folder / "README.md") or {}
    except OSError:
        return {}
    except Exception as error:  # noqa: BLE001  # a card is foreign text, and a YAML parser raises errors of its own
        warnings.warn(f"the card of {model_id} cannot be read: {type(error).__name__}", OssgeoWarning, stacklevel=2)
        return {}
    bases = metadata.get("base_model") or []
    relation = metadata.get("base_model_relation")
    prefix = f"base_model:{relation}:" if relation else "base_model:"
    tags = [f"{prefix}{base}" for base in ([bases] if isinstance(bases, str) else bases)]
    license_id = metadata.get("license")
    return {model_id: Model(model_id, license=license_id if isinstance(license_id, str) else None,
                            base_models=base_models_from_tags(tags))}  # fmt: skip


def _read_file(path: Path) -> list[ModelReference]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceFormatError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    if path.suffix != ".json":
        lines = (line.partition("#")[0].strip() for line in text.splitlines())
        return [ModelReference(line) for line in lines if line]
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SourceFormatError(f"{path} is not JSON: {error}") from error
    if isinstance(document, list) and all(isinstance(one, str) for one in document):
        return [ModelReference(one) for one in document]
    purls = list(_purls(document)) if isinstance(document, dict) else []
    if not isinstance(document, dict) or not {"bomFormat", "spdxVersion", "@graph"} & document.keys():
        raise SourceFormatError(f"{path} is neither a list of ids nor a CycloneDX or SPDX file")
    return [listed for purl in purls if (listed := _from_purl(purl)) is not None]


def _purls(node: Any) -> Iterable[str]:
    """Yield every package URL of a document, in its order."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, str) and one.startswith("pkg:huggingface/"):
            yield one
        elif isinstance(one, list):
            stack.extend(reversed(one))
        elif isinstance(one, dict):
            stack.extend(reversed(one.values()))


def _from_purl(purl: str) -> ModelReference | None:
    try:
        from packageurl import PackageURL
    except ImportError as error:
        raise EngineError("CycloneDX and SPDX files need packageurl-python; install ossgeo[sbom]") from error
    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return None
    return ModelReference("/".join(filter(None, [parsed.namespace, parsed.name])), parsed.version)
