"""Published claims about shares, evaluated on a panel."""

from __future__ import annotations

from ossgeo.claims._disputes import Dispute, disputes
from ossgeo.claims._evaluation import Evaluation, Verdict, evaluate
from ossgeo.claims._facts import Claim, Population, find, load, table
from ossgeo.claims._files import read

__all__ = [
    "Claim", "Dispute", "Evaluation", "Population", "Verdict", "disputes", "evaluate", "find", "load", "read", "table",
]  # fmt: skip
