"""Base models of many models at once are those of each model by itself."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ossgeo.panel._declared_bases import with_bases
from ossgeo.panel._models import base_models_from_tags

relations = st.sampled_from(["finetune", "adapter", "quantized", "merge", "unspecified", "other", ""])
bases = st.sampled_from(["a/b", "c/d", "", "x:y", "finetune", "merge:a/b"])
declared = st.one_of(
    st.builds("base_model:{}:{}".format, relations, bases),
    st.builds("base_model:{}".format, bases),
    st.sampled_from(["en", ""]),
)
tags = st.lists(st.one_of(st.none(), st.lists(declared, max_size=6)), max_size=8)


@given(tags)
def test_equal_for_any_tags(listed: list[list[str] | None]) -> None:
    table = with_bases(pl.DataFrame({"tags": listed}, schema={"tags": pl.List(pl.String)}))
    each = [
        None
        if one is None
        else [{"relation": str(base.relation), "model_id": base.model_id} for base in base_models_from_tags(one)]
        for one in listed
    ]
    assert table["base_models"].to_list() == each
