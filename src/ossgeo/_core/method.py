"""How a result was made: its choices (Method), its scope (Coverage) and its corrections (Adjustments)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

import attrs

from ossgeo._core.counter import Counter, CounterKind
from ossgeo._core.dates import Day, day_of
from ossgeo._core.tabular import Tabular
from ossgeo.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars as pl

Counting = Literal["fractional", "full", "primary"]
Denominator = Literal["all", "attributed"]
Incomplete = Literal["mark", "drop", "scale"]
Measured = Counter | Literal["events"]
"""The input of a calculator: the counter of the panel, or events that happen once to a model."""

MeasuredKind = CounterKind | Literal["events"]
"""What one value of the input covers: the kind of the counter, or ``events``."""

COUNTINGS: tuple[Counting, ...] = ("fractional", "full", "primary")
INCOMPLETE: tuple[Incomplete, ...] = ("mark", "drop", "scale")
DENOMINATORS: tuple[Denominator, ...] = ("all", "attributed")


def _one_of(*words: str) -> Any:
    def check(_: Any, attribute: attrs.Attribute[str], value: str) -> None:
        if value not in words:
            raise InvalidArgumentError(f"{attribute.name} must be one of {', '.join(map(repr, words))}, got {value!r}")

    return attrs.field(default=words[0], validator=check)


@attrs.frozen
class Cleaning:
    """The policy for each quality issue. The first value is the default.

    Attributes:
        decreases: A cumulative counter that falls: ``clip`` counts nothing until the counter is above its earlier maximum
            again, ``reset`` counts every rise after a fall (for counters that really restarted), ``keep`` counts a negative
            flow, ``error`` raises.
        gaps: Days that no observation covers: ``spread`` spreads the difference of a cumulative counter over the gap by
            days, and estimates gaps between trailing counters or intervals pro rata; ``gap`` leaves the flow out, and each
            period that the gap touches has no share.
        stale: An observation that repeats the one before: ``keep``, or ``drop`` it as missing.
        dips: An observation of trailing counters that fall by more than a third and come back within a week: ``keep``, or
            ``drop`` it as missing. With ``keep``, sums over ``every`` and ``window`` are made of the other observations
            if the total dips.
        duplicates: Two rows of a model in one period: ``error``, or keep the ``last`` observed or the ``max``.
        invalid: Counts that are missing, negative or, for downloads, above 10^12: ``error``, or ``drop`` them.
        renames: A model with a new id and the same ``hub_id`` (or the same name under another namespace of its
            organization): ``follow`` counts it as one model, ``keep`` as two.
    """

    decreases: Literal["clip", "reset", "keep", "error"] = _one_of("clip", "reset", "keep", "error")
    gaps: Literal["spread", "gap"] = _one_of("spread", "gap")
    stale: Literal["keep", "drop"] = _one_of("keep", "drop")
    dips: Literal["keep", "drop"] = _one_of("keep", "drop")
    duplicates: Literal["error", "last", "max"] = _one_of("error", "last", "max")
    invalid: Literal["error", "drop"] = _one_of("error", "drop")
    renames: Literal["follow", "keep"] = _one_of("follow", "keep")

    def __str__(self) -> str:
        """Return the policies that differ from the default, or ``default``."""
        changed = [
            f"{field.name}={getattr(self, field.name)}"
            for field in attrs.fields(type(self))
            if getattr(self, field.name) != field.default
        ]
        return ", ".join(changed) or "default"


@attrs.frozen
class Adjustment:
    """Something that was clipped, estimated, left out or could not be decided.

    Attributes:
        code: The name of the adjustment, such as ``counter_fell``.
        count: The volume or number.
        unit: The unit of the count: ``downloads``, ``models``, ``rows``, ``observations``, ``days`` or ``periods``.
        note: One sentence.
    """

    code: str
    count: float
    unit: str
    note: str = ""

    def __str__(self) -> str:
        """Return the adjustment in one line."""
        from ossgeo._core.text import counted  # a look-up in the registry loads no dataframe library

        return f"{self.code}: {counted(self.count, self.unit)}" + (f" ({self.note})" if self.note else "")


@attrs.frozen
class Adjustments(Mapping[str, Adjustment], Tabular):
    """Every adjustment by code; empty if the figures are exactly those of the source.

    Attributes:
        items_: The adjustments in the order of the flow.
    """

    items_: tuple[Adjustment, ...] = ()

    def __getitem__(self, code: str) -> Adjustment:
        """Return the adjustment with a code."""
        for item in self.items_:
            if item.code == code:
                return item
        raise KeyError(code)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the codes."""
        return (item.code for item in self.items_)

    def __len__(self) -> int:
        """Return how many codes there are."""
        return len(self.items_)

    def __str__(self) -> str:
        """Return a line for each adjustment."""
        return "\n".join(map(str, self.items_)) or "nothing was adjusted"

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each adjustment: code, count, unit, note."""
        import polars as pl

        schema = {"code": pl.String, "count": pl.Float64, "unit": pl.String, "note": pl.String}
        return pl.DataFrame([attrs.astuple(item) for item in self.items_], schema=schema, orient="row")

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return plain dictionaries, as in exported files."""
        return [attrs.asdict(item) for item in self.items_]

    @classmethod
    def from_dicts(cls, items: list[dict[str, Any]]) -> Self:
        """Return the adjustments that :meth:`to_dicts` wrote."""
        return cls(tuple(Adjustment(**item) for item in items))


@attrs.frozen
class StatusVolume:
    """The volume of one status in one period.

    Attributes:
        period: The period.
        status: ``attributed`` (a known country), a status's value, or ``individual_by_account`` (individual by the strategy
            ``account-type``, without a review; in the table a part of ``individual``).
        value: In the Method's unit.
        share: Fraction of the period's total; None if the total is 0.
    """

    period: dt.date
    status: str
    value: float
    share: float | None


@attrs.frozen
class Coverage(Tabular):
    """The parts of the total that are attributed to a known country, or have a status.

    Attributes:
        rows: One for each period and status.
        namespaces: The number of namespaces with each status, at the last period.
        bases: One for each period and what the attribution rests on, if the strategy says so: for ``root`` and ``lineage`` what
            the root models rest on (``reviewed``, ``declared``, ``disputed`` or ``absent``).
    """

    rows: tuple[StatusVolume, ...] = ()
    namespaces: tuple[tuple[str, int], ...] = ()
    bases: tuple[StatusVolume, ...] = ()

    def at(self, period: Day) -> Mapping[str, float | None]:
        """Return the share of each status in a period.

        Args:
            period: A period of the table, as a date or ISO text.

        Raises:
            InvalidArgumentError: The table has no figure for the period.
        """
        day = day_of(period, what="period")
        periods = sorted({row.period for row in self.rows})
        if day not in periods:
            latest = ", ".join(map(str, periods[-5:])) or "none"
            raise InvalidArgumentError(f"period must be one with a figure ({latest} and earlier), got {day}")
        return {row.status: row.share for row in self.rows if row.period == day}

    def rests_on(self, period: Day) -> Mapping[str, float | None]:
        """Return the share of the total whose attribution rests on each kind of evidence; empty if the strategy names none.

        Args:
            period: A period of the table, as a date or ISO text.

        Raises:
            InvalidArgumentError: The table has no figure for the period.
        """
        self.at(period)
        return {row.status: row.share for row in self.bases if row.period == day_of(period, what="period")}

    def to_polars(self) -> pl.DataFrame:
        """Return the rows as a table: period, status, value, share; one row for each period and status."""
        import polars as pl

        schema = {"period": pl.Date, "status": pl.String, "value": pl.Float64, "share": pl.Float64}
        return pl.DataFrame([attrs.astuple(row) for row in self.rows], schema=schema, orient="row")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as in exported files."""
        rows, bases = (
            [[row.period.isoformat(), row.status, row.value, row.share] for row in some]
            for some in (self.rows, self.bases)
        )
        return {"rows": rows, "namespaces": [list(pair) for pair in self.namespaces], "bases": bases}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the coverage that :meth:`to_dict` wrote."""
        rows, bases = (
            tuple(StatusVolume(dt.date.fromisoformat(day), *rest) for day, *rest in plain.get(name, ()))
            for name in ("rows", "bases")
        )
        return cls(rows, tuple((name, count) for name, count in plain["namespaces"]), bases)

    def __str__(self) -> str:
        """Return the shares of the last period in one line."""
        if not self.rows:
            return "nothing is covered"
        from ossgeo._core.text import counted

        last = max(row.period for row in self.rows)
        namespaces = dict(self.namespaces)
        parts = [
            f"{row.status} {'-' if row.share is None else format(row.share, '.1%')}"
            + (f" ({counted(namespaces[row.status], 'namespaces')})" if row.status in namespaces else "")
            for row in self.rows
            if row.period == last
        ]
        rests = [
            f"{name} {'-' if share is None else format(share, '.1%')}" for name, share in self.rests_on(last).items()
        ]
        return f"{last}: " + ", ".join(parts) + (f"; rests on: {', '.join(rests)}" if rests else "")


def _measured(counter: Counter | str) -> Measured:
    return "events" if counter == "events" else Counter.parse(counter)


@attrs.frozen
class Method(Tabular):
    """Every choice behind a result. Two results are comparable if their methods are equal.

    Attributes:
        calculator: The name of the calculator.
        unit: The unit of ``value``.
        counter: The counter of the panel, or ``events``.
        by: The keys of the table, outermost first; a group scheme by its name.
        attribution: The attribution strategy, as text.
        counting: ``fractional``, ``full`` or ``primary``.
        denominator: ``all`` or ``attributed``.
        every: Calendar step of the periods; None for one period for each observation.
        window: Length of the rolling sum in days; None for none.
        age_cap: Days from its creation in which a model's downloads count; None for no cap.
        as_of: Date of the registry: ``flow``, ``creation`` or a date.
        where: The filter on models, as text; None for none.
        cleaning: The policies for quality issues.
        registry: Version of the registry.
        panel: Fingerprint of the panel.
        source: The origin of the panel, in words.
        scope: The population that the panel covers, in words; not compared, because it changes no figure.
        platform: The platform of the model ids; empty for tables of others; not compared.
        checked: Whether the panel had been searched for quality issues; not compared, because it changes no figure.
        engine: The dataframe engine.
        version: The version of ossgeo.
        incomplete: ``mark``, ``drop`` or ``scale``: what was done about periods that are observed in part.
        gives: ``flow``, ``stock`` or ``events``: whether values may be summed over time.
        void: Strategies that could not apply, since the models table lacks a column that they need; not compared.
        plugins: Every strategy and calculator of another distribution that was used: name, distribution, version.
        choices: The objects with these names, so that ``measure(panel, method=...)`` can use them again; not compared and
            not written.
    """

    calculator: str
    unit: str
    counter: Measured = attrs.field(converter=_measured)
    by: tuple[str, ...]
    attribution: str
    counting: Counting
    denominator: Denominator
    every: str | None
    window: int | None
    age_cap: int | None
    as_of: str
    where: str | None
    cleaning: Cleaning
    registry: str
    panel: str
    source: str
    checked: bool = attrs.field(eq=False)
    engine: str
    version: str
    plugins: tuple[str, ...] = ()
    incomplete: Incomplete = "mark"
    gives: Literal["flow", "stock", "events"] = "flow"
    scope: str = attrs.field(default="", eq=False)
    platform: str = attrs.field(default="", eq=False)
    void: tuple[str, ...] = attrs.field(default=(), eq=False)
    choices: Mapping[str, Any] = attrs.field(factory=dict, eq=False, repr=False, hash=False)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as in exported files."""
        return attrs.asdict(
            self,
            filter=lambda attribute, _: attribute.name != "choices",
            value_serializer=lambda _, __, value: str(value) if isinstance(value, Counter) else value,
        )

    @property
    def days(self) -> int | None:
        """The days that each value covers, those of the window or of the counter; None if they differ or are a calendar step."""
        if self.gives != "flow" or self.window is not None or self.every is not None:
            return self.window
        return self.counter.days if isinstance(self.counter, Counter) else None

    @property
    def kind(self) -> MeasuredKind:
        """What one value of the input covers, as the kind of the counter, or ``events``."""
        return self.counter.kind if isinstance(self.counter, Counter) else "events"

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Return the method that :meth:`to_dict` wrote."""
        known = {field.name for field in attrs.fields(cls)}
        values = {name: value for name, value in plain.items() if name in known}
        values["by"] = tuple(values["by"])
        values["plugins"] = tuple(values.get("plugins", ()))
        values["void"] = tuple(values.get("void", ()))
        values["cleaning"] = Cleaning(**values["cleaning"])
        return cls(**values)

    def to_polars(self) -> pl.DataFrame:
        """Return one row for each option: option, value (as text)."""
        import polars as pl

        names = [field.name for field in attrs.fields(type(self)) if field.name != "choices"]
        values = [getattr(self, name) for name in names]
        texts = [
            ", ".join(map(str, value)) if isinstance(value, tuple) else "-" if value is None else str(value)
            for value in values
        ]
        return pl.DataFrame({"option": names, "value": texts})

    def _repr_html_(self) -> str:
        """Return all options for a notebook; every text is escaped."""
        from ossgeo._core.text import html_cells

        return html_cells(("option", "value"), self.to_polars().rows())

    def differences(self, other: Method) -> dict[str, tuple[Any, Any]]:
        """Return the choices that differ, each with both values; the panel, engine and version are not choices.

        Args:
            other: The other method.
        """
        ignored = {"choices", "void", "scope", "platform", "engine", "version", "checked", "panel", "source"}
        names = [field.name for field in attrs.fields(type(self)) if field.name not in ignored]
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in names}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def __str__(self) -> str:
        """Return the choices in one line."""
        optional = {"every": self.every, "window": _days(self.window), "age cap": _days(self.age_cap),
                    "where": self.where, "incomplete periods": None if self.incomplete == "mark" else self.incomplete}  # fmt: skip
        parts = [
            f"{self.calculator} ({self.counter}) by {' x '.join(self.by)}",
            f"attribution {self.attribution} as of {self.as_of}",
            f"{self.counting} counting",
            f"denominator {self.denominator}",
            *(f"{name} {value}" for name, value in optional.items() if value is not None),
            f"cleaning {self.cleaning}",
            f"registry {self.registry}",
            *([f"panel {self.panel} ({'checked' if self.checked else 'not checked'})"] if self.panel else []),
            f"{self.engine}, ossgeo {self.version}",
            *([f"plugins {', '.join(self.plugins)}"] if self.plugins else []),
            *([f"without effect: {'; '.join(self.void)}"] if self.void else []),
        ]
        return "; ".join(parts)


def _days(number: int | None) -> str | None:
    return None if number is None else f"{number}d"
