"""List prices of tokens, from the library genai-prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import BEGINNING, END

_PLATFORM: Final = "openrouter"
_SCHEMA: Final[dict[str, Any]] = {"model_id": pl.String, "start": pl.Date, "end": pl.Date, "weight": pl.Float64}


def listed_prices(input_share: float) -> tuple[pl.DataFrame, str]:
    """Return the prices of OpenRouter's models in US dollars a token, and the version of the library.

    Args:
        input_share: The part of the tokens that are input tokens.

    Returns:
        model_id, start, end, weight; a model whose prices are not stated is not in it, one without any price is free.

    Raises:
        EngineError: genai-prices is not installed.
    """
    with engines.needs_extra("prices"):
        from genai_prices import data
    provider = next(one for one in data.providers if one.id == _PLATFORM)
    rows = [
        (model.id, start, end, weight)
        for model in provider.models
        for start, end, price in _dated(model.prices)
        if (weight := _blend(price, input_share)) is not None
    ]
    table = pl.DataFrame(rows, schema=_SCHEMA, orient="row").unique(["model_id", "start"], keep="first")
    return table, version("genai-prices")


def _dated(prices: Any) -> Iterator[tuple[dt.date, dt.date, Any]]:
    """Yield start, end and price of each span; prices of other conditions, such as a time of the day, are left out."""
    if not isinstance(prices, list):
        yield BEGINNING, END, prices
        return
    spans = [
        (getattr(one.constraint, "start_date", None) or BEGINNING, one.prices)
        for one in prices
        if one.constraint is None or getattr(one.constraint, "start_date", None) is not None
    ]
    spans.sort(key=lambda span: span[0])
    for place, (start, price) in enumerate(spans):
        end = spans[place + 1][0] if place + 1 < len(spans) else END
        if start < end:
            yield start, end, price


def _blend(price: Any, input_share: float) -> float | None:
    """Return US dollars a token; None if one of the two prices is not stated."""
    parts = [getattr(one, "base", one) for one in (price.input_mtok, price.output_mtok)]
    if all(part is None for part in parts):
        return 0.0 if getattr(price, "requests_kcount", None) is None else None
    if any(part is None for part in parts):
        return None
    return (float(parts[0]) * input_share + float(parts[1]) * (1 - input_share)) / 1e6
