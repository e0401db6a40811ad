from __future__ import annotations

import polars as pl
import pytest

import ossgeo
from ossgeo.errors import InvalidArgumentError
from ossgeo.panel import decide
from ossgeo.panel._openness import Openness, list_version, normalized_license, openness_column, openness_of
from tests.worlds import registry, two_dates


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("Apache 2.0", "apache-2.0"), ("Apache-2.0", "apache-2.0"), ("apache license 2.0", "apache-2.0"), ("MIT", "mit"),
        ("Llama 3.1 Community", "llama3.1"), ("Llama 3.1", "llama3.1"), ("Llama-3.3", "llama3.3"), ("Llama", "llama"),
        ("Llama 2 Community", "llama2"), ("Gemma license", "gemma"), ("Propretary", "proprietary"), (None, ""),
        ("CC-BY-NC-4.0", "cc-by-nc-4.0"), (" license:mit ", "mit"),
    ],
)  # fmt: skip
def test_one_licence_one_word(written: str | None, plain: str) -> None:
    assert normalized_license(written) == plain


@pytest.mark.parametrize(
    ("license", "more", "expected"),
    [
        ("mit", {}, "open-source"), ("apache-2.0", {"gated": "auto"}, "gated"), ("apache-2.0", {"gated": "false"}, "open-source"),
        ("gpl-3.0", {}, "open-source"), ("llama3.1", {}, "restricted"), ("gemma", {}, "restricted"),
        ("cc-by-nc-4.0", {}, "restricted"), ("openrail", {}, "restricted"), ("cc-by-4.0", {}, "open-weights"),
        ("cc0-1.0", {}, "open-weights"), ("openmdw", {}, "open-weights"), ("other", {}, "undeclared"),
        ("unknown", {}, "undeclared"), (None, {}, "undeclared"), ("other", {"name": "llama-3"}, "restricted"),
        (None, {"tags": ["license:mit", "pytorch"]}, "open-source"), (["gemma", "apache-2.0"], {}, "open-source"),
        (["gemma", "other"], {}, "restricted"), ([], {}, "undeclared"), ("Modified MIT", {}, "restricted"),
        ("mit", {"gated": True}, "gated"),
    ],
)  # fmt: skip
def test_classes(license: object, more: dict[str, object], expected: str) -> None:
    assert openness_of(license, **more).value == expected  # type: ignore[arg-type]


def test_a_table() -> None:
    models = pl.DataFrame({"license": ["mit", None, "gemma", None], "gated": ["false", "false", "auto", None],
                           "tags": [["a"], ["license:apache-2.0"], [], None]})  # fmt: skip
    assert openness_column(models).to_list() == ["open-source", "open-source", "gated", "undeclared"]
    assert openness_column(models.select(other="gated")).to_list() == ["undeclared"] * 4


def test_as_a_filter() -> None:
    models = pl.DataFrame(
        {
            "model_id": ["Qin/a", "Mover/b", "Trio/c", "Anna/d", "who/e"],
            "license": ["mit", "gemma", None, "mit", "other"],
        }
    )
    open_ = ossgeo.measure(two_dates(), registry=registry(), models=models, where={"openness": "open-source"})
    assert open_.method.where == f"openness=open-source ({list_version()})"
    total = ossgeo.measure(two_dates(), registry=registry(), models=models)
    assert 0 < open_.to_polars()["value"].sum() < total.to_polars()["value"].sum()
    several = ossgeo.measure(
        two_dates(), registry=registry(), models=models, where={"openness": [one.value for one in Openness]}
    )
    assert several.to_polars()["value"].sum() == total.to_polars()["value"].sum()
    with pytest.raises(InvalidArgumentError, match=r"openness must be one of gated, undeclared, .*, got 'free'"):
        ossgeo.measure(two_dates(), registry=registry(), models=models, where={"openness": "free"})
    with pytest.raises(InvalidArgumentError, match="needs the models' license or tags"):
        ossgeo.measure(two_dates(), registry=registry(), where={"openness": "gated"})


def test_a_stated_openness_comes_first() -> None:
    models = pl.DataFrame({"model_id": ["a/b", "c/d", "e/f"], "openness": ["open weights", "closed", None]})
    assert decide(models, {"openness": "open weights"}).to_list() == [0, -1, -2]
    silent = models.with_columns(openness=pl.lit(None, pl.String), license=pl.lit("mit"))
    assert decide(silent, {"openness": "open-source"}).to_list() == [0, 0, 0]
