"""Tokens by model and day from OpenRouter's public data API, joined to the Hub."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

import attrs
import polars as pl

from ossgeo._core import engines
from ossgeo._core.counter import Counter
from ossgeo._core.dates import Day, day_of
from ossgeo.errors import InvalidArgumentError, SourceFormatError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.sources._datasets.openrouter_models import listed_models, with_hub_facts
from ossgeo.sources._files import values
from ossgeo.sources._hub.credentials import Token, endpoint_of, headers_for
from ossgeo.sources._hub.http import Transport

ENDPOINT: Final = "https://openrouter.ai"
RESIDUAL: Final = "other"
"""The row of all models that are not listed."""

COUNTER: Final = Counter("tokens", kind="interval", days=1)
_FIRST_DAY: Final = dt.date(2025, 1, 1)
_LONGEST: Final = 366
_RANKINGS: Final = "api/v1/datasets/rankings-daily"
_MODELS: Final = "api/v1/models"
_KEY: Final = "OPENROUTER_API_KEY"
_REMEDIES: Final = {
    400: " (the range of dates is not accepted)",
    401: f" (give a valid api_key=, or set {_KEY})",
    403: " (forbidden for this key)",
    404: " (it does not exist; check endpoint=)",
}
_SCOPE: Final = (
    "the 50 public models with most tokens of each day, and one row for all others; prompt and completion tokens by each "
    "provider's own tokenizer; private traffic is not in it"
)


@attrs.frozen
class _Answer:
    """Rows of one request, and when they were made."""

    rows: tuple[tuple[str, dt.date, int], ...]
    as_of: dt.datetime
    as_of_text: str


class OpenRouter:
    """OpenRouter's rankings: tokens of the 50 most used public models of each day, and of all others together.

    The panel has the counter ``tokens_per_1d``; the row ``other`` is residual. Its models table carries the platform's current
    id, the repository on the Hub (``hub_model_id``), the date of creation and, if it can be decided, the openness:
    ``open weights`` or ``closed``. :meth:`ossgeo.ShareTable.cite` gives the citation that OpenRouter requires.

    Source: https://openrouter.ai/docs (the data API, read on 2026-11-27).

    Example:
        >>> OpenRouter(api_key="sk-or-not-shown").name
        'OpenRouter'
    """

    api_version: ClassVar[int] = API_VERSION

    def __init__(
        self,
        api_key: str | None = None,
        *,
        endpoint: str | None = None,
        hub_models: Any = None,
        open_weights: Any = None,
        timeout: float = 60.0,
        patience: float = 600.0,
    ) -> None:
        """Keep the key and the tables to join; nothing is requested.

        Args:
            api_key: Any inference key of OpenRouter; by default that of the environment variable ``OPENROUTER_API_KEY``.
            endpoint: Scheme and host; by default ``https://openrouter.ai``. The key is sent there only.
            hub_models: A models table of the Hub, in any form that :func:`ossgeo.read_models` takes: licenses, sizes and base models
                apply to the models whose repository is in it.
            open_weights: A table with the columns ``id`` and ``open_weights`` (true or false), such as that of models.dev, for
                models without a repository on the Hub.
            timeout: Seconds that a request may take.
            patience: Seconds that may be lost in all on failed requests and waiting.

        Raises:
            InvalidArgumentError: The key or the endpoint cannot be used.
        """
        key = api_key if api_key is not None else os.environ.get(_KEY)
        self._token = Token(key or False)
        self._endpoint = endpoint_of(endpoint or ENDPOINT)
        self._hub_models, self._open_weights = hub_models, open_weights
        self._timeout, self._patience = timeout, patience

    @property
    def name(self) -> str:
        """The name of the source."""
        return "OpenRouter" if self._endpoint == ENDPOINT else f"OpenRouter at {self._endpoint}"

    def panel(self, *, start: Day | None = None, end: Day | None = None) -> Panel:
        """Request the rankings of a range of days, and the list of models.

        Args:
            start: The first day (UTC); data begin on 2025-01-01. By default the last 30 complete days.
            end: The last day, included; by default yesterday. The running day is incomplete, and ``panel.scope`` says so.

        Returns:
            One row for each day and model.

        Raises:
            SourceUnavailableError: The server refuses (such as 401 without a valid key), cannot be reached, or asks for more
                waiting than the patience.
            SourceFormatError: The answer has another form than documented; with row and value.
            InvalidArgumentError: The range is empty or before the first day.
        """
        transport = Transport(
            self._endpoint, headers_for(self._endpoint, self._token), timeout=self._timeout, patience=self._patience,
            remedies=_REMEDIES,
        )  # fmt: skip
        answers = [_answer_of(transport.get(_RANKINGS, params=[*span.items()]).json()) for span in _spans(start, end)]
        rows = pl.DataFrame(
            [row for answer in answers for row in answer.rows],
            schema={"model_id": pl.String, "period": pl.Date, COUNTER.column: pl.Int64},
            orient="row",
        )
        latest = max(answers, key=lambda answer: answer.as_of)
        if not rows.height:
            raise SourceFormatError(f"{self._endpoint}/{_RANKINGS}: has no row in the range of dates")
        _require_once(rows)
        listed = listed_models(transport.get(_MODELS).json(), rows["model_id"].unique().sort(), self._open_weights)
        models = normalized_models(with_hub_facts(listed, self._hub_models).lazy())
        return Panel.of(
            engines.wrap(rows.lazy()), models, counter=COUNTER, identity=f"{latest.as_of_text},{rows.height}",
            source=f"Source: OpenRouter (openrouter.ai/rankings), as of {latest.as_of_text}.",
            scope="; ".join([_SCOPE, *_notes(rows, latest)]), residual=(RESIDUAL,), platform="openrouter",
        )  # fmt: skip

    def __repr__(self) -> str:
        """Return the name; the key is not shown."""
        return f"<{self.name}>"


def _spans(start: Day | None, end: Day | None) -> Iterator[dict[str, Any]]:
    """Yield the parameters of requests of at most 366 days."""
    if start is None and end is None:
        yield {}
        return
    last = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1) if end is None else day_of(end, what="end")
    first = max(_FIRST_DAY, last - dt.timedelta(days=29)) if start is None else day_of(start, what="start")
    if last < _FIRST_DAY or first > last:
        raise InvalidArgumentError(f"start and end must be days from {_FIRST_DAY} on, in order, got {first} and {last}")
    first = max(first, _FIRST_DAY)
    while first <= last:
        until = min(last, first + dt.timedelta(days=_LONGEST - 1))
        yield {"start_date": first.isoformat(), "end_date": until.isoformat()}
        first = until + dt.timedelta(days=1)


def _answer_of(document: Any) -> _Answer:
    """Return the rows of an answer.

    Raises:
        SourceFormatError: It has another form than documented; with row and value.
    """
    meta = document.get("meta") if isinstance(document, Mapping) else None
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(meta, Mapping) or not isinstance(data, Sequence) or isinstance(data, str):
        raise SourceFormatError("OpenRouter's rankings must be an object with 'data' and 'meta'")
    text = str(meta.get("as_of"))
    try:
        as_of = values.instant(text)
    except (ValueError, OverflowError) as error:
        raise SourceFormatError(f"OpenRouter's rankings, meta.as_of: {text!r} {error}") from error
    return _Answer(tuple(_row(row, place) for place, row in enumerate(data, start=1)), as_of, text)


def _row(row: Any, place: int) -> tuple[str, dt.date, int]:
    """Return model id, day and tokens of one row."""
    parsers: dict[str, Callable[[Any], Any]] = {"model_permaslug": values.variant_id, "date": _day,
               "total_tokens": values.count}  # fmt: skip
    found: list[Any] = []
    for name, parse in parsers.items():
        value = row.get(name) if isinstance(row, Mapping) else None
        try:
            found.append(parse(value))
        except (ValueError, TypeError) as error:
            raise SourceFormatError(f"OpenRouter's rankings, row {place}, {name}: {value!r} {error}") from error
    if found[2] < 0:
        raise SourceFormatError(f"OpenRouter's rankings, row {place}, total_tokens: {found[2]} is negative")
    return found[0], found[1], found[2]


def _day(value: Any) -> dt.date:
    return dt.date.fromisoformat(str(value))


def _require_once(rows: pl.DataFrame) -> None:
    twice = rows.filter(pl.struct("model_id", "period").is_duplicated()).sort("period", "model_id")
    if twice.height:
        model, day, _ = twice.row(0)
        raise SourceFormatError(f"OpenRouter's rankings have {model} twice on {day}; try again")


def _notes(rows: pl.DataFrame, latest: _Answer) -> Iterator[str]:
    """Yield what the panel lacks: days without rows, and the rest of the running day."""
    days = rows["period"].unique().sort()
    missing = (days[-1] - days[0]).days + 1 - len(days)
    if missing:
        yield f"{missing} day(s) between the first and the last have no row"
    if days[-1] >= latest.as_of.date():
        yield f"{days[-1]} is incomplete, until {latest.as_of:%H:%M} UTC"
