"""The Python code that makes a report again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import attrs

from ossgeo._core.method import Cleaning
from ossgeo._core.text import plain
from ossgeo.panel._panel import Panel
from ossgeo.registry._registry import Registry
from ossgeo.shares._options import MeasureOptions, MeasureOptionsDict


def given_options(options: MeasureOptionsDict) -> MeasureOptionsDict:
    """Return the options that differ from their defaults, so that a default given explicitly equals one left out.

    Args:
        options: Options of :func:`ossgeo.measure`.
    """
    chosen = MeasureOptions(**{name: value for name, value in options.items() if name not in ("registry", "models")})  # type: ignore[arg-type]
    given: MeasureOptionsDict = {name: getattr(chosen, name) for name in chosen.changed()}  # type: ignore[assignment]
    if (registry := options.get("registry")) is not None and registry != Registry.default():
        given["registry"] = registry
    if (models := options.get("models")) is not None:
        given["models"] = models
    return given


def code_of(panel: Panel, options: MeasureOptionsDict) -> str:
    """Return code that measures and reports the panel with the same options.

    A source or option that has no text form, such as a table in memory or a calculator object, appears in a comment and
    is named in the code by a variable that the reader must define.

    Args:
        panel: The panel.
        options: The options that differ from their defaults.
    """
    lines, arguments = [], []
    if panel.source.startswith("sample "):
        source = f"ossgeo.load_sample({panel.source.removeprefix('sample ')!r})"
        lines.append(f"panel = {source}")
    elif panel.source and Path(panel.source).exists():
        lines.append(f"panel = ossgeo.read_panel({panel.source!r})  # add the arguments that it was read with")
    else:
        lines.append(f"# panel: read from {plain(panel.source, 80) or 'a table in memory'}")
    for name, value in options.items():
        text = _literal(value)
        if text is None:
            lines.append(f"# {name}: {plain(value, 120)}".replace("\n", " "))
        arguments.append(f", {name}={name if text is None else text}")
    said = "".join(arguments)
    return "\n".join([
        "import ossgeo", "", *lines, f"table = ossgeo.measure(panel{said})",
        f"ossgeo.report(panel, path='report.html'{said})", "",
    ])  # fmt: skip


def _literal(value: object) -> str | None:
    """Return a value as Python code that needs ``import ossgeo`` alone; None if it has no such form."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if isinstance(value, dt.date):
        return repr(value.isoformat())
    if isinstance(value, tuple | list):
        parts = [_literal(one) for one in value]
        return None if None in parts else f"[{', '.join(map(str, parts))}]"
    if isinstance(value, Mapping):
        items = {_literal(key): _literal(one) for key, one in value.items()}
        return None if None in (*items, *items.values()) else f"{{{', '.join(f'{k}: {v}' for k, v in items.items())}}}"
    if isinstance(value, Cleaning):
        fields = {field.name: getattr(value, field.name) for field in attrs.fields(Cleaning)}
        given = [f"{name}={one!r}" for name, one in fields.items() if one != getattr(Cleaning(), name)]
        return f"ossgeo.Cleaning({', '.join(given)})"
    return None
