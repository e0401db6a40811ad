"""Flows summed by integer keys: models with the same credits are summed together before they are credited."""

from __future__ import annotations

from typing import Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo.panel._flow_rows import Flows
from ossgeo.panel._keyed import KeyedRows, sums_by_code
from ossgeo.panel._keyed_flows import differences_by_code

_STEP: Final = 2**20
"""Ids that are joined at once; a million codes need 4 MB."""


def summed_by_key(
    flows: Flows, keyed: KeyedRows, ids: pl.Series, counter: str, credits: pl.DataFrame, *, by_namespace: bool
) -> tuple[Flows, pl.DataFrame]:
    """Sum the flows of all models with the same credits, in the name of one of them.

    The figures are those of a join by id, since sums of whole numbers and of binary weights are exact in any order. A store of
    3.7 million models at 27 observations: a quarter of the CPU time of a join by hand.

    Args:
        flows: The flows; differences, or with the period as the only key.
        keyed: The same rows by integer keys.
        ids: The id of each key.
        counter: The column of the counter.
        credits: model_id, group, weight and, if any is dated, start and end; the rows of a model follow each other.
        by_namespace: Whether the models are namespaces; see ``ossgeo._core.engines.with_namespaces``.

    Returns:
        A small table in the form of flows, in which models without a credit are one without an id; and the credits of the
        models that it names.
    """
    listed = _with_codes(credits)
    named = listed.unique("code", keep="first")
    codes = _codes_of(ids, listed, by_namespace=by_namespace)
    if flows.differences is None:
        sums = sums_by_code(keyed, codes, counter)
    else:
        sums = differences_by_code(keyed, codes, counter, ids, flows.differences)
    summed = sums.join(named, on="code", how="left").select("model_id", "period", *flows.keys, "downloads")
    rest = attrs.evolve(flows, frame=engines.wrap(summed.lazy()), crossing=None)
    return rest, credits.join(named, on="model_id", how="semi")


def _codes_of(ids: pl.Series, listed: pl.DataFrame, *, by_namespace: bool) -> pl.Series:
    """Return the code of each id, 0 if it is not listed."""
    if listed["model_id"].equals(ids):
        return listed["code"]
    parts, step = [], _STEP if by_namespace else len(ids)
    for start in range(0, len(ids), step):
        part = ids.slice(start, step).to_frame("model_id").lazy()
        if by_namespace:
            part = engines.with_namespaces(engines.wrap(part)).to_native()
        found = part.join(listed.lazy(), on="model_id", how="left", maintain_order="left").select("code")
        parts.append(found.collect().to_series().fill_null(0))
    return pl.concat(parts)


def _with_codes(credits: pl.DataFrame) -> pl.DataFrame:
    """Return model_id and code, a number from 1 that models share that have the same credits."""
    what = [name for name in credits.columns if name != "model_id"]
    kinds = credits.select(what).unique().with_row_index("kind", offset=1)
    rows = credits.join(kinds, on=what, how="left", maintain_order="left").select("model_id", "kind")
    rows = rows.with_columns(run=pl.col("model_id").rle_id())
    several = (pl.col("run") == pl.col("run").shift(1)) | (pl.col("run") == pl.col("run").shift(-1))
    mixed = rows.filter(several.fill_null(value=False))
    if not mixed.height:
        return rows.select("model_id", code="kind")
    text = pl.col("kind").sort().cast(pl.String).str.join(",")
    sets = mixed.group_by("run").agg(pl.col("model_id").first(), text=text)
    sets = sets.with_columns(code=pl.col("text").rank("dense").cast(pl.UInt32) + kinds.height)
    first = rows.unique("run", keep="first", maintain_order=True)
    first = first.join(sets.select("run", "code"), on="run", how="left", maintain_order="left")
    return first.select("model_id", code=pl.coalesce("code", "kind"))
