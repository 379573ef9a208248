"""The page at ``/``: files of this package, read once, served with headers that let nothing else in.

>>> app = Starlette(routes=page_routes())
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from starlette.requests import Request

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

# Everything comes from here, and nothing is made of text: no markup, no script, no style.
_POLICY = {
    "default-src": "'self'",
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "img-src": "'self' blob:",
    "media-src": "'self' blob:",
    "font-src": "'none'",
    "object-src": "'none'",
    "frame-src": "'none'",
    "worker-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
}

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in _POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


def page_routes() -> list[BaseRoute]:
    """The routes ``/`` and ``/page/{file}``. They know the files of this package by name, and no others."""
    known = _read()

    async def index(request: Request) -> Response:
        return _answer(request, known["index.html"])

    async def part(request: Request) -> Response:
        found = known.get(request.path_params["file"])
        if found is None:
            raise HTTPException(404)
        return _answer(request, found)

    return [
        Route("/", index, include_in_schema=False),
        Route("/page/{file}", part, include_in_schema=False),
    ]


def _read() -> dict[str, _File]:
    known = {}
    for entry in files(__package__).iterdir():
        media_type = _MEDIA_TYPES.get(f".{entry.name.rpartition('.')[2]}")
        if media_type:
            body = entry.read_bytes()
            etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
            known[entry.name] = _File(body, {**HEADERS, "Content-Type": media_type, "ETag": etag})
    return known


def _answer(request: Request, file: _File) -> Response:
    seen = [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]
    if file.etag in seen or "*" in seen:
        # With the policy: a browser replaces what it kept of the headers by those of this answer.
        return Response(status_code=304, headers=file.headers)
    return Response(file.body, headers=file.headers)
