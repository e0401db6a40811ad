"""Tokens and endpoints: validated at construction, never shown, and sent to the named endpoint only."""

from __future__ import annotations

import re
import warnings
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

from ossgeo.errors import InvalidArgumentError, OssgeoWarning

HIDDEN: Final = "***"
"""Replaces the token wherever a server repeats it."""

_PRINTABLE: Final = re.compile(r"[!-~]+")
_HUB_HOSTS: Final = re.compile(r"(?:.+\.)?(?:huggingface\.co|hf\.co)")
_LOOPBACK: Final = re.compile(r"localhost|127\.[0-9.]+|::1")


class Token:
    """A token that no ``repr``, ``vars``, pickle or message shows.

    A pickled token is restored as ``None``: the process that loads it uses its own token.

    Example:
        >>> Token("hf_secret")
        <Token hidden>
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | bool | None) -> None:
        """Validate a token.

        Args:
            value: The token; None for the token of this machine if there is one, True to require it, False for none.

        Raises:
            InvalidArgumentError: The value cannot be a token. The message does not contain it.
        """
        if isinstance(value, str):
            value = value.strip()
            if not _PRINTABLE.fullmatch(value):
                raise InvalidArgumentError(
                    "token must consist of printable ASCII characters without spaces, such as 'hf_...'; "
                    "the given value is not shown; token=False sends none"
                )
        elif value is not None and not isinstance(value, bool):
            raise InvalidArgumentError(f"token must be a str, True, False or None, got {type(value).__name__}")
        self._value = value

    @property
    def value(self) -> str | bool | None:
        """The argument of huggingface_hub's functions."""
        return self._value

    def resolve(self) -> str | None:
        """Return the text to send, or None.

        Raises:
            InvalidArgumentError: A token of this machine is required and there is none, or it cannot be a token.
        """
        from huggingface_hub import constants, get_token

        if isinstance(self._value, str):
            return self._value
        if self._value is False or (self._value is None and constants.HF_HUB_DISABLE_IMPLICIT_TOKEN):
            return None
        found = get_token()
        if found is None and self._value is True:
            raise InvalidArgumentError(
                "token=True requires a token on this machine; run `hf auth login` or set HF_TOKEN"
            )
        return None if found is None else Token(found)._value  # type: ignore[return-value]  # a str stays a str

    def __repr__(self) -> str:
        """Return a text without the token."""
        return "<Token hidden>"

    def __reduce__(self) -> tuple[type[Token], tuple[bool | None]]:
        """Pickle everything except an explicit token."""
        return Token, (None if isinstance(self._value, str) else self._value,)


def endpoint_of(endpoint: str | None) -> str:
    """Return an endpoint without a trailing slash.

    Args:
        endpoint: Scheme and host; None for huggingface_hub's own (``HF_ENDPOINT``).

    Raises:
        InvalidArgumentError: It has no scheme or host, or contains a user or password.
    """
    from huggingface_hub import constants

    if not isinstance(endpoint, str | None):
        raise InvalidArgumentError(f"endpoint must be a str or None, got {type(endpoint).__name__}")
    given = (endpoint if endpoint is not None else constants.ENDPOINT).strip().rstrip("/")
    try:
        parts = urlsplit(given)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    else:
        if parts.username is not None or parts.password is not None:
            raise InvalidArgumentError(
                f"endpoint must not contain a user or password, got one for {parts.hostname!r}; give a token with token="
            )
    if not usable or parts.query or parts.fragment:
        raise InvalidArgumentError(
            f"endpoint must be http:// or https:// and a host, such as 'https://huggingface.co', got {given!r}"
        )
    return given


def headers_for(endpoint: str, token: Token) -> dict[str, str]:
    """Return the headers of every request, built without a request of huggingface_hub's own.

    Args:
        endpoint: Scheme and host.
        token: The token.

    Raises:
        InvalidArgumentError: A token is required and there is none, or it cannot be a token.

    Warns:
        OssgeoWarning: The token would be sent unencrypted, or the token of this machine to a host that is not the Hub's.
    """
    import huggingface_hub

    headers = {
        "user-agent": f"ossgeo/{version('ossgeo')}; hf_hub/{huggingface_hub.__version__}",
        "accept-encoding": "gzip, deflate",
    }
    text = token.resolve()
    if text is None:
        return headers
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if not isinstance(token.value, str) and not _HUB_HOSTS.fullmatch(host):
        warnings.warn(
            f"the token of this machine is sent to {host}, which is not huggingface.co; "
            "token=False sends none, an explicit token= confirms it",
            OssgeoWarning,
            stacklevel=2,
        )
    elif parts.scheme == "http" and not _LOOPBACK.fullmatch(host):
        warnings.warn(
            f"the token is sent to {host} over http, without encryption; use https://", OssgeoWarning, stacklevel=2
        )
    return {**headers, "authorization": f"Bearer {text}"}
