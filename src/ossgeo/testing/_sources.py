"""Checks of sources."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo import plugins
from ossgeo._core.engines import collect
from ossgeo._core.schema import MODELS
from ossgeo.panel._cleaning import rows_are_usable, unlisted_models
from ossgeo.panel._panel import Panel
from ossgeo.panel._usable_rows import unusable_rows_error
from ossgeo.shares._measure import measure
from ossgeo.sources._protocol import SOURCE_CONTRACT, Source
from ossgeo.testing._runner import Check, Report, require_known_names, require_version, run


def source_checks(source: str | Source) -> tuple[Check, ...]:
    """Return the checks of a source, for example for ``pytest.mark.parametrize``.

    Args:
        source: The source, or the name of one that needs no configuration. It is read, several times.
    """
    subject = plugins.make("sources", source) if isinstance(source, str) else source
    return tuple(Check(name, subject, body) for name, body in _CHECKS.items())


def check_source(source: str | Source, *, expected_failures: Mapping[str, str] | None = None) -> Report:
    """Run every check of a source.

    Args:
        source: The source, or the name of one that needs no configuration. It is read, several times.
        expected_failures: Names of checks that must fail, each with the reason.

    Returns:
        How many checks ran.

    Raises:
        ConformanceError: With every check that failed, or passed although it was expected to fail.
        UnknownNameError: An expected failure names no check.
    """
    checks = source_checks(source)
    return run(str(getattr(checks[0].subject, "name", source)), checks, expected_failures)


def _is_a_source(source: Any) -> None:
    assert isinstance(source, Source), "it needs a name, api_version and panel()"
    assert source.name, "its name is empty"
    require_version(source)


def _has_no_misspelled_methods(source: Any) -> None:
    """A source may have methods of its own, but none whose name is nearly one of the contract."""
    require_known_names(source, SOURCE_CONTRACT, more_methods=True)


def _gives_a_panel(source: Any) -> None:
    panel = source.panel()
    assert isinstance(panel, Panel), f"the source returned {type(panel).__name__}, not a Panel"
    assert panel.source, "the panel does not say where it came from"


def _rows_stay_lazy(source: Any) -> None:
    panel = source.panel()
    assert isinstance(panel.rows, nw.LazyFrame), "the rows must be a Narwhals lazy frame"
    assert isinstance(panel.models, pl.LazyFrame), "the models must be a Polars lazy frame"


def _columns_are_known(source: Any) -> None:
    panel = source.panel()
    names = set(panel.rows.collect_schema().names())
    assert {"model_id", "period", panel.counter.column} <= names, f"the rows have {', '.join(sorted(names))}"
    strange = set(panel.models.collect_schema().names()) - {column.name for column in MODELS}
    assert not strange, f"the models have unknown columns {', '.join(sorted(strange))}"


def _periods_are_in_order(source: Any) -> None:
    periods = source.panel().periods
    assert periods, "the panel has no period"
    assert list(periods) == sorted(set(periods)), "periods are out of order, or twice"


def _rows_are_sound(source: Any) -> None:
    panel = source.panel()
    assert rows_are_usable(panel), str(unusable_rows_error(panel.rows, panel.counter, panel.source))
    twice = panel.rows.group_by("model_id", "period").agg(n=nw.len()).filter(nw.col("n") > 1)
    assert not collect(twice).height, "a model stands twice in a period"


def _every_row_has_a_model(source: Any) -> None:
    panel = source.panel()
    assert not unlisted_models(panel, panel.models.collect()).height, "rows have models that the models table has not"


def _deterministic(source: Any) -> None:
    one, other = source.panel(), source.panel()
    assert (one.counter, one.size) == (other.counter, other.size), "two readings differ"


def _totals_are_conserved(source: Any) -> None:
    panel = source.panel()
    if panel.counter.kind == "cumulative":
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = measure(panel).to_polars().group_by("period").agg(pl.col("value").sum())
    sums = panel.rows.group_by("period").agg(total=nw.col(panel.counter.column).cast(nw.Float64).sum())
    totals = dict(collect(sums).select("period", "total").iter_rows())
    for period, value in table.iter_rows():
        assert math.isclose(value, totals[period], rel_tol=1e-9), f"{period}: {value} of {totals[period]}"


_CHECKS: Final[dict[str, Callable[[Any], None]]] = {
    "is_a_source": _is_a_source,
    "has_no_misspelled_methods": _has_no_misspelled_methods,
    "gives_a_panel": _gives_a_panel,
    "rows_stay_lazy": _rows_stay_lazy,
    "columns_are_known": _columns_are_known,
    "periods_are_in_order": _periods_are_in_order,
    "rows_are_sound": _rows_are_sound,
    "every_row_has_a_model": _every_row_has_a_model,
    "deterministic": _deterministic,
    "totals_are_conserved": _totals_are_conserved,
}
