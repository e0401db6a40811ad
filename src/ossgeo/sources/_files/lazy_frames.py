"""Parquet files and lazy frames: the same normalization as for files in memory, as expressions of the engine."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.schema import COUNTERS, MODELS
from ossgeo.errors import Fault, PanelError
from ossgeo.panel._declared_bases import with_bases
from ossgeo.panel._models_table import normalized_models
from ossgeo.sources._files import values
from ossgeo.sources._files.columns import BARE, START, SYNONYMS, Choice
from ossgeo.sources._files.ids import Columns, IdScan, is_odd
from ossgeo.sources._files.intervals import with_since
from ossgeo.sources._files.normalization import (
    FAULTS_A_COLUMN,
    TYPES,
    Origin,
    parser,
    shown,
    typed,
)
from ossgeo.sources._files.repositories import ADDRESSES, KINDS, OTHERS

_IN_UTC: Final = (
    r"^[12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]00:?00)?)?$"
)
"""Text that is a day, or an instant in UTC, in ISO 8601: its day is its first ten characters."""


_AROUND: Final = frozenset({"model_id", "observed_at", "since", "period"})
"""The columns of rows beside the counter."""
_WIDER_THAN_A_COUNT: Final = (nw.UInt64, nw.UInt128, nw.Int128)
"""Types of whole numbers that may exceed a count; DuckDB's sums are of the last one."""


@attrs.frozen
class LazyRows:
    """Normalized rows of a lazy frame.

    Attributes:
        rows: model_id, period, the counter and, if it is a date, observed_at.
        models: What the rows say about models.
        others: Number of rows of datasets and spaces, which are left out.
        unread: Number of unreadable values of each optional column.
        described: The columns of the models table that the rows have.
    """

    rows: nw.LazyFrame[Any]
    models: pl.LazyFrame | None
    others: int
    unread: dict[str, int]
    described: frozenset[str] = frozenset()


@attrs.frozen
class LazyNormalization:
    """The normalization of lazy frames.

    Attributes:
        choice: The choice of columns.
        day: The date of all rows, if it does not come from a column.
        start: First period to read.
        end: Last period to read.
        date_format: The pattern of dates in text.
        optional: Columns whose unreadable values are counted.
        scan: The look at the ids of all files of the source.
    """

    choice: Choice
    day: dt.date | None
    start: dt.date | None
    end: dt.date | None
    date_format: str | None
    optional: frozenset[str]
    scan: IdScan

    def of(self, frame: nw.LazyFrame[Any], place: str, files: Sequence[Path] = ()) -> LazyRows:
        """Choose, rename and type the columns; only distinct texts, faults and models are collected.

        Args:
            frame: The frame.
            place: Its name in errors.
            files: The Parquet files behind the frame, if their ids may be looked at file by file.

        Raises:
            PanelError: With every fault.
        """
        faults: list[Fault] = []
        names = frame.collect_schema().names()
        chosen = self.choice.of(names, place, faults, empty=_empty_counters(frame, self.choice))
        if chosen is None:
            raise PanelError(f"{place} cannot be used", faults)
        counter = self.choice.measured(chosen)
        which = counter.column
        frame, elsewhere = _without_other_repositories(frame, chosen["model_id"])
        frame = frame.select(nw.col(theirs).alias(ours) for ours, theirs in chosen.items())
        if self.day is not None:
            frame = frame.with_columns(period=nw.lit(self.day))
        others = 0
        if elsewhere is not None or not self._looks_at(files, chosen, which):
            self.scan.give_up()
            frame, others = self._with_ids(frame, f"{place}, column {chosen['model_id']}", faults)
        frame = _with_counts(frame, counter, f"{place}, column {chosen[which]}", faults)
        if START in chosen:
            frame = self._with_starts(frame, counter, f"{place}, column {chosen[START]}", faults)
        elif self.day is None:
            name = "period" if "period" in chosen else "observed_at"
            frame = self._with_days(frame, name, f"{place}, column {chosen[name]}", faults)
        if faults:
            raise PanelError(f"{place} cannot be used", faults)
        frame = self._within(frame, by_instant="period" not in chosen and self.day is None)
        further = self.choice.dimensions
        frame = frame.with_columns(nw.col(name).cast(nw.String) for name in further) if further else frame
        around = ("model_id", *further, "observed_at", "since", "period", which)
        kept = [name for name in around if name in frame.collect_schema().names()]
        about = [column.name for column in MODELS if column.name in chosen and column.name != "model_id"]
        unread: dict[str, int] = {}
        models = self._models(frame, about, Origin(place, 1, chosen), unread) if about else None
        others += elsewhere or 0
        return LazyRows(frame.select(kept), models, others, unread, frozenset(about))

    def _looks_at(self, files: Sequence[Path], chosen: Mapping[str, str], counter: str) -> bool:
        """Look at the ids of files; return whether all are plain."""
        if not files:
            return False
        dates = [chosen[name] for name in ("period", START, "observed_at") if name in chosen]
        date = None if self.day is not None else dates[0]
        summed = START not in chosen and not self.choice.dimensions
        counts = chosen[counter] if summed else None
        return self.scan.add(files, Columns(chosen["model_id"], date, counts, counter, self.day))

    def _with_ids(self, frame: nw.LazyFrame[Any], place: str, faults: list[Fault]) -> tuple[nw.LazyFrame[Any], int]:
        """Cut addresses to ids and leave out datasets and spaces; an id that the Hub cannot have is a fault."""
        kind = frame.collect_schema()["model_id"]
        name = nw.col("model_id")
        if kind in (nw.Categorical, nw.Enum):
            frame = frame.with_columns(name.cast(nw.String))
        elif kind != nw.String:
            faults.append(Fault(place, f"holds {kind}, not text", "convert the column"))
            return frame, 0
        if not engines.collect(frame.filter(is_odd("model_id")).select("model_id").head(1)).height:
            return frame, 0
        frame = frame.with_columns(name.str.strip_chars())
        others = int(
            engines.collect(frame.select(name.str.contains(values.OTHER_REPOSITORY).cast(nw.Int64).sum())).item() or 0
        )
        if others:
            frame = frame.filter(~name.str.contains(values.OTHER_REPOSITORY))
        address = f"(?i){values.HUB_URL}"
        if engines.collect(frame.filter(name.str.contains(address)).select("model_id").head(1)).height:
            cut = name.str.replace_all(address, "").str.replace_all(r"[?#].*$", "").str.replace_all(values.URL_END, "")
            frame = frame.with_columns(nw.when(name.str.contains(address)).then(cut).otherwise(name).alias("model_id"))
        words = sorted(values.MISSING - {""})
        right = name.str.contains(values.ID) & ~name.str.contains(values.NOT_IN_ID)
        if self.choice.ids is values.variant_id:
            right = name.str.contains(values.VARIANT_ID)
        wrong = frame.filter(~right | name.str.to_lowercase().is_in(words)).select("model_id").head(FAULTS_A_COLUMN)
        for value in sorted(engines.collect(wrong)["model_id"].to_list()):
            missing = values.is_missing(value)
            problem = "has no model id" if missing else f"{shown(value)} is not a model id such as 'Qwen/Qwen3-8B'"
            faults.append(Fault(place, problem, "drop the row or give its id" if missing else ""))
        return frame, others

    def _with_days(self, frame: nw.LazyFrame[Any], name: str, place: str, faults: list[Fault]) -> nw.LazyFrame[Any]:
        """Add ``period``, the day in UTC of a column of dates, instants or text."""
        kind = frame.collect_schema()[name]
        if isinstance(kind, nw.Datetime):
            return engines.with_utc_day(frame, name)
        if kind == nw.Date:
            return frame.with_columns(nw.col(name).alias("period"))
        if self.date_format is not None and kind.is_numeric():
            number = nw.col(name)
            if kind.is_float():  # whole numbers beside gaps, or fractions of a second
                number = nw.when(~number.is_nan()).then(number - number % 1)
            frame = frame.with_columns(number.cast(nw.Int64).cast(nw.String).alias(name))
        elif kind != nw.String:
            faults.append(Fault(place, f"holds {kind}, not dates", "give date_format=, or convert the column"))
            return frame
        text = nw.col(name)
        if self.date_format is None:
            text = nw.when(text.str.contains(_IN_UTC)).then(text.str.slice(0, 10)).otherwise(text)
        return _with_parsed_text(frame.with_columns(_text=text).drop(name), "period", place, faults, self.date_format)

    def _with_starts(
        self, frame: nw.LazyFrame[Any], counter: Counter, place: str, faults: list[Fault]
    ) -> nw.LazyFrame[Any]:
        """Add ``period`` and ``since``, the last day of each interval and the day before its first."""
        names = frame.collect_schema().names()
        if "period" in names:
            frame = self._with_days(frame.rename({"period": "_end"}), "_end", place, faults).rename(
                {"period": "_until"}
            )
        frame = self._with_days(frame, START, place, faults)
        if faults:
            return frame
        frame = frame.drop(START, strict=False).rename({"period": START})  # text was dropped when it was parsed
        frame = frame.rename({"_until": "period"}) if "period" in names else frame
        return with_since(frame, counter, place, faults)

    def _within(self, frame: nw.LazyFrame[Any], *, by_instant: bool) -> nw.LazyFrame[Any]:
        """Keep the periods from start to end, and rows without a date, which are faults of the panel.

        Instants are compared as well, since Parquet files keep statistics of them.
        """
        kind = frame.collect_schema().get("observed_at")
        instants = by_instant and engines.compares_instants(frame, "observed_at")
        zone = dt.UTC if isinstance(kind, nw.Datetime) and kind.time_zone is not None else None
        period, at = nw.col("period"), nw.col("observed_at")
        if self.start is not None:
            frame = frame.filter((period >= nw.lit(self.start)) | period.is_null())
            if instants:
                frame = frame.filter((at >= nw.lit(_midnight(self.start, zone))) | at.is_null())
        if self.end is not None:
            frame = frame.filter((period <= nw.lit(self.end)) | period.is_null())
            if instants:
                following = _midnight(self.end + dt.timedelta(days=1), zone)
                frame = frame.filter((at < nw.lit(following)) | at.is_null())
        return frame

    def _models(
        self, frame: nw.LazyFrame[Any], about: Sequence[str], origin: Origin, unread: dict[str, int]
    ) -> pl.LazyFrame:
        """Return the models table of columns of the rows; the latest observation wins.

        Columns that have their types already stay lazy; others are collected and parsed, one value for each model.
        """
        narrow = frame.select("model_id", "period", *about)
        native = narrow.to_native()
        lazy: pl.LazyFrame = native if isinstance(native, pl.LazyFrame) else engines.collect(narrow.unique()).lazy()
        latest = [pl.col(name).sort_by("period").drop_nulls().last() for name in about]
        models = lazy.group_by("model_id").agg(latest)
        schema = models.collect_schema()
        ready = {"created_at", "likes", "parameters", "private", "disabled", "base_models"}
        if all(name in ready and schema[name] == TYPES[name] for name in about):
            return normalized_models(models)
        faults: list[Fault] = []
        raw = engines.collect(engines.wrap(models))
        columns = {name: raw[name] for name in ("model_id", *about)}
        table = typed(columns, origin, faults, date_format=self.date_format, optional=self.optional, unread=unread,
                      ids=self.choice.ids)  # fmt: skip
        if faults:
            raise PanelError(f"{origin.file} cannot be used", faults)
        return normalized_models(with_bases(table))


def _without_other_repositories(frame: nw.LazyFrame[Any], ids: str) -> tuple[nw.LazyFrame[Any], int | None]:
    """Return a frame without rows that a column says are datasets or spaces, and their number; None without such a column."""
    schema = frame.collect_schema()
    texts = [name for name in (*KINDS, *ADDRESSES) if name in schema and name != ids and schema[name] == nw.String]
    if not texts:
        return frame, None
    other = nw.lit(False)
    for name in texts:
        text = nw.col(name).str
        found = text.contains(values.OTHER_REPOSITORY) if name in ADDRESSES else text.to_lowercase().is_in(list(OTHERS))
        other = other | found.fill_null(False)
    number = int(engines.collect(frame.select(other.cast(nw.Int64).sum())).to_series()[0] or 0)
    return (frame.filter(~other) if number else frame), number


def _midnight(day: dt.date, zone: dt.tzinfo | None) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone)


def _empty_counters(frame: nw.LazyFrame[Any], choice: Choice) -> list[str]:
    """Return the counters that hold no value, if there are several and none was chosen."""
    names = frame.collect_schema().names()
    found = [name for name in names if choice.columns.get(name, SYNONYMS.get(name)) in (*COUNTERS, BARE)]
    if choice.counter is not None or len(found) < 2:  # noqa: PLR2004  # one counter needs no choice
        return []
    known = engines.collect(frame.select(nw.col(name).count().alias(name) for name in found)).row(0, named=True)
    return [name for name, number in known.items() if not number]


def _with_counts(frame: nw.LazyFrame[Any], counter: Counter, place: str, faults: list[Fault]) -> nw.LazyFrame[Any]:
    """Convert the counter to its type; text is parsed, and a fraction of a whole unit is a fault."""
    which = counter.column
    kind = frame.collect_schema()[which]
    count = nw.col(which)
    if kind == nw.String:
        wanted = pl.Int64 if counter.whole else pl.Float64
        return _with_parsed_text(frame.with_columns(_text=count).drop(which), which, place, faults, None, wanted)
    if not kind.is_numeric():
        faults.append(Fault(place, f"holds {kind}, not numbers", "convert the column"))
        return frame
    if not counter.whole:
        fraction = count.cast(nw.Float64)
        return frame.with_columns(nw.when(~fraction.is_nan()).then(fraction).alias(which))
    if kind.is_integer() and kind not in _WIDER_THAN_A_COUNT:
        return frame if kind == nw.Int64 else frame.with_columns(count.cast(nw.Int64))
    if kind.is_float():
        frame = frame.with_columns(nw.when(~count.is_nan()).then(count).alias(which))
    broken = frame.filter((count % 1 != 0) | (count.abs() >= 2.0**63)).select(which).head(FAULTS_A_COLUMN)
    wrong = engines.collect(broken)[which].to_list()
    for value in sorted(wrong):
        large = 2.0**63 <= abs(float(value)) < math.inf
        faults.append(Fault(place, f"{value} {values.TOO_LARGE if large else 'is not a whole number'}"))
    return frame if wrong else frame.with_columns(count.cast(nw.Int64))


def _with_parsed_text(
    frame: nw.LazyFrame[Any],
    name: str,
    place: str,
    faults: list[Fault],
    date_format: str | None,
    wanted: Any = None,
) -> nw.LazyFrame[Any]:
    """Replace the column ``_text`` by the parsed column: each distinct text is parsed once, and joined."""
    words = engines.collect(frame.select("_text").unique())["_text"].drop_nulls().to_list()
    parse = parser(name, date_format, words, wanted)
    known: dict[str, Any] = {}
    wrong: list[Fault] = []
    for word in words:
        if values.is_missing(word):
            continue
        try:
            known[word] = parse(word)
        except (ValueError, OverflowError) as error:
            wrong.append(Fault(place, f"{shown(word)} {error}"))
    faults.extend(sorted(wrong, key=str)[:FAULTS_A_COLUMN])
    if len(wrong) > FAULTS_A_COLUMN:
        faults.append(Fault(place, f"{len(wrong) - FAULTS_A_COLUMN} more values like these"))
    table = pl.DataFrame(
        {"_text": list(known), name: list(known.values())}, schema={"_text": pl.String, name: wanted or TYPES[name]}
    )
    return frame.join(engines.send(table, frame), on="_text", how="left").drop("_text")


def parquet_groups(files: Sequence[Path], engine: str = "polars") -> list[list[Path]]:
    """Return files grouped by schema, so that files whose types differ are normalized before they are joined.

    Raises:
        PanelError: With every file that is damaged, or that the engine cannot read.
    """
    groups: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    faults: list[Fault] = []
    for file in files:
        try:
            with file.open("rb") as content:
                schema = pl.read_parquet_schema(content)
        except Exception:  # noqa: BLE001  # Polars has several kinds of errors for damaged files
            faults.append(Fault(file.name, "is not a whole Parquet file", "fetch or write it again"))
            continue
        if engine == "spark":
            remedy = "write microseconds, or choose another engine"
            fine = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime) and kind.time_unit == "ns"]
            faults += [
                Fault(f"{file.name}, column {name}", "holds nanoseconds, which Spark refuses", remedy) for name in fine
            ]
        groups.setdefault(tuple((name, str(kind)) for name, kind in schema.items()), []).append(file)
    if faults:
        place = files[0] if len(files) == 1 else files[0].parent
        raise PanelError(f"{place} cannot be read", faults)
    return list(groups.values())


def _in_one_type(rows: nw.LazyFrame[Any], counter: str) -> nw.Expr:
    """Return a counter whose type is the same for all groups of files."""
    return nw.col(counter).cast(nw.Int64 if rows.collect_schema()[counter].is_integer() else nw.Float64)


def joined(parts: Sequence[LazyRows]) -> LazyRows:
    """Return the rows of several groups of files together; instants become datetimes in UTC."""
    if len(parts) == 1:
        return parts[0]
    frames = []
    shared = all("observed_at" in part.rows.collect_schema().names() for part in parts)
    for part in parts:
        rows = part.rows
        since = [name for name in ("since",) if name in rows.collect_schema().names()]
        further = [name for name in rows.collect_schema().names() if name not in _AROUND]
        if shared:
            rows = engines.with_utc_datetime(rows, "observed_at")
        names = ["model_id", *(["observed_at"] if shared else []), *since, "period", *further]
        frames.append(rows.select(*names).with_columns(_in_one_type(rows, further[-1])))
    models = [part.models for part in parts if part.models is not None]
    unread: dict[str, int] = {}
    for part in parts:
        for name, number in part.unread.items():
            unread[name] = unread.get(name, 0) + number
    table = pl.concat(models, how="diagonal_relaxed").unique("model_id", keep="last") if models else None
    described = frozenset[str]().union(*(part.described for part in parts))
    return LazyRows(engines.concat(frames), table, sum(part.others for part in parts), unread, described)
