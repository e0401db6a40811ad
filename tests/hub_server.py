"""A Hub on loopback: list, model, overview, tree and resolve endpoints, with the faults of the real one on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

Fault = Callable[["Handler"], bool]
LISTED = {
    "author", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime", "evalResults", "gated",
    "gguf", "inference", "inferenceProviderMapping", "lastModified", "library_name", "likes", "mask_token",
    "model-index", "pipeline_tag", "private", "resourceGroup", "safetensors", "sha", "siblings", "spaces", "tags",
    "transformersInfo", "trendingScore", "widgetData",
}  # fmt: skip
"""Fields that huggingface_hub 2.4 documents for ``list_models(expand=...)``; the Hub refuses all others in lists."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def entry(name: str, downloads: Any = 100, **more: Any) -> dict[str, Any]:
    """A model as the Hub lists it."""
    made = {
        "_id": hashlib.sha256(name.encode()).hexdigest()[:24],
        "id": name,
        "author": name.split("/", maxsplit=1)[0],
        "createdAt": "2025-05-26T09:12:25.000Z",
        "downloads": downloads,
        "downloadsAllTime": downloads * 10,
        "gated": False,
        "private": False,
        "disabled": False,
        "likes": 3,
        "pipeline_tag": "text-generation",
        "library_name": "transformers",
        "safetensors": {"parameters": {"BF16": 8_000_000_000}, "total": 8_000_000_000},
        "tags": ["transformers", "license:apache-2.0", "region:us"],
        "baseModels": None,
    }
    return made | more


class LoopbackServer(ThreadingHTTPServer):
    """A server whose clients may end a connection early, which is no error of the server."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print the traceback of every error but that of an ended connection."""
        if not isinstance(sys.exception(), ConnectionError):
            with suppress(OSError, ValueError):  # the output of a test that has ended is closed
                super().handle_error(request, client_address)


class FakeHub(LoopbackServer):
    """The Hub's state, and what it was asked.

    Attributes:
        models: Entries by id.
        moved: Old id -> new id.
        private: Ids that answer 401, and gated ones that answer 403.
        overviews: Namespace -> (kind, overview).
        files: Dataset -> path -> bytes.
        page: Largest number of models on a page.
        linked: Scheme and host that links to the next page name; default: its own.
        faults: Asked before each answer, first to last; one that answers itself returns True.
        asked: Path and Authorization header of every request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.models: dict[str, dict[str, Any]] = {}
        self.moved: dict[str, str] = {}
        self.refused: dict[str, int] = {}
        self.overviews: dict[str, tuple[str, dict[str, Any]]] = {}
        self.files: dict[str, dict[str, Path]] = {}
        self.page = 1000
        self.pages: list[bytes] | None = None
        self.linked: str | None = None
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        """Scheme and host."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, *entries: dict[str, Any]) -> None:
        """Add models."""
        self.models |= {one["id"]: one for one in entries}


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    server: FakeHub

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.asked.append((self.path, self.headers.get("authorization")))
        parts = urlsplit(self.path).path.strip("/").split("/")
        if "paths-info" in parts:
            repository = "/".join(parts[2:4])
            given = parse_qs(body.decode()).get("paths") or json.loads(body or b"{}").get("paths", [])
            wanted = [given] if isinstance(given, str) else given
            files = self.server.files.get(repository, {})
            self.say([self._file(name, files[name]) for name in wanted if name in files] + [
                {"type": "directory", "path": name, "oid": COMMIT} for name in wanted
                if any(path.startswith(f"{name}/") for path in files)
            ])  # fmt: skip
            return
        self.say({"error": "Not Found"}, 404)

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("authorization")))
        for fault in list(self.server.faults):
            if fault(self):
                return
        path = unquote(urlsplit(self.path).path)
        query = parse_qs(urlsplit(self.path).query)
        parts = path.strip("/").split("/")
        if path == "/api/models":
            self._list(query)
        elif parts[:2] == ["api", "models"]:
            self._model("/".join(parts[2:]))
        elif parts[-1] == "overview" and parts[1] in ("organizations", "users"):
            self._overview(parts[1], parts[2])
        elif parts[:2] == ["api", "datasets"]:
            self._dataset("/".join(parts[2:4]), parts[4:])
        elif parts[0] == "datasets" and "resolve" in parts:
            self._resolve("/".join(parts[1:3]), "/".join(parts[5:]))
        else:
            self.say({"error": "Not Found"}, 404)

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

    def _list(self, query: dict[str, list[str]]) -> None:
        start = int(base64.urlsafe_b64decode(query["cursor"][0])) if "cursor" in query else 0
        limit = min(int(query.get("limit", ["1000"])[0]), self.server.page)
        limits = {"ratelimit": '"api";r=495;t=23', "ratelimit-policy": '"fixed window";"api";q=500;w=300'}
        if self.server.pages is not None:  # made beforehand, for benchmarks
            place = start // limit
            if place + 1 < len(self.server.pages):
                limits["link"] = self._link(start + limit, limit, query)
            self.say(self.server.pages[place], headers=limits)
            return
        listed = [one for one in self.server.models.values() if query.get("author", [one["author"]]) == [one["author"]]]
        fields = query.get("expand[]", [])
        if unknown := [place for place, field in enumerate(fields) if field not in LISTED]:
            said = (
                f"Invalid option: expected one of {'|'.join(map(json.dumps, sorted(LISTED)))} at expand[{unknown[0]}]"
            )
            self.say({"error": said}, 400)
            return
        if fields:
            listed = [{name: one[name] for name in ("_id", "id", *fields) if name in one} for one in listed]
        if "sort" in query:
            listed.sort(key=lambda one: -one["downloads"] if isinstance(one["downloads"], int) else 0)
        if start + limit < len(listed):
            limits["link"] = self._link(start + limit, limit, query)
        self.say(listed[start : start + limit], headers=limits)

    def _link(self, start: int, limit: int, query: dict[str, list[str]]) -> str:
        cursor = quote(base64.urlsafe_b64encode(str(start).encode()).decode())
        kept = "".join(f"&{key}={quote(value)}" for key in ("author", "sort") for value in query.get(key, []))
        return f'<{self.server.linked or self.server.url}/api/models?limit={limit}{kept}&cursor={cursor}>; rel="next"'

    def _model(self, name: str) -> None:
        if name in self.server.moved:
            self.say(b"", 307, {"location": f"/api/models/{self.server.moved[name]}"})
        elif name in self.server.refused:
            self.say({"error": "Access is restricted"}, self.server.refused[name])
        elif name in self.server.models:
            self.say(self.server.models[name])
        else:
            self.say({"error": "Invalid username or password."}, 401)

    def _overview(self, kind: str, name: str) -> None:
        known = self.server.overviews.get(name)
        if known is None or known[0] != kind:
            self.say({"error": "Not Found"}, 404)
        else:
            self.say(known[1])

    def _dataset(self, repository: str, rest: list[str]) -> None:
        files = self.server.files.get(repository)
        if files is None:
            self.say({"error": "Repository not found"}, 404, {"x-error-code": "RepoNotFound"})
        elif rest[:1] == ["tree"]:
            below = "/".join(rest[2:])
            found = {name: path for name, path in files.items() if name.startswith(f"{below}/" if below else "")}
            if "recursive=true" in self.path.lower():
                self.say([self._file(name, path) for name, path in found.items()])
                return
            direct = [
                self._file(name, path) for name, path in found.items() if "/" not in name[len(below) :].strip("/")
            ]
            inner = {
                name[: name.index("/", len(below) + 1 if below else 0)]
                for name in found
                if "/" in name[len(below) :].strip("/")
            }
            self.say(direct + [{"type": "directory", "path": name, "oid": COMMIT} for name in sorted(inner)])
        else:
            siblings = [{"rfilename": name} for name in files]
            self.say(
                {
                    "id": repository,
                    "sha": COMMIT,
                    "private": False,
                    "tags": [],
                    "downloads": 0,
                    "likes": 0,
                    "siblings": siblings,
                }
            )

    def _file(self, name: str, path: Path) -> dict[str, Any]:
        return {
            "type": "file",
            "path": name,
            "size": path.stat().st_size,
            "oid": hashlib.sha256(name.encode()).hexdigest()[:40],
        }

    def _resolve(self, repository: str, name: str) -> None:
        path = self.server.files.get(repository, {}).get(name)
        if path is None:
            self.say({"error": "Entry not found"}, 404, {"x-error-code": "EntryNotFound", "x-repo-commit": COMMIT})
            return
        data = path.read_bytes()
        etag = hashlib.sha256(data).hexdigest()[:40]
        headers = {"x-repo-commit": COMMIT, "etag": f'"{etag}"', "accept-ranges": "bytes"}
        asked = self.headers.get("range")
        if not asked:
            self.say(data, headers=headers)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(data) - 1), len(data) - 1)
        headers["content-range"] = f"bytes {start}-{end}/{len(data)}"
        self.say(data[start : end + 1], 206, headers)


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    """Run a Hub on loopback."""
    server = FakeHub()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def once(body: Any, status: int, headers: dict[str, str] | None = None, *, times: int = 1, path: str = "") -> Fault:
    """Answer something else, so many times, to requests for a path."""
    left = [times]

    def fault(handler: Handler) -> bool:
        if left[0] and path in handler.path:
            left[0] -= 1
            handler.say(body, status, headers)
            return True
        return False

    return fault


def cut(handler: Handler) -> bool:
    """Cut the body of the first answer in the middle."""
    handler.server.faults.remove(cut)
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'[{"id": "half')
    handler.wfile.flush()
    handler.close_connection = True
    return True


def slow(seconds: float) -> Fault:
    """Be silent for a while before each answer."""

    def fault(handler: Handler) -> bool:
        time.sleep(seconds)
        return False

    return fault
