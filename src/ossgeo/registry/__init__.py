"""Countries, organizations, and the dated registry that connects them with evidence."""

from __future__ import annotations

from ossgeo.registry._countries import Country, GroupMember, GroupScheme, OriginStatus
from ossgeo.registry._organizations import Affiliation, Evidence, Organization, OrganizationKind, Ownership
from ossgeo.registry._registry import Registry, RegistryDiff
from ossgeo.registry._tables import Span

__all__ = [
    "Affiliation",
    "Country",
    "Evidence",
    "GroupMember",
    "GroupScheme",
    "Organization",
    "OrganizationKind",
    "OriginStatus",
    "Ownership",
    "Registry",
    "RegistryDiff",
    "Span",
]
