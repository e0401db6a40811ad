"""The Hub's Publisher Analytics: daily downloads of every repository of an organization."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path
from typing import ClassVar, Final

import polars as pl

from ossgeo._core.counter import Counter
from ossgeo._core.dates import Day, day_of
from ossgeo.errors import Fault, InvalidArgumentError, PanelError, SourceFormatError, SourceUnavailableError
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.sources._files.reader import read_panel
from ossgeo.sources._hub.credentials import Token, endpoint_of, headers_for
from ossgeo.sources._hub.http import Transport

COUNTER: Final = Counter("downloads", kind="interval", days=1)
_COLUMNS: Final = {"repoName": "model_id", "timestamp": "observed_at"}
_NEEDED: Final = ("repoType", "repoName", "timestamp", "downloads")
_KINDS: Final = ("model", "dataset", "space")
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
_REMEDIES: Final = {
    401: " (give the token of a member of the organization)",
    403: " (the organization needs a plan with Publisher Analytics, and the token must be a member's)",
    404: " (the organization does not exist)",
}


class PublisherAnalytics:
    """Daily downloads of each model of one organization since 2021, as the Hub exports them to its members.

    The panel has the counter ``downloads_per_1d``. Datasets and spaces, which stand in the same file, are left out and counted
    in ``panel.scope``.

    Source: https://huggingface.co/docs/hub/publisher-analytics (read on 2026-11-27).

    Example:
        >>> PublisherAnalytics("Qwen", token=False).name
        'Publisher Analytics of Qwen'
    """

    api_version: ClassVar[int] = API_VERSION

    def __init__(
        self,
        organization: str | None = None,
        *,
        path: str | Path | None = None,
        token: str | bool | None = None,
        endpoint: str | None = None,
    ) -> None:
        """Keep the place of the export; nothing is read.

        Args:
            organization: The organization on the Hub, to request its export.
            path: An export that was saved, in place of the request.
            token: See ``Hub``; it must be that of a member.
            endpoint: See ``Hub``.

        Raises:
            InvalidArgumentError: Not exactly one of ``organization`` and ``path`` is given, or one cannot be used.
        """
        if (organization is None) == (path is None):
            raise InvalidArgumentError("give either organization, to request its export, or path, a saved export")
        if organization is not None and not (isinstance(organization, str) and _NAME.fullmatch(organization)):
            raise InvalidArgumentError(f"organization must be a name such as 'Qwen', got {organization!r}")
        self._organization = organization
        self._path = None if path is None else Path(path).expanduser()
        self._token, self._endpoint = Token(token), endpoint_of(endpoint)

    @property
    def name(self) -> str:
        """The name of the source."""
        return f"Publisher Analytics of {self._organization or self._path}"

    def panel(self, *, start: Day | None = None, end: Day | None = None) -> Panel:
        """Return the export as a panel.

        Args:
            start: The first day; by default the first of the export.
            end: The last day, included; by default the last of the export.

        Raises:
            SourceUnavailableError: The file does not exist, or the Hub refuses.
            SourceFormatError: The export has other columns or kinds of repositories than documented, or no row.
            PanelError: With every value that cannot be read.
        """
        table = self._table()
        if missing := [name for name in _NEEDED if name not in table.columns]:
            raise SourceFormatError(f"{self.name}: has no column {missing[0]!r}; it has {', '.join(table.columns)}")
        if not table.height:
            raise SourceFormatError(f"{self.name}: has no row")
        if strange := sorted(set(table["repoType"].fill_null("").unique()) - set(_KINDS)):
            raise SourceFormatError(f"{self.name}: repoType must be one of {', '.join(_KINDS)}, got {strange[0]!r}")
        first, last = (
            None if day is None else day_of(day, what=name) for name, day in (("start", start), ("end", end))
        )
        try:
            panel = read_panel(
                table.select(_NEEDED), columns=_COLUMNS, counter=COUNTER, start=first, end=last,
                scope=f"the models of one organization{_until(table)}",
            )  # fmt: skip
        except PanelError as error:  # its remedies are arguments of read_panel
            faults = [Fault(fault.place.removeprefix("the dataframe, "), fault.problem) for fault in error.faults]
            raise PanelError(f"{self.name} cannot be used", faults) from error
        return panel.described(source=self.name)

    def _table(self) -> pl.DataFrame:
        """Return the export as text."""
        if self._path is not None:
            try:
                content = self._path.read_bytes()
            except OSError as error:
                raise SourceUnavailableError(f"{self._path} cannot be read: {error.strerror}") from error
        else:
            headers = headers_for(self._endpoint, self._token)
            transport = Transport(self._endpoint, headers, remedies=_REMEDIES)
            content = transport.get(
                f"organizations/{self._organization}/settings/publisher-analytics/download-breakdown"
            ).content
        try:
            return pl.read_csv(io.BytesIO(content), infer_schema=False)
        except pl.exceptions.PolarsError as error:
            raise SourceFormatError(f"{self.name}: is not a CSV file; it begins with {content[:60]!r}") from error

    def __repr__(self) -> str:
        """Return the name; the token is not shown."""
        return f"<{self.name}>"


def _until(table: pl.DataFrame) -> str:
    """Return a note on the running day, which is incomplete."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return f"; {today} is incomplete" if (table["timestamp"].str.slice(0, 10) >= today).any() else ""
