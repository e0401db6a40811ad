"""The usual shapes of JSON as rows: lists, records under a key, columns, objects by id, single objects, JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ossgeo._core.schema import COUNTERS
from ossgeo.errors import Fault, PanelError
from ossgeo.sources._files.columns import SYNONYMS
from ossgeo.sources._files.normalization import FAULTS_A_COLUMN, shown

_SPLIT: Final = frozenset({"columns", "data"})
_IDS: Final = frozenset(name for name, ours in SYNONYMS.items() if ours == "model_id")
_DEPTH: Final = 3
"""How deep in objects rows are looked for, to name their key in an error."""
_NEEDED: Final = frozenset({"model_id", "downloads", *COUNTERS})


def rows_of_json(text: str, place: str, records: str | None) -> list[dict[str, Any]]:
    """Return the rows of a JSON or JSON Lines text.

    Args:
        text: The text.
        place: Name of the file, for messages.
        records: The key of the rows, or keys such as ``data.models``; by default the document itself holds them.

    Raises:
        PanelError: The text is not JSON, or its shape is not known.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        return []
    if len(lines) > 1 and _is_whole(lines[0][1]):
        rows = [_parsed(line, place, number) for number, line in lines]
    else:
        rows = _rows_of_document(_parsed(text, place, None), place, records)
    wrong = [number for number, row in enumerate(rows, start=1) if not isinstance(row, dict)]
    if wrong:
        faults = [
            Fault(f"{place}, row {number}", f"is {shown(rows[number - 1])}, not an object")
            for number in wrong[:FAULTS_A_COLUMN]
        ]
        raise PanelError(f"{place} cannot be read", faults)
    return rows


def _is_whole(line: str) -> bool:
    """Return whether a line is a JSON object, so that the text is JSON Lines, whatever the ending of the file."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _parsed(text: str, place: str, row: int | None) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = f"{place}, row {row or error.lineno}, character {error.colno}"
        raise PanelError.of(where, "is not JSON", "correct it; if the file ends here, fetch it again") from error
    except (RecursionError, ValueError) as error:
        raise PanelError.of(place, "nests too deeply or has a number that is too long", "fetch it again") from error


def _rows_of_document(document: Any, place: str, records: str | None) -> list[Any]:
    parent, value = _found(document, records)
    rows = None if value is None else _rows_of_value(value)
    if rows is None:
        raise PanelError.of(place, f"has no list of rows{f' under {records!r}' if records else ''}", _remedy(document))
    beside = {name: value for name, value in parent.items() if name in SYNONYMS and not isinstance(value, list | dict)}
    return [{**beside, **row} if isinstance(row, dict) else row for row in rows] if beside else rows


def _found(document: Any, records: str | None) -> tuple[dict[str, Any], Any]:
    """Return the object that has the rows and the rows; the key ``data.models`` is that of an object in an object."""
    if records is None:
        return {}, document
    parent: dict[str, Any] = {}
    value = document
    for key in [records] if isinstance(document, dict) and records in document else records.split("."):
        if not isinstance(value, dict):
            return {}, None
        parent, value = value, value.get(key)
    return parent, value


def _remedy(document: Any) -> str:
    if not isinstance(document, dict):
        return "it is one list: leave records= out" if isinstance(document, list) else "give a list of objects"
    places = list(_places(document, ""))
    if not places:
        return f"it is an object with {', '.join(list(map(repr, document))[:10]) or 'no keys'}"
    return f"the rows may be under {', '.join(map(repr, places[:10]))}: give records={places[0]!r}"


def _places(value: dict[str, Any], above: str) -> Iterator[str]:
    """Yield the keys, also those of objects in objects, whose values are rows."""
    for name, part in value.items():
        if isinstance(part, dict) and above.count(".") < _DEPTH:
            yield from _places(part, f"{above}{name}.")
        rows = _rows_of_value(part)
        if rows and isinstance(rows[0], dict):
            yield f"{above}{name}"


def _rows_of_value(value: Any) -> list[Any] | None:
    """Return rows from any of the shapes that pandas and others write; None if the shape is another."""
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or not value:
        return None
    if value.keys() >= _SPLIT and all(isinstance(value[name], list) for name in _SPLIT):
        return [dict(zip(value["columns"], cells, strict=True)) for cells in value["data"]]
    if SYNONYMS.keys() & value.keys():
        return _rows_of_columns(value)
    parts = list(value.values())
    if all(isinstance(part, dict) for part in parts) and SYNONYMS.keys() & parts[0].keys():
        return [{"model_id": key, **row} if not _IDS & row.keys() else row for key, row in value.items()]
    return None


def _rows_of_columns(value: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return rows from an object whose keys are columns: single values, lists, or objects by row number."""
    key = next((name for name in value if SYNONYMS.get(name) in _NEEDED), None)
    if key is None:
        return None
    if isinstance(value[key], list):
        if not all(isinstance(column, list) and len(column) == len(value[key]) for column in value.values()):
            return None
        return [dict(zip(value, cells, strict=True)) for cells in zip(*value.values(), strict=True)]
    if isinstance(value[key], dict):
        if not all(isinstance(column, dict) for column in value.values()):
            return None
        return [{name: column.get(row) for name, column in value.items()} for row in value[key]]
    return [value]
