"""A package index on this machine, with wheels that are made up, and with faults."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import secrets
import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from greenroom.machine.environments.installer import Patience
from greenroom.machine.environments.options import Options
from greenroom.machine.environments.own_wheel import OwnWheel

QUICK = Options(patience=Patience(tries=8, pause=0.01))


def wheel(
    name: str,
    version: str = "1.0",
    *,
    requires: Sequence[str] = (),
    extras: Sequence[str] = (),
    files: Mapping[str, str | bytes] | None = None,
    script: str = "",
) -> bytes:
    """A wheel of a package. files: its own, else one small module.  script: an entry point, ``module:call``."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Provides-Extra: {extra}" for extra in extras),
        *(f"Requires-Dist: {line}" for line in requires),
    ]
    content: dict[str, bytes] = {
        path: data.encode() if isinstance(data, str) else data
        for path, data in (files or {f"{module}/__init__.py": f"version = {version!r}\n"}).items()
    }
    content[f"{info}/METADATA"] = ("\n".join(metadata) + "\n").encode()
    content[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if script:
        content[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {script}\n".encode()
    rows = [f"{path},sha256={encoded(data)},{len(data)}" for path, data in content.items()]
    content[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in content.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), data)
    return packed.getvalue()


def metadata(content: bytes) -> bytes:
    """The METADATA of a wheel, which an index gives without the rest (PEP 658)."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        return archive.read(name)


def encoded(data: bytes) -> str:
    """A SHA-256 as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


# greenroom, as these tests have it: it needs one package, its voice another, its server a third.
REQUIRES = ("alpha>=1", 'beta>=1; extra == "voice"', 'gamma>=1; extra == "serve"', 'delta>=1; extra == "google"')


def own_wheel(said: str = "hello", requires: Sequence[str] = REQUIRES) -> OwnWheel:
    """A small greenroom that says a word."""
    files = {
        "greenroom/__init__.py": "",
        "greenroom/said.py": f"def say():\n    import beta\n    print({said!r}, beta.version)\n",
    }
    extras = ("voice", "serve", "google")
    content = wheel("greenroom", "0.1.0", requires=requires, extras=extras, files=files, script="greenroom.said:say")
    return OwnWheel(content, "0.1.0", hashlib.sha256(content).hexdigest(), tuple(requires))


@dataclass
class Index:
    """An index by PEP 691.

    fail_every: each so-manieth request ends without an answer.  max_age: seconds for which its answers may be kept.
    broken: files whose bytes are not those that the index says.  requests: the paths that were asked for.
    """

    wheels: dict[str, bytes] = field(default_factory=dict)
    fail_every: int = 0
    max_age: int = 0
    broken: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)
    token: str = field(default_factory=lambda: secrets.token_hex(4))
    url: str = ""

    def reset(self) -> None:
        """As if new: the made-up greenroom's packages, no faults, nothing asked."""
        self.wheels.clear()
        self.broken.clear()
        self.requests.clear()
        self.fail_every = self.max_age = 0
        for name in ("alpha", "beta", "gamma", "delta"):
            self.add(name)

    def add(self, name: str, version: str = "1.0", **options: object) -> bytes:
        """Publish a wheel; gives it."""
        content = wheel(name, version, **options)  # type: ignore[arg-type]  # the options are wheel's own
        self.wheels[f"{name.replace('-', '_')}-{version}-py3-none-any.whl"] = content
        return content

    def page(self, name: str) -> bytes:
        """The page of a project."""
        files = [
            {
                "filename": file,
                "url": f"{self.url.removesuffix('/simple')}/files/{file}",
                "hashes": {"sha256": hashlib.sha256(content).hexdigest()},
                "size": len(content),
                "core-metadata": True,
            }
            for file, content in self.wheels.items()
            if file.partition("-")[0].replace("_", "-") == name
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": files}).encode()


@contextlib.contextmanager
def serving(index: Index) -> Iterator[Index]:
    """The index on a port of its own, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def _answer(self, *, with_body: bool) -> None:
            index.requests.append(self.path)
            if index.fail_every and len(index.requests) % index.fail_every == 0:
                self.close_connection = True
                return
            kind, body = self._body()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Cache-Control", f"max-age={index.max_age}")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body if with_body else b"")

        def _body(self) -> tuple[str, bytes]:
            folder, _, name = self.path.strip("/").removeprefix(f"{index.token}/").partition("/")
            if folder == "simple":
                found = json.loads(page := index.page(name.strip("/")))["files"]
                return "application/vnd.pypi.simple.v1+json", page if found else b""
            if name.endswith(".metadata"):
                return "text/plain", metadata(index.wheels.get(name.removesuffix(".metadata"), b""))
            content = index.wheels.get(name, b"")
            return "application/octet-stream", content[:-9] + b"corrupted" if name in index.broken else content

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that its base has
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing: clients are killed, and leave."""

    with Server(("127.0.0.1", 0), Handler) as server:
        index.url = f"http://127.0.0.1:{server.server_port}/{index.token}/simple"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()
