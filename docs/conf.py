"""Sphinx configuration: ``sphinx-build -W -n docs docs/_build/html`` builds the documentation."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

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

computed.write(Path(__file__).parent / "_computed")
