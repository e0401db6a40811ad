"""The checked content of the registry's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import attrs

from ossgeo._core.dates import BEGINNING, END
from ossgeo.registry._lineage import LineageFact
from ossgeo.registry._organizations import Organization

HUGGING_FACE: Final = "huggingface"
"""The platform of a namespace that names none."""


@attrs.frozen
class Span:
    """Something that is true of a namespace in a span of time.

    Attributes:
        value: An organization's id, or a role.
        start: First day on which it holds.
        end: First day on which it no longer holds.
    """

    value: str
    start: dt.date = BEGINNING
    end: dt.date = END


@attrs.frozen
class Facts:
    """The checked content of the tables.

    Attributes:
        organizations: The organizations by id.
        namespaces: The organizations behind each namespace.
        roles: The roles of each namespace.
        names: Ids of organizations by the letters and digits of the names that others write.
        moves: The current id of each model that moved.
        moved_namespaces: The current namespace of each moved id that has none, such as ``openai-community`` for ``gpt2``.
        lineage: The lineage facts about each model.
        spellings: The namespace by its lower-case form, if it is unique.
        platforms: The namespaces of other platforms, by platform.
    """

    organizations: Mapping[str, Organization]
    namespaces: Mapping[str, tuple[Span, ...]]
    roles: Mapping[str, tuple[Span, ...]]
    names: Mapping[str, str]
    moves: Mapping[str, str]
    moved_namespaces: Mapping[str, str]
    lineage: Mapping[str, tuple[LineageFact, ...]]
    spellings: Mapping[str, str]
    platforms: Mapping[str, Mapping[str, tuple[Span, ...]]]
