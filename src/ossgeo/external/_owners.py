"""Tables of organizations and their countries, as others write them, as amendments of the registry."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl
from narwhals.typing import IntoFrame

from ossgeo._core.boundary import reads_data
from ossgeo.errors import Fault, OssgeoWarning, PanelError
from ossgeo.external._adoption import country_codes
from ossgeo.external._board_rows import distinct_names, read_table, renamed
from ossgeo.registry._countries import Country, OriginStatus, parse_origin
from ossgeo.registry._registry import Registry
from ossgeo.sources._files.normalization import limited, listed

_COLUMNS: Final = ("organization", "country", "namespace", "url")
_WORDS: Final = {
    "organization": {"organization", "organisation", "owner", "company", "publisher", "developer", "lab", "provider"},
    "country": {"country", "hq", "headquarters"},
    "namespace": {"namespace", "handle", "account"},
    "url": {"url", "source", "link", "evidence"},
}
"""Words of headers; a header of several, such as ``Owner / Organization``, is known if all of its words are."""
_LEGAL: Final = re.compile(r"(?i)[\s,]+(?:gmbh|inc|ltd|llc|corp|ag|se|sas|s\.?a\.?|b\.?v\.?|co)\.?$")
_URL: Final = re.compile(r"https?://[^\s,;)>\u2022]+")
_SHOWN: Final = 10


@reads_data
def read_owners(
    table: str | Path | IntoFrame,
    *,
    columns: Mapping[str, str] | None = None,
    countries: Mapping[str, str | Country | OriginStatus] | None = None,
    registry: Registry | None = None,
) -> Registry:
    """Return the registry, amended by a table of organizations and their countries.

    The countries of the table take precedence at all dates; organizations that the named one owns keep theirs. An
    organization is found by its id or one of its names; a cell may have several organizations (``Google / Google DeepMind``)
    or several names of one (``Meta Platforms (Meta AI)``). One that is not known is added, and its models are found by the
    column ``namespace``. An organization with several countries belongs to each in equal parts. Rows without a country are
    left out.

    Args:
        table: A dataframe, or the path or address of a file, such as a Markdown table.
        columns: Their name of a column to ours: organization, country, namespace, url. Common names such as
            ``Owner / Organization`` and ``Country (HQ)`` are known; organization or namespace may be absent.
        countries: The table's text of a country to a country or status, for texts that :meth:`ossgeo.Country.parse` does not
            read.
        registry: The registry that is amended; by default the bundled one.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: A column is missing, or countries cannot be read; with every fault.
        RegistryError: The rows contradict each other, such as a namespace with two organizations.

    Warns:
        OssgeoWarning: Organizations of the table have no namespace, so that no model is credited to them, or no country.

    Example:
        >>> rows = pl.DataFrame({"Owner": ["Mistral AI", "Acme"], "Country": ["Germany", "Japan"], "Handle": ["", "acme-ai"]})
        >>> amended = read_owners(rows)
        >>> [str(seat.country) for name in ("mistralai", "acme-ai") for seat in amended.get(name).seats(on="2026-08-14")]
        ['DE', 'JP']
    """
    base = registry or Registry.default()
    rows, title = _read(table, columns, countries or {})
    organizations: dict[str, dict[str, str]] = {}
    places: dict[str, dict[str, str | None]] = {}
    namespaces: dict[str, str] = {}
    for row in rows.iter_rows(named=True):
        for names in _named(row):
            id_ = _known(names, row["namespace"], base)
            if id_ is None:
                id_ = _new_id(names[0])
                organizations[id_] = {"organization": id_, "name": names[0]}
            places.setdefault(id_, {}).setdefault(row["country"], row["url"])
            if row["namespace"]:
                namespaces[row["namespace"]] = id_
    affiliations = [
        {"organization": id_, "country": country, "weight": 1 / len(found), "url": url, "note": f"from {title}"}
        for id_, found in places.items()
        for country, url in found.items()
    ]
    listed_namespaces = [{"namespace": name, "organization": id_} for name, id_ in namespaces.items()]
    mine = Registry.from_rows(
        organizations=organizations.values(), namespaces=listed_namespaces, affiliations=affiliations, base=base
    )
    _warn_of_empty(organizations, namespaces)
    return mine


def _read(
    table: str | Path | IntoFrame,
    columns: Mapping[str, str] | None,
    countries: Mapping[str, str | Country | OriginStatus],
) -> tuple[pl.DataFrame, str]:
    """Return organization, namespace, country (a code or status) and url of each row with a country, and the title."""
    frame, title = read_table(table)
    frame = renamed(frame, columns, _COLUMNS)
    frame = frame.rename({theirs: ours for ours, theirs in _found(frame.columns).items()})
    if "country" not in frame.columns or not {"organization", "namespace"} & {*frame.columns}:
        wanted = "country" if "country" not in frame.columns else "organization or namespace"
        remedy = "name it: columns={'theirs': 'ours'}"
        raise PanelError.of(title, f"has no column {wanted}; it has {listed(frame.columns)}", remedy)
    texts = [
        (pl.col(name) if name in frame.columns else pl.lit(None)).cast(pl.String).str.strip_chars().alias(name)
        for name in _COLUMNS
    ]
    rows = frame.select(texts).with_columns(pl.when(pl.all() != "").then(pl.all()))
    empty = rows.with_row_index("at", 1).filter(
        pl.coalesce("organization", "namespace").is_null() & pl.col("country").is_not_null()
    )
    faults = [
        Fault(f"{title}, row {at}", "has a country and no organization", "name it or drop the row")
        for at in empty["at"]
    ]
    given = {text: str(parse_origin(place)) for text, place in countries.items()}
    if without := rows["country"].null_count():
        names = rows.filter(pl.col("country").is_null()).select(pl.coalesce("organization", "namespace")).to_series()
        several = f"{without} row(s) of {title} have no country and are left out"
        warnings.warn(f"{several}: {listed(names.drop_nulls())}", OssgeoWarning, stacklevel=5)
    rows = rows.drop_nulls("country")
    codes = country_codes(rows["country"], given, title, faults)
    if faults:
        raise PanelError(f"{title} cannot be used", limited(faults))
    urls = pl.Series("url", [_address(text) for text in rows["url"]], dtype=pl.String)
    return rows.with_columns(urls, country=pl.Series([codes[text] for text in rows["country"]], dtype=pl.String)), title


def _found(names: list[str]) -> dict[str, str]:
    """Return their column of each of ours, for headers that are known."""
    found: dict[str, str] = {}
    for name in names:
        words = {*re.findall(r"[a-z]+", name.casefold())}
        for ours, known in _WORDS.items():
            if words and words <= known and ours not in names:
                found.setdefault(ours, name)
    return found


def _named(row: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the organizations of a row, each as the names that it may have."""
    yield from distinct_names(row["organization"]) if row["organization"] else [(row["namespace"],)]


def _known(names: tuple[str, ...], namespace: str | None, registry: Registry) -> str | None:
    """Return the id of the first name that the registry knows, or of the owner of the namespace."""
    for name in (*names, *(_LEGAL.sub("", name) for name in names)):
        if (found := registry.find_by_name(name)) is not None:
            return found.id
    found = registry.find(namespace) if namespace else None
    return None if found is None else found.id


def _new_id(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _address(text: str | None) -> str | None:
    found = _URL.search(text or "")
    return found[0] if found else None


def _warn_of_empty(organizations: Mapping[str, Mapping[str, str]], namespaces: Mapping[str, str]) -> None:
    empty = [row["name"] for id_, row in organizations.items() if id_ not in namespaces.values()]
    if empty:
        rest = f" and {len(empty) - _SHOWN} more" if len(empty) > _SHOWN else ""
        warnings.warn(
            f"{len(empty)} organization(s) of the table have no namespace, so that no model is credited to them: "
            f"{', '.join(empty[:_SHOWN])}{rest}; give a column namespace",
            OssgeoWarning,
            stacklevel=4,
        )
