"""Profiles of countries: shares, organizations, models, openness, and lineage in both directions."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from pathlib import Path
from typing import Any, Final, Unpack

import attrs
import polars as pl

from ossgeo._core.io import writing
from ossgeo._core.method import Method
from ossgeo._core.tabular import Tabular
from ossgeo._core.text import percent
from ossgeo.errors import InvalidArgumentError, OssgeoWarning
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.registry._countries import Country
from ossgeo.shares._grouping import STATUSES
from ossgeo.shares._measure import measure
from ossgeo.shares._options import MeasureOptionsDict

_SHOWN: Final = 10
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
            models; None where the panel has no bases.
        built_on_by: One row for each country whose developers derive from this country's models: builder_country,
            models; None where the panel has no bases.
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
    unreviewed: pl.DataFrame
    method: Method

    def to_polars(self) -> pl.DataFrame:
        """Return the shares over time: period, value, share, rank."""
        return self.shares

    def to_markdown(self) -> str:
        """Return the profile as Markdown; names from the Hub are escaped."""
        last = self.shares.filter(period=self.period).row(0, named=True)
        rank = f"rank {last['rank']} of {last['countries']} countries" if last["value"] else "no figure"
        unit = self.method.unit
        lines = [
            f"# {self.country.name} ({self.country.alpha_2})",
            "",
            f"At {last['period']}: {percent(last['share'])} of the {unit}, {rank}; {self.organizations.height} "
            f"organizations, {self.models.height} models.",
            "",
            *_section("Share over time", self.shares.select("period", "value", "share", "rank")),
            *_section("Organizations", self.organizations),
            *_section("Models", self.models),
        ]
        if self.builds_on is None:
            lines += ["## Derived models", "", "The panel does not say what models were made from.", ""]
        else:
            lines += _section(f"What developers in {self.country.name} build on", self.builds_on)
            if self.built_on_by is not None:
                lines += _section(f"Who builds on models from {self.country.name}", self.built_on_by)
        total = float(self.unreviewed["share"].sum())
        lines += _section("Not reviewed", self.unreviewed)
        lines += [
            f"{percent(total)} of all {unit} belong to unreviewed namespaces.",
            "",
            f"Method: {self.method}",
            "",
        ]
        return "\n".join(lines)

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


def profile(panel: Panel, country: str | Country, **choices: Unpack[MeasureOptionsDict]) -> Profile:
    """Return the profile of a country: shares, organizations, models, openness, and lineage.

    Args:
        panel: The panel.
        country: A code or a name.
        **choices: Options of :func:`ossgeo.measure` other than ``by`` and ``calculator``.

    Returns:
        The profile, which prints as Markdown.

    Raises:
        UnknownCountryError: The country is unknown.
        InvalidArgumentError: The choices do not fit.

    Example:
        >>> import ossgeo
        >>> found = profile(ossgeo.load_sample("hub-2026"), "France")
        >>> found.country.alpha_2, found.organizations.height > 0
        ('FR', True)
    """
    place = country if isinstance(country, Country) else Country.parse(country)
    options: dict[str, Any] = {**choices}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        table = measure(panel, by="country", **options)
        if not table.periods:
            raise InvalidArgumentError(
                "the panel has no flow under this method, so it has no profile; cumulative counters need two observations"
            )
        last = table.latest
        fine = measure(panel, by=("country", "organization", "model"), **options).filter(period=last).to_polars()
        names = measure(panel, by=("country", "namespace"), **options).filter(period=last).to_polars()
    mine = fine.filter((pl.col("country") == place.alpha_2) & (pl.col("value") > 0))
    part = pl.col("value") / pl.col("value").sum()
    organizations = mine.group_by("organization").agg(pl.col("value").sum(), models=pl.len())
    models = mine.group_by("model").agg(pl.col("value").sum())
    unknown = names.filter((pl.col("country") == "unreviewed") & (pl.col("value") > 0))
    builds_on, built_on_by = _derived(panel, place.alpha_2, choices.get("registry"), choices.get("models"))
    return Profile(
        place,
        last,
        _over_time(table.to_polars(), table.periods, place.alpha_2),
        organizations.select("organization", "value", part.alias("share"), "models").sort(
            "value", "organization", descending=[True, False]
        ),
        models.select("model", "value", part.alias("share")).sort("value", "model", descending=[True, False]),
        builds_on,
        built_on_by,
        unknown.select("namespace", "value", "share").sort("value", "namespace", descending=[True, False]),
        table.method,
    )


def _over_time(rows: pl.DataFrame, periods: tuple[dt.date, ...], code: str) -> pl.DataFrame:
    countries = rows.filter(~pl.col("country").is_in(STATUSES) & (pl.col("value") > 0))
    ranked = countries.with_columns(
        rank=pl.col("value").rank("min", descending=True).over("period").cast(pl.Int64),
        countries=pl.len().over("period").cast(pl.Int64),
    )
    mine = ranked.filter(pl.col("country") == code).select("period", "value", "share", "rank", "countries")
    days = pl.DataFrame({"period": list(periods)}, schema={"period": pl.Date})
    found = days.join(mine, on="period", how="left", maintain_order="left")
    measured = rows.filter(pl.col("share").is_not_null())["period"].unique()  # other periods have no figure, not 0
    absent = pl.col("value").is_null() & pl.col("period").is_in(measured.implode())
    return found.with_columns(
        pl.when(absent).then(0.0).otherwise(pl.col(name)).alias(name) for name in ("value", "share")
    )


def _derived(panel: Panel, code: str, registry: Any, models: Any) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Both sides of the matrix of derived models, over all periods; None where the panel has no bases."""
    known = panel.models if models is None else normalized_models(models)
    columns = known.collect_schema().names()
    if not {"base_models", "created_at"} <= set(columns):
        return None, None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OssgeoWarning)
        table = measure(
            panel, calculator="derivatives", by=("builder_country", "base_country"), registry=registry, models=models
        )
    rows = table.to_polars().group_by("builder_country", "base_country").agg(models=pl.col("value").sum())
    rows = rows.filter(pl.col("models") > 0)

    def side(own: str, other: str) -> pl.DataFrame:
        there = rows.filter(pl.col(own) == code).select(other, "models")
        return there.sort("models", other, descending=[True, False])

    return side("builder_country", "base_country"), side("base_country", "builder_country")


def _section(title: str, rows: pl.DataFrame) -> list[str]:
    head = [f"## {title}", ""]
    if not rows.height:
        return [*head, "None.", ""]
    shown = rows.tail(_SHOWN) if rows.columns[0] == "period" else rows.head(_SHOWN)
    table = [f"| {' | '.join(rows.columns)} |", f"|{'---|' * len(rows.columns)}"]
    for row in shown.iter_rows(named=True):
        cells = [_cell(name, value) for name, value in row.items()]
        table.append(f"| {' | '.join(cells)} |")
    rest = rows.height - shown.height
    return [*head, *table, *([f"\nand {rest} more"] if rest else []), ""]


def _cell(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if name == "share":
        return percent(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 or value.is_integer() else f"{value:,.1f}"  # noqa: PLR2004  # for people
    return _MARKS.sub(r"\\\1", str(value).replace("\n", " "))
