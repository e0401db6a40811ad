"""Weekly token totals of a platform, generated for the documentation: authors are real, models and numbers are not."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl

import ossgeo

_AUTHORS = (  # author, number of models, part with open weights, dollars a million tokens
    ("anthropic", 6, 0.0, 6.0), ("google", 6, 0.2, 2.0), ("openai", 8, 0.2, 4.0), ("x-ai", 4, 0.0, 3.0), ("deepseek", 6, 1.0, 0.4),
    ("qwen", 8, 0.8, 0.3), ("z-ai", 5, 0.9, 0.6), ("moonshotai", 4, 1.0, 0.8), ("minimax", 4, 0.8, 0.5),
    ("mistralai", 5, 0.6, 0.7), ("meta-llama", 4, 1.0, 0.2),
)  # fmt: skip
_RISING = frozenset({"deepseek", "qwen", "z-ai", "moonshotai", "minimax"})
WEEKS = tuple(dt.date(2026, 1, 4) + dt.timedelta(days=7 * week) for week in range(12))


def rankings(*, top: int | None = None, residual: bool = True) -> pl.DataFrame:
    """Return weekly tokens of the ``top`` models and, in a row ``other``, of all further ones.

    Args:
        top: The number of models that are listed each week; by default all.
        residual: Whether the row ``other`` is there.
    """
    draw = random.Random(32)  # noqa: S311  # an illustration
    models = [(f"{author}/model-{n + 1}", author) for author, number, _, _ in _AUTHORS for n in range(number)]
    size = {model: draw.lognormvariate(0, 1.6) for model, _ in models}
    rows = [
        (model, week, round(size[model] * draw.uniform(0.8, 1.25) * (1.09**place if author in _RISING else 1.0) * 1e11))
        for place, week in enumerate(WEEKS)
        for model, author in models
    ]
    table = pl.DataFrame(rows, schema=["model_id", "period", "tokens"], orient="row")
    if top is None:
        return table
    listed = pl.col("tokens").rank("ordinal", descending=True).over("period") <= top
    rest = table.filter(~listed).group_by("period").agg(pl.col("tokens").sum(), model_id=pl.lit("other"))
    parts = [table.filter(listed), *([rest.select(table.columns)] if residual else [])]
    return pl.concat(parts).sort("period", "model_id")


def models() -> pl.DataFrame:
    """Return the models table: which weights are open."""
    rows = [
        (f"{author}/model-{n + 1}", "open weights" if n < part * number else "closed")
        for author, number, part, _ in _AUTHORS
        for n in range(number)
    ]
    return pl.DataFrame(rows, schema=["model_id", "openness"], orient="row")


def dollars() -> ossgeo.Weighted:
    """Return the weights of the models: US dollars a token."""
    rows = [(f"{author}/model-{n + 1}", price / 1e6) for author, number, _, price in _AUTHORS for n in range(number)]
    table = pl.DataFrame(rows, schema=["model_id", "weight"], orient="row")
    return ossgeo.Weighted(table, unit="US dollars", label="generated prices")


def panel(*, top: int | None = 50, residual: bool = True) -> ossgeo.Panel:
    """Return the panel of :func:`rankings`."""
    return ossgeo.read_panel(
        rankings(top=top, residual=residual), counter="tokens_per_7d", residual="other", platform="openrouter",
        models=models(), scope="generated for the documentation; not the figures of any platform",
    )  # fmt: skip
