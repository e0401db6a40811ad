"""Whose open models does the world use? The geography of open AI models, measured in the open."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ossgeo import (
        analysis,
        attribution,
        claims,
        errors,
        external,
        plotting,
        plugins,
        registry,
        reports,
        review,
        shares,
        sources,
        testing,
    )
    from ossgeo import panel as panel
    from ossgeo._core.counter import Counter
    from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Coverage, Method
    from ossgeo._core.versions import show_versions
    from ossgeo._inventory import Inventory, inventory
    from ossgeo.attribution import explain
    from ossgeo.external import (
        adoption_shares,
        answer_shares,
        leaderboard_shares,
        read_leaderboard,
        read_leaderboards,
        read_owners,
    )
    from ossgeo.panel import BaseModel, Model, Panel, Relation
    from ossgeo.registry import (
        Affiliation,
        Country,
        Evidence,
        GroupScheme,
        Organization,
        OrganizationKind,
        OriginStatus,
        Registry,
    )
    from ossgeo.reports import profile, report
    from ossgeo.shares import (
        IncrementalAggregate,
        MeasureOptions,
        ShareTable,
        Weighted,
        explain_cell,
        license_drift,
        measure,
    )
    from ossgeo.sources import list_samples, load_sample, read_models, read_panel

_HOMES = {
    "Adjustment": "_core.method",
    "Adjustments": "_core.method",
    "Affiliation": "registry",
    "BaseModel": "panel",
    "Cleaning": "_core.method",
    "Country": "registry",
    "Counter": "_core.counter",
    "Coverage": "_core.method",
    "Evidence": "registry",
    "GroupScheme": "registry",
    "Inventory": "_inventory",
    "MeasureOptions": "shares",
    "Method": "_core.method",
    "Model": "panel",
    "Organization": "registry",
    "OrganizationKind": "registry",
    "Panel": "panel",
    "Registry": "registry",
    "Relation": "panel",
    "IncrementalAggregate": "shares",
    "ShareTable": "shares",
    "OriginStatus": "registry",
    "Weighted": "shares",
    "adoption_shares": "external",
    "answer_shares": "external",
    "explain": "attribution",
    "explain_cell": "shares",
    "inventory": "_inventory",
    "leaderboard_shares": "external",
    "license_drift": "shares",
    "list_samples": "sources",
    "load_sample": "sources",
    "measure": "shares",
    "profile": "reports",
    "read_leaderboard": "external",
    "read_leaderboards": "external",
    "read_owners": "external",
    "read_models": "sources",
    "read_panel": "sources",
    "report": "reports",
    "show_versions": "_core.versions",
}
_MODULES = (
    "analysis", "attribution", "claims", "errors", "external", "panel", "plotting", "plugins", "registry", "reports",
    "review", "shares", "sources", "testing",
)  # fmt: skip

__all__ = [
    "Adjustment",
    "Adjustments",
    "Affiliation",
    "BaseModel",
    "Cleaning",
    "Counter",
    "Country",
    "Coverage",
    "Evidence",
    "GroupScheme",
    "IncrementalAggregate",
    "Inventory",
    "MeasureOptions",
    "Method",
    "Model",
    "Organization",
    "OrganizationKind",
    "OriginStatus",
    "Panel",
    "Registry",
    "Relation",
    "ShareTable",
    "Weighted",
    "adoption_shares",
    "analysis",
    "answer_shares",
    "attribution",
    "claims",
    "errors",
    "explain",
    "explain_cell",
    "external",
    "inventory",
    "leaderboard_shares",
    "license_drift",
    "list_samples",
    "load_sample",
    "measure",
    "panel",
    "plotting",
    "plugins",
    "profile",
    "read_leaderboard",
    "read_leaderboards",
    "read_models",
    "read_owners",
    "read_panel",
    "registry",
    "report",
    "reports",
    "review",
    "shares",
    "show_versions",
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
