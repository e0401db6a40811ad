"""The data of the study "Economies of Open Intelligence", with the study's own labels.

Source: https://huggingface.co/datasets/mmpr/open_model_evolution_data; the study: arXiv 2512.03073.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final

import polars as pl

from ossgeo._core import engines
from ossgeo.errors import UnknownCountryError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.registry._countries import Country, OriginStatus
from ossgeo.sources._datasets.remote import download, instant_of, require_columns
from ossgeo.sources._hub.credentials import Token, endpoint_of

REPOSITORY: Final = "mmpr/open_model_evolution_data"
FILE: Final = "all_downloads_with_annotations.parquet"

_NEEDED: Final = ("_id", "model", "author", "time", "created", "downloadsAllTime", "org_country", "derived_org_country")
_LABELS: Final = {"study-publisher": "org_country", "study-derived": "derived_org_country"}
_STATUSES: Final = {
    "user": OriginStatus.UNREVIEWED,
    "international": OriginStatus.INTERNATIONAL,
    "international/online": OriginStatus.INTERNATIONAL,
    "online": OriginStatus.INTERNATIONAL,
    "unknown": OriginStatus.UNKNOWN,
}


class OpenModelEvolution:
    """The study's all-time counters as a panel, with the study's labels.

    The labels are available as the strategies ``study-publisher`` (column ``org_country``) and ``study-derived`` (column
    ``derived_org_country``: the country of the base models). The label "user" is not a country: it covers persons and
    organizations that were not reviewed, and is ``unreviewed`` here. The public file starts in February 2025, so that
    the paper's table by year cannot be computed from it.

    Example:
        >>> OpenModelEvolution("data.parquet").name
        'the study open_model_evolution_data'
    """

    api_version: ClassVar[int] = API_VERSION

    name: ClassVar[str] = "the study open_model_evolution_data"

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        endpoint: str | None = None,
    ) -> None:
        """Configure; nothing is read.

        Args:
            path: A copy of ``all_downloads_with_annotations.parquet`` or ``one_year_rolling.parquet``; default: the first
                of the two is downloaded from the Hub once.
            revision: Branch, tag or commit of the dataset.
            token: See ``Hub``.
            endpoint: See ``Hub``.

        Raises:
            InvalidArgumentError: The token or endpoint cannot be used.
        """
        self._path = None if path is None else Path(path).expanduser().absolute()
        self._revision, self._token = revision, Token(token)
        self._endpoint = None if endpoint is None else endpoint_of(endpoint)

    def panel(self) -> Panel:
        """Return the study's counters and labels.

        Raises:
            SourceUnavailableError: The dataset cannot be reached.
            SourceFormatError: The file does not have the dataset's columns.
        """
        path = self._path or download(
            REPOSITORY, FILE, revision=self._revision, endpoint=self._endpoint, token=self._token.value
        )
        scan = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        require_columns(scan, _NEEDED, str(path))
        instant = instant_of(scan, "time")
        rows = scan.select(
            model_id="model", period=instant.dt.date(), observed_at=instant,
            downloads_all_time=pl.col("downloadsAllTime").cast(pl.Int64),
        )  # fmt: skip
        note = (
            'the study\'s models, from February 2025 on; its label "user" covers persons and unreviewed organizations'
        )
        return Panel.of(
            engines.wrap(rows), normalized_models(self._models(scan)), counter="downloads_all_time",
            identity=f"{path.stat().st_size}:{path.stat().st_mtime_ns}", source=self.name, scope=note,
        )  # fmt: skip

    def _models(self, scan: pl.LazyFrame) -> pl.LazyFrame:
        """Return one row for each model, with the labels of its latest row."""
        latest = scan.sort("time").unique("model", keep="last").select(
            *_LABELS.values(), model_id="model", hub_id="_id", namespace="author", created_at=instant_of(scan, "created"),
        )  # fmt: skip
        table = latest.collect()
        words = {
            word for column in _LABELS.values() for word in table[column].explode().drop_nulls().unique().to_list()
        }
        codes = {word: _code(word) for word in words}
        labels = []
        for name, column in _LABELS.items():
            coded = table.select("model_id", country=column).explode("country").drop_nulls("country")
            coded = coded.with_columns(pl.col("country").replace_strict(codes, return_dtype=pl.String)).unique()
            labels.append(coded.sort("model_id", "country").with_columns(source=pl.lit(name)))
        joined = pl.concat(labels).group_by("model_id", maintain_order=True).agg(labels=pl.struct("source", "country"))
        return table.drop(*_LABELS.values()).join(joined, on="model_id", how="left").lazy()


def _code(word: str) -> str:
    """Return the code for a label of the study; a label that is neither a country nor a known word is ``unknown``."""
    status = _STATUSES.get(word.strip().casefold())
    if status is not None:
        return status.value
    try:
        return Country.parse(word).alpha_2
    except UnknownCountryError:
        return OriginStatus.UNKNOWN.value
