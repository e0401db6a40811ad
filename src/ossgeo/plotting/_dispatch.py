"""The picture of each result, as an Altair chart that users can go on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from ossgeo._core import engines
from ossgeo.analysis import Bootstrap, Bounds, Concentration, Crossovers, Drivers, Growth, Influence, Sensitivity
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._leaderboards import Leaderboard
from ossgeo.plotting._analysis import (
    draw_bootstrap,
    draw_bounds,
    draw_concentration,
    draw_crossovers,
    draw_drivers,
    draw_growth,
    draw_influence,
    draw_leaderboard,
    draw_sensitivity,
)
from ossgeo.plotting._share_table import draw_table
from ossgeo.shares._table import ShareTable


def plot(result: Any, **options: Any) -> Any:
    """Draw a result: a share table, or what an analysis returned.

    Args:
        result: A share table, or the result of bootstrap, bounds, concentration, crossovers, drivers, growth, influence or sensitivity, or a
            leaderboard.
        **options: ``theme``: ``light`` or ``dark``; ``top``: how many groups are drawn by themselves (the others are one
            group, so that totals are kept). For share tables also ``kind``: ``line``, ``stacked``, ``ranks``, ``bars`` (one
            period), ``map`` (countries at the last period) or ``matrix`` (two keys), by default the one that fits the keys; ``bounds``: the result of
            ``ossgeo.analysis.bounds``, drawn as a band; ``crossovers``: the result of ``ossgeo.analysis.crossovers``,
            drawn as marks.

    Returns:
        An Altair chart.

    Raises:
        InvalidArgumentError: The result cannot be drawn, or an option does not apply to it.
        EngineError: Altair is not installed.
    """
    top = options.get("top", 1)
    if not isinstance(top, int) or top < 1:
        raise InvalidArgumentError(f"top must be a number of groups, got {top!r}")
    for kind, draw in _DRAWN.items():
        if isinstance(result, kind):
            with engines.needs_extra("plot"):
                import altair  # noqa: F401  # told apart from faults of a picture
            return draw(result, **options)
    raise InvalidArgumentError(
        f"{type(result).__name__} cannot be drawn; the results with charts are {', '.join(kind.__name__ for kind in _DRAWN)}"
    )


_DRAWN: Final[dict[type, Callable[..., Any]]] = {
    ShareTable: draw_table,
    Bootstrap: draw_bootstrap,
    Bounds: draw_bounds,
    Concentration: draw_concentration,
    Crossovers: draw_crossovers,
    Drivers: draw_drivers,
    Growth: draw_growth,
    Influence: draw_influence,
    Sensitivity: draw_sensitivity,
    Leaderboard: draw_leaderboard,
}
