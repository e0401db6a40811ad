"""Flows multiplied by a weight of each model, such as its price."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Self

import attrs
import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.method import Adjustment
from ossgeo._core.text import counted
from ossgeo.errors import Fault, InvalidArgumentError, PanelError
from ossgeo.panel._age_cap import day_number
from ossgeo.panel._flow_rows import Flows
from ossgeo.shares._calculators.built_in import BuiltInCalculator
from ossgeo.shares._calculators.downloads import Downloads
from ossgeo.shares._protocol import Gives

_DATED_ID: Final = r"-\d{8}(:[\w.-]+)?$"
_SHOWN: Final = 5
_COLUMNS: Final = {"model_id": pl.String, "weight": pl.Float64, "start": pl.Date, "end": pl.Date}
_ROUNDING: Final = 1e-12


@attrs.frozen(eq=False, init=False)
class Weighted(BuiltInCalculator):
    """The sum of flows, each multiplied by the weight of its model: with prices a token, dollars.

    A flow whose interval has several weights is split by days, evenly. Models without a weight are left out, and the
    adjustment ``weight_unknown`` counts their volume and the largest value that it may have. An id with a date, such as ``x-ai/grok-4-20250709``, has the weight
    of the id without it, unless the table has its own; a variant such as ``:free`` always needs its own.

    Attributes:
        weights: One row for each model and span: model_id, weight, start, end (half-open).
        unit: The unit of the product.
        label: The origin of the weights, for the Method.

    Example:
        >>> import ossgeo, polars as pl
        >>> rows = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "date": ["2026-01-04"] * 2, "tokens": [100, 100]})
        >>> panel = ossgeo.read_panel(rows, counter="tokens_per_1d")
        >>> prices = pl.DataFrame({"model_id": ["Qwen/a", "google/b"], "weight": [1e-6, 3e-6]})
        >>> round(ossgeo.measure(panel, calculator=ossgeo.Weighted(prices, unit="US dollars")).at()["CN"], 4)
        0.25
    """

    requires: ClassVar[frozenset[str]] = frozenset()
    gives: ClassVar[Gives] = "flow"
    weights: pl.DataFrame
    unit: str
    label: str

    def __init__(self, prices: IntoFrame, *, unit: str, label: str | None = None) -> None:
        """Check the weights.

        Args:
            prices: Columns model_id, weight and, optionally, start and end (the first day of a weight, and the first day on
                which it no longer holds); any dataframe.
            unit: The unit of a count times its weight, such as ``US dollars``.
            label: The origin of the weights, in words; by default a checksum.

        Raises:
            InvalidArgumentError: ``unit`` is empty, or ``prices`` is not a dataframe with these columns.
            PanelError: With every row whose weight is missing, negative or not finite, or whose span overlaps another.
        """
        if not isinstance(unit, str) or not unit.strip():
            raise InvalidArgumentError(f"unit must be text such as 'US dollars', got {unit!r}")
        table = _weights(prices)
        digest = hashlib.sha256(table.write_csv().encode()).hexdigest()[:8]
        self.__attrs_init__(table, unit, label or f"table {digest}")

    @property
    def name(self) -> str:
        """The name, with the origin of the weights."""
        return f"weighted ({self.label})"

    @classmethod
    def prices(cls, *, input_share: float = 0.75) -> Self:
        """Return dollars at the list prices of OpenRouter, from the library genai-prices (extra ``prices``).

        Prices by tier are those of the lowest tier; cached tokens and discounts are not considered.

        Args:
            input_share: The part of the tokens that are input (prompt) tokens, from 0 to 1; the others are output.

        Raises:
            InvalidArgumentError: ``input_share`` is not from 0 to 1.
            EngineError: genai-prices is not installed.

        Source: https://github.com/pydantic/genai-prices
        """
        if isinstance(input_share, bool) or not isinstance(input_share, int | float) or not 0 <= input_share <= 1:
            raise InvalidArgumentError(f"input_share must be a number from 0 to 1, got {input_share!r}")
        from ossgeo.shares._calculators.token_prices import listed_prices

        table, release = listed_prices(float(input_share))
        return cls(table, unit="US dollars", label=f"genai-prices {release}, {input_share:.0%} input tokens")

    def weigh(self, flows: Flows, models: pl.DataFrame, counter: Counter, notes: list[Adjustment]) -> Flows:
        """Return flows in the unit of the product.

        Args:
            flows: The flows.
            models: The models table; ``platform_id`` is used for ids that have no weight of their own.
            counter: The counter of the flows.
            notes: Receives the volume without a weight.
        """
        table = self._of_models(models)
        frame = flows.frame
        joined = frame.join(engines.send(table, frame), on="model_id")
        dated = table.filter((pl.col("start") > BEGINNING) | (pl.col("end") < END)).height > 0
        joined = _within_spans(joined, flows.keys, counter) if dated else joined
        volume = nw.col("downloads").cast(nw.Float64).sum()
        all_, known = (engines.collect(some.select(volume)).item() or 0.0 for some in (frame, joined))
        if all_ - known > all_ * _ROUNDING:
            ids = models.join(table, on="model_id", how="anti").height
            highest = float(self.weights["weight"].max() or 0.0)  # type: ignore[arg-type]  # a number
            note = (
                f"without a weight, left out ({counted(ids, 'models')}); at the highest weight of the table at most "
                f"{(all_ - known) * highest:,.0f} {self.unit}"
            )
            notes.append(Adjustment("weight_unknown", all_ - known, counter.unit, note))
        weighted = nw.col("downloads").cast(nw.Float64) * nw.col("weight_of_model")
        product = joined.with_columns(downloads=weighted).select("model_id", "period", *flows.keys, "downloads")
        return Flows(product, flows.keys)

    def aggregate(
        self, flows: nw.LazyFrame[Any], credits: nw.LazyFrame[Any], *, keys: Sequence[str]
    ) -> nw.LazyFrame[Any]:
        """Sum weighted flows by period and keys.

        Args:
            flows: model_id, period, downloads (in the unit of the product) and some of the keys.
            credits: model_id, weight and the rest of the keys.
            keys: What to group by.

        Returns:
            period, every key, value.
        """
        return Downloads().aggregate(flows, credits, keys=keys)

    def _of_models(self, models: pl.DataFrame) -> pl.DataFrame:
        """Return model_id, start, end and weight_of_model of the models that have a weight."""
        names = [pl.col("model_id"), pl.col("model_id").str.replace(_DATED_ID, "${1}")]
        names += [pl.col("platform_id")] if "platform_id" in models.columns else []
        found = self.weights.clear()
        for name in names:
            left = models.join(found, on="model_id", how="anti").select("model_id", name=name)
            more = left.join(self.weights.rename({"model_id": "name"}), on="name")
            found = pl.concat([found, more.select(found.columns)])
        return found.rename({"weight": "weight_of_model"})


def _typed(column: pl.Series, kind: Any) -> pl.Series:
    """Return a column of prices in its type."""
    dated = kind == pl.Date and column.dtype == pl.String
    found = column.str.to_date("%Y-%m-%d", strict=False) if dated else column.cast(kind, strict=False)
    wrong = column.filter(found.is_null() & column.is_not_null())
    if wrong.len():
        wanted = {pl.Float64: "numbers", pl.Date: "dates"}.get(kind, "text")
        raise PanelError.of("prices", f"column {column.name} must hold {wanted}, got {wrong[0]!r}", "convert it")
    return found


def _weights(prices: Any) -> pl.DataFrame:
    """Return checked weights: model_id, weight, start, end."""
    try:
        table = engines.collect(engines.lazy(prices))
    except Exception as error:
        raise InvalidArgumentError(f"prices must be a dataframe, got {type(prices).__name__}") from error
    if missing := [name for name in ("model_id", "weight") if name not in table.columns]:
        raise InvalidArgumentError(f"prices must have a column {missing[0]!r}, got {', '.join(table.columns)}")
    table = table.with_columns(pl.lit(None).alias(name) for name in ("start", "end") if name not in table.columns)
    table = table.select(_typed(table[name], kind) for name, kind in _COLUMNS.items())
    table = table.with_columns(pl.col("start").fill_null(BEGINNING), pl.col("end").fill_null(END)).sort(
        "model_id", "start"
    )
    weight = pl.col("weight")
    before = pl.col("end").shift(1).over("model_id")
    problems = {
        "has no model_id": pl.col("model_id").is_null(),
        "must have a weight of 0 or more": weight.is_null() | ~weight.is_finite() | (weight < 0),
        "ends before it starts": pl.col("end") <= pl.col("start"),
        "overlaps another span of the model": pl.col("start") < before,
    }
    faults = [
        Fault("prices", f"{row['model_id']} from {row['start']} with weight {row['weight']} {problem}")
        for problem, condition in problems.items()
        for row in table.filter(condition.fill_null(value=False)).head(_SHOWN).iter_rows(named=True)
    ]
    if faults:
        raise PanelError("prices cannot be used", faults)
    return table


def _within_spans(joined: nw.LazyFrame[Any], keys: Sequence[str], counter: Counter) -> nw.LazyFrame[Any]:
    """Keep of each flow the part of its days that lies within the span of the weight.

    A flow whose first day is not known has the weight of its last day.
    """
    last = day_number("period")
    if "since" in keys:
        before = day_number("since")
    else:
        before = last - (1 if counter.days is None or counter.kind == "cumulative" else counter.days)
    first, end = nw.max_horizontal(day_number("start"), before + 1), nw.min_horizontal(day_number("end"), last + 1)
    days = (end - first).cast(nw.Float64)
    part = nw.col("downloads").cast(nw.Float64) * nw.col("days") / (last - before).cast(nw.Float64)
    return joined.with_columns(days=days).filter(nw.col("days") > 0).with_columns(downloads=part)
