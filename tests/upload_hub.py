"""A Hub on loopback to which the real client commits: revisions, preupload, LFS upload and commit, with faults on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.hub_server import LoopbackServer

Fault = Callable[["Handler", str], bool]


class UploadHub(LoopbackServer):
    """One dataset with its revisions.

    Attributes:
        revisions: Commit -> path -> content, the latest last.
        uploads: SHA-256 -> content of the files that were uploaded before a commit.
        faults: Called with the handler and the name of each step; one that answers itself returns True.
        steps: The steps that were requested.
        fetched: The files that were downloaded.
    """

    def __init__(self, repository: str = "ann/history") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repository = repository
        self.revisions: dict[str, dict[str, bytes]] = {hashlib.sha1(b"0").hexdigest(): {}}
        self.uploads: dict[str, bytes] = {}
        self.faults: list[Fault] = []
        self.steps: list[str] = []
        self.fetched: list[str] = []
        self.subjects: list[str] = []
        self.committing = threading.Lock()

    @property
    def url(self) -> str:
        """Scheme and host."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def head(self) -> str:
        """The latest commit."""
        return list(self.revisions)[-1]

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the latest commit."""
        return self.revisions[self.head]

    def commit(self, files: dict[str, bytes]) -> str:
        """Add a revision."""
        name = hashlib.sha1(f"{self.head}{sorted(files)}".encode()).hexdigest()
        self.revisions[name] = files
        return name


@contextmanager
def running() -> Iterator[UploadHub]:
    """Serve in a thread."""
    server = UploadHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: UploadHub

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def say(self, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "content-type": "application/json",
            "content-length": str(len(data)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _is_faulty(self, step: str) -> bool:
        self.server.steps.append(step)
        return any(fault(self, step) for fault in list(self.server.faults))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        parts = unquote(urlsplit(self.path).path).strip("/").split("/")
        if self._is_faulty("read"):
            return
        if parts[:2] == ["api", "datasets"] and "/".join(parts[2:4]) == self.server.repository:
            commit = self._revision(parts[5] if len(parts) > 5 else "main")
            if commit is None:
                self.say({"error": "Revision not found"}, 404, {"x-error-code": "RevisionNotFound"})
            elif parts[4:5] == ["tree"]:
                files = self.server.revisions[commit]
                self.say([self._entry(name, content) for name, content in files.items()])
            else:
                self.say({"id": self.server.repository, "sha": commit, "private": False, "tags": [], "siblings": []})
        elif parts[0] == "datasets" and "resolve" in parts and "/".join(parts[1:3]) == self.server.repository:
            self._resolve(self._revision(parts[4]) or "", "/".join(parts[5:]))
        else:
            self.say({"error": "Repository not found"}, 404, {"x-error-code": "RepoNotFound"})

    def _revision(self, name: str) -> str | None:
        found = self.server.head if name == "main" else name
        return found if found in self.server.revisions else None

    def _entry(self, name: str, content: bytes) -> dict[str, Any]:
        entry = {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
        if name.endswith(".parquet"):
            entry["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 1}
        return entry

    def _resolve(self, commit: str, name: str) -> None:
        content = self.server.revisions.get(commit, {}).get(name)
        if content is None:
            self.say({"error": "Entry not found"}, 404, {"x-error-code": "EntryNotFound", "x-repo-commit": commit})
            return
        if self.command == "GET":
            self.server.fetched.append(name)
        self.say(content, headers={"x-repo-commit": commit, "etag": f'"{hashlib.sha1(content).hexdigest()}"'})

    def do_PUT(self) -> None:
        content = self._body()
        if self._is_faulty("upload"):
            return
        self.server.uploads[urlsplit(self.path).path.rpartition("/")[2]] = content
        self.say(b"")

    def do_POST(self) -> None:
        body = self._body()
        path = urlsplit(self.path).path
        if "/preupload/" in path:
            files = [{"path": one["path"], "shouldIgnore": False, "oid": None,
                      "uploadMode": "lfs" if one["path"].endswith(".parquet") else "regular"}
                     for one in json.loads(body)["files"]]  # fmt: skip
            if not self._is_faulty("preupload"):
                self.say({"files": files})
        elif path.endswith("/info/lfs/objects/batch"):
            objects = [{**one, "actions": {"upload": {"href": f"{self.server.url}/lfs/{one['oid']}"}}}
                       for one in json.loads(body)["objects"]]  # fmt: skip
            if not self._is_faulty("batch"):
                self.say({"transfer": "basic", "objects": objects})
        elif "/commit/" in path:
            if not self._is_faulty("commit"):
                self.commit_lines([json.loads(line) for line in body.splitlines()])
        elif path == "/api/validate-yaml":  # of a README.md, before its commit
            self.say({"warnings": [], "errors": []})
        else:
            self.say({"error": "Not Found"}, 404)

    def commit_lines(self, lines: list[dict[str, Any]], *, answer: bool = True) -> None:
        """Add a revision whose parent is the latest one."""
        with self.server.committing:
            header = lines[0]["value"]
            if header.get("parentCommit") not in (None, self.server.head):
                self.say({"error": "A commit has happened since. Please refresh and try again."}, 412)
                return
            files = dict(self.server.files)
            for line in lines[1:]:
                value = line["value"]
                if line["key"] == "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    files[value["path"]] = self.server.uploads[value["oid"]]
                else:
                    del files[value["path"]]
            self.server.subjects.append(header["summary"])
            commit = self.server.commit(files)
        if answer:
            url = f"{self.server.url}/datasets/{self.server.repository}/commit/{commit}"
            self.say({"success": True, "commitUrl": url, "commitOid": commit, "hookOutput": ""})
