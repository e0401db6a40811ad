"""Requests to the Hub: polite, bounded in time, and never with the token to another host."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import attrs

from ossgeo.errors import SourceFormatError, SourceUnavailableError

logger: logging.Logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())

_RETRIED: Final = (408, 429, 500, 502, 503, 504)
_TOO_MANY: Final = 429
_BAD_REQUEST: Final = 400
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 5
_MOST_TRIES: Final = 8
_LONGEST_STEP: Final = 30.0
_SHOWN: Final = 200


@attrs.frozen
class Answer:
    """What the Hub answered.

    Attributes:
        url: The address that answered, after redirects.
        status: The HTTP status.
        headers: The HTTP headers.
        content: The body.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes = attrs.field(repr=False)

    def json(self) -> Any:
        """Return what the body says.

        Raises:
            SourceFormatError: It is no JSON.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            start = self.content[:60].decode(errors="replace").replace("\n", " ")
            raise SourceFormatError(f"{_shown(self.url)}: the answer is no JSON: it begins with {start!r}") from error


@attrs.frozen
class _Refused:
    """Fields that the Hub refuses with status 400."""

    fields: tuple[str, ...]


@attrs.define
class Transport:
    """Asks one endpoint for JSON, through huggingface_hub's client: its token, user agent and offline mode.

    Attributes:
        endpoint: Scheme and host of the Hub.
        headers: Sent with every request; they hold the token and are never shown.
        timeout: Seconds for which a single request may be silent.
        patience: Seconds that may be waited in all, over all requests.
        on_wait: Told the seconds and the reason before each wait.
        left: Seconds of patience that are left.
        refused: Fields of ``expand[]`` that the Hub refused; they are left out of later requests.
    """

    endpoint: str
    headers: Mapping[str, str] = attrs.field(repr=False)
    timeout: float = 30.0
    patience: float = 600.0
    on_wait: Callable[[float, str], None] | None = None
    left: float = attrs.field(init=False)
    refused: set[str] = attrs.field(factory=set, init=False)

    def __attrs_post_init__(self) -> None:
        """Start with all of the patience."""
        self.left = self.patience

    def get(self, address: str, *, params: Any = None, accepted: tuple[int, ...] = ()) -> Answer:
        """Ask for JSON, with retries.

        Args:
            address: A path, or an address on the endpoint's own host.
            params: The query.
            accepted: Statuses of errors that are answers, too.

        Raises:
            SourceUnavailableError: The Hub cannot be reached, refuses, or asks to wait longer than the patience lasts.
            SourceFormatError: The answer leads to another host.
        """
        url = self.own(urljoin(f"{self.endpoint}/", address.lstrip("/") if "://" not in address else address))
        tries = 0
        while True:
            tries += 1
            params = [pair for pair in params if pair[1] not in self.refused] if params else params
            wait, why, cause = self._ask(url, params, accepted)
            if isinstance(wait, Answer):
                return wait
            if isinstance(wait, _Refused):
                self.refused.update(wait.fields)
                logger.warning("the Hub refuses the fields %s: %s", ", ".join(wait.fields), why)
                continue
            step = random.uniform(0.5, 1.0) * min(2.0**tries / 2, _LONGEST_STEP) if wait is None else wait  # noqa: S311
            if tries >= _MOST_TRIES:
                raise SourceUnavailableError(f"{_shown(url)}: {why}, {tries} times in a row") from cause
            if step > self.left:
                raise SourceUnavailableError(
                    f"{_shown(url)}: {why}; that would take {step:.0f} s of waiting, and {self.left:.0f} s are left of the "
                    f"patience of {self.patience:.0f} s: try again later, or give more patience="
                ) from cause
            self.left -= step
            logger.info("waiting %.1f s: %s", step, why)
            if self.on_wait is not None:
                self.on_wait(step, why)
            time.sleep(step)

    def pages(self, address: str, *, params: Any = None) -> Iterator[tuple[Answer, str | None]]:
        """Follow ``Link: <...>; rel="next"`` from page to page.

        Args:
            address: The first page, or one to go on with.
            params: The query of the first page; the links hold their own.

        Yields:
            Each page and the address of the next one.

        Raises:
            SourceFormatError: A link leads to another host or scheme, or to a page that was seen.
        """
        seen = {address}
        answer = self.get(address, params=params)
        while True:
            following = self._following(answer, seen)
            yield answer, following
            if following is None:
                return
            answer = self.get(following)

    def _following(self, answer: Answer, seen: set[str]) -> str | None:
        link = parse_link(answer.headers.get("link", ""))
        if link is None:
            return None
        url = self.own(urljoin(answer.url, link))
        if url in seen:
            raise SourceFormatError(f"{_shown(url)}: the Hub's next page is one that was read already")
        seen.add(url)
        return url

    def own(self, url: str) -> str:
        """Return an address of the endpoint's own host.

        Args:
            url: The address.

        Raises:
            SourceFormatError: It leads elsewhere: a token must not go there.
        """
        there, here = urlsplit(url), urlsplit(self.endpoint)
        if (there.scheme, there.hostname, _port(there)) != (here.scheme, here.hostname, _port(here)) or there.username:
            raise SourceFormatError(
                f"{_shown(url)}: the Hub at {self.endpoint} points to another host or scheme, which is not followed"
            )
        return url

    def _ask(self, url: str, params: Any, accepted: tuple[int, ...]) -> tuple[Any, str, BaseException | None]:
        """Ask once: an Answer, or the seconds to wait (None: as we think fit) and why."""
        import httpx2
        from huggingface_hub.errors import OfflineModeIsEnabled
        from huggingface_hub.utils import get_session

        try:
            for _ in range(_MOST_REDIRECTS + 1):
                response = get_session().request(
                    "GET", url, params=params, headers=dict(self.headers), timeout=self.timeout, follow_redirects=False
                )
                if response.status_code not in _REDIRECTS or not response.headers.get("location"):
                    break
                url, params = self.own(urljoin(url, response.headers["location"])), None
        except OfflineModeIsEnabled as error:
            raise SourceUnavailableError(f"{_shown(url)}: the Hub's offline mode is on (HF_HUB_OFFLINE)") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            return None, f"{type(error).__name__} ({_clean(error)})", error
        except httpx2.InvalidURL as error:
            raise SourceFormatError(f"{_shown(url)}: {error}") from error
        status = response.status_code
        if status in _RETRIED:
            return _asked_to_wait(response), f"status {status}{_said(response)}", None
        if status == _BAD_REQUEST and (fields := _refused_fields(response.text, params or ())):
            return _Refused(fields), _said(response), None
        if not response.is_success and status not in accepted:
            raise SourceUnavailableError(f"{_shown(url)}: status {status}{_said(response)}{_REMEDIES.get(status, '')}")
        return Answer(url, status, response.headers, response.content), "", None


def _refused_fields(text: str, params: Iterable[tuple[str, Any]]) -> tuple[str, ...]:
    """Return the ``expand[]`` fields that a 400 refuses: by position, by name, or by their absence from the accepted ones."""
    fields = [str(value) for name, value in params if name == "expand[]"]
    places = {int(digits) for digits in re.findall(r"expand\W*\[(\d+)\]", text)}
    if found := tuple(field for place, field in enumerate(fields) if place in places):
        return found
    named = {field for field in fields if re.search(rf"(?<![\w-]){re.escape(field)}(?![\w-])", text)}
    if "one of" in text:
        named = set(fields) - named if named else set()
    return tuple(field for field in fields if field in named) if len(named) < len(fields) else ()


_REMEDIES: Final = {
    401: " (it does not exist, or is private: give a token)",
    403: " (gated or forbidden for this token)",
    404: " (it does not exist)",
}


def _asked_to_wait(response: Any) -> float | None:
    """How long the Hub asks to wait: the rest of an exhausted window, or Retry-After; else None."""
    from huggingface_hub.utils import parse_ratelimit_headers

    limit = parse_ratelimit_headers(response.headers)
    if response.status_code == _TOO_MANY and limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds) + 1
    after = str(response.headers.get("retry-after", "")).strip()
    return float(after) if after.isdigit() else None


def time_left_in_window(headers: Mapping[str, str]) -> str:
    """Return what the rate limit leaves, for a progress bar: requests and seconds.

    Args:
        headers: Of the latest answer.
    """
    from huggingface_hub.utils import parse_ratelimit_headers

    limit = parse_ratelimit_headers(headers)
    return f"{limit.remaining} requests left in {limit.reset_in_seconds} s" if limit is not None else ""


def parse_link(header: str) -> str | None:
    """Return the address of ``rel="next"`` in a Link header.

    Args:
        header: The header's text.

    Example:
        >>> parse_link('<https://example.org/a?cursor=x%2C>; rel="next", <https://example.org>; rel="first"')
        'https://example.org/a?cursor=x%2C'
    """
    for part in header.split("<")[1:]:
        address, _, rest = part.partition(">")
        if 'rel="next"' in rest.replace(" ", "") or "rel=next" in rest.replace(" ", ""):
            return address
    return None


def _port(parts: Any) -> int | None:
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _said(response: Any) -> str:
    message = response.headers.get("x-error-message") or response.text[:_SHOWN]
    return f": {' '.join(message.split())}" if message else ""


def _clean(error: BaseException) -> str:
    return " ".join(str(error).split())[:_SHOWN]


def _shown(url: str) -> str:
    """An address without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"
