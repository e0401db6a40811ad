"""The keys of a table, and the weighted groups that credits become under them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import attrs
import polars as pl

from ossgeo._core.dates import BEGINNING, END
from ossgeo._core.intervals import WHOLE, aligned
from ossgeo._core.method import Counting
from ossgeo._core.schema import KEYS
from ossgeo.attribution._evaluation import PLACE
from ossgeo.errors import InvalidArgumentError, UnknownSchemeError
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.registry._groups import GroupScheme

By = str | GroupScheme | Sequence[str | GroupScheme]
"""What a table is grouped by: a key, a group scheme, or a tuple or list of these."""

ATTRIBUTED: Final = "attributed"
"""The status of models with a known country."""

STATUSES: Final = tuple(status.value for status in OriginStatus)

BY_ACCOUNT: Final = "individual_by_account"
"""The status in a coverage of models that are individual by the type of their account (strategy ``account-type``), without a
review; in the table they are ``individual``."""

COVERED: Final = (ATTRIBUTED, *STATUSES, BY_ACCOUNT)
"""The statuses of a coverage, in order."""

RULES: Final = {"builder_country": "publisher", "base_country": "root"}
"""Keys with an attribution strategy of their own: the country of a model's publisher, and of its root model."""

MODEL_KEYS: Final = ("root_evidence", "relation")
"""Keys that depend on the lineage of a model: what its root models rest on (``declared``, ``reviewed``, ``disputed`` or
``absent``), and how it was made from its base models."""

_WEIGHT_STEPS: Final = 2**20


@attrs.frozen
class Key:
    """One key of a table.

    Attributes:
        name: Name of the column.
        scheme: The group scheme of the key; None for the keys that every panel has.
        dimension: Whether the key is a dimension of the panel, a column of its rows.
    """

    name: str
    scheme: GroupScheme | None = None
    dimension: bool = False


def resolve(by: By, dimensions: Sequence[str] = (), *, what: str = "by") -> tuple[Key, ...]:
    """Return the keys that ``by`` names.

    Args:
        by: ``country``, ``organization``, ``kind``, ``namespace``, ``model``, ``builder_country``, ``base_country``,
            ``root_evidence``, ``relation``, a group scheme or its name, a dimension of the panel, or a tuple or list of these.
        dimensions: The panel's dimensions.
        what: The argument's name, for errors.

    Raises:
        InvalidArgumentError: ``by`` is empty, names a key twice, or is not a key or a list of keys.
        UnknownSchemeError: A name is neither a key nor a scheme.
    """
    if not isinstance(by, str | GroupScheme | Sequence):
        raise InvalidArgumentError(f"{what} must be a key, a group scheme, or a tuple or list of these, got {by!r}")
    keys = tuple(_key(one, dimensions, what) for one in ((by,) if isinstance(by, str | GroupScheme) else by))
    names = [key.name for key in keys]
    if not keys or len(set(names)) < len(names):
        raise InvalidArgumentError(f"{what} must name at least one key, each once, got {by!r}")
    return keys


def _key(one: str | GroupScheme, dimensions: Sequence[str], what: str) -> Key:
    if isinstance(one, GroupScheme):
        if one.name in (*KEYS, "period", "value", "share"):
            raise InvalidArgumentError(
                f"the name of a group scheme must differ from the columns of the table, got {one.name!r}; rename the scheme"
            )
        return Key(one.name, one)
    if one in KEYS:
        return Key(one)
    if one in dimensions:
        return Key(one, dimension=True)
    if one not in GroupScheme.names():
        known = (*KEYS, *dimensions, *GroupScheme.names())
        raise UnknownSchemeError.among(str(one), known, what=f"{what}: the key or group scheme")
    return Key(one, GroupScheme.named(one))


def weighted_groups(credits: pl.DataFrame, keys: Sequence[Key], counting: Counting) -> pl.DataFrame:
    """Turn credits into the groups that a table counts.

    Args:
        credits: The credits table by place, complete for every model, with the columns of the keys that are not part of a credit:
            namespace, model, kind, basis, and those of :func:`with_schemes` and :func:`crossed`.
        keys: The keys of the table.
        counting: ``fractional`` keeps the weights, ``full`` gives every group of a model 1, ``primary`` gives all to the
            group with the largest summed weight (of equal groups the first by name).

    Returns:
        One row for each model, validity and group: place, start, end, the keys, status (one of
        ``COVERED``), basis, fraction (the part of the model that belongs to the group) and weight (the part that is counted).
    """
    credits = aligned(credits, PLACE)
    credits = credits.with_columns(*(_column(key) for key in keys), status=status_of(keys))
    names = [*(key.name for key in keys), "status", "basis"]
    span = [PLACE, "start", "end"]
    if credits.select((pl.col("weight") >= WHOLE).all()).item():  # each model has one credit: nothing to add up
        return credits.select(*span, *names, fraction=pl.lit(1.0), weight=pl.lit(1.0))
    divided = credits.filter(pl.col("weight") < WHOLE).select(PLACE, divided=pl.lit(value=True)).unique()
    credits = credits.select(*span, *names, "weight").join(divided, on=PLACE, how="left")
    undivided = credits.filter(pl.col("divided").is_null()).select(*span, *names, fraction=pl.lit(1.0))
    summed = credits.filter("divided").group_by(*span, *names)
    groups = summed.agg(fraction=pl.col("weight").sum()).with_columns(alone=pl.len().over(span) == 1)
    alone = groups.filter("alone").drop("alone").with_columns(fraction=pl.lit(1.0))
    shared = _binary(groups.filter(~pl.col("alone")).drop("alone"), span, names)
    groups = pl.concat([undivided, alone, shared])
    if counting == "primary":
        largest = pl.struct(-pl.col("fraction"), *names).rank("ordinal").over(span) == 1
        groups = groups.filter(largest).with_columns(fraction=pl.lit(1.0))
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
    """Return the attribution strategies of the keys that have one of their own."""
    return {key.name: RULES[key.name] for key in keys if key.name in RULES}


def crossed(credits: pl.DataFrame, others: pl.DataFrame, column: str) -> pl.DataFrame:
    """Cross the credits of two strategies: each part under the one is split by the parts under the other.

    Args:
        credits: A credits table by place, complete for every model.
        others: Another, of the same models; its country becomes a column.
        column: The name of that column.
    """
    theirs = others.select(PLACE, "start", "end", "weight", pl.col("country").alias(column))
    both = credits.join(theirs, on=PLACE, suffix="_other", maintain_order="left").with_columns(
        start=pl.max_horizontal("start", "start_other"),
        end=pl.min_horizontal("end", "end_other"),
        weight=pl.col("weight") * pl.col("weight_other"),
    )
    return both.filter(pl.col("start") < pl.col("end")).select(*credits.columns, column)


def with_kinds(credits: pl.DataFrame, kinds: pl.DataFrame) -> pl.DataFrame:
    """Add the kind of the credited organizations; a credit is cut at the dates on which the kind changes.

    Args:
        credits: A credits table.
        kinds: One row for each organization and span: organization, start, end, kind.

    Returns:
        The credits, with kind; null if no organization is credited, or one without a kind.
    """
    unknown = credits.join(kinds, on="organization", how="anti").with_columns(kind=pl.lit(None, pl.String))
    return pl.concat([_cut(credits, kinds.rename({"start": "since", "end": "until"}), on="organization"), unknown])


def status_of(keys: Sequence[Key]) -> pl.Expr:
    """Return ``attributed`` if every country that the keys use is known, else the first status; or ``BY_ACCOUNT``."""
    ruled = [key.name for key in keys if key.name in RULES]
    places = [*(["country"] if len(ruled) < len(keys) else []), *ruled]
    statuses = [pl.when(pl.col(place).is_in(STATUSES)).then(place) for place in places]
    personal = pl.lit("country" in places) & (pl.col("country") == OriginStatus.INDIVIDUAL.value)
    by_account = pl.when(personal & (pl.col("rule") == "account-type")).then(pl.lit(BY_ACCOUNT))
    return pl.coalesce(by_account, *statuses, pl.lit(ATTRIBUTED))


def _column(key: Key) -> pl.Expr:
    status = pl.when(pl.col("country").is_in(STATUSES)).then("country").otherwise(pl.lit(OriginStatus.UNREVIEWED.value))
    if key.name == "organization":
        person = pl.col("country") == OriginStatus.INDIVIDUAL.value
        named = pl.when(~person).then("organization")
        return pl.coalesce(named, status).alias("organization")
    if key.name == "kind":
        return pl.coalesce("kind", status).alias("kind")
    return pl.col(key.name)


def with_schemes(credits: pl.DataFrame, keys: Sequence[Key]) -> pl.DataFrame:
    """Add a column for each group scheme; a credit is cut at the dates on which its country joins or leaves a group.

    Args:
        credits: A credits table.
        keys: The keys of the table.
    """
    for key in keys:
        if key.scheme is not None:
            memberships = _memberships(key.scheme, credits["country"].unique())
            credits = _cut(credits, memberships, on="country")
    return credits


def _memberships(scheme: GroupScheme, countries: pl.Series) -> pl.DataFrame:
    """Return the group of each country over time: country, since, until, and the scheme's column."""
    cuts = [BEGINNING, *(day for day in scheme.changes if BEGINNING < day < END), END]
    rows = [
        (code, start, end, code if code in STATUSES else scheme.group_of(Country(code), start))
        for code in countries
        for start, end in itertools.pairwise(cuts)
    ]
    schema = {"country": pl.String, "since": pl.Date, "until": pl.Date, scheme.name: pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row").sort("country", "since")
    changed = pl.col(scheme.name) != pl.col(scheme.name).shift(1)
    runs = table.with_columns(run=changed.fill_null(True).cum_sum().over("country"))
    spans = runs.group_by("country", "run", scheme.name).agg(pl.col("since").min(), pl.col("until").max())
    return spans.drop("run")


def _cut(credits: pl.DataFrame, spans: pl.DataFrame, *, on: str) -> pl.DataFrame:
    """Join credits with the rows of spans (since, until), and restrict each to the intersection."""
    joined = credits.join(spans, on=on).with_columns(
        start=pl.max_horizontal("start", "since"), end=pl.min_horizontal("end", "until")
    )
    return joined.filter(pl.col("start") < pl.col("end")).drop("since", "until")
