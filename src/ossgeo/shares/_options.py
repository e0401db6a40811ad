"""The options of a measurement: names, types, defaults and help, defined once."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypedDict

import attrs
from narwhals.typing import IntoFrame

from ossgeo import attribution as attributions
from ossgeo._core.dates import BEGINNING, END, day_of, days_of
from ossgeo._core.method import COUNTINGS, DENOMINATORS, INCOMPLETE, Cleaning, Counting, Denominator, Incomplete, Method
from ossgeo.attribution import AttributionStrategy
from ossgeo.errors import InvalidArgumentError, UnknownNameError
from ossgeo.panel._filters import Where, checked_filter, describe
from ossgeo.panel._panel import Panel
from ossgeo.registry._groups import GroupScheme
from ossgeo.registry._registry import Registry
from ossgeo.shares._grouping import By
from ossgeo.shares._protocol import ShareCalculator
from ossgeo.shares._resampling import calendar_step

INPUTS: Final = ("registry", "models")
"""Arguments of :func:`ossgeo.measure` that are data, not options."""

SCHEMES: Final = (
    "eu",
    "g7",
    "g20",
    "oecd",
    "asean",
    "brics",
    "study",
    "continents",
    "nato",
    "african-union",
    "gcc",
    "mercosur",
    "subregions",
    "world-bank-income",
    "world-bank-regions",
)
CALCULATORS: Final = (
    "downloads",
    "flow",
    "stock",
    "supply",
    "count-in-top",
    "derivatives",
    "license-drift",
    "relative-adoption",
)
STRATEGIES: Final = (
    "publisher",
    "direct-base",
    "root",
    "lineage",
    "repackager-passthrough",
    "undeclared",
    "configuration",
    "fingerprint",
    "headquarters",
    "membership",
    "declared",
    "account-type",
    "study-publisher",
    "study-derived",
)
"""The built-in names, for help without loading what they name; a test compares them."""

LATE: Final = frozenset({"denominator", "window"})
"""Options that apply after the panel was summed."""


def _keys(by: By | list[str | GroupScheme]) -> By:
    return tuple(by) if isinstance(by, list) else by


def _window(value: str | dt.timedelta | None) -> str | None:
    return days_text(days_of(value, what="window"))


def _age_cap(value: str | dt.timedelta | None) -> str | None:
    return days_text(days_of(value, what="age_cap"))


def _registry_date(value: str | dt.date) -> str | dt.date:
    if isinstance(value, str) and value in ("flow", "creation"):
        return value
    day = day_of(value, what="as_of (if it is not 'flow' or 'creation')")
    if not BEGINNING <= day < END:
        raise InvalidArgumentError(f"as_of must lie between {BEGINNING} and {END}, got {day}")
    return day


def _filter(where: Where | None) -> Where | None:
    if where is None or (isinstance(where, Mapping) and not where):
        return None
    return checked_filter(where, what="where")


def _cleaning(cleaning: Cleaning | None) -> Cleaning:
    if cleaning is not None and not isinstance(cleaning, Cleaning):
        raise InvalidArgumentError(f"cleaning must be a Cleaning, got {cleaning!r}; ossgeo.Cleaning(...) makes one")
    return cleaning or Cleaning()


def _is_word(_: Any, attribute: attrs.Attribute[str], value: str) -> None:
    words = attribute.metadata["values"]
    if value not in words:
        raise InvalidArgumentError(f"{attribute.name} must be one of {', '.join(map(repr, words))}, got {value!r}")


@attrs.frozen(kw_only=True)
class MeasureOptions:
    """The options of :func:`ossgeo.measure`, each checked and in one normal form.

    A default that is given explicitly equals one that is left out. ``attrs.fields(MeasureOptions)`` carries the help of
    each option as ``metadata["help"]`` and, for options with fixed words, these as ``metadata["values"]``.

    Attributes:
        by: ``country``, ``organization``, ``kind`` (of organization, see :func:`ossgeo.registry.get_kind`), ``namespace``,
            ``model``, ``builder_country`` and ``base_country`` (of the publisher, and of the root models, whatever the
            attribution), ``root_evidence`` (what the root models rest on), ``relation`` (how a model was made), a dimension of
            the panel, a group scheme or its name, or a tuple or list of these.
        calculator: The measured quantity: the name of a calculator, or a calculator.
        attribution: To whom a model is credited: the name of a strategy, or a strategy.
        counting: ``fractional`` (weights), ``full`` (each group of a model counts 1; shares do not sum to 1) or
            ``primary`` (the group with the largest summed weight takes all).
        denominator: ``all``, or ``attributed`` (known countries only; statuses keep their rows, with null share).
        every: Calendar step of the periods, such as ``1mo`` or ``1q``; None for one period per observation.
        window: Length in days or weeks of a rolling sum that ends at each period, such as ``365d``; None for none.
        age_cap: A model's use counts only until the model has this age, such as ``365d``; None for no cap.
        incomplete: The policy for periods of which less than nine tenths of the days are observed: ``mark`` keeps
            them, with the observed part in the column ``observed``; ``drop`` leaves them out; ``scale`` scales the value
            of a period that reaches beyond the first or last observation to its whole length.
        as_of: Date of the registry and of group schemes: ``flow`` (the end of each flow), ``creation`` (of the model) or a date.
        where: Filter on models, in numerator and denominator alike: a mapping or a Narwhals expression; None for none.
        cleaning: The policy for each quality issue.

    Example:
        >>> MeasureOptions(window="52w").window
        '364d'
        >>> MeasureOptions(by=["country", "model"]) == MeasureOptions(by=("country", "model"))
        True
    """

    by: By = attrs.field(
        default="country",
        converter=_keys,
        metadata={
            "help": "country, organization, kind, namespace, model, a group scheme ("
            + ", ".join(SCHEMES)
            + "), or several: study,organization"
        },
    )
    calculator: str | ShareCalculator = attrs.field(
        default="downloads", metadata={"help": f"what is measured: {', '.join(CALCULATORS)}, or a plugin's name"}
    )
    attribution: str | AttributionStrategy = attrs.field(
        default=attributions.DEFAULT,
        metadata={"help": f"to whom a model is credited: {', '.join(STRATEGIES)}, or a plugin's name"},
    )
    counting: Counting = attrs.field(
        default="fractional",
        validator=_is_word,
        metadata={"help": "how the groups of one model share its value", "values": COUNTINGS},
    )
    denominator: Denominator = attrs.field(
        default="all", validator=_is_word, metadata={"help": "the total of the shares", "values": DENOMINATORS}
    )
    every: str | None = attrs.field(
        default=None,
        converter=calendar_step,
        metadata={"help": "calendar step of the periods, such as 1mo or 1q", "metavar": "STEP"},
    )
    window: str | None = attrs.field(
        default=None, converter=_window, metadata={"help": "rolling sum, such as 365d", "metavar": "DAYS"}
    )
    age_cap: str | None = attrs.field(
        default=None,
        converter=_age_cap,
        metadata={"help": "count a model only until this age, such as 365d", "metavar": "DAYS"},
    )
    incomplete: Incomplete = attrs.field(
        default="mark",
        validator=_is_word,
        metadata={"help": "what is done about periods that are observed in part", "values": INCOMPLETE},
    )
    as_of: str | dt.date = attrs.field(
        default="flow",
        converter=_registry_date,
        metadata={"help": "date of the registry and of group schemes: flow, creation or a date"},
    )
    where: Where | None = attrs.field(
        default=None,
        converter=_filter,
        eq=describe,
        metadata={
            "help": "only these models: license=mit, license=mit,apache-2.0 or parameters=1e9..",
            "metavar": "COLUMN=VALUE",
        },
    )
    cleaning: Cleaning = attrs.field(
        default=None, converter=_cleaning, metadata={"help": "the policy for each quality issue"}
    )

    @property
    def window_days(self) -> int | None:
        """Length of the rolling sum in days."""
        return days_of(self.window, what="window")

    @property
    def age_cap_days(self) -> int | None:
        """The age cap in days."""
        return days_of(self.age_cap, what="age_cap")

    def to_dict(self) -> MeasureOptionsDict:
        """Return the options as keyword arguments of :func:`ossgeo.measure`."""
        return {
            "by": self.by, "calculator": self.calculator, "attribution": self.attribution, "counting": self.counting,
            "denominator": self.denominator, "every": self.every, "window": self.window, "age_cap": self.age_cap,
            "incomplete": self.incomplete, "as_of": self.as_of, "where": self.where, "cleaning": self.cleaning,
        }  # fmt: skip

    def changed(self) -> tuple[str, ...]:
        """Return the names of the options that differ from their defaults."""
        default = MeasureOptions()
        return tuple(name for name in OPTIONS if attrs.evolve(default, **{name: getattr(self, name)}) != default)


class MeasureOptionsDict(TypedDict, total=False):
    """The keyword arguments of :func:`ossgeo.measure`: the options, ``registry`` and ``models``.

    Functions that pass options on take ``**options: Unpack[MeasureOptionsDict]``.
    """

    by: By
    calculator: str | ShareCalculator
    attribution: str | AttributionStrategy
    counting: Counting
    denominator: Denominator
    every: str | None
    window: str | dt.timedelta | None
    age_cap: str | dt.timedelta | None
    incomplete: Incomplete
    as_of: str | dt.date
    where: Where | None
    cleaning: Cleaning | None
    registry: Registry | None
    models: Panel | IntoFrame | str | Path | None


OPTIONS: Final = tuple(field.name for field in attrs.fields(MeasureOptions))
"""The names of the options, in order."""


def require_options(
    function: Callable[..., object], options: Mapping[str, Any], *, allowed: tuple[str, ...] = (*OPTIONS, *INPUTS)
) -> None:
    """Raise if a function was called with a name that is not an option.

    Args:
        function: The function that the user called; its own keyword arguments are options, too.
        options: The further keyword arguments.
        allowed: The names of further options.

    Raises:
        InvalidArgumentError: A name is not an option; with near names.
    """
    for name in options:
        if name not in allowed:
            parameters = inspect.signature(function).parameters.values()
            known = (*(one.name for one in parameters if one.kind is one.KEYWORD_ONLY), *allowed)
            near = UnknownNameError.among(name, known, what="").suggestions
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            raise InvalidArgumentError(f"{function.__qualname__}() has no option {name!r}; {hint}")


def options_of(method: Method) -> MeasureOptions:
    """Return the options of a method: its own objects, or those that its text names if it was read from a file.

    Args:
        method: The method.

    Raises:
        InvalidArgumentError: The method was read from a file and has a filter.
    """
    if method.choices:
        return MeasureOptions(**{name: value for name, value in method.choices.items() if name in OPTIONS})
    if method.where is not None:
        raise InvalidArgumentError(
            f"the method was read from a file, and its filter where={method.where} is text; measure with where="
        )
    texts = {name: getattr(method, name) for name in OPTIONS if name not in ("window", "age_cap", "where")}
    return MeasureOptions(**texts, window=days_text(method.window), age_cap=days_text(method.age_cap))


def days_text(number: int | None) -> str | None:
    """Return a number of days in the form of the options, such as ``365d``."""
    return None if number is None else f"{number}d"
