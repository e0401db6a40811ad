"""The live Hub: models with their counters, written to Parquet page by page."""

from __future__ import annotations

import shutil
import sys
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs
import polars as pl
from cachetools import TTLCache

from ossgeo._core import engines
from ossgeo._core.counter import Counter, column_of
from ossgeo._core.schema import COUNTERS
from ossgeo._core.text import counted
from ossgeo.errors import InvalidArgumentError, OssgeoError, SourceFormatError
from ossgeo.panel._models_table import normalized_models
from ossgeo.panel._panel import Panel
from ossgeo.plugins import API_VERSION
from ossgeo.sources._hub.checkpoint import Checkpoint
from ossgeo.sources._hub.credentials import Token, endpoint_of, headers_for
from ossgeo.sources._hub.http import RefusedError, Transport, time_left_in_window
from ossgeo.sources._hub.parsing import read_pages
from ossgeo.sources._hub.parts import Account
from ossgeo.sources._hub.query import Query, names_of

_OVERVIEWS: Final = 10_000
_DAY: Final = 24 * 60 * 60
_ABSENT: Final = (401, 403, 404)
_EMPTY: Final = b"[] \t\r\n"


class _TemporaryFolder:
    """A temporary folder that is removed when it is no longer referenced, or the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="ossgeo-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@attrs.frozen
class Overview:
    """The Hub's description of a namespace. The Hub names no country.

    Attributes:
        namespace: The handle.
        kind: ``organization`` or ``user``.
        name: The full name.
        organizations: Handles of the organizations that a user belongs to.
        members: Number of members of an organization; None if the Hub does not say.
        details: Description that the account gives of itself.
    """

    namespace: str
    kind: str
    name: str
    organizations: tuple[str, ...] = ()
    members: int | None = None
    details: str = ""


class Hub:
    """The live Hub, through huggingface_hub's client with its proxies, endpoint and offline mode.

    The token is sent to the endpoint's own host and nowhere else. It is removed from whatever the server repeats, and
    no ``repr``, message, log or pickle contains it; a pickled ``Hub`` uses the token of the process that loads it.

    Example:
        >>> hub = Hub(endpoint="http://127.0.0.1:1")
        >>> hub.name
        'the Hub at http://127.0.0.1:1'
    """

    api_version: ClassVar[int] = API_VERSION

    def __init__(
        self,
        token: str | bool | None = None,
        endpoint: str | None = None,
        *,
        timeout: float = 60.0,
        patience: float = 600.0,
        deadline: float = 21_600.0,
        progress: bool | None = None,
    ) -> None:
        """Configure; nothing is requested.

        Args:
            token: The token; None for the token of this machine (``HF_TOKEN`` or ``hf auth login``) if there is one,
                True to require it, False to send none.
            endpoint: Scheme and host; default: huggingface_hub's own (``HF_ENDPOINT``).
            timeout: Seconds that a single request may take, from the connection to the last byte.
            patience: Seconds that may be lost in all: on requests that failed, on rate limits, and between attempts.
            deadline: Seconds that a snapshot may take in all. The default is six hours, after which an interrupted
                observation is not continued either.
            progress: Whether to show a progress bar with the attempts; default: if the standard error is a terminal. Without
                one, attempts are logged at the level INFO.

        Raises:
            InvalidArgumentError: The token or the endpoint cannot be used, or a number of seconds is negative.
        """
        self._endpoint = endpoint_of(endpoint)
        self._token = Token(token)
        for name, seconds in (("timeout", timeout), ("patience", patience), ("deadline", deadline)):
            if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
                raise InvalidArgumentError(f"{name} must be a number of seconds from 0 on, got {seconds!r}")
        self._timeout, self._patience, self._deadline = timeout, patience, deadline
        self._progress = sys.stderr.isatty() if progress is None else progress
        self._overviews: TTLCache[str, Overview | None] = TTLCache(_OVERVIEWS, _DAY)

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        return f"the Hub at {self._endpoint}"

    def __repr__(self) -> str:
        """Return the endpoint, without the token."""
        return f"<Hub {self._endpoint}>"

    def panel(self) -> Panel:
        """Return a snapshot of all models of the Hub."""
        return self.snapshot()

    def snapshot(
        self,
        top: int | None = None,
        namespaces: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        *,
        members: bool = False,
        cards: bool = False,
        private: bool = False,
        counter: Counter | str = "downloads_30d",
    ) -> Panel:
        """Observe models now: all of them, or the choice that one of the arguments makes.

        Args:
            top: How many of the most downloaded models.
            namespaces: The namespaces whose models are observed.
            ids: The models; a renamed one is found under its new id, a missing or private one is noted.
            members: Whether to request the account type of each namespace and the organizations of users (one or two requests
                for each namespace).
            cards: Whether to read the metadata of model cards, for the country that a card states.
            private: Whether to include private models that the token may see; by default they are left out and counted
                in the panel's scope.
            counter: The counter of the panel; the snapshot contains both.

        Returns:
            A panel with one period. Its rows and models are scanned from a temporary file that is removed with the
            panel: frames taken out of it (``panel.rows.to_native()``, ``panel.models``) cannot be read afterwards.
            Keep the panel as long as them, or collect them.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, or takes longer than the patience or the deadline.
            SourceFormatError: The response does not have the Hub's form, is larger than 100 MB, or the list is empty or
                endless.
            InvalidArgumentError: More than one choice was made, an empty one, or one without models.

        Warns:
            OssgeoWarning: The token is sent unencrypted, or the token of this machine to a host that is not the Hub's.
        """
        counter = column_of(counter)
        if counter not in COUNTERS:
            raise InvalidArgumentError(f"counter must be one of {', '.join(map(repr, COUNTERS))}, got {counter!r}")
        folder = _TemporaryFolder()
        checkpoint = self.collect(
            folder.path / "checkpoint", top=top, namespaces=namespaces, ids=ids, members=members, cards=cards,
            private=private,
        )  # fmt: skip
        path = folder.path / "snapshot.parquet"
        checkpoint.write(path)
        covered = f"{checkpoint.scope} at {checkpoint.observed_at:%Y-%m-%d %H:%M} UTC"
        note = "; ".join(filter(None, [covered, checkpoint.note]))
        return _panel_of(path, counter, source=self.name, note=note, folder=folder)

    def collect(
        self,
        folder: Path,
        *,
        top: int | None = None,
        namespaces: Iterable[str] | None = None,
        ids: Iterable[str] | None = None,
        members: bool = False,
        cards: bool = False,
        private: bool = False,
    ) -> Checkpoint:
        """Observe models now, and keep each page at once; an interrupted attempt is continued.

        An attempt that cannot be continued, such as one whose next page the Hub no longer knows, is begun again.

        Args:
            folder: The folder of pages.
            top: See :meth:`snapshot`.
            namespaces: See :meth:`snapshot`.
            ids: See :meth:`snapshot`.
            members: See :meth:`snapshot`.
            cards: See :meth:`snapshot`.
            private: See :meth:`snapshot`.

        Returns:
            The complete observation.

        Raises:
            SourceUnavailableError: See :meth:`snapshot`.
            SourceFormatError: See :meth:`snapshot`.
            InvalidArgumentError: See :meth:`snapshot`.
        """
        query = Query.of(
            self._endpoint, top=top, namespaces=namespaces, ids=ids, members=members, cards=cards, private=private
        )
        checkpoint = Checkpoint.open(folder, query)
        try:
            return self._observe(checkpoint)
        except (RefusedError, SourceFormatError):
            if not checkpoint.resumed:
                raise
            checkpoint.discard()
        return self._observe(Checkpoint.open(folder, query))

    def overview(self, namespace: str) -> Overview | None:
        """Return the Hub's description of a namespace: an organization, or a user with the organizations it belongs to.

        Answers are kept for a day.

        Args:
            namespace: The handle.

        Returns:
            The description; None if the Hub does not know the namespace.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, or takes longer than the patience or the deadline.
            SourceFormatError: The response does not have the Hub's form.
        """
        return self.overviews([namespace])[namespace]

    def overviews(self, namespaces: Iterable[str]) -> dict[str, Overview | None]:
        """Return the Hub's descriptions of namespaces; the patience and the deadline hold for all of them together.

        Args:
            namespaces: The handles.

        Returns:
            The description of each namespace, see :meth:`overview`.

        Raises:
            SourceUnavailableError: See :meth:`overview`.
            SourceFormatError: See :meth:`overview`.
            InvalidArgumentError: ``namespaces`` is not a list of handles.
        """
        chosen = names_of("namespaces", namespaces) if namespaces else ()
        found: dict[str, Overview | None] = {}
        with self._progress_bar(len(chosen), "namespaces") as (transport, bar):
            for namespace in chosen:
                found[namespace] = self._overview(transport, namespace)
                bar.update(1)
        return found

    def configs(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return ``config.json`` of models, for :func:`ossgeo.attribution.configuration`; one request for each model.

        Args:
            ids: The models.

        Returns:
            The configurations by model id; models that are missing, private or without one are left out.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, or takes longer than the patience or the deadline.
            SourceFormatError: A configuration is not a JSON object.
            InvalidArgumentError: ``ids`` is not a list of model ids.
        """
        chosen = names_of("ids", ids) if ids else ()
        found: dict[str, Mapping[str, Any]] = {}
        with self._progress_bar(len(chosen), "models") as (transport, bar):
            for model_id in chosen:
                answer = transport.get(f"/{model_id}/resolve/main/config.json", accepted=_ABSENT)
                bar.update(1)
                if answer.status in _ABSENT:
                    continue
                config = answer.json()
                if not isinstance(config, dict):
                    raise SourceFormatError(
                        f"{self._endpoint}/{model_id}: config.json must be an object, got {config!r:.60}"
                    )
                found[model_id] = config
        return found

    def _observe(self, checkpoint: Checkpoint) -> Checkpoint:
        """Request what the checkpoint does not contain yet."""
        query = checkpoint.query
        total = len(query.starts) if query.kind == "ids" else query.top
        with checkpoint, self._progress_bar(total, "models") as (transport, bar):
            for place, start in list(enumerate(query.starts))[checkpoint.start :]:
                if query.kind == "ids":
                    self._add_model(transport, checkpoint, start, place)
                    bar.update(1)
                else:
                    self._add_pages(transport, checkpoint, bar, start, place)
            before = checkpoint.models
            checkpoint.convert_pages()
            bar.update(checkpoint.models - before)
            if query.members:
                self._add_members(transport, checkpoint)
            for field in sorted(transport.refused):
                checkpoint.add_note("fields that the Hub refused", field, None)
        checkpoint.finish()
        if not checkpoint.models:
            checkpoint.discard()
            raise self._error_without_models(query, checkpoint)
        return checkpoint

    def _error_without_models(self, query: Query, checkpoint: Checkpoint) -> OssgeoError:
        if query.kind == "namespaces":
            one = len(query.chosen) == 1
            named = ", ".join(map(repr, query.chosen))
            return InvalidArgumentError(
                f"{'namespace' if one else 'namespaces'} {named} {'has' if one else 'have'} no models at {self.name}; "
                "check the spelling, or give a token that may see them"
            )
        if query.kind == "ids":
            absent = ", ".join(checkpoint.notes.get("absent", ["all are private"]))
            return InvalidArgumentError(f"ids must name models that can be read, got {absent}; check the spelling")
        return SourceFormatError(f"{self.name} lists no models; check the endpoint")

    def _add_pages(self, transport: Transport, checkpoint: Checkpoint, bar: Any, start: str, place: int) -> None:
        query = checkpoint.query
        resumed = checkpoint.next_page if place == checkpoint.start else None
        params = None if resumed else query.params(start)
        found = resumed is not None
        for answer, following in transport.pages(resumed or "/api/models", params=params):
            before = checkpoint.models
            found = found or bool(answer.content.strip(_EMPTY))
            if query.kind == "namespaces" and not (found or following):
                checkpoint.add_note("without models", start, None)
            checkpoint.add_page(answer.content, place if following else place + 1, following)
            bar.update(checkpoint.models - before)
            bar.set_postfix_str(f"{checkpoint.pages} pages; {time_left_in_window(answer.headers)}", refresh=False)
            if query.top is not None and checkpoint.models >= query.top:
                return

    def _add_model(self, transport: Transport, checkpoint: Checkpoint, model_id: str, place: int) -> None:
        """Add one model by its id; a missing or private one is noted, a renamed one is found under its new id."""
        answer = transport.get(f"/api/models/{model_id}", params=checkpoint.query.params(model_id), accepted=_ABSENT)
        if answer.status in _ABSENT:
            checkpoint.add_note("absent", f"{model_id} ({answer.status})", place + 1)
            return
        where = f"{self._endpoint}/api/models/{model_id}"
        (frame,) = read_pages({where: b"[%s]" % answer.content}, observed_at=checkpoint.observed_at)
        found = frame["model_id"].to_list()
        if len(found) != 1:
            raise SourceFormatError(f"{where}: one model was expected, got {len(found)}")
        if found != [model_id]:
            checkpoint.add_note("renamed", f"{model_id} is now {found[0]}", None)
        checkpoint.add_models(frame, place + 1, None)

    def _add_members(self, transport: Transport, checkpoint: Checkpoint) -> None:
        for namespace in checkpoint.namespaces():
            if namespace not in checkpoint.accounts:
                overview = self._overview(transport, namespace)
                account = Account() if overview is None else Account(overview.organizations, overview.kind)
                checkpoint.add_account(namespace, account)

    def _overview(self, transport: Transport, namespace: str) -> Overview | None:
        if namespace not in self._overviews:
            self._overviews[namespace] = self._request_overview(transport, namespace)
        return self._overviews[namespace]

    def _request_overview(self, transport: Transport, namespace: str) -> Overview | None:
        for kind, path in (("organization", "organizations"), ("user", "users")):
            answer = transport.get(f"/api/{path}/{namespace}/overview", accepted=_ABSENT)
            if answer.status in _ABSENT:
                continue
            body = answer.json()
            listed = body.get("orgs") or [] if isinstance(body, dict) else None
            if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
                raise SourceFormatError(
                    f"{self._endpoint}/api/{path}/{namespace}/overview: the response must be an overview"
                )
            handles = [one.get("name") for one in listed]
            members = body.get("numUsers")
            return Overview(
                namespace, kind, str(body.get("fullname") or namespace),
                tuple(handle for handle in handles if isinstance(handle, str)),
                members if isinstance(members, int) else None, str(body.get("details") or ""),
            )  # fmt: skip
        return None

    def _transport(self, on_wait: Callable[[str], None] | None = None) -> Transport:
        headers = headers_for(self._endpoint, self._token)
        return Transport(self._endpoint, headers, timeout=self._timeout, patience=self._patience,
                         deadline=self._deadline, on_wait=on_wait)  # fmt: skip

    @contextmanager
    def _progress_bar(self, total: int | None, unit: str) -> Iterator[tuple[Transport, Any]]:
        """Show the progress and the attempts of a transport, whose patience and deadline begin now."""
        from huggingface_hub.utils import tqdm

        progress: Any = tqdm
        with progress(total=total, unit=f" {unit}", disable=not self._progress, desc="collecting") as bar:
            yield self._transport(None if bar.disable else bar.set_postfix_str), bar


def _panel_of(path: Path, counter: str, *, source: str, note: str, folder: _TemporaryFolder) -> Panel:
    """Return the panel of one snapshot file, which keeps the file's folder as long as itself."""
    scan = pl.scan_parquet(path, glob=False)
    uncounted = scan.select(pl.col(counter).null_count()).collect().item()
    if uncounted:
        note = f"{note}; left out: {counted(uncounted, 'models')} without {counter}"
    rows = scan.select("model_id", "observed_at", counter, period=pl.col("observed_at").dt.date())
    return Panel.of(
        engines.wrap(rows.filter(pl.col(counter).is_not_null())), normalized_models(scan), counter=counter,
        source=source, scope=note, kept=folder,
    )  # fmt: skip
