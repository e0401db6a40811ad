"""The files of a source: on this machine, or fetched from an address."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from pathlib import Path

import attrs

from ossgeo.errors import InvalidArgumentError, PanelError, SourceUnavailableError
from ossgeo.sources._files.formats import COMPRESSED, FORMATS, format_of
from ossgeo.sources._files.remote_files import is_remote, local_copy


@attrs.frozen
class Location:
    """The files of a source.

    Attributes:
        path: The file, or the folder that holds the files.
        files: The files in order of their names, all of one format.
        title: The source in words; an address without its query.
        identity: A text that changes with the content.
        kept: An object that must live as long as the files.
    """

    path: Path
    files: list[Path]
    title: str
    identity: str
    kept: object = None


def located(source: str | Path, pattern: str | None) -> Location:
    """Return the files of a path, or of an address ``https://`` or ``hf://``.

    Args:
        source: The path or address.
        pattern: The files of a folder, such as ``*.csv``.

    Raises:
        SourceUnavailableError: It does not exist, or cannot be reached.
        SourceFormatError: The address is too large or has another form.
        PanelError: The format is not known, or there are several.
    """
    if isinstance(source, str) and not source.strip():
        raise InvalidArgumentError(f"source must name a file, a folder or an address, got {source!r}")
    if isinstance(source, str) and is_remote(source):
        copy = local_copy(source, pattern)
        title = source.partition("?")[0]
        return Location(copy.path, data_files(copy.path, pattern), title, copy.identity, copy.kept)
    if isinstance(source, str) and "://" in source:
        raise SourceUnavailableError(
            f"{source} cannot be read: addresses begin with https:// or hf://datasets/; give a path, or a dataframe of its rows"
        )
    path = Path(source)
    files = data_files(path, pattern)
    states = [(file.name, file.stat()) for file in files]
    identity = ",".join(f"{name}:{state.st_size}:{state.st_mtime_ns}" for name, state in states)
    return Location(path, files, str(source), identity)


def _below(folder: Path, pattern: str) -> Iterable[Path]:
    """Return what is below a folder, and below the folders that links in it lead to; each file once."""
    root, waiting = folder.resolve(), [folder]
    seen, found, real = {root}, dict[tuple[Path, str], Path](), functools.cache(Path.resolve)
    while waiting:
        here = waiting.pop(0)
        for file in here.rglob(pattern):
            found.setdefault((real(file.parent), file.name), file)
        for link in (one for one in here.rglob("*") if one.is_symlink() and one.is_dir()):
            target = link.resolve()
            if target not in seen and not root.is_relative_to(target):
                seen.add(target)
                waiting.append(link)
    return found.values()


def data_files(path: Path, pattern: str | None) -> list[Path]:
    """Return the files of a source, in order of their names, all of one format.

    Args:
        path: A file or a folder, with the folders that links in it lead to; below a folder, names that begin with ``.`` or
            ``_`` are not data, and Markdown only if the pattern asks for it.
        pattern: The files of a folder, such as ``*.csv``.

    Raises:
        SourceUnavailableError: The file does not exist.
        PanelError: The format is not known, or there are several.
        InvalidArgumentError: The pattern is not relative.
    """
    endings = f"{', '.join(FORMATS)}; also {' and '.join(COMPRESSED)} after the text formats"
    try:
        if path.is_file():
            if format_of(path) is None:
                raise PanelError.of(str(path), f"has the unknown ending {path.suffix!r}", f"known are {endings}")
            if pattern is not None and not path.match(pattern):
                raise PanelError.of(
                    str(path), f"is a file that pattern={pattern!r} does not match", "leave pattern= out"
                )
            return [path]
        if not path.exists():
            beside = [one.name for one in path.parent.iterdir()] if path.parent.is_dir() else []
            near = difflib.get_close_matches(path.name, beside, n=2)
            hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
            raise SourceUnavailableError(f"{path} does not exist{hint}")
        found = sorted(
            file
            for file in _below(path, pattern or "*")
            if format_of(file) not in (None, *(["markdown"] if pattern is None else []))
            and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
            and (file.is_file() or (file.is_symlink() and not file.exists()))
        )
        if broken := next((file for file in found if not file.exists()), None):
            raise SourceUnavailableError(
                f"{broken} is a link to a file that does not exist; restore the file or remove the link"
            )
    except NotImplementedError as error:  # of pathlib
        raise InvalidArgumentError(
            f"pattern must be relative to the folder, such as '*.csv', got {pattern!r}"
        ) from error
    except OSError as error:
        if isinstance(error, SourceUnavailableError):
            raise
        raise SourceUnavailableError(f"{str(path)[:200]} cannot be read: {error.strerror}") from error
    if not found:
        raise SourceUnavailableError(f"{path} holds no file {pattern or 'of a known format'} ({endings})")
    kinds = sorted({str(format_of(file)) for file in found})
    if len(kinds) > 1:
        endings = " or ".join(f"pattern='*{ending}'" for ending in sorted({file.suffix for file in found}))
        raise PanelError.of(str(path), f"holds files of several formats: {', '.join(kinds)}", f"choose with {endings}")
    return found
