"""An image registry on this machine, as the OCI distribution specification has it."""

from __future__ import annotations

import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self


class FakeRegistry:
    """Manifests and blobs by digest, tags by name, behind the anonymous token that public registries hand out."""

    def __init__(self, *, asks_for_token: bool = True, hands_token: bool = True) -> None:
        self.asks_for_token = asks_for_token
        self.hands_token = hands_token
        self.tags: dict[str, str] = {}
        self.content: dict[str, bytes] = {}
        self.says_digest = True
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def keep(self, document: Any) -> str:
        content = json.dumps(document).encode()
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.content[digest] = content
        return digest

    def push(self, tag: str, *, platforms: tuple[str, ...] = ("linux/amd64",), size: int = 1000, **config: Any) -> str:
        """An image, as an index where it is for several platforms; gives its digest."""
        manifests = {platform: self._manifest(platform, size, config) for platform in platforms}
        digest = next(iter(manifests.values()))
        if len(platforms) > 1:
            entries = [
                {"digest": one, "platform": dict(zip(("os", "architecture"), name.split("/"), strict=True))}
                for name, one in manifests.items()
            ]
            digest = self.keep({"schemaVersion": 2, "manifests": entries})
        self.tags[tag] = digest
        return digest

    def _manifest(self, platform: str, size: int, config: dict[str, Any]) -> str:
        system, architecture = platform.split("/")
        described = self.keep({"os": system, "architecture": architecture, "config": config})
        return self.keep({"schemaVersion": 2, "config": {"digest": described}, "layers": [{"size": size}]})


def _handler(registry: FakeRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            registry.requests.append(f"{self.command} {self.path}")
            if self.path.startswith("/token"):
                self._send(200 if registry.hands_token else 403, json.dumps({"token": "anonymous"}).encode())
                return
            if registry.asks_for_token and self.headers.get("Authorization") != "Bearer anonymous":
                realm = f'Bearer realm="http://{registry.host}/token",service="here",scope="repository:acme/joe:pull"'
                self._send(401, b"", {"WWW-Authenticate": realm})
                return
            name = self.path.rpartition("/")[2]
            digest = registry.tags.get(name, name)
            if digest not in registry.content:
                self._send(404, b"")
                return
            self._send(200, registry.content[digest], {"Docker-Content-Digest": digest} if registry.says_digest else {})

        do_GET = do_HEAD = _serve  # noqa: N815 - the base class calls them so

        def _send(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    return Handler
