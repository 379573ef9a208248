"""A model hub on this machine: its interface for metadata, its bytes, and the other host that large ones come from."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlsplit

LARGE = 1000
"""Files of so many bytes and more are kept as Git LFS does."""

_PIECE = 10_000
_counting = threading.Lock()


@dataclass
class Repository:
    """The files of each commit by path; branches stand for commits."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: bool = False

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        name = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[name] = files
        self.branches[branch] = name
        return name


@dataclass
class HubServer:
    """What it holds, how it misbehaves, and what it was asked. asked: method, path and whether a token came.

    served: bytes that left it, by file.  busy: answers of 503 that come before the first good one.
    lies: content by path that is sent in place of the right one.  hold: after so many bytes nothing more
    leaves it, until this is None.
    """

    url: str = ""
    cdn: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    plain: dict[str, bytes] = field(default_factory=dict)
    lies: dict[str, bytes] = field(default_factory=dict)
    hashless: bool = False
    page: bool = False
    token: str = "hf_right"
    busy: int = 0
    hold: int | None = None
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    served: dict[str, int] = field(default_factory=dict)

    def repository(self, name: str) -> Repository:
        return self.repositories.setdefault(name, Repository())

    def is_held(self) -> bool:
        """Whether all that may leave has left."""
        return self.hold is not None and self.total_served() >= self.hold

    def total_served(self) -> int:
        return sum(self.served.values())


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def etag(content: bytes) -> str:
    return sha256(content) if len(content) >= LARGE else git_sha1(content)


@contextmanager
def hub_server(host: str = "127.0.0.1") -> Iterator[HubServer]:
    """Serve until the block ends."""
    hub = HubServer()
    servers = [_server(hub, host, handler) for handler in (_HubHandler, _CdnHandler)]
    hub.url, hub.cdn = (f"http://{host}:{server.server_address[1]}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hub: HubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave in the middle here: they are killed."""


def _server(hub: HubServer, host: str, handler: type[BaseHTTPRequestHandler]) -> _Server:
    server = _Server((host, 0), handler)
    server.hub = hub
    return server


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def hub(self) -> HubServer:
        assert isinstance(self.server, _Server)
        return self.server.hub

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Tests look at ``asked``."""

    def note(self) -> None:
        self.hub.asked.append((self.command, self.path, "Authorization" in self.headers))

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def give(self, name: str, content: bytes) -> None:
        """A file or a part of it, at the server's rate."""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start, end = (int(asked[1]), int(asked[2] or len(content) - 1) + 1) if asked else (0, len(content))
        body = content[start : min(end, len(content))]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{start + len(body) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{etag(content)}"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        if self.command == "HEAD":
            return
        for place in range(0, len(body), _PIECE):
            while self.hub.is_held():
                time.sleep(0.005)
            piece = body[place : place + _PIECE]
            with _counting:  # before it leaves: who has it knows that it was counted
                self.hub.served[name] = self.hub.served.get(name, 0) + len(piece)
            self.wfile.write(piece)


class _HubHandler(_Handler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.note()
        hub, path = self.hub, unquote(urlsplit(self.path).path)
        if path in hub.plain:
            self.give(path, hub.lies.get(path, hub.plain[path]))
        elif hub.page:
            self.answer(200, b"<html>Please log in</html>", Content_Type="text/html")
        elif hub.busy:
            hub.busy -= 1
            self.answer(503, Retry_After="0")
        elif named := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?", path):
            self._metadata(named[1], named[2] or "main")
        elif named := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(named[1], named[2], named[3])
        else:
            self.answer(404)

    def _metadata(self, name: str, revision: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self.answer(401, X_Error_Code="RepoNotFound")
            return
        if repository.gated and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self.answer(403, X_Error_Code="GatedRepo")
            return
        commit = repository.branches.get(revision, revision)
        if commit not in repository.commits:
            self.answer(404, X_Error_Code="RevisionNotFound")
            return
        files = repository.commits[commit]
        siblings = [_sibling(path, content, bare=self.hub.hashless) for path, content in sorted(files.items())]
        said = {"id": name, "modelId": name, "sha": commit, "private": False, "tags": [], "siblings": siblings}
        self.answer(200, json.dumps(said).encode(), Content_Type="application/json")

    def _file(self, name: str, revision: str, path: str) -> None:
        repository = self.hub.repositories[name]
        if repository.gated and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self.answer(403, X_Error_Code="GatedRepo")
            return
        commit = repository.branches.get(revision, revision)
        content = repository.commits[commit].get(path)
        if content is None:
            self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=commit)
        elif len(content) < LARGE:
            self.give(path, self.hub.lies.get(path, content))
        else:
            self.answer(
                302,
                Location=f"{self.hub.cdn}/{name}/{commit}/{quote(path)}?signature=SECRET",
                X_Repo_Commit=commit,
                X_Linked_Etag=f'"{etag(content)}"',
                X_Linked_Size=str(len(content)),
            )


class _CdnHandler(_Handler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.note()
        owner, name, commit, path = unquote(urlsplit(self.path).path)[1:].split("/", 3)
        content = self.hub.repositories[f"{owner}/{name}"].commits[commit][path]
        self.give(path, self.hub.lies.get(path, content))


def _sibling(path: str, content: bytes, *, bare: bool) -> dict[str, Any]:
    if bare:
        return {"rfilename": path}
    told: dict[str, Any] = {"rfilename": path, "size": len(content), "blobId": git_sha1(content)}
    if len(content) >= LARGE:
        told["lfs"] = {"size": len(content), "sha256": sha256(content), "pointerSize": 134}
    return told
