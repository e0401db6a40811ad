"""Models: repositories on the Hub, and what they were made from."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from ossgeo._core.relations import Relation
from ossgeo._core.schema import namespace_of
from ossgeo.errors import InvalidArgumentError, SourceFormatError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

_TAG = "base_model:"
_RELATIONS: Final = {relation.value: relation for relation in Relation}


@attrs.frozen
class BaseModel:
    """A model that another one was made from.

    Attributes:
        model_id: The base's id, as declared; it need not exist.
        relation: How the other model was made from it.
    """

    model_id: str
    relation: Relation = Relation.UNSPECIFIED


def base_models_from_tags(tags: Iterable[str]) -> tuple[BaseModel, ...]:
    """Read ``base_model:`` tags: ``base_model:ORG/NAME`` and ``base_model:RELATION:ORG/NAME``.

    A base that occurs with and without a relation counts once, with the relation.

    Args:
        tags: The Hub's tags of one model.

    Returns:
        The bases in the order of the tags.

    Example:
        >>> (base,) = base_models_from_tags(["gguf", "base_model:Qwen/Qwen3-8B", "base_model:quantized:Qwen/Qwen3-8B"])
        >>> base.model_id, str(base.relation)
        ('Qwen/Qwen3-8B', 'quantized')
    """
    found: dict[str, Relation] = {}
    for tag in tags:
        if not tag.startswith(_TAG):
            continue
        first, colon, rest = tag[len(_TAG) :].partition(":")
        relation, base = (
            (_RELATIONS[first], rest) if colon and first in _RELATIONS else (Relation.UNSPECIFIED, tag[len(_TAG) :])
        )
        if base and found.get(base, Relation.UNSPECIFIED) is Relation.UNSPECIFIED:
            found[base] = relation
    return tuple(BaseModel(base, relation) for base, relation in found.items())


def _aware(value: dt.datetime | None) -> dt.datetime | None:
    return value.replace(tzinfo=dt.UTC) if value is not None and value.tzinfo is None else value


@attrs.frozen
class Label:
    """A country that a third party assigned to a model.

    Attributes:
        source: The third party.
        country: ISO code, or the value of a status.
    """

    source: str
    country: str


def _check_id(_: Any, __: Any, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise InvalidArgumentError(f"Model: id must be text such as 'Qwen/Qwen3-8B', got {value!r}")


@attrs.frozen
class Model:
    """A repository on the Hub. Everything but the id may be unknown.

    Attributes:
        id: ``namespace/name``; old canonical ids such as ``gpt2`` have no slash.
        hub_id: The Hub's internal id, which survives a rename.
        created_at: When the repository was created (UTC); the Hub's floor is 2022-03-02T23:29:04Z.
        license: License id.
        task: The Hub's pipeline tag.
        library: The library that loads it.
        likes: Likes when it was observed.
        parameters: Number of parameters.
        gated: ``false``, ``auto`` or ``manual``.
        private: Whether it is private.
        disabled: Whether the Hub disabled it.
        base_models: The models that it was made from.
        tags: The Hub's tags.
        declared_country: The country that the model card states, as it is written there.
        member_of: The Hub organizations that the person behind the namespace belongs to.
        account_type: ``organization`` or ``user``: the type of the account behind the namespace.
        labels: Countries that others gave it.

    Raises:
        InvalidArgumentError: The id is empty, or is not text.

    Example:
        >>> Model("Qwen/Qwen3-8B").namespace
        'Qwen'
    """

    id: str = attrs.field(validator=_check_id)
    hub_id: str | None = None
    created_at: dt.datetime | None = attrs.field(default=None, converter=_aware)
    license: str | None = None
    task: str | None = None
    library: str | None = None
    likes: int | None = None
    parameters: int | None = None
    gated: str | None = None
    private: bool | None = None
    disabled: bool | None = None
    base_models: tuple[BaseModel, ...] = ()
    tags: tuple[str, ...] = ()
    declared_country: str | None = None
    member_of: tuple[str, ...] = ()
    account_type: str | None = None
    labels: tuple[Label, ...] = ()

    @property
    def namespace(self) -> str:
        """The handle before the slash."""
        return namespace_of(self.id)

    @classmethod
    def from_hub(cls, info: ModelInfo) -> Self:
        """Return the model of an answer of the Hub client.

        Base models come in two shapes, a list of ids or ``{relation, models: [{_id, id}]}``; both are accepted, and by
        default the ``base_model:`` tags are used.

        Args:
            info: What ``HfApi.model_info`` or ``HfApi.list_models`` returned.

        Raises:
            SourceFormatError: A field has a value that the documentation of the Hub excludes.
        """
        try:
            return cls._from_info(info)
        except (SourceFormatError, AttributeError, TypeError, ValueError, OverflowError) as error:
            raise SourceFormatError(f"the Hub's entry of {getattr(info, 'id', None)!r}: {error}") from error

    @classmethod
    def _from_info(cls, info: ModelInfo) -> Self:
        tags = tuple(info.tags or ())
        card = info.card_data
        license_tag = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None)
        gated = info.gated
        return cls(
            id=info.id,
            hub_id=getattr(info, "_id", None),
            created_at=info.created_at,
            license=license_tag or (str(card.license) if card is not None and card.license else None),
            task=info.pipeline_tag,
            library=info.library_name,
            likes=_count(info.likes, f"likes of {info.id}"),
            parameters=_count(info.safetensors.total, f"parameters of {info.id}") if info.safetensors else None,
            gated=None if gated is None else str(gated).lower(),
            private=info.private,
            disabled=info.disabled,
            base_models=base_models_from_hub(info.base_models) or base_models_from_tags(tags),
            tags=tags,
            declared_country=declared_country(vars(card) if card is not None else {}),
        )


def declared_country(card: Mapping[str, Any]) -> str | None:
    """Return the country that a model card states under ``country``; the storage region of a repository is none.

    A value that is not text is returned as text, so that it is counted as one that is not a country: YAML reads ``NO`` as
    false. A list is joined by commas.

    Args:
        card: The card's metadata.

    Example:
        >>> declared_country({"country": "France", "license": "mit"})
        'France'
        >>> declared_country({"country": False}), declared_country({"country": ["NO", "SE"]})
        ('false', 'NO, SE')
    """
    country = card.get("country")
    values = [value for value in (country if isinstance(country, list) else [country]) if value is not None]
    texts = (value if isinstance(value, str) else json.dumps(value, default=str) for value in values)
    return ", ".join(text for each in texts if (text := each.strip())) or None


def base_models_from_hub(raw: Any) -> tuple[BaseModel, ...]:
    """Read the API's ``baseModels``: None, a list of ids, or ``{relation, models: [{_id, id}]}``.

    Args:
        raw: The value as the API gave it.

    Raises:
        SourceFormatError: It has neither shape.
    """
    if not raw:
        return ()
    relation = Relation.UNSPECIFIED
    items: Any = raw
    if isinstance(raw, Mapping):
        relation = _RELATIONS.get(str(raw.get("relation")), Relation.UNSPECIFIED)
        items = raw.get("models")
    if not isinstance(items, Iterable) or isinstance(items, str):
        raise SourceFormatError(f"baseModels is {raw!r}; a list of ids or {{relation, models}} was expected")
    ids: list[Any] = [item.get("id") if isinstance(item, Mapping) else item for item in items]
    if not all(isinstance(one, str) and one for one in ids):
        raise SourceFormatError(f"baseModels is {raw!r}; each model needs an id")
    return tuple(BaseModel(one, relation) for one in dict.fromkeys(ids))


def _count(value: Any, what: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise SourceFormatError(f"{what} is {value!r}; a count was expected")
    return int(value)
