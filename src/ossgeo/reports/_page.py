"""The page around sections: one template for reports and profiles."""

from __future__ import annotations

import base64
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from ossgeo._core.text import plain
from ossgeo.plotting._style import dark_colors
from ossgeo.reports._content import Section

_HERE: Final = Path(__file__).parent


def page_text(title: str, summary: str, caveat: str, sections: tuple[Section, ...], *, registry: str) -> str:
    """Return an HTML page that needs no network.

    Args:
        title: The title.
        summary: The first paragraph.
        caveat: The largest caveat; empty for none.
        sections: The sections.
        registry: Version of the registry.
    """
    import jinja2
    import markupsafe

    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    style = _color_rules() + style
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string((_HERE / "page.html.j2").read_text(encoding="utf-8"))
    return template.render(
        title=plain(title, 200),
        summary=plain(summary, 900),
        caveat=caveat,
        sections=sections,
        style=markupsafe.Markup(style),  # noqa: S704  # a file of this package
        script=markupsafe.Markup(script),  # noqa: S704  # a file of this package
        style_hash=_hash(style),
        script_hash=_hash(script),
        version=version("ossgeo"),
        registry=registry,
    )


def _color_rules() -> str:
    """Return the colors of pictures as variables, for the light and the dark theme."""
    pairs = dark_colors()
    light = "".join(f"--{color[1:]}:{color};" for color in pairs)
    dark = "".join(f"--{color[1:]}:{other};" for color, other in pairs.items())
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
