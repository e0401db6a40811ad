"""The choice of columns: which column of a source is which of the library's."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import attrs
import polars as pl

from ossgeo._core.counter import Counter
from ossgeo._core.schema import COUNTERS, MODELS
from ossgeo.errors import Fault
from ossgeo.sources._files import values
from ossgeo.sources._files.normalization import KNOWN, TYPES, listed

BARE: Final = "downloads"
"""A name that the Hub's API uses for the trailing 30 days, and others for all downloads."""

SYNONYMS: Final[dict[str, str]] = {
    BARE: BARE,
    **{name: column.name for column in reversed(KNOWN) for name in (column.name, *column.aliases)},
}
"""Known names of columns, and the library's."""

_FOLDED: Final = {name.casefold(): ours for name, ours in SYNONYMS.items()}

START: Final = "start"
"""The first day of the interval of a count, included."""

_WIDE: Final = "; or wide='*' if the columns are {}"
_DATE: Final = re.compile(r"\s*\d{4}-\d{2}(-\d{2}.*)?")
"""The name of a column of a wide table that is a date."""

_STARTS = (START, "start_date", "period_start")
_ENDS = ("end", "end_date", "period_end")
_MODEL_NAMES = frozenset(column.name for column in MODELS)


@attrs.frozen
class Choice:
    """What a caller said about columns.

    Attributes:
        columns: The source's name and the library's.
        counter: The counter to use.
        ignore: Columns of the source to leave out.
        dated_outside: Whether the date of the rows does not come from a column.
        dimensions: Further columns of the rows.
        rows: Whether the rows need a date and a counter; False for a list of models.
    """

    columns: Mapping[str, str] = attrs.field(factory=dict)
    counter: Counter | None = None
    ignore: tuple[str, ...] = ()
    dated_outside: bool = False
    rows: bool = True
    dimensions: tuple[str, ...] = ()

    @property
    def types(self) -> dict[str, Any]:
        """Name and type of every column that the source may have."""
        further = dict.fromkeys(self.dimensions, pl.String)
        if self.counter is None:
            return TYPES | further
        return {**TYPES, **further, START: pl.Date, self.counter.column: pl.Int64 if self.counter.whole else pl.Float64}

    @property
    def ids(self) -> Callable[[Any], str]:
        """The parser of ids: the Hub's for counters of downloads; those of other platforms may name a variant."""
        if not self.rows:
            return values.any_id
        return values.model_id if self.counter is None or self.counter.unit == "downloads" else values.variant_id

    def measured(self, names: Collection[str]) -> Counter:
        """Return the counter of a table that has these of the library's columns."""
        return self.counter or Counter.parse(next(name for name in COUNTERS if name in names))

    def of(
        self, names: Sequence[str], place: str, faults: list[Fault], *, empty: Collection[str] = ()
    ) -> dict[str, str] | None:
        """Return the source's name of each of the library's columns; None with faults.

        Args:
            names: The columns of the source.
            place: Name of the source, for messages.
            faults: Receives what is wrong.
            empty: Columns that hold no value: such a counter is not a counter.
        """
        if not self._names_are_known(names, place, faults):
            return None
        left = [name for name in names if name not in self.ignore]
        chosen = {self._renamed(ours): theirs for theirs, ours in self.columns.items()}
        if self.counter is not None and self.counter.kind == "interval":
            self._with_interval(chosen, left)
        for column in KNOWN:
            if column.name not in chosen:
                options = [name for name in (column.name, *column.aliases) if name in left and name not in self.columns]
                options = [name for name in options if name not in empty] or options
                if options:
                    chosen[column.name] = options[0]
        chosen |= {name: name for name in self.dimensions if name in left and name not in chosen}
        if fault := self._missing(chosen, names, place):
            faults.append(fault)
            return None
        if not self.rows:
            return {ours: theirs for ours, theirs in chosen.items() if ours in _MODEL_NAMES}
        found = self._with_counter(chosen, left, place, faults, empty)
        if fault := self._undated(chosen, left, place):
            faults.append(fault)
            return None
        return found

    def _missing(self, chosen: Collection[str], names: Sequence[str], place: str) -> Fault | None:
        """Return the fault of a source without a column of ids, or without one of the dimensions."""
        for name in self.dimensions:
            if name not in chosen:
                return Fault(place, f"has no column {name!r} for dimensions=", f"it has {listed(names)}")
        if "model_id" not in chosen:
            dated = any(SYNONYMS.get(name) in ("period", "observed_at") for name in names)
            remedy = f"name it: {_named(names, 'model_id')}{_WIDE.format('models') if self.rows and dated else ''}"
            return Fault(place, f"has no column of model ids; it has {listed(names)}", remedy)
        return None

    def _undated(self, chosen: Collection[str], names: Sequence[str], place: str) -> Fault | None:
        """Return the fault of a source without dates, or without the starts of intervals that need them."""
        counter = self.counter
        if counter is not None and counter.kind == "interval" and counter.days is None and START not in chosen:
            remedy = f"name it: columns={{'...': '{START}'}}; or state their length in the name of the counter, as in downloads_per_7d"
            return Fault(place, "has no column of the first days of its intervals", remedy)
        dated = {"period", "observed_at", *([START] if counter is not None and counter.days else [])}
        if self.dated_outside or dated & {*chosen}:
            return None
        remedy = (
            f"name it: {_named(names, 'observed_at', 'period')}; or period_from='file' if the file's name has the date, "
            "or period_from='2026-08-14'"
        ) + (_WIDE.format("dates") if any(map(_DATE.fullmatch, names)) else "")
        return Fault(place, "has no column that says when it was observed", remedy)

    def _renamed(self, ours: str) -> str:
        """Return the name of a column; the counter's may be given by its name, and the last day of an interval as ``end``."""
        if self.counter is not None and ours == self.counter.name:
            return self.counter.column
        return "period" if ours == _ENDS[0] else ours

    def _with_interval(self, chosen: dict[str, str], names: Sequence[str]) -> None:
        """Add the columns of the first and last days of intervals."""
        for ours, options in ((START, _STARTS), ("period", ("period", *_ENDS))):
            found = [name for name in options if name in names and name not in self.columns]
            if ours not in chosen and found:
                chosen[ours] = found[0]

    def _names_are_known(self, names: Sequence[str], place: str, faults: list[Fault]) -> bool:
        ours = sorted({column.name for column in KNOWN} | self._own_names())
        missing = [name for name in (*self.columns, *self.ignore) if name not in names]
        wrong = [name for name in self.columns.values() if name not in ours]
        for name in missing:
            near = difflib.get_close_matches(name, names, n=3)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            faults.append(Fault(place, f"has no column {name!r}{hint}", f"it has {listed(names)}"))
        remedy = f"use one of {', '.join(ours)}"
        faults.extend(Fault("columns", f"{name!r} is not a column of ossgeo", remedy) for name in wrong)
        named: dict[str, list[str]] = {}
        for theirs, name in self.columns.items():
            named.setdefault(self._renamed(name), []).append(theirs)
        twice = {name: found for name, found in named.items() if len(found) > 1}
        for name, found in twice.items():
            faults.append(Fault("columns", f"{' and '.join(map(repr, found))} are both {name!r}", "name one of them"))
        return not (missing or wrong or twice)

    def _own_names(self) -> set[str]:
        """Return the names of columns that the given counter adds."""
        if self.counter is None:
            return {*self.dimensions}
        return {
            *self.dimensions,
            self.counter.name,
            self.counter.column,
            *((START, "end") if self.counter.kind == "interval" else ()),
        }

    def _with_counter(
        self, chosen: dict[str, str], names: Sequence[str], place: str, faults: list[Fault], empty: Collection[str]
    ) -> dict[str, str] | None:
        """Return the choice with one counter; two counters, or a bare name, need ``counter``."""
        found: dict[str, str] = {name: chosen[name] for name in COUNTERS if name in chosen}
        bare = BARE in names and BARE not in self.columns
        if self.counter is not None:
            column = self.counter.column
            options = [column, self.counter.name, f"total_{self.counter.name}"]
            options = [name for name in options if name in names and name not in self.columns]
            if column not in chosen and not options:
                other = f"choose with counter={next(iter(found))!r}, or " if found else ""
                remedy = f"{other}name the column: {_named(names, column)}"
                faults.append(Fault(place, f"has no {column}; it has {listed(names)}", remedy))
                return None
            found = {column: chosen.get(column) or options[0]}
        else:
            candidates = {theirs: f"counter={name!r}" for name, theirs in found.items()}
            if bare:
                candidates[BARE] = "counter='downloads_30d'"
            full = {theirs: remedy for theirs, remedy in candidates.items() if theirs not in empty} or candidates
            if not full:
                remedy = f"name it: {_named(names, 'downloads_30d', BARE)}"
                faults.append(Fault(place, f"has no counter; it has {listed(names)}", remedy))
                return None
            if len(full) > 1:
                remedy = f"choose with {' or '.join(full.values())}"
                faults.append(Fault(place, f"has two counters, {' and '.join(full)}, which are never mixed", remedy))
                return None
            if bare and BARE in full:
                remedy = (
                    "say counter='downloads_30d' (the Hub's API gives the trailing 30 days under this name) "
                    "or counter='downloads_all_time'"
                )
                faults.append(Fault(f"{place}, column {BARE}", "may be either of the Hub's counters", remedy))
                return None
            found = {name: theirs for name, theirs in found.items() if theirs in full}
        return {ours: theirs for ours, theirs in chosen.items() if ours not in {*COUNTERS, *found}} | found


def _named(names: Sequence[str], *ours: str) -> str:
    """Return the argument that names a column as the first of ``ours``, with the name that differs in case or spaces only."""
    folded = ((name, re.sub(r"[\s-]+", "_", name.strip().casefold())) for name in names)
    likely = next((name for name, text in folded if _FOLDED.get(text) in ours), "...")
    return f"columns={{{likely!r}: {ours[0]!r}}}"
