"""Checks of share calculators."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable, Mapping
from typing import Any, Final

import narwhals as nw
import polars as pl

from ossgeo._core.engines import wrap
from ossgeo._core.schema import MODELS
from ossgeo.shares._calculation import resolve_calculator
from ossgeo.shares._measure import measure
from ossgeo.shares._protocol import CALCULATOR_CONTRACT, ShareCalculator, gives_of
from ossgeo.shares._table import ShareTable
from ossgeo.sources._files.reader import read_panel
from ossgeo.testing._fixtures import World, hard_world, real_world
from ossgeo.testing._network import no_network
from ossgeo.testing._runner import Check, NotApplicable, Report, require_known_names, run


def calculator_checks(calculator: str | ShareCalculator) -> tuple[Check, ...]:
    """Return the checks of a calculator, for example for ``pytest.mark.parametrize``.

    Args:
        calculator: The calculator, or its name.
    """
    subject = resolve_calculator(calculator)
    return tuple(Check(name, subject, body) for name, body in _CHECKS.items())


def check_calculator(
    calculator: str | ShareCalculator, *, expected_failures: Mapping[str, str] | None = None
) -> Report:
    """Run every check of a calculator.

    Args:
        calculator: The calculator, or its name.
        expected_failures: Names of checks that must fail, each with the reason.

    Returns:
        How many checks ran, and which had nothing to look at.

    Raises:
        ConformanceError: With every check that failed, or passed although it was expected to fail.
        UnknownNameError: An expected failure names no check.

    Example:
        >>> print(check_calculator("downloads"))
        downloads: 14 checks ran, 14 passed
    """
    subject = resolve_calculator(calculator)
    return run(subject.name, calculator_checks(subject), expected_failures)


def _is_a_calculator(calculator: Any) -> None:
    assert isinstance(calculator, ShareCalculator), "it needs name, unit, requires, gives, api_version and aggregate"
    assert calculator.name, "its name is empty"
    assert isinstance(calculator.unit, str), "its unit must be text; empty for the unit of the counter"
    gives_of(calculator)


def _has_no_unknown_methods(calculator: Any) -> None:
    """A misspelled optional part would be ignored: every public method must be part of the contract."""
    require_known_names(calculator, CALCULATOR_CONTRACT)


def _requires_known_columns(calculator: Any) -> None:
    strange = set(calculator.requires) - {column.name for column in MODELS}
    assert not strange, f"the models table has no column {', '.join(sorted(strange))}"


def _stays_lazy(calculator: Any) -> None:
    answer = calculator.aggregate(*_tables(calculator), keys=("group",))
    assert isinstance(answer, nw.LazyFrame), f"it returned {type(answer).__name__}, not a Narwhals LazyFrame"


def _returns_its_columns(calculator: Any) -> None:
    columns = set(calculator.aggregate(*_tables(calculator), keys=("group",)).collect_schema().names())
    assert {"period", "group", "value"} <= columns, f"it returned {', '.join(sorted(columns))}"


def _groups_by_every_key(calculator: Any) -> None:
    flows, credits = _tables(calculator)
    flows = flows.with_columns(since=nw.col("period"), event=nw.lit(0))
    answer = calculator.aggregate(flows, credits, keys=("group", "since", "event"))
    assert {"period", "group", "since", "event", "value"} <= set(answer.collect_schema().names()), "it lost a key"


def _adds_up(calculator: Any) -> None:
    """The finer groups of a period add up to the coarser ones."""
    for world in (hard_world(), real_world()):
        if not set(calculator.requires) <= set(world.models.columns):
            continue  # the bundled sample does not have every column
        coarse, fine = (_totals(_measured(calculator, world, by=by)) for by in ("country", ("country", "organization")))
        assert coarse.keys() == fine.keys()
        for period, value in coarse.items():
            assert math.isclose(value, fine[period], rel_tol=1e-9), (
                f"{period}: {value} by country, {fine[period]} finer"
            )


def _splits_by_weight(calculator: Any) -> None:
    """Fractional and primary counting give one total."""
    world = hard_world()
    parts, wholes = (_totals(_measured(calculator, world, counting=counting)) for counting in ("fractional", "primary"))
    for period, value in wholes.items():
        assert math.isclose(value, parts[period], rel_tol=1e-9), f"{period}: {parts[period]} in parts, {value} whole"


def _independent_of_row_order(calculator: Any) -> None:
    world = hard_world()
    rows = world.panel.rows.to_native().collect().sample(fraction=1.0, shuffle=True, seed=5)
    other = read_panel(rows.rename({"period": "observed_at"}) if "observed_at" not in rows.columns else rows,
                       models=world.models)  # fmt: skip
    mixed = World(world.registry, world.models, other, world.days)
    left, right = _measured(calculator, world).to_polars(), _measured(calculator, mixed).to_polars()
    assert left.equals(right), "another order of rows gave another table"


def _deterministic(calculator: Any) -> None:
    world = hard_world()
    assert _measured(calculator, world).to_polars().equals(_measured(calculator, world).to_polars())


def _values_are_numbers(calculator: Any) -> None:
    values = _measured(calculator, hard_world()).to_polars()["value"].drop_nulls()
    assert values.is_finite().all(), "a value is not finite"
    assert (values >= 0).all(), "a value is negative"


def _can_be_pickled(calculator: Any) -> None:
    again = pickle.loads(pickle.dumps(calculator))  # noqa: S301  # made here
    world = hard_world()
    assert _measured(calculator, world).to_polars().equals(_measured(again, world).to_polars())


def _needs_no_network(calculator: Any) -> None:
    with no_network():
        _measured(calculator, hard_world())


def _runs_on_duckdb(calculator: Any) -> None:
    """The same expressions give the same table in a database."""
    try:
        import duckdb
    except ImportError:
        raise NotApplicable("duckdb is not installed") from None
    world = hard_world()
    rows = world.panel.rows.to_native().collect()
    with duckdb.connect() as connection:
        connection.register("rows", rows.to_arrow())
        panel = read_panel(connection.sql("select * from rows"), models=world.models)
        there = _measured(calculator, World(world.registry, world.models, panel, world.days)).to_polars()
    here = _measured(calculator, world).to_polars()
    assert there.select(pl.exclude("value", "share")).equals(here.select(pl.exclude("value", "share"))), "other groups"
    pairs = zip(there["value"], here["value"], strict=True)
    assert all(math.isclose(one, other, rel_tol=1e-9) for one, other in pairs), "other values"


_CHECKS: Final[dict[str, Callable[[Any], None]]] = {
    "is_a_calculator": _is_a_calculator,
    "has_no_unknown_methods": _has_no_unknown_methods,
    "requires_known_columns": _requires_known_columns,
    "stays_lazy": _stays_lazy,
    "returns_its_columns": _returns_its_columns,
    "groups_by_every_key": _groups_by_every_key,
    "adds_up": _adds_up,
    "splits_by_weight": _splits_by_weight,
    "independent_of_row_order": _independent_of_row_order,
    "deterministic": _deterministic,
    "values_are_numbers": _values_are_numbers,
    "can_be_pickled": _can_be_pickled,
    "needs_no_network": _needs_no_network,
    "runs_on_duckdb": _runs_on_duckdb,
}


def _tables(calculator: Any) -> tuple[nw.LazyFrame[Any], nw.LazyFrame[Any]]:
    world = hard_world()
    flows = world.panel.rows.to_native().select("model_id", "period", downloads="downloads_30d")
    columns = ["model_id", *sorted(calculator.requires)]
    days = world.models.lazy().with_columns(pl.col("created_at").dt.date())
    credits = days.select(*columns, group=pl.lit(0, pl.Int32), weight=pl.lit(1.0))
    return wrap(flows), wrap(credits)


def _measured(calculator: Any, world: World, **choices: Any) -> ShareTable:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return measure(world.panel, calculator=calculator, registry=world.registry, models=world.models, **choices)


def _totals(table: ShareTable) -> dict[Any, float]:
    return dict(table.to_polars().group_by("period").agg(pl.col("value").sum()).iter_rows())
