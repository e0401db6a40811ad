"""Files at ``https://`` and ``hf://`` addresses, copied to this machine before they are read."""

from __future__ import annotations

import fnmatch
import hashlib
import re
import shutil
import tempfile
import weakref
from email.message import Message
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import quote, unquote, urljoin, urlsplit

import attrs

from ossgeo.errors import PanelError, SourceFormatError, SourceUnavailableError
from ossgeo.sources._datasets.remote import as_source_errors
from ossgeo.sources._files.formats import FORMATS, format_of
from ossgeo.sources._hub.credentials import Token, endpoint_of, headers_for
from ossgeo.sources._hub.http import Answer, Transport

LARGEST: Final = 500_000_000
"""Bytes of a file, and of all files of a folder, that are fetched."""

_REMOTE: Final = re.compile(r"(?i)(?:https?|hf)://")
_REPOSITORY: Final = re.compile(
    r"(?i)hf://(?:(?P<kind>datasets|spaces|models)/)?(?P<id>[^/@]+/[^/@]+)(?:@(?P<revision>[^/]+))?(?:/(?P<path>.*))?"
)
_PAGE: Final = re.compile(
    r"/(?:(?P<kind>datasets|spaces)/)?(?P<id>[^/]+/[^/]+)/(?:resolve|raw|blob|tree)/(?P<revision>[^/]+)(?:/(?P<path>.*))?"
)
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 5
_TIMEOUT: Final = 300.0
_PATIENCE: Final = 60.0
_DEADLINE: Final = 600.0
_KINDS: Final = {"text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/json": ".json",
                 "application/x-ndjson": ".jsonl", "application/jsonl": ".jsonl"}  # fmt: skip


class TemporaryFolder:
    """A folder that is removed with this object, or when the process ends.

    Attributes:
        path: The folder.
    """

    __slots__ = ("__weakref__", "path")

    def __init__(self) -> None:
        """Make the folder."""
        self.path = Path(tempfile.mkdtemp(prefix="ossgeo-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


@attrs.frozen
class LocalCopy:
    """Files of a web address on this machine.

    Attributes:
        path: The file, or the folder that holds the files.
        identity: A text that changes with the content, for the fingerprint of the panel.
        kept: The object that holds the files; they are removed with it. None for the Hub's cache, which keeps them.
    """

    path: Path
    identity: str
    kept: TemporaryFolder | None = None


def is_remote(source: object) -> bool:
    """Return whether a source is a web address or an address of the Hub's file system."""
    return isinstance(source, str) and _REMOTE.match(source) is not None


def local_copy(address: str, pattern: str | None) -> LocalCopy:
    """Fetch the files of an address.

    Files of the Hub come from its cache if they are there. The token of this machine is sent to the Hub only.

    Args:
        address: ``https://...``, or ``hf://datasets/OWNER/NAME[@REVISION][/PATH]``, where the path is a file or a folder.
        pattern: The files of a folder.

    Raises:
        SourceUnavailableError: It cannot be reached, does not exist, or takes too long.
        SourceFormatError: It is larger than 500 MB, or is not such an address.
        PanelError: The format of the file is not known.
    """
    place = _REPOSITORY.fullmatch(address)
    if place is None and address[:5].lower() == "hf://":
        raise SourceFormatError(
            f"{address[:200]!r} must be hf://datasets/OWNER/NAME/PATH or the address of another repository"
        )
    parts = urlsplit(address)
    if place is None and f"{parts.scheme}://{parts.netloc}" == endpoint_of(None):
        place = _PAGE.fullmatch(unquote(parts.path))
    if place is None:
        return _downloaded(address)
    kind = (place["kind"] or "models").lower().removesuffix("s")
    return _from_hub(
        cast("_RepositoryKind", kind),
        place["id"],
        unquote(place["revision"] or "main"),
        (place["path"] or "").strip("/"),
        pattern,
    )


_RepositoryKind = Literal["dataset", "space", "model"]


def _from_hub(kind: _RepositoryKind, repository: str, revision: str, path: str, pattern: str | None) -> LocalCopy:
    """Return a file or a folder of a repository in the Hub's cache."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    endpoint = endpoint_of(None)
    names = [path] if format_of(Path(path)) else _listed(endpoint, f"{kind}s/{repository}", revision, path, pattern)
    files = []
    for name in names:
        with as_source_errors(f"hf://{kind}s/{repository}/{name}"):
            url = hf_hub_url(repository, name, repo_type=kind, revision=revision, endpoint=endpoint)
            if name == path and (get_hf_file_metadata(url, endpoint=endpoint).size or 0) > LARGEST:
                raise SourceFormatError(f"{url} is larger than {LARGEST:,} bytes; download it and read the file")
            files.append(Path(hf_hub_download(repository, name, repo_type=kind, revision=revision, endpoint=endpoint)))
    root = files[0].parents[len(Path(names[0]).parts) - 1]  # the folder of the commit
    identity = ",".join([root.name, *names])
    return LocalCopy(root / path, identity)


def _listed(endpoint: str, repository: str, revision: str, path: str, pattern: str | None) -> list[str]:
    """Return the data files below a folder of a repository."""
    transport = Transport(endpoint, headers_for(endpoint, Token(None)), patience=_PATIENCE, deadline=_DEADLINE)
    address = f"api/{repository}/tree/{quote(revision, safe='')}/{quote(path)}".rstrip("/")
    entries: list[dict[str, Any]] = []
    for answer, _ in transport.pages(address, params=[("recursive", "true")]):
        page = answer.json()
        entries += [entry for entry in page if isinstance(entry, dict) and entry.get("type") == "file"]
    found = {
        str(entry["path"]): int(entry.get("size") or 0)
        for entry in entries
        if format_of(Path(entry["path"])) and fnmatch.fnmatchcase(Path(entry["path"]).name, pattern or "*")
    }
    if not found:
        raise SourceUnavailableError(
            f"hf://{repository}/{path} holds no file {pattern or 'of a known format'} ({', '.join(FORMATS)})"
        )
    if (size := sum(found.values())) > LARGEST:
        raise SourceFormatError(
            f"hf://{repository}/{path} holds {size:,} bytes, more than {LARGEST:,}; choose files with pattern=, "
            "or download it with `hf download` and read the folder"
        )
    return sorted(found)


def _downloaded(address: str) -> LocalCopy:
    """Return the file of a web address in a temporary folder; no token is sent."""
    answer = _fetched(address)
    name = _name_of(answer)
    if name.lower().endswith(".gz") and not answer.content.startswith(b"\x1f\x8b"):
        name = name[:-3]  # the transfer was compressed, and has been undone
    if format_of(Path(name)) is None:
        place = _shown(address)
        raise PanelError.of(
            place, f"gives a file {name!r} of an unknown format", f"known endings are {', '.join(FORMATS)}"
        )
    kept = TemporaryFolder()
    file = kept.path / name
    file.write_bytes(answer.content)
    return LocalCopy(file, f"{name}:{hashlib.sha256(answer.content).hexdigest()}", kept)


def _fetched(address: str) -> Answer:
    """Return the answer of an address after redirects, also to other hosts."""
    for _ in range(_MOST_REDIRECTS + 1):
        parts = urlsplit(address)
        endpoint = endpoint_of(f"{parts.scheme}://{parts.netloc}")
        transport = Transport(
            endpoint,
            headers_for(endpoint, Token(False)),
            timeout=_TIMEOUT,
            patience=_PATIENCE,
            deadline=_DEADLINE,
            largest=LARGEST,
        )
        answer = transport.get(address, accepted=_REDIRECTS)
        location = answer.headers.get("location")
        if answer.status not in _REDIRECTS or not location:
            return answer
        following = urljoin(address, location)
        if not following.startswith(f"{parts.scheme}://") and not following.startswith("https://"):
            break
        address = following
    raise SourceFormatError(
        f"{_shown(address)}: redirects {_MOST_REDIRECTS} times or to another scheme, which is not followed"
    )


def _name_of(answer: Answer) -> str:
    """Return the name of a fetched file: from its address, or from the headers if the address has no known ending."""
    name = Path(unquote(urlsplit(answer.url).path)).name or "data"
    if format_of(Path(name)) is not None:
        return name
    message = Message()
    message["content-disposition"] = answer.headers.get("content-disposition", "")
    given = Path(str(message.get_filename() or "").replace("\\", "/")).name
    if given and format_of(Path(given)) is not None:
        return given
    return name + _KINDS.get(answer.headers.get("content-type", "").partition(";")[0].strip().lower(), "")


def _shown(address: str) -> str:
    """Return an address for a message: without user, password and query."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"[:200]
