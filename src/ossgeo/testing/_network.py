"""Keeping code off the network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_network() -> Iterator[None]:
    """Let every attempt to connect fail while the block runs.

    Raises:
        AssertionError: Something tried to connect.
    """
    original = socket.socket.connect, socket.getaddrinfo

    def refuse(*address: Any, **_: Any) -> Any:
        raise AssertionError(f"it tried to reach the network: {address[-1]!r}")

    socket.socket.connect, socket.getaddrinfo = refuse, refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect, socket.getaddrinfo = original  # type: ignore[method-assign]
