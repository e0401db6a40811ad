"""The reference of columns, from the schemas that the code uses: ``python docs/columns.py`` writes it again."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ossgeo._core.schema import TABLES

PAGE: Final = Path(__file__).parent / "reference" / "columns.md"


def text() -> str:
    """Return the page."""
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
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
