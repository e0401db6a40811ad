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
from ossgeo.shares._names import capitalized, quantity, span
from ossgeo.shares._options import MeasureOptions, MeasureOptionsDict
from ossgeo.shares._table import ShareTable


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


def method_texts(table: ShareTable) -> tuple[str, ...]:
    """Return how a table was made, in sentences."""
    method = table.method
    credited = {
        "publisher": "Each model is credited to the organization that publishes it, and to the country of this organization",
        "root": "Each model is credited to the publisher of the model that it was made from in the end",
    }.get(method.attribution, f"Models are credited by the strategy {method.attribution}")
    when = "on the day of use" if method.as_of == "flow" else f"as of {method.as_of}"
    counted = {
        "fractional": "A model of several countries counts in parts.",
        "full": "A model of several countries counts fully in each, so that shares do not sum to 100%.",
        "primary": "A model of several countries counts for the largest of them alone.",
    }[method.counting]
    whole = {
        "all": f"Shares are of all {method.unit}, those without a known country among them.",
        "attributed": f"Shares are of the {method.unit} whose country is known.",
    }[method.denominator]
    capped = f" Only uses within {method.age_cap} days of a model's creation count." if method.age_cap else ""
    place = "The country is that of the makers of a model, not of its users."
    return (
        f"{credited}, {when}. {counted} {whole}{capped} {place}",
        f"{capitalized(quantity(method))}, {span(method, table.periods)}.",
    )


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
