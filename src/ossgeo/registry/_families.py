"""Families of models, such as GPT or Qwen, and the organizations that develop them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ossgeo._core.csv_rows import bundled_rows
from ossgeo.registry._organizations import Organization
from ossgeo.registry._registry import Registry


@cache
def families() -> Mapping[str, str]:
    """Return the id of the organization behind each family, by the beginning of the names of its models."""
    return MappingProxyType({row["family"]: row["organization"] for row in bundled_rows("families.csv")})


def organization_of_family(model: str, registry: Registry) -> Organization | None:
    """Return the organization behind the family of a model, or None; the longest known beginning of the name counts.

    A name such as ``llama-3.1-nemotron-70b`` may belong to another organization than its first word: a derivative whose
    name begins with the family of its base model is found only if the table has it.

    Args:
        model: The name of the model, without a namespace.
        registry: The registry with the organizations.

    Example:
        >>> organization_of_family("qwen2.5-72b-instruct", Registry.default()).id
        'qwen'
        >>> organization_of_family("gptx", Registry.default()) is None
        True
    """
    name = re.sub(r"[\s_]+", "-", model.strip().casefold())
    for family in sorted(families(), key=len, reverse=True):
        rest = name[len(family) :]
        same_kind = str.isdigit if family[-1].isdigit() else str.isalpha
        if name.startswith(family) and not (rest and same_kind(rest[0])):
            return registry.organizations.get(families()[family])
    return None
