"""Plugins: strategies, calculators and sources by name, ours and those of other distributions.

A distribution offers a rule through an entry point in the group ``ossgeo.attribution``, ``ossgeo.shares`` or
``ossgeo.sources``; the value is a class or a factory that can be called without arguments. Nothing is loaded before it is
asked for by name. Built-in names resolve without looking at other distributions and cannot be taken by them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any, Final, Literal, get_args

import attrs

from ossgeo.errors import PluginConflictError, PluginLoadError, PluginNotFoundError

Group = Literal["attribution", "shares", "sources", "plotting"]
"""What a plugin extends."""

_WHAT: Final[dict[str, str]] = {
    "attribution": "attribution strategy",
    "shares": "calculator",
    "sources": "source",
    "plotting": "plotting backend",
}
_BUILT_IN: Final[dict[str, dict[str, str]]] = {
    "attribution": {
        "publisher": "ossgeo.attribution._strategies.publisher:Publisher",
        "direct-base": "ossgeo.attribution._strategies.lineage:DirectBase",
        "root": "ossgeo.attribution._strategies.lineage:Root",
        "lineage": "ossgeo.attribution._strategies.lineage:Lineage",
        "repackager-passthrough": "ossgeo.attribution._strategies.repackagers:RepackagerPassthrough",
        "headquarters": "ossgeo.attribution._strategies.headquarters:Headquarters",
        "membership": "ossgeo.attribution._strategies.membership:Membership",
        "declared": "ossgeo.attribution._strategies.declared:Declared",
        "study-publisher": "ossgeo.attribution._strategies.labels:study_publisher",
        "study-derived": "ossgeo.attribution._strategies.labels:study_derived",
    },
    "shares": {
        "downloads": "ossgeo.shares._calculators.downloads:Downloads",
        "flow": "ossgeo.shares._calculators.downloads:Downloads",
        "stock": "ossgeo.shares._calculators.stock:Stock",
        "supply": "ossgeo.shares._calculators.supply:Supply",
        "derivatives": "ossgeo.shares._calculators.derivatives:Derivatives",
        "relative-adoption": "ossgeo.shares._calculators.relative_adoption:RelativeAdoption",
    },
    "sources": {
        "hub": "ossgeo.sources._hub.client:Hub",
        "snapshot-store": "ossgeo.sources._store.snapshots:SnapshotStore",
        "open-model-evolution": "ossgeo.sources._datasets.open_model_evolution:OpenModelEvolution",
        "hub-stats": "ossgeo.sources._datasets.hub_stats:HubStats",
    },
    "plotting": {"altair": "ossgeo.plotting._dispatch:plot"},
}


@attrs.frozen
class Plugin:
    """Something that can be asked for by name.

    Attributes:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: Its name.
        target: Where it is, ``module:name``.
        distribution: Who brings it.
        version: That distribution's version.
    """

    group: str
    name: str
    target: str
    distribution: str
    version: str

    def __str__(self) -> str:
        """Return name, distribution and version."""
        return f"{self.name} ({self.distribution} {self.version})"


def available(group: Group) -> tuple[Plugin, ...]:
    """Return what can be asked for by name; nothing is loaded.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.

    Returns:
        The built-in ones, then those of other distributions by name. A name that two distributions offer stands there
        twice, and cannot be asked for.

    Raises:
        PluginNotFoundError: There is no such group.

    Example:
        >>> [plugin.name for plugin in available("attribution")][:3]
        ['publisher', 'direct-base', 'root']
    """
    _require_group(group)
    own = [Plugin(group, name, target, "ossgeo", version("ossgeo")) for name, target in _BUILT_IN[group].items()]
    return (*own, *(_described(group, point) for point in _points(group)))


def get(group: Group, name: str) -> Callable[..., Any]:
    """Return the class or factory behind a name; call it, with its configuration or without.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: The name.

    Raises:
        PluginNotFoundError: Nothing has the name; with near names.
        PluginLoadError: It is there and cannot be imported; the cause is chained.
        PluginConflictError: Two distributions offer the name.

    Example:
        >>> get("attribution", "publisher")().name
        'publisher'
    """
    _require_group(group)
    if name in _BUILT_IN[group]:
        module, _, attribute = _BUILT_IN[group][name].partition(":")
        built_in: Callable[..., Any] = getattr(import_module(module), attribute)
        return built_in
    found = [point for point in _points(group) if point.name == name]
    if not found:
        known = [plugin.name for plugin in available(group)]
        raise PluginNotFoundError.among(name, known, what=_WHAT[group])
    if len(found) > 1:
        who = " and ".join(sorted(str(_described(group, point)) for point in found))
        raise PluginConflictError(f"{_WHAT[group]} {name!r} is offered twice, by {who}; uninstall one of them")
    return _loaded(group, found[0])


def make(group: Group, name: str) -> Any:
    """Make what is behind a name, with its own defaults.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: The name.

    Raises:
        PluginNotFoundError: Nothing has the name.
        PluginLoadError: It cannot be imported, or not be called without arguments.
        PluginConflictError: Two distributions offer the name.
    """
    factory = get(group, name)
    if name in _BUILT_IN[group]:
        return factory()
    try:
        return factory()
    except Exception as error:
        raise PluginLoadError(f"{_WHAT[group]} {name!r} cannot be made without arguments: {error}") from error


def origin(group: Group, thing: object) -> Plugin | None:
    """Tell which distribution brought a strategy or calculator.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        thing: The object.

    Returns:
        The plugin; None for what is built in, or made by the user.
    """
    package = type(thing).__module__.partition(".")[0]
    if package in ("ossgeo", "__main__"):
        return None
    own = [point for point in _points(group) if point.value.partition(":")[0].partition(".")[0] == package]
    named = [point for point in own if point.name == getattr(thing, "name", None)]
    found = (named or own)[:1]
    return _described(group, found[0]) if found else None


def refresh() -> None:
    """Forget which distributions are installed; look again at the next question."""
    _points.cache_clear()


def _loaded(group: Group, point: EntryPoint) -> Callable[..., Any]:
    who = _described(group, point)
    try:
        factory = point.load()
    except Exception as error:
        raise PluginLoadError(
            f"{_WHAT[group]} {who} cannot be imported from {point.value}: {type(error).__name__}: {error}"
        ) from error
    if not callable(factory):
        raise PluginLoadError(f"{_WHAT[group]} {who} is no class or factory: {point.value} is {factory!r}")
    return factory  # type: ignore[no-any-return]  # it was found callable


@functools.cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    """The entry points of other distributions, once each, without our own names."""
    found: Mapping[tuple[str, str, str], EntryPoint] = {
        (point.name, point.value, point.dist.name if point.dist else ""): point
        for point in entry_points(group=f"ossgeo.{group}")
        if point.name not in _BUILT_IN[group]
    }
    return tuple(found[key] for key in sorted(found))


def _described(group: str, point: EntryPoint) -> Plugin:
    name, number = (point.dist.name, point.dist.version) if point.dist else ("unknown", "unknown")
    return Plugin(group, point.name, point.value, name, number)


def _require_group(group: str) -> None:
    if group not in get_args(Group):
        raise PluginNotFoundError.among(group, get_args(Group), what="plugin group")
