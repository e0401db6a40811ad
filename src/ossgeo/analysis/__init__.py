"""Analyses of shares: bounds, intervals, drivers, influence, growth, concentration, crossovers and sensitivity."""

from __future__ import annotations

from ossgeo.analysis._bounds import Bounds, bounds
from ossgeo.analysis._concentration import Concentration, concentration
from ossgeo.analysis._crossovers import Crossovers, crossovers
from ossgeo.analysis._drivers import Drivers, drivers
from ossgeo.analysis._growth import Growth, growth
from ossgeo.analysis._influence import Bootstrap, Influence, bootstrap, influence
from ossgeo.analysis._publishers import publishers
from ossgeo.analysis._relative import Relative, relative_to
from ossgeo.analysis._sensitivity import Sensitivity, sensitivity
from ossgeo.analysis._within import shares_within

__all__ = [
    "Bootstrap",
    "Bounds",
    "Concentration",
    "Crossovers",
    "Drivers",
    "Growth",
    "Influence",
    "Relative",
    "Sensitivity",
    "bootstrap",
    "bounds",
    "concentration",
    "crossovers",
    "drivers",
    "growth",
    "influence",
    "publishers",
    "relative_to",
    "sensitivity",
    "shares_within",
]
