"""Panels: counters of use over time, and the models that they count."""

from __future__ import annotations

from ossgeo._core.relations import Relation
from ossgeo.panel._filters import Where, decide, parse_where
from ossgeo.panel._models import BaseModel, Label, Model
from ossgeo.panel._openness import Openness, normalized_license, openness_of
from ossgeo.panel._panel import Panel
from ossgeo.panel._quality import QualityIssue, QualityReport

__all__ = [
    "BaseModel",
    "Label",
    "Model",
    "Openness",
    "Panel",
    "QualityIssue",
    "QualityReport",
    "Relation",
    "Where",
    "decide",
    "normalized_license",
    "openness_of",
    "parse_where",
]
