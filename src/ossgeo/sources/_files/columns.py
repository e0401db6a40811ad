"""The choice of columns: which column of a source is which of the library's."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import attrs

from ossgeo._core.schema import COUNTERS, MODELS, Counter
from ossgeo.errors import Fault
from ossgeo.sources._files.normalization import KNOWN, listed

BARE: Final = "downloads"
"""A name that the Hub's API uses for the trailing 30 days, and others for all downloads."""

SYNONYMS: Final[dict[str, str]] = {
    BARE: BARE,
    **{name: column.name for column in reversed(KNOWN) for name in (column.name, *column.aliases)},
}
"""Known names of columns, and the library's."""

_MODEL_NAMES = frozenset(column.name for column in MODELS)


@attrs.frozen
class Choice:
    """What a caller said about columns.

    Attributes:
        columns: The source's name and the library's.
        counter: The counter to use.
        ignore: Columns of the source to leave out.
        dated_outside: Whether the date of the rows does not come from a column.
        rows: Whether the rows need a date and a counter; False for a list of models.
    """

    columns: Mapping[str, str] = attrs.field(factory=dict)
    counter: Counter | None = None
    ignore: tuple[str, ...] = ()
    dated_outside: bool = False
    rows: bool = True

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
        chosen = {ours: theirs for theirs, ours in self.columns.items()}
        for column in KNOWN:
            if column.name not in chosen:
                options = [name for name in (column.name, *column.aliases) if name in left and name not in self.columns]
                options = [name for name in options if name not in empty] or options
                if options:
                    chosen[column.name] = options[0]
        if "model_id" not in chosen:
            remedy = "name it: columns={'...': 'model_id'}"
            faults.append(Fault(place, f"has no column of model ids; it has {listed(names)}", remedy))
            return None
        if not self.rows:
            return {ours: theirs for ours, theirs in chosen.items() if ours in _MODEL_NAMES}
        found = self._with_counter(chosen, left, place, faults, empty)
        if not self.dated_outside and not {"period", "observed_at"} & chosen.keys():
            remedy = (
                "name it: columns={'...': 'observed_at'}; or period_from='file' if the file's name has the date, "
                "or period_from='2026-08-14'"
            )
            faults.append(Fault(place, "has no column that says when it was observed", remedy))
            return None
        return found

    def _names_are_known(self, names: Sequence[str], place: str, faults: list[Fault]) -> bool:
        ours = sorted({column.name for column in KNOWN})
        missing = [name for name in (*self.columns, *self.ignore) if name not in names]
        wrong = [name for name in self.columns.values() if name not in ours]
        for name in missing:
            near = difflib.get_close_matches(name, names, n=3)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            faults.append(Fault(place, f"has no column {name!r}{hint}", f"it has {listed(names)}"))
        remedy = f"use one of {', '.join(ours)}"
        faults.extend(Fault("columns", f"{name!r} is not a column of ossgeo", remedy) for name in wrong)
        return not (missing or wrong)

    def _with_counter(
        self, chosen: dict[str, str], names: Sequence[str], place: str, faults: list[Fault], empty: Collection[str]
    ) -> dict[str, str] | None:
        """Return the choice with one counter; two counters, or a bare name, need ``counter``."""
        found = {name: chosen[name] for name in COUNTERS if name in chosen}
        bare = BARE in names and BARE not in self.columns
        if self.counter is not None and self.counter not in found and bare:
            found = {self.counter: BARE}
        elif self.counter is not None:
            if self.counter not in found:
                other = f"choose with counter={next(iter(found))!r}, or " if found else ""
                remedy = f"{other}name the column: columns={{'...': {self.counter!r}}}"
                faults.append(Fault(place, f"has no {self.counter}; it has {listed(names)}", remedy))
                return None
            found = {self.counter: found[self.counter]}
        else:
            candidates = {theirs: f"counter={name!r}" for name, theirs in found.items()}
            if bare:
                candidates[BARE] = "counter='downloads_30d'"
            full = {theirs: remedy for theirs, remedy in candidates.items() if theirs not in empty} or candidates
            if not full:
                remedy = "name it: columns={'...': 'downloads_30d'}"
                faults.append(Fault(place, f"has no counter; it has {listed(names)}", remedy))
                return None
            if len(full) > 1:
                remedy = f"choose with {' or '.join(full.values())}"
                faults.append(Fault(place, f"has two counters, {' and '.join(full)}, which are never mixed", remedy))
                return None
            if bare and BARE in full:
                remedy = (
                    "say counter='downloads_30d' (the Hub's API gives the trailing 30 days under this name) "
                    "or 'downloads_all_time'"
                )
                faults.append(Fault(f"{place}, column {BARE}", "may be either of the Hub's counters", remedy))
                return None
            found = {name: theirs for name, theirs in found.items() if theirs in full}
        return {ours: theirs for ours, theirs in chosen.items() if ours not in COUNTERS} | found
