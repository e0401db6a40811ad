"""The live Hub: models with their counters, spooled to Parquet page by page."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import attrs
import polars as pl
from cachetools import TTLCache

from ossgeo._core import engines
from ossgeo._core.schema import COUNTERS, Counter
from ossgeo.errors import InvalidArgumentError, OssgeoError, SourceFormatError
from ossgeo.panel._panel import Panel, normalized_models
from ossgeo.sources._files.normalization import HUB_URL
from ossgeo.sources._hub.checkpoint import Checkpoint, Query
from ossgeo.sources._hub.http import Transport, time_left_in_window
from ossgeo.sources._hub.parsing import FIELDS, read_page

PAGE: Final = 1000
"""Models on a page of the Hub's list."""

_REMEMBERED: Final = 10_000
_DAY: Final = 24 * 60 * 60
_ABSENT: Final = (401, 403, 404)
_EMPTY: Final = b"[] \t\r\n"
_NAMES: Final = {
    "namespaces": (re.compile(r"[^\s/]+"), "namespace such as 'Qwen'"),
    "ids": (re.compile(r"[^\s/]+(/[^\s/]+)?"), "model id such as 'Qwen/Qwen3-8B'"),
}


class _Folder:
    """A temporary folder that goes when nobody holds it, or the process ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="ossgeo-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@attrs.frozen
class Overview:
    """What the Hub says of a namespace.

    Attributes:
        namespace: The handle.
        kind: ``organization`` or ``user``.
        name: The full name.
        organizations: Handles of the organizations that a user belongs to.
    """

    namespace: str
    kind: str
    name: str
    organizations: tuple[str, ...] = ()


class Hub:
    """The live Hub, through huggingface_hub's client: its token, user agent, endpoint and offline mode.

    Example:
        >>> hub = Hub(endpoint="http://127.0.0.1:1")
        >>> hub.name
        'the Hub at http://127.0.0.1:1'
    """

    def __init__(
        self,
        token: str | bool | None = None,
        endpoint: str | None = None,
        *,
        timeout: float = 30.0,
        patience: float = 600.0,
        progress: bool | None = None,
    ) -> None:
        """Configure; nothing is asked.

        Args:
            token: The token; huggingface_hub's own where absent, none where False.
            endpoint: Scheme and host; huggingface_hub's own where absent.
            timeout: Seconds for which a single request may be silent.
            patience: Seconds that may be spent waiting in all: for rate limits, and between attempts.
            progress: Whether to show a progress bar; where absent, if the standard error is a terminal.

        Raises:
            InvalidArgumentError: The endpoint has no scheme, or a number of seconds is negative.
        """
        from huggingface_hub import constants

        self._endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        if not re.match(r"https?://[^/]", self._endpoint):
            raise InvalidArgumentError(
                f"endpoint={self._endpoint!r} needs http:// or https://, such as 'https://huggingface.co'"
            )
        for name, seconds in (("timeout", timeout), ("patience", patience)):
            if not isinstance(seconds, int | float) or not seconds >= 0:
                raise InvalidArgumentError(f"{name}={seconds!r} is no number of seconds; give 0 or more")
        self._token = token
        self._timeout, self._patience = timeout, patience
        self._progress = sys.stderr.isatty() if progress is None else progress
        self._overviews: TTLCache[str, Overview | None] = TTLCache(_REMEMBERED, _DAY)

    @property
    def name(self) -> str:
        """The name under which panels record the source."""
        return f"the Hub at {self._endpoint}"

    def __repr__(self) -> str:
        """Return the endpoint; never the token."""
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
        counter: Counter = "downloads_30d",
    ) -> Panel:
        """Observe models now: all of them, or the choice that one of the arguments makes.

        Args:
            top: The most downloaded ones.
            namespaces: Those of some namespaces.
            ids: These; one that was renamed is found under its new id, one that is missing or private is noted.
            members: Whether to ask for the organizations of each user among the namespaces, too (a request each).
            cards: Whether to read the model cards' metadata, too, for the country that a card states.
            private: Whether to include private models that the token may see; by default they are left out and counted
                in the panel's note.
            counter: The counter of the panel; the snapshot holds both.

        Returns:
            A panel with one period whose rows and models are scanned from a temporary file, which goes with the panel:
            frames that are taken out of it (``panel.rows.to_native()``, ``panel.models``) cannot be read after the panel
            is gone. Hold the panel as long as them, or collect them.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, or asks to wait longer than the patience lasts.
            SourceFormatError: The Hub answered something else, or has no model.
            InvalidArgumentError: More than one choice was made, an empty one, or one that no model is in.
        """
        if counter not in COUNTERS:
            raise InvalidArgumentError(f"counter={counter!r} is not one of {', '.join(map(repr, COUNTERS))}")
        holder = _Folder()
        folder = holder.path
        checkpoint = self.collect(folder / "checkpoint", top=top, namespaces=namespaces, ids=ids, members=members, cards=cards,
                             private=private)  # fmt: skip
        path = folder / "snapshot.parquet"
        checkpoint.write(path)
        return panel_of(path, counter, source=self.name, note=checkpoint.note, keep=holder)

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
        """Observe models now, and keep each page as soon as it is there; go on where an earlier attempt stopped.

        Args:
            folder: Where pages are kept. An attempt at the same choice that stopped a short while ago is continued.
            top: As :meth:`snapshot` has it.
            namespaces: As :meth:`snapshot` has it.
            ids: As :meth:`snapshot` has it.
            members: As :meth:`snapshot` has it.
            cards: See :meth:`snapshot`.
            private: See :meth:`snapshot`.

        Returns:
            The pages, complete.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, or asks to wait longer than the patience lasts.
            SourceFormatError: The Hub answered something else, or has no model.
            InvalidArgumentError: More than one choice was made, an empty one, or one that no model is in.
        """
        query = _query(self._endpoint, top, namespaces, ids, members=members, cards=cards, private=private)
        with Checkpoint.open(folder, query) as checkpoint, self._bar(query) as (transport, bar):
            for place, start in enumerate(query.starts):
                if place < checkpoint.start:
                    continue
                self._read_pages(transport, checkpoint, bar, start, place)
            before = checkpoint.models
            checkpoint.convert()
            bar.update(checkpoint.models - before)
            if members:
                self._add_members(transport, checkpoint)
            for field in sorted(transport.refused):
                checkpoint.add_note("fields that the Hub refused", field, None)
        checkpoint.finish()
        if not checkpoint.models:
            checkpoint.discard()
            raise self._nothing(query, checkpoint)
        return checkpoint

    def overview(self, namespace: str) -> Overview | None:
        """Return what the Hub says of a namespace: an organization, or a user with the organizations it belongs to.

        Answers are kept for a day. The Hub names no country.

        Args:
            namespace: The handle.

        Returns:
            None where there is no such namespace.

        Raises:
            SourceUnavailableError: The Hub cannot be reached.
            SourceFormatError: The Hub answered something else.
        """
        return self._overview(self._transport(), namespace)

    def _nothing(self, query: Query, checkpoint: Checkpoint) -> OssgeoError:
        """The error for a choice, or a Hub, without models."""
        if query.kind == "namespaces":
            one = len(query.chosen) == 1
            named = ", ".join(map(repr, query.chosen))
            return InvalidArgumentError(
                f"{'namespace' if one else 'namespaces'} {named} {'has' if one else 'have'} no models at {self.name}; "
                "check the spelling, or give a token that may see them"
            )
        if query.kind == "ids":
            return InvalidArgumentError(
                f"none of the ids is a model that can be read: {', '.join(checkpoint.notes['absent'])}"
            )
        return SourceFormatError(f"{self.name} lists no models; is the endpoint right?")

    def _read_pages(self, transport: Transport, checkpoint: Checkpoint, bar: Any, start: str, place: int) -> None:
        query = checkpoint.query
        resumed = checkpoint.next_page if place == checkpoint.start else None
        params = None if resumed else query.params(start)
        if query.by_id:
            self._read_model(transport, checkpoint, start, place)
            bar.update(1)
            return
        seen = resumed is not None
        for answer, following in transport.pages(resumed or "/api/models", params=params):
            before = checkpoint.models
            seen = seen or bool(answer.content.strip(_EMPTY))
            if query.kind == "namespaces" and not (seen or following):
                checkpoint.add_note("without models", start, None)
            checkpoint.keep(answer.content, place if following else place + 1, following)
            enough = query.top is not None and checkpoint.models >= query.top
            bar.update(checkpoint.models - before)
            bar.set_postfix_str(f"{checkpoint.pages} pages; {time_left_in_window(answer.headers)}", refresh=False)
            if enough:
                return

    def _read_model(self, transport: Transport, checkpoint: Checkpoint, model_id: str, place: int) -> None:
        """One model by its id: a missing or private one is noted, a renamed one is found under its new id."""
        answer = transport.get(f"/api/models/{model_id}", params=checkpoint.query.params(model_id), accepted=_ABSENT)
        if answer.status in _ABSENT:
            checkpoint.add_note("absent", f"{model_id} ({answer.status})", place + 1)
            return
        where = f"{self._endpoint}/api/models/{model_id}"
        frame = read_page(b"[%s]" % answer.content, observed_at=checkpoint.observed_at, where=where)
        found = frame["model_id"][0]
        if found != model_id:
            checkpoint.add_note("renamed", f"{model_id} is now {found}", None)
        checkpoint.add(frame, place + 1, None)

    def _add_members(self, transport: Transport, checkpoint: Checkpoint) -> None:
        for namespace in checkpoint.namespaces():
            said = self._overview(transport, namespace)
            if said is not None and said.organizations:
                checkpoint.add_members(namespace, said.organizations)

    def _overview(self, transport: Transport, namespace: str) -> Overview | None:
        if namespace not in self._overviews:
            self._overviews[namespace] = self._ask_overview(transport, namespace)
        return self._overviews[namespace]

    def _ask_overview(self, transport: Transport, namespace: str) -> Overview | None:
        for kind, path in (("organization", "organizations"), ("user", "users")):
            answer = transport.get(f"/api/{path}/{namespace}/overview", accepted=_ABSENT)
            if answer.status in _ABSENT:
                continue
            body = answer.json()
            listed = body.get("orgs") or [] if isinstance(body, dict) else None
            if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
                raise SourceFormatError(f"{self._endpoint}/api/{path}/{namespace}/overview is no overview")
            handles = [one.get("name") for one in listed]
            return Overview(namespace, kind, str(body.get("fullname") or namespace),
                            tuple(handle for handle in handles if isinstance(handle, str)))  # fmt: skip
        return None

    def _transport(self, on_wait: Any = None) -> Transport:
        from huggingface_hub.utils import build_hf_headers

        headers = build_hf_headers(token=self._token, library_name="ossgeo", library_version=_version())
        return Transport(self._endpoint, headers, self._timeout, self._patience, on_wait)

    @contextmanager
    def _bar(self, query: Query) -> Iterator[tuple[Transport, Any]]:
        from huggingface_hub.utils import tqdm

        total = len(query.starts) if query.by_id else query.top
        progress: Any = tqdm
        with progress(total=total, unit=" models", disable=not self._progress, desc="collecting") as bar:
            yield self._transport(lambda seconds, why: bar.set_postfix_str(f"waiting {seconds:.0f} s: {why}")), bar


def panel_of(path: Path, counter: Counter, *, source: str, note: str, keep: Any = None) -> Panel:
    """Make a panel of one snapshot file.

    Args:
        path: The file.
        counter: The counter of the panel.
        source: Where it came from.
        note: What it covers.
        keep: Kept alive as long as the panel, such as the folder of the file.
    """
    scan = pl.scan_parquet(path)
    uncounted = scan.select(pl.col(counter).null_count()).collect().item()
    if uncounted:
        note = "; ".join(filter(None, [note, f"{uncounted:,} models without {counter} are left out"]))
    rows = scan.select("model_id", "observed_at", counter, period=pl.col("observed_at").dt.date())
    panel = Panel.of(
        engines.wrap(rows.filter(pl.col(counter).is_not_null())), normalized_models(scan), counter=counter,
        source=source, note=note,
    )  # fmt: skip
    panel.attach(keep)
    return panel


def _query(
    endpoint: str,
    top: int | None,
    namespaces: Iterable[str] | None,
    ids: Iterable[str] | None,
    *,
    members: bool,
    cards: bool,
    private: bool,
) -> Query:
    made = [name for name, value in (("top", top), ("namespaces", namespaces), ("ids", ids)) if value is not None]
    if len(made) > 1:
        raise InvalidArgumentError(f"{' and '.join(made)} cannot be chosen together")
    if top is not None and (not isinstance(top, int) or isinstance(top, bool) or top < 1):
        raise InvalidArgumentError(f"top={top!r} is no number of models; give a whole number from 1 on")
    given = namespaces if namespaces is not None else ids
    chosen = () if given is None else _chosen(made[0], given)
    fields = (*FIELDS, "cardData") if cards else FIELDS
    return Query(endpoint, top, chosen, made[0] if made else "all", fields, PAGE, members, private)


def _chosen(what: str, given: Any) -> tuple[str, ...]:
    """Namespaces or ids, each once; what cannot be one is never sent to the Hub."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise InvalidArgumentError(f"{what}={given!r} is no list; give {what}=[{given!r}]")
    names = list(given)
    if not names:
        raise InvalidArgumentError(f"{what}= names nothing")
    shape, example = _NAMES[what]
    for name in names:
        if isinstance(name, str) and shape.fullmatch(name):
            continue
        cut = re.sub(HUB_URL, "", name).strip("/") if isinstance(name, str) else ""
        remedy = f"; cut the web address to {cut!r}" if cut != name and shape.fullmatch(cut) else ""
        raise InvalidArgumentError(f"{what}= holds {name!r}, which is no {example}{remedy}")
    return tuple(dict.fromkeys(names))


def _version() -> str:
    from importlib.metadata import version

    return version("ossgeo")
