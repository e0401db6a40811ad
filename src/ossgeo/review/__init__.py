"""Tools for contributors to the registry: gaps, checks, effects of changes, drafts, contents and export."""

from __future__ import annotations

from ossgeo.review._card import card, identified
from ossgeo.review._check import Finding, check, compare_with_ror, read_ror
from ossgeo.review._effects import Gaps, alternatives, gaps, impact
from ossgeo.review._export import export
from ossgeo.review._facts import facts, find, sample, show
from ossgeo.review._suggest import Suggestions, suggest

__all__ = [
    "Finding",
    "Gaps",
    "Suggestions",
    "alternatives",
    "card",
    "check",
    "compare_with_ror",
    "export",
    "facts",
    "find",
    "gaps",
    "identified",
    "impact",
    "read_ror",
    "sample",
    "show",
    "suggest",
]
