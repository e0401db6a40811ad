"""Profiles of countries: shares, organizations, models, openness, and lineage in both directions."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from html import escape
from pathlib import Path
from typing import Any, Final, Unpack

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.io import writing
from ossgeo._core.method import Method
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import SHOWN, html_frame, markdown_table, percent, plural, value_text
from ossgeo.errors import InvalidArgumentError, OssgeoWarning
from ossgeo.panel._panel import Panel
from ossgeo.registry._countries import Country
from ossgeo.reports._content import ADDRESS, Section, sheet
from ossgeo.reports._page import page_text
from ossgeo.reports._profile_tables import (
    claims_about,
    derived_models,
    openness_classes,
    peers,
    shares_over_time,
    size_classes,
)
from ossgeo.shares._measure import measure
from ossgeo.shares._names import capitalized, scope_text, sentence_label, span
from ossgeo.shares._options import INPUTS, OPTIONS, MeasureOptionsDict, require_options

_ALLOWED: Final = tuple(name for name in (*OPTIONS, *INPUTS) if name != "by")
_TITLE: Final = "font-weight:bold;margin:1em 0 .3em"
"""The style of a title in a notebook: marimo gives titles none."""
_SMALL: Final = 5
_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>|#])")


@attrs.frozen(eq=False)
class Profile(Tabular):
    """The profile of a country on a panel.

    Attributes:
        country: The country.
        period: The latest complete period.
        shares: One row for each period: period, value, share, rank (among countries).
        organizations: One row for each organization at that period, the largest first: organization, value, share (of
            the country), models.
        models: One row for each model at that period, the largest first: model, value, share (of the country).
        builds_on: One row for each country whose models this country's developers derive theirs from: base_country,
            models; None if the panel has no base models.
        built_on_by: One row for each country whose developers derive from this country's models: builder_country,
            models; None if the panel has no base models.
        peers: The countries next to it by value at that period: rank, country, value, share.
        openness: One row for each class of licenses of its models at that period: openness, models, value, share (of the
            country); None if the panel has no licenses.
        sizes: One row for each class of sizes of its models at that period, the smallest first: size, models, value, share
            (of the country); None if the panel has no numbers of parameters.
        claims: The bundled claims about the country: claim, statement, reference, url.
        unreviewed: One row for each unreviewed namespace, the largest first: namespace, value, share (of
            all). Some of it could belong here.
        method: How the shares were made.
    """

    country: Country
    period: dt.date
    shares: pl.DataFrame
    organizations: pl.DataFrame
    models: pl.DataFrame
    builds_on: pl.DataFrame | None
    built_on_by: pl.DataFrame | None
    peers: pl.DataFrame
    openness: pl.DataFrame | None
    sizes: pl.DataFrame | None
    claims: pl.DataFrame
    unreviewed: pl.DataFrame
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the shares over time: period, value, share, rank."""
        return self.shares

    def sentence(self) -> str:
        """Return the share, the rank and the numbers behind them in one sentence."""
        last = self.shares.filter(period=self.period).row(0, named=True)
        name = capitalized(sentence_label(self.method, self.country.alpha_2, "country"))
        if last["value"] == 0:
            return f"{name}: none of the {self.method.unit} {span(self.method, [self.period])} are of models credited to it."
        rank = f"rank {last['rank']} of {last['countries']} countries" if last["value"] else "no figure"
        return (
            f"{name}: {percent(last['share'])} of the {self.method.unit} {span(self.method, [self.period])}, {rank}; "
            f"{_counted(self.organizations.height, 'organization')}, {_counted(self.models.height, 'model')}."
        )

    def sections(self) -> tuple[tuple[str, pl.DataFrame | None, str], ...]:
        """Return the parts of the profile: title, rows (None if there is no table) and a remark."""
        name = self.country.name
        total = float(self.unreviewed["share"].sum())
        of_all = f"Values are {self.method.unit}; a share is a part of the whole."
        of_own = f"Values are {self.method.unit}; a share is a part of those of {sentence_label(self.method, self.country.alpha_2, 'country')}."
        unknown = f"{percent(total)} of all {self.method.unit} belong to unreviewed namespaces."
        parts: list[tuple[str, pl.DataFrame | None, str]] = [
            ("Share over time", self.shares.select("period", "value", "share", "rank").tail(SHOWN), of_all),
            ("Countries next to it", self.peers, of_all),
            ("Organizations", self.organizations, of_own),
            ("Models", self.models, of_own),
        ]
        if self.openness is None:
            parts.append(("Licenses", None, "The panel does not say under which licenses the models are."))
        else:
            parts.append(("Licenses", self.openness, f"Classes of the declared licenses. {of_own}"))
        if self.sizes is None:
            parts.append(("Sizes", None, "The panel does not say how many parameters the models have."))
        else:
            parts.append(("Sizes", self.sizes, f"Parameters of the safetensors weights. {of_own}"))
        if self.builds_on is None or self.built_on_by is None:
            parts.append(("Derived models", None, "The panel does not say what models were made from."))
        else:
            parts.append((f"What developers in {name} build on", self.builds_on, ""))
            parts.append((f"Who builds on models from {name}", self.built_on_by, ""))
        parts.append(
            ("Published claims about it", self.claims, "Evaluate one with ossgeo.claims.evaluate(panel, claim).")
        )
        parts.append(("Not reviewed", self.unreviewed, unknown))
        return tuple(parts)

    def to_markdown(self) -> str:
        """Return the profile as Markdown; names from the Hub are escaped."""
        lines = [
            f"# {self.country.name} ({self.country.alpha_2})",
            "",
            self.sentence(),
            "",
            scope_text(self.method),
            "",
        ]
        for title, rows, remark in self.sections():
            lines += [f"## {title}", ""] if rows is None else _section(title, rows)
            lines += [remark, ""] if remark else []
        return "\n".join([*lines, f"Method: {self.method}", ""])

    def to_html(self) -> str:
        """Return the profile as one HTML page that needs no network; needs the extra ``plot``."""
        with engines.needs_extra("plot"):
            import jinja2  # noqa: F401  # a missing package is an EngineError
        parts = enumerate(self.sections())
        sections = tuple(
            Section(
                f"part-{number}",
                title,
                (remark,) if remark else (),
                tables=() if rows is None else (sheet(title, rows, longest=200),),
            )
            for number, (title, rows, remark) in parts
        )
        method = Section("method", "Method", (f"{self.method}.",))
        title = f"{self.country.name} ({self.country.alpha_2})"
        summary = f"{self.sentence()} {scope_text(self.method)}"
        return page_text(title, summary, "", (*sections, method), registry=self.method.registry)

    def write_html(self, path: str | Path) -> None:
        """Write the profile as one HTML page.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
            EngineError: A package of the extra ``plot`` is not installed.
        """
        text = self.to_html()
        with writing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _repr_html_(self) -> str:
        """Return the sentence and the tables for a notebook; every text is escaped."""
        parts = [
            f'<h4 style="{_TITLE}">{escape(title)}</h4>'
            f"{html_frame(rows) if rows is not None and rows.height else ''}<p>{escape(remark)}</p>"
            for title, rows, remark in self.sections()
        ]
        return f"<p>{escape(self.sentence())}</p>{''.join(parts)}"

    def write_markdown(self, path: str | Path) -> None:
        """Write the profile as Markdown.

        Args:
            path: The file.

        Raises:
            OutputError: The file cannot be written.
        """
        with writing(path) as temporary:
            temporary.write_text(self.to_markdown(), encoding="utf-8")

    def __str__(self) -> str:
        """Return the profile as text."""
        return self.to_markdown()


def profile(panel: Panel, country: str | Country, **options: Unpack[MeasureOptionsDict]) -> Profile:
    """Return the profile of a country: shares, organizations, models, openness, and lineage.

    Args:
        panel: The panel.
        country: A code or a name.
        **options: Options of :func:`ossgeo.measure` other than ``by``.

    Returns:
        The profile, which prints as Markdown.

    Raises:
        UnknownCountryError: The country is unknown.
        InvalidArgumentError: The options do not fit, or the panel has no flow under them.

    Example:
        >>> import ossgeo
        >>> found = profile(ossgeo.load_sample("hub-2026"), "France")
        >>> found.country.alpha_2, found.organizations.height > 0
        ('FR', True)
    """
    place = country if isinstance(country, Country) else Country.parse(country)
    require_options(profile, options, allowed=_ALLOWED)
    given: dict[str, Any] = {**options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        table = measure(panel, by="country", **given)
        if not table.periods:
            raise InvalidArgumentError(
                "the panel has no flow under this method, so it has no profile; cumulative counters need two observations"
            )
        last = table.latest
        fine = measure(panel, by=("country", "organization", "model"), **given).filter(period=last).to_polars()
        names = measure(panel, by=("country", "namespace"), **given).filter(period=last).to_polars()
    mine = fine.filter((pl.col("country") == place.alpha_2) & (pl.col("value") > 0))
    part = pl.col("value") / pl.col("value").sum()
    organizations = mine.group_by("organization").agg(pl.col("value").sum(), models=pl.len())
    models = mine.group_by("model").agg(pl.col("value").sum())
    unknown = names.filter((pl.col("country") == "unreviewed") & (pl.col("value") > 0))
    builds_on, built_on_by = derived_models(panel, place.alpha_2, options.get("registry"), options.get("models"))
    return Profile(
        country=place,
        period=last,
        shares=shares_over_time(table.to_polars(), table.periods, place.alpha_2),
        organizations=organizations.select("organization", "value", part.alias("share"), "models").sort(
            "value", "organization", descending=[True, False]
        ),
        models=models.select("model", "value", part.alias("share")).sort("value", "model", descending=[True, False]),
        builds_on=builds_on,
        built_on_by=built_on_by,
        peers=peers(table.filter(period=last).to_polars(), place.alpha_2),
        openness=openness_classes(panel, options.get("models"), mine),
        sizes=size_classes(panel, options.get("models"), mine),
        claims=claims_about(place.alpha_2),
        unreviewed=unknown.select("namespace", "value", "share").sort("value", "namespace", descending=[True, False]),
        method=table.method,
    )


def _counted(number: int, noun: str) -> str:
    """Return a number with its noun; small numbers are marked, since shares of them say little."""
    text = f"{number:,} {noun if number == 1 else plural(noun)}"
    return f"{text} (n = {number})" if 0 < number < _SMALL else text


def _section(title: str, rows: pl.DataFrame) -> list[str]:
    head = [f"## {title}", ""]
    if not rows.height:
        return [*head, "None.", ""]
    shown = rows.tail(SHOWN) if rows.columns[0] == "period" else rows.head(SHOWN)
    cells = [[_cell(name, value) for name, value in row.items()] for row in shown.iter_rows(named=True)]
    table = markdown_table(rows.columns, cells)
    rest = rows.height - shown.height
    return [*head, *table, *([f"\nand {rest} more"] if rest else []), ""]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "share":
        return percent(value)
    if isinstance(value, float):
        return value_text(value)
    if ADDRESS.fullmatch(str(value)):  # an escaped mark would be a part of the address
        return f"<{value}>"
    return _MARKS.sub(r"\\\1", str(value).replace("\n", " "))
