"""``read_panel``: files, folders and dataframes become a Panel."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import attrs
import narwhals as nw
import polars as pl

from ossgeo._core import engines
from ossgeo._core.dates import day_of
from ossgeo._core.schema import COUNTERS, MODELS, Counter
from ossgeo.errors import EngineError, Fault, InvalidArgumentError, PanelError, SourceUnavailableError
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.sources._files.formats import column_of, read_csv, read_json
from ossgeo.sources._files.normalization import (
    FAULTS_A_COLUMN,
    HUB_URL,
    KNOWN,
    TYPES,
    Origin,
    instant,
    shown,
    typed,
    with_bases,
)
from ossgeo.sources._store.snapshots import SnapshotStore

FORMATS: Final = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
"""File name endings and what they are."""

_DATE = re.compile(r"(?<!\d)(\d{4})-?(\d{2})-?(\d{2})(?!\d)")
_IN_UTC: Final = (
    r"^[12][0-9]{3}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-]00:?00)?)?$"
)
"""Text that ISO 8601 knows as a day, or as an instant in UTC: its day is its first ten characters."""

_BARE = "downloads"


def read_panel(
    source: Any,
    *,
    columns: Mapping[str, str] | None = None,
    models: Any = None,
    counter: Counter | None = None,
    pattern: str | None = None,
    records: str | None = None,
    period_from: Literal["file"] | None = None,
    start: dt.date | str | None = None,
    end: dt.date | str | None = None,
    engine: Literal["polars", "duckdb", "spark"] | None = None,
    note: str = "",
) -> Panel:
    """Read a panel from files or a dataframe.

    The Hub's own column names and common ones are known (see the reference of columns); ``columns`` names others. CSV and
    JSON are read and checked at once; Parquet and lazy frames stay lazy, and only the columns and dates that are asked for
    are read. Folders named ``column=value`` (partitioned Parquet) are columns.

    Args:
        source: A CSV, JSON, JSON Lines or Parquet file; a folder of such files; a store of snapshots; or any dataframe that Narwhals takes (lazy
            ones are kept lazy).
        columns: Source name -> our name, for example ``{"downloads_last_month": "downloads_30d"}``.
        models: A models table (a frame or a file), where the rows carry only counters.
        counter: Which counter to use where a source has both, or what a bare ``downloads`` column is: the Hub's API gives
            the trailing 30 days under that name.
        pattern: Which files of a folder, such as ``*.csv``.
        records: For JSON: the key under which the rows are.
        period_from: ``file``: the date in a file's name is the period, whatever the rows say; one file is one snapshot.
        start: First period to read, a date or text such as ``2026-01-31``; the first there is where absent.
        end: Last period to read; the last there is where absent.
        engine: Engine for Parquet files: ``polars``, ``duckdb``, or ``spark`` (the active session, or one that is started).
        note: What the panel covers, in one sentence; printed with every result.

    Returns:
        The panel.

    Raises:
        SourceUnavailableError: There is no such file or folder.
        PanelError: With every fault: file, row, column, value.
        InvalidArgumentError: ``start`` or ``end`` names no day, or ``columns`` is no mapping.
        EngineError: The source is no dataframe, or the engine cannot read it.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"id": ["Qwen/Qwen3-8B"], "date": ["2026-08-14"], "downloads": [1000]})
        >>> read_panel(frame, counter="downloads_30d").periods
        (datetime.date(2026, 8, 14),)
    """
    if counter is not None and counter not in COUNTERS:
        raise PanelError.of("counter", f"{counter!r} is no counter", f"use {' or '.join(map(repr, COUNTERS))}")
    if engine is not None and engine not in engines.ENGINES:
        raise EngineError(f"engine={engine!r} cannot read files; there are {', '.join(engines.ENGINES)}")
    if period_from not in (None, "file"):
        raise PanelError.of("period_from", f"{period_from!r} is not known", "the only choice is 'file'")
    if not isinstance(columns, Mapping | None):
        raise InvalidArgumentError(
            f"columns={columns!r} is no mapping; give the source's name and ours: {{'repo': 'model_id'}}"
        )
    first, last = (None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end)))
    reader = _Reader(dict(columns or {}), counter, records, period_from == "file", engine or "polars", first, last)
    stored = isinstance(source, str | Path) and SnapshotStore.is_store(source)
    if period_from is not None and (stored or not isinstance(source, str | Path)):
        what = "a store of snapshots" if stored else f"a {type(source).__name__}"
        raise PanelError.of("period_from", f"{what} has no dates in file names", "leave period_from out")
    if stored:
        return SnapshotStore(source).panel(first, last, counter=counter or "downloads_30d")
    identity: str | None = None
    if isinstance(source, str | Path):
        files = _files(Path(source), pattern)
        rows, found = reader.files(files, Path(source))
        sizes = [f"{file.name}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
        identity = ",".join([*sizes, *(str(day) for day in (first, last) if day is not None)])
        title = str(source)
    else:
        rows, found = reader.frame(source)
        title = f"a {type(source).__module__.split('.')[0]} {type(source).__name__}"
    if isinstance(models, str | Path):
        models = reader.models_file(Path(models))
    given = None if models is None else normalized_models(models)
    which = next(name for name in COUNTERS if name in rows.collect_schema().names())
    return Panel.of(
        rows, given if given is not None else found, counter=which, identity=identity, source=title, scope=note
    )


def _files(path: Path, pattern: str | None) -> list[Path]:
    if not path.exists():
        raise SourceUnavailableError(f"{path} does not exist")
    if path.is_file():
        if path.suffix.lower() not in FORMATS:
            raise PanelError.of(
                str(path), f"the ending {path.suffix!r} is not known", f"known are {', '.join(FORMATS)}"
            )
        return [path]
    names = path.rglob(pattern or "*")
    found = sorted(file for file in names if file.is_file() and file.suffix.lower() in FORMATS)
    if not found:
        raise SourceUnavailableError(f"{path} holds no file {pattern or 'of a known kind'} ({', '.join(FORMATS)})")
    kinds = sorted({FORMATS[file.suffix.lower()] for file in found})
    if len(kinds) > 1:
        raise PanelError.of(
            str(path), f"holds files of several kinds: {', '.join(kinds)}", f"choose with pattern='*.{kinds[0]}'"
        )
    return found


@attrs.frozen
class _Reader:
    columns: dict[str, str]
    counter: Counter | None
    records: str | None
    by_file: bool
    engine: str
    start: dt.date | None
    end: dt.date | None

    def files(self, files: Sequence[Path], source: Path) -> tuple[nw.LazyFrame[Any], pl.LazyFrame | None]:
        if FORMATS[files[0].suffix.lower()] == "parquet":
            return self._parquet(files, source if source.is_dir() else source.parent)
        if self.engine != "polars":
            raise EngineError(f"engine={self.engine!r} reads Parquet files; {files[0].name} is read without it")
        faults: list[Fault] = []
        parts = [part for file in files if (part := self._text_file(file, faults)) is not None]
        if faults:
            raise PanelError(f"{files[0].parent if len(files) > 1 else files[0]} cannot be read", faults)
        table = pl.concat(parts, how="diagonal")
        period = pl.col("period")
        if self.start is not None:
            table = table.filter(period >= self.start)
        if self.end is not None:
            table = table.filter(period <= self.end)
        return self._split(table)

    def models_file(self, file: Path) -> pl.DataFrame:
        """Read a models table."""
        if _files(file, None)[0].suffix == ".parquet":
            return pl.read_parquet(file)
        faults: list[Fault] = []
        part = self._text_file(file, faults, rows=False)
        if faults or part is None:
            raise PanelError(f"{file} cannot be read", faults)
        return with_bases(part)

    def frame(self, source: Any) -> tuple[nw.LazyFrame[Any], pl.LazyFrame | None]:
        frame = engines.lazy(source)
        eager = not isinstance(nw.from_native(source, pass_through=False), nw.LazyFrame)
        return self._lazily(frame, "the dataframe", eager=eager)

    def _text_file(self, file: Path, faults: list[Fault], *, rows: bool = True) -> pl.DataFrame | None:
        try:
            found = read_csv(file) if FORMATS[file.suffix.lower()] == "csv" else read_json(file, self.records)
        except PanelError as error:
            faults.extend(error.faults)
            return None
        except UnicodeDecodeError as error:
            faults.append(Fault(f"{file.name}, byte {error.start}", "is not UTF-8", "save the file as UTF-8"))
            return None
        except OSError as error:
            raise SourceUnavailableError(f"{file} cannot be read: {error.strerror}") from error
        names, values, first = found
        if not len(values):
            faults.append(Fault(file.name, "holds no row", "an empty file is no snapshot"))
            return None
        chosen = self._chosen(names, file.name, faults, rows=rows)
        if chosen is None:
            return None
        raw = {ours: column_of(values, theirs) for ours, theirs in chosen.items()}
        table = typed(raw, Origin(file.name, first, chosen), faults)
        missing = table["model_id"].null_count()
        if missing and not any(fault.place.endswith(f"column {chosen['model_id']}") for fault in faults):
            place = Origin(file.name, first, chosen).place("model_id", int(table["model_id"].is_null().arg_max() or 0))
            faults.append(Fault(place, f"has no model id ({missing} row(s) in all)", "drop the row or give its id"))
        return self._dated(table, file, faults) if rows else table

    def _chosen(
        self, names: Sequence[str], place: str, faults: list[Fault], *, rows: bool = True
    ) -> dict[str, str] | None:
        """Decide which source column is which of ours: what the user says, then our names, then known aliases."""
        unknown = [theirs for theirs in self.columns if theirs not in names]
        ours = {column.name for column in KNOWN}
        wrong = [name for name in self.columns.values() if name not in ours]
        if unknown or wrong:
            problem = f"columns= names {', '.join(map(repr, unknown + wrong))}, which {'it has' if unknown else 'ossgeo does'} not"
            faults.append(Fault(place, problem, f"the file has {', '.join(names)}; ours are {', '.join(sorted(ours))}"))
            return None
        chosen = {name: theirs for theirs, name in self.columns.items()}
        taken = set(self.columns)
        for column in KNOWN:
            if column.name not in chosen:
                match = next(
                    (name for name in (column.name, *column.aliases) if name in names and name not in taken), None
                )
                if match is not None:
                    chosen[column.name] = match
        if not rows:
            return {name: theirs for name, theirs in chosen.items() if name in {column.name for column in MODELS}}
        return self._with_counter(chosen, names, place, faults)

    def _with_counter(
        self, chosen: dict[str, str], names: Sequence[str], place: str, faults: list[Fault]
    ) -> dict[str, str] | None:
        if "model_id" not in chosen:
            faults.append(
                Fault(
                    place,
                    f"has no column of model ids; it has {', '.join(names)}",
                    "name it: columns={'...': 'model_id'}",
                )
            )
            return None
        found = [name for name in COUNTERS if name in chosen]
        if _BARE in names and _BARE not in self.columns and self.counter is not None and self.counter not in found:
            chosen[self.counter] = _BARE
            found.append(self.counter)
        if self.counter is not None and self.counter in found:
            found = [self.counter]
        elif self.counter is not None and found:
            remedy = f"choose with counter={found[0]!r}, or name the column: columns={{'...': {self.counter!r}}}"
            faults.append(Fault(place, f"has no {self.counter}; it has {', '.join(names)}", remedy))
            return None
        if len(found) == 1:
            return {name: theirs for name, theirs in chosen.items() if name not in COUNTERS or name in found}
        if found:
            faults.append(
                Fault(
                    place,
                    "has both counters, which are never mixed",
                    "choose with counter='downloads_30d' or 'downloads_all_time'",
                )
            )
        elif _BARE in names:
            remedy = "say counter='downloads_30d' (the Hub's API gives the trailing 30 days under this name) or 'downloads_all_time'"
            faults.append(Fault(f"{place}, column {_BARE}", "may be either of the Hub's counters", remedy))
        else:
            wanted = self.counter or "counter"
            remedy = f"name it: columns={{'...': {self.counter or 'downloads_30d'!r}}}"
            faults.append(Fault(place, f"has no {wanted}; it has {', '.join(names)}", remedy))
        return None

    def _file_date(self, file: Path, faults: list[Fault]) -> dt.date | None:
        for part in reversed(file.parts):
            found = _DATE.search(part)
            if found is not None:
                try:
                    return dt.date(*map(int, found.groups()))
                except ValueError:
                    continue
        faults.append(Fault(file.name, "has no date in its name", "period_from='file' needs one, such as 2026-08-14"))
        return None

    def _dated(self, table: pl.DataFrame, file: Path, faults: list[Fault]) -> pl.DataFrame:
        """Give every row its period."""
        if self.by_file:
            day = self._file_date(file, faults)
            table = table.with_columns(period=pl.lit(day, pl.Date))
            if "observed_at" not in table.columns and day is not None:
                midnight = dt.datetime.combine(day, dt.time(), dt.UTC)
                table = table.with_columns(observed_at=pl.lit(midnight, TYPES["observed_at"]))
        elif "period" not in table.columns and "observed_at" in table.columns:
            table = table.with_columns(period=pl.col("observed_at").dt.date())
        elif "period" not in table.columns:
            remedy = "name it: columns={'...': 'observed_at'}; or period_from='file' where the file's name has the date"
            faults.append(Fault(file.name, "has no column that says when it was observed", remedy))
            return table
        undated = table["period"].null_count()
        if undated and not faults:
            row = int(table["period"].is_null().arg_max() or 0)
            faults.append(
                Fault(f"{file.name}, record {row + 1}", f"has no date ({undated} row(s) in all)", "give observed_at")
            )
        return table

    def _split(self, table: pl.DataFrame) -> tuple[nw.LazyFrame[Any], pl.LazyFrame]:
        """Part the rows from what is known of the models; the latest observation wins."""
        which = next(name for name in COUNTERS if name in table.columns)
        kept = [name for name in ("model_id", "observed_at", "period", which) if name in table.columns]
        about = [column.name for column in MODELS if column.name in table.columns and column.name != "model_id"]
        latest = [pl.col(name).drop_nulls().last() for name in about]
        models = table.sort("period").group_by("model_id", maintain_order=True).agg(latest)
        return engines.wrap(table.select(kept).lazy()), normalized_models(with_bases(models))

    def _parquet(self, files: Sequence[Path], root: Path) -> tuple[nw.LazyFrame[Any], pl.LazyFrame | None]:
        faults: list[Fault] = []
        parts = []
        for file in files:
            try:
                pl.read_parquet_schema(file)
            except (pl.exceptions.PolarsError, OSError) as error:
                faults.append(
                    Fault(
                        file.name, f"is no whole Parquet file: {str(error).splitlines()[0]}", "fetch or write it again"
                    )
                )
                continue
            parts.append((file, self._file_date(file, faults) if self.by_file else None))
        if faults:
            raise PanelError(f"{files[0].parent} cannot be read", faults)
        if self.by_file:
            asked = [(file, day) for file, day in parts if day is not None and self._asked(day)]
            frames = [self._scan([file], root).with_columns(period=nw.lit(day)) for file, day in asked or parts[:1]]
        else:
            frames = [self._scan(files, root)]
        lazies = [self._lazily(frame, files[0].name, eager=False) for frame in frames]
        if len(lazies) == 1:
            return lazies[0]
        rows = engines.concat([rows for rows, _ in lazies])
        found = [models for _, models in lazies if models is not None]
        models = pl.concat(found, how="diagonal").unique("model_id", keep="last") if found else None
        return rows, models

    def _scan(self, files: Sequence[Path], root: Path) -> nw.LazyFrame[Any]:
        return engines.scan_parquet(files, engine=self.engine, root=root)

    def _asked(self, day: dt.date) -> bool:
        return (self.start or day) <= day <= (self.end or day)

    def _lazily(
        self, frame: nw.LazyFrame[Any], place: str, *, eager: bool
    ) -> tuple[nw.LazyFrame[Any], pl.LazyFrame | None]:
        """Choose, rename and type the columns of a lazy frame; nothing is collected."""
        schema = frame.collect_schema()
        faults: list[Fault] = []
        chosen = self._chosen(schema.names(), place, faults)
        if chosen is None:
            raise PanelError(f"{place} cannot be used", faults)
        frame = frame.select(nw.col(theirs).alias(ours) for ours, theirs in chosen.items())
        if schema[chosen["model_id"]] == nw.String and _starts_with_urls(frame):
            frame = frame.with_columns(nw.col("model_id").str.replace(HUB_URL, "").str.strip_chars("/"))
        which = next(name for name in COUNTERS if name in chosen)
        frame = _typed_lazily(frame, chosen, which, place, faults)
        if faults:
            raise PanelError(f"{place} cannot be used", faults)
        frame = self._within(frame, by_instant="period" not in chosen and not self.by_file)
        kept = [name for name in ("model_id", "observed_at", "period", which) if name in frame.collect_schema().names()]
        about = [column.name for column in MODELS if column.name in chosen and column.name != "model_id"]
        models = _models_of(frame, about) if about else None
        rows = frame.select(kept)
        if eager:
            rows = engines.wrap(engines.collect(rows).lazy())
        return rows, models

    def _within(self, frame: nw.LazyFrame[Any], *, by_instant: bool) -> nw.LazyFrame[Any]:
        """Keep the periods from start to end, and rows without a date, which are an error later.

        Instants are compared by themselves, too, because files have statistics of them.
        """
        kind = frame.collect_schema().get("observed_at")
        instants = by_instant and engines.compares_instants(frame, "observed_at")
        zone = dt.UTC if isinstance(kind, nw.Datetime) and kind.time_zone is not None else None
        undated, unread = nw.col("period").is_null(), nw.col("observed_at").is_null()
        if self.start is not None:
            frame = frame.filter(undated | (nw.col("period") >= nw.lit(self.start)))
            if instants:
                frame = frame.filter(unread | (nw.col("observed_at") >= nw.lit(_midnight(self.start, zone))))
        if self.end is not None:
            frame = frame.filter(undated | (nw.col("period") <= nw.lit(self.end)))
            if instants:
                following = _midnight(self.end + dt.timedelta(days=1), zone)
                frame = frame.filter(unread | (nw.col("observed_at") < nw.lit(following)))
        return frame


def _midnight(day: dt.date, zone: dt.tzinfo | None) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), zone)


def _starts_with_urls(frame: nw.LazyFrame[Any]) -> bool:
    """Look at the first rows only: a source writes its ids in one way."""
    first = engines.collect(frame.select("model_id").head(100))
    return bool(first["model_id"].str.contains(HUB_URL).any())


def _typed_lazily(
    frame: nw.LazyFrame[Any], chosen: Mapping[str, str], which: str, place: str, faults: list[Fault]
) -> nw.LazyFrame[Any]:
    schema = frame.collect_schema()
    kind = schema[which]
    if not kind.is_numeric():
        faults.append(Fault(f"{place}, column {chosen[which]}", f"holds {kind}, not numbers", "convert the column"))
    identity = schema["model_id"]
    if identity in (nw.Categorical, nw.Enum):
        frame = frame.with_columns(nw.col("model_id").cast(nw.String))
    elif identity != nw.String:
        faults.append(
            Fault(f"{place}, column {chosen['model_id']}", f"holds {identity}, not text", "convert the column")
        )
    when = "period" if "period" in schema.names() else "observed_at"
    if when not in schema.names():
        faults.append(
            Fault(place, "has no column that says when it was observed", "name it: columns={'...': 'observed_at'}")
        )
        return frame
    kind = schema[when]
    if kind == nw.String:
        frame = _with_day_of_text(frame, when, f"{place}, column {chosen.get(when, when)}", faults)
    elif isinstance(kind, nw.Datetime):
        frame = engines.with_utc_day(frame, when)
    elif kind == nw.Date:
        frame = frame.with_columns(nw.col(when).alias("period"))
    else:
        faults.append(
            Fault(f"{place}, column {chosen.get(when, when)}", f"holds {kind}, not dates", "convert the column")
        )
    return frame


def _with_day_of_text(frame: nw.LazyFrame[Any], name: str, place: str, faults: list[Fault]) -> nw.LazyFrame[Any]:
    """Put ``period``, the day in UTC, in the place of a column of text: each text that differs is read once, and joined.

    Of texts in UTC only the day is looked at: there may be one for each row.
    """
    text = nw.col(name)
    frame = frame.with_columns(_text=nw.when(text.str.contains(_IN_UTC)).then(text.str.slice(0, 10)).otherwise(text))
    words = engines.collect(frame.select("_text").unique())["_text"].drop_nulls().to_list()
    days: dict[str, dt.date] = {}
    wrong = []
    for word in filter(None, words):
        try:
            days[word] = instant(word).date()
        except ValueError as error:
            wrong.append(Fault(place, f"{shown(word)} {error}"))
    faults.extend(sorted(wrong, key=str)[:FAULTS_A_COLUMN])
    if len(wrong) > FAULTS_A_COLUMN:
        faults.append(Fault(place, f"{len(wrong) - FAULTS_A_COLUMN} more values like these"))
    schema = {"_text": pl.String, "period": pl.Date}
    known = pl.DataFrame({"_text": list(days), "period": list(days.values())}, schema=schema)
    return frame.drop(name).join(engines.send(known, frame), on="_text", how="left").drop("_text")


def _models_of(frame: nw.LazyFrame[Any], about: Sequence[str]) -> pl.LazyFrame:
    """Make the models table from columns that stand in the rows; the latest observation wins."""
    narrow = frame.select("model_id", "period", *about)
    native = narrow.to_native()
    lazy: pl.LazyFrame = native if isinstance(native, pl.LazyFrame) else engines.collect(narrow.unique()).lazy()
    latest = [pl.col(name).sort_by("period").drop_nulls().last() for name in about]
    return normalized_models(lazy.group_by("model_id").agg(latest))
