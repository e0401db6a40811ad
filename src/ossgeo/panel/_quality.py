"""Quality issues: known artifacts of counters, each with a code, a count and examples."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import counted
from ossgeo.panel._ids import period_ranges


@attrs.frozen
class QualityIssue:
    """One kind of artifact in a panel.

    Attributes:
        code: The name of the issue, such as ``stale_snapshot``.
        count: How often it occurs.
        unit: The unit of the count: ``rows``, ``models``, ``namespaces``, ``periods`` or ``steps`` between periods.
        meaning: One sentence.
        examples: Up to three.
    """

    code: str
    count: int
    unit: str
    meaning: str
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the issue in one line."""
        shown = f"; for example {'; '.join(self.examples)}" if self.examples else ""
        return f"{self.code}: {counted(self.count, self.unit)}: {self.meaning}{shown}"


@attrs.frozen
class QualityReport(Tabular):
    """Every issue that was found in a panel.

    Attributes:
        issues: The issues that occur.
    """

    issues: tuple[QualityIssue, ...] = ()

    @property
    def codes(self) -> frozenset[str]:
        """The codes that occur."""
        return frozenset(issue.code for issue in self.issues)

    def __getitem__(self, code: str) -> QualityIssue:
        """Return the issue with a code; raise KeyError if it does not occur."""
        return {issue.code: issue for issue in self.issues}[code]

    def __contains__(self, code: object) -> bool:
        """Return whether an issue occurs."""
        return code in self.codes

    def __iter__(self) -> Iterator[QualityIssue]:
        """Iterate over the issues."""
        return iter(self.issues)

    def __len__(self) -> int:
        """Return how many kinds of issue occur."""
        return len(self.issues)

    def __str__(self) -> str:
        """Return one line for each issue."""
        return "\n".join(map(str, self.issues)) or "no issue found"

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each issue: code, count, unit, meaning, examples (a list)."""
        schema: dict[str, Any] = {"code": pl.String, "count": pl.Int64, "unit": pl.String, "meaning": pl.String,
                  "examples": pl.List(pl.String)}  # fmt: skip
        return pl.DataFrame([attrs.asdict(issue) for issue in self.issues], schema=schema)


def number_of_duplicates(rows: nw.LazyFrame[Any], sizes: Mapping[dt.date, int], dimensions: Sequence[str] = ()) -> int:
    """Return how many rows repeat the model, period and dimensions of another row.

    Args:
        rows: The panel's rows.
        sizes: Number of rows of each period.
        dimensions: Columns of the rows of which a model has one row for each value.
    """
    one = nw.concat_str("model_id", *dimensions, separator="\x1f") if dimensions else nw.col("model_id")
    total = 0
    for first, last in period_ranges(sizes):
        part = rows.filter(nw.col("period").is_between(nw.lit(first), nw.lit(last)) & ~nw.col("model_id").is_null())
        if dimensions or not _hashes_are_distinct(part):
            per = part.group_by("period").agg(n=nw.len(), models=one.n_unique())
            table = engines.collect(per).select(pl.col("n", "models").cast(pl.Int64).sum())
            total += int(table["n"].item()) - int(table["models"].item())
    return total


def first_duplicate(
    rows: nw.LazyFrame[Any], sizes: Mapping[dt.date, int], dimensions: Sequence[str] = ()
) -> tuple[str, dt.date] | None:
    """Return the model and period of a row that another row repeats; None if there is none. Arguments as above."""
    keys = ["period", "model_id", *dimensions]
    for first, last in period_ranges(sizes):
        part = rows.filter(nw.col("period").is_between(nw.lit(first), nw.lit(last)) & ~nw.col("model_id").is_null())
        many = part.group_by(*keys).agg(n=nw.len()).filter(nw.col("n") > 1).select("model_id", "period")
        for model, period in engines.collect(many.sort("period", "model_id").head(1)).iter_rows():
            return model, period
    return None


def _hashes_are_distinct(rows: nw.LazyFrame[Any]) -> bool:
    """Return whether no two ids of a period have the same hash: then none repeats. Five times as fast as comparing texts."""
    native = rows.to_native()
    if not isinstance(native, pl.LazyFrame):
        return False
    per = native.select("period", code=pl.col("model_id").hash()).group_by("period")
    counts = engines.collect(engines.wrap(per.agg(n=pl.len(), codes=pl.col("code").n_unique())))
    return bool((counts["n"] == counts["codes"]).all())
