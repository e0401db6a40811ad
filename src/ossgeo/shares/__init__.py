"""From flows and credits to share tables."""

from __future__ import annotations

from ossgeo.shares._aggregates import Aggregate
from ossgeo.shares._calculators.count_in_top import CountInTop
from ossgeo.shares._calculators.derivatives import Derivatives
from ossgeo.shares._calculators.downloads import Downloads
from ossgeo.shares._calculators.license_drift import LicenseDrift, license_drift
from ossgeo.shares._calculators.relative_adoption import RelativeAdoption
from ossgeo.shares._calculators.stock import Stock
from ossgeo.shares._calculators.supply import Supply
from ossgeo.shares._calculators.weighted import Weighted
from ossgeo.shares._drilldown import CellExplanation, explain_cell
from ossgeo.shares._incremental import IncrementalAggregate
from ossgeo.shares._measure import measure
from ossgeo.shares._options import MeasureOptions, MeasureOptionsDict
from ossgeo.shares._period_shares import PeriodShares
from ossgeo.shares._protocol import CalculatorBase, EventCalculator, Gives, ShareCalculator, credited
from ossgeo.shares._table import ShareTable

__all__ = [
    "Aggregate",
    "CalculatorBase",
    "CellExplanation",
    "CountInTop",
    "Derivatives",
    "Downloads",
    "EventCalculator",
    "Gives",
    "IncrementalAggregate",
    "LicenseDrift",
    "MeasureOptions",
    "MeasureOptionsDict",
    "PeriodShares",
    "RelativeAdoption",
    "ShareCalculator",
    "ShareTable",
    "Stock",
    "Supply",
    "Weighted",
    "credited",
    "explain_cell",
    "license_drift",
    "measure",
]
