"""Plugins: strategies, calculators and sources by name, built in or from other distributions.

A distribution offers a plugin through an entry point in the group ``ossgeo.attribution``, ``ossgeo.shares`` or
``ossgeo.sources``; the value is a class or a factory that can be called without arguments. A plugin is imported when it is
requested by name. A built-in name always returns the built-in object; a distribution that offers it causes a warning.

A strategy, calculator, source or plotting backend states in ``api_version`` the version of the contract that it follows, so that
one that was written for another version is refused instead of misread.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any, Final, Literal, get_args

import attrs

from ossgeo.errors import OssgeoWarning, PluginConflictError, PluginLoadError, PluginNotFoundError

API_VERSION: Final = 1
"""The version of the contracts of plugins, and the only accepted value of ``api_version``."""

Group = Literal["attribution", "shares", "sources", "plotting"]
"""The kinds of plugins."""

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
        "undeclared": "ossgeo.attribution._strategies.undeclared:Undeclared",
        "configuration": "ossgeo.attribution._strategies.inferred:configuration",
        "fingerprint": "ossgeo.attribution._strategies.inferred:fingerprint",
        "headquarters": "ossgeo.attribution._strategies.headquarters:Headquarters",
        "membership": "ossgeo.attribution._strategies.membership:Membership",
        "declared": "ossgeo.attribution._strategies.declared:Declared",
        "account-type": "ossgeo.attribution._strategies.account_type:AccountType",
        "study-publisher": "ossgeo.attribution._strategies.labels:study_publisher",
        "study-derived": "ossgeo.attribution._strategies.labels:study_derived",
    },
    "shares": {
        "downloads": "ossgeo.shares._calculators.downloads:Downloads",
        "flow": "ossgeo.shares._calculators.downloads:Downloads",
        "stock": "ossgeo.shares._calculators.stock:Stock",
        "supply": "ossgeo.shares._calculators.supply:Supply",
        "count-in-top": "ossgeo.shares._calculators.count_in_top:CountInTop",
        "derivatives": "ossgeo.shares._calculators.derivatives:Derivatives",
        "license-drift": "ossgeo.shares._calculators.license_drift:LicenseDrift",
        "licence-drift": "ossgeo.shares._calculators.license_drift:LicenseDrift",
        "relative-adoption": "ossgeo.shares._calculators.relative_adoption:RelativeAdoption",
    },
    "sources": {
        "hub": "ossgeo.sources._hub.client:Hub",
        "snapshot-store": "ossgeo.sources._store.snapshots:SnapshotStore",
        "open-model-evolution": "ossgeo.sources._datasets.open_model_evolution:OpenModelEvolution",
        "openrouter": "ossgeo.sources._datasets.openrouter:OpenRouter",
        "hub-stats": "ossgeo.sources._datasets.hub_stats:HubStats",
        "publisher-analytics": "ossgeo.sources._datasets.publisher_analytics:PublisherAnalytics",
    },
    "plotting": {"altair": "ossgeo.plotting._dispatch:AltairBackend"},
}


@attrs.frozen
class Plugin:
    """A strategy, calculator, source or plotting backend with a name.

    Attributes:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: Its name.
        target: The import path, ``module:name``.
        distribution: The distribution that provides it.
        version: Version of the distribution.
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
    """Return the available plugins; nothing is loaded.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.

    Returns:
        The built-in plugins, then those of other distributions by name. A name that two distributions offer is listed
        twice, and :func:`get` raises for it.

    Raises:
        PluginNotFoundError: The group is unknown.

    Warns:
        OssgeoWarning: A distribution offers a built-in name; its plugin is not listed. The warning is given once, and again
            after :func:`refresh`.

    Example:
        >>> [plugin.name for plugin in available("attribution")][:3]
        ['publisher', 'direct-base', 'root']
    """
    _require_group(group)
    own = [Plugin(group, name, target, "ossgeo", version("ossgeo")) for name, target in _BUILT_IN[group].items()]
    return (*own, *(_described(group, point) for point in _points(group)))


def get(group: Group, name: str) -> Callable[..., Any]:
    """Return the class or factory with a name; call it with or without arguments.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: The name.

    Raises:
        PluginNotFoundError: No plugin has the name; the message lists near names.
        PluginLoadError: The plugin cannot be imported; the cause is chained.
        PluginConflictError: Two distributions offer the name.

    Warns:
        OssgeoWarning: A distribution offers a built-in name; the built-in object is returned.

    Example:
        >>> get("attribution", "publisher")().name
        'publisher'
    """
    _require_group(group)
    points = _points(group)
    if name in _BUILT_IN[group]:
        module, _, attribute = _BUILT_IN[group][name].partition(":")
        built_in: Callable[..., Any] = getattr(import_module(module), attribute)
        return built_in
    found = [point for point in points if point.name == name]
    if not found:
        known = [plugin.name for plugin in available(group)]
        raise PluginNotFoundError.among(name, known, what=_WHAT[group])
    if len(found) > 1:
        who = " and ".join(sorted(str(_described(group, point)) for point in found))
        raise PluginConflictError(f"{_WHAT[group]} {name!r} is offered twice, by {who}; uninstall one of them")
    return _loaded(group, found[0])


def make(group: Group, name: str) -> object:
    """Return a new instance of the plugin with a name, with its own defaults.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        name: The name.

    Raises:
        PluginNotFoundError: No plugin has the name.
        PluginLoadError: The plugin cannot be imported, cannot be called without arguments, or follows another version of the
            contract.
        PluginConflictError: Two distributions offer the name.
    """
    factory = get(group, name)
    try:
        made = factory()
    except Exception as error:
        raise PluginLoadError(
            f"{_WHAT[group]} {name!r} cannot be created without arguments: {error}; "
            f"call ossgeo.plugins.get({group!r}, {name!r}) with its arguments"
        ) from error
    if fault := version_fault(made):
        raise PluginLoadError(f"{_WHAT[group]} {name!r}: {fault}")
    return made


def version_fault(thing: object) -> str:
    """Return why an object does not follow the version of the contract of plugins; empty if it does.

    Args:
        thing: A strategy, calculator, source or plotting backend; a class in its place is a fault.
    """
    if isinstance(thing, type):
        return f"must be an object, got its class; give {thing.__name__}()"
    declared = getattr(thing, "api_version", None)
    if declared == API_VERSION:
        return ""
    return f"api_version must be {API_VERSION}, the version of the contract that it follows, got {declared!r}"


def origin(group: Group, thing: object) -> Plugin | None:
    """Return the distribution that provides a strategy or calculator.

    Args:
        group: ``attribution``, ``shares``, ``sources`` or ``plotting``.
        thing: The object.

    Returns:
        The plugin; None if the object is built in or defined by the user.
    """
    package = type(thing).__module__.partition(".")[0]
    if package in ("ossgeo", "__main__"):
        return None
    own = [point for point in _points(group) if point.value.partition(":")[0].partition(".")[0] == package]
    named = [point for point in own if point.name == getattr(thing, "name", None)]
    found = (named or own)[:1]
    return _described(group, found[0]) if found else None


def refresh() -> None:
    """Clear the cache of installed distributions."""
    _installed.cache_clear()
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
        raise PluginLoadError(f"{_WHAT[group]} {who} must be a class or factory, got {factory!r} from {point.value}")
    return factory  # type: ignore[no-any-return]  # it was found callable


@functools.cache
def _installed() -> Mapping[str, tuple[EntryPoint, ...]]:
    """Return the entry points of all groups; all distributions are read once for them."""
    found: Any = entry_points()  # of another type before Python 3.12
    return {group: tuple(found.select(group=f"ossgeo.{group}")) for group in get_args(Group)}


@functools.cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    """Return the entry points of other distributions, each once; warn about those with a built-in name."""
    found: Mapping[tuple[str, str, str], EntryPoint] = {
        (point.name, point.value, point.dist.name if point.dist else ""): point for point in _installed()[group]
    }
    points = [found[key] for key in sorted(found)]
    for point in points:
        if point.name in _BUILT_IN[group]:
            warnings.warn(
                f"{_WHAT[group]} {_described(group, point)} is not available: {point.name!r} is a built-in name; "
                "the distribution must offer it under another name",
                OssgeoWarning,
                stacklevel=3,
            )
    return tuple(point for point in points if point.name not in _BUILT_IN[group])


def _described(group: str, point: EntryPoint) -> Plugin:
    name, number = (point.dist.name, point.dist.version) if point.dist else ("unknown", "unknown")
    return Plugin(group, point.name, point.value, name, number)


def _require_group(group: str) -> None:
    if group not in get_args(Group):
        raise PluginNotFoundError.among(group, get_args(Group), what="plugin group")
