from __future__ import annotations

import datetime as dt
import pickle
from typing import Any, cast

import pytest
from huggingface_hub import ModelInfo

from ossgeo import BaseModel, Model, Relation
from ossgeo.errors import SourceFormatError
from ossgeo.panel._models import base_models_from_hub, base_models_from_tags, declared_country

ANSWER: dict[str, Any] = {
    "_id": "64f5fd954d3b1dd311d30e28",
    "id": "TheBloke/Llama-2-7B-GGUF",
    "private": False,
    "disabled": False,
    "gated": False,
    "createdAt": "2023-09-04T15:53:57.000Z",
    "tags": ["gguf", "base_model:meta-llama/Llama-2-7b-hf", "base_model:quantized:meta-llama/Llama-2-7b-hf", "license:llama2"],
    "likes": 207,
    "pipeline_tag": "text-generation",
    "library_name": "transformers",
    "downloads": 18908,
    "baseModels": {"relation": "quantized", "models": [{"_id": "64b0234d", "id": "meta-llama/Llama-2-7b-hf"}]},
}  # fmt: skip


def info(**answer: Any) -> ModelInfo:
    made: ModelInfo = cast("Any", ModelInfo)(**answer)
    return made


def from_hub(**changes: Any) -> Model:
    return Model.from_hub(info(**{**ANSWER, **changes}))


def test_the_hubs_answer_becomes_a_model() -> None:
    model = from_hub(gated="manual", safetensors={"parameters": {"F16": 7}, "total": 7})
    assert model == Model(
        id="TheBloke/Llama-2-7B-GGUF",
        hub_id=model.hub_id,
        created_at=dt.datetime(2023, 9, 4, 15, 53, 57, tzinfo=dt.UTC),
        license="llama2",
        task="text-generation",
        library="transformers",
        likes=207,
        parameters=7,
        gated="manual",
        private=False,
        disabled=False,
        base_models=(BaseModel("meta-llama/Llama-2-7b-hf", Relation.QUANTIZED),),
        tags=tuple(ANSWER["tags"]),
    )
    assert model.namespace == "TheBloke"
    assert pickle.loads(pickle.dumps(model)) == model
    assert len({model, pickle.loads(pickle.dumps(model))}) == 1


def test_base_models_in_every_shape() -> None:
    base = BaseModel("a/b")
    assert from_hub(baseModels=["a/b", "a/b"]).base_models == (base,)
    assert from_hub(baseModels=None).base_models[0].relation is Relation.QUANTIZED, "from the tags"
    assert base_models_from_hub({"relation": "brew", "models": ["a/b"]}) == (base,)
    assert base_models_from_hub(None) == ()
    for wrong in ("a/b", 5, {"relation": "merge"}, [{"name": "x"}], [""]):
        with pytest.raises(SourceFormatError, match="baseModels"):
            base_models_from_hub(wrong)


def test_tags() -> None:
    tags = ["base_model:a/b", "base_model:merge:c/d", "base_model:", "base_model:brew:e/f", "base_model:merge:a/b", "x"]
    assert [(base.model_id, str(base.relation)) for base in base_models_from_tags(tags)] == [
        ("a/b", "merge"), ("c/d", "merge"), ("brew:e/f", "unspecified"),
    ]  # fmt: skip


@pytest.mark.parametrize("likes", ["12", True, -1, float("nan")])
def test_a_count_that_is_none(likes: Any) -> None:
    with pytest.raises(SourceFormatError, match="likes of TheBloke"):
        from_hub(likes=likes)


def test_little_is_known() -> None:
    model = Model.from_hub(info(id="gpt2"))
    assert model.namespace == "gpt2"
    assert (model.created_at, model.license, model.gated) == (None, None, None)
    assert from_hub(tags=None, card_data={"license": "mit"}).license == "mit"


def test_a_model_has_an_id() -> None:
    with pytest.raises(ValueError, match="id"):
        Model("")
    assert Model("a/b", created_at=dt.datetime(2025, 1, 1)).created_at == dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("stated", "text"),
    [
        (False, "false"),  # YAML reads `country: NO` as false
        (5, "5"),
        (["NO", None, " SE "], "NO, SE"),
        ({"code": "NO"}, '{"code": "NO"}'),
        ("  ", None),
        ([], None),
        (None, None),
    ],
)
def test_a_country_that_is_not_text_is_kept_as_text(stated: object, text: str | None) -> None:
    assert declared_country({"country": stated}) == text


@pytest.mark.parametrize(
    "field", ["created_at", "tags", "card_data", "safetensors", "likes", "gated", "base_models", "pipeline_tag", "id"]
)
@pytest.mark.parametrize("value", [1, "x", {"a": 1}, [None], [[[]]], "", float("nan"), 10**30], ids=repr)
def test_a_field_of_an_unknown_form_is_an_error_of_the_library(field: str, value: Any) -> None:
    entry = info(**ANSWER)
    setattr(entry, field, value)
    try:
        Model.from_hub(entry)
    except SourceFormatError as error:
        assert str(error).startswith("the Hub's entry of ")  # noqa: PT017  # some values are possible
