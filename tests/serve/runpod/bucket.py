"""A loopback bucket: as much of S3 as large results need, put whole or in parts, and fetched by a signed link."""

from __future__ import annotations

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit


class Bucket:
    """Serves while the block runs. objects: what was put, by ``/BUCKET/KEY``.  refuse: answers 403 to every request."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.objects: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.refuse = refuse
        bucket = self

        class Handler(_Handler):
            """Bound to this bucket."""

            of = bucket

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def endpoint(self) -> str:
        """Its URL."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def environment(self) -> dict[str, str]:
        """As users of the SDK set it."""
        return {
            "BUCKET_ENDPOINT_URL": self.endpoint,
            "BUCKET_ACCESS_KEY_ID": "id",
            "BUCKET_SECRET_ACCESS_KEY": "secret-of-the-bucket",
            "BUCKET_NAME": "results",
        }

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    of: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        place, query = self._asked()
        if "partNumber" in query:
            place += f"#{int(query['partNumber'][0]):05}"
        else:
            self.of.types[place] = self.headers.get("Content-Type", "")
        self.of.objects[place] = body
        self._answer(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        place, query = self._asked()
        if "uploads" in query:
            self.of.types[place] = self.headers.get("Content-Type", "")
            self._answer(_xml("InitiateMultipartUploadResult", Bucket="results", Key=place, UploadId="1"))
            return
        parts = sorted(name for name in self.of.objects if re.fullmatch(re.escape(place) + r"#\d+", name))
        self.of.objects[place] = b"".join(self.of.objects.pop(name) for name in parts)
        self._answer(_xml("CompleteMultipartUploadResult", Bucket="results", Key=place, ETag="e"))

    def do_GET(self) -> None:
        place, query = self._asked()
        assert "X-Amz-Signature" in query
        self._answer(self.of.objects[place])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        url = urlsplit(self.path)
        return url.path, parse_qs(url.query, keep_blank_values=True)

    def _answer(self, body: bytes) -> None:
        self.send_response(403 if self.of.refuse else 200)
        self.send_header("Content-Length", str(0 if self.of.refuse else len(body)))
        self.send_header("ETag", '"e"')
        self.end_headers()
        if not self.of.refuse:
            self.wfile.write(body)


def _xml(name: str, **fields: str) -> bytes:
    inner = "".join(f"<{key}>{value}</{key}>" for key, value in fields.items())
    return f'<?xml version="1.0"?><{name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{inner}</{name}>'.encode()
