"""A block without network access."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_network() -> Iterator[None]:
    """Make every connection attempt fail within the block.

    Raises:
        AssertionError: Something tried to connect.
    """
    original = socket.socket.connect, socket.getaddrinfo

    def refuse(*address: Any, **_: Any) -> Any:
        raise AssertionError(f"the network was accessed: {address[-1]!r}")

    socket.socket.connect, socket.getaddrinfo = refuse, refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect, socket.getaddrinfo = original  # type: ignore[method-assign]
