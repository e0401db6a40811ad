"""Dates and durations: parsing of arguments, and the limits of open intervals."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final, cast

from ossgeo.errors import InvalidArgumentError

Day = dt.date | str
"""A day as an argument: a date, or ISO 8601 text."""

BEGINNING: Final = dt.date(1900, 1, 1)
"""Represents an open start in tables of half-open validity [start, end)."""

END: Final = dt.date(2200, 1, 1)
"""Represents an open end in tables of half-open validity [start, end)."""

_LONGEST: Final = 20
"""The largest number of characters of a duration: Python refuses to convert a text of more than 4,300 digits."""


def day_of(value: Any, *, what: str) -> dt.date:
    """Return the day of a date, an instant or an ISO 8601 text.

    Args:
        value: A ``datetime.date`` or text; of a ``datetime.datetime`` the date in its own time zone.
        what: The argument's name, for the error.

    Raises:
        InvalidArgumentError: The value is something else.

    Example:
        >>> day_of("2025-10-22", what="period")
        datetime.date(2025, 10, 22)
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"{what} must be a date or an ISO 8601 text such as '2025-10-22', got {value!r}"
        ) from None


def day_or_today(value: Any, *, what: str) -> dt.date:
    """Return the day of an argument whose default is today, in the time zone of the user.

    Args:
        value: As for :func:`day_of`, or None.
        what: The argument's name, for the error.
    """
    return dt.date.today() if value is None else day_of(value, what=what)  # noqa: DTZ011  # a calendar day where the user is


def days_of(text: str | int | dt.timedelta | None, *, what: str) -> int | None:
    """Return the number of days of a duration such as ``"365d"``, ``"52w"`` or ``timedelta(365)``.

    Args:
        text: The duration; None stays None.
        what: The argument's name, for the error.

    Raises:
        InvalidArgumentError: It is not a positive number of whole days or weeks.

    Example:
        >>> days_of("52w", what="window")
        364
    """
    if text is None:
        return None
    if isinstance(text, dt.timedelta):
        days = text.days if text % dt.timedelta(days=1) == dt.timedelta() else 0
    elif isinstance(text, str) and len(text) < _LONGEST and text[:-1].isdecimal() and text[-1:] in "dw":
        days = int(text[:-1]) * (7 if text.endswith("w") else 1)
    else:
        days = 0
    if not 0 < days < 100_000:  # noqa: PLR2004  # 270 years: beyond any panel
        hint = f"; {what}='365d' is a year, '52w' is 364 days" if cast("object", text) else ""
        raise InvalidArgumentError(f"{what} must be a number of days or weeks, got {text!r}{hint}")
    return days
