"""Who made a model: strategies that turn models into credits."""

from __future__ import annotations

from typing import Final

from ossgeo.attribution._combinators import Blend, FirstOf, Override, When, blend, first_of, override, when
from ossgeo.attribution._evaluation import credits_of, resolve
from ossgeo.attribution._explain import Explanation, Step, explain
from ossgeo.attribution._protocol import (
    Attribution,
    AttributionStrategy,
    Context,
    Credit,
    Delegation,
    ModelTable,
    StrategyBase,
)
from ossgeo.attribution._strategies.account_type import AccountType
from ossgeo.attribution._strategies.declared import Declared
from ossgeo.attribution._strategies.headquarters import Headquarters
from ossgeo.attribution._strategies.inferred import Inferred, configuration, fingerprint, read_configs
from ossgeo.attribution._strategies.labels import Labeled
from ossgeo.attribution._strategies.lineage import DirectBase, Lineage, Root, direct_base, lineage, root
from ossgeo.attribution._strategies.membership import Membership
from ossgeo.attribution._strategies.publisher import Publisher
from ossgeo.attribution._strategies.repackagers import RepackagerPassthrough, repackager_passthrough
from ossgeo.attribution._strategies.table import Table, table
from ossgeo.attribution._strategies.undeclared import Undeclared, undeclared

__all__ = [
    "DEFAULT",
    "AccountType",
    "Attribution",
    "AttributionStrategy",
    "Blend",
    "Context",
    "Credit",
    "Declared",
    "Delegation",
    "DirectBase",
    "Explanation",
    "FirstOf",
    "Headquarters",
    "Inferred",
    "Labeled",
    "Lineage",
    "Membership",
    "ModelTable",
    "Override",
    "Publisher",
    "RepackagerPassthrough",
    "Root",
    "Step",
    "StrategyBase",
    "Table",
    "Undeclared",
    "When",
    "blend",
    "configuration",
    "credits_of",
    "direct_base",
    "explain",
    "fingerprint",
    "first_of",
    "lineage",
    "override",
    "read_configs",
    "repackager_passthrough",
    "resolve",
    "root",
    "table",
    "undeclared",
    "when",
]

DEFAULT: Final = "publisher"
"""The strategy that is used by default."""
