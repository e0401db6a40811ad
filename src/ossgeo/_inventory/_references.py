"""The models that an inventory lists: ids, text files, caches, folders, and CycloneDX or SPDX files."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import attrs

from ossgeo.errors import (
    EngineError,
    Fault,
    InvalidArgumentError,
    OssgeoWarning,
    PanelError,
    SourceFormatError,
    SourceUnavailableError,
)
from ossgeo.panel import Model
from ossgeo.panel._models import base_models_from_tags
from ossgeo.sources._files.normalization import limited
from ossgeo.sources._files.values import model_id as parse_model_id

_SHOWN: Final = 5
_SUFFIXES: Final = (".txt", ".json")
"""Of files that list models."""


@attrs.frozen
class ModelReference:
    """One model to look up.

    Attributes:
        model_id: Model id, ``namespace/name``.
        revision: Revision that is in use; None if unknown.
    """

    model_id: str
    revision: str | None = None


def read_source(source: str | Path | Iterable[str]) -> tuple[list[ModelReference], dict[str, Model]]:
    """Return the models of a source, each once, and the cards that it holds.

    Args:
        source: Ids, or a path.

    Raises:
        InvalidArgumentError: The source is neither a list nor a path.
        PanelError: Listed texts are not model ids.
        SourceFormatError: A file is neither of the supported formats.
        SourceUnavailableError: A file or folder cannot be read.
        EngineError: A CycloneDX or SPDX file is given and packageurl-python is not installed.
    """
    cards: dict[str, Model] = {}
    if hasattr(source, "columns") or not isinstance(source, str | Path | Iterable):
        shown = f"a {type(source).__name__}; give its column of ids" if hasattr(source, "columns") else repr(source)
        raise InvalidArgumentError(f"source must be a list of model ids, or a path, got {shown}")
    if not isinstance(source, str | Path):
        listed = _listed((f"item {number}", one) for number, one in enumerate(source, 1))
    else:
        path = Path(source).expanduser()
        if path.is_dir():
            listed, cards = _read_cache(path) if any(path.glob("models--*")) else _read_folder(path)
        elif path.suffix not in _SUFFIXES and not path.exists() and _id_of(source) is not None:
            raise SourceUnavailableError(f"{source} does not exist; ids of models must be in a list: [{source!r}]")
        else:
            listed = _read_file(path)
    return list({(one.model_id, one.revision): one for one in listed}.values()), cards


def _listed(given: Iterable[tuple[str, str]]) -> list[ModelReference]:
    """Return references to model ids or their web addresses, each with its place.

    Raises:
        PanelError: Texts are neither; all are named.
    """
    listed, faults = [], []
    for place, text in given:
        try:
            listed.append(ModelReference(parse_model_id(text)))
        except ValueError as error:
            faults.append(Fault(place, f"{text!r} {error}", "correct or remove it"))
    if faults:
        raise PanelError("the list of models cannot be used", limited(faults))
    return listed


def _read_cache(path: Path) -> tuple[list[ModelReference], dict[str, Model]]:
    from huggingface_hub import scan_cache_dir

    listed: list[ModelReference] = []
    cards: dict[str, Model] = {}
    differing = []
    there = {folder.name.removeprefix("models--").replace("--", "/") for folder in path.glob("models--*")}
    for repo in sorted(scan_cache_dir(path).repos, key=lambda one: one.repo_id):
        if repo.repo_type != "model":
            continue
        revisions = sorted(
            repo.revisions, key=lambda one: ("main" not in one.refs, -one.last_modified, one.commit_hash)
        )
        listed += [ModelReference(repo.repo_id, revision.commit_hash) for revision in revisions]
        found = [card for one in revisions for card in _card(repo.repo_id, one.snapshot_path).values()]
        cards |= {repo.repo_id: found[0]} if found else {}
        differing += [repo.repo_id] if any(card != found[0] for card in found) else []
    _warn_of("cards of older revisions that differ from that of main, or of the newest one,", differing)
    _warn_of("models of the cache without a complete snapshot", sorted(there - {one.model_id for one in listed}))
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
    stated = metadata.get("base_model")
    bases = [base for base in (stated if isinstance(stated, list) else [stated]) if base is not None]
    relation = metadata.get("base_model_relation")
    prefix = f"base_model:{relation}:" if relation else "base_model:"
    ids = [_id_of(base) for base in bases]
    odd = [base for base, found in zip(bases, ids, strict=True) if found is None]
    _warn_of(f"base models in the card of {model_id} that are not model ids", odd)
    license_id = metadata.get("license")
    if not isinstance(license_id, str | None):
        _warn_of(f"licenses in the card of {model_id} that are not one text", [license_id])
        license_id = None
    tags = [f"{prefix}{base}" for base in ids if base is not None]
    return {model_id: Model(model_id, license=license_id, base_models=base_models_from_tags(tags))}


def _id_of(base: Any) -> str | None:
    """Return the id of a base model in a card; None if it is not one, such as a path."""
    try:
        return parse_model_id(base)
    except ValueError:
        return None


def _read_file(path: Path) -> list[ModelReference]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SourceUnavailableError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SourceFormatError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    if path.suffix != ".json":
        lines = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
        return _listed((f"{path}, line {number}", line) for number, line in lines if line)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SourceFormatError(f"{path} is not JSON: {error}") from error
    if isinstance(document, list) and all(isinstance(one, str) for one in document):
        return _listed((f"{path}, item {number}", one) for number, one in enumerate(document, 1))
    purls = list(_purls(document)) if isinstance(document, dict) else []
    if not isinstance(document, dict) or not {"bomFormat", "spdxVersion", "@graph"} & document.keys():
        raise SourceFormatError(f"{path} is neither a list of ids nor a CycloneDX or SPDX file")
    _warn_of("machine-learning components without a package URL pkg:huggingface/...", _unnamed(document))
    found = [_from_purl(purl) for purl in purls]
    _warn_of("package URLs that are not valid", [purl for purl, one in zip(purls, found, strict=True) if one is None])
    return [one for one in found if one is not None]


def _unnamed(document: dict[str, Any]) -> list[str]:
    """Return the names of CycloneDX components that are models and have no package URL of the Hub."""
    components = document.get("components")
    models = [one for one in components if isinstance(one, dict)] if isinstance(components, list) else []
    return [
        str(one.get("name", "without a name"))
        for one in models
        if one.get("type") == "machine-learning-model" and not any(_purls(one))
    ]


def _warn_of(what: str, names: Sequence[Any]) -> None:
    """Warn of facts that a source states and that the inventory leaves out."""
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        shown = ", ".join(map(repr, names[:_SHOWN]))
        warnings.warn(f"{what} are left out: {shown}{more}", OssgeoWarning, stacklevel=4)


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
