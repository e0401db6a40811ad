"""The base of all results: a frame, a method and a sentence, as text, HTML, chart or another library's table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypedDict, Unpack, cast

import attrs
import polars as pl

from ossgeo import plugins
from ossgeo._core import engines
from ossgeo._core.method import Method
from ossgeo._core.text import Format, html_table, text_table

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    import pyarrow as pa

_BACKEND: Final = "altair"
"""Name of the plotting backend in :mod:`ossgeo.plugins`."""


class PlotOptions(TypedDict, total=False):
    """The options of a picture; all may be left out.

    Attributes:
        title: The title; by default the finding.
        subtitle: The first line below the title; by default the measured quantity. The scope always follows it.
        width: Width of the picture in pixels, from 100 to 20,000, 800 by default. Below 520, names stand above bars.
        height: Height of the plotting area in pixels, from 10 to 20,000; by default it fits the data. The area has at most 64
            million pixels.
        font_scale: Factor on all font sizes, 1 by default.
        theme: ``light`` (the default) or ``dark``.
        top: How many groups are drawn separately; the others are one group, so that totals are kept. Not for crossovers.
        kind: For share tables: ``line``, ``stacked``, ``ranks``, ``bars`` (the last period), ``map`` (countries or groups
            of countries at the last period) or ``matrix`` (two keys); by default the one that fits the keys.
        bounds: For lines of a share table: the result of :func:`ossgeo.analysis.bounds`, drawn as bands.
        crossovers: For lines of a share table: the result of :func:`ossgeo.analysis.crossovers`, drawn as diamonds.
    """

    title: str | None
    subtitle: str | None
    width: float
    height: float | None
    font_scale: float
    theme: Literal["light", "dark"]
    top: int
    kind: Literal["line", "stacked", "ranks", "bars", "map", "matrix"] | None
    bounds: Result
    crossovers: Result


class Plottable:
    """A result with a chart. The plotting backend is loaded when the first chart is drawn."""

    __slots__ = ()

    def plot(self, **options: Unpack[PlotOptions]) -> alt.LayerChart:
        """Return a chart of the result; needs the extra ``plot``.

        Args:
            **options: See :class:`ossgeo.plotting.PlotOptions`.

        Returns:
            An Altair chart, to be changed, shown or saved.

        Raises:
            InvalidArgumentError: An option does not apply to the result.
            EngineError: Altair is not installed.
        """
        return cast("PlottingBackend", plugins.make("plotting", _BACKEND)).plot(self, **options)

    def _repr_html_(self) -> str:
        """Return the result as a notebook shows it; every text is escaped."""
        return f"<pre>{escape(str(self))}</pre>"


class PlottingBackend(Protocol):
    """The contract of plotting backends."""

    @property
    def name(self) -> str:
        """The name of the backend."""
        ...

    @property
    def api_version(self) -> int:
        """The version of the contract that the backend follows; see :data:`ossgeo.plugins.API_VERSION`."""
        ...

    def plot(self, result: Plottable, **options: Unpack[PlotOptions]) -> alt.LayerChart:
        """Return a chart of a result.

        Args:
            result: A result.
            **options: The options of the chart.
        """
        ...


@attrs.frozen(eq=False)
class Result(Plottable):
    """The result of an analysis.

    Attributes:
        frame: The rows; each result documents its columns.
        method: How the shares were made.
    """

    frame: pl.DataFrame
    method: Method

    def sentence(self) -> str:
        """Return the finding in one sentence."""
        raise NotImplementedError

    def _printed(self) -> tuple[pl.DataFrame, Mapping[str, Format]]:
        """Return the rows that are printed, and the columns with their formats."""
        raise NotImplementedError

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a Polars frame."""
        return self.frame

    def to_pandas(self) -> pd.DataFrame:
        """Return the rows as a pandas frame. Needs pandas and PyArrow."""
        with engines.needs_extra("pandas"):
            return self.frame.to_pandas()

    def to_arrow(self) -> pa.Table:
        """Return the rows as a PyArrow table. Needs PyArrow."""
        with engines.needs_extra("pandas"):
            return self.frame.to_arrow()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as an Arrow stream, without a copy."""
        return self.frame.__arrow_c_stream__(requested_schema)

    def __str__(self) -> str:
        """Return the sentence and the first rows."""
        rows, formats = self._printed()
        return f"{self.sentence()}\n{text_table(rows, formats)}" if rows.height else self.sentence()

    def _repr_html_(self) -> str:
        """Return the sentence, the first rows and the method as HTML; every text is escaped."""
        rows, formats = self._printed()
        table = html_table(rows, formats) if rows.height else ""
        return f"<p>{escape(self.sentence())}</p>{table}<p><small>{escape(str(self.method))}</small></p>"
