"""What a table is grouped by, and how credits become weighted groups."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.intervals import WHOLE, aligned
from ossgeo._core.method import Counting
from ossgeo.errors import InvalidArgumentError, UnknownSchemeError
from ossgeo.registry._countries import Country, GroupScheme, OriginStatus

By = str | GroupScheme | Sequence[str | GroupScheme]
"""What a table is grouped by: a key, a group scheme, or a tuple or list of these."""

ATTRIBUTED: Final = "attributed"
"""Stands for "a known country" beside the four statuses."""

STATUSES: Final = tuple(status.value for status in OriginStatus)

RULES: Final = {"builder_country": "publisher", "base_country": "root"}
"""Keys with an attribution rule of their own: who built a model, and whose model it was built on."""

_PLAIN: Final = ("country", "organization", "kind", "namespace", "model", *RULES)
_WEIGHT_STEPS: Final = 2**20


@attrs.frozen
class Key:
    """One key of a table.

    Attributes:
        name: Name of the column.
        scheme: The group scheme behind it; None for the plain keys.
    """

    name: str
    scheme: GroupScheme | None = None


def resolve(by: By) -> tuple[Key, ...]:
    """Return the keys behind ``by``.

    Args:
        by: ``country``, ``organization``, ``kind``, ``namespace``, ``model``, ``builder_country``, ``base_country``, a group scheme
            or its name, or a tuple of these.

    Raises:
        InvalidArgumentError: There is no key, or one stands there twice.
        UnknownSchemeError: A name is neither a key nor a scheme.
    """
    keys = tuple(_key(one) for one in (by if isinstance(by, tuple) else (by,)))
    names = [key.name for key in keys]
    if not keys or len(set(names)) < len(names):
        raise InvalidArgumentError(f"by={by!r} must name at least one key, each once")
    return keys


def _key(one: str | GroupScheme) -> Key:
    if isinstance(one, GroupScheme):
        if one.name in (*_PLAIN, "period", "value", "share"):
            raise InvalidArgumentError(f"a scheme cannot be called {one.name!r}: the table has a column of that name")
        return Key(one.name, one)
    if one in _PLAIN:
        return Key(one)
    if one not in GroupScheme.names():
        known = (*_PLAIN, *GroupScheme.names())
        raise UnknownSchemeError.among(str(one), known, what="by: the key or group scheme")
    return Key(one, GroupScheme.named(one))


def weighted_groups(credits: pl.DataFrame, keys: Sequence[Key], counting: Counting) -> pl.DataFrame:
    """Turn credits into the groups that a table counts.

    Args:
        credits: The credits table, complete for every model, with the column namespace where that is a key.
        keys: What to group by.
        counting: ``fractional`` keeps the weights, ``full`` gives every group of a model 1, ``primary`` gives all to the
            largest weight (ties: the first by country, then by organization).

    Returns:
        One row for each model, validity and group: model_id, start, end, the keys, status (``attributed`` or a
        status's value), fraction (the part of the model that the group really has), weight (what is counted).
    """
    for key in keys:
        if key.scheme is not None:
            credits = _in_scheme(credits, key.scheme)
    credits = aligned(credits)
    credits = credits.with_columns(*(_column(key) for key in keys), status=status_of(keys))
    names = [key.name for key in keys]
    span = ["model_id", "start", "end"]
    if counting == "primary":
        first = pl.struct(-pl.col("weight"), "country", "organization").rank("ordinal").over(span)
        return credits.filter(first == 1).select(*span, *names, "status", fraction=pl.lit(1.0), weight=pl.lit(1.0))
    if credits.select((pl.col("weight") >= WHOLE).all()).item():  # nothing is shared, so there is nothing to add up
        return credits.select(*span, *names, "status", fraction=pl.lit(1.0), weight=pl.lit(1.0))
    groups = credits.group_by(*span, *names, "status").agg(fraction=pl.col("weight").sum())
    groups = _binary(groups, span, [*names, "status"])
    return groups.with_columns(weight=pl.lit(1.0) if counting == "full" else pl.col("fraction"))


def _binary(groups: pl.DataFrame, span: list[str], names: list[str]) -> pl.DataFrame:
    """Round fractions to multiples of 2^-20 that still sum to 1: binary fractions add up exactly in any order."""
    steps = (pl.col("fraction") * _WEIGHT_STEPS).round().cast(pl.Int64)
    groups = groups.with_columns(steps=steps)
    largest = pl.struct(-pl.col("steps"), *names).rank("ordinal").over(span) == 1
    rest = _WEIGHT_STEPS - pl.col("steps").sum().over(span)
    whole = pl.col("steps") + pl.when(largest).then(rest).otherwise(0)
    return groups.with_columns(fraction=whole / _WEIGHT_STEPS).drop("steps")


def rules_of(keys: Sequence[Key]) -> dict[str, str]:
    """Return the rules of the keys that have one of their own."""
    return {key.name: RULES[key.name] for key in keys if key.name in RULES}


def crossed(credits: pl.DataFrame, others: pl.DataFrame, column: str) -> pl.DataFrame:
    """Cross the credits of two rules: each part under the one is split as the other says.

    Args:
        credits: A credits table, complete for every model.
        others: Another, of the same models; its country becomes a column.
        column: The name of that column.
    """
    theirs = others.select("model_id", "start", "end", "weight", pl.col("country").alias(column))
    both = credits.join(theirs, on="model_id", suffix="_other", maintain_order="left").with_columns(
        start=pl.max_horizontal("start", "start_other"),
        end=pl.min_horizontal("end", "end_other"),
        weight=pl.col("weight") * pl.col("weight_other"),
    )
    return both.filter(pl.col("start") < pl.col("end")).select(*credits.columns, column)


def with_kinds(credits: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Add what the credited organizations are; a credit is cut where that changes.

    Args:
        credits: A credits table.
        kinds: One row for each organization and span: organization, start, end, kind.

    Returns:
        The credits, with kind; null where no organization is credited, or one that the kinds do not have.
    """
    strange = credits.join(kinds, on="organization", how="anti").with_columns(kind=pl.lit(None, pl.String))
    return pl.concat([_cut(credits, kinds.rename({"start": "since", "end": "until"}), on="organization"), strange])


def status_of(keys: Sequence[Key]) -> pl.Expr:
    """Return ``attributed`` where every country that the keys look at is known, else the first status."""
    ruled = [key.name for key in keys if key.name in RULES]
    places = [*(["country"] if len(ruled) < len(keys) else []), *ruled]
    statuses = [pl.when(pl.col(place).is_in(STATUSES)).then(place) for place in places]
    return pl.coalesce(*statuses, pl.lit(ATTRIBUTED))


def _column(key: Key) -> pl.Expr:
    nobody = pl.when(pl.col("country").is_in(STATUSES)).then("country").otherwise(pl.lit(OriginStatus.UNREVIEWED.value))
    if key.name == "organization":
        person = pl.col("country") == OriginStatus.INDIVIDUAL.value
        named = pl.when(~person).then("organization")
        return pl.coalesce(named, nobody).alias("organization")
    if key.name == "kind":
        return pl.coalesce("kind", nobody).alias("kind")
    if key.name == "model":
        return pl.col("model_id").alias("model")
    return pl.col(key.name)


def _in_scheme(credits: pl.DataFrame, scheme: GroupScheme) -> pl.DataFrame:
    """Add the scheme's column; a credit is cut where its country joins or leaves a group."""
    cuts = [BEGINNING, *(day for day in scheme.changes if BEGINNING < day < END), END]
    codes = credits["country"].unique().to_list()
    rows = []
    for code in codes:
        for start, end in itertools.pairwise(cuts):
            group = code if code in STATUSES else scheme.group_of(Country(code), start)
            rows.append((code, start, end, group))
    places = pl.DataFrame(
        rows, schema={"country": pl.String, "since": pl.Date, "until": pl.Date, scheme.name: pl.String}, orient="row"
    )
    run = (pl.col(scheme.name) != pl.col(scheme.name).shift(1)).fill_null(True).cum_sum().over("country")
    places = places.sort("country", "since").with_columns(run=run)
    places = (
        places.group_by("country", "run", scheme.name).agg(pl.col("since").min(), pl.col("until").max()).drop("run")
    )
    return _cut(credits, places, on="country")


def _cut(credits: pl.DataFrame, spans: pl.DataFrame, *, on: str) -> pl.DataFrame:
    """Join credits with what holds in spans (since, until), and cut them there."""
    joined = credits.join(spans, on=on).with_columns(
        start=pl.max_horizontal("start", "since"), end=pl.min_horizontal("end", "until")
    )
    return joined.filter(pl.col("start") < pl.col("end")).drop("since", "until")
