"""The structure of the package: few public modules, imports that run one way, and no import hidden in a string."""

from __future__ import annotations

import ast
import pkgutil
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import ossgeo
from ossgeo import plugins

SOURCE = Path(ossgeo.__file__).parent
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
LAYERS = (
    {"errors"}, {"plugins"}, {"_core"}, {"registry"}, {"panel"}, {"attribution", "sources"}, {"shares"},
    {"analysis", "external", "testing"}, {"review"}, {"claims", "plotting"}, {"reports"}, {"_inventory"},
    {"cli"}, {"__main__"},
)  # fmt: skip
"""Packages and modules from the lowest layer to the highest; a layer imports only from lower ones."""
STRINGS = {"__init__.py", "plugins.py", "sources/__init__.py"}
"""Modules that import by a string: the tables of public names, and the table of plugins."""


def public_modules() -> list[str]:
    found = (module.name for module in pkgutil.walk_packages(ossgeo.__path__, "ossgeo."))
    return [name for name in found if not any(part.startswith("_") for part in name.split(".")[1:])]


def test_at_most_25_modules_are_public() -> None:
    assert len(public_modules()) <= 25, public_modules()


def test_every_public_name_exists_and_is_documented() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.rglob("*.md"))
    for name in ossgeo.__all__:
        assert getattr(ossgeo, name) is not None
        assert f"ossgeo.{name}" in pages, f"docs/reference does not mention ossgeo.{name}"


def test_a_string_imports_only_where_the_table_says() -> None:
    users = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
        and "import_module" in (getattr(node, "id", ""), getattr(node, "attr", ""))
    }
    assert users <= STRINGS


def test_every_built_in_plugin_is_importable_and_above_the_callers_that_name_it() -> None:
    for group, table in plugins._BUILT_IN.items():
        for name, target in table.items():
            module, _, attribute = target.partition(":")
            assert callable(getattr(import_module(module), attribute)), (group, name)


def test_layers_are_complete() -> None:
    names = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    known = set().union(*LAYERS)
    assert names - {"__init__"} <= known
    assert all(not lower & higher for lower, higher in pairwise(LAYERS))


def test_importing_ossgeo_loads_no_dataframe_library() -> None:
    import subprocess
    import sys

    code = (
        "import sys, ossgeo; print([name for name in ('polars', 'narwhals', 'huggingface_hub') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "[]\n"
