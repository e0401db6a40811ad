"""Dates in the names of files and folders."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ossgeo.errors import Fault, InvalidArgumentError, OssgeoWarning
from ossgeo.sources._files import values

_UUID: Final = re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=\d*[a-f])[0-9a-f]{12,}")
_SHOWN: Final = 3
_ISO: Final = r"(?:19|20)\d{2}-\d{2}-\d{2}|(?:19|20)\d{6}"
_DIRECTIVES: Final = {"Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{2}", "M": r"\d{2}",
                      "S": r"\d{2}", "j": r"\d{3}", "b": r"[^\W\d_]+", "B": r"[^\W\d_]+", "%": "%"}  # fmt: skip


def warn_of_split_files(
    files: Sequence[Path], days: Sequence[Sequence[dt.date]], root: Path, date_format: str | None = None
) -> None:
    """Warn if files are snapshots by their names and a few of them hold rows of several days: each is then several periods.

    Args:
        files: The files.
        days: The dates of the rows of each file.
        root: The source.
        date_format: As for :func:`date_of_file`.
    """
    split = [place for place, found in enumerate(days) if len(found) > 1]
    if not split or 2 * len(split) >= len(files):
        return
    if any(date_of_file(file, root, [], date_format) is None for file in files):
        return
    first, found = files[split[0]].name, days[split[0]]
    more = f" and {len(split) - 1} more" if len(split) > 1 else ""
    warnings.warn(
        f"{first}{more}: holds rows of {', '.join(map(str, found[:_SHOWN]))}, which are {len(found)} periods; the other files hold one"
        " day each: period_from='file' makes each file one period",
        OssgeoWarning,
        stacklevel=6,
    )


def date_of_file(file: Path, root: Path, faults: list[Fault], date_format: str | None = None) -> dt.date | None:
    """Return the date in the name of a file, or in that of a folder between it and the source.

    Hexadecimal ids are not dates.

    Args:
        file: The file.
        root: The source; names above it do not count.
        faults: Receives the fault if the name has no date, or has two different ones in one name.
        date_format: The strptime pattern of the date; by default ``2026-08-14`` or ``20260814``.
    """
    pattern = re.compile(rf"(?<!\d)(?:{_pattern_of(date_format)})(?!\d)")
    parts = (file.name, *reversed(file.relative_to(root).parts[:-1])) if file != root else (file.name,)
    for part in parts:
        found: set[dt.date] = set()
        for text in pattern.findall(_UUID.sub(" ", part)):
            try:
                found.add(values.instant(text, date_format).date())
            except ValueError:
                continue
        if len(found) > 1:
            days = " and ".join(map(str, sorted(found)))
            faults.append(Fault(file.name, f"has two dates in {part!r}: {days}", "keep one of them in the name"))
            return None
        if found:
            return found.pop()
    form = f"of the form date_format={date_format!r}" if date_format else "such as 2026-08-14; or give date_format="
    faults.append(Fault(file.name, "has no date in its name", f"period_from='file' needs a date {form}"))
    return None


def _pattern_of(date_format: str | None) -> str:
    if date_format is None:
        return _ISO
    if date_format in values.UNIX:
        return r"\d{10}|\d{13}"

    def directive(found: re.Match[str]) -> str:
        if found[1] not in _DIRECTIVES:
            raise InvalidArgumentError(
                f"date_format={date_format!r} has %{found[1]}, which is not supported in file names; "
                f"use %{', %'.join(_DIRECTIVES)}"
            )
        return _DIRECTIVES[found[1]]

    return re.sub(r"%(.)", directive, re.sub(r"[.^$*+?{}\[\]\\|()]", r"\\\g<0>", date_format))
