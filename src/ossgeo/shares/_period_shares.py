"""What a table says of single groups at one period, and which groups may be asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Self

import attrs
import polars as pl

from ossgeo.errors import InvalidArgumentError, UnknownCountryError, UnknownNameError, UnknownOrganizationError
from ossgeo.registry._countries import Country, GroupScheme
from ossgeo.registry._organizations import OrganizationKind
from ossgeo.shares._grouping import STATUSES

Group = str | tuple[str, ...]


class Shares(Mapping[Group, float | None]):
    """The shares of one period by group.

    A group that is known and has no value has the share 0.0; an unknown code is an error. With several keys a group is a
    tuple. Where the share is not defined (no total, nothing observed, or a status under denominator ``attributed``) it is
    None. Of a table from which groups were cut, a group that is not there is an error: it may have been cut.
    """

    def __init__(self, period: dt.date, shares: Mapping[Group, float | None], known: KnownGroups) -> None:
        """Keep one period's shares; use :meth:`ShareTable.at`."""
        self.period = period
        self._shares = dict(shares)
        self._known = known

    def __getitem__(self, group: Any) -> float | None:
        """Return a group's share.

        Raises:
            UnknownCountryError: The code is no country's.
            UnknownOrganizationError: No such organization is in the table.
            UnknownNameError: No such namespace, model or group is in the table.
            InvalidArgumentError: Groups were cut from the table.
        """
        name: Group = tuple(map(str, group)) if isinstance(group, tuple) else str(group)
        if name in self._shares:
            return self._shares[name]
        self._known.check(name)
        if self._known.cut:
            raise InvalidArgumentError(f"{name!r} is not in this cut table; ask the table before top() or filter()")
        return 0.0 if any(share is not None for share in self._shares.values()) else None

    def __contains__(self, group: object) -> bool:
        """Return whether a group has a value."""
        return (tuple(map(str, group)) if isinstance(group, tuple) else str(group)) in self._shares

    def __iter__(self) -> Iterator[Group]:
        """Iterate over the groups that have a value, largest first."""
        return iter(self._shares)

    def __len__(self) -> int:
        """Return how many groups have a value."""
        return len(self._shares)

    def __repr__(self) -> str:
        """Return period and shares."""
        return f"Shares({self.period}, {self._shares})"


@attrs.frozen(eq=False)
class KnownGroups:
    """Which groups may be asked for.

    Attributes:
        keys: The keys of the groups.
        seen: The words that occur, key by key.
        cut: Whether groups were taken out.
    """

    keys: tuple[str, ...]
    seen: tuple[frozenset[str], ...]
    cut: bool = False

    @classmethod
    def of(cls, frame: pl.DataFrame, keys: tuple[str, ...], *, cut: bool = False) -> Self:
        """Return the groups of a frame that has the keys as columns."""
        return cls(keys, tuple(frozenset(frame[key].to_list()) for key in keys), cut)

    def check(self, group: Group) -> None:
        """Raise the error of a group that cannot be.

        Args:
            group: What was asked for; a tuple where there are several keys.

        Raises:
            UnknownCountryError: The code is no country's.
            UnknownOrganizationError: There is no such organization.
            UnknownNameError: There is no such namespace, model or group.
            InvalidArgumentError: It has another number of keys.
        """
        parts = group if isinstance(group, tuple) else (group,)
        if len(parts) != len(self.keys):
            raise InvalidArgumentError(
                f"the table has the keys {', '.join(self.keys)}; {group!r} has {len(parts)} part(s)"
            )
        for key, part, seen in zip(self.keys, parts, self.seen, strict=True):
            if part not in seen and part not in STATUSES:
                self._check_part(key, part, seen)

    def _check_part(self, key: str, part: str, seen: frozenset[str]) -> None:
        if key == "country":
            try:
                Country(part)
            except UnknownCountryError:
                country = Country.parse(part)
                raise UnknownCountryError(
                    f"country {part!r} is not an alpha-2 code", value=part, suggestions=(str(country),)
                ) from None
        elif key == "organization":
            raise UnknownOrganizationError.among(part, seen, what="in this table the organization")
        elif part not in _words(key):
            raise UnknownNameError.among(part, seen, what=f"in this table the {key}")


def _words(key: str) -> Collection[str]:
    """What a key can be, whether it is in a table or not; none where that is not limited."""
    if key == "kind":
        return [str(kind) for kind in OrganizationKind]
    return GroupScheme.named(key).groups if key in GroupScheme.names() else ()
