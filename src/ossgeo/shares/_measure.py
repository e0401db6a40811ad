"""``measure``: from a panel to a share table, in one pass over the panel."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ossgeo import attribution as attributions
from ossgeo._core.method import Cleaning, Counting, Denominator, Method
from ossgeo.attribution import AttributionStrategy
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._filters import Where
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import By
from ossgeo.shares._pipeline import choices_of, is_default, plan_of
from ossgeo.shares._protocol import ShareCalculator
from ossgeo.shares._table import ShareTable


def measure(
    panel: Panel,
    *,
    method: Method | None = None,
    by: By = "country",
    calculator: str | ShareCalculator = "downloads",
    attribution: str | AttributionStrategy = attributions.DEFAULT,
    counting: Counting = "fractional",
    denominator: Denominator = "all",
    every: str | None = None,
    window: str | dt.timedelta | None = None,
    age_cap: str | dt.timedelta | None = None,
    as_of: str | dt.date = "flow",
    where: Where | None = None,
    cleaning: Cleaning | None = None,
    registry: Registry | None = None,
    models: Any = None,
) -> ShareTable:
    """Measure the shares of groups in a panel.

    Args:
        panel: Counters over time.
        method: A method to measure by again; the other choices are then taken from it, and only ``registry`` and
            ``models`` may stand beside it.
        by: ``country``, ``organization``, ``kind`` (of organization, see :meth:`ossgeo.Registry.kind`), ``namespace``, ``model``,
            a group scheme or its name, or a tuple of these.
        calculator: What is measured: a name or an object.
        attribution: Who a model is credited to: a name or a strategy.
        counting: ``fractional`` (weights), ``full`` (each group of a model counts 1; shares do not sum to 1) or
            ``primary`` (the largest weight takes all).
        denominator: ``all``, or ``attributed``: known countries only; statuses keep their rows, with null share.
        every: Calendar step of the periods, such as ``1mo`` or ``1q``; a flow across a border is split by days. A period is
            named by its last day. Absent: one period an observation.
        window: Length of a rolling sum that ends at each period, such as ``365d``.
        age_cap: Count a model's downloads only until it is that old, such as ``365d``.
        as_of: Date of the registry: ``flow`` (the end of each interval), ``creation`` (of the model), or a date as such
            or as ISO text.
        where: Filter on models, in numerator and denominator alike; see :func:`ossgeo.panel._filters.decide`.
        cleaning: What is done about each issue.
        registry: The registry; the bundled one where absent.
        models: A models table to use instead of the panel's.

    Returns:
        One row for each period and group, sorted by period and falling value: period, the keys, value (in the
        calculator's unit), share (fraction in [0, 1]); with method, coverage and adjustments.

    Raises:
        InvalidArgumentError: The choices, or the panel and the choices, do not fit.
        PanelError: The panel has rows that cannot be used.
        PluginNotFoundError: No calculator or strategy has the name.
        AttributionContractError: The strategy broke its contract.

    Warns:
        StaleDataWarning: The panel was checked, and has a stale observation that is kept.
        LowCoverageWarning: A period's total is zero, or less than half of the last one's downloads are reviewed.

    Example:
        >>> import ossgeo
        >>> table = ossgeo.measure(ossgeo.load_sample("labs-2025"), denominator="attributed")
        >>> table.method.denominator, round(table.at()["CN"], 3)
        ('attributed', 0.182)
    """
    choices: dict[str, Any] = {
        "by": by,
        "calculator": calculator,
        "attribution": attribution,
        "counting": counting,
        "denominator": denominator,
        "every": every,
        "window": window,
        "age_cap": age_cap,
        "as_of": as_of,
        "where": where,
        "cleaning": cleaning,
    }
    if method is None:
        return plan_of(panel, registry=registry, models=models, **choices).run().aggregate.table()
    if not isinstance(method, Method):
        raise InvalidArgumentError(f"method={method!r} is no Method; take that of a table")
    if doubled := [name for name, value in choices.items() if not is_default(name, value)]:
        raise InvalidArgumentError(
            f"method= makes every choice; leave out {', '.join(doubled)}, or measure without method="
        )
    used = registry or method.choices.get("registry") or Registry.default()
    if used.version != method.registry:
        raise InvalidArgumentError(
            f"the method was made with registry {method.registry}, this is {used.version}; give registry="
        )
    again = plan_of(panel, registry=used, models=models, **choices_of(method))
    return again.run().aggregate.table()
