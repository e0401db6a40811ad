"""Countries, organizations, and the dated registry that connects them with evidence."""

from __future__ import annotations

from ossgeo.registry._alternatives import disputed_models, disputed_organizations, with_alternatives
from ossgeo.registry._classification import (
    find_roles,
    get_kind,
    namespace_seats,
    namespaces_with_role,
    organization_kinds,
)
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._facts import Span
from ossgeo.registry._groups import GroupMember, GroupScheme
from ossgeo.registry._identifiers import Identifiers
from ossgeo.registry._lineage import LineageFact
from ossgeo.registry._merge import RegistryDiff
from ossgeo.registry._organizations import Affiliation, Evidence, Organization, OrganizationKind, Ownership
from ossgeo.registry._registry import Registry

__all__ = [
    "Affiliation",
    "Country",
    "Evidence",
    "GroupMember",
    "GroupScheme",
    "Identifiers",
    "LineageFact",
    "Organization",
    "OrganizationKind",
    "OriginStatus",
    "Ownership",
    "Registry",
    "RegistryDiff",
    "Span",
    "disputed_models",
    "disputed_organizations",
    "find_roles",
    "get_kind",
    "namespace_seats",
    "namespaces_with_role",
    "organization_kinds",
    "with_alternatives",
]
