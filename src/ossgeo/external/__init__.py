"""External tables that are not counters over time: leaderboards and surveys of adoption."""

from __future__ import annotations

from ossgeo.external._adoption import adoption_shares, wilson
from ossgeo.external._leaderboards import Leaderboard, leaderboard_shares, read_leaderboard

__all__ = [
    "Leaderboard",
    "adoption_shares",
    "leaderboard_shares",
    "read_leaderboard",
    "wilson",
]
