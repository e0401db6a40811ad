"""Published claims about shares, evaluated on a panel."""

from __future__ import annotations

from ossgeo.claims._evaluation import Claim, Evaluation, Verdict, evaluate, find, load

__all__ = [
    "Claim",
    "Evaluation",
    "Verdict",
    "evaluate",
    "find",
    "load",
]
