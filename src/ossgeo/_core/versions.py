"""Versions of ossgeo and of the packages that it uses, for bug reports."""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version


def show_versions() -> None:
    """Print the versions of ossgeo, Python, the operating system, and each dependency and optional dependency.

    Example:
        >>> show_versions()  # doctest: +ELLIPSIS
        ossgeo            ...
    """
    names = dict.fromkeys(
        re.split(r"[\s<>=!~;\[]", requirement, maxsplit=1)[0] for requirement in requires("ossgeo") or ()
    )
    rows = {
        "ossgeo": version("ossgeo"),
        "python": platform.python_version(),
        "system": platform.platform(),
        **{name: _installed(name) for name in sorted(names, key=str.casefold)},
    }
    sys.stdout.write("".join(f"{name:<17} {found}\n" for name, found in rows.items()))


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
