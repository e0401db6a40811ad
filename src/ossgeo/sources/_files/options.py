"""The options of reading: names and help for the shell, defined once."""

from __future__ import annotations

from typing import Final

import attrs


@attrs.frozen
class ReadOption:
    """An option of :func:`ossgeo.read_panel` in the shell.

    Attributes:
        name: The name of the argument.
        help: One line.
        metavar: The form of a value.
        values: The only values, if they are fixed.
        many: Whether the option may be repeated.
        pairs: Whether a value is ``THEIRS=OURS``.
    """

    name: str
    help: str
    metavar: str = ""
    values: tuple[str, ...] = ()
    many: bool = False
    pairs: bool = False


READ_OPTIONS: Final = (
    ReadOption("columns", "rename a column", "THEIRS=OURS", many=True, pairs=True),
    ReadOption(
        "counter",
        "what the rows count, such as downloads_30d, downloads_all_time, tokens_per_7d or tokens_per_interval",
        "NAME",
    ),
    ReadOption("models", "a file of facts about the models, if the rows have only counters", "PATH"),
    ReadOption("records", "the key that holds the rows in JSON, or the table of a SQLite file", "KEY"),
    ReadOption("pattern", "only these files of a folder, such as '*.csv'", "PATTERN"),
    ReadOption(
        "period_from", "'file': take the period from the date in the file's name; or the date of all rows", "file|DATE"
    ),
    ReadOption("date_format", "the form of dates, such as %%d-%%m-%%Y, unix or unix_ms (default: ISO 8601)", "FORMAT"),
    ReadOption(
        "wide", "columns of dates or models, by name or pattern such as '*'; needs --counter", "COLUMN", many=True
    ),
    ReadOption("expand", "a column of JSON objects whose keys become columns", "COLUMN"),
    ReadOption("ignore", "leave a column out", "COLUMN", many=True),
    ReadOption("encoding", "the encoding of text files, such as cp1252 (default: UTF-8)", "NAME"),
    ReadOption("dimensions", "a further column to group by, such as the country of users", "COLUMN", many=True),
    ReadOption("residual", "an id that represents all other models, such as other", "ID", many=True),
    ReadOption("platform", "the platform of the ids, such as openrouter (default: huggingface)", "NAME"),
    ReadOption("scope", "what the file covers, in words; printed with the result", "TEXT"),
    ReadOption("engine", "the engine for Parquet files", values=("polars", "duckdb", "spark")),
    ReadOption("start", "the first period to read", "DATE"),
    ReadOption("end", "the last period to read", "DATE"),
)
"""Every keyword argument of :func:`ossgeo.read_panel`, in its order; a test compares them."""
