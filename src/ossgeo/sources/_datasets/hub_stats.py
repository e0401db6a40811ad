"""Published copies of the Hub's statistics: the daily ``hub-stats``, and weekly snapshots.

Source: https://huggingface.co/datasets/cfahlgren1/hub-stats, https://huggingface.co/datasets/hfmlsoc/hub_weekly_snapshots.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path
from typing import Any, ClassVar, Final

import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter, column_of
from ossgeo._core.dates import day_of
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, SourceFormatError, SourceUnavailableError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.sources._datasets.remote import as_source_errors, instant_of, require_columns, scan_remote
from ossgeo.sources._hub.credentials import Token, endpoint_of

REPOSITORY: Final = "cfahlgren1/hub-stats"
WEEKLY: Final = "hfmlsoc/hub_weekly_snapshots"

_COUNTERS: Final[dict[str, str]] = {"downloads_30d": "downloads", "downloads_all_time": "downloadsAllTime"}
_DATED: Final = re.compile(r"models/(\d{4}-\d{2}-\d{2})/models\.parquet$")
_TEXTS: Final = {"_id": "hub_id", "author": "namespace", "pipeline_tag": "task", "library_name": "library"}
_PLAIN: Final = ("private", "disabled", "likes", "tags")


class HubStats:
    """Copies of the Hub's models table: one of a single day, or weekly ones.

    Files are read lazily: only the columns that a measurement needs are read, by range requests if they are remote. In
    the weekly layout (``models/<date>/models.parquet``) the date is a label, and the file may be older:
    ``panel.check()`` finds such files.

    Example:
        >>> HubStats("models.parquet").name
        'hub-stats models.parquet'
    """

    api_version: ClassVar[int] = API_VERSION

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        repository: str = REPOSITORY,
        observed_on: dt.date | str | None = None,
        counter: Counter | str = "downloads_30d",
        token: str | bool | None = None,
        endpoint: str | None = None,
        progress: bool | None = None,
    ) -> None:
        """Configure; nothing is read.

        Args:
            path: A copy of ``models.parquet``, or a folder with ``models/<date>/models.parquet``; default: the Hub.
            repository: The dataset to read without a path.
            observed_on: The day of a file without a date in its path; default: the latest change that the file contains.
            counter: The counter of the panel.
            token: See ``Hub``.
            endpoint: See ``Hub``.
            progress: Whether to show the bytes that are read from the Hub; default: if the standard error is a terminal.

        Raises:
            InvalidArgumentError: ``observed_on`` is not a day, or the token or endpoint cannot be used.
        """
        if column_of(counter) not in _COUNTERS:
            raise InvalidArgumentError(f"counter must be one of {', '.join(map(repr, _COUNTERS))}, got {counter!r}")
        self._path = None if path is None else Path(path).expanduser().absolute()
        self._repository, self._counter = repository, column_of(counter)
        self._observed_on = None if observed_on is None else day_of(observed_on, what="observed_on")
        self._token, self._endpoint = Token(token), None if endpoint is None else endpoint_of(endpoint)
        self._progress = sys.stderr.isatty() if progress is None else progress

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        return f"hub-stats {self._path.name if self._path is not None else self._repository}"

    def panel(self) -> Panel:
        """Return the copies as a panel.

        Raises:
            SourceUnavailableError: The files cannot be reached.
            SourceFormatError: They do not have the dataset's columns.
            EngineError: They are remote, and PyArrow is not installed.
        """
        files = self._local_files(self._path) if self._path is not None else self._remote_files()
        scans = []
        for day, scan, where in files:
            require_columns(scan, ("id", _COUNTERS[self._counter]), where)
            scans.append((day or self._observed_on or _latest_change(scan, where), scan))
        rows = pl.concat([
            scan.select(model_id="id", period=pl.lit(day), **{self._counter: pl.col(_COUNTERS[self._counter]).cast(pl.Int64)})
            for day, scan in scans
        ])  # fmt: skip
        uncounted = rows.select(pl.col(self._counter).null_count()).collect().item()
        note = f"left out: {counted(uncounted, 'rows')} without {self._counter}" if uncounted else ""
        rows = rows.filter(pl.col(self._counter).is_not_null())
        models = pl.concat([_models(scan) for _, scan in scans], how="diagonal_relaxed")
        identity = ",".join(f"{day}:{where}" for (day, _), (_, _, where) in zip(scans, files, strict=True))
        return Panel.of(
            engines.wrap(rows), normalized_models(models.unique("model_id", keep="last", maintain_order=True)),
            counter=self._counter, identity=identity, source=self.name, scope=note,
        )  # fmt: skip

    def _local_files(self, path: Path) -> list[tuple[dt.date | None, pl.LazyFrame, str]]:
        if path.is_dir():
            found = [(match, file) for file in sorted(path.rglob("models.parquet")) if (match := _day(file.as_posix()))]
            if not found:
                raise SourceUnavailableError(
                    f"{path} has no models/<date>/models.parquet; give a file, or the folder above models/"
                )
            return [(day, pl.scan_parquet(file, glob=False, hive_partitioning=False), str(file)) for day, file in found]
        if not path.is_file():
            raise SourceUnavailableError(f"{path} does not exist; check the path")
        return [(_day(path.as_posix()), pl.scan_parquet(path, glob=False, hive_partitioning=False), str(path))]

    def _remote_files(self) -> list[tuple[dt.date | None, pl.LazyFrame, str]]:
        from huggingface_hub import HfFileSystem

        root = f"datasets/{self._repository}"
        with as_source_errors(self._repository):
            system = HfFileSystem(endpoint=self._endpoint, token=self._token.value)
            try:
                folders = system.ls(f"{root}/models", detail=False)
            except FileNotFoundError:  # the dataset has one file without a date
                folders = []
            dated = [f"{folder}/models.parquet" for folder in sorted(map(str, folders))]
            names = dated or [f"{root}/models.parquet"]
        token = self._token.value
        return [
            (_day(name), scan_remote([name], endpoint=self._endpoint, token=token, progress=self._progress), name)
            for name in names
        ]


def _day(path: str) -> dt.date | None:
    found = _DATED.search(path)
    return dt.date.fromisoformat(found[1]) if found else None


def _latest_change(scan: pl.LazyFrame, where: str) -> dt.date:
    """Return the day of the latest change of any model; the file is at least as recent."""
    if "lastModified" not in scan.collect_schema().names():
        raise SourceFormatError(f"{where} does not state its date; give observed_on=")
    day = scan.select(instant_of(scan, "lastModified").max().dt.date()).collect(engine="streaming").item()
    if day is None:
        raise SourceFormatError(f"{where} does not state its date; give observed_on=")
    found: dt.date = day
    return found


def _models(scan: pl.LazyFrame) -> pl.LazyFrame:
    """Return the facts about each model under the library's names, without columns that the file does not have."""
    schema = scan.collect_schema()
    names = schema.names()
    made: dict[str, Any] = {"model_id": pl.col("id")}
    made |= {ours: pl.col(theirs).cast(pl.String) for theirs, ours in _TEXTS.items() if theirs in names}
    made |= {name: pl.col(name) for name in _PLAIN if name in names}
    if "gated" in names:
        made["gated"] = pl.col("gated").cast(pl.String).str.to_lowercase()
    if "createdAt" in names:
        made["created_at"] = instant_of(scan, "createdAt")
    if "safetensors" in names and isinstance(schema["safetensors"], pl.Struct):
        made["parameters"] = pl.col("safetensors").struct.field("total").cast(pl.Int64)
    if "cardData" in names and schema["cardData"] == pl.String:
        card = pl.col("cardData")
        made["license"] = card.str.json_path_match("$.license")
        made["declared_country"] = card.str.json_path_match("$.country")
    if "baseModels" in names and isinstance(schema["baseModels"], pl.Struct):
        base = pl.col("baseModels").struct
        relation = base.field("relation").fill_null("unspecified")
        ids = base.field("models").list.eval(pl.element().struct.field("id"))
        made["_bases"], made["_relation"] = ids, relation
    frame = scan.select(**made)
    if "_bases" not in made:
        return frame
    return frame.with_columns(base_models=_paired()).drop("_bases", "_relation")


def _paired() -> pl.Expr:
    """Return a list of (relation, model_id) from one relation and a list of ids."""
    kind = pl.List(pl.Struct({"relation": pl.String, "model_id": pl.String}))

    def pair(series: pl.Series, **_: Any) -> pl.Series:
        rows = series.struct.unnest().with_row_index("row")
        links = rows.explode("_bases").filter(pl.col("_bases").fill_null("") != "")
        lists = links.group_by("row").agg(pairs=pl.struct(relation="_relation", model_id="_bases"))
        paired = rows.select("row").join(lists, on="row", how="left", maintain_order="left")
        return paired.select(pl.col("pairs").cast(kind).fill_null(pl.lit([], kind))).to_series()

    return pl.struct("_relation", "_bases").map_batches(pair, return_dtype=kind)
