"""Whose open models does the world use? The geography of open AI models, measured in the open."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ossgeo import attribution, errors, shares, sources
    from ossgeo.countries import Country, GroupScheme, Standing
    from ossgeo.method import Adjustments, Cleaning, Coverage, Method
    from ossgeo.models import BaseModel, Model, Relation
    from ossgeo.organizations import Affiliation, Evidence, Organization, OrganizationKind
    from ossgeo.panel import Panel
    from ossgeo.registry import Registry
    from ossgeo.samples import list_samples, load_sample
    from ossgeo.shares.measure import measure
    from ossgeo.shares.table import ShareTable
    from ossgeo.sources.files import read_panel

_HOMES = {
    "Adjustments": "method",
    "Affiliation": "organizations",
    "BaseModel": "models",
    "Cleaning": "method",
    "Country": "countries",
    "Coverage": "method",
    "Evidence": "organizations",
    "GroupScheme": "countries",
    "Method": "method",
    "Model": "models",
    "Organization": "organizations",
    "OrganizationKind": "organizations",
    "Panel": "panel",
    "Registry": "registry",
    "Relation": "models",
    "ShareTable": "shares.table",
    "Standing": "countries",
    "list_samples": "samples",
    "load_sample": "samples",
    "measure": "shares.measure",
    "read_panel": "sources.files",
}
_MODULES = ("attribution", "errors", "shares", "sources")

__all__ = [
    "Adjustments",
    "Affiliation",
    "BaseModel",
    "Cleaning",
    "Country",
    "Coverage",
    "Evidence",
    "GroupScheme",
    "Method",
    "Model",
    "Organization",
    "OrganizationKind",
    "Panel",
    "Registry",
    "Relation",
    "ShareTable",
    "Standing",
    "attribution",
    "errors",
    "list_samples",
    "load_sample",
    "measure",
    "read_panel",
    "shares",
    "sources",
]

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("ossgeo")
    if name in _MODULES:
        return import_module(f"ossgeo.{name}")
    if name in _HOMES:
        found = getattr(import_module(f"ossgeo.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module 'ossgeo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
