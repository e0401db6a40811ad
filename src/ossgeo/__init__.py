"""Whose open models does the world use? The geography of open AI models, measured in the open."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ossgeo import errors
from ossgeo.countries import Country, GroupScheme, Standing
from ossgeo.models import BaseModel, Model, Relation
from ossgeo.organizations import Affiliation, Evidence, Organization, OrganizationKind
from ossgeo.registry import Registry

if TYPE_CHECKING:
    from ossgeo import analysis, attribution, claims, openness, plugins, review, shares, sources, testing
    from ossgeo.attribution.explain import explain
    from ossgeo.method import Adjustments, Cleaning, Coverage, Method
    from ossgeo.panel import Panel
    from ossgeo.reporting.page import report
    from ossgeo.reporting.profile import profile
    from ossgeo.samples import list_samples, load_sample
    from ossgeo.shares.adoption import adoption_shares
    from ossgeo.shares.cells import explain_cell
    from ossgeo.shares.leaderboards import leaderboard_shares, read_leaderboard
    from ossgeo.shares.measure import measure
    from ossgeo.shares.saved import SavedAggregate
    from ossgeo.shares.table import ShareTable
    from ossgeo.sources.files import read_panel

_HOMES = {
    "Adjustments": "method",
    "Cleaning": "method",
    "Coverage": "method",
    "Method": "method",
    "Panel": "panel",
    "SavedAggregate": "shares.saved",
    "ShareTable": "shares.table",
    "adoption_shares": "shares.adoption",
    "explain": "attribution.explain",
    "explain_cell": "shares.cells",
    "leaderboard_shares": "shares.leaderboards",
    "list_samples": "samples",
    "load_sample": "samples",
    "measure": "shares.measure",
    "profile": "reporting.profile",
    "read_leaderboard": "shares.leaderboards",
    "read_panel": "sources.files",
    "report": "reporting.page",
}
_MODULES = ("analysis", "attribution", "claims", "openness", "plugins", "review", "shares", "sources", "testing")

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
    "SavedAggregate",
    "ShareTable",
    "Standing",
    "adoption_shares",
    "analysis",
    "attribution",
    "claims",
    "errors",
    "explain",
    "explain_cell",
    "leaderboard_shares",
    "list_samples",
    "load_sample",
    "measure",
    "openness",
    "plugins",
    "profile",
    "read_leaderboard",
    "read_panel",
    "report",
    "review",
    "shares",
    "sources",
    "testing",
]


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
