"""The conformance kit: what authors of strategies, calculators and sources run, with pytest or without.

Each ``check_*`` runs every check and says how many ran; each ``*_checks`` returns them one by one::

    @pytest.mark.parametrize("check", ossgeo.testing.attribution_checks(MyRule()), ids=str)
    def test_my_rule(check):
        check()
"""

from __future__ import annotations

from ossgeo.testing.calculators import calculator_checks, check_calculator
from ossgeo.testing.isolation import no_network
from ossgeo.testing.report import Check, NotApplicable, Report
from ossgeo.testing.sources import check_source, source_checks
from ossgeo.testing.strategies import attribution_checks, check_attribution_strategy
from ossgeo.testing.worlds import World, hard_world, real_world

__all__ = [
    "Check",
    "NotApplicable",
    "Report",
    "World",
    "attribution_checks",
    "calculator_checks",
    "check_attribution_strategy",
    "check_calculator",
    "check_source",
    "hard_world",
    "no_network",
    "real_world",
    "source_checks",
]
