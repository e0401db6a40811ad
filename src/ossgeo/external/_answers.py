"""Answers of a survey by the country of those who answered."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core.boundary import reads_data
from ossgeo._core.dates import day_of
from ossgeo._core.method import Adjustment, Adjustments, Cleaning, Method
from ossgeo._core.proportions import wilson
from ossgeo.errors import Fault, InvalidArgumentError, PanelError
from ossgeo.external._adoption import country_codes
from ossgeo.external._board_rows import read_table
from ossgeo.registry._countries import Country, OriginStatus, parse_origin
from ossgeo.registry._registry import Registry
from ossgeo.shares._table import ShareTable
from ossgeo.sources._files.normalization import limited, listed


@reads_data
def answer_shares(
    table: str | Path | IntoFrame,
    *,
    on: dt.date | str,
    country: str,
    answer: str,
    counts: str | Sequence[str],
    countries: Mapping[str, str | Country | OriginStatus] | None = None,
    confidence: float = 0.95,
) -> ShareTable:
    """Return the part of the respondents in each country whose answer counts.

    Each row is one respondent. A respondent without an answer is left out and counted; one without a country is
    ``unknown``. Shares do not sum to 1: each is a part of one country.

    Args:
        table: A dataframe, or the path or address of a file.
        on: The date of the survey.
        country: The column of countries.
        answer: The column of answers.
        counts: The answers that count, or a pattern such as ``Yes*``; ``*`` matches any text, and letter case does not matter.
        countries: The table's text of a country to a country or status, for texts that :meth:`ossgeo.Country.parse` does not
            read.
        confidence: Confidence level of the intervals, between 0 and 1.

    Returns:
        One row for each country or status, by falling value: period, country, value (respondents whose answer counts), share,
        lower and upper (Wilson's interval), respondents (the denominator).

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: A column is missing, or countries cannot be read; with every fault.
        InvalidArgumentError: ``counts`` matches no answer, or the confidence is not between 0 and 1.

    Example:
        >>> rows = pl.DataFrame({"where": ["Japan", "Japan", "Kenya"], "use": ["Yes, daily", "No", "Yes"]})
        >>> answer_shares(rows, on="2025-09-01", country="where", answer="use", counts="yes*").at()["JP"]
        0.5
    """
    if not 0 < confidence < 1:
        raise InvalidArgumentError(f"confidence must be between 0 and 1, got {confidence!r}")
    day = day_of(on, what="on")
    rows, title, missing = _answers(table, country, answer, countries or {})
    patterns = [counts.casefold()] if isinstance(counts, str) else [text.casefold() for text in counts]
    known = rows["answer"].unique(maintain_order=True).to_list()
    matching = [text for text in known if any(fnmatch.fnmatchcase(text.casefold(), pattern) for pattern in patterns)]
    if not matching:
        raise InvalidArgumentError(f"counts must match an answer, got {counts!r}; there are {listed(known[:10])}")
    frame = rows.group_by("country").agg(
        value=pl.col("answer").is_in(matching).sum().cast(pl.Float64), respondents=pl.len().cast(pl.Float64)
    )
    ends = [wilson(value, number, confidence) for value, number in frame.select("value", "respondents").iter_rows()]
    frame = frame.with_columns(
        pl.Series("lower", [low for low, _ in ends], dtype=pl.Float64),
        pl.Series("upper", [high for _, high in ends], dtype=pl.Float64),
        period=pl.lit(day),
        share=pl.col("value") / pl.col("respondents"),
    )
    names = ("period", "country", "value", "share", "lower", "upper", "respondents")
    method = Method(
        calculator=f"answers ({listed(patterns)}, {confidence:.0%} Wilson)", unit="respondents", counter="events",
        by=("country",), attribution="declared", counting="full", denominator="all", every=None, window=None, age_cap=None,
        as_of=str(day), where=None, cleaning=Cleaning(), registry=Registry.default().version, panel="", source=title,
        checked=False, engine="polars", version=version("ossgeo"),
    )  # fmt: skip
    unknown = rows.filter(pl.col("country") == OriginStatus.UNKNOWN.value).height
    notes = (
        Adjustment("no_answer", missing, "respondents", "left out"),
        Adjustment("no_country", unknown, "respondents", "without country: under unknown"),
    )
    ordered = frame.select(names).sort("value", "country", descending=[True, False])
    return ShareTable(ordered, method, adjustments=Adjustments(tuple(note for note in notes if note.count)))


def _answers(
    table: str | Path | IntoFrame, country: str, answer: str, countries: Mapping[str, str | Country | OriginStatus]
) -> tuple[pl.DataFrame, str, int]:
    """Return country and answer of each respondent with an answer, the title, and the number of those without."""
    frame, title = read_table(table)
    if missing := [name for name in (country, answer) if name not in frame.columns]:
        raise PanelError.of(title, f"has no column {listed(missing)}", f"it has {listed(frame.columns)}")
    rows = frame.select(country=pl.col(country).cast(pl.String), answer=pl.col(answer).cast(pl.String))
    rows = rows.select(pl.all().str.strip_chars()).select(pl.when(pl.all() != "").then(pl.all()))
    faults: list[Fault] = []
    given = {text: str(parse_origin(place)) for text, place in countries.items()}
    codes = country_codes(rows["country"], given, title, faults)
    if faults:
        raise PanelError(f"{title} cannot be used", limited(faults))
    places = pl.Series("country", [codes[text] for text in rows["country"]], dtype=pl.String)
    answered = rows.with_columns(places).drop_nulls("answer")
    if not answered.height:
        raise PanelError.of(title, f"has no answer in the column {answer!r}")
    return answered, title, rows.height - answered.height
