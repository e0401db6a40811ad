"""From a share to a finding: how sure it is, who moved it, which choice decides."""

from __future__ import annotations

from ossgeo.analysis.bounds import Bounds, bounds
from ossgeo.analysis.concentration import Concentration, concentration
from ossgeo.analysis.crossovers import Crossovers, crossovers
from ossgeo.analysis.drivers import Drivers, drivers
from ossgeo.analysis.growth import Growth, growth
from ossgeo.analysis.influence import Bootstrap, Influence, bootstrap, influence
from ossgeo.analysis.publishers import publishers
from ossgeo.analysis.sensitivity import Sensitivity, sensitivity

__all__ = [
    "Bootstrap",
    "Bounds",
    "Concentration",
    "Crossovers",
    "Drivers",
    "Growth",
    "Influence",
    "Sensitivity",
    "bootstrap",
    "bounds",
    "concentration",
    "crossovers",
    "drivers",
    "growth",
    "influence",
    "publishers",
    "sensitivity",
]
