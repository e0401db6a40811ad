"""Bytes of a text file as text."""

from __future__ import annotations

import codecs
from typing import Final

from ossgeo.errors import InvalidArgumentError, PanelError

_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BEGINNING: Final = 2000


def text_of(content: bytes, place: str, encoding: str | None) -> str:
    """Return the text of a file.

    Args:
        content: The file.
        place: Name of the file, for messages.
        encoding: The encoding; by default UTF-8, or that of a byte order mark.

    Raises:
        PanelError: The content is not text in the encoding.
    """
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    used = marked or encoding or "utf-8-sig"
    if used == "utf-8-sig" and (wide := _without_mark(content[:_BEGINNING])):
        raise PanelError.of(
            place, "holds NUL characters", f"give encoding={wide!r} if it is UTF-16 without a byte order mark"
        )
    try:
        return content.decode(used)
    except UnicodeError as error:
        byte = error.start if isinstance(error, UnicodeDecodeError) else 0
        remedy = (
            "give the right encoding=" if encoding else "give encoding='cp1252' or another, or save the file as UTF-8"
        )
        problem = f"is not {encoding or marked or 'UTF-8'}"
        raise PanelError.of(f"{place}, byte {byte}", problem, remedy) from error


def _without_mark(beginning: bytes) -> str | None:
    """Return the kind of UTF-16 that text without a byte order mark may be: every second byte is mostly NUL."""
    for name, half in (("utf-16-be", beginning[::2]), ("utf-16-le", beginning[1::2])):
        if half.count(0) * 2 > len(half):
            return name
    return None


def check_encoding(encoding: object) -> None:
    """Check the name of an encoding.

    Raises:
        InvalidArgumentError: Python does not have it, or it is not one of text.
    """
    if encoding is None:
        return
    try:
        known = isinstance(encoding, str) and codecs.lookup(encoding)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        raise InvalidArgumentError(f"encoding must be a text encoding such as 'utf-8' or 'cp1252', got {encoding!r}")
