"""Who made a model: strategies that turn models into credits."""

from __future__ import annotations

from typing import Final

from ossgeo.attribution.asking import credits_of, resolve
from ossgeo.attribution.base import Attribution, AttributionStrategy, Context, Credit, ModelTable
from ossgeo.attribution.combine import blend, first_of, override, when
from ossgeo.attribution.declared import Declared
from ossgeo.attribution.fixed import fixed
from ossgeo.attribution.headquarters import Headquarters
from ossgeo.attribution.lineage import direct_base, lineage, root
from ossgeo.attribution.membership import Membership
from ossgeo.attribution.publisher import Publisher
from ossgeo.attribution.repackagers import repackager_passthrough

__all__ = [
    "DEFAULT",
    "Attribution",
    "AttributionStrategy",
    "Context",
    "Credit",
    "Declared",
    "Headquarters",
    "Membership",
    "ModelTable",
    "Publisher",
    "blend",
    "credits_of",
    "direct_base",
    "first_of",
    "fixed",
    "lineage",
    "override",
    "repackager_passthrough",
    "resolve",
    "root",
    "when",
]

DEFAULT: Final = "publisher"
"""The strategy that is used where none is named."""
