"""The conformance kit for authors of strategies, calculators and sources, with or without pytest.

Each ``check_*`` runs every check and says how many ran; each ``*_checks`` returns them one by one::

    @pytest.mark.parametrize("check", ossgeo.testing.attribution_checks(MyRule()), ids=str)
    def test_my_rule(check):
        check()
"""

from __future__ import annotations

from ossgeo.testing._calculators import calculator_checks, check_calculator
from ossgeo.testing._fixtures import World, hard_world, real_world
from ossgeo.testing._network import no_network
from ossgeo.testing._runner import Check, NotApplicable, Report
from ossgeo.testing._sources import check_source, source_checks
from ossgeo.testing._strategies import attribution_checks, check_attribution_strategy

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
