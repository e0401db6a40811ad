"""``measure``: from a panel to a share table, in one pass over the panel."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from narwhals.typing import IntoFrame

from ossgeo import attribution as attributions
from ossgeo._core.method import Cleaning, Counting, Denominator, Incomplete, Method
from ossgeo.attribution import AttributionStrategy
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._filters import Where
from ossgeo.panel._models_panel import panel_of_models
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import By
from ossgeo.shares._options import MeasureOptions, options_of
from ossgeo.shares._pipeline import Plan
from ossgeo.shares._protocol import ShareCalculator
from ossgeo.shares._table import ShareTable


def measure(
    panel: Panel | IntoFrame,
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
    incomplete: Incomplete = "mark",
    as_of: str | dt.date = "flow",
    where: Where | None = None,
    cleaning: Cleaning | None = None,
    registry: Registry | None = None,
    models: Panel | IntoFrame | str | Path | None = None,
) -> ShareTable:
    """Measure the shares of groups in a panel.

    The options are those of :class:`ossgeo.MeasureOptions`.

    Args:
        panel: Counters over time; or a models table, such as ``read_models`` returns, whose publications are counted
            (``calculator="supply"`` by default then).
        method: A method to measure by again. It determines every option; only ``registry`` and ``models`` may be given
            with it.
        by: ``country``, ``organization``, ``kind`` (of organization, see :func:`ossgeo.registry.get_kind`), ``namespace``,
            ``model``, ``builder_country`` and ``base_country`` (of the publisher, and of the root models, whatever the
            attribution), ``root_evidence`` (what the root models rest on), ``relation`` (how a model was made), a dimension of
            the panel, a group scheme or its name (``eu``, ``g7``, ``g20``, ``oecd``, ``asean``, ``brics``, ``study``, ``continents``, ``nato``,
            ``african-union``, ``gcc``, ``mercosur``, ``subregions``, ``world-bank-income``, ``world-bank-regions``), or a tuple
            or list of these.
        calculator: The measured quantity: a calculator, or the name of one: ``downloads``, ``flow``, ``stock``, ``supply``,
            ``count-in-top``, ``derivatives``, ``license-drift``, ``relative-adoption``.
        attribution: To whom a model is credited: a strategy, or the name of one: ``publisher``, ``direct-base``, ``root``,
            ``lineage``, ``repackager-passthrough``, ``undeclared``, ``configuration``, ``fingerprint``,
            ``headquarters``, ``membership``, ``declared``, ``account-type``, ``study-publisher``, ``study-derived``.
        counting: ``fractional`` (weights), ``full`` (each group of a model counts 1; shares do not sum to 1) or
            ``primary`` (the group with the largest summed weight takes all).
        denominator: ``all``, or ``attributed`` (known countries only; statuses keep their rows, with null share).
        every: Calendar step of the periods, such as ``1mo`` or ``1q``; a flow across a border is split by days. A period
            is named by its last day, and the latest one at most by the last observation. By default each observation is
            a period.
        window: Length in days or weeks of a rolling sum that ends at each period, such as ``365d``.
        age_cap: A model's downloads count only until the model has this age, such as ``365d``.
        incomplete: The policy for periods of which less than nine tenths of the days are observed: ``mark`` keeps
            them, ``drop`` leaves them out, ``scale`` scales the value of a period that reaches beyond the first or last
            observation to its whole length.
        as_of: Date of the registry and of the membership of group schemes: ``flow`` (the end of each flow), ``creation`` (of
            the model), or a date.
        where: Filter on models, in numerator and denominator alike: a mapping from columns to a value, a collection of
            values or a pair (low, high), or a Narwhals expression.
        cleaning: The policy for each quality issue.
        registry: The registry; by default the bundled one.
        models: A models table to use instead of the panel's, in any form that ``read_models`` takes, or a panel with one.

    Returns:
        One row for each period and group, sorted by period and falling value: period, the keys, value (in the
        calculator's unit), share (fraction in [0, 1]) and observed (the part of the period's days that was observed); with
        method, coverage and adjustments. A period that was not observed has rows with null value and share.

    Raises:
        InvalidArgumentError: The options, or the panel and the options, do not fit.
        PanelError: The panel has rows that cannot be used.
        PluginNotFoundError: No calculator or strategy has the name.
        AttributionContractError: The strategy broke its contract.

    Warns:
        VoidOptionWarning: The attribution has no effect, because the models table lacks a column that it needs.
        StaleDataWarning: The panel was checked and has a stale observation, which is kept.
        LowCoverageWarning: A period's total is zero, or less than half of the last period's downloads are reviewed.

    Example:
        >>> import ossgeo
        >>> table = ossgeo.measure(ossgeo.load_sample("labs-2025"), denominator="attributed")
        >>> table.method.denominator, round(table.at()["CN"], 3)
        ('attributed', 0.182)
    """
    if not isinstance(panel, Panel):
        panel = panel_of_models(panel)
        calculator = "supply" if calculator == "downloads" else calculator
    options = MeasureOptions(
        by=by, calculator=calculator, attribution=attribution, counting=counting, denominator=denominator, every=every,
        window=window, age_cap=age_cap, incomplete=incomplete, as_of=as_of, where=where, cleaning=cleaning,
    )  # fmt: skip
    if method is None:
        return Plan.of(panel, options, registry=registry, models=models).run().aggregate.table()
    if not isinstance(method, Method):
        raise InvalidArgumentError(f"method must be a Method, got {method!r}; table.method is one")
    if doubled := options.changed():
        raise InvalidArgumentError(
            f"method= determines every option; leave out {', '.join(doubled)}, or measure without method="
        )
    used = registry or method.choices.get("registry") or Registry.default()
    if used.version != method.registry:
        raise InvalidArgumentError(
            f"registry must have version {method.registry}, as in the method, got {used.version}; give registry="
        )
    return Plan.of(panel, options_of(method), registry=used, models=models).run().aggregate.table()
