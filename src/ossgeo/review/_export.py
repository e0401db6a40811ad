"""Export of the registry as a data package with a dataset card."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, Final

from ossgeo._core.io import made_folder, write_files
from ossgeo.errors import OutputError
from ossgeo.registry._registry import Registry
from ossgeo.registry._tables import REQUIRED, TABLES
from ossgeo.review._card import card

_NAME: Final = "ossgeo-registry"
_PACKAGE: Final = "datapackage.json"
_TYPES: Final = {"start": "date", "end": "date", "reviewed_on": "date", "weight": "number", "founded": "integer"}
_KEYS: Final = {"organizations": "organization", "moves": "model_id"}
_LICENSE: Final = {"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"}

_CARD: Final = """---
license: apache-2.0
pretty_name: Organizations behind open AI models, with countries and evidence
configs:
{configs}
---

# Organizations behind open AI models

Organizations behind the namespaces of AI model hubs, their countries by date, and the evidence of each fact. A person is
`individual` and has no country. The columns are described in `datapackage.json`.

{card}"""


def export(registry: Registry, folder: str | Path) -> tuple[Path, ...]:
    """Write the tables with a Frictionless data package and a dataset card, ready for `hf upload`.

    Args:
        registry: The registry.
        folder: The folder to write; it is created if it does not exist. The files of an earlier export are replaced.

    Returns:
        The files that were written: a CSV for each table, ``datapackage.json`` and ``README.md``.

    Raises:
        OutputError: The folder or a file cannot be written (then none is), or the folder has one of the files without being an export.

    Source: https://specs.frictionlessdata.io/data-package/ (read 2026-11-27).
    """
    target = made_folder(folder)
    texts = {_PACKAGE: json.dumps(_package(registry), indent=2, ensure_ascii=False) + "\n"}
    texts |= {f"{table}.csv": _csv(registry, table) for table in TABLES}
    configs = "\n".join(f"- config_name: {table}\n  data_files: {table}.csv" for table in TABLES)
    texts["README.md"] = _CARD.format(configs=configs, card=card(registry))
    there = next((target / name for name in texts if (target / name).exists()), None)
    if there is not None and not _is_export(target):
        raise OutputError(f"{there} exists and would be replaced by the export; choose another folder")
    files = {target / name: text.encode() for name, text in texts.items()}
    write_files(files)
    return tuple(files)


def _is_export(folder: Path) -> bool:
    """Return whether a folder has the data package of an export."""
    try:
        return bool(json.loads((folder / _PACKAGE).read_text(encoding="utf-8"))["name"] == _NAME)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _csv(registry: Registry, table: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TABLES[table])
    writer.writerows([row.get(column) for column in TABLES[table]] for row in registry.tables[table])
    return text.getvalue()


def _package(registry: Registry) -> dict[str, Any]:
    return {
        "name": _NAME,
        "title": "Organizations behind open AI models, with countries and evidence",
        "version": registry.version,
        "licenses": [_LICENSE],
        "resources": [_resource(table) for table in TABLES],
    }


def _resource(table: str) -> dict[str, Any]:
    fields = [
        {"name": name, "type": _TYPES.get(name, "string"), "description": meaning}
        | ({"constraints": {"required": True}} if name in REQUIRED[table] else {})
        for name, meaning in TABLES[table].items()
    ]
    schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
    if table in _KEYS:
        schema["primaryKey"] = _KEYS[table]
    if "organization" in TABLES[table] and table != "organizations":
        schema["foreignKeys"] = [
            {"fields": "organization", "reference": {"resource": "organizations", "fields": "organization"}}
        ]
    return {"name": table, "path": f"{table}.csv", "profile": "tabular-data-resource", "format": "csv",
            "mediatype": "text/csv", "encoding": "utf-8", "schema": schema}  # fmt: skip
