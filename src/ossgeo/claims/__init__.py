"""Published claims about shares, evaluated on a panel."""

from __future__ import annotations

from ossgeo.claims._evaluation import Evaluation, Verdict, evaluate
from ossgeo.claims._facts import Claim, Population, find, load

__all__ = ["Claim", "Evaluation", "Population", "Verdict", "evaluate", "find", "load"]
