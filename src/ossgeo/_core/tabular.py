"""Values with rows: shown as tables in notebooks, and converted to frames of other libraries."""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import TYPE_CHECKING, TypeVar

import attrs

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class Tabular:
    """A value with rows, which notebooks show as a table and other libraries take as theirs."""

    __slots__ = ()

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame."""
        raise NotImplementedError

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame. Needs pandas and PyArrow."""
        from ossgeo._core import engines  # a look-up in the registry loads no dataframe library

        with engines.needs_extra("pandas"):
            return self.to_polars().to_pandas()

    def _repr_html_(self) -> str:
        """Return the rows for a notebook; the rows that are not shown are counted, and every text is escaped."""
        from ossgeo._core.text import html_frame

        rows = self.to_polars()
        return html_frame(rows) if rows.height else f"<p>{escape(str(self))}</p>"


_T = TypeVar("_T")


class Listing(tuple[_T, ...], Tabular):
    """A tuple that notebooks show as a table, one row for each item.

    An item with a method ``_shown``, which returns texts by column, determines what is shown of it.
    """

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each item: its fields; objects as text."""
        import polars as pl

        names = [field.name for field in attrs.fields(type(self[0]))] if self else []  # type: ignore[arg-type]
        rows = [{name: _plain(getattr(item, name)) for name in names} for item in self]
        return pl.DataFrame(rows, infer_schema_length=None)

    def _repr_html_(self) -> str:
        """Return the rows for a notebook; the rows that are not shown are counted, and every text is escaped."""
        if not self or not hasattr(self[0], "_shown"):
            return super()._repr_html_()
        import polars as pl

        from ossgeo._core.text import html_frame

        return html_frame(pl.DataFrame([item._shown() for item in self]))  # type: ignore[attr-defined]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return value if value is None or isinstance(value, str | int | float | dt.date) else str(value)
