"""The picture of each result, as an Altair chart that users can change, show or save."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Unpack

import attrs

from ossgeo._core import engines
from ossgeo._core.display import PlotOptions, Plottable
from ossgeo.analysis import Bootstrap, Bounds, Concentration, Crossovers, Drivers, Growth, Influence, Sensitivity
from ossgeo.errors import InvalidArgumentError
from ossgeo.external._leaderboards import Leaderboard
from ossgeo.plotting import _analysis as drawn
from ossgeo.plotting._share_table import draw_table
from ossgeo.plotting._style import Look
from ossgeo.plugins import API_VERSION
from ossgeo.shares._table import ShareTable

if TYPE_CHECKING:
    import altair as alt


def plot(result: Plottable, **options: Unpack[PlotOptions]) -> alt.LayerChart:
    """Draw a result: a share table, or the result of an analysis.

    Every picture has the measured quantity, the scope of the panel and the days in its subtitle, and source, method and
    coverage below.

    Args:
        result: A share table, the result of bootstrap, bounds, concentration, crossovers, drivers, growth, influence or
            sensitivity, or a leaderboard.
        **options: See :class:`ossgeo.plotting.PlotOptions`.

    Returns:
        An Altair chart.

    Raises:
        InvalidArgumentError: The result cannot be drawn, or an option does not apply to it.
        EngineError: Altair is not installed.

    Example:
        >>> import ossgeo
        >>> chart = plot(ossgeo.measure(ossgeo.load_sample()), title="Three countries", width=600)
        >>> chart.to_dict()["title"]["text"]
        ['Three countries']
    """
    given: dict[str, Any] = dict(options)
    top = given.get("top", 1)
    if not isinstance(top, int) or top < 1:
        raise InvalidArgumentError(f"top must be a number of groups, got {top!r}")
    look = Look(**{name: given.pop(name) for name in _LOOK if name in given})
    for kind, (draw, allowed) in _DRAWN.items():
        if isinstance(result, kind):
            if strange := sorted(set(given) - allowed):
                raise InvalidArgumentError(
                    f"{', '.join(strange)}: no such option for {kind.__name__}; it has {', '.join(sorted(allowed) + list(_LOOK))}"
                )
            with engines.needs_extra("plot"):
                import altair  # noqa: F401  # a missing package is an EngineError
            chart: alt.LayerChart = draw(result, look, **given)
            return chart
    raise InvalidArgumentError(
        f"{type(result).__name__} cannot be drawn; the results with charts are {', '.join(kind.__name__ for kind in _DRAWN)}"
    )


class AltairBackend:
    """The plotting backend that draws with Altair."""

    name: ClassVar[str] = "altair"
    api_version: ClassVar[int] = API_VERSION

    def plot(self, result: Plottable, **options: Unpack[PlotOptions]) -> alt.LayerChart:
        """Draw a result; see :func:`plot`."""
        return plot(result, **options)


_LOOK: Final = tuple(field.name for field in attrs.fields(Look))
_TOP: Final = frozenset({"top"})
_DRAWN: Final[dict[type, tuple[Callable[..., Any], frozenset[str]]]] = {
    ShareTable: (draw_table, frozenset({"kind", "top", "bounds", "crossovers"})),
    Bootstrap: (drawn.draw_bootstrap, _TOP),
    Bounds: (drawn.draw_bounds, _TOP),
    Concentration: (drawn.draw_concentration, _TOP),
    Crossovers: (drawn.draw_crossovers, frozenset()),
    Drivers: (drawn.draw_drivers, _TOP),
    Growth: (drawn.draw_growth, _TOP),
    Influence: (drawn.draw_influence, _TOP),
    Sensitivity: (drawn.draw_sensitivity, _TOP),
    Leaderboard: (drawn.draw_leaderboard, _TOP),
}
