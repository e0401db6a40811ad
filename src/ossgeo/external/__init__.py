"""External tables that are not counters over time: leaderboards and surveys of adoption."""

from __future__ import annotations

from ossgeo._core.proportions import wilson
from ossgeo.external._adoption import adoption_shares
from ossgeo.external._answers import answer_shares
from ossgeo.external._leaderboard_history import LeaderboardHistory, read_leaderboards
from ossgeo.external._leaderboards import BoardOptions, Leaderboard, leaderboard_shares, read_leaderboard
from ossgeo.external._owners import read_owners

__all__ = [
    "BoardOptions",
    "Leaderboard",
    "LeaderboardHistory",
    "adoption_shares",
    "answer_shares",
    "leaderboard_shares",
    "read_leaderboard",
    "read_leaderboards",
    "read_owners",
    "wilson",
]
