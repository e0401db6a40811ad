"""The shares of one period by group."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

import attrs
import polars as pl

from ossgeo._core.relations import Relation
from ossgeo.attribution._lineage.ancestry import ROOT_EVIDENCE
from ossgeo.errors import InvalidArgumentError, UnknownNameError, UnknownOrganizationError
from ossgeo.registry._countries import Country
from ossgeo.registry._groups import GroupScheme
from ossgeo.registry._organizations import OrganizationKind
from ossgeo.shares._grouping import STATUSES

Group = str | tuple[str, ...]


class PeriodShares(Mapping[Group, float | None]):
    """The shares of one period by group.

    A country may be given by any code or name that :meth:`ossgeo.Country.parse` reads; with several keys a group is a
    tuple. A known group without a value has the share 0.0; an unknown one is an error. The share is None if it is not
    defined (no total, nothing observed, or a status under the denominator ``attributed``). In a table from which groups
    were cut, a group without a row is an error, since it may have been cut.
    """

    def __init__(self, period: dt.date, shares: Mapping[Group, float | None], known: GroupNames) -> None:
        """Keep one period's shares; use :meth:`ShareTable.at`."""
        self.period = period
        self._shares = dict(shares)
        self._known = known

    def __getitem__(self, group: Any) -> float | None:
        """Return a group's share.

        Raises:
            UnknownCountryError: No country has the code or name.
            UnknownOrganizationError: The table does not have the organization.
            UnknownNameError: The table does not have the namespace, model or group.
            InvalidArgumentError: Groups were cut from the table.
        """
        name: Group = tuple(map(str, group)) if isinstance(group, tuple) else str(group)
        if name in self._shares:
            return self._shares[name]
        name = self._known.parse(name)
        if name in self._shares:
            return self._shares[name]
        if self._known.cut:
            raise InvalidArgumentError(
                f"{name!r} is not in this cut table; look it up in the table before top() or filter()"
            )
        return 0.0 if any(share is not None for share in self._shares.values()) else None

    def get(self, group: Any, default: float | None = None) -> float | None:  # type: ignore[override]  # one type of defaults
        """Return a group's share, or the default if no such group exists.

        Args:
            group: The group, as for ``[]``.
            default: The value for an unknown group.
        """
        try:
            return self[group]
        except UnknownNameError:
            return default

    def __contains__(self, group: object) -> bool:
        """Return whether a group has a value."""
        return (tuple(map(str, group)) if isinstance(group, tuple) else str(group)) in self._shares

    def __iter__(self) -> Iterator[Group]:
        """Iterate over the groups that have a value, largest first."""
        return iter(self._shares)

    def __len__(self) -> int:
        """Return the number of groups that have a value."""
        return len(self._shares)

    def __repr__(self) -> str:
        """Return period and shares."""
        return f"PeriodShares({self.period}, {self._shares})"


@attrs.frozen(eq=False)
class GroupNames:
    """The groups that a table can have.

    Attributes:
        keys: The keys of the groups.
        seen: The values that occur, key by key.
        cut: Whether groups were removed.
    """

    keys: tuple[str, ...]
    seen: tuple[frozenset[str], ...]
    cut: bool = False

    @classmethod
    def of(cls, frame: pl.DataFrame, keys: tuple[str, ...], *, cut: bool = False) -> Self:
        """Return the groups of a frame that has the keys as columns."""
        return cls(keys, tuple(frozenset(frame[key].to_list()) for key in keys), cut)

    def parse(self, group: Group) -> Group:
        """Return a group in the table's own words: of a country its alpha-2 code.

        Args:
            group: The group; a tuple if there are several keys.

        Raises:
            UnknownCountryError: No country has the code or name.
            UnknownOrganizationError: The table does not have the organization.
            UnknownNameError: The table does not have the namespace, model or group.
            InvalidArgumentError: The group has another number of keys.
        """
        parts = group if isinstance(group, tuple) else (group,)
        if len(parts) != len(self.keys):
            raise InvalidArgumentError(
                f"group must have one part for each key ({', '.join(self.keys)}), got {len(parts)}: {group!r}"
            )
        parsed = tuple(
            part if part in seen or part in STATUSES else _parsed(key, part, seen)
            for key, part, seen in zip(self.keys, parts, self.seen, strict=True)
        )
        return parsed if isinstance(group, tuple) else parsed[0]


def _parsed(key: str, part: str, seen: frozenset[str]) -> str:
    if key.endswith("country"):
        return str(Country.parse(part))
    if key == "organization":
        raise UnknownOrganizationError.among(part, seen, what="in this table the organization")
    if part not in _values(key):
        raise UnknownNameError.among(part, seen, what=f"in this table the {key}")
    return part


def _values(key: str) -> Collection[str]:
    """Return the values that a key can have; none if they are not limited."""
    if key == "kind":
        return [str(kind) for kind in OrganizationKind]
    if key == "root_evidence":
        return ROOT_EVIDENCE
    if key == "relation":
        return [*map(str, Relation), "none", "several"]
    return GroupScheme.named(key).groups if key in GroupScheme.names() else ()
