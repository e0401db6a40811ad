"""Requests to one endpoint: bounded in time and size, repeated politely, and never sent to another host."""

from __future__ import annotations

import itertools
import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import lru_cache
from threading import Thread
from typing import TYPE_CHECKING, Any, Final

import attrs

from ossgeo.errors import SourceFormatError, SourceUnavailableError
from ossgeo.sources._hub.credentials import HIDDEN

if TYPE_CHECKING:
    import httpx2

logger: logging.Logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

Params = list[tuple[str, str | int | float | bool | None]]

LARGEST: Final = 100_000_000
"""Bytes of a response after decompression: a page of 1,000 models with their cards takes a few million."""

_LARGEST_ERROR: Final = 20_000
_RETRIED: Final = (408, 429, 500, 502, 503, 504)
_TOO_MANY: Final = 429
_BAD_REQUEST: Final = 400
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 5
_MOST_TRIES: Final = 8
_LONGEST_STEP: Final = 30.0
_SHOWN: Final = 200
_NEXT: Final = re.compile(r"rel\s*=\s*\"?\s*next", re.IGNORECASE)
_ENCODINGS: Final = ("", "identity", "gzip", "deflate")
_REMEDIES: Final = {
    401: " (it does not exist, or is private: give a token)",
    403: " (gated or forbidden for this token)",
    404: " (it does not exist)",
}


class RefusedError(SourceUnavailableError):
    """The server answered with an error status that another attempt would not change."""


class _TemporaryError(Exception):
    """A request failed in a way that may pass.

    Attributes:
        wait: Seconds that the server asks to wait; None if it does not say.
    """

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class _RefusedFieldsError(Exception):
    """The server refuses some ``expand[]`` fields with status 400."""

    def __init__(self, fields: tuple[str, ...], reason: str) -> None:
        super().__init__(reason)
        self.fields = fields


@attrs.frozen
class Answer:
    """A response. The token is replaced in it, whatever the server repeats.

    Attributes:
        url: The address that answered, after redirects.
        status: The HTTP status.
        headers: The HTTP headers, with names in lower case.
        content: The body after decompression; only the beginning of the body of an error.
        next_link: The address of ``Link: <...>; rel="next"``, if there is one.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(repr=False)
    next_link: str | None = None

    def json(self) -> Any:
        """Return the decoded body.

        Raises:
            SourceFormatError: The body is not JSON.
        """
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            start = self.content[:60].decode(errors="replace").replace("\n", " ")
            raise SourceFormatError(
                f"{_without_query(self.url)}: the response must be JSON; it begins with {start!r}"
            ) from error

    @property
    def message(self) -> str:
        """The server's own words for an error, after a colon; empty if there are none."""
        text = self.headers.get("x-error-message") or self.content.decode(errors="replace")[:_SHOWN]
        return f": {' '.join(text.split())}" if text.strip() else ""


@attrs.define
class Transport:
    """Requests JSON from one endpoint through huggingface_hub's client, with its proxies and offline mode.

    Attributes:
        endpoint: Scheme and host of the Hub.
        headers: Sent with every request; they contain the token and are never shown.
        timeout: Seconds that a request may take, from the connection to the last byte.
        patience: Seconds that may be lost in all: on failed requests, and waiting between attempts.
        deadline: Seconds that all requests may take together.
        largest: Bytes of a response after decompression.
        on_wait: Called with a message before the first request and before each repetition; by default it is logged.
        remedies: What to do about each status of an error, as the end of a message.
        refused: Fields of ``expand[]`` that the server refused; later requests leave them out.
    """

    endpoint: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    timeout: float = attrs.field(default=60.0, kw_only=True)
    patience: float = attrs.field(default=600.0, kw_only=True)
    deadline: float = attrs.field(default=21_600.0, kw_only=True)
    largest: int = attrs.field(default=LARGEST, kw_only=True)
    on_wait: Callable[[str], None] | None = attrs.field(default=None, kw_only=True)
    remedies: Mapping[int, str] = attrs.field(factory=lambda: _REMEDIES, kw_only=True)
    refused: set[str] = attrs.field(factory=set, init=False)
    _patience_left: float = attrs.field(init=False)
    _ends: float = attrs.field(init=False, repr=False)
    _asked: bool = attrs.field(default=False, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Start with all of the patience and time."""
        self._patience_left = self.patience
        self._ends = time.monotonic() + self.deadline

    def get(self, address: str, *, params: Params | None = None, accepted: tuple[int, ...] = ()) -> Answer:
        """Request JSON, with retries.

        Args:
            address: A path, or an address on the endpoint's own host.
            params: The query.
            accepted: Statuses of errors that are answers, too.

        Raises:
            SourceUnavailableError: The server cannot be reached, refuses, or takes longer than the patience or deadline.
            SourceFormatError: The response is too large, has an unknown encoding, or leads to another host.
        """
        url = self.own(address if "://" in address else f"{self.endpoint}/{address.lstrip('/')}")
        if not self._asked:
            self._asked = True
            self._tell(f"attempt 1 of {_MOST_TRIES}, {self._limits()}: {_without_query(url)}")
        for attempt in itertools.count(1):
            sent = None if params is None else [pair for pair in params if pair[1] not in self.refused]
            began = time.monotonic()
            try:
                return self._checked(self._redirected(url, sent, accepted), sent or [], accepted)
            except _RefusedFieldsError as error:
                self.refused.update(error.fields)
                logger.warning("the Hub refuses the fields %s%s", ", ".join(error.fields), error)
            except _TemporaryError as error:
                self._wait(url, error, attempt, lost=time.monotonic() - began)
        raise AssertionError("unreachable")

    def pages(self, address: str, *, params: Params | None = None) -> Iterator[tuple[Answer, str | None]]:
        """Follow ``rel="next"`` links from page to page.

        A link that names another host, as mirrors send it, is requested from the endpoint: same path, same query.

        Args:
            address: The first page, or one to continue with.
            params: The query of the first page; links contain their own.

        Yields:
            Each page and the address of the next one.

        Raises:
            SourceUnavailableError: See :meth:`get`.
            SourceFormatError: A link leads to a page that was read already.
        """
        seen = {address}
        answer = self.get(address, params=params)
        while True:
            following = self._following(answer)
            if following is not None and following in seen:
                raise SourceFormatError(
                    f"{_without_query(following)}: the link to the next page leads to a page that was read already"
                )
            yield answer, following
            if following is None:
                return
            seen.add(following)
            answer = self.get(following)

    def own(self, url: str) -> str:
        """Return an address of the endpoint's own host.

        Args:
            url: The address.

        Raises:
            SourceFormatError: It is not an address, or leads to another host or scheme: a token must not be sent there.
        """
        there, here = _parsed(url), _parsed(self.endpoint)
        if _origin(there) != _origin(here) or there.userinfo:
            raise SourceFormatError(
                f"{_without_query(url)}: the Hub at {self.endpoint} points to another host or scheme, "
                "which is not followed"
            )
        return url

    def _following(self, answer: Answer) -> str | None:
        """Return the next page's path and query at the endpoint; None after the last page."""
        if answer.next_link is None:
            return None
        target = _parsed(answer.next_link)
        if target.is_relative_url:
            target = _parsed(answer.url).join(target)
        if _origin(target) == _origin(_parsed(self.endpoint)):
            return self.own(str(target))
        return self.own(self.endpoint + target.raw_path.decode())

    def _redirected(self, url: str, params: Params | None, accepted: tuple[int, ...]) -> Answer:
        """Return the answer after redirects on the endpoint's host; an accepted redirect is not followed."""
        answer = self._request(url, params)
        for _ in range(_MOST_REDIRECTS):
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or answer.status in accepted or not location:
                break
            answer = self._request(self.own(str(_parsed(answer.url).join(_parsed(location)))), None)
        return answer

    def _request(self, url: str, params: Params | None) -> Answer:
        """Send one request and bound its time, its size and its kinds of errors."""
        import httpx2
        from huggingface_hub.errors import OfflineModeIsEnabled

        now = time.monotonic()
        if now >= self._ends:
            raise SourceUnavailableError(
                f"{_without_query(url)}: the deadline of {self.deadline:,.0f} s is over; try again, or give more deadline="
            )
        seconds = min(self.timeout, self._ends - now)
        try:
            return _within(seconds, lambda: self._fetch(url, params, seconds))
        except OfflineModeIsEnabled as error:
            raise SourceUnavailableError(
                f"{_without_query(url)}: the Hub's offline mode is on (HF_HUB_OFFLINE)"
            ) from error
        except httpx2.InvalidURL as error:
            raise SourceFormatError(f"{_without_query(url)}: {error}") from error
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise _TemporaryError(f"no complete response within {seconds:g} s") from error
        except httpx2.HTTPError as error:
            raise _TemporaryError(f"{type(error).__name__} ({' '.join(str(error).split())[:_SHOWN]})") from error

    def _fetch(self, url: str, params: Params | None, seconds: float) -> Answer:
        """Read one response in pieces, and stop at the limit of bytes or seconds."""
        from huggingface_hub.utils import get_session

        ends = time.monotonic() + seconds
        chunks: list[bytes] = []
        size = 0
        with get_session().stream(
            "GET", url, params=params, headers=dict(self.headers), timeout=seconds, follow_redirects=False
        ) as response:
            encoding = response.headers.get("content-encoding", "").strip().lower()
            if encoding not in _ENCODINGS:
                raise SourceFormatError(
                    f"{_without_query(url)}: the response has the unknown encoding {encoding[:40]!r}"
                )
            limit = self.largest if response.is_success else _LARGEST_ERROR
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > limit or time.monotonic() > ends:
                    break
        if time.monotonic() > ends:
            raise TimeoutError
        if size > limit and response.is_success:
            raise SourceFormatError(f"{_without_query(url)}: the response is larger than {self.largest:,} bytes")
        link = response.links.get("next", {}).get("url")
        if not link and _NEXT.search(response.headers.get("link", "")):
            raise SourceFormatError(f"{_without_query(url)}: the link to the next page cannot be read")
        headers = {name: self._redacted(value) for name, value in response.headers.items()}
        content = b"".join(chunks)[:limit]
        if self._secret:
            content = content.replace(self._secret.encode(), HIDDEN.encode())
        return Answer(url, response.status_code, headers, content, link if link is None else self._redacted(link))

    @property
    def _secret(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")

    def _redacted(self, text: str) -> str:
        return text.replace(self._secret, HIDDEN) if self._secret else text

    def _checked(self, answer: Answer, params: Params, accepted: tuple[int, ...]) -> Answer:
        """Return an answer that can be used, or raise the error for its status."""
        status = answer.status
        if status in _RETRIED:
            raise _TemporaryError(f"status {status}{answer.message}", _requested_wait(answer))
        if status == _BAD_REQUEST and (fields := _refused_fields(answer.content.decode(errors="replace"), params)):
            raise _RefusedFieldsError(fields, answer.message)
        if not 200 <= status < 300 and status not in accepted:  # noqa: PLR2004  # the range of success
            where = _without_query(answer.url)
            raise RefusedError(f"{where}: status {status}{answer.message}{self.remedies.get(status, '')}")
        return answer

    def _wait(self, url: str, error: _TemporaryError, attempt: int, *, lost: float) -> None:
        """Wait before the next attempt, or raise if there is none."""
        step = error.wait
        if step is None:
            step = random.uniform(0.5, 1.0) * min(2.0**attempt / 2, _LONGEST_STEP)  # noqa: S311
        self._patience_left -= lost
        if attempt >= _MOST_TRIES:
            raise SourceUnavailableError(
                f"{_without_query(url)}: {error}, {attempt} times in a row"
            ) from error.__cause__
        if time.monotonic() + step >= self._ends:
            raise SourceUnavailableError(
                f"{_without_query(url)}: {error}; the deadline of {self.deadline:,.0f} s leaves no time for another "
                "attempt: try again, or give more deadline="
            ) from error.__cause__
        if step > self._patience_left:
            left = max(self._patience_left, 0)
            raise SourceUnavailableError(
                f"{_without_query(url)}: {error}; that would take {step:.0f} s of waiting, and {left:.0f} s are left of "
                f"the patience of {self.patience:.0f} s: try again later, or give more patience="
            ) from error.__cause__
        self._patience_left -= step
        self._tell(
            f"attempt {attempt + 1} of {_MOST_TRIES} in {step:.1f} s, {self._limits()}: {_without_query(url)}: {error}"
        )
        time.sleep(step)

    def _tell(self, message: str) -> None:
        (self.on_wait or logger.info)(message)

    def _limits(self) -> str:
        """Return how long an attempt, and all that fail, may still take."""
        left = self._ends - time.monotonic()
        one, whole = min(self.timeout, left), min(self._patience_left + self.timeout, left)
        return f"at most {whole:,.0f} s without an answer ({one:,.0f} s each)"


def time_left_in_window(headers: Mapping[str, str]) -> str:
    """Return the rest of the rate limit, for a progress bar: requests and seconds.

    Args:
        headers: The headers of the latest answer.
    """
    limit = _rate_limit(headers)
    return f"{limit.remaining} requests left in {limit.reset_in_seconds} s" if limit is not None else ""


def _within(seconds: float, call: Callable[[], Answer]) -> Answer:
    """Run a call in a thread, and stop waiting for it after some seconds.

    A socket's own timeout starts again with each byte, so that slow headers would never end.
    """
    done: Future[Answer] = Future()

    def run() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # noqa: BLE001  # it is raised again in the thread that waits
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return done.result(timeout=seconds)


def _refused_fields(text: str, params: Iterable[tuple[str, object]]) -> tuple[str, ...]:
    """Return the ``expand[]`` fields that a 400 refuses: by position, by name, or by absence from the accepted ones."""
    fields = [str(value) for name, value in params if name == "expand[]"]
    places = {int(digits) for digits in re.findall(r"expand\W*\[(\d{1,4})\]", text)}
    if found := tuple(field for place, field in enumerate(fields) if place in places):
        return found
    named = {field for field in fields if re.search(rf"(?<![\w-]){re.escape(field)}(?![\w-])", text)}
    if "one of" in text:
        named = set(fields) - named if named else set()
    return tuple(field for field in fields if field in named) if len(named) < len(fields) else ()


def _requested_wait(answer: Answer) -> float | None:
    """Return the seconds that the server asks to wait: the rest of an exhausted window, or Retry-After; else None."""
    limit = _rate_limit(answer.headers)
    if answer.status == _TOO_MANY and limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    after = answer.headers.get("retry-after", "").strip()
    return float(after) if after.isdecimal() else None


def _rate_limit(headers: Mapping[str, str]) -> Any:
    from huggingface_hub.utils import parse_ratelimit_headers

    try:
        return parse_ratelimit_headers(headers)
    except ValueError:  # numbers without end
        return None


@lru_cache
def _parsed(url: str) -> httpx2.URL:
    import httpx2

    try:
        return httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise SourceFormatError(f"{url[:_SHOWN]!r} must be a web address: {error}") from error


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _without_query(url: str) -> str:
    """Return an address without user, password and query."""
    parts = _parsed(url)
    return str(parts.copy_with(userinfo=b"", query=None, fragment=None))
