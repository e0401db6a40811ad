"""Days that a caller names: a date, or text such as ``2025-10-22``."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ossgeo.errors import MeasureError


def day_of(value: Any, *, what: str) -> dt.date:
    """Return the day that a date, an instant or an ISO 8601 text names.

    Args:
        value: A ``datetime.date`` or text; of a ``datetime.datetime`` the date as it stands there.
        what: The argument's name, for the error.

    Raises:
        MeasureError: It names no day.

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
        raise MeasureError(f"{what}={value!r} is no day; give a datetime.date, or text such as '2025-10-22'") from None
