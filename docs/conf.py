"""Sphinx configuration: ``sphinx-build -W -n docs docs/_build/html`` builds the documentation."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from ossgeo._core.schema import TABLES

sys.path.insert(0, str(Path(__file__).parent))
import computed

project = "ossgeo"
author = "the ossgeo developers"
project_copyright = "2026, the ossgeo developers"
version = release = installed_version("ossgeo")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_llms_txt"]
html_copy_source = True  # the Markdown of each page, which llms.txt links to
llms_txt_uri_template = "_sources/{docname}.md.txt"
llms_txt_full_file = False
llms_txt_summary = (
    "ossgeo measures whose open AI models are used, by country and organization, with the reliability of each share."
)
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 2
nb_execution_mode = "force"  # each build runs the notebook
nb_execution_raise_on_error = True
nb_execution_timeout = 120
exclude_patterns = ["_build", "_computed", "examples"]
html_extra_path = ["_computed/extra"]
html_theme = "furo"
html_title = "ossgeo"
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_google_docstring = True
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True
# types of other projects, private modules of public classes, and type aliases have no page to link to
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(alt|altair|pl|polars|nw|narwhals|pd|pandas|pa|pyarrow|attrs|attr|dt|datetime|pathlib|collections|typing)\..*",
    ),
    (
        r"py:.*",
        r"(Any|Mapping|Sequence|Iterable|Iterator|Literal|Path|date|timedelta|Traversable|ModelInfo|optional|T|ossgeo\..*\.T|hypothesis\..*)",
    ),
    (
        r"py:.*",
        r"(?:ossgeo\.)?(?:.*\.)?(Where|By|Counter|Counting|Denominator|CounterName|Confidence|Shown|Group|Unit|Verdict|Shares|GroupNames|Tables|Row|Rest)",
    ),
    (
        r"py:.*",
        r"(ossgeo\.(.*\.)?_.*|IntoFrame|Plottable|_.*|OSError|ValueError|LookupError|RuntimeError|UserWarning)",
    ),
]


def _write_columns(folder: Path) -> None:
    """Write the reference of columns from the schemas that the code uses."""
    grain = {
        "rows": "A panel's `rows`: one row for each model and observation.",
        "models": "A panel's `models`: one row for each model. All but `model_id` may be null or absent.",
        "credits": "The output of a strategy's `attribute_frame`: one row for each model, validity and credited party.",
        "flows": "The input of a calculator: one row for each model and interval.",
        "shares": "`ShareTable.to_polars()`: one row for each period and group; a column for each key stands after `period`.",
    }
    lines = ["# Columns", "", "Each column has the same name, type and unit in every table.", ""]
    for table, columns in TABLES.items():
        lines += [
            f"## {table}",
            "",
            grain[table],
            "",
            "| column | type | unit | meaning | also read as |",
            "|---|---|---|---|---|",
        ]
        for column in columns:
            also = ", ".join(f"`{name}`" for name in column.aliases)
            lines.append(f"| `{column.name}` | {column.dtype} | {column.unit} | {column.meaning} | {also} |")
        lines.append("")
    (folder / "columns.md").write_text("\n".join(lines), encoding="utf-8")


_write_columns(Path(__file__).parent / "reference")
computed.write(Path(__file__).parent / "_computed")
