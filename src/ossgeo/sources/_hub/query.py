"""The choice of models to collect, and the requests that it needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final, Literal

import attrs

from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError
from ossgeo.sources._files.values import HUB_URL
from ossgeo.sources._hub.http import Params
from ossgeo.sources._hub.parsing import FIELDS

PAGE: Final = 1000
"""Models on a page of the Hub's list."""

_NAMES: Final = {
    "namespaces": (re.compile(r"[^\s/]+"), "namespaces such as 'Qwen'"),
    "ids": (re.compile(r"[^\s/]+(/[^\s/]+)?"), "model ids such as 'Qwen/Qwen3-8B'"),
}
_SHOWN: Final = 5

Kind = Literal["all", "top", "namespaces", "ids"]


@attrs.frozen
class Query:
    """A choice of models.

    Attributes:
        endpoint: Scheme and host of the Hub.
        kind: Which of the choices it is.
        top: Largest number of models; None for no limit.
        chosen: Namespaces or ids.
        fields: Fields requested for each model.
        page: Models on a page.
        members: Whether organizations of users are requested.
        private: Whether private models that the token may see are part of the observation.
    """

    endpoint: str
    kind: Kind
    top: int | None
    chosen: tuple[str, ...]
    fields: tuple[str, ...]
    page: int
    members: bool
    private: bool

    @classmethod
    def of(
        cls,
        endpoint: str,
        *,
        top: int | None = None,
        namespaces: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        members: bool = False,
        cards: bool = False,
        private: bool = False,
    ) -> Query:
        """Return the query for a choice.

        Args:
            endpoint: Scheme and host of the Hub.
            top: See ``Hub.snapshot``.
            namespaces: See ``Hub.snapshot``.
            ids: See ``Hub.snapshot``.
            members: See ``Hub.snapshot``.
            cards: See ``Hub.snapshot``.
            private: See ``Hub.snapshot``.

        Raises:
            InvalidArgumentError: More than one choice was made, or one that is empty or cannot name models.
        """
        choices: dict[Kind, Any] = {"top": top, "namespaces": namespaces, "ids": ids}
        kinds = [kind for kind, value in choices.items() if value is not None]
        if len(kinds) > 1:
            raise InvalidArgumentError(f"{' and '.join(kinds)} cannot be chosen together; give one of them")
        if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
            raise InvalidArgumentError(f"top must be a whole number of models from 1 on, got {top!r}")
        kind = kinds[0] if kinds else "all"
        chosen = names_of(kind, choices[kind]) if kind in _NAMES else ()
        fields = (*FIELDS, "cardData") if cards else FIELDS
        return cls(
            endpoint, kind=kind, top=top, chosen=chosen, fields=fields, page=PAGE, members=bool(members), private=bool(private)
        )  # fmt: skip

    @property
    def starts(self) -> tuple[str, ...]:
        """Each namespace, each id, or one empty text for a list of all models, in the order of the requests."""
        return self.chosen or ("",)

    @property
    def scope(self) -> str:
        """The models that the query covers, in words."""
        if self.kind == "all":
            return "all models"
        if self.kind == "top":
            return f"the {self.top} most downloaded models"
        named = ", ".join(self.chosen[:_SHOWN]) + (" ..." if len(self.chosen) > _SHOWN else "")
        return f"the models of {named}" if self.kind == "namespaces" else f"{counted(len(self.chosen), 'models')} by id"

    def params(self, start: str) -> Params:
        """Return the parameters of the first page.

        Args:
            start: One of :attr:`starts`.
        """
        fields: Params = [("expand[]", field) for field in self.fields]
        if self.kind == "ids":
            return fields
        limit = self.page if self.top is None else min(self.page, self.top)
        first = ("author", start) if self.kind == "namespaces" else ("sort", "downloads")
        return [first, ("limit", limit), *fields]

    def to_plain(self) -> dict[str, Any]:
        """Return the query as JSON has it."""
        plain: dict[str, Any] = json.loads(json.dumps(attrs.asdict(self)))
        return plain


def names_of(kind: str, given: Any) -> tuple[str, ...]:
    """Return namespaces or ids, each once; a value that cannot be one is never sent to the Hub.

    Args:
        kind: ``namespaces`` or ``ids``.
        given: The names.

    Raises:
        InvalidArgumentError: They are not a list, are none, or one cannot be a name.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidArgumentError(f"{kind} must be a list, got {given!r}; give {kind}=[{given!r}]")
    names = list(given)
    if not names:
        raise InvalidArgumentError(f"{kind} must name at least one, got an empty list")
    shape, expected = _NAMES[kind]
    for name in names:
        if isinstance(name, str) and shape.fullmatch(name):
            continue
        cut = re.sub(HUB_URL, "", name).strip("/") if isinstance(name, str) else ""
        remedy = f"; give {cut!r}" if cut != name and shape.fullmatch(cut) else ""
        raise InvalidArgumentError(f"{kind} must contain {expected}, got {name!r}{remedy}")
    return tuple(dict.fromkeys(names))
