from __future__ import annotations

import datetime as dt
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from ossgeo.errors import InvalidArgumentError
from ossgeo.panel._filters import decide, describe, parse_where

BORN = [dt.datetime(2024, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]
MODELS = pl.DataFrame({
    "model_id": ["a/a", "b/b", "c/c", "d/d"],
    "license": ["mit", "apache-2.0", "other", None],
    "parameters": [1, 2, 3, None],
    "created_at": [*BORN, None],
    "gated": ["false", "auto", "false", None],
})  # fmt: skip


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        (None, [0, 0, 0, 0]),
        ({"license": "mit"}, [0, -1, -1, -2]),
        ({"license": ["mit", "apache-2.0"]}, [0, 0, -1, -2]),
        ({"license": {"mit"}, "parameters": (2, None)}, [-1, -1, -1, -2]),
        ({"parameters": (None, 2)}, [0, 0, -1, -2]),
        ({"parameters": (2, 2)}, [-1, 0, -1, -2]),
        ({"parameters": (None, None)}, [0, 0, 0, -2]),
        ({"created_at": (dt.date(2024, 1, 2), "2024-01-02T12:00:00+00:00")}, [-1, 0, -1, -2]),
        ({"created_at": dt.datetime(2024, 1, 3, tzinfo=dt.UTC)}, [-1, -1, 0, -2]),
        ({"gated": False}, [0, -1, 0, -2]),
        ({"gated": [False, "auto"]}, [0, 0, 0, -2]),
        (nw.col("parameters") > 1, [-1, 0, 0, -2]),
    ],
)
def test_decide(where: Any, codes: list[int]) -> None:
    assert decide(MODELS, where).to_list() == codes


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"licences": "mit"}, "license"),
        ({"task": "x"}, "no column 'task'"),
        ({"parameters": (1, 2, 3)}, "must be a value, a list of values or a pair"),
        (
            {"parameters": "many"},
            r"where: parameters must be a number, a list of numbers or a pair \(low, high\), got 'many'$",
        ),
        (
            {"license": "mitt"},
            r"license 'mitt' is not known \(it has 'apache-2.0', 'mit', 'other'\); did you mean 'mit'",
        ),
        ({"license": ["mit", "apache2"]}, r"license 'apache2' is not known .*; did you mean 'apache-2.0'"),
        ({"gated": True}, r"gated 'true' is not known \(it has 'auto', 'false'\)$"),
        (nw.col("nothing") > 1, "cannot be applied"),
        (nw.col("parameters"), "true or false"),
        (nw.col("parameters").max() > 1, "true or false"),
    ],
)
def test_what_cannot_be_decided(where: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        decide(MODELS, where)


def test_describe_is_the_same_for_equal_filters() -> None:
    assert describe({"b": {2, 1}, "a": (1, None)}) == describe({"a": (1, None), "b": [1, 2]}) == "a=1.. and b={1,2}"
    assert describe(None) is None
    assert "parameters" in str(describe(nw.col("parameters") > 1))


def test_parse() -> None:
    words = ["license=mit,other", "parameters=1e9..", "gated=false", "task=x", "likes=..5", "private=true", "library=3"]
    assert parse_where(words) == {
        "license": ["mit", "other"],
        "parameters": (1e9, None),
        "gated": False,
        "task": "x",
        "likes": (None, 5),
        "private": True,
        "library": 3,
    }


@pytest.mark.parametrize("words", [["license"], ["=mit"], ["license="], ["a=1", "a=2"]])
def test_what_cannot_be_parsed(words: list[str]) -> None:
    with pytest.raises(InvalidArgumentError, match="where"):
        parse_where(words)
