"""A store in a dataset of the Hub: a working copy on this machine, and commits that have the last revision as parent."""

from __future__ import annotations

import datetime as dt
import os
import random
import re
import shutil
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import attrs

from ossgeo.errors import Fault, InvalidArgumentError, SourceUnavailableError, StoreError
from ossgeo.sources._datasets.remote import as_source_errors
from ossgeo.sources._hub.credentials import Token, endpoint_of, headers_for
from ossgeo.sources._store.counters import ALL_TIME
from ossgeo.sources._store.layout import (
    FACTS,
    KINDS,
    MANIFEST,
    MARK,
    MODELS,
    SNAPSHOTS,
    data_folders,
    files_of,
    inside,
    temporary,
)
from ossgeo.sources._store.manifest import Manifest, Snapshot, read_manifest

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

T = TypeVar("T")

Needed = Callable[[Manifest], Iterable[str]]
"""The files that an operation reads."""

_ADDRESS: Final = re.compile(r"hf://datasets/([^/@]+/[^/@]+?)(?:@([^/]+))?/?")
_ATTEMPTS: Final = 8
_PAUSE: Final = 0.5
_REFUSED: Final = (400, 401, 403, 404, 413, 422)


@attrs.frozen
class RemoteStore:
    """A dataset of the Hub that holds a store.

    Attributes:
        repository: ``owner/name``.
        revision: A branch, tag or commit that is read; None for the latest one, which can be written.
        endpoint: Scheme and host.
        token: The token.
        folder: The working copy: the manifest, and the files that were needed so far.
    """

    repository: str
    revision: str | None
    endpoint: str
    token: Token
    folder: Path

    @classmethod
    def of(cls, address: str, *, endpoint: str | None, token: str | bool | None) -> RemoteStore:
        """Return the store at an address ``hf://datasets/OWNER/NAME[@REVISION]``.

        Args:
            address: The address.
            endpoint: Scheme and host; None for huggingface_hub's own.
            token: See ``Hub``.

        Raises:
            InvalidArgumentError: The address has another form.
        """
        from huggingface_hub import cached_assets_path

        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise InvalidArgumentError(f"path must be a folder or hf://datasets/OWNER/NAME, got {address!r}")
        base = endpoint_of(endpoint)
        place = re.sub(r"\W+", "-", f"{base}/{found[1]}@{found[2] or 'main'}")
        folder = Path(cached_assets_path("ossgeo", "stores", place))
        return cls(found[1], found[2], base, Token(token), folder)

    @property
    def api(self) -> HfApi:
        """The client; the token goes to the endpoint only."""
        from huggingface_hub import HfApi

        headers_for(self.endpoint, self.token)  # warns before a token is sent in the open
        return HfApi(endpoint=self.endpoint, token=self.token.resolve() or False)

    def pull(self, needed: Needed) -> str:
        """Fetch the manifest and the files that are needed, of one revision.

        Files of the working copy that the manifest does not name are removed: they were never committed.

        Args:
            needed: The files that are needed.

        Returns:
            The commit.

        Raises:
            SourceUnavailableError: The dataset does not exist or cannot be reached.
            StoreError: The manifest cannot be read.
        """
        from huggingface_hub.errors import EntryNotFoundError

        with as_source_errors(self.repository):
            found = self.api.repo_info(self.repository, repo_type="dataset", revision=self.revision)
        commit = str(found.sha)
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._fetch(MANIFEST, commit)
        except EntryNotFoundError:
            (self.folder / MANIFEST).unlink(missing_ok=True)
            self._remove_uncommitted(Manifest())
            return commit
        manifest = read_manifest(self.folder)
        self._remove_uncommitted(manifest)
        for name in needed(manifest):
            if not inside(self.folder, name).is_file():
                try:
                    self._fetch(name, commit)
                except EntryNotFoundError as error:
                    raise StoreError(f"{self.repository} has no {name}, which its manifest names") from error
        return commit

    def change(self, action: Callable[[], T], needed: Needed) -> T:
        """Change the working copy and commit the change; a commit of another writer in between is never overwritten.

        Args:
            action: Changes the working copy; it is repeated on the new revision after another writer's commit.
            needed: The files that the action reads.

        Returns:
            The result of the action.

        Raises:
            StoreError: The store is read at a fixed revision, the Hub refuses the commit, or all attempts failed.
            SourceUnavailableError: The dataset does not exist or cannot be reached.
        """

        def attempt() -> tuple[T, str]:
            commit = self.pull(needed)
            before = read_manifest(self.folder)
            result = action()
            after = read_manifest(self.folder)
            reason = "" if after == before else self._commit(before, after, commit)
            return result, "" if not reason or self._has_landed(before, after) else reason

        return self._repeated(attempt)

    def verify(self) -> tuple[Fault, ...]:
        """Compare the hashes that the Hub keeps with the manifest; nothing but the manifest is downloaded.

        Returns:
            The files that are missing in the dataset, or differ from the manifest.

        Raises:
            SourceUnavailableError: The dataset does not exist or cannot be reached.
        """
        commit = self.pull(lambda _: ())
        manifest = read_manifest(self.folder)
        with as_source_errors(self.repository):
            listed = list(
                self.api.list_repo_tree(self.repository, repo_type="dataset", revision=commit, recursive=True)
            )
        hashes = {entry.path: getattr(getattr(entry, "lfs", None), "sha256", None) for entry in listed}
        files = {name: sha256 for one in manifest.snapshots for name, sha256 in one.files.items()}
        remedy = "restore it from another copy of the store, or remove() it from use"
        missing = [Fault(name, "is missing in the dataset", remedy) for name in files if name not in hashes]
        changed = [
            Fault(name, f"was changed: its SHA-256 is {found[:12]}, not {sha256[:12]}", remedy)
            for name, sha256 in files.items()
            if (found := hashes.get(name)) and found != sha256
        ]
        return (*missing, *changed)

    def _fetch(self, name: str, commit: str) -> None:
        """Place a file of a commit into the working copy; it comes from the Hub's cache if it is there."""
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError

        try:
            with as_source_errors(f"{self.repository}/{name}"):
                cached = hf_hub_download(
                    self.repository, name, repo_type="dataset", revision=commit, endpoint=self.endpoint,
                    token=self.token.resolve() or False,
                )  # fmt: skip
        except SourceUnavailableError as error:
            if isinstance(error.__cause__, EntryNotFoundError):
                raise error.__cause__ from None
            raise
        target = inside(self.folder, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = temporary(target)
        shutil.copyfile(cached, partial)
        os.replace(partial, target)

    def _remove_uncommitted(self, manifest: Manifest) -> None:
        known = {name for one in manifest.snapshots for name in one.files}
        marks = {one.file + MARK for one in manifest.removed}
        for data in data_folders(self.folder):
            for name in (name for kind in KINDS for name in files_of(self.folder, data, kind)):
                if name not in known:
                    inside(self.folder, name).unlink()
            for mark in (self.folder / data / SNAPSHOTS).glob(f"*{MARK}"):
                if f"{data}/{SNAPSHOTS}/{mark.name}" not in marks:
                    mark.unlink()

    def put(self, files: Mapping[str, bytes]) -> None:
        """Commit files beside the snapshots; they replace older ones.

        Args:
            files: The content of each file, by name.

        Raises:
            StoreError: The store is read at a fixed revision, the Hub refuses the commit, or all attempts failed.
            SourceUnavailableError: The dataset does not exist or cannot be reached.
        """
        from huggingface_hub import CommitOperationAdd

        operations = [CommitOperationAdd(name, content) for name, content in files.items()]

        def attempt() -> tuple[None, str]:
            parent = self.pull(lambda _: ())
            return None, self._create(operations, f"Write {', '.join(files)}", parent)

        self._repeated(attempt)

    def _repeated(self, attempt: Callable[[], tuple[T, str]]) -> T:
        """Repeat a commit until it is part of the dataset, with growing pauses.

        Args:
            attempt: Returns its result, and why the commit may not be part of the dataset: empty after success.

        Raises:
            StoreError: The store is read at a fixed revision, or all attempts failed.
        """
        if self.revision is not None:
            raise StoreError(f"{self.repository} is read at {self.revision}; leave @{self.revision} out to write")
        reason = ""
        for number in range(_ATTEMPTS):
            result, reason = attempt()
            if not reason:
                return result
            time.sleep(_PAUSE * 2**number * random.uniform(0.5, 1))  # noqa: S311  # so that two writers do not meet again
        raise StoreError(f"{self.repository} was not changed after {_ATTEMPTS} attempts: {reason}")

    def _commit(self, before: Manifest, after: Manifest, parent: str) -> str:
        """Commit the difference of two manifests; see :meth:`_create`."""
        from huggingface_hub import CommitOperationAdd, CommitOperationDelete

        added, removed, subject = _changed_files(before, after)
        operations: list[CommitOperationAdd | CommitOperationDelete] = [
            *(CommitOperationAdd(name, inside(self.folder, name)) for name in added),
            *(CommitOperationDelete(name) for name in removed),
        ]
        return self._create(operations, subject, parent)

    def _create(
        self, operations: Sequence[CommitOperationAdd | CommitOperationDelete], subject: str, parent: str
    ) -> str:
        """Create one commit.

        Returns:
            Empty after success; else why it may not have been committed.

        Raises:
            StoreError: The Hub refuses it.
        """
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of the client's own upload
                self.api.create_commit(
                    self.repository, list(operations), commit_message=subject, repo_type="dataset", parent_commit=parent
                )
        except HfHubHTTPError as error:
            status = error.response.status_code
            if status in _REFUSED:  # not 409 and 412, another commit in between
                raise StoreError(
                    f"{self.repository} cannot be written: the Hub answers {status}; check the token and its rights"
                ) from error
            return f"the Hub answered {status}"
        except OfflineModeIsEnabled as error:
            raise StoreError(f"{self.repository} cannot be written: the Hub's offline mode is on") from error
        except (httpx2.HTTPError, OSError, RuntimeError, ValueError) as error:
            return f"{_first_cause(error)} while it was uploaded"
        return ""

    def _has_landed(self, before: Manifest, after: Manifest) -> bool:
        """Return whether a commit whose answer was lost is part of the dataset."""
        wanted = [one for one in after.snapshots if one not in before.snapshots]
        try:
            self.pull(lambda _: ())
        except SourceUnavailableError:
            return False
        there = read_manifest(self.folder)
        return all(one in there.snapshots for one in wanted) and {*after.gaps} <= {*there.gaps}


def _first_cause(error: BaseException) -> str:
    """Return the kind of the error at the beginning of a chain; its text may be a foreign library's."""
    while error.__cause__ is not None:
        error = error.__cause__
    return type(error).__name__


def _changed_files(before: Manifest, after: Manifest) -> tuple[list[str], list[str], str]:
    """Return the files to upload and to delete, and the subject of the commit."""
    old, new = _files(before), _files(after)
    known = {one.file for one in before.snapshots}
    changed = [one for one in after.snapshots if one not in before.snapshots]
    parts = [f"Add the snapshot of {one.date}" for one in changed if one.file not in known and not one.removed]
    parts += [f"Remove the snapshot of {one.date}" for one in changed if one.removed]
    if before.data != after.data:
        parts = ["Write the store again"]
    elif before.gaps != after.gaps:
        parts.append("Note days without an observation")
    return [*sorted(new - old), MANIFEST], sorted(old - new), "; ".join(parts)


def _files(manifest: Manifest) -> set[str]:
    """Return all files of a store but the manifest."""
    names = {name for one in manifest.snapshots for name in one.files}
    return names | {one.file + MARK for one in manifest.removed} | {name for name in manifest.models[:1] if name}


def for_adding(observed_at: dt.datetime | None) -> Needed:
    """Return the files that adding a snapshot of a time reads: the dictionary, and what changed since the last full snapshot.

    All are needed if the new snapshot is not the latest.

    Args:
        observed_at: The time of the new snapshot (UTC); None if it is not known.
    """

    def needed(manifest: Manifest) -> Iterable[str]:
        if not manifest.used:
            return every_file(manifest)
        last = manifest.used[-1]
        if observed_at is not None and observed_at <= manifest.snapshots[-1].observed_at:
            return every_file(manifest)
        chain = manifest.chain_of(last)
        hashed = bool(chain) and bool(chain[0].columns) and not chain[0].removed
        recent = [one for one in manifest.snapshots if not hashed or one.observed_at > chain[0].observed_at]
        facts = [name for one in recent for name in one.parts_of(FACTS)]
        return [*_models(manifest), *facts, *(one.file for one in chain)]

    return needed


def for_models(manifest: Manifest) -> Iterable[str]:
    """Return the files that state the facts about models.

    Args:
        manifest: The content of the manifest.
    """
    keys = [one.keys for one in manifest.snapshots]
    if manifest.layout == 1 or manifest.removed or keys != sorted(keys):
        return every_file(manifest)
    return [*_models(manifest), *(name for one in manifest.snapshots for name in one.parts_of(FACTS))]


def for_snapshots(chosen: Callable[[Manifest], Iterable[Snapshot]]) -> Needed:
    """Return the files that reading some snapshots needs, with their models.

    Args:
        chosen: The snapshots.
    """

    def needed(manifest: Manifest) -> Iterable[str]:
        some = list(chosen(manifest))
        chains = {one.chain for one in some if one.chain and ALL_TIME in one.totals}
        return dict.fromkeys(
            [
                *for_models(manifest),
                *(one.file for one in some),
                *(one.file for one in manifest.snapshots if one.chain in chains),
            ]
        )

    return needed


def every_file(manifest: Manifest) -> Iterable[str]:
    """Return all files.

    Args:
        manifest: The content of the manifest.
    """
    return [name for one in manifest.snapshots for name in one.files]


def _models(manifest: Manifest) -> list[str]:
    return [name for one in manifest.dictionary for name in one.parts_of(MODELS)]
